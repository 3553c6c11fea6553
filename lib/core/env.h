#ifndef WEIR_CORE_ENV_H
#define WEIR_CORE_ENV_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Settings from the environment; a variable that is empty is as one that is not there. */

/** weir_env_text: a variable's value, or `otherwise`. The environment's own memory. */
const char *weir_env_text(const char *name, const char *otherwise);

/**
 * weir_env_word: a variable that holds one of some words, in any case.
 *
 * words  two or more, the last one followed by NULL
 * ret    receives its place among them; `otherwise` when there is no variable
 *
 * Returns 0, or -1 with *err set to WEIR_E_CONFIG, naming the variable and the words.
 */
int weir_env_word(const char *name, const char *const words[], size_t otherwise, size_t *ret,
    struct weir_err *err);

/** weir_env_flag: "true" or "false", in any case; false when there is no variable. As
 *  weir_env_word. */
int weir_env_flag(const char *name, bool *ret, struct weir_err *err);

/**
 * weir_env_int: a variable that holds a whole number in decimal digits, from min (>= 0) to max.
 *
 * Returns 0 with *ret set (to `otherwise` when there is no variable), or -1 with *err set to
 * WEIR_E_CONFIG, naming the variable and the bounds.
 */
int weir_env_int(const char *name, int64_t otherwise, int64_t min, int64_t max, int64_t *ret,
    struct weir_err *err);

#endif
