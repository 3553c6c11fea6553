#ifndef WEIR_HANDLERS_VALIDATE_KEYSET_H
#define WEIR_HANDLERS_VALIDATE_KEYSET_H

#include "core/err.h"
#include "core/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A set of keys that remembers where each was first seen, in so much memory and no more. It is
 * exact: keys are kept whole and compared whole, a hash only says where to look. The hash has a
 * seed that nobody knows, so that no input can make the search slow; nothing that comes out depends
 * on it, and neither does how much fits.
 */
struct weir_keyset;

struct weir_key_place {
    uint64_t row, line;
};

/**
 * weir_keyset_new: an empty set.
 *
 * budget_bytes  all that it may ever take: WEIR_UNIQUE_MEMORY_MIN_BYTES to
 *               WEIR_UNIQUE_MEMORY_MAX_BYTES. Set aside as addresses; memory comes with the keys
 *
 * Returns it (weir_keyset_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_keyset *weir_keyset_new(size_t budget_bytes, struct weir_err *err);

/** weir_keyset_free: accepts NULL. */
void weir_keyset_free(struct weir_keyset *s);

/**
 * weir_keyset_add: add a key, unless it is there.
 *
 * key    any bytes; copied
 * place  where it is seen now
 * first  receives where it was seen first, if it was there
 *
 * Returns 1 when it is added, 0 when it was there, or -1 with *err set: WEIR_E_LIMIT, the budget is
 * used up; the set is as it was.
 */
int weir_keyset_add(struct weir_keyset *s, struct weir_str key, const struct weir_key_place *place,
    struct weir_key_place *first, struct weir_err *err);

#endif
