/*
 * Is what may pass tried again, within its bounds, and nothing else? The table and the quota alone,
 * then every operation against a server with answers made beforehand.
 */
#include "aws/s3_client.h"
#include "aws/store.h"
#include "core/clock.h"
#include "tests/support/s3_fixture.h"

#include <curl/curl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void every_answer_has_one_class(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *code;
        enum weir_s3_fault fault;
    } cases[] = {
        {200, NULL, WEIR_S3_FINE},
        {204, "", WEIR_S3_FINE},
        {206, NULL, WEIR_S3_FINE},
        {200, "InternalError", WEIR_S3_TRANSIENT}, /* CompleteMultipartUpload */
        {200, "SlowDown", WEIR_S3_THROTTLED},
        {500, "InternalError", WEIR_S3_TRANSIENT},
        {500, NULL, WEIR_S3_TRANSIENT},
        {502, NULL, WEIR_S3_TRANSIENT},
        {503, NULL, WEIR_S3_TRANSIENT},
        {503, "SlowDown", WEIR_S3_THROTTLED},
        {503, "ServiceUnavailable", WEIR_S3_THROTTLED},
        {504, "", WEIR_S3_TRANSIENT},
        {400, "RequestTimeout", WEIR_S3_TRANSIENT},
        {400, "BadDigest", WEIR_S3_TRANSIENT},
        {429, "", WEIR_S3_THROTTLED},
        {403, "RequestTimeTooSkewed", WEIR_S3_SKEWED},
        {301, "PermanentRedirect", WEIR_S3_REGION},
        {307, NULL, WEIR_S3_REGION},
        {400, "AuthorizationHeaderMalformed", WEIR_S3_REGION},
        {400, "IllegalLocationConstraintException", WEIR_S3_REGION},
        {400, "ExpiredToken", WEIR_S3_EXPIRED},
        {400, "EntityTooSmall", WEIR_S3_FATAL},
        {403, "AccessDenied", WEIR_S3_FATAL},
        {403, "SignatureDoesNotMatch", WEIR_S3_FATAL},
        {404, "NoSuchKey", WEIR_S3_FATAL},
        {409, "ConditionalRequestConflict", WEIR_S3_FATAL},
        {412, "PreconditionFailed", WEIR_S3_FATAL},
        {416, "InvalidRange", WEIR_S3_FATAL},
        {501, "NotImplemented", WEIR_S3_FATAL},
        {599, NULL, WEIR_S3_FATAL},
    };
    static const struct {
        enum weir_code code;
        int detail;
        enum weir_s3_fault fault;
    } errors[] = {
        {WEIR_E_NET, CURLE_COULDNT_CONNECT, WEIR_S3_TRANSIENT},
        {WEIR_E_NET, CURLE_PARTIAL_FILE, WEIR_S3_TRANSIENT},
        {WEIR_E_NET, 0, WEIR_S3_TRANSIENT},
        {WEIR_E_NET, CURLE_OPERATION_TIMEDOUT, WEIR_S3_TIMEOUT},
        {WEIR_E_DEADLINE, 0, WEIR_S3_TIMEOUT},
        {WEIR_E_NET, CURLE_PEER_FAILED_VERIFICATION, WEIR_S3_FATAL},
        {WEIR_E_LIMIT, 0, WEIR_S3_FATAL},
        {WEIR_E_NOMEM, 0, WEIR_S3_FATAL},
        {WEIR_E_CONFIG, CURLE_SSL_CACERT_BADFILE, WEIR_S3_FATAL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct weir_err none = {0};
        assert_int_equal(weir_s3_classify(cases[i].status, cases[i].code, &none), cases[i].fault);
    }
    for (size_t i = 0; i < COUNT(errors); i++) {
        const struct weir_err err = {.code = errors[i].code, .detail = errors[i].detail};
        assert_int_equal(weir_s3_classify(0, NULL, &err), errors[i].fault);
    }
}

static const struct weir_s3_patience usual = {
    .attempts = 3, .base_ms = 1000, .max_ms = 20000, .until_mono_ms = INT64_MAX};

static void attempts_and_tokens_are_bounded(void **state)
{
    (void)state;
    struct weir_s3_quota quota;
    int requests = 0;

    weir_s3_quota_init(&quota, 7);
    /* Each request fails twice in vain before it is given up: 10 tokens, and none comes back. */
    while (quota.tokens > 0) {
        struct weir_s3_retry retry = {0};
        assert_true(weir_s3_retry_pause(&retry, &quota, &usual, WEIR_S3_TRANSIENT, -1, 0) >= 0);
        assert_true(weir_s3_retry_pause(&retry, &quota, &usual, WEIR_S3_TRANSIENT, -1, 0) >= 0);
        assert_int_equal(weir_s3_retry_pause(&retry, &quota, &usual, WEIR_S3_TRANSIENT, -1, 0), -1);
        requests++;
    }
    assert_int_equal(requests, WEIR_S3_QUOTA_TOKENS / (2 * WEIR_S3_RETRY_TOKENS));
    struct weir_s3_retry retry = {0};
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &usual, WEIR_S3_TRANSIENT, -1, 0), -1);

    /* Whoever must not give up pays nothing. */
    const struct weir_s3_patience stubborn = {
        .base_ms = 100, .max_ms = 500, .until_mono_ms = 10000, .unmetered = true};
    for (int i = 0; i < 50; i++) {
        assert_in_range(
            weir_s3_retry_pause(&retry, &quota, &stubborn, WEIR_S3_THROTTLED, -1, 0), 0, 500);
    }
    assert_int_equal(quota.tokens, 0);

    /* Success without a retry gives back one, success after one what it has cost. */
    struct weir_s3_retry fresh = {0};
    for (int i = 0; i < 10; i++) {
        weir_s3_retry_success(&fresh, &quota);
    }
    assert_int_equal(quota.tokens, 10);
    assert_true(weir_s3_retry_pause(&fresh, &quota, &usual, WEIR_S3_TIMEOUT, -1, 0) >= 0);
    assert_int_equal(quota.tokens, 10 - WEIR_S3_TIMEOUT_TOKENS);
    weir_s3_retry_success(&fresh, &quota);
    assert_int_equal(quota.tokens, 10);
    quota.tokens = WEIR_S3_QUOTA_TOKENS;
    weir_s3_retry_success(&fresh, &quota);
    assert_int_equal(quota.tokens, WEIR_S3_QUOTA_TOKENS);
}

static void pauses_grow_with_full_jitter_and_obey_server_and_deadline(void **state)
{
    (void)state;
    const struct weir_s3_patience patient = {
        .attempts = 100, .base_ms = 1000, .max_ms = 20000, .until_mono_ms = INT64_MAX};
    int64_t first[10], most[10] = {0};

    for (uint64_t seed = 0; seed < 200; seed++) {
        struct weir_s3_quota quota;
        struct weir_s3_retry retry = {0};
        weir_s3_quota_init(&quota, seed);
        for (int i = 0; i < 10; i++) {
            int64_t cap = i < 5 ? 1000 << i : 20000;
            int64_t ms = weir_s3_retry_pause(&retry, &quota, &patient, WEIR_S3_TRANSIENT, -1, 0);
            assert_in_range(ms, 0, cap);
            most[i] = ms > most[i] ? ms : most[i];
            if (seed == 0) {
                first[i] = ms;
            }
        }
    }
    assert_true(most[0] > 900 && most[4] > 14000 && most[9] > 18000);
    struct weir_s3_quota quota;
    struct weir_s3_retry retry = {0};
    weir_s3_quota_init(&quota, 0);
    for (int i = 0; i < 10; i++) { /* the same seed, the same pauses */
        assert_int_equal(
            weir_s3_retry_pause(&retry, &quota, &patient, WEIR_S3_TRANSIENT, -1, 0), first[i]);
    }

    /* x-amz-retry-after lengthens a pause, but not without bound. */
    const struct weir_s3_patience swift = {
        .attempts = 100, .base_ms = 0, .max_ms = 0, .until_mono_ms = 8000};
    weir_s3_quota_init(&quota, 0);
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &swift, WEIR_S3_THROTTLED, 700, 0), 700);
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &swift, WEIR_S3_THROTTLED, 999999, 0),
        WEIR_S3_RETRY_AFTER_MAX_MS);
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &swift, WEIR_S3_THROTTLED, -1, 0), 0);
    /* A pause that would end at the deadline is none. */
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &swift, WEIR_S3_THROTTLED, 700, 7300), -1);
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &swift, WEIR_S3_TRANSIENT, -1, 8000), -1);
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &swift, WEIR_S3_SKEWED, -1, 8000), -1);
}

static void what_can_be_mended_is_mended_once(void **state)
{
    (void)state;
    static const enum weir_s3_fault faults[] = {WEIR_S3_SKEWED, WEIR_S3_REGION, WEIR_S3_EXPIRED};
    struct weir_s3_quota quota;
    struct weir_s3_retry retry = {0};

    weir_s3_quota_init(&quota, 0);
    for (size_t i = 0; i < COUNT(faults); i++) {
        assert_int_equal(weir_s3_retry_pause(&retry, &quota, &usual, faults[i], -1, 0), 0);
        assert_int_equal(weir_s3_retry_pause(&retry, &quota, &usual, faults[i], -1, 0), -1);
    }
    assert_int_equal(weir_s3_retry_pause(&retry, &quota, &usual, WEIR_S3_FATAL, -1, 0), -1);
    assert_int_equal(quota.tokens, WEIR_S3_QUOTA_TOKENS);
}

/*
 * Against a server. Three attempts, pauses of a millisecond.
 */

static void serve3(struct s3_fixture *fx, const struct canned_reply *replies, size_t n)
{
    setenv("AWS_MAX_ATTEMPTS", "3", 1);
    s3_serve(fx, replies, n);
}

#define SLOW_DOWN STATUS("503 Slow Down", "SlowDown", "36")
#define HI OK "ETag: \"e1\"\r\nContent-Length: 2\r\n\r\nhi"

static void get_is_tried_again_and_its_retries_are_counted(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply failures[] = {{.head = BROKEN_500}, {.head = SLOW_DOWN},
        {.end = CANNED_CLOSE}, {.end = CANNED_RESET},
        {.head = STATUS("400 Bad Request", "RequestTimeout", "42")},
        {.head = "HTTP/1.1 503 Slow\r\nContent-Length: 2000000\r\n\r\n", .fill = 2000000},
        {.head = OK "ETag: \"e1\"\r\nContent-Length: 2\r\n\r\n", .end = CANNED_CLOSE}};

    for (size_t i = 0; i < COUNT(failures); i++) {
        const struct canned_reply replies[] = {failures[i], failures[i], {.head = HI}};
        struct weir_source_info info = {0};
        struct weir_buf got;
        serve3(fx, replies, COUNT(replies));
        assert_int_equal(
            s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, &got), 0);
        assert_string_equal(weir_buf_text(&got, NULL), "hi");
        weir_buf_fini(&got);
        assert_int_equal(canned_http_requests(fx->server), 3);
        assert_int_equal(weir_s3_config_retries(&fx->cfg), 2);
        assert_int_equal(fx->cfg.client->quota.tokens, WEIR_S3_QUOTA_TOKENS - WEIR_S3_RETRY_TOKENS);
    }
}

static void get_that_keeps_failing_says_how_often(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {{.head = BROKEN_500, .again = true}};
    struct weir_source_info info = {0};

    serve3(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_string_equal(fx->err.msg, "s3: s3://b/k: 500 InternalError, after 3 attempts");
    assert_int_equal(canned_http_requests(fx->server), 3);
}

static void deadline_ends_the_patience(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 503 S\r\nx-amz-retry-after: 5000\r\n" EMPTY, .again = true}};
    struct weir_source_info info = {0};

    serve3(fx, replies, COUNT(replies));
    int64_t began = weir_clock_mono_ms();
    fx->cfg.client->patience.until_mono_ms = began + 4900;
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_string_equal(fx->err.msg, "s3: s3://b/k: 503");
    assert_true(weir_clock_mono_ms() - began < 4900); /* not waited for in vain */
}

/* At noon: by that clock the day is the same for all that is asked here. */
static time_t three_days_ago(void)
{
    return (time(NULL) / 86400 - 3) * 86400 + 43200;
}

/* A refused time, with the server's own in Date. */
static const char *skewed(time_t now)
{
    static char reply[512];
    char date[64];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    snprintf(reply, sizeof reply,
        "HTTP/1.1 403 Forbidden\r\nDate: %s\r\nContent-Length: 48\r\n\r\n"
        "<Error><Code>RequestTimeTooSkewed</Code></Error>",
        date);
    return reply;
}

static void skewed_clock_is_learnt_from_the_server(void **state)
{
    struct s3_fixture *fx = *state;
    time_t there = three_days_ago();
    const struct canned_reply replies[] = {{.head = skewed(there)}, {.head = HI, .again = true}};
    struct weir_source_info info = {0};
    char day[32];
    struct tm tm;

    serve3(fx, replies, COUNT(replies));
    for (int i = 0; i < 2; i++) { /* what was learnt stays */
        assert_int_equal(
            s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    }
    assert_int_equal(canned_http_requests(fx->server), 3);
    gmtime_r(&there, &tm);
    strftime(day, sizeof day, "x-amz-date: %Y%m%dT", &tm);
    assert_null(strstr(canned_http_request(fx->server, 0, NULL), day));
    assert_non_null(strstr(canned_http_request(fx->server, 1, NULL), day));
    assert_non_null(strstr(canned_http_request(fx->server, 2, NULL), day));
}

static void clock_that_is_right_is_not_learnt(void **state)
{
    struct s3_fixture *fx = *state;
    const struct canned_reply replies[] = {{.head = skewed(time(NULL)), .again = true}};
    struct weir_source_info info = {0};

    serve3(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_string_equal(fx->err.msg, "s3: s3://b/k: 403 RequestTimeTooSkewed");
    assert_int_equal(canned_http_requests(fx->server), 1);
}

/* HEAD has no body that could name the error. */
static void answer_to_head_hints_at_what_is_wrong(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct weir_object object = {.bucket = "b", .key = "k"};
    const time_t now = time(NULL), there = three_days_ago();
    char late[128], right[128], day[32];
    struct tm tm;
    const struct {
        const char *head, *again; /* what the second request has; NULL: there is none */
    } cases[] = {{late, day},
        {"HTTP/1.1 400 Bad Request\r\nx-amz-bucket-region: eu-west-3\r\n" EMPTY,
            "/eu-west-3/s3/aws4_request"},
        {right, NULL}, {"HTTP/1.1 403 Forbidden\r\n" EMPTY, NULL},
        {"HTTP/1.1 400 Bad Request\r\n" EMPTY, NULL}};

    gmtime_r(&there, &tm);
    strftime(day, sizeof day, "x-amz-date: %Y%m%dT", &tm);
    strftime(late, sizeof late,
        "HTTP/1.1 403 Forbidden\r\nDate: %a, %d %b %Y %H:%M:%S GMT\r\n" EMPTY, &tm);
    gmtime_r(&now, &tm);
    strftime(right, sizeof right,
        "HTTP/1.1 403 Forbidden\r\nDate: %a, %d %b %Y %H:%M:%S GMT\r\n" EMPTY, &tm);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {
            {.head = cases[i].head}, {.head = OK "x-amz-meta-a: value\r\n" EMPTY}};
        const bool mended = cases[i].again != NULL;
        struct weir_object_head head = {.value = ""};
        struct weir_err err = {0};

        serve3(fx, replies, COUNT(replies));
        assert_int_equal(weir_store_head(fx->loop, &fx->cfg, &object, "a", INT64_MAX, &head, &err),
            mended ? 0 : -1);
        assert_int_equal(canned_http_requests(fx->server), mended ? 2 : 1);
        assert_string_equal(head.value, mended ? "value" : "");
        if (mended) {
            assert_non_null(strstr(canned_http_request(fx->server, 1, NULL), cases[i].again));
        } else {
            assert_int_equal(err.code, WEIR_E_REMOTE);
        }
    }
}

static void region_is_learnt_once_and_location_is_never_followed(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        const char *head, *region; /* NULL: it does not say */
    } cases[] = {
        {"HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-west-3\r\nLocation: http://127.0.0.1:1/\r\n"
         "Content-Length: 45\r\n\r\n<Error><Code>PermanentRedirect</Code></Error>",
            "eu-west-3"},
        {"HTTP/1.1 307 Moved\r\nx-amz-bucket-region: eu-west-3\r\n" EMPTY, "eu-west-3"},
        {"HTTP/1.1 400 Bad\r\nContent-Length: 82\r\n\r\n<Error><Code>AuthorizationHeaderMalformed"
         "</Code><Region>ap-south-1</Region></Error>",
            "ap-south-1"},
        {"HTTP/1.1 400 Bad\r\nx-amz-bucket-region: sa-east-1\r\nContent-Length: 62\r\n\r\n"
         "<Error><Code>IllegalLocationConstraintException</Code></Error>",
            "sa-east-1"},
        {"HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n" EMPTY, NULL},
        {"HTTP/1.1 301 Moved\r\nx-amz-bucket-region: us-east-1\r\n" EMPTY, NULL},
        {"HTTP/1.1 301 Moved\r\nx-amz-bucket-region: a/b?c\r\n" EMPTY, NULL},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {
            {.head = cases[i].head}, {.head = HI, .again = true}};
        struct weir_source_info info = {0};
        char scope[64];
        serve3(fx, replies, COUNT(replies));
        int rc = s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL);
        assert_int_equal(rc, cases[i].region != NULL ? 0 : -1);
        assert_int_equal(canned_http_requests(fx->server), rc == 0 ? 2 : 1);
        assert_non_null(strstr(canned_http_request(fx->server, 0, NULL), "/us-east-1/s3/"));
        if (rc == 0) {
            snprintf(scope, sizeof scope, "/%s/s3/aws4_request", cases[i].region);
            assert_non_null(strstr(canned_http_request(fx->server, 1, NULL), scope));
            assert_int_equal(/* and from now on at once */
                s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
            assert_non_null(strstr(canned_http_request(fx->server, 2, NULL), scope));
        }
    }
    /* One that sends us round in circles is not followed. */
    const struct canned_reply circle[] = {{.head = cases[0].head}, {.head = cases[2].head}};
    struct weir_source_info info = {0};
    serve3(fx, circle, COUNT(circle));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_string_equal(fx->err.msg, "s3: s3://b/k: 400 AuthorizationHeaderMalformed (it is in "
                                     "ap-south-1), after 2 attempts");
}

static void expired_token_is_tried_once_more(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply once[] = {
        {.head = STATUS("400 Bad Request", "ExpiredToken", "40")}, {.head = HI}};
    static const struct canned_reply always[] = {
        {.head = STATUS("400 Bad Request", "ExpiredToken", "40"), .again = true}};
    struct weir_source_info info = {0};

    serve3(fx, once, COUNT(once));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    serve3(fx, always, COUNT(always));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_string_equal(fx->err.msg, "s3: s3://b/k: 400 ExpiredToken, after 2 attempts");
}

/*
 * Bodies that break off
 */

#define FIRST OK "ETag: \"e1\"\r\nContent-Length: 10\r\n\r\n"
#define REST(range, length)                                                                        \
    "HTTP/1.1 206 Partial Content\r\nETag: \"e1\"\r\nContent-Range: " range                        \
    "\r\nContent-Length: " length "\r\n\r\n"

static void broken_body_is_gone_on_with(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        struct canned_reply replies[3];
        const char *ranges[3];
    } cases[] = {
        {{{.head = FIRST "0123", .end = CANNED_CLOSE},
             {.head = REST("bytes 4-9/10", "6") "456789"}},
            {NULL, "Range: bytes=4-"}},
        {{{.head = FIRST "0123456", .end = CANNED_RESET},
             {.head = REST("bytes 7-9/10", "3") "78", .end = CANNED_CLOSE},
             {.head = REST("bytes 9-9/10", "1") "9"}},
            {NULL, "Range: bytes=7-", "Range: bytes=9-"}},
        {{{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = SLOW_DOWN},
             {.head = REST("bytes 4-9/10", "6") "456789"}},
            {NULL, "Range: bytes=4-", "Range: bytes=4-"}},
        /* An end in time is none where the object goes on. */
        {{{.head = FIRST "0123", .end = CANNED_CLOSE},
             {.head = "HTTP/1.1 206 Partial Content\r\nETag: \"e1\"\r\nContent-Range: bytes "
                      "4-9/10\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n3\r\n456\r\n0\r\n\r\n"},
             {.head = REST("bytes 7-9/10", "3") "789"}},
            {NULL, "Range: bytes=4-", "Range: bytes=7-"}},
        /* Of an answer in chunks only the server knows the length. */
        {{{.head = OK "ETag: \"e1\"\r\nTransfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n",
              .end = CANNED_CLOSE},
             {.head = "HTTP/1.1 416 Range\r\nContent-Range: bytes */10\r\n" EMPTY}},
            {NULL, "Range: bytes=10-"}},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_source_info info = {0};
        struct weir_buf got;
        serve3(fx, cases[i].replies, COUNT(cases[i].replies));
        assert_int_equal(
            s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, &got), 0);
        assert_string_equal(weir_buf_text(&got, NULL), "0123456789");
        weir_buf_fini(&got);
        for (size_t k = 1; k < canned_http_requests(fx->server); k++) {
            assert_true(s3_has_header(fx, k, cases[i].ranges[k]));
            assert_true(s3_has_header(fx, k, "If-Match: \"e1\""));
        }
    }
}

static void broken_body_that_cannot_be_gone_on_with_is_an_error(void **state)
{
    struct s3_fixture *fx = *state;
    static const char bad[] = "s3: s3://b/k: a Content-Range that is not what was asked for";
    static const struct {
        struct canned_reply first, then;
        const char *msg;
        int detail;
    } cases[] = {
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = REPLACED},
            "s3: s3://b/k: the object changed while it was read: 412 PreconditionFailed", 412},
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = NO_KEY},
            "s3: s3://b/k: 404 NoSuchKey, after 2 attempts", 404},
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = FIRST "0123456789"},
            "s3: s3://b/k: 200 for a range: the server does not read on from a place", 200},
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = REST("bytes 3-9/10", "7") "3456789"},
            bad, 206},
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = REST("bytes 4-8/10", "5") "45678"},
            bad, 206},
        {{.head = FIRST "0123", .end = CANNED_CLOSE},
            {.head = REST("bytes 4-10/11", "7") "456789A"}, bad, 206},
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = REST("bytes 4-9/10", "5") "45678"},
            bad, 206},
        {{.head = FIRST "0123", .end = CANNED_CLOSE}, {.head = REST("bytes 4-9/*", "6") "456789"},
            bad, 206},
        {{.head = FIRST "0123", .end = CANNED_CLOSE},
            {.head = "HTTP/1.1 206 P\r\nContent-Length: 6\r\n\r\n456789"}, bad, 206},
        {{.head = FIRST "0123", .end = CANNED_CLOSE},
            {.head = "HTTP/1.1 416 Range\r\nContent-Range: bytes */4\r\n" EMPTY},
            "s3: s3://b/k: 416, after 2 attempts", 416},
        /* Nothing ties the rest to what was begun. */
        {{.head = OK "Content-Length: 10\r\n\r\n0123", .end = CANNED_CLOSE}, {.head = HI},
            "s3: s3://b/k: http: ", 0},
        {{.head = OK "ETag: W/\"e1\"\r\nContent-Length: 10\r\n\r\n0123", .end = CANNED_CLOSE},
            {.head = HI}, "s3: s3://b/k: http: ", 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {cases[i].first, cases[i].then};
        struct weir_source_info info = {0};
        serve3(fx, replies, COUNT(replies));
        assert_int_equal(
            s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        if (cases[i].detail != 0) {
            assert_int_equal(fx->err.detail, cases[i].detail);
        }
        assert_false(info.replaced);
    }
    /* Who named an ETag is told that this object is no more. */
    const struct canned_reply replies[] = {cases[0].first, cases[0].then};
    struct weir_source_info info = {0};
    serve3(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){"b", "k", NULL, "e1"}, &info, NULL), -1);
    assert_true(info.replaced);
}

/* Ten breaks are too many in a row, unless each time a good piece has come. */
static void body_that_moves_on_has_all_its_attempts_again(void **state)
{
    struct s3_fixture *fx = *state;
    enum { PIECES = 10, PIECE = 100000 };
    char heads[PIECES][160];
    struct canned_reply replies[PIECES];
    struct weir_source_info info = {0};

    for (int i = 0; i < PIECES; i++) {
        int from = i * PIECE, total = PIECES * PIECE;
        if (i == 0) {
            snprintf(
                heads[i], sizeof heads[i], OK "ETag: \"e1\"\r\nContent-Length: %d\r\n\r\n", total);
        } else {
            snprintf(heads[i], sizeof heads[i],
                "HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n",
                from, total - 1, total, total - from);
        }
        replies[i] = (struct canned_reply){.head = heads[i], .fill = PIECE, .end = CANNED_CLOSE};
    }
    serve3(fx, replies, COUNT(replies));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), 0);
    assert_int_equal(info.read_bytes, PIECES * PIECE);
    assert_int_equal(weir_s3_config_retries(&fx->cfg), PIECES - 1);

    static const struct canned_reply crawl[] = {{.head = FIRST "0", .end = CANNED_CLOSE},
        {.head = REST("bytes 1-9/10", "9") "1", .end = CANNED_CLOSE},
        {.head = REST("bytes 2-9/10", "8") "2", .end = CANNED_CLOSE},
        {.head = REST("bytes 3-9/10", "7") "3456789"}};
    serve3(fx, crawl, COUNT(crawl));
    assert_int_equal(s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, NULL), -1);
    assert_int_equal(canned_http_requests(fx->server), 3);
    assert_non_null(strstr(fx->err.msg, "after 3 attempts"));
}

/*
 * Writing
 */

static void every_request_of_an_upload_is_tried_again(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct canned_reply answers[] = {{.match = CREATE, .head = CREATED},
        {.match = PART, .head = PART_OK, .again = true}, {.match = COMPLETE, .head = COMPLETED},
        {.match = PUT, .head = PART_OK}};
    static const struct canned_reply failures[] = {{.head = SLOW_DOWN}, {.head = BROKEN_500},
        {.end = CANNED_CLOSE}, {.head = STATUS("400 Bad Request", "RequestTimeout", "42")}};
    static const char *const begins[] = {PART "1", PART "3", COMPLETE, PUT};

    for (size_t i = 0; i < COUNT(begins) * COUNT(failures); i++) {
        struct canned_reply replies[2 + COUNT(answers)];
        for (size_t k = 0; k < 2; k++) {
            replies[k] = failures[i % COUNT(failures)];
            replies[k].match = begins[i / COUNT(failures)];
        }
        memcpy(replies + 2, answers, sizeof answers);
        serve3(fx, replies, COUNT(replies));
        bool whole = begins[i / COUNT(failures)][8] == ' ';
        assert_int_equal(s3_put(fx, 30, whole ? 30 : 10, 0), 0);
        assert_int_equal(s3_asked(fx, UNDO, NULL), 0);
        /* A kept connection that is closed makes libcurl itself ask once more. */
        assert_int_equal(s3_asked(fx, begins[i / COUNT(failures)], NULL), 3);
    }
}

static void create_is_tried_again_when_its_upload_is_found(void **state)
{
    struct s3_fixture *fx = *state;
    char list[512], date[64], began[64];
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    strftime(began, sizeof began, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    int n = snprintf(list, sizeof list,
        "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>lost</UploadId><Initiated>%s"
        "</Initiated></Upload></ListMultipartUploadsResult>",
        began);
    char found[1024], none[256];
    snprintf(found, sizeof found, OK "Date: %s\r\nContent-Length: %d\r\n\r\n%s", date, n, list);
    snprintf(none, sizeof none,
        OK "Date: %s\r\nContent-Length: 29\r\n\r\n<ListMultipartUploadsResult/>", date);
    const struct {
        struct canned_reply create, list;
        size_t aborts;
    } cases[] = {
        {{.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = found}, 1},
        {{.match = CREATE, .head = BROKEN_500}, {.match = LIST, .head = none}, 0},
        /* Who may not list believes the server's word, but not its silence. */
        {{.match = CREATE, .head = BROKEN_500}, {.match = LIST, .head = DENIED}, 0},
        {{.match = CREATE, .end = CANNED_CLOSE}, {.match = LIST, .head = DENIED, .again = true},
            SIZE_MAX},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {cases[i].create, cases[i].list,
            {.match = CREATE, .head = CREATED}, {.match = PART, .head = PART_OK, .again = true},
            {.match = COMPLETE, .head = COMPLETED}, {.match = UNDO "lost", .head = GONE},
            {.match = LIST, .head = none, .again = true}};
        bool fails = cases[i].aborts == SIZE_MAX;
        serve3(fx, replies, COUNT(replies));
        assert_int_equal(s3_put(fx, 30, 10, 0), fails ? -1 : 0);
        assert_int_equal(s3_asked(fx, CREATE, NULL), fails ? 1 : 2);
        assert_int_equal(s3_asked(fx, UNDO, NULL), fails ? 0 : cases[i].aborts);
    }
}

/* Each part answers with the MD5 of nothing; then the object's ETag is the MD5 of three of these.
 */
#define MD5_OK OK "ETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\n" EMPTY
#define MD5_OF_3 "2bc3f09a6fbadbe687825030c6e7b9a4"

static void lost_completion_is_settled_by_what_is_there(void **state)
{
    struct s3_fixture *fx = *state;
    static const char ours[] = OK "ETag: \"" MD5_OF_3 "-3\"\r\nContent-Length: 30\r\n\r\n";
    static const char other[] = OK "ETag: \"" MD5_OF_3 "-2\"\r\nContent-Length: 30\r\n\r\n";
    const struct {
        struct canned_reply complete[2], head;
        int rc;
        size_t undos;
    } cases[] = {
        /* It had been completed: the second answer says so. */
        {{{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = COMPLETE, .head = NO_UPLOAD}},
            {.match = HEAD, .head = ours}, 0, 0},
        {{{.match = COMPLETE, .head = BROKEN_500}, {.match = COMPLETE, .head = NO_UPLOAD}},
            {.match = HEAD, .head = ours}, 0, 0},
        /* The checksum says it where it is known; the ETag may be anything. */
        {{{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = COMPLETE, .head = NO_UPLOAD}},
            {.match = HEAD,
                .head = OK "ETag: \"x\"\r\nx-amz-checksum-crc64nvme: QyO+1K8SvqU=\r\n"
                           "Content-Length: 30\r\n\r\n"},
            0, 0},
        {{{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = COMPLETE, .head = NO_UPLOAD}},
            {.match = HEAD,
                .head = OK "ETag: \"x\"\r\nx-amz-checksum-crc64nvme: AAAAAAAAAAA=\r\n"
                           "Content-Length: 30\r\n\r\n"},
            -1, 0},
        /* No answer at all: the upload is gone, and the object is ours. */
        {{{.match = COMPLETE, .end = CANNED_CLOSE, .again = true},
             {.match = UNDO, .head = NO_UPLOAD}},
            {.match = HEAD, .head = ours}, 0, 1},
        /* What is there is another object, or none: who knows. */
        {{{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = COMPLETE, .head = NO_UPLOAD}},
            {.match = HEAD, .head = other}, -1, 0},
        {{{.match = COMPLETE, .end = CANNED_CLOSE}, {.match = COMPLETE, .head = NO_UPLOAD}},
            {.match = HEAD, .head = "HTTP/1.1 404 Not Found\r\n" EMPTY}, -1, 0},
        /* The upload was still there: it was not completed. */
        {{{.match = COMPLETE, .end = CANNED_CLOSE, .again = true}, {.match = UNDO, .head = GONE}},
            {.match = HEAD, .head = ours}, -1, 1},
        /* Without a doubt there is nothing to be settled. */
        {{{.match = COMPLETE, .head = NO_UPLOAD}, {.match = UNDO, .head = NO_UPLOAD}},
            {.match = HEAD, .head = ours}, -1, 1},
        {{{.match = COMPLETE, .head = STATUS("409 Conflict", "ConditionalRequestConflict", "54")},
             {.match = UNDO, .head = GONE}},
            {.match = HEAD, .head = ours}, -1, 1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {{.match = CREATE, .head = CREATED},
            {.match = PART, .head = MD5_OK, .again = true}, cases[i].complete[0],
            cases[i].complete[1], cases[i].head};
        serve3(fx, replies, COUNT(replies));
        assert_int_equal(s3_put(fx, 30, 10, 0), cases[i].rc);
        assert_int_equal(s3_asked(fx, UNDO, NULL), cases[i].undos);
    }
}

static void lost_put_is_settled_by_what_is_there(void **state)
{
    struct s3_fixture *fx = *state;
    static const struct {
        const char *head; /* its ETag is the MD5 of the 30 letters */
        int rc;
    } cases[] = {
        {OK "ETag: \"e41bc5a0c041106d72f845923414ba75\"\r\nContent-Length: 30\r\n\r\n", 0},
        {OK "ETag: \"e41bc5a0c041106d72f845923414ba75\"\r\nContent-Length: 31\r\n\r\n", -1},
        {OK "ETag: \"d41d8cd98f00b204e9800998ecf8427e\"\r\nContent-Length: 30\r\n\r\n", -1},
        {"HTTP/1.1 404 Not Found\r\n" EMPTY, -1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {{.match = PUT, .end = CANNED_CLOSE, .again = true},
            {.match = HEAD, .head = cases[i].head}};
        serve3(fx, replies, COUNT(replies));
        assert_int_equal(s3_put(fx, 30, 30, 0), cases[i].rc);
        assert_int_equal(s3_asked(fx, PUT, NULL), 3);
        assert_int_equal(s3_asked(fx, HEAD, NULL), 1);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, s3_setup, s3_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_has_one_class),
        cmocka_unit_test(attempts_and_tokens_are_bounded),
        cmocka_unit_test(pauses_grow_with_full_jitter_and_obey_server_and_deadline),
        cmocka_unit_test(what_can_be_mended_is_mended_once),
        TEST(get_is_tried_again_and_its_retries_are_counted),
        TEST(get_that_keeps_failing_says_how_often),
        TEST(deadline_ends_the_patience),
        TEST(skewed_clock_is_learnt_from_the_server),
        TEST(clock_that_is_right_is_not_learnt),
        TEST(answer_to_head_hints_at_what_is_wrong),
        TEST(region_is_learnt_once_and_location_is_never_followed),
        TEST(expired_token_is_tried_once_more),
        TEST(broken_body_is_gone_on_with),
        TEST(broken_body_that_cannot_be_gone_on_with_is_an_error),
        TEST(body_that_moves_on_has_all_its_attempts_again),
        TEST(every_request_of_an_upload_is_tried_again),
        TEST(create_is_tried_again_when_its_upload_is_found),
        TEST(lost_completion_is_settled_by_what_is_there),
        TEST(lost_put_is_settled_by_what_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
