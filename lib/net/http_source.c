#include "net/http_source.h"

#include "core/limits.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Any piece that libcurl hands over fits once the buffer is empty. */
static_assert(CURL_MAX_WRITE_SIZE <= 16 * 1024, "a piece must fit the receive buffer");

struct weir_http_source {
    struct weir_http *http;
    bool done;
    bool full; /* the socket is paused for want of room */
    struct weir_err err;
    uint8_t *ring; /* WEIR_HTTP_RECV_BYTES */
    size_t from, used;
};

static size_t on_body(void *ctx, const uint8_t *p, size_t n)
{
    struct weir_http_source *s = ctx;

    if (n > WEIR_HTTP_RECV_BYTES - s->used) {
        s->full = true;
        return 0;
    }
    size_t to = (s->from + s->used) % WEIR_HTTP_RECV_BYTES;
    size_t first = WEIR_HTTP_RECV_BYTES - to;
    first = first < n ? first : n;
    memcpy(s->ring + to, p, first);
    memcpy(s->ring, p + first, n - first);
    s->used += n;
    return n;
}

static void on_done(void *ctx, long status, const struct weir_err *err)
{
    struct weir_http_source *s = ctx;

    (void)status;
    s->done = true;
    s->err = *err;
}

struct weir_http_source *weir_http_source_new(
    struct weir_loop *loop, const struct weir_http_request *request, struct weir_err *err)
{
    struct weir_http_request rq = *request;
    struct weir_http_source *s = calloc(1, sizeof *s);

    if (s != NULL) {
        s->ring = malloc(WEIR_HTTP_RECV_BYTES);
    }
    if (s == NULL || s->ring == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "http: out of memory for a receive buffer");
        goto fail;
    }
    rq.on_headers = NULL;
    rq.on_body = on_body;
    rq.on_done = on_done;
    rq.ctx = s;
    s->http = weir_http_start(loop, &rq, err);
    if (s->http == NULL) {
        goto fail;
    }
    return s;
fail:
    weir_http_source_free(s);
    return NULL;
}

void weir_http_source_free(struct weir_http_source *s)
{
    if (s == NULL) {
        return;
    }
    weir_http_free(s->http);
    free(s->ring);
    free(s);
}

struct weir_http *weir_http_source_http(const struct weir_http_source *s)
{
    return s->http;
}

static enum weir_step failed(const struct weir_http_source *s, struct weir_err *err)
{
    (void)weir_err_keep(err, &s->err);
    return WEIR_FAIL;
}

enum weir_step weir_http_source_head(struct weir_http_source *s, struct weir_err *err)
{
    if (weir_http_status(s->http) != 0) {
        return WEIR_NEED_OUT;
    }
    return s->done ? failed(s, err) : WEIR_WAIT;
}

/* Move bytes from the ring into the window; let the socket go on at half, so that a slow taker does
 * not turn every piece into a pause. */
static void take(struct weir_http_source *s, struct weir_out *out)
{
    for (;;) {
        size_t run = WEIR_HTTP_RECV_BYTES - s->from;
        run = run < s->used ? run : s->used;
        size_t n = weir_out_put(out, s->ring + s->from, run);
        s->used -= n;
        s->from = s->used == 0 ? 0 : (s->from + n) % WEIR_HTTP_RECV_BYTES;
        if (s->full && s->used <= WEIR_HTTP_RECV_BYTES / 2) {
            s->full = false;
            weir_http_resume(s->http); /* may call on_body at once */
        }
        if (s->used == 0 || out->pos == out->size) {
            return;
        }
    }
}

enum weir_step weir_http_source_step(
    struct weir_http_source *s, struct weir_out *out, struct weir_err *err)
{
    take(s, out);
    if (s->used > 0) {
        return WEIR_NEED_OUT;
    }
    if (!s->done) {
        return out->pos == out->size ? WEIR_NEED_OUT : WEIR_WAIT;
    }
    return s->err.code == WEIR_OK ? WEIR_END : failed(s, err);
}

enum weir_step weir_http_source_collect(
    struct weir_http_source *s, struct weir_buf *body, struct weir_err *err)
{
    enum weir_step step;

    do {
        uint8_t piece[4096];
        struct weir_out out = {.p = piece, .size = sizeof piece};
        step = weir_http_source_step(s, &out, err);
        if (weir_buf_add(body, piece, out.pos, err) != 0) {
            weir_err_prefix(err, "http: %s: the answer", weir_http_host(s->http));
            return WEIR_FAIL;
        }
    } while (step == WEIR_NEED_OUT);
    return step;
}
