#ifndef WEIR_SCHEMA_ECMA_H
#define WEIR_SCHEMA_ECMA_H

#include "core/buf.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Inside lib/schema: regular expressions of ECMA-262 with the u flag. They are read and, where that
 * is wanted, written anew as PCRE2 reads them, so that what the two read differently means what
 * ECMA-262 says (`.`, `\s`, `\v`, `{` that is no quantifier, surrogate pairs, names of groups and
 * properties), and what only PCRE2 knows (`\A`, `(?i)`, `(*VERB)`, `a++`, `[[:alpha:]]`) is
 * refused or taken literally, as ECMA-262 has it. A little more is let pass than the u flag does:
 * a backslash before any mark of ASCII, brackets and braces that stand for themselves.
 */
struct weir_ecma_fault {
    const char *why; /* static; NULL: there was no memory */
    size_t offset;   /* in the source */
};

/**
 * weir_ecma_translate: read a pattern.
 *
 * in     valid UTF-8, at most WEIR_PATTERN_MAX_BYTES
 * out    receives the pattern for PCRE2; NULL: it is only read, and nothing is allocated
 * watch  a place in `out` whose origin is wanted; *origin, which may be NULL, receives where in
 * `in` that is
 *
 * Returns 0, or -1 with *fault set. What PCRE2 has limits for (repetitions, lookbehind of variable
 * length) is not looked at.
 */
int weir_ecma_translate(struct weir_str in, struct weir_buf *out, size_t watch, size_t *origin,
    struct weir_ecma_fault *fault);

/** weir_ecma_property: what stands in \p{...} as PCRE2 has it, or NULL: no such property. The names
 *  of scripts are not looked at: then *script is set, and the result is to be followed by it. */
const char *weir_ecma_property(struct weir_str name, struct weir_str *script);

#endif
