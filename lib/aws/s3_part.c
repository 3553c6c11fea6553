#include "aws/s3_part.h"

#include "core/hex.h"
#include "core/limits.h"

#include <assert.h>

static_assert(WEIR_S3_PART_BYTES >= WEIR_S3_PART_MIN_BYTES, "what is planned must be allowed");

static int sha_begin(struct weir_s3_part *part, struct weir_err *err)
{
    if (part->sha != NULL && EVP_DigestInit_ex(part->sha, EVP_sha256(), NULL) != 1) {
        return weir_err_set(err, WEIR_E_NOMEM, "s3: SHA-256 failed");
    }
    return 0;
}

int weir_s3_part_init(struct weir_s3_part *part, size_t max_bytes, bool sha,
    enum weir_checksum_kind kind, struct weir_err *err)
{
    *part = (struct weir_s3_part){0};
    weir_buf_init(&part->data, max_bytes);
    if (weir_checksum_init(&part->sum, kind, err) != 0) {
        return -1;
    }
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
    weir_checksum_fini(&part->sum);
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
    return weir_checksum_add(&part->sum, p, n, err);
}

int weir_s3_part_reset(struct weir_s3_part *part, struct weir_err *err)
{
    part->data.len = 0;
    return weir_checksum_reset(&part->sum, err) == 0 ? sha_begin(part, err) : -1;
}

int weir_s3_part_seal(struct weir_s3_part *part, char sha_hex[WEIR_SHA256_HEX_BYTES],
    char checksum[WEIR_CHECKSUM_BASE64_BYTES], struct weir_err *err)
{
    sha_hex[0] = '\0';
    if (part->sha != NULL) {
        uint8_t hash[EVP_MAX_MD_SIZE];
        if (EVP_DigestFinal_ex(part->sha, hash, NULL) != 1) {
            return weir_err_set(err, WEIR_E_NOMEM, "s3: SHA-256 failed");
        }
        weir_hex(hash, 32, sha_hex);
    }
    return weir_checksum_end(&part->sum, checksum, err);
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
