#ifndef WEIR_SCHEMA_CHECK_H
#define WEIR_SCHEMA_CHECK_H

#include "core/buf.h"
#include "schema/node.h"

/*
 * Inside lib/schema: one walk of a value's tape beside the nodes of its schema (check.c), and what
 * is said about it (report.c). row.c turns cells into values and starts the walk. The plan is made
 * by plan.c.
 */

/* Where a value lies in its cell; on the stack, rendered only when there is something to say. */
struct weir_schema_place {
    const struct weir_schema_place *up; /* NULL: right in the cell */
    struct weir_str name;               /* p NULL: an element */
    size_t index;
};

struct weir_schema_column {
    const char *label;                           /* the name as messages have it */
    const struct weir_schema_node *const *nodes; /* what the cell is checked against */
    size_t nodes_n;
    unsigned accept; /* enum weir_type: what the cell may be read as */
    bool required;
};

struct weir_schema_plan {
    const struct weir_schema *schema;
    struct weir_schema_column *columns;
    size_t columns_n;
    const char **missing; /* labels of required columns that the header lacks */
    size_t missing_n;
    const struct weir_schema_node **nodes; /* of all columns */
    char *labels;                          /* of all columns, and the missing */
};

struct weir_schema_check {
    const struct weir_schema_plan *plan;
    struct weir_json_tape tape;  /* of a cell that is JSON */
    struct weir_json_tape plain; /* of any other: its text and no entries */
    struct weir_pattern_work *work;
    uint64_t *seen; /* a bit for each name of the longest `required` */

    /* the row */
    struct weir_buf *errors;
    size_t errors_before; /* bytes that were there */
    size_t problems, said;
    uint64_t steps; /* left of WEIR_ROW_STEPS_MAX */
    bool spent;     /* there were not enough; nothing more is checked */
    bool full;      /* nothing more is said */
    bool failed;    /* *err is set */
    struct weir_err *err;
    const char *label; /* of the column */
};

/** weir_schema_report: a problem of the value at that place (NULL: the whole cell). */
void weir_schema_report(
    struct weir_schema_check *c, const struct weir_schema_place *at, const char *message);

/** weir_schema_spent: report, once, that the row has no steps left. Always returns false. */
bool weir_schema_spent(struct weir_schema_check *c);

/** weir_schema_spend: take steps off what the row has left. False when that is less. */
static inline bool weir_schema_spend(struct weir_schema_check *c, uint64_t steps)
{
    if (steps > c->steps) {
        return weir_schema_spent(c);
    }
    c->steps -= steps;
    return true;
}

/** weir_schema_check_value: check a value against a node and what it refers to. */
void weir_schema_check_value(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v,
    const struct weir_schema_place *at);

#endif
