#ifndef WEIR_AWS_S3_PART_H
#define WEIR_AWS_S3_PART_H

#include "aws/checksum.h"
#include "aws/sigv4.h"
#include "core/buf.h"
#include "core/err.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A part of an object while it fills: its bytes, which grow as they come, and what has to be known
 * of them before they are sent: the SHA-256 that plain HTTP signs, and the checksum that S3 checks
 * a part by. Both are computed while the bytes are still in the processor's cache.
 */
struct weir_s3_part {
    struct weir_buf data; /* its ceiling is the part's size */
    EVP_MD_CTX *sha;      /* NULL: not wanted */
    struct weir_checksum sum;
};

/** weir_s3_part_init: an empty part of at most max_bytes. 0, or -1 with *err set: WEIR_E_NOMEM.
 *  weir_s3_part_fini in either case. */
int weir_s3_part_init(struct weir_s3_part *part, size_t max_bytes, bool sha,
    enum weir_checksum_kind kind, struct weir_err *err);

/** weir_s3_part_fini: release it; a zeroed one is a no-op. */
void weir_s3_part_fini(struct weir_s3_part *part);

/** weir_s3_part_room: how many bytes still fit. */
size_t weir_s3_part_room(const struct weir_s3_part *part);

/** weir_s3_part_add: append n bytes that fit. 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_s3_part_add(struct weir_s3_part *part, const void *p, size_t n, struct weir_err *err);

/** weir_s3_part_reset: empty it for the next bytes; the memory is kept. 0, or -1 (WEIR_E_NOMEM). */
int weir_s3_part_reset(struct weir_s3_part *part, struct weir_err *err);

/** weir_s3_part_seal: the digests of what it holds, "" for one that is not wanted. Nothing can be
 *  added until weir_s3_part_reset. 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_s3_part_seal(struct weir_s3_part *part, char sha_hex[WEIR_SHA256_HEX_BYTES],
    char checksum[WEIR_CHECKSUM_BASE64_BYTES], struct weir_err *err);

/**
 * weir_s3_part_plan: the size of the parts of an object.
 *
 * size_hint_bytes  how large it may become; 0 or less: unknown
 *
 * WEIR_S3_PART_BYTES, or more when WEIR_S3_PARTS_MAX of them were not enough, in whole MiB. Returns
 * 0 when the object is larger than S3 can hold.
 */
size_t weir_s3_part_plan(int64_t size_hint_bytes);

#endif
