#ifndef WEIR_CLI_SIGNALS_H
#define WEIR_CLI_SIGNALS_H

#include "net/loop.h"
#include "stream/pipe.h"

/*
 * SIGINT and SIGTERM on the loop. The first one cancels, in order and with clean-up; a second one
 * of the same kind finds the default action again and ends the process at once.
 */
struct weir_signals;

/**
 * weir_signals_new: from the first SIGINT or SIGTERM on, cancel.
 *
 * on_signal  called from the loop with ctx and the number; NULL: weir_loop_cancel with
 *            WEIR_E_CANCEL and the number as detail, which weir_cli_exit turns into 130 or 143
 *
 * Returns it (weir_signals_free, before weir_loop_free), or NULL with *err set: WEIR_E_NOMEM,
 * WEIR_E_IO. As long as it lives it counts as something that could wake the loop.
 */
struct weir_signals *weir_signals_new(struct weir_loop *loop,
    void (*on_signal)(void *ctx, int number), void *ctx, struct weir_err *err);

/** weir_signals_cancel_pipe: an on_signal whose ctx is a struct weir_pipe: cancels that alone. */
void weir_signals_cancel_pipe(void *pipe, int number);

/** weir_signals_free: stop to listen. Accepts NULL. */
void weir_signals_free(struct weir_signals *signals);

#endif
