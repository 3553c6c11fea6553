#ifndef WEIR_BOOTSTRAP_HTTP1_ANSWER_H
#define WEIR_BOOTSTRAP_HTTP1_ANSWER_H

#include "bootstrap/http1.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The answer's half of HTTP/1 (RFC 9112, 4 to 7), without a socket: bytes are put into the window
 * it shows, and it says when the answer is whole. The head stays, for its headers; the body goes
 * to a buffer of the caller's.
 */
enum weir_http1_phase {
    WEIR_HTTP1_HEAD,
    WEIR_HTTP1_BODY,        /* `left` bytes */
    WEIR_HTTP1_BODY_CLOSED, /* up to the close */
    WEIR_HTTP1_CHUNK_SIZE,
    WEIR_HTTP1_CHUNK, /* `left` bytes */
    WEIR_HTTP1_CHUNK_END,
    WEIR_HTTP1_TRAILERS,
    WEIR_HTTP1_OVER,
};

struct weir_http1_answer {
    enum weir_http1_phase phase;
    long status;           /* 0 before the head has come */
    bool keep;             /* the connection may be used again */
    bool any;              /* a byte has come */
    uint64_t left;         /* of the body, or of the chunk */
    struct weir_buf *body; /* the caller's; NULL drops it */
    char *head;            /* the header lines, each ended by a NUL; head_len bytes */
    size_t head_len;
    uint8_t *in; /* WEIR_HTTP_HEADERS_MAX_BYTES: read and not yet parsed */
    size_t in_pos, in_len;
    bool direct; /* the window is the body's own */
};

/** weir_http1_answer_init: nothing allocated. weir_http1_answer_fini: release it; it is as after
 *  weir_http1_answer_init. */
void weir_http1_answer_init(struct weir_http1_answer *a);
void weir_http1_answer_fini(struct weir_http1_answer *a);

/** weir_http1_answer_room: allocate what it reads into; once. Returns 0 or -1, WEIR_E_NOMEM. */
int weir_http1_answer_room(struct weir_http1_answer *a, struct weir_err *err);

/** weir_http1_answer_reset: for the next answer; body stays to be set. */
void weir_http1_answer_reset(struct weir_http1_answer *a);

/** weir_http1_answer_parse: look at what has come: DONE, WAIT for more, or FAIL with *err set
 *  (WEIR_E_NET: no HTTP; WEIR_E_LIMIT; WEIR_E_NOMEM). */
enum weir_http1_io weir_http1_answer_parse(struct weir_http1_answer *a, struct weir_err *err);

/** weir_http1_answer_window: where the next bytes go, after WAIT. Returns 0, or -1 with *err set.
 */
int weir_http1_answer_window(
    struct weir_http1_answer *a, uint8_t **p, size_t *room, struct weir_err *err);

/** weir_http1_answer_filled: n bytes were put there. */
void weir_http1_answer_filled(struct weir_http1_answer *a, size_t n);

/** weir_http1_answer_closed: the connection has ended. Returns 0 when the answer is whole by that,
 *  or -1 with *err set: WEIR_E_NET. */
int weir_http1_answer_closed(struct weir_http1_answer *a, struct weir_err *err);

/** weir_http1_answer_header: as weir_http1_header. */
const char *weir_http1_answer_header(const struct weir_http1_answer *a, const char *name);

#endif
