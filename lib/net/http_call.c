#include "net/http.h"

struct call {
    struct weir_buf *body;
    struct weir_err err;
    long status;
    bool done;
};

static size_t call_body(void *ctx, const uint8_t *p, size_t n)
{
    struct call *call = ctx;

    if (call->body != NULL && weir_buf_add(call->body, p, n, &call->err) != 0) {
        weir_err_prefix(&call->err, "http: the answer");
        call->done = true;
        return 0;
    }
    return n;
}

static void call_done(void *ctx, long status, const struct weir_err *err)
{
    struct call *call = ctx;

    call->status = status;
    call->done = true;
    (void)weir_err_keep(&call->err, err);
}

long weir_http_call(struct weir_loop *loop, const struct weir_http_request *request,
    struct weir_buf *body, struct weir_http **ret, struct weir_err *err)
{
    struct call call = {.body = body};
    struct weir_http_request rq = *request;
    struct weir_http *http = NULL;
    long status = -1;

    rq.on_headers = NULL;
    rq.on_body = call_body;
    rq.on_done = call_done;
    rq.ctx = &call;
    http = weir_http_start(loop, &rq, err);
    if (http == NULL) {
        return -1;
    }
    while (!call.done && call.err.code == WEIR_OK) {
        struct weir_err broke = {0};

        if (weir_loop_step(loop, INT64_MAX, &broke) != 0 && !call.done) {
            (void)weir_err_keep(&call.err, &broke);
        }
    }
    if (call.err.code != WEIR_OK) {
        (void)weir_err_keep(err, &call.err);
        goto out;
    }
    status = call.status;
    if (ret != NULL) {
        *ret = http; /* the caller owns it now */
        http = NULL;
    }
out:
    weir_http_free(http);
    return status;
}
