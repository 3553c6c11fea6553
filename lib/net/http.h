#ifndef WEIR_NET_HTTP_H
#define WEIR_NET_HTTP_H

#include "core/buf.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * HTTP requests on the loop, by libcurl: HTTP/1.1, connections kept and reused, no redirect
 * followed, no content decoding, paths sent as they are, no proxy. https is TLS 1.2 or later,
 * checked against AWS_CA_BUNDLE or the system's bundle. A request is described by a struct
 * weir_http_request, started with weir_http_start, and answers through the callbacks it names.
 * The response body is either collected (weir_http_call), pulled (net/http_source.h), or streamed
 * with back-pressure: a body callback that takes nothing pauses the socket until weir_http_resume.
 *
 * Errors name the host and the reason ("http: 127.0.0.1:9000: connection refused"), never a query
 * string or a header, since those carry signatures. A request on a kept connection that the server
 * had closed meanwhile is sent again by libcurl, once, and only when no byte of an answer has come.
 *
 * Loop thread only.
 */
struct weir_http; /* one request in flight */

struct weir_http_header {
    const char *name;  /* as sent */
    const char *value; /* without line breaks; may be "" */
};

struct weir_http_request {
    const char *method; /* "GET", "PUT", ... */
    const char *url;    /* http or https, no user part, no fragment */
    const struct weir_http_header *headers;
    size_t headers_n;
    const uint8_t *body; /* borrowed until done or freed; NULL for none; the rest is copied */
    size_t body_len;     /* sent as Content-Length; PUT and POST send 0 too */
    /* With body NULL: where its bytes come from. Fills up to n bytes at p and returns how many, at
     * least 1 while fewer than body_len have come (0 ends the exchange with an error, and so does
     * -1: the caller knows why). It is asked once for each byte: set `fresh`. */
    int64_t (*read_body)(void *ctx, uint8_t *p, size_t n);
    long timeout_ms; /* of the whole request; 0: none */
    long stall_ms;   /* without a byte while some are due, not while paused by us; 0: none.
                      * WEIR_STALL_MS in the environment sets another limit where there is one */
    bool fresh;      /* on a new connection: libcurl sends a request again by itself when a kept one
                      * breaks before an answer, and this one must not be sent twice */

    /* The callbacks run from inside the loop; each may be NULL, except on_done. */

    /* The status line and all headers have come (interim 1xx answers are skipped). */
    void (*on_headers)(void *ctx, struct weir_http *http, long status);
    /* Body bytes, n >= 1 and at most 16 KiB; returns how many were taken: all n, or 0 to pause the
     * socket (see weir_http_resume; the same bytes come again). */
    size_t (*on_body)(void *ctx, const uint8_t *p, size_t n);
    /* The end, called once and last, never from within weir_http_start; freeing this request in it
     * is fine, and so is starting another. status is 0 and err->code is set (WEIR_E_NET,
     * WEIR_E_DEADLINE for timeout_ms, WEIR_E_LIMIT for headers, WEIR_E_CONFIG for a CA bundle,
     * WEIR_E_REMOTE for a transfer coding other than chunked, WEIR_E_NOMEM) when the exchange
     * failed; a body shorter than its Content-Length is such a failure. An HTTP error
     * status is no failure here. err is never NULL, and its code is WEIR_OK on success. */
    void (*on_done)(void *ctx, long status, const struct weir_err *err);
    void *ctx;
};

/** weir_http_env: are the settings good that each request reads from the environment
 * (WEIR_STALL_MS, AWS_CA_BUNDLE)? For whoever wants to know before there is one. 0, or -1 with *err
 * set to WEIR_E_CONFIG. */
int weir_http_env(struct weir_err *err);

/**
 * weir_http_start: send a request.
 *
 * Returns it, or NULL with *err set (WEIR_E_NOMEM, WEIR_E_CONFIG for a URL or header that cannot
 * be sent, or a CA bundle that cannot be read). The caller frees it with weir_http_free, after or
 * in on_done, or before (which cancels it, and on_done is not called). Neither start nor free may
 * be called from inside on_headers or on_body.
 */
struct weir_http *weir_http_start(
    struct weir_loop *loop, const struct weir_http_request *request, struct weir_err *err);

/** weir_http_free: cancel if need be, and release. Accepts NULL. */
void weir_http_free(struct weir_http *http);

/** weir_http_resume: read again after on_body took 0; else nothing. May call on_body before it
 *  returns, so never from inside on_body. */
void weir_http_resume(struct weir_http *http);

/** weir_http_header: a response header by name in any case, or NULL; the last one of several. Valid
 *  from on_headers on, until weir_http_free. */
const char *weir_http_header(struct weir_http *http, const char *name);

/** weir_http_status: the response's status, 0 before on_headers. */
long weir_http_status(const struct weir_http *http);

/** weir_http_sent: bytes of the body that the socket has taken; -1 before anything of the request
 *  was sent. Counts on while it runs, and stays until weir_http_free. */
int64_t weir_http_sent(const struct weir_http *http);

/** weir_http_host: "host" or "host:port", for messages. Valid until weir_http_free. */
const char *weir_http_host(const struct weir_http *http);

/** weir_http_length: Content-Length, or -1 when the response has none. From on_headers on. */
int64_t weir_http_length(const struct weir_http *http);

/**
 * weir_http_call: a whole exchange, running the loop until it is over: for small things of a
 * start or of a command. The Runtime API has a client of its own (bootstrap/http1.h).
 *
 * request  its callbacks and ctx are not used
 * body     receives the response body, up to its ceiling (WEIR_E_LIMIT beyond); NULL drops it
 * ret      receives the request for weir_http_header and weir_http_status; the caller frees it.
 *          May be NULL; untouched on failure.
 *
 * Returns the HTTP status, or -1 with *err set.
 */
long weir_http_call(struct weir_loop *loop, const struct weir_http_request *request,
    struct weir_buf *body, struct weir_http **ret, struct weir_err *err);

#endif
