/*
 * Is a form the one that the JavaScript SDK would have made, to the byte (84 of them in
 * tests/golden/post_form.txt, tests/support/post_form_golden.mjs), is what cannot be refused, and
 * does a secret stay one? tests/integ/140-post-form.sh has the server's opinion.
 */
#include "aws/post_form.h"
#include "core/limits.h"
#include "tests/support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define COLUMNS 11
#define SECRET "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

static const struct weir_post_spec good = {.bucket = "weir-demo",
    .key = "uploads/x.csv",
    .content_type = "text/csv",
    .min_bytes = 0,
    .max_bytes = 1000,
    .expires_s = 3600};

static void config(
    struct weir_s3_config *cfg, const char *endpoint, const char *region, const char *token)
{
    struct weir_err err = {0};

    unsetenv("AWS_ENDPOINT_URL");
    unsetenv("AWS_ENDPOINT_URL_S3");
    unsetenv("AWS_SESSION_TOKEN");
    setenv("AWS_REGION", region, 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", SECRET, 1);
    if (endpoint != NULL) {
        setenv("AWS_ENDPOINT_URL_S3", endpoint, 1);
    }
    if (token != NULL) {
        setenv("AWS_SESSION_TOKEN", token, 1);
    }
    assert_int_equal(weir_s3_config_env(cfg, &err), 0);
}

static const char *opt(const char *column)
{
    return strcmp(column, "-") == 0 ? NULL : column;
}

static void check_golden(char *line)
{
    char *column[COLUMNS];
    struct weir_s3_config cfg;
    struct weir_post_form form;
    struct weir_err err = {0};
    struct weir_buf json;
    size_t n = 0;

    line[strcspn(line, "\n")] = '\0';
    for (char *p = line; p != NULL && n < COLUMNS; n++) {
        column[n] = strsep(&p, "\t");
    }
    assert_int_equal(n, COLUMNS);
    char *tab = strstr(column[5], "\\t");
    if (tab != NULL) {
        *tab = '\t';
        memmove(tab + 1, tab + 2, strlen(tab + 2) + 1);
    }
    config(&cfg, opt(column[1]), column[2], opt(column[3]));
    const struct weir_post_spec spec = {.bucket = column[4],
        .key = column[5],
        .content_type = opt(column[6]),
        .min_bytes = strtoll(column[7], NULL, 10),
        .max_bytes = strtoll(column[8], NULL, 10),
        .expires_s = strtoll(column[9], NULL, 10)};
    assert_int_equal(weir_post_form_new(&cfg, &spec, strtoll(column[0], NULL, 10), &form, &err), 0);
    weir_buf_init(&json, WEIR_MIB);
    assert_int_equal(weir_post_form_json(&form, &json, &err), 0);
    assert_string_equal(weir_buf_text(&json, &err), column[10]);
    assert_null(strstr((const char *)json.p, SECRET));
    weir_buf_fini(&json);
    weir_post_form_fini(&form);
    weir_s3_config_fini(&cfg);
}

static void forms_are_those_of_the_javascript_sdk_to_the_byte(void **state)
{
    (void)state;
    files_lines("tests/golden/post_form.txt", 84, check_golden);
}

static void what_cannot_be_uploaded_is_refused(void **state)
{
    (void)state;
    char long_key[WEIR_S3_KEY_MAX_BYTES + 2], long_type[WEIR_CONTENT_TYPE_MAX_BYTES + 2];
    struct weir_s3_config cfg;

    memset(long_key, 'k', sizeof long_key - 1);
    long_key[sizeof long_key - 1] = '\0';
    memset(long_type, 't', sizeof long_type - 1);
    long_type[sizeof long_type - 1] = '\0';
    const struct {
        struct weir_post_spec spec;
        const char *why;
    } cases[] = {
        {{"a/b", "k", NULL, 0, 1, 1}, "bucket"},
        {{"weir-demo", "", NULL, 0, 1, 1}, "key"},
        {{"weir-demo", long_key, NULL, 0, 1, 1}, "key"},
        {{"weir-demo", "bad\xFFutf8", NULL, 0, 1, 1}, "key"},
        {{"weir-demo", "k", "", 0, 1, 1}, "content type"},
        {{"weir-demo", "k", "text/csv\r\nX: y", 0, 1, 1}, "content type"},
        {{"weir-demo", "k", "text/\xC3\xA9", 0, 1, 1}, "content type"},
        {{"weir-demo", "k", long_type, 0, 1, 1}, "content type"},
        {{"weir-demo", "k", NULL, -1, 1, 1}, "bytes"},
        {{"weir-demo", "k", NULL, 2, 1, 1}, "bytes"},
        {{"weir-demo", "k", NULL, 0, WEIR_POST_FORM_FILE_MAX_BYTES + 1, 1}, "bytes"},
        {{"weir-demo", "k", NULL, 0, 1, 0}, "expires"},
        {{"weir-demo", "k", NULL, 0, 1, WEIR_POST_FORM_EXPIRES_MAX_S + 1}, "expires"},
    };
    config(&cfg, NULL, "eu-west-1", NULL);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_post_form form;
        struct weir_err err = {0};
        assert_int_equal(weir_post_form_new(&cfg, &cases[i].spec, 0, &form, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_non_null(strstr(err.msg, cases[i].why));
    }
    weir_s3_config_fini(&cfg);
}

static void a_folder_takes_no_forms(void **state)
{
    (void)state;
    struct weir_s3_config cfg;
    struct weir_post_form form;
    struct weir_err err = {0};

    config(&cfg, "file:///tmp", "eu-west-1", NULL);
    assert_int_equal(weir_post_form_new(&cfg, &good, 0, &form, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    weir_s3_config_fini(&cfg);
}

static void a_form_that_s3_would_find_too_large_is_refused(void **state)
{
    (void)state;
    char *token = calloc(1, 12 * WEIR_KIB + 1);
    struct weir_s3_config cfg;
    struct weir_post_form form;
    struct weir_err err = {0};

    assert_non_null(token);
    memset(token, 't', 12 * WEIR_KIB); /* once as a field, once more in the policy */
    config(&cfg, NULL, "eu-west-1", token);
    assert_int_equal(weir_post_form_new(&cfg, &good, 0, &form, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_s3_config_fini(&cfg);
    free(token);
}

static void a_time_of_no_era_is_refused(void **state)
{
    (void)state;
    struct weir_s3_config cfg;
    struct weir_post_form form;
    struct weir_err err = {0};

    config(&cfg, NULL, "eu-west-1", NULL);
    assert_int_equal(weir_post_form_new(&cfg, &good, INT64_MAX / 1000, &form, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_s3_config_fini(&cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_those_of_the_javascript_sdk_to_the_byte),
        cmocka_unit_test(what_cannot_be_uploaded_is_refused),
        cmocka_unit_test(a_folder_takes_no_forms),
        cmocka_unit_test(a_form_that_s3_would_find_too_large_is_refused),
        cmocka_unit_test(a_time_of_no_era_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
