#include "core/limits.h"
#include "csv/bytes.h"
#include "csv/writer.h"
#include "handlers/validate/work.h"
#include "json/quote.h"
#include "schema/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * What is wrong with a row, as the output has it. Each problem is counted; it is described unless
 * the row has no room left for that (WEIR_ROW_ERRORS_MAX_BYTES), or the whole job has none
 * (max_errors); what is left out is told by its number.
 */
#define TAIL_BYTES 112 /* of what is told of those left out, in any form */
#define POINTER_BYTES 1024

void weir_problem_begin(struct worker *w, size_t at, struct weir_err *err)
{
    const struct weir_validate *v = w->job;

    w->row = w->note->at.rows + w->note->rows + 1;
    w->at = at;
    w->text.len = 0;
    w->problems = w->said = w->said_bytes = 0;
    w->full = v->options.max_errors > 0 &&
              w->note->before.described + w->note->described >= v->options.max_errors;
    w->failed = false;
    w->err = err;
}

uint64_t weir_problem_line(struct worker *w)
{
    const bool cr = w->job->options.input != WEIR_INPUT_NDJSON; /* a CR alone ends a line */
    struct place *c = &w->counted;

    /* Rows begin behind a line end, so none is cut in half. */
    while (c->byte < w->at) {
        const uint8_t *p = w->in + c->byte;
        const uint64_t word = w->at - c->byte >= 8 ? weir_csv_word(p) : 0;
        if (word != 0 && (!cr || weir_csv_same(word, '\r') == 0)) {
            c->line += weir_csv_count(weir_csv_same(word, '\n'));
            c->byte += 8;
            continue;
        }
        c->line += *p == '\n' || (cr && *p == '\r' && p[1] != '\n');
        c->byte++;
    }
    return c->line;
}

/* ---- the forms ---- */

/* Of JSON the whole pointer, of a cell the one within it. */
static void pointer_of(
    const struct worker *w, const struct weir_schema_problem *p, char ret[POINTER_BYTES])
{
    if (w->job->options.input == WEIR_INPUT_NDJSON && !p->whole) {
        snprintf(ret, POINTER_BYTES, "/%s%s", p->label, p->pointer);
    } else {
        snprintf(ret, POINTER_BYTES, "%s", p->pointer);
    }
}

static int put_object(struct weir_buf *to, const char *pointer, const struct weir_schema_problem *p,
    struct weir_err *err)
{
    return weir_buf_adds(to, "{\"pointer\":", err) != 0 || weir_json_quote(to, pointer, err) != 0 ||
                   weir_buf_addf(to, err, ",\"keyword\":\"%s\",\"message\":", p->keyword) != 0 ||
                   weir_json_quote(to, p->message, err) != 0
               ? -1
               : weir_buf_adds(to, "}", err);
}

/* The column of a report: none for the row as a whole, nor where the pointer has it all. */
static const char *column_of(const struct worker *w, const struct weir_schema_problem *p)
{
    return p->whole || w->job->options.input == WEIR_INPUT_NDJSON ? NULL : p->label;
}

static int put_report_json(
    struct worker *w, struct weir_buf *to, const char *pointer, const struct weir_schema_problem *p)
{
    const char *column = column_of(w, p);

    if (weir_buf_addf(to, w->err,
            "{\"row\":%" PRIu64 ",\"line\":%" PRIu64 ",\"byte\":%" PRIu64 ",\"column\":", w->row,
            weir_problem_line(w), w->note->at.byte + w->at) != 0 ||
        (column != NULL ? weir_json_quote(to, column, w->err)
                        : weir_buf_adds(to, "null", w->err)) != 0 ||
        weir_buf_adds(to, ",\"pointer\":", w->err) != 0 ||
        weir_json_quote(to, pointer, w->err) != 0 ||
        weir_buf_addf(to, w->err, ",\"keyword\":\"%s\",\"message\":", p->keyword) != 0 ||
        weir_json_quote(to, p->message, w->err) != 0) {
        return -1;
    }
    return weir_buf_adds(to, "}\n", w->err);
}

static const char *const report_names[] = {
    "row", "line", "byte", "column", "pointer", "keyword", "message"};
#define REPORT_FIELDS (sizeof report_names / sizeof report_names[0])

static int put_report_csv(
    struct worker *w, struct weir_buf *to, const char *pointer, const struct weir_schema_problem *p)
{
    struct weir_csv_dialect d = weir_csv_common;
    struct weir_csv_field fields[REPORT_FIELDS];
    char row[24], line[24], byte[24];
    const char *column = column_of(w, p);

    snprintf(row, sizeof row, "%" PRIu64, w->row);
    snprintf(line, sizeof line, "%" PRIu64, weir_problem_line(w));
    snprintf(byte, sizeof byte, "%" PRIu64, w->note->at.byte + w->at);
    const char *texts[REPORT_FIELDS] = {
        row, line, byte, column != NULL ? column : "", pointer, p->keyword, p->message};
    for (size_t i = 0; i < REPORT_FIELDS; i++) {
        fields[i] = weir_csv_text(texts[i], strlen(texts[i]));
    }
    d.escape_formulas = w->job->options.dialect.escape_formulas;
    return weir_csv_put_fields(to, &d, fields, REPORT_FIELDS, w->err) != 0
               ? -1
               : weir_buf_adds(to, "\n", w->err);
}

int weir_problem_head(const struct weir_validate *v, struct weir_buf *to, struct weir_err *err)
{
    for (size_t i = 0; v->form == FORM_REPORT_CSV && i < REPORT_FIELDS; i++) {
        if (weir_buf_addf(to, err, "%s%s", report_names[i], i + 1 < REPORT_FIELDS ? "," : "\n") !=
            0) {
            return -1;
        }
    }
    return 0;
}

/* ---- what is said ---- */

static int put_text(struct weir_buf *to, const struct weir_schema_problem *p, struct weir_err *err)
{
    return weir_buf_adds(to, to->len > 0 ? "; " : "", err) != 0
               ? -1
               : weir_schema_put_problem(to, p, err);
}

/* Describe a problem at the end of `to`. */
static int describe(struct worker *w, struct weir_buf *to, const struct weir_schema_problem *p)
{
    char pointer[POINTER_BYTES];

    if (w->job->form != FORM_TEXT) {
        pointer_of(w, p, pointer);
    }
    switch (w->job->form) {
    case FORM_TEXT:
        return put_text(to, p, w->err);
    case FORM_OBJECTS:
        return to->len > 0 && weir_buf_adds(to, ",", w->err) != 0
                   ? -1
                   : put_object(to, pointer, p, w->err);
    case FORM_REPORT_CSV:
        return put_report_csv(w, to, pointer, p);
    case FORM_REPORT_JSON:
        return put_report_json(w, to, pointer, p);
    }
    return -1;
}

static struct weir_buf *said_to(struct worker *w)
{
    return w->job->form == FORM_TEXT || w->job->form == FORM_OBJECTS ? &w->text
                                                                     : w->to[WEIR_OUTLET_MAIN];
}

static void note_first(struct worker *w, const struct weir_schema_problem *p)
{
    struct weir_text t;

    weir_text_init(&t, w->first, sizeof w->first);
    weir_text_add(&t, weir_schema_problem_label(p));
    weir_text_add(&t, p->pointer);
    weir_text_add(&t, ": ");
    weir_text_add(&t, p->message);
}

void weir_problem_add(void *ctx, const struct weir_schema_problem *p)
{
    struct worker *w = ctx;
    struct weir_buf *to = said_to(w);
    const size_t before = to->len;

    if (w->problems++ == 0 && w->job->options.fail_fast > 0) {
        note_first(w, p);
    }
    if (w->failed || weir_tally_count(&w->tally, p, w->err) != 0) {
        w->failed = true;
        return;
    }
    if (w->full) {
        return;
    }
    if (describe(w, to, p) != 0) {
        w->failed = true;
        return;
    }
    if (w->said_bytes + (to->len - before) > WEIR_ROW_ERRORS_MAX_BYTES - TAIL_BYTES) {
        to->len = before; /* it does not fit any more */
        w->full = true;
        return;
    }
    w->said_bytes += to->len - before;
    w->said++;
}

int weir_problem_shape(struct worker *w, const char *keyword, const char *message)
{
    const struct weir_schema_problem p = {.column = SIZE_MAX,
        .label = "row",
        .pointer = "",
        .keyword = keyword,
        .message = message,
        .whole = true};

    /* The output's rows hold no more than the header says: what a row has beside that is here, and
     * nowhere else. */
    const bool full = w->full;
    w->full = full && w->job->form != FORM_TEXT;
    weir_problem_add(w, &p);
    w->full = w->full || full;
    return w->failed ? -1 : 0;
}

/* How many are not described. */
static int tell_left_out(struct worker *w)
{
    char message[64];
    struct weir_buf *to = said_to(w);
    const struct weir_schema_problem p = {.column = SIZE_MAX,
        .label = "row",
        .pointer = "",
        .keyword = "more",
        .message = message,
        .whole = true};

    if (w->said == 0) {
        snprintf(message, sizeof message, "%zu problem%s, not described", w->problems,
            w->problems == 1 ? "" : "s");
    } else {
        snprintf(message, sizeof message, "and %zu more", w->problems - w->said);
    }
    if (w->job->form == FORM_TEXT) {
        return weir_buf_addf(to, w->err, "%s%s", to->len > 0 ? "; " : "", message);
    }
    return describe(w, to, &p);
}

int weir_problem_end(struct worker *w)
{
    const struct weir_validate *v = w->job;

    if (w->failed) {
        return -1;
    }
    if (w->problems == 0) {
        return 0;
    }
    w->note->described += w->said;
    /* In a report a row whose turn came too late is not told at all: it is in the sums. */
    const bool report = v->form == FORM_REPORT_CSV || v->form == FORM_REPORT_JSON;
    return w->said < w->problems && !(report && w->said == 0) ? tell_left_out(w) : 0;
}
