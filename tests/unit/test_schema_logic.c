/*
 * Do schemas that lead to others judge as the specification says, and is what is wrong told where
 * it is? JSON as it is, and rows that are looked at as a whole.
 */
#include "core/limits.h"
#include "tests/support/schema_table.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define D7 "\"$schema\":\"http://json-schema.org/draft-07/schema#\","

struct json_case {
    const char *schema; /* NULL: the one before */
    const char *text, *errors;
};

static const struct json_case json_cases[] = {
    {"{\"allOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{\"a\":1,\"b\":2}", ""},
    {NULL, "{}", "a: required; b: required"},
    {NULL, "1", ""},
    {"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"required\":[\"a\"]}]}", "null", ""},
    {NULL, "{\"a\":1}", ""},
    {NULL, "{}", "a: required"}, /* the only one for objects */
    {NULL, "[]", "row: must match one of the 2 schemas of anyOf"},
    {"{\"anyOf\":[{\"minimum\":3},{\"multipleOf\":2}]}", "1",
        "row: must match one of the 2 schemas of anyOf"},
    {NULL, "2", ""},
    {"{\"oneOf\":[{\"minimum\":3},{\"multipleOf\":2}]}", "4",
        "row: matches more than one schema of oneOf"},
    {NULL, "5", ""},
    {NULL, "2", ""},
    {NULL, "1", "row: must match one of the 2 schemas of oneOf"},
    {"{\"oneOf\":[{\"minimum\":3}]}", "1", "row: must be at least 3"},
    {"{\"not\":{\"type\":[\"string\",\"null\"]}}", "1", ""},
    {NULL, "\"\"", "row: must not match the schema of not"},
    {"{\"if\":{\"properties\":{\"k\":{\"const\":1}}},\"then\":{\"required\":[\"a\"]},\"else\":{"
     "\"required\":[\"b\"]}}",
        "{\"k\":1}", "a: required"},
    {NULL, "{\"k\":2}", "b: required"},
    {NULL, "{\"k\":2,\"b\":0}", ""},
    {"{\"then\":false,\"else\":false}", "1", ""},
    {"{\"const\":false}", "false", ""},
    {NULL, "0", "row: must be false"},
    /* objects */
    {"{\"dependentRequired\":{\"card\":[\"name\",\"code\"]}}", "{\"card\":1,\"name\":2}",
        "code: required when there is card"},
    {NULL, "{\"name\":1}", ""},
    {"{\"dependentSchemas\":{\"a\":{\"maxProperties\":1}}}", "{\"a\":1,\"b\":2}",
        "row: must have at most 1 property"},
    {NULL, "{\"c\":1,\"b\":2}", ""},
    {"{\"dependencies\":{\"a\":[\"b\"],\"c\":{\"minProperties\":3}}}", "{\"a\":1,\"c\":1}",
        "b: required when there is a; row: must have at least 3 properties"},
    {"{\"dependencies\":{\"a\":[\"c\"]},\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
        "c: required when there is a; b: required when there is a"},
    {"{\"patternProperties\":{\"^n_\":{\"type\":\"number\"},\"x$\":false},\"additionalProperties\":"
     "{\"type\":\"string\"},\"properties\":{\"n_0\":{\"minimum\":5}}}",
        "{\"n_0\":7,\"n_1\":1,\"z\":\"\"}", ""},
    {NULL, "{\"n_0\":1,\"n_1\":\"\",\"z\":1,\"n_x\":1}",
        "n_0: must be at least 5; n_1: must be a number; z: must be a string; n_x: not allowed"},
    {"{\"propertyNames\":{\"maxLength\":3}}", "{\"abc\":1,\"abcd\":2}",
        "abcd: as a name must have at most 3 characters"},
    {"{\"properties\":{\"a\":true,\"b\":false},\"additionalProperties\":false}", "{\"a\":1}", ""},
    {NULL, "{\"b\":1,\"c\":1}", "b: not allowed; c: not allowed"},
    /* arrays */
    {"{\"prefixItems\":[{\"type\":\"string\"},{\"type\":\"number\"}],\"items\":{\"type\":\"null\"}"
     "}",
        "[\"a\",1,null]", ""},
    {NULL, "[1,\"a\",0,null]", "0: must be a string; 1: must be a number; 2: must be null"},
    {NULL, "[]", ""},
    {"{" D7 "\"items\":[{\"type\":\"string\"}],\"additionalItems\":false}", "[\"a\"]", ""},
    {NULL, "[\"a\",1]", "1: not allowed"},
    {"{" D7 "\"items\":{\"type\":\"string\"},\"additionalItems\":false}", "[\"a\",\"b\"]", ""},
    {"{\"contains\":{\"type\":\"null\"}}", "[1,null]", ""},
    {NULL, "[1]", "row: must have an element that matches the schema of contains"},
    {NULL, "[]", "row: must have an element that matches the schema of contains"},
    {"{\"contains\":{\"type\":\"null\"},\"minContains\":2,\"maxContains\":3}", "[null,null]", ""},
    {NULL, "[null]", "row: must have at least 2 elements that match the schema of contains"},
    {NULL, "[null,null,null,null]",
        "row: must have at most 3 elements that match the schema of contains"},
    {"{\"contains\":false,\"minContains\":0}", "[]", ""},
    {"{\"minItems\":1,\"maxItems\":2}", "[]", "row: must have at least 1 element"},
    {NULL, "[1,2,3]", "row: must have at most 2 elements"},
    {"{\"uniqueItems\":true}", "[1,true,\"1\",[1],{\"a\":1},null]", ""},
    {NULL, "[1,2,1.0]", "row: must not have the same element twice"},
    {NULL, "[{\"a\":1,\"b\":[2]},{\"b\":[2.0],\"a\":1}]",
        "row: must not have the same element twice"},
    {NULL, "[0,1,2,3,4,5,6,7,8,9,10,11,12,1e1]", "row: must not have the same element twice"},
    {NULL, "[0,1,2,3,4,5,6,7,8,9,10,11,12,{\"a\":1,\"b\":2},{\"a\":2,\"b\":1},\"1\"]", ""},
    {NULL, "[0,1,2,3,4,5,6,7,8,9,10,11,12,{\"a\":1,\"b\":20},{\"b\":2e1,\"a\":1}]",
        "row: must not have the same element twice"},
    {NULL, "[0,1,2,3,4,5,6,7,8,9,10,11,12,[1,2],[2,1],\"a\",\"\\u0061\"]",
        "row: must not have the same element twice"},
    {NULL, "[0,1,2,3,4,5,6,7,8,null,true,false]", ""},
    {NULL, "[0,1,2,3,4,5,6,7,8,null,true,null]", "row: must not have the same element twice"},
    /* numbers */
    {"{\"multipleOf\":0.1}", "0.3", ""},
    {NULL, "0.35", "row: must be a multiple of 0.1"},
    {NULL, "1e400", ""},
    {NULL, "123456789012345678901234567890.1", ""},
    {NULL, "-0.0", ""},
    {"{\"multipleOf\":7}", "9007199254740995", ""},
    {NULL, "9007199254740993", "row: must be a multiple of 7"},
    {NULL, "14e100", ""},
    {NULL, "1e999999999999999999999", "row: must be a multiple of 7"},
    {NULL, "7e-1", "row: must be a multiple of 7"},
    {"{\"multipleOf\":1e-8}", "12391239123", ""},
    {"{\"multipleOf\":2.5e3}", "5000", ""},
    {NULL, "2501", "row: must be a multiple of 2.5e3"},
    {"{\"exclusiveMinimum\":1,\"exclusiveMaximum\":9007199254740993}", "9007199254740992", ""},
    {NULL, "1.0", "row: must be more than 1"},
    {NULL, "9007199254740993", "row: must be less than 9007199254740993"},
    /* unevaluated */
    {"{\"$ref\":\"#/$defs/"
     "a\",\"properties\":{\"b\":true},\"unevaluatedProperties\":false,\"$defs\":"
     "{\"a\":{\"properties\":{\"a\":true}}}}",
        "{\"a\":1,\"b\":2}", ""},
    {NULL, "{\"a\":1,\"c\":2}", "c: not allowed"},
    {"{\"anyOf\":[{\"properties\":{\"k\":{\"const\":1},\"a\":true},\"required\":[\"k\"]},{"
     "\"properties\":{\"b\":true}}],\"unevaluatedProperties\":{\"type\":\"null\"}}",
        "{\"k\":1,\"a\":2,\"b\":3,\"z\":null}", ""},
    {NULL, "{\"k\":2,\"b\":3}", "k: must be null"},
    {"{\"if\":{\"prefixItems\":[{\"const\":1}]},\"then\":{\"prefixItems\":[true,true]},"
     "\"unevaluatedItems\":false}",
        "[1,2]", ""},
    {NULL, "[2]", "0: not allowed"},
    {NULL, "[1,2,3]", "2: not allowed"},
    {"{\"contains\":{\"type\":\"string\"},\"unevaluatedItems\":{\"type\":\"number\"}}",
        "[\"a\",1,\"b\"]", ""},
    {NULL, "[\"a\",null]", "1: must be a number"},
    {"{\"allOf\":[{\"patternProperties\":{\"^p\":true}}],\"unevaluatedProperties\":false}",
        "{\"p1\":1,\"p2\":2}", ""},
    {NULL, "{\"q\":1}", "q: not allowed"},
    {"{\"properties\":{\"a\":true},\"dependentSchemas\":{\"a\":{\"properties\":{\"b\":true}}},"
     "\"unevaluatedProperties\":false}",
        "{\"a\":1,\"b\":2}", ""},
    {NULL, "{\"a\":1,\"c\":2}", "c: not allowed"},
    {NULL, "{\"b\":2}", "b: not allowed"},
    {"{\"allOf\":[{\"unevaluatedProperties\":true},{\"unevaluatedItems\":true}],"
     "\"unevaluatedProperties\":false,\"unevaluatedItems\":false}",
        "{\"a\":1}", ""},
    {NULL, "[1]", ""},
    /* the document */
    {"true", "{\"a\":", "row: must be JSON: the text ends too early at byte 6"},
    {NULL, "\"\xFF\"", "row: must be JSON: not valid UTF-8 at byte 2"},
    {"false", "1", "row: not allowed"},
    {"{\"properties\":{\"\":false},\"required\":[\"a~/b\"]}", "{\"\":1}",
        "\"\": not allowed; a~0~1b: required"},
    {"{\"properties\":{\"a\":{\"properties\":{\"b\":{\"items\":{\"type\":\"null\"}}}}}}",
        "{\"a\":{\"b\":[null,1]}}", "a/b/1: must be null"},
};

static void json_is_judged_as_the_specification_says(void **state)
{
    struct schema_table b = {.problems = 0};
    const char *schema = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof json_cases / sizeof json_cases[0]; i++) {
        const struct json_case *c = &json_cases[i];
        if (c->schema != NULL) {
            if (schema != NULL) {
                schema_table_close(&b);
            }
            schema = c->schema;
            b = schema_table_open(schema, NULL);
        }
        const char *errors = schema_table_json(&b, c->text);
        if (strcmp(errors, c->errors) != 0) {
            fail_msg("%s\n  %s:\n  %s\n  not %s", schema, c->text, errors, c->errors);
        }
    }
    schema_table_close(&b);
}

struct row_case {
    const char *schema, *header; /* NULL: those before */
    const char *cells, *errors;
};

static const struct row_case row_cases[] = {
    {"{\"properties\":{\"kind\":{\"enum\":[\"card\",\"cash\"]},\"number\":{\"type\":\"integer\"}},"
     "\"required\":[\"kind\"],\"if\":{\"properties\":{\"kind\":{\"const\":\"card\"}}},\"then\":{"
     "\"required\":[\"number\"]},\"minProperties\":2}",
        "kind|number|note", "card|5|", ""},
    {NULL, NULL, "card||x", "number: required"},
    {NULL, NULL, "cash|x|", "number: must be an integer"},
    {NULL, NULL, "cash||", "row: must have at least 2 properties"},
    {NULL, NULL, "||", "kind: required; row: must have at least 2 properties; number: required"},
    /* a cell that cannot be read: no more is said of the row */
    {NULL, NULL, "card|\xFF|", "number: not valid UTF-8"},
    /* what is said of a column in several places says how it is read */
    {"{\"oneOf\":[{\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":10}}},{\"properties\":{"
     "\"n\":{\"const\":\"none\"}}}]}",
        "n", "12", ""},
    {NULL, NULL, "none", ""},
    {NULL, NULL, "9", "row: must match one of the 2 schemas of oneOf"},
    {"{\"allOf\":[{\"$ref\":\"#/$defs/"
     "p\"},{\"properties\":{\"o\":{\"required\":[\"x\"]}}}],\"$defs\":{"
     "\"p\":{\"properties\":{\"o\":{\"type\":\"object\"},\"t\":{\"type\":\"string\"}}}}}",
        "o|t", "{\"x\":1}|{}", ""},
    {NULL, NULL, "{}|{}", "o/x: required"},
    {NULL, NULL, "5|", "o: must be an object"},
    {"{\"properties\":{\"n\":{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"boolean\"}]}}}", "n",
        "12", ""},
    {NULL, NULL, "x", "n: must match one of the 2 schemas of anyOf"},
    {"{\"properties\":{\"n\":{\"allOf\":[{\"type\":\"integer\"},{\"minimum\":3}]}}}", "n", "3", ""},
    {NULL, NULL, "2", "n: must be at least 3"},
    {"{\"properties\":{\"n\":{\"if\":{\"type\":\"integer\"},\"then\":{\"minimum\":3},\"else\":{"
     "\"maxLength\":1}}}}",
        "n", "12", ""},
    {NULL, NULL, "2", "n: must be at least 3"},
    {NULL, NULL, "ab", "n: must have at most 1 character"},
    {"{\"properties\":{\"n\":{\"not\":{\"type\":\"integer\"}}}}", "n", "1.5", ""},
    {NULL, NULL, "1.0", "n: must not match the schema of not"},
    {"{\"dependentSchemas\":{\"a\":{\"properties\":{\"n\":{\"type\":\"integer\"}}}}}", "a|n", "1|2",
        ""},
    {NULL, NULL, "1|x", "n: must be an integer"},
    {NULL, NULL, "|x", ""},
    {"{\"not\":{\"required\":[\"a\",\"b\"]}}", "a|b", "1|", ""},
    {NULL, NULL, "1|1", "row: must not match the schema of not"},
    {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "a|b|a", "1||", "b: required when there is a"},
    {NULL, NULL, "||1", ""}, /* the first of two columns of a name counts */
    {"{\"patternProperties\":{\"^n\":{\"type\":\"integer\"}},\"additionalProperties\":{"
     "\"maxLength\":"
     "2}}",
        "n1|n2|s", "1|2|ab", ""},
    {NULL, NULL, "1|x|abc", "n2: must be an integer; s: must have at most 2 characters"},
    /* also where it is not said by its name */
    {"{\"allOf\":[{\"patternProperties\":{\"^n\":{\"type\":\"integer\"}},\"additionalProperties\":"
     "{\"type\":\"boolean\"}}]}",
        "n|b", "1|true", ""},
    {NULL, NULL, "x|1", "n: must be an integer; b: must be true or false"},
    {"{\"if\":{\"required\":[\"a\"]},\"then\":{\"patternProperties\":{\"^n\":{\"type\":\"integer\"}"
     "}}}",
        "a|n", "1|2", ""},
    {NULL, NULL, "1|x", "n: must be an integer"},
    {NULL, NULL, "|x", ""},
    {"{\"$ref\":\"#/$defs/"
     "p\",\"unevaluatedProperties\":{\"type\":[\"integer\",\"array\"]},\"$defs\":{"
     "\"p\":{\"properties\":{\"s\":{\"maxLength\":2}}}}}",
        "s|n|m", "12|1|[]", ""},
    {NULL, NULL, "123|x|", "s: must have at most 2 characters; n: must be an integer or an array"},
    /* what is left over is so for a schema and its parts, whatever others say */
    {"{\"properties\":{\"n\":{}},\"allOf\":[{\"properties\":{\"m\":{}}},{"
     "\"unevaluatedProperties\":{\"type\":\"integer\"}}]}",
        "n|m", "1|2", ""},
    {NULL, NULL, "1|x", "m: must be an integer"},
    {"{\"propertyNames\":{\"pattern\":\"^[a-z]+$\"}}", "ok|Bad", "1|", ""},
    {NULL, NULL, "1|1", "Bad: as a name must match the pattern ^[a-z]+$"},
    {"{\"properties\":{\"a\":{\"type\":\"array\"}},\"unevaluatedProperties\":false,\"allOf\":[{"
     "\"properties\":{\"b\":true}}]}",
        "a|b|c", "[1]|x|", ""},
    {NULL, NULL, "[1]|x|y", "c: not allowed"},
    {"{\"properties\":{\"a\":{\"type\":\"object\"},\"b\":{\"type\":\"object\"}},\"enum\":[{\"a\":{"
     "\"s\":\"x\"},\"b\":{\"s\":\"\xC3\xA4\"}}]}",
        "a|b", "{\"s\":\"\\u0078\"}|{\"s\":\"\\u00e4\"}", ""},
    {NULL, NULL, "{\"s\":\"\\u0079\"}|{\"s\":\"\\u00e4\"}", "row: must be {...}"},
};

static void rows_are_looked_at_as_a_whole(void **state)
{
    struct schema_table b = {.problems = 0};
    const char *schema = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof row_cases / sizeof row_cases[0]; i++) {
        const struct row_case *c = &row_cases[i];
        if (c->schema != NULL) {
            if (schema != NULL) {
                schema_table_close(&b);
            }
            schema = c->schema;
            b = schema_table_open(schema, c->header);
        }
        const char *errors = schema_table_row(&b, c->cells);
        if (strcmp(errors, c->errors) != 0) {
            fail_msg("%s\n  %s:\n  %s\n  not %s", schema, c->cells, errors, c->errors);
        }
    }
    schema_table_close(&b);
}

struct told {
    char text[1024];
};

static void collect(void *ctx, const struct weir_schema_problem *p)
{
    struct told *t = ctx;
    size_t len = strlen(t->text);

    snprintf(t->text + len, sizeof t->text - len, "%s%zd %s %s %s\n", "",
        p->column == SIZE_MAX ? (ssize_t)-1 : (ssize_t)p->column, p->label, p->pointer, p->keyword);
}

static void a_problem_has_its_column_pointer_and_keyword(void **state)
{
    struct schema_table b =
        schema_table_open("{\"properties\":{\"a\":{\"type\":\"object\",\"properties\":{\"x\":{"
                          "\"items\":{\"minimum\":3}}}},\"f\":false},\"required\":[\"z\"],"
                          "\"allOf\":[{\"properties\":{\"b\":{\"maxLength\":1}}}]}",
            "a|b|f|a");
    const struct weir_str cells[] = {
        WEIR_STR("{\"x\":[5,1]}"), WEIR_STR("xx"), WEIR_STR("1"), WEIR_STR("[]")};
    const struct weir_schema_row four = {.cells = cells, .n = 4}, one = {.cells = cells, .n = 1};
    struct weir_err err = {.code = WEIR_OK};
    struct told t = {""};
    size_t problems = 0;

    (void)state;
    assert_int_equal(weir_schema_check_cells(b.check, &four, collect, &t, &problems, &err), 0);
    assert_string_equal(t.text, "0 a /x/1 minimum\n"
                                "2 f  false\n"
                                "3 a  type\n"
                                "-1 z  required\n"
                                "1 b  maxLength\n");
    assert_int_equal(problems, 5);
    t.text[0] = '\0';
    assert_int_equal(weir_schema_check_json(b.check, WEIR_STR("{\"a\":{\"x\":[1]},\"z\":\"\"}"),
                         collect, &t, &problems, &err),
        0);
    assert_string_equal(t.text, "0 a /x/0 minimum\n");
    schema_table_close(&b);

    b = schema_table_open("{\"additionalProperties\":false}", "a");
    t.text[0] = '\0';
    assert_int_equal(weir_schema_check_cells(b.check, &one, collect, &t, &problems, &err), 0);
    assert_string_equal(t.text, "0 a  additionalProperties\n");
    schema_table_close(&b);
}

/* What explodes ends at the row's steps, in a branch too, where it may not become a yes. */
static void what_nobody_knows_is_never_a_yes(void **state)
{
    static const char *const schemas[] = {"{\"not\":{\"pattern\":\"^(a|aa|a*)*$\"}}",
        "{\"anyOf\":[{\"not\":{\"pattern\":\"^(a|aa|a*)*$\"}}]}",
        "{\"if\":{\"pattern\":\"^(a|aa|a*)*$\"},\"else\":true}",
        "{\"not\":{\"contains\":{\"pattern\":\"^(a|aa|a*)*$\"}}}"};
    const char *text = "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"";

    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        struct schema_table b = schema_table_open(schemas[i], NULL);
        char in[128];
        snprintf(in, sizeof in, i == 3 ? "[%s]" : "%s", text);
        assert_string_equal(schema_table_json(&b, in), "row: takes too many steps to check");
        schema_table_close(&b);
    }
}

/* A name that explodes, a set that is large, and a row that its columns leave no steps. */
static void steps_end_wherever_they_are_taken(void **state)
{
#define EXPLODES "\"^(a|aa|a*)*$\""
#define A48 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"
    static const char spent[] = "row: takes too many steps to check";
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;
    struct schema_table b = schema_table_open("{\"patternProperties\":{" EXPLODES ":true}}", NULL);

    (void)state;
    assert_string_equal(schema_table_json(&b, "{\"" A48 "\":1}"), spent);
    schema_table_close(&b);
    b = schema_table_open("{\"not\":{\"properties\":{\"a\":{\"pattern\":" EXPLODES "}}}}", "a");
    assert_string_equal(schema_table_row(&b, A48), spent);
    schema_table_close(&b);

    weir_buf_init(&text, WEIR_MIB);
    weir_buf_adds(&text, "{\"items\":{\"enum\":[0", &err);
    for (int i = 0; i < 60000; i++) {
        weir_buf_adds(&text, ",0", &err);
    }
    weir_buf_adds(&text, "]}}", &err);
    b = schema_table_open(weir_buf_text(&text, &err), NULL);
    text.len = 0;
    for (int i = 0; i < 2000; i++) {
        weir_buf_adds(&text, i == 0 ? "[1" : ",1", &err);
    }
    weir_buf_adds(&text, "]", &err);
    assert_non_null(
        strstr(schema_table_json(&b, weir_buf_text(&text, &err)), "takes too many steps"));
    schema_table_close(&b);
    weir_buf_fini(&text);
}

static void what_is_larger_than_a_row_may_be_is_a_limit(void **state)
{
    static const size_t half = WEIR_ROW_MAX_BYTES / 2 + 1;
    const struct weir_str cells[] = {{"", half}, {"", half}};
    struct weir_err err = {.code = WEIR_OK};
    struct schema_table b = schema_table_open("{\"minProperties\":1}", "a|b");

    (void)state; /* nobody reads what they say that there is */
    assert_int_equal(schema_check_row(b.check, cells, 2, &b.errors, &b.problems, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    err.code = WEIR_OK;
    assert_int_equal(weir_schema_check_json(b.check, (struct weir_str){"", 2 * half},
                         schema_errors_add, &b.errors, &b.problems, &err),
        -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    schema_table_close(&b);
}

/* Each level has two ways to the next, so that 2^60 paths lead to the last. */
static void branches_that_double_end_at_the_rows_steps(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    weir_buf_adds(&text, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{", &err);
    for (int i = 0; i < 30; i++) {
        weir_buf_addf(&text, &err,
            "\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":\"#/$defs/d%d\"}]},", i,
            i + 1, i + 1);
    }
    weir_buf_adds(&text, "\"d30\":{\"type\":\"null\"}}}", &err);
    struct schema_table b = schema_table_open(weir_buf_text(&text, &err), NULL);
    assert_string_equal(schema_table_json(&b, "1"), "row: takes too many steps to check");
    assert_string_equal(schema_table_json(&b, "null"), "");
    schema_table_close(&b);
    weir_buf_fini(&text);
}

static void unevaluated_parts_end_at_the_rows_steps(void **state)
{
    struct schema_table b =
        schema_table_open("{\"allOf\":[{\"anyOf\":[{\"properties\":{\"x\":{\"$ref\":\"#\"}}},{"
                          "\"properties\":{\"y\":{\"$ref\":\"#\"}}}]}],\"unevaluatedProperties\":"
                          "{\"$ref\":\"#\"}}",
            NULL);
    char text[6 * 100 + 8] = "";

    (void)state;
    for (int i = 0; i < 100; i++) {
        memcpy(text + 5 * i, i % 2 ? "{\"x\":" : "{\"y\":", 6);
    }
    text[500] = '1';
    memset(text + 501, '}', 100);
    text[601] = '\0';
    assert_string_equal(schema_table_json(&b, text), "row: takes too many steps to check");
    assert_string_equal(schema_table_json(&b, "{\"x\":{\"y\":{\"z\":1}}}"), "");
    schema_table_close(&b);
}

/* Each level of the value is ten schemas deep: the stack ends before the nesting does. */
static void schemas_within_each_other_have_a_limit(void **state)
{
    char schema[1024] = "{\"$ref\":\"#/$defs/n\",\"$defs\":{\"n\":", text[6 * 120 + 8] = "";
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf s;

    (void)state;
    weir_buf_init(&s, sizeof schema);
    weir_buf_adds(&s, schema, &err);
    for (int i = 0; i < 10; i++) {
        weir_buf_adds(&s, "{\"anyOf\":[", &err);
    }
    weir_buf_adds(&s, "{\"properties\":{\"c\":{\"$ref\":\"#/$defs/n\"}}}", &err);
    for (int i = 0; i < 10; i++) {
        weir_buf_adds(&s, "]}", &err);
    }
    weir_buf_adds(&s, "}}", &err);
    struct schema_table b = schema_table_open(weir_buf_text(&s, &err), NULL);
    for (int depth = 20; depth <= 120; depth += 100) {
        for (int i = 0; i < depth; i++) {
            memcpy(text + 5 * i, "{\"c\":", 6);
        }
        text[5 * depth] = '1';
        memset(text + 5 * depth + 1, '}', (size_t)depth);
        text[6 * depth + 1] = '\0';
        assert_string_equal(
            schema_table_json(&b, text), depth == 20 ? "" : "row: takes too many steps to check");
    }
    schema_table_close(&b);
    weir_buf_fini(&s);
}

static void many_elements_are_unique_in_linear_time(void **state)
{
    struct schema_table b = schema_table_open("{\"uniqueItems\":true}", NULL);
    const size_t n = 200000;
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, WEIR_ROW_MAX_BYTES);
    weir_buf_adds(&text, "[0", &err);
    for (size_t i = 1; i < n; i++) {
        weir_buf_addf(&text, &err, ",%zu", i);
    }
    weir_buf_adds(&text, "]", &err);
    assert_string_equal(schema_table_json(&b, weir_buf_text(&text, &err)), "");
    text.len--;
    weir_buf_adds(&text, ",1999990e-1]", &err);
    assert_string_equal(schema_table_json(&b, weir_buf_text(&text, &err)),
        "row: must not have the same element twice");
    weir_schema_check_trim(b.check);
    schema_table_close(&b);
    weir_buf_fini(&text);
}

/* Neither the row as a whole, nor tables for uniqueItems, nor what an invalid one has to say. */
static void nothing_is_allocated_once_a_row_like_it_was_seen(void **state)
{
    struct schema_table b =
        schema_table_open("{\"properties\":{\"a\":{\"type\":\"array\",\"uniqueItems\":true}},"
                          "\"anyOf\":[{\"required\":["
                          "\"z\"]},{\"not\":{\"required\":[\"b\"]}}],\"unevaluatedProperties\":{"
                          "\"format\":\"regex\"}}",
            "a|b");
    size_t before = 0;

    (void)state;
    for (int i = 0; i < 50; i++) {
        schema_table_row(&b, "[1,2,3,4,5,6,7,8,9,\"\\u0041\"]|(x");
        assert_int_equal(b.problems, 2);
        schema_table_row(&b, "[1,2,3,4,5,6,7,8,9,\"\\u0041\"]|");
        assert_int_equal(b.problems, 0);
        if (i == 1) {
            before = mallinfo2().uordblks; /* 0 under a sanitizer */
        }
    }
    assert_int_equal(mallinfo2().uordblks, before);
    schema_table_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_judged_as_the_specification_says),
        cmocka_unit_test(rows_are_looked_at_as_a_whole),
        cmocka_unit_test(a_problem_has_its_column_pointer_and_keyword),
        cmocka_unit_test(what_nobody_knows_is_never_a_yes),
        cmocka_unit_test(steps_end_wherever_they_are_taken),
        cmocka_unit_test(what_is_larger_than_a_row_may_be_is_a_limit),
        cmocka_unit_test(branches_that_double_end_at_the_rows_steps),
        cmocka_unit_test(unevaluated_parts_end_at_the_rows_steps),
        cmocka_unit_test(schemas_within_each_other_have_a_limit),
        cmocka_unit_test(nothing_is_allocated_once_a_row_like_it_was_seen),
        cmocka_unit_test(many_elements_are_unique_in_linear_time),
    };

    return cmocka_run_group_tests_name("schema/logic", tests, NULL, NULL);
}
