#include "schema/schema.h"

#include "core/limits.h"
#include "core/utf8.h"
#include "schema/check.h"
#include "json/number.h"

#include <stdio.h>
#include <stdlib.h>

/*
 * Rows: each cell becomes a value, as its column's types say, and is checked.
 */

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

void weir_schema_check_trim(struct weir_schema_check *c)
{
    weir_json_tape_trim(&c->tape, WEIR_KEEP_MAX_BYTES);
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
    c->steps = WEIR_ROW_STEPS_MAX;
    c->spent = c->full = c->failed = false;
    c->err = err;
    for (size_t i = 0; i < plan->columns_n && !c->spent; i++) {
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
    for (size_t i = 0; i < plan->missing_n && !c->spent; i++) {
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
