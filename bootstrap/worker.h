#ifndef WEIR_BOOTSTRAP_WORKER_H
#define WEIR_BOOTSTRAP_WORKER_H

#include "bootstrap/api.h"
#include "bootstrap/runtime.h"

#include <stdatomic.h>

/*
 * One worker: its own loop, connection, handler state and log. Fetches an invocation, runs the
 * handler, posts what came of it, again and again.
 */
struct weir_runtime_worker {
    const struct weir_runtime *runtime;
    struct weir_loop *loop; /* cancelled from outside, to stop it */
    struct weir_log *log;   /* its ids are set to the invocation's while one runs */
    bool alone;             /* no other worker: _X_AMZN_TRACE_ID is this one's */
    /* After init, before the first /next; may be NULL. */
    void (*on_ready)(void *ctx, struct weir_http1 *http);
    void *ctx;
    /* Of several workers. */
    atomic_flag *init_told; /* all of them fail in the same init: one tells. NULL: this one */
    atomic_bool leave;    /* another has ended: what was begun is finished, and that was it. Set by
                           * any thread, which then has weir_runtime_worker_leave called */
    struct weir_api *api; /* while it runs; its own */
};

/** weir_runtime_loop_new: a loop for a worker: weir_loop_new, and what a signal leaves it. */
struct weir_loop *weir_runtime_loop_new(const struct weir_runtime *runtime, struct weir_err *err);

/** weir_runtime_worker_run: all of its life. What ended it is in the log, and in
 *  weir_loop_cancelled. */
void weir_runtime_worker_run(struct weir_runtime_worker *worker);

/** weir_runtime_worker_leave: `leave` has become true. From a callback of the worker's loop. */
void weir_runtime_worker_leave(struct weir_runtime_worker *worker);

#endif
