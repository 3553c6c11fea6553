#ifndef WEIR_CORE_UUID_H
#define WEIR_CORE_UUID_H

#include "core/err.h"

#define WEIR_UUID_BYTES 37 /* 36 characters and the NUL */

/**
 * weir_uuid_new: a random UUID, in lower case (RFC 9562, version 4).
 *
 * Returns 0, or -1 with *err set: WEIR_E_IO when the kernel has no random numbers. Any thread.
 */
int weir_uuid_new(char ret[WEIR_UUID_BYTES], struct weir_err *err);

#endif
