#ifndef WEIR_CORE_MARK_H
#define WEIR_CORE_MARK_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Byte order marks: what a text may begin with.
 */

/** weir_mark_bytes: how long the mark is that p[0..len) begins with: 3 bytes of UTF-8, 2 of UTF-16;
 *  0: there is none. */
size_t weir_mark_bytes(const uint8_t *p, size_t len);

/**
 * weir_mark_skip: the mark of a stream that is to be UTF-8.
 *
 * what    the first word of the message
 * p, len  its first bytes; p is never NULL
 * last    nothing follows them
 * skip    receives the mark's length
 *
 * Returns 1, 0 when more bytes are needed, or -1 with *err set: WEIR_E_DATA, it is UTF-16.
 */
int weir_mark_skip(
    const char *what, const uint8_t *p, size_t len, bool last, size_t *skip, struct weir_err *err);

#endif
