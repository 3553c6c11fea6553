#ifndef WEIR_NET_LOOK_UP_H
#define WEIR_NET_LOOK_UP_H

#include "core/err.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* Where a host can be reached, in the order in which that is to be tried. */
struct weir_addresses {
    size_t n;
    struct weir_address {
        struct sockaddr_storage to; /* of a stream socket, with the port */
        socklen_t len;
    } at[WEIR_ADDRESSES_MAX];
};

/** weir_addresses_add: host (IPv6 without brackets) and port behind those that are in *ret, when
 *  host is the text of an address and there is room. Returns whether it was added. */
bool weir_addresses_add(struct weir_addresses *ret, const char *host, unsigned port);

/**
 * weir_look_up: the addresses of a host, by libcurl, which looks names up for its own requests in
 * this process, too: libc's way wants shared objects of the system at run time, which a static
 * executable cannot count on. What is an address already is not looked up.
 *
 * ret  receives WEIR_ADDRESSES_MAX of them at the most
 *
 * Returns 0, or -1 with *err set: WEIR_E_NET naming the host, WEIR_E_NOMEM. Blocks for up to
 * WEIR_HTTP_CONNECT_MS. Any thread.
 */
int weir_look_up(const char *host, unsigned port, struct weir_addresses *ret, struct weir_err *err);

#endif
