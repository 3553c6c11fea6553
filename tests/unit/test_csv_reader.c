/*
 * Do blocks become the right rows, do both parsers agree on every byte of what is well-formed, and
 * do limits and refusals stop a block cleanly?
 */
#include "core/buf.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "csv/index.h"
#include "csv/reader.h"
#include "csv/split.h"
#include "csv/writer.h"
#include "tests/support/rnd.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct weir_csv_dialect in_dialect = WEIR_CSV_COMMON; /* what is read */
static uint64_t sources_n;                                   /* rows that check_source has seen */
static uint64_t doubled_n;                                   /* fields that pack_row has seen */
static uint64_t utf8_n;                                      /* rows of which it is known */
static uint64_t rows_n; /* that show_row, pack_row and their like were given and took */

/* Rows as text that shows everything: [field|field] and !n for a malformed field. Only used where
 * the fields have no such bytes. */
static int show_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct weir_buf *out = ctx;

    assert_true(row->fields_n > 0);
    weir_buf_adds(out, "[", err);
    for (size_t i = 0; i < row->fields_n; i++) {
        assert_non_null(row->fields[i].p);
        if (i > 0) {
            weir_buf_adds(out, "|", err);
        }
        weir_buf_add(out, row->fields[i].p, row->fields[i].len, err);
    }
    weir_buf_adds(out, "]", err);
    if (row->malformed) {
        weir_buf_addf(out, err, "!%zu", row->malformed_field);
    }
    rows_n++;
    return 0;
}

/* A row that says that it can be passed on as it is would be written just so. */
static void check_source(const struct weir_csv_row *row)
{
    struct weir_buf out;

    if (row->source == NULL) {
        return;
    }
    sources_n++;
    weir_buf_init(&out, WEIR_BLOCK_OUT_MAX_BYTES);
    assert_int_equal(weir_csv_put_fields(&out, &in_dialect, row->fields, row->fields_n, NULL), 0);
    assert_int_equal(out.len, row->source_len);
    assert_true(out.len == 0 || memcmp(out.p, row->source, out.len) == 0);
    weir_buf_fini(&out);
}

/* A field whose quotes were left doubled: each pair of them as one. Returns the length. */
static size_t undouble(const struct weir_csv_field *f, uint8_t *to)
{
    size_t n = 0;

    for (size_t i = 0; i < f->len; i++) {
        to[n++] = f->p[i];
        if (f->p[i] == in_dialect.quote) {
            assert_true(i + 1 < f->len && f->p[i + 1] == in_dialect.quote);
            i++;
        }
    }
    assert_true(n < f->len); /* where there is none, it is a field like any other */
    return n;
}

/* As show_row with lengths instead, for any bytes. */
static int pack_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    static uint8_t text[8000];
    struct weir_buf *out = ctx;

    check_source(row);
    utf8_n += row->utf8;
    weir_buf_addf(out, err, "%zu %d:", row->fields_n, row->malformed);
    for (size_t i = 0; i < row->fields_n; i++) {
        struct weir_csv_field f = row->fields[i];
        assert_true(!row->utf8 || weir_utf8_check((const char *)f.p, f.len) == f.len);
        if (f.doubled) {
            assert_true(f.len <= sizeof text);
            f.len = (uint32_t)undouble(&f, text);
            f.p = text;
            doubled_n++;
        }
        weir_buf_addf(out, err, "%u%s:", f.len, f.quoted_empty ? "q" : "");
        weir_buf_add(out, f.p, f.len, err);
    }
    rows_n++;
    return 0;
}

/* The three parsers by number: the fast one, libcsv, the exact one. Returns what weir_csv_read is
 * to be told. */
#define PARSERS 3
#define EXACT 2
static bool use(struct weir_csv_reader *reader, int parser)
{
    weir_csv_reader_set_engine(reader, parser == 1 ? WEIR_CSV_LIBCSV : WEIR_CSV_FAST);
    return parser == EXACT;
}

struct read_case {
    const char *in;
    const char *rows;
    bool odd; /* what weir_csv_split would say */
};

static const struct read_case read_cases[] = {
    {"", "", false},
    {"\n\r\n\r", "", false},
    {"a", "[a]", false},
    {"a\n", "[a]", false},
    {"a,b\nc,d", "[a|b][c|d]", false},
    {"a,b\rc,d\r", "[a|b][c|d]", false},
    {"a,b\r\nc,d\r\n", "[a|b][c|d]", false},
    {"a\r\r\nb\n\nc", "[a][b][c]", false},
    {",\n,,", "[|][||]", false},
    {"a,", "[a|]", false},
    {"\"\"\n", "[]", false},
    {"\"\"", "[]", false},
    {"\"\",\"\"", "[|]", false},
    {"\"a\"", "[a]", false},
    {"\"a\"\"\"\n", "[a\"]", false},
    {"\"\"\"a\"\"b\"\"\"", "[\"a\"b\"]", false},
    {"\"\"\"\"", "[\"]", false},
    {"\"a,b\",\"c\nd\",\"e\r\nf\"\n", "[a,b|c\nd|e\r\nf]", false},
    {" a , b \n", "[ a | b ]", false},
    {"  \n\t\n", "[  ][\t]", false},
    {"\" a \"\n", "[ a ]", false},
    {"\xEF\xBB\xBF"
     "a\n",
        "[\xEF\xBB\xBF"
        "a]",
        false}, /* the splitter's business */
    {"\xff\xfe,\xc3\n", "[\xff\xfe|\xc3]", false},
    {"a\"b,c\"\n\"d\"", "[a\"b|c\"][d]", true},
    {" \"a\"\n", "[ \"a\"]", true},
    {"\"a\"b\n", "[\"a\"b]!0", true},
    {"x,\"a\" ,y\nz\n", "[x|\"a\" |y]!1[z]", true},
    {"\"a\"b\"c,d\"\n", "[\"a\"b\"c|d\"]!0", true},
    {"\"a\"\"b\"\"\"c,\"e\"f\n", "[\"a\"\"b\"\"\"c|\"e\"f]!0", true},
    {"\"a\nb\"c\rd", "[\"a\nb\"c]!0[d]", true},
    {"\"a\"\"b\",\"c\"x,\"d\"\"e\"\n", "[a\"b|\"c\"x|d\"e]!1", true},
    {"\"\"a", "[\"\"a]!0", true},
};

static void rows_are_as_they_should_be(void **state)
{
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf out;

    (void)state;
    assert_non_null(reader);
    weir_buf_init(&out, WEIR_MIB);
    for (size_t i = 0; i < sizeof read_cases / sizeof read_cases[0]; i++) {
        const struct read_case *c = &read_cases[i];
        for (int parser = c->odd ? EXACT : 0; parser < PARSERS; parser++) {
            const bool exact = use(reader, parser);
            struct weir_err err = {0};
            out.len = 0;
            int rc = weir_csv_read(
                reader, (const uint8_t *)c->in, strlen(c->in), exact, show_row, &out, &err);
            assert_string_equal(err.msg, "");
            assert_int_equal(rc, 0);
            assert_string_equal(weir_buf_text(&out, NULL), c->rows);
        }
    }
    weir_buf_fini(&out);
    weir_csv_reader_free(reader);
}

static void nul_bytes_are_bytes(void **state)
{
    static const uint8_t in[] = {0, ',', '"', 0, '"', '\n', 0, 0};
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, WEIR_MIB);
    for (int parser = 0; parser < PARSERS; parser++) {
        const bool exact = use(reader, parser);
        out.len = 0;
        rows_n = 0;
        assert_int_equal(weir_csv_read(reader, in, sizeof in, exact, pack_row, &out, NULL), 0);
        assert_int_equal(out.len, 18);
        assert_memory_equal(out.p,
            "2 0:1:\0"
            "1:\0"
            "1 0:2:\0\0",
            18);
        assert_int_equal(rows_n, 2);
    }
    weir_buf_fini(&out);
    weir_csv_reader_free(reader);
}

/* Rows by the rules out of hostile pieces. */
static size_t make_text(uint8_t *p, size_t max)
{
    static const char plain[] = "ab ;\t\x00\xFF'";
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    size_t n = 0, want = rnd((uint32_t)max);

    while (n < want) {
        if (rnd(2) == 0) {
            p[n++] = '"';
            for (uint32_t i = rnd(rnd(20) == 0 ? 300 : 6); i > 0; i--) {
                p[n++] = (uint8_t) "ab ,\n\r\"\x00"[rnd(8)];
                if (p[n - 1] == '"') {
                    p[n++] = '"';
                }
            }
            p[n++] = '"';
        } else {
            for (uint32_t i = rnd(6); i > 0; i--) {
                p[n++] = (uint8_t)plain[rnd(8)];
            }
        }
        const char *end = rnd(3) > 0 ? "," : ends[rnd(3)];
        for (; *end != '\0'; end++) {
            p[n++] = (uint8_t)*end;
        }
    }
    return n;
}

static void all_parsers_agree_on_well_formed_text(void **state)
{
    static uint8_t in[3000 + 1000];
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf a, b;
    bool doubled[5];

    (void)state;
    rnd_seed = 3;
    weir_buf_init(&a, WEIR_MIB);
    weir_buf_init(&b, WEIR_MIB);
    for (int i = 0; i < 20000; i++) {
        struct weir_err err = {0};
        size_t len = make_text(in, rnd(10) == 0 ? 3000 : 100);
        for (int k = 0; k < 5; k++) {
            doubled[k] = rnd(2) == 0;
        }
        weir_csv_reader_set_doubled(reader, doubled, rnd(6));
        a.len = 0;
        rows_n = 0;
        assert_int_equal(weir_csv_read(reader, in, len, use(reader, EXACT), pack_row, &a, &err), 0);
        const uint64_t rows = rows_n;
        for (int parser = 0; parser < EXACT; parser++) {
            b.len = 0;
            rows_n = 0;
            assert_int_equal(
                weir_csv_read(reader, in, len, use(reader, parser), pack_row, &b, &err), 0);
            assert_int_equal(rows_n, rows);
            assert_int_equal(a.len, b.len);
            assert_true(a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
        }
    }
    /* the generator makes such rows */
    assert_true(sources_n > 1000 && doubled_n > 1000 && utf8_n > 1000);
    weir_buf_fini(&a);
    weir_buf_fini(&b);
    weir_csv_reader_free(reader);
}

/* Whatever the bytes are: what the splitter calls well-formed is so for libcsv, and reading block
 * by block gives the rows of the whole. */
static void blocks_of_any_bytes_read_as_the_whole(void **state)
{
    static const char bytes[] = "\"\"\"aa,,\n\r";
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf whole, parts, again;
    uint8_t in[150];
    int bad = 0, good = 0;

    (void)state;
    rnd_seed = 4;
    weir_buf_init(&whole, WEIR_MIB);
    weir_buf_init(&parts, WEIR_MIB);
    weir_buf_init(&again, WEIR_MIB);
    for (int i = 0; i < 50000; i++) {
        struct weir_csv_split split;
        struct weir_csv_cut cut;
        size_t len = rnd(sizeof in), at = 0;
        for (size_t k = 0; k < len; k++) {
            in[k] = (uint8_t)bytes[rnd(9)];
        }
        whole.len = parts.len = 0;
        weir_csv_split_init(&split, &weir_csv_common, 1 + rnd(100), 1000);
        int rc = 0;
        while (rc == 0 && at < len) {
            struct weir_err err = {0};
            rc = weir_csv_split(&split, in + at, len - at, true, &cut, &err);
            if (rc != 0) {
                break;
            }
            size_t before = parts.len;
            rows_n = 0;
            assert_int_equal(
                weir_csv_read(reader, in + at, cut.len, cut.counts.odd, pack_row, &parts, &err), 0);
            assert_int_equal(rows_n, cut.counts.rows);
            again.len = 0;
            assert_int_equal(
                weir_csv_read(reader, in + at, cut.len, true, pack_row, &again, &err), 0);
            assert_int_equal(again.len, parts.len - before);
            assert_true(again.len == 0 || memcmp(again.p, parts.p + before, again.len) == 0);
            *(cut.counts.odd ? &bad : &good) += 1;
            at += cut.len;
        }
        if (rc == 0) {
            assert_int_equal(weir_csv_read(reader, in, len, true, pack_row, &whole, NULL), 0);
            assert_int_equal(whole.len, parts.len);
            assert_true(whole.len == 0 || memcmp(whole.p, parts.p, whole.len) == 0);
        } else { /* the open quote shows in the reader as well, which must not be called then */
            struct weir_err err = {0};
            assert_int_equal(
                weir_csv_read(reader, in + at, len - at, true, pack_row, &whole, &err), -1);
            assert_int_equal(err.code, WEIR_E_BUG);
        }
    }
    assert_true(bad > 1000 && good > 1000); /* the generator makes both */
    weir_buf_fini(&whole);
    weir_buf_fini(&parts);
    weir_buf_fini(&again);
    weir_csv_reader_free(reader);
}

/* Counts rows that are known to be valid UTF-8. */
static int count_utf8(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    (void)err;
    *(size_t *)ctx += row->utf8;
    return 0;
}

/* A character lies across the border of any window of the index, and a bad byte behind it. */
static void rows_before_the_first_bad_byte_are_known_to_be_utf8(void **state)
{
    static uint8_t in[3 * WEIR_CSV_INDEX_WINDOW];
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);

    (void)state;
    for (size_t at = WEIR_CSV_INDEX_WINDOW - 8; at < WEIR_CSV_INDEX_WINDOW + 4; at++) {
        for (size_t n = 0; n < sizeof in; n += 2) {
            memcpy(in + n, "a\n", 2);
        }
        memcpy(in + at - at % 2, "\xF0\x9F\x98\x80,\n", 6);
        size_t rows = 0;
        assert_int_equal(weir_csv_read(reader, in, sizeof in, false, count_utf8, &rows, NULL), 0);
        assert_int_equal(rows, sizeof in / 2 - 2); /* one has three times the bytes */
        const size_t bad = 2 * WEIR_CSV_INDEX_WINDOW;
        in[bad] = 0xFF;
        rows = 0;
        assert_int_equal(weir_csv_read(reader, in, sizeof in, false, count_utf8, &rows, NULL), 0);
        assert_int_equal(rows, bad / 2 - 2);
    }
    weir_csv_reader_free(reader);
}

static void quotes_out_of_place_that_nobody_told_of_are_a_bug(void **state)
{
    static const char *const blocks[] = {
        "a\nb\n\"c\"d\n", "a\nb\nc\"\n", "a\nb\n\"c\" \n", "a\nb\n\"c"};
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, WEIR_MIB);
    for (size_t i = 0; i < 4; i++) {
        for (int parser = 0; parser < PARSERS; parser++) {
            struct weir_err err = {0};
            const uint8_t *p = (const uint8_t *)blocks[i];
            if (use(reader, parser)) {
                continue; /* it has a meaning for them */
            }
            rows_n = 0;
            assert_int_equal(
                weir_csv_read(reader, p, strlen(blocks[i]), false, show_row, &out, &err), -1);
            assert_int_equal(err.code, WEIR_E_BUG);
            assert_int_equal(rows_n, 2);
            out.len = 0; /* and the reader is as new */
            assert_int_equal(
                weir_csv_read(reader, (const uint8_t *)"x,\"y\"", 5, false, show_row, &out, NULL),
                0);
            assert_string_equal(weir_buf_text(&out, NULL), "[x|y]");
            out.len = 0;
        }
    }
    weir_buf_fini(&out);
    weir_csv_reader_free(reader);
}

static int refuse_third(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    int *n = ctx;

    (void)row;
    return ++*n < 3 ? 0 : weir_err_set(err, WEIR_E_CANCEL, "enough");
}

static void on_row_can_stop_the_block(void **state)
{
    static const char in[] = "1\n2\n3,\"x\n4\n\"\n5\n6";
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, WEIR_MIB);
    for (int parser = 0; parser < PARSERS; parser++) {
        const bool exact = use(reader, parser);
        struct weir_err err = {0};
        int n = 0;
        assert_int_equal(
            weir_csv_read(reader, (const uint8_t *)in, strlen(in), exact, refuse_third, &n, &err),
            -1);
        assert_int_equal(err.code, WEIR_E_CANCEL);
        assert_int_equal(n, 3);
        out.len = 0;
        assert_int_equal(
            weir_csv_read(reader, (const uint8_t *)"a", 1, exact, show_row, &out, NULL), 0);
        assert_string_equal(weir_buf_text(&out, NULL), "[a]");
    }
    weir_buf_fini(&out);
    weir_csv_reader_free(reader);
}

static void on_row_can_stop_at_the_last_row(void **state)
{
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);

    (void)state;
    for (int parser = 0; parser < PARSERS; parser++) {
        const bool exact = use(reader, parser);
        struct weir_err err = {0};
        int n = 0;
        assert_int_equal(
            weir_csv_read(reader, (const uint8_t *)"1\n2\n3", 5, exact, refuse_third, &n, &err),
            -1);
        assert_int_equal(err.code, WEIR_E_CANCEL);
    }
    weir_csv_reader_free(reader);
}

static int count_fields(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    (void)err;
    *(size_t *)ctx = row->fields_n;
    rows_n++;
    return 0;
}

static void more_columns_than_the_ceiling_is_a_limit(void **state)
{
    static uint8_t in[WEIR_COLUMNS_MAX + 8];
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);

    (void)state;
    memset(in, ',', sizeof in);
    memcpy(in, "a\n", 2);
    for (int parser = 0; parser < PARSERS; parser++) {
        const bool exact = use(reader, parser);
        struct weir_err err = {0};
        size_t n = 0;
        assert_int_equal(
            weir_csv_read(reader, in, 2 + WEIR_COLUMNS_MAX - 1, exact, count_fields, &n, &err), 0);
        assert_int_equal(n, WEIR_COLUMNS_MAX);
        rows_n = 0;
        assert_int_equal(
            weir_csv_read(reader, in, 2 + WEIR_COLUMNS_MAX, exact, count_fields, &n, &err), -1);
        assert_int_equal(err.code, WEIR_E_LIMIT);
        assert_string_equal(err.msg, "csv: a row of more than 16384 fields");
        assert_int_equal(rows_n, 1);
        /* what is one too many may end with a delimiter, and be a field whose quotes stay doubled
         */
        static const bool doubled[WEIR_COLUMNS_MAX + 1] = {[WEIR_COLUMNS_MAX] = true};
        weir_csv_reader_set_doubled(reader, doubled, sizeof doubled);
        memcpy(in + 2 + WEIR_COLUMNS_MAX, "\"\"\"\"", 4);
        for (size_t more = 4; more <= 5; more++) {
            assert_int_equal(weir_csv_read(reader, in, 2 + WEIR_COLUMNS_MAX + more, exact,
                                 count_fields, &n, NULL),
                -1);
        }
        memset(in + 2 + WEIR_COLUMNS_MAX, ',', 4);
        assert_int_equal(rows_n, 3);
    }
    weir_csv_reader_free(reader);
}

static void fields_of_megabytes_are_whole(void **state)
{
    static const size_t sizes[] = {WEIR_BLOCK_BYTES - 100, 3 * WEIR_MIB};
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf in, a, b;

    (void)state;
    weir_buf_init(&in, 16 * WEIR_MIB);
    weir_buf_init(&a, 16 * WEIR_MIB);
    weir_buf_init(&b, 16 * WEIR_MIB);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        in.len = a.len = b.len = 0;
        weir_buf_adds(&in, "x,\"", NULL);
        for (size_t i = 0; i < sizes[s] / 4; i++) {
            weir_buf_adds(&in, i % 7 == 0 ? "\"\",," : "abc\n", NULL);
        }
        weir_buf_adds(&in, "\",y\nz", NULL);
        rows_n = 0;
        assert_int_equal(weir_csv_read(reader, in.p, in.len, false, pack_row, &a, NULL), 0);
        assert_int_equal(weir_csv_read(reader, in.p, in.len, true, pack_row, &b, NULL), 0);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.p, b.p, a.len);
        assert_int_equal(rows_n, 4);
    }
    weir_buf_fini(&in);
    weir_buf_fini(&a);
    weir_buf_fini(&b);
    weir_csv_reader_free(reader);
}

static void memory_of_large_blocks_is_given_back(void **state)
{
    const size_t large = 3 * WEIR_KEEP_MAX_BYTES;
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, NULL);
    struct weir_buf out;
    uint8_t *in = malloc(large);

    (void)state;
    assert_non_null(in);
    assert_non_null(reader);
    weir_buf_init(&out, WEIR_MIB);
    weir_csv_reader_trim(reader); /* nothing is there yet */
    memset(in, 'x', large);
    in[0] = in[large - 1] = '"';
    for (size_t len = large; len >= 100; len = len / 100 * 99 / 50) {
        size_t n;
        in[len - 1] = '"';
        size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
        assert_int_equal(weir_csv_read(reader, in, len, false, count_fields, &n, NULL), 0);
        assert_int_equal(n, 1);
        weir_csv_reader_trim(reader);
        size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
        assert_true(after <= before + 2 * WEIR_KEEP_MAX_BYTES);
        weir_csv_reader_trim(reader);
        assert_int_equal(
            weir_csv_read(reader, (const uint8_t *)"x,\"y\"", 5, false, show_row, &out, NULL), 0);
    }
    assert_memory_equal(out.p, "[x|y][x|y]", 10);
    weir_buf_fini(&out);
    free(in);
    weir_csv_reader_free(reader);
}

/* ---- dialects ---- */

static const struct weir_csv_dialect dialects[] = {
    {.delimiter = ';', .quote = '\'', .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = '\t', .quote = WEIR_CSV_NONE, .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = ',', .quote = '"', .escape = '\\', .comment = WEIR_CSV_NONE},
    {.delimiter = ',', .quote = '"', .escape = WEIR_CSV_NONE, .comment = '#'},
    {.delimiter = '|', .quote = '"', .escape = '\\', .comment = '#'},
    {.delimiter = ' ', .quote = '"', .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = 1, .quote = ',', .escape = WEIR_CSV_NONE, .comment = '"'},
};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

struct dialect_case {
    size_t dialect;
    const char *in, *rows;
};

static const struct dialect_case dialect_cases[] = {
    {0, "a;'b;''c'\n\"d\"\n", "[a|b;'c][\"d\"]"},
    {0, "a,b;''\n", "[a,b|]"},
    {1, "\"a\tb\"\n", "[\"a|b\"]"},
    {1, "\"\t\"\"\n", "[\"|\"\"]"},
    {2, "\"a\\\"b\",\"\\\\\",\"\\n\"\n", "[a\"b|\\|n]"},
    {2, "\"\\\n\"\n", "[\n]"},
    {2, "\\\"a,b\n", "[\\\"a|b]"}, /* outside quotes an escape is a byte */
    {2, "\"a\"\"b\",c\n", "[\"a\"\"b\"|c]!0"},
    {3, "#a,\"b\nc,#d\n#\r\n#e\rf\n#g", "[c|#d][f]"},
    {3, " #a\n\"#b\"\n", "[ #a][#b]"},
    {4, "#a|b\n\"\\#\"|\"\\|\"\n", "[#||]"},
    {5, "a  \"b c\"\n \n", "[a||b c][|]"},
    {6, "a\001,b,\n\"c\n,\",\n", "[a|b][\"]"},
};

static void rows_of_dialects_are_as_they_should_be(void **state)
{
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, WEIR_MIB);
    for (size_t i = 0; i < sizeof dialect_cases / sizeof dialect_cases[0]; i++) {
        const struct dialect_case *c = &dialect_cases[i];
        struct weir_csv_reader *reader = weir_csv_reader_new(&dialects[c->dialect], NULL);
        struct weir_err err = {0};
        out.len = 0;
        int rc = weir_csv_read(
            reader, (const uint8_t *)c->in, strlen(c->in), true, show_row, &out, &err);
        assert_string_equal(err.msg, "");
        assert_int_equal(rc, 0);
        assert_string_equal(weir_buf_text(&out, NULL), c->rows);
        weir_csv_reader_free(reader);
    }
    weir_buf_fini(&out);
}

static void a_block_that_ends_with_an_escape_is_a_bug(void **state)
{
    struct weir_csv_reader *reader = weir_csv_reader_new(&dialects[2], NULL);
    struct weir_err err = {0};
    size_t n;

    (void)state;
    assert_int_equal(
        weir_csv_read(reader, (const uint8_t *)"a,\"b\\", 5, true, count_fields, &n, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
    weir_csv_reader_free(reader);
}

/* Whatever the bytes and the dialect: blocks read as the whole does, both parsers alike, and there
 * are as many rows as the splitter says. */
static void blocks_of_any_dialect_read_as_the_whole(void **state)
{
    static const char bytes[] = "\"\"'',;|#\\\\aa \t\n\r\001";
    struct weir_buf whole, parts;
    uint8_t in[150];

    (void)state;
    rnd_seed = 5;
    weir_buf_init(&whole, WEIR_MIB);
    weir_buf_init(&parts, WEIR_MIB);
    for (int i = 0; i < 40000; i++) {
        const struct weir_csv_dialect *d = &dialects[(size_t)i % DIALECTS];
        struct weir_csv_reader *reader = weir_csv_reader_new(d, NULL);
        struct weir_csv_split split;
        struct weir_csv_cut cut;
        struct weir_err err = {0};
        size_t len = rnd(sizeof in), at = 0;
        for (size_t k = 0; k < len; k++) {
            in[k] = (uint8_t)bytes[rnd(sizeof bytes - 1)];
        }
        whole.len = parts.len = 0;
        in_dialect = weir_csv_dialect_out(d);
        weir_csv_split_init(&split, d, 1 + rnd(100), 1000);
        while (at < len && weir_csv_split(&split, in + at, len - at, true, &cut, &err) == 0) {
            rows_n = 0;
            assert_int_equal(
                weir_csv_read(reader, in + at, cut.len, cut.counts.odd, pack_row, &parts, &err), 0);
            assert_int_equal(rows_n, cut.counts.rows);
            at += cut.len;
        }
        if (at == len) {
            assert_int_equal(weir_csv_read(reader, in, len, true, pack_row, &whole, NULL), 0);
            assert_int_equal(whole.len, parts.len);
            assert_true(whole.len == 0 || memcmp(whole.p, parts.p, whole.len) == 0);
        }
        weir_csv_reader_free(reader);
    }
    in_dialect = weir_csv_common;
    weir_buf_fini(&whole);
    weir_buf_fini(&parts);
}

struct places {
    const char *want; /* a letter for each: 'a' is 0 */
};

static int check_place(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct places *places = ctx;

    (void)err;
    assert_int_equal(row->at, (size_t)(places->want[0] - 'a'));
    places->want++;
    return 0;
}

static void the_exact_parser_tells_where_rows_begin(void **state)
{
    static const char in[] = "x\n\n\"y\ny\",z\r\n#c\n,\n";
    struct weir_csv_reader *reader = weir_csv_reader_new(&dialects[3], NULL);
    struct places places = {.want = "adp"};

    (void)state;
    assert_int_equal(
        weir_csv_read(reader, (const uint8_t *)in, sizeof in - 1, true, check_place, &places, NULL),
        0);
    assert_string_equal(places.want, "");
    weir_csv_reader_free(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_as_they_should_be),
        cmocka_unit_test(nul_bytes_are_bytes),
        cmocka_unit_test(all_parsers_agree_on_well_formed_text),
        cmocka_unit_test(blocks_of_any_bytes_read_as_the_whole),
        cmocka_unit_test(rows_before_the_first_bad_byte_are_known_to_be_utf8),
        cmocka_unit_test(quotes_out_of_place_that_nobody_told_of_are_a_bug),
        cmocka_unit_test(on_row_can_stop_the_block),
        cmocka_unit_test(on_row_can_stop_at_the_last_row),
        cmocka_unit_test(more_columns_than_the_ceiling_is_a_limit),
        cmocka_unit_test(fields_of_megabytes_are_whole),
        cmocka_unit_test(memory_of_large_blocks_is_given_back),
        cmocka_unit_test(rows_of_dialects_are_as_they_should_be),
        cmocka_unit_test(a_block_that_ends_with_an_escape_is_a_bug),
        cmocka_unit_test(blocks_of_any_dialect_read_as_the_whole),
        cmocka_unit_test(the_exact_parser_tells_where_rows_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
