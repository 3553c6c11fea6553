/*
 * Does a row end at its steps whatever is in it, with a verdict that is no yes, and is its memory
 * what it was before?
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
#include <time.h>

#include <cmocka.h>

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
        struct schema_table t = schema_table_open(schema, "a|c|d");
        const struct weir_str cells[3] = {WEIR_STR("x"), weir_str_of(cell), WEIR_STR("x")};
        const char *errors = schema_table_cells(&t, cells, 3);
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
        schema_table_cells(&t, cells, 3); /* and the same once more */
        assert_int_equal(t.problems, problems);
        schema_table_close(&t);
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
    struct schema_table t =
        schema_table_open("{\"properties\":{\"c\":{\"pattern\":\"a*a*[!?]\"}}}", "c");
    const struct weir_str cells[1] = {{cell, len}};
    assert_string_equal(schema_table_cells(&t, cells, 1), "c: " STEPS);
    schema_table_close(&t);
    free(cell);
}

/* A number is read to its end for each value that it is compared with. */
static void a_long_number_and_many_values_end_at_the_rows_steps(void **state)
{
    static const char *const values[] = {"7", "[7]"};
    const size_t len = WEIR_MIB;

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char *all = make_array(values[i], 1100), *cell = malloc(len + 1);
        const size_t room = strlen(all) + 64;
        char *schema = malloc(room);
        assert_non_null(cell);
        assert_non_null(schema);
        snprintf(schema, room, "{\"properties\":{\"c\":{\"enum\":%s}}}", all);
        memset(cell, '1', len);
        cell[len] = '\0';
        if (values[i][0] == '[') {
            cell[0] = '[';
            cell[len - 1] = ']';
        }
        struct schema_table t = schema_table_open(schema, "c");
        assert_string_equal(schema_table_cell(&t, values[i]), "");
        assert_string_equal(schema_table_cell(&t, cell), "c: " STEPS);
        schema_table_close(&t);
        free(schema);
        free(cell);
        free(all);
    }
}

#define LONG ((size_t)64 * WEIR_KIB)

/* A text in which each @ is so many digits; on the heap. */
static char *make_long(const char *with)
{
    size_t n = strlen(with) + 1;

    for (const char *p = with; *p != '\0'; p++) {
        n += *p == '@' ? LONG : 0;
    }
    char *text = malloc(n), *to = text;
    assert_non_null(text);
    for (; *with != '\0'; with++) {
        if (*with == '@') {
            memset(to, '1', LONG);
            to += LONG;
        } else {
            *to++ = *with;
        }
    }
    *to = '\0';
    return text;
}

/* What a valid cell takes. */
static uint64_t steps_of(const char *c, const char *cell)
{
    const size_t room = strlen(c) + 64;
    char *schema = malloc(room);

    assert_non_null(schema);
    snprintf(schema, room, "{\"properties\":{\"c\":%s}}", c);
    struct schema_table t = schema_table_open(schema, "c");
    assert_string_equal(schema_table_cell(&t, cell), "");
    const uint64_t steps = weir_schema_check_steps(t.check);
    schema_table_close(&t);
    free(schema);
    return steps;
}

struct read_case {
    const char *c, *cell;
    bool read; /* whether what is long is */
};

static const struct read_case read_cases[] = {
    {"{\"not\":{\"const\":[7]}}", "[@]", true},
    {"{\"not\":{\"const\":[@]}}", "[7]", true},
    {"{\"not\":{\"const\":@}}", "7", true},
    {"{\"not\":{\"const\":[\"@a\"]}}", "[\"@b\"]", true},
    {"{\"not\":{\"const\":{\"@a\":1}}}", "{\"@b\":1}", true},
    {"{\"const\":{\"a\":[@]}}", "{\"a\":[@]}", true},
    {"{\"not\":{\"const\":[7,7]}}", "[@]", false},
    {"{\"not\":{\"const\":[8,7]}}", "[7,@]", false},
    {"{\"not\":{\"const\":[\"a\"]}}", "[\"@\"]", false},
    {"{\"not\":{\"enum\":[[7]]}}", "[@]", true},
    {"{\"enum\":[7,@,8]}", "@", true},
    {"{\"not\":{\"enum\":[7,{\"a\":7},[],[7,7],[\"7\"],\"7\"]}}", "[@]", false},
    {"{\"enum\":[[@],7]}", "7", false},
    {"{\"uniqueItems\":true}", "[[@],[7]]", true},
    {"{\"uniqueItems\":true}", "[@,{\"a\":7},[],[7],[\"7\"],\"7\"]", false},
    {"{\"uniqueItems\":true}", "[1,2,3,4,5,6,7,8,@]", true},
    {"{\"uniqueItems\":true}", "[1,2,3,4,5,6,7,8,\"@\"]", true},
};

/* What two values are compared by is paid for, whichever of them is long; nothing else is. */
static void a_comparison_costs_what_it_reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof read_cases / sizeof read_cases[0]; i++) {
        const struct read_case *k = &read_cases[i];
        char *c = make_long(k->c), *cell = make_long(k->cell);
        const uint64_t steps = steps_of(c, cell);
        if (k->read ? steps < LONG / 512 : steps > 16) {
            fail_msg("%s, %s: %zu steps", k->c, k->cell, (size_t)steps);
        }
        free(c);
        free(cell);
    }
    char *inner = make_array("7", LONG), *cell = make_array(inner, 1);
    assert_in_range(steps_of("{\"type\":\"array\",\"not\":{\"enum\":[\"a\",\"b\"]}}", cell), 1, 16);
    free(inner);
    free(cell);
}

/* What is told of a row is paid for: an object that is empty lacks as much as there are names. */
static void each_name_that_is_missing_is_a_step(void **state)
{
    const size_t names = 26, items = 1000;
    char *required = make_array("\"-\"", names), *cell = make_array("{}", items);
    char schema[256];

    (void)state;
    for (size_t i = 0; i < names; i++) {
        required[2 + i * strlen("\"-\",")] = (char)('a' + i);
    }
    snprintf(
        schema, sizeof schema, "{\"properties\":{\"c\":{\"items\":{\"required\":%s}}}}", required);
    struct schema_table t = schema_table_open(schema, "c");
    schema_table_cell(&t, cell);
    assert_int_equal(t.problems, names * items);
    assert_true(weir_schema_check_steps(t.check) >= names * items);
    schema_table_close(&t);
    free(required);
    free(cell);
}

static void ignore(void *ctx, const struct weir_schema_problem *problem)
{
    (void)ctx;
    (void)problem;
}

static int64_t cpu_ns(void)
{
    struct timespec t;

    assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What a row takes of which each of n cells is wrong; the least of some. */
static int64_t time_of_wide_row(const char *text, const struct weir_str *names, size_t n)
{
    struct weir_err err = {0};
    struct weir_schema *schema = weir_schema_load(text, strlen(text), NULL, &err);
    struct weir_schema_plan *plan = weir_schema_bind(schema, names, n, &err);
    struct weir_schema_check *check = weir_schema_check_new(plan, &err);
    const struct weir_schema_row row = {.cells = names, .n = n};
    int64_t least = INT64_MAX;

    for (int i = 0; i < 5; i++) {
        size_t problems;
        const int64_t begun = cpu_ns();
        assert_int_equal(weir_schema_check_cells(check, &row, ignore, NULL, &problems, &err), 0);
        const int64_t took = cpu_ns() - begun;
        assert_int_equal(problems, n);
        least = took < least ? took : least;
    }
    weir_schema_check_free(check);
    weir_schema_plan_free(plan);
    weir_schema_free(schema);
    return least;
}

/* A problem of the row as a whole has to find its column; it was looked for among all of them, and
 * took fifty times as long. Both are done by this machine, at this moment. */
static void a_problem_of_a_wide_row_costs_the_same_by_whatever_keyword(void **state)
{
    const size_t n = WEIR_COLUMNS_MAX, len = 8;
    struct weir_str *names = calloc(n, sizeof *names);
    char *text = malloc(n * len);

    (void)state;
    assert_non_null(names);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) {
        snprintf(text + i * len, len, "n%06zu", i);
        names[i] = (struct weir_str){text + i * len, len - 1};
    }
    const int64_t by_column = time_of_wide_row("{\"additionalProperties\":false}", names, n);
    const int64_t by_row = time_of_wide_row("{\"unevaluatedProperties\":false}", names, n);
    assert_true(by_row < 16 * by_column);
    free(names);
    free(text);
}

static void references_that_double_end_at_the_rows_steps(void **state)
{
    static const char schema[] =
        "{\"$defs\":{\"ext\":{\"$ref\":\"#/$defs/base\",\"properties\":{\"c\":{\"$ref\":"
        "\"#/$defs/ext\"}}},\"base\":{\"properties\":{\"c\":{\"$ref\":\"#/$defs/ext\"}}}},"
        "\"properties\":{\"a\":{\"$ref\":\"#/$defs/ext\"}}}";
    struct schema_table t = schema_table_open(schema, "a|b");
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
            schema_table_cells(&t, cells, 2), depth == 5 ? "b: not valid UTF-8" : "a: " STEPS);
    }
    assert_string_equal(schema_table_cell(&t, "{}"), ""); /* the next row has its own */
    schema_table_close(&t);
}

static void a_cell_over_the_limit_is_a_failure(void **state)
{
    struct schema_table t = schema_table_open("{\"required\":[\"a\",\"b\"]}", "a");
    struct weir_err err = {.code = WEIR_OK};
    struct weir_str cell = {NULL, WEIR_ROW_MAX_BYTES + 1};

    (void)state;
    assert_int_equal(schema_check_row(t.check, &cell, 1, &t.errors, &t.problems, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    schema_table_close(&t);
}

/* Nothing is allocated per row once a row like it has been seen. */
static void a_row_allocates_nothing_in_the_steady_state(void **state)
{
    struct schema_table t = schema_table_open(schema_table_refs, "c|tree");
    size_t before = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        schema_table_row(
            &t, "abc|{\"v\":1,\"kids\":[{\"v\":2},{\"v\":3,\"kids\":[{\"w\\u0041\":1}]}]}");
        assert_int_equal(t.problems, 2);
        if (i == 1) {
            before = mallinfo2().uordblks; /* 0 under a sanitizer */
        }
    }
    assert_int_equal(mallinfo2().uordblks, before);
    schema_table_close(&t);
}

static void memory_of_large_cells_is_given_back(void **state)
{
    struct schema_table t = schema_table_open("{\"properties\":{\"c\":{\"type\":\"array\"}}}", "c");
    char *cell = make_array("\"\\u0041\"", WEIR_JSON_VALUES_MAX - 1);

    (void)state;
    weir_schema_check_trim(t.check); /* nothing is there yet */
    assert_string_equal(schema_table_cell(&t, "[\"\\n\"]"), "");
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    weir_schema_check_trim(t.check);
    assert_int_equal(mallinfo2().uordblks + mallinfo2().hblkhd, before); /* small: kept */
    assert_string_equal(schema_table_cell(&t, cell), "");
    if (before > 0) { /* a sanitizer does not count */
        assert_true(mallinfo2().uordblks + mallinfo2().hblkhd > before + 8 * WEIR_MIB);
    }
    weir_schema_check_trim(t.check);
    assert_true(mallinfo2().uordblks + mallinfo2().hblkhd <= before);
    assert_string_equal(schema_table_cell(&t, "[\"\\n\"]"), "");
    schema_table_close(&t);
    free(cell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_so_many_steps_and_no_more),
        cmocka_unit_test(a_pattern_that_is_too_dear_for_a_cell_is_no_match),
        cmocka_unit_test(a_long_number_and_many_values_end_at_the_rows_steps),
        cmocka_unit_test(a_comparison_costs_what_it_reads),
        cmocka_unit_test(each_name_that_is_missing_is_a_step),
        cmocka_unit_test(a_problem_of_a_wide_row_costs_the_same_by_whatever_keyword),
        cmocka_unit_test(references_that_double_end_at_the_rows_steps),
        cmocka_unit_test(a_cell_over_the_limit_is_a_failure),
        cmocka_unit_test(a_row_allocates_nothing_in_the_steady_state),
        cmocka_unit_test(memory_of_large_cells_is_given_back),
    };

    return cmocka_run_group_tests_name("schema/cost", tests, NULL, NULL);
}
