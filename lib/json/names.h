#ifndef WEIR_JSON_NAMES_H
#define WEIR_JSON_NAMES_H

#include "json/tape.h"

#include <stdint.h>

/*
 * Part of the tape parser: names that come twice in one object. Of small objects the
 * pairs are compared only when signatures tell that two may be the same; large ones use a table
 * with a keyed hash, so that the cost is linear whatever the names are.
 */
enum weir_json_names {
    WEIR_JSON_NAMES_UNIQUE,
    WEIR_JSON_NAMES_TWICE,
    WEIR_JSON_NAMES_NOMEM,
};

/** weir_json_names: look at the names of the complete object tape->v[index]. */
enum weir_json_names weir_json_names(struct weir_json_tape *tape, uint32_t index);

#endif
