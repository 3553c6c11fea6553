/* Does an exchange end as what it was: whole, cut, refused, too slow, too large? Can a request be
 * dropped at any time? */
#include "core/clock.h"
#include "core/limits.h"
#include "net/http.h"
#include "net/http_source.h"
#include "tests/support/deaf_port.h"
#include "tests/support/held_answer.h"
#include "tests/support/http_fixture.h"
#include "tests/support/localhost_pair.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* One call; returns what weir_http_call does. body may be NULL. */
static long call(
    struct canned_http *s, const char *method, struct weir_buf *body, struct weir_err *err)
{
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = method, .url = http_url(s, "/b/k?X-Sig=secret", url)};

    return weir_http_call(http_loop, &rq, body, NULL, err);
}

static void never_done(void *ctx, long status, const struct weir_err *err)
{
    (void)ctx;
    (void)status;
    (void)err;
    fail_msg("on_done of a request that was freed");
}

/*
 * Whole exchanges
 */

static void a_get_has_status_headers_and_body(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
                 "ETag: \"abc\"\r\nX-Two: a\r\nX-Two: b\r\n\r\n"
                 "hello"}};
    static const struct weir_http_header headers[] = {{"X-Mine", "1"}, {"X-Empty", ""}};
    struct canned_http *s = canned_http_new(replies, 1);
    struct weir_http *http = NULL;
    struct weir_err err = {0};
    struct weir_buf body;
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "GET",
        .url = http_url(s, "/b/../k//x?a=1&b=%2F", url),
        .headers = headers,
        .headers_n = 2};

    (void)state;
    weir_buf_init(&body, 100);
    assert_int_equal(weir_http_call(http_loop, &rq, &body, &http, &err), 200);
    assert_int_equal(err.code, WEIR_OK);
    assert_int_equal(body.len, 5);
    assert_memory_equal(body.p, "hello", 5);
    assert_string_equal(weir_http_header(http, "etag"), "\"abc\"");
    assert_string_equal(weir_http_header(http, "x-two"), "b");
    assert_null(weir_http_header(http, "x-none"));
    assert_int_equal(weir_http_status(http), 200);
    assert_int_equal(weir_http_length(http), 5);
    const char *sent = canned_http_request(s, 0, NULL);
    assert_memory_equal(sent, "GET /b/../k//x?a=1&b=%2F HTTP/1.1\r\n", 35);
    assert_non_null(strstr(sent, "X-Mine: 1\r\n"));
    assert_non_null(strstr(sent, "X-Empty:\r\n"));
    assert_null(strstr(sent, "Accept"));
    assert_null(strstr(sent, "Content-"));
    weir_http_free(http);
    weir_buf_fini(&body);
    canned_http_free(s);
}

static void a_body_goes_out_whole_with_its_length_and_no_expect(void **state)
{
    enum { BIG = 5 * 1024 * 1024 + 17 };
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", .again = true}};
    struct canned_http *s = canned_http_new(replies, 1);
    uint8_t *big = malloc(BIG);
    struct weir_err err = {0};
    char url[HTTP_URL_BYTES], want[64];
    size_t len;

    (void)state;
    assert_non_null(big);
    for (size_t i = 0; i < BIG; i++) {
        big[i] = canned_byte(i);
    }
    const size_t sizes[] = {BIG, 70000, 1, 0};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct weir_http_request rq = {.method = i % 2 == 0 ? "PUT" : "POST",
            .url = http_url(s, "/o", url),
            .body = sizes[i] > 0 ? big : NULL,
            .body_len = sizes[i]};
        assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), 201);
        const char *sent = canned_http_body(s, i, &len);
        assert_int_equal(len, sizes[i]);
        assert_int_equal(memcmp(sent, big, sizes[i]), 0);
        sent = canned_http_request(s, i, NULL);
        snprintf(want, sizeof want, "\r\nContent-Length: %zu\r\n", sizes[i]);
        assert_non_null(strstr(sent, want));
        assert_null(strstr(sent, "\r\nExpect"));
        assert_null(strstr(sent, "\r\nContent-Type"));
        assert_int_equal(memcmp(sent, rq.method, strlen(rq.method)), 0);
    }
    assert_int_equal(canned_http_connections(s), 1);
    free(big);
    canned_http_free(s);
}

struct pieces {
    uint64_t at, end; /* where it stops */
    size_t most;      /* in one piece */
    int64_t last;     /* what it says then */
};

static int64_t read_piece(void *ctx, uint8_t *p, size_t n)
{
    struct pieces *b = ctx;

    n = n < b->most ? n : b->most;
    for (size_t i = 0; i < n && b->at < b->end; i++) {
        p[i] = canned_byte(b->at++);
        if (i + 1 == n || b->at == b->end) {
            return (int64_t)i + 1;
        }
    }
    return b->last;
}

struct piece_end {
    bool done;
    long status;
    enum weir_code code;
};

struct piece_ctx {
    struct pieces pieces; /* first: read_piece sees it */
    struct piece_end end;
};

static void piece_done(void *ctx, long status, const struct weir_err *err)
{
    struct piece_ctx *c = ctx;

    c->end = (struct piece_end){true, status, err->code};
}

static void a_body_that_is_read_while_it_is_sent_goes_out_whole_or_not_at_all(void **state)
{
    enum { LEN = 700001 };
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 204 No Content\r\n\r\n", .again = true}};
    static const struct {
        uint64_t end;
        size_t most;
        int64_t last;
        bool whole;
    } cases[] = {{LEN, SIZE_MAX, 0, true}, {LEN, 1000, 0, true}, {LEN, 1, 0, true},
        {LEN / 2, 5000, 0, false}, {LEN / 2, 5000, -1, false}, {0, 5000, -1, false}};
    size_t whole = 0, len;
    char url[HTTP_URL_BYTES];

    (void)state;
    struct canned_http *s = canned_http_new(replies, 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct piece_ctx ctx = {.pieces = {0, cases[i].end, cases[i].most, cases[i].last}};
        const struct weir_http_request rq = {.method = "POST",
            .url = http_url(s, "/o", url),
            .read_body = read_piece,
            .body_len = LEN,
            .fresh = true,
            .on_done = piece_done,
            .ctx = &ctx};
        struct weir_err err = {0};
        struct weir_http *http = weir_http_start(http_loop, &rq, &err);

        assert_non_null(http);
        while (!ctx.end.done) {
            assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
        }
        weir_http_free(http);
        assert_int_equal(ctx.end.status, cases[i].whole ? 204 : 0);
        assert_int_equal(ctx.end.code != WEIR_OK, !cases[i].whole);
        if (cases[i].whole) {
            const char *body = canned_http_body(s, whole++, &len);
            assert_int_equal(len, LEN);
            for (size_t j = 0; j < LEN; j++) {
                if ((uint8_t)body[j] != canned_byte(j)) {
                    fail_msg("byte %zu", j);
                }
            }
        }
    }
    assert_int_equal(canned_http_requests(s), whole);
    canned_http_free(s);
}

static void what_was_sent_of_a_body_is_known(void **state)
{
    enum { BIG = 300000 };
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", .again = true}};
    struct canned_http *s = canned_http_new(replies, 1);
    uint8_t *body = calloc(1, BIG);
    const size_t sizes[] = {0, 1, BIG};
    char url[HTTP_URL_BYTES];

    (void)state;
    assert_non_null(body);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct weir_http_request rq = {
            .method = "PUT", .url = http_url(s, "/o", url), .body = body, .body_len = sizes[i]};
        struct weir_http *http = NULL;
        assert_int_equal(weir_http_call(http_loop, &rq, NULL, &http, NULL), 200);
        assert_int_equal(weir_http_sent(http), sizes[i]);
        weir_http_free(http);
        rq.on_done = never_done;
        http = weir_http_start(http_loop, &rq, NULL);
        assert_int_equal(weir_http_sent(http), -1);
        weir_http_free(http);
    }
    free(body);
    canned_http_free(s);
}

static void a_head_and_a_delete_have_no_body(void **state)
{
    static const struct canned_reply replies[] = {
        {.match = "HEAD ", .head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
        {.match = "DELETE ", .head = "HTTP/1.1 204 No Content\r\n\r\n"}};
    struct canned_http *s = canned_http_new(replies, 2);
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(call(s, "HEAD", NULL, &err), 200);
    assert_int_equal(call(s, "DELETE", NULL, &err), 204);
    assert_int_equal(canned_http_connections(s), 1);
    canned_http_free(s);
}

static void interim_answers_are_skipped_and_redirects_not_followed(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                 "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\n"
                 "Content-Length: 0\r\n\r\n"}};
    struct canned_http *s = canned_http_new(replies, 1);
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(call(s, "GET", NULL, &err), 307);
    assert_int_equal(canned_http_requests(s), 1);
    canned_http_free(s);
}

static void connections_are_used_again(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", .again = true}};
    struct canned_http *s = canned_http_new(replies, 1);
    struct weir_err err = {0};

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(call(s, "GET", NULL, &err), 200);
    }
    assert_int_equal(canned_http_connections(s), 1);
    canned_http_free(s);
}

static void a_kept_connection_that_was_closed_is_replaced(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, {.end = CANNED_CLOSE},
        {.head = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"}};
    struct canned_http *s = canned_http_new(replies, 3);
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(call(s, "POST", NULL, &err), 200);
    assert_int_equal(call(s, "POST", NULL, &err), 202); /* the second request meets the close */
    assert_int_equal(canned_http_requests(s), 3);
    assert_int_equal(canned_http_connections(s), 2);
    canned_http_free(s);
}

static void a_fresh_request_is_sent_once_even_when_a_kept_connection_breaks(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}, {.end = CANNED_CLOSE},
        {.head = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"}};
    struct canned_http *s = canned_http_new(replies, 3);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {
        .method = "POST", .url = http_url(s, "/b/k", url), .fresh = true};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(call(s, "POST", NULL, &err), 200);
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_int_equal(canned_http_requests(s), 2);
    assert_int_equal(canned_http_connections(s), 2);
    canned_http_free(s);
}

/*
 * What cannot be sent
 */

static void what_cannot_be_sent_is_refused_before_it_is(void **state)
{
    static const struct weir_http_header headers[] = {{"X-A", "b\r\nX-Evil: 1"}, {"X-A", "b\nc"},
        {"X-A\r\nX-Evil", "1"}, {"X A", "1"}, {"", "1"}, {"X-A:", "1"}, {"X-A", "b\x01"}};
    static const char *const urls[] = {"", "k", "ftp://h/", "file:///etc/passwd", "http://",
        "http://h/a b", "http://h/\r\nX: 1", "http://user:secret@h/", "http://h/#part",
        "http://h:99999/", "http://h:x/", "http:// /"};
    static const char *const methods[] = {"", "GET /x HTTP/1.1\r\nX:", "G T"};

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct weir_http_request rq = {
            .method = "GET", .url = "http://127.0.0.1:1/", .headers = &headers[i], .headers_n = 1};
        struct weir_err err = {0};
        assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    for (size_t i = 0; i < COUNT(urls); i++) {
        struct weir_http_request rq = {.method = "GET", .url = urls[i]};
        struct weir_err err = {0};
        assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_null(strstr(err.msg, "secret"));
    }
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct weir_http_request rq = {.method = methods[i], .url = "http://127.0.0.1:1/"};
        struct weir_err err = {0};
        assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
}

static void a_ca_bundle_that_is_missing_is_a_config_error_naming_the_variable(void **state)
{
    struct weir_http_request rq = {.method = "GET", .url = "https://127.0.0.1:1/"};
    struct weir_err err = {0};

    (void)state;
    setenv("AWS_CA_BUNDLE", "/nonexistent/bundle", 1);
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    unsetenv("AWS_CA_BUNDLE");
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_string_equal(err.msg, "AWS_CA_BUNDLE: cannot be read: no such file or directory");
}

/*
 * What goes wrong
 */

struct failure {
    struct canned_reply reply;
    enum weir_code code;
    const char *says; /* in the message */
};

static void failures_have_their_code_and_say_how_much(void **state)
{
    static const struct failure cases[] = {
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
             .fill = 100,
             .end = CANNED_CLOSE},
            WEIR_E_NET, "the body ended after 100 of 1000 bytes"},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", .end = CANNED_RESET},
            WEIR_E_NET, "the body ended after 0 of 1000 bytes"},
        {{.head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
             .end = CANNED_CLOSE},
            WEIR_E_NET, "the body was cut off after 5 bytes"},
        {{.end = CANNED_CLOSE}, WEIR_E_NET, "closed without an answer"},
        {{.end = CANNED_RESET}, WEIR_E_NET, "connection reset by peer before the answer"},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Le", .end = CANNED_CLOSE}, WEIR_E_NET, "http: "},
        {{.head = "SSH-2.0-OpenSSH_9.2\r\n", .end = CANNED_CLOSE}, WEIR_E_NET, "http: "},
        {{.head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
             .end = CANNED_CLOSE},
            WEIR_E_REMOTE, "transfer coding"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct canned_http *s = canned_http_new(&cases[i].reply, 1);
        struct weir_err err = {0};
        struct weir_buf body;

        weir_buf_init(&body, 10000);
        assert_int_equal(call(s, "GET", &body, &err), -1);
        if (err.code != cases[i].code || strstr(err.msg, cases[i].says) == NULL) {
            fail_msg("case %zu: %d '%s'", i, err.code, err.msg);
        }
        assert_null(strstr(err.msg, "secret"));
        weir_buf_fini(&body);
        canned_http_free(s);
    }
}

static void a_refused_connection_names_host_and_reason_only(void **state)
{
    char url[HTTP_URL_BYTES], want[HTTP_URL_BYTES];
    int port, fd = deaf_port(&port);
    struct weir_http_request rq = {.method = "GET", .url = url};
    struct weir_err err = {0};

    (void)state;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/b/k?X-Amz-Signature=secret", port);
    snprintf(want, sizeof want, "http: 127.0.0.1:%d: connection refused", port);
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_string_equal(err.msg, want);
    close(fd);
}

static void *answer_with_no_http(void *ctx)
{
    static const char text[] = "this is no HTTP\r\n\r\n";
    const int *listener = ctx;
    char request[4096];
    int fd = accept(*listener, NULL, NULL);

    if (fd != -1 && recv(fd, request, sizeof request, 0) > 0) {
        (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL);
    }
    (void)close(fd);
    return NULL;
}

/* Of the two addresses of localhost the first one refuses, and what happens at the second is told.
 */
static void an_address_that_refused_is_no_reason_for_what_another_answers(void **state)
{
    char url[HTTP_URL_BYTES];
    int fd[2];
    const int port = localhost_pair(fd);
    struct weir_http_request rq = {.method = "GET", .url = url};
    struct weir_err err = {0};
    pthread_t thread;

    (void)state;
    if (port == 0) {
        skip(); /* a machine without IPv6 */
    }
    assert_int_equal(listen(fd[1], 4), 0);
    assert_int_equal(pthread_create(&thread, NULL, answer_with_no_http, &fd[1]), 0);
    snprintf(url, sizeof url, "http://localhost:%d/", port);
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    (void)shutdown(fd[1], SHUT_RDWR); /* or it would wait for ever where nobody came */
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_null(strstr(err.msg, "connection refused"));
    (void)close(fd[1]);
    (void)close(fd[0]);
}

static void tls_to_a_plain_server_is_a_net_error(void **state)
{
    static const struct canned_reply replies[] = {{.head = "no"}};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "GET", .url = url};
    struct weir_err err = {0};

    (void)state;
    snprintf(url, sizeof url, "https://127.0.0.1:%d/?s=secret", canned_http_port(s));
    rq.timeout_ms = 300; /* the server waits for a request that never ends */
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_true(err.code == WEIR_E_NET || err.code == WEIR_E_DEADLINE);
    assert_null(strstr(err.msg, "secret"));
    canned_http_free(s);
}

static void headers_and_bodies_have_a_ceiling(void **state)
{
    enum { LINES = 900, LINE = 80 };
    static char head[64 + LINES * LINE + 8];
    struct canned_reply replies[] = {{.head = head, .end = CANNED_CLOSE},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", .fill = 5000}};
    struct canned_http *s = NULL;
    struct weir_err err = {0};
    struct weir_buf body;
    size_t at = (size_t)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\n");

    (void)state;
    for (int i = 0; i < LINES; i++) {
        at += (size_t)snprintf(head + at, sizeof head - at, "X-%05d: %069d\r\n", i, i);
    }
    snprintf(head + at, sizeof head - at, "\r\n");
    s = canned_http_new(replies, 2);
    assert_int_equal(call(s, "GET", NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    err = (struct weir_err){0};
    weir_buf_init(&body, 4999);
    assert_int_equal(call(s, "GET", &body, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&body);
    canned_http_free(s);
}

static void a_silent_server_is_a_stall_or_a_deadline(void **state)
{
    static const struct canned_reply replies[] = {{.end = CANNED_STALL}, {.end = CANNED_STALL},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", .end = CANNED_STALL}};
    struct canned_http *s = canned_http_new(replies, 3);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "POST",
        .url = http_url(s, "/", url),
        .stall_ms = 60,
        .body = (const uint8_t *)"x",
        .body_len = 1};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_non_null(strstr(err.msg, "nothing moved for 60 ms"));
    err = (struct weir_err){0};
    rq.timeout_ms = 50;
    rq.stall_ms = 5000;
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_non_null(strstr(err.msg, "not done within 50 ms"));
    err = (struct weir_err){0};
    rq.timeout_ms = 0;
    rq.stall_ms = 60;
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_NET);
    canned_http_free(s);
}

static void note_done(void *ctx, long status, const struct weir_err *err)
{
    (void)status;
    assert_int_equal(err->code, WEIR_E_NET);
    *(bool *)ctx = true;
}

/* Whether a request to a server that goes silent has ended within ms. */
static bool stalls_within(const char *url, int64_t ms)
{
    bool done = false;
    const struct weir_http_request rq = {
        .method = "GET", .url = url, .stall_ms = 400, .on_done = note_done, .ctx = &done};
    struct weir_err err = {0};
    const int64_t until = weir_clock_mono_ms() + ms;
    struct weir_http *http = weir_http_start(http_loop, &rq, &err);

    assert_non_null(http);
    while (!done && weir_clock_mono_ms() < until) {
        assert_int_equal(weir_loop_step(http_loop, until, &err), 0);
    }
    weir_http_free(http);
    return done;
}

/* What was sent before the silence is no news when it is looked at after it. */
static void a_stall_is_seen_when_its_time_is_over(void **state)
{
    static const struct canned_reply replies[] = {{.end = CANNED_STALL, .again = true},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
            .end = CANNED_STALL,
            .again = true}};
    char url[HTTP_URL_BYTES];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct canned_http *s = canned_http_new(&replies[i], 1);
        bool in_time = false;
        for (int tries = 0; tries < 10 && !in_time; tries++) { /* the machine may have stood */
            in_time = stalls_within(http_url(s, "/", url), 700);
        }
        assert_true(in_time);
        canned_http_free(s);
    }
}

static void the_environment_may_set_the_stall_limit(void **state)
{
    static const struct canned_reply replies[] = {{.end = CANNED_STALL}};
    static const char *const wrong[] = {"0", "-1", "1s", "3600001", "x"};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {
        .method = "GET", .url = http_url(s, "/", url), .stall_ms = 60000};
    struct weir_err err = {0};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        setenv("WEIR_STALL_MS", wrong[i], 1);
        err = (struct weir_err){0};
        assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    setenv("WEIR_STALL_MS", "70", 1);
    err = (struct weir_err){0};
    assert_int_equal(weir_http_call(http_loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_non_null(strstr(err.msg, "nothing moved for 70 ms"));
    unsetenv("WEIR_STALL_MS");
    canned_http_free(s);
}

static void being_busy_ourselves_is_no_stall(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"}};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "GET", .url = http_url(s, "/", url), .stall_ms = 400};
    struct weir_err err = {0};
    struct weir_http_source *source = weir_http_source_new(http_loop, &rq, &err);
    struct weir_buf body;

    (void)state;
    assert_non_null(source);
    weir_buf_init(&body, 10);
    while (weir_http_sent(weir_http_source_http(source)) == -1) { /* nor is the server waited for */
        assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
    }
    for (int64_t until = weir_clock_mono_ms() + 500;
         weir_clock_mono_ms() < until || !held_answer_waits("\r\n\r\nok");) {
        ; /* work, longer than the limit; the answer is there when it ends */
    }
    enum weir_step step;
    while ((step = weir_http_source_collect(source, &body, &err)) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(step, WEIR_END);
    weir_buf_fini(&body);
    weir_http_source_free(source);
    canned_http_free(s);
}

/*
 * Dropping
 */

static void a_request_may_be_freed_at_any_time_before_its_end(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 700001\r\n\r\n",
            .fill = 700000,
            .again = true}};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {
        .method = "GET", .url = http_url(s, "/", url), .on_done = never_done, .stall_ms = 10000};

    (void)state;
    for (int steps = 0; steps < 12; steps++) {
        struct weir_err err = {0};
        struct weir_http *http = weir_http_start(http_loop, &rq, &err);
        assert_non_null(http);
        for (int i = 0; i < steps; i++) {
            assert_int_equal(weir_loop_step(http_loop, weir_clock_mono_ms() + 20, &err), 0);
        }
        weir_http_free(http);
    }
    weir_http_free(NULL);
    canned_http_free(s);
}

/* A chain: each end frees its own request and one that is still in flight, and starts two more. */
struct chain {
    struct weir_http_request fast, never;
    struct weir_http *own, *other;
    int left;
};

static void start_chain(struct chain *chain)
{
    struct weir_err err = {0};

    chain->own = weir_http_start(http_loop, &chain->fast, &err);
    chain->other = weir_http_start(http_loop, &chain->never, &err);
    assert_non_null(chain->own);
    assert_non_null(chain->other);
}

static void next_in_chain(void *ctx, long status, const struct weir_err *err)
{
    struct chain *chain = ctx;

    assert_int_equal(err->code, WEIR_OK);
    assert_int_equal(status, 200);
    weir_http_free(chain->own);
    weir_http_free(chain->other);
    if (--chain->left > 0) {
        start_chain(chain);
    }
}

static void requests_may_be_freed_and_started_in_on_done(void **state)
{
    static const struct canned_reply replies[] = {
        {.match = "GET /fast",
            .head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            .again = true},
        {.match = "GET /never", .end = CANNED_STALL, .again = true}};
    struct canned_http *s = canned_http_new(replies, 2);
    char fast[HTTP_URL_BYTES], never[HTTP_URL_BYTES];
    struct chain chain = {.left = 6,
        .fast = {.method = "GET", .url = fast, .on_done = next_in_chain, .ctx = &chain},
        .never = {.method = "GET", .url = never, .on_done = never_done}};
    struct weir_err err = {0};

    (void)state;
    http_url(s, "/fast", fast);
    http_url(s, "/never", never);
    start_chain(&chain);
    while (chain.left > 0) {
        assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
    }
    canned_http_free(s);
}

static void done_call(void *ctx, long status, const struct weir_err *err)
{
    (void)err;
    *(long *)ctx = status;
}

static void a_finished_request_keeps_its_headers_until_it_is_freed(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok"}};
    struct canned_http *s = canned_http_new(replies, 1);
    long status = -1;
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {
        .method = "GET", .url = http_url(s, "/", url), .on_done = done_call, .ctx = &status};
    struct weir_err err = {0};
    struct weir_http *http = weir_http_start(http_loop, &rq, &err);

    (void)state;
    while (status == -1) {
        assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(status, 200);
    assert_string_equal(weir_http_header(http, "X-A"), "b");
    weir_http_resume(http);                                   /* nothing to resume: no harm */
    assert_int_equal(weir_loop_step(http_loop, 0, &err), -1); /* nothing is left armed */
    assert_int_equal(err.code, WEIR_E_BUG);
    weir_http_free(http);
    canned_http_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, http_setup, http_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_get_has_status_headers_and_body),
        TEST(a_body_goes_out_whole_with_its_length_and_no_expect),
        TEST(a_body_that_is_read_while_it_is_sent_goes_out_whole_or_not_at_all),
        TEST(what_was_sent_of_a_body_is_known),
        TEST(a_head_and_a_delete_have_no_body),
        TEST(interim_answers_are_skipped_and_redirects_not_followed),
        TEST(connections_are_used_again),
        TEST(a_kept_connection_that_was_closed_is_replaced),
        TEST(a_fresh_request_is_sent_once_even_when_a_kept_connection_breaks),
        TEST(what_cannot_be_sent_is_refused_before_it_is),
        TEST(a_ca_bundle_that_is_missing_is_a_config_error_naming_the_variable),
        TEST(failures_have_their_code_and_say_how_much),
        TEST(a_refused_connection_names_host_and_reason_only),
        TEST(an_address_that_refused_is_no_reason_for_what_another_answers),
        TEST(tls_to_a_plain_server_is_a_net_error),
        TEST(headers_and_bodies_have_a_ceiling),
        TEST(a_stall_is_seen_when_its_time_is_over),
        TEST(the_environment_may_set_the_stall_limit),
        TEST(being_busy_ourselves_is_no_stall),
        TEST(a_silent_server_is_a_stall_or_a_deadline),
        TEST(a_request_may_be_freed_at_any_time_before_its_end),
        TEST(requests_may_be_freed_and_started_in_on_done),
        TEST(a_finished_request_keeps_its_headers_until_it_is_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
