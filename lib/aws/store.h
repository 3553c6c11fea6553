#ifndef WEIR_AWS_STORE_H
#define WEIR_AWS_STORE_H

#include "aws/config.h"
#include "aws/listing.h"
#include "aws/object.h"
#include "core/err.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

/*
 * Objects, wherever the endpoint says that they are: S3 (s3_source.h, s3_sink.h), or a folder
 * (dir_store.h). Handlers and verbs use this and know neither.
 *
 * Errors that somebody acts on are the same for both: WEIR_E_REMOTE with detail 404 when the bucket
 * or the object is not there, at weir_store_source_new or in the stage's first step. Only S3 has
 * detail 412: the object has been replaced since (If-Match failed); a folder has neither ETags nor
 * versions, and named ones are not checked. WEIR_E_CONFIG: a bucket or key that cannot be one.
 * Loop thread only.
 */

/** weir_store_source_new: an object as a pipe's source. cfg outlives the stage, and so does info,
 *  which is set here (size_bytes -1 until it is known); object is copied. 0 with *ret set, or -1
 *  with *err set: what is said above, WEIR_E_IO of a folder, WEIR_E_NOMEM. */
int weir_store_source_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, struct weir_source_info *info, struct weir_stage *ret,
    struct weir_err *err);

/** weir_store_sink_new: an object as a pipe's sink; it appears when the stage ends, or not at all.
 *  cfg outlives the stage; opts is copied and may be NULL. 0 with *ret set, or -1 with *err set:
 *  what is said above, WEIR_E_LIMIT (weir_s3_sink_new), WEIR_E_IO of a folder, WEIR_E_NOMEM. */
int weir_store_sink_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const char *bucket, const char *key, const struct weir_put_opts *opts, struct weir_stage *ret,
    struct weir_err *err);

/**
 * weir_store_head: what an object says of itself, with one value of its own metadata
 * (x-amz-meta-NAME); runs the loop.
 *
 * object            its version and ETag hold, as for a source
 * name              in lower case
 * deadline_mono_ms  CLOCK_MONOTONIC; INT64_MAX: none
 * ret               filled; of a failure only `replaced`
 *
 * S3 API: HeadObject. In a folder as a store there is no ETag, and the value is the file's
 * attribute user.NAME, where the file system has such.
 *
 * Returns 0, or -1 with *err set: as a source that cannot be read (see above), WEIR_E_NET,
 * WEIR_E_DEADLINE, WEIR_E_DATA (a value of more than S3 allows).
 */
int weir_store_head(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const struct weir_object *object, const char *name, int64_t deadline_mono_ms,
    struct weir_object_head *ret, struct weir_err *err);

/**
 * weir_store_list: all objects whose keys begin with a prefix, page by page; runs the loop.
 *
 * prefix            "" for everything
 * deadline_mono_ms  CLOCK_MONOTONIC; INT64_MAX: none
 * ret               zeroed; receives them, in the order of their keys' bytes; weir_listing_fini in
 *                   either case
 *
 * S3 API: ListObjectsV2. In a folder as a store, the files below the bucket's folder; no symbolic
 * link is followed, and what no key is called is left out. Returns 0, or -1 with *err set:
 * WEIR_E_REMOTE (detail = status; 404: no such bucket; 0: a list that is cut off, or does not end),
 * WEIR_E_NET, WEIR_E_DEADLINE, WEIR_E_LIMIT (more than WEIR_S3_LIST_MAX), WEIR_E_IO of a folder,
 * WEIR_E_NOMEM, WEIR_E_CONFIG (bucket).
 */
int weir_store_list(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_mono_ms, struct weir_listing *ret, struct weir_err *err);

#endif
