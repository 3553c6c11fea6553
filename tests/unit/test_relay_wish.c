/* Does a client get what it asks for, where it may, and is what cannot be meant refused? */
#include "relay/wish.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct weir_relay_wish of_source = {
    .leaky = {.burst_bytes = 7, .age_max_ms = 2000},
    .lag_ms = 10000,
};

/* In a buffer of exactly that size, so that the sanitizer sees what is read beyond it. */
static int wish_read(const char *query, struct weir_relay_wish *wish)
{
    size_t n = strlen(query);
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, query, n);
    *wish = of_source;
    int rc = weir_relay_wish_read((struct weir_str){copy, n}, wish);
    free(copy);
    return rc;
}

static void who_asks_for_nothing_gets_what_the_source_has(void **state)
{
    static const char *const cases[] = {"", "&", "&&", "a=b", "policy", "t=17&Policy=x", "=latest"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_relay_wish w;

        assert_int_equal(wish_read(cases[i], &w), 0);
        assert_memory_equal(&w, &of_source, sizeof w);
    }
}

static void who_asks_gets_it(void **state)
{
    struct weir_relay_wish w;

    (void)state;
    assert_int_equal(
        wish_read(
            "policy=latest&t=1&disconnect_after=0.5&age_max=1.25&burst=65536&random_access=1", &w),
        0);
    assert_int_equal(w.leaky.policy, WEIR_LEAKY_KEEP_LATEST);
    assert_int_equal(w.lag_ms, 500);
    assert_int_equal(w.leaky.age_max_ms, 1250);
    assert_int_equal(w.leaky.burst_bytes, 65536);
    assert_true(w.leaky.random_access);
    assert_int_equal(wish_read("policy=oldest&random_access=0&burst=0", &w), 0);
    assert_int_equal(w.leaky.policy, WEIR_LEAKY_DROP_OLDEST);
    assert_int_equal(w.leaky.burst_bytes, 0);
    assert_false(w.leaky.random_access);
}

static void nobody_gets_more_patience_than_the_source_has(void **state)
{
    struct weir_relay_wish w;

    (void)state;
    assert_int_equal(wish_read("disconnect_after=3600&age_max=3600", &w), 0);
    assert_memory_equal(&w, &of_source, sizeof w);
    assert_int_equal(wish_read("disconnect_after=0&age_max=0", &w), 0);
    assert_memory_equal(&w, &of_source, sizeof w);
}

/* It knows no age, so it is more patience than a source has that knows one. */
static void the_newest_are_lost_only_where_no_age_is_set(void **state)
{
    const struct weir_str asks[] = {WEIR_STR("policy=newest"), WEIR_STR("age_max=1&policy=newest")};

    (void)state;
    for (size_t i = 0; i < COUNT(asks); i++) {
        struct weir_relay_wish aged = of_source, ageless = of_source, own = of_source;

        assert_int_equal(weir_relay_wish_read(asks[i], &aged), -1);
        ageless.leaky.age_max_ms = 0;
        assert_int_equal(weir_relay_wish_read(asks[i], &ageless), 0);
        assert_int_equal(ageless.leaky.policy, WEIR_LEAKY_DROP_NEWEST);
        own.leaky.policy = WEIR_LEAKY_DROP_NEWEST;
        assert_int_equal(weir_relay_wish_read(asks[i], &own), 0);
    }
}

static void what_cannot_be_meant_is_refused(void **state)
{
    static const char *const cases[] = {"policy=", "policy=old", "policy=oldest ",
        "burst=", "burst=-1", "burst=1k", "burst=99999999999999999999", "age_max=x", "age_max=1s",
        "age_max=.5", "age_max=99999999999999999999", "disconnect_after=1e3",
        "random_access=", "random_access=yes", "a=b&policy=x"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_relay_wish w;

        if (wish_read(cases[i], &w) == 0) {
            fail_msg("%s is taken", cases[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_for_nothing_gets_what_the_source_has),
        cmocka_unit_test(who_asks_gets_it),
        cmocka_unit_test(nobody_gets_more_patience_than_the_source_has),
        cmocka_unit_test(the_newest_are_lost_only_where_no_age_is_set),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
