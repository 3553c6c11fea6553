/*
 * Is what we write what we read, and is it quoted only where it must be?
 */
#include "core/limits.h"
#include "csv/writer.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Takes what is there, as somebody does who has no room for all of it. */
struct drained {
    struct weir_buf *from, all;
    size_t longest;
};

static int drain(void *ctx, struct weir_err *err)
{
    struct drained *d = ctx;

    d->longest = d->from->len > d->longest ? d->from->len : d->longest;
    int rc = weir_buf_add(&d->all, d->from->p, d->from->len, err);
    d->from->len = 0;
    return rc;
}

static void a_long_field_is_the_same_in_pieces(void **state)
{
    static const struct weir_csv_dialect dialects[] = {WEIR_CSV_COMMON,
        {.delimiter = ';', .quote = '\'', .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
        {.delimiter = ',', .quote = '"', .escape = '\\', .comment = '#'},
        {.delimiter = '-',
            .quote = '\'',
            .escape = WEIR_CSV_NONE,
            .comment = WEIR_CSV_NONE,
            .escape_formulas = true}};
    static const char firsts[] = "=-+a'\"#,";
    uint8_t *p = malloc(200000);

    (void)state;
    assert_non_null(p);
    rnd_seed = 17;
    for (size_t i = 0; i < 400; i++) {
        const struct weir_csv_dialect *d = &dialects[i % 4];
        const size_t len = i < 100 ? i : 16380 + rnd(i % 2 == 0 ? 8 : 180000);
        const bool plain = i % 5 == 0;
        for (size_t k = 0; k < len; k++) {
            p[k] =
                plain || rnd(50) > 0 ? (uint8_t)('a' + k % 26) : (uint8_t) "\"';,\\\n#-="[rnd(9)];
        }
        if (len > 0) {
            p[0] = (uint8_t)firsts[i % (sizeof firsts - 1)];
        }
        struct weir_buf whole, pieces;
        struct drained got = {.from = &pieces};
        weir_buf_init(&whole, WEIR_MIB);
        weir_buf_init(&pieces, WEIR_MIB);
        weir_buf_init(&got.all, WEIR_MIB);
        assert_int_equal(weir_csv_put_field(&whole, d, p, len, NULL), 0);
        assert_int_equal(weir_csv_put_long(&pieces, d, p, len, drain, &got, NULL), 0);
        assert_int_equal(drain(&got, NULL), 0);
        assert_int_equal(got.all.len, whole.len);
        assert_true(whole.len == 0 || memcmp(got.all.p, whole.p, whole.len) == 0);
        assert_true(got.longest <= 33 * WEIR_KIB);
        weir_buf_fini(&whole);
        weir_buf_fini(&pieces);
        weir_buf_fini(&got.all);
    }
    free(p);
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
        assert_int_equal(
            weir_csv_put_field(&out, &weir_csv_common, (const uint8_t *)c->field, len, NULL), 0);
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
    assert_int_equal(weir_csv_put_field(&out, &weir_csv_common, copy, len, NULL), 0);
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
    rnd_seed = 5;
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
    const struct weir_csv_field fields[] = {{.p = (const uint8_t *)"a", .len = 1},
        {.p = (const uint8_t *)"", .len = 0}, {.p = (const uint8_t *)"b\"", .len = 2}};
    static const char *const want[] = {"", "a", "a,", "a,,\"b\"\"\""};
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, 100);
    for (size_t n = 0; n < 4; n++) {
        out.len = 0;
        assert_int_equal(weir_csv_put_fields(&out, &weir_csv_common, fields, n, NULL), 0);
        assert_string_equal(weir_buf_text(&out, NULL), want[n]);
    }
    out.len = 0;
    assert_int_equal(weir_csv_put_fields(&out, &weir_csv_common, fields + 1, 1, NULL), 0);
    assert_string_equal(weir_buf_text(&out, NULL), "\"\""); /* an empty line would be no row */
    weir_buf_fini(&out);
}

static void a_full_buffer_is_a_limit_and_keeps_what_it_held(void **state)
{
    struct weir_buf out;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&out, 6);
    assert_int_equal(
        weir_csv_put_field(&out, &weir_csv_common, (const uint8_t *)"abc", 3, &err), 0);
    assert_int_equal(
        weir_csv_put_field(&out, &weir_csv_common, (const uint8_t *)"\"", 1, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_int_equal(out.len, 3);
    assert_memory_equal(out.p, "abc", 3);
    err.code = WEIR_OK;
    assert_int_equal(
        weir_csv_put_field(&out, &weir_csv_common, (const uint8_t *)"defg", 4, &err), -1);
    assert_int_equal(out.len, 3);
    weir_buf_fini(&out);
}

static uint64_t rows_put;

static int put_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    rows_put++;
    return weir_csv_put_fields(ctx, &weir_csv_common, row->fields, row->fields_n, err) != 0
               ? -1
               : weir_buf_add(ctx, "\n", 1, err);
}

static void what_is_written_reads_and_writes_the_same(void **state)
{
    static uint8_t in[600];
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf once, twice;

    (void)state;
    rnd_seed = 6;
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

/* ---- dialects ---- */

static const struct weir_csv_dialect dialects[] = {
    {.delimiter = ';', .quote = '\'', .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = '\t', .quote = WEIR_CSV_NONE, .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = ',', .quote = '"', .escape = '\\', .comment = WEIR_CSV_NONE},
    {.delimiter = ',', .quote = '"', .escape = WEIR_CSV_NONE, .comment = '#'},
    {.delimiter = '|', .quote = '"', .escape = '\\', .comment = '#'},
    {.delimiter = '"', .quote = WEIR_CSV_NONE, .escape = WEIR_CSV_NONE, .comment = '\''},
    {.delimiter = ' ', .quote = '"', .escape = WEIR_CSV_NONE, .comment = '\''},
};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

struct dialect_case {
    size_t dialect;
    const char *fields[3];
    const char *text;
};

static const struct dialect_case dialect_cases[] = {
    {0, {"a,\"b", "c;", "'"}, "a,\"b;'c;';''''"},
    {1, {"a,b", "c\t", "\""}, "a,b\t\"c\t\"\t\"\"\"\""},
    {2, {"a\\", "\"\\", ","}, "a\\,\"\\\"\\\\\",\",\""},
    {3, {"#a", "#b", "c#"}, "\"#a\",#b,c#"},
    {3, {"#", NULL, NULL}, "\"#\""},
    {4, {"#\\", "\\", "|"}, "\"#\\\\\"|\\|\"|\""},
    {5, {"'", "\"", "`"}, "`'`\"`\"`\"````"},
};

static size_t fields_of(const char *const *texts, struct weir_csv_field *fields)
{
    size_t n = 0;

    for (; n < 3 && texts[n] != NULL; n++) {
        fields[n] = (struct weir_csv_field){
            .p = (const uint8_t *)texts[n], .len = (uint32_t)strlen(texts[n])};
    }
    return n;
}

static void rows_of_dialects_are_quoted_where_they_must_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof dialect_cases / sizeof dialect_cases[0]; i++) {
        const struct dialect_case *c = &dialect_cases[i];
        const struct weir_csv_dialect d = weir_csv_dialect_out(&dialects[c->dialect]);
        struct weir_csv_field fields[3];
        struct weir_buf out;
        weir_buf_init(&out, 1000);
        size_t n = fields_of(c->fields, fields);
        assert_int_equal(weir_csv_put_fields(&out, &d, fields, n, NULL), 0);
        assert_string_equal(weir_buf_text(&out, NULL), c->text);
        weir_buf_fini(&out);
    }
}

static const struct dialect_case formulas[] = {
    {0, {"=1+2", "+a", "-a"}, "'''=1+2';'''+a';'''-a'"}, /* its quote is the mark */
    {3, {"=1+2", "@x", "\tx"}, "'=1+2,'@x,'\tx"},
    {3, {"\rx", "=\"a\",", "x=1"}, "\"'\rx\",\"'=\"\"a\"\",\",x=1"},
    {3, {"-5", "+1.5e-3", "-.5"}, "-5,+1.5e-3,-.5"}, {3, {"-", "-5-5", "+1e"}, "'-,'-5-5,'+1e"},
    {3, {"\xEF\xBC\x9D=", "\xEF\xBC\xA0", "\xEF\xBC\x9E"},
        "'\xEF\xBC\x9D=,'\xEF\xBC\xA0,\xEF\xBC\x9E"},
    {6, {"=1", "=1", "a"}, "\"'=1\" '=1 a"}, /* the mark would begin a comment */
};

static void formulas_get_a_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof formulas / sizeof formulas[0]; i++) {
        struct weir_csv_dialect d = weir_csv_dialect_out(&dialects[formulas[i].dialect]);
        struct weir_csv_field fields[3];
        struct weir_buf out;
        weir_buf_init(&out, 1000);
        d.escape_formulas = true;
        assert_int_equal(
            weir_csv_put_fields(&out, &d, fields, fields_of(formulas[i].fields, fields), NULL), 0);
        assert_string_equal(weir_buf_text(&out, NULL), formulas[i].text);
        weir_buf_fini(&out);
    }
}

struct expected {
    const struct weir_csv_field *fields;
    size_t fields_n, rows;
};

static int same_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct expected *e = ctx;

    (void)err;
    assert_false(row->malformed);
    assert_int_equal(row->fields_n, e->fields_n);
    for (size_t i = 0; i < row->fields_n; i++) {
        assert_int_equal(row->fields[i].len, e->fields[i].len);
        assert_memory_equal(row->fields[i].p, e->fields[i].p, e->fields[i].len);
    }
    e->rows++;
    return 0;
}

static void what_is_written_in_a_dialect_is_read_in_it(void **state)
{
    static const char bytes[] = "\"\"'';,|#\\\\aa \t\n\r`\x00=";
    struct weir_buf out;

    (void)state;
    rnd_seed = 7;
    weir_buf_init(&out, WEIR_MIB);
    for (int i = 0; i < 30000; i++) {
        const struct weir_csv_dialect d = weir_csv_dialect_out(&dialects[(size_t)i % DIALECTS]);
        struct weir_csv_reader *reader = weir_csv_reader_new(&d, NULL);
        struct weir_csv_field fields[4];
        uint8_t text[4][20];
        struct expected e = {.fields = fields, .fields_n = 1 + rnd(4)};
        for (size_t k = 0; k < e.fields_n; k++) {
            fields[k] = (struct weir_csv_field){.p = text[k], .len = rnd(sizeof text[k])};
            for (size_t b = 0; b < fields[k].len; b++) {
                text[k][b] = (uint8_t)bytes[rnd(sizeof bytes - 1)];
            }
        }
        out.len = 0;
        assert_int_equal(weir_csv_put_fields(&out, &d, fields, e.fields_n, NULL), 0);
        assert_int_equal(weir_buf_add(&out, "\n", 1, NULL), 0);
        assert_int_equal(weir_csv_read(reader, out.p, out.len, true, same_row, &e, NULL), 0);
        assert_int_equal(e.rows, 1);
        assert_int_equal(weir_csv_read(reader, out.p, out.len, false, same_row, &e, NULL), 0);
        assert_int_equal(e.rows, 2); /* what is written is never odd */
        weir_csv_reader_free(reader);
    }
    weir_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_quoted_only_where_they_must_be),
        cmocka_unit_test(every_length_and_place_is_right),
        cmocka_unit_test(a_long_field_is_the_same_in_pieces),
        cmocka_unit_test(rows_have_delimiters_between_fields),
        cmocka_unit_test(a_full_buffer_is_a_limit_and_keeps_what_it_held),
        cmocka_unit_test(what_is_written_reads_and_writes_the_same),
        cmocka_unit_test(rows_of_dialects_are_quoted_where_they_must_be),
        cmocka_unit_test(formulas_get_a_mark),
        cmocka_unit_test(what_is_written_in_a_dialect_is_read_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
