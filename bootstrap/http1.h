#ifndef WEIR_BOOTSTRAP_HTTP1_H
#define WEIR_BOOTSTRAP_HTTP1_H

#include "core/buf.h"
#include "core/err.h"
#include "net/http.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One plain HTTP/1.1 connection (RFC 9112) to the Runtime API, which is on the same machine: no
 * TLS, no proxy, no pool. The S3 ends use libcurl (net/http.h); here it would cost as much as all
 * the rest of an invocation, and setting it up more than all the rest of the start.
 *
 * It takes what servers of such APIs send: HTTP/1.0 and 1.1, bodies by length, in chunks or up to
 * the close, header names in any case, interim answers, `Connection: close`. It is opened when a
 * request needs it, and kept between requests when the server does.
 *
 *     weir_http1_call                      a whole exchange, running the loop
 *     weir_http1_start, put, flush, read   its pieces, which never wait: for a streamed request
 *
 * Loop thread only. Errors: "127.0.0.1:9001: connection refused"; never a header or a body.
 */
struct weir_http1;

struct weir_http1_request {
    const char *method;                     /* "GET" or "POST" */
    const char *path;                       /* from '/' on, sent as it is */
    const struct weir_http_header *headers; /* an entry with a NULL value is left out */
    size_t headers_n;
    const uint8_t *body; /* borrowed until the exchange is over; POST without one sends 0 bytes */
    size_t body_len;
    bool chunked;       /* the body comes by weir_http1_put, in chunks that the caller frames */
    int64_t timeout_ms; /* of the whole exchange; 0: none */
    bool finish;        /* once begun it outlives a cancel of the loop, by WEIR_RUNTIME_FINISH_MS:
                         * an answer on its way is not torn off */
};

/**
 * weir_http1_new: an end for a server, not yet connected.
 *
 * address  host:port, or host alone for port 80; [v6]:port; copied. "localhost" is not looked up,
 *          any other name is, when the first request is sent: that blocks
 *
 * Returns it (weir_http1_free, before weir_loop_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_http1 *weir_http1_new(
    struct weir_loop *loop, const char *address, struct weir_err *err);

/** weir_http1_free: close and release. Accepts NULL. */
void weir_http1_free(struct weir_http1 *h);

/** weir_http1_close: close the connection; the next request opens another. */
void weir_http1_close(struct weir_http1 *h);

/**
 * weir_http1_call: a whole exchange.
 *
 * body  the answer's is appended, up to its ceiling (WEIR_E_LIMIT beyond); NULL drops it
 *
 * Returns the status, or -1 with *err set: WEIR_E_NET, WEIR_E_DEADLINE (timeout_ms), WEIR_E_LIMIT,
 * the loop's cancel; the connection is closed then, and weir_http1_sent and weir_http1_status say
 * how far it came.
 */
long weir_http1_call(struct weir_http1 *h, const struct weir_http1_request *request,
    struct weir_buf *body, struct weir_err *err);

/** weir_http1_park: send a request and never look at the answer; keeps the connection open. Returns
 *  0, or -1 with *err set as above. */
int weir_http1_park(
    struct weir_http1 *h, const struct weir_http1_request *request, struct weir_err *err);

/** weir_http1_sent: whether the server may have seen anything of the last request. When it cannot,
 *  the request may be sent again whatever it means. */
bool weir_http1_sent(const struct weir_http1 *h);

/** weir_http1_status: the status of the last answer, also of one that was cut later; else 0. */
long weir_http1_status(const struct weir_http1 *h);

/** weir_http1_header: a header of the last answer by name in any case; NULL when it is absent,
 *  empty, or holds a control character. Valid until the next request. */
const char *weir_http1_header(const struct weir_http1 *h, const char *name);

/** weir_http1_start: connect if need be and queue the request's head. Returns 0, or -1 with *err
 *  set; nothing was sent then. */
int weir_http1_start(
    struct weir_http1 *h, const struct weir_http1_request *request, struct weir_err *err);

/** weir_http1_put: queue bytes behind what was queued, up to WEIR_HTTP1_OUT_MAX_BYTES in all: so
 *  flush before the next piece. Returns 0, or -1 with *err set. */
int weir_http1_put(struct weir_http1 *h, const void *p, size_t n, struct weir_err *err);

enum weir_http1_io { WEIR_HTTP1_DONE, WEIR_HTTP1_WAIT, WEIR_HTTP1_FAIL };

/** weir_http1_flush: send what is queued. WEIR_HTTP1_WAIT: the socket takes no more now, and the
 *  loop wakes up when it does, or when an answer comes. */
enum weir_http1_io weir_http1_flush(struct weir_http1 *h, struct weir_err *err);

/** weir_http1_read: read of the answer what is there. WEIR_HTTP1_WAIT: more is to come, and the
 *  loop wakes up then. */
enum weir_http1_io weir_http1_read(struct weir_http1 *h, struct weir_err *err);

/** weir_http1_answered: whether something has come, be it the end, that was not read yet. */
bool weir_http1_answered(const struct weir_http1 *h);

/** weir_http1_begun: whether a byte of the answer has come, read or not. */
bool weir_http1_begun(const struct weir_http1 *h);

/** weir_http1_settle: after the answer was read to its end by pieces: keep the connection, or close
 *  it. */
void weir_http1_settle(struct weir_http1 *h);

/** weir_http1_finish: put these last bytes behind all that is queued, and take the answer; runs the
 *  loop. Returns as weir_http1_call, and like one with `finish` set. */
long weir_http1_finish(
    struct weir_http1 *h, const void *p, size_t n, int64_t timeout_ms, struct weir_err *err);

/** weir_http1_idle: the pieces are done with: the loop is not to wake up for this connection. */
void weir_http1_idle(struct weir_http1 *h);

#endif
