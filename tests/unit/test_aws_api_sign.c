/*
 * Is a request to an API of one's own signed as botocore signs it (tests/golden/api_sign.txt,
 * tests/support/api_sign_golden.py), and is what cannot be signed said? tests/integ/152-upload.sh
 * has a server that checks.
 */
#include "aws/api_sign.h"
#include "tests/support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S 1767323045 /* 2026-01-02T03:04:05Z */

static void credentials(const char *token)
{
    setenv("AWS_REGION", "ap-south-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 1);
    if (token != NULL) {
        setenv("AWS_SESSION_TOKEN", token, 1);
    } else {
        unsetenv("AWS_SESSION_TOKEN");
    }
}

static void check_golden(char *line)
{
    struct weir_api_sign sign;
    struct weir_err err = {0};

    line[strcspn(line, "\n")] = '\0';
    const char *url = strsep(&line, "\t"), *token = strsep(&line, "\t");
    assert_non_null(line);
    token = strcmp(token, "-") == 0 ? NULL : token;
    credentials(token);
    assert_int_equal(weir_api_sign(&sign, "POST", url, NOW_S, &err), 0);
    assert_int_equal(sign.headers_n, token != NULL ? 3 : 2);
    assert_string_equal(sign.headers[0].name, "X-Amz-Date");
    assert_string_equal(sign.headers[0].value, "20260102T030405Z");
    assert_string_equal(sign.headers[1].name, "Authorization");
    assert_string_equal(sign.headers[1].value, line);
    if (token != NULL) {
        assert_string_equal(sign.headers[2].name, "X-Amz-Security-Token");
        assert_string_equal(sign.headers[2].value, token);
    }
    weir_api_sign_fini(&sign);
    assert_null(sign.credentials.access_key);
}

static void requests_are_signed_as_botocore_signs_them(void **state)
{
    (void)state;
    files_lines("tests/golden/api_sign.txt", 7, check_golden);
}

static void check_refused(const char *url, const char *why)
{
    struct weir_api_sign sign;
    struct weir_err err = {0};

    assert_int_equal(weir_api_sign(&sign, "POST", url, NOW_S, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, why));
    assert_null(sign.credentials.secret_key);
    assert_int_equal(sign.headers_n, 0);
}

static void what_cannot_be_signed_is_told(void **state)
{
    (void)state;
    char host[600] = "https://";

    credentials(NULL);
    memset(host + 8, 'h', 500);
    check_refused("https://h/a?b=c", "query");
    check_refused("https://h?b", "query");
    check_refused("https://h/%20", "encoded");
    check_refused("https:///a", "host");
    check_refused("", "host");
    check_refused(host, "host");
    setenv("AWS_REGION", "no region", 1);
    check_refused("https://h/a", "AWS_REGION");
    setenv("AWS_REGION", "ap-south-1", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
    setenv("AWS_CONFIG_FILE", "/nonexistent", 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    check_refused("https://h/a", "AWS_ACCESS_KEY_ID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_signed_as_botocore_signs_them),
        cmocka_unit_test(what_cannot_be_signed_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
