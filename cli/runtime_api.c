#include "cli/runtime_api.h"

#include "core/buf.h"
#include "core/limits.h"

#include <arpa/inet.h>
#include <assert.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * libmicrohttpd hands out one epoll descriptor in which all its own are; the loop polls that one
 * and calls MHD_run when something is to be done, or when MHD_get_timeout says so. A parked /next
 * is a suspended connection: MHD forgets it until it is resumed, and then calls the handler again.
 */

#define BASE "/2018-06-01/runtime/"
#define ID_BYTES 64
#define JSON_TYPE "application/json"

enum route {
    ROUTE_NONE,   /* 404 */
    ROUTE_METHOD, /* 405 */
    ROUTE_NEXT,
    ROUTE_RESPONSE,
    ROUTE_ERROR,
    ROUTE_INIT_ERROR,
};

/* One HTTP request, MHD's con_cls. */
struct request {
    enum route route;
    char id[ID_BYTES];
    struct weir_buf body;
    uint64_t body_bytes; /* all that came; more than body.len once it is too large */
    bool dropped;        /* parked, and no longer wanted */
};

enum state {
    STATE_IDLE,  /* nothing to do */
    STATE_READY, /* an invocation waits for a /next */
    STATE_BUSY,  /* the function has it */
};

struct weir_rapi {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    size_t handles; /* that libuv still knows */
    const struct weir_rapi_ops *ops;
    void *ctx;
    char address[32];
    enum state state;
    bool resumed; /* MHD does not tell its epoll descriptor: it has to be run */
    bool asked;   /* a /next has come */
    struct weir_rapi_invocation invocation;
    char id[ID_BYTES];
    struct MHD_Connection *parked;
    struct request *parked_request;
};

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *text)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    enum MHD_Result rc = MHD_NO;

    if (r != NULL && MHD_add_response_header(r, "Content-Type", JSON_TYPE) == MHD_YES) {
        rc = MHD_queue_response(c, status, r);
    }
    MHD_destroy_response(r);
    return rc;
}

static enum MHD_Result refuse(
    struct MHD_Connection *c, unsigned status, const char *type, const char *why)
{
    char text[256];

    (void)snprintf(text, sizeof text, "{\"errorMessage\":\"%s\",\"errorType\":\"%s\"}", why, type);
    return reply(c, status, text);
}

static enum MHD_Result hand_out(struct weir_rapi *rapi, struct MHD_Connection *c)
{
    const struct weir_rapi_invocation *i = &rapi->invocation;
    struct MHD_Response *r = MHD_create_response_from_buffer(
        i->event_len, (void *)(uintptr_t)i->event, MHD_RESPMEM_PERSISTENT);
    char deadline[24];
    enum MHD_Result rc = MHD_NO;

    (void)snprintf(deadline, sizeof deadline, "%lld", (long long)i->deadline_unix_ms);
    if (r != NULL && MHD_add_response_header(r, "Content-Type", JSON_TYPE) == MHD_YES &&
        MHD_add_response_header(r, "Lambda-Runtime-Aws-Request-Id", rapi->id) == MHD_YES &&
        MHD_add_response_header(r, "Lambda-Runtime-Deadline-Ms", deadline) == MHD_YES &&
        MHD_add_response_header(r, "Lambda-Runtime-Invoked-Function-Arn", i->function_arn) ==
            MHD_YES) {
        rc = MHD_queue_response(c, MHD_HTTP_OK, r);
    }
    MHD_destroy_response(r);
    if (rc == MHD_YES) {
        rapi->state = STATE_BUSY;
    }
    return rc;
}

static void on_timer(uv_timer_t *timer);

/* A parked request comes back to life: to be answered, or to be closed. */
static void unpark(struct weir_rapi *rapi, bool drop)
{
    struct MHD_Connection *c = rapi->parked;

    if (c != NULL) {
        rapi->parked_request->dropped = drop;
        rapi->parked = NULL;
        rapi->parked_request = NULL;
        MHD_resume_connection(c);
        rapi->resumed = true;
        (void)uv_timer_start(&rapi->timer, on_timer, 0, 0);
    }
}

static enum MHD_Result serve_next(
    struct weir_rapi *rapi, struct MHD_Connection *c, struct request *request)
{
    if (request->dropped) {
        return MHD_NO;
    }
    if (rapi->state == STATE_BUSY) {
        return refuse(c, MHD_HTTP_FORBIDDEN, "InvalidStateTransition",
            "the invocation has not been answered");
    }
    if (rapi->state == STATE_READY) {
        return hand_out(rapi, c); /* also when it comes back from being parked */
    }
    rapi->state = STATE_IDLE;
    rapi->asked = true;
    rapi->ops->on_next(rapi->ctx);
    if (rapi->state == STATE_READY) {
        return hand_out(rapi, c);
    }
    unpark(rapi, true); /* one that waits already belongs to a process that is no more */
    rapi->parked = c;
    rapi->parked_request = request;
    MHD_suspend_connection(c);
    return MHD_YES;
}

static enum MHD_Result serve_too_large(
    struct weir_rapi *rapi, struct MHD_Connection *c, const struct request *request)
{
    char text[256];
    int n = snprintf(text, sizeof text,
        "{\"errorMessage\":\"Response payload size (%llu bytes) exceeded maximum allowed payload "
        "size (%llu bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}",
        (unsigned long long)request->body_bytes, (unsigned long long)WEIR_RESPONSE_MAX_BYTES);
    struct weir_rapi_answer answer = {
        .kind = WEIR_RAPI_ERROR, .body = (const uint8_t *)text, .len = (size_t)n};

    rapi->state = STATE_IDLE;
    rapi->ops->on_answer(rapi->ctx, &answer);
    return refuse(c, MHD_HTTP_CONTENT_TOO_LARGE, "RequestEntityTooLarge", "too large");
}

static enum MHD_Result serve_answer(
    struct weir_rapi *rapi, struct MHD_Connection *c, const struct request *request)
{
    static const uint8_t nothing[1] = {0};
    struct weir_rapi_answer answer = {.kind = WEIR_RAPI_RESPONSE,
        .body = request->body.p != NULL ? request->body.p : nothing,
        .len = request->body.len};

    if (request->route == ROUTE_INIT_ERROR) {
        if (rapi->asked) {
            return refuse(c, MHD_HTTP_FORBIDDEN, "InvalidStateTransition", "init is over");
        }
        answer.kind = WEIR_RAPI_INIT_ERROR;
    } else {
        if (strcmp(request->id, rapi->id) != 0) {
            return refuse(c, MHD_HTTP_BAD_REQUEST, "InvalidRequestID", "no such invocation");
        }
        if (rapi->state != STATE_BUSY) {
            return refuse(
                c, MHD_HTTP_FORBIDDEN, "InvalidStateTransition", "the invocation is answered");
        }
        if (request->body_bytes > request->body.len) {
            return serve_too_large(rapi, c, request);
        }
        answer.kind = request->route == ROUTE_ERROR ? WEIR_RAPI_ERROR : WEIR_RAPI_RESPONSE;
        rapi->state = STATE_IDLE;
    }
    rapi->ops->on_answer(rapi->ctx, &answer);
    return reply(c, MHD_HTTP_ACCEPTED, "{\"status\":\"OK\"}");
}

static enum route route_of(const char *url, const char *method, char id[ID_BYTES])
{
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    const char *rest, *slash;

    if (strncmp(url, BASE, strlen(BASE)) != 0) {
        return ROUTE_NONE;
    }
    rest = url + strlen(BASE);
    if (strcmp(rest, "init/error") == 0) {
        return post ? ROUTE_INIT_ERROR : ROUTE_METHOD;
    }
    if (strncmp(rest, "invocation/", strlen("invocation/")) != 0) {
        return ROUTE_NONE;
    }
    rest += strlen("invocation/");
    if (strcmp(rest, "next") == 0) {
        return get ? ROUTE_NEXT : ROUTE_METHOD;
    }
    slash = strchr(rest, '/');
    if (slash == NULL || (strcmp(slash, "/response") != 0 && strcmp(slash, "/error") != 0)) {
        return ROUTE_NONE;
    }
    if (!post) {
        return ROUTE_METHOD;
    }
    /* An id that does not fit is not ours; cut, it still differs from ours. */
    (void)snprintf(id, ID_BYTES, "%.*s", (int)(slash - rest > 1000 ? 1000 : slash - rest), rest);
    return strcmp(slash, "/error") == 0 ? ROUTE_ERROR : ROUTE_RESPONSE;
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **con_cls)
{
    struct weir_rapi *rapi = self;
    struct request *request = *con_cls;

    (void)version;
    if (request == NULL) {
        request = calloc(1, sizeof *request);
        if (request == NULL) {
            return MHD_NO;
        }
        weir_buf_init(&request->body, WEIR_RESPONSE_MAX_BYTES);
        request->route = route_of(url, method, request->id);
        *con_cls = request;
        return MHD_YES; /* MHD calls again with the body, and without */
    }
    if (*data_len > 0) {
        bool fits = request->body_bytes == request->body.len;

        request->body_bytes += *data_len;
        if (fits && weir_buf_add(&request->body, data, *data_len, NULL) != 0) {
            weir_buf_fini(&request->body); /* counted on, not kept */
        }
        *data_len = 0;
        return MHD_YES;
    }
    switch (request->route) {
    case ROUTE_NONE:
        break;
    case ROUTE_METHOD:
        return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "MethodNotAllowed", "not with this method");
    case ROUTE_NEXT:
        return serve_next(rapi, c, request);
    case ROUTE_RESPONSE:
    case ROUTE_ERROR:
    case ROUTE_INIT_ERROR:
        return serve_answer(rapi, c, request);
    }
    return refuse(c, MHD_HTTP_NOT_FOUND, "NotFound", "no such path");
}

static void on_completed(
    void *self, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode why)
{
    struct weir_rapi *rapi = self;
    struct request *request = *con_cls;

    (void)c;
    (void)why;
    if (request != NULL) {
        if (rapi->parked_request == request) {
            rapi->parked = NULL;
            rapi->parked_request = NULL;
        }
        weir_buf_fini(&request->body);
        free(request);
        *con_cls = NULL;
    }
}

static void run(struct weir_rapi *rapi)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;

    rapi->resumed = false;
    (void)MHD_run(rapi->daemon);
    if (rapi->resumed) { /* from inside a handler: this turn may have been too early for it */
        (void)uv_timer_start(&rapi->timer, on_timer, 0, 0);
    } else if (MHD_get_timeout(rapi->daemon, &wait_ms) == MHD_YES) {
        (void)uv_timer_start(&rapi->timer, on_timer, wait_ms, 0);
    } else {
        (void)uv_timer_stop(&rapi->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    weir_loop_moved(timer);
    run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_close(uv_handle_t *handle)
{
    struct weir_rapi *rapi = handle->data;

    if (--rapi->handles == 0) {
        free(rapi);
    }
}

static int listen_local(struct weir_rapi *rapi, struct weir_err *err)
{
    struct sockaddr_in any_port = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const union MHD_DaemonInfo *info;

    rapi->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        on_request, rapi, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&any_port,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)WEIR_RAPI_CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)WEIR_RAPI_HEADERS_MAX_BYTES,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, rapi, MHD_OPTION_END);
    if (rapi->daemon == NULL) {
        return weir_err_set(err, WEIR_E_IO, "runtime api: cannot listen on 127.0.0.1");
    }
    info = MHD_get_daemon_info(rapi->daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (info == NULL || info->port == 0) {
        return weir_err_set(err, WEIR_E_IO, "runtime api: the port cannot be told");
    }
    (void)snprintf(rapi->address, sizeof rapi->address, "127.0.0.1:%u", (unsigned)info->port);
    return 0;
}

static int watch(struct weir_rapi *rapi, struct weir_loop *loop, struct weir_err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(rapi->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int rc = info != NULL ? uv_poll_init(weir_loop_uv(loop), &rapi->poll, info->epoll_fd) : UV_EIO;

    if (rc != 0) {
        return weir_err_detail(err, WEIR_E_IO, -rc, "runtime api: %s", uv_strerror(rc));
    }
    rapi->poll.data = rapi;
    rapi->handles++;
    (void)uv_timer_init(weir_loop_uv(loop), &rapi->timer);
    rapi->timer.data = rapi;
    rapi->handles++;
    rc = uv_poll_start(&rapi->poll, UV_READABLE, on_readable);
    if (rc != 0) {
        return weir_err_detail(err, WEIR_E_IO, -rc, "runtime api: %s", uv_strerror(rc));
    }
    return 0;
}

struct weir_rapi *weir_rapi_new(
    struct weir_loop *loop, const struct weir_rapi_ops *ops, void *ctx, struct weir_err *err)
{
    struct weir_rapi *rapi = calloc(1, sizeof *rapi);

    if (rapi == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the runtime api");
        return NULL;
    }
    rapi->ops = ops;
    rapi->ctx = ctx;
    if (listen_local(rapi, err) != 0 || watch(rapi, loop, err) != 0) {
        weir_rapi_free(rapi);
        return NULL;
    }
    return rapi;
}

const char *weir_rapi_address(const struct weir_rapi *rapi)
{
    return rapi->address;
}

int weir_rapi_invoke(
    struct weir_rapi *rapi, const struct weir_rapi_invocation *invocation, struct weir_err *err)
{
    if (rapi->state == STATE_READY || rapi->state == STATE_BUSY) {
        return weir_err_set(err, WEIR_E_BUG, "runtime api: one invocation at a time");
    }
    if (strlen(invocation->request_id) >= sizeof rapi->id) {
        return weir_err_set(err, WEIR_E_BUG, "runtime api: the request id is too long");
    }
    (void)snprintf(rapi->id, sizeof rapi->id, "%s", invocation->request_id);
    rapi->invocation = *invocation;
    rapi->state = STATE_READY;
    unpark(rapi, false);
    return 0;
}

void weir_rapi_free(struct weir_rapi *rapi)
{
    size_t handles;

    if (rapi == NULL) {
        return;
    }
    if (rapi->daemon != NULL) {
        if (rapi->parked != NULL) {
            /* MHD does not stop while a connection is suspended. */
            unpark(rapi, true);
            (void)MHD_run(rapi->daemon);
        }
        handles = rapi->handles;
        if (handles > 0) {
            (void)uv_poll_stop(&rapi->poll); /* before MHD closes the descriptor */
        }
        MHD_stop_daemon(rapi->daemon);
    }
    handles = rapi->handles;
    if (handles == 0) {
        free(rapi);
        return;
    }
    uv_close((uv_handle_t *)&rapi->poll, on_close);
    uv_close((uv_handle_t *)&rapi->timer, on_close);
}
