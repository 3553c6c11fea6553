/*
 * Is what we write what we read, and is it quoted only where it must be?
 */
#include "core/limits.h"
#include "csv/writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t seed;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

struct write_case {
    const char *field, *text;
};

static const struct write_case write_cases[] = {
    {"", ""},
    {"a", "a"},
    {" a ", " a "},
    {"\t", "\t"},
    {"'", "'"},
    {"=1+2;", "=1+2;"},
    {"\xC3\xA9\xFF", "\xC3\xA9\xFF"},
    {"\"", "\"\"\"\""},
    {"\"\"", "\"\"\"\"\"\""},
    {",", "\",\""},
    {"\n", "\"\n\""},
    {"\r", "\"\r\""},
    {"a\r\nb", "\"a\r\nb\""},
    {"{\"a\": \"b\", \"c\": 1}", "\"{\"\"a\"\": \"\"b\"\", \"\"c\"\": 1}\""},
    {"a field that is long, with a comma", "\"a field that is long, with a comma\""},
    {"a field that is long with none of it", "a field that is long with none of it"},
};

static void fields_are_quoted_only_where_they_must_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof write_cases / sizeof write_cases[0]; i++) {
        const struct write_case *c = &write_cases[i];
        struct weir_buf out;
        weir_buf_init(&out, 1000);
        size_t len = strlen(c->field);
        assert_int_equal(weir_csv_put_field(&out, (const uint8_t *)c->field, len, NULL), 0);
        assert_string_equal(weir_buf_text(&out, NULL), c->text);
        weir_buf_fini(&out);
    }
}

/* The definition, a byte at a time. */
static size_t slow_put(uint8_t *to, const uint8_t *p, size_t len)
{
    size_t n = 0;
    bool quotes = false;

    for (size_t i = 0; i < len; i++) {
        quotes |= p[i] != '\0' && strchr("\",\n\r", p[i]) != NULL;
    }
    if (quotes) {
        to[n++] = '"';
    }
    for (size_t i = 0; i < len; i++) {
        to[n++] = p[i];
        if (p[i] == '"') {
            to[n++] = '"';
        }
    }
    if (quotes) {
        to[n++] = '"';
    }
    return n;
}

static void check_field(const uint8_t *p, size_t len)
{
    uint8_t want[200];
    uint8_t *copy = malloc(len > 0 ? len : 1); /* so that a byte read beside it is seen */
    struct weir_buf out;

    assert_non_null(copy);
    memcpy(copy, p, len);
    size_t n = slow_put(want, p, len);
    weir_buf_init(&out, n > 0 ? n : 1); /* no byte too many is asked for */
    assert_int_equal(weir_csv_put_field(&out, copy, len, NULL), 0);
    assert_int_equal(out.len, n);
    assert_true(n == 0 || memcmp(out.p, want, n) == 0);
    weir_buf_fini(&out);
    free(copy);
}

static void every_length_and_place_is_right(void **state)
{
    static const uint8_t special[] = {'"', ',', '\n', '\r', 0x00, 0x80, 0xA2, 0x23, 0x8A, 0x0B};
    uint8_t p[40];

    (void)state;
    for (size_t len = 0; len < sizeof p; len++) {
        memset(p, 'x', sizeof p);
        check_field(p, len);
        for (size_t i = 0; i < len; i++) {
            for (size_t k = 0; k < sizeof special; k++) {
                p[i] = special[k];
                check_field(p, len);
            }
            p[i] = 'x';
        }
    }
    seed = 5;
    for (int i = 0; i < 20000; i++) {
        size_t len = rnd(sizeof p);
        for (size_t k = 0; k < len; k++) {
            p[k] = rnd(2) == 0 ? '"' : (uint8_t)rnd(256);
        }
        check_field(p, len);
    }
}

static void rows_have_delimiters_between_fields(void **state)
{
    const struct weir_csv_field fields[] = {
        {(const uint8_t *)"a", 1}, {(const uint8_t *)"", 0}, {(const uint8_t *)"b\"", 2}};
    static const char *const want[] = {"", "a", "a,", "a,,\"b\"\"\""};
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, 100);
    for (size_t n = 0; n < 4; n++) {
        out.len = 0;
        assert_int_equal(weir_csv_put_fields(&out, fields, n, NULL), 0);
        assert_string_equal(weir_buf_text(&out, NULL), want[n]);
    }
    out.len = 0;
    assert_int_equal(weir_csv_put_fields(&out, fields + 1, 1, NULL), 0);
    assert_string_equal(weir_buf_text(&out, NULL), "\"\""); /* an empty line would be no row */
    weir_buf_fini(&out);
}

static void a_full_buffer_is_a_limit_and_keeps_what_it_held(void **state)
{
    struct weir_buf out;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&out, 6);
    assert_int_equal(weir_csv_put_field(&out, (const uint8_t *)"abc", 3, &err), 0);
    assert_int_equal(weir_csv_put_field(&out, (const uint8_t *)"\"", 1, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.p, "abc", 3);
    err.code = WEIR_OK;
    assert_int_equal(weir_csv_put_field(&out, (const uint8_t *)"defg", 4, &err), -1);
    assert_int_equal(out.len, 3);
    weir_buf_fini(&out);
}

static uint64_t rows_put;

static int put_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    rows_put++;
    return weir_csv_put_fields(ctx, row->fields, row->fields_n, err) != 0
               ? -1
               : weir_buf_add(ctx, "\n", 1, err);
}

static void what_is_written_reads_and_writes_the_same(void **state)
{
    static uint8_t in[600];
    struct weir_csv_reader *reader = weir_csv_reader_new(NULL);
    struct weir_buf once, twice;

    (void)state;
    seed = 6;
    weir_buf_init(&once, WEIR_MIB);
    weir_buf_init(&twice, WEIR_MIB);
    for (int i = 0; i < 20000; i++) {
        size_t len = 0, want = rnd(200);
        while (len < want) { /* quoted where it need not be, all kinds of line ends, blank lines */
            bool quoted = rnd(2) == 0;
            if (quoted) {
                in[len++] = '"';
            }
            for (uint32_t n = rnd(8); n > 0; n--) {
                in[len++] = (uint8_t)(quoted ? "ab,\n\r \0"[rnd(7)] : "ab \t\0"[rnd(5)]);
                if (quoted && rnd(3) == 0) {
                    in[len++] = '"';
                    in[len++] = '"';
                }
            }
            if (quoted) {
                in[len++] = '"';
            }
            in[len++] = (uint8_t) ",,,\n\r"[rnd(5)];
        }
        once.len = twice.len = 0;
        rows_put = 0;
        assert_int_equal(weir_csv_read(reader, in, len, false, put_row, &once, NULL), 0);
        const uint64_t rows = rows_put;
        assert_int_equal(
            weir_csv_read(reader, once.p, once.len, i % 2 == 0, put_row, &twice, NULL), 0);
        assert_int_equal(rows_put, 2 * rows);
        assert_int_equal(twice.len, once.len);
        assert_true(once.len == 0 || memcmp(once.p, twice.p, once.len) == 0);
    }
    weir_buf_fini(&once);
    weir_buf_fini(&twice);
    weir_csv_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_quoted_only_where_they_must_be),
        cmocka_unit_test(every_length_and_place_is_right),
        cmocka_unit_test(rows_have_delimiters_between_fields),
        cmocka_unit_test(a_full_buffer_is_a_limit_and_keeps_what_it_held),
        cmocka_unit_test(what_is_written_reads_and_writes_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
