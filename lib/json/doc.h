#ifndef WEIR_JSON_DOC_H
#define WEIR_JSON_DOC_H

#include "core/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Documents: events and configuration, small and read once, as a cJSON tree. cJSON reads more than
 * JSON and drops some of it (bad UTF-8, control characters, what follows U+0000, all but one of two
 * equal names), so every text passes our strict parser first, and the few valid texts that cJSON
 * cannot hold are refused: U+0000 in a string, numbers of more than 63 characters.
 *
 * A struct weir_doc is a place in a document; it lives on the stack, points to the place above it,
 * and is there so that an error can name its JSON Pointer:
 *
 *     struct weir_doc root = { .v = tree }, records, record = { 0 };
 *     if (weir_doc_array(&root, "Records", &records, err) == -1) ...   "/Records: must be an array"
 *     while (weir_doc_each(&records, &record)) ...
 *
 * Errors are WEIR_E_DATA; the caller puts a prefix that says which document.
 */
struct weir_doc {
    const cJSON *v;
    const struct weir_doc *up; /* NULL: the root */
    const char *name;          /* of a member; NULL: an element */
    size_t index;              /* of an element */
};

/**
 * weir_doc_parse: parse a document.
 *
 * what       the error message's first word: "event", "config"
 * text, len  at most WEIR_JSON_DOC_MAX_BYTES and WEIR_DOC_VALUES_MAX names and values
 *
 * Returns the tree (cJSON_Delete), or NULL with *err set: WEIR_E_DATA with the byte (from 1) and
 * the reason, WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
cJSON *weir_doc_parse(const char *what, const char *text, size_t len, struct weir_err *err);

/** weir_doc_error: compose "<JSON Pointer of at>[/<name>]: <why>". name may be NULL.
 *  Always returns -1. */
int weir_doc_error(const struct weir_doc *at, const char *name, const char *why,
    enum weir_code code, struct weir_err *err);

/** weir_doc_has: whether the object `at` has the member (null counts). Exact case. */
bool weir_doc_has(const struct weir_doc *at, const char *name);

/** weir_doc_member: any member, whatever its type. False, with *ret untouched, when there is none.
 */
bool weir_doc_member(const struct weir_doc *at, const char *name, struct weir_doc *ret);

/*
 * A member that must be there with that type. `at` outlives *ret. Return 0, or -1 with *err set.
 */
int weir_doc_object(
    const struct weir_doc *at, const char *name, struct weir_doc *ret, struct weir_err *err);
int weir_doc_array(
    const struct weir_doc *at, const char *name, struct weir_doc *ret, struct weir_err *err);

/** weir_doc_string: a string member; *ret is the tree's. */
int weir_doc_string(
    const struct weir_doc *at, const char *name, const char **ret, struct weir_err *err);

/** weir_doc_string_opt: the same, but *ret is NULL when the member is absent or null. */
int weir_doc_string_opt(
    const struct weir_doc *at, const char *name, const char **ret, struct weir_err *err);

/** weir_doc_bool_opt: true or false; *ret is untouched when the member is absent or null. */
int weir_doc_bool_opt(const struct weir_doc *at, const char *name, bool *ret, struct weir_err *err);

/** weir_doc_int: a whole number from min to max, which lie within +-(2^53 - 1). */
int weir_doc_int(const struct weir_doc *at, const char *name, int64_t min, int64_t max,
    int64_t *ret, struct weir_err *err);

/** weir_doc_each: the elements of an array or the members of an object, in order. *item is {0} at
 *  first; returns false after the last. */
bool weir_doc_each(const struct weir_doc *at, struct weir_doc *item);

#endif
