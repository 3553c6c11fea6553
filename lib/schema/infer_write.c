#include "core/limits.h"
#include "json/quote.h"
#include "schema/infer_node.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * The tree as a JSON Schema. What has no parts stands on one line, so that a table's schema reads
 * like the list of its columns.
 */
#define REQUIRED_WIDTH 96 /* where the lines of `required` are broken */

struct out {
    const struct weir_schema_infer *f;
    struct weir_buf *to;
    struct weir_err *err;
};

/* An object that is being written. */
struct object {
    bool lines; /* a line for each member */
    int indent; /* of these */
    bool any;
};

static int put(const struct out *o, const char *s)
{
    return weir_buf_adds(o->to, s, o->err);
}

static int put_line(const struct out *o, int indent)
{
    return weir_buf_addf(o->to, o->err, "\n%*s", indent, "");
}

static int put_string(const struct out *o, struct weir_str s)
{
    return weir_json_quote_long(o->to, s, NULL, NULL, o->err);
}

/* Before a member: what separates it, and its name. */
static int next(const struct out *o, struct object *in)
{
    const bool any = in->any;

    in->any = true;
    if (any && put(o, in->lines ? "," : ", ") != 0) {
        return -1;
    }
    return in->lines ? put_line(o, in->indent) : 0;
}

static int key(const struct out *o, struct object *in, const char *name)
{
    return next(o, in) != 0 ? -1 : weir_buf_addf(o->to, o->err, "\"%s\": ", name);
}

static int begin(const struct out *o, struct object *in, bool lines, int indent)
{
    *in = (struct object){.lines = lines, .indent = indent};
    return put(o, "{");
}

static int end(const struct out *o, const struct object *in)
{
    return in->lines && in->any && put_line(o, in->indent - 2) != 0 ? -1 : put(o, "}");
}

/* ---- keywords ---- */

static int put_types(const struct out *o, struct object *in, unsigned types)
{
    static const struct {
        unsigned type;
        const char *name;
    } names[] = {{WEIR_T_STRING, "string"}, {WEIR_T_INTEGER, "integer"}, {WEIR_T_NUMBER, "number"},
        {WEIR_T_BOOLEAN, "boolean"}, {WEIR_T_OBJECT, "object"}, {WEIR_T_ARRAY, "array"},
        {WEIR_T_NULL, "null"}};
    const bool many = (types & (types - 1)) != 0;
    bool any = false;
    int rc = types == 0 ? 0 : key(o, in, "type") != 0 ? -1 : put(o, many ? "[" : "");

    for (size_t i = 0; i < sizeof names / sizeof names[0] && rc == 0; i++) {
        if ((types & names[i].type) != 0) {
            rc = weir_buf_addf(o->to, o->err, "%s\"%s\"", any ? ", " : "", names[i].name);
            any = true;
        }
    }
    return rc == 0 && many ? put(o, "]") : rc;
}

static int compare_texts(const void *a, const void *b)
{
    const struct weir_str *x = a, *y = b;
    const size_t n = x->len < y->len ? x->len : y->len;
    const int d = n > 0 ? memcmp(x->p, y->p, n) : 0;

    return d != 0 ? d : x->len < y->len ? -1 : x->len > y->len;
}

static int put_enum(
    const struct out *o, struct object *in, const struct weir_infer_node *n, bool null)
{
    struct weir_str texts[WEIR_INFER_ENUM_MAX];
    int rc = key(o, in, "enum") != 0 ? -1 : put(o, "[");

    for (uint32_t i = 0; i < n->choices_n; i++) {
        const struct weir_infer_text *t = &o->f->choices[n->choices + i];
        texts[i] = (struct weir_str){(const char *)o->f->text.p + t->off, t->len};
    }
    qsort(texts, n->choices_n, sizeof texts[0], compare_texts);
    for (uint32_t i = 0; i < n->choices_n && rc == 0; i++) {
        rc = i > 0 && put(o, ", ") != 0 ? -1 : put_string(o, texts[i]);
    }
    return rc != 0 ? -1 : put(o, null ? ", null]" : "]");
}

static bool is_set(const struct weir_infer_node *n, unsigned types)
{
    return (types & ~(unsigned)WEIR_T_NULL) == WEIR_T_STRING && n->choices != UINT32_MAX &&
           n->choices_n > 0 && n->texts / WEIR_INFER_ENUM_TIMES >= n->choices_n;
}

static int put_texts(
    const struct out *o, struct object *in, const struct weir_infer_node *n, unsigned types)
{
    if ((types & WEIR_T_STRING) == 0 || n->texts == 0) {
        return 0;
    }
    if (n->formats != 0) {
        const char *format = weir_infer_formats[__builtin_ctz(n->formats)];
        if (key(o, in, "format") != 0 || weir_buf_addf(o->to, o->err, "\"%s\"", format) != 0) {
            return -1;
        }
    } else if (is_set(n, types)) {
        return put_enum(o, in, n, (types & WEIR_T_NULL) != 0);
    }
    if (!o->f->opts.ranges) {
        return 0;
    }
    return key(o, in, "minLength") != 0 || weir_buf_addf(o->to, o->err, "%zu", n->min_chars) != 0 ||
                   key(o, in, "maxLength") != 0 ||
                   weir_buf_addf(o->to, o->err, "%zu", n->max_chars) != 0
               ? -1
               : 0;
}

static int put_bounds(
    const struct out *o, struct object *in, const struct weir_infer_node *n, unsigned types)
{
    if ((types & (WEIR_T_NUMBER | WEIR_T_INTEGER)) == 0 || !o->f->opts.ranges || n->no_bounds) {
        return 0;
    }
    return key(o, in, "minimum") != 0 ||
                   weir_buf_add(o->to, n->min.text, n->min.len, o->err) != 0 ||
                   key(o, in, "maximum") != 0 ||
                   weir_buf_add(o->to, n->max.text, n->max.len, o->err) != 0
               ? -1
               : 0;
}

/* ---- parts ---- */

static bool is_required(const struct weir_infer_node *up, const struct weir_infer_node *n)
{
    return up->objects > 0 && n->count == up->objects * n->columns;
}

/* Of an object with more members than are noted only those count that are always there. */
static bool is_told(const struct weir_infer_node *up, const struct weir_infer_node *n)
{
    return !up->more || is_required(up, n);
}

static struct weir_str name_of(const struct out *o, const struct weir_infer_node *n)
{
    return (struct weir_str){(const char *)o->f->text.p + n->name.off, n->name.len};
}

/* The first member of that kind at `at` or behind it; 0: none. */
static uint32_t seek(const struct out *o, const struct weir_infer_node *up, uint32_t at,
    bool (*is)(const struct weir_infer_node *up, const struct weir_infer_node *n))
{
    while (at != 0 && !is(up, &o->f->nodes[at])) {
        at = o->f->nodes[at].next;
    }
    return at;
}

static int put_node(const struct out *o, uint32_t at, int indent);

static int put_properties(const struct out *o, struct object *in, const struct weir_infer_node *up)
{
    struct object all;
    int rc = 0;

    if (key(o, in, "properties") != 0 || begin(o, &all, true, in->indent + 2) != 0) {
        return -1;
    }
    for (uint32_t at = up->first; (at = seek(o, up, at, is_told)) != 0 && rc == 0;
         at = o->f->nodes[at].next) {
        rc = next(o, &all) != 0 || put_string(o, name_of(o, &o->f->nodes[at])) != 0 ||
                     put(o, ": ") != 0
                 ? -1
                 : put_node(o, at, all.indent);
    }
    return rc != 0 ? -1 : end(o, &all);
}

static int put_required(const struct out *o, struct object *in, const struct weir_infer_node *up)
{
    uint32_t at = seek(o, up, up->first, is_required);
    int rc = 0;

    if (at == 0) {
        return 0;
    }
    if (key(o, in, "required") != 0 || put(o, "[") != 0) {
        return -1;
    }
    size_t line = o->to->len;
    for (bool any = false; at != 0 && rc == 0; any = true) {
        const struct weir_str name = name_of(o, &o->f->nodes[at]);
        if (any && o->to->len - line + name.len + (size_t)in->indent > REQUIRED_WIDTH) {
            rc = put(o, ",") != 0 ? -1 : put_line(o, in->indent + 2);
            line = o->to->len;
        } else {
            rc = any ? put(o, ", ") : 0;
        }
        rc = rc != 0 ? -1 : put_string(o, name);
        at = seek(o, up, o->f->nodes[at].next, is_required);
    }
    return rc != 0 ? -1 : put(o, "]");
}

/* What a schema has in it, but for the braces. */
static int put_keywords(const struct out *o, struct object *in, const struct weir_infer_node *n)
{
    const unsigned types = weir_infer_types(n);

    if (put_types(o, in, types) != 0 || put_texts(o, in, n, types) != 0 ||
        put_bounds(o, in, n, types) != 0) {
        return -1;
    }
    if ((types & WEIR_T_OBJECT) != 0 && seek(o, n, n->first, is_told) != 0 &&
        (put_properties(o, in, n) != 0 || put_required(o, in, n) != 0)) {
        return -1;
    }
    if ((types & WEIR_T_ARRAY) != 0 && n->items != 0) {
        return key(o, in, "items") != 0 ? -1 : put_node(o, n->items, in->indent);
    }
    return 0;
}

static int put_node(const struct out *o, uint32_t at, int indent)
{
    const struct weir_infer_node *n = &o->f->nodes[at];
    const unsigned types = weir_infer_types(n);
    const bool parts = ((types & WEIR_T_OBJECT) != 0 && seek(o, n, n->first, is_told) != 0) ||
                       ((types & WEIR_T_ARRAY) != 0 && n->items != 0);
    struct object in;

    return begin(o, &in, parts, indent + 2) != 0 || put_keywords(o, &in, n) != 0 ? -1 : end(o, &in);
}

static int put_root(const struct out *o)
{
    struct object in;

    if (begin(o, &in, true, 2) != 0 || key(o, &in, "$schema") != 0 ||
        put(o, "\"https://json-schema.org/draft/2020-12/schema\"") != 0 ||
        key(o, &in, "$comment") != 0 ||
        weir_buf_addf(o->to, o->err, "\"inferred from %" PRIu64 " row%s\"", o->f->rows,
            o->f->rows == 1 ? "" : "s") != 0 ||
        put_keywords(o, &in, &o->f->nodes[WEIR_INFER_ROOT]) != 0 || end(o, &in) != 0) {
        return -1;
    }
    return put(o, "\n");
}

int weir_schema_infer_write(
    const struct weir_schema_infer *f, struct weir_buf *to, struct weir_err *err)
{
    struct weir_schema *schema = NULL;
    struct weir_err why = {0};
    struct weir_buf text;
    const struct out o = {f, &text, &why};
    int rc = -1;

    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    if (put_root(&o) != 0) {
        weir_err_set(err, why.code,
            why.code == WEIR_E_LIMIT ? "schema: what was found is larger than a schema may be"
                                     : "schema: out of memory");
        goto out;
    }
    /* What could not be used is not given out. */
    schema = weir_schema_load((const char *)text.p, text.len, NULL, err);
    if (schema == NULL) {
        weir_err_prefix(err, "what was found");
        goto out;
    }
    rc = weir_buf_add(to, text.p, text.len, err);
out:
    weir_schema_free(schema);
    weir_buf_fini(&text);
    return rc;
}
