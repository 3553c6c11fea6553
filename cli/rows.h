#ifndef WEIR_CLI_ROWS_H
#define WEIR_CLI_ROWS_H

#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Rows of test data. A row is a function of the seed, its number and its fault alone: the same
 * arguments give the same bytes, and another share of invalid rows leaves the valid ones as they
 * are.
 *
 * WEIR_ROWS_SEED and WEIR_ROWS_VAR fit handlers/validate/events.schema.json, WEIR_ROWS_NARROW
 * bench/narrow.schema.json. Every invalid row has one fault; the kinds take turns in random order.
 */
enum weir_rows_shape {
    WEIR_ROWS_SEED,   /* 12 columns, 8 of them JSON, about 2,000 bytes; only the id changes */
    WEIR_ROWS_VAR,    /* the same columns, random values */
    WEIR_ROWS_NARROW, /* 8 plain columns, about 82 bytes, random values */
};

struct weir_rows;

/**
 * weir_rows_new: a sequence of rows.
 *
 * invalid  the share of invalid rows, 0..1: one at a random place in each 1/invalid rows, so that
 *          the share holds from the start
 *
 * Returns it (weir_rows_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_rows *weir_rows_new(
    enum weir_rows_shape shape, uint64_t seed, double invalid, struct weir_err *err);

/** weir_rows_free: release. Accepts NULL. */
void weir_rows_free(struct weir_rows *rows);

/** weir_rows_header: append the header and its LF. Returns 0, or -1 with *err set. */
int weir_rows_header(const struct weir_rows *rows, struct weir_buf *out, struct weir_err *err);

/**
 * weir_rows_next: append the next row and its LF, at most WEIR_GENERATE_ROW_MAX_BYTES.
 *
 * valid  receives whether the row is
 *
 * Returns the row's number, the first is 1; or 0 with *err set (the buffer's errors).
 */
uint64_t weir_rows_next(
    struct weir_rows *rows, struct weir_buf *out, bool *valid, struct weir_err *err);

/** weir_rows_next_invalid: skip to behind the next invalid row, without making any. Returns its
 *  number, or 0 when there is none. */
uint64_t weir_rows_next_invalid(struct weir_rows *rows);

#endif
