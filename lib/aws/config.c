#include "aws/config.h"

#include "aws/credentials.h"
#include "aws/s3_client.h"
#include "aws/uri.h"
#include "core/env.h"
#include "core/secret.h"
#include "core/utf8.h"
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int keep(char **to, const char *s, size_t n, struct weir_err *err)
{
    *to = strndup(s, n);
    return *to != NULL ? 0 : weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", n + 1);
}

static int keep_text(char **to, const char *s, struct weir_err *err)
{
    return keep(to, s, strlen(s), err);
}

static bool only(const char *s, size_t n, const char *set)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\0' || strchr(set, s[i]) == NULL) {
            return false;
        }
    }
    return true;
}

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* Where a value could break a header or a host name, or hide what is connected to, it is refused
 * here, once, and not when it is used. */
static bool is_host(const char *s, size_t n)
{
    if (n > 2 && s[0] == '[' && s[n - 1] == ']') { /* IPv6 */
        return only(s + 1, n - 2, "abcdefABCDEF" DIGITS ":.");
    }
    return n > 0 && n < 254 && only(s, n, LOWER UPPER DIGITS "-._") && s[0] != '.' && s[0] != '-';
}

static bool is_port(const char *s, size_t n)
{
    return n >= 1 && n <= 5 && only(s, n, DIGITS) && strtol(s, NULL, 10) >= 1 &&
           strtol(s, NULL, 10) <= 65535;
}

/* file:///dir, file://localhost/dir and file:/dir are the same folder (RFC 8089). */
static int set_dir(
    struct weir_s3_config *cfg, const char *var, const char *path, struct weir_err *err)
{
    if (strncmp(path, "//localhost/", 12) == 0) {
        path += 11;
    } else if (strncmp(path, "///", 3) == 0) {
        path += 2;
    }
    if (path[0] != '/' || path[1] == '/') {
        return weir_err_set(
            err, WEIR_E_CONFIG, "%s: a folder is written file:///dir, with its whole path", var);
    }
    if (strchr(path, '%') != NULL || strchr(path, '?') != NULL || strchr(path, '#') != NULL) {
        /* Decoding one is easy; but who means it literally would write to another folder. */
        return weir_err_set(err, WEIR_E_CONFIG, "%s: no %%, ? or # in the folder's path", var);
    }
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') {
        n--;
    }
    cfg->kind = WEIR_S3_DIR;
    return keep(&cfg->dir, path, n, err);
}

static int set_endpoint(
    struct weir_s3_config *cfg, const char *var, const char *url, struct weir_err *err)
{
    if (strncasecmp(url, "file:", 5) == 0) {
        return set_dir(cfg, var, url + 5, err);
    }
    cfg->tls = strncasecmp(url, "https://", 8) == 0;
    if (!cfg->tls && strncasecmp(url, "http://", 7) != 0) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "%s: must begin with http://, https:// or file:///", var);
    }
    const char *host = url + (cfg->tls ? 8 : 7);
    size_t n = strcspn(host, "/?#"), host_len = n;
    const char *path = host + n;
    const char *port = memrchr(host, ':', n);
    if (memchr(host, '@', n) != NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: no user or password in the URL", var);
    }
    if (port != NULL && memchr(port, ']', n - (size_t)(port - host)) == NULL) {
        host_len = (size_t)(port - host);
        size_t port_len = n - host_len - 1;
        if (!is_port(port + 1, port_len)) {
            return weir_err_set(err, WEIR_E_CONFIG, "%s: the port must be 1..65535", var);
        }
        /* What a client sends as Host, which is signed, has no port that goes without saying. */
        if (strtol(port + 1, NULL, 10) == (cfg->tls ? 443 : 80)) {
            n = host_len;
        }
    }
    if (!is_host(host, host_len)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: that is no host name", var);
    }
    size_t path_len = strlen(path);
    while (path_len > 0 && path[path_len - 1] == '/') {
        path_len--;
    }
    cfg->custom = true;
    if (keep(&cfg->host, host, n, err) != 0 || keep(&cfg->base, path, path_len, err) != 0) {
        return -1;
    }
    if (!only(cfg->base, path_len, LOWER UPPER DIGITS "-._~/") || strstr(cfg->base, "//") != NULL ||
        strstr(cfg->base, "/.") != NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: only a plain path may follow the host", var);
    }
    for (char *p = cfg->host; *p != '\0'; p++) {
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p - 'A' + 'a' : *p);
    }
    return 0;
}

/* AWS's own address of S3 in a region. The isolated partitions have other domains: who works
 * there names the endpoint. */
void weir_s3_aws_host(
    const struct weir_s3_config *cfg, const char *region, char host[WEIR_S3_AWS_HOST_BYTES])
{
    snprintf(host, WEIR_S3_AWS_HOST_BYTES, "s3%s%s.%s.amazonaws.com%s", cfg->fips ? "-fips" : "",
        cfg->dualstack ? ".dualstack" : "", region, strncmp(region, "cn-", 3) == 0 ? ".cn" : "");
}

static int set_aws(struct weir_s3_config *cfg, struct weir_err *err)
{
    char host[WEIR_S3_AWS_HOST_BYTES];

    weir_s3_aws_host(cfg, cfg->region, host);
    cfg->tls = true;
    return keep_text(&cfg->host, host, err) != 0 || keep_text(&cfg->base, "", err) != 0 ? -1 : 0;
}

bool weir_s3_is_region(const char *s)
{
    return s[0] != '\0' && s[0] != '-' && strlen(s) <= WEIR_S3_REGION_MAX_BYTES &&
           only(s, strlen(s), LOWER UPPER DIGITS "-");
}

int weir_aws_region(char **ret, struct weir_err *err)
{
    const char *var =
        weir_env_text("AWS_REGION", NULL) != NULL ? "AWS_REGION" : "AWS_DEFAULT_REGION";
    const char *s = weir_env_text(var, NULL);

    if (s != NULL) {
        if (keep_text(ret, s, err) != 0) {
            return -1;
        }
    } else {
        var = "the profile's region";
        if (weir_aws_profile_region(ret, err) != 0) {
            return -1;
        }
        if (*ret == NULL) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "AWS_REGION is not set, and neither is AWS_DEFAULT_REGION");
        }
    }
    if (weir_s3_is_region(*ret)) {
        return 0;
    }
    free(*ret);
    *ret = NULL;
    return weir_err_set(err, WEIR_E_CONFIG, "%s: that is no name of a region", var);
}

static int set_credentials(struct weir_s3_config *cfg, int64_t until_mono_ms,
    int64_t *expires_unix_ms, struct weir_err *err)
{
    struct weir_aws_credentials c;

    if (weir_aws_credentials_get(&c, until_mono_ms, err) != 0) {
        return -1;
    }
    cfg->access_key = c.access_key; /* the configuration's now */
    cfg->secret_key = c.secret_key;
    cfg->session_token = c.session_token;
    *expires_unix_ms = c.expires_unix_ms;
    return 0;
}

/* What AWS's configuration file calls addressing_style; there is no variable of AWS's for it. */
static int set_style(struct weir_s3_config *cfg, struct weir_err *err)
{
    static const char *const words[] = {
        [WEIR_S3_AUTO] = "auto", [WEIR_S3_PATH] = "path", [WEIR_S3_VIRTUAL] = "virtual", NULL};
    size_t style = WEIR_S3_AUTO;

    if (weir_env_word("WEIR_S3_ADDRESSING_STYLE", words, WEIR_S3_AUTO, &style, err) != 0) {
        return -1;
    }
    cfg->style = (enum weir_s3_style)style;
    return 0;
}

/* Which of AWS's addresses; told at once, also where the endpoint is another. */
static int set_flags(struct weir_s3_config *cfg, struct weir_err *err)
{
    return weir_env_flag("AWS_USE_FIPS_ENDPOINT", &cfg->fips, err) != 0
               ? -1
               : weir_env_flag("AWS_USE_DUALSTACK_ENDPOINT", &cfg->dualstack, err);
}

static int set_checksums(struct weir_s3_config *cfg, struct weir_err *err)
{
    static const char *const when[] = {"when_supported", "when_required", NULL};
    static const char *const kinds[] = {"CRC64NVME", "CRC32", NULL};
    size_t read = 0, kind = 0, sent = 0;

    if (weir_env_word("AWS_RESPONSE_CHECKSUM_VALIDATION", when, 0, &read, err) != 0 ||
        weir_env_word("WEIR_S3_CHECKSUM", kinds, 0, &kind, err) != 0 ||
        weir_env_word("AWS_REQUEST_CHECKSUM_CALCULATION", when, 0, &sent, err) != 0) {
        return -1;
    }
    cfg->verify = read == 0;
    cfg->checksum = sent == 1   ? WEIR_CHECKSUM_NONE
                    : kind == 1 ? WEIR_CHECKSUM_CRC32
                                : WEIR_CHECKSUM_CRC64NVME;
    return 0;
}

/* How many connections read an object, and ranges of which size: what the budget has room for. */
static int set_reading(struct weir_s3_config *cfg, struct weir_err *err)
{
    int64_t n = 1, budget = 0;

    if (weir_env_int("WEIR_S3_READ_CONNECTIONS", WEIR_S3_READ_CONNECTIONS, 1,
            WEIR_S3_READ_CONNECTIONS_MAX, &n, err) != 0) {
        return -1;
    }
    int64_t least = n * (int64_t)(WEIR_S3_RANGE_MIN_BYTES + WEIR_S3_READ_SLOT_BYTES);
    if (weir_env_int("WEIR_S3_READ_BUDGET_BYTES", (int64_t)WEIR_S3_READ_BYTES, least, INT64_MAX / 2,
            &budget, err) != 0) {
        return -1;
    }
    size_t range = (size_t)(budget / n) - WEIR_S3_READ_SLOT_BYTES;
    cfg->read_connections = (size_t)n;
    cfg->range_bytes = range < WEIR_S3_RANGE_BYTES ? range : WEIR_S3_RANGE_BYTES;
    return 0;
}

/* How objects are sent and read. */
static int set_transfer(struct weir_s3_config *cfg, struct weir_err *err)
{
    int64_t budget = 0;

    if (set_checksums(cfg, err) != 0) {
        return -1;
    }
    if (weir_env_int("WEIR_S3_UPLOAD_BUDGET_BYTES", 0, (int64_t)WEIR_S3_UPLOAD_MIN_BYTES,
            INT64_MAX / 2, &budget, err) != 0) {
        return -1;
    }
    cfg->upload_budget_bytes = (size_t)budget;
    return set_reading(cfg, err) != 0 ? -1 : weir_s3_headers_env(&cfg->object, err);
}

static int read_env(struct weir_s3_config *cfg, int64_t deadline_mono_ms, struct weir_err *err)
{
    const char *var = weir_env_text("AWS_ENDPOINT_URL_S3", NULL) != NULL ? "AWS_ENDPOINT_URL_S3"
                                                                         : "AWS_ENDPOINT_URL";
    bool ignore = false;

    if (weir_env_flag("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", &ignore, err) != 0) {
        return -1;
    }
    const char *url = ignore ? NULL : weir_env_text(var, NULL);
    if (url != NULL && set_endpoint(cfg, var, url, err) != 0) {
        return -1;
    }
    if (cfg->kind == WEIR_S3_DIR) {
        return 0;
    }
    int64_t expires_unix_ms = INT64_MAX;
    if (set_style(cfg, err) != 0 || set_flags(cfg, err) != 0 || weir_http_env(err) != 0 ||
        weir_aws_region(&cfg->region, err) != 0 || (url == NULL && set_aws(cfg, err) != 0) ||
        set_credentials(cfg, deadline_mono_ms, &expires_unix_ms, err) != 0 ||
        set_transfer(cfg, err) != 0) {
        return -1;
    }
    cfg->client = weir_s3_client_env(err);
    if (cfg->client != NULL) {
        cfg->client->expires_unix_ms = expires_unix_ms;
        cfg->client->patience.until_mono_ms = deadline_mono_ms;
    }
    return cfg->client != NULL ? 0 : -1;
}

int weir_s3_config_env_by(
    struct weir_s3_config *ret, int64_t deadline_mono_ms, struct weir_err *err)
{
    struct weir_s3_config cfg = {.kind = WEIR_S3_HTTP, .style = WEIR_S3_AUTO};

    *ret = (struct weir_s3_config){0};
    if (read_env(&cfg, deadline_mono_ms, err) != 0) {
        weir_s3_config_fini(&cfg);
        return -1;
    }
    *ret = cfg; /* the caller owns the strings now */
    return 0;
}

int weir_s3_config_env(struct weir_s3_config *ret, struct weir_err *err)
{
    return weir_s3_config_env_by(ret, INT64_MAX, err);
}

int weir_s3_config_check(struct weir_err *err)
{
    struct weir_s3_config cfg;
    int rc = weir_s3_config_env(&cfg, err);

    weir_s3_config_fini(&cfg);
    return rc;
}

void weir_s3_config_fini(struct weir_s3_config *cfg)
{
    free(cfg->dir);
    free(cfg->host);
    free(cfg->base);
    free(cfg->region);
    free(cfg->access_key);
    weir_s3_client_free(cfg->client);
    weir_s3_headers_fini(&cfg->object);
    weir_secret_free(cfg->secret_key);
    weir_secret_free(cfg->session_token);
    *cfg = (struct weir_s3_config){0};
}

uint64_t weir_s3_config_retries(const struct weir_s3_config *cfg)
{
    return cfg->client != NULL ? cfg->client->retries : 0;
}

int weir_s3_bucket_check(const char *bucket, struct weir_err *err)
{
    size_t n = strlen(bucket);

    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "s3: the bucket's name is empty");
    }
    if (strncmp(bucket, "arn:", 4) == 0) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "s3: an ARN in place of a bucket's name is not supported; an access point's alias is");
    }
    if (n > WEIR_S3_BUCKET_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_CONFIG, "s3: a bucket's name of %zu bytes, at most %d", n,
            WEIR_S3_BUCKET_MAX_BYTES);
    }
    /* What S3 once allowed and other servers still do; the server knows its own rules better. */
    if (!only(bucket, n, LOWER UPPER DIGITS "-._") || bucket[0] == '.' || bucket[0] == '-') {
        return weir_err_set(err, WEIR_E_CONFIG,
            "s3: a bucket's name has letters, digits, '-', '.', '_', and a letter or digit first");
    }
    return 0;
}

int weir_s3_key_check(const char *key, struct weir_err *err)
{
    size_t n = strlen(key);

    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "s3: the object's key is empty");
    }
    if (n > WEIR_S3_KEY_MAX_BYTES) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "s3: a key of %zu bytes, at most %d", n, WEIR_S3_KEY_MAX_BYTES);
    }
    size_t bad = weir_utf8_check(key, n);
    if (bad < n) {
        return weir_err_set(err, WEIR_E_CONFIG, "s3: the key is not valid UTF-8 (byte %zu)", bad);
    }
    return 0;
}

/* Can the bucket be the first label of the host's name? Under TLS a dot makes two labels, which
 * AWS's certificate for *.s3.region.amazonaws.com does not cover. */
static bool is_label(const char *bucket, bool tls)
{
    size_t n = strlen(bucket);

    return n >= 3 && n <= 63 && only(bucket, n, tls ? LOWER DIGITS "-" : LOWER DIGITS "-.") &&
           bucket[n - 1] != '-' && bucket[n - 1] != '.' && strstr(bucket, "..") == NULL;
}

/* A name under which no other name can be looked up: an address, or this machine. */
static bool is_bare(const char *host)
{
    size_t n = strcspn(host, ":");

    return host[0] == '[' || only(host, n, DIGITS ".") || memchr(host, '.', n) == NULL;
}

/* A server of one's own seldom has a wildcard name and certificate for its buckets, and every
 * server, AWS's too, understands the path style; so an endpoint that was named is used as it was
 * named. What was asked for (cfg->style) goes before, where the host allows it. */
static bool use_path(const struct weir_s3_config *cfg, const char *bucket)
{
    if (cfg->style == WEIR_S3_PATH || (cfg->style == WEIR_S3_AUTO && cfg->custom)) {
        return true;
    }
    return is_bare(cfg->host) || !is_label(bucket, cfg->tls);
}

int weir_s3_address(const struct weir_s3_config *cfg, const char *bucket, const char *key,
    struct weir_s3_address *ret, struct weir_err *err)
{
    struct weir_s3_address a;
    bool path = use_path(cfg, bucket);

    weir_buf_init(&a.host, WEIR_S3_URL_MAX_BYTES);
    weir_buf_init(&a.path, WEIR_S3_URL_MAX_BYTES);
    if ((!path && weir_buf_addf(&a.host, err, "%s.", bucket) != 0) ||
        weir_buf_adds(&a.host, cfg->host, err) != 0 ||
        weir_buf_adds(&a.path, cfg->base, err) != 0 ||
        (path && weir_buf_addf(&a.path, err, "/%s", bucket) != 0) ||
        ((key != NULL || !path) && weir_buf_adds(&a.path, "/", err) != 0) ||
        (key != NULL && weir_uri_encode(&a.path, key, true, err) != 0) ||
        weir_buf_text(&a.host, err) == NULL || weir_buf_text(&a.path, err) == NULL) {
        weir_s3_address_fini(&a);
        return -1;
    }
    *ret = a; /* the caller owns the buffers now */
    return 0;
}

void weir_s3_address_fini(struct weir_s3_address *address)
{
    weir_buf_fini(&address->host);
    weir_buf_fini(&address->path);
}

const char *weir_s3_name(char to[WEIR_S3_NAME_BYTES], const char *bucket, const char *key)
{
    static const char hex[] = "0123456789ABCDEF";
    char *end = to + WEIR_S3_NAME_BYTES - 1, *p = to;

    p += snprintf(to, WEIR_S3_NAME_BYTES / 2, "s3://%.64s/", bucket);
    size_t room = (size_t)(end - p), need = 0, n = strlen(key), from = n;
    /* Back from the key's end, as far as it fits beside the dots. */
    while (from > 0) {
        unsigned char c = (unsigned char)key[from - 1];
        size_t bytes = c < 0x20 || c == 0x7F ? 3 : 1;
        if (need + bytes > room - 3) {
            break;
        }
        need += bytes;
        from--;
    }
    while (from > 0 && from < n && ((unsigned char)key[from] & 0xC0) == 0x80) {
        from++; /* not into the middle of a character */
    }
    if (from > 0) {
        memcpy(p, "...", 3);
        p += 3;
    }
    for (; key[from] != '\0'; from++) {
        unsigned char c = (unsigned char)key[from];
        if (c < 0x20 || c == 0x7F) {
            *p++ = '%';
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];
        } else {
            *p++ = (char)c;
        }
    }
    *p = '\0';
    return to;
}
