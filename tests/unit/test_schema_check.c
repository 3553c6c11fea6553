/*
 * Does each row get the right verdict and the right words, and never a piece of the data in them?
 */
#include "core/buf.h"
#include "core/limits.h"
#include "tests/support/schema_errors.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CELLS_MAX 16

struct table {
    struct weir_schema *schema;
    struct weir_schema_plan *plan;
    struct weir_schema_check *check;
    struct weir_buf errors;
    size_t problems;
};

/* header: the columns' names, separated by |. */
static struct table open_table(const char *schema, const char *header)
{
    struct table t = {.problems = 0};
    struct weir_str names[CELLS_MAX];
    struct weir_err err = {.code = WEIR_OK};
    size_t n = 0;

    t.schema = weir_schema_load(schema, strlen(schema), NULL, &err);
    if (t.schema == NULL) {
        fail_msg("%s: %s", schema, err.msg);
    }
    for (const char *p = header; p != NULL && n < CELLS_MAX;) {
        const char *bar = strchr(p, '|');
        names[n++] = (struct weir_str){p, bar == NULL ? strlen(p) : (size_t)(bar - p)};
        p = bar == NULL ? NULL : bar + 1;
    }
    t.plan = weir_schema_bind(t.schema, names, n, &err);
    assert_non_null(t.plan);
    t.check = weir_schema_check_new(t.plan, &err);
    assert_non_null(t.check);
    weir_buf_init(&t.errors, 256 * WEIR_MIB); /* of a row of a million */
    return t;
}

static void close_table(struct table *t)
{
    weir_schema_check_free(t->check);
    weir_schema_plan_free(t->plan);
    weir_schema_free(t->schema);
    weir_buf_fini(&t->errors);
}

/* The error text of a row; NUL-terminated. */
static const char *check_cells(struct table *t, const struct weir_str *cells, size_t n)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_str copies[CELLS_MAX];

    assert_true(n <= CELLS_MAX);
    for (size_t i = 0; i < n; i++) { /* exact copies: a read beyond a cell is seen */
        char *p = malloc(cells[i].len > 0 ? cells[i].len : 1);
        assert_non_null(p);
        if (cells[i].len > 0) {
            memcpy(p, cells[i].p, cells[i].len);
        }
        copies[i] = (struct weir_str){p, cells[i].len};
    }
    if (schema_check_row(t->check, copies, n, &t->errors, &t->problems, &err) == -1) {
        fail_msg("%s", err.msg);
    }
    for (size_t i = 0; i < n; i++) {
        free((char *)(uintptr_t)copies[i].p);
    }
    assert_int_equal(t->errors.len > 0, t->problems > 0);
    return weir_buf_text(&t->errors, &err);
}

static const char *check_cell(struct table *t, const char *cell)
{
    struct weir_str s = weir_str_of(cell);

    return check_cells(t, &s, 1);
}

struct cell_case {
    const char *schema; /* of the only column, c; NULL: as before */
    const char *cell;
    const char *errors;
};

static const struct cell_case cell_cases[] = {
    /* strings: whatever is in them */
    {"{\"type\":\"string\"}", "x", ""},
    {NULL, "1", ""},
    {NULL, "true", ""},
    {NULL, "{", ""},
    {NULL, " x ", ""},
    {NULL, "\xFF", "c: not valid UTF-8"},
    {NULL, "a\xC3", "c: not valid UTF-8"},
    {"{}", "{", ""},
    {"true", "\xFF", "c: not valid UTF-8"},
    {"false", "x", "c: not allowed"},
    {"false", "", ""},

    /* numbers: JSON's grammar */
    {"{\"type\":\"number\"}", "1", ""},
    {NULL, "-0.5e-3", ""},
    {NULL, "1e400", ""},
    {NULL, "007", "c: must be a number"},
    {NULL, "+5", "c: must be a number"},
    {NULL, ".5", "c: must be a number"},
    {NULL, " 5", "c: must be a number"},
    {NULL, "5 ", "c: must be a number"},
    {NULL, "1,5", "c: must be a number"},
    {NULL, "abc", "c: must be a number"},
    {NULL, "NaN", "c: must be a number"},
    {NULL, "\"5\"", "c: must be a number"},
    {NULL, "null", "c: must be a number"},
    {"{\"type\":\"integer\"}", "1", ""},
    {NULL, "1.0", ""},
    {NULL, "12e3", ""},
    {NULL, "1e400", ""},
    {NULL, "1.5", "c: must be an integer"},
    {NULL, "x", "c: must be an integer"},

    /* bounds, exactly */
    {"{\"type\":\"number\",\"minimum\":0,\"maximum\":9007199254740992}", "0", ""},
    {NULL, "-0.0", ""},
    {NULL, "9007199254740992", ""},
    {NULL, "9007199254740993", "c: must be at most 9007199254740992"},
    {NULL, "-1e-400", "c: must be at least 0"},
    {NULL, "1e400", "c: must be at most 9007199254740992"},
    {NULL, "x", "c: must be a number"},
    {"{\"type\":\"integer\",\"minimum\":1.5}", "1", "c: must be at least 1.5"},
    {NULL, "2", ""},
    {"{\"minimum\":5}", "4", "c: must be at least 5"}, /* no type: a number if it looks like one */
    {NULL, "5", ""},
    {NULL, "four", ""}, /* bounds do not speak of strings */

    /* words */
    {"{\"type\":\"boolean\"}", "true", ""},
    {NULL, "false", ""},
    {NULL, "True", "c: must be true or false"},
    {NULL, "1", "c: must be true or false"},
    {NULL, "yes", "c: must be true or false"},
    {"{\"type\":\"null\"}", "null", ""},
    {NULL, "", ""},
    {NULL, "x", "c: must be null"},

    /* lists of types */
    {"{\"type\":[\"number\",\"null\"]}", "5", ""},
    {NULL, "null", ""},
    {NULL, "x", "c: must be null or a number"},
    {"{\"type\":[\"string\",\"integer\"],\"minimum\":3}", "2", "c: must be at least 3"},
    {NULL, "3", ""},
    {NULL, "2.5", ""}, /* no integer, so a string */
    {NULL, "two", ""},
    {"{\"type\":[\"boolean\",\"string\"],\"minLength\":5}", "true", ""},
    {NULL, "True", "c: must have at least 5 characters"},
    {"{\"type\":[\"object\",\"null\"],\"required\":[\"a\"]}", "null", ""},
    {NULL, "{\"a\":1}", ""},
    {NULL, "{}", "c/a: required"},
    {NULL, "{", "c: must be JSON: the text ends too early at byte 2"},
    {NULL, "x", "c: must be null or an object"},
    {NULL, "[1]", "c: must be null or an object"},
    {"{\"type\":[\"object\",\"string\"],\"required\":[\"a\"],\"maxLength\":4}", "{}",
        "c/a: required"},
    {NULL, " {}", "c/a: required"},
    {NULL, "{x", ""}, /* not JSON, but a string */
    {NULL, "{xxxx", "c: must have at most 4 characters"},
    {NULL, "[1]", ""},
    {"{\"type\":[\"object\",\"array\",\"boolean\",\"number\"]}", "x",
        "c: must be a boolean, a number, an array or an object"},
    {NULL, "[", "c: must be JSON: the text ends too early at byte 2"},
    {NULL, "[true]", ""},
    {NULL, "true", ""},

    /* JSON */
    {"{\"type\":\"object\"}", "{}", ""},
    {NULL, " {\"a\": [1]} ", ""},
    {NULL, "[]", "c: must be an object"},
    {NULL, "5", "c: must be an object"},
    {NULL, "\"x\"", "c: must be an object"},
    {NULL, "null", "c: must be an object"},
    {NULL, "x", "c: must be JSON: a value is expected at byte 1"},
    {NULL, "{\"a\":01}", "c: must be JSON: a comma or } is expected at byte 7"},
    {NULL, "{\"a\":1,\"a\":2}", "c: must be JSON: a name comes twice in the object at byte 1"},
    {NULL, "{\"a\":\"\\uD800\"}", "c: must be JSON: an escape of half a surrogate pair at byte 7"},
    {NULL, "{\"a\":\"\xFF\"}", "c: not valid UTF-8"},
    {NULL, "{'a':1}", "c: must be JSON: a name in quotes is expected at byte 2"},
    {"{\"type\":\"array\"}", "[1,\"a\",null]", ""},
    {NULL, "{}", "c: must be an array"},
    {NULL, "[1,]", "c: must be JSON: a value is expected at byte 4"},

    /* lengths count characters */
    {"{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}", "ab", ""},
    {NULL, "a", "c: must have at least 2 characters"},
    {NULL, "abcd", "c: must have at most 3 characters"},
    {NULL, "\xF0\x9F\x98\x80", "c: must have at least 2 characters"},
    {NULL, "\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80", ""},
    {NULL, "e\xCC\x81", ""}, /* two code points */
    {"{\"minLength\":1,\"maxLength\":1}", "ab", "c: must have at most 1 character"},
    {"{\"minLength\":1e300}", "ab", "c: must have at least 1e300 characters"},
    {"{\"maxLength\":1e300}", "ab", ""},
    {"{\"minLength\":1}", "", ""}, /* an empty cell is absent */

    /* patterns and formats */
    {"{\"type\":\"string\",\"pattern\":\"^EVT\\\\d+$\"}", "EVT1", ""},
    {NULL, "EVT", "c: must match the pattern ^EVT\\d+$"},
    {NULL, "EVT1\n", "c: must match the pattern ^EVT\\d+$"},
    {"{\"format\":\"ipv6\"}", "2001:db8::1", ""},
    {NULL, "2001:db8::g", "c: must be an IPv6 address"},
    {"{\"pattern\":\"b\"}", "abc", ""},
    {"{\"pattern\":\"^(a+)+$\"}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
        "c: takes too many steps to match with the pattern ^(a+)+$"},
    {"{\"pattern\":\"a\\nb\"}", "x", "c: must match the pattern a?b"},
    {"{\"format\":\"date\"}", "2024-02-29", ""},
    {NULL, "2023-02-29", "c: must be a date (YYYY-MM-DD)"},
    {"{\"format\":\"date-time\"}", "2024-05-12 09:00:00Z",
        "c: must be a date-time (YYYY-MM-DDThh:mm:ssZ)"},
    {"{\"format\":\"email\"}", "x", "c: must be an e-mail address"},
    {"{\"format\":\"uri\"}", "/x", "c: must be a URI"},
    {"{\"format\":\"uuid\"}", "x", "c: must be a UUID"},
    {"{\"format\":\"ipv4\"}", "1.2.3", "c: must be an IPv4 address"},
    {"{\"format\":\"phone\"}", "x", ""},
    {"{\"type\":[\"number\",\"string\"],\"format\":\"date\",\"pattern\":\"x\"}", "5", ""},

    /* enum and const */
    {"{\"enum\":[\"Confirmed\",\"Pending\",\"Interested\"]}", "Pending", ""},
    {NULL, "pending", "c: must be one of Confirmed, Pending, Interested"},
    {NULL, "Pendin", "c: must be one of Confirmed, Pending, Interested"},
    {"{\"enum\":[1,\"1\",true,null,{\"a\":1}]}", "1", ""}, /* types from the values */
    {NULL, "1.0", ""},
    {NULL, "true", ""},
    {NULL, "null", ""},
    {NULL, "{\"a\":1e0}", ""},
    {NULL, "2", "c: must be one of 1, 1, true, null, {...}"},
    {NULL, "{\"a\":2}", "c: must be one of 1, 1, true, null, {...}"},
    {"{\"enum\":[{\"a\":[1,2],\"b\":{}}]}", "{\"b\":{},\"a\":[1.0,2]}", ""},
    {NULL, "{\"b\":{},\"a\":[2,1]}", "c: must be {...}"},
    {"{\"type\":\"string\",\"enum\":[1,\"x\"]}", "1", "c: must be one of 1, x"},
    {"{\"type\":\"integer\",\"enum\":[9007199254740993]}", "9007199254740992",
        "c: must be 9007199254740993"},
    {NULL, "9007199254740993.0", ""},
    {"{\"const\":\"x\"}", "x", ""},
    {NULL, "y", "c: must be x"},
    {"{\"const\":5}", "5.0", ""},
    {NULL, "x", "c: must be 5"},
    {"{\"const\":\"\"}", "x", "c: must be \"\""},
    {"{\"const\":[]}", "[]", ""},
    {NULL, "[1]", "c: must be []"},
    {"{\"enum\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\",\"j\",\"k\"]}", "k", ""},
    {NULL, "l", "c: must be one of a, b, c, d, e, f, g, h, i, j, k"},

    /* nested */
    {"{\"type\":\"object\",\"required\":[\"id\",\"contact\",\"x/"
     "y\"],\"properties\":{\"id\":{\"type\":"
     "\"integer\"},\"contact\":{\"type\":\"string\",\"format\":\"email\"},\"tags\":{\"type\":"
     "\"array\","
     "\"items\":{\"type\":\"string\",\"minLength\":2}}}}",
        "{\"id\":1,\"contact\":\"a@b\",\"x/y\":0,\"tags\":[\"ab\"]}", ""},
    {NULL, "{\"x/y\":0,\"tags\":[],\"contact\":\"a@b\",\"id\":1.0}", ""},
    {NULL, "{}", "c/id: required; c/contact: required; c/x~1y: required"},
    {NULL, "{\"contact\":null,\"id\":\"1\",\"extra\":{}}",
        "c/contact: must be a string; c/id: must be an integer; c/x~1y: required"},
    {NULL, "{\"id\":1,\"contact\":\"a\",\"x/y\":0,\"tags\":[\"a\",\"ab\",5]}",
        "c/contact: must be an e-mail address; c/tags/0: must have at least 2 characters; "
        "c/tags/2: must be a string"},
    {NULL, "{\"id\":1,\"contact\":\"a@b\",\"x/y\":0,\"tags\":{}}", "c/tags: must be an array"},
    {NULL, "{\"\\u0069d\":1.5,\"contact\":\"a\\u0040b\",\"x\\/y\":0}", "c/id: must be an integer"},
    {"{\"type\":\"object\",\"properties\":{\"a~b\":{\"type\":\"object\",\"additionalProperties\":"
     "false,"
     "\"properties\":{\"k\":true}}}}",
        "{\"a~b\":{\"k\":1,\"z\":2}}", "c/a~0b/z: not allowed"},
    {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"},\"properties\":{\"n\":{}}"
     ","
     "\"required\":[\"r\"]}",
        "{\"n\":\"x\",\"r\":1,\"q\":\"x\"}", "c/q: must be a number"},
    {NULL, "{\"r\":\"x\"}", "c/r: must be a number"}, /* required, yet not declared */
    {"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"r\"]}", "{\"r\":1}",
        "c/r: not allowed"},
    {"{\"type\":\"array\",\"items\":false}", "[]", ""},
    {NULL, "[1,2]", "c/0: not allowed; c/1: not allowed"},
    {"{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"null\"],\"enum\":[null,\"a\"]}}",
        "[\"a\",null,\"b\",5]", "c/2: must be one of null, a; c/3: must be null or a string"},
    {"{\"items\":{\"type\":\"number\"}}", "[1,\"x\"]", "c/1: must be a number"}, /* no type */
    {NULL, "x", ""},
    {NULL, "[1,", ""},
    {"{\"properties\":{\"a\":{\"type\":\"number\"}}}", "{\"a\":\"x\"}", "c/a: must be a number"},
    {NULL, "plain", ""},
};

static void cells_are_checked_as_their_schema_says(void **state)
{
    const char *schema = NULL;
    struct table t = {.problems = 0};

    (void)state;
    for (size_t i = 0; i < sizeof cell_cases / sizeof cell_cases[0]; i++) {
        const struct cell_case *c = &cell_cases[i];
        if (c->schema != NULL) {
            char text[1024];
            if (schema != NULL) {
                close_table(&t);
            }
            schema = c->schema;
            snprintf(text, sizeof text, "{\"properties\":{\"c\":%s}}", schema);
            t = open_table(text, "c");
        }
        const char *errors = check_cell(&t, c->cell);
        if (strcmp(errors, c->errors) != 0) {
            fail_msg("%s\n  %s:\n  %s\n  not %s", schema, c->cell, errors, c->errors);
        }
    }
    close_table(&t);
}

static const char refs[] =
    "{\"properties\":{\"c\":{\"$ref\":\"#/$defs/one\",\"maxLength\":3},\"tree\":{\"$ref\":"
    "\"#/$defs/node\"}},\"$defs\":{\"one\":{\"$ref\":\"#/$defs/two\",\"minLength\":2},\"two\":{"
    "\"type\":\"string\",\"pattern\":\"^a\"},\"node\":{\"type\":\"object\",\"required\":[\"v\"],"
    "\"additionalProperties\":false,\"properties\":{\"v\":{\"type\":\"integer\"},\"kids\":{"
    "\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/node\"}}}}}}";

static void references_are_followed_with_their_siblings(void **state)
{
    struct table t = open_table(refs, "c|tree");
    struct weir_str cells[2] = {
        WEIR_STR("abc"), WEIR_STR("{\"v\":1,\"kids\":[{\"v\":2},{\"v\":3,\"kids\":[{\"w\":1}]}]}")};

    (void)state;
    assert_string_equal(check_cells(&t, cells, 2),
        "tree/kids/1/kids/0/w: not allowed; tree/kids/1/kids/0/v: required");
    assert_string_equal(
        check_cell(&t, "bbbbb"), "c: must have at most 3 characters; c: must match the pattern ^a");
    assert_string_equal(
        check_cell(&t, "b"), "c: must have at least 2 characters; c: must match the pattern ^a");
    close_table(&t);
}

static void draft_07_checks_only_what_the_reference_leads_to(void **state)
{
    struct table t =
        open_table("{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
                   "\"definitions\":{\"n\":{\"type\":\"number\"}},\"properties\":{\"c\":{"
                   "\"$ref\":\"#/definitions/n\",\"minimum\":100,\"type\":\"string\"}}}",
            "c");

    (void)state;
    assert_string_equal(check_cell(&t, "5"), "");
    assert_string_equal(check_cell(&t, "x"), "c: must be a number");
    close_table(&t);
}

/* As deep as cells may nest, through a schema that goes round. */
static void recursion_goes_as_deep_as_the_data(void **state)
{
    struct table t =
        open_table("{\"properties\":{\"c\":{\"$ref\":\"#/$defs/a\"}},\"$defs\":{\"a\":{"
                   "\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/a\"}}}}",
            "c");
    char cell[2 * WEIR_JSON_DEPTH_MAX + 8];
    const size_t d = WEIR_JSON_DEPTH_MAX;

    (void)state;
    memset(cell, '[', d);
    memset(cell + d, ']', d);
    cell[2 * d] = '\0';
    assert_string_equal(check_cell(&t, cell), "");
    cell[d] = '1';
    memset(cell + d + 1, ']', d);
    cell[2 * d + 1] = '\0';
    const char *errors = check_cell(&t, cell);
    assert_memory_equal(errors, "c/0/0/0/0/0", 11);
    assert_non_null(strstr(errors, "/0/0/0: must be an array"));
    memset(cell, '[', d + 1);
    cell[d + 1] = '\0';
    assert_string_equal(
        check_cell(&t, cell), "c: must be JSON: nested deeper than 128 levels at byte 129");
    close_table(&t);
}

static const char people[] =
    "{\"type\":\"object\",\"required\":[\"id\",\"email\",\"address\",\"id2\"],\"properties\":{"
    "\"id\":{\"type\":\"integer\"},\"email\":{\"type\":\"string\",\"format\":\"email\"},"
    "\"note\":{\"type\":\"string\",\"maxLength\":3}}}";

struct row_case {
    const char *header;
    struct weir_str cells[4];
    size_t n;
    const char *errors;
};

static const struct row_case row_cases[] = {
    {"id|email|address|id2", {{"1", 1}, {"a@b", 3}, {"x", 1}, {"y", 1}}, 4, ""},
    {"id|email|address|id2", {{"", 0}, {"a@b", 3}, {"x", 1}, {NULL, 0}}, 4,
        "id: required; id2: required"},
    {"id|email|address|id2", {{"x", 1}, {"a", 1}, {"x", 1}, {"y", 1}}, 4,
        "id: must be an integer; email: must be an e-mail address"},
    {"id|email|address|id2", {{"1", 1}}, 1, "email: required; address: required; id2: required"},
    {"id|email|address|id2", {{"1", 1}}, 0,
        "id: required; email: required; address: required; id2: required"},
    {"other|email|id2", {{"\xFF", 1}, {"", 0}, {"z", 1}}, 3,
        "other: not valid UTF-8; email: required; id: required; address: required"},
    {"ID", {{"1", 1}}, 1, "id: required; email: required; address: required; id2: required"},
    {"note|note|id|id", {{"abcd", 4}, {"abc", 3}, {"1.5", 3}, {"", 0}}, 4,
        "note: must have at most 3 characters; id: must be an integer; id: required; email: "
        "required; address: required; id2: required"},
    {"id|email|address|id2", {{"\xC3\x28", 2}, {"a\0b", 3}, {"x", 1}, {"y", 1}}, 4,
        "id: not valid UTF-8; email: must be an e-mail address"},
    {"", {{"x", 1}}, 1, "id: required; email: required; address: required; id2: required"},
    {"|id", {{"\xFF", 1}, {"1", 1}}, 2,
        "column 1: not valid UTF-8; email: required; address: required; id2: required"},
};

static void rows_are_checked_column_by_column_then_for_what_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof row_cases / sizeof row_cases[0]; i++) {
        struct table t = open_table(people, row_cases[i].header);
        assert_string_equal(
            check_cells(&t, row_cases[i].cells, row_cases[i].n), row_cases[i].errors);
        close_table(&t);
    }
}

static void columns_that_the_schema_does_not_know_may_be_forbidden_or_checked(void **state)
{
    struct weir_str cells[3] = {WEIR_STR("1"), WEIR_STR("x"), WEIR_STR("")};
    struct table t =
        open_table("{\"additionalProperties\":false,\"properties\":{\"a\":true}}", "a|b|c");

    (void)state;
    assert_string_equal(check_cells(&t, cells, 3), "b: not allowed");
    close_table(&t);
    t = open_table(
        "{\"additionalProperties\":{\"type\":\"number\"},\"properties\":{\"a\":true}}", "a|b|c");
    assert_string_equal(check_cells(&t, cells, 3), "b: must be a number");
    close_table(&t);
    t = open_table("{\"additionalProperties\":false,\"required\":[\"b\"]}", "b");
    assert_string_equal(check_cells(&t, cells, 1), "b: not allowed");
    close_table(&t);
}

/* The root and what it refers to both describe the row. */
static void a_root_that_refers_on_checks_both(void **state)
{
    struct table t = open_table(
        "{\"$ref\":\"#/$defs/"
        "row\",\"required\":[\"a\",\"z\"],\"properties\":{\"a\":{\"minLength\":2}},"
        "\"$defs\":{\"row\":{\"type\":\"object\",\"required\":[\"b\",\"z\"],\"properties\":{\"a\":{"
        "\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}}}",
        "a|b");
    struct weir_str cells[2] = {WEIR_STR("x"), WEIR_STR("")};

    (void)state;
    assert_string_equal(check_cells(&t, cells, 2),
        "a: must have at least 2 characters; a: must be an integer; b: required; z: required");
    cells[0] = WEIR_STR("5"); /* read as an integer: minLength has nothing to say */
    cells[1] = WEIR_STR("5");
    assert_string_equal(check_cells(&t, cells, 2), "z: required");
    close_table(&t);
}

static void names_in_messages_are_clean_and_short(void **state)
{
    char header[400], schema[600];
    struct weir_str cell = WEIR_STR("x");
    struct table t = open_table("{\"additionalProperties\":false}", "a\nb\x7F\xFF\xC3\xA9");

    (void)state;
    assert_string_equal(check_cells(&t, &cell, 1), "a?b??\xC3\xA9: not allowed");
    close_table(&t);
    memset(header, 'n', 300);
    header[300] = '\0';
    t = open_table("{\"additionalProperties\":false}", header);
    const char *errors = check_cells(&t, &cell, 1);
    assert_int_equal(strlen(errors), 104 + 3 + strlen(": not allowed"));
    assert_non_null(strstr(errors, "nnn...: not allowed"));
    close_table(&t);

    /* the values of a long enum, a long pattern */
    snprintf(schema, sizeof schema,
        "{\"properties\":{\"c\":{\"enum\":[\"%s\",\"short\",\"%.60s\","
        "\"%.60s\"]}}}",
        header, header, header);
    t = open_table(schema, "c");
    errors = check_cell(&t, "x");
    assert_true(strlen(errors) <= 3 + 200);
    assert_non_null(strstr(errors, "nnn..., short, nnn"));
    close_table(&t);
}

static void nothing_of_the_data_is_in_a_message(void **state)
{
    static const char *const cells[] = {"SECRET", "{\"id\":\"SECRET\",\"SECRET", "[\"SECRET\"]",
        "{\"id\":\"SECRET\",\"contact\":\"SECRET\",\"tags\":[\"SECRET\",{\"q\":\"SECRET\"}]}",
        "\"SECRET", "{\"id\":SECRET}"};
    struct table t = open_table(
        "{\"properties\":{\"c\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"},"
        "\"contact\":{\"format\":\"email\",\"pattern\":\"^x\",\"enum\":[1],\"const\":2,"
        "\"maxLength\":1},\"tags\":{\"items\":{\"type\":\"null\"}}}}}}",
        "c");

    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        const char *errors = check_cell(&t, cells[i]);
        assert_true(t.problems > 0);
        assert_null(strstr(errors, "SECRET"));
    }
    close_table(&t);
}

static void a_cell_over_the_limit_is_a_failure(void **state)
{
    struct table t = open_table("{\"required\":[\"a\",\"b\"]}", "a");
    struct weir_err err = {.code = WEIR_OK};
    struct weir_str cell = {NULL, WEIR_ROW_MAX_BYTES + 1};

    (void)state;
    assert_int_equal(schema_check_row(t.check, &cell, 1, &t.errors, &t.problems, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    close_table(&t);
}

static const char wide[] =
    "{\"properties\":{\"c\":{\"type\":\"object\",\"additionalProperties\":false,\"required\":[%s],"
    "\"properties\":{%s}}}}";

/* More properties than a search from the front or one word of bits is good for. */
static void wide_objects_are_searched_and_their_missing_names_told(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf names, props, text, cell;
    const unsigned n = 150;

    (void)state;
    weir_buf_init(&names, WEIR_MIB);
    weir_buf_init(&props, WEIR_MIB);
    weir_buf_init(&text, WEIR_MIB);
    weir_buf_init(&cell, WEIR_MIB);
    for (unsigned i = 0; i < n; i++) {
        weir_buf_addf(&names, &err, "%s\"p%u\"", i > 0 ? "," : "", (i * 7) % n);
        weir_buf_addf(&props, &err, "%s\"p%u\":{\"const\":%u}", i > 0 ? "," : "", i, i);
        if (i != 99 && i != 3) { /* backwards: never where it is looked for first */
            unsigned k = n - 1 - i;
            weir_buf_addf(&cell, &err, "%s\"p%u\":%u", i > 0 ? "," : "{", k, k == 77 ? 0 : k);
        }
    }
    weir_buf_adds(&cell, ",\"p150\":0}", &err);
    weir_buf_addf(&text, &err, wide, weir_buf_text(&names, &err), weir_buf_text(&props, &err));
    struct table t = open_table(weir_buf_text(&text, &err), "c");
    /* 3 from the back is p146, 99 is p50; in the order of `required` 146 * 43 % 150 = 128th. */
    const char *errors = check_cell(&t, weir_buf_text(&cell, &err));
    assert_string_equal(
        errors, "c/p77: must be 77; c/p150: not allowed; c/p50: required; c/p146: required");
    close_table(&t);
    weir_buf_fini(&names);
    weir_buf_fini(&props);
    weir_buf_fini(&text);
    weir_buf_fini(&cell);
}

#ifdef __SANITIZE_ADDRESS__
#define HAVE_MALLINFO 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_MALLINFO 0
#else
#define HAVE_MALLINFO 1
#endif
#else
#define HAVE_MALLINFO 1
#endif

/* Nothing is allocated per row once a row like it has been seen. */
static void a_row_allocates_nothing_in_the_steady_state(void **state)
{
    struct table t = open_table(refs, "c|tree");
    struct weir_str cells[2] = {WEIR_STR("abc"),
        WEIR_STR("{\"v\":1,\"kids\":[{\"v\":2},{\"v\":3,\"kids\":[{\"w\\u0041\":1}]}]}")};
    struct weir_err err = {.code = WEIR_OK};
    size_t before = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(schema_check_row(t.check, cells, 2, &t.errors, &t.problems, &err), 0);
        assert_int_equal(t.problems, 2);
        if (HAVE_MALLINFO && i == 1) {
            before = mallinfo2().uordblks;
        }
    }
    if (HAVE_MALLINFO) {
        assert_int_equal(mallinfo2().uordblks, before);
    }
    close_table(&t);
}

/* [item,item,...] of n, on the heap. */
static char *make_array(const char *item, size_t n)
{
    const size_t len = strlen(item) + 1;
    char *text = malloc(n * len + 2);

    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < n; i++) {
        memcpy(text + 1 + i * len, item, len - 1);
        text[(i + 1) * len] = ',';
    }
    memcpy(text + (n > 0 ? n * len : 1), "]", 2);
    return text;
}

#define STEPS "takes too many steps to check"

struct steps_case {
    const char *c; /* schema of column c */
    const char *item;
    size_t n;
    const char *errors;
};

/* One cell each that took seconds to hours, or looks like one that does. */
static const struct steps_case steps_cases[] = {
    {"{\"items\":{\"pattern\":\"^(a|aa|a*)*$\"}}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"", 38,
        NULL},
    {NULL, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"", 25000, STEPS},
    {NULL, "\"aa\"", 150000, ""},
    {"{\"items\":{\"pattern\":\"^(a|b)$\"}}", "\"b\"", 185000, ""},
    {NULL, "\"b\"", 195000, STEPS},
    {"{\"items\":{\"minLength\":1}}", "\"b\"", 500000, ""},
    {"{\"items\":{\"enum\":[1,2,3,4,5,6,7,8]}}", "8", 500000, ""},
    {"{\"items\":{\"required\":[\"a\",\"b\",\"c\"]}}", "{}", 500000, NULL},
};

static void a_row_has_so_many_steps_and_no_more(void **state)
{
    const char *c = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof steps_cases / sizeof steps_cases[0]; i++) {
        const struct steps_case *k = &steps_cases[i];
        char schema[512], *cell = make_array(k->item, k->n);
        c = k->c != NULL ? k->c : c;
        snprintf(schema, sizeof schema,
            "{\"properties\":{\"c\":%s,\"d\":{\"type\":\"number\"}},\"required\":[\"e\"]}", c);
        struct table t = open_table(schema, "a|c|d");
        const struct weir_str cells[3] = {WEIR_STR("x"), weir_str_of(cell), WEIR_STR("x")};
        const char *errors = check_cells(&t, cells, 3);
        const size_t problems = t.problems;
        if (k->errors == NULL) {
            assert_null(strstr(errors, STEPS));
        } else if (k->errors[0] != '\0') {
            const char *said = strstr(errors, "c: " STEPS);
            assert_true(said != NULL || strstr(errors, " more") != NULL);
            assert_null(strstr(errors, "d: "));
            assert_null(strstr(errors, "e: "));
        } else {
            assert_string_equal(errors, "d: must be a number; e: required");
        }
        check_cells(&t, cells, 3); /* and the same once more */
        assert_int_equal(t.problems, problems);
        close_table(&t);
        free(cell);
    }
}

/* One pattern that costs more than a row has: what nobody has tried to the end is not valid. */
static void a_pattern_that_is_too_dear_for_a_cell_is_no_match(void **state)
{
    const size_t len = WEIR_MIB;
    char *cell = malloc(len);

    (void)state;
    assert_non_null(cell);
    memset(cell, 'a', len);
    struct table t = open_table("{\"properties\":{\"c\":{\"pattern\":\"a*a*[!?]\"}}}", "c");
    const struct weir_str cells[1] = {{cell, len}};
    assert_string_equal(check_cells(&t, cells, 1), "c: " STEPS);
    close_table(&t);
    free(cell);
}

static void references_that_double_end_at_the_rows_steps(void **state)
{
    static const char schema[] =
        "{\"$defs\":{\"ext\":{\"$ref\":\"#/$defs/base\",\"properties\":{\"c\":{\"$ref\":"
        "\"#/$defs/ext\"}}},\"base\":{\"properties\":{\"c\":{\"$ref\":\"#/$defs/ext\"}}}},"
        "\"properties\":{\"a\":{\"$ref\":\"#/$defs/ext\"}}}";
    struct table t = open_table(schema, "a|b");
    char cell[6 * 60 + 3];

    (void)state;
    for (size_t depth = 5; depth <= 60; depth += 55) {
        cell[0] = '\0';
        for (size_t i = 0; i < depth; i++) {
            memcpy(cell + 5 * i, "{\"c\":", 6);
        }
        cell[5 * depth] = '1';
        memset(cell + 5 * depth + 1, '}', depth);
        cell[6 * depth + 1] = '\0';
        const struct weir_str cells[2] = {weir_str_of(cell), WEIR_STR("\xFF")};
        assert_string_equal(
            check_cells(&t, cells, 2), depth == 5 ? "b: not valid UTF-8" : "a: " STEPS);
    }
    assert_string_equal(check_cell(&t, "{}"), ""); /* the next row has its own */
    close_table(&t);
}

static void memory_of_large_cells_is_given_back(void **state)
{
    struct table t = open_table("{\"properties\":{\"c\":{\"type\":\"array\"}}}", "c");
    char *cell = make_array("\"\\u0041\"", WEIR_JSON_VALUES_MAX - 1);

    (void)state;
    weir_schema_check_trim(t.check); /* nothing is there yet */
    assert_string_equal(check_cell(&t, "[\"\\n\"]"), "");
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    weir_schema_check_trim(t.check);
    assert_int_equal(mallinfo2().uordblks + mallinfo2().hblkhd, before); /* small: kept */
    assert_string_equal(check_cell(&t, cell), "");
    if (before > 0) { /* a sanitizer does not count */
        assert_true(mallinfo2().uordblks + mallinfo2().hblkhd > before + 8 * WEIR_MIB);
    }
    weir_schema_check_trim(t.check);
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd <= before);
    assert_string_equal(check_cell(&t, "[\"\\n\"]"), "");
    close_table(&t);
    free(cell);
}

static void two_checks_share_a_plan(void **state)
{
    struct table t = open_table(refs, "c|tree");
    struct weir_err err = {.code = WEIR_OK};
    struct weir_schema_check *other = weir_schema_check_new(t.plan, &err);
    struct weir_str cell = WEIR_STR("b"), good = WEIR_STR("ab");
    size_t problems = 0;

    (void)state;
    assert_non_null(other);
    check_cells(&t, &cell, 1);
    assert_int_equal(schema_check_row(other, &good, 1, &t.errors, &problems, &err), 0);
    assert_int_equal(problems, 0);
    weir_schema_check_free(other);
    weir_schema_check_free(NULL);
    weir_schema_plan_free(NULL);
    close_table(&t);
}

static char *read_events_schema(void)
{
    FILE *f = fopen("handlers/validate/events.schema.json", "rb");
    char *text = calloc(1, 16384);

    if (f == NULL) {
        fail_msg("handlers/validate/events.schema.json: run this in the repository's root");
    }
    assert_non_null(text);
    size_t n = fread(text, 1, 16383, f);
    fclose(f);
    text[n] = '\0';
    return text;
}

#define ORGANIZER                                                                                  \
    "{\"organizerId\":\"ORG1\",\"organizerName\":\"N\",\"contact\":\"a@b.example\",\"website\":"   \
    "\"https://x.example/\",\"socialMedia\":{\"facebook\":\"f\",\"twitter\":\"t\"}}"
#define ATTENDEES "[{\"attendeeId\":\"A1\",\"attendeeName\":\"N\",\"status\":\"Confirmed\"}]"
#define SESSIONS "[{\"sessionId\":\"S1\",\"sessionName\":\"N\",\"time\":\"2024-05-12T09:00:00Z\"}]"
#define COSTS                                                                                      \
    "{\"totalAmount\":10.5,\"currency\":\"USD\",\"breakdown\":{\"venue\":1,\"catering\":2,"        \
    "\"entertainment\":3,\"workshopMaterials\":4.5}}"

struct event_case {
    const char *cells[12];
    const char *errors;
};

static const struct event_case event_cases[] = {
    {{"EVT1", "n", "2024-05-12", "l", ORGANIZER, ATTENDEES, SESSIONS, COSTS, "{}", "{}", "{}",
         "{}"},
        ""},
    {{"EVT1", "n", "2024-05-12", "l", ORGANIZER, "[]", "[]", COSTS, "", "", "", ""}, ""},
    {{"", "", "", "", "", "", "", "", "", "", "", ""},
        "eventId: required; eventName: required; eventDate: required; location: required; "
        "organizerInfo: required; attendeeList: required; sessions: required; costs: required"},
    {{"evt1", "n", "2024-5-12", "l", "{}", "[{}]", "[{}]", "{}", "[]", "x", "5", "{"},
        "eventId: must match the pattern ^EVT\\d+$; eventDate: must be a date (YYYY-MM-DD); "
        "organizerInfo/organizerId: required; organizerInfo/organizerName: required; "
        "organizerInfo/contact: required; attendeeList/0/attendeeId: required; "
        "attendeeList/0/attendeeName: required; attendeeList/0/status: required; "
        "sessions/0/sessionId: required; sessions/0/sessionName: required; "
        "sessions/0/time: required; costs/totalAmount: required; costs/currency: required; "
        "costs/breakdown: required; additionalNotes: must be an object; "
        "sponsorshipDetails: must be JSON: a value is expected at byte 1; "
        "transportationInfo: must be an object; "
        "accommodationDetails: must be JSON: the text ends too early at byte 2"},
    {{"EVT1", "n", "2024-05-12", "l",
         "{\"organizerId\":1,\"organizerName\":\"N\",\"contact\":\"nobody\",\"website\":\"www\","
         "\"socialMedia\":{\"facebook\":\"f\"}}",
         "[{\"attendeeId\":\"A\",\"attendeeName\":\"N\",\"status\":\"confirmed\"}]",
         "[{\"sessionId\":\"S\",\"sessionName\":\"N\",\"time\":\"2024-05-12 09:00\"}]",
         "{\"totalAmount\":\"10\",\"currency\":\"USD\",\"breakdown\":{\"venue\":null}}", "", "", "",
         ""},
        "organizerInfo/organizerId: must be a string; "
        "organizerInfo/contact: must be an e-mail address; organizerInfo/website: must be a URI; "
        "organizerInfo/socialMedia/twitter: required; "
        "attendeeList/0/status: must be one of Confirmed, Pending, Interested; "
        "sessions/0/time: must be a date-time (YYYY-MM-DDThh:mm:ssZ); "
        "costs/totalAmount: must be a number; costs/breakdown/venue: must be a number; "
        "costs/breakdown/catering: required; costs/breakdown/entertainment: required; "
        "costs/breakdown/workshopMaterials: required"},
};

static void events_are_checked_by_the_schema_that_ships(void **state)
{
    char *schema = read_events_schema();

    (void)state;
    struct table t = open_table(schema,
        "eventId|eventName|eventDate|location|organizerInfo|attendeeList|sessions|costs|"
        "additionalNotes|sponsorshipDetails|transportationInfo|accommodationDetails");
    for (size_t i = 0; i < sizeof event_cases / sizeof event_cases[0]; i++) {
        struct weir_str cells[12];
        for (size_t k = 0; k < 12; k++) {
            cells[k] = weir_str_of(event_cases[i].cells[k]);
        }
        assert_string_equal(check_cells(&t, cells, 12), event_cases[i].errors);
    }
    close_table(&t);
    free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_checked_as_their_schema_says),
        cmocka_unit_test(references_are_followed_with_their_siblings),
        cmocka_unit_test(draft_07_checks_only_what_the_reference_leads_to),
        cmocka_unit_test(recursion_goes_as_deep_as_the_data),
        cmocka_unit_test(rows_are_checked_column_by_column_then_for_what_is_missing),
        cmocka_unit_test(columns_that_the_schema_does_not_know_may_be_forbidden_or_checked),
        cmocka_unit_test(a_root_that_refers_on_checks_both),
        cmocka_unit_test(names_in_messages_are_clean_and_short),
        cmocka_unit_test(nothing_of_the_data_is_in_a_message),
        cmocka_unit_test(a_cell_over_the_limit_is_a_failure),
        cmocka_unit_test(wide_objects_are_searched_and_their_missing_names_told),
        cmocka_unit_test(a_row_allocates_nothing_in_the_steady_state),
        cmocka_unit_test(a_row_has_so_many_steps_and_no_more),
        cmocka_unit_test(a_pattern_that_is_too_dear_for_a_cell_is_no_match),
        cmocka_unit_test(references_that_double_end_at_the_rows_steps),
        cmocka_unit_test(memory_of_large_cells_is_given_back),
        cmocka_unit_test(two_checks_share_a_plan),
        cmocka_unit_test(events_are_checked_by_the_schema_that_ships),
    };

    return cmocka_run_group_tests_name("schema/check", tests, NULL, NULL);
}
