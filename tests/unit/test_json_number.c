/*
 * Are numbers what RFC 8259 calls numbers, and are they compared at their exact value?
 */
#include "json/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void only_the_grammar_of_json_is_a_number(void **state)
{
    static const char *const yes[] = {"0", "-0", "7", "10", "-123", "0.5", "1.0", "-0.0", "1e5",
        "1E5", "1e+5", "1e-5", "1.25e10", "0e0", "0.000", "1e400", "123456789012345678901234567890",
        "1e99999999999999999999"};
    static const char *const no[] = {"", "-", "+1", "+5", "007", "01", "-01", "00", ".5", "-.5",
        "1.", "1.e5", "1e", "1e+", "1E-", " 5", "5 ", "0x10", "1_000", "1,5", "NaN", "Infinity",
        "-Infinity", "1e5.0", "--1", "1-", "1e1e1", "\xEF\xBC\x91", "1\0"};

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (!weir_number_valid(weir_str_of(yes[i]))) {
            fail_msg("%s", yes[i]);
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0] - 1; i++) {
        if (weir_number_valid(weir_str_of(no[i]))) {
            fail_msg("%s", no[i]);
        }
    }
    assert_false(weir_number_valid((struct weir_str){"1\0", 2}));
    assert_false(weir_number_valid((struct weir_str){NULL, 0}));
}

static void a_scan_stops_behind_the_number(void **state)
{
    (void)state;
    assert_int_equal(weir_number_scan("12,", 3), 2);
    assert_int_equal(weir_number_scan("012", 3), 1);
    assert_int_equal(weir_number_scan("1.5e3]", 6), 5);
    assert_int_equal(weir_number_scan("1.x", 3), 0);
    assert_int_equal(weir_number_scan("1ex", 3), 0);
    assert_int_equal(weir_number_scan("-x", 2), 0);
    assert_int_equal(weir_number_scan("", 0), 0);
}

static void integers_are_told_by_value(void **state)
{
    static const char *const yes[] = {"0", "-0", "0.0", "-0.000", "1", "-17", "1.0", "1.000e0",
        "7e0", "10e-1", "100e-2", "1200.0e-2", "1.5e1", "12.5e3", "1e400", "0e-5",
        "0.0e-99999999999999999999", "1e99999999999999999999999999", "0.001e3", "9007199254740993"};
    static const char *const no[] = {"0.5", "1.5", "-1.01", "1e-1", "10e-2", "1.25e1", "0.001e2",
        "1e-99999999999999999999999999", "123e-400"};

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (!weir_number_is_integer(weir_str_of(yes[i]))) {
            fail_msg("%s", yes[i]);
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        if (weir_number_is_integer(weir_str_of(no[i]))) {
            fail_msg("%s", no[i]);
        }
    }
}

struct cmp_case {
    const char *a, *b;
    int want;
};

static const struct cmp_case cmp_cases[] = {
    {"0", "0", 0},
    {"-0", "0", 0},
    {"0.0", "-0e99", 0},
    {"1", "2", -1},
    {"-1", "1", -1},
    {"-2", "-1", -1},
    {"10", "9", 1},
    {"1.0", "1", 0},
    {"1", "1.0000000000000000000000000000001", -1},
    {"100", "1e2", 0},
    {"0.01", "1e-2", 0},
    {"0.010", "10e-3", 0},
    {"1.5", "15e-1", 0},
    {"-1.5", "-15e-1", 0},
    {"123.456", "123.4560", 0},
    {"123.456", "123.457", -1},
    {"0.1", "0.09", 1},
    {"-0.1", "-0.09", -1},
    {"0", "1e-400", -1},
    {"0", "-1e-400", 1},
    {"1e400", "1e399", 1},
    {"1e400", "10e399", 0},
    {"-1e400", "1", -1},
    {"9007199254740993", "9007199254740992", 1},
    {"9007199254740993.0", "9007199254740993", 0},
    {"123456789012345678", "123456789012345679", -1},
    {"1234567890123456789", "1234567890123456788", 1},
    {"999999999999999999", "1000000000000000000", -1},
    {"99999999999999999999999999999999", "1e32", -1},
    {"0.30000000000000004", "0.3", 1},
    {"1e99999999999999999999", "1e99999999999999999998", 1},
    {"1e100000000000000000000", "10e99999999999999999999", 0},
    {"1e-100000000000000000000", "0.1e-99999999999999999999", 0},
    {"1e-100000000000000000000", "0.1e-99999999999999999998", -1},
    {"1e99999999999999999999", "-1e99999999999999999999", 1},
    {"1e-99999999999999999999", "1e99999999999999999999", -1},
    {"-1e-99999999999999999999", "-1e99999999999999999999", 1},
    {"1e0000000000000000000000005", "100000", 0},
    {"1e+5", "1E5", 0},
    {"0.000000000000000000001e21", "1", 0},
    {"1000000000000000000000e-21", "1.000", 0},
    {"5e-324", "4e-324", 1},
    {"18446744073709551616", "18446744073709551615", 1},
    {"9223372036854775808", "9223372036854775807", 1},
    {"-9223372036854775808", "-9223372036854775807", -1},
    {"999999999999999999", "9.00000000000000001", 1},
    {"-999999999999999999", "9.00000000000000001", -1},
    {"99999999999999999.9", "99999999999999999.90", 0},
    {"0.00000000000000001", "0.000000000000000011", -1},
};

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void numbers_are_compared_exactly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cmp_cases / sizeof cmp_cases[0]; i++) {
        const struct cmp_case *c = &cmp_cases[i];
        int there = weir_number_cmp(weir_str_of(c->a), weir_str_of(c->b));
        int back = weir_number_cmp(weir_str_of(c->b), weir_str_of(c->a));
        if (sign(there) != c->want || sign(back) != -c->want) {
            fail_msg("%s ? %s: %d and %d", c->a, c->b, there, back);
        }
    }
}

/* Small decimals written in many ways, against whole numbers of thousandths. */
static void many_spellings_agree_with_scaled_integers(void **state)
{
    uint64_t seed = 1;
    char text[2][64];

    (void)state;
    for (int round = 0; round < 200000; round++) {
        int64_t value[2];
        for (int k = 0; k < 2; k++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            int64_t x = (int64_t)(seed >> 40) % 4001 - 2000;
            int shift = (int)(seed >> 33 & 7);
            value[k] = x;
            /* x/1000 as digits with the point moved, put right by the exponent */
            long long whole = llabs(x) / 1000, part = llabs(x) % 1000;
            if (shift < 2) {
                snprintf(text[k], sizeof text[k], "%s%lld.%03lld%s", x < 0 ? "-" : "", whole, part,
                    shift == 0 ? "" : "e0");
            } else if (shift == 2) {
                snprintf(
                    text[k], sizeof text[k], "%s0.%05lld%03llde5", x < 0 ? "-" : "", whole, part);
            } else {
                snprintf(text[k], sizeof text[k], "%lld%.*se-%d", (long long)x, x == 0 ? 0 : shift,
                    "0000000", 3 + shift);
            }
            assert_true(weir_number_valid(weir_str_of(text[k])));
            assert_int_equal(weir_number_is_integer(weir_str_of(text[k])), x % 1000 == 0);
        }
        int want = (value[0] > value[1]) - (value[0] < value[1]);
        if (sign(weir_number_cmp(weir_str_of(text[0]), weir_str_of(text[1]))) != want) {
            fail_msg("%s ? %s", text[0], text[1]);
        }
    }
}

/* A megabyte of exponent, or of digits, is one walk over it. */
static void long_numbers_take_linear_time(void **state)
{
    const size_t len = 1 << 20;
    char *a = malloc(len), *b = malloc(len);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    memset(a, '9', len);
    memset(b, '9', len);
    a[1] = b[1] = 'e';
    b[len - 1] = '8';
    for (int i = 0; i < 50; i++) {
        assert_true(weir_number_cmp((struct weir_str){a, len}, (struct weir_str){b, len}) > 0);
        assert_true(weir_number_is_integer((struct weir_str){a, len}));
    }
    a[1] = b[1] = '.';
    for (int i = 0; i < 50; i++) {
        assert_true(weir_number_cmp((struct weir_str){a, len}, (struct weir_str){b, len}) > 0);
        assert_false(weir_number_is_integer((struct weir_str){a, len}));
    }
    free(a);
    free(b);
}

struct multiple_case {
    const char *number, *of;
    bool is;
};

static const struct multiple_case multiples[] = {{"0", "7", true}, {"-0.00", "7", true},
    {"21", "7", true}, {"-21", "7", true}, {"22", "7", false}, {"0.3", "0.1", true},
    {"0.30", "0.10", true}, {"0.35", "0.1", false}, {"1.1", "0.01", true},
    {"7.5e-1", "25e-2", true}, {"5000", "2.5e3", true}, {"2500.5", "2.5e3", false},
    {"1e400", "0.3", false}, {"3e400", "0.3", true}, {"1e400", "1024", true},
    {"1e9", "1024", false}, {"1e10", "1024", true}, {"1e-400", "1e-400", true},
    {"1e-401", "1e-400", false}, {"1", "1e-99999999999999999999", true},
    {"1e-99999999999999999999", "1", false}, {"9007199254740993", "3", true},
    {"9007199254740992", "3", false},
    {"123456789012345678901234567890", "999999999999999999", false},
    {"999999999999999999000000000000000000", "999999999999999999", true},
    {"0.000000000000000001", "0.000000000000000001", true}, {"10", "4", false},
    {"10.0", "2.5", true}, {"12e-1", "0.4", true}, {"1e59", "576460752303423488", true},
    {"1e58", "576460752303423488", false}};

static void multiples_are_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof multiples / sizeof multiples[0]; i++) {
        const struct multiple_case *m = &multiples[i];
        struct weir_number_divisor d;
        assert_true(weir_number_divisor(weir_str_of(m->of), &d));
        if (weir_number_is_multiple(weir_str_of(m->number), &d) != m->is) {
            fail_msg("%s of %s", m->number, m->of);
        }
    }
}

static void divisors_are_above_zero_and_have_few_digits(void **state)
{
    static const char *const yes[] = {"1", "0.1", "999999999999999999", "1e999",
        "1000000000000000000000000", "0.00000000000000000000000001", "123456789.123456789"};
    static const char *const no[] = {
        "0", "0.0", "-1", "-0", "0e5", "1234567890123456789", "1.234567890123456789"};
    struct weir_number_divisor d;

    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        assert_true(weir_number_divisor(weir_str_of(yes[i]), &d));
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        assert_false(weir_number_divisor(weir_str_of(no[i]), &d));
    }
}

static void equal_numbers_have_one_hash(void **state)
{
    static const char *const same[][4] = {{"0", "-0", "0.000", "0e99999999999999999999"},
        {"1", "1.0", "10e-1", "0.001e3"}, {"-1.5", "-15e-1", "-0.15e1", "-1.500"},
        {"1e400", "10e399", "0.1e401", "1.0e+0400"},
        {"1e99999999999999999999", "10e99999999999999999998", "100e99999999999999999997",
            "0.1e100000000000000000000"}};

    (void)state;
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        uint64_t h = weir_number_hash(weir_str_of(same[i][0]), 42);
        for (size_t k = 1; k < 4; k++) {
            if (weir_number_hash(weir_str_of(same[i][k]), 42) != h) {
                fail_msg("%s", same[i][k]);
            }
        }
        if (i > 0) {
            assert_true(h != weir_number_hash(weir_str_of(same[i - 1][0]), 42));
        }
    }
}

static void equal_numbers_have_one_text(void **state)
{
    static const char *const texts[][4] = {{"0", "0", "-0.0", "0e99"},
        {"15e-1", "1.5", "150e-2", "0.015e2"}, {"-1e400", "-1e400", "-10e399", "-0.01e402"},
        {"1e-1", "0.1", "1e-1", "10e-2"}};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        for (size_t k = 1; k < 4; k++) {
            struct weir_buf text;
            struct weir_err err = {0};
            weir_buf_init(&text, strlen(texts[i][k]) + 24);
            assert_int_equal(weir_number_canon(weir_str_of(texts[i][k]), &text, &err), 0);
            assert_true(weir_str_eq(
                (struct weir_str){(const char *)text.p, text.len}, weir_str_of(texts[i][0])));
            weir_buf_fini(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_grammar_of_json_is_a_number),
        cmocka_unit_test(a_scan_stops_behind_the_number),
        cmocka_unit_test(integers_are_told_by_value),
        cmocka_unit_test(numbers_are_compared_exactly),
        cmocka_unit_test(many_spellings_agree_with_scaled_integers),
        cmocka_unit_test(long_numbers_take_linear_time),
        cmocka_unit_test(multiples_are_exact),
        cmocka_unit_test(divisors_are_above_zero_and_have_few_digits),
        cmocka_unit_test(equal_numbers_have_one_hash),
        cmocka_unit_test(equal_numbers_have_one_text),
    };

    return cmocka_run_group_tests_name("json/number", tests, NULL, NULL);
}
