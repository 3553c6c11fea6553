#ifndef WEIR_NET_COLLECT_H
#define WEIR_NET_COLLECT_H

#include "core/buf.h"
#include "net/loop.h"
#include "stream/stage.h"

#include <stdint.h>

/**
 * weir_collect: all that a source has, for things that are small (a schema, an event).
 *
 * source            moved: it is freed in any case
 * deadline_mono_ms  CLOCK_MONOTONIC; INT64_MAX: none
 * to                the bytes are appended to it, up to its ceiling
 *
 * Runs the loop. Returns 0, or -1 with *err set: the source's error, WEIR_E_LIMIT (the ceiling),
 * WEIR_E_DEADLINE, the loop's cancel. Loop thread.
 */
int weir_collect(struct weir_loop *loop, struct weir_stage *source, int64_t deadline_mono_ms,
    struct weir_buf *to, struct weir_err *err);

#endif
