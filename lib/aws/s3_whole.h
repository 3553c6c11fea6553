#ifndef WEIR_AWS_S3_WHOLE_H
#define WEIR_AWS_S3_WHOLE_H

#include "aws/checksum.h"
#include "aws/s3_call.h"
#include "aws/s3_part.h"
#include "core/buf.h"
#include "core/err.h"

#include <openssl/evp.h>
#include <stdint.h>

/*
 * The object that an upload makes, as far as it is known: how long it is, its list of parts, its
 * checksum and its ETag, made of the parts' as they are acknowledged. With these an object that is
 * there can be told from ours when an answer was lost. Sends nothing.
 */
struct weir_s3_whole {
    uint64_t bytes;       /* so far; the caller adds to it */
    struct weir_buf list; /* of the parts: the body of CompleteMultipartUpload */
    int parts_n;          /* in it */
    char sum_text[WEIR_CHECKSUM_BASE64_BYTES]; /* once it is known; "": it is not, or not wanted */

    /* Its own */
    struct weir_checksum sum; /* of the parts so far */
    EVP_MD_CTX *etags; /* of the parts' MD5s, where their ETags are that; NULL: they are not */
    const struct weir_buf *alone; /* all of it, where it has no parts */
};

/** weir_s3_whole_init: of nothing yet. 0, or -1 with *err set: WEIR_E_NOMEM. weir_s3_whole_fini in
 *  either case. */
int weir_s3_whole_init(
    struct weir_s3_whole *whole, enum weir_checksum_kind kind, struct weir_err *err);

/** weir_s3_whole_fini: release it; a zeroed one is a no-op. */
void weir_s3_whole_fini(struct weir_s3_whole *whole);

/** weir_s3_whole_alone: it is sent by one PutObject.
 *
 * body  all of it; borrowed until weir_s3_whole_fini
 * sum   its checksum, "" when none is wanted
 */
void weir_s3_whole_alone(struct weir_s3_whole *whole, const struct weir_buf *body, const char *sum);

/** weir_s3_whole_begin: it is sent in parts: set list_bytes of memory aside for their list, which
 *  takes more only when ETags are longer than an MD5. Again is as once. 0, or -1 with *err set. */
int weir_s3_whole_begin(struct weir_s3_whole *whole, size_t list_bytes, struct weir_err *err);

/**
 * weir_s3_whole_add: the next part was acknowledged.
 *
 * etag  the answer's; fit for XML as it is
 * sum   the part's checksum for the list, NULL to leave it out: a server that knows nothing of them
 *       may refuse a list with some in it
 *
 * 0, or -1 with *err set: WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_s3_whole_add(struct weir_s3_whole *whole, int number, const char *etag, const char *sum,
    const struct weir_s3_part *part, struct weir_err *err);

/** weir_s3_whole_end: that was the last part: the list is complete, and the checksum known. 0, or
 *  -1 with *err set. */
int weir_s3_whole_end(struct weir_s3_whole *whole, struct weir_err *err);

/* Whose is an object? */
enum weir_s3_whose { WEIR_S3_OURS, WEIR_S3_ANOTHER, WEIR_S3_UNKNOWN };

/**
 * weir_s3_whole_whose: is the object that answered a HEAD this one? A checksum of all of it says so
 * for certain, and so does another length; an ETag that is none of ours may be no MD5 (SSE-KMS).
 * After this no part can be added.
 */
enum weir_s3_whose weir_s3_whole_whose(
    struct weir_s3_whole *whole, const struct weir_s3_call *head);

#endif
