#include "core/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

void weir_buf_init(struct weir_buf *b, size_t max_bytes)
{
    *b = (struct weir_buf){.p = NULL, .max = max_bytes};
}

void weir_buf_fini(struct weir_buf *b)
{
    free(b->p);
    weir_buf_init(b, b->max);
}

uint8_t *weir_buf_reserve(struct weir_buf *b, size_t n, struct weir_err *err)
{
    if (n > b->max - b->len) {
        weir_err_set(err, WEIR_E_LIMIT, "a buffer of %zu bytes would pass its ceiling of %zu",
            b->len + n, b->max);
        return NULL;
    }
    if (n > b->cap - b->len || b->p == NULL) {
        size_t cap = b->cap > 0 ? b->cap : FIRST_BYTES;
        while (cap < b->len + n) {
            cap = cap > b->max / 2 ? b->max : cap * 2;
        }
        cap = cap < b->max ? cap : b->max;
        cap = cap > 0 ? cap : 1; /* a place to point at, even where nothing may be put */
        uint8_t *p = realloc(b->p, cap);
        if (p == NULL) {
            weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", cap);
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->len;
}

int weir_buf_add(struct weir_buf *b, const void *p, size_t n, struct weir_err *err)
{
    uint8_t *to = weir_buf_reserve(b, n, err);

    if (to == NULL) {
        return -1;
    }
    if (n > 0) {
        memcpy(to, p, n);
    }
    b->len += n;
    return 0;
}

int weir_buf_adds(struct weir_buf *b, const char *s, struct weir_err *err)
{
    return weir_buf_add(b, s, strlen(s), err);
}

int weir_buf_addf(struct weir_buf *b, struct weir_err *err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    assert(n >= 0);
    uint8_t *to = weir_buf_reserve(b, (size_t)n + 1, err);
    if (to == NULL) {
        return -1;
    }
    va_start(ap, fmt);
    vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)n;
    return 0;
}

const char *weir_buf_text(struct weir_buf *b, struct weir_err *err)
{
    uint8_t *to = weir_buf_reserve(b, 1, err);

    if (to == NULL) {
        return NULL;
    }
    *to = '\0';
    return (const char *)b->p;
}

void weir_buf_drop(struct weir_buf *b, size_t n)
{
    assert(n <= b->len);
    if (n > 0) {
        memmove(b->p, b->p + n, b->len - n);
        b->len -= n;
    }
}

void weir_buf_trim(struct weir_buf *b, size_t keep_bytes)
{
    if (b->cap <= keep_bytes || b->len > keep_bytes || keep_bytes == 0) {
        return;
    }
    uint8_t *p = realloc(b->p, keep_bytes);
    if (p != NULL) { /* else it stays large, which is no harm yet */
        b->p = p;
        b->cap = keep_bytes;
    }
}
