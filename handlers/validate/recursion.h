#ifndef WEIR_HANDLERS_VALIDATE_RECURSION_H
#define WEIR_HANDLERS_VALIDATE_RECURSION_H

#include "core/err.h"
#include "event/event.h"

/*
 * A function that writes where its trigger looks calls itself, for ever, at its owner's cost. What
 * the trigger is a function is not told; what is known is where its own outputs go, and by setting
 * which prefix the trigger has (`uploads/` when nobody says another).
 *
 * No chain of outputs gets longer than one, whatever the trigger is. All outputs into the input's
 * bucket begin with what the template begins with, up to its first brace; an input that begins so
 * is taken for an output and refused. A template that begins with a brace has no such beginning:
 * then only inputs under the prefix are taken, and no output may be under it.
 */
struct weir_recursion {
    const char *pattern; /* WEIR_OUTPUT_KEY, checked by weir_outkey_check */
    const char *bucket;  /* WEIR_OUTPUT_BUCKET; NULL: the input's */
    const char *prefix;  /* WEIR_INPUT_PREFIX: the trigger's; not empty */
};

/** weir_recursion_init: what is certain before there is an event. Returns 0, or -1 with *err set to
 *  WEIR_E_CONFIG when every output would match the trigger. */
int weir_recursion_init(const struct weir_recursion *r, struct weir_err *err);

/**
 * weir_recursion_check: whether a record may become an output.
 *
 * key  the output's, made of the record
 *
 * Returns 0, or -1 with *err set to WEIR_E_CONFIG: the output would replace its input or could come
 * back as an input, or the input may be an output. Nothing to object to in another bucket.
 */
int weir_recursion_check(const struct weir_recursion *r, const struct weir_s3_record *record,
    const char *key, struct weir_err *err);

#endif
