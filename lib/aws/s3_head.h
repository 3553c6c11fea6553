#ifndef WEIR_AWS_S3_HEAD_H
#define WEIR_AWS_S3_HEAD_H

#include "aws/config.h"
#include "aws/object.h"
#include "aws/s3_call.h"
#include "core/err.h"
#include "core/limits.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* What an object says of itself, without its bytes. */
struct weir_head {
    char etag[WEIR_S3_ETAG_MAX_BYTES +
              1]; /* without quotes; "": the store has none, or a weak one */
    char value[WEIR_S3_METADATA_MAX_BYTES + 1]; /* of its metadata; "": it has none of that name */
    bool replaced; /* it failed because the object is no longer the one that was asked for */
};

/**
 * weir_store_head: one value of an object's own metadata (x-amz-meta-NAME); runs the loop.
 *
 * object  its version and ETag hold, as for a source
 * name    in lower case
 * ret     filled; of a failure only `replaced`
 *
 * S3 API: HeadObject. In a folder as a store it is the file's attribute user.NAME, where the file
 * system has such.
 *
 * Returns 0, or -1 with *err set: as a source that cannot be read (store.h), WEIR_E_DEADLINE,
 * WEIR_E_DATA (a value of more than S3 allows).
 */
int weir_store_head(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, const char *name, int64_t deadline_mono_ms,
    struct weir_head *ret, struct weir_err *err);

/** weir_s3_head_start: ask for an object's headers. As weir_s3_call_start; bucket and key are
 *  checked. */
int weir_s3_head_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_object *object, struct weir_err *err);

#endif
