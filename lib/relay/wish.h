#ifndef WEIR_RELAY_WISH_H
#define WEIR_RELAY_WISH_H

#include "core/str.h"
#include "relay/relay.h"

/*
 * What a client asks for in its query:
 *
 *     policy=oldest|newest|latest   where it goes on that was too slow
 *     disconnect_after=SECONDS      rather than lag for longer
 *     age_max=SECONDS               what is older is dropped
 *     burst=BYTES                   how far back it begins
 *     random_access=0|1             begins, and goes on after a loss, where a decoder can
 *
 * It may ask for less patience than the source has, not for more; nor for the policy `newest`, to
 * which no age applies, where the source has one. `burst` ends where the ring does, and is subject
 * to the age as all that waits. Other names are not the relay's:
 * players put into a query what they like.
 */

extern const char *const weir_relay_policies[]; /* in the order of enum weir_leaky_policy, NULL */

/**
 * weir_relay_wish_read: take over what the query says.
 *
 * query  without the '?', not decoded; may be empty
 * wish   the source's, changed in place
 *
 * Returns 0, or -1 for a name above with a value that it cannot have here; *wish may be half
 * changed then.
 */
int weir_relay_wish_read(struct weir_str query, struct weir_relay_wish *wish);

#endif
