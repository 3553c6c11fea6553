#include "bootstrap/stream.h"

#include "bootstrap/fault.h"
#include "core/limits.h"

#include <stdio.h>

static int put_chunk(struct weir_http1 *http, const uint8_t *p, size_t n, struct weir_err *err)
{
    char size[24];
    int len = snprintf(size, sizeof size, "%zx\r\n", n);

    return weir_http1_put(http, size, (size_t)len, err) == 0 && weir_http1_put(http, p, n, err) == 0
               ? weir_http1_put(http, "\r\n", 2, err)
               : -1;
}

/* The first byte is there, or the end: begin. */
static int start(struct weir_stream *s, struct weir_err *err)
{
    const struct weir_http_header headers[] = {
        {"Content-Type", s->content_type},
        {"Lambda-Runtime-Function-Response-Mode", "streaming"},
        {"Trailer", WEIR_API_ERROR_TYPE ", Lambda-Runtime-Function-Error-Body"},
    };
    const struct weir_http1_request request = {
        .method = "POST",
        .path = s->path,
        .headers = headers,
        .headers_n = sizeof headers / sizeof headers[0],
        .chunked = true,
    };

    if (weir_http1_start(s->api->http, &request, err) != 0) {
        return -1;
    }
    s->state = WEIR_STREAM_OPEN;
    return s->prelude.len > 0 ? put_chunk(s->api->http, s->prelude.p, s->prelude.len, err) : 0;
}

/* The stream can go no further; what is left to say is weir_stream_end's. */
static enum weir_step lost(struct weir_stream *s)
{
    s->state = weir_http1_sent(s->api->http) ? WEIR_STREAM_LOST : WEIR_STREAM_ASKED;
    weir_http1_close(s->api->http);
    return WEIR_FAIL;
}

/* The answer is there, or a part of it. */
static enum weir_step read_answer(struct weir_stream *s, struct weir_err *err)
{
    switch (weir_http1_read(s->api->http, err)) {
    case WEIR_HTTP1_WAIT:
        return WEIR_WAIT;
    case WEIR_HTTP1_FAIL:
        return lost(s);
    case WEIR_HTTP1_DONE:
        break;
    }
    s->status = weir_http1_status(s->api->http);
    weir_http1_settle(s->api->http);
    if (s->ended && s->status >= 200 && s->status < 300) {
        s->state = WEIR_STREAM_DONE;
        return WEIR_END;
    }
    s->state = WEIR_STREAM_REFUSED;
    (void)weir_err_detail(err, WEIR_E_REMOTE, (int)s->status,
        "the Runtime API ended the stream with status %ld", s->status);
    return WEIR_FAIL;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct weir_stream *s = self;
    struct weir_http1 *http = s->api->http;

    (void)out;
    if (s->state == WEIR_STREAM_ASKED) {
        if (in->pos == in->size && !in->last) {
            return WEIR_NEED_IN;
        }
        if (start(s, err) != 0) {
            return lost(s);
        }
    }
    for (;;) {
        if (weir_http1_answered(http)) { /* in the middle of it: the API has had enough */
            enum weir_step said = read_answer(s, err);
            if (said != WEIR_WAIT) { /* an interim answer (1xx) changes nothing */
                return said;
            }
        }
        switch (weir_http1_flush(http, err)) {
        case WEIR_HTTP1_WAIT:
            return WEIR_WAIT;
        case WEIR_HTTP1_FAIL:
            return lost(s);
        case WEIR_HTTP1_DONE:
            break;
        }
        size_t left = in->size - in->pos;
        if (left > 0) {
            size_t n = left < WEIR_EDGE_DEFAULT_BYTES ? left : WEIR_EDGE_DEFAULT_BYTES;
            if (put_chunk(http, in->p + in->pos, n, err) != 0) {
                return lost(s);
            }
            in->pos += n;
        } else if (!in->last) {
            weir_http1_idle(http);
            return WEIR_NEED_IN;
        } else if (s->ended) {
            return read_answer(s, err);
        } else if (weir_http1_put(http, "0\r\n\r\n", 5, err) != 0) {
            return lost(s);
        } else {
            s->ended = true;
        }
    }
}

static int open_sink(struct weir_response_stream *base, const char *content_type,
    const struct weir_buf *prelude, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "response", .step = step};
    struct weir_stream *s = (struct weir_stream *)base;

    if (s->state != WEIR_STREAM_NONE) {
        return weir_err_set(err, WEIR_E_BUG, "a second stream was asked for");
    }
    if (prelude->len > 0 && weir_buf_add(&s->prelude, prelude->p, prelude->len, err) != 0) {
        return -1;
    }
    (void)snprintf(s->content_type, sizeof s->content_type, "%s", content_type);
    s->state = WEIR_STREAM_ASKED;
    *ret = (struct weir_stage){.ops = &ops, .self = s};
    return 0;
}

void weir_stream_init(struct weir_stream *s, struct weir_api *api, const char *path)
{
    *s = (struct weir_stream){.base = {.open = open_sink}, .api = api, .path = path};
    weir_buf_init(&s->prelude, WEIR_PRELUDE_MAX_BYTES);
}

void weir_stream_fini(struct weir_stream *s)
{
    weir_buf_fini(&s->prelude);
}

/* Say in the trailers what went wrong, and take the answer. */
static enum weir_api_after send_trailers(
    struct weir_stream *s, const char *type, const char *message)
{
    struct weir_err err = {0};
    struct weir_buf end;
    long status = -1;

    weir_buf_init(&end, WEIR_RUNTIME_ANSWER_MAX_BYTES);
    if (weir_fault_trailers(&end, type, message, &err) == 0) {
        status = weir_http1_finish(s->api->http, end.p, end.len, WEIR_RUNTIME_POST_MS, &err);
    }
    weir_buf_fini(&end);
    if (status >= 0) {
        return weir_api_react(s->api, s->path, status);
    }
    weir_log_write(
        s->api->log, WEIR_LOG_ERROR, "runtime: POST %s: %s", weir_api_name(s->path), err.msg);
    weir_http1_close(s->api->http);
    return WEIR_API_GO_ON;
}

enum weir_api_after weir_stream_end(struct weir_stream *s, const char *type, const char *message)
{
    weir_http1_idle(s->api->http);
    if (type == NULL && (s->state == WEIR_STREAM_OPEN || s->state == WEIR_STREAM_LOST)) {
        type = weir_err_type(WEIR_E_BUG);
        message = "the handler left its stream without an end";
    }
    if (type != NULL) {
        weir_log_error(s->api->log, type, message, "%s", "");
    }
    switch (s->state) {
    case WEIR_STREAM_OPEN:
        if (!s->ended) {
            return send_trailers(s, type, message);
        }
        /* The last chunk has gone, or is going: a trailer cannot follow. */
        weir_http1_close(s->api->http);
        return WEIR_API_GO_ON;
    case WEIR_STREAM_REFUSED:
        return weir_api_react(s->api, s->path, s->status);
    case WEIR_STREAM_NONE:
    case WEIR_STREAM_ASKED:
    case WEIR_STREAM_DONE:
    case WEIR_STREAM_LOST:
        break;
    }
    return WEIR_API_GO_ON;
}
