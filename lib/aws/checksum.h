#ifndef WEIR_AWS_CHECKSUM_H
#define WEIR_AWS_CHECKSUM_H

#include "core/err.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * S3's additional checksums: what x-amz-checksum-* headers carry, over the bytes of a part or of a
 * whole object. Source: Amazon S3 User Guide, "Checking object integrity".
 */
enum weir_checksum_kind {
    WEIR_CHECKSUM_NONE,
    WEIR_CHECKSUM_CRC64NVME,
    WEIR_CHECKSUM_CRC32,
    WEIR_CHECKSUM_CRC32C,
    WEIR_CHECKSUM_SHA256,
    WEIR_CHECKSUM_SHA1,
    WEIR_CHECKSUM_KINDS, /* how many; none itself */
};

#define WEIR_CHECKSUM_BASE64_BYTES 45 /* WEIR_BASE64_BYTES of the longest, SHA-256 */

/** weir_checksum_name: "CRC64NVME", as x-amz-checksum-algorithm has it; NULL for none. */
const char *weir_checksum_name(enum weir_checksum_kind kind);

/** weir_checksum_header: "x-amz-checksum-crc64nvme"; NULL for none. */
const char *weir_checksum_header(enum weir_checksum_kind kind);

/* A checksum in the making; zeroed, it is one of kind none. */
struct weir_checksum {
    enum weir_checksum_kind kind;
    uint64_t crc;
    EVP_MD_CTX *md;
};

/** weir_checksum_init: of no bytes yet. 0, or -1 with *err set: WEIR_E_NOMEM. weir_checksum_fini in
 *  either case. */
int weir_checksum_init(
    struct weir_checksum *sum, enum weir_checksum_kind kind, struct weir_err *err);

/** weir_checksum_fini: release it. */
void weir_checksum_fini(struct weir_checksum *sum);

/** weir_checksum_reset: of no bytes again. 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_checksum_reset(struct weir_checksum *sum, struct weir_err *err);

/** weir_checksum_add: n more bytes. 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_checksum_add(struct weir_checksum *sum, const void *p, size_t n, struct weir_err *err);

/** weir_checksum_end: its value as the headers have it, "" for none. Nothing can be added until
 *  weir_checksum_reset. 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_checksum_end(
    struct weir_checksum *sum, char base64[WEIR_CHECKSUM_BASE64_BYTES], struct weir_err *err);

/** weir_checksum_append: the bytes of another one, len of them, follow; both are CRC64NVME, or both
 *  CRC32, or none. So a whole object's value is made of its parts' without reading them again. */
void weir_checksum_append(
    struct weir_checksum *sum, const struct weir_checksum *next, uint64_t len);

/** weir_crc64nvme: the CRC-64/NVME of what crc (0: nothing) is of, and n more bytes. */
uint64_t weir_crc64nvme(uint64_t crc, const void *p, size_t n);

#endif
