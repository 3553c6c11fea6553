#ifndef WEIR_TESTS_VALIDATE_RUN_H
#define WEIR_TESTS_VALIDATE_RUN_H

#include "handlers/validate/job.h"
#include "tests/support/memory_ends.h"

/*
 * The main job from memory to memory, by as many threads as a test likes.
 */
struct validate_inputs {
    struct weir_schema *schema;
    struct weir_buf csv, json; /* the test fills them */
};

/** validate_inputs_init: a schema and two empty texts. Returns 0, or -1. */
int validate_inputs_init(struct validate_inputs *in, const char *schema);
void validate_inputs_fini(struct validate_inputs *in);

struct validate_result {
    int rc;
    struct weir_err err;
    struct weir_validate_summary sums;
    struct memory_sink main, invalid, summary; /* where there are such */
};

struct validate_how {
    size_t threads; /* 0: inline */
    bool gzip, summary;
};

/**
 * validate_run: one run, whose error is in the result; nothing but a good one has published.
 *
 * words  an option and its value after the other, NULL at the end; `input ndjson` takes in->json,
 *        all else in->csv
 *
 * The result goes to validate_result_fini.
 */
struct validate_result validate_run(
    const struct validate_inputs *in, const char *const *words, const struct validate_how *how);
void validate_result_fini(struct validate_result *r);

/** validate_same: that it comes to the same, to the byte and to the error's text, with 1, 2, 3 and
 *  8 threads. how->threads is not looked at. Returns the result, its outputs freed. */
struct validate_result validate_same(
    const struct validate_inputs *in, const char *const *words, const struct validate_how *how);

#endif
