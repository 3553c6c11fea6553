#ifndef WEIR_NET_RESOLVE_H
#define WEIR_NET_RESOLVE_H

#include "core/err.h"
#include "net/look_up.h"
#include "net/loop.h"

/*
 * A name to addresses, without stopping the loop. weir_look_up can take many seconds and cannot be
 * called back, so it runs on a thread of its own, which outlives whoever has lost interest. Numeric
 * addresses take no thread.
 */
struct weir_resolve;

/** weir_resolve_start: host is copied. Returns it (weir_resolve_free), or NULL with *err
 *  set: WEIR_E_NOMEM. The loop wakes up when the answer is there. */
struct weir_resolve *weir_resolve_start(
    struct weir_loop *loop, const char *host, unsigned port, struct weir_err *err);

/**
 * weir_resolve_answer: the addresses, one or more, for as long as r lives.
 *
 * Returns 1 with *ret set; 0 while there is no answer; -1 with *err set as by weir_look_up.
 */
int weir_resolve_answer(
    struct weir_resolve *r, const struct weir_addresses **ret, struct weir_err *err);

/** weir_resolve_free: forget it, answered or not; never waits. Accepts NULL. */
void weir_resolve_free(struct weir_resolve *r);

#endif
