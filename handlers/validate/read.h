#ifndef WEIR_HANDLERS_VALIDATE_READ_H
#define WEIR_HANDLERS_VALIDATE_READ_H

#include "core/str.h"
#include "csv/reader.h"
#include "handlers/validate/options.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * How a text's rows are read, as the options have it: for the job, and for who looks at rows as the
 * job will.
 */

/** weir_validate_is_blank: whether a line of JSON Lines is no row. */
static inline bool weir_validate_is_blank(const char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r') {
            return false;
        }
    }
    return true;
}

/** weir_validate_cell: a field as the schema is to see it: absent when p is NULL, null when it is
 *  weir_schema_null. */
struct weir_str weir_validate_cell(
    const struct weir_validate_options *o, const struct weir_csv_field *field);

/** weir_validate_cells: how cells become values. */
struct weir_schema_cells weir_validate_cells(
    const struct weir_validate_options *o, bool empty_is_text);

/** weir_validate_has_header: whether the first record is one. */
static inline bool weir_validate_has_header(const struct weir_validate_options *o)
{
    return o->header == NULL && !o->no_header;
}

/**
 * weir_validate_names: the columns' names: given, numbered, or those of the header.
 *
 * first     the first record; NULL: there is none
 * on_names  called once, with a row that is them
 *
 * Returns what on_names does, or -1 with *err set: WEIR_E_DATA (an empty input), WEIR_E_NOMEM.
 */
int weir_validate_names(const struct weir_validate_options *o, const struct weir_csv_row *first,
    weir_csv_on_row *on_names, void *ctx, struct weir_err *err);

#endif
