#include "core/limits.h"
#include "core/mark.h"
#include "handlers/validate/work.h"
#include "json/quote.h"

#include <inttypes.h>
#include <string.h>

/*
 * JSON Lines: each line is a JSON text, and is checked as it is. A line ends at LF (a CR before it
 * is blank space, as JSON has it); one with nothing but blanks is no row. The head is the first
 * line, which is a row like any other; a stream without any is one of no rows.
 */

/* ---- split ---- */

/* Count a line of that length (without its LF). */
static void count(struct weir_csv_counts *n, const uint8_t *p, size_t len)
{
    const bool blank = weir_validate_is_blank((const char *)p, len);

    n->lines++;
    n->blank += blank;
    n->rows += !blank;
}

static int fail_long(const struct weir_validate *v, uint64_t lines, struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_LIMIT, "json: line %" PRIu64 " is longer than %zu bytes",
        v->at.line + lines, (size_t)WEIR_ROW_MAX_BYTES);
}

/* What the stream begins with. Returns 1 when it is known, 0 when more bytes are needed, or -1. */
static int begin(
    struct weir_validate *v, const uint8_t *p, size_t len, bool last, struct weir_err *err)
{
    size_t skip;

    if (v->begun) {
        return 1;
    }
    const int rc = weir_mark_skip("json", p, len, last, &skip, err);
    if (rc == 1) {
        v->begun = true;
        v->lines.skip = v->lines.pos = v->lines.seen = skip;
    }
    return rc;
}

/* Go to the end of the block: behind the last line that fits it, or behind the first. Returns 1
 * when that is known, 0 when more bytes are needed, or -1. It depends on the bytes alone. */
static int scan(struct weir_validate *v, uint64_t lines_max, const uint8_t *p, size_t len,
    bool last, struct weir_err *err)
{
    struct lines *s = &v->lines;

    while (s->counts.lines < lines_max && s->pos < len) {
        const uint8_t *lf = memchr(p + s->seen, '\n', len - s->seen);
        const size_t end = lf != NULL ? (size_t)(lf - p) : len;
        if (end - s->pos > WEIR_ROW_MAX_BYTES) {
            return fail_long(v, s->counts.lines, err);
        }
        if (s->counts.lines > 0 && end >= WEIR_BLOCK_BYTES) {
            return 1; /* the line is the next block's */
        }
        s->seen = end;
        if (lf == NULL && !last) {
            return 0;
        }
        count(&s->counts, p + s->pos, end - s->pos);
        s->pos = s->seen = end + (lf != NULL);
    }
    return s->counts.lines >= lines_max || last;
}

int weir_validate_lines_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    struct weir_validate *v = job;
    struct note *note = block->note;
    int rc = begin(v, p, len, last, &block->err);

    weir_validate_cut_begin(v, note);
    if (rc == 1) {
        rc = scan(v, block->index == 0 ? 1 : v->lines_max, p, len, last, &block->err);
    }
    if (rc != 1) {
        return rc;
    }
    *cut = v->lines.pos;
    note->cut = (struct weir_csv_cut){
        .len = v->lines.pos, .skip = v->lines.skip, .counts = v->lines.counts};
    v->at.rows += note->cut.counts.rows;
    v->at.line += note->cut.counts.lines;
    v->at.byte += note->cut.len;
    v->lines = (struct lines){0};
    return 0;
}

/* ---- lines ---- */

/* The line as a value: what is no JSON becomes a string, so that the output is; it may be six times
 * as long. */
static int put_value(
    struct worker *w, struct weir_buf *to, struct weir_str line, bool json, struct weir_err *err)
{
    return json ? weir_buf_add(to, line.p, line.len, err)
                : weir_json_quote_long(to, line, weir_outlet_more, w, err);
}

static int put_line(struct worker *w, struct weir_str line, bool json, struct weir_err *err)
{
    const bool split = w->job->options.output == WEIR_OUTPUT_SPLIT, valid = w->problems == 0;
    struct weir_buf *to = w->to[split && !valid ? WEIR_OUTLET_INVALID : WEIR_OUTLET_MAIN];

    if (w->job->options.output == WEIR_OUTPUT_REPORT) {
        return 0;
    }
    if (split && valid) {
        return weir_buf_add(to, line.p, line.len, err) != 0 ? -1 : weir_buf_adds(to, "\n", err);
    }
    return weir_buf_adds(to,
               split   ? "{"
               : valid ? "{\"valid\":true,"
                       : "{\"valid\":false,",
               err) != 0 ||
                   weir_buf_adds(to, "\"errors\":[", err) != 0 ||
                   weir_buf_add(to, w->text.p, w->text.len, err) != 0 ||
                   weir_buf_adds(to, "],\"row\":", err) != 0 ||
                   put_value(w, to, line, json, err) != 0
               ? -1
               : weir_buf_adds(to, "}\n", err);
}

/* Notes whether a line was no JSON, besides telling it. */
struct judge {
    struct worker *w;
    bool json;
};

static void on_problem(void *ctx, const struct weir_schema_problem *problem)
{
    struct judge *j = ctx;

    j->json =
        j->json && strcmp(problem->keyword, "json") != 0 && strcmp(problem->keyword, "utf8") != 0;
    weir_problem_add(j->w, problem);
}

static int on_line(struct worker *w, struct weir_str line, size_t at, struct weir_err *err)
{
    struct judge judge = {w, true};
    size_t problems;

    if (weir_validate_deadline(w, err) != 0) {
        return -1;
    }
    weir_problem_begin(w, at, err);
    if (weir_schema_check_json(w->check, line, on_problem, &judge, &problems, err) != 0) {
        return -1;
    }
    if (!judge.json && w->job->options.strict) {
        return weir_err_set(
            err, WEIR_E_DATA, "in line %" PRIu64 ": not JSON", weir_problem_line(w));
    }
    if ((w->job->unique != NULL && weir_unique_row(w, 0, err) != 0) || weir_problem_end(w) != 0 ||
        put_line(w, line, judge.json, err) != 0) {
        return -1;
    }
    return weir_validate_row_end(w, err);
}

static int read_lines(struct worker *w, struct weir_block *block)
{
    const uint8_t *p = block->in, *end = p + block->in_len;

    for (p += w->note->cut.skip; p < end;) {
        const uint8_t *lf = memchr(p, '\n', (size_t)(end - p)), *stop = lf != NULL ? lf : end;
        struct weir_str line = {(const char *)p, (size_t)(stop - p)};
        if (!weir_validate_is_blank(line.p, line.len)) {
            line.len -= line.p[line.len - 1] == '\r';
            if (on_line(w, line, (size_t)(p - block->in), &block->err) != 0) {
                return -1;
            }
        }
        p = lf != NULL ? lf + 1 : end;
    }
    return 0;
}

int weir_validate_lines_work(const void *job, void *worker, struct weir_block *block)
{
    struct worker *w = worker;

    (void)job; /* the worker's */
    if (w->check == NULL && weir_validate_check_new(w, &block->err) != 0) {
        return -1;
    }
    weir_outlet_begin(w, block);
    int rc = read_lines(w, block) != 0 ? -1 : weir_outlet_end(w, block);
    weir_outlet_trim(w);
    weir_schema_check_trim(w->check);
    return rc;
}

int weir_validate_lines_head(void *job, void *worker, struct weir_block *block)
{
    struct weir_validate *v = job;
    struct worker *w = worker;

    v->plan = weir_schema_bind(v->schema, NULL, 0, &block->err);
    if (v->plan == NULL || weir_validate_check_new(w, &block->err) != 0) {
        return -1;
    }
    v->lines_max = weir_validate_lines_max(0);
    weir_outlet_begin(w, block);
    if (weir_problem_head(v, w->to[WEIR_OUTLET_MAIN], &block->err) != 0 ||
        read_lines(w, block) != 0) {
        return -1;
    }
    return weir_outlet_end(w, block);
}
