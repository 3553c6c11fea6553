#ifndef WEIR_CLI_FUNCTION_H
#define WEIR_CLI_FUNCTION_H

#include "cli/cgroup.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/uuid.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A function on this machine, measured: starts the bootstrap with Lambda's environment and limits
 * under our Runtime API, hands it the event, takes the answer, reads how much it used, and ends it;
 * or hands it the event again, as often as the caller wants.
 */
enum weir_function_outcome {
    /* With a body. */
    WEIR_FUNCTION_ANSWERED,  /* body: the response */
    WEIR_FUNCTION_ERROR,     /* body: the function's error, in its invocation or its init */
    WEIR_FUNCTION_TIMED_OUT, /* body: the error that Lambda makes of it */
    /* Without. */
    WEIR_FUNCTION_DIED,          /* without an answer */
    WEIR_FUNCTION_OUT_OF_MEMORY, /* killed by the kernel for that, without an answer */
    WEIR_FUNCTION_NO_START,      /* did not ask for work in time */
};

enum weir_function_limit {
    WEIR_LIMIT_NONE,
    WEIR_LIMIT_CGROUP_V1,
    WEIR_LIMIT_CGROUP_V2,
    WEIR_LIMIT_RLIMIT, /* RLIMIT_DATA: bounds what is allocated, touched or not */
};

struct weir_function_result {
    /* Of the last invocation. */
    enum weir_function_outcome outcome;
    struct weir_buf body;
    char request_id[WEIR_UUID_BYTES];
    int64_t duration_us; /* event handed out to its answer, or to the end */
    /* Of the process. */
    enum weir_function_limit limit;
    int64_t init_us;  /* from just before the exec to the first /next; 0 when it did not come */
    int64_t cpu_us;   /* user and system, so far */
    int64_t peak_kib; /* VmHWM before the end; of wait4 where the process ended by itself */
    int wait_status;  /* wait(2)'s */
};

struct weir_function_opts {
    const char *bootstrap; /* path of the program */
    const char *handler;   /* _HANDLER */
    int64_t memory_mb;     /* of 2^20 bytes, as Lambda's; 0: no limit */
    double cpus;           /* of CPU time per time, by a control group; 0: no limit */
    int64_t timeout_ms;
    const char *const *env; /* "K=V", added last */
    size_t env_n;
    const char *event; /* JSON */
    size_t event_len;
    bool mute;       /* its logs go nowhere */
    int64_t undo_ms; /* what a cancel leaves it to clean up; 0: WEIR_INVOKE_UNDO_MS */
    /* The event is handed out now. May be NULL. */
    void (*on_start)(void *ctx, const char *request_id);
    /* An invocation is over, and the function asks for work: whether it gets the event again. What
     * the result says of one invocation is then that one's. NULL: once is enough. */
    bool (*more)(void *ctx, const struct weir_function_result *so_far);
    void *ctx;
};

/**
 * weir_function_run: run the function; runs the loop. A cancel of the loop (a signal) is handed
 * on as SIGTERM; then, too, the process and the control group are gone when this returns.
 *
 * Returns 0 with *ret filled (weir_function_result_fini), or -1 with *err set and nothing to
 * release: WEIR_E_CONFIG (the bootstrap or a variable), the reason of weir_loop_cancel,
 * WEIR_E_IO, WEIR_E_NOMEM.
 */
int weir_function_run(struct weir_loop *loop, const struct weir_function_opts *opts,
    struct weir_function_result *ret, struct weir_err *err);

/** weir_function_bootstrap: the path of the bootstrap that came with this program: beside it, as it
 *  is built, or in ../libexec/weir, as it is installed. Returns 0, or -1 with *err set:
 *  WEIR_E_CONFIG. */
int weir_function_bootstrap(char *ret, size_t size, struct weir_err *err);

/** weir_function_program: whether there is a program at that path. Returns 0, or -1 with *err set:
 *  WEIR_E_CONFIG. */
int weir_function_program(const char *path, struct weir_err *err);

/**
 * weir_function_limit: choose how a function is limited: a control group counts what is used;
 * RLIMIT_DATA is next best, for its memory alone.
 *
 * memory_mb  of 2^20 bytes; 0: no limit, of CPU neither
 * cpus       0: no limit
 * group      empty; receives the control group, if it is one (weir_cgroup_fini)
 *
 * Returns RLIMIT_DATA in bytes for the child, or 0: none.
 */
int64_t weir_function_limit(
    int64_t memory_mb, double cpus, struct weir_cgroup *group, enum weir_function_limit *how);

/** weir_function_doubt: what may be behind a WEIR_FUNCTION_DIED, to stand behind how it ended: a
 *  program that gets no memory under RLIMIT_DATA ends as it likes. Else "". Static. */
const char *weir_function_doubt(const struct weir_function_result *result);

/** weir_function_result_fini: release the body. */
void weir_function_result_fini(struct weir_function_result *result);

#endif
