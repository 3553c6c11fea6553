#include "json/names.h"

#include "json/hash.h"

#include <stdlib.h>

#define SMALL_OBJECT 16 /* members up to which all pairs of names are compared */

/* At least `want` slots, and a seed that nobody knows. */
static int table_room(struct weir_json_tape *t, size_t want)
{
    if (t->table_cap < want) {
        uint32_t *table = malloc(want * sizeof *table);
        if (table == NULL) {
            return -1;
        }
        free(t->table);
        t->table = table;
        t->table_cap = want;
    }
    if (t->seed[0] == 0 && t->seed[1] == 0) {
        weir_json_hash_seed(t->seed, t->table);
    }
    return 0;
}

static enum weir_json_names check_large(struct weir_json_tape *t, uint32_t index)
{
    const uint32_t members = t->v[index].len;
    size_t slots = 64;

    while (slots < (size_t)members * 2) {
        slots *= 2;
    }
    if (table_room(t, slots) == -1) {
        return WEIR_JSON_NAMES_NOMEM;
    }
    memset(t->table, 0, slots * sizeof *t->table);
    uint32_t key = index + 1;
    for (uint32_t i = 0; i < members; i++, key = t->v[key + 1].next) {
        struct weir_str name = weir_json_text(t, &t->v[key]);
        size_t slot = (size_t)weir_json_hash(t->seed, name) & (slots - 1);
        for (; t->table[slot] != 0; slot = (slot + 1) & (slots - 1)) {
            if (weir_str_eq(name, weir_json_text(t, &t->v[t->table[slot]]))) {
                return WEIR_JSON_NAMES_TWICE;
            }
        }
        t->table[slot] = key; /* never 0: that is the root */
    }
    return WEIR_JSON_NAMES_UNIQUE;
}

/* Different, as a rule, for different names: of their lengths, their first and their last bytes. */
static inline uint32_t signature(struct weir_str s)
{
    uint32_t first, last;

    if (s.len >= sizeof first) {
        memcpy(&first, s.p, sizeof first);
        memcpy(&last, s.p + s.len - sizeof last, sizeof last);
    } else if (s.len > 0) {
        first = (unsigned char)s.p[0];
        last = (uint32_t)(unsigned char)s.p[s.len / 2] << 8 | (unsigned char)s.p[s.len - 1];
    } else {
        return 0;
    }
    return (first * 2654435769U ^ last * 2246822519U) + (uint32_t)s.len;
}

static enum weir_json_names check_pairs(const struct weir_json_tape *t, uint32_t index)
{
    const uint32_t members = t->v[index].len;
    uint32_t mark[SMALL_OBJECT], at[SMALL_OBJECT];
    uint32_t key = index + 1;

    for (uint32_t i = 0; i < members; i++, key = t->v[key + 1].next) {
        struct weir_str s = weir_json_text(t, &t->v[key]);
        at[i] = key;
        mark[i] = signature(s);
        for (uint32_t j = 0; j < i; j++) {
            if (mark[j] == mark[i] && weir_str_eq(s, weir_json_text(t, &t->v[at[j]]))) {
                return WEIR_JSON_NAMES_TWICE;
            }
        }
    }
    return WEIR_JSON_NAMES_UNIQUE;
}

enum weir_json_names weir_json_names(struct weir_json_tape *t, uint32_t index)
{
    const uint32_t members = t->v[index].len;
    uint64_t seen[4] = {0}; /* a bit for 8 bits of each signature */
    uint32_t key = index + 1;

    if (members > SMALL_OBJECT) {
        return check_large(t, index);
    }
    for (uint32_t i = 0; i < members; i++, key = t->v[key + 1].next) {
        const uint32_t hash = signature(weir_json_text(t, &t->v[key])) >> 24;
        const uint64_t bit = UINT64_C(1) << hash % 64;
        if ((seen[hash / 64] & bit) != 0) {
            return check_pairs(t, index); /* two that may be the same */
        }
        seen[hash / 64] |= bit;
    }
    return WEIR_JSON_NAMES_UNIQUE;
}
