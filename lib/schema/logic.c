#include "schema/keyword.h"

#include "core/limits.h"
#include "schema/text.h"

#include <stdio.h>

/*
 * Keywords that lead to other schemas for the same value, and those that depend on what these saw.
 */

#define MESSAGE_BYTES 160
#define OBJECT WEIR_KIND(WEIR_JSON_OBJECT)

static struct weir_schema_op *branches(
    struct weir_schema_job *j, uint32_t at, enum weir_schema_code code)
{
    size_t n;
    const struct weir_schema_node *const *nodes = weir_schema_nodes_at(j->l, at, &n);

    if (nodes == NULL) {
        return NULL;
    }
    struct weir_schema_op *op = weir_schema_op_new(j, code, WEIR_KINDS_ALL, at);
    op->nodes = nodes;
    op->n = (uint32_t)n;
    return op;
}

/* "must match ... N ...", kept; not for one of them. */
static int say(struct weir_schema_job *j, struct weir_schema_op *op, const char *name)
{
    char buf[MESSAGE_BYTES];

    if (op->n == 1) {
        snprintf(buf, sizeof buf, "must match the schema of %s", name);
    } else {
        snprintf(buf, sizeof buf, "must match one of the %u schemas of %s", op->n, name);
    }
    op->message = weir_schema_keep(j->l, buf);
    return op->message == NULL ? -1 : 0;
}

int weir_schema_kw_all_of(struct weir_schema_job *j, uint32_t at)
{
    return branches(j, at, WEIR_OP_ALL) == NULL ? -1 : 0;
}

int weir_schema_kw_any_of(struct weir_schema_job *j, uint32_t at)
{
    struct weir_schema_op *op = branches(j, at, WEIR_OP_ANY);

    return op == NULL ? -1 : say(j, op, "anyOf");
}

int weir_schema_kw_one_of(struct weir_schema_job *j, uint32_t at)
{
    struct weir_schema_op *op = branches(j, at, WEIR_OP_ONE);

    return op == NULL ? -1 : say(j, op, "oneOf");
}

int weir_schema_kw_not(struct weir_schema_job *j, uint32_t at)
{
    const struct weir_schema_node *node = weir_schema_compile(j->l, at);

    if (node == NULL) {
        return -1;
    }
    struct weir_schema_op *op = weir_schema_op_new(j, WEIR_OP_NOT, WEIR_KINDS_ALL, at);
    op->node = node;
    op->message = "must not match the schema of not";
    return 0;
}

int weir_schema_finish_if(struct weir_schema_job *j)
{
    struct weir_schema_loader *l = j->l;

    if (j->if_ == 0) {
        return 0; /* then and else say nothing by themselves */
    }
    const struct weir_schema_node **nodes =
        weir_schema_alloc(l, 3 * sizeof(const struct weir_schema_node *));
    if (nodes == NULL) {
        return -1;
    }
    nodes[0] = l->map[j->if_];
    nodes[1] = j->then != 0 ? l->map[j->then] : NULL;
    nodes[2] = j->else_ != 0 ? l->map[j->else_] : NULL;
    struct weir_schema_op *op = weir_schema_op_new(j, WEIR_OP_IF, WEIR_KINDS_ALL, j->if_);
    op->nodes = nodes;
    op->n = 3;
    return 0;
}

/* The names in an array. */
static int names_at(struct weir_schema_loader *l, uint32_t at, struct weir_schema_dependent *d)
{
    const uint32_t n = weir_schema_value_at(l, at)->len;
    uint32_t item = at + 1;

    if (weir_schema_expect(l, at, WEIR_JSON_ARRAY, "an array of names") == -1) {
        return -1;
    }
    struct weir_str *names = weir_schema_alloc(l, n * sizeof *names + 1);
    if (names == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < n; i++, item = weir_schema_next(l, item)) {
        if (weir_schema_expect(l, item, WEIR_JSON_STRING, "a name") == -1) {
            return -1;
        }
        names[i] = weir_schema_text_at(l, item);
    }
    d->names = names;
    d->names_n = n;
    return 0;
}

static int needs(struct weir_schema_loader *l, uint32_t key, struct weir_schema_dependent *d)
{
    char buf[MESSAGE_BYTES];
    struct weir_text t;

    weir_text_init(&t, buf, sizeof buf);
    weir_text_add(&t, "required when there is ");
    weir_text_shown(&t, d->name, sizeof buf / 2);
    d->message = weir_schema_keep(l, buf);
    return d->message == NULL ? -1 : names_at(l, key + 1, d);
}

/*
 * The members of an object that says what depends on what: arrays of names where `arrays`, and
 * schemas where `schemas`.
 */
static int dependents(struct weir_schema_job *j, uint32_t at, bool arrays, bool schemas)
{
    struct weir_schema_loader *l = j->l;
    const uint32_t n = weir_schema_value_at(l, at)->len;
    struct weir_schema_op *op;
    uint32_t key = at + 1, needs_n = 0, nodes_n = 0;

    if (weir_schema_expect(l, at, WEIR_JSON_OBJECT,
            schemas ? "an object of schemas" : "an object of arrays of names") == -1) {
        return -1;
    }
    struct weir_schema_dependent *d = weir_schema_alloc(l, n * sizeof *d + 1);
    if (d == NULL) {
        return -1;
    }
    /* Those with names from the front, those with schemas from the back. */
    for (uint32_t i = 0; i < n; i++, key = weir_schema_next(l, key + 1)) {
        bool array =
            arrays && (!schemas || weir_schema_value_at(l, key + 1)->kind == WEIR_JSON_ARRAY);
        struct weir_schema_dependent *one = array ? &d[needs_n++] : &d[n - ++nodes_n];
        one->name = weir_schema_text_at(l, key);
        if (array && needs(l, key, one) == -1) {
            return -1;
        }
        one->node = array ? NULL : weir_schema_compile(l, key + 1);
        if (!array && one->node == NULL) {
            return -1;
        }
    }
    if (needs_n > 0) {
        op = weir_schema_op_new(j, WEIR_OP_NEEDS, OBJECT, at);
        op->dependents = d;
        op->n = needs_n;
    }
    if (nodes_n > 0) {
        op = weir_schema_op_new(j, WEIR_OP_DEPENDENT, OBJECT, at);
        op->dependents = d + n - nodes_n;
        op->n = nodes_n;
    }
    return 0;
}

int weir_schema_kw_dependent_required(struct weir_schema_job *j, uint32_t at)
{
    return dependents(j, at, true, false);
}

int weir_schema_kw_dependent_schemas(struct weir_schema_job *j, uint32_t at)
{
    return dependents(j, at, false, true);
}

int weir_schema_kw_dependencies(struct weir_schema_job *j, uint32_t at)
{
    return dependents(j, at, true, true);
}

static int unevaluated(
    struct weir_schema_job *j, uint32_t at, enum weir_schema_code code, enum weir_json_kind kind)
{
    struct weir_schema_unevaluated *u = weir_schema_alloc(j->l, sizeof *u);

    if (u == NULL) {
        return -1;
    }
    u->self = j->node;
    u->node = weir_schema_compile(j->l, at);
    weir_schema_op_new(j, code, WEIR_KIND(kind), at)->unevaluated = u;
    return u->node == NULL ? -1 : 0;
}

int weir_schema_kw_unevaluated_items(struct weir_schema_job *j, uint32_t at)
{
    return unevaluated(j, at, WEIR_OP_UNEVALUATED_ELEMENTS, WEIR_JSON_ARRAY);
}

int weir_schema_kw_unevaluated_properties(struct weir_schema_job *j, uint32_t at)
{
    return unevaluated(j, at, WEIR_OP_UNEVALUATED_MEMBERS, WEIR_JSON_OBJECT);
}
