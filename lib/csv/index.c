#include "csv/index.h"

#include "core/env.h"
#include "csv/bytes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef __aarch64__
#include <arm_neon.h>
#endif

#define CHUNK 64
#define IN_EVERY_KERNEL static inline __attribute__((always_inline))

/* What a kernel finds in 64 bytes; high is not 0 when one of them is not ASCII. */
struct found {
    struct weir_csv_masks at;
    uint64_t high;
};

/* The positions of the bits, in groups of four: a branch a bit costs more than three wasted ones.
 */
IN_EVERY_KERNEL uint32_t *put(uint64_t marks, uint32_t base, uint32_t *to)
{
    uint32_t *end = to + __builtin_popcountll(marks);

    for (uint32_t *group = to; marks != 0; group += 4) {
        for (int i = 0; i < 4; i++) {
            group[i] = base + (uint32_t)(marks != 0 ? __builtin_ctzll(marks) : 0);
            marks &= marks - 1;
        }
    }
    return end;
}

/* A kernel is a way to find the masks and one to XOR them, in these two loops. The last bytes are
 * looked at in a chunk of zeros, which are no marks. */
#define INDEX_BODY(find, fold)                                                                     \
    uint64_t inside = ix->inside, high = 0;                                                        \
    uint32_t *to = ret;                                                                            \
                                                                                                   \
    for (size_t at = 0; at < len; at += CHUNK) {                                                   \
        uint8_t rest[CHUNK];                                                                       \
        const uint8_t *from = p + at;                                                              \
        if (len - at < CHUNK) {                                                                    \
            memset(rest, 0, sizeof rest);                                                          \
            memcpy(rest, from, len - at);                                                          \
            from = rest;                                                                           \
        }                                                                                          \
        const struct found f = find(from, ix->delimiter, ix->quote);                               \
        uint64_t in = inside;                                                                      \
        high |= f.high;                                                                            \
        if (f.at.quote != 0) {                                                                     \
            in ^= fold(f.at.quote);                                                                \
            inside = (uint64_t)0 - (in >> (CHUNK - 1));                                            \
        }                                                                                          \
        to = put((f.at.delimiter | f.at.lf | f.at.cr) & ~in, base + (uint32_t)at, to);             \
    }                                                                                              \
    ix->inside = inside;                                                                           \
    ix->high = high;                                                                               \
    return (size_t)(to - ret)

#define MASKS_BODY(find)                                                                           \
    for (size_t i = 0; i < chunks; i++) {                                                          \
        ret[i] = find(p + i * CHUNK, delimiter, quote).at;                                         \
    }

/* ---- any machine; on x86-64, where it surely has vectors, they are in csv/bytes.h ---- */

IN_EVERY_KERNEL struct found find_plain(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const struct weir_csv_chunk chunk = weir_csv_load(p);

    return (struct found){.at = {.delimiter = weir_csv_mask(&chunk, delimiter),
                              .quote = weir_csv_mask(&chunk, quote),
                              .lf = weir_csv_mask(&chunk, '\n'),
                              .cr = weir_csv_mask(&chunk, '\r')},
        .high = weir_csv_high(&chunk)};
}

static size_t index_plain(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    INDEX_BODY(find_plain, weir_csv_running_xor);
}

static void masks_plain(
    const uint8_t *p, size_t chunks, uint8_t delimiter, uint8_t quote, struct weir_csv_masks *ret)
{
    MASKS_BODY(find_plain)
}

/* ---- x86-64 ---- */

#ifdef __x86_64__
#define AVX2 __attribute__((target("avx2,pclmul,bmi,popcnt")))
#define AVX512 __attribute__((target("avx512f,avx512bw,pclmul,bmi,popcnt")))

/* A product without carries by all ones is a running XOR. */
#define FOLD(x)                                                                                    \
    ((uint64_t)_mm_cvtsi128_si64(                                                                  \
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)(x)), _mm_set1_epi8(-1), 0)))

AVX2 static inline uint64_t mask_avx2(__m256i low, __m256i high, uint8_t c)
{
    const __m256i wanted = _mm256_set1_epi8((char)c);

    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32;
}

AVX2 static inline struct found find_avx2(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p),
                  high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

    return (struct found){.at = {.delimiter = mask_avx2(low, high, delimiter),
                              .quote = mask_avx2(low, high, quote),
                              .lf = mask_avx2(low, high, '\n'),
                              .cr = mask_avx2(low, high, '\r')},
        .high = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, high))};
}

AVX2 static size_t index_avx2(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    INDEX_BODY(find_avx2, FOLD);
}

AVX2 static void masks_avx2(const uint8_t *p, size_t chunks, uint8_t delimiter, uint8_t quote,
    struct weir_csv_masks *ret){MASKS_BODY(find_avx2)}

AVX512 static inline struct found find_avx512(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const __m512i v = _mm512_loadu_si512(p);

    return (struct found){
        .at = {.delimiter = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)delimiter)),
            .quote = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)quote)),
            .lf = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')),
            .cr = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'))},
        .high = _mm512_movepi8_mask(v)};
}

AVX512 static size_t index_avx512(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    INDEX_BODY(find_avx512, FOLD);
}

AVX512 static void masks_avx512(
    const uint8_t *p, size_t chunks, uint8_t delimiter, uint8_t quote, struct weir_csv_masks *ret)
{
    MASKS_BODY(find_avx512)
}
#endif

/* ---- arm64 ---- */

#ifdef __aarch64__
/* A bit of its place in each byte that matches; adding neighbours three times gathers eight. */
static inline uint64_t mask_neon(const uint8x16_t v[4], uint8_t c)
{
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bit = vld1q_u8(places), wanted = vdupq_n_u8(c);
    uint8x16_t at[4];

    for (int i = 0; i < 4; i++) {
        at[i] = vandq_u8(vceqq_u8(v[i], wanted), bit);
    }
    uint8x16_t low = vpaddq_u8(at[0], at[1]);
    const uint8x16_t high = vpaddq_u8(at[2], at[3]);
    low = vpaddq_u8(low, high);
    low = vpaddq_u8(low, low);
    return vgetq_lane_u64(vreinterpretq_u64_u8(low), 0);
}

static inline struct found find_neon(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    uint8x16_t v[4];
    uint8x16_t all = vdupq_n_u8(0);

    for (int i = 0; i < 4; i++) {
        v[i] = vld1q_u8(p + 16 * i);
        all = vorrq_u8(all, v[i]);
    }
    return (struct found){.at = {.delimiter = mask_neon(v, delimiter),
                              .quote = mask_neon(v, quote),
                              .lf = mask_neon(v, '\n'),
                              .cr = mask_neon(v, '\r')},
        .high = vmaxvq_u8(all) & 0x80};
}

static size_t index_neon(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    INDEX_BODY(find_neon, weir_csv_running_xor);
}

static void masks_neon(const uint8_t *p, size_t chunks, uint8_t delimiter, uint8_t quote,
    struct weir_csv_masks *ret){MASKS_BODY(find_neon)}
#endif

size_t weir_csv_kernels(struct weir_csv_kernel ret[WEIR_CSV_KERNELS])
{
    size_t n = 0;

#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("pclmul")) {
        ret[n++] = (struct weir_csv_kernel){"avx512", index_avx512, masks_avx512};
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("bmi")) {
        ret[n++] = (struct weir_csv_kernel){"avx2", index_avx2, masks_avx2};
    }
    ret[n++] = (struct weir_csv_kernel){"sse2", index_plain, masks_plain};
#else
#ifdef __aarch64__
    ret[n++] = (struct weir_csv_kernel){"neon", index_neon, masks_neon};
#endif
    ret[n++] = (struct weir_csv_kernel){"c", index_plain, masks_plain};
#endif
    return n;
}

int weir_csv_kernel_pick(struct weir_csv_kernel *ret, struct weir_err *err)
{
    struct weir_csv_kernel kernels[WEIR_CSV_KERNELS];
    const size_t n = weir_csv_kernels(kernels);
    const char *words[WEIR_CSV_KERNELS + 1] = {NULL};
    size_t i = 0;

    for (size_t k = 0; k < n; k++) {
        words[k] = kernels[k].name;
    }
    const int rc = weir_env_word("WEIR_CSV_KERNEL", words, 0, &i, err);
    *ret = kernels[i];
    return rc;
}
