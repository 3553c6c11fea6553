#include "json/value.h"

#include "json/number.h"

/* Most values have no parts: their comparison does not save the registers that these need. */
#define APART static __attribute__((noinline))

const struct weir_json_value *weir_json_member(
    const struct weir_json_tape *tape, const struct weir_json_value *object, struct weir_str name)
{
    const struct weir_json_value *key = object + 1;

    for (uint32_t i = 0; i < object->len; i++) {
        if (weir_str_eq(weir_json_text(tape, key), name)) {
            return key + 1;
        }
        key = tape->v + key[1].next;
    }
    return NULL;
}

static bool take(uint64_t *left, uint64_t n)
{
    if (n >= *left) {
        *left = 0;
        return false;
    }
    *left -= n;
    return true;
}

APART bool equal_objects(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b, uint64_t *left)
{
    /* What a name costs: half of the others are looked at before it is found, eight at a time. */
    const uint64_t looks = 1 + b->len / 16;
    const struct weir_json_value *key = b + 1;

    /* No name comes twice in either, so as many members, each found, is all of them. */
    for (uint32_t i = 0; i < b->len; i++) {
        if (!take(left, looks * (1 + weir_json_text_pieces(key)))) {
            return false;
        }
        const struct weir_json_value *other = weir_json_member(ta, a, weir_json_text(tb, key));
        if (other == NULL || !weir_json_equal_within(ta, other, tb, key + 1, left)) {
            return false;
        }
        key = tb->v + key[1].next;
    }
    return true;
}

APART bool equal_arrays(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b, uint64_t *left)
{
    const struct weir_json_value *x = a + 1, *y = b + 1;

    for (uint32_t i = 0; i < a->len; i++, x = ta->v + x->next, y = tb->v + y->next) {
        if (!weir_json_equal_within(ta, x, tb, y, left)) {
            return false;
        }
    }
    return true;
}

bool weir_json_equal_within(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b, uint64_t *left)
{
    if (!take(left, 1) || a->kind != b->kind) {
        return false;
    }
    switch ((enum weir_json_kind)a->kind) {
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        return true;
    case WEIR_JSON_NUMBER:
        return take(left, (uint64_t)weir_json_text_pieces(a) + weir_json_text_pieces(b)) &&
               weir_number_cmp(weir_json_text(ta, a), weir_json_text(tb, b)) == 0;
    case WEIR_JSON_STRING:
        return a->len == b->len && take(left, weir_json_text_pieces(a)) &&
               weir_str_eq(weir_json_text(ta, a), weir_json_text(tb, b));
    case WEIR_JSON_ARRAY:
        return a->len == b->len && equal_arrays(ta, a, tb, b, left);
    case WEIR_JSON_OBJECT:
        return a->len == b->len && equal_objects(ta, a, tb, b, left);
    }
    return false;
}
