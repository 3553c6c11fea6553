#ifndef WEIR_RELAY_RELAY_H
#define WEIR_RELAY_RELAY_H

#include "core/err.h"
#include "core/log.h"
#include "net/loop.h"
#include "stream/leaky.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The relay: a few live sources, each with one leaky ring (stream/leaky.h), and any number of HTTP
 * clients that read from it. A source is read as fast as it sends, whatever the clients do.
 *
 *     GET  /NAME         the stream, from now on (or from burst_bytes back)
 *     PUT  /NAME         what an encoder sends, for a source that is pushed; POST is the same
 *     GET  /status.json  /metrics (Prometheus)  / (a page)
 *
 * Everything is on one loop, in callbacks; weir_loop_step drives it. Loop thread only.
 */
struct weir_relay;

struct weir_relay_source_opts {
    const char *name; /* letters, digits, -._ */
    /* http:// or https://; file:PATH; - (stdin); push: */
    const char *url;
    const char *token;  /* push: what the encoder must show; NULL or "": nobody may push */
    bool always;        /* keep it connected; else while it has clients */
    int64_t rate_bytes; /* file, stdin: a second; 0: as it comes (not for a file) */
    struct weir_leaky_opts leaky;
};

struct weir_relay_opts {
    const char *listen; /* "host:port", ":port", "[v6]:port"; port 0: any that is free */
    const struct weir_relay_source_opts *sources;
    size_t sources_n;
    size_t burst_bytes;          /* how far back a new client begins */
    int64_t client_buffer_bytes; /* SO_SNDBUF: what waits in the kernel is old when it is read */
    int64_t clients_max, clients_per_address_max; /* of one source; 0: no limit for an address */
    int64_t idle_ms;   /* a client that takes nothing for so long is gone; 0: never */
    int64_t lag_ms;    /* a client that lags for so long is disconnected; 0: never */
    int64_t source_ms; /* a source that sends nothing for so long is connected anew */
    struct weir_log *log;
};

/**
 * weir_relay_new: listen, and begin.
 *
 * All strings are borrowed until weir_relay_free. Returns it, or NULL with *err set: WEIR_E_CONFIG
 * (address, a source's name or URL), WEIR_E_IO, WEIR_E_NOMEM.
 */
struct weir_relay *weir_relay_new(
    struct weir_loop *loop, const struct weir_relay_opts *opts, struct weir_err *err);

/** weir_relay_port: where it listens. */
int weir_relay_port(const struct weir_relay *relay);

/** weir_relay_drain: accept nobody any more, end the sources, close each client once it has what
 *  waits for it. */
void weir_relay_drain(struct weir_relay *relay);

/** weir_relay_busy: whether there are connections, or a source that has not ended. */
bool weir_relay_busy(const struct weir_relay *relay);

/** weir_relay_free: close everything. Its memory goes in later turns of the loop. Accepts NULL. */
void weir_relay_free(struct weir_relay *relay);

#endif
