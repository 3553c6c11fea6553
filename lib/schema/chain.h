#ifndef WEIR_SCHEMA_CHAIN_H
#define WEIR_SCHEMA_CHAIN_H

#include "core/limits.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside lib/schema: patterns that need no engine: ^, then sets of ASCII characters, each so many
 * times, and as a rule $ at the end: ^ORD\d+$, ^[A-Z]{3}-\d{4}$. Most patterns of data are such,
 * and finding that one matches costs less than calling PCRE2.
 *
 * Only where each character says by itself whether it belongs to this set or to the next, so that
 * nothing has ever to be tried again.
 */

struct weir_chain {
    struct weir_chain_link {
        uint64_t set[2]; /* a bit for each character of ASCII */
        uint32_t min, max;
    } links[WEIR_CHAIN_LINKS_MAX];
    size_t n;
    bool whole; /* it ends with $ */
};

/** weir_chain_of: read a pattern, which is a valid one of ECMA-262, as a chain. False: it is none.
 */
bool weir_chain_of(struct weir_str pattern, struct weir_chain *ret);

/** weir_chain_match: whether the subject matches. */
bool weir_chain_match(const struct weir_chain *chain, struct weir_str subject);

#endif
