/* Are problems counted by their names, however many there are, and does it cost what it should when
 * somebody has chosen the names? */
#include "core/limits.h"
#include "handlers/validate/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SLOTS (2 * WEIR_TALLY_NAMES_MAX)

static void count(struct weir_tally *t, const char *name)
{
    const struct weir_schema_problem problem = {
        .column = SIZE_MAX, .label = name, .pointer = "", .keyword = "type", .message = ""};
    struct weir_err err = {0};

    assert_int_equal(weir_tally_count(t, &problem, &err), 0);
}

static const char *no_columns(const void *ctx, size_t i)
{
    (void)ctx;
    (void)i;
    return NULL;
}

static void names_beyond_the_most_are_counted_as_one(void **state)
{
    struct weir_tally t, all;
    struct weir_err err = {0};
    char name[32];

    (void)state;
    weir_tally_init(&t, 0);
    weir_tally_init(&all, 0);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < WEIR_TALLY_NAMES_MAX + 10; i++) {
            snprintf(name, sizeof name, "name-%d", i);
            count(&t, name);
        }
    }
    assert_int_equal(t.names.used, WEIR_TALLY_NAMES_MAX);
    assert_int_equal(t.names.others, 20);
    assert_int_equal(weir_tally_add(&all, &t, &err), 0); /* another seed */
    assert_int_equal(all.names.used, WEIR_TALLY_NAMES_MAX);
    assert_int_equal(all.names.others, 20);
    assert_int_equal(all.problems, 2 * (WEIR_TALLY_NAMES_MAX + 10));
    for (size_t i = 0; i < all.names.used; i++) {
        assert_int_equal(all.names.table->list[i].n, 2);
    }
    struct weir_buf json;
    static const char others[] = "{\"name\":\"(others)\",\"problems\":20}]";
    weir_buf_init(&json, WEIR_MIB);
    assert_int_equal(weir_tally_json(&all, no_columns, NULL, &json, &err), 0);
    assert_true(json.len > sizeof others);
    assert_memory_equal(json.p + json.len - (sizeof others - 1), others, sizeof others - 1);
    weir_buf_fini(&json);
    weir_tally_fini(&t);
    weir_tally_fini(&all);
}

/* Where the names of a block do not all find room, those do that came first, whatever the seed. */
static void names_that_came_first_are_those_that_are_kept(void **state)
{
    struct weir_tally t, all;
    struct weir_err err = {0};
    struct weir_buf json;
    char name[32], part[64];

    (void)state;
    weir_tally_init(&t, 0);
    weir_tally_init(&all, 0);
    for (int i = 0; i < WEIR_TALLY_NAMES_MAX / 2; i++) {
        snprintf(name, sizeof name, "old-%d", i);
        count(&all, name);
    }
    for (int i = 0; i < WEIR_TALLY_NAMES_MAX; i++) {
        snprintf(name, sizeof name, "new-%d", i);
        count(&t, name);
    }
    assert_int_equal(weir_tally_add(&all, &t, &err), 0);
    weir_buf_init(&json, WEIR_MIB);
    assert_int_equal(weir_tally_json(&all, no_columns, NULL, &json, &err), 0);
    assert_non_null(weir_buf_text(&json, NULL));
    for (int i = 0; i < WEIR_TALLY_NAMES_MAX; i++) {
        snprintf(part, sizeof part, "{\"name\":\"new-%d\",\"problems\":1}", i);
        assert_int_equal(strstr((const char *)json.p, part) != NULL, i < WEIR_TALLY_NAMES_MAX / 2);
    }
    weir_buf_fini(&json);
    weir_tally_fini(&t);
    weir_tally_fini(&all);
}

/* The longest row of slots in use: what a search may have to go through. */
static size_t longest_row(const struct weir_tally *t)
{
    size_t longest = 0, row = 0;

    for (size_t i = 0; i < 2 * SLOTS; i++) {
        row = t->names.table->slots[i % SLOTS] != 0 ? row + 1 : 0;
        longest = row > longest ? row : longest;
    }
    return longest;
}

/* Names that all fall into one place of a table whose hash (FNV-1a) everybody can reckon. */
static void names_that_were_chosen_to_collide_do_not(void **state)
{
    struct weir_tally t;
    char name[32];

    (void)state;
    weir_tally_init(&t, 0);
    for (unsigned i = 0; t.names.used < WEIR_TALLY_NAMES_MAX; i++) {
        unsigned hash = 2166136261U;
        snprintf(name, sizeof name, "%x", i);
        for (const char *c = name; *c != '\0'; c++) {
            hash = (hash ^ (unsigned char)*c) * 16777619U;
        }
        if (hash % SLOTS == 0) {
            count(&t, name);
        }
    }
    /* Some 50 are usual where half of the table is used; 1,024 would be all of them. */
    assert_true(longest_row(&t) < 400);
    weir_tally_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_beyond_the_most_are_counted_as_one),
        cmocka_unit_test(names_that_came_first_are_those_that_are_kept),
        cmocka_unit_test(names_that_were_chosen_to_collide_do_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
