#include "aws/api_sign.h"

#include "aws/config.h"
#include "core/limits.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct target {
    char
        host[WEIR_API_HOST_MAX_BYTES + 1]; /* as it goes on the wire: no port that is the default */
    const char *path;                      /* into the URL; "/" where it has none */
    const char *service;
    char region[WEIR_S3_REGION_MAX_BYTES + 1];
};

static int find_host(struct target *t, const char *url, struct weir_err *err)
{
    const char *start = strstr(url, "://");
    start = start != NULL ? start + 3 : url;
    size_t n = strcspn(start, "/?#");
    const char *standard = strncmp(url, "https", 5) == 0 ? ":443" : ":80";
    size_t port = strlen(standard);

    t->path = start[n] == '/' ? start + n : "/";
    if (start[n] == '?' || strpbrk(t->path, "?%#") != NULL) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "a URL with a query or with encoded bytes cannot be signed");
    }
    if (n > port && strncmp(start + n - port, standard, port) == 0) {
        n -= port;
    }
    if (n == 0 || n >= sizeof t->host) {
        return weir_err_set(err, WEIR_E_CONFIG, "a URL without a host cannot be signed");
    }
    memcpy(t->host, start, n);
    t->host[n] = '\0';
    return 0;
}

/* The label behind ".SERVICE." is the region of AWS's own names. */
static bool region_of(struct target *t, const char *infix, const char *suffix, const char *service)
{
    const char *at = strstr(t->host, infix);

    if (at == NULL) {
        return false;
    }
    at += strlen(infix);
    size_t n = strcspn(at, ".");
    if (n >= sizeof t->region || strncmp(at + n, suffix, strlen(suffix)) != 0) {
        return false;
    }
    memcpy(t->region, at, n);
    t->region[n] = '\0';
    t->service = service;
    return weir_s3_is_region(t->region);
}

static int find_scope(struct target *t, struct weir_err *err)
{
    char *region = NULL;

    if (region_of(t, ".execute-api.", ".amazonaws.com", "execute-api") ||
        region_of(t, ".lambda-url.", ".on.aws", "lambda")) {
        return 0;
    }
    if (weir_aws_region(&region, err) != 0) {
        return -1;
    }
    snprintf(t->region, sizeof t->region, "%s", region);
    t->service = "execute-api";
    free(region);
    return 0;
}

int weir_api_sign(struct weir_api_sign *ret, const char *method, const char *url, int64_t now_s,
    struct weir_err *err)
{
    struct target t;
    char nothing[WEIR_SHA256_HEX_BYTES];

    *ret = (struct weir_api_sign){0};
    if (find_host(&t, url, err) != 0 || find_scope(&t, err) != 0 ||
        weir_sha256_hex("", 0, nothing, err) != 0 ||
        weir_aws_credentials_get(&ret->credentials, INT64_MAX, err) != 0) {
        return -1;
    }
    const struct weir_aws_credentials *c = &ret->credentials;
    const struct weir_sigv4_key key = {
        c->access_key, c->secret_key, c->session_token, t.region, t.service};
    const struct weir_sigv4_pair host = {"Host", t.host};
    const struct weir_sigv4_request request = {.method = method,
        .path = t.path,
        .headers = &host,
        .headers_n = 1,
        .payload_hash = nothing};
    if (weir_sigv4_sign(&key, &request, now_s, &ret->signature, err) != 0) {
        weir_api_sign_fini(ret);
        return -1;
    }
    ret->headers[ret->headers_n++] = (struct weir_http_header){"X-Amz-Date", ret->signature.date};
    ret->headers[ret->headers_n++] =
        (struct weir_http_header){"Authorization", ret->signature.authorization};
    if (c->session_token != NULL) {
        ret->headers[ret->headers_n++] =
            (struct weir_http_header){"X-Amz-Security-Token", c->session_token};
    }
    return 0;
}

void weir_api_sign_fini(struct weir_api_sign *sign)
{
    weir_aws_credentials_fini(&sign->credentials);
    OPENSSL_cleanse(&sign->signature, sizeof sign->signature);
    *sign = (struct weir_api_sign){0};
}
