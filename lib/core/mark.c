#include "core/mark.h"

#include <string.h>

static const uint8_t utf8[3] = {0xEF, 0xBB, 0xBF};

size_t weir_mark_bytes(const uint8_t *p, size_t len)
{
    if (len >= sizeof utf8 && memcmp(p, utf8, sizeof utf8) == 0) {
        return sizeof utf8;
    }
    return len >= 2 && p[0] >= 0xFE && (p[0] ^ p[1]) == (0xFE ^ 0xFF) ? 2 : 0;
}

int weir_mark_skip(
    const char *what, const uint8_t *p, size_t len, bool last, size_t *skip, struct weir_err *err)
{
    const bool half =
        (len < sizeof utf8 && memcmp(p, utf8, len) == 0) || (len == 1 && p[0] >= 0xFE);

    if (half && !last) {
        return 0;
    }
    *skip = weir_mark_bytes(p, len);
    if (*skip == 2) {
        return weir_err_set(err, WEIR_E_DATA,
            "%s: the input is UTF-16 by its byte order mark, and its encoding was not given "
            "(encoding: utf-16)",
            what);
    }
    return 1;
}
