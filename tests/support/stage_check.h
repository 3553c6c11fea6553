#ifndef WEIR_TESTS_STAGE_CHECK_H
#define WEIR_TESTS_STAGE_CHECK_H

#include "core/buf.h"
#include "stream/stage.h"

/*
 * Runs a transform stage by hand under windows of every size and holds it to the contract of
 * stream/stage.h. The question it answers: does the result depend on how the bytes arrive?
 */
struct stage_case {
    const char *name;
    int (*make)(void *ctx, struct weir_stage *ret, struct weir_err *err); /* a fresh stage */
    void *ctx;
    const uint8_t *in;
    size_t in_len;
};

/* Lets the world move; for a stage that answers WEIR_WAIT, which without it is a failure. */
extern void (*stage_wait)(void *ctx);

/**
 * stage_run: feed a fresh stage with windows of in_window and out_window bytes (0: random sizes
 * from 1 to 4096, drawn from *seed).
 *
 * out receives what came out, also before an error. Returns 0 at the stage's END, -1 with *err set
 * at its FAIL. Fails the cmocka test when the stage breaks the contract or does not end.
 */
int stage_run(const struct stage_case *c, size_t in_window, size_t out_window, uint64_t *seed,
    struct weir_buf *out, struct weir_err *err);

/**
 * stage_check: the whole input in one window first; then windows of 1, 2, 3, ... bytes and random
 * ones. Output, end and error must be the same every time.
 */
void stage_check(const struct stage_case *c);

#endif
