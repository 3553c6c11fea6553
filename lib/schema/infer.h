#ifndef WEIR_SCHEMA_INFER_H
#define WEIR_SCHEMA_INFER_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"
#include "schema/schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A schema from a sample: types, formats that all values have, small sets of texts as enum, what is
 * required, in JSON in depth. Each row that was looked at is valid by it. It says no more than that
 * needs: nothing is forbidden that has not been seen, but for values of another type, format or
 * set.
 *
 * Memory is bounded whatever the sample: so many schemas, names, levels, texts (WEIR_INFER_* in
 * core/limits.h); what is beyond is not described, which only makes the schema say less. What comes
 * out depends on the rows alone.
 */
struct weir_schema_infer;

struct weir_schema_infer_opts {
    struct weir_schema_cells cells; /* empty_is_text holds: an absent cell is one whose p is NULL */
    size_t enum_max; /* texts that an enum may have, at most WEIR_INFER_ENUM_MAX; 0: no enums */
    bool ranges;     /* minimum, maximum, minLength, maxLength as well */
};

/** weir_schema_infer_new: nothing is known yet. opts is copied, its lists are borrowed. Returns it
 * (weir_schema_infer_free), or NULL with *err set: WEIR_E_NOMEM. */
struct weir_schema_infer *weir_schema_infer_new(
    const struct weir_schema_infer_opts *opts, struct weir_err *err);

/** weir_schema_infer_free: accepts NULL. */
void weir_schema_infer_free(struct weir_schema_infer *f);

/**
 * weir_schema_infer_columns: of a table: its columns, once, before the first row. A name that comes
 * twice is one property, which both columns have to fit; one that is not UTF-8 is none. Returns 0,
 * or -1 with *err set: WEIR_E_LIMIT (more names than a schema may have), WEIR_E_NOMEM.
 */
int weir_schema_infer_columns(
    struct weir_schema_infer *f, const struct weir_str *names, size_t n, struct weir_err *err);

/**
 * weir_schema_infer_cells: look at a row with a cell for each column. weir_schema_infer_json: look
 * at a JSON text; either one or the other.
 *
 * looked  receives false where no schema would make it valid (not UTF-8, not JSON): it is left out
 *
 * Return 0, or -1 with *err set: WEIR_E_NOMEM.
 */
int weir_schema_infer_cells(
    struct weir_schema_infer *f, const struct weir_str *cells, bool *looked, struct weir_err *err);
int weir_schema_infer_json(
    struct weir_schema_infer *f, struct weir_str text, bool *looked, struct weir_err *err);

/** weir_schema_infer_write: append the schema: JSON with a final newline, at most
 *  WEIR_SCHEMA_MAX_BYTES, which weir_schema_load takes. Returns 0, or -1 with *err set:
 *  WEIR_E_LIMIT (it would be larger), WEIR_E_NOMEM. */
int weir_schema_infer_write(
    const struct weir_schema_infer *f, struct weir_buf *to, struct weir_err *err);

#endif
