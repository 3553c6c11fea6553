#ifndef WEIR_NET_CHILD_STDIN_H
#define WEIR_NET_CHILD_STDIN_H

#include "core/err.h"
#include "net/loop.h"
#include "stream/stage.h"

/*
 * A program's stdin, fed from a source: child_source.c's other half. It is a pipe of its own beside
 * the one that the program is the source of.
 */
struct weir_child_stdin;

/** weir_child_stdin_new: source is moved when it succeeds, and so is fd (non-blocking, the writing
 *  end). NULL with *err set: WEIR_E_NOMEM, WEIR_E_IO. */
struct weir_child_stdin *weir_child_stdin_new(
    struct weir_loop *loop, struct weir_stage *source, int fd, struct weir_err *err);

/**
 * weir_child_stdin_step: feed what can be fed.
 *
 * Returns WEIR_WAIT (a wake-up is armed), WEIR_END (the program has got all, or wants no more; the
 * descriptor is closed) or WEIR_FAIL: the source's error. The descriptor is still open then, as its
 * end would tell the program that its input is complete: end the program first.
 */
enum weir_step weir_child_stdin_step(struct weir_child_stdin *in, struct weir_err *err);

/** weir_child_stdin_free: accepts NULL. */
void weir_child_stdin_free(struct weir_child_stdin *in);

#endif
