#ifndef WEIR_STREAM_BYTES_H
#define WEIR_STREAM_BYTES_H

#include "stream/stage.h"

/** weir_bytes_source_new: bytes in memory as a source. p is copied. Returns 0 with *ret set, or -1
 *  with *err set: WEIR_E_NOMEM. */
int weir_bytes_source_new(const void *p, size_t len, struct weir_stage *ret, struct weir_err *err);

#endif
