#ifndef WEIR_RELAY_PRIV_H
#define WEIR_RELAY_PRIV_H

#include "core/buf.h"
#include "net/http.h"
#include "relay/head.h"
#include "relay/relay.h"

#include <netinet/in.h>

/*
 * The insides: relay.c listens and keeps the time, conn.c is a connection, source.c where a stream
 * comes from, status.c what can be told. A source knows its clients; a connection knows its source.
 */
enum weir_conn_state {
    WEIR_CONN_HEAD,   /* reads the request */
    WEIR_CONN_WAIT,   /* its source is not connected yet */
    WEIR_CONN_STREAM, /* a client */
    WEIR_CONN_PUSH,   /* an encoder */
    WEIR_CONN_REPLY,  /* gets an answer that is all there, and then the end */
    WEIR_CONN_LINGER, /* has got it; what it still sends is read and forgotten */
    WEIR_CONN_CLOSED,
};

struct weir_conn {
    struct weir_relay *relay;
    struct weir_conn *next, *before;               /* of the relay */
    struct weir_conn *client_next, *client_before; /* of the source */
    struct weir_relay_source *source;
    uv_poll_t poll;
    int fd;
    int events; /* what poll watches for */
    enum weir_conn_state state;
    bool http11, head_only, eof, last;
    char address[INET6_ADDRSTRLEN + 10];
    struct sockaddr_storage peer;
    int64_t begun_ms, moved_ms; /* moved: when it last took or sent a byte */

    struct weir_buf buf; /* a request's head, or an answer's rest; empty while it streams */
    size_t buf_pos;

    struct weir_leaky_reader reader;
    char frame[24]; /* a chunk's first line, on its way; or the last chunk */
    unsigned frame_len, frame_pos;
    uint64_t chunk_left;
    unsigned end_left;                    /* of the CRLF after a chunk */
    uint64_t rate_from_bytes, rate_bytes; /* of the last second */

    struct weir_chunked chunked; /* of an encoder's body */
    int64_t body_left;           /* -1: in chunks */
    size_t ignored_bytes;        /* sent after the request */
};

enum weir_source_kind { WEIR_SOURCE_HTTP, WEIR_SOURCE_FILE, WEIR_SOURCE_PUSH };
enum weir_source_state {
    WEIR_SOURCE_IDLE,       /* nobody asks for it */
    WEIR_SOURCE_CONNECTING, /* no byte yet */
    WEIR_SOURCE_LIVE,
    WEIR_SOURCE_PAUSE, /* before the next try */
    WEIR_SOURCE_ENDED, /* a file's end */
};

struct weir_relay_source {
    struct weir_relay *relay;
    struct weir_relay_source_opts opts;
    enum weir_source_kind kind;
    enum weir_source_state state;
    struct weir_leaky *ring;
    struct weir_conn *clients;
    size_t clients_n;
    char content_type[128];
    uv_timer_t timer; /* a pause, a file's pace, a request that is to be dropped */
    struct weir_http *http;
    struct weir_conn *pusher;
    int fd;
    double budget_bytes; /* of the pace */
    uint64_t tries;      /* in a row that failed */
    uint64_t connects, breaks;
    int64_t heard_ms, paced_ms, wanted_ms;
    uint64_t rate_from_bytes, rate_bytes;
    uint64_t sent_bytes, dropped_units, dropped_bytes, served; /* of clients that have gone */
    bool fresh; /* bytes have come that were not offered yet */
};

struct weir_relay {
    struct weir_relay_opts opts;
    struct weir_loop *loop;
    struct weir_relay_source *sources;
    struct weir_conn *conns;
    size_t conns_n, clients_n;
    uv_poll_t listening;
    uv_timer_t tick; /* offers what has come */
    uv_timer_t second;
    int fd, port;
    bool ticking, draining, full;
    int64_t ticked_ms, begun_ms;
    size_t open; /* handles libuv still knows, of the relay and its sources */
    uint8_t scratch[64 * 1024];
};

/* ---- conn.c ---- */

/** weir_conn_new: take over an accepted socket; closes it when that cannot be. */
void weir_conn_new(struct weir_relay *relay, int fd, const struct sockaddr_storage *peer);

/** weir_conn_close: at once; its memory goes in a later turn of the loop. */
void weir_conn_close(struct weir_conn *conn);

/** weir_conn_offer: send a client what waits for it. */
void weir_conn_offer(struct weir_conn *conn);

/** weir_conn_begin: a waiting client's source is there (status 200), or is not to be had. */
void weir_conn_begin(struct weir_conn *conn, int status, const char *why);

/** weir_conn_end: close a client once it has what waits for it. */
void weir_conn_end(struct weir_conn *conn);

/** weir_conn_second: time-outs and rates, once a second. */
void weir_conn_second(struct weir_conn *conn, int64_t now_ms);

/* ---- source.c ---- */

/** weir_source_init: check and open one; 0, or -1 with *err set and nothing to release. */
int weir_source_init(struct weir_relay_source *source, struct weir_relay *relay,
    const struct weir_relay_source_opts *opts, struct weir_err *err);

/** weir_source_want: somebody wants it: connect if need be. */
void weir_source_want(struct weir_relay_source *source);

/** weir_source_data: bytes have come. */
void weir_source_data(struct weir_relay_source *source, const uint8_t *p, size_t n);

/** weir_source_live: a stream begins; content_type may be NULL. */
void weir_source_live(struct weir_relay_source *source, const char *content_type);

/** weir_source_cut: the stream breaks here; the next one joins on. */
void weir_source_cut(struct weir_relay_source *source);

/** weir_source_stop: for good: clients end once they have what waits. */
void weir_source_stop(struct weir_relay_source *source);

/** weir_source_second: stalls, and sources that nobody wants any more; once a second. */
void weir_source_second(struct weir_relay_source *source, int64_t now_ms);

/* ---- status.c ---- */

/** Compose the three documents. 0, or -1 (no memory). */
int weir_relay_status(const struct weir_relay *relay, struct weir_buf *to);
int weir_relay_metrics(const struct weir_relay *relay, struct weir_buf *to);
extern const char weir_relay_page[];

#endif
