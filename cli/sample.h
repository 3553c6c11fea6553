#ifndef WEIR_CLI_SAMPLE_H
#define WEIR_CLI_SAMPLE_H

#include "handlers/validate/options.h"
#include "schema/infer.h"
#include "stream/stage.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A schema from a sample, as a stage: rows in, read as the job reads them, the schema out. It ends
 * with the last row that it wants, and what is upstream is stopped.
 */
struct weir_sample_counts {
    uint64_t rows;     /* looked at */
    uint64_t left_out; /* of these, as no schema makes them valid: another number of cells than the
                        * header, text after a closing quote, not UTF-8, not JSON */
    uint64_t names;    /* columns that are not described: their names are not UTF-8 */
    bool more;         /* there were more rows than were wanted */
};

/**
 * weir_sample_new: the stage.
 *
 * options   checked and resolved; borrowed, and outlives it. What they say of outputs is of no
 *           meaning
 * how       of the schema; its cells are set by the options
 * rows_max  rows to look at; 0: all of them
 * counts    receives them; outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_NOMEM. The stage fails as the job does with
 * what cannot be read as rows, and as weir_schema_infer_write does.
 */
int weir_sample_new(const struct weir_validate_options *options,
    const struct weir_schema_infer_opts *how, uint64_t rows_max, struct weir_sample_counts *counts,
    struct weir_stage *ret, struct weir_err *err);

#endif
