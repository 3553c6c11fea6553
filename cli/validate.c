#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/validate_args.h"
#include "codec/gzip.h"
#include "core/log.h"
#include "handlers/validate/job.h"
#include "net/signals.h"
#include "net/threads.h"
#include "stream/late.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The ends of the job; a zeroed location is none. */
struct ends {
    struct weir_location in, schema, out, invalid, summary;
};

static void ends_fini(struct ends *e)
{
    weir_location_fini(&e->in);
    weir_location_fini(&e->schema);
    weir_location_fini(&e->out);
    weir_location_fini(&e->invalid);
    weir_location_fini(&e->summary);
}

/* An output must be none of the places before it in the list. */
static int check_outputs(const struct ends *e, struct weir_err *err)
{
    const struct {
        const struct weir_location *location;
        const char *what;
    } all[] = {{&e->in, "its input"}, {&e->schema, "the schema"}, {&e->out, "-o"},
        {&e->invalid, "--invalid"}, {&e->summary, "--summary"}};

    for (size_t i = 2; i < sizeof all / sizeof all[0]; i++) {
        for (size_t k = 0; k < i && all[i].location->text != NULL; k++) {
            if (all[k].location->text != NULL &&
                (weir_location_same(all[k].location, all[i].location) ||
                    (all[i].location->kind != WEIR_LOCATION_STD &&
                        strcmp(all[k].location->text, all[i].location->text) == 0) ||
                    (k >= 2 && all[k].location->kind == WEIR_LOCATION_STD &&
                        all[i].location->kind == WEIR_LOCATION_STD))) {
                return k < 2
                           ? weir_err_set(err, WEIR_E_CONFIG, "%.100s: the output would replace %s",
                                 all[i].location->text, all[k].what)
                           : weir_err_set(err, WEIR_E_CONFIG, "%s: the same place as %s",
                                 all[i].what, all[k].what);
            }
        }
    }
    return 0;
}

/* Find the places; on failure the caller releases those that were found. */
static int find(const struct weir_validate_args *a, struct ends *e, struct weir_err *err)
{
    if (weir_location_parse(a->in, &e->in, err) != 0 ||
        weir_location_parse(a->schema, &e->schema, err) != 0 ||
        weir_location_parse(a->out, &e->out, err) != 0 ||
        (a->invalid != NULL && weir_location_parse(a->invalid, &e->invalid, err) != 0) ||
        (a->summary != NULL && weir_location_parse(a->summary, &e->summary, err) != 0)) {
        return -1;
    }
    return check_outputs(e, err);
}

/* A sink that is to be made, with what is known of the input by then. */
struct planned {
    struct weir_places *places;
    const struct weir_location *location;
    const struct weir_validate_options *options;
    const struct weir_source_info *info;
    enum weir_validate_outlet outlet;
    bool in_gzip, gzip;
};

static int make_sink(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    const struct planned *p = ctx;
    const struct weir_put_opts put =
        weir_validate_put(p->options, p->outlet, p->info->size_bytes, p->in_gzip, p->gzip);

    return weir_location_sink(p->places, p->location, &put, ret, err);
}

/* The sinks that there are places for; plans outlive them. From object to object they are made when
 * the input's size is known; all else at once, so that an OUT that cannot be is told before
 * anything is read. */
static int make_sinks(const struct weir_validate_args *a, struct weir_places *places,
    const struct ends *e, struct planned plans[WEIR_OUTLETS], struct weir_validate_job *job,
    struct weir_err *err)
{
    const char *names[] = {a->out, a->invalid, a->summary};
    const struct weir_location *locations[] = {&e->out, &e->invalid, &e->summary};
    struct weir_validate_sink *sinks[] = {&job->out, &job->invalid, &job->summary};

    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        if (locations[i]->text == NULL) {
            continue;
        }
        sinks[i]->gzip = (i == 0 && a->gzip) || weir_gzip_named(names[i]);
        plans[i] = (struct planned){places, locations[i], job->options, job->info,
            (enum weir_validate_outlet)i, weir_gzip_named(a->in), sinks[i]->gzip};
        const bool late = e->in.kind == WEIR_LOCATION_OBJECT &&
                          locations[i]->kind == WEIR_LOCATION_OBJECT && job->info->size_bytes < 0;
        if ((late ? weir_late_sink_new(make_sink, &plans[i], &sinks[i]->stage, err)
                  : make_sink(&plans[i], &sinks[i]->stage, err)) != 0) {
            return -1;
        }
    }
    return 0;
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
        "%" PRIu64 " row%s: %" PRIu64 " valid, %" PRIu64 " invalid (%s in, %s out, %" PRId64
        ".%03" PRId64 " s)\n",
        s->rows, s->rows == 1 ? "" : "s", s->valid, s->invalid, in, out, s->ms / 1000,
        s->ms % 1000);
}

static bool is_stdout(const struct weir_location *output)
{
    return output->text != NULL && output->kind == WEIR_LOCATION_STD;
}

/* OUT is published by now: a summary that cannot be written is told, and changes nothing. */
static void print_summary(
    const struct weir_validate_args *a, const struct ends *e, const struct weir_validate *v)
{
    FILE *to =
        is_stdout(&e->out) || is_stdout(&e->invalid) || is_stdout(&e->summary) ? stderr : stdout;
    struct weir_validate_summary s;
    struct weir_buf json;
    int rc;

    weir_validate_summarize(v, &s);
    weir_buf_init(&json, WEIR_LINE_BYTES);
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

/* Returns 0 with *invalid set, or -1 with *err set and OUT as it was. */
static int validate(struct weir_loop *loop, const struct weir_validate_args *a, uint64_t *invalid,
    struct weir_err *err)
{
    struct weir_places places;
    struct ends ends = {0};
    struct weir_source_info info = {.size_bytes = -1};
    struct weir_validate_options options = {0};
    struct weir_validate_job job = {.info = &info,
        .options = &options,
        .deadline_mono_ms = INT64_MAX,
        .warn = warn_input,
        .ctx = (void *)(uintptr_t)a};
    struct weir_schema *schema = NULL;
    struct weir_validate *v = NULL;
    struct weir_threads *threads = weir_threads_new(loop, (size_t)a->threads, err);
    struct planned plans[WEIR_OUTLETS];
    struct weir_validate_summary sums;
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&places, loop);
    if (threads == NULL || signals == NULL || find(a, &ends, err) != 0 ||
        weir_validate_args_options(a, &places, &options, err) != 0) {
        goto out;
    }
    const struct weir_schema_opts opts = {
        .annotate_formats = options.formats == WEIR_FORMATS_ANNOTATE,
        .warn = warn_schema,
        .ctx = (void *)(uintptr_t)a};
    schema = weir_validate_schema(&places, a->schema, options.input, &opts, err);
    if (schema == NULL) {
        goto out;
    }
    job.schema = schema;
    job.workers = weir_threads_workers(threads);
    if (weir_location_source(&places, &ends.in, &info, &job.source, err) != 0 ||
        make_sinks(a, &places, &ends, plans, &job, err) != 0) {
        goto out;
    }
    v = weir_validate_new(&job, err);
    if (v == NULL || weir_progress_run(loop, &a->cli, "validate", "validate", &info,
                         weir_validate_pipe(v), err) != 0) {
        goto out;
    }
    weir_signals_free(signals); /* a stdout that nobody reads is to be left the usual way */
    signals = NULL;
    print_summary(a, &ends, v);
    weir_validate_summarize(v, &sums);
    *invalid = sums.invalid;
    rc = 0;
out:
    weir_validate_free(v);
    weir_threads_free(threads);
    weir_stage_free(&job.source);
    weir_stage_free(&job.out.stage);
    weir_stage_free(&job.invalid.stage);
    weir_stage_free(&job.summary.stage);
    weir_schema_free(schema);
    weir_validate_options_fini(&options);
    ends_fini(&ends);
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
