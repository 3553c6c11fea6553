#ifndef WEIR_HANDLERS_VALIDATE_RECURSION_H
#define WEIR_HANDLERS_VALIDATE_RECURSION_H

#include "core/err.h"
#include "event/event.h"

#include <stddef.h>

/*
 * A function that writes where its trigger looks calls itself, for ever, at its owner's cost. What
 * the trigger is a function is not told; what is known is where its own outputs go, by rules or
 * not, and under which prefixes it takes inputs: WEIR_INPUT_PREFIX (`uploads/` when nobody says
 * another), and the rules'.
 *
 * No chain of outputs gets longer than one, whatever the trigger is. An output into the input's
 * bucket begins with what its template begins with, up to the first brace; an input that begins as
 * any of the templates does is taken for an output and refused. A template that begins with a brace
 * has no such beginning: where there is one, only inputs under the prefixes are taken, and no
 * output may be under any of them.
 */
struct weir_recursion {
    struct weir_recursion_output {
        const char *name;    /* for messages: WEIR_OUTPUT_KEY, /1/output_key */
        const char *pattern; /* checked by weir_outkey_check */
        const char *bucket;  /* NULL: the input's */
    } * outputs;             /* each kind of output of each rule */
    size_t outputs_n;
    struct weir_recursion_input {
        const char *name;
        const char *prefix; /* not empty */
    } * inputs;
    size_t inputs_n;
};

/** weir_recursion_init: what is certain before there is an event. Returns 0, or -1 with *err set to
 *  WEIR_E_CONFIG: every output of one kind would match the trigger, or every input under a prefix
 *  would be taken for an output. */
int weir_recursion_init(const struct weir_recursion *r, struct weir_err *err);

/** weir_recursion_input: whether a record can be no output. Returns 0, or -1 with *err set to
 *  WEIR_E_CONFIG. */
int weir_recursion_input(
    const struct weir_recursion *r, const struct weir_s3_record *record, struct weir_err *err);

/**
 * weir_recursion_output: whether an output of a record can come back as an input.
 *
 * o    which one
 * key  made of the record
 *
 * Returns 0, or -1 with *err set to WEIR_E_CONFIG: it would replace its input, or lie beside it, or
 * under one of the prefixes. Nothing to object to in another bucket.
 */
int weir_recursion_output(const struct weir_recursion *r, const struct weir_recursion_output *o,
    const struct weir_s3_record *record, const char *key, struct weir_err *err);

#endif
