/*
 * Is the set of keys exact, does it remember the first place of each, and does it end where its
 * budget does, at the same key whatever its seed?
 */
#include "core/limits.h"
#include "handlers/validate/keyset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int add(struct weir_keyset *s, const void *key, size_t len, uint64_t row,
    struct weir_key_place *first, struct weir_err *err)
{
    const struct weir_key_place here = {row, row + row / 3};

    return weir_keyset_add(s, (struct weir_str){key, len}, &here, first, err);
}

static void keys_are_found_where_they_were_first(void **state)
{
    struct weir_keyset *s = weir_keyset_new(16 * WEIR_MIB, NULL);
    struct weir_key_place first;
    const uint64_t n = 100000;
    char key[32];

    (void)state;
    assert_non_null(s);
    for (uint64_t i = 1; i <= n; i++) {
        int len = snprintf(key, sizeof key, "k%llu", (unsigned long long)i);
        assert_int_equal(add(s, key, (size_t)len, i, &first, NULL), 1);
    }
    for (uint64_t i = n; i >= 1; i--) {
        int len = snprintf(key, sizeof key, "k%llu", (unsigned long long)i);
        assert_int_equal(add(s, key, (size_t)len, 7 * n, &first, NULL), 0);
        assert_int_equal(first.row, i);
        assert_int_equal(first.line, i + i / 3);
    }
    weir_keyset_free(s);
    weir_keyset_free(NULL);
}

static void every_byte_and_the_length_count(void **state)
{
    struct weir_keyset *s = weir_keyset_new(WEIR_MIB, NULL);
    struct weir_key_place first;
    char key[300] = {0};

    (void)state;
    for (size_t len = 0; len < sizeof key; len++) {
        assert_int_equal(add(s, key, len, len + 1, &first, NULL), 1);
    }
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = 1;
        assert_int_equal(add(s, key, sizeof key, 1000 + i, &first, NULL), 1);
        key[i] = 0;
    }
    assert_int_equal(add(s, key, 299, 5000, &first, NULL), 0);
    assert_int_equal(first.row, 300);
    weir_keyset_free(s);
}

/* How many keys fit, and that what is there stays there. */
static uint64_t fill(size_t budget, size_t key_len, struct weir_err *err)
{
    struct weir_keyset *s = weir_keyset_new(budget, NULL);
    struct weir_key_place first;
    char key[512];
    uint64_t n = 0;

    memset(key, 'x', sizeof key);
    for (;; n++) {
        memcpy(key, &n, sizeof n);
        int rc = add(s, key, key_len, n + 1, &first, err);
        if (rc < 0) {
            break;
        }
        assert_int_equal(rc, 1);
    }
    for (uint64_t i = 0; i < n; i++) {
        memcpy(key, &i, sizeof i);
        assert_int_equal(add(s, key, key_len, 1, &first, NULL), 0);
        assert_int_equal(first.row, i + 1);
    }
    weir_keyset_free(s);
    return n;
}

static void the_budget_is_an_error_at_the_same_key(void **state)
{
    static const size_t lengths[] = {8, 9, 40, 511};
    struct weir_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (size_t budget = WEIR_UNIQUE_MEMORY_MIN_BYTES; budget <= WEIR_MIB; budget *= 5) {
            err = (struct weir_err){0};
            const uint64_t n = fill(budget, lengths[i], &err);
            assert_int_equal(err.code, WEIR_E_LIMIT);
            char says[64];
            snprintf(says, sizeof says, "used up: %llu of them take the %zu bytes of unique_memory",
                (unsigned long long)n, budget);
            assert_non_null(strstr(err.msg, says));
            assert_int_equal(fill(budget, lengths[i], &err), n);
            /* A link, a head, two numbers and a length are all that comes to a key. */
            assert_true(n * (lengths[i] + 4 + 4 + 3 + 3 + 2) + 1024 >= budget);
        }
    }
}

static void a_key_larger_than_the_budget_is_an_error(void **state)
{
    struct weir_keyset *s = weir_keyset_new(WEIR_UNIQUE_MEMORY_MIN_BYTES, NULL);
    static char key[WEIR_UNIQUE_MEMORY_MIN_BYTES];
    struct weir_key_place first;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(add(s, key, sizeof key, 1, &first, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_int_equal(add(s, key, 1, 1, &first, NULL), 1);
    weir_keyset_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_found_where_they_were_first),
        cmocka_unit_test(every_byte_and_the_length_count),
        cmocka_unit_test(the_budget_is_an_error_at_the_same_key),
        cmocka_unit_test(a_key_larger_than_the_budget_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
