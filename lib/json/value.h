#ifndef WEIR_JSON_VALUE_H
#define WEIR_JSON_VALUE_H

#include "json/tape.h"

/*
 * What may be asked of values that stand on tapes.
 */

/** weir_json_member: the value of an object's member, or NULL. Looks at each name in turn. */
const struct weir_json_value *weir_json_member(
    const struct weir_json_tape *tape, const struct weir_json_value *object, struct weir_str name);

/**
 * weir_json_equal: whether two values are equal as JSON Schema has it: numbers by value, objects
 * without regard to the order of members. The cost is bounded by the size of a times the number of
 * members of its largest object.
 */
bool weir_json_equal(const struct weir_json_tape *ta, const struct weir_json_value *a,
    const struct weir_json_tape *tb, const struct weir_json_value *b);

#endif
