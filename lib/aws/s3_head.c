#include "aws/s3_head.h"

#include "core/limits.h"

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

int weir_s3_head_take(const struct weir_s3_call *call, const char *name,
    struct weir_object_head *ret, struct weir_err *err)
{
    char header[64];

    (void)snprintf(header, sizeof header, META "%s", name);
    const char *value = weir_s3_call_header(call, header);
    if (value != NULL && strlen(value) > WEIR_S3_METADATA_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_DATA, "%s has %zu bytes", header, strlen(value));
    }
    (void)snprintf(ret->value, sizeof ret->value, "%s", value != NULL ? value : "");
    weir_s3_etag_bare(weir_s3_call_header(call, "ETag"), ret->etag);
    return 0;
}
