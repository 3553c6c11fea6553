#ifndef WEIR_HANDLERS_VALIDATE_SCHEMAS_H
#define WEIR_HANDLERS_VALIDATE_SCHEMAS_H

#include "aws/config.h"
#include "core/err.h"
#include "core/log.h"
#include "handlers/validate/rules.h"
#include "net/loop.h"
#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The schemas of a function's rules, loaded. One from the package is loaded once. One on S3 is
 * asked for again by the first object that needs it once it is older than the age that was set, and
 * compiled again when its ETag is another; so a new schema is in force that long after it was put
 * there, and an object is checked against one schema from its first row to its last. When the new
 * one cannot be had, or does not load, the objects that need it fail: nothing is checked against a
 * schema that somebody has replaced.
 */
struct weir_schemas;

/* What they are loaded with. */
struct weir_schemas_by {
    struct weir_loop *loop;
    const struct weir_s3_config *s3;
    const struct weir_log *log; /* for warnings */
};

/**
 * weir_schemas_new: load all of them; runs the loop.
 *
 * list, n     borrowed; outlive them
 * max_age_ms  of one on S3; 0: each object asks
 *
 * Returns them (weir_schemas_free), or NULL with *err set: as weir_schemas_get.
 */
struct weir_schemas *weir_schemas_new(const struct weir_rule_schema *list, size_t n,
    int64_t max_age_ms, const struct weir_schemas_by *by, struct weir_err *err);

/**
 * weir_schemas_get: the i-th of the list; runs the loop when it has to be asked for again.
 *
 * Returns it, valid until the next call for the same one, or NULL with *err set: WEIR_E_CONFIG (it
 * does not load, or is none of rows), WEIR_E_REMOTE, WEIR_E_NET, WEIR_E_LIMIT
 * (WEIR_SCHEMA_MAX_BYTES), WEIR_E_NOMEM. The message names who names it, and its place.
 */
const struct weir_schema *weir_schemas_get(
    struct weir_schemas *schemas, size_t i, const struct weir_schemas_by *by, struct weir_err *err);

/** weir_schemas_free: accepts NULL. */
void weir_schemas_free(struct weir_schemas *schemas);

#endif
