/* Where does the output of an object lie? */
#include "handlers/validate/outkey.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void outkey_replaces_names(void **state)
{
    static const struct {
        const char *pattern, *key, *want;
    } rows[] = {
        {"validations/{stem}.{ext}.gz", "uploads/a/b.ndjson", "validations/a/b.EXT.gz"},
        {"v/{stem}", "uploads/b.jsonl.gz", "v/b"},
        {"v/{stem}", "uploads/b.gz", "v/b.gz"},
        {"v/{stem}", "uploads/b.csv.jsonl", "v/b.csv"},
        {"validations/{stem}.csv.gz", "uploads/a/b.csv", "validations/a/b.csv.gz"},
        {"validations/{stem}.csv.gz", "uploads/b.csv.gz", "validations/b.csv.gz"},
        {"validations/{stem}.csv.gz", "b.csv", "validations/b.csv.gz"},
        {"validations/{stem}.csv.gz", "uploads/x", "validations/x.csv.gz"},
        {"v/{stem}", "uploads/a.csv.b", "v/a.csv.b"},
        {"v/{stem}", "uploads/.csv", "v/"},
        {"{key}.{etag}.{version}", "u/a {stem}.csv", "u/a {stem}.csv.e1.v1"},
        {"{stem}{stem}", "u/a.csv", "aa"},
        {"plain}", "u/a.csv", "plain}"},
    };
    struct weir_buf got;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&got, 1024);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct weir_s3_record record = {
            .key = (char *)rows[i].key, .etag = "e1", .version_id = "v1"};
        got.len = 0;
        assert_int_equal(weir_outkey_check(rows[i].pattern, &err), 0);
        assert_int_equal(weir_outkey_make(rows[i].pattern, &record, "EXT", &got, &err), 0);
        assert_string_equal(weir_buf_text(&got, NULL), rows[i].want);
    }
    weir_buf_fini(&got);
}

static void outkey_unknown_name_is_a_bad_setting(void **state)
{
    static const char *const bad[] = {"", "{", "a/{stm}.gz", "{stem}{", "{STEM}"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_outkey_check(bad[i], &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
}

static void outkey_asks_for_what_the_event_does_not_tell(void **state)
{
    const struct weir_s3_record record = {.key = (char *)"u/a.csv"};
    struct weir_err err = {0};
    struct weir_buf got;

    (void)state;
    weir_buf_init(&got, 1024);
    assert_int_equal(weir_outkey_make("{stem}-{etag}", &record, "EXT", &got, &err), -1);
    assert_int_equal(err.code, WEIR_E_DATA);
    weir_buf_fini(&got);
}

static void outkey_too_long_is_a_limit(void **state)
{
    const struct weir_s3_record record = {.key = (char *)"u/abcdefghij.csv"};
    struct weir_err err = {0};
    struct weir_buf got;

    (void)state;
    weir_buf_init(&got, 8);
    assert_int_equal(weir_outkey_make("{stem}", &record, "EXT", &got, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outkey_replaces_names),
        cmocka_unit_test(outkey_unknown_name_is_a_bad_setting),
        cmocka_unit_test(outkey_asks_for_what_the_event_does_not_tell),
        cmocka_unit_test(outkey_too_long_is_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
