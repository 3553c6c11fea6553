#include "aws/uri.h"

#include <stdint.h>
#include <string.h>

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

int weir_uri_encode(struct weir_buf *to, const char *s, bool slash, struct weir_err *err)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t n = strlen(s);

    if (n > to->max / 3) { /* so that 3 * n below cannot overflow */
        return weir_err_set(err, WEIR_E_LIMIT, "uri: %zu bytes are too long to be encoded", n);
    }
    uint8_t *p = weir_buf_reserve(to, 3 * n, err);
    if (p == NULL) {
        return -1;
    }
    for (; *s != '\0'; s++) {
        if (is_plain(*s) || (slash && *s == '/')) {
            *p++ = (uint8_t)*s;
        } else {
            *p++ = '%';
            *p++ = (uint8_t)hex[(uint8_t)*s >> 4];
            *p++ = (uint8_t)hex[(uint8_t)*s & 15];
        }
    }
    to->len = (size_t)(p - to->p);
    return 0;
}
