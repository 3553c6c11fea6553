/*
 * Is UTF-8 exactly what RFC 3629 says, wherever in a text it stands?
 */
#include "core/str.h"
#include "core/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct utf8_case {
    const char *text;
    size_t bad; /* offset of the first bad byte, or SIZE_MAX */
    size_t characters;
};

static const struct utf8_case cases[] = {
    {"", SIZE_MAX, 0},
    {"plain", SIZE_MAX, 5},
    {"\x7f", SIZE_MAX, 1},
    {"\xC2\x80", SIZE_MAX, 1},
    {"\xDF\xBF", SIZE_MAX, 1},
    {"\xE0\xA0\x80", SIZE_MAX, 1},
    {"\xED\x9F\xBF", SIZE_MAX, 1},
    {"\xEE\x80\x80", SIZE_MAX, 1},
    {"\xEF\xBF\xBF", SIZE_MAX, 1},
    {"\xF0\x90\x80\x80", SIZE_MAX, 1},
    {"\xF4\x8F\xBF\xBF", SIZE_MAX, 1},
    {"a\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80!", SIZE_MAX, 7},
    {"\x80", 0, 0},
    {"\xBF", 0, 0},
    {"\xC0\x80", 0, 0}, /* overlong */
    {"\xC1\xBF", 0, 0},
    {"\xE0\x9F\xBF", 0, 0},
    {"\xF0\x8F\xBF\xBF", 0, 0},
    {"\xED\xA0\x80", 0, 0}, /* surrogates */
    {"\xED\xBF\xBF", 0, 0},
    {"\xF4\x90\x80\x80", 0, 0}, /* beyond U+10FFFF */
    {"\xF5\x80\x80\x80", 0, 0},
    {"\xFE", 0, 0},
    {"\xFF", 0, 0},
    {"a\xC3", 1, 0}, /* cut off */
    {"ab\xE2\x82", 2, 0},
    {"abc\xF0\x9F\x98", 3, 0},
    {"\xC3(", 0, 0},
    {"\xC3\xA9\xC3", 2, 0},
    {"\xE2\x82\xACz\xA9", 4, 0},
};

#define PLACES 70 /* before and after the steps of 8 and of 32 */

/* Each case behind and before ASCII of every length: the fast paths meet it everywhere. */
static void utf8_is_checked_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t n = strlen(cases[i].text);
        for (size_t before = 0; before < PLACES; before++) {
            size_t after = (before * 7) % 40, len = before + n + after;
            char *p = malloc(len + 1); /* an exact block: a read beyond it is seen */
            assert_non_null(p);
            memset(p, 'x', len + 1);
            memcpy(p + before, cases[i].text, n);
            size_t got = weir_utf8_check(p, len);
            if (cases[i].bad == SIZE_MAX) {
                assert_int_equal(got, len);
                assert_int_equal(weir_utf8_count(p, len), before + cases[i].characters + after);
            } else {
                assert_int_equal(got, before + cases[i].bad);
            }
            free(p);
        }
    }
}

/* Every two-byte text, and every code point there and back. */
static void every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char out[4];
        if (cp >= 0xD800 && cp <= 0xDFFF) {
            continue;
        }
        size_t n = weir_utf8_put(cp, out);
        if (weir_utf8_check(out, n) != n || weir_utf8_count(out, n) != 1) {
            fail_msg("U+%04X", cp);
        }
    }
}

static void two_bytes_are_valid_only_as_the_grammar_says(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b++) {
            char p[2] = {(char)a, (char)b};
            bool want =
                (a < 0x80 && b < 0x80) || (a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF);
            if ((weir_utf8_check(p, 2) == 2) != want) {
                fail_msg("%02X %02X", a, b);
            }
        }
    }
}

static void a_cut_never_splits_a_character(void **state)
{
    static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    (void)state;
    for (size_t max = 0; max < sizeof want / sizeof want[0]; max++) {
        assert_int_equal(weir_utf8_cut(text, sizeof text - 1, max), want[max]);
    }
    assert_int_equal(weir_utf8_cut("", 0, 5), 0);
}

static void strings_compare_by_length_then_bytes(void **state)
{
    (void)state;
    assert_true(weir_str_eq(WEIR_STR(""), (struct weir_str){NULL, 0}));
    assert_true(weir_str_eq(weir_str_of("ab"), WEIR_STR("ab")));
    assert_false(weir_str_eq(WEIR_STR("ab"), WEIR_STR("aB")));
    assert_true(weir_str_cmp(WEIR_STR("z"), WEIR_STR("aa")) < 0);
    assert_true(weir_str_cmp(WEIR_STR("ab"), WEIR_STR("aa")) > 0);
    assert_int_equal(weir_str_cmp(WEIR_STR(""), (struct weir_str){NULL, 0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_is_checked_wherever_it_stands),
        cmocka_unit_test(every_code_point_round_trips),
        cmocka_unit_test(two_bytes_are_valid_only_as_the_grammar_says),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(strings_compare_by_length_then_bytes),
    };

    return cmocka_run_group_tests_name("core/utf8", tests, NULL, NULL);
}
