#include "schema/check.h"

#include "core/limits.h"
#include "core/utf8.h"
#include "schema/text.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Plans: a header is bound to the root of the schema. The root may be a chain of schemas by $ref;
 * each of them has its say about a column. What the root has beyond properties and `required` is
 * for the row as a whole.
 */

#define LABEL_BYTES 112 /* a column's name in messages; longer ones are cut */

static const struct weir_schema_op *members_op(const struct weir_schema_node *row)
{
    for (uint32_t i = 0; i < row->ops_n; i++) {
        if (row->ops[i].code == WEIR_OP_MEMBERS) {
            return &row->ops[i];
        }
    }
    return NULL;
}

/* How many schemas may have a say about one column, how many names are required, and whether there
 * is more than that. */
static void survey(const struct weir_schema *schema, size_t *nodes, size_t *required, bool *whole)
{
    *nodes = *required = 0;
    *whole = false;
    for (const struct weir_schema_node *row = schema->root; row != NULL; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        if (op != NULL) {
            *nodes += 1 + op->members->patterns_n;
            *required += op->members->required_n;
        }
        for (uint32_t i = 0; i < row->ops_n; i++) {
            *whole = *whole || (row->ops[i].code != WEIR_OP_MEMBERS &&
                                   (row->ops[i].kinds & WEIR_KIND(WEIR_JSON_OBJECT)) != 0);
        }
    }
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

/* The schemas of one level of the root for a column; returns whether it has a name for it. Of the
 * check only what a pattern needs is used. */
static bool bind_members(struct weir_schema_check *c, const struct weir_schema_members *m,
    struct weir_schema_column *column, const struct weir_schema_node **nodes)
{
    size_t next = 0;
    const struct weir_schema_prop *prop = weir_schema_prop_find(m, column->name, &next);
    bool known = prop != NULL && prop->declared;

    if (known && prop->node != NULL) {
        nodes[column->nodes_n++] = prop->node;
    }
    for (size_t i = 0; i < m->patterns_n; i++) {
        if (weir_schema_named(c, m->patterns[i].pattern, column->name)) {
            known = true;
            nodes[column->nodes_n++] = m->patterns[i].node;
        }
    }
    if (!known && m->additional != NULL) {
        nodes[column->nodes_n++] = m->additional;
    }
    if (column->required_at == 0 && prop != NULL && prop->required != UINT32_MAX) {
        column->required_at = m->required_at;
    }
    return known || prop != NULL;
}

static bool bind_column(struct weir_schema_check *c, struct weir_schema_plan *plan,
    struct weir_schema_column *column, const struct weir_schema_node **nodes)
{
    bool known = false;

    column->nodes = nodes;
    for (const struct weir_schema_node *row = plan->schema->root; row != NULL; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        if (op != NULL) {
            known |= bind_members(c, op->members, column, nodes);
        }
    }
    column->accept = weir_schema_accepted(c, column->name, column->nodes, column->nodes_n);
    return known;
}

/* Whether the root's chain has properties: what it merely requires is told as missing. */
static bool names_columns(const struct weir_schema *schema)
{
    for (const struct weir_schema_node *row = schema->root; row != NULL; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        for (size_t i = 0; op != NULL && i < op->members->props_n; i++) {
            if (op->members->props[i].declared) {
                return true;
            }
        }
    }
    return false;
}

/* Whether a schema of the chain before `until` requires the name too. */
static bool required_before(
    const struct weir_schema_node *row, const struct weir_schema_node *until, struct weir_str name)
{
    for (; row != until; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        size_t next = 0;
        const struct weir_schema_prop *prop =
            op != NULL ? weir_schema_prop_find(op->members, name, &next) : NULL;
        if (prop != NULL && prop->required != UINT32_MAX) {
            return true;
        }
    }
    return false;
}

/* Fill plan->missing; labels is where their texts go. */
static void bind_missing(struct weir_schema_plan *plan, char *labels)
{
    const struct weir_schema_node *root = plan->schema->root;

    for (const struct weir_schema_node *row = root; row != NULL; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        for (size_t i = 0; op != NULL && i < op->members->required_n; i++) {
            struct weir_str name = op->members->props[op->members->required[i]].name;
            if (weir_schema_plan_find(plan, name) != SIZE_MAX || required_before(root, row, name)) {
                continue;
            }
            char *label = labels + plan->missing_n * LABEL_BYTES;
            struct weir_text t;
            weir_text_init(&t, label, LABEL_BYTES);
            weir_text_shown(&t, name, LABEL_BYTES - 8);
            plan->missing[plan->missing_n++] =
                (struct weir_schema_missing){label, op->members->required_at};
        }
    }
}

static int compare_columns(const void *a, const void *b)
{
    const struct weir_schema_column *x = *(const struct weir_schema_column *const *)a,
                                    *y = *(const struct weir_schema_column *const *)b;
    int d = weir_str_cmp(x->name, y->name);

    return d != 0 ? d : x < y ? -1 : 1;
}

/* Names that come twice: the first of them is the one that counts for the row as a whole. */
static void sort_columns(struct weir_schema_plan *plan)
{
    const size_t n = plan->columns_n;

    for (size_t i = 0; i < n; i++) {
        plan->by_name[i] = &plan->columns[i];
    }
    qsort(plan->by_name, n, sizeof(struct weir_schema_column *), compare_columns);
    for (size_t i = 1; i < n; i++) {
        plan->by_name[i]->again = weir_str_eq(plan->by_name[i - 1]->name, plan->by_name[i]->name);
    }
}

size_t weir_schema_plan_find(const struct weir_schema_plan *plan, struct weir_str name)
{
    size_t low = 0, high = plan->columns_n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (weir_str_cmp(plan->by_name[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < plan->columns_n && weir_str_eq(plan->by_name[low]->name, name)
               ? (size_t)(plan->by_name[low] - plan->columns)
               : SIZE_MAX;
}

static int allocate(struct weir_schema_plan *plan, const struct weir_str *names, size_t n,
    size_t nodes, size_t required)
{
    size_t room = 0;

    for (size_t i = 0; i < n; i++) {
        const bool valid = weir_utf8_check(names[i].p, names[i].len) == names[i].len;
        room += valid ? names[i].len : names[i].len * (sizeof WEIR_UTF8_REPLACEMENT - 1);
    }
    plan->columns = calloc(n + 1, sizeof *plan->columns);
    plan->by_name = calloc(n + 1, sizeof(struct weir_schema_column *));
    plan->nodes = calloc(n * nodes + 1, sizeof(const struct weir_schema_node *));
    plan->missing = calloc(required + 1, sizeof *plan->missing);
    plan->labels = calloc(n + required + 1, LABEL_BYTES);
    plan->names = malloc(room + 1);
    return plan->columns == NULL || plan->by_name == NULL || plan->nodes == NULL ||
                   plan->missing == NULL || plan->labels == NULL || plan->names == NULL
               ? -1
               : 0;
}

/* A name as the schema sees it: text, so that bytes that are none become U+FFFD. What reads names
 * relies on it, and reads beyond a character that is not whole. Returns its end. */
static char *put_name(char *to, struct weir_str name)
{
    while (name.len > 0) {
        const size_t n = weir_utf8_check(name.p, name.len);
        memcpy(to, name.p, n);
        to += n;
        if (n == name.len) {
            break;
        }
        memcpy(to, WEIR_UTF8_REPLACEMENT, sizeof WEIR_UTF8_REPLACEMENT - 1);
        to += sizeof WEIR_UTF8_REPLACEMENT - 1;
        name = (struct weir_str){name.p + n + 1, name.len - n - 1};
    }
    return to;
}

static void bind_columns(struct weir_schema_check *c, struct weir_schema_plan *plan,
    const struct weir_str *names, size_t n, size_t nodes)
{
    char *name = plan->names;

    plan->strange = n > 0 && names_columns(plan->schema);
    for (size_t i = 0; i < n; i++) {
        struct weir_schema_column *column = &plan->columns[plan->columns_n++];
        char *label = plan->labels + i * LABEL_BYTES;
        char *end = put_name(name, names[i]);
        column->name = (struct weir_str){name, (size_t)(end - name)};
        name = end;
        label_column(label, names[i], i);
        column->label = label;
        if (bind_column(c, plan, column, plan->nodes + i * nodes)) {
            plan->strange = false;
        }
    }
    plan->names_len = (size_t)(name - plan->names);
}

struct weir_schema_plan *weir_schema_bind(
    const struct weir_schema *schema, const struct weir_str *names, size_t n, struct weir_err *err)
{
    struct weir_schema_plan *plan = calloc(1, sizeof *plan), *ret = NULL;
    struct weir_schema_check c = {.steps = WEIR_BIND_STEPS_MAX, .plan = plan};
    size_t nodes, required;

    if (plan == NULL) {
        goto out;
    }
    plan->schema = schema;
    survey(schema, &nodes, &required, &plan->whole);
    c.work = weir_pattern_work_new(err);
    if (c.work == NULL || allocate(plan, names, n, nodes, required) == -1) {
        goto out;
    }
    bind_columns(&c, plan, names, n, nodes);
    if (c.spent) {
        goto out;
    }
    sort_columns(plan);
    bind_missing(plan, plan->labels + n * LABEL_BYTES);
    ret = plan; /* the caller owns it now */
    plan = NULL;
out:
    if (ret == NULL && c.spent) {
        weir_err_set(err, WEIR_E_CONFIG,
            "schema: it takes too many steps to find what it says of each of %zu columns", n);
    } else if (ret == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory (%zu columns)", n);
    }
    weir_pattern_work_free(c.work);
    weir_schema_plan_free(plan);
    return ret;
}

const char weir_schema_null[] = "";

void weir_schema_plan_cells(struct weir_schema_plan *plan, const struct weir_schema_cells *cells)
{
    plan->cells = *cells;
}

const char *weir_schema_plan_label(const struct weir_schema_plan *plan, size_t column)
{
    return plan->columns[column].label;
}

const char *weir_schema_plan_missing(const struct weir_schema_plan *plan, size_t i)
{
    return i < plan->missing_n ? plan->missing[i].label : NULL;
}

bool weir_schema_plan_strange(const struct weir_schema_plan *plan)
{
    return plan->strange;
}

void weir_schema_plan_free(struct weir_schema_plan *plan)
{
    if (plan != NULL) {
        free(plan->columns);
        free(plan->by_name);
        free(plan->nodes);
        free(plan->missing);
        free(plan->labels);
        free(plan->names);
        free(plan);
    }
}

/* ---- what a plan would be, for people ---- */

static size_t count_names(const struct weir_schema *schema)
{
    size_t n = 0;

    for (const struct weir_schema_node *row = schema->root; row != NULL; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        n += op != NULL ? op->members->props_n : 0;
    }
    return n;
}

/* The names of the root's chain, each once. */
static size_t collect_names(const struct weir_schema *schema, struct weir_str *names)
{
    size_t n = 0;

    for (const struct weir_schema_node *row = schema->root; row != NULL; row = row->ref) {
        const struct weir_schema_op *op = members_op(row);
        for (size_t i = 0; op != NULL && i < op->members->props_n; i++) {
            const struct weir_schema_node *up = schema->root;
            size_t next = 0;
            for (; up != row; up = up->ref) {
                const struct weir_schema_op *before = members_op(up);
                if (before != NULL && weir_schema_prop_find(before->members,
                                          op->members->props[i].name, &next) != NULL) {
                    break;
                }
            }
            if (up == row) {
                names[n++] = op->members->props[i].name;
            }
        }
    }
    return n;
}

int weir_schema_describe(const struct weir_schema *schema,
    void (*column)(void *ctx, const char *name, const char *reads, bool required), void *ctx,
    struct weir_err *err)
{
    struct weir_str *names = calloc(count_names(schema) + 1, sizeof *names);
    char reads[160];
    struct weir_text t;

    if (names == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    }
    size_t n = collect_names(schema, names);
    struct weir_schema_plan *plan = weir_schema_bind(schema, names, n, err);
    free(names);
    if (plan == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        weir_text_init(&t, reads, sizeof reads);
        weir_text_types(&t, plan->columns[i].accept);
        column(ctx, plan->columns[i].label, reads, plan->columns[i].required_at != 0);
    }
    weir_schema_plan_free(plan);
    return 0;
}
