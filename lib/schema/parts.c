#include "schema/keyword.h"

#include "core/limits.h"

#include <stdlib.h>

/*
 * Keywords of arrays and of objects.
 */

#define ARRAY WEIR_KIND(WEIR_JSON_ARRAY)
#define OBJECT WEIR_KIND(WEIR_JSON_OBJECT)

static int parts(struct weir_schema_job *j, uint32_t at, enum weir_schema_code code, uint8_t kind,
    const char *before, const char *one, const char *many)
{
    size_t limit;

    if (weir_schema_count(j->l, at, &limit) == -1) {
        return -1;
    }
    struct weir_schema_op *op = weir_schema_op_new(j, code, kind, at);
    op->limit = limit;
    op->message = weir_schema_keep_value(j->l, before, at, limit == 1 ? one : many);
    return op->message == NULL ? -1 : 0;
}

#define AT_LEAST "must have at least "
#define AT_MOST "must have at most "

int weir_schema_kw_min_items(struct weir_schema_job *j, uint32_t at)
{
    return parts(j, at, WEIR_OP_MIN_PARTS, ARRAY, AT_LEAST, " element", " elements");
}

int weir_schema_kw_max_items(struct weir_schema_job *j, uint32_t at)
{
    return parts(j, at, WEIR_OP_MAX_PARTS, ARRAY, AT_MOST, " element", " elements");
}

int weir_schema_kw_min_properties(struct weir_schema_job *j, uint32_t at)
{
    return parts(j, at, WEIR_OP_MIN_PARTS, OBJECT, AT_LEAST, " property", " properties");
}

int weir_schema_kw_max_properties(struct weir_schema_job *j, uint32_t at)
{
    return parts(j, at, WEIR_OP_MAX_PARTS, OBJECT, AT_MOST, " property", " properties");
}

int weir_schema_kw_unique_items(struct weir_schema_job *j, uint32_t at)
{
    enum weir_json_kind kind = weir_schema_value_at(j->l, at)->kind;

    if (kind != WEIR_JSON_TRUE && kind != WEIR_JSON_FALSE) {
        return weir_schema_bad(j->l, at, "must be true or false");
    }
    if (kind == WEIR_JSON_TRUE) {
        weir_schema_op_new(j, WEIR_OP_UNIQUE, ARRAY, at)->message =
            "must not have the same element twice";
    }
    return 0;
}

int weir_schema_kw_property_names(struct weir_schema_job *j, uint32_t at)
{
    const struct weir_schema_node *node = weir_schema_compile(j->l, at);

    if (node == NULL) {
        return -1;
    }
    weir_schema_op_new(j, WEIR_OP_NAMES, OBJECT, at)->node = node;
    return 0;
}

/* ---- elements ---- */

const struct weir_schema_node *const *weir_schema_nodes_at(
    struct weir_schema_loader *l, uint32_t at, size_t *n)
{
    const uint32_t len = weir_schema_value_at(l, at)->len;
    uint32_t item = at + 1;

    if (weir_schema_value_at(l, at)->kind != WEIR_JSON_ARRAY || len == 0) {
        weir_schema_bad(l, at, "must be an array with at least one schema");
        return NULL;
    }
    const struct weir_schema_node **nodes =
        weir_schema_alloc(l, len * sizeof(const struct weir_schema_node *));
    if (nodes == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < len; i++, item = weir_schema_next(l, item)) {
        nodes[i] = weir_schema_compile(l, item);
        if (nodes[i] == NULL) {
            return NULL;
        }
    }
    *n = len;
    return nodes;
}

int weir_schema_finish_elements(struct weir_schema_job *j)
{
    struct weir_schema_loader *l = j->l;
    /* additionalItems means something beside an array of items only. */
    const uint32_t rest = j->items != 0 ? j->items : j->prefix_items != 0 ? j->additional_items : 0;

    if (j->prefix_items == 0 && rest == 0) {
        return 0;
    }
    struct weir_schema_elements *e = weir_schema_alloc(l, sizeof *e);
    if (e == NULL) {
        return -1;
    }
    if (j->prefix_items != 0 && weir_schema_value_at(l, j->prefix_items)->len > 0) {
        e->prefix = weir_schema_nodes_at(l, j->prefix_items, &e->prefix_n);
        if (e->prefix == NULL) {
            return -1;
        }
    }
    e->rest = rest != 0 ? l->map[rest] : NULL;
    weir_schema_op_new(j, WEIR_OP_ELEMENTS, ARRAY, rest != 0 ? rest : j->prefix_items)->elements =
        e;
    return 0;
}

int weir_schema_finish_contains(struct weir_schema_job *j)
{
    struct weir_schema_loader *l = j->l;
    struct weir_schema_contains *c = weir_schema_alloc(l, sizeof *c);

    if (c == NULL) {
        return -1;
    }
    *c = (struct weir_schema_contains){.min = 1, .max = SIZE_MAX, .evaluates = !l->draft7};
    if ((j->min_contains != 0 && weir_schema_count(l, j->min_contains, &c->min) == -1) ||
        (j->max_contains != 0 && weir_schema_count(l, j->max_contains, &c->max) == -1)) {
        return -1;
    }
    if (j->contains == 0) {
        return 0;
    }
    c->node = l->map[j->contains];
    struct weir_schema_op *op = weir_schema_op_new(j, WEIR_OP_CONTAINS, ARRAY, j->contains);
    op->contains = c;
    op->message = j->min_contains == 0
                      ? "must have an element that matches the schema of contains"
                      : weir_schema_keep_value(l, AT_LEAST, j->min_contains,
                            c->min == 1 ? " element that matches the schema of contains"
                                        : " elements that match the schema of contains");
    c->max_msg = j->max_contains == 0
                     ? ""
                     : weir_schema_keep_value(l, AT_MOST, j->max_contains,
                           c->max == 1 ? " element that matches the schema of contains"
                                       : " elements that match the schema of contains");
    return op->message == NULL || c->max_msg == NULL ? -1 : 0;
}

/* ---- members ---- */

static int compare_props(const void *a, const void *b, void *props)
{
    const struct weir_schema_prop *p = props;

    return weir_str_cmp(p[*(const uint32_t *)a].name, p[*(const uint32_t *)b].name);
}

/* The names that `required` adds to the props, or marks among them. */
static int add_required(struct weir_schema_job *j, struct weir_schema_members *m,
    struct weir_schema_prop *props, uint32_t *sorted, uint32_t *order)
{
    struct weir_schema_loader *l = j->l;
    const size_t declared = m->props_n;
    uint32_t item = j->required + 1;

    for (uint32_t i = 0; i < m->required_n; i++, item = weir_schema_next(l, item)) {
        if (weir_schema_expect(l, item, WEIR_JSON_STRING, "a name") == -1) {
            return -1;
        }
        /* Search the declared ones only; what is added lies behind them. */
        struct weir_schema_members view = {.props = props, .sorted = sorted, .props_n = declared};
        size_t next = 0;
        const struct weir_schema_prop *found =
            weir_schema_prop_find(&view, weir_schema_text_at(l, item), &next);
        size_t index = found != NULL ? (size_t)(found - props) : m->props_n++;
        if (found != NULL && found->required != UINT32_MAX) {
            return weir_schema_bad(l, item, "a name comes twice");
        }
        props[index].name = weir_schema_text_at(l, item);
        props[index].required = i;
        order[i] = (uint32_t)index;
    }
    for (size_t i = declared; i < m->props_n; i++) {
        sorted[i] = (uint32_t)i;
    }
    qsort_r(sorted, m->props_n, sizeof *sorted, compare_props, props);
    for (size_t i = 1; i < m->props_n; i++) {
        if (weir_str_eq(props[sorted[i - 1]].name, props[sorted[i]].name)) {
            return weir_schema_bad(l, j->required, "a name comes twice");
        }
    }
    return 0;
}

/* properties and required, whichever came first. */
static int name_members(struct weir_schema_job *j, struct weir_schema_members *m)
{
    struct weir_schema_loader *l = j->l;
    size_t declared = j->properties != 0 ? weir_schema_value_at(l, j->properties)->len : 0;
    size_t names = j->required != 0 ? weir_schema_value_at(l, j->required)->len : 0;

    if (declared + names == 0) {
        return 0;
    }
    struct weir_schema_prop *props = weir_schema_alloc(l, (declared + names) * sizeof *props);
    uint32_t *sorted = weir_schema_alloc(l, (declared + names) * sizeof *sorted);
    uint32_t *order = weir_schema_alloc(l, names * sizeof *order + 1);
    if (props == NULL || sorted == NULL || order == NULL) {
        return -1;
    }
    uint32_t key = j->properties + 1;
    for (uint32_t i = 0; i < declared; i++, key = weir_schema_next(l, key + 1)) {
        const struct weir_schema_node *node = l->map[key + 1];
        props[i] = (struct weir_schema_prop){.name = weir_schema_text_at(l, key),
            .node = weir_schema_value_at(l, key + 1)->kind == WEIR_JSON_TRUE ? NULL : node,
            .declared = true,
            .required = UINT32_MAX};
        sorted[i] = i;
    }
    qsort_r(sorted, declared, sizeof *sorted, compare_props, props);
    m->props = props;
    m->sorted = sorted;
    m->props_n = declared;
    m->required = order;
    m->required_n = names;
    m->required_at = j->required;
    if (l->schema->required_max < names) {
        l->schema->required_max = names;
    }
    return add_required(j, m, props, sorted, order);
}

static int match_members(struct weir_schema_job *j, struct weir_schema_members *m)
{
    struct weir_schema_loader *l = j->l;
    const uint32_t n = weir_schema_value_at(l, j->pattern_properties)->len;
    struct weir_schema_by_pattern *patterns = weir_schema_alloc(l, n * sizeof *patterns + 1);
    uint32_t key = j->pattern_properties + 1;

    if (patterns == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < n; i++, key = weir_schema_next(l, key + 1)) {
        patterns[i].node = l->map[key + 1];
        patterns[i].pattern = weir_schema_pattern_at(l, key, key + 1);
        if (patterns[i].pattern == NULL) {
            return -1;
        }
    }
    m->patterns = patterns;
    m->patterns_n = n;
    return 0;
}

int weir_schema_finish_members(struct weir_schema_job *j)
{
    const uint32_t places[] = {
        j->properties, j->pattern_properties, j->additional_properties, j->required};
    uint32_t at = 0;

    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        at = at == 0 ? places[i] : at;
    }
    if (at == 0) {
        return 0;
    }
    struct weir_schema_members *m = weir_schema_alloc(j->l, sizeof *m);
    if (m == NULL) {
        return -1;
    }
    if (j->additional_properties != 0) {
        m->additional = j->l->map[j->additional_properties];
    }
    weir_schema_op_new(j, WEIR_OP_MEMBERS, OBJECT, at)->members = m;
    if (j->pattern_properties != 0 && match_members(j, m) == -1) {
        return -1;
    }
    return name_members(j, m);
}
