/*
 * Are keys the same for equal values, however they are written, and for no others, alone and in a
 * row?
 */
#include "core/limits.h"
#include "json/canon.h"
#include "json/number.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Each line is one value, written in several ways. */
static const char *const values[][6] = {
    {"null"},
    {"true"},
    {"false"},
    {"0", "-0", "0.0", "0e99", "-0.000e-7"},
    {"1", "1.0", "10e-1", "0.1e1", "1000e-3"},
    {"-1", "-1.0", "-0.01e2"},
    {"10", "1e1", "1.0e+1"},
    {"0.1", "1e-1", "0.10"},
    {"-0.1"},
    {"999999999999999999", "999999999999999999.0", "9.99999999999999999e17"},
    {"1000000000000000000", "1e18", "1.000e18"},
    {"-1000000000000000000", "-1e18"},
    {"9007199254740993", "9007199254740993.0"},
    {"9007199254740992"},
    {"12345678901234567890123", "1234567890123456789012300e-2"},
    {"1e99999999999999999", "10e99999999999999998", "0.1e100000000000000000"},
    {"1e100000000000000000", "10e99999999999999999", "0.01e100000000000000002"},
    {"1e-100000000000000000", "0.1e-99999999999999999", "100e-100000000000000002"},
    {"1e99999999999999999999", "10e99999999999999999998", "1000e99999999999999999996"},
    {"1e100000000000000000000", "0.1e100000000000000000001", "10e99999999999999999999"},
    {"\"\""},
    {"\"1\""},
    {"\"a\"", "\"\\u0061\""},
    {"\"\\u00e9\"", "\"\xC3\xA9\""},
    {"\"a\\u0000\""},
    {"\"0\""},
    {"\"0123abcd-0000-4000-8000-00000000000f\""},
    {"\"0123ABCD-0000-4000-8000-00000000000F\""},
    {"\"0123aBCD-0000-4000-8000-00000000000f\""},
    {"\"01234567-0000-4000-8000-000000000001\""},
    {"\"01234567-0000-4000-8000-000000000002\""},
    {"\"01234567-0000-4000-8000-00000000000g\""},
    {"\"01234567-0000-4000-8000-0000000000011\""},
    {"[]"},
    {"[[]]"},
    {"[1,2]", "[1.0, 2e0]"},
    {"[2,1]"},
    {"[12]"},
    {"[\"a\",\"b\"]"},
    {"[\"ab\"]"},
    {"{}"},
    {"{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"a\":1}", "{ \"\\u0062\" : [2], \"a\" : 1 }"},
    {"{\"a\":1,\"b\":2}"},
    {"{\"a\":[1],\"b\":2}"},
    {"{\"b\":1,\"a\":2}"},
};
#define VALUES (sizeof values / sizeof values[0])

static struct weir_buf key_of(const char *text)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_buf key;

    weir_json_tape_init(&tape);
    weir_buf_init(&key, WEIR_KIB);
    if (weir_json_parse(&tape, text, strlen(text), &fault) != 0) {
        fail_msg("%s: %s", text, fault.reason);
    }
    assert_int_equal(weir_json_canon(&tape, tape.v, &key, NULL), 0);
    weir_json_tape_fini(&tape);
    return key;
}

static bool begins_with(const struct weir_buf *a, const struct weir_buf *b)
{
    return a->len >= b->len && memcmp(a->p, b->p, b->len) == 0;
}

static void equal_values_have_one_key_and_others_have_others(void **state)
{
    struct weir_buf keys[VALUES];

    (void)state;
    for (size_t i = 0; i < VALUES; i++) {
        keys[i] = key_of(values[i][0]);
        for (size_t k = 1; k < 6 && values[i][k] != NULL; k++) {
            struct weir_buf other = key_of(values[i][k]);
            if (other.len != keys[i].len || !begins_with(&other, &keys[i])) {
                fail_msg("%s is not as %s", values[i][k], values[i][0]);
            }
            weir_buf_fini(&other);
        }
    }
    for (size_t i = 0; i < VALUES; i++) {
        for (size_t k = 0; k < VALUES; k++) {
            if (i != k && begins_with(&keys[i], &keys[k])) {
                fail_msg("the key of %s begins with that of %s", values[i][0], values[k][0]);
            }
        }
    }
    for (size_t i = 0; i < VALUES; i++) {
        weir_buf_fini(&keys[i]);
    }
}

static void any_bytes_are_a_string(void **state)
{
    struct weir_buf a, b;

    (void)state;
    weir_buf_init(&a, WEIR_KIB);
    weir_buf_init(&b, WEIR_KIB);
    assert_int_equal(weir_json_canon_string((struct weir_str){"\xFF\0", 2}, &a, NULL), 0);
    assert_int_equal(weir_json_canon_string((struct weir_str){"\xFF", 1}, &b, NULL), 0);
    assert_false(begins_with(&a, &b));
    weir_buf_fini(&a);
    weir_buf_fini(&b);
}

static void random_numbers_are_one_key_as_far_as_they_are_equal(void **state)
{
    char texts[300][64];
    struct weir_buf keys[300];

    (void)state;
    srand(7);
    for (size_t i = 0; i < 300; i++) {
        const int digits = rand() % 4;
        snprintf(texts[i], sizeof texts[i], "%s%d%s%.*se%s%d", rand() % 4 == 0 ? "-" : "",
            rand() % 100, digits > 0 ? "." : "", digits, "105", rand() % 2 ? "-" : "", rand() % 6);
        keys[i] = key_of(texts[i]);
    }
    for (size_t i = 0; i < 300; i++) {
        for (size_t k = 0; k < i; k++) {
            const bool same = keys[i].len == keys[k].len && begins_with(&keys[i], &keys[k]);
            if (same != (weir_number_cmp(weir_str_of(texts[i]), weir_str_of(texts[k])) == 0)) {
                fail_msg("%s and %s", texts[i], texts[k]);
            }
        }
    }
    for (size_t i = 0; i < 300; i++) {
        weir_buf_fini(&keys[i]);
    }
}

static void a_ceiling_is_an_error(void **state)
{
    struct weir_buf key;
    struct weir_err err = {0};

    (void)state;
    for (size_t room = 0; room < 30; room++) {
        static const char *const texts[] = {
            "\"012345678901234567890123456789\"", "1.5e100000000000000000000", "[[],[],1,2,{}]"};
        for (size_t i = 0; i < 3; i++) {
            struct weir_json_tape tape;
            struct weir_json_fault fault;
            weir_json_tape_init(&tape);
            weir_buf_init(&key, room);
            err = (struct weir_err){0};
            assert_int_equal(weir_json_parse(&tape, texts[i], strlen(texts[i]), &fault), 0);
            if (weir_json_canon(&tape, tape.v, &key, &err) != 0) {
                assert_int_equal(err.code, WEIR_E_LIMIT);
            }
            weir_buf_fini(&key);
            weir_json_tape_fini(&tape);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_have_one_key_and_others_have_others),
        cmocka_unit_test(any_bytes_are_a_string),
        cmocka_unit_test(random_numbers_are_one_key_as_far_as_they_are_equal),
        cmocka_unit_test(a_ceiling_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
