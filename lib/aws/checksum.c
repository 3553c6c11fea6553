#include "aws/checksum.h"

#include "core/base64.h"

#include <assert.h>
#include <endian.h>
#include <isa-l.h>
#include <pthread.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <wmmintrin.h>
#endif
#include <zlib.h>

/*
 * CRC-64/NVME (NVM Express Base Specification, "64b CRC"; also called Rocksoft): reflected, all
 * ones at the start and inverted at the end. ISA-L has it from 2.31 on, Debian 12 has 2.30. Eight
 * bytes at a time by tables; where the processor multiplies without carries, 64 bytes at a time.
 * Tables and constants are made when they are first needed.
 */
#define NVME_POLY 0x9A6C9329AC4BC9B5u

static uint64_t nvme[8][256];
static uint64_t fold_512[2], fold_128[2]; /* x^(n+63), x^(n-1) */
#ifdef __x86_64__
static bool can_fold;
#endif
static pthread_once_t nvme_made = PTHREAD_ONCE_INIT;

/* a * b modulo the polynomial; the highest bit is x^0. */
static uint64_t multiply(uint64_t a, uint64_t b)
{
    uint64_t product = 0;

    for (uint64_t bit = (uint64_t)1 << 63; bit != 0; bit >>= 1) {
        if ((a & bit) != 0) {
            product ^= b;
        }
        b = (b & 1) != 0 ? (b >> 1) ^ NVME_POLY : b >> 1;
    }
    return product;
}

/* x^n */
static uint64_t power(uint64_t n)
{
    uint64_t product = (uint64_t)1 << 63, square = (uint64_t)1 << 62; /* 1, x */

    for (; n > 0; n >>= 1) {
        if ((n & 1) != 0) {
            product = multiply(square, product);
        }
        square = multiply(square, square);
    }
    return product;
}

/* The CRC of what `first` is of, followed by len bytes whose CRC is `then`: len bytes more are a
 * multiplication by x^(8 len) (as zlib's crc32_combine does it for 32 bits). */
static uint64_t combine_nvme(uint64_t first, uint64_t then, uint64_t len)
{
    return multiply(power(8 * len), first) ^ then;
}

static void make_nvme(void)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? (crc >> 1) ^ NVME_POLY : crc >> 1;
        }
        nvme[0][i] = crc;
    }
    for (unsigned i = 0; i < 256; i++) {
        for (unsigned k = 1; k < 8; k++) {
            uint64_t crc = nvme[k - 1][i];
            nvme[k][i] = nvme[0][crc & 0xFF] ^ (crc >> 8);
        }
    }
    fold_512[0] = power(512 + 63);
    fold_512[1] = power(512 - 1);
    fold_128[0] = power(128 + 63);
    fold_128[1] = power(128 - 1);
#ifdef __x86_64__
    /* Not __builtin_cpu_supports: with it libgcc asks the processor twelve questions before main,
     * and each is a trip to the hypervisor: a tenth of a function's start. */
    unsigned eax, ebx, ecx, edx;
    can_fold = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_PCLMUL) != 0;
#endif
}

static uint64_t by_tables(uint64_t crc, const uint8_t *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        word = le64toh(word) ^ crc;
        crc = nvme[7][word & 0xFF] ^ nvme[6][(word >> 8) & 0xFF] ^ nvme[5][(word >> 16) & 0xFF] ^
              nvme[4][(word >> 24) & 0xFF] ^ nvme[3][(word >> 32) & 0xFF] ^
              nvme[2][(word >> 40) & 0xFF] ^ nvme[1][(word >> 48) & 0xFF] ^ nvme[0][word >> 56];
    }
    for (; n > 0; p++, n--) {
        crc = nvme[0][(crc ^ *p) & 0xFF] ^ (crc >> 8);
    }
    return crc;
}

#ifdef __x86_64__
#define FOLDS __attribute__((target("pclmul")))

/* Sixteen bytes, moved on by as many bits as the constants say: what they are worth further back.
 * The first eight are of 64 degrees more. A product of two reflected numbers is one degree too
 * high, which is why the constants are one too low. */
FOLDS static __m128i fold(__m128i x, __m128i by)
{
    return _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11));
}

FOLDS static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* n is 64 or more. Source of the method: Gopal et al., "Fast CRC Computation for Generic
 * Polynomials Using PCLMULQDQ Instruction" (Intel, 2009). */
FOLDS static uint64_t by_folding(uint64_t crc, const uint8_t *p, size_t n)
{
    const __m128i by_512 = _mm_set_epi64x((long long)fold_512[1], (long long)fold_512[0]);
    const __m128i by_128 = _mm_set_epi64x((long long)fold_128[1], (long long)fold_128[0]);
    __m128i x[4] = {load(p), load(p + 16), load(p + 32), load(p + 48)};
    uint8_t rest[16];

    x[0] = _mm_xor_si128(x[0], _mm_set_epi64x(0, (long long)crc));
    for (p += 64, n -= 64; n >= 64; p += 64, n -= 64) {
        for (int i = 0; i < 4; i++) {
            x[i] = _mm_xor_si128(fold(x[i], by_512), load(p + 16 * i));
        }
    }
    for (int i = 1; i < 4; i++) {
        x[i] = _mm_xor_si128(fold(x[i - 1], by_128), x[i]);
    }
    _mm_storeu_si128((__m128i *)(void *)rest, x[3]);
    return by_tables(by_tables(0, rest, sizeof rest), p, n);
}
#endif

uint64_t weir_crc64nvme(uint64_t crc, const void *p, size_t n)
{
    pthread_once(&nvme_made, make_nvme);
#ifdef __x86_64__
    if (can_fold && n >= 64) {
        return ~by_folding(~crc, p, n);
    }
#endif
    return ~by_tables(~crc, p, n);
}

static const struct {
    const char *name, *header;
    size_t bytes;
} kinds[WEIR_CHECKSUM_KINDS] = {
    [WEIR_CHECKSUM_NONE] = {NULL, NULL, 0},
    [WEIR_CHECKSUM_CRC64NVME] = {"CRC64NVME", "x-amz-checksum-crc64nvme", 8},
    [WEIR_CHECKSUM_CRC32] = {"CRC32", "x-amz-checksum-crc32", 4},
    [WEIR_CHECKSUM_CRC32C] = {"CRC32C", "x-amz-checksum-crc32c", 4},
    [WEIR_CHECKSUM_SHA256] = {"SHA256", "x-amz-checksum-sha256", 32},
    [WEIR_CHECKSUM_SHA1] = {"SHA1", "x-amz-checksum-sha1", 20},
};

const char *weir_checksum_name(enum weir_checksum_kind kind)
{
    return kinds[kind].name;
}

const char *weir_checksum_header(enum weir_checksum_kind kind)
{
    return kinds[kind].header;
}

static int failed(struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_NOMEM, "s3: a checksum failed");
}

int weir_checksum_init(
    struct weir_checksum *sum, enum weir_checksum_kind kind, struct weir_err *err)
{
    *sum = (struct weir_checksum){.kind = kind};
    if (kind == WEIR_CHECKSUM_SHA256 || kind == WEIR_CHECKSUM_SHA1) {
        sum->md = EVP_MD_CTX_new();
        if (sum->md == NULL) {
            return failed(err);
        }
    }
    return weir_checksum_reset(sum, err);
}

void weir_checksum_fini(struct weir_checksum *sum)
{
    EVP_MD_CTX_free(sum->md);
    *sum = (struct weir_checksum){0};
}

int weir_checksum_reset(struct weir_checksum *sum, struct weir_err *err)
{
    sum->crc = 0;
    if (sum->md != NULL &&
        EVP_DigestInit_ex(
            sum->md, sum->kind == WEIR_CHECKSUM_SHA256 ? EVP_sha256() : EVP_sha1(), NULL) != 1) {
        return failed(err);
    }
    return 0;
}

static uint32_t crc32c(uint32_t crc, const uint8_t *p, size_t n)
{
    crc = ~crc;
    while (n > 0) { /* ISA-L counts in int, and does not write what it reads */
        int piece = n < INT32_MAX ? (int)n : INT32_MAX;
        crc = crc32_iscsi((unsigned char *)p, piece, crc);
        p += piece;
        n -= (size_t)piece;
    }
    return ~crc;
}

int weir_checksum_add(struct weir_checksum *sum, const void *p, size_t n, struct weir_err *err)
{
    switch (sum->kind) {
    case WEIR_CHECKSUM_CRC64NVME:
        sum->crc = weir_crc64nvme(sum->crc, p, n);
        return 0;
    case WEIR_CHECKSUM_CRC32:
        sum->crc = crc32_gzip_refl((uint32_t)sum->crc, p, n);
        return 0;
    case WEIR_CHECKSUM_CRC32C:
        sum->crc = crc32c((uint32_t)sum->crc, p, n);
        return 0;
    case WEIR_CHECKSUM_SHA256:
    case WEIR_CHECKSUM_SHA1:
        return EVP_DigestUpdate(sum->md, p, n) == 1 ? 0 : failed(err);
    case WEIR_CHECKSUM_NONE:
    case WEIR_CHECKSUM_KINDS:
        break;
    }
    return 0;
}

int weir_checksum_end(
    struct weir_checksum *sum, char base64[WEIR_CHECKSUM_BASE64_BYTES], struct weir_err *err)
{
    uint8_t value[EVP_MAX_MD_SIZE];
    size_t n = kinds[sum->kind].bytes;

    base64[0] = '\0';
    if (sum->md != NULL && EVP_DigestFinal_ex(sum->md, value, NULL) != 1) {
        return failed(err);
    }
    for (size_t i = 0; sum->md == NULL && i < n; i++) {
        value[i] = (uint8_t)(sum->crc >> (8 * (n - 1 - i)));
    }
    (void)weir_base64_encode(value, n, base64);
    return 0;
}

void weir_checksum_append(struct weir_checksum *sum, const struct weir_checksum *next, uint64_t len)
{
    assert(sum->kind == next->kind && sum->md == NULL && sum->kind != WEIR_CHECKSUM_CRC32C);
    if (sum->kind == WEIR_CHECKSUM_CRC64NVME) {
        sum->crc = combine_nvme(sum->crc, next->crc, len);
    } else if (sum->kind == WEIR_CHECKSUM_CRC32) {
        sum->crc = crc32_combine((uLong)sum->crc, (uLong)next->crc, (z_off_t)len);
    }
}
