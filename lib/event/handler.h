#ifndef WEIR_EVENT_HANDLER_H
#define WEIR_EVENT_HANDLER_H

#include "core/buf.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/log.h"
#include "net/http.h"
#include "net/loop.h"
#include "stream/pipe.h"
#include "stream/stage.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What a handler is: a name and three functions, one `const struct weir_handler` in its folder's
 * header and one line in bootstrap/handlers.c. The bootstrap knows nothing of what a handler does;
 * a handler knows nothing of the Runtime API. Everything runs on one thread, the loop's.
 *
 *     init once -> run for each invocation -> (the process ends; fini in tests and on the desk)
 *
 * On Managed Instances (AWS_LAMBDA_MAX_CONCURRENCY) there are several workers, each a thread with
 * its own loop, its own log and its own state from its own call of init: nothing that is not const
 * may be shared, so no static variable, no setenv, no chdir.
 *
 * The header lies here, below the handlers, so that they include nothing of the bootstrap.
 */

/* What init gets. All of it is the caller's and outlives the handler. */
struct weir_handler_env {
    struct weir_loop *loop;
    const struct weir_log *log;
    const char *folder; /* where the bootstrap lies, for files shipped beside it */
};

/* One invocation, valid until run returns. */
struct weir_invocation {
    const char *event; /* one JSON document, checked by the caller; a NUL follows it */
    size_t event_len;
    const char *request_id;   /* never empty; letters, digits, '-', '_' and '.' only */
    int64_t deadline_mono_ms; /* by CLOCK_MONOTONIC: be done by then. A margin to report in is
                               * already taken off; INT64_MAX when there is no deadline */
    int64_t undo_by_mono_ms;  /* a little later: by then what a failure left must be cleaned up */
    struct weir_loop *loop;
    const struct weir_log *log;          /* puts the request id before each line */
    char *error_type;                    /* see weir_handler_error_type; NULL: nobody asks */
    struct weir_response_stream *stream; /* see weir_handler_stream; NULL: nobody takes one */
    /* What else the platform says about it, each NULL when it does not. Text of others, checked
     * for nothing but control characters. */
    const char *content_type;     /* of the event */
    const char *function_arn;     /* as invoked: with its alias or version */
    const char *trace_id;         /* X-Ray's; _X_AMZN_TRACE_ID too, while one runs at a time */
    const char *client_context;   /* JSON of the mobile SDKs */
    const char *cognito_identity; /* JSON */
    const char *tenant_id;
};

struct weir_handler {
    const char *name; /* as in _HANDLER */

    /**
     * init: read the settings from the environment and load what never changes. Once, before the
     * first invocation, and part of the cold start: no connection and no name look-up here,
     * but where a setting asks for one (WEIR_SCHEMA=s3://...).
     *
     * Returns the handler's state, never NULL (a handler without any returns the address of
     * something static), or NULL with *err set: an init error, and the process exits.
     */
    void *(*init)(const struct weir_handler_env *env, struct weir_err *err);

    /**
     * run: answer one invocation.
     *
     * response  empty; append one JSON document. An empty response is never sent, as Lambda would
     *           take it for success: it is reported as a fault of the handler. The buffer takes
     *           more than Lambda does (WEIR_RESPONSE_MAX_BYTES), so that the caller can say so.
     *
     * Returns 0, or -1 with *err set: a function error of the type weir_err_type(err->code), or of
     * the one named by weir_handler_error_type, and what was appended is dropped. Nothing may be
     * left on the loop either way.
     */
    int (*run)(void *self, const struct weir_invocation *invocation, struct weir_buf *response,
        struct weir_err *err);

    /** fini: release the state. Accepts NULL. */
    void (*fini)(void *self);
};

/* ---- what run may ask of its invocation ---- */

/**
 * weir_handler_error_type: name the errorType of the error that run is about to return, where those
 * of weir_err_type do not say enough. The last call counts; without an error it has no effect.
 *
 * type  1..WEIR_ERROR_TYPE_BYTES - 1 bytes of printable ASCII without blanks, as it goes into a
 *       header. Lambda's metrics know only (Runtime|Function)\.[A-Z][a-zA-Z]+, such as
 *       "Function.NoSuchOrder"; any other type still reaches the caller
 *
 * Returns 0, or -1 with *err set: WEIR_E_DATA, and nothing is named.
 */
int weir_handler_error_type(
    const struct weir_invocation *invocation, const char *type, struct weir_err *err);

/**
 * weir_handler_run_pipe: run a pipe to its end: weir_loop_run on the invocation's loop. What could
 * not be undone after a failure (an upload that may be left open) is a warning in the log.
 *
 * name  the handler's: the first word of that line
 *
 * Returns 0, or -1 with *err set to the pipe's error.
 */
int weir_handler_run_pipe(const struct weir_invocation *invocation, const char *name,
    struct weir_pipe *pipe, struct weir_err *err);

/* How a streamed response begins. Zero it, and set what is needed. */
struct weir_stream_head {
    const char *content_type; /* of what is streamed; NULL: application/octet-stream */
    /* For a function URL (or API Gateway): the HTTP answer that the body belongs to. 0: none, the
     * stream is the body alone. */
    int status; /* 100..599 */
    const struct weir_http_header *headers;
    size_t headers_n;
    const char *const *cookies; /* values of Set-Cookie */
    size_t cookies_n;
};

/* Who takes a streamed response; the bootstrap. */
struct weir_response_stream {
    int (*open)(struct weir_response_stream *stream, const char *content_type,
        const struct weir_buf *prelude, struct weir_stage *ret, struct weir_err *err);
};

/**
 * weir_handler_stream: answer this invocation with a stream instead of a document: the sink's end
 * of a pipe.
 *
 *     struct weir_stage stages[] = {source, gzip, {0}};
 *     if (weir_handler_stream(inv, &head, &stages[2], err) == 0) ... weir_pipe_new,
 *         weir_handler_run_pipe
 *
 * Nothing is sent before the first byte (or the end) reaches the sink: until then run may still
 * fail like any other. After it, an error that run returns goes into the stream's trailers, and
 * what the caller has got so far is known to be cut. The pipe's end means that the platform has
 * taken all of it; run then returns 0 and leaves `response` empty. At most once per invocation;
 * a handler that does not run the pipe may still answer with a document.
 *
 * head  borrowed during the call
 * ret   the caller's: into a pipe, or weir_stage_free before run returns
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG (a text in head that cannot be sent, or nobody here
 * takes streams), WEIR_E_BUG (a second one), WEIR_E_NOMEM. Lambda: response streaming; the caller
 * has it piece by piece only through InvokeWithResponseStream or a function URL in that mode.
 */
int weir_handler_stream(const struct weir_invocation *invocation,
    const struct weir_stream_head *head, struct weir_stage *ret, struct weir_err *err);

#endif
