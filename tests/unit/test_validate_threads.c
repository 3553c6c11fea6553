/*
 * Is what comes out of the main job the same, to the byte, whatever the number of threads: for
 * every kind of output, for limits that only whoever counts in order knows, and for errors?
 */
#include "tests/support/validate_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"id\",\"email\"],\"properties\":{"
    "\"id\":{\"type\":\"integer\"},\"email\":{\"type\":\"string\",\"format\":\"email\"},"
    "\"costs\":{\"type\":\"object\",\"properties\":{\"totalAmount\":{\"type\":\"number\"}}}}}";

/* Enough for seven blocks, which here end by their lines. */
#define ROWS 45000
#define ODD_EVERY 5 /* of them one is invalid */

static struct validate_inputs in;

static int make_inputs(void **state)
{
    int rc = validate_inputs_init(&in, schema_text);

    (void)state;
    rc |= weir_buf_adds(&in.csv, "id,email,costs\n", NULL);
    for (size_t i = 1; i <= ROWS; i++) {
        const char *amount = i % ODD_EVERY == 0 ? "\"x\"" : "1.5";
        rc |= weir_buf_addf(&in.csv, NULL, "%zu,u%zu@example.org,\"{\"\"totalAmount\"\":%s}\"\n", i,
            i * 7919, i % ODD_EVERY == 0 ? "\"\"x\"\"" : amount);
        rc |= weir_buf_addf(&in.json, NULL,
            "{\"id\":%zu,\"email\":\"u%zu@example.org\",\"costs\":{\"totalAmount\":%s}}\n", i,
            i * 7919, amount);
    }
    return rc;
}

static int drop_inputs(void **state)
{
    (void)state;
    validate_inputs_fini(&in);
    return 0;
}

static struct validate_result expect_same(const char *const *words, bool gzip)
{
    const struct validate_how how = {.gzip = gzip, .summary = true};
    struct validate_result r = validate_same(&in, words, &how);

    if (r.rc == 0) {
        assert_int_equal(r.sums.rows, ROWS);
        assert_int_equal(r.sums.valid, ROWS - ROWS / ODD_EVERY);
    }
    return r;
}

static void each_kind_of_output_is_the_same(void **state)
{
    static const char *const cases[][9] = {
        {NULL},
        {"output", "split", NULL},
        {"output", "report", NULL},
        {"input", "ndjson", NULL},
        {"input", "ndjson", "output", "split", NULL},
        {"input", "ndjson", "output", "report", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_same(cases[i], i % 2 == 1);
        expect_same(cases[i], false);
    }
}

/* 1: in the first block; the others: at an end of a block's problems, and in a later one */
static void limits_of_problems_are_those_of_one_thread(void **state)
{
    static const char *const limits[] = {"1", "3777", "8999", "9000"};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const char *const annotate[] = {"max_errors", limits[i], NULL};
        const char *const report[] = {"max_errors", limits[i], "output", "report", NULL};
        expect_same(annotate, false);
        expect_same(report, false);
    }
}

static void limits_of_invalid_rows_are_those_of_one_thread(void **state)
{
    static const char *const limits[] = {"1", "4999", "9000", "9001"};
    static const char *const engines[] = {"libcsv", "fast"};

    (void)state;
    for (size_t i = 0; i < 2 * sizeof limits / sizeof limits[0]; i++) {
        const char *const limit = limits[i / 2];
        const char *const words[] = {
            "fail_fast", limit, "max_errors", "2500", "csv_engine", engines[i % 2], NULL};
        struct validate_result r = expect_same(words, false);
        const unsigned long n = strtoul(limit, NULL, 10);
        char want[128];
        snprintf(want, sizeof want,
            "row %lu: in line %lu: costs/totalAmount: must be a number (fail_fast: %lu)",
            n * ODD_EVERY, n * ODD_EVERY + 1, n);
        assert_string_equal(r.err.msg, r.rc != 0 ? want : "");
        assert_int_equal(r.rc, n <= ROWS / ODD_EVERY ? -1 : 0);
    }
}

/* A row that fails the whole, and the limit of invalid rows just before it, or not quite. */
static void the_first_error_is_that_of_one_thread(void **state)
{
    static const char *const limits[] = {"0", "7499", "7500", "7501"};
    const size_t at = in.csv.len;

    (void)state;
    for (size_t i = 0; i < at; i++) {
        if (in.csv.p[i] == '\n' && memcmp(in.csv.p + i + 1, "37501,", 6) == 0) {
            in.csv.p[i + 1 + 5] = ';'; /* a comma less */
        }
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const char *const words[] = {"strict", "true", "fail_fast", limits[i], NULL};
        struct validate_result r = expect_same(words, false);
        assert_int_equal(r.rc, -1);
        assert_int_equal(strncmp(r.err.msg, "row 37501: in line", 18) == 0, i == 0 || i == 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_output_is_the_same),
        cmocka_unit_test(limits_of_problems_are_those_of_one_thread),
        cmocka_unit_test(limits_of_invalid_rows_are_those_of_one_thread),
        cmocka_unit_test(the_first_error_is_that_of_one_thread), /* last: it damages the input */
    };
    return cmocka_run_group_tests(tests, make_inputs, drop_inputs);
}
