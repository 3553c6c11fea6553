#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/rows.h"
#include "cli/signals.h"
#include "codec/deflate.h"
#include "codec/gzip.h"
#include "core/clock.h"
#include "net/file.h"
#include "stream/pipe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * The rows are a source of a pipe like any other, so that what the sinks promise (nothing
 * half-written) holds here, too. The numbers of the invalid rows go to a second sink, which the
 * source feeds by hand as it goes; that file is completed after the first.
 */

const char weir_cli_generate_help[] =
    "usage: weir generate -o FILE [OPTIONS]\n"
    "\n"
    "Write a CSV file of test data. The same arguments give the same bytes, on every machine.\n"
    "\n"
    "  -o, --out FILE      where to; compressed when the name ends in .gz\n"
    "      --size SIZE     plain bytes; the row that reaches it is the last (default 150MB)\n"
    "      --shape SHAPE   seed    12 columns, 8 of them JSON, about 2,000 bytes a row; only the\n"
    "                              id changes\n"
    "                      var     the same columns with random values (the default)\n"
    "                      narrow  8 plain columns, about 82 bytes a row\n"
    "      --invalid SHARE rows that are not valid, such as 1% or 0.01 (default 0), each with one\n"
    "                      fault of more than ten kinds\n"
    "      --seed N        another file of the same kind (default 1)\n"
    "      --truth FILE    write the numbers of the invalid rows, one per line; the first data\n"
    "                      row is 1\n"
    "  -q, --quiet         no progress\n"
    "      --progress      progress also where stderr is no terminal\n"
    "  -v, --verbose       tell what was written\n"
    "\n"
    "Rows of seed and var fit handlers/validate/events.schema.json, those of narrow\n"
    "bench/narrow.schema.json. FILE is a path, s3://bucket/key, or - (stdout).\n"
    "\n"
    "exit status: 0 done; 2 wrong usage; 3 failed, and FILE is as it was.\n";

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
    struct weir_source_info *info; /* read_bytes: made so far */
    uint64_t size_bytes;
    uint64_t made_bytes, rows_n, invalid_n;
    struct weir_buf out;      /* rows that are not handed on */
    size_t out_pos;           /* of which these are */
    struct weir_stage *truth; /* borrowed; its ops are NULL when there is none */
    struct weir_buf truth_out;
};

static bool has_truth(const struct generator *g)
{
    return g->truth->ops != NULL;
}

/* Step the second sink by hand. WEIR_NEED_IN: all is taken; WEIR_WAIT: it armed a wake-up. */
static enum weir_step push_truth(struct generator *g, bool last, struct weir_err *err)
{
    uint8_t nothing = 0;
    struct weir_in in = {.p = g->truth_out.len > 0 ? g->truth_out.p : &nothing,
        .size = g->truth_out.len,
        .last = last};
    struct weir_out none = {.p = &nothing};
    enum weir_step step = g->truth->ops->step(g->truth->self, &in, &none, err);

    weir_buf_drop(&g->truth_out, in.pos);
    return step;
}

static int make_rows(struct generator *g, struct weir_err *err)
{
    const size_t full = WEIR_GENERATE_BUFFER_BYTES / 2;

    g->out.len = 0;
    g->out_pos = 0;
    if (g->made_bytes == 0 && weir_rows_header(g->rows, &g->out, err) != 0) {
        return -1;
    }
    while (g->made_bytes + g->out.len < g->size_bytes && g->out.len < full &&
           g->truth_out.len < full) {
        bool valid = true;
        uint64_t number = weir_rows_next(g->rows, &g->out, &valid, err);

        if (number == 0) {
            return -1;
        }
        g->rows_n = number;
        g->invalid_n += !valid;
        if (!valid && has_truth(g) &&
            weir_buf_addf(&g->truth_out, err, "%" PRIu64 "\n", number) != 0) {
            return -1;
        }
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
        g->info->read_bytes += n;
        if (g->out_pos < g->out.len) {
            return WEIR_NEED_OUT;
        }
        if (has_truth(g) && g->truth_out.len > 0) {
            enum weir_step step = push_truth(g, false, err);

            if (step != WEIR_NEED_IN) {
                return step; /* WEIR_WAIT or WEIR_FAIL; a sink has no other answer here */
            }
        }
        if (g->made_bytes >= g->size_bytes && g->made_bytes > 0) {
            return WEIR_END;
        }
        if (make_rows(g, err) != 0) {
            return WEIR_FAIL;
        }
    }
}

static void generator_free(void *self)
{
    (void)self; /* the caller's */
}

static const struct weir_stage_ops generator_ops = {
    .name = "generate", .step = generator_step, .free = generator_free};

/* The file of the numbers is complete: let it appear. */
static int finish_truth(struct weir_loop *loop, struct generator *g, struct weir_err *err)
{
    while (has_truth(g)) {
        enum weir_step step = push_truth(g, true, err);

        if (step == WEIR_END) {
            break;
        }
        if (step != WEIR_WAIT) {
            return err->code != WEIR_OK ? -1
                                        : weir_err_set(err, WEIR_E_BUG, "the sink went astray");
        }
        if (weir_loop_step(loop, INT64_MAX, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* rows -> [gzip] -> sink */
static struct weir_pipe *build(struct weir_places *places, const struct args *a,
    const struct weir_location *where, struct generator *g, struct weir_err *err)
{
    struct weir_stage stages[3] = {{.ops = &generator_ops, .self = g}};
    struct weir_pipe *pipe = NULL;
    bool compress = weir_gzip_named(a->out);
    struct weir_put_opts put = {.content_type = compress ? "application/gzip" : "text/csv",
        .size_hint_bytes = compress ? -1 : a->size_bytes};
    size_t n = 1;

    if (compress && weir_gzip_new(WEIR_DEFLATE_LEVEL, &stages[n++], err) != 0) {
        goto out;
    }
    if (weir_location_sink(places, where, &put, &stages[n++], err) != 0) {
        goto out;
    }
    pipe = weir_pipe_new(0, stages, n, err);
out:
    for (size_t i = 0; i < n; i++) {
        weir_stage_free(&stages[i]); /* those that the pipe did not take */
    }
    return pipe;
}

static int run(struct weir_places *places, const struct args *a, const struct weir_location *where,
    struct generator *g, struct weir_err *err)
{
    struct weir_pipe *pipe = NULL;
    struct weir_signals *signals = weir_signals_new(places->loop, NULL, NULL, err);
    struct weir_progress *progress = NULL;
    int rc = -1;

    if (signals == NULL) {
        goto out;
    }
    pipe = build(places, a, where, g, err);
    if (pipe == NULL ||
        weir_progress_start(places->loop, &a->cli, "generate", g->info, &progress, err) != 0 ||
        weir_loop_run(places->loop, pipe, err) != 0) {
        goto out;
    }
    rc = finish_truth(places->loop, g, err);
out:
    weir_progress_stop(progress);
    weir_pipe_free(pipe);
    weir_signals_free(signals);
    return rc;
}

static int generate(struct weir_loop *loop, const struct args *a, struct weir_err *err)
{
    struct weir_source_info info = {.size_bytes = a->size_bytes};
    struct weir_stage truth = {0};
    struct weir_location where = {0};
    struct weir_places places;
    struct generator g = {.info = &info, .size_bytes = (uint64_t)a->size_bytes, .truth = &truth};
    int64_t start_ms = weir_clock_mono_ms();
    int rc = -1;

    weir_places_init(&places, loop);
    weir_buf_init(&g.out, WEIR_GENERATE_BUFFER_BYTES);
    weir_buf_init(&g.truth_out, WEIR_GENERATE_BUFFER_BYTES);
    g.rows = weir_rows_new((enum weir_rows_shape)a->shape, (uint64_t)a->seed, a->invalid, err);
    if (g.rows == NULL || weir_buf_reserve(&g.out, 1, err) == NULL ||
        weir_location_parse(a->out, &where, err) != 0) {
        goto out;
    }
    if (a->truth != NULL && weir_file_sink_new(loop, a->truth, &truth, err) != 0) {
        weir_err_prefix(err, "--truth");
        goto out;
    }
    rc = run(&places, a, &where, &g, err);
    if (rc == 0 && a->cli.verbose) {
        weir_cli_note("generate",
            "%" PRIu64 " rows, %" PRIu64 " of them invalid, %" PRIu64 " bytes, %" PRId64 " ms",
            g.rows_n, g.invalid_n, g.made_bytes, weir_clock_mono_ms() - start_ms);
    }
out:
    weir_stage_free(&truth);
    weir_location_fini(&where);
    weir_places_fini(&places);
    weir_buf_fini(&g.out);
    weir_buf_fini(&g.truth_out);
    weir_rows_free(g.rows);
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
        WEIR_CLI_COMMON(&a->cli),
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
