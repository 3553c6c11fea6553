#ifndef WEIR_SCHEMA_SCHEMA_H
#define WEIR_SCHEMA_SCHEMA_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * JSON Schema (2020-12 and draft-07) for the rows of a table, or for JSON as it is. Of a table the
 * root of a schema describes a row as an object whose properties are the columns; what is known of
 * a column says how a cell becomes a value:
 *
 *   object, array     the cell is parsed as strict JSON
 *   number, integer   JSON's number grammar, compared exactly
 *   boolean, null     the words true, false, null
 *   several types     tried in this order: number, boolean, null, JSON (a cell that begins with
 *                     { or [ where object or array is listed), string
 *   none              as the types that enum or const list, and no other; without these a string,
 *                     unless another keyword speaks of numbers (minimum), objects (properties) or
 *                     arrays (items) and the cell reads as one
 *   an empty cell     an absent property
 *
 * $ref and allOf are looked through for this, and have to agree; what anyOf, oneOf, if and the like
 * say of a column is what it may be as well.
 *
 * What the specification has and this does not support is refused when the schema loads, with its
 * JSON Pointer; nothing that could reject a row is ever ignored. A keyword that the specification
 * does not know is ignored, as it says. `format` is asserted, unless the options say otherwise.
 *
 * Three objects, each made from the one before and outliving nothing: the schema (loaded once), a
 * plan (the schema bound to one header), a check (a thread's own memory). The schema and the plan
 * do not change once made and may be shared by threads; a check belongs to one thread at a time.
 */
struct weir_schema;
struct weir_schema_plan;
struct weir_schema_check;

/* What is made of a keyword. */
enum weir_schema_use {
    WEIR_SCHEMA_CHECKED,
    WEIR_SCHEMA_DESCRIBES, /* an annotation */
    WEIR_SCHEMA_IGNORED,   /* as the specification says */
    WEIR_SCHEMA_REFUSED,
};

struct weir_schema_opts {
    bool annotate_formats; /* `format` only describes */

    /** Called for what is odd but allowed: a format that no specification knows, keywords of the
     *  other draft; msg is one line, valid during the call. May be NULL. */
    void (*warn)(void *ctx, const char *msg);

    /** Called for each keyword with what is made of it. pointer is its JSON Pointer; text says
     * more, or is NULL. When this is not NULL, a keyword that is refused does not end the loading:
     * it is told and passed over, so such a schema is not for checking. */
    void (*told)(void *ctx, const char *pointer, enum weir_schema_use use, const char *text);
    void *ctx; /* of both */
};

/**
 * weir_schema_load: compile a schema.
 *
 * text, len  the schema as JSON; at most WEIR_SCHEMA_MAX_BYTES; copied
 * opts       NULL: none; used during the call
 *
 * Returns the schema (weir_schema_free), or NULL with *err set: WEIR_E_CONFIG with line and column
 * (not JSON) or with the JSON Pointer of what is wrong or not supported
 * (`schema: /properties/a/$dynamicRef: not supported: ...`), or too large; WEIR_E_NOMEM.
 */
struct weir_schema *weir_schema_load(
    const char *text, size_t len, const struct weir_schema_opts *opts, struct weir_err *err);

/** weir_schema_for_rows: whether the schema can describe rows: an object may match it. Returns 0,
 * or -1 with *err set to WEIR_E_CONFIG. */
int weir_schema_for_rows(const struct weir_schema *schema, struct weir_err *err);

/** weir_schema_free: free a schema; no plan made from it may be in use. NULL is accepted. */
void weir_schema_free(struct weir_schema *schema);

/**
 * weir_schema_describe: say how the cells of each column that the root's properties and `required`
 * name are read.
 *
 * column  called in the order of the schema. reads is one line ("an object", "a number or null")
 *
 * Returns 0, or -1 with *err set as weir_schema_bind does.
 */
int weir_schema_describe(const struct weir_schema *schema,
    void (*column)(void *ctx, const char *name, const char *reads, bool required), void *ctx,
    struct weir_err *err);

/**
 * weir_schema_bind: decide what each column of a header is checked against.
 *
 * schema    outlives the plan
 * names, n  the header, without the columns that weir appends; copied. A name that comes twice is
 *           two columns, both checked; what the schema says of the row as a whole sees the first.
 *           A name that the schema does not know is a string; bytes of one that are no UTF-8 are
 *           U+FFFD to it. n is 0 for a plan that is used for JSON as it is
 *
 * Returns the plan (weir_schema_plan_free), or NULL with *err set: WEIR_E_NOMEM; WEIR_E_CONFIG when
 * finding what the schema says of the columns takes more than WEIR_BIND_STEPS_MAX steps.
 */
struct weir_schema_plan *weir_schema_bind(
    const struct weir_schema *schema, const struct weir_str *names, size_t n, struct weir_err *err);

/* How the cells of a table become values where it has ways of its own; zeroed: as said above. */
struct weir_schema_cells {
    /** A cell without a byte is the empty text; an absent property is one whose p is NULL, and one
     *  whose p is weir_schema_null is null. */
    bool empty_is_text;

    /** Words for true and false that hold besides these two where a boolean is wanted; each list
     *  ends with NULL, and may be NULL. */
    const char *const *yes, *const *no;
    bool any_case; /* of these words, and of true and false */
};
extern const char weir_schema_null[];

/** weir_schema_plan_cells: before the first check of a plan. The lists are borrowed and outlive it.
 */
void weir_schema_plan_cells(struct weir_schema_plan *plan, const struct weir_schema_cells *cells);

/** weir_schema_plan_label: the name of a column as messages have it. Valid as long as the plan. */
const char *weir_schema_plan_label(const struct weir_schema_plan *plan, size_t column);

/** weir_schema_plan_missing: the i-th required column that the header lacks, as messages name it,
 * or NULL. Valid as long as the plan. */
const char *weir_schema_plan_missing(const struct weir_schema_plan *plan, size_t i);

/** weir_schema_plan_strange: whether the schema has properties, and none of the columns is one, nor
 * required, nor has a name that a pattern of it takes. */
bool weir_schema_plan_strange(const struct weir_schema_plan *plan);

/** weir_schema_plan_free: free a plan; no check made from it may be in use. NULL is accepted. */
void weir_schema_plan_free(struct weir_schema_plan *plan);

/**
 * weir_schema_check_new: the memory that one thread needs to check rows.
 *
 * plan  outlives the check
 *
 * Returns the check (weir_schema_check_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_schema_check *weir_schema_check_new(
    const struct weir_schema_plan *plan, struct weir_err *err);

/** weir_schema_check_trim: between rows, after large ones: give back what is larger than
 *  WEIR_KEEP_MAX_BYTES. Costs nothing when there is nothing. */
void weir_schema_check_trim(struct weir_schema_check *check);

/** weir_schema_check_free: free a check. NULL is accepted. */
void weir_schema_check_free(struct weir_schema_check *check);

/* One thing that is wrong with a row. All texts are valid during the call only, one line, UTF-8,
 * and hold names of columns and properties and what the schema wants, never a value of the data. */
struct weir_schema_problem {
    size_t column;       /* of the header, from 0; SIZE_MAX: none of them */
    const char *label;   /* the column's name; "row" for the row as a whole; of JSON the member's,
                          * "" where that is its name */
    const char *pointer; /* JSON Pointer within the cell; "" for all of it */
    const char *keyword; /* of the schema; "false" where that is it; "json", "utf8", "steps" where
                          * it is not to blame */
    const char *message;
    bool whole; /* it is of the row itself, and not of a column or member that it has or lacks */
};

/** weir_schema_problem_label: its label for people: "" is two quotes. Valid as the problem is. */
const char *weir_schema_problem_label(const struct weir_schema_problem *p);

/** weir_schema_put_problem: append `<label><pointer>: <message>`. Returns 0, or -1 with *err set:
 * the buffer's. */
int weir_schema_put_problem(
    struct weir_buf *to, const struct weir_schema_problem *problem, struct weir_err *err);

/** What is called for each problem; it cannot fail, so it keeps its own account. */
typedef void weir_schema_on_problem(void *ctx, const struct weir_schema_problem *problem);

/** weir_schema_plan_json: whether every cell of a column is read as JSON, whatever is in it. */
bool weir_schema_plan_json(const struct weir_schema_plan *plan, size_t column);

/* A row to check; all of it borrowed for the call. */
struct weir_schema_row {
    const struct weir_str *cells; /* their bytes, unquoted */
    size_t n; /* cells beyond the header are not looked at; columns beyond n count as empty */
    /* NULL, or whether each " of a cell stands there twice, as between the quotes of a CSV field:
     * only in columns of which weir_schema_plan_json is true */
    const bool *doubled;
    bool utf8; /* all cells are known to be valid UTF-8: it is not checked again */
};

/**
 * weir_schema_check_cells: check one row.
 *
 * on_problem  called in this order: the columns as the header has them, each of a name that comes
 *             twice on its own; what is required and not in the header, in the order of `required`;
 *             what is wrong with the row as a whole. Not called for a valid row
 * problems    receives how many there were; 0: the row is valid
 *
 * A cell that is not valid UTF-8 or not the JSON it should be has that one problem, and then the
 * row as a whole is not looked at. A row has WEIR_ROW_STEPS_MAX steps; when a column needs more
 * than are left, it has the problem that it takes too many steps to check, and what comes after
 * that is not looked at: the verdict depends on the row and the schema alone.
 *
 * A row is first only judged; one that is not valid is gone through again for its problems, with
 * the steps that are left.
 *
 * Returns 0, or -1 with *err set: WEIR_E_NOMEM, WEIR_E_LIMIT (a cell of more than
 * WEIR_ROW_MAX_BYTES; all cells together, where the row as a whole is looked at). In the steady
 * state nothing is allocated.
 */
int weir_schema_check_cells(struct weir_schema_check *check, const struct weir_schema_row *row,
    weir_schema_on_problem *on_problem, void *ctx, size_t *problems, struct weir_err *err);

/**
 * weir_schema_check_json: check a JSON text against the schema itself.
 *
 * text        borrowed; at most WEIR_ROW_MAX_BYTES. What is not strict JSON has that one problem
 * on_problem  as above. The first name of a JSON Pointer is the label, the rest is the pointer, so
 *             that an object has the same problems as the row with its members as cells; `column`
 * is SIZE_MAX
 *
 * Returns as weir_schema_check_cells.
 */
int weir_schema_check_json(struct weir_schema_check *check, struct weir_str text,
    weir_schema_on_problem *on_problem, void *ctx, size_t *problems, struct weir_err *err);

/** weir_schema_check_steps: how many steps the last row took, of WEIR_ROW_STEPS_MAX. */
uint64_t weir_schema_check_steps(const struct weir_schema_check *check);

/*
 * Values as keys, for what is to be unique: bytes that are the same for equal values and for no
 * others (json/canon.h). Between two checks; c->tape is used.
 *
 * weir_schema_key_cell    of a cell, read as its column is: `1` and `1.0` are one key where numbers
 *                         are allowed, and two where they are not; what is not UTF-8, or not the
 *                         JSON that it should be, is a string
 * weir_schema_key_member  of a member of the JSON object that weir_schema_check_json has just been
 *                         given, whatever its verdict
 *
 * Return 1, or 0 and nothing appended when there is no value: an absent or empty cell or member, as
 * the plan has it; null; a text that was no JSON, or no object. Or -1 with *err set: the buffer's,
 * WEIR_E_NOMEM.
 */
int weir_schema_key_cell(struct weir_schema_check *check, size_t column, struct weir_str cell,
    struct weir_buf *to, struct weir_err *err);
int weir_schema_key_member(const struct weir_schema_check *check, struct weir_str name,
    struct weir_buf *to, struct weir_err *err);

#endif
