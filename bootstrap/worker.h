#ifndef WEIR_BOOTSTRAP_WORKER_H
#define WEIR_BOOTSTRAP_WORKER_H

#include "bootstrap/http1.h"
#include "bootstrap/runtime.h"

/*
 * One worker: its own loop, connection, handler state and log. Fetches an invocation, runs the
 * handler, posts what came of it, again and again.
 */
struct weir_worker {
    const struct weir_runtime *runtime;
    struct weir_loop *loop; /* cancelled from outside, to stop it */
    struct weir_log *log;   /* its ids are set to the invocation's while one runs */
    bool alone;             /* no other worker: _X_AMZN_TRACE_ID is this one's */
    /* After init, before the first /next; may be NULL. */
    void (*on_ready)(void *ctx, struct weir_http1 *http);
    void *ctx;
};

/** weir_worker_run: all of its life. What ended it is in the log, and in weir_loop_cancelled. */
void weir_worker_run(const struct weir_worker *worker);

#endif
