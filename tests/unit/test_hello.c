/* Does hello do what its event says, and nothing else? */
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/hello/hello.h"
#include "net/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct weir_loop *loop;
static struct weir_log quiet = {.fd = -1};

static int setup(void **state)
{
    (void)state;
    unsetenv("WEIR_HELLO_GREETING");
    loop = weir_loop_new(NULL);
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    weir_loop_free(loop);
    return 0;
}

struct answer {
    int rc;
    struct weir_err err;
    char type[WEIR_ERROR_TYPE_BYTES];
    struct weir_buf response;
};

static void *init(struct weir_err *err)
{
    const struct weir_handler_env env = {.loop = loop, .log = &quiet, .folder = "."};

    return weir_hello_handler.init(&env, err);
}

/* One invocation; response is to be released. */
static void invoke(const char *event, int64_t deadline_ms, struct answer *ret)
{
    void *self = init(&ret->err);

    assert_non_null(self);
    *ret = (struct answer){0};
    weir_buf_init(&ret->response, WEIR_RESPONSE_ROOM_BYTES);
    const struct weir_invocation inv = {.event = event,
        .event_len = strlen(event),
        .request_id = "r-1",
        .deadline_mono_ms = deadline_ms,
        .undo_by_mono_ms = deadline_ms,
        .loop = loop,
        .log = &quiet,
        .error_type = ret->type};
    ret->rc = weir_hello_handler.run(self, &inv, &ret->response, &ret->err);
    weir_hello_handler.fini(self);
}

static void expect(const char *event, const char *want)
{
    struct answer a;

    invoke(event, INT64_MAX, &a);
    assert_string_equal(a.err.msg, "");
    assert_int_equal(a.rc, 0);
    assert_string_equal(weir_buf_text(&a.response, NULL), want);
    weir_buf_fini(&a.response);
}

static void event_decides_the_response(void **state)
{
    static const struct {
        const char *event, *response;
    } rows[] = {
        {"{\"name\":\"x\"}", "{\"message\":\"hello x\"}"},
        {"{\"name\":\"Zo\\u00eb \\\"Z\\\" \\n\"}",
            "{\"message\":\"hello Zo\xC3\xAB \\\"Z\\\" \\n\"}"},
        {"{\"name\":\"\"}", "{\"message\":\"hello \"}"},
        {"{}", "{\"message\":\"hello world\"}"},
        {"{\"name\":null,\"key1\":[1]}", "{\"message\":\"hello world\"}"},
        {"{\"bytes\":0}", "{\"data\":\"\"}"},
        {"{\"bytes\":3}", "{\"data\":\"xxx\"}"},
        {"{\"sleep_ms\":0}", "{\"message\":\"hello world\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        expect(rows[i].event, rows[i].response);
    }
}

static void greeting_is_a_setting(void **state)
{
    char longest[WEIR_HELLO_GREETING_MAX_BYTES + 2];
    struct weir_err err = {0};

    (void)state;
    setenv("WEIR_HELLO_GREETING", "good morning,", 1);
    expect("{\"name\":\"x\"}", "{\"message\":\"good morning, x\"}");
    memset(longest, 'g', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    setenv("WEIR_HELLO_GREETING", longest, 1);
    assert_null(init(&err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "WEIR_HELLO_GREETING"));
}

static void event_that_is_not_understood_is_a_data_error(void **state)
{
    static const struct {
        const char *event, *message;
    } rows[] = {
        {"[]", "event: must be an object"},
        {"null", "event: must be an object"},
        {"{\"name\":1}", "event: /name: must be a string"},
        {"{\"sleep_ms\":-1}", "event: /sleep_ms: must be"},
        {"{\"sleep_ms\":\"1\"}", "event: /sleep_ms: must be"},
        {"{\"sleep_ms\":900001}", "event: /sleep_ms: must be"},
        {"{\"bytes\":1.5}", "event: /bytes: must be"},
        {"{\"bytes\":99999999999}", "event: /bytes: must be"},
        {"{\"error\":true}", "event: /error: must be a string"},
        {"{\"error\":\"\"}", "an error type of 0 bytes: 1..127 are allowed"},
        {"{\"error\":\"a b\"}", "an error type must be printable ASCII without blanks"},
        {"{\"error\":\"a\\r\\nX-Other: 1\"}", "an error type must be printable"},
        {"{\"error\":\"\\u00e9\"}", "an error type must be printable ASCII"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answer a;
        invoke(rows[i].event, INT64_MAX, &a);
        assert_int_equal(a.rc, -1);
        assert_int_equal(a.err.code, WEIR_E_DATA);
        if (strncmp(a.err.msg, rows[i].message, strlen(rows[i].message)) != 0) {
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].event, a.err.msg, rows[i].message);
        }
        assert_string_equal(a.type, "");
        weir_buf_fini(&a.response);
    }
}

static void error_is_of_the_type_that_the_event_names(void **state)
{
    static const char *const types[] = {
        "Function.Custom", "Runtime.X", "MyError", "a.b:c/d", "NoSuchOrder"};

    (void)state;
    for (size_t i = 0; i < COUNT(types); i++) {
        char event[128];
        struct answer a;
        snprintf(event, sizeof event, "{\"error\":\"%s\",\"name\":\"x\"}", types[i]);
        invoke(event, INT64_MAX, &a);
        assert_int_equal(a.rc, -1);
        assert_string_equal(a.type, types[i]);
        assert_string_equal(a.err.msg, "hello: the event asks for this error");
        weir_buf_fini(&a.response);
    }
}

static void data_may_be_larger_than_lambda_takes(void **state)
{
    struct answer a;

    (void)state;
    invoke("{\"bytes\":7000000}", INT64_MAX, &a);
    assert_int_equal(a.rc, 0);
    assert_int_equal(a.response.len, 7000000 + strlen("{\"data\":\"\"}"));
    weir_buf_fini(&a.response);
    invoke("{\"bytes\":33554432}", INT64_MAX, &a); /* one that the buffer does not hold */
    assert_int_equal(a.rc, -1);
    assert_int_equal(a.err.code, WEIR_E_LIMIT);
    weir_buf_fini(&a.response);
}

static void sleep_lasts_as_long_as_asked(void **state)
{
    struct answer a;
    int64_t begun = weir_clock_mono_ms();

    (void)state;
    invoke("{\"sleep_ms\":30,\"name\":\"x\"}", INT64_MAX, &a);
    assert_int_equal(a.rc, 0);
    assert_true(weir_clock_mono_ms() - begun >= 30);
    assert_string_equal(weir_buf_text(&a.response, NULL), "{\"message\":\"hello x\"}");
    weir_buf_fini(&a.response);
}

static void sleep_ends_with_an_error_at_the_deadline(void **state)
{
    struct answer a;
    int64_t begun = weir_clock_mono_ms();

    (void)state;
    invoke("{\"sleep_ms\":900000}", begun + 30, &a);
    assert_int_equal(a.rc, -1);
    assert_int_equal(a.err.code, WEIR_E_DEADLINE);
    assert_in_range(weir_clock_mono_ms() - begun, 30, 300000);
    assert_int_equal(a.response.len, 0);
    weir_buf_fini(&a.response);
}

static void sleep_ends_when_the_loop_is_cancelled(void **state)
{
    struct weir_signals *signals = weir_signals_new(loop, NULL);
    struct answer a;
    int64_t begun = weir_clock_mono_ms();

    (void)state;
    assert_non_null(signals);
    assert_int_equal(raise(SIGTERM), 0);
    invoke("{\"sleep_ms\":900000}", INT64_MAX, &a);
    assert_int_equal(a.rc, -1);
    assert_int_equal(a.err.code, WEIR_E_CANCEL);
    assert_true(weir_clock_mono_ms() - begun < 300000);
    weir_buf_fini(&a.response);
    weir_signals_free(signals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(event_decides_the_response, setup, teardown),
        cmocka_unit_test_setup_teardown(greeting_is_a_setting, setup, teardown),
        cmocka_unit_test_setup_teardown(
            event_that_is_not_understood_is_a_data_error, setup, teardown),
        cmocka_unit_test_setup_teardown(error_is_of_the_type_that_the_event_names, setup, teardown),
        cmocka_unit_test_setup_teardown(data_may_be_larger_than_lambda_takes, setup, teardown),
        cmocka_unit_test_setup_teardown(sleep_lasts_as_long_as_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(sleep_ends_with_an_error_at_the_deadline, setup, teardown),
        cmocka_unit_test_setup_teardown(sleep_ends_when_the_loop_is_cancelled, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
