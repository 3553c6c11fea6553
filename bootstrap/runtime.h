#ifndef WEIR_BOOTSTRAP_RUNTIME_H
#define WEIR_BOOTSTRAP_RUNTIME_H

#include "core/log.h"
#include "event/handler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The client of the Lambda Runtime API (2018-06-01): fetch an invocation, run the handler, post
 * what came of it, again and again. Every invocation that was fetched is answered once, with a
 * response or with an error; an answer that the API does not take is logged and not repeated, as
 * nobody can tell whether it counted.
 *
 *     init        one loop, the handler's init; what fails goes to /init/error, and the process
 *                 ends
 *     register    as an internal extension, for the SIGTERM (bootstrap/extension.h)
 *     GET /next   waits as long as it takes: the process may be frozen meanwhile. A lost connection
 *                 is tried again
 *     POST        202: done. 400, 403, 410, 413: logged, next. 500 and above: the process ends
 *
 * With AWS_LAMBDA_MAX_CONCURRENCY (Managed Instances) there are so many workers, each a thread with
 * all of this for itself. One that ends, ends the process: the others finish what they have begun,
 * within its deadlines, and ask for nothing more.
 *
 * SIGTERM, SIGINT and SIGHUP cancel: what runs is undone (an open upload is aborted) within
 * undo_ms, nothing is posted any more but an answer that is on its way, and the process ends.
 *
 * Nothing is connected and no name is looked up before the handler's init is done, unless its
 * settings ask for it (event/handler.h).
 */

/* How the process ends. 0 is not among them: only a signal or the platform stops a healthy one. */
enum weir_runtime_exit {
    WEIR_RUNTIME_FAILED = 1,   /* init failed, or the Runtime API did */
    WEIR_RUNTIME_SIGNAL = 128, /* and its number: 143 for SIGTERM */
    WEIR_RUNTIME_USAGE = 2,    /* AWS_LAMBDA_RUNTIME_API is missing or is no host:port */
};

struct weir_runtime {
    const char *api;     /* AWS_LAMBDA_RUNTIME_API: host:port. NULL: not set */
    const char *handler; /* _HANDLER; NULL: not set */
    const struct weir_handler *const *handlers; /* the table it is looked up in */
    size_t handlers_n;
    const char *folder;      /* handed to the handler's init */
    struct weir_log *log;    /* its ids are set to the invocation's while one runs; with several
                              * workers each has a copy */
    const char *concurrency; /* AWS_LAMBDA_MAX_CONCURRENCY; NULL: not set, one worker */
    bool extension;          /* register as one */
    int64_t retry_ms;        /* the first pause before a lost API is tried again; 0: the default */
    int64_t undo_ms; /* WEIR_UNDO_MS: what a signal leaves to undo; 0: WEIR_RUNTIME_UNDO_MS */
    const struct weir_err *fault; /* of these settings: the init error. NULL: there is none */
};

/**
 * weir_runtime_run: the whole life of the process. With one worker the environment's
 * _X_AMZN_TRACE_ID is set or unset for each invocation, so only one of these may run at a time.
 *
 * Returns an exit status, as enum weir_runtime_exit says; the reason is in the log by then.
 */
int weir_runtime_run(const struct weir_runtime *runtime);

#endif
