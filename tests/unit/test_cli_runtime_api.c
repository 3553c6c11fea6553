/*
 * Does the Runtime API engine answer as Lambda's does, in and out of turn, and can it be closed in
 * any state? Client and server share the loop.
 */
#include "cli/runtime_api.h"
#include "core/clock.h"
#include "core/limits.h"
#include "net/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BASE "/2018-06-01/runtime/"

struct world {
    struct weir_loop *loop;
    struct weir_rapi *rapi;
    size_t nexts, answers;
    enum weir_rapi_kind kind;
    struct weir_buf body;
    const struct weir_rapi_invocation *at_next; /* given from inside on_next */
};

static void on_next(void *ctx)
{
    struct world *w = ctx;
    struct weir_err err = {0};

    w->nexts++;
    if (w->at_next != NULL) {
        assert_int_equal(weir_rapi_invoke(w->rapi, w->at_next, &err), 0);
        w->at_next = NULL;
    }
}

static void on_answer(void *ctx, const struct weir_rapi_answer *answer)
{
    struct world *w = ctx;
    struct weir_err err = {0};

    w->answers++;
    w->kind = answer->kind;
    w->body.len = 0;
    assert_int_equal(weir_buf_add(&w->body, answer->body, answer->len, &err), 0);
}

static const struct weir_rapi_ops ops = {.on_next = on_next, .on_answer = on_answer};

static const struct weir_rapi_invocation invocation = {.request_id = "id-1",
    .event = "{\"a\":1}",
    .event_len = 7,
    .deadline_unix_ms = 1700000000123,
    .function_arn = "arn:x"};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct weir_err err = {0};

    assert_non_null(w);
    weir_buf_init(&w->body, WEIR_RESPONSE_MAX_BYTES);
    w->loop = weir_loop_new(&err);
    assert_non_null(w->loop);
    w->rapi = weir_rapi_new(w->loop, &ops, w, &err);
    assert_non_null(w->rapi);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    weir_rapi_free(w->rapi);
    weir_rapi_free(NULL); /* as every free: nothing */
    weir_loop_free(w->loop);
    weir_buf_fini(&w->body);
    free(w);
    return 0;
}

/* A whole exchange. Returns the status; the body goes to got when that is not NULL. */
static long call(
    struct world *w, const char *method, const char *path, const char *body, struct weir_buf *got)
{
    struct weir_http_header type = {"Lambda-Runtime-Function-Error-Type", "Function.Test"};
    struct weir_err err = {0};
    struct weir_buf mine;
    char url[256];
    struct weir_http_request request = {.method = method,
        .url = url,
        .headers = &type,
        .headers_n = body != NULL ? 1 : 0,
        .body = (const uint8_t *)body,
        .body_len = body != NULL ? strlen(body) : 0};

    (void)snprintf(url, sizeof url, "http://%s%s", weir_rapi_address(w->rapi), path);
    weir_buf_init(&mine, 65536);
    long status = weir_http_call(w->loop, &request, got != NULL ? got : &mine, NULL, &err);
    weir_buf_fini(&mine);
    return status;
}

/* A /next that waits. */
struct waiter {
    bool done;
    long status;
};

static void waiter_done(void *ctx, long status, const struct weir_err *err)
{
    struct waiter *waiter = ctx;

    (void)err;
    waiter->done = true;
    waiter->status = status;
}

static struct weir_http *next_start(struct world *w, struct waiter *waiter)
{
    char url[128];
    struct weir_err err = {0};
    struct weir_http_request request = {
        .method = "GET", .url = url, .on_done = waiter_done, .ctx = waiter};

    *waiter = (struct waiter){0};
    (void)snprintf(url, sizeof url, "http://%s" BASE "invocation/next", weir_rapi_address(w->rapi));
    struct weir_http *http = weir_http_start(w->loop, &request, &err);
    assert_non_null(http);
    return http;
}

static void turn(struct world *w)
{
    struct weir_err err = {0};

    assert_int_equal(weir_loop_step(w->loop, INT64_MAX, &err), 0);
}

static void park(struct world *w, size_t nexts)
{
    while (w->nexts < nexts) {
        turn(w);
    }
}

static void invocation_goes_to_a_parked_next_with_its_headers(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};
    struct waiter waiter;
    struct weir_http *http = next_start(w, &waiter);

    park(w, 1);
    assert_false(waiter.done);
    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
    while (!waiter.done) {
        turn(w);
    }
    assert_int_equal(waiter.status, 200);
    assert_string_equal(weir_http_header(http, "Lambda-Runtime-Aws-Request-Id"), "id-1");
    assert_string_equal(weir_http_header(http, "Lambda-Runtime-Deadline-Ms"), "1700000000123");
    assert_string_equal(weir_http_header(http, "Lambda-Runtime-Invoked-Function-Arn"), "arn:x");
    assert_null(weir_http_header(http, "Lambda-Runtime-Trace-Id"));
    assert_string_equal(weir_http_header(http, "Content-Type"), "application/json");
    weir_http_free(http);
    assert_int_equal(w->nexts, 1);
}

static void invocation_given_before_or_during_next_is_not_parked(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};
    struct weir_buf got;

    weir_buf_init(&got, 1000);
    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, &got), 200);
    assert_int_equal(got.len, 7);
    assert_memory_equal(got.p, "{\"a\":1}", 7);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/response", "1", NULL), 202);
    w->at_next = &invocation;
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
    weir_buf_fini(&got);
}

static void answer_is_taken_once_and_for_its_invocation_only(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};

    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
    /* Not handed out yet. */
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/response", "1", NULL), 403);
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 403);
    assert_int_equal(call(w, "POST", BASE "invocation/id-2/response", "1", NULL), 400);
    assert_int_equal(call(w, "POST", BASE "invocation/id-11/error", "1", NULL), 400);
    assert_int_equal(w->answers, 0);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/response", "{\"x\":2}", NULL), 202);
    assert_int_equal(w->answers, 1);
    assert_int_equal(w->kind, WEIR_RAPI_RESPONSE);
    assert_int_equal(w->body.len, 7);
    assert_memory_equal(w->body.p, "{\"x\":2}", 7);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/response", "1", NULL), 403);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/error", "1", NULL), 403);
    assert_int_equal(w->answers, 1);
}

static void errors_come_with_their_type(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};

    assert_int_equal(call(w, "POST", BASE "init/error", "{}", NULL), 202);
    assert_int_equal(w->kind, WEIR_RAPI_INIT_ERROR);
    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
    w->at_next = NULL;
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/error", "{}", NULL), 202);
    assert_int_equal(w->kind, WEIR_RAPI_ERROR);
}

static void init_error_after_a_next_is_out_of_turn(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};

    for (int before = 0; before < 2; before++) { /* given at the /next, and before it */
        if (before) {
            teardown(state);
            setup(state);
            w = *state;
            assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
        } else {
            w->at_next = &invocation;
        }
        assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
        assert_int_equal(call(w, "POST", BASE "init/error", "{}", NULL), 403);
        assert_int_equal(w->answers, 0);
    }
}

/* A connection of the test's own, which reads when it wants to. */
static int plain_next(struct world *w)
{
    char request[128];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons((uint16_t)strtoul(strchr(weir_rapi_address(w->rapi), ':') + 1, NULL, 10));
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    int n = snprintf(request, sizeof request,
        "GET " BASE "invocation/next HTTP/1.1\r\nHost: %s\r\n\r\n", weir_rapi_address(w->rapi));
    assert_int_equal(send(fd, request, (size_t)n, 0), n);
    return fd;
}

/* The event may be gone with the answer, and the one who has answered still be reading it. */
static void event_outlives_an_answer_that_comes_before_it_was_read(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};
    struct weir_rapi_invocation big = invocation;
    size_t marks = 0, left = 16 * WEIR_MIB;
    char *event = malloc(left), piece[65536];

    assert_non_null(event);
    memset(event, '~', left);
    big.event = event;
    big.event_len = left;
    assert_int_equal(weir_rapi_invoke(w->rapi, &big, &err), 0);
    int fd = plain_next(w);
    while (w->answers == 0) { /* 403 until it is handed out */
        (void)call(w, "POST", BASE "invocation/id-1/response", "1", NULL);
    }
    memset(event, '!', left);
    free(event);
    while (marks < left) {
        ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
        assert_int_not_equal(n, 0);
        for (ssize_t i = 0; i < n; i++) {
            assert_int_not_equal(piece[i], '!');
            marks += piece[i] == '~';
        }
        assert_int_equal(weir_loop_step(w->loop, weir_clock_mono_ms() + (n < 0), &err), 0);
    }
    close(fd);
}

static void response_up_to_the_limit_is_taken_and_one_beyond_is_an_error(void **state)
{
    struct world *w = *state;
    char *big = malloc(WEIR_RESPONSE_MAX_BYTES + 2);
    static const char why[] = "Function.ResponseSizeTooLarge";

    assert_non_null(big);
    memset(big, 'x', WEIR_RESPONSE_MAX_BYTES + 1);
    big[WEIR_RESPONSE_MAX_BYTES + 1] = '\0';
    w->at_next = &invocation;
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/response", big, NULL), 413);
    assert_int_equal(w->kind, WEIR_RAPI_ERROR);
    assert_non_null(memmem(w->body.p, w->body.len, why, strlen(why)));
    big[WEIR_RESPONSE_MAX_BYTES] = '\0';
    w->at_next = &invocation;
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
    assert_int_equal(call(w, "POST", BASE "invocation/id-1/response", big, NULL), 202);
    assert_int_equal(w->kind, WEIR_RAPI_RESPONSE);
    assert_int_equal(w->body.len, WEIR_RESPONSE_MAX_BYTES);
    free(big);
}

static void other_paths_and_methods_are_refused(void **state)
{
    static const struct {
        const char *method, *path;
        long status;
    } cases[] = {
        {"GET", "/", 404},
        {"GET", "/2018-06-01/runtime", 404},
        {"GET", BASE, 404},
        {"GET", BASE "invocation/", 404},
        {"POST", BASE "invocation/id-1/reply", 404},
        {"POST", BASE "invocation/id-1", 404},
        {"GET", BASE "invocation/id-1/response", 405},
        {"POST", BASE "invocation/next", 405},
        {"GET", BASE "init/error", 405},
        {"GET", "/2015-03-31/functions/function/invocations", 404},
    };
    struct world *w = *state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *body = cases[i].method[0] == 'P' ? "{}" : NULL;

        assert_int_equal(call(w, cases[i].method, cases[i].path, body, NULL), cases[i].status);
    }
    assert_int_equal(w->nexts + w->answers, 0);
}

static void newer_next_takes_the_place_of_a_parked_one(void **state)
{
    struct world *w = *state;
    struct weir_err err = {0};
    struct waiter old_waiter, new_waiter;
    struct weir_http *old_next = next_start(w, &old_waiter), *new_next;

    park(w, 1);
    new_next = next_start(w, &new_waiter);
    park(w, 2);
    while (!old_waiter.done) {
        turn(w);
    }
    assert_int_equal(old_waiter.status, 0);
    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
    while (!new_waiter.done) {
        turn(w);
    }
    assert_int_equal(new_waiter.status, 200);
    weir_http_free(old_next);
    weir_http_free(new_next);
}

/* Any page may have the browser send these; the event stays for whom it is. */
static void what_a_web_page_can_send_is_refused_and_takes_nothing(void **state)
{
    struct world *w = *state;
    static const struct weir_http_header told[] = {{"Host", "evil.example:80"},
        {"Host", "localhost:1"}, {"Origin", "http://evil.example"}, {"Origin", "null"},
        {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "none"}};
    static const char *const paths[][2] = {{"GET", BASE "invocation/next"},
        {"POST", BASE "invocation/id-1/response"}, {"POST", BASE "init/error"}};
    struct weir_err err = {0};
    char url[128];

    assert_int_equal(weir_rapi_invoke(w->rapi, &invocation, &err), 0);
    for (size_t i = 0; i < COUNT(told); i++) {
        for (size_t k = 0; k < COUNT(paths); k++) {
            const struct weir_http_request request = {.method = paths[k][0],
                .url = url,
                .headers = &told[i],
                .headers_n = 1,
                .body = k > 0 ? (const uint8_t *)"1" : NULL,
                .body_len = k > 0};
            (void)snprintf(url, sizeof url, "http://%s%s", weir_rapi_address(w->rapi), paths[k][1]);
            assert_int_equal(weir_http_call(w->loop, &request, NULL, NULL, &err), 403);
        }
    }
    assert_int_equal(w->nexts + w->answers, 0);
    assert_int_equal(call(w, "GET", BASE "invocation/next", NULL, NULL), 200);
}

/* The teardown closes the engine while a connection is suspended. */
static void engine_closes_while_a_next_is_parked(void **state)
{
    struct world *w = *state;
    struct waiter waiter;
    struct weir_http *http = next_start(w, &waiter);

    park(w, 1);
    weir_http_free(http);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(invocation_goes_to_a_parked_next_with_its_headers),
        T(invocation_given_before_or_during_next_is_not_parked),
        T(answer_is_taken_once_and_for_its_invocation_only),
        T(errors_come_with_their_type),
        T(init_error_after_a_next_is_out_of_turn),
        T(event_outlives_an_answer_that_comes_before_it_was_read),
        T(response_up_to_the_limit_is_taken_and_one_beyond_is_an_error),
        T(other_paths_and_methods_are_refused),
        T(newer_next_takes_the_place_of_a_parked_one),
        T(what_a_web_page_can_send_is_refused_and_takes_nothing),
        T(engine_closes_while_a_next_is_parked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
