#ifndef WEIR_SCHEMA_SCHEMA_H
#define WEIR_SCHEMA_SCHEMA_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

#include <stddef.h>

/*
 * JSON Schema (2020-12 and draft-07) for the rows of a table. The root of a schema describes a row
 * as an object whose properties are the columns; a property's own type says how a cell becomes a
 * value:
 *
 *   object, array     the cell is parsed as strict JSON
 *   number, integer   JSON's number grammar, compared exactly
 *   boolean, null     the words true, false, null
 *   a list of types   tried in this order: number, boolean, null, JSON (a cell that begins with
 *                     { or [ where object or array is listed), string
 *   none              as the types that enum or const list, and no other; without these a string,
 *                     unless another keyword speaks of numbers (minimum), objects (properties) or
 *                     arrays (items) and the cell reads as one
 *   an empty cell     an absent property
 *
 * What the specification has and this does not support yet is refused when the schema loads, with
 * its JSON Pointer; nothing that could reject a row is ever ignored. A keyword that the
 * specification does not know is ignored, as it says. `format` is asserted.
 *
 * Three objects, each made from the one before and outliving nothing: the schema (loaded once), a
 * plan (the schema bound to one header), a check (a thread's own memory). The schema and the plan
 * do not change once made and may be shared by threads; a check belongs to one thread at a time.
 */
struct weir_schema;
struct weir_schema_plan;
struct weir_schema_check;

/**
 * weir_schema_load: compile a schema.
 *
 * text, len  the schema as JSON; at most WEIR_SCHEMA_MAX_BYTES; copied
 * warn, ctx  called for what is odd but allowed: a format that no specification knows, keywords
 *            that draft-07 ignores beside $ref; msg is one line, valid during the call. May be NULL
 *
 * Returns the schema (weir_schema_free), or NULL with *err set: WEIR_E_CONFIG with line and column
 * (not JSON) or with the JSON Pointer of what is wrong or not supported
 * (`schema: /properties/costs/allOf: not supported yet`), or too large; WEIR_E_NOMEM.
 */
struct weir_schema *weir_schema_load(const char *text, size_t len,
    void (*warn)(void *ctx, const char *msg), void *ctx, struct weir_err *err);

/** weir_schema_free: free a schema; no plan made from it may be in use. NULL is accepted. */
void weir_schema_free(struct weir_schema *schema);

/**
 * weir_schema_bind: decide what each column of a header is checked against.
 *
 * schema    outlives the plan
 * names, n  the header, without the columns that weir appends; copied. A name that comes twice is
 *           two columns, both checked; a name the schema does not know is a string
 *
 * Returns the plan (weir_schema_plan_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_schema_plan *weir_schema_bind(
    const struct weir_schema *schema, const struct weir_str *names, size_t n, struct weir_err *err);

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

/**
 * weir_schema_check_row: check one row.
 *
 * cells, n   the cells' bytes, unquoted; borrowed for the call. Cells beyond the header are not
 *            looked at; columns beyond n count as empty
 * errors     the row's error text; the caller empties it (len = 0) before each row, and may put a
 *            message of its own first. Problems are appended as `<column><JSON Pointer>: <message>`
 *            and joined by "; ". At most WEIR_ROW_ERRORS_MAX_BYTES are appended, the last of them
 *            "; and N more" when some were left out. Its ceiling must leave room for that. The text
 *            names columns, properties and what the schema wants, never a value of the data
 * problems   receives how many there are, those left out included; 0: the row is valid
 *
 * Order: the columns as the header has them, each of a name that comes twice on its own; then what
 * is required and not in the header, in the order of `required`. A cell that is not valid UTF-8 or
 * not the JSON it should be has that one problem. A row has WEIR_ROW_STEPS_MAX steps; when a column
 * needs more than are left, it has the problem that it takes too many steps to check, and what
 * comes after that is not looked at: the verdict depends on the row and the schema alone.
 *
 * Returns 0, or -1 with *err set: WEIR_E_NOMEM, WEIR_E_LIMIT (errors has no room; a cell of more
 * than WEIR_ROW_MAX_BYTES). In the steady state nothing is allocated.
 */
int weir_schema_check_row(struct weir_schema_check *check, const struct weir_str *cells, size_t n,
    struct weir_buf *errors, size_t *problems, struct weir_err *err);

#endif
