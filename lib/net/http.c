/*
 * One request is one libcurl easy handle on the loop's multi handle. libcurl keeps time only for
 * the connection; the request's own limits (whole, stalled) are one libuv timer here, because
 * libcurl's low-speed limit counts the time in which we paused the socket ourselves. The timer is
 * not moved for every byte: when it fires it looks at what has moved since and sets itself again.
 */
#include "net/http.h"

#include "core/env.h"
#include "core/limits.h"
#include "core/reason.h"
#include "net/http_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

/*
 * The end of a request
 */

static void detach(struct weir_http *http)
{
    if (http->attached) {
        http->attached = false;
        curl_multi_remove_handle(http->loop->multi, http->easy);
    }
    if (http->timer_open) {
        uv_timer_stop(&http->timer);
    }
}

/* Tell the caller; http may be gone when this returns. */
static void finish(struct weir_http *http)
{
    detach(http);
    http->rq.on_done(http->rq.ctx, http->err.code == WEIR_OK ? http->status : 0, &http->err);
}

static void body_cut(struct weir_http *http, CURLcode code, const char *why)
{
    if (http->length >= 0) {
        weir_err_detail(&http->err, WEIR_E_NET, (int)code,
            "http: %s: the body ended after %" PRIu64 " of %" PRId64 " bytes%s", http->host,
            http->body_bytes, http->length, why);
    } else {
        weir_err_detail(&http->err, WEIR_E_NET, (int)code,
            "http: %s: the body was cut off after %" PRIu64 " bytes%s", http->host,
            http->body_bytes, why);
    }
}

/* Put libcurl's verdict into words. Its own text is used only where it cannot quote the exchange.
 */
static void explain(struct weir_http *http, CURLcode code)
{
    /* With another code it may be that of an address that failed before the next one took us. */
    const bool has_errno =
        code == CURLE_COULDNT_CONNECT || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR;
    const char *reason = NULL;
    long os = 0;

    if (has_errno && curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &os) == CURLE_OK && os > 0) {
        reason = weir_reason((int)os);
    }
    switch (code) {
    case CURLE_PARTIAL_FILE:
        body_cut(http, code, "");
        return;
    case CURLE_RECV_ERROR:
        if (http->head_done) {
            body_cut(http, code, ": the connection broke");
            return;
        }
        weir_err_detail(&http->err, WEIR_E_NET, (int)code, "http: %s: %s before the answer",
            http->host, reason != NULL ? reason : "the connection broke");
        return;
    case CURLE_GOT_NOTHING:
        weir_err_detail(&http->err, WEIR_E_NET, (int)code,
            "http: %s: the connection was closed without an answer", http->host);
        return;
    case CURLE_OPERATION_TIMEDOUT: /* libcurl has no other limit than this one */
        weir_err_detail(&http->err, WEIR_E_NET, (int)code, "http: %s: no connection within %d ms",
            http->host, WEIR_HTTP_CONNECT_MS);
        return;
    case CURLE_COULDNT_RESOLVE_HOST:
        weir_err_detail(
            &http->err, WEIR_E_NET, (int)code, "http: %s: the name does not resolve", http->host);
        return;
    case CURLE_OUT_OF_MEMORY:
        weir_err_set(&http->err, WEIR_E_NOMEM, "http: %s: out of memory", http->host);
        return;
    case CURLE_SSL_CACERT_BADFILE:
        weir_err_detail(&http->err, WEIR_E_CONFIG, (int)code,
            "http: %s: the CA bundle cannot be read (AWS_CA_BUNDLE names another)", http->host);
        return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        weir_err_detail(&http->err, WEIR_E_NET, (int)code, "http: %s: %s", http->host,
            http->curl_text[0] != '\0' ? http->curl_text : curl_easy_strerror(code));
        return;
    default:
        weir_err_detail(&http->err, WEIR_E_NET, (int)code, "http: %s: %s", http->host,
            reason != NULL ? reason : curl_easy_strerror(code));
    }
}

void weir_http_completed(struct weir_http *http, CURLcode code)
{
    if (code != CURLE_OK) {
        explain(http, code); /* an error of ours that made libcurl stop was there first and stays */
    } else if (!http->head_done) {
        weir_err_set(&http->err, WEIR_E_NET, "http: %s: an answer without headers", http->host);
    }
    finish(http);
}

/*
 * Limits in time
 */

static void on_timer(uv_timer_t *timer);

static void arm(struct weir_http *http)
{
    uint64_t now = uv_now(&http->loop->uv), due = UINT64_MAX;

    if (http->rq.timeout_ms > 0) {
        due = http->start_ms + (uint64_t)http->rq.timeout_ms;
    }
    if (http->rq.stall_ms > 0 && !http->paused) {
        uint64_t stall = (uint64_t)http->rq.stall_ms, at = http->progress_ms + stall;
        /* What libcurl sends is seen only by looking, so look more than once. */
        if ((http->rq.body_len > 0 || http->sent_bytes < 0) && at > now + stall / 4) {
            at = now + stall / 4;
        }
        due = at < due ? at : due;
    }
    if (due == UINT64_MAX) {
        uv_timer_stop(&http->timer);
    } else {
        uv_timer_start(&http->timer, on_timer, due > now ? due - now : 0, 0);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct weir_http *http = timer->data;
    uint64_t now = uv_now(&http->loop->uv);

    weir_loop_moved(timer);
    if (http->resume_rc != CURLE_OK) {
        weir_http_completed(http, http->resume_rc);
        return;
    }
    if (http->rq.timeout_ms > 0 && now - http->start_ms >= (uint64_t)http->rq.timeout_ms) {
        weir_err_set(&http->err, WEIR_E_DEADLINE, "http: %s: not done within %ld ms", http->host,
            http->rq.timeout_ms);
        finish(http);
        return;
    }
    int64_t sent = weir_http_sent(http);
    if (sent != http->sent_bytes) {
        http->sent_bytes = sent;
        http->progress_ms = now;
    }
    if (http->rq.stall_ms > 0 && !http->paused &&
        now - http->progress_ms >= (uint64_t)http->rq.stall_ms) {
        /* When we were the busy ones, bytes may lie in the socket: let the loop look once more. */
        if (http->suspect_ms != http->progress_ms) {
            http->suspect_ms = http->progress_ms;
            uv_timer_start(&http->timer, on_timer, 1, 0);
            return;
        }
        weir_err_detail(&http->err, WEIR_E_NET, (int)CURLE_OPERATION_TIMEDOUT,
            "http: %s: nothing moved for %ld ms", http->host, http->rq.stall_ms);
        finish(http);
        return;
    }
    arm(http);
}

/*
 * What libcurl calls
 */

/* Chunks are undone by libcurl; any other coding would be a decoder that grows as it likes. */
static int check_coding(struct weir_http *http)
{
    const char *coding = weir_http_header(http, "Transfer-Encoding");

    if (coding != NULL && strcasecmp(coding, "chunked") != 0) {
        return weir_err_detail(&http->err, WEIR_E_REMOTE, (int)http->status,
            "http: %s: a transfer coding other than chunked", http->host);
    }
    return 0;
}

size_t weir_http_on_head(char *p, size_t size, size_t n, void *self)
{
    struct weir_http *http = self;
    curl_off_t length = -1;

    (void)size; /* always 1 */
    http->progress_ms = uv_now(&http->loop->uv);
    http->sent_bytes = weir_http_sent(http); /* before this: the timer is not to take it for news */
    http->head_bytes += n;
    if (http->head_bytes > WEIR_HTTP_HEADERS_MAX_BYTES) {
        weir_err_set(&http->err, WEIR_E_LIMIT, "http: %s: more than %zu bytes of headers",
            http->host, WEIR_HTTP_HEADERS_MAX_BYTES);
        return 0;
    }
    if (http->head_done || !(p[0] == '\r' || p[0] == '\n')) {
        return n; /* a header, or a trailer behind the body */
    }
    long status = 0;
    (void)curl_easy_getinfo(http->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200) {
        return n;
    }
    http->head_done = true;
    http->status = status;
    if (check_coding(http) != 0) {
        return 0;
    }
    (void)curl_easy_getinfo(http->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    http->length = length;
    if (http->rq.on_headers != NULL) {
        http->rq.on_headers(http->rq.ctx, http, status);
    }
    return n;
}

size_t weir_http_on_body(char *p, size_t size, size_t n, void *self)
{
    struct weir_http *http = self;
    size_t took = n;

    (void)size; /* always 1 */
    if (http->rq.on_body != NULL && n > 0) {
        took = http->rq.on_body(http->rq.ctx, (const uint8_t *)p, n);
    }
    if (took == n) {
        http->body_bytes += n;
        http->progress_ms = uv_now(&http->loop->uv);
        return n;
    }
    if (took == 0) {
        http->paused = true;
        arm(http);
        return CURL_WRITEFUNC_PAUSE;
    }
    weir_err_set(&http->err, WEIR_E_BUG, "http: a body callback took %zu of %zu bytes", took, n);
    return 0;
}

/*
 * The start of a request
 */

/* WEIR_STALL_MS in place of the request's own limit. */
static int take_stall(struct weir_http *http, struct weir_err *err)
{
    int64_t ms = 0;

    if (http->rq.stall_ms == 0) {
        return 0;
    }
    if (weir_env_int("WEIR_STALL_MS", http->rq.stall_ms, 1, WEIR_HTTP_STALL_MAX_MS, &ms, err) !=
        0) {
        return -1;
    }
    http->rq.stall_ms = (long)ms;
    return 0;
}

int weir_http_env(struct weir_err *err)
{
    const char *bundle;
    int64_t ms;

    return weir_env_int("WEIR_STALL_MS", 1, 1, WEIR_HTTP_STALL_MAX_MS, &ms, err) != 0
               ? -1
               : weir_http_bundle(&bundle, err);
}

struct weir_http *weir_http_start(
    struct weir_loop *loop, const struct weir_http_request *request, struct weir_err *err)
{
    struct weir_http *http = calloc(1, sizeof *http);

    if (http == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "http: out of memory");
        return NULL;
    }
    http->loop = loop;
    http->rq = *request;
    http->length = -1;
    http->sent_bytes = -1;
    http->suspect_ms = UINT64_MAX;
    if (take_stall(http, err) != 0 || weir_loop_curl(loop, err) != 0 ||
        weir_http_setup(http, err) != 0) {
        goto fail;
    }
    uv_timer_init(&loop->uv, &http->timer);
    http->timer.data = http;
    http->timer_open = true;
    CURLMcode mc = curl_multi_add_handle(loop->multi, http->easy);
    if (mc != CURLM_OK) {
        weir_err_set(err, WEIR_E_NOMEM, "http: %s", curl_multi_strerror(mc));
        goto fail;
    }
    http->attached = true;
    uv_update_time(&loop->uv);
    http->start_ms = http->progress_ms = uv_now(&loop->uv);
    arm(http);
    return http;
fail:
    weir_http_free(http);
    return NULL;
}

void weir_http_free(struct weir_http *http)
{
    if (http == NULL) {
        return;
    }
    detach(http);
    curl_easy_cleanup(http->easy);
    curl_slist_free_all(http->headers);
    if (http->timer_open) {
        weir_loop_close((uv_handle_t *)&http->timer, http);
    } else {
        free(http);
    }
}

void weir_http_resume(struct weir_http *http)
{
    if (!http->paused || !http->attached) {
        return;
    }
    http->paused = false;
    uv_update_time(&http->loop->uv);
    http->progress_ms = uv_now(&http->loop->uv);
    CURLcode rc = curl_easy_pause(http->easy, CURLPAUSE_CONT);
    if (rc != CURLE_OK) {
        http->resume_rc = rc;
        uv_timer_start(&http->timer, on_timer, 0, 0);
        return;
    }
    arm(http);
}

const char *weir_http_header(struct weir_http *http, const char *name)
{
    struct curl_header *h = NULL;

    if (curl_easy_header(http->easy, name, 0, CURLH_HEADER, -1, &h) != CURLHE_OK) {
        return NULL;
    }
    if (h->amount > 1 &&
        curl_easy_header(http->easy, name, h->amount - 1, CURLH_HEADER, -1, &h) != CURLHE_OK) {
        return NULL;
    }
    return h->value;
}

long weir_http_status(const struct weir_http *http)
{
    return http->status;
}

int64_t weir_http_sent(const struct weir_http *http)
{
    long head = 0;
    curl_off_t body = 0;

    (void)curl_easy_getinfo(http->easy, CURLINFO_REQUEST_SIZE, &head);
    (void)curl_easy_getinfo(http->easy, CURLINFO_SIZE_UPLOAD_T, &body);
    return head > 0 ? body : -1;
}

const char *weir_http_host(const struct weir_http *http)
{
    return http->host;
}

int64_t weir_http_length(const struct weir_http *http)
{
    return http->length;
}
