#include "aws/post_form.h"

#include "aws/sigv4.h"
#include "core/base64.h"
#include "core/limits.h"
#include "json/quote.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define FILENAME "${filename}"

static bool is_content_type(const char *s)
{
    size_t n = strlen(s);

    if (n == 0 || n > WEIR_CONTENT_TYPE_MAX_BYTES) {
        return false;
    }
    for (; *s != '\0'; s++) {
        if (*s < 0x20 || *s > 0x7E) {
            return false;
        }
    }
    return true;
}

int weir_post_form_check(
    const struct weir_s3_config *cfg, const struct weir_post_spec *spec, struct weir_err *err)
{
    if (cfg->kind != WEIR_S3_HTTP) {
        return weir_err_set(err, WEIR_E_CONFIG, "post form: a folder takes no forms");
    }
    if (weir_s3_bucket_check(spec->bucket, err) != 0 || weir_s3_key_check(spec->key, err) != 0) {
        weir_err_prefix(err, "post form");
        return -1;
    }
    if (spec->content_type != NULL && !is_content_type(spec->content_type)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "post form: the content type must be 1..%d printable ASCII characters",
            WEIR_CONTENT_TYPE_MAX_BYTES);
    }
    if (spec->min_bytes < 0 || spec->min_bytes > spec->max_bytes ||
        spec->max_bytes > WEIR_POST_FORM_FILE_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "post form: %lld to %lld bytes: must rise and lie within 0..%lld",
            (long long)spec->min_bytes, (long long)spec->max_bytes,
            (long long)WEIR_POST_FORM_FILE_MAX_BYTES);
    }
    if (spec->expires_s < 1 || spec->expires_s > WEIR_POST_FORM_EXPIRES_MAX_S) {
        return weir_err_set(err, WEIR_E_CONFIG, "post form: expires after %lld s: must be 1..%d",
            (long long)spec->expires_s, WEIR_POST_FORM_EXPIRES_MAX_S);
    }
    return 0;
}

static int add_field(
    struct weir_post_form *form, const char *name, const char *value, struct weir_err *err)
{
    char *copy = strdup(value);

    if (copy == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "post form: out of memory");
    }
    form->fields[form->fields_n++] = (struct weir_post_field){name, copy};
    return 0;
}

/* Every field so far as a condition, exactly; the key by its own rule at the end. */
static int add_conditions(struct weir_buf *to, const struct weir_post_form *form,
    const struct weir_post_spec *spec, struct weir_err *err)
{
    size_t n = strlen(spec->key), tail = sizeof FILENAME - 1;
    bool open = n >= tail && strcmp(spec->key + n - tail, FILENAME) == 0;

    for (size_t i = 0; i < form->fields_n; i++) {
        if (weir_buf_adds(to, "{", err) != 0 ||
            weir_json_quote(to, form->fields[i].name, err) != 0 ||
            weir_buf_adds(to, ":", err) != 0 ||
            weir_json_quote(to, form->fields[i].value, err) != 0 ||
            weir_buf_adds(to, "},", err) != 0) {
            return -1;
        }
    }
    if (!open) {
        return weir_buf_adds(to, "{\"key\":", err) == 0 &&
                       weir_json_quote(to, spec->key, err) == 0 && weir_buf_adds(to, "}", err) == 0
                   ? 0
                   : -1;
    }
    char prefix[WEIR_S3_KEY_MAX_BYTES + 1];
    snprintf(prefix, sizeof prefix, "%.*s", (int)(n - tail), spec->key);
    return weir_buf_adds(to, "[\"starts-with\",\"$key\",", err) == 0 &&
                   weir_json_quote(to, prefix, err) == 0 && weir_buf_adds(to, "]", err) == 0
               ? 0
               : -1;
}

static int add_policy(struct weir_buf *to, const struct weir_post_form *form,
    const struct weir_post_spec *spec, int64_t now_s, struct weir_err *err)
{
    char expiration[sizeof "YYYY-MM-DDThh:mm:ssZ"];
    time_t t = (time_t)(now_s + spec->expires_s);
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL ||
        strftime(expiration, sizeof expiration, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
        return weir_err_set(err, WEIR_E_LIMIT, "post form: expires beyond this era");
    }
    if (weir_buf_addf(to, err,
            "{\"expiration\":\"%s\",\"conditions\":[[\"content-length-range\",%lld,%lld],",
            expiration, (long long)spec->min_bytes, (long long)spec->max_bytes) != 0 ||
        add_conditions(to, form, spec, err) != 0) {
        return -1;
    }
    return weir_buf_adds(to, "]}", err);
}

static int add_url(struct weir_post_form *form, const struct weir_s3_config *cfg,
    const char *bucket, struct weir_err *err)
{
    struct weir_s3_address address;
    struct weir_buf url;
    int rc = -1;

    if (weir_s3_address(cfg, bucket, NULL, &address, err) != 0) {
        return -1;
    }
    weir_buf_init(&url, 2 * WEIR_S3_URL_MAX_BYTES);
    if (weir_buf_addf(&url, err, "%s://%s%s", cfg->tls ? "https" : "http",
            (const char *)address.host.p, (const char *)address.path.p) == 0 &&
        weir_buf_text(&url, err) != NULL) {
        form->url = (char *)url.p; /* the form owns it now */
        url.p = NULL;
        rc = 0;
    }
    weir_buf_fini(&url);
    weir_s3_address_fini(&address);
    return rc;
}

/* Policy and signature; everything that the policy speaks of is a field by now, but the key. */
static int seal(struct weir_post_form *form, const struct weir_sigv4_key *key,
    const struct weir_post_spec *spec, const char *day, int64_t now_s, struct weir_err *err)
{
    char signature[WEIR_SHA256_HEX_BYTES];
    struct weir_buf policy, base64;
    const char *text;
    int rc = -1;

    weir_buf_init(&policy, WEIR_POST_FORM_MAX_BYTES);
    weir_buf_init(&base64, WEIR_POST_FORM_MAX_BYTES);
    if (add_policy(&policy, form, spec, now_s, err) == 0 &&
        weir_base64_add(&base64, policy.p, policy.len, err) == 0 &&
        (text = weir_buf_text(&base64, err)) != NULL &&
        weir_sigv4_text(key, day, text, base64.len, signature, err) == 0 &&
        add_field(form, "key", spec->key, err) == 0 && add_field(form, "Policy", text, err) == 0 &&
        add_field(form, "X-Amz-Signature", signature, err) == 0) {
        rc = 0;
    }
    weir_buf_fini(&policy);
    weir_buf_fini(&base64);
    return rc;
}

static int check_size(const struct weir_post_form *form, struct weir_err *err)
{
    size_t n = 0;

    for (size_t i = 0; i < form->fields_n; i++) {
        n += strlen(form->fields[i].name) + strlen(form->fields[i].value);
    }
    if (n > WEIR_POST_FORM_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_LIMIT, "post form: fields of %zu bytes, S3 takes %zu", n,
            (size_t)WEIR_POST_FORM_MAX_BYTES);
    }
    return 0;
}

int weir_post_form_new(const struct weir_s3_config *cfg, const struct weir_post_spec *spec,
    int64_t now_s, struct weir_post_form *ret, struct weir_err *err)
{
    const struct weir_sigv4_key key = {.access_key = cfg->access_key,
        .secret_key = cfg->secret_key,
        .session_token = cfg->session_token,
        .region = cfg->region,
        .service = "s3"};
    struct weir_post_form form = {0};
    struct weir_buf credential;
    char date[17], day[9];
    const char *text;

    if (weir_post_form_check(cfg, spec, err) != 0 || weir_sigv4_date(now_s, date, err) != 0) {
        return -1;
    }
    snprintf(day, sizeof day, "%.8s", date);
    weir_buf_init(&credential, WEIR_POST_FORM_MAX_BYTES);
    if (add_url(&form, cfg, spec->bucket, err) != 0 ||
        weir_buf_addf(
            &credential, err, "%s/%s/%s/s3/aws4_request", key.access_key, day, key.region) != 0 ||
        (text = weir_buf_text(&credential, err)) == NULL ||
        (spec->content_type != NULL &&
            add_field(&form, "Content-Type", spec->content_type, err) != 0) ||
        add_field(&form, "bucket", spec->bucket, err) != 0 ||
        add_field(&form, "X-Amz-Algorithm", ALGORITHM, err) != 0 ||
        add_field(&form, "X-Amz-Credential", text, err) != 0 ||
        add_field(&form, "X-Amz-Date", date, err) != 0 ||
        (key.session_token != NULL &&
            add_field(&form, "X-Amz-Security-Token", key.session_token, err) != 0) ||
        seal(&form, &key, spec, day, now_s, err) != 0 || check_size(&form, err) != 0) {
        weir_buf_fini(&credential);
        weir_post_form_fini(&form);
        return -1;
    }
    weir_buf_fini(&credential);
    *ret = form; /* the caller owns it now */
    return 0;
}

void weir_post_form_fini(struct weir_post_form *form)
{
    free(form->url);
    for (size_t i = 0; i < form->fields_n; i++) {
        free(form->fields[i].value);
    }
    *form = (struct weir_post_form){0};
}

int weir_post_form_json(
    const struct weir_post_form *form, struct weir_buf *to, struct weir_err *err)
{
    if (weir_buf_adds(to, "{\"url\":", err) != 0 || weir_json_quote(to, form->url, err) != 0 ||
        weir_buf_adds(to, ",\"fields\":{", err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < form->fields_n; i++) {
        if ((i > 0 && weir_buf_adds(to, ",", err) != 0) ||
            weir_json_quote(to, form->fields[i].name, err) != 0 ||
            weir_buf_adds(to, ":", err) != 0 ||
            weir_json_quote(to, form->fields[i].value, err) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "}}", err);
}
