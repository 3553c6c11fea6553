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
 *     GET  /NAME         the stream; ?policy=..., see relay/wish.h
 *     PUT  /NAME         what an encoder sends, for a source that is pushed; POST is the same
 *     GET  /status.json  /metrics (Prometheus)  / (a page)
 *
 * Everything is on one loop, in callbacks; weir_loop_step drives it. Loop thread only.
 */
struct weir_relay;

/* What a client gets that asks for nothing else. */
struct weir_relay_wish {
    struct weir_leaky_wish leaky; /* age_max_ms: until it is read (relay/unread.h) */
    int64_t lag_ms;               /* it is disconnected when it lags for so long; 0: never */
};

struct weir_relay_source_opts {
    const char *name; /* letters, digits, -._ */
    /* http:// or https://; file:PATH; - (stdin); push: */
    const char *url;
    const char *token;  /* push: what the encoder must show; NULL or "": nobody may push */
    bool always;        /* keep it connected; else while it has clients */
    int64_t rate_bytes; /* file, stdin: a second; 0: as it comes (not for a file) */
    int64_t stall_ms;   /* more than 0; it sends nothing for so long: it is connected anew */
    struct weir_leaky_opts leaky;

    struct weir_relay_wish wish;
    int64_t client_buffer_bytes;     /* SO_SNDBUF of a client; 0: the kernel's, which adapts */
    int64_t clients_max;             /* 0 admits nobody */
    int64_t clients_per_address_max; /* 0: no limit */
    int64_t idle_ms;                 /* a client that reads nothing for so long is gone; 0: never */
};

struct weir_relay_opts {
    const char *listen; /* "host:port", ":port", "[v6]:port"; port 0: any that is free */
    const struct weir_relay_source_opts *sources;
    size_t sources_n;
    struct weir_log *log; /* not NULL; borrowed */
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

/** weir_relay_failed: whether a source failed for good (a file that cannot be read); *err then says
 *  why, of the first: WEIR_E_IO. */
bool weir_relay_failed(const struct weir_relay *relay, struct weir_err *err);

/** weir_relay_free: close everything. Its memory goes in later turns of the loop. Accepts NULL. */
void weir_relay_free(struct weir_relay *relay);

#endif
