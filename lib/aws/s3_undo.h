#ifndef WEIR_AWS_S3_UNDO_H
#define WEIR_AWS_S3_UNDO_H

#include "aws/config.h"
#include "aws/s3_call.h"
#include "core/err.h"
#include "net/loop.h"
#include "net/wake.h"
#include "stream/stage.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Taking back a multipart upload, which S3 keeps, and bills, until somebody aborts it. It is tried
 * again, with pauses that grow, while the server is away or says that it cannot.
 *
 * An upload whose id is known is aborted. When CreateMultipartUpload was sent and its answer was
 * lost, there may be an upload whose id nobody knows. Then the key's uploads are listed, and those
 * are aborted that the server began at or after the moment at which ours was sent (reckoned by the
 * server's own clock: the list's Date less the time that has passed here, and 2 s for the rounding
 * of both). Somebody else's upload to exactly this key that began in these seconds would be aborted
 * with it; its writer then fails, and publishes nothing: that is why the list is asked only when an
 * answer was lost. A list that names none ends the search once one was aborted, or when the server
 * has had WEIR_S3_SETTLE_MS to end its work.
 *
 * WEIR_END means that nothing is left: S3 said so. Whatever stays unknown is WEIR_FAIL.
 */
struct weir_s3_undo_opts {
    struct weir_loop *loop; /* this and all pointers are borrowed, until weir_s3_undo_fini */
    const struct weir_s3_config *cfg;
    const char *bucket, *key, *name;
    struct weir_wake *wake;
    const char *upload_id;   /* NULL: it was lost */
    bool twice;              /* a part was under way: one that lands behind the first abort is kept
                              * until the next (S3 API: AbortMultipartUpload) */
    bool answered;           /* the server has ended its work on the create: it said so */
    bool complete_lost;      /* it may have been completed: no such upload is then no good news */
    int64_t created_mono_ms; /* when it was asked for */
    int64_t skew_ms;         /* what was known of the server's clock then: struct weir_s3_client */
    int64_t until_mono_ms;   /* when to give up, at the latest */
};

struct weir_s3_undo {
    struct weir_s3_undo_opts opts;
    struct weir_s3_patience patience;
    struct weir_s3_call call;
    bool listing;                             /* what the call is */
    char id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1]; /* of the upload to abort; "": to be found */
    bool gone;  /* there is no such upload: when complete_lost, it may have been completed */
    int aborts; /* how often it is still to be aborted */
    int64_t settled_mono_ms, pause_until_mono_ms, pause_ms;
};

/** weir_s3_undo_begin: what is to be undone. */
void weir_s3_undo_begin(struct weir_s3_undo *undo, const struct weir_s3_undo_opts *opts);

/** weir_s3_undo_step: go on: WEIR_WAIT with the loop armed, WEIR_END when nothing is left of it, or
 *  WEIR_FAIL with *err set, in one line, when an upload is, or may be, left, or was completed. */
enum weir_step weir_s3_undo_step(struct weir_s3_undo *undo, struct weir_err *err);

/** weir_s3_undo_fini: drop it, in any state; a zeroed one is a no-op. */
void weir_s3_undo_fini(struct weir_s3_undo *undo);

#endif
