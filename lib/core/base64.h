#ifndef WEIR_CORE_BASE64_H
#define WEIR_CORE_BASE64_H

#include "core/buf.h"

#include <stddef.h>
#include <stdint.h>

/* Base64 as RFC 4648, section 4, has it: with padding, and without line ends. Any thread. */

/* What n bytes take, with a NUL */
#define WEIR_BASE64_BYTES(n) (((n) + 2) / 3 * 4 + 1)

/** weir_base64_encode: n bytes, at most INT_MAX / 4 * 3, as text of WEIR_BASE64_BYTES(n). Returns
 *  its length without the NUL. */
size_t weir_base64_encode(const void *p, size_t n, char *to);

/** weir_base64_add: append n bytes in base64. 0, or -1 with *err set (the buffer's). */
int weir_base64_add(struct weir_buf *to, const void *p, size_t n, struct weir_err *err);

/**
 * weir_base64_decode: the bytes of a text.
 *
 * to  n / 4 * 3 bytes; may be the text's own
 *
 * Returns how many bytes it has, or -1 when it is no base64.
 */
ptrdiff_t weir_base64_decode(const char *text, size_t n, uint8_t *to);

#endif
