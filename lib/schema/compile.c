#include "schema/keyword.h"

#include "core/limits.h"
#include "json/value.h"
#include "schema/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * One function per keyword, found in a table that lists every keyword of 2020-12 and draft-07:
 * those that only describe, those that are compiled, and those that are not supported and refused.
 */

#define POINTER_BYTES 160

enum drafts {
    DRAFT_07 = 1,
    DRAFT_2020 = 2,
    BOTH = 3,
};

__attribute__((format(printf, 5, 0))) static void complain(const struct weir_schema_loader *l,
    uint32_t at, char *buf, size_t size, const char *fmt, va_list ap)
{
    char pointer[POINTER_BYTES], why[WEIR_ERR_MSG_BYTES];
    struct weir_text t;

    weir_text_init(&t, pointer, sizeof pointer);
    weir_text_pointer(&t, weir_schema_tape_of(l), at);
    vsnprintf(why, sizeof why, fmt, ap);
    snprintf(buf, size, "schema: %s%s%s", pointer, t.len > 0 ? ": " : "", why);
}

int weir_schema_bad(struct weir_schema_loader *l, uint32_t at, const char *fmt, ...)
{
    char msg[POINTER_BYTES + WEIR_ERR_MSG_BYTES + 16];
    va_list ap;

    va_start(ap, fmt);
    complain(l, at, msg, sizeof msg, fmt, ap);
    va_end(ap);
    return weir_err_set(l->err, WEIR_E_CONFIG, "%s", msg);
}

void weir_schema_odd(struct weir_schema_loader *l, uint32_t at, const char *fmt, ...)
{
    char msg[POINTER_BYTES + WEIR_ERR_MSG_BYTES + 16];
    va_list ap;

    if (l->opts->warn == NULL) {
        return;
    }
    va_start(ap, fmt);
    complain(l, at, msg, sizeof msg, fmt, ap);
    va_end(ap);
    l->opts->warn(l->opts->ctx, msg);
}

/* What is made of the keyword whose value stands at that entry, for whoever asked. */
static void tell(
    const struct weir_schema_loader *l, uint32_t at, enum weir_schema_use use, const char *text)
{
    struct weir_text t;
    char pointer[2 * POINTER_BYTES];

    if (l->opts->told != NULL) {
        weir_text_init(&t, pointer, sizeof pointer);
        weir_text_pointer(&t, weir_schema_tape_of(l), at);
        l->opts->told(l->opts->ctx, pointer, use, text);
    }
}

int weir_schema_expect(
    struct weir_schema_loader *l, uint32_t at, enum weir_json_kind kind, const char *what)
{
    if (weir_schema_value_at(l, at)->kind != kind) {
        return weir_schema_bad(l, at, "must be %s", what);
    }
    return 0;
}

struct weir_schema_op *weir_schema_op_new(
    struct weir_schema_job *j, enum weir_schema_code code, uint8_t kinds, uint32_t at)
{
    struct weir_schema_op *op = &j->ops[j->node->ops_n++];

    *op = (struct weir_schema_op){.code = (uint8_t)code, .kinds = kinds, .at = at};
    return op;
}

static int schema_there(struct weir_schema_job *j, uint32_t at)
{
    return weir_schema_compile(j->l, at) == NULL ? -1 : 0;
}

/* The schemas of an object are compiled although perhaps nothing leads there, so that mistakes are
 * found; so are `then` without `if` and the like. */
static int schemas_there(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_OBJECT, "an object of schemas") == -1) {
        return -1;
    }
    uint32_t key = at + 1;
    for (uint32_t i = 0; i < weir_schema_value_at(j->l, at)->len; i++) {
        if (schema_there(j, key + 1) == -1) {
            return -1;
        }
        key = weir_schema_next(j->l, key + 1);
    }
    return 0;
}

#define NOTE(name, check)                                                                          \
    static int note_##name(struct weir_schema_job *j, uint32_t at)                                 \
    {                                                                                              \
        j->name = at;                                                                              \
        return check;                                                                              \
    }
NOTE(properties, schemas_there(j, at))
NOTE(pattern_properties, schemas_there(j, at))
NOTE(additional_properties, schema_there(j, at))
NOTE(required, weir_schema_expect(j->l, at, WEIR_JSON_ARRAY, "an array of names"))
NOTE(additional_items, schema_there(j, at))
NOTE(contains, schema_there(j, at))
NOTE(min_contains, 0)
NOTE(max_contains, 0)
NOTE(if_, schema_there(j, at))
NOTE(then, schema_there(j, at))
NOTE(else_, schema_there(j, at))

static int schema_list(struct weir_schema_job *j, uint32_t at)
{
    size_t n;

    return weir_schema_nodes_at(j->l, at, &n) == NULL ? -1 : 0;
}

static int prefix_items(struct weir_schema_job *j, uint32_t at)
{
    j->prefix_items = at;
    return schema_list(j, at);
}

static int items(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_value_at(j->l, at)->kind != WEIR_JSON_ARRAY) {
        j->items = at;
        return schema_there(j, at);
    }
    if (!j->l->draft7) {
        return weir_schema_bad(
            j->l, at, "an array of schemas is draft-07's: 2020-12 has prefixItems for it");
    }
    j->prefix_items = at;
    return weir_schema_value_at(j->l, at)->len == 0 ? 0 : schema_list(j, at);
}

static int ref(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_STRING, "a reference") == -1) {
        return -1;
    }
    return weir_schema_ref_new(j->l, j->node, at);
}

static int anchor(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_STRING, "a name") == -1) {
        return -1;
    }
    return weir_schema_anchor_new(j->l, j->node->at, at, weir_schema_text_at(j->l, at));
}

/* Of the root it was read before all others (load.c). */
static int same_draft(struct weir_schema_job *j, uint32_t at)
{
    const struct weir_json_tape *tape = weir_schema_tape_of(j->l);
    const struct weir_json_value *root = weir_json_member(tape, tape->v, WEIR_STR("$schema"));

    if (j->node->at == 0 || (root != NULL && weir_json_equal(tape, root, tape, &tape->v[at]))) {
        return 0;
    }
    return weir_schema_bad(
        j->l, at, "not supported: a schema of another draft than the one around it");
}

/* Read by enter_resource. */
static int identity(struct weir_schema_job *j, uint32_t at)
{
    (void)j;
    (void)at;
    return 0;
}

struct keyword {
    const char *name;
    enum drafts drafts;
    int (*compile)(struct weir_schema_job *j, uint32_t at); /* NULL: it only describes, or ... */
    const char *refused;                                    /* ... is refused, and why */
};

#define DYNAMIC "its meaning depends on the way that led to it; name the schema with $ref"

static const struct keyword keywords[] = {
    {"$schema", BOTH, same_draft, NULL},
    {"$id", BOTH, identity, NULL},
    {"$ref", BOTH, ref, NULL},
    {"$anchor", DRAFT_2020, anchor, NULL},
    {"$defs", BOTH, schemas_there, NULL},
    {"definitions", BOTH, schemas_there, NULL},
    {"type", BOTH, weir_schema_kw_type, NULL},
    {"properties", BOTH, note_properties, NULL},
    {"required", BOTH, note_required, NULL},
    {"additionalProperties", BOTH, note_additional_properties, NULL},
    {"patternProperties", BOTH, note_pattern_properties, NULL},
    {"propertyNames", BOTH, weir_schema_kw_property_names, NULL},
    {"minProperties", BOTH, weir_schema_kw_min_properties, NULL},
    {"maxProperties", BOTH, weir_schema_kw_max_properties, NULL},
    {"items", BOTH, items, NULL},
    {"prefixItems", DRAFT_2020, prefix_items, NULL},
    {"additionalItems", DRAFT_07, note_additional_items, NULL},
    {"contains", BOTH, note_contains, NULL},
    {"minContains", DRAFT_2020, note_min_contains, NULL},
    {"maxContains", DRAFT_2020, note_max_contains, NULL},
    {"minItems", BOTH, weir_schema_kw_min_items, NULL},
    {"maxItems", BOTH, weir_schema_kw_max_items, NULL},
    {"uniqueItems", BOTH, weir_schema_kw_unique_items, NULL},
    {"enum", BOTH, weir_schema_kw_enum, NULL},
    {"const", BOTH, weir_schema_kw_const, NULL},
    {"minLength", BOTH, weir_schema_kw_min_length, NULL},
    {"maxLength", BOTH, weir_schema_kw_max_length, NULL},
    {"pattern", BOTH, weir_schema_kw_pattern, NULL},
    {"minimum", BOTH, weir_schema_kw_minimum, NULL},
    {"maximum", BOTH, weir_schema_kw_maximum, NULL},
    {"exclusiveMinimum", BOTH, weir_schema_kw_exclusive_minimum, NULL},
    {"exclusiveMaximum", BOTH, weir_schema_kw_exclusive_maximum, NULL},
    {"multipleOf", BOTH, weir_schema_kw_multiple_of, NULL},
    {"format", BOTH, weir_schema_kw_format, NULL},
    {"allOf", BOTH, weir_schema_kw_all_of, NULL},
    {"anyOf", BOTH, weir_schema_kw_any_of, NULL},
    {"oneOf", BOTH, weir_schema_kw_one_of, NULL},
    {"not", BOTH, weir_schema_kw_not, NULL},
    {"if", BOTH, note_if_, NULL},
    {"then", BOTH, note_then, NULL},
    {"else", BOTH, note_else_, NULL},
    {"dependentRequired", DRAFT_2020, weir_schema_kw_dependent_required, NULL},
    {"dependentSchemas", DRAFT_2020, weir_schema_kw_dependent_schemas, NULL},
    {"dependencies", BOTH, weir_schema_kw_dependencies, NULL},
    {"unevaluatedItems", DRAFT_2020, weir_schema_kw_unevaluated_items, NULL},
    {"unevaluatedProperties", DRAFT_2020, weir_schema_kw_unevaluated_properties, NULL},
    /* annotations in both drafts: nothing is ever rejected for them */
    {"$comment", BOTH, NULL, NULL},
    {"title", BOTH, NULL, NULL},
    {"description", BOTH, NULL, NULL},
    {"default", BOTH, NULL, NULL},
    {"examples", BOTH, NULL, NULL},
    {"deprecated", BOTH, NULL, NULL},
    {"readOnly", BOTH, NULL, NULL},
    {"writeOnly", BOTH, NULL, NULL},
    {"contentEncoding", BOTH, NULL, NULL},
    {"contentMediaType", BOTH, NULL, NULL},
    {"contentSchema", BOTH, NULL, NULL},
    /* refused */
    {"$vocabulary", DRAFT_2020, NULL, "it belongs into a meta-schema, and these are not read"},
    {"$dynamicAnchor", DRAFT_2020, NULL, DYNAMIC},
    {"$dynamicRef", DRAFT_2020, NULL, DYNAMIC},
    {"$recursiveAnchor", DRAFT_2020, NULL, DYNAMIC},
    {"$recursiveRef", DRAFT_2020, NULL, DYNAMIC},
};

static const struct keyword *find_keyword(struct weir_str name)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (weir_str_eq(name, weir_str_of(keywords[i].name))) {
            return &keywords[i];
        }
    }
    return NULL;
}

/* $id: where names begin anew. Sets l->resource; the caller puts the old one back. */
static int enter_resource(struct weir_schema_job *j, const struct weir_json_value *object)
{
    struct weir_schema_loader *l = j->l;
    const struct weir_json_tape *tape = weir_schema_tape_of(l);
    const struct weir_json_value *v = weir_json_member(tape, object, WEIR_STR("$id"));

    if (v == NULL) {
        return 0;
    }
    uint32_t at = (uint32_t)(v - tape->v);
    if (weir_schema_expect(l, at, WEIR_JSON_STRING, "a URI") == -1) {
        return -1;
    }
    struct weir_str id = weir_json_text(tape, v);
    const char *hash = id.len > 0 ? memchr(id.p, '#', id.len) : NULL;
    struct weir_str name = {NULL, 0};
    if (hash != NULL) {
        name = (struct weir_str){hash + 1, (size_t)(id.p + id.len - hash) - 1};
        id.len = (size_t)(hash - id.p);
    }
    if (name.len > 0 && !l->draft7) {
        return weir_schema_bad(l, at, "must not have a fragment; 2020-12 has $anchor for it");
    }
    if (id.len > 0 && j->node->at != 0) {
        l->resource = weir_schema_resource_new(l, j->node->at, l->resource, id);
        if (l->resource == NULL) {
            return -1;
        }
    }
    return name.len > 0 ? weir_schema_anchor_new(l, j->node->at, at, name) : 0;
}

/* draft-07: whatever stands beside $ref is ignored. Only definitions may be meant to stand there.
 */
static int compile_ref_only(
    struct weir_schema_job *j, const struct weir_json_value *object, uint32_t at_ref)
{
    uint32_t key = j->node->at + 1;

    for (uint32_t i = 0; i < object->len; i++, key = weir_schema_next(j->l, key + 1)) {
        const struct keyword *k = find_keyword(weir_schema_text_at(j->l, key));
        if (k != NULL && k->compile == schemas_there) {
            tell(j->l, key + 1, WEIR_SCHEMA_CHECKED, NULL);
            if (schemas_there(j, key + 1) == -1) {
                return -1;
            }
        } else if (k != NULL && k->compile != NULL && k->compile != ref &&
                   k->compile != same_draft && (j->node->at != 0 || k->compile != identity)) {
            tell(j->l, key + 1, WEIR_SCHEMA_IGNORED, "beside $ref, as draft-07 says");
            weir_schema_odd(j->l, key + 1, "ignored beside $ref, as draft-07 says");
        }
    }
    tell(j->l, at_ref, WEIR_SCHEMA_CHECKED, NULL);
    return ref(j, at_ref);
}

static int compile_keyword(struct weir_schema_job *j, uint32_t key)
{
    struct weir_schema_loader *l = j->l;
    const struct keyword *k = find_keyword(weir_schema_text_at(l, key));
    const enum drafts draft = l->draft7 ? DRAFT_07 : DRAFT_2020;
    const uint32_t at = key + 1, ops_n = j->node->ops_n;

    if (k == NULL) {
        tell(l, at, WEIR_SCHEMA_IGNORED, "no keyword of the specification");
        return 0;
    }
    if ((k->drafts & draft) == 0) {
        const char *why = l->draft7 ? "draft-07 does not have this keyword"
                                    : "2020-12 does not have this keyword any more";
        tell(l, at, WEIR_SCHEMA_IGNORED, why);
        weir_schema_odd(l, at, "ignored: %s", why);
        return 0;
    }
    if (k->refused != NULL) {
        if (l->opts->told == NULL) {
            return weir_schema_bad(l, at, "not supported: %s", k->refused);
        }
        tell(l, at, WEIR_SCHEMA_REFUSED, k->refused);
        return 0;
    }
    if (k->compile == NULL) {
        tell(l, at, WEIR_SCHEMA_DESCRIBES, NULL);
        return 0;
    }
    if (l->opts->told == NULL) {
        return k->compile(j, at);
    }
    /* What leads to other schemas is told before these. */
    bool parts = weir_schema_value_at(l, at)->kind >= WEIR_JSON_ARRAY &&
                 k->compile != weir_schema_kw_type && k->compile != weir_schema_kw_enum &&
                 k->compile != weir_schema_kw_const;
    if (parts) {
        tell(l, at, WEIR_SCHEMA_CHECKED, NULL);
    }
    if (k->compile(j, at) == -1) {
        return -1;
    }
    const bool checks = k->compile != weir_schema_kw_format || j->node->ops_n > ops_n;
    if (!parts && checks) {
        tell(l, at, WEIR_SCHEMA_CHECKED,
            k->compile == weir_schema_kw_type ? j->node->types_msg
            : j->node->ops_n > ops_n          ? j->ops[ops_n].message
                                              : NULL);
    } else if (!parts) {
        tell(l, at, l->opts->annotate_formats ? WEIR_SCHEMA_DESCRIBES : WEIR_SCHEMA_IGNORED,
            l->opts->annotate_formats ? NULL : "no format of the specification");
    }
    return 0;
}

static int compare_ops(const void *a, const void *b)
{
    const struct weir_schema_op *x = a, *y = b;

    if (x->code != y->code) {
        return x->code < y->code ? -1 : 1;
    }
    return x->at < y->at ? -1 : x->at > y->at;
}

static int compile_keywords(struct weir_schema_job *j, const struct weir_json_value *object)
{
    struct weir_schema_loader *l = j->l;
    uint32_t key = j->node->at + 1;

    /* dependencies may become two, and nothing more than one */
    j->ops = weir_schema_alloc(l, (object->len + 1) * sizeof *j->ops);
    if (j->ops == NULL) {
        return -1;
    }
    j->node->ops = j->ops;
    for (uint32_t i = 0; i < object->len; i++, key = weir_schema_next(l, key + 1)) {
        if (compile_keyword(j, key) == -1) {
            return -1;
        }
    }
    if (weir_schema_finish_members(j) == -1 || weir_schema_finish_elements(j) == -1 ||
        weir_schema_finish_contains(j) == -1 || weir_schema_finish_if(j) == -1) {
        return -1;
    }
    qsort(j->ops, j->node->ops_n, sizeof *j->ops, compare_ops);
    return 0;
}

static int compile_object(struct weir_schema_job *j)
{
    struct weir_schema_loader *l = j->l;
    struct weir_schema_resource *outer = l->resource;
    const struct weir_json_value *object = weir_schema_value_at(l, j->node->at);
    const struct weir_json_value *r =
        l->draft7 ? weir_json_member(weir_schema_tape_of(l), object, WEIR_STR("$ref")) : NULL;

    if (r != NULL) {
        return compile_ref_only(j, object, (uint32_t)(r - weir_schema_tape_of(l)->v));
    }
    int rc = enter_resource(j, object) == -1 ? -1 : compile_keywords(j, object);
    l->resource = outer;
    return rc;
}

struct weir_schema_node *weir_schema_compile(struct weir_schema_loader *l, uint32_t at)
{
    enum weir_json_kind kind = weir_schema_value_at(l, at)->kind;
    struct weir_schema *schema = l->schema;

    if (l->map[at] != NULL) {
        return l->map[at];
    }
    if (kind != WEIR_JSON_OBJECT && kind != WEIR_JSON_TRUE && kind != WEIR_JSON_FALSE) {
        weir_schema_bad(l, at, "must be a schema: an object, true or false");
        return NULL;
    }
    if (schema->nodes_n == WEIR_SCHEMA_NODES_MAX) {
        weir_schema_bad(l, at, "more than %d schemas in one", WEIR_SCHEMA_NODES_MAX);
        return NULL;
    }
    struct weir_schema_node *node = weir_schema_alloc(l, sizeof *node);
    if (node == NULL) {
        return NULL;
    }
    node->at = at;
    node->types = kind == WEIR_JSON_FALSE ? 0 : WEIR_T_ANY;
    node->types_msg = "not allowed";
    node->all_next = schema->all;
    schema->all = node;
    schema->nodes_n++;
    l->map[at] = node;
    struct weir_schema_job j = {.l = l, .node = node};
    return kind == WEIR_JSON_OBJECT && compile_object(&j) == -1 ? NULL : node;
}
