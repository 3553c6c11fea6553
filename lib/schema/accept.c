#include "schema/check.h"

/*
 * What a cell may be read as. A column's schemas are gone through for the types that they allow:
 * those that all have to hold ($ref, allOf) narrow what is known, those of which some may hold
 * (anyOf, if ...) widen it. This is done when a header is bound, and takes steps of the check,
 * since schemas may lead to others, and these to others, more than once each.
 */

struct reading {
    unsigned types; /* when fixed: what is allowed; the value is one of these */
    unsigned hints; /* when not: types that some keyword speaks of, apart from strings */
    bool fixed;
    bool named; /* of a column: this schema, or a part that has to hold, speaks of it */
};

#define NUMBERS (WEIR_T_NUMBER | WEIR_T_INTEGER)

static void narrow(struct reading *r, unsigned types)
{
    /* An integer is a number. */
    if (r->fixed) {
        unsigned both = r->types & types;
        if ((r->types & WEIR_T_NUMBER) != 0 || (types & WEIR_T_NUMBER) != 0) {
            both |= ((r->types & NUMBERS) != 0 ? types : 0) & WEIR_T_INTEGER;
            both |= ((types & NUMBERS) != 0 ? r->types : 0) & WEIR_T_INTEGER;
        }
        types = both != 0 ? both : r->types; /* nothing fits both: the first is as good */
    }
    r->types = types;
    r->fixed = true;
}

/* A keyword speaks of these kinds of value. */
static unsigned kinds_types(uint8_t kinds)
{
    static const uint8_t types[] = {[WEIR_JSON_NUMBER] = WEIR_T_NUMBER,
        [WEIR_JSON_STRING] = WEIR_T_STRING,
        [WEIR_JSON_ARRAY] = WEIR_T_ARRAY,
        [WEIR_JSON_OBJECT] = WEIR_T_OBJECT};
    unsigned ret = 0;

    for (unsigned k = WEIR_JSON_NUMBER; kinds != WEIR_KINDS_ALL && k <= WEIR_JSON_OBJECT; k++) {
        ret |= (kinds >> k & 1) != 0 ? types[k] : 0;
    }
    return ret;
}

static unsigned value_types(const struct weir_schema *schema, const struct weir_json_value *v)
{
    unsigned types = weir_schema_value_types(&schema->tape, v);

    return (types & WEIR_T_NUMBER) != 0 ? WEIR_T_NUMBER : types;
}

static unsigned enum_types(const struct weir_schema *schema, const struct weir_schema_enum *set)
{
    unsigned types = set->strings_n > 0 ? WEIR_T_STRING : 0;

    for (size_t i = 0; i < set->values_n; i++) {
        types |= value_types(schema, set->values[i]);
    }
    return types;
}

static void read_node(
    struct weir_schema_check *c, const struct weir_schema_node *node, struct reading *r);

/* Some of these may hold, one of them has to where `all`. */
static void widen(struct weir_schema_check *c, const struct weir_schema_node *const *nodes,
    size_t n, bool all, struct reading *r)
{
    struct reading sum = {.fixed = all};

    for (size_t i = 0; i < n; i++) {
        struct reading one = {.types = 0};
        read_node(c, nodes[i], &one);
        sum.types |= one.types | one.hints;
        sum.fixed = sum.fixed && one.fixed;
    }
    if (sum.fixed) {
        narrow(r, sum.types);
    } else {
        r->hints |= sum.types;
    }
}

static void read_op(struct weir_schema_check *c, const struct weir_schema_op *op, struct reading *r)
{
    switch ((enum weir_schema_code)op->code) {
    case WEIR_OP_ENUM:
        narrow(r, enum_types(c->plan->schema, op->set));
        break;
    case WEIR_OP_CONST:
        narrow(r, value_types(c->plan->schema, op->constant));
        break;
    case WEIR_OP_ALL:
        for (uint32_t i = 0; i < op->n; i++) {
            read_node(c, op->nodes[i], r);
        }
        break;
    case WEIR_OP_ANY:
    case WEIR_OP_ONE:
        widen(c, op->nodes, op->n, true, r);
        break;
    case WEIR_OP_IF:
        widen(c, op->nodes, op->n, false, r);
        break;
    case WEIR_OP_NOT:
        widen(c, &op->node, 1, false, r);
        break;
    default:
        r->hints |= kinds_types(op->kinds);
        break;
    }
}

static void read_node(
    struct weir_schema_check *c, const struct weir_schema_node *node, struct reading *r)
{
    for (; node != NULL && weir_schema_spend(c, 1); node = node->ref) {
        if (node->types != WEIR_T_ANY && node->types != 0) {
            narrow(r, node->types);
        }
        for (uint32_t i = 0; i < node->ops_n; i++) {
            read_op(c, &node->ops[i], r);
        }
    }
}

/* What the keywords for members say of the column. */
static void read_members(struct weir_schema_check *c, const struct weir_schema_members *m,
    struct weir_str name, struct reading *r)
{
    size_t next = 0;
    const struct weir_schema_prop *p = weir_schema_prop_find(m, name, &next);
    bool named = p != NULL && p->declared;

    read_node(c, named ? p->node : NULL, r);
    for (size_t i = 0; i < m->patterns_n && !c->spent; i++) {
        if (weir_schema_named(c, m->patterns[i].pattern, name)) {
            named = true;
            read_node(c, m->patterns[i].node, r);
        }
    }
    read_node(c, named ? NULL : m->additional, r);
    r->named |= named || m->additional != NULL;
}

static void read_row(struct weir_schema_check *c, const struct weir_schema_node *row, uint32_t but,
    struct weir_str name, struct reading *r);

static void read_row_op(struct weir_schema_check *c, const struct weir_schema_op *op,
    struct weir_str name, struct reading *r)
{
    struct reading may = {.types = 0};

    if (op->code == WEIR_OP_MEMBERS) {
        read_members(c, op->members, name, r);
        return;
    }
    for (uint32_t k = 0; k < op->n; k++) {
        const struct weir_schema_node *to = op->code == WEIR_OP_NEEDS       ? NULL
                                            : op->code == WEIR_OP_DEPENDENT ? op->dependents[k].node
                                                                            : op->nodes[k];
        const bool all = op->code == WEIR_OP_ALL;
        struct reading one = all ? *r : (struct reading){.types = 0};
        one.named = false; /* what is left over in a part is so whatever its neighbours say */
        read_row(c, to, UINT32_MAX, name, &one);
        if (all) {
            one.named |= r->named;
            *r = one;
        } else {
            may.types |= one.types | one.hints;
        }
    }
    if (op->code == WEIR_OP_NOT) {
        read_row(c, op->node, UINT32_MAX, name, &may);
    }
    if (op->code == WEIR_OP_UNEVALUATED_MEMBERS && !r->named) {
        read_node(c, op->unevaluated->node, &may);
    }
    r->hints |= may.types | may.hints;
}

/* What schemas of the row as a whole say of the column, but for one keyword: first what may speak
 * of it by its name, then what speaks of those that are left over. */
static void read_row(struct weir_schema_check *c, const struct weir_schema_node *row, uint32_t but,
    struct weir_str name, struct reading *r)
{
    for (int left_over = 0; left_over < 2; left_over++) {
        for (const struct weir_schema_node *n = row; n != NULL && weir_schema_spend(c, 1);
             n = n->ref) {
            for (uint32_t i = 0; i < n->ops_n; i++) {
                const struct weir_schema_op *op = &n->ops[i];
                if (op->code != but &&
                    (op->code == WEIR_OP_UNEVALUATED_MEMBERS) == (left_over != 0)) {
                    read_row_op(c, op, name, r);
                }
            }
        }
    }
}

unsigned weir_schema_accepted(struct weir_schema_check *c, struct weir_str name,
    const struct weir_schema_node *const *nodes, size_t n)
{
    struct reading r = {.named = n > 0};

    for (size_t i = 0; i < n; i++) { /* those of the root's members */
        read_node(c, nodes[i], &r);
    }
    read_row(c, c->plan->schema->root, WEIR_OP_MEMBERS, name, &r);
    return r.fixed ? r.types : r.hints | WEIR_T_STRING;
}
