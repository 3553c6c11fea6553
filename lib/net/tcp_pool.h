#ifndef WEIR_NET_TCP_POOL_H
#define WEIR_NET_TCP_POOL_H

#include "core/err.h"
#include "core/limits.h"
#include "net/loop.h"
#include "net/tls.h"
#include "stream/stage.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Lines to a receiver over several TCP connections, each line confirmed. A connection is in the
 * pool when it is connected, not before.
 *
 * WEIR_TCP_LINES, bytes ended by LF: a connection takes some lines (a unit), is closed from our
 * side, and the peer's orderly close confirms them (net/tcp_conn.h). WEIR_TCP_LUMBERJACK
 * (net/lumberjack.h): a connection takes one unit after the other, each confirmed by the protocol's
 * own answers.
 *
 * A unit whose connection fails, or is silent for too long, is sent again on another one: a line
 * may arrive twice, so it should carry an id. What is not confirmed is kept, up to
 * WEIR_TCP_KEPT_BYTES; then the sink waits, and so does everything before it.
 */

enum weir_tcp_protocol { WEIR_TCP_LINES, WEIR_TCP_LUMBERJACK };

struct weir_tcp_target {
    enum weir_tcp_protocol protocol;
    bool tls;
    char host[WEIR_HOST_BYTES]; /* without the brackets of IPv6 */
    char port[8];
};

/** weir_tcp_target_parse: tcp://, tls://, lumberjack:// or lumberjack+tls:// and HOST:PORT. 0, or
 * -1 with *err set: WEIR_E_CONFIG. */
int weir_tcp_target_parse(const char *url, struct weir_tcp_target *ret, struct weir_err *err);

struct weir_tcp_opts {
    struct weir_tcp_target target;
    struct weir_tls *tls; /* outlives the pool; NULL when the target has none */
    unsigned connections; /* 1..WEIR_TCP_CONNECTIONS_MAX */
    int compress_level;   /* Lumberjack: 1..9; 0: not */
    int64_t connect_ms;   /* of one connection, TLS included */
    int64_t stall_ms;     /* of one connection, in which nothing is taken and nothing confirmed */
    int64_t patience_ms;  /* give up after failures only for so long; INT64_MAX: at the deadline */
};

/* What has been done since weir_tcp_pool_new. */
struct weir_tcp_counts {
    uint64_t created; /* connections that were connected */
    uint64_t reused;  /* units that went over a connection that had carried one */
    uint64_t failed;  /* connections that could not be made, or were lost with lines on them */
    uint64_t sent;    /* lines handed to a socket whole, again and again if need be */
    uint64_t confirmed, resent;
    uint64_t bytes; /* to the sockets, before TLS */
    size_t errors_n;
    char errors[WEIR_TCP_ERRORS][128]; /* the last ones that are not the same, the oldest first */
};

struct weir_tcp_pool;

/** weir_tcp_pool_new: connects nothing yet. opts is copied. Returns it (weir_tcp_pool_free), or
 * NULL with *err set: WEIR_E_NOMEM. Loop thread only, as all here. */
struct weir_tcp_pool *weir_tcp_pool_new(
    struct weir_loop *loop, const struct weir_tcp_opts *opts, struct weir_err *err);

/** weir_tcp_pool_free: close all connections; no sink may be left. Accepts NULL. */
void weir_tcp_pool_free(struct weir_tcp_pool *pool);

/** weir_tcp_pool_counts: owned by the pool. */
const struct weir_tcp_counts *weir_tcp_pool_counts(const struct weir_tcp_pool *pool);

/**
 * weir_tcp_sink_new: a pipe's sink: lines, each ended by LF (at the end without one, too). One at a
 * time; the pool outlives it.
 *
 * confirmed  how many lines, counted from the first, are known to have arrived without a gap;
 * starts at 0, outlives the stage
 *
 * WEIR_END says that every line was confirmed. The stage fails with WEIR_E_NET when the receiver is
 * given up (opts.patience_ms), WEIR_E_REMOTE and _CONFIG for a certificate that cannot be used,
 * WEIR_E_LIMIT for a line longer than WEIR_TCP_LINE_MAX_BYTES. Returns 0 with *ret set, or -1:
 * WEIR_E_NOMEM.
 */
int weir_tcp_sink_new(
    struct weir_tcp_pool *pool, uint64_t *confirmed, struct weir_stage *ret, struct weir_err *err);

#endif
