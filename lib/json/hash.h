#ifndef WEIR_JSON_HASH_H
#define WEIR_JSON_HASH_H

#include "core/str.h"

#include <stdint.h>

/*
 * A keyed hash of texts, for tables whose keys somebody else chooses: nobody can prepare keys that
 * all fall into one place.
 */

/** weir_json_hash_seed: a seed that nobody knows. somewhere is an address of the caller's heap,
 * used when the kernel has no random numbers yet. */
void weir_json_hash_seed(uint64_t seed[2], const void *somewhere);

/** weir_json_hash: the hash of a text. */
uint64_t weir_json_hash(const uint64_t seed[2], struct weir_str s);

#endif
