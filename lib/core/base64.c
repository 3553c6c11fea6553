#include "core/base64.h"

#include <assert.h>
#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

size_t weir_base64_encode(const void *p, size_t n, char *to)
{
    assert(n <= INT_MAX / 4 * 3);
    return (size_t)EVP_EncodeBlock((unsigned char *)to, p, (int)n); /* it ends it with a NUL */
}

int weir_base64_add(struct weir_buf *to, const void *p, size_t n, struct weir_err *err)
{
    uint8_t *at = n <= INT_MAX / 4 * 3 ? weir_buf_reserve(to, WEIR_BASE64_BYTES(n), err) : NULL;

    if (at == NULL) {
        return weir_err_set(err, WEIR_E_LIMIT, "%zu bytes in base64", n);
    }
    to->len += weir_base64_encode(p, n, (char *)at);
    return 0;
}

static size_t digits(const char *p, size_t n)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t i = 0;

    while (i < n && p[i] != '\0' && strchr(all, p[i]) != NULL) {
        i++;
    }
    return i;
}

ptrdiff_t weir_base64_decode(const char *text, size_t n, uint8_t *to)
{
    size_t pad = 0;

    while (pad < 2 && pad < n && text[n - 1 - pad] == '=') {
        pad++;
    }
    if (n % 4 != 0 || n > INT_MAX || digits(text, n - pad) != n - pad) {
        return -1;
    }
    const int got = n > 0 ? EVP_DecodeBlock(to, (const unsigned char *)text, (int)n) : 0;
    return got < 0 ? -1 : got - (int)pad; /* OpenSSL decodes the padding, too */
}
