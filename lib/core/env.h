#ifndef WEIR_CORE_ENV_H
#define WEIR_CORE_ENV_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Settings from the environment; a variable that is empty is as one that is not there. */

/** weir_env_text: a variable's value, or `otherwise`. The environment's own memory. */
const char *weir_env_text(const char *name, const char *otherwise);

/** weir_env_is: does a variable hold this word, in any case? */
bool weir_env_is(const char *name, const char *word);

/**
 * weir_env_int: a variable that holds a whole number in decimal digits, from min (>= 0) to max.
 *
 * Returns 0 with *ret set (to `otherwise` when there is no variable), or -1 with *err set to
 * WEIR_E_CONFIG, naming the variable and the bounds.
 */
int weir_env_int(const char *name, int64_t otherwise, int64_t min, int64_t max, int64_t *ret,
    struct weir_err *err);

#endif
