#ifndef WEIR_TESTS_RND_H
#define WEIR_TESTS_RND_H

#include <stdint.h>

/* Chance that is the same in every run: what is drawn follows from the seed alone. */

/** rnd_of: a number below `below`, the next one from a seed of the caller's. */
static inline uint32_t rnd_of(uint64_t *seed, uint32_t below)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u; /* Knuth's MMIX */
    return (uint32_t)(*seed >> 33) % below;
}

/** rnd: the next one from rnd_seed, which a test sets where it begins. */
extern uint64_t rnd_seed;
uint32_t rnd(uint32_t below);

#endif
