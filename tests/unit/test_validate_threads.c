/*
 * Is what comes out of the main job the same, to the byte, whatever the number of threads: for
 * every kind of output, for limits that only whoever counts in order knows, and for errors?
 */
#include "core/limits.h"
#include "handlers/validate/job.h"
#include "net/pool.h"
#include "tests/support/memory_ends.h"

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

static struct weir_schema *schema;
static struct weir_buf csv, json;

static int make_inputs(void **state)
{
    int rc = 0;

    (void)state;
    schema = weir_schema_load(schema_text, sizeof schema_text - 1, NULL, NULL);
    weir_buf_init(&csv, 64 * WEIR_MIB);
    weir_buf_init(&json, 64 * WEIR_MIB);
    rc |= weir_buf_adds(&csv, "id,email,costs\n", NULL);
    for (size_t i = 1; i <= ROWS; i++) {
        const char *amount = i % ODD_EVERY == 0 ? "\"x\"" : "1.5";
        rc |= weir_buf_addf(&csv, NULL, "%zu,u%zu@example.org,\"{\"\"totalAmount\"\":%s}\"\n", i,
            i * 7919, i % ODD_EVERY == 0 ? "\"\"x\"\"" : amount);
        rc |= weir_buf_addf(&json, NULL,
            "{\"id\":%zu,\"email\":\"u%zu@example.org\",\"costs\":{\"totalAmount\":%s}}\n", i,
            i * 7919, amount);
    }
    return schema != NULL ? rc : -1;
}

static int drop_inputs(void **state)
{
    (void)state;
    weir_schema_free(schema);
    weir_buf_fini(&csv);
    weir_buf_fini(&json);
    return 0;
}

struct result {
    int rc;
    struct weir_err err;
    struct weir_validate_summary sums;
    struct memory_sink sinks[3];
};

/* One pair of option and value after the other, NULL at the end; input ndjson takes `json`. */
static struct result run(const char *const *words, size_t threads, bool gzip)
{
    struct result r = {0};
    struct weir_validate_options options;
    bool split = false;

    weir_validate_options_init(&options);
    for (; *words != NULL; words += 2) {
        assert_int_equal(weir_validate_options_set(&options, words[0], words[1], NULL), 0);
    }
    weir_validate_options_resolve(&options, NULL, NULL);
    split = options.output == WEIR_OUTPUT_SPLIT;
    const struct weir_buf *in = options.input == WEIR_INPUT_NDJSON ? &json : &csv;
    struct memory_source source = {.in = in->p, .len = in->len};
    struct weir_loop *loop = weir_loop_new(NULL);
    struct weir_pool *pool = weir_pool_new(loop, threads, NULL);
    assert_non_null(pool);
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&r.sinks[0]), gzip},
        .summary = {memory_sink(&r.sinks[2]), gzip},
        .info = &source.info,
        .schema = schema,
        .options = &options,
        .workers = weir_pool_workers(pool),
        .deadline_mono_ms = INT64_MAX};
    if (split) {
        job.invalid = (struct weir_validate_sink){memory_sink(&r.sinks[1]), gzip};
    }
    for (size_t i = 0; i < 3; i++) {
        weir_buf_init(&r.sinks[i].got, 64 * WEIR_MIB);
    }
    struct weir_validate *v = weir_validate_new(&job, &r.err);
    assert_non_null(v);
    r.rc = weir_loop_run(loop, weir_validate_pipe(v), &r.err);
    weir_validate_summarize(v, &r.sums);
    weir_validate_free(v);
    weir_pool_free(pool);
    weir_loop_free(loop);
    weir_validate_options_fini(&options);
    assert_int_equal(r.sinks[0].published, r.rc == 0);
    assert_int_equal(r.sinks[2].published, r.rc == 0);
    return r;
}

static void drop(struct result *r)
{
    for (size_t i = 0; i < 3; i++) {
        weir_buf_fini(&r->sinks[i].got);
    }
}

/* The summary has the time it took. */
static void without_ms(struct weir_buf *b)
{
    char *s = (char *)(uintptr_t)weir_buf_text(b, NULL), *ms = strstr(s, "\"ms\":");

    assert_non_null(ms);
    for (ms += strlen("\"ms\":"); *ms >= '0' && *ms <= '9'; ms++) {
        *ms = '#';
    }
    *strchr(s, '#') = '0'; /* however many digits */
    for (char *to = s, *from = s;; from++) {
        if (*from != '#') {
            *to++ = *from;
        }
        if (*from == '\0') {
            b->len = strlen(s);
            return;
        }
    }
}

static void expect_same(const char *const *words, bool gzip)
{
    static const size_t threads[] = {2, 3, 8};
    struct result one = run(words, 1, gzip);

    if (one.rc == 0 && !gzip) {
        without_ms(&one.sinks[2].got);
    }
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        struct result more = run(words, threads[i], gzip);
        assert_string_equal(more.err.msg, one.err.msg);
        assert_int_equal(more.rc, one.rc);
        for (size_t k = 0; k < 3 && one.rc == 0; k++) {
            if (k == 2 && gzip) {
                continue;
            }
            if (k == 2) {
                without_ms(&more.sinks[k].got);
            }
            assert_int_equal(more.sinks[k].got.len, one.sinks[k].got.len);
            assert_memory_equal(more.sinks[k].got.p, one.sinks[k].got.p, one.sinks[k].got.len);
        }
        if (one.rc == 0) {
            assert_int_equal(more.sums.rows, ROWS);
            assert_int_equal(more.sums.valid, ROWS - ROWS / ODD_EVERY);
            assert_int_equal(more.sums.described, one.sums.described);
        }
        drop(&more);
    }
    drop(&one);
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

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const char *const words[] = {"fail_fast", limits[i], "max_errors", "2500", NULL};
        expect_same(words, false);
        struct result r = run(words, 3, false);
        const unsigned long n = strtoul(limits[i], NULL, 10);
        char begin[64];
        snprintf(begin, sizeof begin, "row %lu: not valid, and so are %lu", n * ODD_EVERY, n - 1);
        assert_int_equal(r.rc, n <= ROWS / ODD_EVERY ? -1 : 0);
        if (r.rc != 0) {
            assert_memory_equal(r.err.msg, begin, strlen(begin));
        }
        drop(&r);
    }
}

/* A row that fails the whole, and the limit of invalid rows just before it, or not quite. */
static void the_first_error_is_that_of_one_thread(void **state)
{
    static const char *const limits[] = {"0", "7499", "7500", "7501"};
    const size_t at = csv.len;

    (void)state;
    for (size_t i = 0; i < at; i++) {
        if (csv.p[i] == '\n' && memcmp(csv.p + i + 1, "37501,", 6) == 0) {
            csv.p[i + 1 + 5] = ';'; /* a comma less */
        }
    }
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const char *const words[] = {"strict", "true", "fail_fast", limits[i], NULL};
        expect_same(words, false);
        struct result r = run(words, 8, false);
        assert_int_equal(r.rc, -1);
        assert_int_equal(strncmp(r.err.msg, "row 37501: in line", 18) == 0, i == 0 || i == 3);
        drop(&r);
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
