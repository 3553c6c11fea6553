/* Are all objects below a prefix listed, page by page and from a folder, and is what is no list an
 * error? */
#include "aws/store.h"
#include "core/limits.h"
#include "tests/support/canned_http.h"
#include "tests/support/tempdir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct weir_loop *loop;
    struct weir_s3_config cfg;
    struct canned_http *server;
    struct weir_listing got;
    struct weir_err err;
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof *fx);

    fx->loop = weir_loop_new(NULL);
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secretsecret", 1);
    setenv("AWS_MAX_ATTEMPTS", "1", 1);
    *state = fx;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    weir_listing_fini(&fx->got);
    canned_http_free(fx->server);
    weir_s3_config_fini(&fx->cfg);
    weir_loop_free(fx->loop);
    free(fx);
    return 0;
}

static int list(struct fixture *fx, const char *endpoint, const char *prefix)
{
    setenv("AWS_ENDPOINT_URL_S3", endpoint, 1);
    weir_s3_config_fini(&fx->cfg);
    weir_listing_fini(&fx->got);
    fx->err = (struct weir_err){0};
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    return weir_store_list(fx->loop, &fx->cfg, "b", prefix, INT64_MAX, &fx->got, &fx->err);
}

/* An answer with its length; *to is the caller's to free. */
static void reply(char **to, const char *status, const char *body)
{
    const size_t size = strlen(status) + strlen(body) + 64;

    *to = malloc(size);
    assert_non_null(*to);
    snprintf(*to, size, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
}

static void pages_are_followed_and_the_list_is_sorted(void **state)
{
    struct fixture *fx = *state;
    char *first, *second;

    reply(&first, "200 OK",
        "<?xml version=\"1.0\"?><ListBucketResult "
        "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Name>b</Name><Prefix>p/</Prefix><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>t/1=</NextContinuationToken>"
        "<Contents><Key>p/z</Key><LastModified>2023-11-14T22:13:20.000Z</LastModified>"
        "<ETag>&quot;x&quot;</ETag><Size>12</Size></Contents></ListBucketResult>");
    reply(&second, "200 OK",
        "<ListBucketResult><IsTruncated>false</IsTruncated>"
        "<Contents><Key>p/a &amp; &lt;b&gt; \xc3\xbc</Key><Size>9000000000</Size></Contents>"
        "</ListBucketResult>");
    const struct canned_reply replies[] = {
        {NULL, first, 0, CANNED_KEEP, false}, {NULL, second, 0, CANNED_KEEP, false}};
    fx->server = canned_http_new(replies, 2);
    assert_int_equal(list(fx, canned_http_url(fx->server), "p/"), 0);
    assert_int_equal(fx->got.n, 2);
    assert_string_equal(fx->got.items[0].key, "p/a & <b> \xc3\xbc");
    assert_int_equal(fx->got.items[0].size_bytes, INT64_C(9000000000));
    assert_string_equal(fx->got.items[1].key, "p/z");
    assert_int_equal(fx->got.items[1].size_bytes, 12);
    assert_int_equal(fx->got.items[1].mtime_s, 1700000000);
    assert_string_equal(fx->got.items[1].etag, "x");
    assert_null(fx->got.items[0].etag);
    assert_non_null(strstr(canned_http_request(fx->server, 0, NULL), "list-type=2"));
    assert_non_null(strstr(canned_http_request(fx->server, 0, NULL), "prefix=p%2F"));
    assert_non_null(
        strstr(canned_http_request(fx->server, 1, NULL), "continuation-token=t%2F1%3D"));
    canned_http_free(fx->server);
    fx->server = NULL;
    free(first);
    free(second);
}

static void what_is_no_list_is_an_error(void **state)
{
    static const struct {
        const char *status, *body, *msg;
        enum weir_code code;
    } cases[] = {
        {"404 Not Found", "<Error><Code>NoSuchBucket</Code></Error>", "404 NoSuchBucket",
            WEIR_E_REMOTE},
        {"200 OK", "<ListBucketResult><Contents>", "ListObjectsV2", WEIR_E_REMOTE},
        {"200 OK", "<ListBucketResult><Contents><Key>a&#0;b</Key></Contents></ListBucketResult>",
            "a key in the list", WEIR_E_REMOTE},
        /* cut off, and no way on: what a server says that knows the first version only */
        {"200 OK",
            "<ListBucketResult><IsTruncated>true</IsTruncated><NextMarker>a</NextMarker>"
            "<Contents><Key>a</Key></Contents></ListBucketResult>",
            "s3: s3://b/: ListObjectsV2: the list is cut off", WEIR_E_REMOTE},
        /* the same page for ever */
        {"200 OK",
            "<ListBucketResult><IsTruncated>true</IsTruncated>"
            "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>",
            "s3: s3://b/: ListObjectsV2: the list is cut off", WEIR_E_REMOTE},
    };
    struct fixture *fx = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text;
        reply(&text, cases[i].status, cases[i].body);
        const struct canned_reply one = {NULL, text, 0, CANNED_KEEP, true};
        fx->server = canned_http_new(&one, 1);
        assert_int_equal(list(fx, canned_http_url(fx->server), ""), -1);
        assert_int_equal(fx->err.code, cases[i].code);
        assert_non_null(strstr(fx->err.msg, cases[i].msg));
        canned_http_free(fx->server);
        fx->server = NULL;
        free(text);
    }
}

/* Two pages without a key that name each other would be asked for in turn until the deadline. */
static void pages_without_keys_end_one_day(void **state)
{
    struct fixture *fx = *state;
    char *even, *odd;

    reply(&even, "200 OK",
        "<ListBucketResult><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>odd</NextContinuationToken></ListBucketResult>");
    reply(&odd, "200 OK",
        "<ListBucketResult><IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>even</NextContinuationToken></ListBucketResult>");
    const struct canned_reply replies[] = {
        {"GET /b?continuation-token=odd&", odd, 0, CANNED_KEEP, true},
        {NULL, even, 0, CANNED_KEEP, true}};
    fx->server = canned_http_new(replies, 2);
    assert_int_equal(list(fx, canned_http_url(fx->server), ""), -1);
    assert_int_equal(fx->err.code, WEIR_E_REMOTE);
    assert_string_equal(
        fx->err.msg, "s3: s3://b/: ListObjectsV2: 1001 pages without a key, and more to come");
    canned_http_free(fx->server);
    fx->server = NULL;
    free(even);
    free(odd);
}

static void page_that_is_too_large_is_asked_for_again_with_fewer_keys(void **state)
{
    struct fixture *fx = *state;
    char *last;

    reply(&last, "200 OK",
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>k</Key></Contents>"
        "</ListBucketResult>");
    const struct canned_reply replies[] = {
        {NULL, "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n", 2000000, CANNED_KEEP, false},
        {NULL, last, 0, CANNED_KEEP, false}};
    fx->server = canned_http_new(replies, 2);
    assert_int_equal(list(fx, canned_http_url(fx->server), ""), 0);
    assert_int_equal(fx->got.n, 1);
    assert_non_null(strstr(canned_http_request(fx->server, 0, NULL), "max-keys=500&"));
    assert_non_null(strstr(canned_http_request(fx->server, 1, NULL), "max-keys=150&"));
    canned_http_free(fx->server);
    fx->server = NULL;
    free(last);
}

static void a_folder_lists_its_files_by_their_keys(void **state)
{
    static const char *const files[] = {"b/one", "b/d/two", "b/d/%/three", "b/%2E%2E/four",
        "b/d/%25", "b/d/%25x", "b/.weir-hidden", "b/d/.dot", "b/%foo", "b/%bar/below", "b/\xff"};
    static const char *const keys[] = {
        "../four", "d/%", "d/%x", "d/.dot", "d//three", "d/two", "one"};
    struct fixture *fx = *state;
    struct tempdir d;
    char url[512], full[512];

    tempdir_new(&d);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        tempdir_write(&d, files[i], files[i]);
    }
    snprintf(full, sizeof full, "%s/b/link", d.path);
    assert_int_equal(symlink("/etc", full), 0);
    snprintf(url, sizeof url, "file://%s", d.path);
    assert_int_equal(list(fx, url, ""), 0);
    assert_int_equal(fx->got.n, sizeof keys / sizeof *keys);
    for (size_t i = 0; i < fx->got.n; i++) {
        assert_string_equal(fx->got.items[i].key, keys[i]);
    }
    assert_int_equal(fx->got.items[6].size_bytes, strlen("b/one"));
    assert_true(fx->got.items[6].mtime_s > 1700000000);
    assert_int_equal(list(fx, url, "d/%"), 0);
    assert_int_equal(fx->got.n, 2);
    assert_int_equal(list(fx, url, "none"), 0);
    assert_int_equal(fx->got.n, 0);
    assert_int_equal(
        weir_store_list(fx->loop, &fx->cfg, "b", "", 1, &fx->got, &fx->err), -1); /* long ago */
    assert_int_equal(fx->err.code, WEIR_E_DEADLINE);
    snprintf(url, sizeof url, "file://%s/b", d.path);
    assert_int_equal(list(fx, url, ""), -1);
    assert_int_equal(fx->err.detail, 404);
    tempdir_free(&d);
}

/* Keys are as long as who uploads likes: 262,144 of them would be 268 MB. */
static void list_is_bounded_in_bytes_too(void **state)
{
    struct fixture *fx = *state;
    char key[WEIR_S3_KEY_MAX_BYTES + 1];
    const struct weir_listed item = {.key = key, .etag = (char[]){"0123456789"}};
    const size_t fits = WEIR_S3_LIST_MAX_BYTES / (sizeof key + 11);

    memset(key, 'k', sizeof key - 1);
    key[sizeof key - 1] = '\0';
    for (size_t i = 0; i < fits; i++) {
        assert_int_equal(weir_listing_add(&fx->got, &item, &fx->err), 0);
    }
    assert_int_equal(weir_listing_add(&fx->got, &item, &fx->err), -1);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
    assert_int_equal(fx->got.n, fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_are_followed_and_the_list_is_sorted, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_list_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(pages_without_keys_end_one_day, setup, teardown),
        cmocka_unit_test_setup_teardown(
            page_that_is_too_large_is_asked_for_again_with_fewer_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_lists_its_files_by_their_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(list_is_bounded_in_bytes_too, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
