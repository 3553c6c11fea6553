#ifndef WEIR_HANDLERS_VALIDATE_OUTKEY_H
#define WEIR_HANDLERS_VALIDATE_OUTKEY_H

#include "core/buf.h"
#include "event/event.h"

/*
 * The name of an output, made from a template and the input's record: {stem} (its key without the
 * first folder and without .csv, .ndjson or .jsonl, with .gz behind or not), {ext} (which of these
 * the output is), {key}, {etag} and {version} are replaced, all else is kept.
 */

/** weir_outkey_check: 0 when the template can be used, or -1 with WEIR_E_CONFIG naming what is
 *  wrong in it. */
int weir_outkey_check(const char *pattern, struct weir_err *err);

/**
 * weir_outkey_make: append the key for a record to ret.
 *
 * ext  what {ext} is, without a dot
 *
 * Returns 0, or -1 with *err set: WEIR_E_DATA (the record lacks the etag or version that the
 * template asks for), or the buffer's.
 */
int weir_outkey_make(const char *pattern, const struct weir_s3_record *record, const char *ext,
    struct weir_buf *ret, struct weir_err *err);

#endif
