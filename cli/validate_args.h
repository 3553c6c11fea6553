#ifndef WEIR_CLI_VALIDATE_ARGS_H
#define WEIR_CLI_VALIDATE_ARGS_H

#include "aws/location.h"
#include "cli/cli.h"
#include "handlers/validate/options.h"

/* What `weir validate` is told. Texts are borrowed from argv. */
struct weir_validate_args {
    struct weir_cli cli;
    const char *in, *out, *schema;
    const char *config, *invalid, *summary; /* NULL: none */
    bool gzip, json;
    int64_t threads;               /* 0: not given */
    struct weir_opt_pairs options; /* names and values of handlers/validate/options.h */
};

/* What says how an input is read, for a table of options: they go to a struct weir_opt_pairs. */
/* clang-format off */
#define WEIR_VALIDATE_ARG(text, c, pairs) {.name = text, .letter = c, .kind = WEIR_OPT_PAIR, .to = pairs}
#define WEIR_VALIDATE_ARG_FLAG(text, pairs) {.name = text, .kind = WEIR_OPT_PAIR_FLAG, .to = pairs}
#define WEIR_VALIDATE_ARGS_READ(pairs)                                                             \
    WEIR_VALIDATE_ARG("input", 0, pairs), WEIR_VALIDATE_ARG("delimiter", 'd', pairs),              \
    WEIR_VALIDATE_ARG("quote", 0, pairs), WEIR_VALIDATE_ARG("escape", 0, pairs),                   \
    WEIR_VALIDATE_ARG("comment", 0, pairs), WEIR_VALIDATE_ARG("skip-lines", 0, pairs),             \
    WEIR_VALIDATE_ARG("header", 0, pairs), WEIR_VALIDATE_ARG_FLAG("no-header", pairs),             \
    WEIR_VALIDATE_ARG("encoding", 0, pairs), WEIR_VALIDATE_ARG("empty", 0, pairs),                 \
    WEIR_VALIDATE_ARG("quoted-empty", 0, pairs), WEIR_VALIDATE_ARG("booleans", 0, pairs),          \
    WEIR_VALIDATE_ARG_FLAG("trim", pairs), WEIR_VALIDATE_ARG("csv-engine", 0, pairs)
/* clang-format on */

/** weir_validate_args_parse: from the command line. Returns 0, or -1 with *err set: WEIR_E_CONFIG.
 */
int weir_validate_args_parse(
    int argc, char **argv, struct weir_validate_args *ret, struct weir_err *err);

/** weir_validate_args_check: what flags say of the options, before anything is read: whether each
 *  value can be one. Returns 0, or -1 with *err set: WEIR_E_CONFIG, WEIR_E_NOMEM. */
int weir_validate_args_check(const struct weir_opt_pairs *pairs, struct weir_err *err);

/**
 * weir_validate_args_read: how an input is read: a configuration (NULL: none), then what flags say;
 * checked, and resolved by the names. Runs the loop when there is a configuration.
 *
 * Returns 0 with *ret set (weir_validate_options_fini), or -1 with *err set and *ret empty.
 */
int weir_validate_args_read(const char *config, const struct weir_opt_pairs *pairs, const char *in,
    const char *out, struct weir_places *places, struct weir_validate_options *ret,
    struct weir_err *err);

/**
 * weir_validate_args_options: the configuration, then what flags say; checked. Runs the loop when
 * there is a configuration.
 *
 * Returns 0 with *ret set (weir_validate_options_fini), or -1 with *err set and *ret empty.
 */
int weir_validate_args_options(const struct weir_validate_args *a, struct weir_places *places,
    struct weir_validate_options *ret, struct weir_err *err);

#endif
