#ifndef WEIR_CORE_BASE64_H
#define WEIR_CORE_BASE64_H

#include <stddef.h>
#include <stdint.h>

/**
 * weir_base64_decode: the bytes of a text in base64 (RFC 4648, section 4): padded, and nothing else
 * in it.
 *
 * to  n / 4 * 3 bytes; may be the text's own
 *
 * Returns how many bytes it has, or -1 when it is none. Any thread.
 */
ptrdiff_t weir_base64_decode(const char *text, size_t n, uint8_t *to);

#endif
