#ifndef WEIR_CLI_TUNE_MEASURE_H
#define WEIR_CLI_TUNE_MEASURE_H

#include "cli/function.h"
#include "cli/tune/tuning.h"
#include "net/loop.h"

/*
 * The runs of one memory size: the first one is cold, the others find the process there, unless it
 * ends by itself. The size's share of a CPU and its memory are a control group's limits; where
 * there is no right to make one, only memory is limited and the runs are estimates
 * (weir_tune_estimate).
 */
struct weir_tune_opts {
    struct weir_function_opts function; /* without memory_mb, cpus and callbacks */
    size_t runs;                        /* 1..WEIR_TUNE_RUNS_MAX */
    /* A run has ended; n are done. May be NULL. */
    void (*on_run)(void *ctx, const struct weir_tune_size *size);
    void *ctx;
};

/**
 * weir_tune_measure: run the function at one size; runs the loop.
 *
 * size       memory_mb is set; runs has room for opts->runs. Filled, all but what weir_tune_sum_up
 *            fills; runs that failed are not in it
 * estimated  set when there was no control group
 *
 * Returns 0, also when the function failed (size->fate); or -1 with *err set as weir_function_run
 * does.
 */
int weir_tune_measure(struct weir_loop *loop, const struct weir_tune_opts *opts,
    struct weir_tune_size *size, bool *estimated, struct weir_err *err);

#endif
