#ifndef WEIR_SCHEMA_PATTERN_H
#define WEIR_SCHEMA_PATTERN_H

#include "core/err.h"
#include "core/str.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The regular expressions of `pattern`: ECMA-262 with the u flag (schema/ecma.h), run by PCRE2.
 * `\d`,
 * `\w` and `\b` are ASCII. A pattern is not anchored.
 *
 * Matching is bounded: WEIR_PATTERN_MATCH_LIMIT steps, WEIR_PATTERN_STACK_MAX_BYTES of memory, and
 * what the caller has left for it.
 */
struct weir_pattern;
struct weir_pattern_work;

/**
 * weir_pattern_new: compile a pattern.
 *
 * source  the pattern as the schema has it, valid UTF-8; not kept
 *
 * Returns the pattern (weir_pattern_free), which does not change and may be shared by threads; or
 * NULL with *err set: WEIR_E_CONFIG with the character's place (from 1) in the source and the
 * reason, WEIR_E_NOMEM.
 */
struct weir_pattern *weir_pattern_new(struct weir_str source, struct weir_err *err);

/** weir_pattern_free: free a pattern. NULL is accepted. */
void weir_pattern_free(struct weir_pattern *pattern);

/** weir_pattern_work_new: a thread's memory for matching. NULL with *err set: WEIR_E_NOMEM. */
struct weir_pattern_work *weir_pattern_work_new(struct weir_err *err);

/** weir_pattern_work_free: NULL is accepted. */
void weir_pattern_work_free(struct weir_pattern_work *work);

/** weir_pattern_bytes: the memory that the compiled pattern takes. */
size_t weir_pattern_bytes(const struct weir_pattern *pattern);

enum weir_pattern_verdict {
    WEIR_PATTERN_NO,
    WEIR_PATTERN_YES,
    WEIR_PATTERN_LIMIT, /* too many steps, or too much memory: nobody knows */
    WEIR_PATTERN_SPENT, /* *steps is not enough to try */
};

/**
 * weir_pattern_match: whether the pattern is found anywhere in subject, which is valid UTF-8.
 *
 * steps  what the caller has left; what it may cost is taken off first, and depends on nothing but
 *        the pattern and the subject: 20 and a little for the length, and 100,000 more and a lot
 *        for the length when that was not enough
 */
enum weir_pattern_verdict weir_pattern_match(const struct weir_pattern *pattern,
    struct weir_pattern_work *work, struct weir_str subject, uint64_t *steps);

#endif
