#ifndef WEIR_NET_LOOK_UP_H
#define WEIR_NET_LOOK_UP_H

#include "core/err.h"
#include "net/loop.h"

#define WEIR_IP_BYTES 48 /* an IPv6 address with its zone, and the NUL */

/**
 * weir_look_up: the address of a named server, by libcurl: libc's own look-up cannot be linked
 * statically. Blocks, for as long as a connection to it takes to make (it is closed again): for
 * start-up only.
 *
 * host, port  the server, which has to be there
 * ret         receives an address as text, in the form that inet_pton takes
 *
 * Returns 0, or -1 with *err set: WEIR_E_NET, WEIR_E_NOMEM.
 */
int weir_look_up(struct weir_loop *loop, const char *host, unsigned port, char ret[WEIR_IP_BYTES],
    struct weir_err *err);

#endif
