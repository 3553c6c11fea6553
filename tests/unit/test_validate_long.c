/*
 * Does a row come out, marked and whole, when it is as long as a row may be and what is made of it
 * becomes a multiple of that?
 */
#include "core/limits.h"
#include "tests/support/validate_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static const char schema_text[] =
    "{\"properties\":{\"id\":{\"type\":\"integer\"},\"list\":{\"items\":{\"type\":\"null\"}}}}";

static struct validate_inputs in;

static int prepare(void **state)
{
    (void)state;
    return validate_inputs_init(&in, schema_text);
}

static int drop_inputs(void **state)
{
    (void)state;
    validate_inputs_fini(&in);
    return 0;
}

static void fill(struct weir_buf *to, const char *begin, char c, size_t n, const char *end)
{
    uint8_t *p;

    assert_int_equal(weir_buf_adds(to, begin, NULL), 0);
    p = weir_buf_reserve(to, n, NULL);
    assert_non_null(p);
    memset(p, c, n);
    to->len += n;
    assert_int_equal(weir_buf_adds(to, end, NULL), 0);
}

/* What is expected, a piece after the other, of an output that may be too long to be there twice.
 */
struct reader {
    z_stream z;
    bool gzip;
};

static void reader_init(struct reader *r, const struct weir_buf *got, bool gzip)
{
    *r = (struct reader){.z = {.next_in = got->p, .avail_in = (uInt)got->len}, .gzip = gzip};
    if (gzip) {
        assert_int_equal(inflateInit2(&r->z, 16 + MAX_WBITS), Z_OK);
    }
}

static void expect(struct reader *r, const char *text)
{
    uint8_t got[1024];
    const size_t n = strlen(text);

    assert_true(n <= sizeof got);
    if (r->gzip) {
        r->z.next_out = got;
        r->z.avail_out = (uInt)n;
        while (r->z.avail_out > 0) {
            int rc = inflate(&r->z, Z_NO_FLUSH);
            assert_true(rc == Z_OK || (rc == Z_STREAM_END && r->z.avail_out == 0));
        }
    } else {
        assert_true(n <= r->z.avail_in);
        memcpy(got, r->z.next_in, n);
        r->z.next_in += n;
        r->z.avail_in -= (uInt)n;
    }
    assert_memory_equal(got, text, n);
}

#define AT_ONCE 100

static void expect_times(struct reader *r, const char *text, size_t n)
{
    char many[AT_ONCE * 8] = "";

    assert_true(strlen(text) < 8);
    for (size_t i = 0; i < AT_ONCE; i++) {
        memcpy(many + i * strlen(text), text, strlen(text));
    }
    for (; n >= AT_ONCE; n -= AT_ONCE) {
        expect(r, many);
    }
    many[n * strlen(text)] = '\0';
    expect(r, many);
}

static void expect_end(struct reader *r)
{
    uint8_t more;

    if (r->gzip) {
        r->z.next_out = &more;
        r->z.avail_out = 1;
        assert_int_equal(inflate(&r->z, Z_FINISH), Z_STREAM_END);
        assert_int_equal(r->z.avail_out, 1);
        assert_int_equal(inflateEnd(&r->z), Z_OK);
    }
    assert_int_equal(r->z.avail_in, 0);
}

static struct validate_result run(const char *const *words, const struct validate_how *how)
{
    struct validate_result r = validate_run(&in, words, how);

    assert_string_equal(r.err.msg, "");
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.sums.rows, 3);
    assert_int_equal(r.sums.valid, 2);
    return r;
}

/* Each of them stands between quotes, and these between the quotes of the errors. */
static void surplus_quotes_of_the_longest_row_come_out(void **state)
{
    static const char head[] = "2,,x";
    const size_t n = WEIR_ROW_MAX_BYTES - (sizeof head - 1);

    (void)state;
    in.csv.len = 0;
    fill(&in.csv, "id,a\n1,a\n2,,x", '"', n, "\n3,a\n");
    for (size_t i = 0; i < 4; i++) {
        const bool gzip = i % 2 == 1, split = i >= 2;
        const char *const words[] = {"output", split ? "split" : "annotate", NULL};
        const struct validate_how how = {.gzip = gzip};
        struct validate_result r = run(words, &how);
        struct reader main, invalid, *to = split ? &invalid : &main;
        reader_init(&main, &r.main.got, gzip);
        expect(&main, split ? "id,a\n1,a\n" : "id,a,valid,errors\n1,a,true,\n");
        if (split) {
            reader_init(&invalid, &r.invalid.got, gzip);
            expect(&invalid, "id,a,errors\n");
        }
        expect(to, split ? "2,," : "2,,false,");
        expect(to, "\"row: 3 fields, the header has 2: \"\"x");
        expect_times(to, "\"\"\"\"", n);
        expect(to, "\"\"\"\n");
        expect(&main, split ? "3,a\n" : "3,a,true,\n");
        expect_end(&main);
        if (split) {
            expect_end(&invalid);
        }
        validate_result_fini(&r);
    }
}

/* The same of as many fields as a row may have, each of which a spreadsheet would take for a
 * formula. */
static void surplus_formulas_of_the_longest_row_come_out(void **state)
{
    const size_t fields = WEIR_COLUMNS_MAX - 2, each = (WEIR_ROW_MAX_BYTES - 3) / fields - 1;
    const char *const words[] = {"escape_formulas", "true", NULL};
    const struct validate_how how = {.gzip = true};
    struct reader to;

    (void)state;
    in.csv.len = 0;
    assert_int_equal(weir_buf_adds(&in.csv, "id,a\n1,a\n2,", NULL), 0);
    for (size_t i = 0; i < fields; i++) {
        fill(&in.csv, ",=", '"', each - 1, "");
    }
    assert_int_equal(weir_buf_adds(&in.csv, "\n3,a\n", NULL), 0);
    struct validate_result r = run(words, &how);
    reader_init(&to, &r.main.got, how.gzip);
    expect(&to, "id,a,valid,errors\n1,a,true,\n2,,false,");
    expect(&to, "\"row: 16384 fields, the header has 2: ");
    for (size_t i = 0; i < fields; i++) {
        expect(&to, i == 0 ? "\"\"'=" : ",\"\"'=");
        expect_times(&to, "\"\"\"\"", each - 1);
        expect(&to, "\"\"");
    }
    expect(&to, "\"\n3,a,true,\n");
    expect_end(&to);
    validate_result_fini(&r);
}

static void control_bytes_of_the_longest_line_come_out(void **state)
{
    const size_t n = WEIR_ROW_MAX_BYTES;

    (void)state;
    in.json.len = 0;
    fill(&in.json, "{\"id\":1}\n", '\1', n, "\n{\"id\":3}\n");
    for (size_t i = 0; i < 2; i++) {
        const char *const words[] = {"input", "ndjson", NULL};
        const struct validate_how how = {.gzip = i == 1};
        struct validate_result r = run(words, &how);
        struct reader to;
        reader_init(&to, &r.main.got, how.gzip);
        expect(&to, "{\"valid\":true,\"errors\":[],\"row\":{\"id\":1}}\n");
        expect(&to, "{\"valid\":false,\"errors\":[{\"pointer\":\"\",\"keyword\":\"json\","
                    "\"message\":\"must be JSON: a value is expected at byte 1\"}],\"row\":\"");
        expect_times(&to, "\\u0001", n);
        expect(&to, "\"}\n{\"valid\":true,\"errors\":[],\"row\":{\"id\":3}}\n");
        expect_end(&to);
        validate_result_fini(&r);
    }
}

/* The errors of a row of n problems: as many of them as fit, and how many do not. */
static void check_errors(const char *errors, size_t len, size_t n)
{
    const char *end = errors + len;
    char tail[64];
    size_t said = 1;

    assert_true(len <= WEIR_ROW_ERRORS_MAX_BYTES);
    for (const char *p = errors; (p = memmem(p, (size_t)(end - p), "; list/", 7)) != NULL; p++) {
        said++;
    }
    if (said == n) {
        assert_null(memmem(errors, len, "more", 4));
        return;
    }
    const size_t tail_len = (size_t)snprintf(tail, sizeof tail, "; and %zu more", n - said);
    assert_true(len > WEIR_ROW_ERRORS_MAX_BYTES - 160);
    assert_memory_equal(end - tail_len, tail, tail_len);
}

static void errors_are_bounded_and_their_count_is_complete(void **state)
{
    static const size_t step = 7, rows = 200;
    const char *const words[] = {NULL};
    const struct validate_how how = {0};

    (void)state;
    in.csv.len = 0;
    assert_int_equal(weir_buf_adds(&in.csv, "list\n", NULL), 0);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i <= row * step; i++) {
            assert_int_equal(weir_buf_adds(&in.csv, i == 0 ? "\"[0" : ",0", NULL), 0);
        }
        assert_int_equal(weir_buf_adds(&in.csv, "]\"\n", NULL), 0);
    }
    struct validate_result r = validate_run(&in, words, &how);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.sums.invalid, rows);
    const char *line = (const char *)r.main.got.p, *end = line + r.main.got.len;
    for (size_t row = 0; row < rows; row++) {
        line = memchr(line, '\n', (size_t)(end - line));
        line = line != NULL ? memmem(line, (size_t)(end - line), ",false,", 7) : NULL;
        assert_non_null(line);
        line += 7;
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        assert_non_null(stop);
        check_errors(line, (size_t)(stop - line), row * step + 1);
    }
    validate_result_fini(&r);
}

static void errors_of_a_json_line_are_bounded_too(void **state)
{
    const char *const words[] = {"input", "ndjson", NULL};
    const struct validate_how how = {0};

    (void)state;
    in.json.len = 0;
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(weir_buf_adds(&in.json, i == 0 ? "{\"list\":[0" : ",0", NULL), 0);
    }
    assert_int_equal(weir_buf_adds(&in.json, "]}\n", NULL), 0);
    struct validate_result r = validate_run(&in, words, &how);
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.sums.invalid, 1);
    assert_true(r.main.got.len < in.json.len + WEIR_ROW_ERRORS_MAX_BYTES + 100);
    unsigned said = 0, more = 0;
    const char *const text = weir_buf_text(&r.main.got, NULL);
    for (const char *p = text; (p = strstr(p, "\"keyword\":\"type\"")) != NULL; p++) {
        said++;
    }
    const char *tail = strstr(text, "\"keyword\":\"more\"");
    assert_non_null(tail);
    assert_int_equal(sscanf(tail, "\"keyword\":\"more\",\"message\":\"and %u more\"}]", &more), 1);
    assert_int_equal(said + more, 5000);
    validate_result_fini(&r);
}

static void a_line_over_the_limit_fails_with_its_number(void **state)
{
    const char *const words[] = {"input", "ndjson", NULL};
    const struct validate_how how = {0};

    (void)state;
    in.json.len = 0;
    fill(&in.json, "{\"id\":1}\n\n\"", 'x', WEIR_ROW_MAX_BYTES, "\"\n{}\n");
    struct validate_result r = validate_run(&in, words, &how);
    assert_int_equal(r.rc, -1);
    assert_int_equal(r.err.code, WEIR_E_LIMIT);
    assert_non_null(strstr(r.err.msg, "json: line 3 is longer than"));
    validate_result_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_bounded_and_their_count_is_complete),
        cmocka_unit_test(errors_of_a_json_line_are_bounded_too),
        cmocka_unit_test(surplus_quotes_of_the_longest_row_come_out),
        cmocka_unit_test(surplus_formulas_of_the_longest_row_come_out),
        cmocka_unit_test(control_bytes_of_the_longest_line_come_out),
        cmocka_unit_test(a_line_over_the_limit_fails_with_its_number),
    };
    return cmocka_run_group_tests(tests, prepare, drop_inputs);
}
