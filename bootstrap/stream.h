#ifndef WEIR_BOOTSTRAP_STREAM_H
#define WEIR_BOOTSTRAP_STREAM_H

#include "bootstrap/api.h"
#include "core/limits.h"
#include "event/handler.h"

/*
 * A streamed response: POST /invocation/{id}/response in chunks, with the trailers in which an
 * error can still be told after the first byte. The handler sees a stage (event/handler.h); the
 * stream itself belongs to the worker and outlives it.
 */
enum weir_stream_state {
    WEIR_STREAM_NONE,    /* nobody asked */
    WEIR_STREAM_ASKED,   /* there is a sink, and nothing was sent: /error is still possible */
    WEIR_STREAM_OPEN,    /* begun */
    WEIR_STREAM_DONE,    /* the API has taken all of it */
    WEIR_STREAM_REFUSED, /* it answered before the end, or with an error: `status` */
    WEIR_STREAM_LOST,    /* the connection broke */
};

struct weir_stream {
    struct weir_response_stream base; /* what the handler gets; first */
    struct weir_api *api;
    const char *path;
    enum weir_stream_state state;
    bool ended;  /* the last chunk is queued */
    long status; /* of the answer, when REFUSED */
    char content_type[WEIR_CONTENT_TYPE_MAX_BYTES + 1];
    struct weir_buf prelude;
};

/** weir_stream_init: for one invocation; api and path (of the response) are borrowed. */
void weir_stream_init(struct weir_stream *stream, struct weir_api *api, const char *path);

/** weir_stream_fini: release it. */
void weir_stream_fini(struct weir_stream *stream);

/**
 * weir_stream_end: after run has returned, for a stream that has begun: settle it.
 *
 * type, message  the error to tell in the trailers of one that is still open; type NULL: run said
 *                that all is well
 */
enum weir_api_after weir_stream_end(
    struct weir_stream *stream, const char *type, const char *message);

#endif
