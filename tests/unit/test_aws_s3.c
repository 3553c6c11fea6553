/*
 * Do the S3 ends read whole objects or fail, and publish whole objects or nothing, leaving no open
 * upload whenever and however they are stopped? Against a server with answers made beforehand.
 */
#include "aws/s3_part.h"
#include "aws/s3_sink.h"
#include "aws/s3_source.h"
#include "aws/store.h"
#include "core/clock.h"
#include "core/limits.h"
#include "stream/pipe.h"
#include "tests/support/canned_http.h"
#include "tests/support/memory_ends.h"
#include "tests/support/store_get.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OK "HTTP/1.1 200 OK\r\n"
#define EMPTY "Content-Length: 0\r\n\r\n"
#define PART_OK OK "ETag: \"0123\"\r\n" EMPTY
#define GONE "HTTP/1.1 204 No Content\r\n\r\n"
#define CREATED                                                                                    \
    OK "Content-Length: 87\r\n\r\n<InitiateMultipartUploadResult><UploadId>U/1</UploadId>"         \
       "</InitiateMultipartUploadResult>"
#define COMPLETED                                                                                  \
    OK "Content-Length: 63\r\n\r\n<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"
#define FAILED_200                                                                                 \
    OK "Content-Length: 55\r\n\r\n \n  <Error><Code>InternalError</Code><Message/></Error>"
#define STATUS(line, code, n)                                                                      \
    "HTTP/1.1 " line "\r\nContent-Length: " n "\r\n\r\n<Error><Code>" code "</Code></Error>"
#define BROKEN_500 STATUS("500 Internal Server Error", "InternalError", "41")
#define DENIED STATUS("403 Forbidden", "AccessDenied", "40")
#define NO_BUCKET STATUS("404 Not Found", "NoSuchBucket", "40")
#define NO_KEY STATUS("404 Not Found", "NoSuchKey", "37")
#define PROXY_404 "HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\n<h1>Oh no!</h1>"
#define REPLACED STATUS("412 Precondition Failed", "PreconditionFailed", "46")
#define NO_UPLOAD STATUS("404 Not Found", "NoSuchUpload", "40")

static const char create[] = "POST /b/k?uploads=", part[] = "PUT /b/k?partNumber=",
                  complete[] = "POST /b/k?uploadId=U%2F1", undo[] = "DELETE /b/k?uploadId=",
                  list[] = "GET /b?prefix=k&uploads=", put[] = "PUT /b/k HTTP";

struct fixture {
    struct weir_loop *loop;
    struct weir_s3_config cfg;
    struct canned_http *server;
    struct weir_err err;
};

static int setup(void **state)
{
    struct fixture *fx = calloc(1, sizeof *fx);

    assert_non_null(fx);
    fx->loop = weir_loop_new(NULL);
    assert_non_null(fx->loop);
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secretsecret", 1);
    *state = fx;
    return 0;
}

static void serve(struct fixture *fx, const struct canned_reply *replies, size_t n)
{
    canned_http_free(fx->server);
    weir_s3_config_fini(&fx->cfg);
    while (n > 0 && replies[n - 1].match == NULL && replies[n - 1].head == NULL &&
           replies[n - 1].end == CANNED_KEEP) {
        n--; /* what a table's row has left over */
    }
    fx->server = canned_http_new(replies, n);
    setenv("AWS_ENDPOINT_URL_S3", canned_http_url(fx->server), 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    fx->err = (struct weir_err){0};
}

static int teardown(void **state)
{
    struct fixture *fx = *state;

    canned_http_free(fx->server);
    weir_s3_config_fini(&fx->cfg);
    weir_loop_free(fx->loop);
    free(fx);
    return 0;
}

/* How many requests began so; *last receives the number of the last. */
static size_t asked(struct fixture *fx, const char *first_line, size_t *last)
{
    size_t n = 0;

    for (size_t i = 0; i < canned_http_requests(fx->server); i++) {
        if (strncmp(canned_http_request(fx->server, i, NULL), first_line, strlen(first_line)) ==
            0) {
            n++;
            if (last != NULL) {
                *last = i;
            }
        }
    }
    return n;
}

static bool has_header(struct fixture *fx, size_t i, const char *line)
{
    char text[512];

    snprintf(text, sizeof text, "\r\n%s\r\n", line);
    return strstr(canned_http_request(fx->server, i, NULL), text) != NULL;
}

/*
 * Reading
 */

static int get(struct fixture *fx, const struct weir_object *object, struct weir_source_info *info,
    struct weir_buf *got)
{
    struct memory_sink sink = {0};
    struct weir_stage stages[2] = {{0}, memory_sink(&sink)};

    weir_buf_init(&sink.got, 4 * WEIR_MIB);
    assert_int_equal(weir_s3_source_new(fx->loop, &fx->cfg, object, info, &stages[0], &fx->err), 0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, &fx->err);
    assert_non_null(pipe);
    int rc = weir_loop_run(fx->loop, pipe, &fx->err);
    weir_pipe_free(pipe);
    assert_int_equal(sink.published, rc == 0);
    if (got != NULL) {
        *got = sink.got;
    } else {
        weir_buf_fini(&sink.got);
    }
    return rc;
}

static void source_reads_a_whole_object_and_tells_about_it(void **state)
{
    struct fixture *fx = *state;
    const struct canned_reply replies[] = {{.match = "GET /b/a%20%3D%2Bc/d HTTP",
        .head = OK "ETag: \"abc\"\r\nContent-Length: 1000000\r\n\r\n",
        .fill = 1000000}};
    struct weir_source_info info = {0};
    struct weir_buf got;

    serve(fx, replies, COUNT(replies));
    assert_int_equal(get(fx, &(struct weir_object){"b", "a =+c/d", NULL, NULL}, &info, &got), 0);
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
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = OK "Content-Length: 2\r\n\r\nhi", .again = true}};
    static const struct {
        const char *etag, *header;
    } cases[] = {{"abc", "If-Match: \"abc\""}, {"\"abc\"", "If-Match: \"abc\""},
        {"W/\"x\"", "If-Match: W/\"x\""}};

    serve(fx, replies, COUNT(replies));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_source_info info = {0};
        assert_int_equal(
            get(fx, &(struct weir_object){"b", "k", "v+/=", cases[i].etag}, &info, NULL), 0);
        assert_memory_equal(
            canned_http_request(fx->server, i, NULL), "GET /b/k?versionId=v%2B%2F%3D HTTP", 34);
        assert_true(has_header(fx, i, cases[i].header));
        assert_non_null(strstr(canned_http_request(fx->server, i, NULL), "if-match;"));
    }
}

static void source_tells_what_went_wrong(void **state)
{
    struct fixture *fx = *state;
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
        {{.head = "HTTP/1.1 301 Moved\r\nx-amz-bucket-region: eu-west-3\r\n"
                  "Location: http://127.0.0.1:1/\r\nContent-Length: 45\r\n\r\n"
                  "<Error><Code>PermanentRedirect</Code></Error>"},
            WEIR_E_REMOTE, 301, "s3: s3://b/k: 301 PermanentRedirect (the bucket is in eu-west-3)"},
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
        serve(fx, &cases[i].reply, 1);
        assert_int_equal(get(fx, &(struct weir_object){"b", "k", NULL, "e"}, &info, NULL), -1);
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
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.head = REPLACED}};
    struct weir_source_info info = {.replaced = true};

    serve(fx, replies, COUNT(replies));
    assert_int_equal(get(fx, &(struct weir_object){"b", "k", "v", NULL}, &info, NULL), -1);
    assert_int_equal(fx->err.detail, 412);
    assert_false(info.replaced);
}

static void source_ends_with_a_chunked_answer(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}};
    struct weir_source_info info = {0};
    struct weir_buf got;

    serve(fx, replies, COUNT(replies));
    assert_int_equal(get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, &info, &got), 0);
    assert_string_equal(weir_buf_text(&got, NULL), "hello");
    assert_int_equal(info.size_bytes, -1);
    weir_buf_fini(&got);
}

static void names_that_cannot_be_are_refused_before_anything_is_sent(void **state)
{
    struct fixture *fx = *state;
    struct weir_source_info info = {0};
    struct weir_stage stage;
    char etag[WEIR_S3_ETAG_MAX_BYTES + 2], version[WEIR_S3_VERSION_ID_MAX_BYTES + 2];
    const struct weir_object bad[] = {{"a/b", "k", NULL, NULL}, {"b", "", NULL, NULL},
        {"b", "\xff", NULL, NULL}, {"b", "k", NULL, etag}, {"b", "k", version, NULL}};

    memset(etag, 'e', sizeof etag - 1);
    etag[sizeof etag - 1] = '\0';
    memset(version, 'v', sizeof version - 1);
    version[sizeof version - 1] = '\0';
    serve(fx, NULL, 0);
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
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.head = OK "Content-Length: 6\r\n\r\nschema", .again = true}};
    struct weir_buf got;

    serve(fx, replies, COUNT(replies));
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

/*
 * Writing
 */

static uint8_t data[64];

static int run_put(struct fixture *fx, size_t len, size_t part_bytes, size_t fail_at)
{
    struct memory_source source = {.in = data, .len = len, .fail_at = fail_at};
    struct weir_stage stages[2] = {memory_source(&source), {0}};
    const struct weir_put_opts opts = {
        .content_type = "text/csv", .part_bytes = part_bytes, .abort_ms = 400};

    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)('A' + i % 26);
    }
    assert_int_equal(
        weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", &opts, &stages[1], &fx->err), 0);
    struct weir_pipe *pipe = weir_pipe_new(7, stages, 2, &fx->err);
    assert_non_null(pipe);
    int rc = weir_loop_run(fx->loop, pipe, &fx->err);
    weir_pipe_free(pipe);
    return rc;
}

static void output_of_one_part_is_one_put(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = "PUT /b/k HTTP", .head = PART_OK, .again = true}};
    static const size_t sizes[] = {0, 1, 19, 20};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t n;
        serve(fx, replies, COUNT(replies));
        assert_int_equal(run_put(fx, sizes[i], 20, 0), 0);
        assert_int_equal(canned_http_requests(fx->server), 1);
        assert_memory_equal(canned_http_body(fx->server, 0, &n), data, sizes[i]);
        assert_int_equal(n, sizes[i]);
        assert_true(has_header(fx, 0, "Content-Type: text/csv"));
    }
    serve(fx, replies, COUNT(replies));
    assert_int_equal(run_put(fx, 0, 20, 0), 0);
    assert_true(has_header(fx, 0,
        "x-amz-content-sha256: "
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

static void larger_output_is_a_multipart_upload(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = complete, .head = COMPLETED}};
    static const size_t sizes[] = {21, 39, 40, 41, 64};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t parts = (sizes[i] + 19) / 20, n, len;
        char expected[1024];
        serve(fx, replies, COUNT(replies));
        assert_int_equal(run_put(fx, sizes[i], 20, 0), 0);
        assert_int_equal(canned_http_requests(fx->server), parts + 2);
        assert_true(has_header(fx, 0, "Content-Type: text/csv"));
        n = (size_t)snprintf(expected, sizeof expected,
            "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
        for (size_t k = 1; k <= parts; k++) {
            char line[64];
            size_t from = (k - 1) * 20, want = sizes[i] - from < 20 ? sizes[i] - from : 20;
            snprintf(line, sizeof line, "PUT /b/k?partNumber=%zu&uploadId=U%%2F1 HTTP", k);
            assert_memory_equal(canned_http_request(fx->server, k, NULL), line, strlen(line));
            assert_memory_equal(canned_http_body(fx->server, k, &len), data + from, want);
            assert_int_equal(len, want);
            n += (size_t)snprintf(expected + n, sizeof expected - n,
                "<Part><PartNumber>%zu</PartNumber><ETag>\"0123\"</ETag></Part>", k);
        }
        snprintf(expected + n, sizeof expected - n, "</CompleteMultipartUpload>");
        assert_string_equal(canned_http_body(fx->server, parts + 1, &len), expected);
    }
}

static void upstream_failure_publishes_nothing(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = undo, .head = GONE},
        {.match = undo, .head = NO_UPLOAD, .again = true}};

    for (size_t fail_at = 1; fail_at <= sizeof data; fail_at++) {
        serve(fx, replies, COUNT(replies));
        assert_int_equal(run_put(fx, sizeof data, 10, fail_at), -1);
        assert_memory_equal(fx->err.msg, "memory: cut", 11);
        assert_int_equal(asked(fx, put, NULL) + asked(fx, complete, NULL), 0);
        size_t last = 0;
        if (asked(fx, create, NULL) > 0) {
            assert_true(asked(fx, undo, &last) >= 1);
            assert_int_equal(last, canned_http_requests(fx->server) - 1);
        }
    }
}

/* Each of these ends in an error that tells of it, and in an abort, or in none. */
static void refused_request_fails_and_aborts(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        struct canned_reply replies[5];
        const char *msg;
        size_t aborts;
    } cases[] = {
        {{{.match = create, .head = DENIED}}, "s3: s3://b/k: CreateMultipartUpload: 403", 0},
        {{{.match = create, .head = CREATED}, {.match = part, .head = BROKEN_500},
             {.match = undo, .head = GONE}},
            "s3: s3://b/k: UploadPart 1: 500 InternalError", 1},
        {{{.match = create, .head = CREATED}, {.match = part, .head = PART_OK},
             {.match = part, .head = DENIED}, {.match = undo, .head = GONE}},
            "s3: s3://b/k: UploadPart 2: 403 AccessDenied", 1},
        {{{.match = create, .head = CREATED}, {.match = part, .head = OK EMPTY},
             {.match = undo, .head = GONE}},
            "s3: s3://b/k: UploadPart 1: an answer without a usable ETag", 1},
        {{{.match = create, .head = CREATED}, {.match = part, .head = OK "ETag: \"<\"\r\n" EMPTY},
             {.match = undo, .head = GONE}},
            "s3: s3://b/k: UploadPart 1: an answer without a usable ETag", 1},
        /* The part's answer is lost: it may land behind the first abort. */
        {{{.match = create, .head = CREATED}, {.match = part, .end = CANNED_CLOSE, .again = true},
             {.match = undo, .head = GONE}, {.match = undo, .head = NO_UPLOAD}},
            "s3: s3://b/k: UploadPart 1: http: ", 2},
        {{{.match = create, .head = CREATED}, {.match = part, .head = PART_OK, .again = true},
             {.match = complete, .head = FAILED_200}, {.match = undo, .head = GONE}},
            "s3: s3://b/k: CompleteMultipartUpload: 200 InternalError", 1},
        {{{.match = create, .head = CREATED}, {.match = part, .head = PART_OK, .again = true},
             {.match = complete, .head = OK "Content-Length: 4\r\n\r\nwhat"},
             {.match = undo, .head = GONE}},
            "s3: s3://b/k: CompleteMultipartUpload: 200", 1},
        {{{.match = create, .head = CREATED}, {.match = part, .head = PART_OK, .again = true},
             {.match = complete, .head = BROKEN_500}, {.match = undo, .head = NO_UPLOAD}},
            "s3: s3://b/k: CompleteMultipartUpload: 500", 1},
        {{{.match = create, .head = CREATED}, {.match = part, .head = PART_OK, .again = true},
             {.match = complete, .end = CANNED_RESET, .again = true},
             {.match = undo, .head = NO_UPLOAD}},
            "s3: s3://b/k: CompleteMultipartUpload: http: ", 1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        serve(fx, cases[i].replies, COUNT(cases[i].replies));
        assert_int_equal(run_put(fx, 30, 10, 0), -1);
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        assert_int_equal(asked(fx, undo, NULL), cases[i].aborts);
    }
}

static void refused_put_fails(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_code code;
        const char *msg;
    } cases[] = {
        {{.head = STATUS("404 Not Found", "NoSuchBucket", "40")}, WEIR_E_REMOTE,
            "s3: s3://b/k: PutObject: 404 NoSuchBucket"},
        {{.head = BROKEN_500}, WEIR_E_REMOTE, "s3: s3://b/k: PutObject: 500 InternalError"},
        {{.end = CANNED_RESET}, WEIR_E_NET, "s3: s3://b/k: PutObject: http: "},
        {{.head = "HTTP/1.1 500 X\r\nContent-Length: 2000000\r\n\r\n", .fill = 2000000},
            WEIR_E_LIMIT, "s3: s3://b/k: PutObject: an answer: "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        serve(fx, &cases[i].reply, 1);
        assert_int_equal(run_put(fx, 30, 30, 0), -1);
        assert_int_equal(fx->err.code, cases[i].code);
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        assert_int_equal(canned_http_requests(fx->server), 1);
    }
}

static void abort_is_tried_again_while_the_server_is_away(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = create, .head = CREATED},
        {.match = part, .head = BROKEN_500},
        {.match = undo, .head = "HTTP/1.1 503 Slow Down\r\n" EMPTY},
        {.match = undo, .end = CANNED_RESET}, {.match = undo, .end = CANNED_RESET},
        {.match = undo, .head = GONE}};
    struct weir_stage sink;
    struct weir_in in = {.p = data, .size = 30, .last = true};
    uint8_t nothing[1];
    struct weir_out out = {.p = nothing};
    struct weir_err err = {0};
    enum weir_step step;
    int64_t began;

    serve(fx, replies, COUNT(replies));
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.part_bytes = 10}, &sink, &err),
        0);
    while ((step = sink.ops->step(sink.self, &in, &out, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_FAIL);
    began = weir_clock_mono_ms();
    err = (struct weir_err){0};
    while ((step = sink.ops->abort(sink.self, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_END);
    /* The first reset hits a connection that was kept, where libcurl itself asks once more. */
    assert_int_equal(asked(fx, undo, NULL), 4);
    assert_true(weir_clock_mono_ms() - began >= WEIR_S3_PAUSE_MS + 2 * WEIR_S3_PAUSE_MS - 20);
    weir_stage_free(&sink);
}

/* A list of uploads as the server would give it, told by its clock. */
static char *make_list(time_t now)
{
    static char reply[4096];
    char body[2048], date[64], old[64], young[64];
    time_t then = now - 60;
    struct tm tm;
    size_t n = 0;
    const struct {
        const char *key, *id, *when;
    } uploads[] = {{"k", "old", old}, {"k", "lost&amp;1", young}, {"k2", "other", young},
        {"k/x", "below", young}};

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    strftime(young, sizeof young, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    gmtime_r(&then, &tm);
    strftime(old, sizeof old, "%Y-%m-%dT%H:%M:%S.000Z", &tm);
    n += (size_t)snprintf(body, sizeof body, "<ListMultipartUploadsResult><Bucket>b</Bucket>");
    for (size_t i = 0; i < COUNT(uploads); i++) {
        n += (size_t)snprintf(body + n, sizeof body - n,
            "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiated>%s</Initiated></Upload>",
            uploads[i].key, uploads[i].id, uploads[i].when);
    }
    snprintf(body + n, sizeof body - n, "</ListMultipartUploadsResult>");
    snprintf(reply, sizeof reply, OK "Date: %s\r\nContent-Length: %zu\r\n\r\n%s", date,
        strlen(body), body);
    return reply;
}

static char *empty_list(void)
{
    static char reply[512];
    char date[64];
    time_t now = time(NULL);
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    snprintf(reply, sizeof reply,
        OK "Date: %s\r\nContent-Length: 29\r\n\r\n<ListMultipartUploadsResult/>", date);
    return reply;
}

/* Was it asked? What was sent just now is given a moment to be read: the answer is not looked at.
 */
static bool was_asked(struct fixture *fx, const char *first_line)
{
    for (int tries = 0; tries < 10 && asked(fx, first_line, NULL) == 0; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
    }
    return asked(fx, first_line, NULL) > 0;
}

/* Drive a sink by hand for some turns of the loop, or until the server was asked for something,
 * then abort it. Returns abort's answer. */
static enum weir_step stop_with(struct fixture *fx, int turns, const char *until,
    const struct weir_put_opts *opts, bool *ended, struct weir_err *err)
{
    struct weir_stage sink;
    struct weir_in in = {.p = data, .size = 30, .last = true};
    uint8_t nothing[1];
    struct weir_out out = {.p = nothing};
    enum weir_step step;

    *ended = false;
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k", opts, &sink, err), 0);
    while ((step = sink.ops->step(sink.self, &in, &out, err)) == WEIR_WAIT &&
           (until != NULL ? !was_asked(fx, until) : turns-- > 0)) {
        int64_t limit = until != NULL ? weir_clock_mono_ms() + 10 : INT64_MAX;
        assert_int_equal(weir_loop_step(fx->loop, limit, NULL), 0);
    }
    *err = (struct weir_err){0};
    *ended = step == WEIR_END;
    while (!*ended && (step = sink.ops->abort(sink.self, err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, NULL), 0);
    }
    weir_stage_free(&sink);
    assert_int_equal(step == WEIR_FAIL, err->code != WEIR_OK);
    if (step == WEIR_FAIL) { /* fit for a line of a log: which, and in one piece */
        assert_memory_equal(err->msg, "s3: s3://b/k: ", 14);
        for (const char *c = err->msg; *c != '\0'; c++) {
            assert_in_range(*c, 0x20, 0x7e);
        }
    }
    return step;
}

static enum weir_step stop_at(struct fixture *fx, int turns, const char *until, int64_t abort_ms,
    bool *ended, struct weir_err *err)
{
    return stop_with(fx, turns, until,
        &(struct weir_put_opts){.part_bytes = 10, .abort_ms = abort_ms}, ended, err);
}

/* How it ended, and what the server was asked, must fit together. */
static void check_stop(struct fixture *fx, enum weir_step step, const struct weir_err *err)
{
    size_t last = 0;

    if (asked(fx, complete, NULL) > 0) { /* it was waited for, and succeeded */
        assert_int_equal(step, WEIR_FAIL);
        assert_non_null(strstr(err->msg, "published all the same"));
        assert_int_equal(asked(fx, undo, NULL), 0);
        return;
    }
    assert_int_equal(step, WEIR_END);
    if (asked(fx, create, NULL) > 0) {
        assert_true(asked(fx, undo, &last) >= 1);
        assert_int_equal(last, canned_http_requests(fx->server) - 1);
    }
}

static void stopped_at_any_moment_nothing_stays_open(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply works[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = complete, .head = COMPLETED},
        {.match = undo, .head = GONE}, {.match = undo, .head = NO_UPLOAD, .again = true}};
    static const struct canned_reply fails[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = complete, .head = FAILED_200},
        {.match = undo, .head = GONE}, {.match = undo, .head = NO_UPLOAD, .again = true}};
    bool ended = false;
    int turns;

    for (turns = 0; turns < 100 && !ended; turns++) {
        struct weir_err err = {0};
        serve(fx, works, COUNT(works));
        enum weir_step step = stop_at(fx, turns, NULL, 5000, &ended, &err);
        if (!ended) {
            check_stop(fx, step, &err);
        }
    }
    assert_true(ended);
    for (int k = 0; k <= turns; k++) {
        struct weir_err err = {0};
        serve(fx, fails, COUNT(fails));
        assert_int_equal(stop_at(fx, k, NULL, 5000, &ended, &err), WEIR_END);
        assert_false(ended);
        assert_int_equal(asked(fx, create, NULL) > 0, asked(fx, undo, NULL) > 0);
    }
}

static void completion_under_way_is_waited_for(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = complete, .head = COMPLETED}};
    bool ended = true;

    /* The answer may be there before we look; then it was no stop, and is tried again. */
    for (int tries = 0; tries < 100 && ended; tries++) {
        struct weir_err err = {0};
        serve(fx, replies, COUNT(replies));
        enum weir_step step = stop_at(fx, 0, complete, 5000, &ended, &err);
        if (!ended) {
            check_stop(fx, step, &err);
        }
    }
    assert_false(ended);
}

static void free_without_abort_publishes_nothing(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = create, .head = CREATED}, {.match = part, .head = PART_OK, .again = true}};

    for (int turns = 0; turns < 8; turns++) {
        struct weir_stage sink;
        struct weir_in in = {.p = data, .size = 30, .last = false};
        uint8_t nothing[1];
        struct weir_out out = {.p = nothing};
        serve(fx, replies, COUNT(replies));
        assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                             &(struct weir_put_opts){.part_bytes = 10}, &sink, &fx->err),
            0);
        for (int k = 0; k < turns; k++) {
            if (sink.ops->step(sink.self, &in, &out, &fx->err) != WEIR_WAIT) {
                break;
            }
            assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
        }
        weir_stage_free(&sink);
        assert_int_equal(asked(fx, put, NULL) + asked(fx, complete, NULL), 0);
    }
}

static void complete_that_hangs_is_left_and_aborted(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = complete, .end = CANNED_STALL},
        {.match = undo, .head = GONE, .again = true}};
    struct weir_err err = {0};
    bool ended;

    serve(fx, replies, COUNT(replies));
    int64_t began = weir_clock_mono_ms();
    assert_int_equal(stop_at(fx, 0, complete, 200, &ended, &err), WEIR_END);
    assert_int_equal(asked(fx, undo, NULL), 1);
    assert_true(
        weir_clock_mono_ms() - began >= 100); /* half of the time, the rest is the abort's */
}

static void put_that_was_sent_whole_is_waited_for(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_step step;
        const char *msg;
    } cases[] = {
        {{.head = PART_OK}, WEIR_FAIL, "s3: s3://b/k: was published all the same"},
        {{.head = DENIED}, WEIR_END, ""},
        {{.end = CANNED_CLOSE, .again = true}, WEIR_FAIL,
            "s3: s3://b/k: may have been published: the answer to its PutObject was lost"},
        {{.end = CANNED_STALL}, WEIR_FAIL,
            "s3: s3://b/k: may have been published: the answer to its PutObject was lost"},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .end = CANNED_CLOSE}, WEIR_FAIL,
            "s3: s3://b/k: may have been published: the answer to its PutObject was lost"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        enum weir_step step = WEIR_END;
        bool ended = true;
        /* The answer may be there before we look; then it was no stop, and is tried again. */
        for (int tries = 0; tries < 100 && ended; tries++) {
            serve(fx, &cases[i].reply, 1);
            err = (struct weir_err){0};
            step = stop_with(fx, 0, put,
                &(struct weir_put_opts){.part_bytes = 30, .abort_ms = i == 3 ? 150 : 5000}, &ended,
                &err);
        }
        assert_false(ended);
        assert_int_equal(step, cases[i].step);
        assert_memory_equal(err.msg, cases[i].msg, strlen(cases[i].msg));
        assert_int_equal(asked(fx, put, NULL), 1);
    }
}

/* A server that takes connections and reads nothing; *address names it. */
static int listen_deaf(char address[64])
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), room = 4096;

    assert_int_not_equal(fd, -1);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    snprintf(address, 64, "http://127.0.0.1:%d", ntohs(at.sin_port));
    return fd;
}

static void put_that_was_not_sent_whole_is_cut_off(void **state)
{
    struct fixture *fx = *state;
    const size_t size = 32 * WEIR_MIB; /* more than the kernel holds between two sockets */
    uint8_t *big = calloc(1, size), nothing[1];
    struct weir_in in = {.p = big, .size = size, .last = true};
    struct weir_out out = {.p = nothing};
    struct weir_stage sink;
    char address[64];
    int server = listen_deaf(address);

    assert_non_null(big);
    weir_s3_config_fini(&fx->cfg);
    setenv("AWS_ENDPOINT_URL_S3", address, 1);
    assert_int_equal(weir_s3_config_env(&fx->cfg, NULL), 0);
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.part_bytes = size}, &sink, &fx->err),
        0);
    for (int turns = 0; turns < 20; turns++) {
        assert_int_equal(sink.ops->step(sink.self, &in, &out, &fx->err), WEIR_WAIT);
        assert_int_equal(weir_loop_step(fx->loop, weir_clock_mono_ms() + 5, NULL), 0);
    }
    assert_int_equal(sink.ops->abort(sink.self, &fx->err), WEIR_END); /* at once */
    assert_int_equal(fx->err.code, WEIR_OK);
    weir_stage_free(&sink);
    free(big);
    close(server);
}

/* The request was sent and its answer never came: nobody knows whether it was done. */
static void completion_whose_answer_was_lost_may_have_been_published(void **state)
{
    struct fixture *fx = *state;
    static const char lost[] =
        "s3: s3://b/k: may have been published: the answer to its completion was lost";
    static const struct {
        struct canned_reply complete, undo;
        enum weir_step step;
        const char *msg;
    } cases[] = {
        {{.match = complete, .end = CANNED_CLOSE}, {.match = undo, .head = NO_UPLOAD}, WEIR_FAIL,
            lost},
        {{.match = complete, .end = CANNED_RESET}, {.match = undo, .head = NO_UPLOAD}, WEIR_FAIL,
            lost},
        {{.match = complete, .head = OK "Content-Length: 99\r\n\r\n<Com", .end = CANNED_CLOSE},
            {.match = undo, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = complete, .head = OK "Content-Length: 4\r\n\r\nwhat"},
            {.match = undo, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = complete, .head = OK "Content-Length: 2000000\r\n\r\n", .fill = 2000000},
            {.match = undo, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = complete, .head = "HTTP/1.1 504 Gateway Timeout\r\n" EMPTY},
            {.match = undo, .head = NO_UPLOAD}, WEIR_FAIL, lost},
        {{.match = complete, .end = CANNED_CLOSE}, {.match = undo, .head = DENIED}, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open, or have been published: "
            "AbortMultipartUpload: 403 AccessDenied"},
        /* It is still there to be aborted, or the answer was clear: it was not completed. */
        {{.match = complete, .end = CANNED_CLOSE}, {.match = undo, .head = GONE}, WEIR_END, ""},
        {{.match = complete, .end = CANNED_CLOSE}, {.match = undo, .head = NO_BUCKET}, WEIR_END,
            ""},
        {{.match = complete, .head = NO_UPLOAD}, {.match = undo, .head = NO_UPLOAD}, WEIR_END, ""},
        {{.match = complete, .head = FAILED_200}, {.match = undo, .head = NO_UPLOAD}, WEIR_END, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply replies[] = {{.match = create, .head = CREATED},
            {.match = part, .head = PART_OK, .again = true}, cases[i].complete, cases[i].undo};
        struct weir_err err = {0};
        bool ended;
        serve(fx, replies, COUNT(replies));
        assert_int_equal(stop_at(fx, 1000, NULL, 2000, &ended, &err), cases[i].step);
        assert_false(ended);
        assert_string_equal(err.msg, cases[i].msg);
        assert_int_equal(asked(fx, undo, NULL), 1);
    }
}

static void put_whose_answer_was_lost_may_have_been_published(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        struct canned_reply reply;
        enum weir_step step;
    } cases[] = {{{.end = CANNED_CLOSE}, WEIR_FAIL}, {{.end = CANNED_RESET}, WEIR_FAIL},
        {{.head = DENIED}, WEIR_END}, {{.head = BROKEN_500}, WEIR_END}};

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool ended;
        serve(fx, &cases[i].reply, 1);
        assert_int_equal(
            stop_with(fx, 1000, NULL, &(struct weir_put_opts){.part_bytes = 30}, &ended, &err),
            cases[i].step);
        assert_false(ended);
        assert_string_equal(err.msg,
            cases[i].step == WEIR_END
                ? ""
                : "s3: s3://b/k: may have been published: the answer to its PutObject was lost");
    }
}

/* A server that hangs, wherever: the abort is over by its time. */
static void abort_ends_by_its_time(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        struct canned_reply replies[4];
        const char *until;
        size_t part_bytes;
        const char *msg;
    } cases[] = {
        {{{.match = create, .head = CREATED}, {.match = part, .end = CANNED_STALL},
             {.match = undo, .end = CANNED_STALL, .again = true}},
            part, 10, "an upload may be left open: AbortMultipartUpload: http: "},
        {{{.match = create, .head = CREATED}, {.match = part, .head = PART_OK, .again = true},
             {.match = complete, .end = CANNED_STALL},
             {.match = undo, .end = CANNED_STALL, .again = true}},
            complete, 10, "an upload may be left open, or have been published: AbortMultipart"},
        {{{.match = create, .end = CANNED_STALL},
             {.match = list, .end = CANNED_STALL, .again = true}},
            create, 10, "an upload may be left open: ListMultipartUploads: http: "},
        {{{.match = put, .end = CANNED_STALL}}, put, 30, "may have been published"},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool ended;
        serve(fx, cases[i].replies, COUNT(cases[i].replies));
        const int64_t by = weir_clock_mono_ms() + 400;
        assert_int_equal(
            stop_with(fx, 0, cases[i].until,
                &(struct weir_put_opts){
                    .part_bytes = cases[i].part_bytes, .abort_ms = 20000, .abort_by_mono_ms = by},
                &ended, &err),
            WEIR_FAIL);
        assert_in_range(weir_clock_mono_ms() - by + 10, 0, 500); /* the machine may be busy */
        assert_non_null(strstr(err.msg, cases[i].msg));
    }
}

static void abort_without_time_sends_nothing(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {
        {.match = create, .head = CREATED}, {.match = part, .end = CANNED_STALL}};
    struct weir_err err = {0};
    bool ended;

    serve(fx, replies, COUNT(replies));
    assert_int_equal(
        stop_with(fx, 0, part, &(struct weir_put_opts){.part_bytes = 10, .abort_by_mono_ms = 1},
            &ended, &err),
        WEIR_FAIL);
    assert_string_equal(err.msg, "s3: s3://b/k: an upload may be left open: no time is left");
    assert_int_equal(asked(fx, undo, NULL), 0);
}

/* What S3 did not say is not taken for done. */
static void abort_that_does_not_know_says_so(void **state)
{
    struct fixture *fx = *state;
    const char *none = empty_list(), *found = make_list(time(NULL));
    const struct {
        struct canned_reply replies[4];
        const char *until;
        int64_t abort_ms;
        enum weir_step step;
        const char *msg;
    } cases[] = {
        /* The part under way may land behind the first abort, and no time is left for another. */
        {{{.match = create, .head = CREATED}, {.match = part, .end = CANNED_STALL},
             {.match = undo, .head = GONE, .again = true}},
            part, 90, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: no time is left to look again"},
        {{{.match = create, .end = CANNED_CLOSE}, {.match = list, .head = none, .again = true}},
            NULL, 300, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: it is not in the list of uploads yet"},
        {{{.match = create, .end = CANNED_CLOSE}, {.match = list, .head = found},
             {.match = undo, .head = GONE}},
            NULL, 90, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: no time is left to look again"},
        {{{.match = create, .head = CREATED}, {.match = part, .head = DENIED},
             {.match = undo, .head = PROXY_404}},
            NULL, 2000, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: AbortMultipartUpload: 404"},
        {{{.match = create, .head = CREATED}, {.match = part, .head = DENIED},
             {.match = undo, .head = NO_KEY}},
            NULL, 2000, WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: AbortMultipartUpload: 404 NoSuchKey"},
        {{{.match = create, .end = CANNED_CLOSE}, {.match = list, .head = PROXY_404}}, NULL, 2000,
            WEIR_FAIL, "s3: s3://b/k: an upload may be left open: ListMultipartUploads: 404"},
        {{{.match = create, .end = CANNED_CLOSE}, {.match = list, .head = NO_UPLOAD}}, NULL, 2000,
            WEIR_FAIL,
            "s3: s3://b/k: an upload may be left open: ListMultipartUploads: 404 NoSuchUpload"},
        {{{.match = create, .head = CREATED}, {.match = part, .head = DENIED},
             {.match = undo, .head = NO_UPLOAD}},
            NULL, 2000, WEIR_END, ""},
        {{{.match = create, .head = CREATED}, {.match = part, .head = DENIED},
             {.match = undo, .head = NO_BUCKET}},
            NULL, 2000, WEIR_END, ""},
        {{{.match = create, .end = CANNED_CLOSE}, {.match = list, .head = NO_BUCKET}}, NULL, 2000,
            WEIR_END, ""},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool ended;
        serve(fx, cases[i].replies, COUNT(cases[i].replies));
        assert_int_equal(
            stop_at(fx, 1000, cases[i].until, cases[i].abort_ms, &ended, &err), cases[i].step);
        assert_false(ended);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

static void abort_that_cannot_succeed_says_that_an_upload_is_left(void **state)
{
    struct fixture *fx = *state;
    static const struct {
        struct canned_reply replies[3];
        const char *word;
    } cases[] = {
        {{{.match = create, .head = CREATED}, {.match = part, .end = CANNED_STALL},
             {.match = undo, .head = DENIED}},
            "an upload may be left open: AbortMultipartUpload: 403 AccessDenied"},
        {{{.match = create, .head = CREATED}, {.match = part, .end = CANNED_STALL},
             {.match = undo, .head = BROKEN_500, .again = true}},
            "an upload may be left open: AbortMultipartUpload: 500 InternalError"},
        {{{.match = create, .head = CREATED}, {.match = part, .end = CANNED_STALL},
             {.match = undo, .end = CANNED_RESET, .again = true}},
            "an upload may be left open: AbortMultipartUpload: http: "},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        bool ended;
        serve(fx, cases[i].replies, COUNT(cases[i].replies));
        assert_int_equal(stop_at(fx, 0, part, 300, &ended, &err), WEIR_FAIL);
        assert_non_null(strstr(err.msg, cases[i].word));
        assert_true(asked(fx, undo, NULL) >= (i == 0 ? 1 : 2));
    }
}

static void lost_create_is_found_in_the_list_and_aborted(void **state)
{
    struct fixture *fx = *state;
    /* The server's clock is two days ahead: only its own times are compared. The first list comes
     * too early: the server has not done its work yet. */
    char *found = make_list(time(NULL) + 172800), *none = empty_list();
    const struct canned_reply lost[] = {
        {.match = create, .end = CANNED_CLOSE},
        {.match = create, .head = OK "Content-Length: 3\r\n\r\n<x>"},
        {.match = create, .head = BROKEN_500},
    };

    for (size_t i = 0; i < COUNT(lost); i++) {
        const struct canned_reply replies[] = {lost[i], {.match = list, .head = none},
            {.match = list, .head = BROKEN_500}, {.match = list, .head = found},
            {.match = undo, .head = GONE}, {.match = list, .head = none, .again = true}};
        struct weir_err err = {0};
        bool ended;
        size_t last = 0;
        serve(fx, replies, COUNT(replies));
        assert_int_equal(stop_at(fx, 100, NULL, i == 0 ? 30000 : 1200, &ended, &err), WEIR_END);
        assert_int_equal(asked(fx, undo, &last), 1);
        assert_memory_equal(
            canned_http_request(fx->server, last, NULL), "DELETE /b/k?uploadId=lost%261 ", 30);
    }
}

static void create_that_hangs_is_looked_for(void **state)
{
    struct fixture *fx = *state;
    char *found = make_list(time(NULL));
    const struct canned_reply replies[] = {{.match = create, .end = CANNED_STALL},
        {.match = list, .head = found}, {.match = undo, .head = GONE},
        {.match = list, .head = empty_list(), .again = true}};
    struct weir_err err = {0};
    bool ended;

    serve(fx, replies, COUNT(replies));
    assert_int_equal(stop_at(fx, 0, create, 1000, &ended, &err), WEIR_END);
    assert_int_equal(asked(fx, create, NULL), 1);
    assert_int_equal(asked(fx, undo, NULL), 1);
}

static void list_that_cannot_be_read_aborts_nothing(void **state)
{
    struct fixture *fx = *state;
    static const char *const lists[] = {
        OK "Content-Length: 29\r\n\r\n<ListMultipartUploadsResult/>", /* no Date */
        OK "Date: Fri, 24 May 2013 00:00:00 GMT\r\nContent-Length: 4\r\n\r\nwhat",
        OK "Date: Fri, 24 May 2013 00:00:00 GMT\r\nContent-Length: 163\r\n\r\n"
           "<ListMultipartUploadsResult><Upload><Key>k</Key><UploadId>x</UploadId>"
           "<Initiated>2033-01-01T00:00:00.000Z</Initiated></Upload>"
           "<Upload></ListMultipartUploadsResult>",
        DENIED,
    };

    for (size_t i = 0; i < COUNT(lists); i++) {
        const struct canned_reply replies[] = {
            {.match = create, .end = CANNED_CLOSE}, {.match = list, .head = lists[i]}};
        struct weir_err err = {0};
        bool ended;
        serve(fx, replies, COUNT(replies));
        assert_int_equal(stop_at(fx, 100, NULL, 300, &ended, &err), WEIR_FAIL);
        assert_non_null(strstr(err.msg, "an upload may be left open"));
        assert_int_equal(asked(fx, undo, NULL), 0);
    }
}

static void server_that_was_never_reached_is_not_waited_for(void **state)
{
    struct fixture *fx = *state;
    struct weir_err err = {0};
    int64_t began;
    bool ended;

    serve(fx, NULL, 0);
    canned_http_free(fx->server); /* its port is closed now */
    fx->server = NULL;
    began = weir_clock_mono_ms();
    assert_int_equal(stop_at(fx, 100, NULL, 30000, &ended, &err), WEIR_END);
    assert_true(weir_clock_mono_ms() - began < 10000);
}

static void upload_of_more_parts_than_s3_allows_fails_and_aborts(void **state)
{
    struct fixture *fx = *state;
    static const struct canned_reply replies[] = {{.match = create, .head = CREATED},
        {.match = part, .head = PART_OK, .again = true}, {.match = undo, .head = GONE}};
    struct weir_stage sink;
    uint8_t nothing[1] = {0};
    struct weir_out out = {.p = nothing};
    enum weir_step step = WEIR_NEED_IN;

    serve(fx, replies, COUNT(replies));
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.part_bytes = 1}, &sink, &fx->err),
        0);
    int taken = 0;
    while (step != WEIR_FAIL && taken < 10100) {
        struct weir_in in = {.p = nothing, .size = 1};
        while (
            (step = sink.ops->step(sink.self, &in, &out, &fx->err)) == WEIR_WAIT && in.pos == 0) {
            assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
        }
        taken += (int)in.pos;
    }
    assert_int_equal(taken, WEIR_S3_PARTS_MAX);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
    struct weir_err err = {0};
    while ((step = sink.ops->abort(sink.self, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_END);
    weir_stage_free(&sink);
}

/*
 * Parts
 */

static void part_size_is_planned_from_the_hint(void **state)
{
    (void)state;
    const int64_t mib = 1024 * 1024, part_default = (int64_t)WEIR_S3_PART_BYTES;
    const struct {
        int64_t hint;
        size_t part;
    } cases[] = {
        {-1, WEIR_S3_PART_BYTES},
        {0, WEIR_S3_PART_BYTES},
        {1, WEIR_S3_PART_BYTES},
        {part_default * WEIR_S3_PARTS_MAX, WEIR_S3_PART_BYTES},
        {part_default * WEIR_S3_PARTS_MAX + 1, WEIR_S3_PART_BYTES + WEIR_MIB},
        {1024 * 1024 * mib, 105 * WEIR_MIB},
        {5 * 1024 * mib * WEIR_S3_PARTS_MAX, 5 * 1024 * WEIR_MIB},
        {5 * 1024 * mib * WEIR_S3_PARTS_MAX + 1, 0},
        {INT64_MAX, 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(weir_s3_part_plan(cases[i].hint), cases[i].part);
    }
}

static void object_too_large_for_s3_is_refused_at_once(void **state)
{
    struct fixture *fx = *state;
    struct weir_stage sink;

    serve(fx, NULL, 0);
    assert_int_equal(weir_s3_sink_new(fx->loop, &fx->cfg, "b", "k",
                         &(struct weir_put_opts){.size_hint_bytes = INT64_MAX}, &sink, &fx->err),
        -1);
    assert_int_equal(fx->err.code, WEIR_E_LIMIT);
}

static void part_knows_its_digests(void **state)
{
    (void)state;
    struct weir_s3_part p;
    char sha[WEIR_S3_SHA_HEX_BYTES], crc[WEIR_S3_CRC_BASE64_BYTES];

    assert_int_equal(weir_s3_part_init(&p, 9, true, true, NULL), 0);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(weir_s3_part_add(&p, "1234", 4, NULL), 0);
        assert_int_equal(weir_s3_part_add(&p, "56789", 5, NULL), 0);
        assert_int_equal(weir_s3_part_room(&p), 0);
        assert_int_equal(weir_s3_part_seal(&p, sha, crc, NULL), 0);
        assert_string_equal(
            sha, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
        assert_string_equal(crc, "y/Q5Jg=="); /* 0xcbf43926, the check value of CRC-32 */
        assert_int_equal(weir_s3_part_reset(&p, NULL), 0);
    }
    weir_s3_part_fini(&p);
    assert_int_equal(weir_s3_part_init(&p, 9, false, false, NULL), 0);
    assert_int_equal(weir_s3_part_seal(&p, sha, crc, NULL), 0);
    assert_string_equal(sha, "");
    assert_string_equal(crc, "");
    weir_s3_part_fini(&p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(source_reads_a_whole_object_and_tells_about_it),
        TEST(source_asks_for_the_version_and_the_etag),
        TEST(source_tells_what_went_wrong),
        TEST(nothing_is_replaced_when_no_etag_was_named),
        TEST(source_ends_with_a_chunked_answer),
        TEST(names_that_cannot_be_are_refused_before_anything_is_sent),
        TEST(small_object_is_read_whole),
        TEST(output_of_one_part_is_one_put),
        TEST(larger_output_is_a_multipart_upload),
        TEST(upstream_failure_publishes_nothing),
        TEST(refused_request_fails_and_aborts),
        TEST(refused_put_fails),
        TEST(abort_is_tried_again_while_the_server_is_away),
        TEST(stopped_at_any_moment_nothing_stays_open),
        TEST(completion_under_way_is_waited_for),
        TEST(free_without_abort_publishes_nothing),
        TEST(complete_that_hangs_is_left_and_aborted),
        TEST(put_that_was_sent_whole_is_waited_for),
        TEST(put_that_was_not_sent_whole_is_cut_off),
        TEST(completion_whose_answer_was_lost_may_have_been_published),
        TEST(put_whose_answer_was_lost_may_have_been_published),
        TEST(abort_ends_by_its_time),
        TEST(abort_without_time_sends_nothing),
        TEST(abort_that_does_not_know_says_so),
        TEST(abort_that_cannot_succeed_says_that_an_upload_is_left),
        TEST(lost_create_is_found_in_the_list_and_aborted),
        TEST(create_that_hangs_is_looked_for),
        TEST(list_that_cannot_be_read_aborts_nothing),
        TEST(server_that_was_never_reached_is_not_waited_for),
        TEST(upload_of_more_parts_than_s3_allows_fails_and_aborts),
        cmocka_unit_test(part_size_is_planned_from_the_hint),
        TEST(object_too_large_for_s3_is_refused_at_once),
        cmocka_unit_test(part_knows_its_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
