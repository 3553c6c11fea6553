#ifndef WEIR_CSV_CELLS_H
#define WEIR_CSV_CELLS_H

#include "csv/reader.h"

/*
 * Inside lib/csv: the row being built, shared by the parsers. Field texts that cannot be shown
 * in place are copied into `text`, which is as large as the block and so as large as any row in it:
 * it never moves within a block, and appending needs no check.
 */
struct weir_csv_cells {
    struct weir_csv_field *fields;
    size_t n, cap;
    uint8_t *text;
    size_t text_len, text_cap;
    bool malformed;
    size_t malformed_field;
    size_t at;             /* of the row; libcsv does not tell */
    const uint8_t *source; /* the row's bytes, where they are known; */
    size_t source_len;
    bool as_is;          /* and no field of it would be written otherwise */
    bool utf8;           /* the row is known to be valid UTF-8 */
    const bool *doubled; /* columns whose quotes may stay doubled, */
    size_t doubled_n;    /* and how many of these there are */
    uint64_t rows;       /* handed over in this block */

    int (*on_row)(void *ctx, const struct weir_csv_row *row, struct weir_err *err);
    void *ctx;
};

/** weir_csv_cells_grow: room for one more field. Returns 0, or -1 with *err set. */
int weir_csv_cells_grow(struct weir_csv_cells *cells, struct weir_err *err);

/** weir_csv_cells_add: append a field that lies at p until the row is handed over. quoted: between
 *  quotes; who cannot tell says so of empty ones only. */
static inline int weir_csv_cells_add(
    struct weir_csv_cells *cells, const uint8_t *p, size_t len, bool quoted, struct weir_err *err)
{
    if (cells->n == cells->cap && weir_csv_cells_grow(cells, err) != 0) {
        return -1;
    }
    struct weir_csv_field *field =
        &cells->fields[cells->n++]; /* a member at a time: it is faster */
    field->p = p;
    field->len = (uint32_t)len;
    field->quoted_empty = quoted && len == 0;
    field->doubled = false;
    return 0;
}

/** weir_csv_cells_row: hand the row over and begin the next. Returns what on_row does. */
static inline int weir_csv_cells_row(struct weir_csv_cells *cells, struct weir_err *err)
{
    struct weir_csv_row row = {.fields = cells->fields,
        .fields_n = cells->n,
        .malformed = cells->malformed,
        .malformed_field = cells->malformed_field,
        .at = cells->at,
        .source = cells->as_is ? cells->source : NULL,
        .source_len = cells->source_len,
        .utf8 = cells->utf8};
    int rc = cells->on_row(cells->ctx, &row, err);

    cells->n = cells->text_len = 0;
    cells->malformed = false;
    cells->malformed_field = 0;
    cells->as_is = true;
    cells->rows += rc == 0;
    return rc;
}

#endif
