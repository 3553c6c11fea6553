#ifndef WEIR_BOOTSTRAP_RUNTIME_H
#define WEIR_BOOTSTRAP_RUNTIME_H

#include "core/log.h"
#include "event/handler.h"

#include <stddef.h>
#include <stdint.h>

/* clang-format off */
/*
 * The client of the Lambda Runtime API (2018-06-01): fetch an invocation, run the handler, post
 * what came of it, again and again. Every invocation that was fetched is answered once, with a
 * response or with an error; an answer that the API does not take is logged and not repeated, as
 * nobody can tell whether it counted.
 *
 *     init        one loop, the handler's init; what fails goes to /init/error, and the process ends
 *     GET /next   waits as long as it takes: the process may be frozen meanwhile
 *     POST        202: done. 400, 403, 410, 413: logged, next. 500 and above: the process ends
 *
 * SIGTERM and SIGINT cancel: what runs is undone (an open upload is aborted), nothing is posted any
 * more, and the process ends.
 *
 * Nothing is connected and no name is looked up before the first /next, unless the
 * handler's settings ask for it (event/handler.h).
 */
/* clang-format on */

/* How the process ends. 0 is not among them: only a signal or the platform stops a healthy one. */
enum weir_runtime_exit {
    WEIR_RUNTIME_FAILED = 1,   /* init failed, or the Runtime API did */
    WEIR_RUNTIME_SIGNAL = 128, /* and its number: 130 or 143 */
    WEIR_RUNTIME_USAGE = 2,    /* AWS_LAMBDA_RUNTIME_API is missing or is no host:port */
};

struct weir_runtime {
    const char *api;     /* AWS_LAMBDA_RUNTIME_API: host:port. NULL: not set */
    const char *handler; /* _HANDLER; NULL: not set */
    const struct weir_handler *const *handlers; /* the table it is looked up in */
    size_t handlers_n;
    const char *folder;   /* handed to the handler's init */
    struct weir_log *log; /* its ids are set to the invocation's while one runs */
};

/**
 * weir_runtime_run: the whole life of the process. The environment's _X_AMZN_TRACE_ID is set or
 * unset for each invocation, so only one of these may run at a time.
 *
 * Returns an exit status, as enum weir_runtime_exit says; the reason is in the log by then.
 */
int weir_runtime_run(const struct weir_runtime *runtime);

/* One deadline of the platform's, and what it leaves: work ends a margin before it, clean-up half a
 * margin, so that there is time to say that it ran out. */
struct weir_runtime_deadline {
    int64_t work_by_mono_ms, undo_by_mono_ms; /* CLOCK_MONOTONIC; INT64_MAX: none */
};

/**
 * weir_runtime_deadline: the Lambda-Runtime-Deadline-Ms header on our own clock.
 *
 * header   milliseconds since 1970, or NULL
 * unix_ms, mono_ms  the two clocks, now
 *
 * ret      receives the two times; the margin is a tenth of the time left, at most
 *          WEIR_RUNTIME_MARGIN_MAX_MS. None of both when header is NULL or no number
 *
 * Returns 0, or -1 when it is no number.
 */
int weir_runtime_deadline(
    const char *header, int64_t unix_ms, int64_t mono_ms, struct weir_runtime_deadline *ret);

#endif
