#ifndef WEIR_TESTS_SCHEMA_TABLE_H
#define WEIR_TESTS_SCHEMA_TABLE_H

#include "tests/support/schema_errors.h"

/*
 * A schema that is bound to a header, and what is wrong with its rows, its cells, or a JSON text:
 * "" or the problems, as schema_errors.h joins them, valid until the next. What is checked is an
 * exact copy, so that a sanitizer sees each byte that is read beyond it. What fails here fails the
 * test.
 */
#define SCHEMA_TABLE_COLUMNS_MAX 16

struct schema_table {
    struct weir_schema *schema;
    struct weir_schema_plan *plan;
    struct weir_schema_check *check;
    struct weir_buf errors;
    size_t problems; /* of the last row */
};

/** schema_table_open: header has the columns' names, separated by |; NULL for JSON. */
struct schema_table schema_table_open(const char *schema, const char *header);
void schema_table_close(struct schema_table *t);

const char *schema_table_cells(struct schema_table *t, const struct weir_str *cells, size_t n);

/** schema_table_row: its cells, separated by |. */
const char *schema_table_row(struct schema_table *t, const char *cells);

/** schema_table_cell: a row of this cell alone. */
const char *schema_table_cell(struct schema_table *t, const char *cell);

const char *schema_table_json(struct schema_table *t, const char *text);

/** schema_table_refs: a schema of the columns c and tree: references to references, with keywords
 *  beside them, and one that leads back to itself. */
extern const char schema_table_refs[];

#endif
