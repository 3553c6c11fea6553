/* Is a setting read as it is written, and is what cannot be read an error that names it? */
#include "core/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void set(const char *value)
{
    if (value != NULL) {
        setenv("X_SETTING", value, 1);
    } else {
        unsetenv("X_SETTING");
    }
}

static void word_is_one_of_those_that_are_known(void **state)
{
    static const char *const words[] = {"auto", "path", "virtual", NULL};
    static const struct {
        const char *value;
        int rc;
        size_t word;
    } cases[] = {{NULL, 0, 2}, {"", 0, 2}, {"auto", 0, 0}, {"PATH", 0, 1}, {"Virtual", 0, 2},
        {"virtua", -1, 7}, {"virtual ", -1, 7}, {"1", -1, 7}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        size_t word = 7;
        set(cases[i].value);
        assert_int_equal(weir_env_word("X_SETTING", words, 2, &word, &err), cases[i].rc);
        assert_int_equal(word, cases[i].word);
        assert_int_equal(err.code, cases[i].rc == 0 ? WEIR_OK : WEIR_E_CONFIG);
        assert_string_equal(
            err.msg, cases[i].rc == 0 ? "" : "X_SETTING: must be auto, path or virtual");
    }
}

static void flag_is_true_or_false(void **state)
{
    static const struct {
        const char *value;
        int rc;
        bool flag;
    } cases[] = {{NULL, 0, false}, {"", 0, false}, {"true", 0, true}, {"TRUE", 0, true},
        {"False", 0, false}, {"1", -1, false}, {"yes", -1, false}, {"0", -1, false}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool flag = true;
        set(cases[i].value);
        assert_int_equal(weir_env_flag("X_SETTING", &flag, &err), cases[i].rc);
        assert_int_equal(flag, cases[i].flag);
        assert_string_equal(err.msg, cases[i].rc == 0 ? "" : "X_SETTING: must be false or true");
    }
}

static void number_is_whole_and_within_its_bounds(void **state)
{
    static const struct {
        const char *value;
        int rc;
        int64_t number;
    } cases[] = {{NULL, 0, 5}, {"", 0, 5}, {"3", 0, 3}, {"10", 0, 10}, {"007", 0, 7}, {"2", -1, 0},
        {"11", -1, 0}, {"-4", -1, 0}, {"+4", -1, 0}, {" 4", -1, 0}, {"4 ", -1, 0}, {"4.0", -1, 0},
        {"0x4", -1, 0}, {"99999999999999999999", -1, 0}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        int64_t number = 0;
        set(cases[i].value);
        assert_int_equal(weir_env_int("X_SETTING", 5, 3, 10, &number, &err), cases[i].rc);
        assert_int_equal(number, cases[i].number);
        assert_string_equal(
            err.msg, cases[i].rc == 0 ? "" : "X_SETTING: must be a whole number from 3 to 10");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(word_is_one_of_those_that_are_known),
        cmocka_unit_test(flag_is_true_or_false),
        cmocka_unit_test(number_is_whole_and_within_its_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
