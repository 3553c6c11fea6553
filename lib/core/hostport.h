#ifndef WEIR_CORE_HOSTPORT_H
#define WEIR_CORE_HOSTPORT_H

#include "core/limits.h"

#include <stdbool.h>

struct weir_hostport {
    char host[WEIR_HOST_BYTES]; /* a name or an address, without the brackets of IPv6; may be "" */
    unsigned port;              /* 0..65535 */
};

/**
 * weir_hostport_parse: HOST:PORT, as people write it: 127.0.0.1:80, name:80, [::1]:80, :80.
 *
 * otherwise  the port where there is none (HOST alone); -1: it has to be there
 * why        receives what is wrong, a static text: "must end with :PORT"
 *
 * Returns whether it is one. What the host is made of is not looked at. Any thread.
 */
bool weir_hostport_parse(
    const char *text, int otherwise, struct weir_hostport *ret, const char **why);

#endif
