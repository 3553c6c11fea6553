#ifndef WEIR_CLI_LOCAL_MADE_H
#define WEIR_CLI_LOCAL_MADE_H

#include "cli/local/worker.h"
#include "core/buf.h"
#include "event/event.h"

#include <stdbool.h>

/*
 * What the function validate has made of an object: asked of its own rules, with the settings that
 * it has. For the page; nothing is decided by it.
 */
struct weir_made {
    struct weir_buf bucket, key; /* as text: of the main output */
    bool counts;                 /* it ends in the columns valid and errors, with commas */
};

/** weir_made_init: false when it is not known, or none. weir_made_fini in either case. */
bool weir_made_init(
    struct weir_made *ret, const struct weir_worker *worker, const struct weir_s3_record *record);

/** weir_made_fini: release it. */
void weir_made_fini(struct weir_made *made);

#endif
