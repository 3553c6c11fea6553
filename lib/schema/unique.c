#include "schema/check.h"

#include "core/limits.h"
#include "json/hash.h"
#include "json/value.h"

#include <stdlib.h>

/*
 * uniqueItems: a few elements are compared each with each, more of them by a table of hashes that
 * are the same for equal values, however these are written. Nobody can prepare collisions of texts;
 * what collides all the same is compared, and the row's steps pay for it.
 */

#define FEW 8

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 32;
}

static uint64_t hash(const struct weir_schema_check *c, const struct weir_json_value *v)
{
    uint64_t h = mix(c->seed[0], v->kind);
    const struct weir_json_value *part = v + 1;

    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        break;
    case WEIR_JSON_NUMBER:
        return weir_number_hash(weir_json_text(c->on, v), h);
    case WEIR_JSON_STRING:
        return weir_json_hash(c->seed, weir_json_text(c->on, v));
    case WEIR_JSON_ARRAY:
        for (uint32_t i = 0; i < v->len; i++, part = c->on->v + part->next) {
            h = mix(h, hash(c, part));
        }
        break;
    case WEIR_JSON_OBJECT: /* in any order */
        for (uint32_t i = 0; i < v->len; i++, part = c->on->v + part[1].next) {
            h += mix(hash(c, part), hash(c, part + 1));
        }
        break;
    }
    return h;
}

static bool equal(
    struct weir_schema_check *c, const struct weir_json_value *a, const struct weir_json_value *b)
{
    return weir_schema_one_of(c, c->on, &a, 1, b);
}

static bool few_unique(struct weir_schema_check *c, const struct weir_json_value *v)
{
    const struct weir_json_value *items[FEW], *item = v + 1;

    for (uint32_t i = 0; i < v->len; i++, item = c->on->v + item->next) {
        items[i] = item;
        for (uint32_t k = 0; k < i; k++) {
            if (equal(c, items[k], item)) {
                return false;
            }
        }
    }
    return true;
}

/* Slots of two: the element's entry and half of its hash. */
static bool table_room(struct weir_schema_check *c, size_t slots)
{
    if (c->table_cap < slots) {
        uint32_t *table = malloc(slots * 2 * sizeof *table);
        if (table == NULL) {
            c->no_memory = true;
            return weir_schema_spent(c);
        }
        free(c->table);
        c->table = table;
        c->table_cap = slots;
    }
    if (c->seed[0] == 0 && c->seed[1] == 0) {
        weir_json_hash_seed(c->seed, c->table);
    }
    memset(c->table, 0, slots * 2 * sizeof *c->table);
    return true;
}

/* All that is in an array is hashed once. */
static bool pay_hashes(struct weir_schema_check *c, const struct weir_json_value *v)
{
    uint64_t cost = 0;

    for (const struct weir_json_value *part = v; part < c->on->v + v->next; part++) {
        cost += 1 + (uint64_t)weir_json_text_pieces(part);
    }
    return weir_schema_spend(c, cost / WEIR_STEP_COMPARES);
}

bool weir_schema_unique(struct weir_schema_check *c, const struct weir_json_value *v)
{
    size_t slots = 32;

    if (v->len <= FEW) {
        return few_unique(c, v);
    }
    while (slots < (size_t)v->len * 2) {
        slots *= 2;
    }
    if (!pay_hashes(c, v) || !table_room(c, slots)) {
        return false;
    }
    const struct weir_json_value *item = v + 1;
    for (uint32_t i = 0; i < v->len; i++, item = c->on->v + item->next) {
        uint64_t h = hash(c, item);
        size_t slot = (size_t)h & (slots - 1);
        for (; c->table[2 * slot] != 0; slot = (slot + 1) & (slots - 1)) {
            if (!weir_schema_spend(c, 1)) {
                return false;
            }
            if (c->table[2 * slot + 1] == (uint32_t)(h >> 32) &&
                equal(c, c->on->v + c->table[2 * slot], item)) {
                return false;
            }
        }
        c->table[2 * slot] = (uint32_t)(item - c->on->v); /* never 0: the array is before it */
        c->table[2 * slot + 1] = (uint32_t)(h >> 32);
    }
    return true;
}
