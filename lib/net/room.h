#ifndef WEIR_NET_ROOM_H
#define WEIR_NET_ROOM_H

#include "core/err.h"
#include "net/loop.h"
#include "net/signals.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * A loop for a short piece of work in the middle of another, whose loop must not run meanwhile. It
 * is cancelled when its time is over (WEIR_E_DEADLINE), and by the signals that the process watches
 * (weir_signals_join: WEIR_E_CANCEL).
 */
struct weir_room { /* zeroed, it is none */
    struct weir_loop *loop;
    int64_t by_mono_ms; /* when its time is over */

    struct weir_signals *signals;
    uv_timer_t timer;
    int64_t max_ms;
    bool bounded; /* by the caller's deadline, not by max_ms */
};

/**
 * weir_room_init: make it; it must not move.
 *
 * max_ms         its time
 * until_mono_ms  and when it is over in any case, by CLOCK_MONOTONIC; INT64_MAX: no such bound
 *
 * Returns 0, or -1 with *err set, as weir_loop_new; weir_room_fini in either case.
 */
int weir_room_init(
    struct weir_room *room, int64_t max_ms, int64_t until_mono_ms, struct weir_err *err);

/** weir_room_fini: when all that was made on its loop is gone. A zeroed one is a no-op. */
void weir_room_fini(struct weir_room *room);

#endif
