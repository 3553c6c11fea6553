#ifndef WEIR_CORE_HEX_H
#define WEIR_CORE_HEX_H

/** weir_hex_digit: the value of a hexadecimal digit of either case, or -1. */
static inline int weir_hex_digit(char c)
{
    const char lower = (char)(c | 0x20);

    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

#endif
