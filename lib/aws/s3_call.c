#include "aws/s3_call.h"

#include "aws/xml.h"

#include <stdio.h>
#include <string.h>

static int set_hash(struct weir_s3_wire *wire, const struct weir_s3_config *cfg,
    const struct weir_s3_request *request, struct weir_err *err)
{
    if (cfg->tls) {
        snprintf(wire->hash, sizeof wire->hash, "%s", WEIR_SIGV4_UNSIGNED);
        return 0;
    }
    if (request->body_hash != NULL) {
        snprintf(wire->hash, sizeof wire->hash, "%s", request->body_hash);
        return 0;
    }
    const void *body = request->body != NULL ? request->body : (const uint8_t *)"";
    return weir_sha256_hex(body, request->body != NULL ? request->body_len : 0, wire->hash, err);
}

static int set_url(struct weir_s3_wire *wire, const struct weir_s3_config *cfg,
    const struct weir_s3_address *address, const struct weir_s3_request *request,
    struct weir_err *err)
{
    if (weir_buf_addf(&wire->url, err, "%s://%s%s%s", cfg->tls ? "https" : "http",
            (const char *)address->host.p, (const char *)address->path.p,
            request->query_n > 0 ? "?" : "") != 0 ||
        weir_sigv4_query(&wire->url, request->query, request->query_n, err) != 0) {
        return -1;
    }
    return weir_buf_text(&wire->url, err) != NULL ? 0 : -1;
}

static void send_header(struct weir_s3_wire *wire, const char *name, const char *value)
{
    wire->headers[wire->http.headers_n++] = (struct weir_http_header){name, value};
}

int weir_s3_wire_init(struct weir_s3_wire *wire, const struct weir_s3_config *cfg,
    const struct weir_s3_request *request, int64_t now_s, struct weir_err *err)
{
    const struct weir_sigv4_key key = {
        cfg->access_key, cfg->secret_key, cfg->session_token, cfg->region, "s3"};
    struct weir_sigv4_pair headers[WEIR_S3_HEADERS_MAX + 1];
    struct weir_s3_address address;
    int rc = -1;

    *wire = (struct weir_s3_wire){0};
    weir_buf_init(&wire->url, WEIR_S3_URL_MAX_BYTES);
    if (request->headers_n > WEIR_S3_HEADERS_MAX) {
        return weir_err_set(err, WEIR_E_BUG, "s3: %zu headers", request->headers_n);
    }
    if (weir_s3_address(cfg, request->bucket, request->key, &address, err) != 0) {
        return -1;
    }
    if (set_hash(wire, cfg, request, err) != 0 || set_url(wire, cfg, &address, request, err) != 0) {
        goto out;
    }
    headers[0] = (struct weir_sigv4_pair){"Host", (const char *)address.host.p};
    for (size_t i = 0; i < request->headers_n; i++) {
        headers[i + 1] = request->headers[i];
        send_header(wire, request->headers[i].name, request->headers[i].value);
    }
    const struct weir_sigv4_request sign = {request->method, (const char *)address.path.p,
        request->query, request->query_n, headers, request->headers_n + 1, wire->hash, true};
    if (weir_sigv4_sign(&key, &sign, now_s, &wire->signature, err) != 0) {
        goto out;
    }
    /* Host is what libcurl makes of the URL: the same text. */
    send_header(wire, "x-amz-content-sha256", wire->hash);
    send_header(wire, "x-amz-date", wire->signature.date);
    send_header(wire, "Authorization", wire->signature.authorization);
    if (key.session_token != NULL) {
        send_header(wire, "x-amz-security-token", key.session_token);
    }
    wire->http.method = request->method;
    wire->http.url = (const char *)wire->url.p;
    wire->http.headers = wire->headers;
    wire->http.body = request->body;
    wire->http.body_len = request->body_len;
    wire->http.timeout_ms = request->timeout_ms;
    wire->http.stall_ms = request->stall_ms;
    wire->http.fresh = request->fresh;
    rc = 0;
out:
    weir_s3_address_fini(&address);
    if (rc != 0) {
        weir_s3_wire_fini(wire);
    }
    return rc;
}

void weir_s3_wire_fini(struct weir_s3_wire *wire)
{
    weir_buf_fini(&wire->url);
}

static size_t on_body(void *ctx, const uint8_t *p, size_t n)
{
    struct weir_s3_call *call = ctx;

    if (weir_buf_add(&call->answer, p, n, &call->err) != 0) {
        weir_err_prefix(&call->err, "an answer");
        call->status = 0;
        call->done = true; /* the paused request goes with weir_s3_call_stop */
        return 0;
    }
    return n;
}

static void on_done(void *ctx, long status, const struct weir_err *err)
{
    struct weir_s3_call *call = ctx;

    if (!call->done) {
        call->status = status;
        call->err = *err;
        call->done = true;
    }
}

int weir_s3_call_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_s3_request *request, int64_t now_s,
    struct weir_err *err)
{
    struct weir_s3_wire wire;

    *call = (struct weir_s3_call){0};
    weir_buf_init(&call->answer, WEIR_S3_XML_MAX_BYTES);
    if (weir_s3_wire_init(&wire, cfg, request, now_s, err) != 0) {
        return -1;
    }
    wire.http.on_body = on_body;
    wire.http.on_done = on_done;
    wire.http.ctx = call;
    call->http = weir_http_start(loop, &wire.http, err);
    weir_s3_wire_fini(&wire);
    return call->http != NULL ? 0 : -1;
}

void weir_s3_call_stop(struct weir_s3_call *call)
{
    weir_http_free(call->http);
    weir_buf_fini(&call->answer);
    *call = (struct weir_s3_call){0};
}

static bool buf_text(const struct weir_buf *buf, const char *path, char *to, size_t size)
{
    return weir_xml_find(buf->p != NULL ? (const char *)buf->p : "", buf->len, path, to, size);
}

bool weir_s3_call_text(const struct weir_s3_call *call, const char *path, char *to, size_t size)
{
    return buf_text(&call->answer, path, to, size);
}

/* What a server says goes into a message only as a word, so that it stays one line and no payload
 * can get there. */
static bool is_word(const char *s)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

    return s[0] != '\0' && s[strspn(s, set)] == '\0';
}

int weir_s3_refused(struct weir_err *err, const char *name, const char *what, long status,
    struct weir_http *http, const struct weir_buf *answer)
{
    char code[64], hint[96] = "";

    if (!buf_text(answer, "Error/Code", code, sizeof code) || !is_word(code)) {
        code[0] = '\0';
    }
    /* Of a bucket that lies elsewhere S3 says where. Going there comes in a later issue. */
    const char *region = weir_http_header(http, "x-amz-bucket-region");
    if ((status / 100 == 3 || strcmp(code, "AuthorizationHeaderMalformed") == 0) &&
        region != NULL && strlen(region) < 64 && is_word(region)) {
        snprintf(hint, sizeof hint, " (the bucket is in %s)", region);
    }
    return weir_err_detail(err, WEIR_E_REMOTE, (int)status, "s3: %s: %s%s%ld%s%s%s", name,
        what != NULL ? what : "", what != NULL ? ": " : "", status, code[0] != '\0' ? " " : "",
        code, hint);
}

int weir_s3_call_failed(
    struct weir_err *err, const char *name, const char *what, const struct weir_s3_call *call)
{
    if (call->status != 0) {
        return weir_s3_refused(err, name, what, call->status, call->http, &call->answer);
    }
    struct weir_err e = call->err;
    if (what != NULL) {
        weir_err_prefix(&e, "%s", what);
    }
    weir_err_prefix(&e, "s3: %s", name);
    if (err != NULL && err->code == WEIR_OK) {
        *err = e;
    }
    return -1;
}
