/*
 * Is a dialect that cannot be written and read refused, and is a delimiter found that people would
 * find?
 */
#include "core/limits.h"
#include "csv/dialect.h"
#include "csv/sniff.h"
#include "csv/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NONE WEIR_CSV_NONE

struct check_case {
    int delimiter, quote, escape, comment;
    const char *msg; /* NULL: it is fine */
};

static const struct check_case check_cases[] = {
    {',', '"', NONE, NONE, NULL},
    {',', '"', '"', NONE, NULL},
    {'\t', NONE, NONE, '#', NULL},
    {1, '\'', '\\', '%', NULL},
    {WEIR_CSV_AUTO, '"', '\\', '#', NULL},
    {' ', 0x7f, NONE, 'x', NULL},
    {NONE, '"', NONE, NONE, "delimiter: must be a byte"},
    {'\n', '"', NONE, NONE, "delimiter: must be a byte"},
    {0, '"', NONE, NONE, "delimiter: must be a byte"},
    {0x80, '"', NONE, NONE, "delimiter: must be a byte"},
    {',', WEIR_CSV_AUTO, NONE, NONE, "quote: must be a byte"},
    {',', '\r', NONE, NONE, "quote: must be a byte"},
    {',', '"', 0xE9, NONE, "escape: must be a byte"},
    {',', '"', NONE, 0, "comment: must be a byte"},
    {'"', '"', NONE, NONE, "quote: must differ from the delimiter"},
    {',', '"', ',', NONE, "escape: must differ from the delimiter"},
    {',', '"', '\\', '\\', "comment: must differ from the escape"},
    {',', '"', NONE, '"', "comment: must differ from the quote"},
    {',', NONE, '\\', NONE, "escape: has no meaning without a quote"},
};

static void dialects_that_cannot_be_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof check_cases / sizeof check_cases[0]; i++) {
        const struct check_case *c = &check_cases[i];
        struct weir_csv_dialect d = {.delimiter = c->delimiter,
            .quote = c->quote,
            .escape = c->escape,
            .comment = c->comment};
        struct weir_err err = {0};
        int rc = weir_csv_dialect_check(&d, &err);
        if (c->msg == NULL) {
            assert_string_equal(err.msg, "");
            assert_int_equal(rc, 0);
            assert_int_equal(d.escape, c->escape == c->quote ? NONE : c->escape);
        } else {
            assert_int_equal(rc, -1);
            assert_int_equal(err.code, WEIR_E_CONFIG);
            assert_int_equal(strncmp(err.msg, c->msg, strlen(c->msg)), 0);
        }
    }
}

static void what_is_read_without_a_quote_is_written_with_one(void **state)
{
    size_t taken = 0;

    (void)state;
    for (int delimiter = 1; delimiter < 0x80; delimiter++) {
        for (int comment = NONE; comment < 0x80; comment++) {
            struct weir_csv_dialect d = {.delimiter = delimiter,
                .quote = NONE,
                .escape = NONE,
                .comment = comment,
                .skip_lines = 3};
            if (weir_csv_dialect_check(&d, NULL) == 0) {
                taken++;
                d = weir_csv_dialect_out(&d);
                assert_int_equal(weir_csv_dialect_check(&d, NULL), 0);
                assert_int_not_equal(d.quote, NONE);
                assert_int_equal(d.delimiter, delimiter);
                assert_int_equal(d.skip_lines, 0);
            }
        }
    }
    assert_in_range(taken, 10000, 0x80 * 0x80);
}

static void marks_are_characters_and_words(void **state)
{
    static const struct {
        const char *text;
        int mark; /* 0: refused */
        const char *back;
    } marks[] = {{",", ',', ","}, {"comma", ',', ","}, {"tab", '\t', "tab"}, {"\\t", '\t', "tab"},
        {"\t", '\t', "tab"}, {"semicolon", ';', ";"}, {"pipe", '|', "|"}, {"space", ' ', "space"},
        {" ", ' ', "space"}, {"none", NONE, "none"}, {"auto", WEIR_CSV_AUTO, "auto"},
        {"\"", '"', "\""}, {"\x01", 1, "\\x01"}, {"", 0, NULL}, {"ab", 0, NULL},
        {"\xC3\xA9", 0, NULL}, {"\xE9", 0, NULL}, {"Tab", 0, NULL}};

    (void)state;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct weir_err err = {0};
        int mark = 0;
        char back[12];
        int rc = weir_csv_mark(marks[i].text, marks[i].mark == WEIR_CSV_AUTO, &mark, &err);
        assert_int_equal(rc, marks[i].mark == 0 ? -1 : 0);
        assert_int_equal(mark, marks[i].mark);
        if (rc == 0) {
            weir_csv_mark_text(mark, back);
            assert_string_equal(back, marks[i].back);
        } else {
            assert_int_equal(err.code, WEIR_E_CONFIG);
        }
    }
}

static void only_a_delimiter_is_found_and_only_others_can_be_missing(void **state)
{
    struct weir_err err = {0};
    int mark = 0;

    (void)state;
    assert_int_equal(weir_csv_mark("none", true, &mark, &err), -1);
    assert_non_null(strstr(err.msg, "space, auto"));
    assert_null(strstr(err.msg, "none"));
    err = (struct weir_err){0};
    assert_int_equal(weir_csv_mark("auto", false, &mark, &err), -1);
    assert_non_null(strstr(err.msg, "space, none"));
    assert_null(strstr(err.msg, "auto"));
    assert_int_equal(mark, 0);
}

/* The delimiter that the splitter finds in the text, WEIR_CSV_AUTO: it needs more of it. */
static int found(const struct weir_csv_dialect *d, const void *text, size_t len, bool last)
{
    struct weir_csv_split s;
    struct weir_csv_cut cut;

    weir_csv_split_init(&s, d, WEIR_BLOCK_BYTES, WEIR_ROW_MAX_BYTES);
    assert_int_equal(weir_csv_split(&s, text, len, last, &cut, NULL), 0);
    assert_true(s.dialect.delimiter != WEIR_CSV_AUTO || cut.len == 0);
    return s.dialect.delimiter;
}

struct sniff_case {
    const char *text;
    char delimiter;
};

static const struct sniff_case sniff_cases[] = {
    {"", ','}, {"a", ','}, {"a\nb\nc\n", ','}, {"a,b\n1,2\n", ','}, {"a;b\n1;2\n", ';'},
    {"a\tb\n1\t2\n", '\t'}, {"a|b|c\n1|2|3\n", '|'}, {"a;b", ';'},
    {"a;b;c\r\n1,5;2,5;3,5\r\n", ';'}, {"a;b;c\r1,5;2,5;3,5\r", ';'},
    {"\xEF\xBB\xBF"
     "a;b\n1;2\n",
        ';'},
    {"name, first;city\nDoe;Berlin\nRoe;Bonn\n", ';'}, {"a,b,c\n\"1;2\",\"3;4\",x\n", ','},
    {"a,b\n\"x;y\n;z\",2\n", ','}, {"\"a;b\",c\n\"1;2\",3\n", ','},
    {"a,b;c\n1,2;3\n", ','},     /* both divide it: in the order of the list */
    {"a,b;c;d\n1,2;3;4\n", ';'}, /* more fields */
    {"\n\na;b\n\n1;2\n", ';'}, {"a;b\n1;2\n3;4;5\n6;7\n8,9\n", ';'},
    {"a;b\n\"1;2\n3,4,5\n", ';'}, /* a quote that is never closed */
};

static void the_delimiter_is_found_that_people_would_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sniff_cases / sizeof sniff_cases[0]; i++) {
        struct weir_csv_dialect d = weir_csv_common;
        const char *text = sniff_cases[i].text;
        d.delimiter = WEIR_CSV_AUTO;
        assert_int_equal(found(&d, text, strlen(text), false), WEIR_CSV_AUTO);
        const int delimiter = found(&d, text, strlen(text), true);
        if (delimiter != sniff_cases[i].delimiter) {
            fail_msg("%s: '%c' is found", text, delimiter);
        }
    }
}

static void the_rest_of_the_dialect_counts(void **state)
{
    static const char text[] = "a,b,c,d\n#;|,\n'x,y';z\n1;2\n#,,,\n\"';'\";5\n";
    struct weir_csv_dialect d = {
        .delimiter = WEIR_CSV_AUTO, .quote = '\'', .escape = NONE, .comment = '#', .skip_lines = 1};

    (void)state;
    assert_int_equal(found(&d, text, sizeof text - 1, true), ';');
    d = (struct weir_csv_dialect){
        .delimiter = WEIR_CSV_AUTO, .quote = ',', .escape = NONE, .comment = ';'};
    assert_true(weir_csv_sniff((const uint8_t *)"ab", 2, true, &d));
    assert_int_equal(d.delimiter, '\t'); /* what is another mark is no delimiter */
    d = (struct weir_csv_dialect){
        .delimiter = WEIR_CSV_AUTO, .quote = '"', .escape = '\\', .comment = NONE};
    static const char escaped[] = "a;b\n\"\\\",\";2\n\"\\\",\";3\n";
    assert_true(weir_csv_sniff((const uint8_t *)escaped, sizeof escaped - 1, true, &d));
    assert_int_equal(d.delimiter, ';');
}

static void only_the_beginning_is_looked_at_whatever_is_shown(void **state)
{
    const size_t len = 2 * WEIR_CSV_SNIFF_BYTES;
    uint8_t *text = malloc(len);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < len; i += 4) {
        memcpy(text + i, i < WEIR_CSV_SNIFF_BYTES - 8 ? "a;b\n" : "a,b\n", 4);
    }
    struct weir_csv_dialect early = weir_csv_common;
    early.delimiter = WEIR_CSV_AUTO;
    assert_false(weir_csv_sniff(text, WEIR_CSV_SNIFF_BYTES, false, &early)); /* are they all? */
    for (size_t shown = WEIR_CSV_SNIFF_BYTES; shown <= len; shown += 4095) {
        struct weir_csv_dialect d = weir_csv_common;
        d.delimiter = WEIR_CSV_AUTO;
        assert_true(weir_csv_sniff(text, shown, shown % 2 == 0, &d));
        assert_int_equal(d.delimiter, ';');
    }
    free(text);
}

/* A report's preamble, which may be longer than what is looked at. */
static void lines_to_skip_are_not_what_is_looked_at(void **state)
{
    const size_t skip = 2 * WEIR_CSV_SNIFF_BYTES + 4, len = skip + 2 * WEIR_CSV_SNIFF_BYTES;
    uint8_t *text = malloc(len);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < len; i += 4) {
        memcpy(text + i, i < skip ? "a,b\n" : "a;b\n", 4);
    }
    for (size_t shown = 4; shown <= len; shown += 4095) {
        struct weir_csv_dialect d = {
            .delimiter = WEIR_CSV_AUTO, .quote = '"', .escape = NONE, .comment = NONE};
        d.skip_lines = skip / 4;
        assert_int_equal(found(&d, text, shown, false),
            shown > skip + WEIR_CSV_SNIFF_BYTES ? ';' : WEIR_CSV_AUTO);
        assert_int_equal(found(&d, text, shown, true), shown > skip + 4 ? ';' : ',');
    }
    free(text);
}

/* Else a line of many windows would be gone over once for each. What has been shown is overwritten
 * with more line ends than there are lines to skip. */
static void what_is_skipped_is_seen_once(void **state)
{
    static const char rows[] = "a;b\n1;2\n";
    const size_t skip = 8 * WEIR_CSV_SNIFF_BYTES, len = skip + sizeof rows - 1;
    const struct weir_csv_dialect d = {
        .delimiter = WEIR_CSV_AUTO, .quote = '"', .escape = NONE, .comment = NONE, .skip_lines = 2};
    uint8_t *text = malloc(len);
    struct weir_csv_split s;
    struct weir_csv_cut cut;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', skip);
    text[skip / 2] = text[skip - 1] = '\n';
    memcpy(text + skip, rows, sizeof rows - 1);
    weir_csv_split_init(&s, &d, WEIR_BLOCK_BYTES, WEIR_ROW_MAX_BYTES);
    for (size_t shown = 4096; shown <= skip; shown += 4096) {
        assert_int_equal(weir_csv_split(&s, text, shown, false, &cut, NULL), 0);
        assert_int_equal(cut.len, 0);
        memset(text, '\n', shown);
    }
    assert_int_equal(weir_csv_split(&s, text, len, true, &cut, NULL), 0);
    assert_int_equal(s.dialect.delimiter, ';');
    assert_int_equal(cut.skip, skip);
    assert_int_equal(cut.len, skip + 4);
    assert_int_equal(cut.counts.lines, 3);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialects_that_cannot_be_are_refused),
        cmocka_unit_test(what_is_read_without_a_quote_is_written_with_one),
        cmocka_unit_test(marks_are_characters_and_words),
        cmocka_unit_test(only_a_delimiter_is_found_and_only_others_can_be_missing),
        cmocka_unit_test(the_delimiter_is_found_that_people_would_find),
        cmocka_unit_test(the_rest_of_the_dialect_counts),
        cmocka_unit_test(only_the_beginning_is_looked_at_whatever_is_shown),
        cmocka_unit_test(lines_to_skip_are_not_what_is_looked_at),
        cmocka_unit_test(what_is_skipped_is_seen_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
