#ifndef WEIR_CLI_PRNG_H
#define WEIR_CLI_PRNG_H

#include <stdint.h>

/*
 * Pseudo-random numbers for test data: xoshiro256** (Blackman and Vigna), seeded by splitmix64.
 * Small enough to live here, and the same on every machine and in every release, which no library
 * promises. Not for secrets.
 */
struct weir_prng {
    uint64_t s[4];
};

/** weir_prng_seed: two numbers make a sequence of its own, however alike they are to others. */
static inline void weir_prng_seed(struct weir_prng *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed + stream * UINT64_C(0xD1342543DE82EF95);

    for (int i = 0; i < 4; i++) {
        x += UINT64_C(0x9E3779B97F4A7C15);
        uint64_t z = x;
        z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
        r->s[i] = z ^ (z >> 31);
    }
}

static inline uint64_t weir_prng_rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/** weir_prng_next: 64 bits. */
static inline uint64_t weir_prng_next(struct weir_prng *r)
{
    uint64_t *s = r->s, result = weir_prng_rotl(s[1] * 5, 7) * 9, t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = weir_prng_rotl(s[3], 45);
    return result;
}

/** weir_prng_below: 0..n-1, n >= 1. The bias of the multiplication, n / 2^32, does not matter here
 *  for n that fits 32 bits; larger n take the remainder. */
static inline uint64_t weir_prng_below(struct weir_prng *r, uint64_t n)
{
    uint64_t x = weir_prng_next(r);

    return n <= UINT32_MAX ? ((x >> 32) * n) >> 32 : x % n;
}

#endif
