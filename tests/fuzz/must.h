#ifndef WEIR_TESTS_FUZZ_MUST_H
#define WEIR_TESTS_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

/* What a fuzzer holds to be so. What does not hold is said before the end: an optimized build has
 * one abort() for all of them. */
#define must(holds) ((holds) ? (void)0 : must_have_held(#holds, __FILE__, __LINE__))

static inline void must_have_held(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

#endif
