#ifndef WEIR_STREAM_LATE_H
#define WEIR_STREAM_LATE_H

#include "stream/stage.h"

/**
 * weir_late_sink_new: a sink that is made when the first bytes, or the end, are there for it.
 *
 * By then the source has learned what it reads, so that a sink can be planned with it: the parts of
 * an upload need the size, which an object's answer tells. Until then nothing is sent or opened.
 *
 * make  called once, from the step; returns 0 with *ret set to a sink (owned by this one then), or
 *       -1 with *err set, with which the stage fails
 * ctx   borrowed; outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_NOMEM.
 */
int weir_late_sink_new(int (*make)(void *ctx, struct weir_stage *ret, struct weir_err *err),
    void *ctx, struct weir_stage *ret, struct weir_err *err);

#endif
