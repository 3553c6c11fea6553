#include "schema/check.h"

#include "json/value.h"

/*
 * unevaluatedProperties and unevaluatedItems: what no other schema for the same value has looked
 * at. No notes are taken while these run. When the keyword is reached, each part is asked for: does
 * a schema for this value that holds speak of it? Where that depends on which branch holds, the
 * branch is judged again; the row's steps pay for it.
 */

#define STEP_PIECES 16 /* members that are a step to search */

/* A part of v: a member by its name, or an element by its place; and its value. */
struct part {
    const struct weir_json_value *v, *value;
    struct weir_str name;
    uint32_t index;
};

static bool by_node(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_schema_node *but, const struct part *part);

static bool by_members(
    struct weir_schema_check *c, const struct weir_schema_members *m, const struct part *part)
{
    size_t next = 0;
    const struct weir_schema_prop *prop = weir_schema_prop_find(m, part->name, &next);

    if ((prop != NULL && prop->declared) || m->additional != NULL) {
        return true;
    }
    for (size_t i = 0; i < m->patterns_n && !c->spent; i++) {
        if (weir_schema_named(c, m->patterns[i].pattern, part->name)) {
            return true;
        }
    }
    return false;
}

static bool by_branches(
    struct weir_schema_check *c, const struct weir_schema_op *op, const struct part *part)
{
    for (uint32_t i = 0; i < op->n && !c->spent; i++) {
        if (by_node(c, op->nodes[i], NULL, part) && weir_schema_judge(c, op->nodes[i], part->v)) {
            return true;
        }
    }
    return false;
}

static bool by_if(
    struct weir_schema_check *c, const struct weir_schema_op *op, const struct part *part)
{
    if (!weir_schema_judge(c, op->nodes[0], part->v)) {
        return op->nodes[2] != NULL && by_node(c, op->nodes[2], NULL, part);
    }
    return by_node(c, op->nodes[0], NULL, part) ||
           (op->nodes[1] != NULL && by_node(c, op->nodes[1], NULL, part));
}

static bool by_dependents(
    struct weir_schema_check *c, const struct weir_schema_op *op, const struct part *part)
{
    for (uint32_t i = 0; i < op->n; i++) {
        if (!weir_schema_spend(c, 1 + part->v->len / STEP_PIECES)) {
            return false;
        }
        if (weir_json_member(c->on, part->v, op->dependents[i].name) != NULL &&
            by_node(c, op->dependents[i].node, NULL, part)) {
            return true;
        }
    }
    return false;
}

static bool by_op(
    struct weir_schema_check *c, const struct weir_schema_op *op, const struct part *part)
{
    switch ((enum weir_schema_code)op->code) {
    case WEIR_OP_MEMBERS:
        return by_members(c, op->members, part);
    case WEIR_OP_ELEMENTS:
        return part->index < op->elements->prefix_n || op->elements->rest != NULL;
    case WEIR_OP_CONTAINS:
        return op->contains->evaluates && weir_schema_judge(c, op->contains->node, part->value);
    case WEIR_OP_UNEVALUATED_ELEMENTS:
    case WEIR_OP_UNEVALUATED_MEMBERS:
        return true; /* all that was left, since it holds */
    case WEIR_OP_ALL:
        for (uint32_t i = 0; i < op->n; i++) {
            if (by_node(c, op->nodes[i], NULL, part)) {
                return true;
            }
        }
        return false;
    case WEIR_OP_ANY:
    case WEIR_OP_ONE:
        return by_branches(c, op, part);
    case WEIR_OP_IF:
        return by_if(c, op, part);
    case WEIR_OP_DEPENDENT:
        return by_dependents(c, op, part);
    default:
        return false;
    }
}

/* Whether the node, which holds for part->v, or what it leads to speaks of the part. `but` is a
 * node whose own unevaluated... does not count: it is the one that asks. */
static bool by_node(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_schema_node *but, const struct part *part)
{
    for (; node != NULL; node = node->ref) {
        for (uint32_t i = 0; i < node->ops_n; i++) {
            const struct weir_schema_op *op = &node->ops[i];
            bool asks = node == but && op->code >= WEIR_OP_UNEVALUATED_ELEMENTS;
            if ((op->kinds & WEIR_KIND(part->v->kind)) == 0 || asks) {
                continue;
            }
            if (!weir_schema_spend(c, 1) || by_op(c, op, part)) {
                return !c->spent;
            }
        }
    }
    return false;
}

bool weir_schema_run_unevaluated(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_schema_unevaluated *u = op->unevaluated;
    const bool object = v->kind == WEIR_JSON_OBJECT;
    const struct weir_json_value *p = v + 1;
    bool valid = true;

    for (uint32_t i = 0; i < v->len && (valid || c->reporting); i++) {
        struct part part = {.v = v, .value = object ? p + 1 : p, .index = i};
        struct weir_schema_place here = {.up = at, .index = i};
        if (object) {
            part.name = here.name = weir_json_text(c->on, p);
        }
        bool evaluated = by_node(c, u->self, u->self, &part);
        if (c->spent) {
            return false;
        }
        valid = (evaluated || weir_schema_run(c, u->node, part.value, &here)) && valid;
        p = c->on->v + part.value->next;
    }
    return valid;
}
