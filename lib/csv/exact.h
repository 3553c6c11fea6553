#ifndef WEIR_CSV_EXACT_H
#define WEIR_CSV_EXACT_H

#include "csv/cells.h"
#include "csv/dialect.h"

/**
 * weir_csv_exact: weir_csv_read by our own parser, which knows every dialect, and what to make of
 * quotes out of place.
 *
 * Inside lib/csv. A quote inside an unquoted field is a byte like any other. A quoted field with
 * text after its closing quote is malformed: it is the source bytes up to the next delimiter or
 * line end, and later quotes in it are bytes like any other too.
 */
int weir_csv_exact(struct weir_csv_cells *cells, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, struct weir_err *err);

#endif
