#include "aws/s3_wire.h"

#include "aws/s3_client.h"

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

/* The region that a request is signed for, and, at AWS, the host that goes with it. */
static void aim(struct weir_s3_config *there, const char *bucket, char host[WEIR_S3_AWS_HOST_BYTES])
{
    const char *learnt = weir_s3_client_region(there->client, bucket);

    if (learnt != NULL) {
        there->region = (char *)learnt; /* not changed by anybody: a view */
        if (!there->custom) {
            weir_s3_aws_host(there, learnt, host);
            there->host = host;
        }
    }
}

int weir_s3_wire_init(struct weir_s3_wire *wire, const struct weir_s3_config *cfg,
    const struct weir_s3_request *request, int64_t now_s, struct weir_err *err)
{
    char host[WEIR_S3_AWS_HOST_BYTES];
    struct weir_s3_config there = *cfg; /* borrows */
    aim(&there, request->bucket, host);
    const struct weir_aws_credentials *renewed = &cfg->client->renewed;
    const bool is_renewed = renewed->access_key != NULL;
    const struct weir_sigv4_key key = {is_renewed ? renewed->access_key : cfg->access_key,
        is_renewed ? renewed->secret_key : cfg->secret_key,
        is_renewed ? renewed->session_token : cfg->session_token, there.region, "s3"};
    struct weir_sigv4_pair headers[WEIR_S3_HEADERS_MAX + 1];
    struct weir_s3_address address;
    int rc = -1;

    *wire = (struct weir_s3_wire){0};
    weir_buf_init(&wire->url, WEIR_S3_URL_MAX_BYTES);
    if (request->headers_n > WEIR_S3_HEADERS_MAX) {
        return weir_err_set(err, WEIR_E_BUG, "s3: %zu headers", request->headers_n);
    }
    if (weir_s3_address(&there, request->bucket, request->key, &address, err) != 0) {
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

int weir_s3_if_match(const char *etag, char to[WEIR_S3_MATCH_BYTES], struct weir_err *err)
{
    const char *quote = etag[0] == '"' || strncmp(etag, "W/", 2) == 0 ? "" : "\"";
    int n = snprintf(to, WEIR_S3_MATCH_BYTES, "%s%s%s", quote, etag, quote);

    return n >= 0 && n < WEIR_S3_MATCH_BYTES
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG, "s3: an ETag of %zu bytes", strlen(etag));
}

void weir_s3_etag_bare(const char *etag, char to[WEIR_S3_ETAG_MAX_BYTES + 1])
{
    const size_t n = etag != NULL ? strlen(etag) : 0;

    to[0] = '\0';
    if (n >= 2 && n - 2 <= WEIR_S3_ETAG_MAX_BYTES && etag[0] == '"' && etag[n - 1] == '"') {
        memcpy(to, etag + 1, n - 2);
        to[n - 2] = '\0';
    }
}
