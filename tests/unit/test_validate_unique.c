/*
 * Is what is said of keys that come twice the same, to the byte, whatever the number of threads:
 * where they are few or many, near or far, beside limits of problems and rows, and when the memory
 * for keys is used up?
 */
#include "core/limits.h"
#include "tests/support/validate_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 45000 /* seven blocks, which here end by their lines */

static struct validate_inputs in;

/* A key for each row: new ones, but every `often`th row has that of the row `far` before it. */
static void make_input(size_t often, size_t far)
{
    in.csv.len = in.json.len = 0;
    assert_int_equal(weir_buf_adds(&in.csv, "id,a,b\n", NULL), 0);
    for (size_t i = 1; i <= ROWS; i++) {
        const size_t id = often > 0 && i % often == 0 && i > far ? i - far : i;
        const char *a = id % 7 == 0 ? "" : "x";
        assert_int_equal(weir_buf_addf(&in.csv, NULL, "%zu%s,%s,%zu\n", id, i % 3 == 0 ? ".0" : "",
                             a, id % 20011),
            0);
        assert_int_equal(weir_buf_addf(&in.json, NULL, "{\"id\":%zu%s,\"a\":%s,\"b\":\"%zu\"}\n",
                             id, i % 3 == 0 ? ".0" : "", *a != '\0' ? "\"x\"" : "null", id % 20011),
            0);
    }
}

static int prepare(void **state)
{
    (void)state;
    return validate_inputs_init(&in, "{\"properties\":{\"id\":{\"type\":\"integer\"}}}");
}

static int drop_inputs(void **state)
{
    (void)state;
    validate_inputs_fini(&in);
    return 0;
}

static struct validate_result expect_same(const char *const *words)
{
    const struct validate_how how = {0};
    struct validate_result r = validate_same(&in, words, &how);

    assert_true(r.rc != 0 || r.sums.rows == ROWS);
    return r;
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
        struct validate_result r = SAME("unique", "id", "fail_fast", limits[i]);
        const unsigned long n = strtoul(limits[i], NULL, 10);
        assert_int_equal(r.rc, n <= ROWS / 4 - 7001 / 4 ? -1 : 0);
        if (r.rc != 0) {
            const unsigned long row = (7001 / 4 + n) * 4;
            char want[128];
            snprintf(want, sizeof want,
                "row %lu: in line %lu: id: must be unique: row %lu (line %lu) has the same id "
                "(fail_fast: %lu)",
                row, row + 1, row - 7001, row - 7000, n);
            assert_string_equal(r.err.msg, want);
        }
    }
}

static void memory_is_used_up_at_the_same_row(void **state)
{
    static const char *const sizes[] = {"4096", "100000", "300000", "700000", "900000"};

    (void)state;
    make_input(9, 7000);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct validate_result r = SAME("unique", "id", "unique_memory", sizes[i]);
        assert_int_equal(r.rc, i < 4 ? -1 : 0);
        assert_int_equal(r.rc == 0 || r.err.code == WEIR_E_LIMIT, true);
        SAME("unique", "id", "unique_memory", sizes[i], "fail_fast", "300");
    }
}

/* More keys than a block may have ahead of its turn. */
static void keys_that_are_too_many_to_wait_are_compared_all_the_same(void **state)
{
    (void)state;
    in.csv.len = 0;
    assert_int_equal(weir_buf_adds(&in.csv, "id,a,b\n", NULL), 0);
    for (size_t i = 1; i <= ROWS; i++) {
        assert_int_equal(weir_buf_addf(&in.csv, NULL, "%zu,%0120zu,\n", i, i % 44000), 0);
    }
    const struct validate_result r = SAME("unique", "a", "unique", "id,a", "unique", "a,id",
        "unique", "id,a,a", "unique", "a,a,a", "unique", "id,id,a", "unique", "a,id,id", "unique",
        "id", "unique", "a,a,id", "unique_memory", "256MiB");
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
