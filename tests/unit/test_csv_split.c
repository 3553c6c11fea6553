/*
 * Does the splitter cut exactly at record ends, whatever the bytes and however they arrive? A slow
 * model of the rules in csv/split.h stands beside it (tests/support/csv_model.h).
 */
#include "tests/support/csv_model.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the table: inputs and what is known of them by hand ---- */

struct split_case {
    const char *in;
    const char *lens; /* of the blocks, with block_bytes 8 */
    uint64_t lines, blank;
    bool odd;
};

static const struct split_case split_cases[] = {
    {"", "0", 0, 0, false},
    {"a,b\n", "4", 1, 0, false},
    {"a,b", "3", 1, 0, false},
    {"a,b\n1,2\n3,4\n5,6", "4 8 3", 4, 0, false},
    {"a,b\r1,2\r3,4\r5,6\r", "4 4 4 4", 4, 0, false},
    {"a,b\r\n1,2\r\n3,4\r\n", "5 5 5", 3, 0, false},
    {"a\n\r\n\rb\rc\n", "2 7", 5, 2, false},
    {"\n\r\n\ra\nb", "6 1", 5, 3, false},
    {"\n\n\r", "3", 3, 3, false},
    {"\xEF\xBB\xBF"
     "a\nb\n",
        "5 2", 2, 0, false},
    {"\xEF\xBB\xBF", "3", 0, 0, false},
    {"\xEF\xBB", "2", 1, 0, false},
    {"\"a\nb\r\nc\",d\n1\n", "11 2", 4, 0, false},
    {"\"a\"\"b\"\n\"\"\n", "7 3", 2, 0, false},
    {"a\n\"0123456789\"\nb\n", "2 13 2", 3, 0, false},
    {"a\n\"b\"c\nd\n", "2 7", 3, 0, true},
    {"a\nb\"c\nd\n", "2 6", 3, 0, true},
    {"a\n\"b\" \n", "2 5", 2, 0, true},
    {" \n\t\n", "2 2", 2, 0, false},
    {",,\n,,\n", "3 3", 2, 0, false},
    {"a\n\"b\"", "2 3", 2, 0, false},
    {"a\n12345\r78", "2 6 2", 3, 0, false},
    {"a\n1\n45678\r", "2 2 6", 3, 0, false}, /* is it CR or CRLF? not known within the block */
    {"a\n1\n45678\n", "2 8", 3, 0, false},
    {"a\n01234567\r\n", "2 10", 2, 0, false},
};

static void cuts_are_whole_records_and_counted(void **state)
{
    static struct model_result r;

    (void)state;
    rnd_seed = 1;
    for (size_t i = 0; i < sizeof split_cases / sizeof split_cases[0]; i++) {
        const struct split_case *c = &split_cases[i];
        char lens[200] = "";
        uint64_t lines = 0, blank = 0;
        bool odd = false;
        model_check((const uint8_t *)c->in, strlen(c->in), 8, 1000, 0);
        model_split((const uint8_t *)c->in, strlen(c->in), 8, 1000, 0, 1, &r);
        assert_int_equal(r.code, WEIR_OK);
        for (size_t k = 0; k < r.n; k++) {
            size_t used = strlen(lens);
            snprintf(lens + used, sizeof lens - used, "%s%zu", k > 0 ? " " : "", r.cuts[k].len);
            lines += r.cuts[k].counts.lines;
            blank += r.cuts[k].counts.blank;
            odd |= r.cuts[k].counts.odd;
        }
        if (strcmp(lens, c->lens) != 0 || lines != c->lines || blank != c->blank || odd != c->odd) {
            model_print_bytes((const uint8_t *)c->in, strlen(c->in));
            model_print("split", &r);
            fail_msg("case %zu: not blocks of %s, or the counts are wrong", i, c->lens);
        }
    }
}

struct lines_case {
    const char *in;
    const char *lens; /* of the blocks, with block_bytes 1000 and lines_max 3 */
};

static const struct lines_case lines_cases[] = {
    {"a\n\n\n\n\n1\n2\n3\n4\n", "2 3 5 4"},
    {"\n\n\n\na\n1\n", "6 2"}, /* the head may have more */
    {"a\n1\n2\n3\n", "2 6"},
    {"a\n1\n2\n3\n4", "2 6 1"},
    {"a\n1\r2\r3\r4\r", "2 6 2"},
    {"a\n1\r\n2\r\n3\r\n\n", "2 9 1"},
    {"a\n1\n\"2\n2\"\n3\n", "2 8 2"},
    {"a\n1\n\"2\n\n2\"\n3\n", "2 2 7 2"},   /* as many as may be */
    {"a\n1\n\"\n\n\n\n\"\n3\n", "2 2 7 2"}, /* a record of more lines is alone */
    {"a\n\"\n\n\n\n\"\n3\n", "2 7 2"},
    {"a\n1\n2\n\"\n", "2 4"},
};

static void blocks_have_no_more_lines_than_they_may(void **state)
{
    static struct model_result r;

    (void)state;
    rnd_seed = 2;
    for (size_t i = 0; i < sizeof lines_cases / sizeof lines_cases[0]; i++) {
        const struct lines_case *c = &lines_cases[i];
        char lens[200] = "";
        model_check((const uint8_t *)c->in, strlen(c->in), 1000, 1000, 3);
        model_split((const uint8_t *)c->in, strlen(c->in), 1000, 1000, 3, 1, &r);
        for (size_t k = 0; k < r.n; k++) {
            size_t used = strlen(lens);
            snprintf(lens + used, sizeof lens - used, "%s%zu", k > 0 ? " " : "", r.cuts[k].len);
        }
        assert_string_equal(lens, c->lens);
    }
}

/* Across the pieces in which a block with such a limit is scanned, and with the limit set late, as
 * a job does that knows its columns only after the head. */
static void a_limit_of_lines_holds_in_large_blocks(void **state)
{
    static uint8_t in[300000];
    const size_t len = sizeof in;
    struct weir_csv_split s;
    struct weir_csv_cut cut;

    (void)state;
    rnd_seed = 10;
    for (size_t i = 0; i < len; i++) {
        in[i] = rnd((uint32_t)(i / 1000 % 7) + 2) == 0 ? '\n' : 'x';
    }
    for (uint64_t lines_max = 100; lines_max < 30000; lines_max *= 4) {
        weir_csv_split_init(&s, &model_dialect, 100000, 10000);
        assert_int_equal(weir_csv_split(&s, in, len, true, &cut, NULL), 0);
        s.lines_max = lines_max;
        for (size_t at = cut.len; at < len; at += cut.len) {
            uint64_t lines = 0, want = 0;
            size_t end = 0;
            assert_int_equal(weir_csv_split(&s, in + at, len - at, true, &cut, NULL), 0);
            for (size_t i = at; i < len && i - at < 100000 && lines < lines_max; i++) {
                if (in[i] == '\n' || i + 1 == len) {
                    end = i + 1 - at;
                    want = ++lines;
                }
            }
            assert_int_equal(cut.len, end);
            assert_true(want <= lines_max);
        }
    }
}

struct error_case {
    const char *in;
    enum weir_code code;
    const char *msg;
};

static const struct error_case error_cases[] = {
    {"\"", WEIR_E_DATA, "csv: the quote that opens in line 1 is never closed"},
    {"a\n\"b\n", WEIR_E_DATA, "csv: the quote that opens in line 2 is never closed"},
    {"a\nb\n\nc,\"d\"\"\r\ne,", WEIR_E_DATA, "csv: the quote that opens in line 4 is never closed"},
    {"a\n\"1\n2\",\"3", WEIR_E_DATA, "csv: the quote that opens in line 3 is never closed"},
    {"\xEF\xBB\xBF\n\"", WEIR_E_DATA, "csv: the quote that opens in line 2 is never closed"},
    {"a\nb\n01234567890123456789x\n", WEIR_E_LIMIT,
        "csv: the row in line 3 is longer than 20 bytes"},
    {"a\nb\n1,\"45678901234567890\nxyz\"\n", WEIR_E_LIMIT,
        "csv: the row in line 3 is longer than 20 bytes (a quote opened in line 3 is still open)"},
    {"01234567890123456789\r\n01234567890123456789,\n", WEIR_E_LIMIT,
        "csv: the row in line 2 is longer than 20 bytes"},
    {"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\na\n", WEIR_E_LIMIT,
        "csv: the row in line 23 is longer than 20 bytes"},
};

static void errors_name_the_line(void **state)
{
    static struct model_result r;

    (void)state;
    rnd_seed = 3;
    for (size_t i = 0; i < sizeof error_cases / sizeof error_cases[0]; i++) {
        const struct error_case *c = &error_cases[i];
        model_check((const uint8_t *)c->in, strlen(c->in), 12, 20, 0);
        model_split((const uint8_t *)c->in, strlen(c->in), 12, 20, 0, 3, &r);
        assert_int_equal(r.code, c->code);
        assert_string_equal(r.msg, c->msg);
    }
}

static void rows_of_the_largest_size_pass(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "\r", ""};
    char in[2048];

    (void)state;
    rnd_seed = 4;
    for (size_t row_max = 1; row_max < 700; row_max += row_max < 140 ? 1 : 37) {
        for (size_t e = 0; e < 4; e++) {
            for (size_t len = row_max - 1; len <= row_max + 1; len++) {
                int n = snprintf(in, sizeof in, "h\n%.*s%s", (int)len,
                    "0123456789012345678901234567890123456789", ends[e]);
                if (len > 40) {
                    memset(in + 2, 'x', len);
                    n = 2 + (int)len + snprintf(in + 2 + len, 8, "%s", ends[e]);
                }
                model_check((const uint8_t *)in, (size_t)n, 64, row_max, 0);
            }
        }
    }
}

/* ---- random ---- */

/* Rows by the rules, with now and then a byte that breaks them. */
static size_t make_text(uint8_t *p, size_t max, uint32_t one_in)
{
    static const char plain[] = "abc d\t;x\x00\xC3";
    static const char *const ends[] = {"\n", "\r\n", "\r", "\n"};
    size_t n = 0, want = rnd((uint32_t)max - 64);
    const char *end = ends[rnd(4)];

    if (rnd(8) == 0) {
        memcpy(p, "\xEF\xBB\xBF", 3);
        n = 3;
    }
    while (n < want) {
        bool quoted = rnd(2) == 0;
        uint32_t len = rnd(rnd(10) == 0 ? 60 : 8);
        if (quoted) {
            p[n++] = '"';
        }
        for (uint32_t i = 0; i < len && n < want; i++) {
            if (quoted && rnd(3) == 0) {
                p[n++] = '"';
                p[n++] = '"';
            } else {
                p[n++] = (uint8_t)(quoted && rnd(6) == 0 ? "\n\r,"[rnd(3)] : plain[rnd(10)]);
            }
            if (one_in > 0 && rnd(one_in) == 0) {
                p[n++] = (uint8_t) "\",\n\rx"[rnd(5)];
            }
        }
        if (quoted) {
            p[n++] = '"';
        }
        if (rnd(4) == 0) {
            const char *s = rnd(9) == 0 ? ends[rnd(4)] : end;
            for (; *s != '\0'; s++) {
                p[n++] = (uint8_t)*s;
            }
        } else {
            p[n++] = ',';
        }
    }
    return n;
}

static uint64_t some_lines(void)
{
    return rnd(2) == 0 ? 0 : 1 + rnd(rnd(3) == 0 ? 70 : 6);
}

static void random_texts_are_cut_as_the_model_says(void **state)
{
    static uint8_t in[1100];

    (void)state;
    rnd_seed = 7;
    for (int i = 0; i < 6000; i++) {
        static const uint32_t breaks[] = {0, 0, 300, 20};
        size_t len = make_text(in, rnd(3) == 0 ? 1000 : 300, breaks[rnd(4)]);
        size_t block_bytes = rnd(3) == 0 ? 1 + rnd(400) : 64 + rnd(100);
        model_check(in, len, block_bytes, rnd(4) == 0 ? 1 + rnd(200) : 100000, some_lines());
    }
}

static void random_bytes_are_cut_as_the_model_says(void **state)
{
    static const char bytes[] = "\"\"\"\"aa,,\n\r\r\n\xEF\xBB\xBF";
    uint8_t in[200];

    (void)state;
    rnd_seed = 8;
    for (int i = 0; i < 30000; i++) {
        size_t len = rnd(sizeof in);
        uint32_t from = rnd(8), kinds = 1 + rnd(15 - from); /* few kinds: long runs of one */
        for (size_t k = 0; k < len; k++) {
            in[k] = (uint8_t)bytes[from + rnd(kinds)];
        }
        model_check(in, len, 1 + rnd(150), rnd(3) == 0 ? 1 + rnd(100) : 100000, some_lines());
    }
}

static void all_short_inputs_are_cut_as_the_model_says(void **state)
{
    static const char bytes[] = "\",\n\ra";
    uint8_t in[6];

    (void)state;
    rnd_seed = 9;
    for (size_t len = 0; len <= sizeof in; len++) {
        size_t all = 1;
        for (size_t i = 0; i < len; i++) {
            all *= 5;
        }
        for (size_t k = 0; k < all; k++) {
            for (size_t i = 0, rest = k; i < len; i++, rest /= 5) {
                in[i] = (uint8_t)bytes[rest % 5];
            }
            for (uint64_t lines_max = 0; lines_max < 3; lines_max++) {
                model_check(in, len, lines_max == 0 ? 3 : 8, 100, lines_max);
            }
        }
    }
}

/* ---- dialects ---- */

static const struct weir_csv_dialect dialects[] = {
    {.delimiter = ';', .quote = '\'', .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = '\t', .quote = WEIR_CSV_NONE, .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE},
    {.delimiter = ',', .quote = '"', .escape = '\\', .comment = WEIR_CSV_NONE},
    {.delimiter = ',', .quote = '"', .escape = WEIR_CSV_NONE, .comment = '#'},
    {.delimiter = '|', .quote = '"', .escape = '\\', .comment = '#', .skip_lines = 2},
    {.delimiter = ',', .quote = WEIR_CSV_NONE, .escape = WEIR_CSV_NONE, .comment = '"'},
    {.delimiter = ',',
        .quote = '"',
        .escape = WEIR_CSV_NONE,
        .comment = WEIR_CSV_NONE,
        .skip_lines = 1},
};
#define DIALECTS (sizeof dialects / sizeof dialects[0])

struct dialect_case {
    size_t dialect;
    const char *in;
    const char *lens; /* of the blocks, with block_bytes 8 */
    size_t skip;
    uint64_t lines, rows, comments;
    bool odd;
};

static const struct dialect_case dialect_cases[] = {
    {0, "a;b\n'x\n;';\"\n", "4 8", 0, 3, 2, 0, false},
    {0, "'a''b';c\n", "9", 0, 1, 1, 0, false},
    {1, "a\tb\n\"\t\"\n", "4 4", 0, 2, 2, 0, false},
    {2, "\"a\\\"\n\",b\n", "9", 0, 2, 1, 0, false},
    {2, "\"a\\\\\"\nb\n", "6 2", 0, 2, 2, 0, false},
    {2, "a\\\nb\n", "3 2", 0, 2, 2, 0, false},       /* outside quotes an escape is a byte */
    {2, "\"a\"\"b\"\nc\n", "7 2", 0, 2, 2, 0, true}, /* nothing is doubled */
    {2, "\"a\\\r\nb\"\nc\n", "8 2", 0, 3, 2, 0, false},
    {3, "#1\n#\"2\na\n#3\n\"\n#4\"\nb#\n", "9 3 6 3", 0, 7, 3, 3, true},
    {3, "a,#b\n #c\n", "5 4", 0, 2, 2, 0, false},
    {3, "#", "1", 0, 1, 0, 1, true},
    {3, "#a\r\n#b\rc", "8", 0, 3, 1, 2, true},
    {4, "\"1\n2\r\n#3\na|b\n", "13", 6, 4, 1, 1, true},
    {4, "1\r2\ra\nb", "6 1", 4, 4, 2, 0, false},
    {4, "1\n2", "3", 3, 2, 0, 0, false},
    {4, "1", "1", 1, 1, 0, 0, false},
    {4, "", "0", 0, 0, 0, 0, false},
    {4, "\xEF\xBB\xBF\n\na\nb\n", "7 2", 5, 4, 2, 0, false},
    {5, "\"a\nb\"\n", "6", 0, 2, 1, 1, true},
    {6, "\"\na,b\n", "6", 2, 2, 1, 0, false},
};

static void dialects_are_cut_and_counted(void **state)
{
    static struct model_result r;

    (void)state;
    rnd_seed = 5;
    for (size_t i = 0; i < sizeof dialect_cases / sizeof dialect_cases[0]; i++) {
        const struct dialect_case *c = &dialect_cases[i];
        struct weir_csv_counts sum = {0};
        char lens[200] = "";
        model_dialect = dialects[c->dialect];
        model_check((const uint8_t *)c->in, strlen(c->in), 8, 1000, 0);
        model_split((const uint8_t *)c->in, strlen(c->in), 8, 1000, 0, 1, &r);
        for (size_t k = 0; k < r.n; k++) {
            size_t used = strlen(lens);
            snprintf(lens + used, sizeof lens - used, "%s%zu", k > 0 ? " " : "", r.cuts[k].len);
            sum.lines += r.cuts[k].counts.lines;
            sum.rows += r.cuts[k].counts.rows;
            sum.comments += r.cuts[k].counts.comments;
            sum.odd |= r.cuts[k].counts.odd;
        }
        if (r.code != WEIR_OK || strcmp(lens, c->lens) != 0 || r.cuts[0].skip != c->skip ||
            sum.lines != c->lines || sum.rows != c->rows || sum.comments != c->comments ||
            sum.odd != c->odd) {
            model_print_bytes((const uint8_t *)c->in, strlen(c->in));
            model_print("split", &r);
            fail_msg("case %zu: not blocks of %s, or the counts are wrong", i, c->lens);
        }
    }
    model_dialect = weir_csv_common;
}

static const struct error_case dialect_errors[] = {
    {"1\n\n\"a\\\"", WEIR_E_DATA, "csv: the quote that opens in line 3 is never closed"},
    {"1\n\n\"a\\", WEIR_E_DATA, "csv: the quote that opens in line 3 is never closed"},
    {"1\n0123456789012345678901\na\n", WEIR_E_LIMIT,
        "csv: what is to be skipped up to line 2 is longer than 20 bytes"},
    {"\n\n#0123456789012345678901\na\n", WEIR_E_LIMIT,
        "csv: the row in line 3 is longer than 20 bytes"},
    {"\n\na\n\"\\\"\\\"0123456789012345678901", WEIR_E_LIMIT,
        "csv: the row in line 4 is longer than 20 bytes (a quote opened in line 4 is still open)"},
};

static void errors_of_dialects_name_the_line(void **state)
{
    static struct model_result r;

    (void)state;
    rnd_seed = 6;
    model_dialect = dialects[4];
    for (size_t i = 0; i < sizeof dialect_errors / sizeof dialect_errors[0]; i++) {
        const struct error_case *c = &dialect_errors[i];
        model_check((const uint8_t *)c->in, strlen(c->in), 12, 20, 0);
        model_split((const uint8_t *)c->in, strlen(c->in), 12, 20, 0, 3, &r);
        assert_int_equal(r.code, c->code);
        assert_string_equal(r.msg, c->msg);
    }
    model_dialect = weir_csv_common;
}

static void utf16_is_refused_by_its_mark(void **state)
{
    static const uint8_t in[][4] = {{0xFF, 0xFE, 'a', 0}, {0xFE, 0xFF, 0, 'a'}};
    static const uint8_t others[][3] = {{0xFF}, {0xFE, 'a'}, {0xFF, 0xFF}, {'a', 0xFF, 0xFE}};
    static struct model_result r;

    (void)state;
    rnd_seed = 13;
    for (size_t i = 0; i < 2; i++) {
        for (size_t window = 1; window < 5; window++) {
            model_split(in[i], 4, 100, 100, 0, window, &r);
            assert_int_equal(r.code, WEIR_E_DATA);
            assert_non_null(strstr(r.msg, "UTF-16"));
        }
    }
    for (size_t i = 0; i < 4; i++) {
        model_check(others[i], i == 0 ? 1 : sizeof others[i], 100, 100, 0);
    }
}

static void random_bytes_of_any_dialect_are_cut_as_the_model_says(void **state)
{
    static const char bytes[] = "\"\"'';,|\t\\\\##a\n\r\nb\xEF";
    uint8_t in[300];

    (void)state;
    rnd_seed = 11;
    for (int i = 0; i < 30000; i++) {
        size_t len = rnd(i % 3 == 0 ? 40 : sizeof in);
        uint32_t from = rnd(9), kinds = 1 + rnd(18 - from);
        uint32_t dull = rnd(3) == 0 ? 0 : rnd(30); /* long stretches for the fast way */
        model_dialect = dialects[rnd(DIALECTS)];
        for (size_t k = 0; k < len; k++) {
            in[k] = dull > 0 && rnd(dull) > 0 ? 'x' : (uint8_t)bytes[from + rnd(kinds)];
        }
        model_check(in, len, 1 + rnd(250), rnd(3) == 0 ? 1 + rnd(100) : 100000, some_lines());
    }
    model_dialect = weir_csv_common;
}

static void all_short_inputs_of_any_dialect_are_cut_as_the_model_says(void **state)
{
    static const char bytes[] = "\",\n\r#\\";
    uint8_t in[5];

    (void)state;
    rnd_seed = 12;
    for (size_t len = 0; len <= sizeof in; len++) {
        size_t all = 1;
        for (size_t i = 0; i < len; i++) {
            all *= 6;
        }
        for (size_t k = 0; k < all; k++) {
            for (size_t i = 0, rest = k; i < len; i++, rest /= 6) {
                in[i] = (uint8_t)bytes[rest % 6];
            }
            for (size_t d = 2; d < DIALECTS; d++) {
                model_dialect = dialects[d];
                model_check(in, len, 3, d % 2 == 0 ? 4 : 100, 0);
            }
        }
    }
    model_dialect = weir_csv_common;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_are_whole_records_and_counted),
        cmocka_unit_test(blocks_have_no_more_lines_than_they_may),
        cmocka_unit_test(a_limit_of_lines_holds_in_large_blocks),
        cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(rows_of_the_largest_size_pass),
        cmocka_unit_test(all_short_inputs_are_cut_as_the_model_says),
        cmocka_unit_test(random_bytes_are_cut_as_the_model_says),
        cmocka_unit_test(random_texts_are_cut_as_the_model_says),
        cmocka_unit_test(dialects_are_cut_and_counted),
        cmocka_unit_test(errors_of_dialects_name_the_line),
        cmocka_unit_test(utf16_is_refused_by_its_mark),
        cmocka_unit_test(random_bytes_of_any_dialect_are_cut_as_the_model_says),
        cmocka_unit_test(all_short_inputs_of_any_dialect_are_cut_as_the_model_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
