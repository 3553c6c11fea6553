#include "json/names.h"

#include <stdlib.h>
#include <sys/random.h>

#define SMALL_OBJECT 16 /* members up to which all pairs of names are compared */

static uint64_t rotl(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 (Aumasson and Bernstein). */
static uint64_t hash(const uint64_t seed[2], struct weir_str s)
{
    uint64_t v[4] = {seed[0] ^ UINT64_C(0x736f6d6570736575), seed[1] ^ UINT64_C(0x646f72616e646f6d),
        seed[0] ^ UINT64_C(0x6c7967656e657261), seed[1] ^ UINT64_C(0x7465646279746573)};
    size_t i = 0;

    for (; s.len - i >= 8; i += 8) {
        uint64_t m;
        memcpy(&m, s.p + i, sizeof m);
        v[3] ^= m;
        sip_round(v);
        v[0] ^= m;
    }
    uint64_t last = 0;
    memcpy(&last, s.p + i, s.len - i);
    last ^= (uint64_t)s.len << 56;
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xFF;
    for (int r = 0; r < 3; r++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

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
    if (t->seed[0] == 0 && t->seed[1] == 0 &&
        getrandom(t->seed, sizeof t->seed, GRND_NONBLOCK) != (ssize_t)sizeof t->seed) {
        t->seed[0] = (uint64_t)(uintptr_t)t->table; /* early at boot: addresses are random too */
        t->seed[1] = (uint64_t)(uintptr_t)t->v;
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
        size_t slot = (size_t)hash(t->seed, name) & (slots - 1);
        for (; t->table[slot] != 0; slot = (slot + 1) & (slots - 1)) {
            if (weir_str_eq(name, weir_json_text(t, &t->v[t->table[slot]]))) {
                return WEIR_JSON_NAMES_TWICE;
            }
        }
        t->table[slot] = key; /* never 0: that is the root */
    }
    return WEIR_JSON_NAMES_UNIQUE;
}

static uint32_t signature(struct weir_str s)
{
    if (s.len == 0) {
        return 0;
    }
    return (uint32_t)s.len << 24 ^ (uint32_t)(unsigned char)s.p[0] << 16 ^
           (uint32_t)(unsigned char)s.p[s.len / 2] << 8 ^ (uint32_t)(unsigned char)s.p[s.len - 1];
}

enum weir_json_names weir_json_names(struct weir_json_tape *t, uint32_t index)
{
    const uint32_t members = t->v[index].len;
    uint32_t mark[SMALL_OBJECT], at[SMALL_OBJECT];
    uint32_t key = index + 1;

    if (members > SMALL_OBJECT) {
        return check_large(t, index);
    }
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
