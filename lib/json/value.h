#ifndef WEIR_JSON_VALUE_H
#define WEIR_JSON_VALUE_H

#include "json/tape.h"

/*
 * What may be asked of values that stand on tapes.
 */

/** weir_json_member: the value of an object's member, or NULL. Looks at each name in turn. */
const struct weir_json_value *weir_json_member(
    const struct weir_json_tape *tape, const struct weir_json_value *object, struct weir_str name);

/** weir_json_text_pieces: the text of a string or a number, in pieces that take about as long to
 *  read as any value takes to look at. A short one has none. */
static inline uint32_t weir_json_text_pieces(const struct weir_json_value *v)
{
    return v->kind == WEIR_JSON_NUMBER   ? v->len / 32
           : v->kind == WEIR_JSON_STRING ? v->len / 64
                                         : 0;
}

/**
 * weir_json_equal: whether two values are equal as JSON Schema has it: numbers by value, objects
 * without regard to the order of members. The cost is bounded by the size of both times the number
 * of members of a's largest object.
 *
 * weir_json_equal_within: the same, as long as *left lasts. What is read is taken off it: 1 for
 * each value and what weir_json_text_pieces says; a member's name counts once more for each 16
 * members of its object. *left is 0 afterwards: that was not enough, and nobody knows (false).
 */
bool weir_json_equal_within(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b, uint64_t *left);

static inline bool weir_json_equal(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b)
{
    uint64_t left = UINT64_MAX;

    return weir_json_equal_within(ta, a, tb, b, &left);
}

#endif
