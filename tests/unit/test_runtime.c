/*
 * Does a handler get its invocation as the Runtime API gave it, and is what it says posted as the
 * API wants it?
 */
#include "bootstrap/invocation.h"
#include "core/clock.h"
#include "core/limits.h"
#include "tests/support/runtime_script.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* ---- invocations ---- */

static void signal_cancels_the_run_and_nothing_is_posted(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct script_run r = {.server = canned_http_new(script, COUNT(script))};
        char api[64];

        fake.signal = numbers[i];
        fake.finis = 0;
        snprintf(api, sizeof api, "127.0.0.1:%d", canned_http_port(r.server));
        assert_int_equal(
            script_run_with(api, "fake", r.log, sizeof r.log), WEIR_RUNTIME_SIGNAL + numbers[i]);
        script_assert_request(&r, 0, NEXT);
        assert_int_equal(canned_http_requests(r.server), 1);
        assert_int_equal(fake.finis, 1);
        script_assert_has(r.log, numbers[i] == SIGINT ? "stopped by SIGINT" : "stopped by SIGTERM");
        canned_http_free(r.server);
    }
}

static void invocation_is_run_and_its_response_posted(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(
            ID "Lambda-Runtime-Trace-Id: Root=1-2;Sampled=1\r\nContent-Type: application/json\r\n"),
        ACCEPTED,
    };
    struct script_run r;

    (void)state;
    script_run(&r, "fake", script, COUNT(script));
    assert_int_equal(canned_http_requests(r.server), 3);
    script_assert_request(&r, 0, NEXT);
    script_assert_request(&r, 1, POST_RESPONSE);
    script_assert_has(
        canned_http_request(r.server, 1, NULL), "\r\nContent-Type: application/json\r\n");
    assert_null(strstr(canned_http_request(r.server, 1, NULL), "Error-Type"));
    script_assert_body(&r, 1, "{\"done\":true}");
    script_assert_request(&r, 2, NEXT);
    assert_int_equal(canned_http_connections(r.server), 1);
    assert_string_equal(fake.event, "{}");
    assert_string_equal(fake.id, "id-1");
    assert_string_equal(fake.folder, "/folder");
    assert_string_equal(fake.trace, "Root=1-2;Sampled=1");
    assert_int_equal(fake.finis, 1);
    script_assert_has(r.log, "INFO id-1 the handler runs\n");
    script_assert_has(
        r.log, "ERROR runtime: GET invocation/next: status 599\n"); /* no id any more */
    canned_http_free(r.server);
}

static void trace_id_is_set_and_unset_with_each_invocation(void **state)
{
    static char long_one[4096];
    char trace[2048];
    struct script_run r;

    (void)state;
    memset(trace, 't', sizeof trace);
    trace[sizeof trace - 1] = '\0';
    snprintf(long_one, sizeof long_one,
        "HTTP/1.1 200 OK\r\n" ID "Lambda-Runtime-Trace-Id: %s\r\nContent-Length: 2\r\n\r\n{}",
        trace);
    const struct canned_reply with = EVENT(ID "Lambda-Runtime-Trace-Id: Root=1\r\n"),
                              other = EVENT(ID "Lambda-Runtime-Trace-Id: Root=22\r\n"),
                              without = EVENT(ID), empty = EVENT(ID "Lambda-Runtime-Trace-Id:\r\n"),
                              huge = {NEXT, long_one, 0, 0, 0}, accepted = ACCEPTED;
    const struct {
        struct canned_reply script[4];
        const char *trace; /* in the last of two invocations */
    } cases[] = {
        {{with, accepted, without, accepted}, NULL},
        {{without, accepted, with, accepted}, "Root=1"},
        {{with, accepted, other, accepted}, "Root=22"},
        {{other, accepted, empty, accepted}, NULL},
        {{with, accepted, huge, accepted}, NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        fake_reset(NULL);
        script_run(&r, "fake", cases[i].script, 4);
        assert_int_equal(fake.runs, 2);
        assert_int_equal(fake.trace_set, cases[i].trace != NULL);
        assert_string_equal(fake.trace, cases[i].trace != NULL ? cases[i].trace : "");
        canned_http_free(r.server);
    }
    script_assert_has(r.log, "WARN id-1 runtime: a trace id of 2047 bytes is left out\n");
}

static void only_the_request_id_is_required(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct script_run r;

    (void)state;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_request(&r, 1, POST_RESPONSE);
    assert_false(fake.trace_set);
    assert_true(fake.deadline_mono_ms == INT64_MAX);
    canned_http_free(r.server);
}

static void unusable_request_id_is_asked_for_again_without_a_post(void **state)
{
    static const struct canned_reply scripts[] = {
        EVENT(""),
        EVENT("Lambda-Runtime-Aws-Request-Id:\r\n"),
        EVENT("Lambda-Runtime-Aws-Request-Id: a/b\r\n"),
        EVENT("Lambda-Runtime-Aws-Request-Id: ..\r\n"),
        EVENT("Lambda-Runtime-Aws-Request-Id: a b\r\n"),
        EVENT("Lambda-Runtime-Aws-Request-Id: a?b\r\n"),
        EVENT("Lambda-Runtime-Aws-Request-Id: \xC3\xA9\r\n"),
        EVENT("Lambda-Runtime-Aws-Request-Id: "
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "aaaa"
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "aaaa"
              "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
              "aaaa"
              "\r\n"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(scripts); i++) {
        struct script_run r;
        script_run(&r, "fake", &scripts[i], 1);
        script_assert_request(&r, 1, NEXT); /* another try, and nothing else */
        assert_int_equal(canned_http_requests(r.server), 2);
        assert_int_equal(fake.runs, 0);
        script_assert_has(r.log, "no usable Lambda-Runtime-Aws-Request-Id; trying again");
        canned_http_free(r.server);
    }
}

static void long_request_id_is_used_whole_and_cut_in_the_log(void **state)
{
#define LONG_ID                                                                                    \
    "0123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789"
    static const struct canned_reply script[] = {
        EVENT("Lambda-Runtime-Aws-Request-Id: " LONG_ID "\r\n"), ACCEPTED};
    struct script_run r;

    (void)state;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_request(&r, 1, "POST /2018-06-01/runtime/invocation/" LONG_ID "/response");
    assert_string_equal(fake.id, LONG_ID);
    script_assert_has(
        r.log, "INFO 0123456789-123456789-123456789-123456789-123456789-123456789-12 the");
    canned_http_free(r.server);
}

static void deadline_header_reaches_the_handler(void **state)
{
    static char head[256];
    const struct canned_reply script[] = {{NEXT, head, 0, 0, 0}, ACCEPTED};
    struct script_run r;

    (void)state;
    const int64_t before_ms = weir_clock_mono_ms();
    snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\n" ID "Lambda-Runtime-Deadline-Ms: %lld\r\nContent-Length: 2\r\n\r\n{}",
        (long long)(weir_clock_unix_ms() + 900000));
    script_run(&r, "fake", script, COUNT(script));
    /* 900 s less the margin, from somewhat later than that. */
    assert_in_range(fake.deadline_mono_ms - before_ms, 898000 - 1, 898000 + 60000);
    canned_http_free(r.server);
}

static void deadline_that_is_no_number_is_none(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID "Lambda-Runtime-Deadline-Ms: soon\r\n"), ACCEPTED};
    static const struct canned_reply empty[] = {
        EVENT(ID "Lambda-Runtime-Deadline-Ms:\r\n"), ACCEPTED};
    struct script_run r;

    (void)state;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_request(&r, 1, POST_RESPONSE);
    assert_true(fake.deadline_mono_ms == INT64_MAX);
    script_assert_has(r.log, "WARN id-1 runtime: Lambda-Runtime-Deadline-Ms is no number\n");
    canned_http_free(r.server);

    script_run(&r, "fake", empty, COUNT(empty));
    assert_true(fake.deadline_mono_ms == INT64_MAX);
    assert_null(strstr(r.log, "WARN"));
    canned_http_free(r.server);
}

static void event_that_is_no_json_is_a_function_error(void **state)
{
    static const struct canned_reply events[] = {
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 0\r\n\r\n", 0, 0, 0},
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 8\r\n\r\nnonsense", 0, 0, 0},
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 4\r\n\r\n{} {", 0, 0, 0},
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 3\r\n\r\n\"\x80\"", 0, 0, 0},
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 1000\r\n\r\n", 1000, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(events); i++) {
        const struct canned_reply script[] = {events[i], ACCEPTED};
        struct script_run r;
        size_t len = 0;
        script_run(&r, "fake", script, COUNT(script));
        script_assert_request(&r, 1, POST_ERROR);
        script_assert_has(
            canned_http_request(r.server, 1, NULL), "Error-Type: Function.BadData\r\n");
        script_assert_has(canned_http_body(r.server, 1, &len), "{\"errorMessage\":\"event: ");
        assert_int_equal(fake.runs, 0);
        assert_int_equal(canned_http_requests(r.server), 3); /* and on it goes */
        canned_http_free(r.server);
    }
}

/* ---- what the handler says ---- */

static void error_of_the_handler_has_its_type_and_message(void **state)
{
    static const struct {
        enum weir_code code;
        const char *type, *message, *json;
    } cases[] = {
        {WEIR_E_DATA, "Function.BadData", "row 7", "row 7"},
        {WEIR_E_REMOTE, "Function.RemoteError", "a \"b\" \\ \n", "a \\\"b\\\" \\\\ \\n"},
        {WEIR_E_NOMEM, "Runtime.OutOfMemory", "\xC3\xA9", "\xC3\xA9"},
        {WEIR_E_BUG, "Runtime.InternalError", "\xC3(", "\xEF\xBF\xBD("},
        {WEIR_E_DEADLINE, "Function.DeadlineExceeded", "", ""},
    };
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct script_run r;
        fake.code = cases[i].code;
        fake.message = cases[i].message;
        script_run(&r, "fake", script, COUNT(script));
        script_assert_error(&r, 1, POST_ERROR, cases[i].type, cases[i].json);
        assert_int_equal(canned_http_requests(r.server), 3);
        script_assert_has(r.log, "ERROR id-1 ");
        script_assert_has(r.log, cases[i].type);
        canned_http_free(r.server);
    }
}

static void error_type_that_the_handler_names_is_the_headers_and_the_bodys(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED, EVENT(ID), ACCEPTED};
    struct script_run r;

    (void)state;
    fake.code = WEIR_E_DATA;
    fake.error_type = "Function.NoSuchOrder";
    script_run(&r, "fake", script, COUNT(script));
    script_assert_error(&r, 1, POST_ERROR, "Function.NoSuchOrder", "it is bad");
    script_assert_has(r.log, "ERROR id-1 Function.NoSuchOrder: it is bad");
    canned_http_free(r.server);
}

static void tenant_id_is_in_the_log_while_its_invocation_runs(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID "Lambda-Runtime-Aws-Tenant-Id: blue\r\n"), ACCEPTED, EVENT(ID), ACCEPTED};
    struct script_run r;

    (void)state;
    fake.log_json = true;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_has(
        r.log, "\"requestId\":\"id-1\",\"tenantId\":\"blue\",\"message\":\"the handler runs\"");
    script_assert_has(r.log, "\"requestId\":\"id-1\",\"message\":\"the handler runs\"");
    canned_http_free(r.server);
}

static void error_type_does_not_stay_for_the_next_invocation(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID),
        ACCEPTED,
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 1\r\n\r\n{", 0, 0, 0},
        ACCEPTED,
    };
    struct script_run r;

    (void)state;
    fake.code = WEIR_E_DATA;
    fake.error_type = "Function.NoSuchOrder";
    script_run(&r, "fake", script, COUNT(script));
    script_assert_error(&r, 1, POST_ERROR, "Function.NoSuchOrder", "it is bad");
    script_assert_has(canned_http_request(r.server, 3, NULL), "Error-Type: Function.BadData\r\n");
    canned_http_free(r.server);
}

static void handler_without_a_response_is_a_function_error(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct script_run r;

    (void)state;
    fake.response = "";
    script_run(&r, "fake", script, COUNT(script));
    script_assert_error(
        &r, 1, POST_ERROR, "Runtime.InternalError", "fake: the handler left no response");
    canned_http_free(r.server);
}

static void handler_that_fails_silently_is_a_function_error(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct script_run r;

    (void)state;
    fake.run_fails_silently = true;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_error(
        &r, 1, POST_ERROR, "Runtime.InternalError", "fake: the handler failed and did not say why");
    canned_http_free(r.server);
}

static void response_of_6_mib_is_sent_and_one_byte_more_is_refused(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct script_run r;
    size_t len = 0;

    (void)state;
    fake.response_bytes = WEIR_RESPONSE_MAX_BYTES;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_request(&r, 1, POST_RESPONSE);
    (void)canned_http_body(r.server, 1, &len);
    assert_int_equal(len, WEIR_RESPONSE_MAX_BYTES);
    canned_http_free(r.server);

    fake.response_bytes++;
    script_run(&r, "fake", script, COUNT(script));
    script_assert_error(&r, 1, POST_ERROR, "Function.ResponseSizeTooLarge",
        "the response has 6291457 bytes, Lambda takes 6291456");
    assert_int_equal(canned_http_requests(r.server), 3);
    canned_http_free(r.server);
}

/* ---- the deadline ---- */

static void deadline_is_put_on_the_monotonic_clock_less_a_margin(void **state)
{
    const int64_t year_33658 = 999999999999999 - 1000000;
    const struct {
        const char *header;
        int64_t unix_ms, mono_ms;
        int rc;
        int64_t deadline, undo_by;
    } cases[] = {
        {NULL, 1000, 5, 0, INT64_MAX, INT64_MAX},
        {"1010000", 1000000, 50, 0, 50 + 9000, 50 + 9500},            /* 10 s left: a tenth off */
        {"1020000", 1000000, 50, 0, 50 + 18000, 50 + 19000},          /* 20 s: both rules agree */
        {"1900000", 1000000, 50, 0, 50 + 900000 - 2000, 50 + 899000}, /* 15 min: 2 s off */
        {"1000009", 1000000, 50, 0, 50 + 9, 50 + 9},                  /* 9 ms: nothing to spare */
        {"1000000", 1000000, 50, 0, 50, 50},                          /* now */
        {"999999", 1000000, 50, 0, 50, 50},                           /* gone */
        {"0", 1000000, 50, 0, 50, 50},
        {"999999999999999", 1000000, 50, 0, 50 + year_33658 - 2000, 50 + year_33658 - 1000},
        {"1000000000000000", 1000000, 50, -1, INT64_MAX, INT64_MAX}, /* too long */
        {"99999999999999999999999", 1000000, 50, -1, INT64_MAX, INT64_MAX},
        {"", 1000000, 50, -1, INT64_MAX, INT64_MAX},
        {"-1", 1000000, 50, -1, INT64_MAX, INT64_MAX},
        {"+1", 1000000, 50, -1, INT64_MAX, INT64_MAX},
        {"1e5", 1000000, 50, -1, INT64_MAX, INT64_MAX},
        {" 1", 1000000, 50, -1, INT64_MAX, INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_runtime_deadline got;
        int rc = weir_runtime_deadline(cases[i].header, cases[i].unix_ms, cases[i].mono_ms, &got);
        if (rc != cases[i].rc || got.deadline_mono_ms != cases[i].deadline ||
            got.undo_by_mono_ms != cases[i].undo_by) {
            fail_msg("%s: %d, %lld, %lld", cases[i].header, rc, (long long)got.deadline_mono_ms,
                (long long)got.undo_by_mono_ms);
        }
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, fake_reset)
    const struct CMUnitTest tests[] = {
        TEST(invocation_is_run_and_its_response_posted),
        TEST(signal_cancels_the_run_and_nothing_is_posted),
        TEST(trace_id_is_set_and_unset_with_each_invocation),
        TEST(only_the_request_id_is_required),
        TEST(unusable_request_id_is_asked_for_again_without_a_post),
        TEST(long_request_id_is_used_whole_and_cut_in_the_log),
        TEST(deadline_header_reaches_the_handler),
        TEST(deadline_that_is_no_number_is_none),
        TEST(event_that_is_no_json_is_a_function_error),
        TEST(error_of_the_handler_has_its_type_and_message),
        TEST(error_type_that_the_handler_names_is_the_headers_and_the_bodys),
        TEST(tenant_id_is_in_the_log_while_its_invocation_runs),
        TEST(error_type_does_not_stay_for_the_next_invocation),
        TEST(handler_without_a_response_is_a_function_error),
        TEST(handler_that_fails_silently_is_a_function_error),
        TEST(response_of_6_mib_is_sent_and_one_byte_more_is_refused),
        TEST(deadline_is_put_on_the_monotonic_clock_less_a_margin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
