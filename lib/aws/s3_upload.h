#ifndef WEIR_AWS_S3_UPLOAD_H
#define WEIR_AWS_S3_UPLOAD_H

#include "aws/s3_call.h"
#include "aws/s3_part.h"
#include "aws/s3_undo.h"
#include "aws/s3_whole.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The requests that make an object, and what their answers mean; s3_sink.c decides when each is
 * due. What is not known after an answer that was lost is found out before anything else happens:
 *
 *   CreateMultipartUpload  is there an upload that nobody knows? It is looked for and aborted
 *                          (s3_undo.h), then a new one is created.
 *   UploadPart, PutObject  are sent again: twice is the same.
 *   Complete               is sent again. "No such upload" then, or no answer at all: the upload is
 *                          aborted; if there was one, nothing was published. If there was none, the
 *                          object that is there now is compared with ours.
 *   PutObject, in the end  the object that is there now is compared with ours.
 */

/* A part from its first byte until it is acknowledged. */
struct weir_s3_slot {
    struct weir_s3_part part;
    int number;                                                       /* of the part; from 1 */
    char sha[WEIR_SHA256_HEX_BYTES], sum[WEIR_CHECKSUM_BASE64_BYTES]; /* when it is sealed */
    struct weir_s3_call call;                                         /* UploadPart */
};

enum weir_s3_op {
    WEIR_S3_OP_NONE,
    WEIR_S3_OP_PUT,
    WEIR_S3_OP_CREATE,
    WEIR_S3_OP_COMPLETE,
    WEIR_S3_OP_LOOKUP, /* the create's answer was lost: its upload is looked for; then CREATE */
    WEIR_S3_OP_RECALL, /* the completion's answer was lost: the upload is aborted, if it is there */
    WEIR_S3_OP_HEAD,   /* nobody knows whether it was published: what is there? */
};

struct weir_s3_upload {
    struct weir_loop *loop; /* this and the texts are the sink's */
    const struct weir_s3_config *cfg;
    const char *bucket, *key, *name;
    const char *content_type; /* NULL: none */
    struct weir_wake *wake;
    size_t list_bytes; /* memory of the list of parts */
    int64_t abort_ms, undo_by_mono_ms;

    struct weir_s3_whole whole;
    char id[WEIR_S3_UPLOAD_ID_MAX_BYTES + 1]; /* "": there is none */
    int64_t created_mono_ms, created_skew_ms;

    enum weir_s3_op op;        /* under way; parts not counted */
    struct weir_s3_call call;  /* PUT, CREATE, COMPLETE; kept while its doubt is settled */
    struct weir_s3_call check; /* HEAD */
    struct weir_s3_undo undo;
    struct weir_err failure; /* of the call, while its doubt is settled */

    bool published;
    /* What is not known, and whoever undoes it must find out or tell */
    bool create_lost;   /* there may be an upload whose id is not known */
    bool part_lost;     /* a part was sent, and may land later */
    bool complete_lost; /* the upload may have been completed */
    bool gone;          /* then it is no longer there to be aborted */
    bool put_lost;      /* the object may have been stored */
};

/** weir_s3_upload_init: 0, or -1 (WEIR_E_NOMEM). The caller has set the first group of fields.
 *  weir_s3_upload_fini in either case. */
int weir_s3_upload_init(struct weir_s3_upload *up, struct weir_err *err);

/** weir_s3_upload_fini: drop what is under way, in any state; a zeroed one is a no-op. */
void weir_s3_upload_fini(struct weir_s3_upload *up);

/** weir_s3_upload_put, _create, _complete: begin. 0, or -1 with *err set. A slot is borrowed until
 *  the operation is over, and sealed. */
int weir_s3_upload_put(
    struct weir_s3_upload *up, const struct weir_s3_slot *slot, struct weir_err *err);
int weir_s3_upload_create(struct weir_s3_upload *up, struct weir_err *err);
int weir_s3_upload_complete(struct weir_s3_upload *up, struct weir_err *err);

/**
 * weir_s3_upload_step: go on with the operation under way.
 *
 * Returns WEIR_WAIT, WEIR_END when it is over (up->published, or up->id is there), or WEIR_FAIL
 * with *err set.
 */
enum weir_step weir_s3_upload_step(struct weir_s3_upload *up, struct weir_err *err);

/** weir_s3_upload_part: begin to send a slot that is sealed. 0, or -1 with *err set. */
int weir_s3_upload_part(struct weir_s3_upload *up, struct weir_s3_slot *slot, struct weir_err *err);

/** weir_s3_upload_part_done: take the answer of a slot whose call is done; in the parts' order.
 *  0, or -1 with *err set. */
int weir_s3_upload_part_done(
    struct weir_s3_upload *up, struct weir_s3_slot *slot, struct weir_err *err);

/** weir_s3_upload_leave: the operation under way has ended, or is left: note what is not known. */
void weir_s3_upload_leave(struct weir_s3_upload *up);

/** weir_s3_upload_begin_undo: begin to take back the upload, by its id, or (lookup) whatever
 * uploads of the key there are since it was created; then weir_s3_undo_step of up->undo. */
void weir_s3_upload_begin_undo(struct weir_s3_upload *up, bool lookup, int64_t until_mono_ms);

#endif
