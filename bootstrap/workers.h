#ifndef WEIR_BOOTSTRAP_WORKERS_H
#define WEIR_BOOTSTRAP_WORKERS_H

#include "bootstrap/runtime.h"

/*
 * Managed Instances: several workers in one process (bootstrap/worker.h), each on a thread. They
 * share what is const, and the log's descriptor, which takes whole lines.
 */

/**
 * weir_runtime_workers_run: run n workers. When one ends, the others finish the invocation they
 * have begun, and end. When the loop is cancelled they are cancelled, too, and waited for.
 *
 * loop  the caller's, for signals; runs here
 *
 * Returns 0, or -1 with *err set when they cannot be started: WEIR_E_NOMEM, WEIR_E_IO.
 */
int weir_runtime_workers_run(
    const struct weir_runtime *runtime, struct weir_loop *loop, size_t n, struct weir_err *err);

#endif
