#include "aws/s3_head.h"

#include "aws/dir_store.h"
#include "core/clock.h"

#include <stdio.h>
#include <string.h>

#define META "x-amz-meta-"

int weir_s3_head_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_object *object, struct weir_err *err)
{
    char match[WEIR_S3_MATCH_BYTES];
    struct weir_sigv4_pair query[1], headers[2] = {{"x-amz-checksum-mode", "ENABLED"}};
    struct weir_s3_request request = {.method = "HEAD",
        .bucket = object->bucket,
        .key = object->key,
        .query = query,
        .headers = headers,
        .headers_n = 1,
        .stall_ms = WEIR_HTTP_STALL_MS};

    if (object->version_id != NULL) {
        query[request.query_n++] = (struct weir_sigv4_pair){"versionId", object->version_id};
    }
    if (object->etag != NULL) {
        if (weir_s3_if_match(object->etag, match, err) != 0) {
            return -1;
        }
        headers[request.headers_n++] = (struct weir_sigv4_pair){"If-Match", match};
    }
    return weir_s3_call_start(call, loop, cfg, &request, err);
}

/* Until it has its last answer. */
static int wait_for(
    struct weir_s3_call *call, struct weir_loop *loop, int64_t deadline_ms, struct weir_err *err)
{
    while (!weir_s3_call_step(call)) {
        if (weir_clock_mono_ms() >= deadline_ms) {
            return weir_err_set(err, WEIR_E_DEADLINE, "the deadline has passed");
        }
        if (weir_loop_step(loop, deadline_ms, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int take(
    const struct weir_s3_call *call, const char *name, struct weir_head *ret, struct weir_err *err)
{
    char header[64];
    const char *etag = weir_s3_call_header(call, "ETag"), *value;
    const size_t n = etag != NULL ? strlen(etag) : 0;

    (void)snprintf(header, sizeof header, META "%s", name);
    value = weir_s3_call_header(call, header);
    if (value != NULL && strlen(value) > WEIR_S3_METADATA_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_DATA, "%s has %zu bytes", header, strlen(value));
    }
    (void)snprintf(ret->value, sizeof ret->value, "%s", value != NULL ? value : "");
    if (n > 2 && n - 2 < sizeof ret->etag && etag[0] == '"' && etag[n - 1] == '"') {
        (void)snprintf(ret->etag, sizeof ret->etag, "%.*s", (int)n - 2, etag + 1);
    }
    return 0;
}

static int head_s3(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, const char *name, int64_t deadline_ms, struct weir_head *ret,
    struct weir_err *err)
{
    struct weir_s3_call call = {0};
    char place[WEIR_S3_NAME_BYTES];
    struct weir_err why = {0};

    weir_s3_name(place, object->bucket, object->key);
    int rc = weir_s3_head_start(&call, loop, cfg, object, &why);
    rc = rc == 0 ? wait_for(&call, loop, deadline_ms, &why) : rc;
    if (rc == 0 && !weir_s3_call_ok(&call)) {
        ret->replaced = object->etag != NULL && call.status == 412;
        rc = weir_s3_call_failed(err, place, "HeadObject", &call);
    } else if (rc != 0 || take(&call, name, ret, &why) != 0) {
        rc = weir_err_detail(err, why.code, why.detail, "s3: %s: %s", place, why.msg);
    }
    weir_s3_call_stop(&call);
    return rc;
}

int weir_store_head(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, const char *name, int64_t deadline_mono_ms,
    struct weir_head *ret, struct weir_err *err)
{
    *ret = (struct weir_head){{0}, {0}, false};
    if (cfg->kind == WEIR_S3_DIR) {
        return weir_dir_attribute(cfg->dir, object, name, ret->value, sizeof ret->value, err);
    }
    if (weir_s3_bucket_check(object->bucket, err) != 0 ||
        weir_s3_key_check(object->key, err) != 0) {
        return -1;
    }
    return head_s3(loop, cfg, object, name, deadline_mono_ms, ret, err);
}
