/*
 * Is every invocation answered as the Runtime API wants it, and does every answer of the API get
 * its reaction? The real client runs a fake handler against a scripted server; each script ends
 * with a /next for which the server has no reply (status 599), which ends the process's loop.
 */
#include "bootstrap/invocation.h"
#include "bootstrap/runtime.h"
#include "core/clock.h"
#include "core/limits.h"
#include "tests/support/canned_http.h"

#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define NEXT "GET /2018-06-01/runtime/invocation/next"
#define POST_RESPONSE "POST /2018-06-01/runtime/invocation/id-1/response"
#define POST_ERROR "POST /2018-06-01/runtime/invocation/id-1/error"
#define POST_INIT_ERROR "POST /2018-06-01/runtime/init/error"
#define EVENT(headers)                                                                             \
    {                                                                                              \
        NEXT, "HTTP/1.1 200 OK\r\n" headers "Content-Length: 2\r\n\r\n{}", 0, 0, 0                 \
    }
#define ID "Lambda-Runtime-Aws-Request-Id: id-1\r\n"
#define ACCEPTED                                                                                   \
    {                                                                                              \
        "POST", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, 0, 0                      \
    }
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* ---- a handler that does as it is told, and remembers ---- */

static struct {
    /* told */
    bool init_fails, init_is_silent, run_fails_silently;
    int signal;          /* raised in run, which then waits on its loop; 0: none */
    enum weir_code code; /* of run; WEIR_OK: respond */
    const char *message;
    const char *error_type; /* named before the error; NULL: none */
    const char *response;
    size_t response_bytes; /* of this many 'a' in quotes instead, when not 0 */
    bool streams;          /* in place of it */
    struct canned_http *server;
    uint64_t said_bytes;
    /* remembered */
    size_t runs, finis;
    char event[256], trace[2048], id[256], folder[64];
    bool trace_set;
    int64_t deadline_mono_ms;
} fake;

static void *fake_init(const struct weir_handler_env *env, struct weir_err *err)
{
    assert_non_null(env->loop);
    assert_non_null(env->log);
    snprintf(fake.folder, sizeof fake.folder, "%s", env->folder);
    if (fake.init_fails) {
        weir_err_set(err, WEIR_E_CONFIG, "FAKE_SETTING: \"x\" is no number");
    }
    return fake.init_fails || fake.init_is_silent ? NULL : &fake;
}

static void no_tick(uv_timer_t *timer)
{
    (void)timer;
}

/* Two pieces; the second when the server has said what it says to the first. */
static int fake_stream(const struct weir_invocation *inv, struct weir_err *err)
{
    const struct weir_stream_head head = {0};
    const int64_t end_ms = weir_clock_mono_ms() + 60000;
    struct weir_stage sink = {0};
    enum weir_step step = WEIR_NEED_IN;
    uint8_t none = 0;

    assert_int_equal(weir_handler_stream(inv, &head, &sink, err), 0);
    for (int i = 0; i < 2; i++) {
        struct weir_in in = {(const uint8_t *)"half", 4, 0, i == 1};
        struct weir_out out = {&none, 0, 0};
        assert_int_equal(step, WEIR_NEED_IN);
        do {
            step = sink.ops->step(sink.self, &in, &out, err);
        } while (step == WEIR_WAIT && weir_clock_mono_ms() < end_ms &&
                 weir_loop_step(inv->loop, end_ms, err) == 0);
        while (canned_http_sent(fake.server) < fake.said_bytes && weir_clock_mono_ms() < end_ms) {
            sched_yield();
        }
    }
    weir_stage_free(&sink);
    return step == WEIR_END && weir_clock_mono_ms() < end_ms
               ? 0
               : weir_err_set(err, WEIR_E_BUG, "the stream does not end");
}

static int fake_run(void *self, const struct weir_invocation *invocation, struct weir_buf *response,
    struct weir_err *err)
{
    const char *trace = getenv("_X_AMZN_TRACE_ID");

    assert_ptr_equal(self, &fake);
    assert_non_null(invocation->loop);
    assert_int_equal(response->len, 0);
    assert_int_equal(invocation->event[invocation->event_len], '\0');
    fake.runs++;
    snprintf(fake.event, sizeof fake.event, "%s", invocation->event);
    snprintf(fake.id, sizeof fake.id, "%s", invocation->request_id);
    fake.trace_set = trace != NULL;
    snprintf(fake.trace, sizeof fake.trace, "%s", trace != NULL ? trace : "");
    fake.deadline_mono_ms = invocation->deadline_mono_ms;
    weir_log_write(invocation->log, WEIR_LOG_INFO, "the handler runs");
    if (fake.signal != 0) {
        uv_timer_t timer;

        uv_timer_init(weir_loop_uv(invocation->loop), &timer);
        uv_timer_start(&timer, no_tick, 100000, 0);
        assert_int_equal(raise(fake.signal), 0);
        while (weir_loop_step(invocation->loop, INT64_MAX, err) == 0) {
        }
        uv_close((uv_handle_t *)&timer, NULL);
        (void)weir_loop_step_undo(invocation->loop, 0, NULL);
        return -1;
    }
    if (fake.code != WEIR_OK) {
        (void)weir_buf_adds(response, "half of a resp", err);
        if (fake.error_type != NULL) {
            assert_int_equal(weir_handler_error_type(invocation, fake.error_type, err), 0);
        }
        return weir_err_set(err, fake.code, "%s", fake.message);
    }
    if (fake.run_fails_silently) {
        return -1;
    }
    if (fake.streams) {
        return fake_stream(invocation, err);
    }
    if (fake.response_bytes > 0) {
        uint8_t *p = weir_buf_reserve(response, fake.response_bytes, err);
        if (p == NULL) {
            return -1;
        }
        memset(p, 'a', fake.response_bytes);
        p[0] = p[fake.response_bytes - 1] = '"';
        response->len += fake.response_bytes;
        return 0;
    }
    return weir_buf_adds(response, fake.response, err);
}

static void fake_fini(void *self)
{
    assert_ptr_equal(self, &fake);
    fake.finis++;
}

static const struct weir_handler fake_handler = {"fake", fake_init, fake_run, fake_fini};
static const struct weir_handler other_handler = {"other", fake_init, fake_run, fake_fini};
static const struct weir_handler *const table[] = {&other_handler, &fake_handler};

static int reset_fake(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.response = "{\"done\":true}";
    fake.message = "it is bad";
    (void)unsetenv("_X_AMZN_TRACE_ID");
    return 0;
}

/* ---- one run of the loop against a script ---- */

struct run {
    struct canned_http *server;
    int rc;
    char log[16384];
};

static int run_with(const char *api, const char *handler, char *log_text, size_t log_size)
{
    struct weir_log log = {.fd = memfd_create("log", MFD_CLOEXEC), .level = WEIR_LOG_INFO};
    const struct weir_runtime runtime = {.api = api,
        .handler = handler,
        .handlers = table,
        .handlers_n = COUNT(table),
        .folder = "/folder",
        .log = &log,
        .retry_ms = 1};

    assert_int_not_equal(log.fd, -1);
    int rc = weir_runtime_run(&runtime);
    ssize_t n = pread(log.fd, log_text, log_size - 1, 0);
    assert_true(n >= 0);
    log_text[n] = '\0';
    close(log.fd);
    return rc;
}

static void run_script(
    struct run *r, const char *handler, const struct canned_reply *script, size_t n)
{
    char api[64];

    r->server = fake.server = canned_http_new(script, n);
    snprintf(api, sizeof api, "127.0.0.1:%d", canned_http_port(r->server));
    r->rc = run_with(api, handler, r->log, sizeof r->log);
    assert_int_equal(r->rc, WEIR_RUNTIME_FAILED); /* the script's end */
}

static void assert_request(struct run *r, size_t i, const char *start)
{
    const char *text = canned_http_request(r->server, i, NULL);

    if (strncmp(text, start, strlen(start)) != 0 || text[strlen(start)] != ' ') {
        fail_msg("request %zu is \"%.80s\", expected \"%s\"", i, text, start);
    }
}

static void assert_body(struct run *r, size_t i, const char *expected)
{
    size_t len = 0;
    const char *body = canned_http_body(r->server, i, &len);

    if (len != strlen(expected) || memcmp(body, expected, len) != 0) {
        fail_msg("body %zu is \"%.*s\", expected \"%s\"", i, (int)len, body, expected);
    }
}

static void assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is missing in \"%s\"", part, text);
    }
}

/* The invocation was answered by an error with this type; message is what the JSON holds. */
static void assert_error(
    struct run *r, size_t i, const char *start, const char *type, const char *message)
{
    char expected[2048], header[128];

    assert_request(r, i, start);
    snprintf(header, sizeof header, "\r\nLambda-Runtime-Function-Error-Type: %s\r\n", type);
    assert_has(canned_http_request(r->server, i, NULL), header);
    assert_has(canned_http_request(r->server, i, NULL), "\r\nContent-Type: application/json\r\n");
    snprintf(expected, sizeof expected,
        "{\"errorMessage\":\"%s\",\"errorType\":\"%s\",\"stackTrace\":[]}", message, type);
    assert_body(r, i, expected);
}

/* ---- invocations ---- */

static void signal_cancels_the_run_and_nothing_is_posted(void **state)
{
    static const int numbers[] = {SIGINT, SIGTERM};
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct run r = {.server = canned_http_new(script, COUNT(script))};
        char api[64];

        fake.signal = numbers[i];
        fake.finis = 0;
        snprintf(api, sizeof api, "127.0.0.1:%d", canned_http_port(r.server));
        assert_int_equal(
            run_with(api, "fake", r.log, sizeof r.log), WEIR_RUNTIME_SIGNAL + numbers[i]);
        assert_request(&r, 0, NEXT);
        assert_int_equal(canned_http_requests(r.server), 1);
        assert_int_equal(fake.finis, 1);
        assert_has(r.log, numbers[i] == SIGINT ? "stopped by SIGINT" : "stopped by SIGTERM");
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
    struct run r;

    (void)state;
    run_script(&r, "fake", script, COUNT(script));
    assert_int_equal(canned_http_requests(r.server), 3);
    assert_request(&r, 0, NEXT);
    assert_request(&r, 1, POST_RESPONSE);
    assert_has(canned_http_request(r.server, 1, NULL), "\r\nContent-Type: application/json\r\n");
    assert_null(strstr(canned_http_request(r.server, 1, NULL), "Error-Type"));
    assert_body(&r, 1, "{\"done\":true}");
    assert_request(&r, 2, NEXT);
    assert_int_equal(canned_http_connections(r.server), 1);
    assert_string_equal(fake.event, "{}");
    assert_string_equal(fake.id, "id-1");
    assert_string_equal(fake.folder, "/folder");
    assert_string_equal(fake.trace, "Root=1-2;Sampled=1");
    assert_int_equal(fake.finis, 1);
    assert_has(r.log, "INFO id-1 the handler runs\n");
    assert_has(r.log, "ERROR runtime: GET invocation/next: status 599\n"); /* no id any more */
    canned_http_free(r.server);
}

static void trace_id_is_set_and_unset_with_each_invocation(void **state)
{
    static char long_one[4096];
    char trace[2048];
    struct run r;

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
        reset_fake(NULL);
        run_script(&r, "fake", cases[i].script, 4);
        assert_int_equal(fake.runs, 2);
        assert_int_equal(fake.trace_set, cases[i].trace != NULL);
        assert_string_equal(fake.trace, cases[i].trace != NULL ? cases[i].trace : "");
        canned_http_free(r.server);
    }
    assert_has(r.log, "WARN id-1 runtime: a trace id of 2047 bytes is left out\n");
}

static void only_the_request_id_is_required(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct run r;

    (void)state;
    run_script(&r, "fake", script, COUNT(script));
    assert_request(&r, 1, POST_RESPONSE);
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
        struct run r;
        run_script(&r, "fake", &scripts[i], 1);
        assert_request(&r, 1, NEXT); /* another try, and nothing else */
        assert_int_equal(canned_http_requests(r.server), 2);
        assert_int_equal(fake.runs, 0);
        assert_has(r.log, "no usable Lambda-Runtime-Aws-Request-Id; trying again");
        canned_http_free(r.server);
    }
}

static void long_request_id_is_used_whole_and_cut_in_the_log(void **state)
{
#define LONG_ID                                                                                    \
    "0123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789-123456789"
    static const struct canned_reply script[] = {
        EVENT("Lambda-Runtime-Aws-Request-Id: " LONG_ID "\r\n"), ACCEPTED};
    struct run r;

    (void)state;
    run_script(&r, "fake", script, COUNT(script));
    assert_request(&r, 1, "POST /2018-06-01/runtime/invocation/" LONG_ID "/response");
    assert_string_equal(fake.id, LONG_ID);
    assert_has(r.log, "INFO 0123456789-123456789-123456789-123456789-123456789-123456789-12 the");
    canned_http_free(r.server);
}

static void deadline_header_reaches_the_handler(void **state)
{
    static char head[256];
    const struct canned_reply script[] = {{NEXT, head, 0, 0, 0}, ACCEPTED};
    struct run r;

    (void)state;
    snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\n" ID "Lambda-Runtime-Deadline-Ms: %lld\r\nContent-Length: 2\r\n\r\n{}",
        (long long)(weir_clock_unix_ms() + 900000));
    int64_t before_ms = weir_clock_mono_ms();
    run_script(&r, "fake", script, COUNT(script));
    /* 900 s, less the margin and what the two of us needed. */
    assert_in_range(fake.deadline_mono_ms - before_ms, 898000 - 1, 898000 + 60000);
    canned_http_free(r.server);
}

static void deadline_that_is_no_number_is_none(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID "Lambda-Runtime-Deadline-Ms: soon\r\n"), ACCEPTED};
    static const struct canned_reply empty[] = {
        EVENT(ID "Lambda-Runtime-Deadline-Ms:\r\n"), ACCEPTED};
    struct run r;

    (void)state;
    run_script(&r, "fake", script, COUNT(script));
    assert_request(&r, 1, POST_RESPONSE);
    assert_true(fake.deadline_mono_ms == INT64_MAX);
    assert_has(r.log, "WARN id-1 runtime: Lambda-Runtime-Deadline-Ms is no number\n");
    canned_http_free(r.server);

    run_script(&r, "fake", empty, COUNT(empty));
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
        struct run r;
        size_t len = 0;
        run_script(&r, "fake", script, COUNT(script));
        assert_request(&r, 1, POST_ERROR);
        assert_has(canned_http_request(r.server, 1, NULL), "Error-Type: Function.BadData\r\n");
        assert_has(canned_http_body(r.server, 1, &len), "{\"errorMessage\":\"event: ");
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
        struct run r;
        fake.code = cases[i].code;
        fake.message = cases[i].message;
        run_script(&r, "fake", script, COUNT(script));
        assert_error(&r, 1, POST_ERROR, cases[i].type, cases[i].json);
        assert_int_equal(canned_http_requests(r.server), 3);
        assert_has(r.log, "ERROR id-1 ");
        assert_has(r.log, cases[i].type);
        canned_http_free(r.server);
    }
}

static void error_type_that_the_handler_names_is_the_headers_and_the_bodys(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED, EVENT(ID), ACCEPTED};
    struct run r;

    (void)state;
    fake.code = WEIR_E_DATA;
    fake.error_type = "Function.NoSuchOrder";
    run_script(&r, "fake", script, COUNT(script));
    assert_error(&r, 1, POST_ERROR, "Function.NoSuchOrder", "it is bad");
    assert_has(r.log, "ERROR id-1 Function.NoSuchOrder: it is bad");
    canned_http_free(r.server);
}

static void tenant_id_is_in_the_log_while_its_invocation_runs(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID "Lambda-Runtime-Aws-Tenant-Id: blue\r\n"), ACCEPTED, EVENT(ID), ACCEPTED};
    struct weir_log log = {
        .fd = memfd_create("log", MFD_CLOEXEC), .level = WEIR_LOG_INFO, .json = true};
    struct canned_http *server = canned_http_new(script, COUNT(script));
    char api[64], text[4096];
    const struct weir_runtime runtime = {.api = api,
        .handler = "fake",
        .handlers = table,
        .handlers_n = COUNT(table),
        .folder = "/folder",
        .log = &log};

    (void)state;
    snprintf(api, sizeof api, "127.0.0.1:%d", canned_http_port(server));
    assert_int_equal(weir_runtime_run(&runtime), WEIR_RUNTIME_FAILED);
    ssize_t n = pread(log.fd, text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_has(
        text, "\"requestId\":\"id-1\",\"tenantId\":\"blue\",\"message\":\"the handler runs\"");
    assert_has(text, "\"requestId\":\"id-1\",\"message\":\"the handler runs\"");
    close(log.fd);
    canned_http_free(server);
}

static void error_type_does_not_stay_for_the_next_invocation(void **state)
{
    static const struct canned_reply script[] = {
        EVENT(ID),
        ACCEPTED,
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 1\r\n\r\n{", 0, 0, 0},
        ACCEPTED,
    };
    struct run r;

    (void)state;
    fake.code = WEIR_E_DATA;
    fake.error_type = "Function.NoSuchOrder";
    run_script(&r, "fake", script, COUNT(script));
    assert_error(&r, 1, POST_ERROR, "Function.NoSuchOrder", "it is bad");
    assert_has(canned_http_request(r.server, 3, NULL), "Error-Type: Function.BadData\r\n");
    canned_http_free(r.server);
}

static void handler_without_a_response_is_a_function_error(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct run r;

    (void)state;
    fake.response = "";
    run_script(&r, "fake", script, COUNT(script));
    assert_error(&r, 1, POST_ERROR, "Runtime.InternalError", "fake: the handler left no response");
    canned_http_free(r.server);
}

static void handler_that_fails_silently_is_a_function_error(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct run r;

    (void)state;
    fake.run_fails_silently = true;
    run_script(&r, "fake", script, COUNT(script));
    assert_error(
        &r, 1, POST_ERROR, "Runtime.InternalError", "fake: the handler failed and did not say why");
    canned_http_free(r.server);
}

static void response_of_6_mib_is_sent_and_one_byte_more_is_refused(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID), ACCEPTED};
    struct run r;
    size_t len = 0;

    (void)state;
    fake.response_bytes = WEIR_RESPONSE_MAX_BYTES;
    run_script(&r, "fake", script, COUNT(script));
    assert_request(&r, 1, POST_RESPONSE);
    (void)canned_http_body(r.server, 1, &len);
    assert_int_equal(len, WEIR_RESPONSE_MAX_BYTES);
    canned_http_free(r.server);

    fake.response_bytes++;
    run_script(&r, "fake", script, COUNT(script));
    assert_error(&r, 1, POST_ERROR, "Function.ResponseSizeTooLarge",
        "the response has 6291457 bytes, Lambda takes 6291456");
    assert_int_equal(canned_http_requests(r.server), 3);
    canned_http_free(r.server);
}

/* ---- what the API says ---- */

/* The server says 1xx when it has the head and nothing of the body yet, which no buffer holds. */
static void interim_answer_does_not_cut_a_response_short(void **state)
{
    static const struct canned_reply script[] = {EVENT(ID),
        {"POST", "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 0, CANNED_INTERIM, 0}};
    struct run r;
    size_t len = 0;

    (void)state;
    fake.response_bytes = WEIR_RESPONSE_MAX_BYTES;
    run_script(&r, "fake", script, COUNT(script));
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
    struct run r;

    (void)state;
    fake.streams = true;
    fake.said_bytes = strlen(script[0].head) + strlen(script[1].head);
    run_script(&r, "fake", script, COUNT(script));
    assert_int_equal(canned_http_requests(r.server), 4);
    assert_has(canned_http_request(r.server, 2, NULL), "4\r\nhalf\r\n0\r\n\r\n");
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
        struct run r;
        reset_fake(NULL);
        fake.code = failing ? WEIR_E_DATA : WEIR_OK;
        run_script(&r, "fake", script, COUNT(script));
        assert_request(&r, 1, failing ? POST_ERROR : POST_RESPONSE);
        /* Exactly one answer, and then either /next or the end. */
        assert_int_equal(canned_http_requests(r.server), cases[i / 2].goes_on ? 3 : 2);
        if (cases[i / 2].goes_on) {
            assert_request(&r, 2, NEXT);
        }
        if (cases[i / 2].log != NULL) {
            assert_has(r.log, cases[i / 2].log);
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
        struct run r;
        run_script(&r, "fake", &scripts[i], 1);
        assert_int_equal(canned_http_requests(r.server), 1);
        assert_int_equal(fake.runs, 0);
        assert_has(r.log, "ERROR runtime: GET invocation/next: status ");
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
        struct run r;
        size_t len = 0;
        run_script(&r, "fake", script, COUNT(script));
        assert_int_equal(fake.runs, 0);
        assert_request(&r, 1, POST_ERROR);
        assert_has(
            canned_http_request(r.server, 1, NULL), "Error-Type: Runtime.TruncatedEvent\r\n");
        assert_has(canned_http_body(r.server, 1, &len), cases[i].message);
        assert_request(&r, 2, NEXT); /* and on it goes */
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
        struct run r;
        reset_fake(NULL);
        run_script(&r, "fake", script, COUNT(script));
        assert_int_equal(fake.runs, 1);
        assert_request(&r, 3, POST_RESPONSE);
        assert_int_equal(canned_http_requests(r.server), 5);
        assert_has(r.log, "WARN runtime: GET invocation/next: ");
        canned_http_free(r.server);
    }
}

static void event_larger_than_lambda_allows_is_not_run_and_answered_by_an_error(void **state)
{
    static const struct canned_reply script[] = {
        {NEXT, "HTTP/1.1 200 OK\r\n" ID "Content-Length: 8000000\r\n\r\n", 8000000, CANNED_KEEP, 0},
        ACCEPTED,
    };
    struct run r;

    (void)state;
    run_script(&r, "fake", script, COUNT(script));
    assert_int_equal(fake.runs, 0);
    assert_request(&r, 1, POST_ERROR);
    assert_has(canned_http_request(r.server, 1, NULL), "Error-Type: Function.LimitExceeded\r\n");
    assert_request(&r, 2, NEXT);
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
    struct run r;
    unsigned posts = 0;

    (void)state;
    run_script(&r, "fake", script, COUNT(script));
    assert_has(r.log, "ERROR id-1 runtime: POST invocation/id-1/response: ");
    assert_request(&r, 2, NEXT); /* and it is not given a second time */
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
    assert_int_equal(run_with("127.0.0.1:1", "fake", log, sizeof log), WEIR_RUNTIME_FAILED);
    assert_has(log, "ERROR runtime: GET invocation/next: ");
    assert_int_equal(fake.finis, 1);
}

/* ---- init ---- */

static void init_that_fails_is_reported_and_ends_the_process(void **state)
{
    static const struct canned_reply accepted = ACCEPTED;
    struct run r;

    (void)state;
    fake.init_fails = true;
    run_script(&r, "fake", &accepted, 1);
    assert_int_equal(canned_http_requests(r.server), 1);
    assert_error(&r, 0, POST_INIT_ERROR, "Function.BadConfiguration",
        "FAKE_SETTING: \\\"x\\\" is no number");
    assert_has(r.log, "ERROR Function.BadConfiguration: FAKE_SETTING");
    assert_int_equal(fake.finis, 0);
    canned_http_free(r.server);

    fake.init_fails = false;
    fake.init_is_silent = true;
    run_script(&r, "fake", &accepted, 1);
    assert_error(
        &r, 0, POST_INIT_ERROR, "Runtime.InternalError", "fake: init failed and did not say why");
    canned_http_free(r.server);
}

static void init_error_that_is_refused_ends_the_process_too(void **state)
{
    static const struct canned_reply refused = {
        "POST", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 0, 0, 0};
    struct run r;

    (void)state;
    fake.init_fails = true;
    run_script(&r, "fake", &refused, 1);
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
        struct run r;
        run_script(&r, cases[i].handler, &accepted, 1);
        assert_int_equal(canned_http_requests(r.server), 1);
        assert_error(&r, 0, POST_INIT_ERROR, "Function.BadConfiguration", cases[i].message);
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
        assert_int_equal(run_with(addresses[i], "fake", log, sizeof log), WEIR_RUNTIME_USAGE);
        assert_has(log, "AWS_LAMBDA_RUNTIME_API");
        assert_string_equal(fake.folder, ""); /* init was not called */
    }
}

/* ---- small parts ---- */

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
#define TEST(f) cmocka_unit_test_setup(f, reset_fake)
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
        TEST(deadline_is_put_on_the_monotonic_clock_less_a_margin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
