#include "schema/keyword.h"

#include "core/hex.h"
#include "core/limits.h"
#include "json/value.h"
#include "schema/uri.h"

#include <stdlib.h>

/*
 * Who is called what, and where references lead: $id, $anchor, $ref. All of it lies within the one
 * document; what it does not have is remote, and refused.
 */

/* ---- names ---- */

static int count_name(struct weir_schema_loader *l, uint32_t at)
{
    if (l->names_n == WEIR_SCHEMA_NAMES_MAX) {
        return weir_schema_bad(l, at, "more than %d $id and $anchor", WEIR_SCHEMA_NAMES_MAX);
    }
    l->names_n++;
    return 0;
}

struct weir_schema_resource *weir_schema_resource_new(struct weir_schema_loader *l, uint32_t at,
    const struct weir_schema_resource *from, struct weir_str id)
{
    struct weir_schema_resource *r;
    struct weir_str base = from != NULL ? from->uri : (struct weir_str){NULL, 0};

    if (count_name(l, at) == -1) {
        return NULL;
    }
    char *uri = weir_schema_alloc(l, base.len + id.len + 2);
    r = weir_schema_alloc(l, sizeof *r);
    if (r == NULL || uri == NULL) {
        return NULL;
    }
    r->at = at;
    r->uri = (struct weir_str){uri, weir_schema_uri_resolve(base, id, uri)};
    for (const struct weir_schema_resource *o = l->resources; o != NULL; o = o->next) {
        if (weir_str_eq(o->uri, r->uri)) {
            weir_schema_bad(l, at, "another schema has the same $id");
            return NULL;
        }
    }
    r->next = l->resources;
    l->resources = r;
    return r;
}

static bool anchor_char(char c, bool first)
{
    char lower = (char)(c | 0x20);

    return (lower >= 'a' && lower <= 'z') || c == '_' ||
           (!first && ((c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':'));
}

int weir_schema_anchor_new(
    struct weir_schema_loader *l, uint32_t at, uint32_t at_name, struct weir_str name)
{
    struct weir_schema_anchor *a = weir_schema_alloc(l, sizeof *a);

    if (a == NULL || count_name(l, at_name) == -1) {
        return -1;
    }
    for (size_t i = 0; i < name.len || i == 0; i++) {
        if (name.len == 0 || !anchor_char(name.p[i], i == 0)) {
            return weir_schema_bad(l, at_name, "must be a name of letters, digits, - _ . and :");
        }
    }
    for (const struct weir_schema_anchor *o = l->anchors; o != NULL; o = o->next) {
        if (o->in == l->resource && weir_str_eq(o->name, name)) {
            return weir_schema_bad(l, at_name, "another schema has the same name");
        }
    }
    *a = (struct weir_schema_anchor){name, l->resource, at, l->anchors};
    l->anchors = a;
    return 0;
}

int weir_schema_ref_new(struct weir_schema_loader *l, struct weir_schema_node *node, uint32_t at)
{
    struct weir_schema_pending *p = weir_schema_alloc(l, sizeof *p);

    if (p == NULL) {
        return -1;
    }
    *p = (struct weir_schema_pending){node, at, l->resource, l->pending};
    l->pending = p;
    return 0;
}

/* ---- references ---- */

/* The fragment of a $ref, percent-decoded, in the arena. */
static int decode_fragment(
    struct weir_schema_loader *l, uint32_t at, struct weir_str s, struct weir_str *ret)
{
    char *p = weir_schema_alloc(l, s.len + 1);
    size_t n = 0;

    if (p == NULL) {
        return -1;
    }
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] != '%') {
            p[n++] = s.p[i];
            continue;
        }
        int high = i + 2 < s.len ? weir_hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? weir_hex_digit(s.p[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return weir_schema_bad(l, at, "a malformed %% escape");
        }
        p[n++] = (char)(high << 4 | low);
        i += 2;
    }
    *ret = (struct weir_str){p, n};
    return 0;
}

/* Undo ~0 and ~1, in place. */
static int decode_token(struct weir_schema_loader *l, uint32_t at, char *p, size_t *len)
{
    size_t n = 0;

    for (size_t i = 0; i < *len; i++) {
        char c = p[i];
        if (c == '~') {
            i++;
            if (i == *len || (p[i] != '0' && p[i] != '1')) {
                return weir_schema_bad(l, at, "a malformed ~ escape");
            }
            c = p[i] == '0' ? '~' : '/';
        }
        p[n++] = c;
    }
    *len = n;
    return 0;
}

/* The array's element that a token names, or NULL. */
static const struct weir_json_value *element(
    const struct weir_json_tape *tape, const struct weir_json_value *array, struct weir_str token)
{
    uint64_t index = 0;

    if (token.len == 0 || token.len > 9 || (token.p[0] == '0' && token.len > 1)) {
        return NULL;
    }
    for (size_t i = 0; i < token.len; i++) {
        if (token.p[i] < '0' || token.p[i] > '9') {
            return NULL;
        }
        index = index * 10 + (uint64_t)(token.p[i] - '0');
    }
    const struct weir_json_value *v = array + 1;
    for (uint32_t i = 0; i < array->len; i++, v = tape->v + v->next) {
        if (i == index) {
            return v;
        }
    }
    return NULL;
}

/* Follow a JSON Pointer, percent-decoded, from v. NULL with l->err set. */
static const struct weir_json_value *follow(struct weir_schema_loader *l, uint32_t at,
    const struct weir_json_value *v, struct weir_str path)
{
    const struct weir_json_tape *tape = weir_schema_tape_of(l);
    char *p = (char *)(uintptr_t)path.p; /* decode_fragment's copy; NULL when there is none */
    char *end = path.len > 0 ? p + path.len : p;

    while (p < end && v != NULL) {
        char *slash = memchr(p + 1, '/', (size_t)(end - p - 1));
        char *stop = slash == NULL ? end : slash;
        size_t n = (size_t)(stop - p - 1);
        if (decode_token(l, at, p + 1, &n) == -1) {
            return NULL;
        }
        struct weir_str token = {p + 1, n};
        v = v->kind == WEIR_JSON_OBJECT  ? weir_json_member(tape, v, token)
            : v->kind == WEIR_JSON_ARRAY ? element(tape, v, token)
                                         : NULL;
        p = stop;
    }
    if (v == NULL) {
        weir_schema_bad(l, at, "$ref to something that is not there");
    }
    return v;
}

static const struct weir_schema_resource *find_resource(
    struct weir_schema_loader *l, const struct weir_schema_pending *ref, struct weir_str s)
{
    if (s.len == 0) {
        return ref->resource;
    }
    char *uri = weir_schema_alloc(l, ref->resource->uri.len + s.len + 2);
    if (uri == NULL) {
        return NULL;
    }
    struct weir_str full = {uri, weir_schema_uri_resolve(ref->resource->uri, s, uri)};
    for (const struct weir_schema_resource *r = l->resources; r != NULL; r = r->next) {
        if (weir_str_eq(r->uri, full)) {
            return r;
        }
    }
    weir_schema_bad(l, ref->at, "a remote $ref is not supported, only what the schema has itself");
    return NULL;
}

/* Where a $ref points to. NULL with l->err set. */
static const struct weir_json_value *target(
    struct weir_schema_loader *l, const struct weir_schema_pending *ref)
{
    struct weir_str s = weir_schema_text_at(l, ref->at), fragment = {NULL, 0};
    const char *hash = s.len > 0 ? memchr(s.p, '#', s.len) : NULL;

    if (hash != NULL) {
        struct weir_str rest = {hash + 1, (size_t)(s.p + s.len - hash) - 1};
        if (decode_fragment(l, ref->at, rest, &fragment) == -1) {
            return NULL;
        }
        s.len = (size_t)(hash - s.p);
    }
    const struct weir_schema_resource *r = find_resource(l, ref, s);
    if (r == NULL) {
        return NULL;
    }
    const struct weir_json_value *v = weir_schema_value_at(l, r->at);
    if (fragment.len == 0 || fragment.p[0] == '/') {
        return follow(l, ref->at, v, fragment);
    }
    for (const struct weir_schema_anchor *a = l->anchors; a != NULL; a = a->next) {
        if (a->in == r && weir_str_eq(a->name, fragment)) {
            return weir_schema_value_at(l, a->at);
        }
    }
    weir_schema_bad(l, ref->at, "$ref to an anchor that is not there");
    return NULL;
}

/* The innermost resource that the entry lies in. */
static struct weir_schema_resource *resource_of(const struct weir_schema_loader *l, uint32_t at)
{
    struct weir_schema_resource *found = NULL;

    for (struct weir_schema_resource *r = l->resources; r != NULL; r = r->next) {
        if (r->at <= at && at < weir_schema_next(l, r->at) &&
            (found == NULL || r->at > found->at)) {
            found = r;
        }
    }
    return found;
}

/* ---- circles ---- */

static int measure(struct weir_schema_loader *l, const struct weir_schema_node *node, int depth);

static int measure_next(
    struct weir_schema_loader *l, const struct weir_schema_node *to, int depth, int *longest)
{
    int n = to == NULL ? 0 : measure(l, to, depth + 1);

    *longest = n > *longest ? n : *longest;
    return n == -1 ? -1 : 0;
}

static int measure_op(
    struct weir_schema_loader *l, const struct weir_schema_op *op, int depth, int *longest)
{
    for (uint32_t k = 0; k < op->n; k++) {
        const struct weir_schema_node *to = op->code == WEIR_OP_NEEDS       ? NULL
                                            : op->code == WEIR_OP_DEPENDENT ? op->dependents[k].node
                                                                            : op->nodes[k];
        if (measure_next(l, to, depth, longest) == -1) {
            return -1;
        }
    }
    return op->code == WEIR_OP_NOT ? measure_next(l, op->node, depth, longest) : 0;
}

/*
 * How many nodes check the same value one within the other, from this one on. A circle is longer
 * than any ceiling. What is known is kept, so that each node is looked into once.
 */
static int measure(struct weir_schema_loader *l, const struct weir_schema_node *node, int depth)
{
    int longest = 0;

    if (depth + (node->depth > 0 ? node->depth : 1) > WEIR_SCHEMA_REFS_MAX + 1) {
        return weir_schema_bad(l, node->at,
            "$ref, allOf and the like go in a circle, or through more than %d others",
            WEIR_SCHEMA_REFS_MAX);
    }
    if (node->depth > 0) {
        return node->depth;
    }
    for (uint32_t i = 0; i < node->ops_n; i++) {
        if (measure_op(l, &node->ops[i], depth, &longest) == -1) {
            return -1;
        }
    }
    if (measure_next(l, node->ref, depth, &longest) == -1) {
        return -1;
    }
    /* The one thing that is added to a node that others know already. */
    ((struct weir_schema_node *)(uintptr_t)node)->depth = (uint8_t)(longest + 1);
    return longest + 1;
}

int weir_schema_resolve(struct weir_schema_loader *l)
{
    /* What a $ref points to may be compiled only now, and bring more of them. */
    while (l->pending != NULL) {
        struct weir_schema_pending *p = l->pending;
        l->pending = p->next;
        const struct weir_json_value *v = target(l, p);
        if (v == NULL) {
            return -1;
        }
        uint32_t at = (uint32_t)(v - weir_schema_tape_of(l)->v);
        l->resource = resource_of(l, at);
        p->node->ref = weir_schema_compile(l, at);
        if (p->node->ref == NULL) {
            return -1;
        }
    }
    for (const struct weir_schema_node *n = l->schema->all; n != NULL; n = n->all_next) {
        if (measure(l, n, 0) == -1) {
            return -1;
        }
    }
    return 0;
}
