#ifndef WEIR_JSON_NUMBER_H
#define WEIR_JSON_NUMBER_H

#include "core/buf.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as JSON writes them, taken at their exact decimal value: never rounded to a double, and
 * never expanded, so that 1e999999999999 costs no more than its fifteen bytes.
 */

/** weir_number_scan: how many bytes at the start of p[0..len) are a JSON number; 0: none. Stops at
 *  the first byte that cannot go on a number; "1." and "1e" are none at all. */
size_t weir_number_scan(const char *p, size_t len);

/** weir_number_valid: whether all of s is one JSON number: no sign +, no leading zero, no blank. */
bool weir_number_valid(struct weir_str s);

/** weir_number_is_integer: whether a valid number has no fractional part: 1, 1.0, 10e-1, 1e400. */
bool weir_number_is_integer(struct weir_str s);

/** weir_number_cmp: compare two valid numbers by value: below 0, 0, above 0. -0 equals 0. */
int weir_number_cmp(struct weir_str a, struct weir_str b);

/* A number that many are compared with, taken apart once. */
struct weir_number_limit {
    struct weir_str text; /* borrowed */
    bool small;           /* a whole number of 18 digits at most, over a power of ten: */
    int64_t digits;
    size_t frac; /* how many of these stand behind the point */
};

/** weir_number_limit: take a valid number apart. */
struct weir_number_limit weir_number_limit(struct weir_str s);

/** weir_number_cmp_limit: weir_number_cmp of a valid number with it. */
int weir_number_cmp_limit(struct weir_str s, const struct weir_number_limit *limit);

/* What numbers may be multiples of: at most WEIR_NUMBER_DIVISOR_DIGITS digits, zeros around them
 * not counted, and any exponent. */
#define WEIR_NUMBER_DIVISOR_DIGITS 18

struct weir_number_divisor {
    struct weir_str text; /* borrowed */
    uint64_t digits;      /* as one whole number, without zeros behind */
    size_t frac, zeros;   /* digits after the point; zeros that were taken off */
};

/** weir_number_divisor: take a valid number apart. False when it is not above 0, or has too many
 *  digits. */
bool weir_number_divisor(struct weir_str s, struct weir_number_divisor *ret);

/** weir_number_is_multiple: whether a valid number is a whole multiple, exactly: 0.3 is one of 0.1.
 */
bool weir_number_is_multiple(struct weir_str s, const struct weir_number_divisor *d);

/** weir_number_hash: the same for numbers of equal value, however they are written. */
uint64_t weir_number_hash(struct weir_str s, uint64_t seed);

/* A whole number of so many digits fits an int64_t. */
#define WEIR_NUMBER_SMALL_DIGITS 18

/** weir_number_small: whether a valid number is whole and has at most WEIR_NUMBER_SMALL_DIGITS
 *  digits, however it is written (1, 1.0, 10e-1); *ret receives it. */
bool weir_number_small(struct weir_str s, int64_t *ret);

/** weir_number_canon: append the one text that stands for all valid numbers of this value: its
 *  digits, none of them a zero at either end, `e` and an exponent (15e-1; 0). As long as the number
 *  and 24 bytes at most. Returns 0, or -1 with *err set (the buffer's). */
int weir_number_canon(struct weir_str s, struct weir_buf *to, struct weir_err *err);

#endif
