#include "net/tcp_conn.h"

#include "core/limits.h"
#include "core/reason.h"
#include "net/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The loop watches a descriptor only between a "not yet" and the wake-up that answers it, so that a
 * connection that nobody asks anything costs nothing. What is read at a time has a bound
 * (WEIR_TCP_READ_BYTES), here and in tcp_pool.c, so that no peer can keep the loop by talking.
 */

enum phase { RESOLVING, CONNECTING, HANDSHAKE, OPEN, BROKEN };

/* The watch outlives the connection until libuv has closed it. */
struct watch {
    uv_poll_t poll;
    int fd, events;
};

struct weir_tcp_conn {
    struct weir_loop *loop;
    enum phase phase;
    int64_t connect_by_ms, next_by_ms; /* all of it; the address that is being tried */
    struct weir_resolve *resolve;
    const struct weir_addresses *addresses; /* resolve's */
    size_t address;                         /* the next one to try */
    struct watch *watch;                    /* NULL: no socket */
    struct weir_tls *tls;
    SSL *ssl;
    bool notified, finished; /* close_notify, FIN are out */
    bool eof;                /* the peer's FIN is here */
    struct weir_err err;
    char host[WEIR_HOST_BYTES], port[8];
};

/* ---- the watch ---- */

static void on_event(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;

    (void)status;
    (void)events;
    w->events = 0;
    uv_poll_stop(poll); /* waking up is all it is for */
}

static void arm(struct weir_tcp_conn *c, int events)
{
    c->watch->events |= events;
    uv_poll_start(&c->watch->poll, c->watch->events, on_event);
}

static void close_socket(struct weir_tcp_conn *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
    if (c->watch != NULL) {
        weir_loop_close((uv_handle_t *)&c->watch->poll, c->watch); /* leaves epoll at once */
        close(c->watch->fd);
        c->watch = NULL;
    }
}

static int open_socket(struct weir_tcp_conn *c, int family)
{
    struct watch *w = calloc(1, sizeof *w);
    const int on = 1;
    int rc = -ENOMEM;

    if (w == NULL) {
        return rc;
    }
    w->fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    rc = w->fd == -1 ? -errno : uv_poll_init(weir_loop_uv(c->loop), &w->poll, w->fd);
    if (rc != 0) {
        if (w->fd != -1) {
            close(w->fd);
        }
        free(w);
        return rc;
    }
    w->poll.data = w;
    c->watch = w;
    (void)setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(w->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return 0;
}

/* ---- errors ---- */

static int broken(struct weir_tcp_conn *c, enum weir_code code, int detail, const char *why)
{
    c->phase = BROKEN;
    if (c->err.code == WEIR_OK) {
        weir_err_detail(&c->err, code, detail, "tcp: %.120s:%s: %s", c->host, c->port, why);
    }
    return -1;
}

static int broken_errno(struct weir_tcp_conn *c, int e)
{
    return broken(c, WEIR_E_NET, e, weir_reason(e));
}

/* Takes the error that the kernel keeps for the socket (socket(7), SO_ERROR); 0: none. */
static int pending_errno(const struct weir_tcp_conn *c)
{
    int e = 0;
    socklen_t n = sizeof e;

    return getsockopt(c->watch->fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 ? e : errno;
}

/* ---- connecting ---- */

/* Try the addresses one after the other; each gets its part of the time that is left. */
static int try_next(struct weir_tcp_conn *c, int64_t now_ms, int last_errno)
{
    while (c->address < c->addresses->n) {
        const int64_t left = (int64_t)(c->addresses->n - c->address);
        const struct weir_address *a = &c->addresses->at[c->address++];
        close_socket(c);
        c->next_by_ms = now_ms + (c->connect_by_ms - now_ms) / left;
        int rc = open_socket(c, a->to.ss_family);
        if (rc != 0) {
            last_errno = -rc;
            continue;
        }
        c->phase = CONNECTING;
        if (connect(c->watch->fd, (const struct sockaddr *)&a->to, a->len) == 0 ||
            errno == EINPROGRESS) {
            return 0;
        }
        last_errno = errno;
    }
    return broken_errno(c, last_errno);
}

static int resolved(struct weir_tcp_conn *c, int64_t now_ms)
{
    struct weir_err err = {0};
    int rc = weir_resolve_answer(c->resolve, &c->addresses, &err);

    if (rc < 0) {
        c->err = err;
        c->phase = BROKEN;
        return -1;
    }
    return rc == 0 ? 0 : try_next(c, now_ms, ENOENT);
}

static int connected(struct weir_tcp_conn *c, int64_t now_ms)
{
    struct pollfd p = {.fd = c->watch->fd, .events = POLLOUT};

    if (poll(&p, 1, 0) <= 0) {
        if (now_ms >= c->next_by_ms) {
            return try_next(c, now_ms, ETIMEDOUT);
        }
        arm(c, UV_WRITABLE);
        return 0;
    }
    const int e = pending_errno(c);
    if (e != 0) {
        return try_next(c, now_ms, e);
    }
    if (c->tls == NULL) {
        c->phase = OPEN;
        return 1;
    }
    c->ssl = weir_tls_session(c->tls, c->watch->fd, c->host, &c->err);
    c->phase = c->ssl != NULL ? HANDSHAKE : BROKEN;
    return c->ssl != NULL ? 0 : -1;
}

/* What an answer of OpenSSL that is no success means: armed (0), or broken (-1). */
static int tls_answer(struct weir_tcp_conn *c, int rc)
{
    const int e = errno, what = SSL_get_error(c->ssl, rc);

    switch (what) {
    case SSL_ERROR_WANT_READ:
        arm(c, UV_READABLE);
        return 0;
    case SSL_ERROR_WANT_WRITE:
        arm(c, UV_WRITABLE);
        return 0;
    case SSL_ERROR_SYSCALL:
        if (e != 0) {
            (void)weir_tls_why(NULL);
            return broken_errno(c, e);
        }
        return broken(c, WEIR_E_NET, 0, "the peer closed the connection");
    case SSL_ERROR_ZERO_RETURN:
        return broken(c, WEIR_E_NET, 0, "the peer closed the connection");
    default:
        return broken(c, SSL_get_verify_result(c->ssl) == X509_V_OK ? WEIR_E_NET : WEIR_E_REMOTE, 0,
            weir_tls_why(c->ssl));
    }
}

static int handshake(struct weir_tcp_conn *c)
{
    errno = 0;
    ERR_clear_error();
    const int rc = SSL_do_handshake(c->ssl);

    if (rc == 1) {
        c->phase = OPEN;
        return 1;
    }
    return tls_answer(c, rc);
}

int weir_tcp_conn_connect(struct weir_tcp_conn *c, int64_t now_ms)
{
    int rc = 0;
    enum phase before;
    size_t tried;

    do {
        before = c->phase;
        tried = c->address;
        switch (c->phase) {
        case RESOLVING:
            rc = resolved(c, now_ms);
            break;
        case CONNECTING:
            rc = connected(c, now_ms);
            break;
        case HANDSHAKE:
            rc = handshake(c);
            break;
        case OPEN:
            return 1;
        case BROKEN:
            return -1;
        }
    } while (rc == 0 && (c->phase != before || c->address != tried)); /* what is new is not armed */
    if (rc == 0 && now_ms >= c->connect_by_ms) {
        return broken(c, WEIR_E_NET, ETIMEDOUT,
            c->phase == HANDSHAKE ? "no TLS handshake in time" : "no connection in time");
    }
    return rc;
}

int64_t weir_tcp_conn_ask_by(const struct weir_tcp_conn *c)
{
    return c->phase == CONNECTING ? c->next_by_ms : c->connect_by_ms;
}

struct weir_tcp_conn *weir_tcp_conn_new(
    struct weir_loop *loop, const struct weir_tcp_conn_opts *opts, struct weir_err *err)
{
    struct weir_tcp_conn *c = calloc(1, sizeof *c);

    if (c == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "tcp: out of memory");
        return NULL;
    }
    c->loop = loop;
    c->tls = opts->tls;
    c->connect_by_ms = opts->connect_by_mono_ms;
    (void)snprintf(c->host, sizeof c->host, "%s", opts->host);
    (void)snprintf(c->port, sizeof c->port, "%s", opts->port);
    c->resolve = weir_resolve_start(loop, c->host, (unsigned)strtoul(c->port, NULL, 10), err);
    if (c->resolve == NULL) {
        free(c);
        return NULL;
    }
    return c;
}

void weir_tcp_conn_free(struct weir_tcp_conn *c)
{
    if (c != NULL) {
        close_socket(c);
        weir_resolve_free(c->resolve);
        free(c);
    }
}

const struct weir_err *weir_tcp_conn_err(const struct weir_tcp_conn *c)
{
    return &c->err;
}

/* ---- connected ---- */

ptrdiff_t weir_tcp_conn_write(struct weir_tcp_conn *c, const void *p, size_t n)
{
    if (c->phase != OPEN) {
        return WEIR_TCP_CONN_FAILED;
    }
    if (c->ssl != NULL) {
        size_t taken = 0;
        errno = 0;
        ERR_clear_error();
        const int rc = SSL_write_ex(c->ssl, p, n, &taken);
        return rc == 1 ? (ptrdiff_t)taken : tls_answer(c, rc);
    }
    const ssize_t taken = send(c->watch->fd, p, n, MSG_NOSIGNAL);
    if (taken >= 0) {
        return taken;
    }
    if (errno == EAGAIN || errno == EINTR) {
        arm(c, UV_WRITABLE);
        return WEIR_TCP_CONN_WAIT;
    }
    return broken_errno(c, errno);
}

/* From the socket itself, also when TLS has said goodbye. */
static ptrdiff_t read_socket(struct weir_tcp_conn *c, void *p, size_t n)
{
    const ssize_t got = recv(c->watch->fd, p, n, 0);

    if (got > 0) {
        return got;
    }
    if (got == 0) {
        c->eof = true;
        return WEIR_TCP_CONN_EOF;
    }
    if (errno == EAGAIN || errno == EINTR) {
        arm(c, UV_READABLE);
        return WEIR_TCP_CONN_WAIT;
    }
    return broken_errno(c, errno);
}

ptrdiff_t weir_tcp_conn_read(struct weir_tcp_conn *c, void *p, size_t n)
{
    if (c->phase != OPEN) {
        return WEIR_TCP_CONN_FAILED;
    }
    if (c->ssl == NULL) {
        return read_socket(c, p, n);
    }
    size_t got = 0;
    errno = 0;
    ERR_clear_error();
    const int rc = SSL_read_ex(c->ssl, p, n, &got);
    if (rc == 1) {
        return (ptrdiff_t)got;
    }
    if (SSL_get_error(c->ssl, rc) == SSL_ERROR_ZERO_RETURN) {
        return WEIR_TCP_CONN_EOF;
    }
    return tls_answer(c, rc);
}

/* The kernel's name of the state, TCP_CLOSE when it cannot be told. */
static int tcp_state(const struct weir_tcp_conn *c)
{
    struct tcp_info info = {0};
    socklen_t n = sizeof info;

    return getsockopt(c->watch->fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 ? info.tcpi_state
                                                                           : TCP_CLOSE;
}

int weir_tcp_conn_finish(struct weir_tcp_conn *c)
{
    static const char early[] = "the peer closed before everything was sent";

    if (c->phase != OPEN) {
        return -1;
    }
    /* The peer's close before ours cannot speak of our last bytes. */
    if (!c->notified && tcp_state(c) == TCP_CLOSE_WAIT) {
        return broken(c, WEIR_E_NET, 0, early);
    }
    if (c->ssl != NULL && !c->notified) {
        errno = 0;
        ERR_clear_error();
        const int rc = SSL_shutdown(c->ssl);
        if (rc < 0) {
            return tls_answer(c, rc);
        }
        c->notified = true;
    }
    if (!c->finished && shutdown(c->watch->fd, SHUT_WR) != 0) {
        const int e = errno, first = pending_errno(c); /* after a reset it is "not connected" */
        return broken_errno(c, first != 0 ? first : e);
    }
    c->finished = true;
    /* It may have come between the look and the shutdown: at a state that only this order leads to.
     * With TLS the close_notify was our close, which it may well have answered by now. */
    if (c->ssl == NULL && tcp_state(c) == TCP_LAST_ACK) {
        return broken(c, WEIR_E_NET, 0, early);
    }
    return 1;
}

int weir_tcp_conn_confirm(struct weir_tcp_conn *c, int64_t *again_ms)
{
    uint8_t dropped[1024];

    if (c->phase != OPEN) {
        return -1;
    }
    for (size_t read = 0; !c->eof;) {
        if (read >= WEIR_TCP_READ_BYTES) {
            *again_ms = 0; /* there may be more, which TLS has taken from the socket already */
            return 0;
        }
        /* Behind a goodbye of TLS there is still the connection's own. */
        ptrdiff_t got = weir_tcp_conn_read(c, dropped, sizeof dropped);
        if (got == WEIR_TCP_CONN_EOF && !c->eof) {
            got = read_socket(c, dropped, sizeof dropped);
        }
        if (got == WEIR_TCP_CONN_WAIT) {
            return 0;
        }
        if (got == WEIR_TCP_CONN_FAILED) {
            return -1;
        }
        read += got > 0 ? (size_t)got : 0;
    }
    /* The peer's FIN is here. It confirms only when our FIN was acknowledged and no reset follows:
     * a peer that closes while bytes are still on their way to it sends FIN first, and the reset
     * when they arrive. The kernel calls a connection closed when both FINs are acknowledged, or
     * after a reset, whose error is there by then. */
    if (tcp_state(c) != TCP_CLOSE) {
        *again_ms = WEIR_TCP_SETTLE_MS; /* there is no event for it */
        return 0;
    }
    const int e = pending_errno(c);
    return e == 0 ? 1 : broken_errno(c, e);
}
