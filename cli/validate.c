#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "codec/gzip.h"
#include "core/log.h"
#include "handlers/validate/job.h"
#include "net/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char weir_cli_validate_help[] =
    "usage: weir validate IN -o OUT -s SCHEMA [OPTIONS]\n"
    "\n"
    "Check each row of the CSV file IN against a JSON Schema, and write it to OUT with two more\n"
    "columns: valid (true or false) and errors. IN may be gzip. OUT appears whole or not at all.\n"
    "\n"
    "  -o, --out OUT        where the rows go; compressed when the name ends in .gz\n"
    "  -s, --schema SCHEMA  the JSON Schema of a row; the columns are its properties\n"
    "      --formats WHAT   assert (the default), or annotate: the schema's format only describes\n"
    "      --gzip           compress OUT whatever its name\n"
    "      --json           the summary as one JSON line, also on a terminal\n"
    "  -q, --quiet          no progress, no notes\n"
    "      --progress       progress also where stderr is no terminal\n"
    "\n"
    "IN, OUT and SCHEMA are paths, s3://bucket/key, or - (stdin, stdout). The summary goes to\n"
    "stdout, or to stderr when OUT is -.\n"
    "\n"
    "exit status: 0 all rows are valid; 1 some are not; 2 wrong usage, or a schema that does not\n"
    "load; 3 failed (I/O, network, input that cannot be read as rows), and OUT is as it was.\n";

struct args {
    struct weir_cli cli;
    const char *in, *out, *schema;
    size_t formats; /* 0: assert, 1: annotate */
    bool gzip, json;
};

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    static const char *const formats[] = {"assert", "annotate", NULL};
    const struct weir_opt opts[] = {
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &a->out},
        {.name = "schema", .letter = 's', .kind = WEIR_OPT_TEXT, .to = &a->schema},
        {.name = "formats", .kind = WEIR_OPT_WORD, .to = &a->formats, .words = formats},
        {.name = "gzip", .kind = WEIR_OPT_FLAG, .to = &a->gzip},
        {.name = "json", .kind = WEIR_OPT_FLAG, .to = &a->json},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
    };
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
    if (strcmp(a->in, "-") == 0 && strcmp(a->schema, "-") == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "IN and SCHEMA cannot both be stdin");
    }
    return 0;
}

/* Find the three places; OUT must be neither of the others. */
static int find(
    const struct args *a, struct weir_location *in, struct weir_location *out, struct weir_err *err)
{
    struct weir_location schema = {0};
    int rc = -1;

    if (weir_location_parse(a->in, in, err) != 0 || weir_location_parse(a->out, out, err) != 0 ||
        weir_location_parse(a->schema, &schema, err) != 0) {
        return -1;
    }
    if (weir_location_same(in, out)) {
        weir_err_set(err, WEIR_E_CONFIG, "%.100s: the output would replace its input", a->out);
    } else if (weir_location_same(&schema, out)) {
        weir_err_set(err, WEIR_E_CONFIG, "%.100s: the output would replace the schema", a->out);
    } else {
        rc = 0;
    }
    weir_location_fini(&schema);
    return rc;
}

static void warn(void *ctx, const char *msg)
{
    const struct args *a = ctx;

    if (!a->cli.quiet) {
        weir_cli_note("validate", "warning: %.100s: %s", a->schema, msg);
    }
}

static int print_words(FILE *to, const struct weir_validate_summary *s)
{
    char in[32], out[32];

    weir_cli_bytes_text(s->bytes_in, in);
    weir_cli_bytes_text(s->bytes_out, out);
    return fprintf(to,
        "%" PRIu64 " rows: %" PRIu64 " valid, %" PRIu64 " invalid (%s in, %s out, %" PRId64
        ".%03" PRId64 " s)\n",
        s->rows, s->valid, s->invalid, in, out, s->ms / 1000, s->ms % 1000);
}

/* OUT is published by now: a summary that cannot be written is told, and changes nothing. */
static void print_summary(
    const struct args *a, const struct weir_location *out, const struct weir_validate *v)
{
    FILE *to = out->kind == WEIR_LOCATION_STD ? stderr : stdout;
    struct weir_validate_summary s;
    struct weir_buf json;
    int rc;

    weir_validate_summarize(v, &s);
    weir_buf_init(&json, WEIR_LOG_LINE_BYTES);
    if (!a->json && isatty(fileno(to)) != 0) {
        rc = print_words(to, &s);
    } else if (weir_validate_json(v, false, &json, NULL) != 0 ||
               weir_buf_text(&json, NULL) == NULL) {
        rc = -1;
    } else {
        rc = fprintf(to, "{%s}\n", (const char *)json.p);
    }
    weir_buf_fini(&json);
    if (rc < 0 || fflush(to) != 0) {
        weir_cli_note("validate", "the output is written, but its summary cannot be");
    }
}

/* The pipe with progress around it. */
static int run(struct weir_loop *loop, const struct args *a, const struct weir_source_info *info,
    struct weir_validate *v, struct weir_err *err)
{
    struct weir_pipe *pipe = weir_validate_pipe(v);
    struct weir_progress *progress = NULL;
    int rc = -1;

    if (weir_progress_start(loop, &a->cli, "validate", info, &progress, err) == 0) {
        rc = weir_loop_run(loop, pipe, err);
    }
    if (weir_pipe_undo_err(pipe)->code != WEIR_OK) {
        weir_cli_note("validate", "%s", weir_pipe_undo_err(pipe)->msg);
    }
    weir_progress_stop(progress);
    return rc;
}

/* Returns 0 with *invalid set, or -1 with *err set and OUT as it was. */
static int validate(
    struct weir_loop *loop, const struct args *a, uint64_t *invalid, struct weir_err *err)
{
    struct weir_places places;
    struct weir_location in = {0}, out = {0};
    struct weir_source_info info = {.size_bytes = -1};
    struct weir_validate_job job = {.info = &info, .deadline_mono_ms = INT64_MAX};
    struct weir_schema *schema = NULL;
    struct weir_validate *v = NULL;
    struct weir_validate_summary sums;
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&places, loop);
    if (signals == NULL || find(a, &in, &out, err) != 0) {
        goto out;
    }
    const struct weir_schema_opts opts = {
        .annotate_formats = a->formats == 1, .warn = warn, .ctx = (void *)(uintptr_t)a};
    schema = weir_validate_schema(&places, a->schema, &opts, err);
    if (schema == NULL) {
        goto out;
    }
    job.schema = schema;
    job.gzip = a->gzip || weir_gzip_named(a->out);
    if (weir_location_source(&places, &in, &info, &job.source, err) != 0) {
        goto out;
    }
    const struct weir_put_opts put =
        weir_validate_put(info.size_bytes, weir_gzip_named(a->in), job.gzip);
    if (weir_location_sink(&places, &out, &put, &job.sink, err) != 0) {
        goto out;
    }
    v = weir_validate_new(&job, err);
    if (v == NULL || run(loop, a, &info, v, err) != 0) {
        goto out;
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    print_summary(a, &out, v);
    weir_validate_summarize(v, &sums);
    *invalid = sums.invalid;
    rc = 0;
out:
    weir_validate_free(v);
    weir_stage_free(&job.source);
    weir_stage_free(&job.sink);
    weir_schema_free(schema);
    weir_location_fini(&in);
    weir_location_fini(&out);
    weir_places_fini(&places);
    weir_signals_free(signals);
    return rc;
}

int weir_cli_validate(int argc, char **argv)
{
    struct args a = {0};
    struct weir_err err = {0};
    uint64_t invalid = 0;

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("validate", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? validate(loop, &a, &invalid, &err) : -1;
    weir_loop_free(loop);
    if (rc != 0) {
        return weir_cli_fail("validate", &err);
    }
    return invalid > 0 ? WEIR_EXIT_DATA : WEIR_EXIT_DONE;
}
