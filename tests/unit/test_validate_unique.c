/*
 * Is what is said of keys that come twice the same, to the byte, whatever the number of threads:
 * where they are few or many, near or far, beside limits of problems and rows, and when the memory
 * for keys is used up?
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

#define ROWS 45000 /* seven blocks, which here end by their lines */

static struct weir_schema *schema;
static struct weir_buf csv, json;

/* A key for each row: new ones, but every `often`th row has that of the row `far` before it. */
static void make_input(size_t often, size_t far)
{
    csv.len = json.len = 0;
    assert_int_equal(weir_buf_adds(&csv, "id,a,b\n", NULL), 0);
    for (size_t i = 1; i <= ROWS; i++) {
        const size_t id = often > 0 && i % often == 0 && i > far ? i - far : i;
        const char *a = id % 7 == 0 ? "" : "x";
        assert_int_equal(
            weir_buf_addf(&csv, NULL, "%zu%s,%s,%zu\n", id, i % 3 == 0 ? ".0" : "", a, id % 20011),
            0);
        assert_int_equal(weir_buf_addf(&json, NULL, "{\"id\":%zu%s,\"a\":%s,\"b\":\"%zu\"}\n", id,
                             i % 3 == 0 ? ".0" : "", *a != '\0' ? "\"x\"" : "null", id % 20011),
            0);
    }
}

static int prepare(void **state)
{
    static const char text[] = "{\"properties\":{\"id\":{\"type\":\"integer\"}}}";

    (void)state;
    schema = weir_schema_load(text, sizeof text - 1, NULL, NULL);
    weir_buf_init(&csv, 64 * WEIR_MIB);
    weir_buf_init(&json, 64 * WEIR_MIB);
    return schema != NULL ? 0 : -1;
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
    struct memory_sink sink;
};

/* One pair of option and value after the other, NULL at the end; input ndjson takes `json`. */
static struct result run(const char *const *words, size_t threads)
{
    struct result r = {0};
    struct weir_validate_options options;

    weir_validate_options_init(&options);
    for (; *words != NULL; words += 2) {
        assert_int_equal(weir_validate_options_set(&options, words[0], words[1], NULL), 0);
    }
    weir_validate_options_resolve(&options, NULL, NULL);
    const struct weir_buf *in = options.input == WEIR_INPUT_NDJSON ? &json : &csv;
    struct memory_source source = {.in = in->p, .len = in->len};
    struct weir_loop *loop = weir_loop_new(NULL);
    struct weir_pool *pool = threads > 0 ? weir_pool_new(loop, threads, NULL) : NULL;
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&r.sink), false},
        .info = &source.info,
        .schema = schema,
        .options = &options,
        .workers = pool != NULL ? weir_pool_workers(pool) : NULL,
        .deadline_mono_ms = INT64_MAX};
    weir_buf_init(&r.sink.got, 64 * WEIR_MIB);
    struct weir_validate *v = weir_validate_new(&job, &r.err);
    assert_non_null(v);
    r.rc = weir_loop_run(loop, weir_validate_pipe(v), &r.err);
    weir_validate_summarize(v, &r.sums);
    weir_validate_free(v);
    weir_pool_free(pool);
    weir_loop_free(loop);
    weir_validate_options_fini(&options);
    assert_int_equal(r.sink.published, r.rc == 0);
    return r;
}

static struct result expect_same(const char *const *words)
{
    struct result one = run(words, 0);

    for (size_t threads = 1; threads <= 8; threads *= 2) {
        struct result more = run(words, threads);
        assert_string_equal(more.err.msg, one.err.msg);
        assert_int_equal(more.rc, one.rc);
        if (one.rc == 0) {
            assert_int_equal(more.sums.rows, ROWS);
            assert_int_equal(more.sums.valid, one.sums.valid);
            assert_int_equal(more.sums.described, one.sums.described);
            assert_int_equal(more.sink.got.len, one.sink.got.len);
            assert_memory_equal(more.sink.got.p, one.sink.got.p, one.sink.got.len);
        }
        weir_buf_fini(&more.sink.got);
    }
    weir_buf_fini(&one.sink.got);
    return one;
}
#define SAME(...) expect_same((const char *const[]){__VA_ARGS__, NULL})

static void few_or_many_near_or_far(void **state)
{
    static const struct {
        size_t often, far;
    } cases[] = {{0, 0}, {44999, 44998}, {20000, 1}, {9000, 8000}, {2, 1}, {3, 30000}, {1, 22500}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_input(cases[i].often, cases[i].far);
        size_t twice = 0; /* rows with the key of one before them */
        for (size_t row = 1; cases[i].often > 0 && row <= ROWS; row++) {
            twice += row % cases[i].often == 0 && row > cases[i].far;
        }
        assert_int_equal(ROWS - SAME("unique", "id").sums.valid, twice);
        assert_int_equal(ROWS - SAME("unique", "id", "input", "ndjson").sums.valid, twice);
        SAME("unique", "a,b", "unique", "id", "output", "report");
        SAME("unique", "b,a", "input", "ndjson", "unique", "id");
    }
}

static void beside_limits_of_problems_and_rows(void **state)
{
    static const char *const limits[] = {"1", "7", "9499", "9500", "9501"};

    (void)state;
    make_input(4, 7001);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        SAME("unique", "id", "max_errors", limits[i]);
        SAME("unique", "id", "unique", "b", "max_errors", limits[i], "output", "report");
        struct result r = SAME("unique", "id", "fail_fast", limits[i]);
        const unsigned long n = strtoul(limits[i], NULL, 10);
        assert_int_equal(r.rc, n <= ROWS / 4 - 7001 / 4 ? -1 : 0);
        if (r.rc != 0) {
            char begin[64];
            snprintf(begin, sizeof begin, "row %lu: not valid", (7001 / 4 + n) * 4);
            assert_memory_equal(r.err.msg, begin, strlen(begin));
        }
    }
}

static void memory_is_used_up_at_the_same_row(void **state)
{
    static const char *const sizes[] = {"4096", "100000", "300000", "700000", "900000"};

    (void)state;
    make_input(9, 7000);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct result r = SAME("unique", "id", "unique_memory", sizes[i]);
        assert_int_equal(r.rc, i < 4 ? -1 : 0);
        assert_int_equal(r.rc == 0 || r.err.code == WEIR_E_LIMIT, true);
        SAME("unique", "id", "unique_memory", sizes[i], "fail_fast", "300");
    }
}

/* More keys than a block may have ahead of its turn. */
static void keys_that_are_too_many_to_wait_are_compared_all_the_same(void **state)
{
    (void)state;
    csv.len = 0;
    assert_int_equal(weir_buf_adds(&csv, "id,a,b\n", NULL), 0);
    for (size_t i = 1; i <= ROWS; i++) {
        assert_int_equal(weir_buf_addf(&csv, NULL, "%zu,%0120zu,\n", i, i % 44000), 0);
    }
    const struct result r = SAME("unique", "a", "unique", "id,a", "unique", "a,id", "unique",
        "id,a,a", "unique", "a,a,a", "unique", "id,id,a", "unique", "a,id,id", "unique", "id",
        "unique", "a,a,id", "unique_memory", "256MiB");
    assert_int_equal(ROWS - r.sums.valid, ROWS - 44000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_or_many_near_or_far),
        cmocka_unit_test(beside_limits_of_problems_and_rows),
        cmocka_unit_test(memory_is_used_up_at_the_same_row),
        cmocka_unit_test(keys_that_are_too_many_to_wait_are_compared_all_the_same),
    };
    return cmocka_run_group_tests(tests, prepare, drop_inputs);
}
