/*
 * Does an object of S3 come whole, or fail with a name? Against a server with answers made
 * beforehand.
 */
#include "aws/store.h"
#include "tests/support/s3_fixture.h"
#include "tests/support/store_get.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void source_reads_a_whole_object_and_tells_about_it(void **state)
{
    struct s3_fixture *fx = *state;
    const struct canned_reply replies[] = {{.match = "GET /b/a%20%3D%2Bc/d HTTP",
        .head = OK "ETag: \"abc\"\r\nContent-Length: 1000000\r\n\r\n",
        .fill = 1000000}};
    struct weir_source_info info = {0};
    struct weir_buf got;

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){"b", "a =+c/d", NULL, NULL}, &info, &got), 0);
    assert_int_equal(got.len, 1000000);
    for (size_t i = 0; i < got.len; i++) {
        assert_int_equal(got.p[i], canned_byte(i));
    }
    weir_buf_fini(&got);
    assert_int_equal(info.size_bytes, 1000000);
    assert_int_equal(info.read_bytes, 1000000);
    assert_false(info.replaced);
    assert_non_null(strstr(canned_http_request(fx->server, 0, NULL),
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/"));
    assert_null(strstr(canned_http_request(fx->server, 0, NULL), "secretsecret"));
}

static void source_asks_for_the_version_and_the_etag(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = OK "Content-Length: 2\r\n\r\nhi", .again = true}};
    static const struct {
        const char *etag, *header;
    } cases[] = {{"abc", "If-Match: \"abc\""}, {"\"abc\"", "If-Match: \"abc\""},
        {"W/\"x\"", "If-Match: W/\"x\""}};

    s3_serve(fx, replies, COUNT(replies));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_source_info info = {0};
        assert_int_equal(
            s3_get(fx, &(struct weir_object){"b", "k", "v+/=", cases[i].etag}, &info, NULL), 0);
        assert_memory_equal(
            canned_http_request(fx->server, i, NULL), "GET /b/k?versionId=v%2B%2F%3D HTTP", 34);
        assert_true(s3_has_header(fx, i, cases[i].header));
        assert_non_null(strstr(canned_http_request(fx->server, i, NULL), "if-match;"));
    }
}

static void source_tells_what_went_wrong(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_code code;
        int detail;
        const char *msg; /* its beginning */
    } cases[] = {
        {{.head = STATUS("404 Not Found", "NoSuchKey", "37")}, WEIR_E_REMOTE, 404,
            "s3: s3://b/k: 404 NoSuchKey"},
        {{.head = STATUS("404 Not Found", "NoSuchBucket", "40")}, WEIR_E_REMOTE, 404,
            "s3: s3://b/k: 404 NoSuchBucket"},
        {{.head = REPLACED}, WEIR_E_REMOTE, 412, "s3: s3://b/k: 412 PreconditionFailed"},
        {{.head = DENIED}, WEIR_E_REMOTE, 403, "s3: s3://b/k: 403 AccessDenied"},
        {{.head = "HTTP/1.1 503 Slow Down\r\n" EMPTY}, WEIR_E_REMOTE, 503, "s3: s3://b/k: 503"},
        {{.head = "HTTP/1.1 500 X\r\nContent-Length: 99\r\n\r\n<Err", .end = CANNED_CLOSE},
            WEIR_E_REMOTE, 500, "s3: s3://b/k: 500"},
        {{.head = STATUS("403 Forbidden", "a\nb<!-- -->", "39")}, WEIR_E_REMOTE, 403,
            "s3: s3://b/k: 403"},
        {{.head = "HTTP/1.1 500 X\r\nContent-Length: 2000000\r\n\r\n", .fill = 2000000},
            WEIR_E_REMOTE, 500, "s3: s3://b/k: 500"},
        {{.head =
                 "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 45\r\n\r\n"
                 "<Error><Code>PermanentRedirect</Code></Error>"},
            WEIR_E_REMOTE, 301, "s3: s3://b/k: 301 PermanentRedirect"},
        {{.head = "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\nx"}, WEIR_E_REMOTE, 206,
            "s3: s3://b/k: 206"},
        {{.head = OK "Content-Length: 100\r\n\r\n", .fill = 99, .end = CANNED_CLOSE}, WEIR_E_NET, 0,
            "s3: s3://b/k: http: "},
        {{.head = OK "Content-Length: 100000\r\n\r\n", .fill = 90000, .end = CANNED_RESET},
            WEIR_E_NET, 0, "s3: s3://b/k: http: "},
        {{.head = OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", .end = CANNED_CLOSE},
            WEIR_E_NET, 0, "s3: s3://b/k: http: "},
        {{.head = OK "\r\nhello", .end = CANNED_CLOSE}, WEIR_E_REMOTE, 200,
            "s3: s3://b/k: an answer without Content-Length"},
        {{.end = CANNED_CLOSE}, WEIR_E_NET, 0, "s3: s3://b/k: http: "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_source_info info = {.replaced = true};
        s3_serve(fx, &cases[i].reply, 1);
        assert_int_equal(s3_get(fx, &(struct weir_object){"b", "k", NULL, "e"}, &info, NULL), -1);
        assert_int_equal(info.replaced, cases[i].detail == 412);
        assert_int_equal(fx->err.code, cases[i].code);
        if (cases[i].detail != 0) {
            assert_int_equal(fx->err.detail, cases[i].detail);
        }
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        assert_null(strchr(fx->err.msg, '\n'));
        assert_int_equal(canned_http_requests(fx->server), 1); /* nothing is tried again */
    }
}

static void nothing_is_replaced_when_no_etag_was_named(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.head = REPLACED}};
    struct weir_source_info info = {.replaced = true};

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){"b", "k", "v", NULL}, &info, NULL), -1);
    assert_int_equal(fx->err.detail, 412);
    assert_false(info.replaced);
}

static void source_ends_with_a_chunked_answer(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}};
    struct weir_source_info info = {0};
    struct weir_buf got;

    s3_serve(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, &got), 0);
    assert_string_equal(weir_buf_text(&got, NULL), "hello");
    assert_int_equal(info.size_bytes, -1);
    weir_buf_fini(&got);
}

static void names_that_cannot_be_are_refused_before_anything_is_sent(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_source_info info = {0};
    struct weir_stage stage;
    char etag[WEIR_S3_ETAG_MAX_BYTES + 2], version[WEIR_S3_VERSION_ID_MAX_BYTES + 2];
    const struct weir_object bad[] = {{"a/b", "k", NULL, NULL}, {"b", "", NULL, NULL},
        {"b", "\xff", NULL, NULL}, {"b", "k", NULL, etag}, {"b", "k", version, NULL}};

    memset(etag, 'e', sizeof etag - 1);
    etag[sizeof etag - 1] = '\0';
    memset(version, 'v', sizeof version - 1);
    version[sizeof version - 1] = '\0';
    s3_serve(fx, NULL, 0);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct weir_err err = {0};
        assert_int_equal(
            weir_store_source_new(fx->loop, &fx->cfg, &bad[i], &info, &stage, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (i < 3) {
            err = (struct weir_err){0};
            assert_int_equal(weir_store_sink_new(
                                 fx->loop, &fx->cfg, bad[i].bucket, bad[i].key, NULL, &stage, &err),
                -1);
            assert_int_equal(err.code, WEIR_E_CONFIG);
        }
    }
    assert_int_equal(canned_http_connections(fx->server), 0);
}

static void small_object_is_read_whole(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = OK "Content-Length: 6\r\n\r\nschema", .again = true}};
    struct weir_buf got;

    s3_serve(fx, replies, COUNT(replies));
    weir_buf_init(&got, 16);
    assert_int_equal(store_get(fx->loop, &fx->cfg, &(struct weir_object){.bucket = "b", .key = "k"},
                         &got, &fx->err),
        0);
    assert_string_equal(weir_buf_text(&got, NULL), "schema");
    weir_buf_fini(&got);
    weir_buf_init(&got, 5);
    assert_int_equal(store_get(fx->loop, &fx->cfg, &(struct weir_object){.bucket = "b", .key = "k"},
                         &got, &fx->err),
        -1);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
    weir_buf_fini(&got);
}

static void bytes_are_compared_with_the_servers_checksum(void **state)
{
    struct s3_fixture *fx = *state;
#define SUM(headers) OK "ETag: \"e1\"\r\n" headers "Content-Length: 9\r\n\r\n123456789"
    static const struct {
        const char *head, *wrong; /* wrong: which checksum; NULL: it comes */
    } cases[] = {
        {SUM(""), NULL},
        {SUM("x-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n"), NULL},
        {SUM("x-amz-checksum-crc32: y/Q5Jg==\r\n"), NULL},
        {SUM("x-amz-checksum-crc32c: 4waSgw==\r\n"), NULL},
        {SUM("x-amz-checksum-sha1: 98O8HYCOBHMq32eZZczDTKeuNEE=\r\n"), NULL},
        {SUM("x-amz-checksum-sha256: FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=\r\n"), NULL},
        {SUM("x-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n"), "CRC64NVME"},
        {SUM("x-amz-checksum-crc32: AAAAAA==\r\n"), "CRC32"},
        {SUM("x-amz-checksum-crc32c: AAAAAA==\r\n"), "CRC32C"},
        {SUM("x-amz-checksum-sha1: 2jmj7l5rSw0yVb/vlWAYkK/YBwk=\r\n"), "SHA1"},
        {SUM("x-amz-checksum-sha256: nonsense\r\n"), "SHA256"},
        /* Of the parts' checksums, and not of the bytes. */
        {SUM("x-amz-checksum-crc32: AAAAAA==-3\r\n"), NULL},
        {SUM("x-amz-checksum-crc32: AAAAAA==\r\nx-amz-checksum-type: COMPOSITE\r\n"), NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply reply = {.head = cases[i].head};
        struct weir_source_info info = {0};
        s3_serve(fx, &reply, 1);
        int rc = s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL);
        assert_int_equal(rc, cases[i].wrong != NULL ? -1 : 0);
        assert_true(s3_has_header(fx, 0, "x-amz-checksum-mode: ENABLED"));
        if (rc != 0) {
            assert_non_null(strstr(fx->err.msg, "what came is not the object: its "));
            assert_non_null(strstr(fx->err.msg, cases[i].wrong));
        }
    }
    /* Not asked for, it is not compared. */
    const struct canned_reply reply = {.head = cases[6].head};
    struct weir_source_info info = {0};
    s3_serve(fx, &reply, 1);
    fx->cfg.verify = false;
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    assert_false(s3_has_header(fx, 0, "x-amz-checksum-mode: ENABLED"));
}

static void checksum_is_of_all_pieces_of_a_body_that_broke_off(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_source_info info = {0};
    static const char first[] = OK "ETag: \"e1\"\r\nx-amz-checksum-crc64nvme: rosUhgp5mIg=\r\n"
                                   "Content-Length: 9\r\n\r\n1234";
#define REST9(digits)                                                                              \
    "HTTP/1.1 206 P\r\nContent-Range: bytes 4-8/9\r\nContent-Length: 5\r\n\r\n" digits
    const struct canned_reply right[] = {
        {.head = first, .end = CANNED_CLOSE}, {.head = REST9("56789")}};
    const struct canned_reply wrong[] = {
        {.head = first, .end = CANNED_CLOSE}, {.head = REST9("56780")}};

    setenv("AWS_MAX_ATTEMPTS", "3", 1);
    s3_serve(fx, right, COUNT(right));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    s3_serve(fx, wrong, COUNT(wrong));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_non_null(strstr(fx->err.msg, "CRC64NVME"));
}

/* A server that does not heed If-Match answers with what is there now. */
static void the_rest_of_another_object_is_not_joined_to_the_first_of_this_one(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_source_info info = {0};
    static const char first[] = OK "ETag: \"e1\"\r\nContent-Length: 9\r\n\r\n1234";
#define REST_OF(etag)                                                                              \
    "HTTP/1.1 206 P\r\nETag: \"" etag "\"\r\nContent-Range: bytes 4-8/9\r\n"                       \
    "Content-Length: 5\r\n\r\n56789"
    const struct canned_reply same[] = {
        {.head = first, .end = CANNED_CLOSE}, {.head = REST_OF("e1")}};
    const struct canned_reply another[] = {
        {.head = first, .end = CANNED_CLOSE}, {.head = REST_OF("e2")}};

    setenv("AWS_MAX_ATTEMPTS", "3", 1);
    s3_serve(fx, same, COUNT(same));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    s3_serve(fx, another, COUNT(another));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_non_null(strstr(fx->err.msg, "the object changed while it was read"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, s3_setup, s3_teardown)
    const struct CMUnitTest tests[] = {
        TEST(source_reads_a_whole_object_and_tells_about_it),
        TEST(source_asks_for_the_version_and_the_etag),
        TEST(source_tells_what_went_wrong),
        TEST(nothing_is_replaced_when_no_etag_was_named),
        TEST(source_ends_with_a_chunked_answer),
        TEST(names_that_cannot_be_are_refused_before_anything_is_sent),
        TEST(small_object_is_read_whole),
        TEST(bytes_are_compared_with_the_servers_checksum),
        TEST(checksum_is_of_all_pieces_of_a_body_that_broke_off),
        TEST(the_rest_of_another_object_is_not_joined_to_the_first_of_this_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
