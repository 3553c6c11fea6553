#include "tests/support/schema_table.h"

#include "core/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char schema_table_refs[] =
    "{\"properties\":{\"c\":{\"$ref\":\"#/$defs/one\",\"maxLength\":3},\"tree\":{\"$ref\":"
    "\"#/$defs/node\"}},\"$defs\":{\"one\":{\"$ref\":\"#/$defs/two\",\"minLength\":2},\"two\":{"
    "\"type\":\"string\",\"pattern\":\"^a\"},\"node\":{\"type\":\"object\",\"required\":[\"v\"],"
    "\"additionalProperties\":false,\"properties\":{\"v\":{\"type\":\"integer\"},\"kids\":{"
    "\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/node\"}}}}}}";

/* The parts of a text between bars; none of NULL. */
static size_t split(const char *text, struct weir_str ret[SCHEMA_TABLE_COLUMNS_MAX])
{
    size_t n = 0;

    for (const char *p = text; p != NULL;) {
        const char *bar = strchr(p, '|');
        assert_true(n < SCHEMA_TABLE_COLUMNS_MAX);
        ret[n++] = (struct weir_str){p, bar == NULL ? strlen(p) : (size_t)(bar - p)};
        p = bar == NULL ? NULL : bar + 1;
    }
    return n;
}

struct schema_table schema_table_open(const char *schema, const char *header)
{
    struct schema_table t = {.problems = 0};
    struct weir_str names[SCHEMA_TABLE_COLUMNS_MAX];
    struct weir_err err = {.code = WEIR_OK};

    t.schema = weir_schema_load(schema, strlen(schema), NULL, &err);
    if (t.schema == NULL) {
        fail_msg("%s: %s", schema, err.msg);
    }
    t.plan = weir_schema_bind(t.schema, names, split(header, names), &err);
    assert_non_null(t.plan);
    t.check = weir_schema_check_new(t.plan, &err);
    assert_non_null(t.check);
    weir_buf_init(&t.errors, 256 * WEIR_MIB); /* of a row of a million */
    return t;
}

void schema_table_close(struct schema_table *t)
{
    weir_schema_check_free(t->check);
    weir_schema_plan_free(t->plan);
    weir_schema_free(t->schema);
    weir_buf_fini(&t->errors);
}

static struct weir_str copy_of(struct weir_str s)
{
    char *p = malloc(s.len > 0 ? s.len : 1);

    assert_non_null(p);
    if (s.len > 0) {
        memcpy(p, s.p, s.len);
    }
    return (struct weir_str){p, s.len};
}

static void drop(struct weir_str copy)
{
    free((char *)(uintptr_t)copy.p);
}

/* The text of what has just been checked. */
static const char *said(struct schema_table *t, int rc, const struct weir_err *err)
{
    if (rc != 0) {
        fail_msg("%s", err->msg);
    }
    assert_int_equal(t->errors.len > 0, t->problems > 0);
    return t->errors.len > 0 ? weir_buf_text(&t->errors, NULL) : "";
}

const char *schema_table_cells(struct schema_table *t, const struct weir_str *cells, size_t n)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_str copies[SCHEMA_TABLE_COLUMNS_MAX];

    assert_true(n <= SCHEMA_TABLE_COLUMNS_MAX);
    for (size_t i = 0; i < n; i++) {
        copies[i] = copy_of(cells[i]);
    }
    int rc = schema_check_row(t->check, copies, n, &t->errors, &t->problems, &err);
    for (size_t i = 0; i < n; i++) {
        drop(copies[i]);
    }
    return said(t, rc, &err);
}

const char *schema_table_row(struct schema_table *t, const char *cells)
{
    struct weir_str row[SCHEMA_TABLE_COLUMNS_MAX];

    return schema_table_cells(t, row, split(cells, row));
}

const char *schema_table_cell(struct schema_table *t, const char *cell)
{
    struct weir_str s = weir_str_of(cell);

    return schema_table_cells(t, &s, 1);
}

const char *schema_table_json(struct schema_table *t, const char *text)
{
    struct weir_err err = {.code = WEIR_OK};
    const struct weir_str copy = copy_of(weir_str_of(text));

    t->errors.len = 0;
    int rc =
        weir_schema_check_json(t->check, copy, schema_errors_add, &t->errors, &t->problems, &err);
    drop(copy);
    return said(t, rc, &err);
}
