#ifndef WEIR_EVENT_HANDLER_H
#define WEIR_EVENT_HANDLER_H

#include "core/buf.h"
#include "core/err.h"
#include "core/log.h"
#include "net/loop.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What a handler is: a name and three functions, one `const struct weir_handler` in its folder's
 * header and one line in bootstrap/handlers.c. The bootstrap knows nothing of what a handler does;
 * a handler knows nothing of the Runtime API. Everything runs on one thread, the loop's.
 *
 *     init once -> run for each invocation -> (the process ends; fini in tests and on the desk)
 *
 * The header lies here, below the handlers, so that they include nothing of the bootstrap.
 */

/* What init gets. All of it is the caller's and outlives the handler. */
struct weir_handler_env {
    struct weir_loop *loop;
    const struct weir_log *log;
    const char *folder; /* where the bootstrap lies, for files shipped beside it */
};

#define WEIR_ERROR_TYPE_BYTES 128 /* a handler's own errorType and its NUL */

/* One invocation, valid until run returns. */
struct weir_invocation {
    const char *event; /* one JSON document, checked by the caller; a NUL follows it */
    size_t event_len;
    const char *request_id;   /* never empty; letters, digits, '-', '_' and '.' only */
    int64_t deadline_mono_ms; /* by CLOCK_MONOTONIC: be done by then. A margin to report in is
                               * already taken off; INT64_MAX when there is no deadline */
    int64_t undo_by_mono_ms;  /* a little later: by then what a failure left must be cleaned up */
    struct weir_loop *loop;
    const struct weir_log *log; /* puts the request id before each line */
    char *error_type;           /* see weir_handler_error_type; NULL: nobody asks */
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

#endif
