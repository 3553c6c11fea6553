#include "json/quote.h"

#include "core/utf8.h"

#include <stdbool.h>
#include <string.h>

static int put_escape(struct weir_buf *to, unsigned char c, struct weir_err *err)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
    const char *at = strchr(plain, c);

    if (at != NULL) {
        const char pair[2] = {'\\', letter[at - plain]};
        return weir_buf_add(to, pair, sizeof pair, err);
    }
    return weir_buf_addf(to, err, "\\u%04x", (unsigned)c);
}

static bool stands_for_itself(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != 0x7F;
}

/* Append valid UTF-8, run by run. */
static int put_valid(struct weir_buf *to, const char *p, size_t len, struct weir_err *err)
{
    while (len > 0) {
        size_t n = 0;
        while (n < len && stands_for_itself(p[n])) {
            n++;
        }
        int rc = n > 0 ? weir_buf_add(to, p, n, err) : put_escape(to, (unsigned char)p[0], err);
        if (rc != 0) {
            return -1;
        }
        n = n > 0 ? n : 1;
        p += n;
        len -= n;
    }
    return 0;
}

int weir_json_quote(struct weir_buf *to, const char *text, struct weir_err *err)
{
    size_t left = strlen(text);

    if (weir_buf_adds(to, "\"", err) != 0) {
        return -1;
    }
    while (left > 0) {
        size_t n = weir_utf8_check(text, left);
        if (put_valid(to, text, n, err) != 0) {
            return -1;
        }
        if (n < left && weir_buf_adds(to, "\xEF\xBF\xBD", err) != 0) {
            return -1;
        }
        n += n < left ? 1 : 0;
        text += n;
        left -= n;
    }
    return weir_buf_adds(to, "\"", err);
}
