#ifndef WEIR_BOOTSTRAP_EXTENSION_H
#define WEIR_BOOTSTRAP_EXTENSION_H

#include "bootstrap/http1.h"
#include "core/log.h"

/*
 * Lambda sends SIGTERM before it takes an environment away only where an extension is registered.
 * So we are one: an internal extension without events, whose /event/next never answers.
 */

/**
 * weir_extension_register: register (Extensions API, 2020-01-01), during init, before the first
 * /next.
 *
 * http    used for the request, and free again afterwards: where there is no such API no second
 *         connection is made
 * parked  receives the connection that waits for ever (weir_http1_free), or NULL: without
 *         extensions the runtime is as good, but for the SIGTERM. Which of them is logged, at level
 *         debug
 */
void weir_extension_register(struct weir_loop *loop, const char *address, struct weir_http1 *http,
    const struct weir_log *log, struct weir_http1 **parked);

#endif
