#ifndef WEIR_NET_LOOP_H
#define WEIR_NET_LOOP_H

#include "core/err.h"
#include "stream/pipe.h"

#include <stdint.h>
#include <uv.h>

/*
 * One loop serves everything: libuv for timers, descriptors and signals, and libcurl's multi
 * interface hung into it (curl_multi_socket_action) for HTTP. A loop, and all that lives on it, is
 * for one thread at a time. What runs the loop (weir_loop_run,
 * weir_loop_step, weir_loop_step_undo) may not be called from inside a callback of it: it is
 * WEIR_E_BUG then.
 *
 * Handles that only watch (signals, the progress line) are unreferenced (uv_unref): what holds a
 * reference counts as something that may still wake a waiting pipe. They are served all the same.
 */
struct weir_loop;

/**
 * weir_loop_new: a loop. The first one of a process also ignores SIGPIPE where nobody has chosen
 * otherwise (a closed peer is an error of one write, not the process's end). libcurl, and OpenSSL
 * with it, are set up by the first request (net/http.h): that takes longer than a function's start.
 *
 * Returns it (weir_loop_free), or NULL with *err set: WEIR_E_NOMEM, WEIR_E_IO (descriptors).
 */
struct weir_loop *weir_loop_new(struct weir_err *err);

/** weir_loop_free: close it. Every end and request made on it must be gone. Accepts NULL. */
void weir_loop_free(struct weir_loop *loop);

/** weir_loop_uv: the libuv loop, for ends with handles of their own. */
uv_loop_t *weir_loop_uv(struct weir_loop *loop);

/** weir_loop_close: close a handle, and free the memory that it lies in once libuv is done with it:
 *  in a later turn of the loop. No callback of the handle comes any more. */
void weir_loop_close(uv_handle_t *handle, void *memory);

/**
 * weir_loop_run: run a pipe to its end.
 *
 * Sweeps whenever something may have moved, sleeps in the kernel while everybody waits, and wakes
 * for the pipe's deadline. Returns 0 when the pipe is done, or -1 with *err set to the pipe's
 * error, after everything was undone. A pipe that waits for nothing at all is cancelled with
 * WEIR_E_BUG.
 */
int weir_loop_run(struct weir_loop *loop, struct weir_pipe *pipe, struct weir_err *err);

/**
 * weir_loop_step: sleep until something happens on the loop, or until mono_ms, and handle it.
 *
 * mono_ms  CLOCK_MONOTONIC (core/clock.h); INT64_MAX for no limit; a time gone by only looks. When
 *          the time is over, what has happened by then has been handled
 *
 * Returns 0, or -1 with *err set: the reason of weir_loop_cancel, at every call once there is one;
 * WEIR_E_DEADLINE (weir_loop_set_deadline); WEIR_E_NET or WEIR_E_NOMEM when libcurl cannot go on;
 * WEIR_E_BUG when nothing is armed that could ever happen (mono_ms itself does not count: a wait
 * for nothing is a hang, however long).
 */
int weir_loop_step(struct weir_loop *loop, int64_t mono_ms, struct weir_err *err);

/** weir_loop_step_undo: the same for whoever cleans up: neither a cancel nor the loop's deadline
 *  ends it. Such a wait is to have a bound of its own. */
int weir_loop_step_undo(struct weir_loop *loop, int64_t mono_ms, struct weir_err *err);

/**
 * weir_loop_cancel: stop what runs on the loop: the pipe in weir_loop_run is cancelled with *why,
 * weir_loop_step and weir_http_call return it. Stays in force for all later runs and calls. For
 * signal callbacks on the loop; the first reason wins.
 */
void weir_loop_cancel(struct weir_loop *loop, const struct weir_err *why);

/**
 * weir_loop_set_undo: how long a cancel leaves those who clean up; 0: as long as they take, which
 * is the default. An abort that can do with less looks at weir_loop_undo_by; one that does not is
 * left behind a little later, and the pipe's undo_err says so.
 */
void weir_loop_set_undo(struct weir_loop *loop, int64_t ms);

/** weir_loop_undo_by: until when, by CLOCK_MONOTONIC. INT64_MAX: there is no bound, or no cancel.
 */
int64_t weir_loop_undo_by(const struct weir_loop *loop);

/**
 * weir_loop_set_deadline: what runs on the loop is to end by then: from mono_ms on,
 * weir_loop_step returns WEIR_E_DEADLINE, and a pipe in weir_loop_run is cancelled with it. For
 * whoever calls code that should watch its own time and may not; weir_loop_step_undo is not bound.
 *
 * mono_ms  CLOCK_MONOTONIC; INT64_MAX: none
 */
void weir_loop_set_deadline(struct weir_loop *loop, int64_t mono_ms);

/** weir_loop_cancelled: the reason, or NULL when nobody has cancelled. Owned by the loop. */
const struct weir_err *weir_loop_cancelled(const struct weir_loop *loop);

/**
 * weir_loop_moved: what every timer's callback calls first: something has happened.
 *
 * libuv runs the timers that are due before it goes to sleep, and would sleep over what they
 * changed, until the next thing happens; this makes it come back at once instead.
 */
static inline void weir_loop_moved(uv_timer_t *timer)
{
    uv_stop(timer->loop);
}

#endif
