#include "aws/sigv4.h"

#include "aws/uri.h"
#include "core/hex.h"
#include "core/limits.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/*
 * The four steps of the specification: the canonical request (its hash), the string to sign, the
 * day's key, the signature. Headers and parameters are sorted as arrays of pointers by insertion:
 * there are a handful, and equal names must keep their order.
 */

#define HASH_BYTES 32
#define MADE_HEADERS 3 /* x-amz-date, x-amz-content-sha256, x-amz-security-token */

int weir_sha256_hex(const void *p, size_t n, char hex[WEIR_SHA256_HEX_BYTES], struct weir_err *err)
{
    uint8_t hash[HASH_BYTES];

    if (EVP_Digest(p, n, hash, NULL, EVP_sha256(), NULL) != 1) {
        return weir_err_set(err, WEIR_E_NOMEM, "sigv4: SHA-256 failed");
    }
    weir_hex(hash, sizeof hash, hex);
    return 0;
}

static int hmac(const uint8_t *key, size_t key_len, const void *p, size_t n,
    uint8_t ret[HASH_BYTES], struct weir_err *err)
{
    if (HMAC(EVP_sha256(), key, (int)key_len, p, n, ret, NULL) == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "sigv4: HMAC failed");
    }
    return 0;
}

int weir_sigv4_text(const struct weir_sigv4_key *key, const char *day, const void *p, size_t n,
    char hex[WEIR_SHA256_HEX_BYTES], struct weir_err *err)
{
    const char *const scope[] = {day, key->region, key->service, "aws4_request"};
    char secret[4 + WEIR_AWS_SECRET_MAX_BYTES + 1];
    uint8_t k[HASH_BYTES], next[HASH_BYTES];
    int rc = -1;

    int len = snprintf(secret, sizeof secret, "AWS4%s", key->secret_key);
    if (len < 0 || (size_t)len >= sizeof secret) {
        weir_err_set(err, WEIR_E_CONFIG, "sigv4: the secret key is longer than %zu bytes",
            (size_t)WEIR_AWS_SECRET_MAX_BYTES);
        goto out;
    }
    const uint8_t *from = (const uint8_t *)secret;
    size_t from_len = (size_t)len;
    for (size_t i = 0; i < sizeof scope / sizeof scope[0]; i++) {
        if (hmac(from, from_len, scope[i], strlen(scope[i]), next, err) != 0) {
            goto out;
        }
        memcpy(k, next, sizeof k);
        from = k;
        from_len = sizeof k;
    }
    if (hmac(k, sizeof k, p, n, next, err) != 0) {
        goto out;
    }
    weir_hex(next, sizeof next, hex);
    rc = 0;
out:
    OPENSSL_cleanse(secret, sizeof secret);
    OPENSSL_cleanse(k, sizeof k);
    OPENSSL_cleanse(next, sizeof next);
    return rc;
}

static int too_many(size_t n, const char *what, struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_LIMIT, "sigv4: %zu %s, at most %d can be signed", n, what,
        WEIR_SIGV4_PAIRS_MAX);
}

/* An encoded parameter: "name=value" in a buffer, the two told apart because '=' sorts above '-',
 * '.' and the digits, so that the joined texts are in another order than the pairs. */
struct span {
    size_t name, name_len, value, value_len;
};

static int span_compare(const uint8_t *p, const struct span *a, const struct span *b)
{
    size_t n = a->name_len < b->name_len ? a->name_len : b->name_len;
    int c = memcmp(p + a->name, p + b->name, n);

    if (c != 0 || a->name_len != b->name_len) {
        return c != 0 ? c : a->name_len < b->name_len ? -1 : 1;
    }
    n = a->value_len < b->value_len ? a->value_len : b->value_len;
    c = memcmp(p + a->value, p + b->value, n);
    return c != 0 ? c : (a->value_len > b->value_len) - (a->value_len < b->value_len);
}

int weir_sigv4_query(
    struct weir_buf *to, const struct weir_sigv4_pair *query, size_t query_n, struct weir_err *err)
{
    struct span spans[WEIR_SIGV4_PAIRS_MAX];
    struct weir_buf b;
    int rc = -1;

    weir_buf_init(&b, WEIR_SIGV4_TEXT_MAX_BYTES);
    if (query_n > WEIR_SIGV4_PAIRS_MAX) {
        return too_many(query_n, "query parameters", err);
    }
    for (size_t i = 0; i < query_n; i++) {
        struct span s = {.name = b.len};
        if (weir_uri_encode(&b, query[i].name, false, err) != 0) {
            goto out;
        }
        s.name_len = b.len - s.name;
        s.value = b.len;
        if (weir_uri_encode(&b, query[i].value, false, err) != 0) {
            goto out;
        }
        s.value_len = b.len - s.value;
        size_t at = i;
        for (; at > 0 && span_compare(b.p, &s, &spans[at - 1]) < 0; at--) {
            spans[at] = spans[at - 1];
        }
        spans[at] = s;
    }
    for (size_t i = 0; i < query_n; i++) {
        if ((i > 0 && weir_buf_adds(to, "&", err) != 0) ||
            weir_buf_add(to, b.p + spans[i].name, spans[i].name_len, err) != 0 ||
            weir_buf_adds(to, "=", err) != 0 ||
            weir_buf_add(to, b.p + spans[i].value, spans[i].value_len, err) != 0) {
            goto out;
        }
    }
    rc = 0;
out:
    weir_buf_fini(&b);
    return rc;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int name_compare(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return (int)(uint8_t)lower(*a) - (int)(uint8_t)lower(*b);
}

static int add_lower(struct weir_buf *to, const char *name, struct weir_err *err)
{
    size_t n = strlen(name);
    uint8_t *p = weir_buf_reserve(to, n, err);

    if (p == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)lower(name[i]);
    }
    to->len += n;
    return 0;
}

/* The value without white space around it, and each run of it inside as one space. */
static int add_value(struct weir_buf *to, const char *value, struct weir_err *err)
{
    uint8_t *start = weir_buf_reserve(to, strlen(value), err), *p = start;
    bool space = false;

    if (start == NULL) {
        return -1;
    }
    for (; *value != '\0'; value++) {
        if (*value == ' ' || *value == '\t') {
            space = p > start;
            continue;
        }
        if (space) {
            *p++ = ' ';
            space = false;
        }
        *p++ = (uint8_t)*value;
    }
    to->len += (size_t)(p - start);
    return 0;
}

struct headers {
    struct weir_sigv4_pair pairs[WEIR_SIGV4_PAIRS_MAX + MADE_HEADERS];
    size_t n;
};

static void headers_add(struct headers *h, const char *name, const char *value)
{
    size_t at = h->n++;

    for (; at > 0 && name_compare(name, h->pairs[at - 1].name) < 0; at--) {
        h->pairs[at] = h->pairs[at - 1];
    }
    h->pairs[at] = (struct weir_sigv4_pair){name, value};
}

/* "name:value\n" per name; the values of a name that comes twice are joined by a comma. */
static int add_headers(struct weir_buf *to, const struct headers *h, struct weir_err *err)
{
    for (size_t i = 0; i < h->n; i++) {
        bool again = i > 0 && name_compare(h->pairs[i].name, h->pairs[i - 1].name) == 0;
        if (i > 0 && weir_buf_adds(to, again ? "," : "\n", err) != 0) {
            return -1;
        }
        if (!again &&
            (add_lower(to, h->pairs[i].name, err) != 0 || weir_buf_adds(to, ":", err) != 0)) {
            return -1;
        }
        if (add_value(to, h->pairs[i].value, err) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "\n", err);
}

static int add_names(struct weir_buf *to, const struct headers *h, struct weir_err *err)
{
    for (size_t i = 0; i < h->n; i++) {
        if (i > 0 && name_compare(h->pairs[i].name, h->pairs[i - 1].name) == 0) {
            continue;
        }
        if ((i > 0 && weir_buf_adds(to, ";", err) != 0) ||
            add_lower(to, h->pairs[i].name, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int canonical_hash(const struct weir_sigv4_request *request, const struct headers *h,
    const char *names, char hex[WEIR_SHA256_HEX_BYTES], struct weir_err *err)
{
    struct weir_buf b;
    int rc = -1;

    weir_buf_init(&b, WEIR_SIGV4_TEXT_MAX_BYTES);
    if (weir_buf_addf(&b, err, "%s\n%s\n", request->method, request->path) == 0 &&
        weir_sigv4_query(&b, request->query, request->query_n, err) == 0 &&
        weir_buf_adds(&b, "\n", err) == 0 && add_headers(&b, h, err) == 0 &&
        weir_buf_addf(&b, err, "\n%s\n%s", names, request->payload_hash) == 0) {
        rc = weir_sha256_hex(b.p, b.len, hex, err);
    }
    weir_buf_fini(&b); /* holds a session token, as the request that is sent does */
    return rc;
}

int weir_sigv4_date(int64_t now_s, char date[17], struct weir_err *err)
{
    time_t t = (time_t)now_s;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || strftime(date, 17, "%Y%m%dT%H%M%SZ", &tm) != 16) {
        return weir_err_set(
            err, WEIR_E_LIMIT, "sigv4: %lld s is not a time of this era", (long long)now_s);
    }
    return 0;
}

int weir_sigv4_sign(const struct weir_sigv4_key *key, const struct weir_sigv4_request *request,
    int64_t now_s, struct weir_sigv4 *ret, struct weir_err *err)
{
    char day[9], hash[WEIR_SHA256_HEX_BYTES], signature[WEIR_SHA256_HEX_BYTES];
    struct headers h = {.n = 0};
    struct weir_buf names, text;
    const char *signed_names;
    int rc = -1;

    weir_buf_init(&names, WEIR_SIGV4_TEXT_MAX_BYTES);
    weir_buf_init(&text, WEIR_SIGV4_TEXT_MAX_BYTES);
    if (request->headers_n > WEIR_SIGV4_PAIRS_MAX) {
        return too_many(request->headers_n, "headers", err);
    }
    if (weir_sigv4_date(now_s, ret->date, err) != 0) {
        return -1;
    }
    snprintf(day, sizeof day, "%.8s", ret->date);
    for (size_t i = 0; i < request->headers_n; i++) {
        headers_add(&h, request->headers[i].name, request->headers[i].value);
    }
    headers_add(&h, "x-amz-date", ret->date);
    if (request->hash_header) {
        headers_add(&h, "x-amz-content-sha256", request->payload_hash);
    }
    if (key->session_token != NULL) {
        headers_add(&h, "x-amz-security-token", key->session_token);
    }
    if (add_names(&names, &h, err) != 0 || (signed_names = weir_buf_text(&names, err)) == NULL ||
        canonical_hash(request, &h, signed_names, hash, err) != 0 ||
        weir_buf_addf(&text, err, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", ret->date, day,
            key->region, key->service, hash) != 0 ||
        weir_sigv4_text(key, day, text.p, text.len, signature, err) != 0) {
        goto out;
    }
    int n = snprintf(ret->authorization, sizeof ret->authorization,
        "AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
        key->access_key, day, key->region, key->service, signed_names, signature);
    if (n < 0 || (size_t)n >= sizeof ret->authorization) {
        weir_err_set(err, WEIR_E_LIMIT, "sigv4: an Authorization header of %d bytes", n);
        goto out;
    }
    rc = 0;
out:
    weir_buf_fini(&names);
    weir_buf_fini(&text);
    return rc;
}
