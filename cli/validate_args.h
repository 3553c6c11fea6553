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
    size_t formats;                         /* 0: assert, 1: annotate */
    bool gzip, json;
    struct weir_opt_pairs options; /* names and values of handlers/validate/options.h */
};

/** weir_validate_args_parse: from the command line. Returns 0, or -1 with *err set: WEIR_E_CONFIG.
 */
int weir_validate_args_parse(
    int argc, char **argv, struct weir_validate_args *ret, struct weir_err *err);

/**
 * weir_validate_args_options: the configuration, then what flags say; checked. Runs the loop when
 * there is a configuration.
 *
 * Returns 0 with *ret set (weir_validate_options_fini), or -1 with *err set and *ret empty.
 */
int weir_validate_args_options(const struct weir_validate_args *a, struct weir_places *places,
    struct weir_validate_options *ret, struct weir_err *err);

#endif
