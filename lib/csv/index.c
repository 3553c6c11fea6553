#include "csv/index.h"

#include "csv/bytes.h"

#include <stdbool.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef __aarch64__
#include <arm_neon.h>
#endif

#define CHUNK 64
#define IN_EVERY_KERNEL static inline __attribute__((always_inline))

/* What a kernel finds in 64 bytes. */
struct masks {
    uint64_t quotes;
    uint64_t marks; /* delimiters and line ends */
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

/* A kernel is a way to find the masks and one to XOR them, around this loop. The last bytes are
 * looked at in a chunk of zeros, which are no marks. */
#define KERNEL_BODY(find, fold)                                                                    \
    uint64_t inside = ix->inside;                                                                  \
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
        const struct masks m = find(from, ix->delimiter, ix->quote);                               \
        if (m.quotes != 0) {                                                                       \
            const uint64_t in = fold(m.quotes) ^ inside;                                           \
            inside = (uint64_t)0 - (in >> (CHUNK - 1));                                            \
            to = put(m.marks & ~in, base + (uint32_t)at, to);                                      \
        } else {                                                                                   \
            to = put(m.marks & ~inside, base + (uint32_t)at, to);                                  \
        }                                                                                          \
    }                                                                                              \
    ix->inside = inside;                                                                           \
    return (size_t)(to - ret)

/* ---- any machine; on x86-64, where it surely has vectors, they are in csv/bytes.h ---- */

IN_EVERY_KERNEL struct masks find_plain(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const struct weir_csv_chunk chunk = weir_csv_load(p);

    return (struct masks){.quotes = weir_csv_mask(&chunk, quote),
        .marks = weir_csv_mask(&chunk, delimiter) | weir_csv_mask(&chunk, '\n') |
                 weir_csv_mask(&chunk, '\r')};
}

static size_t run_plain(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    KERNEL_BODY(find_plain, weir_csv_running_xor);
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

AVX2 static inline struct masks find_avx2(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)p),
                  high = _mm256_loadu_si256((const __m256i *)(const void *)(p + 32));

    return (struct masks){.quotes = mask_avx2(low, high, quote),
        .marks = mask_avx2(low, high, delimiter) | mask_avx2(low, high, '\n') |
                 mask_avx2(low, high, '\r')};
}

AVX2 static size_t run_avx2(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    KERNEL_BODY(find_avx2, FOLD);
}

AVX512 static inline struct masks find_avx512(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const __m512i v = _mm512_loadu_si512(p);

    return (struct masks){.quotes = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)quote)),
        .marks = _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)delimiter)) |
                 _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\n')) |
                 _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8('\r'))};
}

AVX512 static size_t run_avx512(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    KERNEL_BODY(find_avx512, FOLD);
}
#endif

/* ---- arm64 ---- */

#ifdef __aarch64__
/* A bit of its place in each byte that matches; adding neighbours three times gathers eight. */
static inline uint64_t gather(const uint8x16_t same[4])
{
    static const uint8_t places[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t bit = vld1q_u8(places);
    uint8x16_t low = vpaddq_u8(vandq_u8(same[0], bit), vandq_u8(same[1], bit));
    const uint8x16_t high = vpaddq_u8(vandq_u8(same[2], bit), vandq_u8(same[3], bit));

    low = vpaddq_u8(low, high);
    low = vpaddq_u8(low, low);
    return vgetq_lane_u64(vreinterpretq_u64_u8(low), 0);
}

static inline struct masks find_neon(const uint8_t *p, uint8_t delimiter, uint8_t quote)
{
    const uint8x16_t d = vdupq_n_u8(delimiter), q = vdupq_n_u8(quote), lf = vdupq_n_u8('\n'),
                     cr = vdupq_n_u8('\r');
    uint8x16_t quotes[4], marks[4];

    for (int i = 0; i < 4; i++) {
        const uint8x16_t v = vld1q_u8(p + 16 * i);
        quotes[i] = vceqq_u8(v, q);
        marks[i] = vorrq_u8(vceqq_u8(v, d), vorrq_u8(vceqq_u8(v, lf), vceqq_u8(v, cr)));
    }
    return (struct masks){.quotes = gather(quotes), .marks = gather(marks)};
}

static size_t run_neon(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret)
{
    KERNEL_BODY(find_neon, weir_csv_running_xor);
}
#endif

size_t weir_csv_kernels(struct weir_csv_kernel ret[WEIR_CSV_KERNELS_MAX])
{
    size_t n = 0;

#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("pclmul")) {
        ret[n++] = (struct weir_csv_kernel){"avx512", run_avx512};
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul") &&
        __builtin_cpu_supports("bmi")) {
        ret[n++] = (struct weir_csv_kernel){"avx2", run_avx2};
    }
    ret[n++] = (struct weir_csv_kernel){"sse2", run_plain};
#else
#ifdef __aarch64__
    ret[n++] = (struct weir_csv_kernel){"neon", run_neon};
#endif
    ret[n++] = (struct weir_csv_kernel){"c", run_plain};
#endif
    return n;
}
