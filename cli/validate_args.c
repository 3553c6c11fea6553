#include "cli/validate_args.h"

#include <string.h>

const char weir_cli_validate_help[] =
    "usage: weir validate IN -o OUT -s SCHEMA [OPTIONS]\n"
    "\n"
    "Check each row of the CSV file IN against a JSON Schema, and write it to OUT with two more\n"
    "columns: valid (true or false) and errors. IN may be gzip. OUT appears whole or not at all.\n"
    "Of JSON Lines each line is checked, and written as "
    "{\"valid\":...,\"errors\":[...],\"row\":...}.\n"
    "\n"
    "  -o, --out OUT        where the rows go; compressed when the name ends in .gz\n"
    "  -s, --schema SCHEMA  the JSON Schema of a row; the columns are its properties\n"
    "      --formats WHAT   assert (the default), or annotate: the schema's format only describes\n"
    "      --gzip           compress OUT whatever its name\n"
    "  -j, --threads N      that check rows; as many as there are processors, unless given\n"
    "      --json           the summary as one JSON line, also on a terminal\n"
    "  -q, --quiet          no progress, no notes\n"
    "      --progress       progress also where stderr is no terminal\n"
    "\n"
    "what OUT is:\n"
    "      --output KIND    annotate (default): every row; split: the valid ones as they are, the\n"
    "                       others to --invalid with their errors; report: the problems alone\n"
    "      --invalid FILE   where the invalid rows go; of split, and there needed\n"
    "      --summary FILE   all counts as JSON, by column and by keyword\n"
    "      --report FORM    csv or ndjson; by OUT's name, or as IN is\n"
    "      --max-errors N   so many problems are described, all are counted\n"
    "      --fail-fast N    fail as a whole at the Nth invalid row\n"
    "      --strict         fail as a whole at a row of another number of cells, at text after a\n"
    "                       closing quote, at a line that is not JSON\n"
    "      --escape-formulas a ' before cells that a spreadsheet would run\n"
    "\n"
    "how IN is written:\n"
    "      --input FORM     csv or ndjson; by IN's name (.ndjson, .jsonl), else csv\n"
    "  -d, --delimiter C    , by default; a character, tab, semicolon, pipe, space, or auto\n"
    "      --quote C        \" by default; none: no cell is quoted\n"
    "      --escape C       before a quote in a quoted cell; none by default: quotes are doubled\n"
    "      --comment C      a line that begins with it is no row; none by default\n"
    "      --skip-lines N   of these lines at the start nothing is read\n"
    "      --header A,B,C   the columns' names, when IN has no header\n"
    "      --csv-engine E   fast (default) or libcsv: the same rows, by another parser\n"
    "      --no-header      IN has no header: the columns are column_1, column_2, ...\n"
    "      --encoding E     utf-8 (default), utf-16, utf-16le, utf-16be, latin-1, windows-1252;\n"
    "                       auto: utf-16 when IN begins with its byte order mark, else utf-8\n"
    "\n"
    "what its cells are:\n"
    "      --empty P        an empty cell is absent (default), null, or string: the empty text\n"
    "      --quoted-empty P the same of one that is written as \"\"; by default as --empty\n"
    "      --booleans B     true/false (default); 1/0 and yes/no: these, too; any: all of them "
    "and\n"
    "                       y, n, t, f, on, off, in any case\n"
    "      --trim           spaces and tabs around a cell are not part of its value\n"
    "\n"
    "what no two rows may share:\n"
    "      --unique A,B     the values of these columns together; may be given again, for others.\n"
    "                       A row with an empty one is not compared\n"
    "      --unique-memory SIZE  for the keys (32MiB by default); fail as a whole when it is used\n"
    "                       up: the answer is exact, or there is none\n"
    "\n"
    "      --config FILE    a JSON object with these, as in "
    "{\"delimiter\":\";\",\"skip_lines\":2};\n"
    "                       flags go before it\n"
    "\n"
    "IN, OUT, SCHEMA and FILE are paths, s3://bucket/key, or - (stdin, stdout). The summary goes "
    "to\n"
    "stdout, or to stderr when OUT is -.\n"
    "\n"
    "exit status: 0 all rows are valid; 1 some are not; 2 wrong usage, or a schema that does not\n"
    "load; 3 failed (I/O, network, input that cannot be read as rows), and OUT is as it was.\n";

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
    if (n < 0) {
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
    for (size_t i = 0; i < pairs->n; i++) {
        const struct weir_opt_pair *pair = &pairs->items[i];
        if (weir_validate_options_set(ret, pair->name, pair->value, err) != 0) {
            weir_err_prefix(err, "--%s", pair->name);
            goto out;
        }
    }
    if (weir_validate_options_check(ret, err) != 0) {
        goto out;
    }
    weir_validate_options_resolve(ret, in, out);
    return 0;
out:
    weir_validate_options_fini(ret);
    return -1;
}

int weir_validate_args_options(const struct weir_validate_args *a, struct weir_places *places,
    struct weir_validate_options *ret, struct weir_err *err)
{
    if (weir_validate_args_read(a->config, &a->options, a->in, a->out, places, ret, err) != 0) {
        return -1;
    }
    if ((ret->output == WEIR_OUTPUT_SPLIT) == (a->invalid != NULL)) {
        return 0;
    }
    weir_validate_options_fini(ret);
    return weir_err_set(err, WEIR_E_CONFIG,
        a->invalid == NULL ? "--output=split needs --invalid FILE"
                           : "--invalid is of --output=split alone");
}
