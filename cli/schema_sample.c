#include "cli/schema_sample.h"

#include "aws/location.h"
#include "cli/progress.h"
#include "cli/sample.h"
#include "cli/validate_args.h"
#include "codec/gunzip.h"
#include "net/signals.h"
#include "stream/pipe.h"

#include <inttypes.h>
#include <string.h>

#define STAGES_MAX 5

struct ends {
    struct weir_location in, out;
    struct weir_source_info info;
    struct weir_sample_counts counts;
};

/* source -> gunzip (when it is gzip) -> charset (when it is not UTF-8) -> sample -> sink */
static struct weir_pipe *make_pipe(const struct weir_schema_sample_args *a, struct ends *e,
    const struct weir_validate_options *o, struct weir_places *places, struct weir_err *err)
{
    const struct weir_schema_infer_opts how = {
        .enum_max = (size_t)a->enum_max, .ranges = a->ranges};
    const struct weir_put_opts put = {
        .content_type = "application/schema+json", .size_hint_bytes = WEIR_SCHEMA_MAX_BYTES};
    struct weir_stage stages[STAGES_MAX] = {{0}};
    struct weir_pipe *pipe = NULL;
    size_t n = 0;

    if (weir_location_source(places, &e->in, &e->info, &stages[n++], err) == 0 &&
        weir_gunzip_new(&stages[n++], true, err) == 0 &&
        (o->charset == WEIR_CHARSET_UTF8 || weir_charset_new(o->charset, &stages[n++], err) == 0) &&
        weir_sample_new(o, &how, (uint64_t)a->rows, &e->counts, &stages[n++], err) == 0 &&
        weir_location_sink(places, &e->out, &put, &stages[n++], err) == 0) {
        pipe = weir_pipe_new(0, stages, n, err);
    }
    for (size_t i = 0; i < n; i++) {
        weir_stage_free(&stages[i]); /* those that the pipe did not take */
    }
    return pipe;
}

static void tell(const struct weir_schema_sample_args *a, const struct weir_sample_counts *c)
{
    if (a->cli.quiet) {
        return;
    }
    if (c->left_out > 0) {
        weir_cli_note("schema",
            "%.100s: %" PRIu64 " of %" PRIu64 " rows are left out: no schema makes them valid",
            a->in, c->left_out, c->rows);
    }
    if (c->names > 0) {
        weir_cli_note("schema",
            "%.100s: %" PRIu64 " columns are left out: their names are not valid UTF-8", a->in,
            c->names);
    }
    if (c->more) {
        weir_cli_note("schema",
            "%.100s: only the first %" PRIu64 " rows were looked at; --rows 0: all", a->in,
            c->rows);
    }
}

static int check_ends(const struct ends *e, struct weir_err *err)
{
    return weir_location_same(&e->in, &e->out)
               ? weir_err_set(
                     err, WEIR_E_CONFIG, "%.100s: the output would replace its input", e->out.text)
               : 0;
}

int weir_cli_schema_sample(
    struct weir_loop *loop, const struct weir_schema_sample_args *a, struct weir_err *err)
{
    struct weir_places places;
    struct weir_validate_options options = {0};
    struct ends ends = {.info = {.size_bytes = -1}};
    struct weir_pipe *pipe = NULL;
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&places, loop);
    if (signals == NULL || weir_location_parse(a->in, &ends.in, err) != 0 ||
        weir_location_parse(a->out != NULL ? a->out : "-", &ends.out, err) != 0 ||
        check_ends(&ends, err) != 0 ||
        weir_validate_args_read(a->config, &a->options, a->in, NULL, &places, &options, err) != 0) {
        goto out;
    }
    pipe = make_pipe(a, &ends, &options, &places, err);
    if (pipe == NULL ||
        weir_progress_run(loop, &a->cli, "schema", "schema", &ends.info, pipe, err) != 0) {
        goto out;
    }
    tell(a, &ends.counts);
    rc = 0;
out:
    weir_pipe_free(pipe);
    weir_validate_options_fini(&options);
    weir_location_fini(&ends.in);
    weir_location_fini(&ends.out);
    weir_places_fini(&places);
    weir_signals_free(signals);
    return rc;
}
