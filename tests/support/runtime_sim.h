#ifndef WEIR_TESTS_RUNTIME_SIM_H
#define WEIR_TESTS_RUNTIME_SIM_H

#include "bootstrap/runtime.h"
#include "cli/runtime_api.h"
#include "core/buf.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Lambda around the real runtime, in one process: the Runtime API of `weir invoke` on the test's
 * thread, weir_runtime_run on another. It hands out a number of invocations, as many at once as
 * asked for, keeps every answer, makes requests fail by a script, and ends the runtime with a 500
 * to /next (or with a signal).
 */
struct sim_fault {
    enum weir_rapi_route route;
    size_t nth; /* which request on this route, from 1; 0: each */
    struct weir_rapi_fault fault;
};

struct sim_answer {
    enum weir_rapi_kind kind;
    bool streamed;
    char error_type[64], content_type[96], cause[512];
    struct weir_buf body, part;
    size_t times; /* that it was answered; what is kept is the first one */
};

struct sim {
    /* Set by the test. */
    const struct weir_handler *handler;
    const char *event; /* of every invocation */
    size_t n;          /* how many */
    size_t concurrency;
    const char *trace_id, *client_context, *cognito_identity, *tenant_id;
    int64_t timeout_ms; /* 0: a minute */
    const struct sim_fault *faults;
    size_t faults_n;
    int signal; /* raised in place of the 500 once `started` invocations are out; 0: none */
    size_t started;
    bool no_extension;

    /* What came of it. */
    int rc;                     /* weir_runtime_run's */
    struct sim_answer *answers; /* n, by the number in the id: "id-1" is the first */
    struct sim_answer init_error;
    size_t requests[8]; /* by enum weir_rapi_route */
    char log[32768];
};

/** sim_run: all of it. Fails the cmocka test when it does not come to an end in minutes. */
void sim_run(struct sim *sim);

/** sim_free: release the answers. */
void sim_free(struct sim *sim);

#endif
