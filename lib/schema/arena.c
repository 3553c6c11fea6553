#include "schema/arena.h"

#include "core/limits.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES (32 * WEIR_KIB)

struct weir_schema_arena_block {
    struct weir_schema_arena_block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char data[];
};

bool weir_schema_arena_charge(struct weir_schema_arena *arena, size_t n)
{
    if (n > WEIR_SCHEMA_MEMORY_MAX_BYTES - arena->bytes) {
        return false;
    }
    arena->bytes += n;
    return true;
}

void *weir_schema_arena_alloc(struct weir_schema_arena *arena, size_t n, struct weir_err *err)
{
    struct weir_schema_arena_block *b = arena->blocks;

    n = (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (b == NULL || b->size - b->used < n) {
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        if (!weir_schema_arena_charge(arena, size)) {
            weir_err_set(err, WEIR_E_CONFIG, "schema: it takes more than %zu bytes of memory",
                (size_t)WEIR_SCHEMA_MEMORY_MAX_BYTES);
            return NULL;
        }
        b = malloc(sizeof *b + size);
        if (b == NULL) {
            weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
            return NULL;
        }
        b->used = 0;
        b->size = size;
        b->next = arena->blocks;
        arena->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += n;
    return memset(p, 0, n); /* not the block at once: most of it may never be touched */
}

void weir_schema_arena_fini(struct weir_schema_arena *arena)
{
    while (arena->blocks != NULL) {
        struct weir_schema_arena_block *b = arena->blocks;
        arena->blocks = b->next;
        free(b);
    }
    arena->bytes = 0;
}
