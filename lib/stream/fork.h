#ifndef WEIR_STREAM_FORK_H
#define WEIR_STREAM_FORK_H

#include "core/buf.h"
#include "core/limits.h"
#include "stream/stage.h"

#include <stddef.h>
#include <stdint.h>

/*
 * One pipe with several sinks. What goes to which of them stands in frames: the stage before writes
 * them with weir_fork_begin and weir_fork_end, the sink takes them apart.
 *
 * Either all of the sinks publish or none does, as far as that can be: no sink hears of the end
 * before every one of them has taken all that is its own and has prepared its end (stage.h: the
 * last part of an upload is there, a file is synced), and then they end one after the other, from
 * the last to sink 0. So sink 0 is there only when all the others are. When one of them fails to
 * end, those before it in that order are published already; the pipe fails, and its undo error says
 * how many. Nothing else can come between: every other failure comes before the first end.
 */

/** weir_fork_begin: begin a frame for a sink, at the end of `to`; its bytes are appended after it.
 *  Returns 0 with *mark set, or -1 with *err set (the buffer's). */
int weir_fork_begin(struct weir_buf *to, size_t sink, size_t *mark, struct weir_err *err);

/** weir_fork_end: the frame that began at mark is complete; an empty one is taken back. At most
 *  UINT32_MAX bytes. */
void weir_fork_end(struct weir_buf *to, size_t mark);

/**
 * weir_fork_new: the sink.
 *
 * sinks, n  moved into it when it succeeds; 1..WEIR_FORK_MAX
 * bytes     n counts of what each sink was given; outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set (WEIR_E_NOMEM) and the sinks still the caller's.
 */
int weir_fork_new(struct weir_stage *sinks, size_t n, uint64_t *bytes, struct weir_stage *ret,
    struct weir_err *err);

#endif
