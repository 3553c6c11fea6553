#ifndef WEIR_AWS_S3_SOURCE_H
#define WEIR_AWS_S3_SOURCE_H

#include "aws/config.h"
#include "aws/object.h"
#include "core/err.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

/**
 * weir_s3_source_new: an object of S3 as a pipe's source. S3 API: GetObject.
 *
 * The request is signed and sent at once. The stage ends when exactly as many bytes have come as
 * the answer's Content-Length promised; an answer that promises nothing is an error. What fails is
 * tried again (s3_retry.h). A body that breaks off, for whatever reason, is gone on with behind the
 * last byte that was handed on, by Range and If-Match; when the object has changed meanwhile, that
 * is a WEIR_E_REMOTE of detail 412 ("the object changed while it was read").
 *
 * With cfg->read_connections > 1 an object larger than cfg->range_bytes is read by so many requests
 * at a time, each for a range, and handed on in order; they have memory for that many ranges.
 *
 * cfg     borrowed; outlives the stage
 * object  checked and copied
 * info    emptied, then filled once the answer has begun; outlives the stage. replaced is set when
 *         object->etag was named and the answer is 412: the object is no longer this one
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG (bucket, key, ETag, version id),
 * WEIR_E_NOMEM, WEIR_E_LIMIT. The stage fails with WEIR_E_REMOTE, detail = status ("s3:
 * s3://bucket/key: 404 NoSuchKey"), or WEIR_E_NET. Loop thread.
 */
int weir_s3_source_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_source_info *info, struct weir_stage *ret,
    struct weir_err *err);

#endif
