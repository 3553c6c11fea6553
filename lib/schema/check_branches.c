#include "schema/check.h"

/*
 * Keywords that lead to other schemas for the same value, and the way to all that speak of more
 * than one value by itself: what check.c does not do on the spot.
 */

bool weir_schema_judge(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_value *v)
{
    const bool reporting = c->reporting;

    c->reporting = false;
    c->branches++;
    bool valid = weir_schema_run(c, node, v, NULL);
    c->branches--;
    c->reporting = reporting;
    return valid;
}

static bool may_be(const struct weir_schema_node *node, unsigned types)
{
    for (; node != NULL; node = node->ref) {
        if ((node->types & types) == 0) {
            return false;
        }
    }
    return true;
}

/* No branch matches. Where a single one is for values of this type, its problems are what is wrong;
 * else one can only say that there is none. */
static bool no_branch(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_schema_node *likely = NULL;
    unsigned types = weir_schema_value_types(c->on, v);
    uint32_t n = 0;

    if (!c->reporting) {
        return false;
    }
    for (uint32_t i = 0; i < op->n; i++) {
        if (may_be(op->nodes[i], types)) {
            likely = op->nodes[i];
            n++;
        }
    }
    if (n == 1) {
        return weir_schema_run(c, likely, v, at);
    }
    return weir_schema_fail(c, at, op, op->message);
}

static bool run_any(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    for (uint32_t i = 0; i < op->n && !c->spent; i++) {
        if (weir_schema_judge(c, op->nodes[i], v)) {
            return true;
        }
    }
    return c->spent ? false : no_branch(c, op, v, at);
}

static bool run_one(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    uint32_t matches = 0;

    for (uint32_t i = 0; i < op->n && matches < 2 && !c->spent; i++) {
        matches += weir_schema_judge(c, op->nodes[i], v);
    }
    if (matches == 1 || c->spent) {
        return matches == 1;
    }
    return matches == 0 ? no_branch(c, op, v, at)
                        : weir_schema_fail(c, at, op, "matches more than one schema of oneOf");
}

static bool run_all(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    bool valid = true;

    for (uint32_t i = 0; i < op->n && !c->spent && (valid || c->reporting); i++) {
        valid = weir_schema_run(c, op->nodes[i], v, at) && valid;
    }
    return valid;
}

static bool run_if(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_schema_node *next =
        weir_schema_judge(c, op->nodes[0], v) ? op->nodes[1] : op->nodes[2];

    return next == NULL || c->spent || weir_schema_run(c, next, v, at);
}

bool weir_schema_run_op(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    bool holds = true;

    switch ((enum weir_schema_code)op->code) {
    case WEIR_OP_MIN_PARTS:
        holds = v->len >= op->limit;
        break;
    case WEIR_OP_MAX_PARTS:
        holds = v->len <= op->limit;
        break;
    case WEIR_OP_UNIQUE:
        holds = weir_schema_unique(c, v);
        break;
    case WEIR_OP_NOT:
        holds = !weir_schema_judge(c, op->node, v);
        break;
    case WEIR_OP_ELEMENTS:
        return weir_schema_run_elements(c, op, v, at);
    case WEIR_OP_CONTAINS:
        return weir_schema_run_contains(c, op, v, at);
    case WEIR_OP_MEMBERS:
        return weir_schema_run_members(c, op, v, at);
    case WEIR_OP_NAMES:
        return weir_schema_run_names(c, op, v, at);
    case WEIR_OP_NEEDS:
    case WEIR_OP_DEPENDENT:
        return weir_schema_run_dependents(c, op, v, at);
    case WEIR_OP_ALL:
        return run_all(c, op, v, at);
    case WEIR_OP_ANY:
        return run_any(c, op, v, at);
    case WEIR_OP_ONE:
        return run_one(c, op, v, at);
    case WEIR_OP_IF:
        return run_if(c, op, v, at);
    case WEIR_OP_UNEVALUATED_ELEMENTS:
    case WEIR_OP_UNEVALUATED_MEMBERS:
        return weir_schema_run_unevaluated(c, op, v, at);
    default: /* check.c's */
        break;
    }
    return holds || c->spent ? holds : weir_schema_fail(c, at, op, op->message);
}
