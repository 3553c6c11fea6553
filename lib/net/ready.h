#ifndef WEIR_NET_READY_H
#define WEIR_NET_READY_H

#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>

/*
 * Waiting for a descriptor without changing it. uv_poll makes a descriptor non-blocking, and that
 * flag is shared with every process that inherited it (the shell's terminal, the other end of a
 * pipeline), so the loop watches an epoll instance of our own that watches the descriptor.
 */
struct weir_ready;

/**
 * weir_ready_new: watch fd for input (write false) or for room (write true).
 *
 * fd   borrowed; to be closed after weir_ready_free
 * ret  receives it, or NULL for a descriptor that never makes anybody wait (regular files,
 * /dev/null)
 *
 * Returns 0, or -1 with *err set: WEIR_E_NOMEM, WEIR_E_IO.
 */
int weir_ready_new(
    struct weir_loop *loop, int fd, bool write, struct weir_ready **ret, struct weir_err *err);

/** weir_ready_now: is it ready (or broken, which the next read or write tells)? If not, the loop
 *  will wake up when it is. NULL is always ready. */
bool weir_ready_now(struct weir_ready *ready);

/** weir_ready_free: stop watching. Accepts NULL. */
void weir_ready_free(struct weir_ready *ready);

#endif
