#include "core/hex.h"

void weir_hex(const uint8_t *p, size_t n, char *to)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        *to++ = hex[p[i] >> 4];
        *to++ = hex[p[i] & 15];
    }
    *to = '\0';
}
