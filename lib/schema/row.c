#include "schema/check.h"

#include "core/limits.h"
#include "core/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/*
 * Rows: each cell becomes a value, as its column's types say, and is checked by itself. Where the
 * schema has something to say of the row as a whole, its text is put together first (the names of
 * all columns, then the cells), so that all values stand on one tape, an object, which is checked
 * after the cells.
 */

#define JSON_TYPES ((unsigned)(WEIR_T_OBJECT | WEIR_T_ARRAY))

struct weir_schema_check *weir_schema_check_new(
    const struct weir_schema_plan *plan, struct weir_err *err)
{
    struct weir_schema_check *c = calloc(1, sizeof *c);

    if (c == NULL) {
        goto fail;
    }
    c->plan = plan;
    c->steps = WEIR_ROW_STEPS_MAX;
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
    if (c->row_cap > WEIR_KEEP_MAX_BYTES) {
        free(c->row);
        c->row = NULL;
        c->row_cap = 0;
    }
    if (c->table_cap * 2 * sizeof *c->table > WEIR_KEEP_MAX_BYTES) {
        free(c->table);
        c->table = NULL;
        c->table_cap = 0;
    }
}

void weir_schema_check_free(struct weir_schema_check *c)
{
    if (c != NULL) {
        weir_json_tape_fini(&c->tape);
        weir_pattern_work_free(c->work);
        free(c->row);
        free(c->table);
        free(c->seen);
        free(c);
    }
}

/* A cell that is not what it should be, before its schema is asked. Always returns false. */
static bool broken(struct weir_schema_check *c, const char *keyword, const char *message)
{
    if (c->reporting) {
        weir_schema_report(c, NULL, keyword, message);
    }
    return false;
}

static bool not_json(struct weir_schema_check *c, const struct weir_json_fault *fault)
{
    char text[160];

    if (fault->code == WEIR_E_NOMEM) {
        c->no_memory = true;
        return weir_schema_spent(c);
    }
    snprintf(text, sizeof text, "must be JSON: %s at byte %zu", fault->reason, fault->offset + 1);
    return broken(c, "json", text);
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

bool weir_schema_wants_json(unsigned accept, struct weir_str cell)
{
    if ((accept & JSON_TYPES) == 0) {
        return false;
    }
    if ((accept & ~JSON_TYPES) == 0) {
        return true;
    }
    char mark = first_mark(cell);
    return (mark == '{' && (accept & WEIR_T_OBJECT) != 0) ||
           (mark == '[' && (accept & WEIR_T_ARRAY) != 0);
}

static inline bool wants_json(
    const struct weir_schema_check *c, unsigned accept, struct weir_str cell)
{
    return (accept & JSON_TYPES) != 0 && !c->null && weir_schema_wants_json(accept, cell);
}

static bool is_word(const struct weir_schema_cells *how, struct weir_str cell, const char *word,
    const char *const *more)
{
    for (;; word = *more++) {
        if (strlen(word) == cell.len && (how->any_case ? strncasecmp(word, cell.p, cell.len)
                                                       : memcmp(word, cell.p, cell.len)) == 0) {
            return true;
        }
        if (more == NULL || *more == NULL) {
            return false;
        }
    }
}

enum weir_json_kind weir_schema_plain_kind(
    const struct weir_schema_cells *how, unsigned accept, struct weir_str cell)
{
    if ((accept & (WEIR_T_NUMBER | WEIR_T_INTEGER)) != 0 && weir_number_valid(cell) &&
        ((accept & WEIR_T_NUMBER) != 0 || weir_number_is_integer(cell))) {
        return WEIR_JSON_NUMBER;
    }
    if ((accept & WEIR_T_BOOLEAN) != 0) {
        if (is_word(how, cell, "true", how->yes)) {
            return WEIR_JSON_TRUE;
        }
        if (is_word(how, cell, "false", how->no)) {
            return WEIR_JSON_FALSE;
        }
    }
    if ((accept & WEIR_T_NULL) != 0 && weir_str_eq(cell, WEIR_STR("null"))) {
        return WEIR_JSON_NULL;
    }
    return WEIR_JSON_STRING;
}

static inline enum weir_json_kind plain_kind(
    const struct weir_schema_check *c, unsigned accept, struct weir_str cell)
{
    if (accept == WEIR_T_STRING && !c->null) {
        return WEIR_JSON_STRING; /* as most are */
    }
    return c->null ? WEIR_JSON_NULL : weir_schema_plain_kind(&c->plan->cells, accept, cell);
}

/* ---- cells by themselves ---- */

/* What else a column is checked against, after the first. */
static bool run_more(struct weir_schema_check *c, const struct weir_schema_column *column,
    const struct weir_json_value *v, bool valid)
{
    for (size_t i = 1; i < column->nodes_n && !c->spent && (valid || c->reporting); i++) {
        valid = weir_schema_run(c, column->nodes[i], v, NULL) && valid;
    }
    return valid;
}

static inline __attribute__((always_inline)) bool run_nodes(struct weir_schema_check *c,
    const struct weir_schema_column *column, const struct weir_json_value *v)
{
    if (column->nodes_n == 0) {
        return true;
    }
    bool valid = weir_schema_run(c, column->nodes[0], v, NULL);
    return column->nodes_n == 1 ? valid : run_more(c, column, v, valid);
}

static bool check_cell(
    struct weir_schema_check *c, const struct weir_schema_column *column, struct weir_str cell)
{
    struct weir_json_value plain = {.len = (uint32_t)cell.len, .next = 1};
    struct weir_json_fault fault;

    if (!c->utf8 && weir_utf8_check(cell.p, cell.len) < cell.len) {
        return broken(c, "utf8", "not valid UTF-8");
    }
    if (wants_json(c, column->accept, cell) && column->nodes_n > 0) {
        weir_json_begin(&c->tape, cell.p, cell.len);
        if (weir_json_append(&c->tape, 0, cell.len, c->doubled, &fault) == 0) {
            c->on = &c->tape;
            return run_nodes(c, column, c->tape.v);
        }
        if ((column->accept & WEIR_T_STRING) == 0 || fault.code == WEIR_E_NOMEM) {
            return not_json(c, &fault);
        } /* else a string is as good */
    }
    c->plain.text = cell.p;
    c->on = &c->plain;
    plain.kind = (uint8_t)plain_kind(c, column->accept, cell);
    return run_nodes(c, column, &plain);
}

/* ---- the row as a whole ---- */

static bool row_room(struct weir_schema_check *c, size_t len)
{
    if (c->row_cap < len) {
        char *row = malloc(len);
        if (row == NULL) {
            c->no_memory = true;
            return weir_schema_spent(c);
        }
        free(c->row);
        c->row = row;
        c->row_cap = len;
    }
    return true;
}

/* A cell's value at the end of the tape, its bytes standing at `off` of the text. -1: none. */
static int64_t put_cell(
    struct weir_schema_check *c, const struct weir_schema_column *column, size_t off, size_t len)
{
    const struct weir_str cell = {c->row + off, len};
    struct weir_json_fault fault;
    int64_t at = -1;

    if (!c->utf8 && weir_utf8_check(cell.p, len) < len) {
        broken(c, "utf8", "not valid UTF-8");
        return -1;
    }
    bool json = wants_json(c, column->accept, cell);
    if (json) {
        at = weir_json_append(&c->tape, off, len, c->doubled, &fault);
    }
    if (!json ||
        (at == -1 && (column->accept & WEIR_T_STRING) != 0 && fault.code != WEIR_E_NOMEM)) {
        at = weir_json_put(&c->tape, plain_kind(c, column->accept, cell), off, len, &fault);
    }
    if (at == -1) {
        not_json(c, &fault);
    }
    return at;
}

/* A column's name and value as a member of the row, and the value by itself. */
static bool check_member(struct weir_schema_check *c, const struct weir_schema_column *column,
    size_t off, size_t len, bool *whole)
{
    struct weir_json_fault fault;
    const size_t before = c->tape.n;

    if (weir_json_put(&c->tape, WEIR_JSON_STRING, (size_t)(column->name.p - c->plan->names),
            column->name.len, &fault) == -1) {
        *whole = false;
        return not_json(c, &fault);
    }
    int64_t at = put_cell(c, column, off, len);
    if (at == -1) {
        *whole = false;
        return false;
    }
    c->on = &c->tape;
    bool valid = run_nodes(c, column, &c->tape.v[at]);
    if (column->again) {
        c->tape.n = before;
    } else {
        c->tape.v[0].len++;
    }
    return valid;
}

static bool run_whole(struct weir_schema_check *c)
{
    bool valid = true;

    c->column = SIZE_MAX;
    c->label = NULL;
    c->on = &c->tape; /* also where no cell has a value */
    c->tape.v[0].next = (uint32_t)c->tape.n;
    for (const struct weir_schema_node *n = c->plan->schema->root;
         n != NULL && !c->spent && (valid || c->reporting); n = n->ref) {
        valid = weir_schema_run_ops(c, n, WEIR_OP_MEMBERS, c->tape.v, NULL) && valid;
    }
    return valid;
}

/* ---- a row ---- */

/* len: of all cells that are in columns. */
static bool begin_whole(struct weir_schema_check *c, size_t len, bool *whole)
{
    const struct weir_schema_plan *plan = c->plan;
    struct weir_json_fault fault;

    *whole = plan->whole;
    if (!*whole) {
        return true;
    }
    if (!row_room(c, plan->names_len + len + 1)) {
        return false;
    }
    memcpy(c->row, plan->names, plan->names_len);
    weir_json_begin(&c->tape, c->row, plan->names_len + len);
    return weir_json_put(&c->tape, WEIR_JSON_OBJECT, 0, 0, &fault) == 0 || not_json(c, &fault);
}

static bool check_column(struct weir_schema_check *c, const struct weir_schema_row *row, size_t i,
    size_t *off, bool *whole)
{
    const struct weir_schema_column *column = &c->plan->columns[i];
    struct weir_str cell = {NULL, 0};

    if (c->reporting) {
        c->column = i;
        c->label = column->label;
    }
    if (i < row->n) {
        cell = row->cells[i];
        c->null = cell.p == weir_schema_null;
        c->doubled = row->doubled != NULL && row->doubled[i];
    }
    if (cell.len == 0 && (cell.p == NULL || !c->plan->cells.empty_is_text)) {
        if (column->required_at != 0 && c->reporting) {
            weir_schema_report_at(c, NULL, column->required_at, "required");
        }
        return column->required_at == 0;
    }
    if (!*whole) {
        return check_cell(c, column, cell);
    }
    memcpy(c->row + *off, cell.p, cell.len);
    *off += cell.len;
    return check_member(c, column, *off - cell.len, cell.len, whole);
}

static bool check_missing(struct weir_schema_check *c)
{
    const struct weir_schema_plan *plan = c->plan;

    c->column = SIZE_MAX;
    for (size_t i = 0; i < plan->missing_n && c->reporting && !c->spent; i++) {
        c->label = plan->missing[i].label;
        weir_schema_report_at(c, NULL, plan->missing[i].at, "required");
    }
    return plan->missing_n == 0;
}

static void report_spent(struct weir_schema_check *c)
{
    broken(c, "steps", "takes too many steps to check");
}

/* The row once, in one of the two modes. The first leaves in *from the column in which something is
 * wrong, or SIZE_MAX: what is before it need not be gone through again, unless the row as a whole
 * is looked at, whose tape has all of it. */
static bool pass_row(
    struct weir_schema_check *c, const struct weir_schema_row *row, size_t len, size_t *from)
{
    size_t off = c->plan->names_len;
    bool whole, valid = begin_whole(c, len, &whole);

    for (size_t i = whole ? 0 : *from;
         i < c->plan->columns_n && !c->spent && (valid || c->reporting); i++) {
        *from = c->reporting ? *from : i;
        valid = check_column(c, row, i, &off, &whole) && valid;
        if (c->spent) {
            report_spent(c);
        }
    }
    if (!c->spent && (valid || c->reporting)) {
        valid = check_missing(c) && valid;
    }
    if (whole && !c->spent && (valid || c->reporting)) {
        *from = c->reporting ? *from : SIZE_MAX;
        valid = run_whole(c) && valid;
        if (c->spent) {
            report_spent(c);
        }
    }
    return valid && !c->spent;
}

static void begin(struct weir_schema_check *c, weir_schema_on_problem *on_problem, void *ctx)
{
    c->on_problem = on_problem;
    c->ctx = ctx;
    c->problems = 0;
    c->value = NULL;
    c->reporting = c->no_memory = c->as_name = false;
    c->frames = c->branches = 0;
    c->steps = WEIR_ROW_STEPS_MAX;
    c->spent = false;
}

static int end(struct weir_schema_check *c, bool valid, size_t *problems, struct weir_err *err)
{
    *problems = c->problems;
    if (c->no_memory) {
        return weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    }
    if (!valid && c->problems == 0) {
        return weir_err_set(err, WEIR_E_BUG, "schema: a row is not valid, and nothing is wrong");
    }
    return 0;
}

int weir_schema_check_cells(struct weir_schema_check *c, const struct weir_schema_row *row,
    weir_schema_on_problem *on_problem, void *ctx, size_t *problems, struct weir_err *err)
{
    const size_t n = row->n < c->plan->columns_n ? row->n : c->plan->columns_n;
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        len += row->cells[i].len;
    }
    for (size_t i = 0; len > WEIR_ROW_MAX_BYTES && i < n; i++) {
        if (row->cells[i].len > WEIR_ROW_MAX_BYTES) {
            return weir_err_set(err, WEIR_E_LIMIT, "schema: column %zu: a cell of %zu bytes", i + 1,
                row->cells[i].len);
        }
    }
    if (c->plan->whole && len > WEIR_ROW_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_LIMIT, "schema: a row of %zu bytes", len);
    }
    begin(c, on_problem, ctx);
    c->utf8 = row->utf8;
    size_t from = 0;
    bool valid = pass_row(c, row, len, &from);
    if (!valid && !c->no_memory) {
        c->reporting = true;
        c->column = from;
        c->label = from < c->plan->columns_n ? c->plan->columns[from].label : NULL;
        if (c->spent) { /* nothing is left to find out more */
            report_spent(c);
        } else {
            pass_row(c, row, len, &from);
        }
    }
    return end(c, valid, problems, err);
}

bool weir_schema_plan_json(const struct weir_schema_plan *plan, size_t column)
{
    const unsigned accept = plan->columns[column].accept;

    return accept != 0 && (accept & ~JSON_TYPES) == 0;
}

/* ---- JSON as it is ---- */

static bool pass_json(struct weir_schema_check *c)
{
    c->column = SIZE_MAX;
    c->label = NULL;
    c->on = &c->tape;
    bool valid = weir_schema_run(c, c->plan->schema->root, c->tape.v, NULL);
    if (c->spent) {
        report_spent(c);
    }
    return valid && !c->spent;
}

int weir_schema_check_json(struct weir_schema_check *c, struct weir_str text,
    weir_schema_on_problem *on_problem, void *ctx, size_t *problems, struct weir_err *err)
{
    struct weir_json_fault fault;
    bool valid = false;

    if (text.len > WEIR_ROW_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_LIMIT, "schema: a text of %zu bytes", text.len);
    }
    begin(c, on_problem, ctx);
    if (weir_json_parse(&c->tape, text.p, text.len, &fault) == -1) {
        c->column = SIZE_MAX;
        c->label = NULL;
        c->reporting = true;
        not_json(c, &fault);
    } else {
        c->value = c->tape.v;
        valid = pass_json(c);
        if (!valid && !c->no_memory) {
            c->reporting = true;
            if (c->spent) {
                report_spent(c);
            } else {
                pass_json(c);
            }
        }
    }
    return end(c, valid, problems, err);
}

uint64_t weir_schema_check_steps(const struct weir_schema_check *c)
{
    return WEIR_ROW_STEPS_MAX - c->steps;
}
