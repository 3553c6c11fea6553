/* Do cells become the values that a table's own ways say, and only these? */
#include "tests/support/schema_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const yes[] = {"1", "yes", NULL};
static const char *const no[] = {"0", "no", NULL};

/* The same of the cell as it stands between the quotes of a CSV field. */
static void expect_doubled(struct schema_table *t, struct weir_str cell)
{
    struct weir_err err = {0};
    const bool is = true;
    struct weir_str doubled = {.len = 0};
    char *copy = malloc(2 * cell.len + 1);

    assert_non_null(copy);
    for (size_t i = 0; i < cell.len; i++) {
        copy[doubled.len++] = cell.p[i];
        if (cell.p[i] == '"') {
            copy[doubled.len++] = '"';
        }
    }
    doubled.p = copy;
    const struct weir_schema_row row = {.cells = &doubled, .n = 1, .doubled = &is, .utf8 = true};
    t->errors.len = 0;
    assert_int_equal(
        weir_schema_check_cells(t->check, &row, schema_errors_add, &t->errors, &t->problems, &err),
        0);
    free(copy);
}

/* One cell under a column's schema: the problems as text. */
static void expect(const char *schema_text, const struct weir_schema_cells *how,
    struct weir_str cell, const char *errors)
{
    struct weir_err err = {0};
    struct schema_table t = schema_table_open(schema_text, "c");

    weir_schema_plan_cells(t.plan, how);
    /* The cell itself: what is null is known by its place. */
    assert_int_equal(schema_check_row(t.check, &cell, 1, &t.errors, &t.problems, &err), 0);
    assert_string_equal(weir_buf_text(&t.errors, NULL), errors);
    assert_int_equal(t.problems > 0, *errors != '\0');
    if (weir_schema_plan_json(t.plan, 0) && cell.len > 0) {
        expect_doubled(&t, cell);
        assert_string_equal(weir_buf_text(&t.errors, NULL), errors);
    }
    schema_table_close(&t);
}

#define COLUMN(schema) "{\"required\":[\"c\"],\"properties\":{\"c\":" schema "}}"
/* The same where the row as a whole is looked at, so that the values stand on one tape. */
#define WHOLE(schema)                                                                              \
    "{\"required\":[\"c\"],\"minProperties\":0,\"anyOf\":[true],\"properties\":{\"c\":" schema "}" \
    "}"

struct cell_case {
    const char *type;
    struct weir_str cell;
    const char *errors;
};

static const struct weir_str absent = {NULL, 0}, null = {weir_schema_null, 0}, empty = {"", 0};

static void expect_both(
    const char *type, const struct weir_schema_cells *how, struct weir_str cell, const char *errors)
{
    char text[300];

    snprintf(text, sizeof text, COLUMN("%s"), type);
    expect(text, how, cell, errors);
    snprintf(text, sizeof text, WHOLE("%s"), type);
    expect(text, how, cell, errors);
}

static void empty_cells_are_absent_null_or_text(void **state)
{
    const struct weir_schema_cells usual = {0}, text = {.empty_is_text = true};

    (void)state;
    expect_both("{}", &usual, absent, "c: required");
    expect_both("{}", &usual, empty, "c: required");
    expect_both("{}", &text, absent, "c: required");
    expect_both("{\"type\":\"string\"}", &text, empty, "");
    expect_both("{\"minLength\":1}", &text, empty, "c: must have at least 1 character");
    expect_both("{\"type\":\"integer\"}", &text, empty, "c: must be an integer");
    expect_both("{\"type\":[\"integer\",\"string\"]}", &text, empty, "");
    expect_both("{\"type\":\"object\"}", &text, empty,
        "c: must be JSON: the text ends too early at byte 1");
    expect_both("{\"type\":\"null\"}", &text, null, "");
    expect_both("{\"type\":[\"string\",\"null\"]}", &text, null, "");
    expect_both("{\"type\":[\"object\",\"null\"]}", &text, null, "");
    expect_both("{\"type\":\"string\"}", &text, null, "c: must be a string");
    expect_both("{\"type\":\"object\"}", &text, null, "c: must be an object");
    expect_both("{\"enum\":[\"a\",null]}", &text, null, "");
    expect_both("{\"const\":null}", &text, null, "");
}

static void booleans_have_words(void **state)
{
    const struct weir_schema_cells usual = {0}, words = {.yes = yes, .no = no},
                                   any = {.yes = yes, .no = no, .any_case = true};
    static const char type[] = "{\"type\":\"boolean\"}", only_true[] = "{\"const\":true}";
    static const char must[] = "c: must be true or false";

    (void)state;
    expect_both(type, &usual, WEIR_STR("true"), "");
    expect_both(type, &usual, WEIR_STR("1"), must);
    expect_both(type, &usual, WEIR_STR("TRUE"), must);
    expect_both(type, &words, WEIR_STR("true"), "");
    expect_both(type, &words, WEIR_STR("false"), "");
    expect_both(type, &words, WEIR_STR("1"), "");
    expect_both(type, &words, WEIR_STR("no"), "");
    expect_both(type, &words, WEIR_STR("No"), must);
    expect_both(type, &words, WEIR_STR("n"), must);
    expect_both(type, &words, WEIR_STR(""), "c: required");
    expect_both(type, &any, WEIR_STR("No"), "");
    expect_both(type, &any, WEIR_STR("TRUE"), "");
    expect_both(type, &any, WEIR_STR("nope"), must);
    expect_both(only_true, &words, WEIR_STR("yes"), "");
    expect_both(only_true, &words, WEIR_STR("no"), "c: must be true");
    /* a number is tried first */
    expect_both("{\"type\":[\"integer\",\"boolean\"],\"minimum\":2}", &words, WEIR_STR("1"),
        "c: must be at least 2");
    /* and words mean nothing where no boolean is wanted */
    expect_both("{\"type\":\"string\",\"const\":\"yes\"}", &words, WEIR_STR("yes"), "");
}

static void a_row_without_a_value_is_an_empty_object(void **state)
{
    const struct weir_schema_cells usual = {0};

    (void)state;
    expect("{\"enum\":[{},1]}", &usual, empty, "");
    expect("{\"const\":{}}", &usual, empty, "");
    expect("{\"const\":{\"c\":\"x\"}}", &usual, empty, "row: must be {...}");
    expect("{\"minProperties\":1}", &usual, empty, "row: must have at least 1 property");
}

static void cells_of_json_may_have_doubled_quotes(void **state)
{
    const struct weir_schema_cells usual = {0};
    static const char type[] = "{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{"
                               "\"a\":{\"maxLength\":3},\"b\":{\"enum\":[\"x\\\"y\",1]}}}";

    (void)state;
    expect_both(type, &usual, WEIR_STR("{\"a\":\"abc\"}"), "");
    expect_both(type, &usual, WEIR_STR("{\"a\":\"a\\\"c\",\"b\":\"x\\\"y\"}"), "");
    expect_both(type, &usual, WEIR_STR("{\"b\":\"\",\"a\":\"abcd\"}"),
        "c/b: must be one of x\"y, 1; c/a: must have at most 3 characters");
    expect_both(type, &usual, WEIR_STR("[\"a\"]"), "c: must be an object");
    expect_both(type, &usual, WEIR_STR("{\"a\":\"\",\"\":2,\"\":3}"),
        "c: must be JSON: a name comes twice in the object at byte 1");
    expect_both(type, &usual, WEIR_STR("{\"a\":\"\",\"b\"}"),
        "c: must be JSON: a colon is expected at byte 12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_cells_are_absent_null_or_text),
        cmocka_unit_test(booleans_have_words),
        cmocka_unit_test(a_row_without_a_value_is_an_empty_object),
        cmocka_unit_test(cells_of_json_may_have_doubled_quotes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
