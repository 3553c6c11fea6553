#ifndef WEIR_CLI_LOCAL_COUNT_H
#define WEIR_CLI_LOCAL_COUNT_H

#include "core/err.h"
#include "core/limits.h"
#include "stream/stage.h"

#include <stdint.h>

/*
 * A sink that reads a validated file, and keeps what one wants to know of it: the last two columns
 * are `valid` and `errors`.
 */
struct weir_count_error {
    uint64_t row;                      /* first data row = 1 */
    char text[WEIR_COUNT_ERROR_BYTES]; /* cut between characters; UTF-8 */
};

struct weir_count {
    uint64_t rows, valid, invalid;
    struct weir_count_error errors[WEIR_COUNT_ERRORS_MAX];
    size_t errors_n;
};

/** weir_count_new: ret_count: zeroed, outlives the stage. Returns 0 with *ret set, or -1 with *err
 *  set: WEIR_E_NOMEM. The stage fails with WEIR_E_DATA or WEIR_E_LIMIT as csv/split.h does. */
int weir_count_new(struct weir_count *count, struct weir_stage *ret, struct weir_err *err);

#endif
