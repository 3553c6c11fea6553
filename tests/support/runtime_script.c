#include "tests/support/runtime_script.h"

#include "core/clock.h"

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

struct fake_handler fake;

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

int fake_reset(void **state)
{
    (void)state;
    memset(&fake, 0, sizeof fake);
    fake.response = "{\"done\":true}";
    fake.message = "it is bad";
    (void)unsetenv("_X_AMZN_TRACE_ID");
    return 0;
}

int script_run_with(const char *api, const char *handler, char *log_text, size_t log_size)
{
    struct weir_log log = {
        .fd = memfd_create("log", MFD_CLOEXEC), .level = WEIR_LOG_INFO, .json = fake.log_json};
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

void script_run(
    struct script_run *r, const char *handler, const struct canned_reply *script, size_t n)
{
    char api[64];

    r->server = fake.server = canned_http_new(script, n);
    snprintf(api, sizeof api, "127.0.0.1:%d", canned_http_port(r->server));
    r->rc = script_run_with(api, handler, r->log, sizeof r->log);
    assert_int_equal(r->rc, WEIR_RUNTIME_FAILED); /* the script's end */
}

void script_assert_request(struct script_run *r, size_t i, const char *start)
{
    const char *text = canned_http_request(r->server, i, NULL);

    if (strncmp(text, start, strlen(start)) != 0 || text[strlen(start)] != ' ') {
        fail_msg("request %zu is \"%.80s\", expected \"%s\"", i, text, start);
    }
}

void script_assert_body(struct script_run *r, size_t i, const char *expected)
{
    size_t len = 0;
    const char *body = canned_http_body(r->server, i, &len);

    if (len != strlen(expected) || memcmp(body, expected, len) != 0) {
        fail_msg("body %zu is \"%.*s\", expected \"%s\"", i, (int)len, body, expected);
    }
}

void script_assert_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is missing in \"%s\"", part, text);
    }
}

void script_assert_error(
    struct script_run *r, size_t i, const char *start, const char *type, const char *message)
{
    char expected[2048], header[128];

    script_assert_request(r, i, start);
    snprintf(header, sizeof header, "\r\nLambda-Runtime-Function-Error-Type: %s\r\n", type);
    script_assert_has(canned_http_request(r->server, i, NULL), header);
    script_assert_has(
        canned_http_request(r->server, i, NULL), "\r\nContent-Type: application/json\r\n");
    snprintf(expected, sizeof expected,
        "{\"errorMessage\":\"%s\",\"errorType\":\"%s\",\"stackTrace\":[]}", message, type);
    script_assert_body(r, i, expected);
}
