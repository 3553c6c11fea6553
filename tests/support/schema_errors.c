#include "tests/support/schema_errors.h"

#include <assert.h>

void schema_errors_add(void *ctx, const struct weir_schema_problem *p)
{
    struct weir_buf *to = ctx;
    int rc = weir_buf_adds(to, to->len > 0 ? "; " : "", NULL);

    assert(rc == 0);
    rc = weir_schema_put_problem(to, p, NULL);
    assert(rc == 0);
}

int schema_check_row(struct weir_schema_check *check, const struct weir_str *cells, size_t n,
    struct weir_buf *errors, size_t *problems, struct weir_err *err)
{
    const struct weir_schema_row row = {.cells = cells, .n = n};

    errors->len = 0;
    return weir_schema_check_cells(check, &row, schema_errors_add, errors, problems, err);
}
