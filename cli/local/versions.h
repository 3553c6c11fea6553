#ifndef WEIR_CLI_LOCAL_VERSIONS_H
#define WEIR_CLI_LOCAL_VERSIONS_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/* For each name the version of it that was announced last: what the queue remembers of objects
 * whose messages are long gone. Names and versions are texts that mean nothing here. */
struct weir_versions { /* zeroed: none */
    void *root;        /* tsearch(3) */
    size_t n;
};

/** weir_versions_get: the version of a name, or NULL. Valid until it is set again or forgotten. */
const char *weir_versions_get(const struct weir_versions *versions, const char *name);

/** weir_versions_set: both are copied. Returns 0, or -1 with *err set and nothing changed:
 *  WEIR_E_NOMEM. */
int weir_versions_set(
    struct weir_versions *versions, const char *name, const char *version, struct weir_err *err);

/** weir_versions_forget: the names for which gone() is true. */
void weir_versions_forget(
    struct weir_versions *versions, bool (*gone)(void *ctx, const char *name), void *ctx);

/** weir_versions_each: see all of them, in the order of their names; see must change nothing. */
void weir_versions_each(const struct weir_versions *versions,
    void (*see)(void *ctx, const char *name, const char *version), void *ctx);

/** weir_versions_fini: release them. */
void weir_versions_fini(struct weir_versions *versions);

#endif
