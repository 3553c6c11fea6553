#ifndef WEIR_AWS_S3_HEADERS_H
#define WEIR_AWS_S3_HEADERS_H

#include "aws/sigv4.h"
#include "core/err.h"
#include "core/limits.h"

#include <stddef.h>

/* What is said of every object that is written: headers of PutObject and CreateMultipartUpload. The
 * texts are owned. */
struct weir_s3_headers {
    struct weir_sigv4_pair pairs[WEIR_S3_OBJECT_HEADERS_MAX];
    size_t n;
};

/**
 * weir_s3_headers_env: read the environment.
 *
 * WEIR_S3_SSE (AES256, aws:kms, aws:kms:dsse), WEIR_S3_SSE_KMS_KEY_ID, WEIR_S3_TAGGING ("a=b&c=d",
 * encoded as a query), WEIR_S3_STORAGE_CLASS, WEIR_S3_CONTENT_TYPE (where the writer has none),
 * WEIR_S3_CONTENT_ENCODING, WEIR_S3_METADATA ("name=value;name=value": x-amz-meta-*).
 *
 * Returns 0 with *ret filled (weir_s3_headers_fini in either case), or -1 with *err set:
 * WEIR_E_CONFIG naming the variable; WEIR_E_NOMEM.
 */
int weir_s3_headers_env(struct weir_s3_headers *ret, struct weir_err *err);

/** weir_s3_headers_fini: release the texts; a zeroed one is a no-op. */
void weir_s3_headers_fini(struct weir_s3_headers *headers);

#endif
