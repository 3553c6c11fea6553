#include "schema/check.h"

#include "core/limits.h"
#include "schema/text.h"

#include <stdio.h>

/*
 * What is said about a row: each problem with its place, and the text that they become in `errors`,
 * in the order in which they are found, up to the ceiling; from the first that does not fit, they
 * are only counted.
 */

#define LABEL_BYTES 112
#define POINTER_BYTES 640
#define MESSAGE_BYTES 320
#define LINE_BYTES (LABEL_BYTES + POINTER_BYTES + MESSAGE_BYTES)
#define NAME_MAX_BYTES 96 /* of one name in a pointer */
#define TAIL_BYTES 40     /* "; and 18446744073709551615 more" */

/* The places of nested values, and of a member that is missing in the innermost. */
#define CHAIN_MAX (WEIR_JSON_DEPTH_MAX + 2)

/* Where a problem has no column, the first name of its place is the label. */
static size_t find_column(const struct weir_schema_plan *plan, struct weir_str name)
{
    for (size_t i = 0; i < plan->columns_n; i++) {
        if (weir_str_eq(plan->columns[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static void add_token(struct weir_text *t, const struct weir_schema_place *at)
{
    if (at->name.p != NULL) {
        weir_text_token(t, at->name, NAME_MAX_BYTES);
    } else {
        weir_text_index(t, at->index);
    }
}

void weir_schema_report(struct weir_schema_check *c, const struct weir_schema_place *at,
    const char *keyword, const char *message)
{
    const struct weir_schema_place *chain[CHAIN_MAX];
    char label[LABEL_BYTES] = "/row", pointer[POINTER_BYTES], text[MESSAGE_BYTES];
    struct weir_schema_problem p = {c->column, c->label, pointer, keyword, message, false};
    struct weir_text t;
    size_t n = 0;

    for (; at != NULL && n < CHAIN_MAX; at = at->up) {
        chain[n++] = at;
    }
    if (p.label == NULL) {
        weir_text_init(&t, label, sizeof label);
        if (n > 0) {
            p.column =
                chain[n - 1]->name.p != NULL ? find_column(c->plan, chain[n - 1]->name) : SIZE_MAX;
            add_token(&t, chain[--n]);
        } else {
            weir_text_add(&t, "/row");
            p.whole = true;
        }
        p.label = p.column != SIZE_MAX ? c->plan->columns[p.column].label
                  : label[1] != '\0'   ? label + 1
                                       : "\"\"";
    }
    weir_text_init(&t, pointer, sizeof pointer);
    while (n > 0) {
        add_token(&t, chain[--n]);
    }
    if (c->as_name) {
        snprintf(text, sizeof text, "as a name %s", message);
        p.message = text;
    }
    c->problems++;
    c->on_problem(c->ctx, &p);
}

void weir_schema_report_at(struct weir_schema_check *c, const struct weir_schema_place *at,
    uint32_t keyword, const char *message)
{
    const struct weir_json_tape *tape = &c->plan->schema->tape;
    struct weir_str name = weir_json_text(tape, &tape->v[keyword - 1]);
    char text[32];

    /* No keyword is longer, or has anything in it that a text may not have. */
    const size_t n = name.len < sizeof text ? name.len : sizeof text - 1;
    memcpy(text, name.p, n);
    text[n] = '\0';
    weir_schema_report(c, at, text, message);
}

void weir_schema_errors_begin(
    struct weir_schema_errors *e, struct weir_buf *to, struct weir_err *err)
{
    *e = (struct weir_schema_errors){.to = to, .err = err, .before = to->len};
}

void weir_schema_errors_add(void *ctx, const struct weir_schema_problem *p)
{
    struct weir_schema_errors *e = ctx;
    char line[LINE_BYTES];
    struct weir_text t;

    if (!e->full) {
        weir_text_init(&t, line, sizeof line);
        weir_text_add(&t, e->to->len > 0 ? "; " : "");
        weir_text_add(&t, p->label);
        weir_text_add(&t, p->pointer);
        weir_text_add(&t, ": ");
        weir_text_add(&t, p->message);
        size_t used = e->to->len - e->before;
        e->full = used + t.len > WEIR_ROW_ERRORS_MAX_BYTES - TAIL_BYTES;
        if (!e->full && weir_buf_add(e->to, line, t.len, e->err) == -1) {
            e->full = e->failed = true;
        }
    }
    e->left_out += e->full;
    e->said += !e->full;
}

int weir_schema_errors_end(struct weir_schema_errors *e)
{
    if (!e->failed && e->left_out > 0) {
        /* The first always fits, so there is something to follow. */
        e->failed = weir_buf_addf(e->to, e->err, "; and %zu more", e->left_out) == -1;
    }
    return e->failed ? -1 : 0;
}
