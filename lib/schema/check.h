#ifndef WEIR_SCHEMA_CHECK_H
#define WEIR_SCHEMA_CHECK_H

#include "core/buf.h"
#include "core/limits.h"
#include "schema/node.h"
#include "schema/schema.h"

/*
 * Inside lib/schema: one walk of a value's tape beside the nodes of its schema (check.c,
 * check_branches.c, check_parts.c, evaluated.c), and what is said about it (report.c). row.c turns
 * cells into values and starts the walk. The plan is made by plan.c.
 *
 * The same walk is done in two modes. It first only judges, and ends with the first thing that is
 * wrong; nearly all rows are valid and never see the second. While it reports, it goes on after a
 * problem. Branches (anyOf, not, if, contains ...) are judged in either mode.
 */

/* Where a value lies in its cell; on the stack, rendered only when there is something to say. */
struct weir_schema_place {
    const struct weir_schema_place *up; /* NULL: right in the cell */
    struct weir_str name;               /* p NULL: an element */
    size_t index;
};

struct weir_schema_column {
    struct weir_str name;
    const char *label;                           /* the name as messages have it */
    const struct weir_schema_node *const *nodes; /* what the cell is checked against */
    size_t nodes_n;
    unsigned accept;      /* enum weir_type: what the cell may be read as */
    uint32_t required_at; /* on the schema's tape; 0: it is not required */
    bool again;           /* an earlier column has the same name */
};

struct weir_schema_missing {
    const char *label;
    uint32_t at; /* of `required` */
};

struct weir_schema_plan {
    const struct weir_schema *schema;
    struct weir_schema_column *columns;
    size_t columns_n;
    struct weir_schema_column **by_name; /* in the order of names, those of one as they come */
    struct weir_schema_missing *missing; /* required columns that the header lacks */
    size_t missing_n;
    bool strange;                          /* it names columns, and the header has none of them */
    bool whole;                            /* the row as a whole is checked, too */
    const struct weir_schema_node **nodes; /* of all columns */
    char *labels;                          /* of all columns, and the missing */
    char *names;                           /* of all columns, one after the other */
    size_t names_len;
    struct weir_schema_cells cells;
};

struct weir_schema_check {
    const struct weir_schema_plan *plan;
    struct weir_json_tape tape;  /* of a cell that is JSON, or of the whole row */
    struct weir_json_tape plain; /* of any other: its text and no entries */
    char *row;                   /* the text of a whole row: the names, then the cells */
    size_t row_cap;
    struct weir_pattern_work *work;
    uint64_t *seen;  /* a bit for each name of the longest `required` */
    uint32_t *table; /* of elements, for uniqueItems */
    size_t table_cap;
    uint64_t seed[2];

    /* the walk */
    const struct weir_json_tape *on; /* the tape that is walked */
    uint64_t steps;                  /* left of WEIR_ROW_STEPS_MAX */
    unsigned frames, branches;
    bool reporting;
    bool null;    /* the cell at hand is null */
    bool doubled; /* and its quotes are doubled */
    bool utf8;    /* the row's cells are known to be valid UTF-8 */
    bool spent;   /* there were not enough steps; nothing more is checked */
    bool no_memory;

    /* what is said */
    weir_schema_on_problem *on_problem;
    void *ctx;
    size_t problems;
    size_t column;     /* SIZE_MAX: none */
    const char *label; /* of the column; NULL: the first name of the place */
    bool as_name;      /* a name is checked, not a value */

    const struct weir_json_value *value; /* of the last JSON text; NULL: it was none */
};

/** weir_schema_spent: the row has no steps left. Always returns false. */
static inline bool weir_schema_spent(struct weir_schema_check *c)
{
    c->spent = true;
    c->steps = 0;
    return false;
}

/** weir_schema_spend: take steps off what the row has left. False when that is less. */
static inline bool weir_schema_spend(struct weir_schema_check *c, uint64_t steps)
{
    if (steps > c->steps) {
        return weir_schema_spent(c);
    }
    c->steps -= steps;
    return true;
}

/*
 * row.c: how a cell is read
 */

/** weir_schema_wants_json: whether as JSON. accept: enum weir_type, what it may be read as. */
bool weir_schema_wants_json(unsigned accept, struct weir_str cell);

/** weir_schema_plain_kind: what it is, if it is not read as JSON. */
enum weir_json_kind weir_schema_plain_kind(
    const struct weir_schema_cells *how, unsigned accept, struct weir_str cell);

/*
 * plan.c
 */

/** weir_schema_plan_find: the first column of that name; SIZE_MAX: there is none. */
size_t weir_schema_plan_find(const struct weir_schema_plan *plan, struct weir_str name);

/*
 * report.c
 */

/** weir_schema_report: tell a problem of the value at that place (NULL: the whole cell). */
void weir_schema_report(struct weir_schema_check *c, const struct weir_schema_place *at,
    const char *keyword, const char *message);

/** weir_schema_report_at: the same; the keyword is the one whose value stands at that entry of the
 *  schema's tape. */
void weir_schema_report_at(struct weir_schema_check *c, const struct weir_schema_place *at,
    uint32_t keyword, const char *message);

/** weir_schema_fail: a value is not as the keyword wants it. Always returns false. */
static inline bool weir_schema_fail(struct weir_schema_check *c, const struct weir_schema_place *at,
    const struct weir_schema_op *op, const char *message)
{
    if (c->reporting) {
        weir_schema_report_at(c, at, op->at, message);
    }
    return false;
}

/** weir_schema_value_steps: what looking at a value costs: some bytes, elements, members take 1 ns,
 *  others 30. */
static inline uint64_t weir_schema_value_steps(const struct weir_json_value *v)
{
    return 1 + v->len / 16;
}

/** weir_schema_type_fits: whether a value of the tape c->on has a type that the node allows. */
static inline bool weir_schema_type_fits(const struct weir_schema_check *c,
    const struct weir_schema_node *node, const struct weir_json_value *v)
{
    static const uint8_t types[] = {[WEIR_JSON_NULL] = WEIR_T_NULL,
        [WEIR_JSON_FALSE] = WEIR_T_BOOLEAN,
        [WEIR_JSON_TRUE] = WEIR_T_BOOLEAN,
        [WEIR_JSON_NUMBER] = WEIR_T_NUMBER,
        [WEIR_JSON_STRING] = WEIR_T_STRING,
        [WEIR_JSON_ARRAY] = WEIR_T_ARRAY,
        [WEIR_JSON_OBJECT] = WEIR_T_OBJECT};

    return (node->types & types[v->kind]) != 0 ||
           (v->kind == WEIR_JSON_NUMBER && (node->types & WEIR_T_INTEGER) != 0 &&
               weir_number_is_integer(weir_json_text(c->on, v)));
}

/** weir_schema_run_all: weir_schema_run in full. */
bool weir_schema_run_all(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_value *v, const struct weir_schema_place *at);

/** weir_schema_run_ops: only the node's own instructions, but for those with code `but`
 *  (UINT32_MAX: all). */
bool weir_schema_run_ops(struct weir_schema_check *c, const struct weir_schema_node *node,
    uint32_t but, const struct weir_json_value *v, const struct weir_schema_place *at);

/** weir_schema_run: check a value of the tape c->on against a node and what it refers to. True: it
 *  is valid, unless c->spent. */
static inline bool weir_schema_run(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const uint64_t steps = weir_schema_value_steps(v);

    /* Most refer to nothing, and most values are of the type that is wanted. */
    if (node->ref != NULL || steps > c->steps || c->frames == WEIR_SCHEMA_FRAMES_MAX ||
        !weir_schema_type_fits(c, node, v)) {
        return weir_schema_run_all(c, node, v, at);
    }
    c->steps -= steps;
    if (node->ops_n == 0) {
        return true;
    }
    c->frames++;
    const bool valid = weir_schema_run_ops(c, node, UINT32_MAX, v, at);
    c->frames--;
    return valid;
}

/** weir_schema_run_op: one instruction with a code above WEIR_OP_MULTIPLE. c->spent has to be
 * looked at. */
bool weir_schema_run_op(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);

/** weir_schema_judge: the same as weir_schema_run; nothing is reported whatever the mode. */
bool weir_schema_judge(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_value *v);

/*
 * check.c, check_parts.c, evaluated.c, unique.c: single instructions. c->spent has to be looked at.
 */
bool weir_schema_run_elements(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);
bool weir_schema_run_contains(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);
bool weir_schema_run_members(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);
bool weir_schema_run_names(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);
bool weir_schema_run_dependents(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);
bool weir_schema_run_unevaluated(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at);

#define WEIR_STEP_COMPARES 8 /* small values that are compared in a step */

/** weir_schema_one_of: whether a value of the tape c->on is equal to one of n that stand on `tape`.
 *  The row pays for what is read of them. False, too, when it cannot: then c->spent is set. */
bool weir_schema_one_of(struct weir_schema_check *c, const struct weir_json_tape *tape,
    const struct weir_json_value *const *values, size_t n, const struct weir_json_value *v);

/** weir_schema_unique: whether no two elements of an array are equal. */
bool weir_schema_unique(struct weir_schema_check *c, const struct weir_json_value *v);

/** weir_schema_named: whether a pattern is found in a name. False, too, when nobody knows: then
 *  c->spent is set. */
bool weir_schema_named(
    struct weir_schema_check *c, const struct weir_pattern *pattern, struct weir_str name);

/** weir_schema_accepted: enum weir_type that a column of that name may be read as; nodes are what
 *  the root's members say of it. Only c->plan, c->work and c->steps are used; c->spent has to be
 *  looked at. */
unsigned weir_schema_accepted(struct weir_schema_check *c, struct weir_str name,
    const struct weir_schema_node *const *nodes, size_t n);

#endif
