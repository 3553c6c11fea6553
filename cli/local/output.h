#ifndef WEIR_CLI_LOCAL_OUTPUT_H
#define WEIR_CLI_LOCAL_OUTPUT_H

#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * What a function writes to its stderr: passed on to ours, whole lines at a time, and its errors
 * kept for the page, since an answer only says that a message has failed and not why. They are for
 * people; nothing is decided by them.
 */
struct weir_output;

/**
 * weir_output_new: a pipe.
 *
 * write_fd  receives the end for the function, the caller's to close
 *
 * Returns it (weir_output_free, before weir_loop_free), or NULL with *err set: WEIR_E_IO,
 * WEIR_E_NOMEM.
 */
struct weir_output *weir_output_new(struct weir_loop *loop, int *write_fd, struct weir_err *err);

/** weir_output_begin: forget the errors: another invocation begins. */
void weir_output_begin(struct weir_output *output);

/** weir_output_read: read and pass on what has come, up to a bound, for whoever writes without a
 *  pause. Also from within a callback. */
void weir_output_read(struct weir_output *output);

/** weir_output_turn: the same. Returns whether there is more already, for the next turn; when not,
 * the loop wakes up when there is. Not from within a callback. */
bool weir_output_turn(struct weir_output *output);

/**
 * weir_output_error: why a message has failed, as far as the function has said it: what stands
 * behind the message's id in the last error that names it, else the last error.
 *
 * id  of the message; NULL: none
 *
 * Returns text, valid until the next call of anything here, or NULL.
 */
const char *weir_output_error(const struct weir_output *output, const char *id);

/** weir_output_free: pass on what is left. Accepts NULL. */
void weir_output_free(struct weir_output *output);

#endif
