#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/validate_args.h"
#include "codec/gzip.h"
#include "core/log.h"
#include "handlers/validate/job.h"
#include "net/signals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Find the three places; OUT must be neither of the others. */
static int find(const struct weir_validate_args *a, struct weir_location *in,
    struct weir_location *out, struct weir_err *err)
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

static void warn_schema(void *ctx, const char *msg)
{
    const struct weir_validate_args *a = ctx;

    if (!a->cli.quiet) {
        weir_cli_note("validate", "warning: %.100s: %s", a->schema, msg);
    }
}

static void warn_input(void *ctx, const char *msg)
{
    const struct weir_validate_args *a = ctx;

    if (!a->cli.quiet) {
        weir_cli_note("validate", "warning: %.100s: %s", a->in, msg);
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
static void print_summary(const struct weir_validate_args *a, const struct weir_location *out,
    const struct weir_validate *v)
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
static int run(struct weir_loop *loop, const struct weir_validate_args *a,
    const struct weir_source_info *info, struct weir_validate *v, struct weir_err *err)
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
static int validate(struct weir_loop *loop, const struct weir_validate_args *a, uint64_t *invalid,
    struct weir_err *err)
{
    struct weir_places places;
    struct weir_location in = {0}, out = {0};
    struct weir_source_info info = {.size_bytes = -1};
    struct weir_validate_options options = {0};
    struct weir_validate_job job = {.info = &info,
        .options = &options,
        .deadline_mono_ms = INT64_MAX,
        .warn = warn_input,
        .ctx = (void *)(uintptr_t)a};
    struct weir_schema *schema = NULL;
    struct weir_validate *v = NULL;
    struct weir_validate_summary sums;
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&places, loop);
    if (signals == NULL || find(a, &in, &out, err) != 0 ||
        weir_validate_args_options(a, &places, &options, err) != 0) {
        goto out;
    }
    const struct weir_schema_opts opts = {
        .annotate_formats = a->formats == 1, .warn = warn_schema, .ctx = (void *)(uintptr_t)a};
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
    weir_validate_options_fini(&options);
    weir_location_fini(&in);
    weir_location_fini(&out);
    weir_places_fini(&places);
    weir_signals_free(signals);
    return rc;
}

int weir_cli_validate(int argc, char **argv)
{
    struct weir_validate_args a;
    struct weir_err err = {0};
    uint64_t invalid = 0;

    if (weir_validate_args_parse(argc, argv, &a, &err) != 0) {
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
