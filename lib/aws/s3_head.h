#ifndef WEIR_AWS_S3_HEAD_H
#define WEIR_AWS_S3_HEAD_H

#include "aws/config.h"
#include "aws/object.h"
#include "aws/s3_call.h"
#include "core/err.h"
#include "net/loop.h"

/** weir_s3_head_start: ask for an object's headers; its version and ETag hold. As
 *  weir_s3_call_start; bucket and key are checked. S3 API: HeadObject. */
int weir_s3_head_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_object *object, struct weir_err *err);

/**
 * weir_s3_head_take: what the answer to one that succeeded says.
 *
 * name  of a value of its metadata, in lower case
 *
 * Returns 0, or -1 with *err set: WEIR_E_DATA (a value of more than S3 allows).
 */
int weir_s3_head_take(const struct weir_s3_call *call, const char *name,
    struct weir_object_head *ret, struct weir_err *err);

#endif
