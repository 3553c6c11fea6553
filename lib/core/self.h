#ifndef WEIR_CORE_SELF_H
#define WEIR_CORE_SELF_H

#include "core/err.h"

#include <stddef.h>

/**
 * weir_self_folder: the folder that this program lies in, for what is shipped beside it.
 *
 * Returns 0 with ret filled, without a slash at its end unless it is the root; or -1 with *err set
 * and ret empty: WEIR_E_IO (no /proc), WEIR_E_LIMIT (size bytes are too few).
 */
int weir_self_folder(char *ret, size_t size, struct weir_err *err);

#endif
