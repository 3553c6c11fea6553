#ifndef WEIR_CLI_SCHEMA_SAMPLE_H
#define WEIR_CLI_SCHEMA_SAMPLE_H

#include "cli/cli.h"
#include "net/loop.h"

/* `weir schema IN`: a schema from a sample. Texts are borrowed from argv. */
struct weir_schema_sample_args {
    struct weir_cli cli;
    const char *in, *out, *config; /* NULL: none; out NULL: stdout */
    int64_t rows, enum_max;
    bool ranges;
    struct weir_opt_pairs options; /* names and values of handlers/validate/options.h */
};

/** weir_cli_schema_sample: do it. Returns 0, or -1 with *err set and OUT as it was. */
int weir_cli_schema_sample(
    struct weir_loop *loop, const struct weir_schema_sample_args *a, struct weir_err *err);

#endif
