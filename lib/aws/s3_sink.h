#ifndef WEIR_AWS_S3_SINK_H
#define WEIR_AWS_S3_SINK_H

#include "aws/config.h"
#include "aws/object.h"
#include "core/err.h"
#include "net/loop.h"
#include "stream/stage.h"

/**
 * weir_s3_sink_new: an object of S3 as a pipe's sink. S3 API: PutObject, CreateMultipartUpload,
 * UploadPart, CompleteMultipartUpload, AbortMultipartUpload, ListMultipartUploads, HeadObject.
 *
 * What fits one part becomes one PutObject, anything larger a multipart upload. As many parts are
 * in memory as cfg->upload_budget_bytes has room for beside their list; where it has none for one,
 * parts are smaller, down to S3's 5 MiB. A small output costs little more than its size. The object
 * appears only when the stage ends. What fails is tried again (s3_retry.h).
 *
 * ops->abort stops a part that is under way and aborts the upload (s3_abort.h). When a request that
 * publishes was under way and succeeds, the object is there although the pipe has failed: WEIR_FAIL
 * "was published all the same"; when its answer is lost, then or before, "may have been published",
 * unless the upload is still there to be aborted. What is left when its time is over is left
 * (WEIR_FAIL "an upload may be left open"). Without ops->abort an upload that was begun stays open.
 *
 * cfg          borrowed; outlives the stage
 * bucket, key  checked and copied
 * opts         copied; NULL is as a zeroed one
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG (bucket, key), WEIR_E_LIMIT (larger
 * than S3 can hold, or the budget has no room for one part), WEIR_E_NOMEM. The stage fails with
 * WEIR_E_REMOTE, detail = status ("s3: s3://bucket/key: UploadPart 3: 500 InternalError"),
 * WEIR_E_NET, or WEIR_E_LIMIT: more parts than S3 allows. Loop thread only.
 */
int weir_s3_sink_new(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *key, const struct weir_put_opts *opts, struct weir_stage *ret,
    struct weir_err *err);

#endif
