#ifndef WEIR_CSV_FAST_H
#define WEIR_CSV_FAST_H

#include "csv/cells.h"
#include "csv/dialect.h"
#include "csv/index.h"

/*
 * Inside lib/csv: the fast parser, for blocks in which quotes stand only where they belong, in
 * dialects that have a quote, no escape and no comments. Fields are shown where they lie, but for
 * those with doubled quotes.
 */

/**
 * weir_csv_fast: hand over the rows of a block, as weir_csv_read.
 *
 * cells   ready, its text at least len bytes
 * kernel  weir_csv_kernels'
 *
 * Returns 0, or -1 with *err set: on_row's error, WEIR_E_LIMIT, WEIR_E_NOMEM, WEIR_E_BUG (it
 * disagrees with the splitter).
 */
int weir_csv_fast(struct weir_csv_cells *cells, weir_csv_index_fn *kernel,
    const struct weir_csv_dialect *d, const uint8_t *p, size_t len, struct weir_err *err);

#endif
