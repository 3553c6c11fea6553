#ifndef WEIR_NET_WAKE_H
#define WEIR_NET_WAKE_H

#include "core/err.h"
#include "net/loop.h"

#include <stdint.h>

/*
 * An alarm on the loop, for an end that answers WEIR_WAIT because of the time. It does nothing but
 * make the loop turn once, which sweeps the pipe. Loop thread only.
 */
struct weir_wake;

/** weir_wake_new: an alarm that is not set. NULL with *err set: WEIR_E_NOMEM. */
struct weir_wake *weir_wake_new(struct weir_loop *loop, struct weir_err *err);

/** weir_wake_in: set it to go off in ms from now, in place of what it was set to. */
void weir_wake_in(struct weir_wake *wake, int64_t ms);

/** weir_wake_rest: let the time pass until until_mono_ms (CLOCK_MONOTONIC) and have the loop serve
 *  what happens meanwhile; runs the loop. Returns 0, or -1 with *err set, as weir_loop_step. */
int weir_wake_rest(struct weir_loop *loop, int64_t until_mono_ms, struct weir_err *err);

/** weir_wake_free: release it; its memory goes in a later turn of the loop. Accepts NULL. */
void weir_wake_free(struct weir_wake *wake);

#endif
