#include "bootstrap/worker.h"

#include "bootstrap/api.h"
#include "bootstrap/fault.h"
#include "bootstrap/invocation.h"
#include "bootstrap/stream.h"
#include "core/limits.h"
#include "json/tape.h"

#include <stdio.h>
#include <string.h>

/* While it runs. */
struct state {
    const struct weir_runtime_worker *w;
    struct weir_api api;
    const struct weir_handler *handler;
    void *self;                            /* the handler's state */
    struct weir_buf event, response, meta; /* of one invocation */
    struct weir_invocation inv;
    struct weir_stream stream;
    char error_type[WEIR_ERROR_TYPE_BYTES]; /* the handler's own; empty: its error's code says it */
    char path[WEIR_API_PATH_BYTES];         /* of the response */
};

/* What goes to /error, or into trailers. */
struct fault {
    const char *type, *message;
};

static enum weir_api_after post_error(struct state *s, const char *path, const struct fault *fault)
{
    struct weir_err err = {0};
    struct weir_buf body, cause;
    enum weir_api_after after = WEIR_API_STOP;

    weir_log_error(s->w->log, fault->type, fault->message, "%s", "");
    weir_buf_init(&body, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    weir_buf_init(&cause, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    if (weir_fault_json(&body, fault->type, fault->message, &err) == 0 &&
        weir_fault_cause(&cause, fault->type, fault->message, &err) == 0 &&
        weir_buf_text(&cause, &err) != NULL) {
        const struct weir_api_post post = {.path = path,
            .content_type = "application/json",
            .error_type = fault->type,
            .cause = (const char *)cause.p,
            .body = &body};
        after = weir_api_post(&s->api, &post);
    } else { /* nothing can be said: let the platform see the process end */
        weir_log_write(
            s->w->log, WEIR_LOG_ERROR, "runtime: POST %s: %s", weir_api_name(path), err.msg);
    }
    weir_buf_fini(&body);
    weir_buf_fini(&cause);
    return after;
}

/* Whether it is to stop: then nothing is sent any more. */
static bool stopped(const struct state *s, const char *what)
{
    const struct weir_err *why = weir_loop_cancelled(s->w->loop);

    if (why != NULL) {
        weir_log_write(s->w->log, WEIR_LOG_WARN, "runtime: %s: %s", what, why->msg);
    }
    return why != NULL;
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

/* Run the handler on the event that was fetched. */
static int call_handler(struct state *s, struct weir_err *err)
{
    const char *text = weir_buf_text(&s->event, err);

    if (text == NULL || check_json(text, s->event.len, err) != 0) {
        return -1;
    }
    s->inv.event = text;
    s->inv.event_len = s->event.len;
    /* For a handler that does not watch its own time; on Managed Instances nobody else does. */
    weir_loop_set_deadline(s->w->loop, s->inv.undo_by_mono_ms);
    int rc = s->handler->run(s->self, &s->inv, &s->response, err);
    weir_loop_set_deadline(s->w->loop, INT64_MAX);
    if (rc != 0) {
        return err->code != WEIR_OK
                   ? -1
                   : weir_err_set(err, WEIR_E_BUG, "%s: the handler failed and did not say why",
                         s->handler->name);
    }
    if (s->response.len == 0 && s->stream.state <= WEIR_STREAM_ASKED) {
        return weir_err_set(err, WEIR_E_BUG, "%s: the handler left no response", s->handler->name);
    }
    return 0;
}

static enum weir_api_after post_fault(struct state *s, const struct fault *fault)
{
    char path[WEIR_API_PATH_BYTES];

    (void)snprintf(path, sizeof path, WEIR_API_INVOCATION "%s/error", s->inv.request_id);
    return post_error(s, path, fault);
}

/* Answer the invocation, once: with what the handler left, or with an error. */
static enum weir_api_after answer(struct state *s)
{
    struct weir_err err = {0};
    struct fault fault = {NULL, err.msg};
    char message[128];

    if (call_handler(s, &err) != 0) {
        fault.type = s->error_type[0] != '\0' ? s->error_type : weir_err_type(err.code);
    }
    if (s->stream.state != WEIR_STREAM_DONE && stopped(s, "the invocation gets no answer")) {
        weir_http1_close(s->api.http); /* nor does a stream get its end */
        return WEIR_API_STOP;
    }
    if (s->stream.state > WEIR_STREAM_ASKED) {
        return weir_stream_end(&s->stream, fault.type, fault.message);
    }
    if (fault.type == NULL && s->response.len > WEIR_RESPONSE_MAX_BYTES) {
        (void)snprintf(message, sizeof message, "the response has %zu bytes, Lambda takes %zu",
            s->response.len, WEIR_RESPONSE_MAX_BYTES);
        fault = (struct fault){"Function.ResponseSizeTooLarge", message};
    }
    if (fault.type != NULL) {
        return post_fault(s, &fault);
    }
    const struct weir_api_post post = {
        .path = s->path, .content_type = "application/json", .body = &s->response};
    return weir_api_post(&s->api, &post);
}

/* An event that did not come whole is not run; its invocation is answered all the same. */
static enum weir_api_after answer_cut(struct state *s, const struct weir_err *why)
{
    const struct fault fault = {
        why->code == WEIR_E_NET ? "Runtime.TruncatedEvent" : weir_err_type(why->code), why->msg};

    return post_fault(s, &fault);
}

/* What is the invocation's alone. */
static int begin(struct state *s, struct weir_err *err)
{
    struct weir_log *log = s->w->log;
    const char *id = weir_http1_header(s->api.http, "Lambda-Runtime-Aws-Request-Id");

    (void)snprintf(
        log->request_id, sizeof log->request_id, "%.*s", (int)sizeof log->request_id - 1, id);
    (void)snprintf(s->path, sizeof s->path, WEIR_API_INVOCATION "%s/response", id);
    s->error_type[0] = '\0';
    s->inv = (struct weir_invocation){
        .loop = s->w->loop, .log = log, .error_type = s->error_type, .stream = &s->stream.base};
    weir_stream_init(&s->stream, &s->api, s->path);
    if (weir_invocation_read(s->api.http, log, &s->meta, &s->inv, err) != 0) {
        return -1;
    }
    (void)snprintf(log->tenant_id, sizeof log->tenant_id, "%s",
        s->inv.tenant_id != NULL ? s->inv.tenant_id : "");
    if (s->w->alone) {
        weir_invocation_trace(log, s->inv.trace_id);
    }
    return 0;
}

static void end(struct state *s)
{
    s->w->log->request_id[0] = s->w->log->tenant_id[0] = '\0';
    weir_stream_fini(&s->stream);
    weir_buf_fini(&s->event);
    weir_buf_fini(&s->response);
    weir_buf_fini(&s->meta);
}

/* One invocation from its /next to its answer. */
static enum weir_api_after one(struct state *s)
{
    struct weir_err err = {0}, why = {0};
    enum weir_api_next next = weir_api_next(&s->api, &s->event, &why);
    enum weir_api_after after = WEIR_API_STOP;

    if (next == WEIR_NEXT_END) {
        weir_buf_fini(&s->event);
        return WEIR_API_STOP;
    }
    if (begin(s, &err) != 0) {
        weir_log_write(s->w->log, WEIR_LOG_ERROR, "runtime: %s", err.msg);
    } else {
        after = next == WEIR_NEXT_CUT ? answer_cut(s, &why) : answer(s);
    }
    end(s);
    return after;
}

/* Find and start the handler. */
static int init_handler(struct state *s, struct weir_err *err)
{
    const struct weir_runtime *rt = s->w->runtime;
    char names[WEIR_ERR_MSG_BYTES] = "";
    size_t len = 0;

    if (rt->fault != NULL) {
        return weir_err_keep(err, rt->fault);
    }
    for (size_t i = 0; i < rt->handlers_n; i++) {
        const char *name = rt->handlers[i]->name;
        if (rt->handler != NULL && strcmp(rt->handler, name) == 0) {
            s->handler = rt->handlers[i];
        }
        int n = snprintf(names + len, sizeof names - len, "%s%s", i > 0 ? ", " : "", name);
        len += n > 0 && (size_t)n < sizeof names - len ? (size_t)n : 0;
    }
    if (s->handler == NULL) {
        bool set = rt->handler != NULL && rt->handler[0] != '\0';
        return weir_err_set(err, WEIR_E_CONFIG, "_HANDLER is %s%.64s; the handlers are: %s",
            set ? "unknown: " : "not set", set ? rt->handler : "", names);
    }
    const struct weir_handler_env env = {
        .loop = s->w->loop, .log = s->w->log, .folder = rt->folder};
    s->self = s->handler->init(&env, err);
    if (s->self == NULL && err->code == WEIR_OK) {
        weir_err_set(err, WEIR_E_BUG, "%s: init failed and did not say why", s->handler->name);
    }
    return s->self != NULL ? 0 : -1;
}

struct weir_loop *weir_runtime_loop_new(const struct weir_runtime *rt, struct weir_err *err)
{
    struct weir_loop *loop = weir_loop_new(err);

    if (loop != NULL) {
        weir_loop_set_undo(loop, rt->undo_ms > 0 ? rt->undo_ms : WEIR_RUNTIME_UNDO_MS);
    }
    return loop;
}

/* Init has failed. */
static void tell_init(struct state *s, const struct weir_err *why)
{
    const struct fault fault = {weir_err_type(why->code), why->msg};

    if (s->w->init_told != NULL && atomic_flag_test_and_set(s->w->init_told)) {
        weir_log_write(s->w->log, WEIR_LOG_DEBUG, "runtime: another worker, too: %s", why->msg);
    } else if (!stopped(s, "init")) {
        (void)post_error(s, WEIR_API_INIT_ERROR, &fault);
    }
}

void weir_runtime_worker_leave(struct weir_runtime_worker *w)
{
    if (w->api != NULL) {
        weir_api_leave(w->api);
    }
}

void weir_runtime_worker_run(struct weir_runtime_worker *w)
{
    const struct weir_runtime *rt = w->runtime;
    struct weir_err err = {0};
    struct state s = {.w = w,
        .api = {.loop = w->loop,
            .log = w->log,
            .http = weir_http1_new(w->loop, rt->api, &err),
            .retry_ms = rt->retry_ms > 0 ? rt->retry_ms : WEIR_RUNTIME_PAUSE_MS,
            .leave = &w->leave}};

    weir_buf_init(&s.event, WEIR_JSON_DOC_MAX_BYTES);
    weir_buf_init(&s.response, WEIR_RESPONSE_ROOM_BYTES);
    weir_buf_init(&s.meta, WEIR_HTTP_HEADERS_MAX_BYTES);
    if (s.api.http == NULL) {
        weir_log_write(w->log, WEIR_LOG_ERROR, "runtime: %s", err.msg);
        return;
    }
    w->api = &s.api;
    if (init_handler(&s, &err) != 0) {
        tell_init(&s, &err);
    } else {
        if (w->on_ready != NULL) {
            w->on_ready(w->ctx, s.api.http);
        }
        while (one(&s) == WEIR_API_GO_ON) {
        }
        s.handler->fini(s.self);
    }
    w->api = NULL;
    weir_http1_free(s.api.http);
}
