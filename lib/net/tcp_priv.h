#ifndef WEIR_NET_TCP_PRIV_H
#define WEIR_NET_TCP_PRIV_H

#include "core/buf.h"
#include "net/lumberjack.h"
#include "net/tcp_conn.h"
#include "net/tcp_pool.h"
#include "net/wake.h"

/* What tcp_pool.c (connections) and tcp_sink.c (lines) share; nobody else includes this. */

/* Lines that travel together, and are kept until all of them are confirmed. */
struct weir_tcp_unit {
    struct weir_tcp_unit *next; /* in the queue */
    enum { UNIT_FREE, UNIT_FILLING, UNIT_OUT } state;
    struct weir_buf data;  /* lines; or Lumberjack's events */
    struct weir_buf small; /* data as it is sent, when that is compressed */
    uint64_t first;        /* number of its first line */
    uint32_t lines, acked; /* in data; how many of these, from the first on, have arrived */
    unsigned tries;
};

struct weir_tcp_link {
    enum {
        LINK_NONE,
        LINK_CONNECTING,
        LINK_IDLE,
        LINK_SENDING,
        LINK_FINISHING,
        LINK_CONFIRMING
    } state;
    struct weir_tcp_conn *conn;
    struct weir_tcp_unit *unit; /* from LINK_SENDING on */
    bool used;                  /* it has carried a unit before */
    int64_t moved_ms;
    uint8_t head[WEIR_LUMBERJACK_WINDOW_BYTES];
    size_t sent; /* of the head, if there is one, and the data */
    struct weir_lumberjack_answer answer;
};

struct weir_tcp_pool {
    struct weir_loop *loop;
    struct weir_tcp_opts opts;
    struct weir_tcp_counts counts;
    struct weir_tcp_link links[WEIR_TCP_CONNECTIONS_MAX];
    struct weir_tcp_unit *queue; /* to be sent, the next one first */
    struct weir_wake *wake;
    unsigned failures;    /* since the last confirmation */
    int64_t good_ms;      /* when that was, or the sink's begin */
    int64_t pause_ms;     /* after the next failure */
    int64_t retry_at_ms;  /* no new connection before */
    struct weir_err last; /* why the last connection failed */
    struct weir_tcp_sink *sink;
};

static inline bool weir_tcp_is_lumberjack(const struct weir_tcp_pool *pool)
{
    return pool->opts.target.protocol == WEIR_TCP_LUMBERJACK;
}

/** weir_tcp_pool_queue: give a unit to be sent; front: before all others. */
void weir_tcp_pool_queue(struct weir_tcp_pool *pool, struct weir_tcp_unit *unit, bool front);

/**
 * weir_tcp_pool_step: do what can be done now, and arm what wakes up when more can.
 *
 * soon  a unit will come: have a connection ready
 *
 * Returns 0, or -1 with *err set when the receiver is given up.
 */
int weir_tcp_pool_step(struct weir_tcp_pool *pool, bool soon, int64_t now_ms, struct weir_err *err);

/** weir_tcp_pool_drop: close the connections that carry units, and forget the units. */
void weir_tcp_pool_drop(struct weir_tcp_pool *pool);

/** weir_tcp_sink_acked: unit->acked has grown; with acked == lines the unit is the sink's again. */
void weir_tcp_sink_acked(struct weir_tcp_sink *sink, struct weir_tcp_unit *unit);

#endif
