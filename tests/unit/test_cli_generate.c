/*
 * Is the test data what its makers rely on: the same bytes for the same arguments, faults where
 * --truth says and nowhere else, and as hard to compress as real data?
 */
#include "cli/cli.h"
#include "cli/rows.h"
#include "core/limits.h"
#include "tests/support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define MEGA 2000000

int weir_cli_generate(int argc, char **argv);

/* size bytes of rows; bad[n] is set for each invalid row n < bad_n. Returns how many rows. */
static uint64_t make(enum weir_rows_shape shape, uint64_t seed, double invalid, size_t size,
    struct weir_buf *out, uint8_t *bad, size_t bad_n)
{
    struct weir_err err = {0};
    struct weir_rows *rows = weir_rows_new(shape, seed, invalid, &err);
    uint64_t number = 0;

    assert_non_null(rows);
    weir_buf_init(out, size + WEIR_GENERATE_ROW_MAX_BYTES);
    assert_int_equal(weir_rows_header(rows, out, &err), 0);
    while (out->len < size) {
        bool valid = true;

        assert_int_equal(weir_rows_next(rows, out, &valid, &err), number + 1);
        number++;
        if (!valid && number < bad_n) {
            bad[number] = 1;
        }
    }
    weir_rows_free(rows);
    return number;
}

static size_t zlib_1(const struct weir_buf *in)
{
    uLongf len = compressBound((uLong)in->len);
    uint8_t *out = malloc(len);

    assert_non_null(out);
    assert_int_equal(compress2(out, &len, in->p, (uLong)in->len, 1), Z_OK);
    free(out);
    return len;
}

static void rows_are_as_long_and_as_hard_to_compress_as_they_should_be(void **state)
{
    static const struct {
        enum weir_rows_shape shape;
        size_t row_min, row_max;     /* bytes */
        size_t ratio_min, ratio_max; /* per mille */
    } cases[] = {
        {WEIR_ROWS_SEED, 1700, 2300, 2, 20},
        {WEIR_ROWS_VAR, 1900, 2100, 200, 240},
        {WEIR_ROWS_NARROW, 76, 88, 290, 340},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_buf out;
        uint64_t rows = make(cases[i].shape, 1, 0, MEGA, &out, NULL, 0);
        size_t row = out.len / rows, ratio = zlib_1(&out) * 1000 / out.len;

        assert_in_range(row, cases[i].row_min, cases[i].row_max);
        assert_in_range(ratio, cases[i].ratio_min, cases[i].ratio_max);
        weir_buf_fini(&out);
    }
}

static void rows_depend_on_the_seed_and_on_nothing_else(void **state)
{
    struct weir_buf a, b, c;

    (void)state;
    for (int shape = WEIR_ROWS_SEED; shape <= WEIR_ROWS_NARROW; shape++) {
        make((enum weir_rows_shape)shape, 5, 0.03, MEGA / 4, &a, NULL, 0);
        make((enum weir_rows_shape)shape, 5, 0.03, MEGA / 4, &b, NULL, 0);
        make((enum weir_rows_shape)shape, 6, 0.03, MEGA / 4, &c, NULL, 0);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.p, b.p, a.len);
        assert_true(a.len != c.len || memcmp(a.p, c.p, a.len) != 0);
        weir_buf_fini(&a);
        weir_buf_fini(&b);
        weir_buf_fini(&c);
    }
}

/* Known for ever: a release that changes these bytes breaks everybody's comparisons. */
static void bytes_are_those_of_all_releases(void **state)
{
    static const uint32_t crcs[] = {0x7e7ae235, 0x38910cd3, 0x53b8ea40};

    (void)state;
    for (int shape = WEIR_ROWS_SEED; shape <= WEIR_ROWS_NARROW; shape++) {
        struct weir_buf out;

        make((enum weir_rows_shape)shape, 1, 0.05, MEGA / 10, &out, NULL, 0);
        assert_int_equal(crc32(0, out.p, (uInt)out.len), crcs[shape]);
        weir_buf_fini(&out);
    }
}

/* The lines of two files of rows, side by side: a row differs if and only if it is invalid. */
static void only_invalid_rows_differ_from_those_of_a_valid_file(void **state)
{
    (void)state;
    for (int shape = WEIR_ROWS_SEED; shape <= WEIR_ROWS_NARROW; shape++) {
        static uint8_t bad[100000];
        struct weir_buf valid, mixed;
        const uint8_t *a, *b;
        uint64_t rows, n = 0;

        memset(bad, 0, sizeof bad);
        make((enum weir_rows_shape)shape, 3, 0, MEGA + 100000, &valid, NULL, 0);
        rows = make((enum weir_rows_shape)shape, 3, 0.1, MEGA, &mixed, bad, sizeof bad);
        a = valid.p;
        b = mixed.p;
        for (n = 0; n <= rows; n++) { /* line 0 is the header */
            const uint8_t *a_end = memchr(a, '\n', valid.len - (size_t)(a - valid.p));
            const uint8_t *b_end = memchr(b, '\n', mixed.len - (size_t)(b - mixed.p));

            assert_true(a_end != NULL && b_end != NULL);
            bool same = a_end - a == b_end - b && memcmp(a, b, (size_t)(a_end - a)) == 0;
            assert_int_equal(same, bad[n] == 0);
            a = a_end + 1;
            b = b_end + 1;
        }
        assert_true(b == mixed.p + mixed.len);
        weir_buf_fini(&valid);
        weir_buf_fini(&mixed);
    }
}

static void invalid_rows_are_spread_at_the_rate_asked_for(void **state)
{
    static const double rates[] = {0.001, 0.01, 0.3, 0.7, 1};

    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        static uint8_t bad[100000];
        struct weir_buf out;
        uint64_t rows, n = 0, span = (uint64_t)(1 / rates[i]) + 1;

        memset(bad, 0, sizeof bad);
        rows = make(WEIR_ROWS_NARROW, 9, rates[i], MEGA, &out, bad, sizeof bad);
        for (uint64_t row = 1, gap = 0; row <= rows; row++) {
            n += bad[row];
            gap = bad[row] ? 0 : gap + 1;
            assert_true(gap < 2 * span);
        }
        assert_true((double)n > (double)rows * rates[i] - 2);
        assert_true((double)n < (double)rows * rates[i] + 2);
        weir_buf_fini(&out);
    }
}

static void buffer_that_is_full_is_a_limit_error(void **state)
{
    struct weir_err err = {0};
    struct weir_rows *rows = weir_rows_new(WEIR_ROWS_VAR, 1, 0, &err);
    struct weir_buf out;
    bool valid = true;

    (void)state;
    weir_buf_init(&out, 100);
    assert_int_equal(weir_rows_next(rows, &out, &valid, &err), 0);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_rows_free(rows);
    weir_rows_free(NULL);
}

/* The verb, with blanks between the arguments; %s stands for the folder. */
static int verb(const struct tempdir *dir, const char *line)
{
    char text[1024], *argv[40] = {text};
    int argc = 1;

    (void)snprintf(text, sizeof text, "generate %s", line);
    for (char *p = text; (p = strchr(p, ' ')) != NULL; argc++) {
        *p++ = '\0';
        argv[argc] = p;
    }
    for (int i = 1; i < argc; i++) {
        char path[TEMPDIR_PATH_BYTES + 128];

        if (argv[i][0] == '@') {
            (void)snprintf(path, sizeof path, "%s/%s", dir->path, argv[i] + 1);
            argv[i] = strdup(path);
            assert_non_null(argv[i]);
        } else {
            argv[i] = strdup(argv[i]);
        }
    }
    int status = weir_cli_generate(argc, argv);
    for (int i = 1; i < argc; i++) {
        free(argv[i]);
    }
    return status;
}

static void read_all(const struct tempdir *dir, const char *name, struct weir_buf *ret)
{
    char path[TEMPDIR_PATH_BYTES + 64];
    struct weir_err err = {0};
    FILE *f;
    size_t n;

    (void)snprintf(path, sizeof path, "%s/%s", dir->path, name);
    f = fopen(path, "re");
    assert_non_null(f);
    weir_buf_init(ret, (size_t)8 * MEGA);
    do {
        uint8_t *p = weir_buf_reserve(ret, 65536, &err);

        assert_non_null(p);
        n = fread(p, 1, 65536, f);
        ret->len += n;
    } while (n > 0);
    (void)fclose(f);
}

static void file_ends_with_the_row_that_reaches_the_size(void **state)
{
    struct tempdir dir;
    struct weir_buf got, want;
    size_t last = 2;

    (void)state;
    tempdir_new(&dir);
    assert_int_equal(verb(&dir, "-o @a.csv --size 1MB --shape var --seed 4 --invalid 5%"), 0);
    read_all(&dir, "a.csv", &got);
    make(WEIR_ROWS_VAR, 4, 0.05, 1000000, &want, NULL, 0);
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.p, want.p, got.len);
    assert_int_equal(got.p[got.len - 1], '\n');
    while (got.p[got.len - last] != '\n') {
        last++;
    }
    assert_true(got.len >= 1000000 && got.len - last < 1000000);
    weir_buf_fini(&got);
    weir_buf_fini(&want);
    tempdir_free(&dir);
}

static void truth_names_the_invalid_rows_whatever_the_edges(void **state)
{
    static const char *const edges[] = {"1", "7", "65536"};
    struct tempdir dir;

    (void)state;
    tempdir_new(&dir);
    for (size_t i = 0; i < COUNT(edges); i++) {
        static uint8_t bad[10000];
        struct weir_buf out, truth;
        struct weir_err err = {0};
        uint64_t rows;
        char *at;

        memset(bad, 0, sizeof bad);
        setenv("WEIR_EDGE_BYTES", edges[i], 1);
        assert_int_equal(
            verb(&dir, "-o @a.csv --size 100kB --shape narrow --invalid 5% --truth @t"), 0);
        unsetenv("WEIR_EDGE_BYTES");
        rows = make(WEIR_ROWS_NARROW, 1, 0.05, 100000, &out, bad, sizeof bad);
        read_all(&dir, "t", &truth);
        assert_non_null(weir_buf_text(&truth, &err));
        at = (char *)truth.p;
        for (uint64_t row = 1; row <= rows; row++) {
            if (bad[row]) {
                assert_int_equal(strtoull(at, &at, 10), row);
                assert_int_equal(*at++, '\n');
            }
        }
        assert_int_equal(*at, '\0');
        weir_buf_fini(&out);
        weir_buf_fini(&truth);
    }
    assert_int_equal(tempdir_count(&dir, ""), 2);
    tempdir_free(&dir);
}

static void invalid_rows_are_found_without_making_rows(void **state)
{
    static const double rates[] = {0, 0.001, 0.05, 0.7, 1};

    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct weir_err err = {0};
        struct weir_rows *all = weir_rows_new(WEIR_ROWS_NARROW, 9, rates[i], &err);
        struct weir_rows *bad = weir_rows_new(WEIR_ROWS_NARROW, 9, rates[i], &err);
        uint64_t next = weir_rows_next_invalid(bad);
        struct weir_buf a, b;

        weir_buf_init(&a, WEIR_GENERATE_BUFFER_BYTES);
        weir_buf_init(&b, WEIR_GENERATE_BUFFER_BYTES);
        for (uint64_t row = 1; row <= 5000; row++) {
            bool valid = true;

            a.len = 0;
            assert_int_equal(weir_rows_next(all, &a, &valid, &err), row);
            assert_int_equal(valid, row != next);
            if (!valid) {
                next = weir_rows_next_invalid(bad);
            }
        }
        /* Both go on with the same rows. */
        for (bool valid = true; next > 0 && valid;) {
            a.len = 0;
            if (weir_rows_next(all, &a, &valid, &err) == next) {
                assert_false(valid);
            }
        }
        for (int n = 0; next > 0 && n < 100; n++) {
            bool valid_a = true, valid_b = true;

            a.len = b.len = 0;
            assert_int_equal(
                weir_rows_next(all, &a, &valid_a, &err), weir_rows_next(bad, &b, &valid_b, &err));
            assert_int_equal(valid_a, valid_b);
            assert_int_equal(a.len, b.len);
            assert_memory_equal(a.p, b.p, a.len);
        }
        weir_buf_fini(&a);
        weir_buf_fini(&b);
        weir_rows_free(all);
        weir_rows_free(bad);
    }
}

static void gz_holds_the_same_bytes(void **state)
{
    struct tempdir dir;
    struct weir_buf plain;
    char path[TEMPDIR_PATH_BYTES + 64];
    uint8_t *got = malloc(MEGA);
    gzFile f;

    (void)state;
    assert_non_null(got);
    tempdir_new(&dir);
    assert_int_equal(verb(&dir, "-o @a.csv --size 300kB"), 0);
    assert_int_equal(verb(&dir, "-o @a.csv.gz --size 300kB"), 0);
    read_all(&dir, "a.csv", &plain);
    (void)snprintf(path, sizeof path, "%s/a.csv.gz", dir.path);
    f = gzopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(gzread(f, got, MEGA), plain.len);
    assert_false(gzdirect(f));
    assert_int_equal(gzclose(f), Z_OK);
    assert_memory_equal(got, plain.p, plain.len);
    weir_buf_fini(&plain);
    free(got);
    tempdir_free(&dir);
}

static void failure_leaves_nothing_and_keeps_what_was(void **state)
{
    struct tempdir dir;

    (void)state;
    tempdir_new(&dir);
    tempdir_write(&dir, "t", "old");
    assert_int_equal(verb(&dir, "-o @no/such/a.csv --size 1MB --truth @t --invalid 5%"), 2);
    assert_int_equal(verb(&dir, "-o /dev/full --size 1MB --truth @t --invalid 5%"), 3);
    assert_int_equal(verb(&dir, "-o @a.csv --size 1MB --truth @no/such/t"), 2);
    assert_int_equal(verb(&dir, "-o @a.csv --size 100kB --truth /dev/full --invalid 5%"), 3);
    assert_int_equal(verb(&dir, "-o @a.csv --truth @a.csv"), 2);
    assert_int_equal(verb(&dir, "--size 1MB"), 2);
    assert_int_equal(verb(&dir, "-o @a.csv --size 0"), 2);
    tempdir_expect(&dir, "t", "old");
    assert_int_equal(tempdir_count(&dir, ""), 1);
    tempdir_free(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_as_long_and_as_hard_to_compress_as_they_should_be),
        cmocka_unit_test(rows_depend_on_the_seed_and_on_nothing_else),
        cmocka_unit_test(bytes_are_those_of_all_releases),
        cmocka_unit_test(only_invalid_rows_differ_from_those_of_a_valid_file),
        cmocka_unit_test(invalid_rows_are_spread_at_the_rate_asked_for),
        cmocka_unit_test(buffer_that_is_full_is_a_limit_error),
        cmocka_unit_test(file_ends_with_the_row_that_reaches_the_size),
        cmocka_unit_test(truth_names_the_invalid_rows_whatever_the_edges),
        cmocka_unit_test(invalid_rows_are_found_without_making_rows),
        cmocka_unit_test(gz_holds_the_same_bytes),
        cmocka_unit_test(failure_leaves_nothing_and_keeps_what_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
