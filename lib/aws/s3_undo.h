#ifndef WEIR_AWS_S3_UNDO_H
#define WEIR_AWS_S3_UNDO_H

#include "aws/config.h"
#include "aws/s3_call.h"
#include "aws/wake.h"
#include "core/err.h"
#include "net/loop.h"
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
 * answer was lost.
 */
struct weir_s3_undo {
    struct weir_loop *loop;
    const struct weir_s3_config *cfg;
    const char *bucket, *key, *name;
    struct weir_wake *wake;
    struct weir_s3_call call;
    bool listing;                             /* what the call is */
    bool lost;                                /* look for uploads of unknown id */
    int64_t created_mono_ms;                  /* when the lost one was asked for */
    char id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1]; /* of the upload to abort; "" for none (left) */
    int aborts;                               /* how often to abort it */
    int64_t until_mono_ms, settled_mono_ms, pause_until_mono_ms, pause_ms;
};

/**
 * weir_s3_undo_begin: what is to be undone, from now on for at most limit_ms.
 *
 * undo    zeroed but for its first six fields, which it borrows
 * id      the upload's id, or NULL when it was lost
 * aborts  how often the abort is to succeed: twice when a part was under way, since a part that
 *         lands behind the first abort is kept until the next (S3 API: AbortMultipartUpload)
 */
void weir_s3_undo_begin(struct weir_s3_undo *undo, const char *id, int aborts,
    int64_t created_mono_ms, int64_t limit_ms);

/** weir_s3_undo_step: go on: WEIR_WAIT with the loop armed, WEIR_END when nothing is left of it, or
 *  WEIR_FAIL with *err set when an upload is, or may be, left. */
enum weir_step weir_s3_undo_step(struct weir_s3_undo *undo, struct weir_err *err);

/** weir_s3_undo_fini: drop it, in any state. */
void weir_s3_undo_fini(struct weir_s3_undo *undo);

#endif
