#ifndef WEIR_RELAY_PRIV_H
#define WEIR_RELAY_PRIV_H

#include "core/buf.h"
#include "net/http.h"
#include "relay/head.h"
#include "relay/relay.h"
#include "relay/unread.h"

#include <netinet/in.h>

/*
 * The insides: relay.c listens and keeps the time; conn.c is a connection and reads its request,
 * which makes it a client (client.c), an encoder (push.c), or somebody who gets an answer
 * (answer.c); source.c is where a stream comes from, status.c what can be told. A source knows its
 * clients; a connection knows its source.
 *
 * Any of these functions may close the connection it is given (state WEIR_CONN_CLOSED); its memory
 * is there until a later turn of the loop.
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
    bool http11, head_only, eof;
    struct sockaddr_in6 peer;   /* IPv4 as ::ffff:a.b.c.d */
    int64_t begun_ms, moved_ms; /* moved: when it last took or sent a byte */

    struct weir_buf buf; /* a request's head, or an answer's rest; empty while it streams */
    size_t buf_pos;
    size_t reply_bytes;  /* of buf, as the relay's sum has them */
    int64_t answered_ms; /* when its answer was begun */

    /* a client */
    struct weir_relay_wish wish;
    struct weir_leaky_reader reader;
    struct weir_unread unread;
    uint64_t written;   /* to the socket, heads and chunks' lines too */
    uint64_t read_then; /* of what was written, when it last read something */
    char frame[24];     /* a chunk's first line, on its way; or the last chunk */
    unsigned frame_len, frame_pos;
    unsigned end_left; /* of the CRLF after a chunk */
    uint64_t chunk_left;
    bool last;                            /* the end of its stream has been told */
    uint64_t rate_from_bytes, rate_bytes; /* of the last second */

    /* an encoder */
    struct weir_chunked chunked;
    int64_t body_left;    /* -1: in chunks */
    size_t ignored_bytes; /* sent after the request */
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
    uv_timer_t timer; /* a pause, a file's pace */
    struct weir_http *http;
    struct weir_conn *pusher;
    int fd;
    double budget_bytes; /* of the pace */
    uint64_t tries;      /* in a row that failed */
    uint64_t connects, breaks;
    int64_t heard_ms, paced_ms, wanted_ms;
    uint64_t rate_from_bytes, rate_bytes;
    uint64_t peak_bytes;                               /* its rate, and of the last seconds' most */
    uint64_t sent_bytes, dropped_units, dropped_bytes; /* of clients that have gone */
    uint64_t served, given_up;
    bool fresh;        /* bytes have come that were not offered yet, */
    size_t came_bytes; /* ... so many */
    bool held;         /* a client waits for its turn, not for bytes */
    bool failed;       /* it ended before its end */
};

struct weir_relay {
    struct weir_relay_opts opts;
    struct weir_loop *loop;
    struct weir_relay_source *sources;
    struct weir_conn *conns;
    size_t conns_n;
    size_t reply_bytes; /* of all answers on their way */
    uv_poll_t listening;
    uv_timer_t tick; /* offers what has come */
    uv_timer_t second;
    int fd, port;
    bool draining, full;
    bool crowded;        /* somebody was turned away in this second */
    struct weir_err err; /* why the first source failed that did */
    int64_t tick_due_ms; /* INT64_MAX: none */
    int64_t ticked_ms;   /* the last one */
    int64_t rest_ms;     /* no other before that */
    int64_t begun_ms;
    size_t open; /* handles libuv still knows, of the relay and its sources */
    uint8_t scratch[64 * 1024];
};

/* ---- conn.c ---- */

/** weir_conn_new: take over an accepted socket; closes it when that cannot be. */
void weir_conn_new(struct weir_relay *relay, int fd, const struct sockaddr_storage *peer);

/** weir_conn_close: at once; its memory goes in a later turn of the loop. */
void weir_conn_close(struct weir_conn *conn);

/** weir_conn_watch: watch for UV_READABLE, UV_WRITABLE, both or none. */
void weir_conn_watch(struct weir_conn *conn, int events);

/** weir_conn_leave: it has no source any more. */
void weir_conn_leave(struct weir_conn *conn);

/** weir_conn_second: time-outs and rates, once a second. */
void weir_conn_second(struct weir_conn *conn, int64_t now_ms);

/* ---- answer.c ---- */

/** weir_conn_reply: answer with a document, and be done. more: header lines; body becomes empty. */
void weir_conn_reply(
    struct weir_conn *conn, int status, const char *type, const char *more, struct weir_buf *body);

/** weir_conn_refuse: answer with an error's status and one line that says why. */
void weir_conn_refuse(struct weir_conn *conn, int status, const char *why);

/** weir_conn_answer: begin to send what is in conn->buf, which is all there is. */
void weir_conn_answer(struct weir_conn *conn);

/** weir_conn_forget: free conn->buf, also from the relay's sum of answers. */
void weir_conn_forget(struct weir_conn *conn);

/** weir_conn_send_reply: go on with the answer in conn->buf; then linger. */
void weir_conn_send_reply(struct weir_conn *conn);

/** weir_conn_linger: everything is sent: end in two steps. */
void weir_conn_linger(struct weir_conn *conn);

/* ---- client.c ---- */

/** weir_client_new: somebody asks for a source's stream. */
void weir_client_new(
    struct weir_conn *conn, struct weir_relay_source *source, struct weir_str query);

/** weir_client_begin: a waiting client's source is there. */
void weir_client_begin(struct weir_conn *conn);

/** weir_client_offer: send a client what waits for it, as far as it may have it now. */
void weir_client_offer(struct weir_conn *conn, int64_t now_ms);

/** weir_client_end: close a client once it has what waits for it. */
void weir_client_end(struct weir_conn *conn);

/** weir_client_second: a client that lags or reads nothing for too long is closed. */
void weir_client_second(struct weir_conn *conn, int64_t now_ms);

/** weir_client_age_ms: how old what it reads next will be, at most: what waits in the ring, and the
 *  time it takes to read what it has been sent. */
int64_t weir_client_age_ms(const struct weir_conn *conn, int64_t now_ms);

/* ---- push.c ---- */

/** weir_push_begin: an encoder wants to send; `used` bytes of conn->buf are the request's head. */
void weir_push_begin(struct weir_conn *conn, struct weir_relay_source *source,
    const struct weir_head *head, size_t used);

/** weir_push_done: whether all of its body has come. */
bool weir_push_done(const struct weir_conn *conn);

/** weir_push_bytes: what it sends. */
void weir_push_bytes(struct weir_conn *conn, const char *p, size_t n);

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

/** weir_source_cut: the stream ends here, and the next one joins on; ended: that was all of it, and
 *  it neither broke off nor did we leave it. */
void weir_source_cut(struct weir_relay_source *source, bool ended);

/** weir_source_stop: for good: clients end once they have what waits. */
void weir_source_stop(struct weir_relay_source *source);

/** weir_source_second: rates, and sources that nobody wants any more; once a second. */
void weir_source_second(struct weir_relay_source *source, int64_t now_ms);

/* ---- relay.c ---- */

/** weir_relay_wake: offer what has come at ms, or later. */
void weir_relay_wake(struct weir_relay *relay, int64_t ms);

/* ---- status.c ---- */

/** What composes a document; query is the request's. 0, or -1 (no memory). */
typedef int weir_relay_compose(
    const struct weir_relay *relay, struct weir_str query, struct weir_buf *to);

weir_relay_compose weir_relay_status; /* clients=N in the query: so many of a source, those first
                                         that have lost something */
weir_relay_compose weir_relay_metrics;
weir_relay_compose weir_relay_page; /* page.c */

#endif
