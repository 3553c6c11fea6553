#include "tests/support/rnd.h"

uint64_t rnd_seed;

uint32_t rnd(uint32_t below)
{
    return rnd_of(&rnd_seed, below);
}
