#ifndef WEIR_CORE_UTF8_H
#define WEIR_CORE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing beyond U+10FFFF.
 */

/** U+FFFD: what stands for a byte that is not valid UTF-8 (a string constant) */
#define WEIR_UTF8_REPLACEMENT "\xEF\xBF\xBD"

/**
 * weir_utf8_check: find the first byte that is not valid UTF-8.
 *
 * Returns len when all of p[0..len) is valid, else the offset of the first byte of the first bad
 * sequence (a sequence cut off by the end is bad).
 */
size_t weir_utf8_check(const char *p, size_t len);

/** weir_utf8_count: how many code points p[0..len) has. Only for valid UTF-8. */
size_t weir_utf8_count(const char *p, size_t len);

/** weir_utf8_cut: the longest prefix of at most max bytes that splits no character. Only for valid
 *  UTF-8. */
size_t weir_utf8_cut(const char *p, size_t len, size_t max);

/** weir_utf8_get: read the code point at p, which is valid UTF-8 and not at its end. Returns how
 * many bytes it has. */
size_t weir_utf8_get(const char *p, uint32_t *cp);

/**
 * weir_utf8_put: write a code point.
 *
 * cp   a Unicode scalar value: not a surrogate, at most 0x10FFFF
 * out  receives 1 to 4 bytes
 *
 * Returns how many.
 */
size_t weir_utf8_put(uint32_t cp, char out[4]);

#endif
