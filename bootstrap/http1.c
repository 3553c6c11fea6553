/*
 * The connection's socket stays registered with the loop from the connect to the close, because
 * taking it out and putting it in costs more system calls than an exchange has. Between exchanges
 * it is unreferenced, so that it does not count as something that a handler may be waiting for.
 */
#include "bootstrap/http1.h"

#include "bootstrap/http1_answer.h"
#include "core/clock.h"
#include "core/hostport.h"
#include "core/limits.h"
#include "core/reason.h"
#include "net/look_up.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* On the heap by itself: libuv needs it until the close callback. */
struct watch {
    uv_poll_t poll;
    int events; /* that are being watched; 0: none */
    bool woken;
};

struct weir_http1 {
    struct weir_loop *loop;
    char address[WEIR_RUNTIME_TEXT_MAX_BYTES];
    struct weir_addresses addrs; /* none: not looked up */
    size_t addr;                 /* the one in use */
    int fd;                      /* -1: closed */
    bool connecting;
    struct watch *watch;
    struct weir_buf out; /* the head, and what was put */
    size_t out_pos;
    const uint8_t *body; /* goes behind out */
    size_t body_len, body_pos;
    bool sent; /* a byte of it, or more */
    struct weir_http1_answer answer;
};

/* ---- the socket in the loop ---- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;

    (void)status;
    (void)events; /* a read or a write finds out */
    if (!uv_has_ref((const uv_handle_t *)poll)) {
        uv_poll_stop(poll); /* nobody asks: not to be told again and again */
        w->events = 0;
    }
    w->woken = true;
}

static void watch_for(struct weir_http1 *h, int events)
{
    struct watch *w = h->watch;

    if (w->events != events) {
        (void)uv_poll_start(&w->poll, events, on_poll);
        w->events = events;
    }
    uv_ref((uv_handle_t *)&w->poll);
    w->woken = false;
}

void weir_http1_idle(struct weir_http1 *h)
{
    if (h->watch != NULL) {
        uv_unref((uv_handle_t *)&h->watch->poll);
    }
}

void weir_http1_close(struct weir_http1 *h)
{
    if (h->watch != NULL) {
        weir_loop_close((uv_handle_t *)&h->watch->poll, h->watch);
        h->watch = NULL;
    }
    if (h->fd != -1) {
        close(h->fd);
        h->fd = -1;
    }
    h->connecting = false;
}

static int fail(struct weir_http1 *h, int number, struct weir_err *err)
{
    return weir_err_detail(err, WEIR_E_NET, number, "%s: %s", h->address, weir_reason(number));
}

/* ---- names and connecting ---- */

static int resolve(struct weir_http1 *h, struct weir_err *err)
{
    struct weir_hostport at;
    const char *why;

    if (!weir_hostport_parse(h->address, 80, &at, &why) || at.host[0] == '\0' || at.port == 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: no host:port", h->address);
    }
    if (strcasecmp(at.host, "localhost") == 0) { /* RFC 6761: the loopback, without asking */
        (void)weir_addresses_add(&h->addrs, "127.0.0.1", at.port);
        (void)weir_addresses_add(&h->addrs, "::1", at.port);
        return 0;
    }
    return weir_look_up(at.host, at.port, &h->addrs, err);
}

static int connect_to(struct weir_http1 *h, struct weir_err *err)
{
    const struct weir_address *a = &h->addrs.at[h->addr];
    const int on = 1;

    h->fd = socket(a->to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (h->fd == -1) {
        return fail(h, errno, err);
    }
    (void)setsockopt(h->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    h->connecting = connect(h->fd, (const struct sockaddr *)&a->to, a->len) != 0;
    if (h->connecting && errno != EINPROGRESS) {
        return fail(h, errno, err);
    }
    h->watch = calloc(1, sizeof *h->watch);
    int rc =
        h->watch == NULL ? UV_ENOMEM : uv_poll_init(weir_loop_uv(h->loop), &h->watch->poll, h->fd);
    if (rc != 0) {
        free(h->watch);
        h->watch = NULL;
        return fail(h, -rc, err);
    }
    h->watch->poll.data = h->watch;
    weir_http1_idle(h);
    return 0;
}

static int open_connection(struct weir_http1 *h, struct weir_err *err)
{
    struct weir_err first = {0};

    if (h->addrs.n == 0 && resolve(h, err) != 0) {
        return -1;
    }
    for (size_t tries = 0; tries < h->addrs.n; tries++) {
        if (connect_to(h, &first) == 0) {
            return 0;
        }
        weir_http1_close(h);
        h->addr = (h->addr + 1) % h->addrs.n;
    }
    return weir_err_keep(err, &first);
}

bool weir_http1_answered(const struct weir_http1 *h)
{
    char byte;

    return !h->connecting && (recv(h->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) != -1 ||
                                 (errno != EAGAIN && errno != EWOULDBLOCK));
}

bool weir_http1_begun(const struct weir_http1 *h)
{
    char byte;

    return h->answer.any || (h->fd != -1 && recv(h->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1);
}

/* A kept connection is good as long as nothing has come on it: no end, no word that was not due. */
static bool is_stale(const struct weir_http1 *h)
{
    return h->fd != -1 && weir_http1_answered(h);
}

/* ---- sending ---- */

static int put_head(struct weir_http1 *h, const struct weir_http1_request *rq, struct weir_err *err)
{
    int rc = weir_buf_addf(&h->out, err, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: weir\r\n",
        rq->method, rq->path, h->address);

    for (size_t i = 0; i < rq->headers_n && rc == 0; i++) {
        if (rq->headers[i].value != NULL) {
            rc = weir_buf_addf(
                &h->out, err, "%s: %s\r\n", rq->headers[i].name, rq->headers[i].value);
        }
    }
    if (rc == 0 && rq->chunked) {
        rc = weir_buf_adds(&h->out, "Transfer-Encoding: chunked\r\n", err);
    } else if (rc == 0 && (rq->body_len > 0 || strcmp(rq->method, "POST") == 0)) {
        rc = weir_buf_addf(&h->out, err, "Content-Length: %zu\r\n", rq->body_len);
    }
    return rc == 0 ? weir_buf_adds(&h->out, "\r\n", err) : -1;
}

static int start(struct weir_http1 *h, const struct weir_http1_request *rq, struct weir_err *err)
{
    h->sent = false;
    weir_http1_answer_reset(&h->answer);
    if (is_stale(h)) {
        weir_http1_close(h);
    }
    h->out.len = h->out_pos = 0;
    if (put_head(h, rq, err) != 0) {
        return -1;
    }
    h->body = rq->body;
    h->body_len = rq->body_len;
    h->body_pos = 0;
    return h->fd != -1 ? 0 : open_connection(h, err);
}

int weir_http1_start(
    struct weir_http1 *h, const struct weir_http1_request *rq, struct weir_err *err)
{
    return weir_http1_answer_room(&h->answer, err) == 0 ? start(h, rq, err) : -1;
}

int weir_http1_put(struct weir_http1 *h, const void *p, size_t n, struct weir_err *err)
{
    if (h->out_pos == h->out.len) {
        h->out.len = h->out_pos = 0;
    }
    return weir_buf_add(&h->out, p, n, err);
}

/* A connect that failed: the next address of the name, if there is one. */
static bool next_address(struct weir_http1 *h)
{
    if (!h->connecting || h->addr + 1 >= h->addrs.n) {
        h->addr = 0; /* of the next try */
        return false;
    }
    weir_http1_close(h);
    h->addr++;
    return connect_to(h, NULL) == 0;
}

enum weir_http1_io weir_http1_flush(struct weir_http1 *h, struct weir_err *err)
{
    while (h->out_pos < h->out.len || h->body_pos < h->body_len) {
        struct iovec parts[2] = {
            {h->out.p + h->out_pos, h->out.len - h->out_pos},
            {(void *)(uintptr_t)(h->body_len > 0 ? h->body + h->body_pos : NULL),
                h->body_len - h->body_pos},
        };
        const struct msghdr msg = {.msg_iov = parts, .msg_iovlen = h->body_len > 0 ? 2 : 1};
        ssize_t n = sendmsg(h->fd, &msg, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR) {
            continue;
        }
        if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            watch_for(h, h->connecting ? UV_WRITABLE : UV_READABLE | UV_WRITABLE);
            return WEIR_HTTP1_WAIT;
        }
        if (n == -1) {
            int number = errno;
            if (next_address(h)) {
                continue;
            }
            (void)fail(h, number, err);
            return WEIR_HTTP1_FAIL;
        }
        h->connecting = false;
        h->sent = true;
        size_t head = (size_t)n < parts[0].iov_len ? (size_t)n : parts[0].iov_len;
        h->out_pos += head;
        h->body_pos += (size_t)n - head;
    }
    return WEIR_HTTP1_DONE;
}

/* ---- reading ---- */

enum weir_http1_io weir_http1_read(struct weir_http1 *h, struct weir_err *err)
{
    if (weir_http1_answer_room(&h->answer, err) != 0) { /* a parked one has none until then */
        return WEIR_HTTP1_FAIL;
    }
    for (;;) {
        uint8_t *p = NULL;
        size_t room = 0;

        switch (weir_http1_answer_parse(&h->answer, err)) {
        case WEIR_HTTP1_DONE:
            return WEIR_HTTP1_DONE;
        case WEIR_HTTP1_FAIL:
            weir_err_prefix(err, "%s", h->address);
            return WEIR_HTTP1_FAIL;
        case WEIR_HTTP1_WAIT:
            break;
        }
        if (weir_http1_answer_window(&h->answer, &p, &room, err) != 0) {
            return WEIR_HTTP1_FAIL;
        }
        ssize_t n = recv(h->fd, p, room, 0);
        if (n > 0) {
            weir_http1_answer_filled(&h->answer, (size_t)n);
        } else if (n == 0) {
            if (weir_http1_answer_closed(&h->answer, err) == 0) {
                return WEIR_HTTP1_DONE;
            }
            weir_err_prefix(err, "%s", h->address);
            return WEIR_HTTP1_FAIL;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            watch_for(h, UV_READABLE);
            return WEIR_HTTP1_WAIT;
        } else if (errno != EINTR) {
            (void)fail(h, errno, err);
            return WEIR_HTTP1_FAIL;
        }
    }
}

/* ---- whole exchanges ---- */

struct bounds {
    int64_t until_ms;
    bool finish, cancelled;
};

static int wait(struct weir_http1 *h, struct bounds *b, struct weir_err *err)
{
    int rc = 0;

    while (rc == 0 && !h->watch->woken) {
        if (b->finish && !b->cancelled && weir_loop_cancelled(h->loop) != NULL) {
            int64_t last_ms = weir_clock_mono_ms() + WEIR_RUNTIME_FINISH_MS;
            b->cancelled = true;
            b->until_ms = b->until_ms < last_ms ? b->until_ms : last_ms;
        }
        rc = b->finish ? weir_loop_step_undo(h->loop, b->until_ms, err)
                       : weir_loop_step(h->loop, b->until_ms, err);
        if (rc == 0 && !h->watch->woken && b->until_ms != INT64_MAX &&
            weir_clock_mono_ms() >= b->until_ms) {
            rc = weir_err_set(err, WEIR_E_DEADLINE, "%s: no answer in time", h->address);
        }
    }
    weir_http1_idle(h);
    return rc;
}

static int send_all(struct weir_http1 *h, struct bounds *b, struct weir_err *err)
{
    for (;;) {
        enum weir_http1_io io = weir_http1_flush(h, err);
        if (io == WEIR_HTTP1_DONE) {
            return 0;
        }
        if (io == WEIR_HTTP1_FAIL || wait(h, b, err) != 0) {
            return -1;
        }
        if (!weir_http1_answered(h)) {
            continue;
        }
        io = weir_http1_read(h, err); /* an interim answer (1xx), or a part of one, is WAIT */
        if (io == WEIR_HTTP1_DONE) {
            return 0; /* such as 413: the rest need not be said */
        }
        if (io == WEIR_HTTP1_FAIL) {
            weir_http1_close(h); /* not to be read again */
            return -1;
        }
    }
}

static int receive(struct weir_http1 *h, struct bounds *b, struct weir_err *err)
{
    for (;;) {
        enum weir_http1_io io = weir_http1_read(h, err);
        if (io != WEIR_HTTP1_WAIT) {
            return io == WEIR_HTTP1_DONE ? 0 : -1;
        }
        if (wait(h, b, err) != 0) {
            return -1;
        }
    }
}

static struct bounds bounds_of(const struct weir_http1_request *rq)
{
    int64_t now_ms = rq->timeout_ms > 0 ? weir_clock_mono_ms() : 0;

    return (struct bounds){
        .until_ms = rq->timeout_ms > 0 ? now_ms + rq->timeout_ms : INT64_MAX, .finish = rq->finish};
}

void weir_http1_settle(struct weir_http1 *h)
{
    bool all = h->out_pos == h->out.len && h->body_pos == h->body_len;

    weir_http1_idle(h);
    if (!h->answer.keep || !all) {
        weir_http1_close(h);
    }
    h->answer.body = NULL;
    h->body = NULL;
    h->body_len = h->body_pos = 0;
}

/* Send what is queued and take the answer. */
static long exchange(struct weir_http1 *h, struct bounds *b, struct weir_err *err)
{
    struct weir_err broke = {0};
    bool ok = send_all(h, b, &broke) == 0;

    if (ok) {
        ok = receive(h, b, err) == 0;
    } else { /* the server may have said why before it closed */
        ok = broke.code == WEIR_E_NET && h->fd != -1 && !h->connecting && receive(h, b, NULL) == 0;
        if (!ok) {
            (void)weir_err_keep(err, &broke);
        }
    }
    h->answer.keep = h->answer.keep && ok;
    weir_http1_settle(h);
    return ok ? h->answer.status : -1;
}

long weir_http1_call(struct weir_http1 *h, const struct weir_http1_request *rq,
    struct weir_buf *body, struct weir_err *err)
{
    struct bounds b = bounds_of(rq);

    if (weir_http1_start(h, rq, err) != 0) {
        return -1;
    }
    h->answer.body = body;
    return exchange(h, &b, err);
}

long weir_http1_finish(
    struct weir_http1 *h, const void *p, size_t n, int64_t timeout_ms, struct weir_err *err)
{
    struct bounds b = {.until_ms = weir_clock_mono_ms() + timeout_ms, .finish = true};

    if (weir_http1_put(h, p, n, err) != 0) {
        weir_http1_close(h);
        return -1;
    }
    return exchange(h, &b, err);
}

int weir_http1_park(struct weir_http1 *h, const struct weir_http1_request *rq, struct weir_err *err)
{
    struct bounds b = bounds_of(rq);

    return start(h, rq, err) == 0 && send_all(h, &b, err) == 0 ? 0 : -1;
}

bool weir_http1_sent(const struct weir_http1 *h)
{
    return h->sent;
}

long weir_http1_status(const struct weir_http1 *h)
{
    return h->answer.status;
}

const char *weir_http1_header(const struct weir_http1 *h, const char *name)
{
    return weir_http1_answer_header(&h->answer, name);
}

struct weir_http1 *weir_http1_new(struct weir_loop *loop, const char *address, struct weir_err *err)
{
    struct weir_http1 *h = calloc(1, sizeof *h);

    if (h == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for a connection");
        return NULL;
    }
    h->loop = loop;
    h->fd = -1;
    (void)snprintf(h->address, sizeof h->address, "%s", address);
    weir_buf_init(&h->out, WEIR_HTTP1_OUT_MAX_BYTES);
    weir_http1_answer_init(&h->answer);
    return h;
}

void weir_http1_free(struct weir_http1 *h)
{
    if (h != NULL) {
        weir_http1_close(h);
        weir_buf_fini(&h->out);
        weir_http1_answer_fini(&h->answer);
        free(h);
    }
}
