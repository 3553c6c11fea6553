#ifndef WEIR_SCHEMA_ARENA_H
#define WEIR_SCHEMA_ARENA_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Inside lib/schema: the memory of one schema, freed as a whole, WEIR_SCHEMA_MEMORY_MAX_BYTES at
 * most. All zero is an empty arena.
 */
struct weir_schema_arena_block;

struct weir_schema_arena {
    struct weir_schema_arena_block *blocks;
    size_t bytes; /* of the blocks, and what weir_schema_arena_charge added */
};

/** weir_schema_arena_alloc: n zeroed bytes, or NULL with *err set: WEIR_E_CONFIG when there would
 *  be too many, WEIR_E_NOMEM. */
void *weir_schema_arena_alloc(struct weir_schema_arena *arena, size_t n, struct weir_err *err);

/** weir_schema_arena_charge: count memory that lies elsewhere. False when it is too much. */
bool weir_schema_arena_charge(struct weir_schema_arena *arena, size_t n);

/** weir_schema_arena_fini: free all of it. */
void weir_schema_arena_fini(struct weir_schema_arena *arena);

#endif
