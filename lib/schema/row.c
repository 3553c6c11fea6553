#include "schema/schema.h"

#include "core/limits.h"
#include "core/utf8.h"
#include "schema/check.h"
#include "schema/text.h"
#include "json/number.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Rows: a header is bound to the root of the schema, and each cell becomes a value and is checked.
 * The root may be a chain of schemas by $ref; each of them has its say about a column.
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

static int compare_strs(const void *a, const void *b)
{
    return weir_str_cmp(*(const struct weir_str *)a, *(const struct weir_str *)b);
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
            if ((n > 0 && bsearch(&name, sorted, n, sizeof name, compare_strs) != NULL) ||
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
    qsort(sorted, n, sizeof *sorted, compare_strs);
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

struct weir_schema_check *weir_schema_check_new(
    const struct weir_schema_plan *plan, struct weir_err *err)
{
    struct weir_schema_check *c = calloc(1, sizeof *c);

    if (c == NULL) {
        goto fail;
    }
    c->plan = plan;
    weir_json_tape_init(&c->tape);
    weir_json_tape_init(&c->plain);
    c->seen = calloc(plan->schema->required_max / 64 + 1, sizeof *c->seen);
    c->work = weir_pattern_work_new(err);
    if (c->seen == NULL || c->work == NULL) {
        goto fail;
    }
    return c;
fail:
    weir_schema_check_free(c);
    weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    return NULL;
}

void weir_schema_check_free(struct weir_schema_check *c)
{
    if (c != NULL) {
        weir_json_tape_fini(&c->tape);
        weir_pattern_work_free(c->work);
        free(c->seen);
        free(c);
    }
}

static void report_not_json(struct weir_schema_check *c, const struct weir_json_fault *fault)
{
    char text[160];

    if (fault->code == WEIR_E_NOMEM) {
        weir_err_set(c->err, WEIR_E_NOMEM, "schema: out of memory (a cell of JSON)");
        c->failed = true;
        return;
    }
    snprintf(text, sizeof text, "must be JSON: %s at byte %zu", fault->reason, fault->offset + 1);
    weir_schema_report(c, NULL, text);
}

/* The first byte that is no white space of JSON. */
static char first_mark(struct weir_str cell)
{
    size_t i = 0;

    while (i < cell.len &&
           (cell.p[i] == ' ' || cell.p[i] == '\t' || cell.p[i] == '\n' || cell.p[i] == '\r')) {
        i++;
    }
    return i < cell.len ? cell.p[i] : '\0';
}

/* Whether a cell is to be read as JSON. */
static bool wants_json(unsigned accept, struct weir_str cell)
{
    const unsigned json = WEIR_T_OBJECT | WEIR_T_ARRAY;

    if ((accept & json) == 0) {
        return false;
    }
    if ((accept & ~json) == 0) {
        return true;
    }
    char c = first_mark(cell);
    return (c == '{' && (accept & WEIR_T_OBJECT) != 0) ||
           (c == '[' && (accept & WEIR_T_ARRAY) != 0);
}

/* What a cell that is not read as JSON is. */
static enum weir_json_kind plain_kind(unsigned accept, struct weir_str cell)
{
    if ((accept & (WEIR_T_NUMBER | WEIR_T_INTEGER)) != 0 && weir_number_valid(cell) &&
        ((accept & WEIR_T_NUMBER) != 0 || weir_number_is_integer(cell))) {
        return WEIR_JSON_NUMBER;
    }
    if ((accept & WEIR_T_BOOLEAN) != 0) {
        if (weir_str_eq(cell, WEIR_STR("true"))) {
            return WEIR_JSON_TRUE;
        }
        if (weir_str_eq(cell, WEIR_STR("false"))) {
            return WEIR_JSON_FALSE;
        }
    }
    if ((accept & WEIR_T_NULL) != 0 && weir_str_eq(cell, WEIR_STR("null"))) {
        return WEIR_JSON_NULL;
    }
    return WEIR_JSON_STRING;
}

static void check_cell(
    struct weir_schema_check *c, const struct weir_schema_column *column, struct weir_str cell)
{
    struct weir_json_value plain = {.len = (uint32_t)cell.len, .next = 1};
    const struct weir_json_tape *tape = &c->plain;
    const struct weir_json_value *v = &plain;
    struct weir_json_fault fault;

    if (weir_utf8_check(cell.p, cell.len) < cell.len) {
        weir_schema_report(c, NULL, "not valid UTF-8");
        return;
    }
    if (column->nodes_n == 0) {
        return;
    }
    bool json = wants_json(column->accept, cell);
    if (json && weir_json_parse_utf8(&c->tape, cell.p, cell.len, &fault) == -1) {
        if ((column->accept & WEIR_T_STRING) == 0 || fault.code == WEIR_E_NOMEM) {
            report_not_json(c, &fault);
            return;
        }
        json = false; /* a string is as good */
    }
    if (json) {
        tape = &c->tape;
        v = &c->tape.v[0];
    } else {
        c->plain.text = cell.p;
        plain.kind = (uint8_t)plain_kind(column->accept, cell);
    }
    for (size_t i = 0; i < column->nodes_n; i++) {
        weir_schema_check_value(c, column->nodes[i], tape, v, NULL);
    }
}

int weir_schema_check_row(struct weir_schema_check *c, const struct weir_str *cells, size_t n,
    struct weir_buf *errors, size_t *problems, struct weir_err *err)
{
    const struct weir_schema_plan *plan = c->plan;

    c->errors = errors;
    c->errors_before = errors->len;
    c->problems = c->said = 0;
    c->full = c->failed = false;
    c->err = err;
    for (size_t i = 0; i < plan->columns_n; i++) {
        const struct weir_schema_column *column = &plan->columns[i];
        size_t len = i < n ? cells[i].len : 0;
        c->label = column->label;
        if (len > WEIR_ROW_MAX_BYTES) {
            return weir_err_set(
                err, WEIR_E_LIMIT, "schema: column %zu: a cell of %zu bytes", i + 1, len);
        }
        if (len > 0) {
            check_cell(c, column, cells[i]);
        } else if (column->required) {
            weir_schema_report(c, NULL, "required");
        }
    }
    for (size_t i = 0; i < plan->missing_n; i++) {
        c->label = plan->missing[i];
        weir_schema_report(c, NULL, "required");
    }
    if (!c->failed && c->problems > c->said) {
        /* The first always fits, so there is something to follow. */
        c->failed = weir_buf_addf(errors, err, "; and %zu more", c->problems - c->said) == -1;
    }
    *problems = c->problems;
    return c->failed ? -1 : 0;
}
