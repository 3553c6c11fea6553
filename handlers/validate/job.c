/*
 * The validate stage is a job for stream/blocks.h:
 *
 *     split   finds where rows end; the head is the first of them, or the header
 *     work    rows of a block -> schema -> the row again, and what is wrong with it -> deflate
 *     merge   only sums are added up
 *     finish  the end of the outputs, and the summary
 *
 * The files it is made of stand in work.h.
 */
#include "handlers/validate/job.h"

#include "codec/charset.h"
#include "codec/gunzip.h"
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/validate/work.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Between two looks at the clock: so many rows, or steps of their checks, which are some 16 ms. */
#define ROWS_PER_LOOK 16
#define STEPS_PER_LOOK (WEIR_ROW_STEPS_MAX / 64)

/* What as many of the smallest parts hold as S3 allows: for these, less memory is worth a few
 * requests more. */
#define SMALL_PARTS_MAX_BYTES ((int64_t)WEIR_S3_PARTS_MAX * (int64_t)WEIR_S3_PART_MIN_BYTES)

/* ---- workers ---- */

static void worker_free(void *worker)
{
    struct worker *w = worker;

    if (w == NULL) {
        return;
    }
    weir_csv_reader_free(w->reader);
    weir_schema_check_free(w->check);
    weir_deflate_free(w->deflate);
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        weir_buf_fini(&w->plain[i]);
    }
    weir_buf_fini(&w->text);
    weir_buf_fini(&w->key);
    weir_buf_fini(&w->ahead);
    weir_tally_fini(&w->tally);
    free(w->cells);
    free(w->doubled);
    free(w->line);
    free(w);
}

static void *worker_new(void *job, struct weir_err *err)
{
    struct weir_validate *v = job;
    struct worker *w = calloc(1, sizeof *w);

    if (w == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        return NULL;
    }
    w->job = v;
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        weir_buf_init(&w->plain[i], WEIR_BLOCK_OUT_MAX_BYTES);
    }
    weir_buf_init(&w->key, WEIR_UNIQUE_KEY_MAX_BYTES);
    weir_buf_init(&w->ahead, WEIR_UNIQUE_AHEAD_MAX_BYTES);
    /* All of a row may be surplus: every byte doubled by quoting, and a ' before each field. */
    weir_buf_init(
        &w->text, 2 * (WEIR_ROW_MAX_BYTES + WEIR_ROW_ERRORS_MAX_BYTES + WEIR_COLUMNS_MAX));
    if (v->outlets[WEIR_OUTLET_MAIN].gzip || v->outlets[WEIR_OUTLET_INVALID].gzip) {
        w->deflate = weir_deflate_new(WEIR_VALIDATE_LEVEL, err);
        if (w->deflate == NULL) {
            worker_free(w);
            return NULL;
        }
    }
    return w;
}

int weir_validate_check_new(struct worker *w, struct weir_err *err)
{
    const struct weir_validate *v = w->job;

    w->check = weir_schema_check_new(v->plan, err);
    weir_tally_init(&w->tally, v->columns);
    return w->check != NULL ? 0 : -1;
}

/* ---- rows ---- */

/* A block may take long where the schema is costly, and nobody else looks meanwhile. */
int weir_validate_deadline(struct worker *w, struct weir_err *err)
{
    w->steps += weir_schema_check_steps(w->check); /* of the row before */
    if (w->note->rows % ROWS_PER_LOOK != 0 && w->steps < STEPS_PER_LOOK) {
        return 0;
    }
    w->steps = 0;
    if (weir_clock_mono_ms() >= w->job->deadline_ms) {
        return weir_err_set(err, WEIR_E_DEADLINE, "the deadline has passed");
    }
    if (atomic_load(w->block->dropped)) {
        return weir_err_set(err, WEIR_E_CANCEL, "nobody wants the rest");
    }
    return 0;
}

int weir_validate_row_end(struct worker *w, struct weir_err *err)
{
    const struct weir_validate *v = w->job;

    if (w->problems > 0 && v->options.fail_fast > 0) {
        const uint64_t invalid = w->note->before.invalid + w->note->rows - w->note->valid;
        if (invalid + 1 >= v->options.fail_fast) {
            return weir_err_set(err, WEIR_E_DATA,
                "in line %" PRIu64 ": %s (fail_fast: %" PRIu64 ")", weir_problem_line(w), w->first,
                v->options.fail_fast);
        }
    }
    w->note->rows++;
    w->note->valid += w->problems == 0;
    return weir_outlet_more(w, err);
}

uint64_t weir_validate_lines_max(size_t columns)
{
    const size_t row = columns + 2 * (WEIR_ROW_ERRORS_MAX_BYTES + 256);

    return WEIR_BLOCK_ERRORS_MAX_BYTES / row;
}

/* ---- in order ---- */

static struct before merged(const struct weir_validate *v)
{
    return (struct before){v->sums.described, v->sums.rows - v->sums.valid};
}

void weir_validate_cut_begin(const struct weir_validate *v, struct note *note)
{
    note->at = v->at;
    note->before = merged(v);
}

/* More is merged now than when the block was cut; the limits are those of whoever counts all. */
static bool again(void *job, struct weir_block *block)
{
    const struct weir_validate *v = job;
    const struct weir_validate_options *o = &v->options;
    struct note *note = block->note;
    const struct before now = merged(v);
    const bool less_described = note->before.described < o->max_errors &&
                                now.described > note->before.described &&
                                now.described + note->described >= o->max_errors;
    const bool fails = o->fail_fast > 0 && now.invalid > note->before.invalid &&
                       now.invalid + note->rows - note->valid >= o->fail_fast;

    struct worker *w = note->worker;

    if (w == NULL) { /* it failed before its first row */
        return false;
    }
    const bool not_new = v->unique != NULL && weir_unique_again(v->unique, w);
    if (!less_described && !fails && !not_new) {
        return false;
    }
    weir_tally_fini(&w->tally);
    weir_tally_init(&w->tally, v->columns);
    *note = (struct note){.cut = note->cut, .at = note->at, .before = now};
    return true;
}

static int merge(void *job, struct weir_block *block)
{
    struct weir_validate *v = job;
    const struct note *note = block->note;

    if (block->err.code != WEIR_OK) {
        /* split names its place by itself, and so does what is wrong with the header */
        if (note->cut.len > 0 && (block->index > 0 || v->plan != NULL)) {
            weir_err_prefix(&block->err, "row %" PRIu64, v->sums.rows + note->rows + 1);
        }
        return -1;
    }
    v->sums.rows += note->rows;
    v->sums.valid += note->valid;
    v->sums.described += note->described;
    v->sums.blank += note->cut.counts.blank;
    v->sums.comments += note->cut.counts.comments;
    v->tally.columns_n = v->columns;
    weir_outlet_merge(v, note);
    return weir_tally_add(&v->tally, &note->worker->tally, &block->err);
}

static int finish(void *job, struct weir_buf *out, struct weir_err *err)
{
    return weir_outlet_finish(job, out, err);
}

/* clang-format off */
#define INPUT(input)                                                                               \
    {.name = "validate", .note_bytes = sizeof(struct note), .worker_new = worker_new,              \
        .worker_free = worker_free, .again = again, .merge = merge, .finish = finish,                              \
        .split = weir_validate_##input##_split, .head = weir_validate_##input##_head,              \
        .work = weir_validate_##input##_work}
/* clang-format on */

static const struct weir_blocks_ops csv_ops = INPUT(rows), json_ops = INPUT(lines);

/* ---- the job ---- */

struct weir_schema *weir_validate_schema_text(const struct weir_buf *text,
    enum weir_validate_input input, const struct weir_schema_opts *opts, struct weir_err *err)
{
    struct weir_schema *schema = weir_schema_load((const char *)text->p, text->len, opts, err);

    if (schema != NULL && input != WEIR_INPUT_NDJSON && weir_schema_for_rows(schema, err) != 0) {
        weir_schema_free(schema);
        return NULL;
    }
    return schema;
}

struct weir_schema *weir_validate_schema(struct weir_places *places, const char *name,
    enum weir_validate_input input, const struct weir_schema_opts *opts, struct weir_err *err)
{
    struct weir_schema *schema = NULL;
    struct weir_buf text;

    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    if (weir_location_get(places, name, &text, err) == 0) {
        schema = weir_validate_schema_text(&text, input, opts, err);
        if (schema == NULL) {
            weir_err_prefix(err, "%.100s", name);
        }
    }
    weir_buf_fini(&text);
    return schema;
}

struct weir_put_opts weir_validate_put(const struct weir_validate_options *o,
    enum weir_validate_outlet outlet, int64_t in_bytes, bool in_gzip, bool out_gzip)
{
    /* Error texts may double a file; gzip that is undone makes it up to so many times larger. */
    const int64_t times = in_gzip && !out_gzip ? 32 : 2;
    const bool json = weir_validate_options_json_out(o) || outlet == WEIR_OUTLET_SUMMARY;
    int64_t hint = in_bytes > 0 && in_bytes < INT64_MAX / times ? in_bytes * times : -1;

    return (struct weir_put_opts){.content_type = out_gzip ? "application/gzip"
                                                  : outlet == WEIR_OUTLET_SUMMARY
                                                      ? "application/json"
                                                  : json ? "application/x-ndjson"
                                                         : "text/csv",
        .part_bytes = hint > 0 && hint <= SMALL_PARTS_MAX_BYTES ? WEIR_S3_PART_MIN_BYTES : 0,
        .size_hint_bytes = outlet == WEIR_OUTLET_SUMMARY ? (int64_t)WEIR_SUMMARY_MAX_BYTES : hint};
}

void weir_validate_free(struct weir_validate *v)
{
    if (v != NULL) {
        weir_pipe_free(v->pipe); /* first: its stages use the rest */
        weir_schema_plan_free(v->plan);
        weir_tally_fini(&v->tally);
        weir_unique_free(v->unique);
        free(v->raw);
        weir_validate_options_fini(&v->options);
        free(v);
    }
}

static int take_options(
    struct weir_validate *v, const struct weir_validate_options *options, struct weir_err *err)
{
    struct weir_validate_options *o = &v->options;

    if (options == NULL) {
        weir_validate_options_init(o);
    } else if (weir_validate_options_copy(o, options, err) != 0) {
        return -1;
    }
    weir_validate_options_resolve(o, NULL, NULL);
    const bool json = weir_validate_options_json_out(o);
    v->form = o->output != WEIR_OUTPUT_REPORT ? (json ? FORM_OBJECTS : FORM_TEXT)
              : json                          ? FORM_REPORT_JSON
                                              : FORM_REPORT_CSV;
    /* Of the parsers libcsv alone does not tell where rows begin. */
    v->places = o->output == WEIR_OUTPUT_REPORT || o->strict ||
                ((o->unique_n > 0 || o->fail_fast > 0) && o->csv_engine == WEIR_CSV_LIBCSV);
    v->plain = !o->trim && o->empty == WEIR_EMPTY_ABSENT &&
               (o->quoted_empty == WEIR_EMPTY_ABSENT || o->quoted_empty == WEIR_EMPTY_SAME);
    if (o->input == WEIR_INPUT_CSV && weir_schema_for_rows(v->schema, err) != 0) {
        return -1;
    }
    return weir_unique_new(o, &v->unique, err);
}

/* Which outlets there are. */
static void take_outlets(struct weir_validate *v, const struct weir_validate_job *job)
{
    const struct weir_validate_sink *sinks[WEIR_OUTLETS] = {
        &job->out, &job->invalid, &job->summary};
    size_t n = 0;

    assert(job->out.stage.ops != NULL);
    assert((job->invalid.stage.ops != NULL) == (v->options.output == WEIR_OUTPUT_SPLIT));
    for (size_t i = 0; i < WEIR_OUTLETS; i++) {
        if (sinks[i]->stage.ops != NULL) {
            v->outlets[i] = (struct outlet){.on = true, .gzip = sinks[i]->gzip, .sink = n++};
        }
    }
    v->forked = n > 1;
}

#define STAGES_MAX 5

/* The stages between source and sink. Returns how many there are then, or -1. */
static int make_stages(struct weir_validate *v, struct weir_workers *workers,
    struct weir_stage *stages, struct weir_err *err)
{
    const struct weir_blocks_ops *ops =
        v->options.input == WEIR_INPUT_NDJSON ? &json_ops : &csv_ops;
    int n = 1;

    if (weir_gunzip_new(&stages[n++], true, err) != 0) {
        return -1;
    }
    if (v->options.charset != WEIR_CHARSET_UTF8 &&
        weir_charset_new(v->options.charset, &stages[n++], err) != 0) {
        return -1;
    }
    if (weir_blocks_new(ops, v, WEIR_ROW_MAX_BYTES, workers, &stages[n++], err) != 0) {
        return -1;
    }
    return n;
}

/* The ends move to the pipe, or stay where they were. */
static int make_pipe(struct weir_validate *v, struct weir_validate_job *job,
    struct weir_stage *stages, int n, struct weir_err *err)
{
    struct weir_stage sinks[WEIR_OUTLETS] = {job->out.stage},
                      *ends[WEIR_OUTLETS] = {&job->out.stage};
    size_t sinks_n = 1;

    if (job->invalid.stage.ops != NULL) {
        sinks[sinks_n] = job->invalid.stage;
        ends[sinks_n++] = &job->invalid.stage;
    }
    if (job->summary.stage.ops != NULL) {
        sinks[sinks_n] = job->summary.stage;
        ends[sinks_n++] = &job->summary.stage;
    }
    if (!v->forked) {
        stages[n] = sinks[0];
    } else if (weir_fork_new(sinks, sinks_n, v->fork_bytes, &stages[n], err) != 0) {
        return -1;
    } else {
        for (size_t i = 0; i < sinks_n; i++) {
            *ends[i] = (struct weir_stage){0}; /* the fork owns them now */
        }
    }
    stages[0] = job->source;
    v->pipe = weir_pipe_new(0, stages, (size_t)n + 1, err);
    if (v->pipe == NULL) {
        stages[0] = (struct weir_stage){0}; /* still the caller's, and so is a sink that is alone */
        stages[n] = v->forked ? stages[n] : (struct weir_stage){0};
        return -1;
    }
    job->source = job->out.stage = (struct weir_stage){0}; /* the pipe owns them now */
    return 0;
}

struct weir_validate *weir_validate_new(struct weir_validate_job *job, struct weir_err *err)
{
    struct weir_stage stages[STAGES_MAX] = {{0}};
    struct weir_validate *v = calloc(1, sizeof *v);
    int n = -1;

    if (v == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        return NULL;
    }
    v->schema = job->schema;
    v->info = job->info;
    v->warn = job->warn;
    v->ctx = job->ctx;
    v->at = (struct place){.line = 1};
    v->begun_ms = weir_clock_mono_ms();
    v->deadline_ms = job->deadline_mono_ms;
    if (take_options(v, job->options, err) == 0) {
        take_outlets(v, job);
        weir_csv_split_init(&v->csv, &v->options.dialect, WEIR_BLOCK_BYTES, WEIR_ROW_MAX_BYTES);
        n = make_stages(v, job->workers, stages, err);
    }
    if (n < 0 || make_pipe(v, job, stages, n, err) != 0) {
        goto out;
    }
    weir_pipe_set_deadline(v->pipe, job->deadline_mono_ms);
    return v;
out:
    for (size_t i = 0; i < STAGES_MAX; i++) {
        weir_stage_free(&stages[i]);
    }
    weir_validate_free(v);
    return NULL;
}

struct weir_pipe *weir_validate_pipe(struct weir_validate *v)
{
    return v->pipe;
}
