#ifndef WEIR_JSON_NUMBER_H
#define WEIR_JSON_NUMBER_H

#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

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

#endif
