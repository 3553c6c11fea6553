/*
 * Does each cell get the right verdict and the right words, through references too, and never a
 * piece of the data in them?
 */
#include "core/limits.h"
#include "tests/support/schema_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
    struct schema_table t = {.problems = 0};

    (void)state;
    for (size_t i = 0; i < sizeof cell_cases / sizeof cell_cases[0]; i++) {
        const struct cell_case *c = &cell_cases[i];
        if (c->schema != NULL) {
            char text[1024];
            if (schema != NULL) {
                schema_table_close(&t);
            }
            schema = c->schema;
            snprintf(text, sizeof text, "{\"properties\":{\"c\":%s}}", schema);
            t = schema_table_open(text, "c");
        }
        const char *errors = schema_table_cell(&t, c->cell);
        if (strcmp(errors, c->errors) != 0) {
            fail_msg("%s\n  %s:\n  %s\n  not %s", schema, c->cell, errors, c->errors);
        }
    }
    schema_table_close(&t);
}

static void references_are_followed_with_their_siblings(void **state)
{
    struct schema_table t = schema_table_open(schema_table_refs, "c|tree");
    struct weir_str cells[2] = {
        WEIR_STR("abc"), WEIR_STR("{\"v\":1,\"kids\":[{\"v\":2},{\"v\":3,\"kids\":[{\"w\":1}]}]}")};

    (void)state;
    assert_string_equal(schema_table_cells(&t, cells, 2),
        "tree/kids/1/kids/0/w: not allowed; tree/kids/1/kids/0/v: required");
    assert_string_equal(schema_table_cell(&t, "bbbbb"),
        "c: must have at most 3 characters; c: must match the pattern ^a");
    assert_string_equal(schema_table_cell(&t, "b"),
        "c: must have at least 2 characters; c: must match the pattern ^a");
    schema_table_close(&t);
}

static void draft_07_checks_only_what_the_reference_leads_to(void **state)
{
    struct schema_table t =
        schema_table_open("{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
                          "\"definitions\":{\"n\":{\"type\":\"number\"}},\"properties\":{\"c\":{"
                          "\"$ref\":\"#/definitions/n\",\"minimum\":100,\"type\":\"string\"}}}",
            "c");

    (void)state;
    assert_string_equal(schema_table_cell(&t, "5"), "");
    assert_string_equal(schema_table_cell(&t, "x"), "c: must be a number");
    schema_table_close(&t);
}

/* As deep as cells may nest, through a schema that goes round. */
static void recursion_goes_as_deep_as_the_data(void **state)
{
    struct schema_table t =
        schema_table_open("{\"properties\":{\"c\":{\"$ref\":\"#/$defs/a\"}},\"$defs\":{\"a\":{"
                          "\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/a\"}}}}",
            "c");
    char cell[2 * WEIR_JSON_DEPTH_MAX + 8];
    const size_t d = WEIR_JSON_DEPTH_MAX;

    (void)state;
    memset(cell, '[', d);
    memset(cell + d, ']', d);
    cell[2 * d] = '\0';
    assert_string_equal(schema_table_cell(&t, cell), "");
    cell[d] = '1';
    memset(cell + d + 1, ']', d);
    cell[2 * d + 1] = '\0';
    const char *errors = schema_table_cell(&t, cell);
    assert_memory_equal(errors, "c/0/0/0/0/0", 11);
    assert_non_null(strstr(errors, "/0/0/0: must be an array"));
    memset(cell, '[', d + 1);
    cell[d + 1] = '\0';
    assert_string_equal(
        schema_table_cell(&t, cell), "c: must be JSON: nested deeper than 128 levels at byte 129");
    schema_table_close(&t);
}

/* More properties than a search from the front or one word of bits is good for. */
static void wide_objects_are_searched_and_their_missing_names_told(void **state)
{
    static const char wide[] =
        "{\"properties\":{\"c\":{\"type\":\"object\",\"additionalProperties\":false,"
        "\"required\":[%s],\"properties\":{%s}}}}";
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
    struct schema_table t = schema_table_open(weir_buf_text(&text, &err), "c");
    /* 3 from the back is p146, 99 is p50; in the order of `required` 146 * 43 % 150 = 128th. */
    const char *errors = schema_table_cell(&t, weir_buf_text(&cell, &err));
    assert_string_equal(
        errors, "c/p77: must be 77; c/p150: not allowed; c/p50: required; c/p146: required");
    schema_table_close(&t);
    weir_buf_fini(&names);
    weir_buf_fini(&props);
    weir_buf_fini(&text);
    weir_buf_fini(&cell);
}

static void nothing_of_the_data_is_in_a_message(void **state)
{
    static const char *const cells[] = {"SECRET", "{\"id\":\"SECRET\",\"SECRET", "[\"SECRET\"]",
        "{\"id\":\"SECRET\",\"contact\":\"SECRET\",\"tags\":[\"SECRET\",{\"q\":\"SECRET\"}]}",
        "\"SECRET", "{\"id\":SECRET}"};
    struct schema_table t = schema_table_open(
        "{\"properties\":{\"c\":{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"integer\"},"
        "\"contact\":{\"format\":\"email\",\"pattern\":\"^x\",\"enum\":[1],\"const\":2,"
        "\"maxLength\":1},\"tags\":{\"items\":{\"type\":\"null\"}}}}}}",
        "c");

    (void)state;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        const char *errors = schema_table_cell(&t, cells[i]);
        assert_true(t.problems > 0);
        assert_null(strstr(errors, "SECRET"));
    }
    schema_table_close(&t);
}

static void two_checks_share_a_plan(void **state)
{
    struct schema_table t = schema_table_open(schema_table_refs, "c|tree");
    struct weir_err err = {.code = WEIR_OK};
    struct weir_schema_check *other = weir_schema_check_new(t.plan, &err);
    struct weir_str cell = WEIR_STR("b"), good = WEIR_STR("ab");
    size_t problems = 0;

    (void)state;
    assert_non_null(other);
    schema_table_cells(&t, &cell, 1);
    assert_int_equal(schema_check_row(other, &good, 1, &t.errors, &problems, &err), 0);
    assert_int_equal(problems, 0);
    weir_schema_check_free(other);
    weir_schema_check_free(NULL);
    weir_schema_plan_free(NULL);
    schema_table_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_checked_as_their_schema_says),
        cmocka_unit_test(references_are_followed_with_their_siblings),
        cmocka_unit_test(draft_07_checks_only_what_the_reference_leads_to),
        cmocka_unit_test(recursion_goes_as_deep_as_the_data),
        cmocka_unit_test(wide_objects_are_searched_and_their_missing_names_told),
        cmocka_unit_test(nothing_of_the_data_is_in_a_message),
        cmocka_unit_test(two_checks_share_a_plan),
    };

    return cmocka_run_group_tests_name("schema/check", tests, NULL, NULL);
}
