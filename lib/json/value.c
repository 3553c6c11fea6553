#include "json/value.h"

#include "json/number.h"

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

static bool equal_objects(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b)
{
    const struct weir_json_value *key = b + 1;

    /* No name comes twice in either, so as many members, each found, is all of them. */
    for (uint32_t i = 0; i < b->len; i++) {
        const struct weir_json_value *other = weir_json_member(ta, a, weir_json_text(tb, key));
        if (other == NULL || !weir_json_equal(ta, other, tb, key + 1)) {
            return false;
        }
        key = tb->v + key[1].next;
    }
    return true;
}

bool weir_json_equal(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b)
{
    if (a->kind != b->kind) {
        return false;
    }
    switch ((enum weir_json_kind)a->kind) {
    case WEIR_JSON_NULL:
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        return true;
    case WEIR_JSON_NUMBER:
        return weir_number_cmp(weir_json_text(ta, a), weir_json_text(tb, b)) == 0;
    case WEIR_JSON_STRING:
        return weir_str_eq(weir_json_text(ta, a), weir_json_text(tb, b));
    case WEIR_JSON_OBJECT:
        return a->len == b->len && equal_objects(ta, a, tb, b);
    case WEIR_JSON_ARRAY:
        break;
    }
    if (a->len != b->len) {
        return false;
    }
    const struct weir_json_value *x = a + 1, *y = b + 1;
    for (uint32_t i = 0; i < a->len; i++, x = ta->v + x->next, y = tb->v + y->next) {
        if (!weir_json_equal(ta, x, tb, y)) {
            return false;
        }
    }
    return true;
}
