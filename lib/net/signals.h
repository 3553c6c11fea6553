#ifndef WEIR_NET_SIGNALS_H
#define WEIR_NET_SIGNALS_H

#include "core/err.h"
#include "net/loop.h"

/*
 * SIGINT, SIGTERM and SIGHUP (unless nohup had it ignored) on the loop. The first one cancels, in
 * order and with clean-up; a second one of the same kind finds the default action again and ends
 * the process at once.
 */
struct weir_signals;

/**
 * weir_signals_begin: for main, before anything else of signals: none is blocked, whatever whoever
 * started us had blocked (without SIGCHLD a program's end would never be seen); a peer or reader
 * that goes away (SIGPIPE) and a file that may not grow (SIGXFSZ) are errors of a write.
 */
void weir_signals_begin(void);

/**
 * weir_signals_new: from the first of these signals on, cancel the loop: weir_loop_cancel with
 * WEIR_E_CANCEL and the number as detail. Make it right after the loop, before anything that would
 * have to be undone. It only watches: a wait for nothing stays one (loop.h).
 *
 * Returns it (weir_signals_free, before weir_loop_free), or NULL with *err set: WEIR_E_NOMEM,
 * WEIR_E_IO.
 */
struct weir_signals *weir_signals_new(struct weir_loop *loop, struct weir_err *err);

/**
 * weir_signals_join: the same for a loop that runs for a while in another one's place: it is
 * cancelled by those signals that this process watches now, by a weir_signals of another loop,
 * which learns of them when it runs again. What is not watched keeps its action: nothing, in a
 * process that watches none; its end, for a signal that has come before.
 */
struct weir_signals *weir_signals_join(struct weir_loop *loop, struct weir_err *err);

/** weir_signals_free: stop to listen; the default actions are back, unless another one watches.
 *  Accepts NULL. */
void weir_signals_free(struct weir_signals *signals);

#endif
