#ifndef WEIR_NET_CHILD_ENV_H
#define WEIR_NET_CHILD_ENV_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The environment that a program gets. Zeroed, it is empty; strings are owned.
 */
struct weir_child_env {
    char **items; /* ends with NULL, as execve wants it */
    size_t n;
};

/* What of our own environment goes on. */
enum weir_child_env_keep {
    /* All but AWS's credentials, in whatever variable they or the way to them are, and the Runtime
     * API's address: for a program that the user names on a command line. */
    WEIR_CHILD_ENV_OURS,
    /* PATH, HOME, LANG, LC_*, TZ, TMPDIR, LD_LIBRARY_PATH, LAMBDA_TASK_ROOT, AWS_REGION,
     * AWS_DEFAULT_REGION, and nothing else: for a program that an event names. */
    WEIR_CHILD_ENV_LISTED,
};

/** weir_child_env_init: from our environment; credentials: with AWS's. weir_child_env_fini in
 *  either case. Returns 0, or -1 with *err set: WEIR_E_NOMEM, WEIR_E_LIMIT (variables). */
int weir_child_env_init(struct weir_child_env *env, enum weir_child_env_keep keep, bool credentials,
    struct weir_err *err);

/**
 * weir_child_env_set: add a variable, or replace it.
 *
 * A name and a value that come from an event are data, and must not decide what code runs: refused
 * are names that are none, those that loaders, shells and interpreters load code by (LD_*, PATH,
 * BASH_ENV, PYTHON*, NODE_OPTIONS, ...), and AWS_* and LAMBDA_*.
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG (refused), WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_child_env_set(
    struct weir_child_env *env, const char *name, const char *value, struct weir_err *err);

/** weir_child_env_fini: release it, wiping nothing: the kernel has shown it to the program. */
void weir_child_env_fini(struct weir_child_env *env);

#endif
