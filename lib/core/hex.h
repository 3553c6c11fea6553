#ifndef WEIR_CORE_HEX_H
#define WEIR_CORE_HEX_H

#include <stddef.h>
#include <stdint.h>

/** weir_hex_digit: the value of a hexadecimal digit of either case, or -1. */
static inline int weir_hex_digit(char c)
{
    const char lower = (char)(c | 0x20);

    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/** weir_hex: n bytes as 2 * n lower-case digits and a NUL. */
void weir_hex(const uint8_t *p, size_t n, char *to);

#endif
