#include "cli/validate_args.h"

#include <string.h>

/* Each of IN, SCHEMA and FILE can be stdin, but only one of them. */
static int check_stdin(const struct weir_validate_args *a, struct weir_err *err)
{
    const char *names[] = {a->in, a->schema, a->config};
    int n = 0;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        n += names[i] != NULL && strcmp(names[i], "-") == 0;
    }
    return n < 2 ? 0
                 : weir_err_set(err, WEIR_E_CONFIG,
                       "only one of IN, SCHEMA and FILE (--config) can be stdin");
}

int weir_validate_args_parse(
    int argc, char **argv, struct weir_validate_args *a, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &a->out},
        {.name = "schema", .letter = 's', .kind = WEIR_OPT_TEXT, .to = &a->schema},
        WEIR_VALIDATE_ARG("formats", 0, &a->options),
        {.name = "gzip", .kind = WEIR_OPT_FLAG, .to = &a->gzip},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        {.name = "config", .kind = WEIR_OPT_TEXT, .to = &a->config},
        {.name = "invalid", .kind = WEIR_OPT_TEXT, .to = &a->invalid},
        {.name = "summary", .kind = WEIR_OPT_TEXT, .to = &a->summary},
        WEIR_VALIDATE_ARG("output", 0, &a->options),
        WEIR_VALIDATE_ARG("report", 0, &a->options),
        WEIR_VALIDATE_ARG("max-errors", 0, &a->options),
        WEIR_VALIDATE_ARG("fail-fast", 0, &a->options),
        WEIR_VALIDATE_ARG_FLAG("strict", &a->options),
        WEIR_VALIDATE_ARG_FLAG("escape-formulas", &a->options),
        WEIR_VALIDATE_ARG("unique", 0, &a->options),
        WEIR_VALIDATE_ARG("unique-memory", 0, &a->options),
        WEIR_VALIDATE_ARGS_READ(&a->options),
        WEIR_CLI_THREADS(&a->threads),
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
    };

    *a = (struct weir_validate_args){0};
    int n = weir_cli_parse(opts, sizeof opts / sizeof opts[0], argc, argv, &a->in, 1, err);
    if (n < 0 || weir_validate_args_check(&a->options, err) != 0) {
        return -1;
    }
    if (n == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "no input: name a file, s3://bucket/key or -");
    }
    if (a->out == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no output: give -o OUT (-o - for stdout)");
    }
    if (a->schema == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no schema: give -s SCHEMA");
    }
    return check_stdin(a, err);
}

static int set_all(
    const struct weir_opt_pairs *pairs, struct weir_validate_options *ret, struct weir_err *err)
{
    for (size_t i = 0; i < pairs->n; i++) {
        const struct weir_opt_pair *pair = &pairs->items[i];
        if (weir_validate_options_set(ret, pair->name, pair->value, err) != 0) {
            weir_err_prefix(err, "--%s: %.40s", pair->name, pair->value);
            return -1;
        }
    }
    return 0;
}

int weir_validate_args_check(const struct weir_opt_pairs *pairs, struct weir_err *err)
{
    struct weir_validate_options scratch;

    weir_validate_options_init(&scratch);
    int rc = set_all(pairs, &scratch, err);
    weir_validate_options_fini(&scratch);
    return rc;
}

int weir_validate_args_read(const char *config, const struct weir_opt_pairs *pairs, const char *in,
    const char *out, struct weir_places *places, struct weir_validate_options *ret,
    struct weir_err *err)
{
    weir_validate_options_init(ret);
    if (config != NULL && weir_validate_options_load(places, config, ret, err) != 0) {
        goto out;
    }
    for (size_t i = 0; i < pairs->n; i++) { /* what is to be unique is then said by flags alone */
        if (strcmp(pairs->items[i].name, "unique") == 0) {
            weir_validate_options_not_unique(ret);
        }
    }
    if (set_all(pairs, ret, err) != 0 || weir_validate_options_check(ret, err) != 0) {
        goto out;
    }
    weir_validate_options_resolve(ret, in, out);
    return 0;
out:
    weir_validate_options_fini(ret);
    return -1;
}

/* What else was said that has no meaning with the kind of output, or lacks what it needs. */
static int check_output(
    const struct weir_validate_args *a, const struct weir_validate_options *o, struct weir_err *err)
{
    if ((o->output == WEIR_OUTPUT_SPLIT) != (a->invalid != NULL)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            a->invalid == NULL ? "--output=split needs --invalid FILE"
                               : "--invalid is of --output=split alone");
    }
    for (size_t i = 0; i < a->options.n; i++) {
        const char *name = a->options.items[i].name;
        if (o->output != WEIR_OUTPUT_REPORT && strcmp(name, "report") == 0) {
            return weir_err_set(err, WEIR_E_CONFIG, "--report is of --output=report alone");
        }
        if (o->unique_n == 0 && strcmp(name, "unique-memory") == 0) {
            return weir_err_set(err, WEIR_E_CONFIG, "--unique-memory is for --unique");
        }
    }
    return 0;
}

int weir_validate_args_options(const struct weir_validate_args *a, struct weir_places *places,
    struct weir_validate_options *ret, struct weir_err *err)
{
    if (weir_validate_args_read(a->config, &a->options, a->in, a->out, places, ret, err) != 0) {
        return -1;
    }
    if (check_output(a, ret, err) != 0) {
        weir_validate_options_fini(ret);
        return -1;
    }
    return 0;
}
