#ifndef WEIR_NET_HTTP_SOURCE_H
#define WEIR_NET_HTTP_SOURCE_H

#include "core/buf.h"
#include "core/err.h"
#include "net/http.h"
#include "stream/stage.h"

#include <stdint.h>

/*
 * A response that is pulled: a request whose body waits in a buffer of WEIR_HTTP_RECV_BYTES until
 * somebody wants it; while the buffer is full the socket is paused. It is what a source stage is
 * made of: look at the head, then either hand the body on, or collect a small one that says what is
 * wrong.
 *
 *     switch (weir_http_source_head(s, err)) {     WEIR_WAIT: no headers yet
 *     case WEIR_NEED_OUT: weir_http_source_http(s) has the status and the headers
 *
 * All functions answer WEIR_WAIT while nothing has come; the loop is then armed. The request's
 * callbacks and ctx are not used. Loop thread only.
 */
struct weir_http_source;

/** weir_http_source_new: start the request. Returns NULL with *err set as weir_http_start does. */
struct weir_http_source *weir_http_source_new(
    struct weir_loop *loop, const struct weir_http_request *request, struct weir_err *err);

/** weir_http_source_free: drop it, in any state; a request under way is cancelled. Accepts NULL. */
void weir_http_source_free(struct weir_http_source *source);

/** weir_http_source_http: the request, for its status and headers. Owned by the source. */
struct weir_http *weir_http_source_http(const struct weir_http_source *source);

/** weir_http_source_head: WEIR_WAIT until the headers are there, then WEIR_NEED_OUT; WEIR_FAIL when
 *  the exchange failed before that. */
enum weir_step weir_http_source_head(struct weir_http_source *source, struct weir_err *err);

/**
 * weir_http_source_step: body bytes into the window.
 *
 * Returns WEIR_NEED_OUT (the window is full), WEIR_WAIT, WEIR_END (all bytes that the response's
 * length promised were handed on), or WEIR_FAIL with *err set: what came before the failure has
 * been handed on first, so the caller's count says where to go on.
 */
enum weir_step weir_http_source_step(
    struct weir_http_source *source, struct weir_out *out, struct weir_err *err);

/**
 * weir_http_source_collect: the whole body, for one that is small.
 *
 * Returns WEIR_WAIT, WEIR_END, or WEIR_FAIL with *err set, WEIR_E_LIMIT when the buffer's ceiling
 * is reached.
 */
enum weir_step weir_http_source_collect(
    struct weir_http_source *source, struct weir_buf *body, struct weir_err *err);

#endif
