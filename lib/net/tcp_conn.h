#ifndef WEIR_NET_TCP_CONN_H
#define WEIR_NET_TCP_CONN_H

#include "core/err.h"
#include "net/loop.h"
#include "net/tls.h"

#include <stddef.h>
#include <stdint.h>

/*
 * One TCP connection of a client, with TLS or without. Nothing calls back: whoever owns it asks,
 * and when the answer is "not yet" a wake-up is armed on the loop. Loop thread only.
 *
 * TCP alone confirms nothing: bytes that the peer's kernel has acknowledged may never be read. What
 * can be known is this: all was written, our end was closed (weir_tcp_conn_finish), and then the
 * peer, having got all that and our FIN, closed in an orderly way. A peer that closes before it has
 * read everything resets the connection instead. weir_tcp_conn_confirm says which it was.
 */
struct weir_tcp_conn;

struct weir_tcp_conn_opts {
    const char *host;           /* a name or an address; IPv6 without brackets */
    const char *port;           /* decimal */
    struct weir_tls *tls;       /* NULL: plain; outlives the connection */
    int64_t connect_by_mono_ms; /* name, TCP and TLS are done by then, or it has failed */
};

/* "Not yet" and "no more", for those that return how many bytes */
#define WEIR_TCP_CONN_WAIT 0
#define WEIR_TCP_CONN_FAILED (-1)
#define WEIR_TCP_CONN_EOF (-2)

/** weir_tcp_conn_new: begin to connect; opts are copied but for tls. Returns it
 * (weir_tcp_conn_free), or NULL with *err set: WEIR_E_NOMEM. */
struct weir_tcp_conn *weir_tcp_conn_new(
    struct weir_loop *loop, const struct weir_tcp_conn_opts *opts, struct weir_err *err);

/** weir_tcp_conn_free: close it; what was written is still sent, nothing is waited for, and the
 * peer gets no reset from us. Accepts NULL. */
void weir_tcp_conn_free(struct weir_tcp_conn *conn);

/** weir_tcp_conn_connect: go on connecting. 1 connected (all addresses of a name are tried), 0 not
 * yet, -1 failed. now_ms is CLOCK_MONOTONIC. Time that is over arms no wake-up:
 * weir_tcp_conn_ask_by. */
int weir_tcp_conn_connect(struct weir_tcp_conn *conn, int64_t now_ms);

/** weir_tcp_conn_ask_by: when a "not yet" is to be asked again at the latest, CLOCK_MONOTONIC: then
 * the time of the address that is tried is over, or all of it. */
int64_t weir_tcp_conn_ask_by(const struct weir_tcp_conn *conn);

/** weir_tcp_conn_write: returns how many of n > 0 bytes were taken; WEIR_TCP_CONN_WAIT or _FAILED.
 */
ptrdiff_t weir_tcp_conn_write(struct weir_tcp_conn *conn, const void *p, size_t n);

/** weir_tcp_conn_read: returns how many of up to n > 0 bytes came; WEIR_TCP_CONN_WAIT, _FAILED or
 * _EOF. */
ptrdiff_t weir_tcp_conn_read(struct weir_tcp_conn *conn, void *p, size_t n);

/** weir_tcp_conn_finish: say that nothing will follow (close_notify, then FIN). 1 said, 0 not yet,
 * -1 failed, also when the peer has closed before: its close says nothing of our last bytes then.
 */
int weir_tcp_conn_finish(struct weir_tcp_conn *conn);

/**
 * weir_tcp_conn_confirm: after weir_tcp_conn_finish: has the peer closed with everything in its
 * hands?
 *
 * What it sends meanwhile is dropped, WEIR_TCP_READ_BYTES at a time. Returns 1 when it has, -1 when
 * it has reset the connection or it broke, 0 not yet; *again_ms is then set when it is to be asked
 * again after that time, because no wake-up will bring the answer; 0: at once.
 */
int weir_tcp_conn_confirm(struct weir_tcp_conn *conn, int64_t *again_ms);

/** weir_tcp_conn_err: why it failed: WEIR_E_NET, WEIR_E_REMOTE (a certificate that is not trusted),
 *  WEIR_E_CONFIG, WEIR_E_NOMEM. Owned by conn. */
const struct weir_err *weir_tcp_conn_err(const struct weir_tcp_conn *conn);

#endif
