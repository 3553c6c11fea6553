#include "schema/check.h"

#include "json/value.h"

/*
 * Arrays and objects: their parts are checked one after the other.
 */

#define FEW_PROPS 8    /* up to which a search from the front beats halving */
#define STEP_PIECES 16 /* members that are a step to search */

const struct weir_schema_prop *weir_schema_prop_search(
    const struct weir_schema_members *members, struct weir_str name, size_t *next)
{
    const struct weir_schema_prop *props = members->props;
    size_t n = members->props_n;

    if (n <= FEW_PROPS) {
        for (size_t i = 0; i < n; i++) {
            if (weir_schema_same_name(props[i].name, name)) {
                *next = i + 1;
                return &props[i];
            }
        }
        return NULL;
    }
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int d = weir_str_cmp(name, props[members->sorted[middle]].name);
        if (d == 0) {
            *next = members->sorted[middle] + 1;
            return &props[members->sorted[middle]];
        }
        if (d < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

bool weir_schema_run_elements(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_schema_elements *e = op->elements;
    const struct weir_json_value *item = v + 1;
    bool valid = true;

    for (uint32_t i = 0; i < v->len && (valid || c->reporting); i++) {
        const struct weir_schema_place here = {.up = at, .index = i};
        const struct weir_schema_node *node = i < e->prefix_n ? e->prefix[i] : e->rest;
        if (node == NULL || c->spent) {
            break;
        }
        valid = weir_schema_run(c, node, item, &here) && valid;
        item = c->on->v + item->next;
    }
    return valid;
}

bool weir_schema_run_contains(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_schema_contains *k = op->contains;
    const struct weir_json_value *item = v + 1;
    size_t matches = 0;

    for (uint32_t i = 0; i < v->len && !c->spent; i++, item = c->on->v + item->next) {
        if (matches >= k->min && k->max == SIZE_MAX) {
            return true; /* more do not matter */
        }
        matches += weir_schema_judge(c, k->node, item);
    }
    if (c->spent) {
        return false;
    }
    return matches < k->min   ? weir_schema_fail(c, at, op, op->message)
           : matches > k->max ? weir_schema_fail(c, at, op, k->max_msg)
                              : true;
}

/* Some required name is not there: look once more, to say which. Each is a step of its own: one
 * empty object lacks as many as the schema has. */
static void report_missing(struct weir_schema_check *c, const struct weir_schema_members *m,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_json_value *key = v + 1;
    size_t next = 0;

    memset(c->seen, 0, (m->required_n + 63) / 64 * sizeof *c->seen);
    for (uint32_t i = 0; i < v->len; i++, key = c->on->v + key[1].next) {
        const struct weir_schema_prop *prop =
            weir_schema_prop_find(m, weir_json_text(c->on, key), &next);
        if (prop != NULL && prop->required != UINT32_MAX) {
            c->seen[prop->required / 64] |= UINT64_C(1) << prop->required % 64;
        }
    }
    for (size_t i = 0; i < m->required_n; i++) {
        if ((c->seen[i / 64] >> i % 64 & 1) == 0) {
            if (!weir_schema_spend(c, 1)) {
                return;
            }
            const struct weir_schema_place here = {.up = at, .name = m->props[m->required[i]].name};
            weir_schema_report_at(c, &here, m->required_at, "required");
        }
    }
}

/* A member of an object where names may match patterns. */
static bool run_matched(struct weir_schema_check *c, const struct weir_schema_members *m,
    const struct weir_schema_prop *prop, const struct weir_json_value *v,
    const struct weir_schema_place *here)
{
    bool known = prop != NULL && prop->declared, valid = true;

    if (known && prop->node != NULL) {
        valid = weir_schema_run(c, prop->node, v, here);
    }
    for (size_t i = 0; i < m->patterns_n && !c->spent && (valid || c->reporting); i++) {
        if (weir_schema_named(c, m->patterns[i].pattern, here->name)) {
            known = true;
            valid = weir_schema_run(c, m->patterns[i].node, v, here) && valid;
        }
    }
    return known || m->additional == NULL || c->spent ? valid
                                                      : weir_schema_run(c, m->additional, v, here);
}

static inline bool run_member(struct weir_schema_check *c, const struct weir_schema_members *m,
    const struct weir_schema_prop *prop, const struct weir_json_value *v,
    const struct weir_schema_place *here)
{
    if (m->patterns_n > 0) {
        return run_matched(c, m, prop, v, here);
    }
    const struct weir_schema_node *node =
        prop != NULL && prop->declared ? prop->node : m->additional;
    return node == NULL || weir_schema_run(c, node, v, here);
}

bool weir_schema_run_members(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_schema_members *m = op->members;
    const struct weir_json_value *key = v + 1;
    size_t next = 0, required = 0;
    bool valid = true;

    for (uint32_t i = 0; i < v->len; i++, key = c->on->v + key[1].next) {
        const struct weir_schema_place here = {.up = at, .name = weir_json_text(c->on, key)};
        const struct weir_schema_prop *prop = weir_schema_prop_find(m, here.name, &next);
        required += prop != NULL && prop->required != UINT32_MAX;
        if (!run_member(c, m, prop, key + 1, &here)) {
            valid = false;
            if (!c->reporting || c->spent) {
                return false;
            }
        }
    }
    /* No name comes twice, so a count is enough to know that all are there. */
    if (required < m->required_n) {
        valid = false;
        if (c->reporting && weir_schema_spend(c, m->required_n / STEP_PIECES)) {
            report_missing(c, m, v, at);
        }
    }
    return valid;
}

bool weir_schema_run_names(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_json_value *key = v + 1;
    bool valid = true;

    for (uint32_t i = 0; i < v->len && !c->spent && (valid || c->reporting); i++) {
        const struct weir_schema_place here = {.up = at, .name = weir_json_text(c->on, key)};
        const bool as_name = c->as_name;
        c->as_name = true;
        valid = weir_schema_run(c, op->node, key, &here) && valid;
        c->as_name = as_name;
        key = c->on->v + key[1].next;
    }
    return valid;
}

static bool has(
    struct weir_schema_check *c, const struct weir_json_value *object, struct weir_str name)
{
    return weir_schema_spend(c, 1 + object->len / STEP_PIECES) &&
           weir_json_member(c->on, object, name) != NULL;
}

static bool run_needs(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_schema_dependent *d, const struct weir_json_value *v,
    const struct weir_schema_place *at)
{
    bool valid = true;

    for (size_t i = 0; i < d->names_n && !c->spent && (valid || c->reporting); i++) {
        if (!has(c, v, d->names[i]) && !c->spent) {
            const struct weir_schema_place here = {.up = at, .name = d->names[i]};
            valid = weir_schema_fail(c, &here, op, d->message);
        }
    }
    return valid;
}

bool weir_schema_run_dependents(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    bool valid = true;

    for (uint32_t i = 0; i < op->n && !c->spent && (valid || c->reporting); i++) {
        const struct weir_schema_dependent *d = &op->dependents[i];
        if (!has(c, v, d->name) || c->spent) {
            continue;
        }
        valid =
            (d->node != NULL ? weir_schema_run(c, d->node, v, at) : run_needs(c, op, d, v, at)) &&
            valid;
    }
    return valid;
}
