#ifndef WEIR_CSV_BYTES_H
#define WEIR_CSV_BYTES_H

#include <endian.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * Eight bytes at a time in a plain 64-bit word, for the scanner and the writer. Byte 0 of the text
 * is the low byte of the word on every machine.
 */

/** weir_csv_word: the eight bytes at p, which need no alignment. */
static inline uint64_t weir_csv_word(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return le64toh(w);
}

/** weir_csv_same: 0x80 in each byte of w that equals c, 0 in the others. Exact: no carry crosses.
 */
static inline uint64_t weir_csv_same(uint64_t w, uint8_t c)
{
    const uint64_t low7 = 0x7f7f7f7f7f7f7f7fU;
    uint64_t t = w ^ (0x0101010101010101U * c);

    return ~(((t & low7) + low7) | t | low7);
}

/** weir_csv_bits: gather the 0x80 marks of weir_csv_same into 8 bits, byte 0 in bit 0. */
static inline uint64_t weir_csv_bits(uint64_t marks)
{
    return ((marks >> 7) * 0x0102040810204080U) >> 56;
}

/** weir_csv_count: how many 0x80 marks there are. */
static inline uint64_t weir_csv_count(uint64_t marks)
{
    return ((marks >> 7) * 0x0101010101010101U) >> 56;
}

/*
 * Sixty-four bytes at a time, a bit for each: four vectors where the machine surely has them (every
 * x86-64 does), else eight words.
 */
#ifdef __SSE2__
struct weir_csv_chunk {
    __m128i v[4];
};

/** weir_csv_load: the 64 bytes at p, which need no alignment. */
static inline struct weir_csv_chunk weir_csv_load(const uint8_t *p)
{
    struct weir_csv_chunk chunk;

    for (int i = 0; i < 4; i++) {
        chunk.v[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
    }
    return chunk;
}

/** weir_csv_mask: bit i tells whether byte i is c. */
static inline uint64_t weir_csv_mask(const struct weir_csv_chunk *chunk, uint8_t c)
{
    const __m128i wanted = _mm_set1_epi8((char)c);
    uint64_t mask = 0;

    for (int i = 0; i < 4; i++) {
        int bits = _mm_movemask_epi8(_mm_cmpeq_epi8(chunk->v[i], wanted));
        mask |= (uint64_t)(unsigned)bits << (16 * i);
    }
    return mask;
}

/** weir_csv_high: not 0 when a byte is not ASCII. */
static inline uint64_t weir_csv_high(const struct weir_csv_chunk *chunk)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(_mm_or_si128(
        _mm_or_si128(chunk->v[0], chunk->v[1]), _mm_or_si128(chunk->v[2], chunk->v[3])));
}
#else
struct weir_csv_chunk {
    uint64_t v[8];
};

static inline struct weir_csv_chunk weir_csv_load(const uint8_t *p)
{
    struct weir_csv_chunk chunk;

    for (int i = 0; i < 8; i++) {
        chunk.v[i] = weir_csv_word(p + 8 * i);
    }
    return chunk;
}

static inline uint64_t weir_csv_mask(const struct weir_csv_chunk *chunk, uint8_t c)
{
    uint64_t mask = 0;

    for (int i = 0; i < 8; i++) {
        mask |= weir_csv_bits(weir_csv_same(chunk->v[i], c)) << (8 * i);
    }
    return mask;
}

static inline uint64_t weir_csv_high(const struct weir_csv_chunk *chunk)
{
    uint64_t all = 0;

    for (int i = 0; i < 8; i++) {
        all |= chunk->v[i];
    }
    return all & (0x0101010101010101U * 0x80);
}
#endif

/** weir_csv_running_xor: bit i of the result is the XOR of bits 0..i: of quotes, what is inside. */
static inline uint64_t weir_csv_running_xor(uint64_t x)
{
    for (int by = 1; by < 64; by *= 2) {
        x ^= x << by;
    }
    return x;
}

#endif
