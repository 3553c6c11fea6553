/*
 * One request is one libcurl easy handle on the loop's multi handle. libcurl keeps time only for
 * the connection; the request's own limits (whole, stalled) are one libuv timer here, because
 * libcurl's low-speed limit counts the time in which we paused the socket ourselves. The timer is
 * not moved for every byte: when it fires it looks at what has moved since and sets itself again.
 */
#include "net/http.h"

#include "core/limits.h"
#include "net/loop_priv.h"
#include "net/tls.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define HOST_BYTES 128 /* of a host's name in messages */

struct weir_http {
    struct weir_loop *loop;
    struct weir_http_request rq; /* only body, limits and callbacks are valid after the start */
    CURL *easy;
    struct curl_slist *headers;
    uv_timer_t timer;
    bool timer_open;
    bool attached; /* on the multi handle: running */
    bool paused;   /* on_body took nothing */
    bool head_done;
    CURLcode resume_rc; /* a resume failed; told from the timer, never from within resume */
    long status;
    int64_t length; /* Content-Length or -1 */
    uint64_t body_bytes;
    size_t head_bytes;
    uint64_t start_ms, progress_ms; /* loop time */
    uint64_t suspect_ms;            /* the progress_ms that has been found too old once */
    int64_t sent_bytes;             /* as last looked at */
    struct weir_err err;
    char host[HOST_BYTES];
    char curl_text[CURL_ERROR_SIZE];
};

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
    char reason[HOST_BYTES] = "";
    long os = 0;

    if (curl_easy_getinfo(http->easy, CURLINFO_OS_ERRNO, &os) == CURLE_OK && os > 0) {
        uv_strerror_r(-(int)os, reason, sizeof reason);
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
            http->host, reason[0] != '\0' ? reason : "the connection broke");
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
            reason[0] != '\0' ? reason : curl_easy_strerror(code));
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
        if (http->rq.body_len > 0 && at > now + stall / 4) {
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

static size_t on_head_line(char *p, size_t size, size_t n, void *self)
{
    struct weir_http *http = self;
    curl_off_t length = -1;

    (void)size; /* always 1 */
    http->progress_ms = uv_now(&http->loop->uv);
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

static size_t on_body_bytes(char *p, size_t size, size_t n, void *self)
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

/* RFC 9110's token: what methods and header names are made of. */
static bool is_token(const char *s)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    if (*s == '\0') {
        return false;
    }
    for (; *s != '\0'; s++) {
        bool alnum =
            (*s >= '0' && *s <= '9') || (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z');
        if (!alnum && strchr(marks, *s) == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_header_value(const char *s)
{
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            return false;
        }
    }
    return true;
}

/* Checks the URL, and keeps the host for messages. */
static int take_url(struct weir_http *http, const char *url, struct weir_err *err)
{
    CURLU *u = NULL;
    char *host = NULL, *port = NULL;
    int rc = -1;

    for (const char *s = url; *s != '\0'; s++) {
        if ((unsigned char)*s <= 0x20 || *s == 0x7F || *s == '#') {
            return weir_err_set(
                err, WEIR_E_CONFIG, "http: byte 0x%02x in a URL is not encoded", (unsigned char)*s);
        }
    }
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "http: a URL that is neither http:// nor https://");
    }
    u = curl_url();
    if (u == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "http: out of memory");
    }
    CURLUcode uc = curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS | CURLU_DISALLOW_USER);
    if (uc == CURLUE_OK) {
        uc = curl_url_get(u, CURLUPART_HOST, &host, 0);
    }
    if (uc != CURLUE_OK) {
        weir_err_set(err, uc == CURLUE_OUT_OF_MEMORY ? WEIR_E_NOMEM : WEIR_E_CONFIG,
            "http: a URL that cannot be used: %s", curl_url_strerror(uc));
        goto out;
    }
    (void)curl_url_get(u, CURLUPART_PORT, &port, 0); /* fails when the URL names none */
    snprintf(http->host, sizeof http->host, "%.100s%s%.5s", host, port != NULL ? ":" : "",
        port != NULL ? port : "");
    rc = 0;
out:
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(u);
    return rc;
}

static int add_line(struct weir_http *http, const char *line, struct weir_err *err)
{
    struct curl_slist *list = curl_slist_append(http->headers, line);

    if (list == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "http: out of memory for headers");
    }
    http->headers = list;
    return 0;
}

static int add_headers(struct weir_http *http, struct weir_err *err)
{
    const struct weir_http_request *rq = &http->rq;
    struct weir_buf line;
    bool has_type = false;
    int rc = -1;

    weir_buf_init(&line, WEIR_HTTP_HEADERS_MAX_BYTES);
    for (size_t i = 0; i < rq->headers_n; i++) {
        const struct weir_http_header *h = &rq->headers[i];
        if (!is_token(h->name) || !is_header_value(h->value)) {
            weir_err_set(
                err, WEIR_E_CONFIG, "http: header %zu holds a byte that cannot be sent", i + 1);
            goto out;
        }
        /* "Name;" is how libcurl is told of an empty value; "Name:" would take the header away. */
        bool empty = h->value[strspn(h->value, " \t")] == '\0';
        line.len = 0;
        if (weir_buf_addf(&line, err, empty ? "%s;" : "%s: %s", h->name, empty ? "" : h->value) !=
                0 ||
            weir_buf_text(&line, err) == NULL || add_line(http, (const char *)line.p, err) != 0) {
            goto out;
        }
        has_type = has_type || strcasecmp(h->name, "Content-Type") == 0;
    }
    /* No waiting for "100 Continue", and nothing of libcurl's that the caller did not ask for. */
    if (add_line(http, "Expect:", err) != 0 || add_line(http, "Accept:", err) != 0 ||
        (!has_type && add_line(http, "Content-Type:", err) != 0)) {
        goto out;
    }
    rc = 0;
out:
    weir_buf_fini(&line);
    return rc;
}

/* A CA bundle is looked for when the first https request needs it: reading one costs more than
 * starting the process. libcurl keeps the parsed bundle with the multi handle. */
static int set_tls(struct weir_http *http, struct weir_err *err)
{
    const char *file = getenv("AWS_CA_BUNDLE");
    CURLcode rc;

    if (file != NULL && file[0] != '\0') {
        if (access(file, R_OK) != 0) {
            return weir_err_detail(err, WEIR_E_CONFIG, errno, "http: AWS_CA_BUNDLE cannot be read");
        }
    } else {
        file = weir_tls_bundle();
    }
    rc = curl_easy_setopt(http->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (rc == CURLE_OK && file != NULL) {
        rc = curl_easy_setopt(http->easy, CURLOPT_CAINFO, file);
    }
    return rc == CURLE_OK ? 0 : weir_err_set(err, WEIR_E_NOMEM, "http: %s", curl_easy_strerror(rc));
}

/* curl_easy_setopt once, unless one failed before */
#define SET(option, value)                                                                         \
    do {                                                                                           \
        if (rc == CURLE_OK) {                                                                      \
            rc = curl_easy_setopt(http->easy, option, value);                                      \
        }                                                                                          \
    } while (0)

static size_t on_read_body(char *p, size_t size, size_t n, void *self)
{
    struct weir_http *http = self;
    int64_t got = http->rq.read_body(http->rq.ctx, (uint8_t *)p, size * n);

    return got > 0 ? (size_t)got : CURL_READFUNC_ABORT;
}

static CURLcode set_method(struct weir_http *http)
{
    const struct weir_http_request *rq = &http->rq;
    bool reads = rq->body == NULL && rq->read_body != NULL && rq->body_len > 0;
    bool has_body =
        rq->body != NULL || strcmp(rq->method, "PUT") == 0 || strcmp(rq->method, "POST") == 0;
    CURLcode rc = CURLE_OK;

    if (reads) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
        SET(CURLOPT_READFUNCTION, on_read_body);
        SET(CURLOPT_READDATA, http);
    } else if (has_body) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(rq->body != NULL ? rq->body_len : 0));
        SET(CURLOPT_POSTFIELDS, rq->body != NULL ? (const char *)rq->body : "");
    } else if (strcmp(rq->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
        return rc;
    }
    SET(CURLOPT_CUSTOMREQUEST, rq->method);
    return rc;
}

static CURLcode set_options(struct weir_http *http)
{
    CURLcode rc = CURLE_OK;

    SET(CURLOPT_PRIVATE, http);
    SET(CURLOPT_URL, http->rq.url);
    SET(CURLOPT_ERRORBUFFER, http->curl_text);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PATH_AS_IS, 1L);
    SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)WEIR_HTTP_CONNECT_MS);
    SET(CURLOPT_BUFFERSIZE, (long)WEIR_HTTP_READ_BYTES);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, (long)WEIR_HTTP_READ_BYTES);
    SET(CURLOPT_HTTPHEADER, http->headers);
    SET(CURLOPT_FRESH_CONNECT, http->rq.fresh ? 1L : 0L);
    SET(CURLOPT_USERAGENT, "weir");
    SET(CURLOPT_HEADERFUNCTION, on_head_line);
    SET(CURLOPT_HEADERDATA, http);
    SET(CURLOPT_WRITEFUNCTION, on_body_bytes);
    SET(CURLOPT_WRITEDATA, http);
    return rc == CURLE_OK ? set_method(http) : rc;
}

/* WEIR_STALL_MS in place of the request's own limit. */
static int take_stall(struct weir_http *http, struct weir_err *err)
{
    const char *s = getenv("WEIR_STALL_MS");
    char *end;

    if (http->rq.stall_ms == 0 || s == NULL || *s == '\0') {
        return 0;
    }
    unsigned long v = strtoul(s, &end, 10);
    if (*end != '\0' || *s < '0' || *s > '9' || v < 1 || v > WEIR_HTTP_STALL_MAX_MS) {
        return weir_err_set(err, WEIR_E_CONFIG, "WEIR_STALL_MS: must be a number from 1 to %d",
            WEIR_HTTP_STALL_MAX_MS);
    }
    http->rq.stall_ms = (long)v;
    return 0;
}

struct weir_http *weir_http_start(
    struct weir_loop *loop, const struct weir_http_request *request, struct weir_err *err)
{
    struct weir_http *http = calloc(1, sizeof *http);
    CURLcode rc = CURLE_OUT_OF_MEMORY;

    if (http == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "http: out of memory");
        return NULL;
    }
    http->loop = loop;
    http->rq = *request;
    http->length = -1;
    http->sent_bytes = -1;
    http->suspect_ms = UINT64_MAX;
    if (!is_token(request->method)) {
        weir_err_set(err, WEIR_E_CONFIG, "http: a method that cannot be sent");
        goto fail;
    }
    if (take_url(http, request->url, err) != 0 || add_headers(http, err) != 0 ||
        take_stall(http, err) != 0) {
        goto fail;
    }
    if (weir_loop_curl(loop, err) != 0) {
        goto fail;
    }
    http->easy = curl_easy_init();
    if (http->easy != NULL) {
        rc = set_options(http);
    }
    if (rc != CURLE_OK) {
        weir_err_set(err, WEIR_E_NOMEM, "http: %s", curl_easy_strerror(rc));
        goto fail;
    }
    if (strncasecmp(request->url, "https:", 6) == 0 && set_tls(http, err) != 0) {
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

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
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
        uv_close((uv_handle_t *)&http->timer, on_closed); /* libuv keeps the timer until then */
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
