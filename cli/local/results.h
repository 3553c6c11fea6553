#ifndef WEIR_CLI_LOCAL_RESULTS_H
#define WEIR_CLI_LOCAL_RESULTS_H

#include "aws/config.h"
#include "core/buf.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The list of validated files: the latest WEIR_RESULTS_MAX, with the counts and the first errors of
 * each, read from the output itself. The reading is a pipe that takes a few sweeps per turn, so
 * that nobody waits for it. The list is a file, so that it is there after a restart; nothing hangs
 * on it.
 */
struct weir_results;

/** weir_results_new: path: of the list, copied; what is no list there is an empty one. s3: where
 * the outputs are, borrowed. Returns it (weir_results_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_results *weir_results_new(struct weir_loop *loop, const char *path,
    const struct weir_s3_config *s3, struct weir_err *err);

/* A file that is done; texts are copied. */
struct weir_result {
    const char *key;
    const char *bucket, *output; /* of the output; NULL: it is not known */
    bool counts;                 /* it can be counted (count.h) */
    int64_t ms, unix_ms;
};

/** weir_results_add: it comes first in the list, once. */
void weir_results_add(struct weir_results *results, const struct weir_result *result);

/** weir_results_turn: go on counting. Returns whether there is more to do at once. Not from within
 *  a callback. */
bool weir_results_turn(struct weir_results *results);

/** weir_results_json: append the list as JSON. Returns 0, or -1 with *err set. */
int weir_results_json(
    const struct weir_results *results, struct weir_buf *to, struct weir_err *err);

/** weir_results_has: whether this object is an output in the list. */
bool weir_results_has(const struct weir_results *results, const char *bucket, const char *output);

/** weir_results_free: accepts NULL. */
void weir_results_free(struct weir_results *results);

#endif
