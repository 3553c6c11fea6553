#ifndef WEIR_RELAY_HEAD_H
#define WEIR_RELAY_HEAD_H

#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the relay reads of HTTP (RFC 9112): the head of a request, and a body in chunks. Nothing is
 * copied and nothing kept beyond the caller's bytes.
 */
enum weir_head_method {
    WEIR_HEAD_GET,
    WEIR_HEAD_HEAD,
    WEIR_HEAD_PUT,
    WEIR_HEAD_POST,
    WEIR_HEAD_OTHER
};

struct weir_head {
    enum weir_head_method method;
    struct weir_str path;  /* without the query; not decoded: a source's name needs no escapes */
    struct weir_str query; /* without the '?'; len 0 when there is none */
    bool http11;
    bool chunked;                                /* Transfer-Encoding: chunked */
    bool expects;                                /* Expect: 100-continue */
    int64_t length;                              /* Content-Length, or -1 */
    struct weir_str authorization, content_type; /* len 0 when absent */
};

/**
 * weir_head_parse: read a request's head.
 *
 * p, n  what has come so far, from its first byte on
 * ret   its texts lie in p
 *
 * Returns the bytes it takes (its empty line included), 0 when it is not all there yet, or minus
 * the status to refuse it with: -400, -431 (longer than WEIR_RELAY_HEAD_MAX_BYTES), -501 (a
 * transfer coding), -505.
 */
long weir_head_parse(const char *p, size_t n, struct weir_head *ret);

/* The state of a chunked body; zeros at first. */
struct weir_chunked {
    enum {
        WEIR_CHUNKED_SIZE,
        WEIR_CHUNKED_EXT,
        WEIR_CHUNKED_DATA,
        WEIR_CHUNKED_AFTER,
        WEIR_CHUNKED_TRAILER,
        WEIR_CHUNKED_END,
        WEIR_CHUNKED_BAD
    } state;
    uint64_t left;
    unsigned digits, line; /* of the size; bytes of the trailer's line */
};

/**
 * weir_chunked_next: the next piece of data in p[0..n).
 *
 * used   receives how many bytes were looked at; call again with the rest while there is one
 * piece  receives the data among them; len 0 when there is none
 *
 * Returns false at a breach of the format; chunked->state is WEIR_CHUNKED_END after the last chunk.
 */
bool weir_chunked_next(
    struct weir_chunked *chunked, const char *p, size_t n, size_t *used, struct weir_str *piece);

#endif
