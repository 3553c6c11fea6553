#ifndef WEIR_CSV_WRITER_H
#define WEIR_CSV_WRITER_H

#include "core/buf.h"
#include "core/err.h"
#include "csv/dialect.h"
#include "csv/reader.h"

#include <stdbool.h>

/*
 * Rows to text: delimiters between fields, quotes only around a field that needs them (it has a
 * delimiter, a quote, LF or CR in it, or a row that begins with it would be a comment), LF as the
 * line end (which is the caller's to add). The dialect is one that can be written: checked, and
 * with a quote (weir_csv_dialect_out).
 */

/** weir_csv_needs_quotes: whether a field, not the first of a row, is written between quotes. */
bool weir_csv_needs_quotes(const struct weir_csv_dialect *d, const uint8_t *p, size_t len);

/** weir_csv_put_field: append one field, not the first of a row, without a delimiter. Returns 0, or
 *  -1 with *err set (WEIR_E_LIMIT, WEIR_E_NOMEM) and nothing appended. */
int weir_csv_put_field(struct weir_buf *out, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, struct weir_err *err);

/** weir_csv_put_long: the same, for a field that may be a million times as long as others: such a
 *  one is written in pieces, and drain is called after each. On -1 a part may be appended. */
int weir_csv_put_long(struct weir_buf *out, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, weir_buf_drain *drain, void *ctx, struct weir_err *err);

/** weir_csv_put_quoted: weir_csv_put_field between quotes, whether it needs them or not. */
int weir_csv_put_quoted(struct weir_buf *out, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, struct weir_err *err);

/**
 * weir_csv_put_fields: append fields with delimiters between them, without a line end.
 *
 * A row of one empty field becomes "" (two quotes), for an empty line is no row. A field that is
 * `doubled` was read in a dialect with the same quote, and none of that is looked at as a formula.
 * Returns 0, or -1
 * with *err set and an undefined part of the row appended.
 */
int weir_csv_put_fields(struct weir_buf *out, const struct weir_csv_dialect *d,
    const struct weir_csv_field *fields, size_t fields_n, struct weir_err *err);

#endif
