/*
 * The validate stage is a job for stream/blocks.h:
 *
 *     split   csv/split.h finds the record ends; the head is the header alone
 *     work    rows of a block -> fields -> schema -> the row again with valid and errors -> deflate
 *     merge   the header becomes the plan and the first output line; then only sums are added up
 *     finish  the end of the gzip member
 */
#include "handlers/validate/job.h"

#include "codec/charset.h"
#include "codec/gunzip.h"
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/validate/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- workers ---- */

static void worker_free(void *worker)
{
    struct worker *w = worker;

    if (w == NULL) {
        return;
    }
    weir_validate_rows_fini(w);
    weir_deflate_free(w->deflate);
    weir_buf_fini(&w->csv);
    weir_buf_fini(&w->errors);
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
    weir_buf_init(&w->csv, WEIR_BLOCK_OUT_MAX_BYTES);
    weir_buf_init(&w->errors, WEIR_ROW_MAX_BYTES + 2 * WEIR_ROW_ERRORS_MAX_BYTES);
    if (v->gzip) {
        w->deflate = weir_deflate_new(WEIR_DEFLATE_LEVEL, err);
        if (w->deflate == NULL) {
            worker_free(w);
            return NULL;
        }
    }
    return w;
}

/* ---- merge ---- */

static int merge(void *job, struct weir_block *block)
{
    struct weir_validate *v = job;
    const struct note *note = block->note;

    if (block->err.code != WEIR_OK) {
        /* split names its place by itself, and so does what is wrong with the header */
        if (note->cut.len > 0 && block->index + note->rows > 0) {
            weir_err_prefix(&block->err, "row %" PRIu64, v->sums.rows + note->rows + 1);
        }
        return -1;
    }
    v->sums.rows += note->rows;
    v->sums.valid += note->valid;
    v->sums.blank += note->cut.counts.blank;
    v->sums.comments += note->cut.counts.comments;
    weir_gzip_frame_add(&v->frame, &note->frame);
    return 0;
}

static int finish(void *job, struct weir_buf *out, struct weir_err *err)
{
    const struct weir_validate *v = job;

    return v->gzip ? weir_gzip_trailer(out, &v->frame, err) : 0;
}

static const struct weir_blocks_ops ops = {.name = "validate",
    .note_bytes = sizeof(struct note),
    .split = weir_validate_rows_split,
    .worker_new = worker_new,
    .head = weir_validate_rows_head,
    .work = weir_validate_rows_work,
    .worker_free = worker_free,
    .merge = merge,
    .finish = finish};

/* ---- the job ---- */

struct weir_schema *weir_validate_schema(struct weir_places *places, const char *name,
    const struct weir_schema_opts *opts, struct weir_err *err)
{
    struct weir_location location = {0};
    struct weir_schema *schema = NULL;
    struct weir_buf text;

    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    if (weir_location_parse(name, &location, err) == 0 &&
        weir_location_get(places, &location, &text, err) == 0) {
        schema = weir_schema_load((const char *)text.p, text.len, opts, err);
        if (schema != NULL && weir_schema_for_rows(schema, err) != 0) {
            weir_schema_free(schema);
            schema = NULL;
        }
        if (schema == NULL) {
            weir_err_prefix(err, "%.100s", name);
        }
    }
    weir_location_fini(&location);
    weir_buf_fini(&text);
    return schema;
}

struct weir_put_opts weir_validate_put(int64_t in_bytes, bool in_gzip, bool out_gzip)
{
    /* Error texts may double a file; gzip that is undone makes it up to so many times larger. */
    const int64_t times = in_gzip && !out_gzip ? 32 : 2;

    return (struct weir_put_opts){.content_type = out_gzip ? "application/gzip" : "text/csv",
        .size_hint_bytes = in_bytes > 0 && in_bytes < INT64_MAX / times ? in_bytes * times : -1};
}

void weir_validate_free(struct weir_validate *v)
{
    if (v != NULL) {
        weir_pipe_free(v->pipe); /* first: its stages use the rest */
        weir_schema_plan_free(v->plan);
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
    v->plain = !o->trim && o->empty == WEIR_EMPTY_ABSENT &&
               (o->quoted_empty == WEIR_EMPTY_ABSENT || o->quoted_empty == WEIR_EMPTY_SAME);
    return 0;
}

#define STAGES_MAX 5

/* The stages between source and sink. Returns how many there are then, or -1. */
static int make_stages(struct weir_validate *v, struct weir_stage *stages, struct weir_err *err)
{
    int n = 1;

    if (weir_gunzip_new(&stages[n++], true, err) != 0) {
        return -1;
    }
    if (v->options.charset != WEIR_CHARSET_UTF8 &&
        weir_charset_new(v->options.charset, &stages[n++], err) != 0) {
        return -1;
    }
    if (weir_blocks_new(&ops, v, WEIR_ROW_MAX_BYTES, NULL, &stages[n++], err) != 0) {
        return -1;
    }
    return n;
}

struct weir_validate *weir_validate_new(struct weir_validate_job *job, struct weir_err *err)
{
    struct weir_stage stages[STAGES_MAX] = {{0}};
    struct weir_validate *v = calloc(1, sizeof *v);

    if (v == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        return NULL;
    }
    v->schema = job->schema;
    v->info = job->info;
    v->warn = job->warn;
    v->ctx = job->ctx;
    v->gzip = job->gzip;
    v->begun_ms = weir_clock_mono_ms();
    v->deadline_ms = job->deadline_mono_ms;
    int n = take_options(v, job->options, err) == 0 ? make_stages(v, stages, err) : -1;
    if (n < 0) {
        goto out;
    }
    stages[0] = job->source;
    stages[n] = job->sink;
    v->pipe = weir_pipe_new(0, stages, (size_t)n + 1, err);
    if (v->pipe == NULL) {
        stages[0] = stages[n] = (struct weir_stage){0}; /* they are still the caller's */
        goto out;
    }
    job->source = job->sink = (struct weir_stage){0}; /* the pipe owns them now */
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

void weir_validate_summarize(const struct weir_validate *v, struct weir_validate_summary *ret)
{
    size_t n;
    const struct weir_stage_count *counts = weir_pipe_counts(v->pipe, &n);

    *ret = v->sums;
    ret->invalid = ret->rows - ret->valid;
    ret->bytes_in = v->info->read_bytes;
    ret->bytes_out = counts[n - 1].bytes_in;
    ret->ms = weir_clock_mono_ms() - v->begun_ms;
}

/* What the input was found to be, where the options do not say it. */
static int add_dialect(const struct weir_validate *v, struct weir_buf *ret, struct weir_err *err)
{
    char mark[12];

    if (v->options.dialect.comment != WEIR_CSV_NONE &&
        weir_buf_addf(ret, err, ",\"comments\":%" PRIu64, v->sums.comments) != 0) {
        return -1;
    }
    if (v->options.dialect.delimiter != WEIR_CSV_AUTO || !v->begun) {
        return 0;
    }
    weir_csv_mark_text(v->read.delimiter, mark);
    return weir_buf_addf(ret, err, ",\"delimiter\":\"%s\"", mark); /* one of a few */
}

int weir_validate_json(
    const struct weir_validate *v, bool stages, struct weir_buf *ret, struct weir_err *err)
{
    struct weir_validate_summary s;
    size_t n;
    const struct weir_stage_count *counts = weir_pipe_counts(v->pipe, &n);

    weir_validate_summarize(v, &s);
    int rc = weir_buf_addf(ret, err,
        "\"rows\":%" PRIu64 ",\"valid\":%" PRIu64 ",\"invalid\":%" PRIu64 ",\"blank\":%" PRIu64
        ",\"bytes_in\":%" PRIu64 ",\"bytes_out\":%" PRIu64 ",\"ms\":%" PRId64,
        s.rows, s.valid, s.invalid, s.blank, s.bytes_in, s.bytes_out, s.ms);
    rc = rc == 0 ? add_dialect(v, ret, err) : rc;
    for (size_t i = 0; stages && rc == 0 && i < n; i++) {
        rc = weir_buf_addf(ret, err,
            "%s{\"name\":\"%s\",\"steps\":%" PRIu64 ",\"waits\":%" PRIu64 ",\"bytes_in\":%" PRIu64
            ",\"bytes_out\":%" PRIu64 "}%s",
            i == 0 ? ",\"stages\":[" : ",", counts[i].name, counts[i].steps, counts[i].waits,
            counts[i].bytes_in, counts[i].bytes_out, i + 1 == n ? "]" : "");
    }
    return rc;
}
