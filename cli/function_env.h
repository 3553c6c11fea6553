#ifndef WEIR_CLI_FUNCTION_ENV_H
#define WEIR_CLI_FUNCTION_ENV_H

#include "cli/function.h"
#include "core/limits.h"

/*
 * The environment of a function: Lambda's variables, the user's AWS_* and WEIR_*, what a process
 * needs to live (PATH, certificates, sanitizers), and what --env adds. The last one of a name wins.
 */
struct weir_function_env {
    char *items[WEIR_INVOKE_ENV_MAX + 1]; /* "K=V", owned; ends with NULL: fit for execve */
    size_t n;
    size_t workers; /* AWS_LAMBDA_MAX_CONCURRENCY: so many ask for an invocation at once */
};

/** weir_function_env_check: whether an --env may be that. Returns 0, or -1 with *err set:
 *  WEIR_E_CONFIG (no NAME=VALUE, or one that would cut the function off). */
int weir_function_env_check(const char *item, struct weir_err *err);

/**
 * weir_function_env_make: compose it.
 *
 * runtime_api  host:port
 * user         the environment that is passed on in part (environ); ends with NULL
 *
 * Returns 0 with *ret filled (weir_function_env_fini), or -1 with *err set and *ret empty:
 * WEIR_E_CONFIG (weir_function_env_check; more workers than WEIR_RAPI_CONCURRENCY_MAX),
 * WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_function_env_make(const struct weir_function_opts *opts, const char *runtime_api,
    char *const *user, struct weir_function_env *ret, struct weir_err *err);

/** weir_function_env_get: a variable's value, or NULL. */
const char *weir_function_env_get(const struct weir_function_env *env, const char *name);

/** weir_function_env_fini: release it. */
void weir_function_env_fini(struct weir_function_env *env);

#endif
