#include "cli/runtime_api.h"

#include "cli/httpd.h"
#include "core/base64.h"
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
 * A parked /next is a suspended connection: libmicrohttpd forgets it until it is resumed, and then
 * calls the handler again.
 */

#define BASE "/2018-06-01/runtime/"
#define EXTENSION "/2020-01-01/extension/"
#define ID_BYTES 64
#define JSON_TYPE "application/json"
#define ERROR_TYPE "Lambda-Runtime-Function-Error-Type"
#define ERROR_BODY "Lambda-Runtime-Function-Error-Body"
#define PARKED_MAX WEIR_RAPI_CONNECTIONS_MAX

/* One HTTP request, MHD's con_cls. */
struct request {
    enum weir_rapi_route route;
    struct MHD_Connection *connection;
    char id[ID_BYTES];
    struct weir_buf body;
    uint64_t body_bytes; /* all that came; more than body.len once it is too large */
    bool streamed;
    bool seen;    /* by on_request */
    bool dropped; /* parked, and no longer wanted */
};

enum state {
    STATE_IDLE,  /* free */
    STATE_READY, /* waits for a /next */
    STATE_BUSY,  /* the function has it */
};

struct slot {
    enum state state;
    struct weir_rapi_invocation invocation;
    char id[ID_BYTES];
};

struct weir_rapi {
    struct weir_httpd *httpd;
    const struct weir_rapi_ops *ops;
    void *ctx;
    char address[32];
    bool asked;   /* a /next has come */
    bool closing; /* nothing is served any more */
    size_t concurrency;
    struct slot slots[WEIR_RAPI_CONCURRENCY_MAX];
    struct request *parked[PARKED_MAX]; /* of both kinds of /next, the oldest first */
    size_t parked_n;
};

static size_t count(const struct weir_rapi *rapi, enum state state)
{
    size_t n = 0;

    for (size_t i = 0; i < rapi->concurrency; i++) {
        n += rapi->slots[i].state == state;
    }
    return n;
}

static struct slot *find(struct weir_rapi *rapi, enum state state)
{
    for (size_t i = 0; i < rapi->concurrency; i++) {
        if (rapi->slots[i].state == state) {
            return &rapi->slots[i];
        }
    }
    return NULL;
}

/* By id, or NULL. One that was answered is still known by it until it is used again. */
static struct slot *find_id(struct weir_rapi *rapi, const char *id)
{
    for (size_t i = 0; i < rapi->concurrency; i++) {
        if (rapi->slots[i].id[0] != '\0' && strcmp(rapi->slots[i].id, id) == 0) {
            return &rapi->slots[i];
        }
    }
    return NULL;
}

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

static bool add_header(struct MHD_Response *r, const char *name, const char *value)
{
    return value == NULL || MHD_add_response_header(r, name, value) == MHD_YES;
}

static enum MHD_Result hand_out(struct slot *slot, struct MHD_Connection *c)
{
    const struct weir_rapi_invocation *i = &slot->invocation;
    struct MHD_Response *r = MHD_create_response_from_buffer(
        i->event_len, (void *)(uintptr_t)i->event, MHD_RESPMEM_MUST_COPY);
    char deadline[24];
    enum MHD_Result rc = MHD_NO;

    (void)snprintf(deadline, sizeof deadline, "%lld", (long long)i->deadline_unix_ms);
    if (r != NULL && add_header(r, "Content-Type", JSON_TYPE) &&
        add_header(r, "Lambda-Runtime-Aws-Request-Id", slot->id) &&
        add_header(r, "Lambda-Runtime-Deadline-Ms", deadline) &&
        add_header(r, "Lambda-Runtime-Invoked-Function-Arn", i->function_arn) &&
        add_header(r, "Lambda-Runtime-Trace-Id", i->trace_id) &&
        add_header(r, "Lambda-Runtime-Client-Context", i->client_context) &&
        add_header(r, "Lambda-Runtime-Cognito-Identity", i->cognito_identity) &&
        add_header(r, "Lambda-Runtime-Aws-Tenant-Id", i->tenant_id)) {
        rc = MHD_queue_response(c, MHD_HTTP_OK, r);
    }
    MHD_destroy_response(r);
    if (rc == MHD_YES) {
        slot->state = STATE_BUSY;
    }
    return rc;
}

static void forget_parked(struct weir_rapi *rapi, size_t i)
{
    rapi->parked_n--;
    memmove(&rapi->parked[i], &rapi->parked[i + 1], (rapi->parked_n - i) * sizeof rapi->parked[0]);
}

/* A parked request comes back to life: to be answered, or to be closed. */
static void unpark(struct weir_rapi *rapi, size_t i, bool drop)
{
    struct request *request = rapi->parked[i];

    request->dropped = drop;
    forget_parked(rapi, i);
    weir_httpd_resume(rapi->httpd, request->connection);
}

/* The oldest parked request of a kind, or parked_n. */
static size_t find_parked(const struct weir_rapi *rapi, enum weir_rapi_route route)
{
    size_t i = 0;

    while (i < rapi->parked_n && rapi->parked[i]->route != route) {
        i++;
    }
    return i;
}

static enum MHD_Result park(struct weir_rapi *rapi, struct request *request)
{
    if (rapi->parked_n == PARKED_MAX) {
        return MHD_NO;
    }
    rapi->parked[rapi->parked_n++] = request;
    MHD_suspend_connection(request->connection);
    return MHD_YES;
}

static size_t count_parked(const struct weir_rapi *rapi, enum weir_rapi_route route)
{
    size_t n = 0;

    for (size_t i = 0; i < rapi->parked_n; i++) {
        n += rapi->parked[i]->route == route;
    }
    return n;
}

static enum MHD_Result serve_next(
    struct weir_rapi *rapi, struct MHD_Connection *c, struct request *request)
{
    if (request->dropped) {
        return MHD_NO;
    }
    if (count(rapi, STATE_BUSY) == rapi->concurrency) {
        return refuse(c, MHD_HTTP_FORBIDDEN, "InvalidStateTransition",
            "the invocation has not been answered");
    }
    struct slot *ready = find(rapi, STATE_READY);
    rapi->asked = true;
    if (ready == NULL) {
        rapi->ops->on_next(rapi->ctx);
        ready = find(rapi, STATE_READY);
    }
    if (ready != NULL) {
        return hand_out(ready, c); /* also when it comes back from being parked */
    }
    if (count_parked(rapi, WEIR_RAPI_NEXT) >= rapi->concurrency) {
        /* one that waits already belongs to a process that is no more */
        unpark(rapi, find_parked(rapi, WEIR_RAPI_NEXT), true);
    }
    return park(rapi, request);
}

static const char *header(const struct request *request, enum MHD_ValueKind kind, const char *name)
{
    return MHD_lookup_connection_value(request->connection, kind, name);
}

static enum MHD_Result serve_too_large(
    struct weir_rapi *rapi, struct slot *slot, const struct request *request)
{
    char text[256];
    int n = snprintf(text, sizeof text,
        "{\"errorMessage\":\"Response payload size (%llu bytes) exceeded maximum allowed payload "
        "size (%llu bytes).\",\"errorType\":\"Function.ResponseSizeTooLarge\"}",
        (unsigned long long)request->body_bytes, (unsigned long long)request->body.max);
    const struct weir_rapi_answer answer = {.kind = WEIR_RAPI_ERROR,
        .body = (const uint8_t *)text,
        .len = (size_t)n,
        .request_id = slot->id,
        .error_type = "Function.ResponseSizeTooLarge",
        .streamed = request->streamed};

    slot->state = STATE_IDLE;
    rapi->ops->on_answer(rapi->ctx, &answer);
    return refuse(
        request->connection, MHD_HTTP_CONTENT_TOO_LARGE, "RequestEntityTooLarge", "too large");
}

/* The error of a stream that failed: base64 in a trailer. Returns 0, or -1. */
static int decode_trailer(const char *text, struct weir_buf *ret)
{
    const size_t len = strlen(text);
    uint8_t *p = weir_buf_reserve(ret, len / 4 * 3 + 1, NULL);
    const ptrdiff_t n = p != NULL ? weir_base64_decode(text, len, p) : -1;

    if (n < 0) {
        return -1;
    }
    ret->len += (size_t)n;
    return 0;
}

/* Tell what came, and settle the invocation. */
static void tell(struct weir_rapi *rapi, enum weir_rapi_kind kind, const struct request *request)
{
    static const uint8_t nothing[1] = {0};
    const char *type = header(request, MHD_FOOTER_KIND, ERROR_TYPE);
    const char *trailer = header(request, MHD_FOOTER_KIND, ERROR_BODY);
    struct weir_buf error;
    struct weir_rapi_answer answer = {.kind = kind,
        .body = request->body.p != NULL ? request->body.p : nothing,
        .len = request->body.len,
        .request_id = request->id,
        .error_type = header(request, MHD_HEADER_KIND, ERROR_TYPE),
        .cause = header(request, MHD_HEADER_KIND, "Lambda-Runtime-Function-XRay-Error-Cause"),
        .content_type = header(request, MHD_HEADER_KIND, "Content-Type"),
        .streamed = request->streamed};

    weir_buf_init(&error, WEIR_RAPI_HEADERS_MAX_BYTES);
    if (request->streamed && type != NULL) {
        answer.kind = WEIR_RAPI_ERROR;
        answer.error_type = type;
        answer.part = answer.body;
        answer.part_len = answer.len;
        answer.body = nothing;
        answer.len = 0;
        if (trailer != NULL && decode_trailer(trailer, &error) == 0) {
            answer.body = error.p;
            answer.len = error.len;
        }
    }
    rapi->ops->on_answer(rapi->ctx, &answer);
    weir_buf_fini(&error);
}

static enum MHD_Result serve_answer(
    struct weir_rapi *rapi, struct MHD_Connection *c, const struct request *request)
{
    enum weir_rapi_kind kind =
        request->route == WEIR_RAPI_POST_ERROR ? WEIR_RAPI_ERROR : WEIR_RAPI_RESPONSE;

    if (request->route == WEIR_RAPI_POST_INIT_ERROR) {
        if (rapi->asked) {
            return refuse(c, MHD_HTTP_FORBIDDEN, "InvalidStateTransition", "init is over");
        }
        kind = WEIR_RAPI_INIT_ERROR;
    } else {
        struct slot *slot = find_id(rapi, request->id);
        if (slot == NULL) {
            return refuse(c, MHD_HTTP_BAD_REQUEST, "InvalidRequestID", "no such invocation");
        }
        if (slot->state != STATE_BUSY) {
            return refuse(
                c, MHD_HTTP_FORBIDDEN, "InvalidStateTransition", "the invocation is answered");
        }
        if (request->body_bytes > request->body.len) {
            return serve_too_large(rapi, slot, request);
        }
        slot->state = STATE_IDLE;
    }
    tell(rapi, kind, request);
    return reply(c, MHD_HTTP_ACCEPTED, "{\"status\":\"OK\"}");
}

static enum MHD_Result serve_register(struct MHD_Connection *c)
{
    static const char text[] = "{\"functionName\":\"weir\",\"functionVersion\":\"$LATEST\","
                               "\"handler\":\"\"}";
    struct MHD_Response *r = MHD_create_response_from_buffer(
        sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result rc = MHD_NO;

    if (r != NULL && add_header(r, "Content-Type", JSON_TYPE) &&
        add_header(r, "Lambda-Extension-Identifier", "00000000-0000-4000-8000-000000000001")) {
        rc = MHD_queue_response(c, MHD_HTTP_OK, r);
    }
    MHD_destroy_response(r);
    return rc;
}

static enum weir_rapi_route route_of(const char *url, const char *method, char id[ID_BYTES])
{
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    const char *rest, *slash;

    if (strcmp(url, EXTENSION "register") == 0) {
        return post ? WEIR_RAPI_EXT_REGISTER : WEIR_RAPI_METHOD;
    }
    if (strcmp(url, EXTENSION "event/next") == 0) {
        return get ? WEIR_RAPI_EXT_NEXT : WEIR_RAPI_METHOD;
    }
    if (strncmp(url, BASE, strlen(BASE)) != 0) {
        return WEIR_RAPI_NONE;
    }
    rest = url + strlen(BASE);
    if (strcmp(rest, "init/error") == 0) {
        return post ? WEIR_RAPI_POST_INIT_ERROR : WEIR_RAPI_METHOD;
    }
    if (strncmp(rest, "invocation/", strlen("invocation/")) != 0) {
        return WEIR_RAPI_NONE;
    }
    rest += strlen("invocation/");
    if (strcmp(rest, "next") == 0) {
        return get ? WEIR_RAPI_NEXT : WEIR_RAPI_METHOD;
    }
    slash = strchr(rest, '/');
    if (slash == NULL || (strcmp(slash, "/response") != 0 && strcmp(slash, "/error") != 0)) {
        return WEIR_RAPI_NONE;
    }
    if (!post) {
        return WEIR_RAPI_METHOD;
    }
    /* An id that does not fit is not ours; cut, it still differs from ours. */
    (void)snprintf(id, ID_BYTES, "%.*s", (int)(slash - rest > 1000 ? 1000 : slash - rest), rest);
    return strcmp(slash, "/error") == 0 ? WEIR_RAPI_POST_ERROR : WEIR_RAPI_POST_RESPONSE;
}

static struct request *request_new(struct MHD_Connection *c, const char *url, const char *method)
{
    struct request *request = calloc(1, sizeof *request);

    if (request != NULL) {
        request->connection = c;
        request->route = route_of(url, method, request->id);
        const char *mode =
            header(request, MHD_HEADER_KIND, "Lambda-Runtime-Function-Response-Mode");
        request->streamed = mode != NULL && strcmp(mode, "streaming") == 0;
        weir_buf_init(
            &request->body, request->streamed ? WEIR_STREAM_MAX_BYTES : WEIR_RESPONSE_MAX_BYTES);
    }
    return request;
}

/* What a test wants to go wrong. Returns whether the request is dealt with, *ret then what MHD is
 * to be told. */
static bool make_fault(struct weir_rapi *rapi, struct request *request, enum MHD_Result *ret)
{
    struct weir_rapi_fault fault = {0};
    struct slot *slot;

    if (rapi->ops->on_request == NULL || request->seen) {
        return false;
    }
    request->seen = true;
    rapi->ops->on_request(rapi->ctx, request->route, request->id, &fault);
    slot = find_id(rapi, request->id);
    if ((fault.drop || fault.status != 0) && slot != NULL && slot->state == STATE_BUSY) {
        slot->state = STATE_IDLE;
    }
    if (fault.status != 0) {
        *ret = refuse(request->connection, fault.status, "Fault", "as the test wants it");
    } else {
        *ret = MHD_NO;
    }
    return fault.drop || fault.status != 0;
}

static enum MHD_Result serve(struct weir_rapi *rapi, struct request *request)
{
    struct MHD_Connection *c = request->connection;
    enum MHD_Result rc = MHD_NO;

    if (make_fault(rapi, request, &rc)) {
        return rc;
    }
    switch (request->route) {
    case WEIR_RAPI_NONE:
        break;
    case WEIR_RAPI_METHOD:
        return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "MethodNotAllowed", "not with this method");
    case WEIR_RAPI_NEXT:
        return serve_next(rapi, c, request);
    case WEIR_RAPI_POST_RESPONSE:
    case WEIR_RAPI_POST_ERROR:
    case WEIR_RAPI_POST_INIT_ERROR:
        return serve_answer(rapi, c, request);
    case WEIR_RAPI_EXT_REGISTER:
        return serve_register(c);
    case WEIR_RAPI_EXT_NEXT:
        return request->dropped ? MHD_NO : park(rapi, request);
    }
    return refuse(c, MHD_HTTP_NOT_FOUND, "NotFound", "no such path");
}

/* Whether a web page may have sent it: a browser on this machine does what any page asks of it, and
 * what it sends, no runtime does: another name for this address, or where the page came from. */
static bool is_from_a_page(const struct weir_rapi *rapi, struct MHD_Connection *c)
{
    static const char *const told[] = {"Origin", "Sec-Fetch-Site"};
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");

    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        if (MHD_lookup_connection_value(c, MHD_HEADER_KIND, told[i]) != NULL) {
            return true;
        }
    }
    return host != NULL && strcmp(host, rapi->address) != 0;
}

static enum MHD_Result on_request(void *self, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **con_cls)
{
    struct request *request = *con_cls;
    const struct weir_rapi *rapi = self;

    (void)version;
    if (rapi->closing) {
        return MHD_NO;
    }
    if (request == NULL && is_from_a_page(rapi, c)) {
        return refuse(c, MHD_HTTP_FORBIDDEN, "Forbidden", "this is for a runtime");
    }
    if (request == NULL) {
        request = request_new(c, url, method);
        *con_cls = request;
        return request != NULL ? MHD_YES : MHD_NO; /* called again with the body, and without */
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
    return serve(self, request);
}

static void on_completed(
    void *self, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode why)
{
    struct weir_rapi *rapi = self;
    struct request *request = *con_cls;

    (void)c;
    (void)why;
    if (request != NULL) {
        for (size_t i = 0; i < rapi->parked_n; i++) {
            if (rapi->parked[i] == request) {
                forget_parked(rapi, i);
                break;
            }
        }
        weir_buf_fini(&request->body);
        free(request);
        *con_cls = NULL;
    }
}

struct weir_rapi *weir_rapi_new(
    struct weir_loop *loop, const struct weir_rapi_ops *ops, void *ctx, struct weir_err *err)
{
    const struct sockaddr_in local = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct weir_rapi *rapi = calloc(1, sizeof *rapi);
    const struct weir_httpd_opts httpd = {.address = (const struct sockaddr *)&local,
        .connections_max = WEIR_RAPI_CONNECTIONS_MAX,
        .connection_bytes = WEIR_RAPI_HEADERS_MAX_BYTES,
        .on_request = on_request,
        .on_completed = on_completed,
        .ctx = rapi};

    if (rapi == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the runtime api");
        return NULL;
    }
    rapi->ops = ops;
    rapi->ctx = ctx;
    rapi->concurrency = 1;
    rapi->httpd = weir_httpd_new(loop, &httpd, err);
    if (rapi->httpd == NULL) {
        weir_err_prefix(err, "runtime api");
        free(rapi);
        return NULL;
    }
    (void)snprintf(
        rapi->address, sizeof rapi->address, "127.0.0.1:%u", weir_httpd_port(rapi->httpd));
    return rapi;
}

const char *weir_rapi_address(const struct weir_rapi *rapi)
{
    return rapi->address;
}

void weir_rapi_set_concurrency(struct weir_rapi *rapi, size_t n)
{
    assert(n >= 1 && n <= WEIR_RAPI_CONCURRENCY_MAX);
    rapi->concurrency = n;
}

int weir_rapi_invoke(
    struct weir_rapi *rapi, const struct weir_rapi_invocation *invocation, struct weir_err *err)
{
    struct slot *slot = find(rapi, STATE_IDLE);

    if (slot == NULL) {
        return weir_err_set(
            err, WEIR_E_BUG, "runtime api: %zu invocation(s) at a time", rapi->concurrency);
    }
    if (strlen(invocation->request_id) >= sizeof slot->id) {
        return weir_err_set(err, WEIR_E_BUG, "runtime api: the request id is too long");
    }
    (void)snprintf(slot->id, sizeof slot->id, "%s", invocation->request_id);
    slot->invocation = *invocation;
    slot->state = STATE_READY;
    size_t i = find_parked(rapi, WEIR_RAPI_NEXT);
    if (i < rapi->parked_n) {
        unpark(rapi, i, false);
    }
    return 0;
}

void weir_rapi_free(struct weir_rapi *rapi)
{
    if (rapi == NULL) {
        return;
    }
    rapi->closing = true;
    while (rapi->parked_n > 0) { /* a server is not closed while a connection is suspended */
        unpark(rapi, 0, true);
    }
    weir_httpd_free(rapi->httpd);
    free(rapi);
}
