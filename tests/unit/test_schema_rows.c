/*
 * Is a row checked column by column and then for what is missing, under the names that messages can
 * show, and does the schema that ships say of events what it should?
 */
#include "tests/support/files.h"
#include "tests/support/schema_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
        struct schema_table t = schema_table_open(people, row_cases[i].header);
        assert_string_equal(
            schema_table_cells(&t, row_cases[i].cells, row_cases[i].n), row_cases[i].errors);
        schema_table_close(&t);
    }
}

static void columns_that_the_schema_does_not_know_may_be_forbidden_or_checked(void **state)
{
    struct weir_str cells[3] = {WEIR_STR("1"), WEIR_STR("x"), WEIR_STR("")};
    struct schema_table t =
        schema_table_open("{\"additionalProperties\":false,\"properties\":{\"a\":true}}", "a|b|c");

    (void)state;
    assert_string_equal(schema_table_cells(&t, cells, 3), "b: not allowed");
    schema_table_close(&t);
    t = schema_table_open(
        "{\"additionalProperties\":{\"type\":\"number\"},\"properties\":{\"a\":true}}", "a|b|c");
    assert_string_equal(schema_table_cells(&t, cells, 3), "b: must be a number");
    schema_table_close(&t);
    t = schema_table_open("{\"additionalProperties\":false,\"required\":[\"b\"]}", "b");
    assert_string_equal(schema_table_cells(&t, cells, 1), "b: not allowed");
    schema_table_close(&t);
}

/* What is asked about a name (patterns, formats, lengths) is asked of text: the last byte of each
 * of these begins a character that goes on behind the name. */
static void bytes_of_a_name_that_are_no_text_are_replaced_for_the_schema(void **state)
{
    static const struct {
        const char *schema, *errors;
    } cases[] = {
        {"{\"patternProperties\":{\"^a\\ufffd\\ufffd$\":{\"type\":\"integer\"}}}",
            "a??: must be an integer"},
        {"{\"patternProperties\":{\"[\\u00e0-\\u00ef]\":false}}", ""},
        {"{\"propertyNames\":{\"pattern\":\"^a?\\ufffd+$\",\"maxLength\":3}}", ""},
        {"{\"propertyNames\":{\"format\":\"iri-reference\"}}",
            "a??: as a name must be an IRI or a relative reference; ?: as a name must be an IRI or "
            "a "
            "relative reference"},
        {"{\"propertyNames\":{\"format\":\"idn-hostname\"}}",
            "a??: as a name must be a host name; ?: as a name must be a host name"},
        {"{\"required\":[\"a\\ufffd\\ufffd\",\"a\"]}", "a: required"},
    };
    const struct weir_str cells[2] = {WEIR_STR("x"), WEIR_STR("1")};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct schema_table t = schema_table_open(cases[i].schema, "a\xFF\xC3|\xF0");
        assert_string_equal(schema_table_cells(&t, cells, 2), cases[i].errors);
        schema_table_close(&t);
    }
}

/* So it is when they are cut at the wrong delimiter. */
static void a_header_without_any_column_of_the_schema_is_strange(void **state)
{
    static const struct {
        const char *schema, *header;
        bool strange;
    } cases[] = {
        {"{\"properties\":{\"a\":true,\"b\":true}}", "a;b", true},
        {"{\"properties\":{\"a\":true,\"b\":true}}", "A|B", true},
        {"{\"properties\":{\"a\":true,\"b\":true}}", "x|b", false},
        {"{\"properties\":{\"a\":true},\"required\":[\"b\"]}", "b", false},
        {"{\"properties\":{\"a\":true},\"patternProperties\":{\"^x\":true}}", "x1", false},
        {"{\"properties\":{\"a\":true},\"patternProperties\":{\"^x\":true}}", "y1", true},
        {"{\"properties\":{\"a\":true},\"additionalProperties\":{\"type\":\"integer\"}}", "b",
            true},
        {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":{\"properties\":{\"a\":true}}}}", "a;b", true},
        {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":{\"properties\":{\"a\":true}}}}", "a", false},
        {"{\"required\":[\"a\"]}", "b", false}, /* the missing one is told */
        {"{}", "b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct schema_table t = schema_table_open(cases[i].schema, cases[i].header);
        assert_int_equal(weir_schema_plan_strange(t.plan), cases[i].strange);
        schema_table_close(&t);
    }
}

/* The root and what it refers to both describe the row. */
static void a_root_that_refers_on_checks_both(void **state)
{
    struct schema_table t = schema_table_open(
        "{\"$ref\":\"#/$defs/"
        "row\",\"required\":[\"a\",\"z\"],\"properties\":{\"a\":{\"minLength\":2}},"
        "\"$defs\":{\"row\":{\"type\":\"object\",\"required\":[\"b\",\"z\"],\"properties\":{\"a\":{"
        "\"type\":\"integer\"},\"b\":{\"type\":\"integer\"}}}}}",
        "a|b");
    struct weir_str cells[2] = {WEIR_STR("x"), WEIR_STR("")};

    (void)state;
    assert_string_equal(schema_table_cells(&t, cells, 2),
        "a: must have at least 2 characters; a: must be an integer; b: required; z: required");
    cells[0] = WEIR_STR("5"); /* read as an integer: minLength has nothing to say */
    cells[1] = WEIR_STR("5");
    assert_string_equal(schema_table_cells(&t, cells, 2), "z: required");
    schema_table_close(&t);
}

static void names_in_messages_are_clean_and_short(void **state)
{
    char header[400], schema[600];
    struct weir_str cell = WEIR_STR("x");
    struct schema_table t =
        schema_table_open("{\"additionalProperties\":false}", "a\nb\x7F\xFF\xC3\xA9");

    (void)state;
    assert_string_equal(schema_table_cells(&t, &cell, 1), "a?b??\xC3\xA9: not allowed");
    schema_table_close(&t);
    memset(header, 'n', 300);
    header[300] = '\0';
    t = schema_table_open("{\"additionalProperties\":false}", header);
    const char *errors = schema_table_cells(&t, &cell, 1);
    assert_int_equal(strlen(errors), 104 + 3 + strlen(": not allowed"));
    assert_non_null(strstr(errors, "nnn...: not allowed"));
    schema_table_close(&t);

    /* the values of a long enum, a long pattern */
    snprintf(schema, sizeof schema,
        "{\"properties\":{\"c\":{\"enum\":[\"%s\",\"short\",\"%.60s\","
        "\"%.60s\"]}}}",
        header, header, header);
    t = schema_table_open(schema, "c");
    errors = schema_table_cell(&t, "x");
    assert_true(strlen(errors) <= 3 + 200);
    assert_non_null(strstr(errors, "nnn..., short, nnn"));
    schema_table_close(&t);
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
    char *schema = files_text("handlers/validate/events.schema.json");

    (void)state;
    struct schema_table t = schema_table_open(schema,
        "eventId|eventName|eventDate|location|organizerInfo|attendeeList|sessions|costs|"
        "additionalNotes|sponsorshipDetails|transportationInfo|accommodationDetails");
    for (size_t i = 0; i < sizeof event_cases / sizeof event_cases[0]; i++) {
        struct weir_str cells[12];
        for (size_t k = 0; k < 12; k++) {
            cells[k] = weir_str_of(event_cases[i].cells[k]);
        }
        assert_string_equal(schema_table_cells(&t, cells, 12), event_cases[i].errors);
    }
    schema_table_close(&t);
    free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_checked_column_by_column_then_for_what_is_missing),
        cmocka_unit_test(columns_that_the_schema_does_not_know_may_be_forbidden_or_checked),
        cmocka_unit_test(bytes_of_a_name_that_are_no_text_are_replaced_for_the_schema),
        cmocka_unit_test(a_header_without_any_column_of_the_schema_is_strange),
        cmocka_unit_test(a_root_that_refers_on_checks_both),
        cmocka_unit_test(names_in_messages_are_clean_and_short),
        cmocka_unit_test(events_are_checked_by_the_schema_that_ships),
    };

    return cmocka_run_group_tests_name("schema/rows", tests, NULL, NULL);
}
