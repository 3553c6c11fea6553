/* Is the last version of each name remembered, and only what is to be forgotten forgotten? */
#include "cli/local/versions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 1000 /* more than one round of forgetting removes */

static const char *name_of(int i)
{
    static char name[16];

    (void)snprintf(name, sizeof name, "n%04d", i);
    return name;
}

static void fill(struct weir_versions *v)
{
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(weir_versions_set(v, name_of(i), "1", NULL), 0);
    }
}

static void the_version_set_last_is_the_one(void **state)
{
    struct weir_versions v = {.n = 0};

    (void)state;
    assert_null(weir_versions_get(&v, "a"));
    assert_int_equal(weir_versions_set(&v, "a", "1", NULL), 0);
    assert_int_equal(weir_versions_set(&v, "a", "2", NULL), 0);
    assert_string_equal(weir_versions_get(&v, "a"), "2");
    assert_null(weir_versions_get(&v, "b"));
    assert_int_equal(v.n, 1);
    weir_versions_fini(&v);
    assert_null(weir_versions_get(&v, "a"));
}

static bool is_odd(void *ctx, const char *name)
{
    ++*(int *)ctx;
    return (name[strlen(name) - 1] - '0') % 2 == 1;
}

static void what_is_gone_is_forgotten_and_nothing_else(void **state)
{
    struct weir_versions v = {.n = 0};
    int asked = 0;

    (void)state;
    fill(&v);
    weir_versions_forget(&v, is_odd, &asked);
    assert_int_equal(v.n, MANY / 2);
    assert_true(asked >= MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(weir_versions_get(&v, name_of(i)) == NULL, i % 2);
    }
    weir_versions_fini(&v);
}

struct seen {
    int n;
    char last[16];
};

static void see(void *ctx, const char *name, const char *version)
{
    struct seen *s = ctx;

    assert_true(strcmp(s->last, name) < 0);
    assert_string_equal(version, "1");
    (void)snprintf(s->last, sizeof s->last, "%s", name);
    s->n++;
}

static void all_are_seen_once_in_the_order_of_their_names(void **state)
{
    struct weir_versions v = {.n = 0};
    struct seen s = {.n = 0};

    (void)state;
    weir_versions_each(&v, see, &s);
    assert_int_equal(s.n, 0);
    fill(&v);
    weir_versions_each(&v, see, &s);
    assert_int_equal(s.n, MANY);
    weir_versions_fini(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_version_set_last_is_the_one),
        cmocka_unit_test(what_is_gone_is_forgotten_and_nothing_else),
        cmocka_unit_test(all_are_seen_once_in_the_order_of_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
