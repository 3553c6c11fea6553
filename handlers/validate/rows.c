#include "core/clock.h"
#include "core/limits.h"
#include "csv/sniff.h"
#include "csv/writer.h"
#include "handlers/validate/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * CSV: the text is cut by csv/split.h, the head is the first record alone; rows of a block ->
 * fields
 * -> schema -> the row again with valid and errors -> deflate.
 */

/* Rows in a read between two looks at the clock. */
#define ROWS_PER_LOOK 16

/* ---- split ---- */

/* The dialect is what the options say, but for a delimiter that is to be found. Returns false when
 * more bytes are needed for that. */
static bool begin(struct weir_validate *v, const uint8_t *p, size_t len, bool last)
{
    v->read = v->options.dialect;
    if (v->read.delimiter == WEIR_CSV_AUTO && !weir_csv_sniff(p, len, last, &v->read)) {
        return false;
    }
    v->write = weir_csv_dialect_out(&v->read);
    weir_csv_split_init(&v->split, &v->read, WEIR_BLOCK_BYTES, WEIR_ROW_MAX_BYTES);
    v->begun = true;
    return true;
}

int weir_validate_rows_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    struct weir_validate *v = job;
    struct note *note = block->note;

    if (!v->begun && !begin(v, p, len, last)) {
        return 0;
    }
    if (weir_csv_split(&v->split, p, len, last, &note->cut, &block->err) != 0) {
        return -1;
    }
    *cut = note->cut.len;
    return 0;
}

/* ---- rows ---- */

void weir_validate_rows_fini(struct worker *w)
{
    weir_csv_reader_free(w->reader);
    weir_schema_check_free(w->check);
    free(w->cells);
    free(w->line);
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
        const uint8_t delimiter = (uint8_t)w->job->write.delimiter;
        if (weir_buf_add(&w->errors, i == columns ? (const void *)": " : &delimiter,
                i == columns ? 2 : 1, err) != 0 ||
            weir_csv_put_field(
                &w->errors, &w->job->write, row->fields[i].p, row->fields[i].len, err) != 0) {
            return -1;
        }
    }
    return 0;
}

/* A field as the schema is to see it. */
static struct weir_str cell_of(
    const struct weir_validate_options *o, const struct weir_csv_field *field)
{
    struct weir_str s = {(const char *)field->p, field->len};
    const bool other = field->quoted_empty && o->quoted_empty != WEIR_EMPTY_SAME;

    if (o->trim) {
        s = weir_validate_trim(s);
    }
    if (s.len > 0) {
        return s;
    }
    switch (other ? o->quoted_empty : o->empty) {
    case WEIR_EMPTY_NULL:
        return (struct weir_str){weir_schema_null, 0};
    case WEIR_EMPTY_STRING:
        return (struct weir_str){"", 0};
    case WEIR_EMPTY_ABSENT:
    case WEIR_EMPTY_SAME:
        break;
    }
    return (struct weir_str){NULL, 0};
}

/* The row's fields need not be written again: their source is what they would become. */
static int put_as_is(
    struct worker *w, const struct weir_csv_row *row, bool valid, struct weir_err *err)
{
    const uint8_t delimiter = (uint8_t)w->job->write.delimiter;
    const char *verdict = valid ? "true" : "false";

    if (weir_buf_add(w->to, row->source, row->source_len, err) != 0 ||
        weir_buf_add(w->to, &delimiter, 1, err) != 0 || weir_buf_adds(w->to, verdict, err) != 0 ||
        weir_buf_add(w->to, &delimiter, 1, err) != 0 ||
        weir_csv_put_field(w->to, &w->job->write, w->errors.p, w->errors.len, err) != 0) {
        return -1;
    }
    return weir_buf_add(w->to, "\n", 1, err);
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
        w->cells[i] = w->job->plain
                          ? (struct weir_str){(const char *)row->fields[i].p, row->fields[i].len}
                          : cell_of(&w->job->options, &row->fields[i]);
    }
    if (check_shape(w, row, &problems, err) != 0 ||
        weir_schema_check_row(w->check, w->cells, n, &w->errors, &schema_problems, err) != 0) {
        return -1;
    }
    problems += schema_problems;
    w->note->rows++;
    w->note->valid += problems == 0;
    if (row->source != NULL && row->fields_n == columns && !w->job->write.escape_formulas) {
        return put_as_is(w, row, problems == 0, err);
    }
    memcpy(w->line, row->fields, n * sizeof *w->line);
    for (size_t i = n; i < columns; i++) {
        w->line[i] = weir_csv_text(NULL, 0);
    }
    w->line[columns] = problems == 0 ? weir_csv_text("true", 4) : weir_csv_text("false", 5);
    w->line[columns + 1] = weir_csv_text(w->errors.p, w->errors.len);
    return weir_csv_put_fields(w->to, &w->job->write, w->line, columns + 2, err) != 0
               ? -1
               : weir_buf_add(w->to, "\n", 1, err);
}

/* What a thread needs for rows, once the columns are known. */
static int prepare(struct worker *w, const struct weir_validate *v, struct weir_err *err)
{
    if (w->check != NULL) {
        return 0;
    }
    w->cells = calloc(v->columns, sizeof *w->cells);
    w->line = calloc(v->columns + 2, sizeof *w->line);
    if (w->cells == NULL || w->line == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    w->check = weir_schema_check_new(v->plan, err);
    return w->check != NULL ? 0 : -1;
}

/* ---- blocks ---- */

/* Read the block's records; on_record writes rows to w->to. */
static int read_block(struct worker *w, const struct weir_validate *v, struct weir_block *block,
    int (*on_record)(void *, const struct weir_csv_row *, struct weir_err *), void *ctx)
{
    struct note *note = block->note;
    const size_t skip = note->cut.skip;

    w->note = note;
    w->csv.len = 0;
    w->to = w->deflate != NULL ? &w->csv : &block->out;
    if (w->reader == NULL) {
        w->reader = weir_csv_reader_new(&v->read, &block->err);
        if (w->reader == NULL) {
            return -1;
        }
        weir_csv_reader_set_engine(w->reader, v->options.csv_engine);
    }
    return weir_csv_read(w->reader, block->in + skip, block->in_len - skip, note->cut.counts.odd,
        on_record, ctx, &block->err);
}

/* The block's rows are written: compress them if asked to. */
static int end_block(struct worker *w, struct weir_block *block)
{
    return w->deflate == NULL ? 0
                              : weir_deflate_block(w->deflate, w->csv.p, w->csv.len, &block->out,
                                    &w->note->frame, &block->err);
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

int weir_validate_rows_work(const void *job, void *worker, struct weir_block *block)
{
    const struct weir_validate *v = job;
    struct worker *w = worker;
    int rc = -1;

    if (prepare(w, v, &block->err) != 0) {
        return -1;
    }
    if (read_block(w, v, block, on_row, w) != 0) {
        goto out;
    }
    if (w->note->rows != w->note->cut.counts.rows) {
        weir_err_set(&block->err, WEIR_E_BUG, "csv: the reader and the splitter disagree");
        goto out;
    }
    rc = end_block(w, block);
out:
    trim(w);
    return rc;
}

/* ---- the head ---- */

/* What reads the first record, or the names that stand for it. */
struct head {
    struct weir_validate *v;
    struct worker *w;
};

static int on_names(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct head *h = ctx;

    return weir_validate_header(h->v, h->w->to, row->fields, row->fields_n, err);
}

static int header_given(struct head *h, struct weir_err *err)
{
    const char *names = h->v->options.header;
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, err);

    if (reader == NULL) {
        return -1;
    }
    int rc = weir_csv_read(reader, (const uint8_t *)names, strlen(names), true, on_names, h, err);
    weir_csv_reader_free(reader);
    return rc;
}

/* column_1, column_2, ... */
static int header_numbered(struct head *h, size_t n, struct weir_err *err)
{
    const size_t room = sizeof "column_" + 20;
    struct weir_csv_field *names = calloc(n, sizeof *names);
    char *texts = calloc(n, room);
    int rc = -1;

    if (names == NULL || texts == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        char *text = texts + i * room;
        names[i] = weir_csv_text(text, (size_t)snprintf(text, room, "column_%zu", i + 1));
    }
    rc = weir_validate_header(h->v, h->w->to, names, n, err);
out:
    free(names);
    free(texts);
    return rc;
}

static int on_first(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct head *h = ctx;
    const struct weir_validate_options *o = &h->v->options;

    if (o->header == NULL && !o->no_header) {
        return on_names(h, row, err);
    }
    int rc = o->header != NULL ? header_given(h, err) : header_numbered(h, row->fields_n, err);
    return rc != 0 || prepare(h->w, h->v, err) != 0 ? -1 : on_row(h->w, row, err);
}

/* How many lines a block may have, so that its output stays under its ceiling whatever is wrong
 * with them: each may become a row of empty cells with as much error text as there can be, every
 * byte of it doubled by quoting. */
static uint64_t lines_max(size_t columns)
{
    const size_t row = columns + 2 * (WEIR_ROW_ERRORS_MAX_BYTES + 256);

    return (WEIR_BLOCK_OUT_MAX_BYTES - 4 * WEIR_BLOCK_BYTES) / row;
}

int weir_validate_rows_head(void *job, void *worker, struct weir_block *block)
{
    struct weir_validate *v = job;
    struct worker *w = worker;
    struct head head = {v, w};

    if (v->gzip && weir_gzip_header(&block->out, &block->err) != 0) {
        return -1;
    }
    if (read_block(w, v, block, on_first, &head) != 0) {
        return -1;
    }
    if (v->plan == NULL && v->options.header != NULL && header_given(&head, &block->err) != 0) {
        return -1;
    }
    if (v->plan == NULL) {
        return weir_err_set(&block->err, WEIR_E_DATA, "csv: the input is empty: it has no %s",
            v->options.no_header ? "row" : "header");
    }
    v->split.lines_max = lines_max(v->columns);
    return end_block(w, block);
}
