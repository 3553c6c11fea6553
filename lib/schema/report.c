#include "core/limits.h"
#include "schema/check.h"
#include "schema/text.h"

/*
 * The text of a row's problems: in the order in which they are found, up to the ceiling; from the
 * first that does not fit, they are only counted.
 */

#define PATH_BYTES 640
#define LINE_BYTES 1024   /* a path and a message of compile.c */
#define NAME_MAX_BYTES 96 /* of one name in a path */
#define TAIL_BYTES 40     /* "; and 18446744073709551615 more" */

static void render_path(struct weir_text *t, const char *label, const struct weir_schema_place *at)
{
    /* The places of nested values, and of a member that is missing in the innermost. */
    const struct weir_schema_place *chain[WEIR_JSON_DEPTH_MAX + 1];
    size_t n = 0;

    for (; at != NULL && n < WEIR_JSON_DEPTH_MAX + 1; at = at->up) {
        chain[n++] = at;
    }
    weir_text_add(t, label);
    while (n > 0) {
        at = chain[--n];
        if (at->name.p != NULL) {
            weir_text_token(t, at->name, NAME_MAX_BYTES);
        } else {
            weir_text_index(t, at->index);
        }
    }
}

void weir_schema_report(
    struct weir_schema_check *c, const struct weir_schema_place *at, const char *message)
{
    char path[PATH_BYTES], line[LINE_BYTES];
    struct weir_text p, t;

    c->problems++;
    if (c->full) {
        return;
    }
    weir_text_init(&p, path, sizeof path);
    render_path(&p, c->label, at);
    weir_text_init(&t, line, sizeof line);
    weir_text_add(&t, c->errors->len > 0 ? "; " : "");
    weir_text_add(&t, path);
    weir_text_add(&t, ": ");
    weir_text_add(&t, message);
    size_t used = c->errors->len - c->errors_before;
    if (used + t.len > WEIR_ROW_ERRORS_MAX_BYTES - TAIL_BYTES) {
        c->full = true;
        return;
    }
    if (weir_buf_add(c->errors, line, t.len, c->err) == -1) {
        c->full = true;
        c->failed = true;
        return;
    }
    c->said++;
}
