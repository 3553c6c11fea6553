#ifndef WEIR_AWS_ENV_H
#define WEIR_AWS_ENV_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Settings in environment variables. An empty one is as one that is not there. */

/** weir_env: the value, or NULL. */
const char *weir_env(const char *name);

/** weir_env_is: is it this word, in any case? */
bool weir_env_is(const char *name, const char *value);

/**
 * weir_env_number: a whole number from min (0 or more) to max.
 *
 * Returns 0 with *ret set, or left as it was when the variable is not there; or -1 with *err set:
 * WEIR_E_CONFIG naming the variable and its limits.
 */
int weir_env_number(const char *name, int64_t min, int64_t max, int64_t *ret, struct weir_err *err);

#endif
