#include "aws/s3_part.h"

#include "aws/sigv4.h"
#include "core/limits.h"

#include <assert.h>
#include <zlib.h>

static_assert(WEIR_S3_PART_BYTES >= WEIR_S3_PART_MIN_BYTES, "what is planned must be allowed");
static_assert(WEIR_S3_SHA_HEX_BYTES == WEIR_SHA256_HEX_BYTES, "the same digest");

static int sha_begin(struct weir_s3_part *part, struct weir_err *err)
{
    if (part->sha != NULL && EVP_DigestInit_ex(part->sha, EVP_sha256(), NULL) != 1) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: SHA-256 failed");
    }
    return 0;
}

int weir_s3_part_init(
    struct weir_s3_part *part, size_t max_bytes, bool sha, bool crc, struct weir_err *err)
{
    *part = (struct weir_s3_part){.crc_wanted = crc};
    weir_buf_init(&part->data, max_bytes);
    if (sha) {
        part->sha = EVP_MD_CTX_new();
        if (part->sha == NULL) {
            return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
        }
    }
    return sha_begin(part, err);
}

void weir_s3_part_fini(struct weir_s3_part *part)
{
    EVP_MD_CTX_free(part->sha);
    part->sha = NULL;
    weir_buf_fini(&part->data);
}

size_t weir_s3_part_room(const struct weir_s3_part *part)
{
    return part->data.max - part->data.len;
}

int weir_s3_part_add(struct weir_s3_part *part, const void *p, size_t n, struct weir_err *err)
{
    if (weir_buf_add(&part->data, p, n, err) != 0) {
        return -1;
    }
    if (part->sha != NULL && EVP_DigestUpdate(part->sha, p, n) != 1) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: SHA-256 failed");
    }
    if (part->crc_wanted) {
        part->crc = (uint32_t)crc32_z(part->crc, p, n);
    }
    return 0;
}

int weir_s3_part_reset(struct weir_s3_part *part, struct weir_err *err)
{
    part->data.len = 0;
    part->crc = 0;
    return sha_begin(part, err);
}

int weir_s3_part_seal(struct weir_s3_part *part, char sha_hex[WEIR_S3_SHA_HEX_BYTES],
    char crc_base64[WEIR_S3_CRC_BASE64_BYTES], struct weir_err *err)
{
    sha_hex[0] = '\0';
    crc_base64[0] = '\0';
    if (part->sha != NULL) {
        uint8_t hash[EVP_MAX_MD_SIZE];
        if (EVP_DigestFinal_ex(part->sha, hash, NULL) != 1) {
            return weir_err_set(err, WEIR_E_NOMEM, "s3: SHA-256 failed");
        }
        weir_hex(hash, 32, sha_hex);
    }
    if (part->crc_wanted) {
        const uint8_t crc[4] = {(uint8_t)(part->crc >> 24), (uint8_t)(part->crc >> 16),
            (uint8_t)(part->crc >> 8), (uint8_t)part->crc};
        EVP_EncodeBlock((unsigned char *)crc_base64, crc, sizeof crc);
    }
    return 0;
}

size_t weir_s3_part_plan(int64_t size_hint_bytes)
{
    const uint64_t max = 5 * 1024 * (uint64_t)WEIR_MIB; /* S3: 5 GiB */
    uint64_t hint = size_hint_bytes > 0 ? (uint64_t)size_hint_bytes : 0;
    uint64_t part = (hint + WEIR_S3_PARTS_MAX - 1) / WEIR_S3_PARTS_MAX;

    part = (part + WEIR_MIB - 1) / WEIR_MIB * WEIR_MIB;
    if (part > max) {
        return 0;
    }
    return part > WEIR_S3_PART_BYTES ? (size_t)part : WEIR_S3_PART_BYTES;
}
