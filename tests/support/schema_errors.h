#ifndef WEIR_TESTS_SCHEMA_ERRORS_H
#define WEIR_TESTS_SCHEMA_ERRORS_H

#include "core/buf.h"
#include "schema/schema.h"

/*
 * What is wrong with a row as one text: all problems as weir_schema_put_problem has them, joined by
 * "; ".
 */

/** schema_errors_add: a weir_schema_on_problem; ctx is a buffer that has room for all of them. */
weir_schema_on_problem schema_errors_add;

/** schema_check_row: weir_schema_check_cells for n cells of which nothing is known; errors receives
 *  the text. Returns as that does. */
int schema_check_row(struct weir_schema_check *check, const struct weir_str *cells, size_t n,
    struct weir_buf *errors, size_t *problems, struct weir_err *err);

#endif
