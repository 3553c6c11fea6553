/*
 * The validate stage is a job for stream/blocks.h:
 *
 *     split   csv/split.h finds the record ends; the head is the header alone
 *     work    rows of a block -> fields -> schema -> the row again with valid and errors -> deflate
 *     merge   the header becomes the plan and the first output line; then only sums are added up
 *     finish  the end of the gzip member
 *
 * Work never changes the job, so that blocks can be worked on by several threads; what a thread
 * needs for itself is struct worker, what merge needs of a block is struct note.
 */
#include "handlers/validate/job.h"

#include "codec/deflate.h"
#include "codec/gunzip.h"
#include "core/clock.h"
#include "core/limits.h"
#include "csv/reader.h"
#include "csv/split.h"
#include "csv/writer.h"
#include "stream/blocks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows in a read between two looks at the clock. */
#define ROWS_PER_LOOK 16

struct weir_validate {
    const struct weir_schema *schema;
    const struct weir_source_info *info;
    bool gzip;
    int64_t begun_ms, deadline_ms;
    struct weir_pipe *pipe;

    struct weir_csv_split split;
    struct weir_schema_plan *plan; /* made of the header; NULL before */
    size_t columns;                /* in the header */
    struct weir_gzip_frame frame;
    struct weir_validate_summary sums; /* rows, valid, invalid, blank */
};

/* What merge wants to know of a block. */
struct note {
    struct weir_csv_cut cut;
    uint64_t rows, valid;
    struct weir_gzip_frame frame; /* of the block's rows before they are compressed */
};

/* What one thread works with. */
struct worker {
    const struct weir_validate *job;
    struct weir_csv_reader *reader;
    struct weir_schema_check *check; /* made with its first block, when there is a plan */
    struct weir_deflate *deflate;    /* NULL: no gzip */
    struct weir_buf csv;             /* a block's rows before they are compressed */
    struct weir_buf errors;          /* one row's */
    struct weir_str *cells;          /* one row's; job->columns of them */
    struct weir_buf *to;             /* where rows go: csv, or the block's out */
    struct note *note;
};

/* ---- split ---- */

static int split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    struct weir_validate *v = job;
    struct note *note = block->note;

    if (weir_csv_split(&v->split, p, len, last, &note->cut, &block->err) != 0) {
        return -1;
    }
    *cut = note->cut.len;
    return 0;
}

/* ---- work ---- */

static void worker_free(void *worker)
{
    struct worker *w = worker;

    if (w == NULL) {
        return;
    }
    weir_csv_reader_free(w->reader);
    weir_schema_check_free(w->check);
    weir_deflate_free(w->deflate);
    weir_buf_fini(&w->csv);
    weir_buf_fini(&w->errors);
    free(w->cells);
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
    w->reader = weir_csv_reader_new(err);
    if (w->reader == NULL) {
        goto out;
    }
    if (v->gzip) {
        w->deflate = weir_deflate_new(WEIR_DEFLATE_LEVEL, err);
        if (w->deflate == NULL) {
            goto out;
        }
    }
    return w;
out:
    worker_free(w);
    return NULL;
}

/* What is wrong with the row as a row goes first into its errors. *problems counts. */
static int check_shape(
    struct worker *w, const struct weir_csv_row *row, size_t *problems, struct weir_err *err)
{
    const size_t columns = w->job->columns;

    if (row->malformed) {
        ++*problems;
        if (weir_buf_addf(&w->errors, err, "row: text after the closing quote of field %zu",
                row->malformed_field + 1) != 0) {
            return -1;
        }
    }
    if (row->fields_n == columns) {
        return 0;
    }
    if (weir_buf_addf(&w->errors, err, "%srow: %zu field%s, the header has %zu",
            ++*problems > 1 ? "; " : "", row->fields_n, row->fields_n == 1 ? "" : "s",
            columns) != 0) {
        return -1;
    }
    for (size_t i = columns; i < row->fields_n; i++) { /* nothing is lost: the surplus moves here */
        if (weir_buf_adds(&w->errors, i == columns ? ": " : ",", err) != 0 ||
            weir_csv_put_field(&w->errors, row->fields[i].p, row->fields[i].len, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int on_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct worker *w = ctx;
    const size_t columns = w->job->columns;
    const size_t n = row->fields_n < columns ? row->fields_n : columns;
    size_t problems = 0, schema_problems = 0;

    /* A block may take long where the schema is costly, and nobody else looks meanwhile. */
    if (w->note->rows % ROWS_PER_LOOK == 0 && weir_clock_mono_ms() >= w->job->deadline_ms) {
        return weir_err_set(err, WEIR_E_DEADLINE, "the deadline has passed");
    }
    w->errors.len = 0;
    for (size_t i = 0; i < n; i++) {
        w->cells[i] = (struct weir_str){(const char *)row->fields[i].p, row->fields[i].len};
    }
    if (check_shape(w, row, &problems, err) != 0 ||
        weir_schema_check_row(w->check, w->cells, n, &w->errors, &schema_problems, err) != 0) {
        return -1;
    }
    problems += schema_problems;
    w->note->rows++;
    w->note->valid += problems == 0;
    for (size_t i = 0; i < columns; i++) {
        if ((i < n && weir_csv_put_field(w->to, row->fields[i].p, row->fields[i].len, err) != 0) ||
            weir_buf_adds(w->to, ",", err) != 0) {
            return -1;
        }
    }
    if (problems == 0) {
        return weir_buf_adds(w->to, "true,\n", err);
    }
    return weir_buf_adds(w->to, "false,", err) != 0 ||
                   weir_csv_put_field(w->to, w->errors.p, w->errors.len, err) != 0 ||
                   weir_buf_adds(w->to, "\n", err) != 0
               ? -1
               : 0;
}

/* Read the block's records, let on_record write rows to w->to, and compress these if asked to. */
static int work_through(struct worker *w, struct weir_block *block,
    int (*on_record)(void *, const struct weir_csv_row *, struct weir_err *), void *ctx)
{
    struct note *note = block->note;
    const size_t skip = note->cut.skip;

    w->note = note;
    w->csv.len = 0;
    w->to = w->deflate != NULL ? &w->csv : &block->out;
    if (weir_csv_read(w->reader, block->in + skip, block->in_len - skip, note->cut.malformed,
            on_record, ctx, &block->err) != 0) {
        return -1;
    }
    if (w->deflate == NULL) {
        return 0;
    }
    return weir_deflate_block(
        w->deflate, w->csv.p, w->csv.len, &block->out, &note->frame, &block->err);
}

/* One huge row must not keep its memory to the end of the stream. */
static void trim(struct worker *w)
{
    w->csv.len = w->errors.len = 0;
    weir_buf_trim(&w->csv, WEIR_KEEP_MAX_BYTES);
    weir_buf_trim(&w->errors, WEIR_KEEP_MAX_BYTES);
    weir_csv_reader_trim(w->reader);
    weir_schema_check_trim(w->check);
}

static int work(const void *job, void *worker, struct weir_block *block)
{
    const struct weir_validate *v = job;
    struct worker *w = worker;

    if (w->check == NULL) { /* the thread's first block */
        w->cells = calloc(v->columns, sizeof *w->cells);
        if (w->cells == NULL) {
            return weir_err_set(&block->err, WEIR_E_NOMEM, "validate: out of memory");
        }
        w->check = weir_schema_check_new(v->plan, &block->err);
        if (w->check == NULL) {
            return -1;
        }
    }
    int rc = work_through(w, block, on_row, w);
    trim(w);
    return rc;
}

/* ---- the head: the input's header ---- */

struct header {
    struct weir_validate *v;
    struct weir_buf *to;
};

static bool has_column(const struct weir_csv_row *row, const char *name)
{
    for (size_t i = 0; i < row->fields_n; i++) {
        const struct weir_str s = {(const char *)row->fields[i].p, row->fields[i].len};
        if (weir_str_eq(s, weir_str_of(name))) {
            return true;
        }
    }
    return false;
}

/* The output's header: the input's names, then the two of ours under names that are free. */
static int put_header(struct weir_buf *to, const struct weir_csv_row *row, struct weir_err *err)
{
    char valid[32] = "valid", errors[32] = "errors";

    for (unsigned n = 2; has_column(row, valid) || has_column(row, errors); n++) {
        snprintf(valid, sizeof valid, "valid_%u", n);
        snprintf(errors, sizeof errors, "errors_%u", n);
    }
    for (size_t i = 0; i < row->fields_n; i++) {
        if (weir_csv_put_field(to, row->fields[i].p, row->fields[i].len, err) != 0 ||
            weir_buf_adds(to, ",", err) != 0) {
            return -1;
        }
    }
    return weir_buf_addf(to, err, "%s,%s\n", valid, errors);
}

static int bind_columns(
    struct weir_validate *v, const struct weir_csv_row *row, struct weir_err *err)
{
    struct weir_str *names = calloc(row->fields_n, sizeof *names);

    if (names == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    for (size_t i = 0; i < row->fields_n; i++) {
        names[i] = (struct weir_str){(const char *)row->fields[i].p, row->fields[i].len};
    }
    v->columns = row->fields_n;
    v->plan = weir_schema_bind(v->schema, names, row->fields_n, err);
    free(names);
    return v->plan != NULL ? 0 : -1;
}

/* How many lines a block may have, so that its output stays under its ceiling whatever is wrong
 * with them: each may become a row of empty cells with as much error text as there can be, every
 * byte of it doubled by quoting. */
static uint64_t lines_max(size_t columns)
{
    const size_t row = columns + 2 * (WEIR_ROW_ERRORS_MAX_BYTES + 256);

    return (WEIR_BLOCK_OUT_MAX_BYTES - 4 * WEIR_BLOCK_BYTES) / row;
}

static int on_header(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct header *h = ctx;

    return bind_columns(h->v, row, err) != 0 ? -1 : put_header(h->to, row, err);
}

static int head(void *job, void *worker, struct weir_block *block)
{
    struct weir_validate *v = job;
    struct worker *w = worker;
    struct header header = {v, w->deflate != NULL ? &w->csv : &block->out};

    if (v->gzip && weir_gzip_header(&block->out, &block->err) != 0) {
        return -1;
    }
    if (work_through(w, block, on_header, &header) != 0) {
        return -1;
    }
    v->split.lines_max = lines_max(v->columns);
    if (v->plan == NULL) {
        return weir_err_set(&block->err, WEIR_E_DATA, "csv: the input is empty: it has no header");
    }
    return 0;
}

/* ---- merge ---- */

static int merge(void *job, struct weir_block *block)
{
    struct weir_validate *v = job;
    const struct note *note = block->note;

    if (block->err.code != WEIR_OK) {
        if (note->cut.len > 0 && block->index > 0) { /* split names its place by itself */
            weir_err_prefix(&block->err, "row %" PRIu64, v->sums.rows + note->rows + 1);
        }
        return -1;
    }
    v->sums.rows += note->rows;
    v->sums.valid += note->valid;
    v->sums.blank += note->cut.blank;
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
    .split = split,
    .worker_new = worker_new,
    .head = head,
    .work = work,
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
        free(v);
    }
}

struct weir_validate *weir_validate_new(struct weir_validate_job *job, struct weir_err *err)
{
    struct weir_stage stages[4] = {{0}};
    struct weir_validate *v = calloc(1, sizeof *v);

    if (v == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        return NULL;
    }
    v->schema = job->schema;
    v->info = job->info;
    v->gzip = job->gzip;
    v->begun_ms = weir_clock_mono_ms();
    v->deadline_ms = job->deadline_mono_ms;
    weir_csv_split_init(&v->split, WEIR_BLOCK_BYTES, WEIR_ROW_MAX_BYTES);
    if (weir_gunzip_new(&stages[1], true, err) != 0 ||
        weir_blocks_new(&ops, v, WEIR_ROW_MAX_BYTES, NULL, &stages[2], err) != 0) {
        goto out;
    }
    stages[0] = job->source;
    stages[3] = job->sink;
    v->pipe = weir_pipe_new(0, stages, 4, err);
    if (v->pipe == NULL) {
        goto out;
    }
    job->source = job->sink = (struct weir_stage){0}; /* the pipe owns them now */
    weir_pipe_set_deadline(v->pipe, job->deadline_mono_ms);
    return v;
out:
    weir_stage_free(&stages[1]);
    weir_stage_free(&stages[2]);
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
    for (size_t i = 0; stages && rc == 0 && i < n; i++) {
        rc = weir_buf_addf(ret, err,
            "%s{\"name\":\"%s\",\"steps\":%" PRIu64 ",\"waits\":%" PRIu64 ",\"bytes_in\":%" PRIu64
            ",\"bytes_out\":%" PRIu64 "}%s",
            i == 0 ? ",\"stages\":[" : ",", counts[i].name, counts[i].steps, counts[i].waits,
            counts[i].bytes_in, counts[i].bytes_out, i + 1 == n ? "]" : "");
    }
    return rc;
}
