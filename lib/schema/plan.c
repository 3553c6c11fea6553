#include "schema/schema.h"

#include "schema/check.h"
#include "schema/text.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Plans: a header is bound to the root of the schema. The root may be a chain of schemas by $ref;
 * each of them has its say about a column.
 */

#define LABEL_BYTES 112 /* a column's name in messages; longer ones are cut */

/* What a column's cells may be read as: what the first of its schemas with a `type` says. */
static unsigned accepted(const struct weir_schema_node *const *nodes, size_t n)
{
    unsigned hints = 0;
    bool fixed = false;

    for (size_t i = 0; i < n; i++) {
        for (const struct weir_schema_node *node = nodes[i]; node != NULL; node = node->ref) {
            if (node->types != 0) {
                return node->types;
            }
            hints |= node->hints;
            fixed = fixed || node->has_enum || node->constant != NULL;
        }
    }
    return fixed ? hints : hints | WEIR_T_STRING;
}

static size_t chain_length(const struct weir_schema_node *node)
{
    size_t n = 0;

    for (; node != NULL; node = node->ref) {
        n++;
    }
    return n;
}

static void label_column(char *label, struct weir_str name, size_t index)
{
    struct weir_text t;

    weir_text_init(&t, label, LABEL_BYTES);
    if (name.len == 0) {
        snprintf(label, LABEL_BYTES, "column %zu", index + 1);
    } else {
        weir_text_name(&t, name, LABEL_BYTES - 8);
    }
}

static void bind_column(
    struct weir_schema_plan *plan, struct weir_str name, const struct weir_schema_node **nodes)
{
    struct weir_schema_column *column = &plan->columns[plan->columns_n];

    column->nodes = nodes;
    for (const struct weir_schema_node *row = plan->schema->root; row != NULL; row = row->ref) {
        size_t next = 0;
        const struct weir_schema_prop *prop = weir_schema_prop_find(row, name, &next);
        const struct weir_schema_node *node =
            prop != NULL && prop->node != NULL ? prop->node : row->additional;
        if (node != NULL) {
            nodes[column->nodes_n++] = node;
        }
        column->required = column->required || (prop != NULL && prop->required != UINT32_MAX);
    }
    column->accept = accepted(nodes, column->nodes_n);
    plan->columns_n++;
}

/* Whether a schema of the chain before `until` requires the name too. */
static bool required_before(
    const struct weir_schema_node *row, const struct weir_schema_node *until, struct weir_str name)
{
    for (; row != until; row = row->ref) {
        size_t next = 0;
        const struct weir_schema_prop *prop = weir_schema_prop_find(row, name, &next);
        if (prop != NULL && prop->required != UINT32_MAX) {
            return true;
        }
    }
    return false;
}

/* Fill plan->missing; labels is where their texts go. */
static void bind_missing(
    struct weir_schema_plan *plan, const struct weir_str *sorted, size_t n, char *labels)
{
    const struct weir_schema_node *root = plan->schema->root;

    for (const struct weir_schema_node *row = root; row != NULL; row = row->ref) {
        for (size_t i = 0; i < row->required_n; i++) {
            struct weir_str name = row->props[row->required[i]].name;
            if ((n > 0 && bsearch(&name, sorted, n, sizeof name, weir_str_cmp_at) != NULL) ||
                required_before(root, row, name)) {
                continue;
            }
            char *label = labels + plan->missing_n * LABEL_BYTES;
            struct weir_text t;
            weir_text_init(&t, label, LABEL_BYTES);
            weir_text_name(&t, name.len > 0 ? name : WEIR_STR("\"\""), LABEL_BYTES - 8);
            plan->missing[plan->missing_n++] = label;
        }
    }
}

struct weir_schema_plan *weir_schema_bind(
    const struct weir_schema *schema, const struct weir_str *names, size_t n, struct weir_err *err)
{
    struct weir_schema_plan *plan = calloc(1, sizeof *plan), *ret = NULL;
    struct weir_str *sorted = calloc(n + 1, sizeof *sorted);
    const size_t chain = chain_length(schema->root);
    size_t required = 0;

    for (const struct weir_schema_node *row = schema->root; row != NULL; row = row->ref) {
        required += row->required_n;
    }
    if (plan == NULL || sorted == NULL) {
        goto out;
    }
    plan->schema = schema;
    plan->columns = calloc(n + 1, sizeof *plan->columns);
    plan->nodes = calloc(n * chain + 1, sizeof *plan->nodes);
    plan->missing = calloc(required + 1, sizeof *plan->missing);
    plan->labels = calloc(n + required + 1, LABEL_BYTES);
    if (plan->columns == NULL || plan->nodes == NULL || plan->missing == NULL ||
        plan->labels == NULL) {
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        char *label = plan->labels + i * LABEL_BYTES;
        label_column(label, names[i], i);
        plan->columns[i].label = label;
        bind_column(plan, names[i], plan->nodes + i * chain);
        sorted[i] = names[i];
    }
    qsort(sorted, n, sizeof *sorted, weir_str_cmp_at);
    bind_missing(plan, sorted, n, plan->labels + n * LABEL_BYTES);
    ret = plan; /* the caller owns it now */
    plan = NULL;
out:
    if (ret == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory (%zu columns)", n);
    }
    weir_schema_plan_free(plan);
    free(sorted);
    return ret;
}

void weir_schema_plan_free(struct weir_schema_plan *plan)
{
    if (plan != NULL) {
        free(plan->columns);
        free(plan->nodes);
        free(plan->missing);
        free(plan->labels);
        free(plan);
    }
}
