#ifndef WEIR_CORE_BUF_H
#define WEIR_CORE_BUF_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A growable byte buffer with a ceiling. Whoever makes one says how large it may become; there is
 * no buffer without that number. Contents are bytes; weir_buf_text() adds the NUL for text.
 */
struct weir_buf {
    uint8_t *p; /* NULL until the first byte */
    size_t len, cap, max;
};

/** weir_buf_init: an empty buffer that may hold at most max_bytes. Allocates nothing. */
void weir_buf_init(struct weir_buf *b, size_t max_bytes);

/** weir_buf_fini: free the memory; the ceiling stays, so the buffer can be used again. */
void weir_buf_fini(struct weir_buf *b);

/**
 * weir_buf_reserve: room for n more bytes after len, growing by doubling.
 *
 * Returns where they go (valid until the next call; the caller adds to len), or NULL with *err set:
 * WEIR_E_LIMIT, WEIR_E_NOMEM. What the buffer held is kept either way.
 */
uint8_t *weir_buf_reserve(struct weir_buf *b, size_t n, struct weir_err *err);

/** weir_buf_add: append n bytes. Returns 0, or -1 with *err set as weir_buf_reserve does. */
int weir_buf_add(struct weir_buf *b, const void *p, size_t n, struct weir_err *err);

/** weir_buf_adds: append a NUL-terminated string without its NUL. */
int weir_buf_adds(struct weir_buf *b, const char *s, struct weir_err *err);

/** weir_buf_addf: append formatted text without the NUL. */
int weir_buf_addf(struct weir_buf *b, struct weir_err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/**
 * weir_buf_text: the contents as a NUL-terminated string (the NUL does not count in len).
 *
 * Returns a pointer into the buffer, or NULL with *err set.
 */
const char *weir_buf_text(struct weir_buf *b, struct weir_err *err);

/** What is called between the pieces of something long: may take what is in the buffer by now.
 *  Returns 0, or -1 with *err set. */
typedef int weir_buf_drain(void *ctx, struct weir_err *err);

/** weir_buf_drop: remove the first n bytes (n <= len). */
void weir_buf_drop(struct weir_buf *b, size_t n);

/** weir_buf_trim: give back what a buffer has beyond keep_bytes (not 0), if its contents fit these.
 */
void weir_buf_trim(struct weir_buf *b, size_t keep_bytes);

#endif
