/*
 * Does every answer of the Runtime API get its reaction: another try, an error that is posted, the
 * end of the process? And is what keeps a handler from beginning told?
 */
#include "core/limits.h"
#include "tests/support/runtime_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* ---- what the API says ---- */

/* The server says 1xx when it has the head and nothing of the body yet, which no buffer holds. */
static void interim_answer_does_not_cut_a_response_short(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID),
        {"POST", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, CANNED_INTERIM, 0}};
    struct script_run r;
    size_t len = 0;

    (void)state;
    fake.response_bytes = WEIR_RESPONSE_MAX_BYTES;
    script_run(&r, "fake", script, COUNT(script));
    assert_int_equal(canned_http_requests(r.server), 3);
    (void)canned_http_body(r.server, 1, &len);
    assert_int_equal(len, WEIR_RESPONSE_MAX_BYTES);
    assert_null(strstr(r.log, "runtime: POST"));
    canned_http_free(r.server);
}

/* To the server, which does not know chunks, the streamed body is a request of its own. */
static void interim_answer_does_not_stop_a_stream(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID),
        {POST_RESPONSE, "HTTP/1.1 100 Continue\r\n\r\n", 0, 0, 0},
        {NULL, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, 0, 0}};
    struct script_run r;

    (void)state;
    fake.streams = true;
    fake.said_bytes = strlen(script[0].head) + strlen(script[1].head);
    script_run(&r, "fake", script, COUNT(script));
    assert_int_equal(canned_http_requests(r.server), 4);
    script_assert_has(canned_http_request(r.server, 2, NULL), "4\r\nhalf\r\n0\r\n\r\n");
    assert_null(strstr(r.log, "ERROR Runtime"));
    assert_null(strstr(r.log, "runtime: POST"));
    canned_http_free(r.server);
}

static void status_of_a_post_has_its_reaction(void **state)
{
    static const struct {
        const char *reply;
        bool goes_on;
        const char *log; /* after "POST ...: "; NULL: none */
    } cases[] = {
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"status\":\"OK\"}", true, NULL},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true, NULL},
        {"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n", true, "status 400"},
        {"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", true, "status 403"},
        {"HTTP/1.1 404 Who\r\nContent-Length: 0\r\n\r\n", true, "status 404"},
        {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", true, "status 410"},
        {"HTTP/1.1 413 Big\r\nContent-Length: 0\r\n\r\n", true, "status 413"},
        {"HTTP/1.1 413 Big\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true, "status 413"},
        {"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", false, "status 500"},
        {"HTTP/1.1 503 Oh\r\nContent-Length: 0\r\n\r\n", false, "status 503"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(cases); i++) {
        bool failing = i % 2 != 0; /* the handler: POST .../error */
        const struct canned_reply script[] = {EVENT(ID), {"POST", cases[i / 2].reply, 0, 0, 0}};
        struct script_run r;
        fake_reset(NULL);
        fake.code = failing ? WEIR_E_DATA : WEIR_OK;
        script_run(&r, "fake", script, COUNT(script));
        script_assert_request(&r, 1, failing ? POST_ERROR : POST_RESPONSE);
        /* Exactly one answer, and then either /next or the end. */
        assert_int_equal(canned_http_requests(r.server), cases[i / 2].goes_on ? 3 : 2);
        if (cases[i / 2].goes_on) {
            script_assert_request(&r, 2, NEXT);
        }
        if (cases[i / 2].log != NULL) {
            script_assert_has(r.log, cases[i / 2].log);
        } else {
            assert_null(strstr(r.log, "runtime: POST"));
        }
        assert_int_equal(fake.finis, 1);
        canned_http_free(r.server);
    }
}

static void status_of_next_other_than_200_ends_the_process(void **state)
{
    static const struct canned_reply scripts[] = {
        {NEXT, "HTTP/1.1 403 No\r\n" ID "Content-Length: 2\r\n\r\n{}", 0, 0, 0},
        {NEXT, "HTTP/1.1 500 Oh\r\n" ID "Content-Length: 2\r\n\r\n{}", 0, 0, 0},
        {NEXT, "HTTP/1.1 404 Who\r\n" ID "Content-Length: 2\r\n\r\n{}", 0, 0, 0},
        {NEXT, "HTTP/1.1 302 There\r\n" ID "Location: /\r\nContent-Length: 2\r\n\r\n{}", 0, 0, 0},
        {NEXT, "HTTP/1.1 204 None\r\n" ID "\r\n", 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        struct script_run r;
        script_run(&r, "fake", &scripts[i], 1);
        assert_int_equal(canned_http_requests(r.server), 1);
        assert_int_equal(fake.runs, 0);
        script_assert_has(r.log, "ERROR runtime: GET invocation/next: status ");
        canned_http_free(r.server);
    }
}

static void event_cut_short_is_not_run_and_answered_by_an_error(void **state)
{
    static const struct {
        struct canned_reply next;
        const char *message;
    } cases[] = {
        {{NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 100\r\n\r\n{}", 0, CANNED_CLOSE, 0},
            "the answer was cut: 98 bytes are missing"},
        {{NEXT, "HTTP/1.1 200 OK\r\n" ID "Transfer-Encoding: chunked\r\n\r\n5\r\n{}", 0,
             CANNED_CLOSE, 0},
            "the answer was cut: 3 bytes are missing"},
        {{NEXT, "HTTP/1.1 200 OK\r\n" ID "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", 0,
             CANNED_CLOSE, 0},
            "the answer was cut: 0 bytes are missing"},
        {{NEXT, "HTTP/1.1 200 OK\r\n" ID "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 0, CANNED_KEEP,
             0},
            "the answer is no HTTP: the size of a chunk"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct canned_reply script[] = {cases[i].next, ACCEPTED};
        struct script_run r;
        size_t len = 0;
        script_run(&r, "fake", script, COUNT(script));
        assert_int_equal(fake.runs, 0);
        script_assert_request(&r, 1, POST_ERROR);
        script_assert_has(
            canned_http_request(r.server, 1, NULL), "Error-Type: Runtime.TruncatedEvent\r\n");
        script_assert_has(canned_http_body(r.server, 1, &len), cases[i].message);
        script_assert_request(&r, 2, NEXT); /* and on it goes */
        canned_http_free(r.server);
    }
}

static void next_that_breaks_before_its_id_is_asked_for_again(void **state)
{
    static const struct canned_reply breaks[] = {
        {NEXT, "HTTP/1.1 200 OK\r\n" ID, 0, CANNED_CLOSE, 0},
        {NEXT, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", 0, CANNED_CLOSE, 0},
        {NEXT, "HTTP/1.1 200 OK\r\nContent-Le", 0, CANNED_RESET, 0},
        {NEXT, "nonsense\r\n\r\n", 0, CANNED_CLOSE, 0},
        {NEXT, NULL, 0, CANNED_CLOSE, 0},
        {NEXT, NULL, 0, CANNED_RESET, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(breaks); i++) {
        const struct canned_reply script[] = {breaks[i], breaks[i], EVENT(ID), ACCEPTED};
        struct script_run r;
        fake_reset(NULL);
        script_run(&r, "fake", script, COUNT(script));
        assert_int_equal(fake.runs, 1);
        script_assert_request(&r, 3, POST_RESPONSE);
        assert_int_equal(canned_http_requests(r.server), 5);
        script_assert_has(r.log, "WARN runtime: GET invocation/next: ");
        canned_http_free(r.server);
    }
}

static void event_larger_than_lambda_allows_is_not_run_and_answered_by_an_error(void **state)
{
    static const struct canned_reply script[] = {
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 8000000\r\n\r\n", 8000000, CANNED_KEEP, 0},
        ACCEPTED,
    };
    struct script_run r;

    (void)state;
    script_run(&r, "fake", script, COUNT(script));
    assert_int_equal(fake.runs, 0);
    script_assert_request(&r, 1, POST_ERROR);
    script_assert_has(
        canned_http_request(r.server, 1, NULL), "Error-Type: Function.LimitExceeded\r\n");
    script_assert_request(&r, 2, NEXT);
    canned_http_free(r.server);
}

static void answer_lost_on_the_way_is_logged_and_not_given_as_an_error(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID),
        {"POST", "HTTP/1.1 202 Acc", 0, CANNED_RESET, 0},
        EVENT(ID),
        ACCEPTED,
    };
    struct script_run r;
    unsigned posts = 0;

    (void)state;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_has(r.log, "ERROR id-1 runtime: POST invocation/id-1/response: ");
    script_assert_request(&r, 2, NEXT); /* and it is not given a second time */
    assert_int_equal(fake.runs, 2);
    for (size_t i = 0; i < canned_http_requests(r.server); i++) {
        const char *request = canned_http_request(r.server, i, NULL);
        assert_null(strstr(request, "/error"));
        posts += strncmp(request, "POST ", 5) == 0;
    }
    assert_int_equal(posts, 2); /* each answer once: the API may have had the first */
    canned_http_free(r.server);
}

static void runtime_api_that_is_not_there_ends_the_process(void **state)
{
    char log[4096];

    (void)state;
    assert_int_equal(script_run_with("127.0.0.1:1", "fake", log, sizeof log), WEIR_RUNTIME_FAILED);
    script_assert_has(log, "ERROR runtime: GET invocation/next: ");
    assert_int_equal(fake.finis, 1);
}

/* ---- init ---- */

static void init_that_fails_is_reported_and_ends_the_process(void **state)
{
    static const struct canned_reply accepted = ACCEPTED;
    struct script_run r;

    (void)state;
    fake.init_fails = true;
    script_run(&r, "fake", &accepted, 1);
    assert_int_equal(canned_http_requests(r.server), 1);
    script_assert_error(&r, 0, POST_INIT_ERROR, "Function.BadConfiguration",
        "FAKE_SETTING: \\\"x\\\" is no number");
    script_assert_has(r.log, "ERROR Function.BadConfiguration: FAKE_SETTING");
    assert_int_equal(fake.finis, 0);
    canned_http_free(r.server);

    fake.init_fails = false;
    fake.init_is_silent = true;
    script_run(&r, "fake", &accepted, 1);
    script_assert_error(
        &r, 0, POST_INIT_ERROR, "Runtime.InternalError", "fake: init failed and did not say why");
    canned_http_free(r.server);
}

static void init_error_that_is_refused_ends_the_process_too(void **state)
{
    static const struct canned_reply refused = {
        "POST", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 0, 0, 0};
    struct script_run r;

    (void)state;
    fake.init_fails = true;
    script_run(&r, "fake", &refused, 1);
    assert_int_equal(canned_http_requests(r.server), 1);
    canned_http_free(r.server);
}

static void unknown_handler_is_an_init_error_that_lists_the_known(void **state)
{
    static const struct {
        const char *handler, *message;
    } cases[] = {
        {"nope", "_HANDLER is unknown: nope; the handlers are: other, fake"},
        {"fak", "_HANDLER is unknown: fak; the handlers are: other, fake"},
        {"fake.handler", "_HANDLER is unknown: fake.handler; the handlers are: other, fake"},
        {"a\nb\"", "_HANDLER is unknown: a\\nb\\\"; the handlers are: other, fake"},
        {"", "_HANDLER is not set; the handlers are: other, fake"},
        {NULL, "_HANDLER is not set; the handlers are: other, fake"},
    };
    static const struct canned_reply accepted = ACCEPTED;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct script_run r;
        script_run(&r, cases[i].handler, &accepted, 1);
        assert_int_equal(canned_http_requests(r.server), 1);
        script_assert_error(&r, 0, POST_INIT_ERROR, "Function.BadConfiguration", cases[i].message);
        canned_http_free(r.server);
    }
}

static void missing_or_bad_api_address_is_a_usage_error(void **state)
{
    static const char *const addresses[] = {
        NULL, "", "127.0.0.1:1/x", "a b", "u@h:1", "h:1#", "h:1?"};

    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        char log[4096];
        assert_int_equal(
            script_run_with(addresses[i], "fake", log, sizeof log), WEIR_RUNTIME_USAGE);
        script_assert_has(log, "AWS_LAMBDA_RUNTIME_API");
        assert_string_equal(fake.folder, ""); /* init was not called */
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fake_reset)
    const struct CMUnitTest tests[] = {
        TEST(interim_answer_does_not_cut_a_response_short),
        TEST(interim_answer_does_not_stop_a_stream),
        TEST(status_of_a_post_has_its_reaction),
        TEST(status_of_next_other_than_200_ends_the_process),
        TEST(event_cut_short_is_not_run_and_answered_by_an_error),
        TEST(next_that_breaks_before_its_id_is_asked_for_again),
        TEST(event_larger_than_lambda_allows_is_not_run_and_answered_by_an_error),
        TEST(answer_lost_on_the_way_is_logged_and_not_given_as_an_error),
        TEST(runtime_api_that_is_not_there_ends_the_process),
        TEST(init_that_fails_is_reported_and_ends_the_process),
        TEST(init_error_that_is_refused_ends_the_process_too),
        TEST(unknown_handler_is_an_init_error_that_lists_the_known),
        TEST(missing_or_bad_api_address_is_a_usage_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
