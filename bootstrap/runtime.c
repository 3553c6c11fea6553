#include "bootstrap/runtime.h"

#include "core/clock.h"
#include "core/limits.h"
#include "net/http.h"
#include "net/signals.h"
#include "json/quote.h"
#include "json/tape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_BYTES (2 * WEIR_RUNTIME_TEXT_MAX_BYTES + 128)
#define ERROR_TYPE_HEADER "Lambda-Runtime-Function-Error-Type"
#define TRACE_NAME "_X_AMZN_TRACE_ID="

struct client {
    const struct weir_runtime *rt;
    struct weir_loop *loop;
    const struct weir_handler *handler;
    void *self;                      /* the handler's state */
    struct weir_buf event, response; /* of one invocation */
    char id[WEIR_RUNTIME_TEXT_MAX_BYTES];
    char error_type[WEIR_ERROR_TYPE_BYTES]; /* the handler's own; empty: its error's code says it */
    struct weir_runtime_deadline deadline;
};

/* What becomes of the process after an exchange. */
enum after { GO_ON, STOP };

/* ---- the environment ---- */

/*
 * putenv with one buffer that is ours, and not setenv: the C library keeps every value that was
 * ever set that way, which is a leak of a value per invocation.
 */
static void set_trace(const struct weir_log *log, const char *value)
{
    static char entry[sizeof TRACE_NAME + WEIR_RUNTIME_TRACE_MAX_BYTES];

    (void)unsetenv("_X_AMZN_TRACE_ID");
    if (value == NULL) {
        return;
    }
    int n = snprintf(entry, sizeof entry, TRACE_NAME "%s", value);
    if (n >= (int)sizeof entry || putenv(entry) != 0) {
        weir_log_write(
            log, WEIR_LOG_WARN, "runtime: a trace id of %zu bytes is left out", strlen(value));
    }
}

int weir_runtime_deadline(
    const char *header, int64_t unix_ms, int64_t mono_ms, struct weir_runtime_deadline *ret)
{
    int64_t deadline_ms = 0;

    *ret = (struct weir_runtime_deadline){INT64_MAX, INT64_MAX};
    if (header == NULL) {
        return 0;
    }
    size_t n = strlen(header);
    if (n == 0 || n > 15 || strspn(header, "0123456789") != n) { /* 15: the year 33658 */
        return -1;
    }
    for (const char *p = header; *p != '\0'; p++) {
        deadline_ms = deadline_ms * 10 + (*p - '0');
    }
    int64_t left_ms = deadline_ms - unix_ms;
    if (left_ms < 0) {
        left_ms = 0;
    }
    int64_t margin_ms = left_ms / 10;
    if (margin_ms > WEIR_RUNTIME_MARGIN_MAX_MS) {
        margin_ms = WEIR_RUNTIME_MARGIN_MAX_MS;
    }
    ret->work_by_mono_ms = mono_ms + left_ms - margin_ms;
    ret->undo_by_mono_ms = mono_ms + left_ms - margin_ms / 2;
    return 0;
}

/* ---- posts ---- */

/*
 * POST a document. type is NULL for a response, else the errorType. Every failure is logged here;
 * what it means for the process is the result.
 */
static enum after post(
    struct client *c, const char *what, const char *type, const struct weir_buf *body)
{
    struct weir_err err = {0};
    struct weir_buf answer;
    char url[URL_BYTES];
    const struct weir_http_header headers[] = {
        {"Content-Type", "application/json"},
        {ERROR_TYPE_HEADER, type},
    };

    (void)snprintf(url, sizeof url, "http://%s/2018-06-01/runtime/%s", c->rt->api, what);
    const struct weir_http_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .headers_n = type != NULL ? 2 : 1,
        .body = body->p,
        .body_len = body->len,
        .timeout_ms = WEIR_RUNTIME_POST_MS,
    };
    weir_buf_init(&answer, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    long status = weir_http_call(c->loop, &request, &answer, NULL, &err);
    weir_buf_fini(&answer);
    if (status >= 200 && status < 300) {
        return GO_ON;
    }
    if (status < 0) {
        weir_log_write(c->rt->log, WEIR_LOG_ERROR, "runtime: POST %s: %s", what, err.msg);
        return GO_ON; /* if the API is gone for good, /next will tell */
    }
    static const struct {
        long status;
        const char *meaning;
    } known[] = {
        {400, "the request was not understood"},
        {403, "an answer was not due"},
        {410, "the invocation is over"},
        {413, "too large; the invocation has failed"},
    };
    const char *meaning = status >= 500 ? "the Runtime API failed" : "refused";
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        meaning = known[i].status == status ? known[i].meaning : meaning;
    }
    weir_log_write(
        c->rt->log, WEIR_LOG_ERROR, "runtime: POST %s: status %ld: %s", what, status, meaning);
    return status >= 500 ? STOP : GO_ON;
}

static enum after post_error(
    struct client *c, const char *what, const char *type, const char *message)
{
    struct weir_err err = {0};
    struct weir_buf body;
    enum after after = GO_ON;

    weir_log_error(c->rt->log, type, message, "%s", "");
    weir_buf_init(&body, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    if (weir_buf_adds(&body, "{\"errorMessage\":", &err) == 0 &&
        weir_json_quote(&body, message, &err) == 0 &&
        weir_buf_adds(&body, ",\"errorType\":", &err) == 0 &&
        weir_json_quote(&body, type, &err) == 0 &&
        weir_buf_adds(&body, ",\"stackTrace\":[]}", &err) == 0) {
        after = post(c, what, type, &body);
    } else { /* nothing can be said: let the platform see the process end */
        weir_log_write(c->rt->log, WEIR_LOG_ERROR, "runtime: POST %s: %s", what, err.msg);
        after = STOP;
    }
    weir_buf_fini(&body);
    return after;
}

/* ---- one invocation ---- */

/* A request id goes into a path and into logs: what cannot stand there is none. */
static bool is_request_id(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = strlen(s);

    return n > 0 && n < WEIR_RUNTIME_TEXT_MAX_BYTES && strspn(s, allowed) == n && s[0] != '.';
}

/* A header of /next; NULL when it is absent or empty. (libcurl 7.88 has the CR of an empty one for
 * its value.) */
static const char *header(struct weir_http *http, const char *name)
{
    const char *value = weir_http_header(http, name);

    return value == NULL || value[strspn(value, " \t\r\n")] == '\0' ? NULL : value;
}

/* Take what the headers of /next say. */
static int read_headers(struct client *c, struct weir_http *http)
{
    struct weir_log *log = c->rt->log;
    const char *id = header(http, "Lambda-Runtime-Aws-Request-Id");

    if (id == NULL || !is_request_id(id)) {
        weir_log_write(log, WEIR_LOG_ERROR,
            "runtime: GET invocation/next: no usable Lambda-Runtime-Aws-Request-Id");
        return -1;
    }
    (void)snprintf(c->id, sizeof c->id, "%s", id);
    (void)snprintf(
        log->request_id, sizeof log->request_id, "%.*s", (int)sizeof log->request_id - 1, id);
    if (weir_runtime_deadline(header(http, "Lambda-Runtime-Deadline-Ms"), weir_clock_unix_ms(),
            weir_clock_mono_ms(), &c->deadline) != 0) {
        weir_log_write(log, WEIR_LOG_WARN, "runtime: Lambda-Runtime-Deadline-Ms is no number");
    }
    const char *tenant = header(http, "Lambda-Runtime-Aws-Tenant-Id");
    (void)snprintf(log->tenant_id, sizeof log->tenant_id, "%s", tenant != NULL ? tenant : "");
    set_trace(log, header(http, "Lambda-Runtime-Trace-Id"));
    return 0;
}

/* Whether a signal came: then nothing is sent any more, and the process ends. */
static bool stopped(const struct client *c, const char *what)
{
    const struct weir_err *why = weir_loop_cancelled(c->loop);

    if (why != NULL) {
        weir_log_write(c->rt->log, WEIR_LOG_WARN, "runtime: %s: %s", what, why->msg);
    }
    return why != NULL;
}

static enum after next(struct client *c)
{
    struct weir_err err = {0};
    struct weir_http *http = NULL;
    char url[URL_BYTES];

    (void)snprintf(url, sizeof url, "http://%s/2018-06-01/runtime/invocation/next", c->rt->api);
    const struct weir_http_request request = {.method = "GET", .url = url};
    long status = weir_http_call(c->loop, &request, &c->event, &http, &err);
    int rc = -1;
    if (status < 0) {
        /* That Lambda, or weir invoke, ends an idle process is how it is to be. */
        weir_log_write(c->rt->log, err.code == WEIR_E_CANCEL ? WEIR_LOG_DEBUG : WEIR_LOG_ERROR,
            "runtime: GET invocation/next: %s", err.msg);
    } else if (status != 200) {
        weir_log_write(
            c->rt->log, WEIR_LOG_ERROR, "runtime: GET invocation/next: status %ld", status);
    } else {
        rc = read_headers(c, http);
    }
    weir_http_free(http);
    return rc == 0 ? GO_ON : STOP;
}

static int check_json(const char *text, size_t len, struct weir_err *err)
{
    struct weir_json_fault fault;
    struct weir_json_tape tape;

    weir_json_tape_init(&tape);
    int rc = weir_json_parse(&tape, text, len, &fault);
    if (rc != 0) {
        weir_json_fault_err(&fault, "event", text, WEIR_E_DATA, err);
    }
    weir_json_tape_fini(&tape);
    return rc;
}

/* Run the handler on the event that next fetched. */
static int call_handler(struct client *c, struct weir_err *err)
{
    const char *text = weir_buf_text(&c->event, err);

    c->error_type[0] = '\0';
    if (text == NULL || check_json(text, c->event.len, err) != 0) {
        return -1;
    }
    const struct weir_invocation invocation = {
        .event = text,
        .event_len = c->event.len,
        .request_id = c->id,
        .deadline_mono_ms = c->deadline.work_by_mono_ms,
        .undo_by_mono_ms = c->deadline.undo_by_mono_ms,
        .loop = c->loop,
        .log = c->rt->log,
        .error_type = c->error_type,
    };
    if (c->handler->run(c->self, &invocation, &c->response, err) != 0) {
        return err->code != WEIR_OK
                   ? -1
                   : weir_err_set(err, WEIR_E_BUG, "%s: the handler failed and did not say why",
                         c->handler->name);
    }
    if (c->response.len == 0) {
        return weir_err_set(err, WEIR_E_BUG, "%s: the handler left no response", c->handler->name);
    }
    return 0;
}

static enum after answer(struct client *c)
{
    struct weir_err err = {0};
    char what[WEIR_RUNTIME_TEXT_MAX_BYTES + 32], message[128];
    int failed = call_handler(c, &err);

    if (stopped(c, "the invocation gets no answer")) {
        return STOP;
    }
    (void)snprintf(what, sizeof what, "invocation/%s/%s", c->id, "error");
    if (failed) {
        return post_error(
            c, what, c->error_type[0] != '\0' ? c->error_type : weir_err_type(err.code), err.msg);
    }
    if (c->response.len > WEIR_RESPONSE_MAX_BYTES) {
        (void)snprintf(message, sizeof message, "the response has %zu bytes, Lambda takes %zu",
            c->response.len, WEIR_RESPONSE_MAX_BYTES);
        return post_error(c, what, "Function.ResponseSizeTooLarge", message);
    }
    (void)snprintf(what, sizeof what, "invocation/%s/%s", c->id, "response");
    return post(c, what, NULL, &c->response);
}

/* ---- the whole ---- */

/* Find and start the handler. */
static int init_handler(struct client *c, struct weir_err *err)
{
    const struct weir_runtime *rt = c->rt;
    char names[WEIR_ERR_MSG_BYTES] = "";
    size_t len = 0;

    for (size_t i = 0; i < rt->handlers_n; i++) {
        const char *name = rt->handlers[i]->name;
        if (rt->handler != NULL && strcmp(rt->handler, name) == 0) {
            c->handler = rt->handlers[i];
        }
        int n = snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "", name);
        len += n > 0 && (size_t)n < sizeof names - len ? (size_t)n : 0;
    }
    if (c->handler == NULL) {
        bool set = rt->handler != NULL && rt->handler[0] != '\0';
        return weir_err_set(err, WEIR_E_CONFIG, "_HANDLER is %s%.64s; the handlers are: %s",
            set ? "unknown: " : "not set", set ? rt->handler : "", names);
    }
    const struct weir_handler_env env = {.loop = c->loop, .log = rt->log, .folder = rt->folder};
    c->self = c->handler->init(&env, err);
    if (c->self == NULL && err->code == WEIR_OK) {
        weir_err_set(err, WEIR_E_BUG, "%s: init failed and did not say why", c->handler->name);
    }
    return c->self != NULL ? 0 : -1;
}

/* host:port, and nothing that would make another URL of it. */
static bool is_address(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n < WEIR_RUNTIME_TEXT_MAX_BYTES && strcspn(s, "/?#@\\ \t\r\n%") == n;
}

int weir_runtime_run(const struct weir_runtime *runtime)
{
    struct client c = {.rt = runtime};
    struct weir_signals *signals = NULL;
    struct weir_err err = {0};
    int rc = WEIR_RUNTIME_FAILED;

    if (runtime->api == NULL || !is_address(runtime->api)) {
        weir_log_write(runtime->log, WEIR_LOG_ERROR,
            "runtime: AWS_LAMBDA_RUNTIME_API must be host:port; this program is started by Lambda, "
            "or by `weir invoke`");
        return WEIR_RUNTIME_USAGE;
    }
    weir_buf_init(&c.event, WEIR_JSON_DOC_MAX_BYTES);
    weir_buf_init(&c.response, WEIR_RESPONSE_ROOM_BYTES);
    c.loop = weir_loop_new(&err);
    if (c.loop == NULL) {
        weir_log_write(runtime->log, WEIR_LOG_ERROR, "runtime: %s", err.msg);
        return WEIR_RUNTIME_FAILED;
    }
    signals = weir_signals_new(c.loop, &err);
    if (signals == NULL) {
        weir_log_write(runtime->log, WEIR_LOG_ERROR, "runtime: %s", err.msg);
        goto out;
    }
    if (init_handler(&c, &err) != 0) {
        if (!stopped(&c, "init")) {
            (void)post_error(&c, "init/error", weir_err_type(err.code), err.msg);
        }
    } else {
        while (next(&c) == GO_ON && answer(&c) == GO_ON) {
            runtime->log->request_id[0] = runtime->log->tenant_id[0] = '\0';
            weir_buf_fini(&c.event);
            weir_buf_fini(&c.response);
        }
        c.handler->fini(c.self);
    }
    if (weir_loop_cancelled(c.loop) != NULL) {
        rc = WEIR_RUNTIME_SIGNAL + weir_loop_cancelled(c.loop)->detail;
    }
out:
    weir_buf_fini(&c.event);
    weir_buf_fini(&c.response);
    weir_signals_free(signals);
    weir_loop_free(c.loop);
    runtime->log->request_id[0] = runtime->log->tenant_id[0] = '\0';
    return rc;
}
