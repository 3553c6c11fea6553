#include "schema/check.h"

#include "core/limits.h"
#include "schema/text.h"

#include <stdio.h>

/*
 * What is said about a row: each problem with its place, in the order in which they are found.
 */

#define LABEL_BYTES 112
#define POINTER_BYTES 640
#define MESSAGE_BYTES 320
#define NAME_MAX_BYTES 96 /* of one name in a pointer */

/* The places of nested values, and of a member that is missing in the innermost. */
#define CHAIN_MAX (WEIR_JSON_DEPTH_MAX + 2)

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
            /* No column is at hand: the first name of the place is one, or is the label. */
            p.column = chain[n - 1]->name.p != NULL
                           ? weir_schema_plan_find(c->plan, chain[n - 1]->name)
                           : SIZE_MAX;
            add_token(&t, chain[--n]);
        } else {
            weir_text_add(&t, "/row");
            p.whole = true;
        }
        p.label = p.column != SIZE_MAX ? c->plan->columns[p.column].label
                  : label[1] != '\0' || c->plan->columns_n == 0
                      ? label + 1 /* of JSON it is a part of a pointer, and may be empty */
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

const char *weir_schema_problem_label(const struct weir_schema_problem *p)
{
    return p->label[0] != '\0' ? p->label : "\"\"";
}

int weir_schema_put_problem(
    struct weir_buf *to, const struct weir_schema_problem *p, struct weir_err *err)
{
    return weir_buf_adds(to, weir_schema_problem_label(p), err) != 0 ||
                   weir_buf_adds(to, p->pointer, err) != 0 || weir_buf_adds(to, ": ", err) != 0
               ? -1
               : weir_buf_adds(to, p->message, err);
}
