#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/rows.h"
#include "codec/deflate.h"
#include "codec/gzip.h"
#include "core/clock.h"
#include "net/file.h"
#include "net/signals.h"
#include "stream/pipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * The rows are a source of a pipe like any other, so that what the sinks promise (nothing
 * half-written) holds here, too. A row is a function of its number, so the truth is a pipe of its
 * own, run first. Its file stays hidden until OUT is there, and goes
 * if OUT fails; then nothing is left but a rename.
 */

struct args {
    struct weir_cli cli;
    const char *out, *truth;
    int64_t size_bytes, seed;
    size_t shape;
    double invalid;
};

/* The source stage. */
struct generator {
    struct weir_rows *rows;
    struct weir_source_info info; /* read_bytes: made so far */
    uint64_t size_bytes;
    uint64_t made_bytes, rows_n, invalid_n;
    struct weir_buf out; /* rows that are not handed on */
    size_t out_pos;      /* of which these are */
};

static int generator_init(struct generator *g, const struct args *a, struct weir_err *err)
{
    *g = (struct generator){
        .info = {.size_bytes = a->size_bytes}, .size_bytes = (uint64_t)a->size_bytes};
    weir_buf_init(&g->out, WEIR_GENERATE_BUFFER_BYTES);
    g->rows = weir_rows_new((enum weir_rows_shape)a->shape, (uint64_t)a->seed, a->invalid, err);
    return g->rows != NULL && weir_buf_reserve(&g->out, 1, err) != NULL ? 0 : -1;
}

static void generator_fini(struct generator *g)
{
    weir_rows_free(g->rows);
    weir_buf_fini(&g->out);
}

static int make_rows(struct generator *g, struct weir_err *err)
{
    const size_t full = WEIR_GENERATE_BUFFER_BYTES / 2;

    g->out.len = 0;
    g->out_pos = 0;
    if (g->made_bytes == 0 && weir_rows_header(g->rows, &g->out, err) != 0) {
        return -1;
    }
    while (g->made_bytes + g->out.len < g->size_bytes && g->out.len < full) {
        bool valid = true;
        uint64_t number = weir_rows_next(g->rows, &g->out, &valid, err);

        if (number == 0) {
            return -1;
        }
        g->rows_n = number;
        g->invalid_n += !valid;
    }
    g->made_bytes += g->out.len;
    return 0;
}

static enum weir_step generator_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct generator *g = self;

    (void)in;
    for (;;) {
        size_t n = weir_out_put(out, g->out.p + g->out_pos, g->out.len - g->out_pos);

        g->out_pos += n;
        g->info.read_bytes += n;
        if (g->out_pos < g->out.len) {
            return WEIR_NEED_OUT;
        }
        if (g->made_bytes >= g->size_bytes && g->made_bytes > 0) {
            return WEIR_END;
        }
        if (make_rows(g, err) != 0) {
            return WEIR_FAIL;
        }
    }
}

/* Takes the rows, and when it knows how many there are, gives the numbers of the invalid ones. */
struct numbers {
    const struct generator *from;
    struct weir_rows *rows; /* the same ones */
    char text[24];
    size_t len, pos;
};

static enum weir_step numbers_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct numbers *s = self;

    (void)err;
    in->pos = in->size;
    if (!in->last) {
        return WEIR_NEED_IN;
    }
    for (;;) {
        s->pos += weir_out_put(out, s->text + s->pos, s->len - s->pos);
        if (s->pos < s->len) {
            return WEIR_NEED_OUT;
        }
        uint64_t number = weir_rows_next_invalid(s->rows);
        if (number == 0 || number > s->from->rows_n) {
            return WEIR_END;
        }
        s->len = (size_t)snprintf(s->text, sizeof s->text, "%" PRIu64 "\n", number);
        s->pos = 0;
    }
}

static const struct weir_stage_ops generator_ops = {.name = "generate", .step = generator_step};
static const struct weir_stage_ops numbers_ops = {.name = "numbers", .step = numbers_step};

/* The two outputs. */
struct outputs {
    struct weir_places places;
    struct weir_location where;
    struct generator rows, again; /* OUT's, and those that the truth is about */
    struct numbers numbers;
    struct weir_pipe *out, *truth; /* truth: NULL when there is none */
    struct weir_file_held held;    /* the truth, complete */
};

/* rows -> [gzip] -> sink */
static int build_out(struct outputs *o, const struct args *a, struct weir_err *err)
{
    struct weir_stage stages[3] = {{.ops = &generator_ops, .self = &o->rows}};
    bool compress = weir_gzip_named(a->out);
    struct weir_put_opts put = {.content_type = compress ? "application/gzip" : "text/csv",
        .size_hint_bytes = compress ? -1 : a->size_bytes};
    size_t n = 1;

    if (generator_init(&o->rows, a, err) != 0 || weir_location_parse(a->out, &o->where, err) != 0) {
        goto out;
    }
    if (compress && weir_gzip_new(WEIR_DEFLATE_LEVEL, NULL, &stages[n++], err) != 0) {
        goto out;
    }
    if (weir_location_sink(&o->places, &o->where, &put, &stages[n++], err) != 0) {
        goto out;
    }
    o->out = weir_pipe_new(0, stages, n, err);
out:
    for (size_t i = 0; i < n; i++) {
        weir_stage_free(&stages[i]); /* those that the pipe did not take */
    }
    return o->out != NULL ? 0 : -1;
}

/* rows -> numbers -> the truth file, which stays hidden */
static int build_truth(struct outputs *o, const struct args *a, struct weir_err *err)
{
    struct weir_stage stages[3] = {
        {.ops = &generator_ops, .self = &o->again}, {.ops = &numbers_ops, .self = &o->numbers}};

    o->numbers.from = &o->again;
    o->numbers.rows =
        weir_rows_new((enum weir_rows_shape)a->shape, (uint64_t)a->seed, a->invalid, err);
    if (o->numbers.rows == NULL || generator_init(&o->again, a, err) != 0) {
        return -1;
    }
    if (weir_file_sink_held(o->places.loop, a->truth, &o->held, &stages[2], err) != 0) {
        weir_err_prefix(err, "--truth");
        return -1;
    }
    o->truth = weir_pipe_new(0, stages, 3, err);
    weir_stage_free(&stages[2]); /* unless the pipe took it */
    return o->truth != NULL ? 0 : -1;
}

static int generate(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct outputs o = {0};
    int64_t start_ms = weir_clock_mono_ms();
    struct weir_signals *signals = weir_signals_new(loop, err);
    int rc = -1;

    weir_places_init(&o.places, loop);
    if (signals == NULL || build_out(&o, a, err) != 0) {
        goto out;
    }
    if (a->truth != NULL &&
        (build_truth(&o, a, err) != 0 || weir_progress_run(loop, &a->cli, "generate", "truth",
                                             &o.again.info, o.truth, err) != 0)) {
        goto out;
    }
    if (weir_progress_run(loop, &a->cli, "generate", "generate", &o.rows.info, o.out, err) != 0) {
        goto out;
    }
    if (weir_file_held_publish(&o.held, err) != 0) {
        weir_err_prefix(err, "--truth");
        goto out;
    }
    rc = 0;
    if (a->cli.verbose && !a->cli.quiet) {
        weir_cli_note("generate",
            "%" PRIu64 " rows, %" PRIu64 " of them invalid, %" PRIu64 " bytes, %" PRId64 " ms",
            o.rows.rows_n, o.rows.invalid_n, o.rows.made_bytes, weir_clock_mono_ms() - start_ms);
    }
out:
    weir_pipe_free(o.truth);
    weir_pipe_free(o.out);
    weir_file_held_drop(&o.held);
    generator_fini(&o.rows);
    generator_fini(&o.again);
    weir_rows_free(o.numbers.rows);
    weir_location_fini(&o.where);
    weir_places_fini(&o.places);
    weir_signals_free(signals);
    return rc;
}

static int parse(int argc, char **argv, struct args *a, struct weir_err *err)
{
    static const char *const shapes[] = {"seed", "var", "narrow", NULL};
    const struct weir_opt opts[] = {
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &a->out},
        {.name = "size",
            .kind = WEIR_OPT_SIZE,
            .to = &a->size_bytes,
            .min = 1,
            .max = INT64_MAX / 2},
        {.name = "shape", .kind = WEIR_OPT_WORD, .to = &a->shape, .words = shapes},
        {.name = "invalid", .kind = WEIR_OPT_SHARE, .to = &a->invalid},
        {.name = "seed", .kind = WEIR_OPT_COUNT, .to = &a->seed, .max = INT64_MAX},
        {.name = "truth", .kind = WEIR_OPT_TEXT, .to = &a->truth},
        WEIR_CLI_QUIET(&a->cli),
        WEIR_CLI_PROGRESS(&a->cli),
        WEIR_CLI_VERBOSE(&a->cli),
    };
    const char *none[1];
    int n = weir_cli_parse(opts, sizeof opts / sizeof *opts, argc, argv, none, 0, err);

    if (n < 0) {
        return -1;
    }
    if (a->out == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "no output: give -o FILE (-o - for stdout)");
    }
    if (a->truth != NULL && strcmp(a->truth, a->out) == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "--truth: the same file as the output");
    }
    return 0;
}

int weir_cli_generate(int argc, char **argv)
{
    struct args a = {.size_bytes = 150000000, .seed = 1, .shape = WEIR_ROWS_VAR};
    struct weir_err err = {0};

    if (parse(argc, argv, &a, &err) != 0) {
        return weir_cli_usage("generate", &err);
    }
    struct weir_loop *loop = weir_loop_new(&err);
    int rc = loop != NULL ? generate(loop, &a, &err) : -1;
    weir_loop_free(loop);
    return rc == 0 ? WEIR_EXIT_DONE : weir_cli_fail("generate", &err);
}
