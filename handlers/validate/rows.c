#include "core/limits.h"
#include "csv/writer.h"
#include "handlers/validate/work.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * CSV: the text is cut by csv/split.h, the head is the first record alone; rows of a block become
 * fields, these go through the schema, and out comes the row again.
 */

/* ---- split ---- */

int weir_validate_rows_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    struct weir_validate *v = job;
    struct note *note = block->note;

    weir_validate_cut_begin(v, note);
    if (weir_csv_split(&v->csv, p, len, last, &note->cut, &block->err) != 0) {
        return -1;
    }
    if (block->index == 0) {
        /* A copy, which the workers read while the splitter goes on, and its state is set anew. */
        v->read = v->csv.dialect;
        v->write = weir_csv_dialect_out(&v->read);
    }
    const struct weir_csv_counts *n = &note->cut.counts;
    v->at.rows +=
        n->rows - (block->index == 0 && n->rows > 0 && weir_validate_has_header(&v->options));
    v->at.line += n->lines;
    v->at.byte += note->cut.len;
    *cut = note->cut.len;
    return 0;
}

/* ---- rows ---- */

/* The fields beyond the header move into the errors, where these are a column: nothing is lost. */
static int put_surplus(struct worker *w, const struct weir_csv_row *row, struct weir_err *err)
{
    const struct weir_csv_dialect *d = &w->job->write;
    const uint8_t delimiter = (uint8_t)d->delimiter;
    const size_t columns = w->job->columns;

    for (size_t i = columns; i < row->fields_n; i++) {
        const struct weir_csv_field *f = &row->fields[i];
        if (weir_buf_add(&w->text, i == columns ? (const void *)": " : &delimiter,
                i == columns ? 2 : 1, err) != 0 ||
            weir_csv_put_field(&w->text, d, f->p, f->len, err) != 0) {
            return -1;
        }
    }
    return 0;
}

#define SHAPE_BYTES 96 /* of what is said of it */

static void say_malformed(const struct weir_csv_row *row, char message[SHAPE_BYTES])
{
    snprintf(message, SHAPE_BYTES, "text after the closing quote of field %zu",
        row->malformed_field + 1);
}

/* A row that is none, where nothing but rows is wanted. */
static int fail_strict(struct worker *w, const char *message, struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_DATA, "in line %" PRIu64 ": %s", weir_problem_line(w), message);
}

/* What is wrong with the row as a row. */
static int check_shape(struct worker *w, const struct weir_csv_row *row, struct weir_err *err)
{
    char message[SHAPE_BYTES];

    if (row->malformed) {
        say_malformed(row, message);
        if (weir_problem_shape(w, "quote", message) != 0) {
            return -1;
        }
    }
    if (row->fields_n != w->job->columns) {
        snprintf(message, SHAPE_BYTES, "%zu field%s, the header has %zu", row->fields_n,
            row->fields_n == 1 ? "" : "s", w->job->columns);
        if (weir_problem_shape(w, "fields", message) != 0 ||
            (w->job->form == FORM_TEXT && put_surplus(w, row, err) != 0)) {
            return -1;
        }
    }
    return w->job->options.strict ? fail_strict(w, message, err) : 0;
}

/* The row's last field and its end. */
static int put_errors(struct worker *w, struct weir_buf *to, struct weir_err *err)
{
    return weir_csv_put_long(
               to, &w->job->write, w->text.p, w->text.len, weir_outlet_more, w, err) != 0
               ? -1
               : weir_buf_add(to, "\n", 1, err);
}

/* The row's fields need not be written again: their source is what they would become. */
static int put_as_is(
    struct worker *w, const struct weir_csv_row *row, struct weir_buf *to, struct weir_err *err)
{
    const struct weir_validate *v = w->job;
    const bool split = v->options.output == WEIR_OUTPUT_SPLIT, valid = w->problems == 0;
    const char delimiter = (char)v->write.delimiter;
    const char valid_is[] = {delimiter, 't', 'r', 'u', 'e', delimiter, '\n'};
    const char invalid_is[] = {delimiter, 'f', 'a', 'l', 's', 'e', delimiter};
    uint8_t *at = weir_buf_reserve(to, row->source_len + sizeof valid_is, err);

    if (at == NULL) {
        return -1;
    }
    memcpy(at, row->source, row->source_len);
    at += row->source_len;
    if (valid) {
        const size_t n = split ? 1 : sizeof valid_is; /* where it is split, only the line end */
        memcpy(at, valid_is + sizeof valid_is - n, n);
        to->len += row->source_len + n;
        return 0;
    }
    const size_t n = split ? 1 : sizeof invalid_is;
    memcpy(at, invalid_is + sizeof invalid_is - n, n);
    to->len += row->source_len + n;
    return put_errors(w, to, err);
}

/* The row as the output has it; n of its fields are in columns. */
static int put_row(struct worker *w, const struct weir_csv_row *row, size_t n, struct weir_err *err)
{
    const struct weir_validate *v = w->job;
    const bool split = v->options.output == WEIR_OUTPUT_SPLIT, valid = w->problems == 0;
    struct weir_buf *to = w->to[split && !valid ? WEIR_OUTLET_INVALID : WEIR_OUTLET_MAIN];
    struct weir_csv_field *line = w->line;
    size_t fields = v->columns;

    if (v->options.output == WEIR_OUTPUT_REPORT) {
        return 0;
    }
    if (row->source != NULL && row->fields_n == v->columns && v->as_is) {
        return put_as_is(w, row, to, err);
    }
    memcpy(line, row->fields, n * sizeof *line);
    for (size_t i = n; i < v->columns; i++) {
        line[i] = weir_csv_text(NULL, 0);
    }
    if (!split) {
        line[fields++] = valid ? weir_csv_text("true", 4) : weir_csv_text("false", 5);
    }
    if (!split || !valid) {
        line[fields++] = weir_csv_text(NULL, 0); /* the errors follow it */
    }
    if (weir_csv_put_fields(to, &v->write, line, fields, err) != 0) {
        return -1;
    }
    return valid ? weir_buf_add(to, "\n", 1, err) : put_errors(w, to, err);
}

/* The fields as the schema is to see them. */
static void take_cells(struct worker *w, const struct weir_csv_field *fields, size_t n)
{
    struct weir_str *cells = w->cells;
    bool *doubled = w->doubled;

    for (size_t i = 0; i < n; i++) {
        cells[i].p = (const char *)fields[i].p;
        cells[i].len = fields[i].len;
        doubled[i] = fields[i].doubled;
    }
    for (size_t i = 0; !w->job->plain && i < n; i++) {
        cells[i] = weir_validate_cell(&w->job->options, &fields[i]);
    }
}

static int on_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct worker *w = ctx;
    const struct weir_validate *v = w->job;
    const size_t n = row->fields_n < v->columns ? row->fields_n : v->columns;
    const struct weir_schema_row cells = {
        .cells = w->cells, .n = n, .doubled = w->doubled, .utf8 = row->utf8};
    size_t problems;

    if (weir_validate_deadline(w, err) != 0) {
        return -1;
    }
    weir_problem_begin(w, w->note->cut.skip + row->at, err);
    take_cells(w, row->fields, n);
    if (((row->malformed || row->fields_n != v->columns) && check_shape(w, row, err) != 0) ||
        weir_schema_check_cells(w->check, &cells, weir_problem_add, w, &problems, err) != 0 ||
        (v->unique != NULL && weir_unique_row(w, n, err) != 0) || weir_problem_end(w) != 0 ||
        put_row(w, row, n, err) != 0) {
        return -1;
    }
    return weir_validate_row_end(w, err);
}

/* What a thread needs for rows, once the columns are known. */
static int prepare(struct worker *w, struct weir_err *err)
{
    const size_t columns = w->job->columns;

    if (w->check != NULL) {
        return 0;
    }
    w->cells = calloc(columns, sizeof *w->cells);
    w->doubled = calloc(columns, sizeof *w->doubled);
    w->line = calloc(columns + 2, sizeof *w->line);
    if (w->cells == NULL || w->doubled == NULL || w->line == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    return weir_validate_check_new(w, err);
}

/* ---- blocks ---- */

/* Read the block's records; on_record writes rows to w->to. */
static int read_block(struct worker *w, struct weir_block *block,
    int (*on_record)(void *, const struct weir_csv_row *, struct weir_err *), void *ctx)
{
    const struct weir_validate *v = w->job;
    const struct weir_csv_cut *cut = &((struct note *)block->note)->cut;

    if (w->reader == NULL) {
        w->reader = weir_csv_reader_new(&v->read, &block->err);
        if (w->reader == NULL) {
            return -1;
        }
        weir_csv_reader_set_engine(w->reader, v->options.csv_engine);
    }
    weir_csv_reader_set_doubled(w->reader, v->raw, v->raw != NULL ? v->columns : 0);
    return weir_csv_read(w->reader, block->in + cut->skip, block->in_len - cut->skip,
        cut->counts.odd || v->places, on_record, ctx, &block->err);
}

int weir_validate_rows_work(const void *job, void *worker, struct weir_block *block)
{
    struct worker *w = worker;
    int rc = -1;

    (void)job; /* the worker's */
    if (prepare(w, &block->err) != 0) {
        return -1;
    }
    weir_outlet_begin(w, block);
    if (read_block(w, block, on_row, w) != 0) {
        goto out;
    }
    if (w->note->rows != w->note->cut.counts.rows) {
        weir_err_set(&block->err, WEIR_E_BUG, "csv: the reader and the splitter disagree");
        goto out;
    }
    rc = weir_outlet_end(w, block);
out:
    weir_outlet_trim(w);
    weir_csv_reader_trim(w->reader);
    weir_schema_check_trim(w->check);
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

    return weir_validate_header(h->v, h->w, row->fields, row->fields_n, err);
}

static int on_first(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct head *h = ctx;
    char message[SHAPE_BYTES];
    const bool header = weir_validate_has_header(&h->v->options);

    if (header && row->malformed && h->v->options.strict) {
        weir_problem_begin(h->w, h->w->note->cut.skip + row->at, err);
        say_malformed(row, message);
        fail_strict(h->w, message, err);
        weir_err_prefix(err, "the header");
        return -1;
    }
    if (weir_validate_names(&h->v->options, row, on_names, h, err) != 0) {
        return -1;
    }
    if (header) {
        return 0;
    }
    return prepare(h->w, err) != 0 ? -1 : on_row(h->w, row, err);
}

int weir_validate_rows_head(void *job, void *worker, struct weir_block *block)
{
    struct weir_validate *v = job;
    struct worker *w = worker;
    struct head head = {v, w};

    weir_outlet_begin(w, block);
    if (read_block(w, block, on_first, &head) != 0) {
        if (block->err.code == WEIR_E_LIMIT && v->plan == NULL) { /* the reader knows no place */
            weir_err_prefix(
                &block->err, weir_validate_has_header(&v->options) ? "the header" : "row 1");
        }
        return -1;
    }
    if (v->plan == NULL &&
        weir_validate_names(&v->options, NULL, on_names, &head, &block->err) != 0) {
        return -1;
    }
    v->csv.lines_max = weir_validate_lines_max(v->columns);
    return weir_outlet_end(w, block);
}
