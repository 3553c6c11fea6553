#include "schema/keyword.h"

#include "core/limits.h"
#include "schema/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * One function per keyword, found in a table that lists every keyword of 2020-12 and draft-07:
 * those that only describe, those that are compiled, and those that are not supported yet and
 * refused.
 */

#define POINTER_BYTES 160
#define LENGTH_MAX 1e15 /* beyond any cell */

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

    if (l->warn == NULL) {
        return;
    }
    va_start(ap, fmt);
    complain(l, at, msg, sizeof msg, fmt, ap);
    va_end(ap);
    l->warn(l->ctx, msg);
}

static int properties(struct weir_schema_job *j, uint32_t at)
{
    j->properties = at;
    j->node->hints |= WEIR_T_OBJECT;
    return weir_schema_expect(j->l, at, WEIR_JSON_OBJECT, "an object of schemas");
}

static int required(struct weir_schema_job *j, uint32_t at)
{
    j->required = at;
    j->node->hints |= WEIR_T_OBJECT;
    return weir_schema_expect(j->l, at, WEIR_JSON_ARRAY, "an array of names");
}

static int additional_properties(struct weir_schema_job *j, uint32_t at)
{
    j->node->hints |= WEIR_T_OBJECT;
    j->node->additional = weir_schema_compile(j->l, at);
    return j->node->additional == NULL ? -1 : 0;
}

static int items(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_value_at(j->l, at)->kind == WEIR_JSON_ARRAY) {
        return weir_schema_bad(j->l, at, "an array of schemas is not supported yet");
    }
    j->node->hints |= WEIR_T_ARRAY;
    j->node->items = weir_schema_compile(j->l, at);
    return j->node->items == NULL ? -1 : 0;
}

/* $defs: compiled although perhaps nothing refers to them, so that mistakes are found. */
static int definitions(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_OBJECT, "an object of schemas") == -1) {
        return -1;
    }
    uint32_t key = at + 1;
    for (uint32_t i = 0; i < weir_schema_value_at(j->l, at)->len;
         i++, key = weir_schema_value_at(j->l, key + 1)->next) {
        if (weir_schema_compile(j->l, key + 1) == NULL) {
            return -1;
        }
    }
    return 0;
}

static int ref(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_STRING, "a reference") == -1) {
        return -1;
    }
    struct weir_schema_pending *p =
        weir_schema_arena_alloc(&j->l->schema->arena, sizeof *p, j->l->err);
    if (p == NULL) {
        return -1;
    }
    *p = (struct weir_schema_pending){j->node, at, j->l->pending};
    j->l->pending = p;
    return 0;
}

/* $id and $schema: of the root, and read there by load.c. */
static int root_only(struct weir_schema_job *j, uint32_t at)
{
    return j->node->at == 0 ? 0 : weir_schema_bad(j->l, at, "not supported below the root yet");
}

static int refuse(struct weir_schema_job *j, uint32_t at)
{
    return weir_schema_bad(j->l, at, "not supported yet");
}

struct keyword {
    const char *name;
    int (*compile)(struct weir_schema_job *j, uint32_t at); /* NULL: it only describes */
    bool in_row;                                            /* a row's own schema may have it */
};

static const struct keyword keywords[] = {
    {"$schema", root_only, true},
    {"$id", root_only, true},
    {"$ref", ref, true},
    {"$defs", definitions, true},
    {"definitions", definitions, true},
    {"$comment", NULL, true},
    {"type", weir_schema_kw_type, true},
    {"properties", properties, true},
    {"required", required, true},
    {"additionalProperties", additional_properties, true},
    {"items", items, false},
    {"enum", weir_schema_kw_enum, false},
    {"const", weir_schema_kw_const, false},
    {"minLength", weir_schema_kw_min_length, false},
    {"maxLength", weir_schema_kw_max_length, false},
    {"pattern", weir_schema_kw_pattern, false},
    {"minimum", weir_schema_kw_minimum, false},
    {"maximum", weir_schema_kw_maximum, false},
    {"format", weir_schema_kw_format, false},
    /* annotations in both drafts: nothing is ever rejected for them */
    {"title", NULL, true},
    {"description", NULL, true},
    {"default", NULL, true},
    {"examples", NULL, true},
    {"deprecated", NULL, true},
    {"readOnly", NULL, true},
    {"writeOnly", NULL, true},
    {"contentEncoding", NULL, true},
    {"contentMediaType", NULL, true},
    {"contentSchema", NULL, true},
    /* not yet */
    {"$vocabulary", refuse, true},
    {"$anchor", refuse, true},
    {"$dynamicAnchor", refuse, true},
    {"$dynamicRef", refuse, true},
    {"$recursiveAnchor", refuse, true},
    {"$recursiveRef", refuse, true},
    {"allOf", refuse, true},
    {"anyOf", refuse, true},
    {"oneOf", refuse, true},
    {"not", refuse, true},
    {"if", refuse, true},
    {"then", refuse, true},
    {"else", refuse, true},
    {"dependencies", refuse, true},
    {"dependentRequired", refuse, true},
    {"dependentSchemas", refuse, true},
    {"patternProperties", refuse, true},
    {"propertyNames", refuse, true},
    {"minProperties", refuse, true},
    {"maxProperties", refuse, true},
    {"prefixItems", refuse, true},
    {"additionalItems", refuse, true},
    {"contains", refuse, true},
    {"minContains", refuse, true},
    {"maxContains", refuse, true},
    {"minItems", refuse, true},
    {"maxItems", refuse, true},
    {"uniqueItems", refuse, true},
    {"multipleOf", refuse, true},
    {"exclusiveMinimum", refuse, true},
    {"exclusiveMaximum", refuse, true},
    {"unevaluatedItems", refuse, true},
    {"unevaluatedProperties", refuse, true},
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

static int compare_props(const void *a, const void *b, void *props)
{
    const struct weir_schema_prop *p = props;

    return weir_str_cmp(p[*(const uint32_t *)a].name, p[*(const uint32_t *)b].name);
}

/* The names that `required` adds to the props, or marks among them. */
static int add_required(
    struct weir_schema_job *j, struct weir_schema_prop *props, uint32_t *sorted, uint32_t *order)
{
    struct weir_schema_loader *l = j->l;
    struct weir_schema_node *node = j->node;
    const size_t declared = node->props_n;
    uint32_t item = j->required + 1;

    for (uint32_t i = 0; i < node->required_n; i++, item = weir_schema_value_at(l, item)->next) {
        if (weir_schema_expect(l, item, WEIR_JSON_STRING, "a name") == -1) {
            return -1;
        }
        /* Search the declared ones only; what is added lies behind them. */
        struct weir_schema_node view = {.props = props, .sorted = sorted, .props_n = declared};
        size_t next = 0;
        const struct weir_schema_prop *found =
            weir_schema_prop_find(&view, weir_schema_text_at(l, item), &next);
        size_t index = found != NULL ? (size_t)(found - props) : node->props_n++;
        if (found != NULL && found->required != UINT32_MAX) {
            return weir_schema_bad(l, item, "a name comes twice");
        }
        props[index].name = weir_schema_text_at(l, item);
        props[index].required = i;
        order[i] = (uint32_t)index;
    }
    for (size_t i = declared; i < node->props_n; i++) {
        sorted[i] = (uint32_t)i;
    }
    qsort_r(sorted, node->props_n, sizeof *sorted, compare_props, props);
    for (size_t i = 1; i < node->props_n; i++) {
        if (weir_str_eq(props[sorted[i - 1]].name, props[sorted[i]].name)) {
            return weir_schema_bad(l, j->required, "a name comes twice");
        }
    }
    return 0;
}

/* properties and required together, whichever came first. */
static int finish_object(struct weir_schema_job *j)
{
    struct weir_schema_loader *l = j->l;
    struct weir_schema_node *node = j->node;
    size_t declared = j->properties != 0 ? weir_schema_value_at(l, j->properties)->len : 0;
    size_t names = j->required != 0 ? weir_schema_value_at(l, j->required)->len : 0;

    if (declared + names == 0) {
        return 0;
    }
    struct weir_schema_prop *props =
        weir_schema_arena_alloc(&l->schema->arena, (declared + names) * sizeof *props, l->err);
    uint32_t *sorted =
        weir_schema_arena_alloc(&l->schema->arena, (declared + names) * sizeof *sorted, l->err);
    uint32_t *order = weir_schema_arena_alloc(&l->schema->arena, names * sizeof *order + 1, l->err);
    if (props == NULL || sorted == NULL || order == NULL) {
        return -1;
    }
    uint32_t key = j->properties + 1;
    for (uint32_t i = 0; i < declared; i++, key = weir_schema_value_at(l, key + 1)->next) {
        const struct weir_schema_node *child = weir_schema_compile(l, key + 1);
        if (child == NULL) {
            return -1;
        }
        props[i] = (struct weir_schema_prop){weir_schema_text_at(l, key), child, UINT32_MAX};
        sorted[i] = i;
    }
    qsort_r(sorted, declared, sizeof *sorted, compare_props, props);
    node->props = props;
    node->sorted = sorted;
    node->props_n = declared;
    node->required = order;
    node->required_n = names;
    if (l->schema->required_max < names) {
        l->schema->required_max = names;
    }
    return add_required(j, props, sorted, order);
}

/* draft-07: whatever stands beside $ref is ignored. Only definitions may be meant to stand there.
 */
static int compile_ref_only(
    struct weir_schema_job *j, const struct weir_json_value *object, uint32_t at_ref)
{
    uint32_t key = j->node->at + 1;

    for (uint32_t i = 0; i < object->len; i++, key = weir_schema_value_at(j->l, key + 1)->next) {
        const struct keyword *k = find_keyword(weir_schema_text_at(j->l, key));
        if (k != NULL && k->compile != NULL && k->compile != ref && k->compile != definitions &&
            k->compile != root_only) {
            weir_schema_odd(j->l, key + 1, "ignored beside $ref, as draft-07 says");
        }
    }
    return ref(j, at_ref);
}

static int compile_object(struct weir_schema_job *j)
{
    struct weir_schema_loader *l = j->l;
    const struct weir_json_value *object = weir_schema_value_at(l, j->node->at);
    const struct weir_json_value *r =
        l->draft7 ? weir_json_member(weir_schema_tape_of(l), object, WEIR_STR("$ref")) : NULL;

    if (r != NULL) {
        return compile_ref_only(j, object, (uint32_t)(r - weir_schema_tape_of(l)->v));
    }
    uint32_t key = j->node->at + 1;
    for (uint32_t i = 0; i < object->len; i++, key = weir_schema_value_at(l, key + 1)->next) {
        const struct keyword *k = find_keyword(weir_schema_text_at(l, key));
        if (k == NULL || k->compile == NULL) {
            continue;
        }
        if (!k->in_row && j->node->not_for_rows == 0) {
            j->node->not_for_rows = key + 1;
        }
        if (k->compile(j, key + 1) == -1) {
            return -1;
        }
    }
    return finish_object(j);
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
    struct weir_schema_node *node = weir_schema_arena_alloc(&schema->arena, sizeof *node, l->err);
    if (node == NULL) {
        return NULL;
    }
    node->at = at;
    node->length_max = SIZE_MAX;
    node->never = kind == WEIR_JSON_FALSE;
    node->all_next = schema->all;
    schema->all = node;
    schema->nodes_n++;
    l->map[at] = node;
    struct weir_schema_job j = {.l = l, .node = node};
    return kind == WEIR_JSON_OBJECT && compile_object(&j) == -1 ? NULL : node;
}
