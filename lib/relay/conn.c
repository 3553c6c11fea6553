/*
 * A connection: a request's head, then a client's stream, an encoder's body, or an answer. Each
 * ends with its connection ("Connection: close"): a stream has no other end, and the rest is rare.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "relay/priv.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_poll(uv_poll_t *poll, int status, int events);

void weir_conn_watch(struct weir_conn *c, int events)
{
    if (c->state == WEIR_CONN_CLOSED || c->events == events) {
        return;
    }
    c->events = events;
    if (events == 0) {
        uv_poll_stop(&c->poll);
    } else if (uv_poll_start(&c->poll, events, on_poll) != 0) {
        weir_conn_close(c);
    }
}

/* ---- begin and end ---- */

void weir_conn_leave(struct weir_conn *c)
{
    struct weir_relay_source *s = c->source;

    if (s == NULL) {
        return;
    }
    c->source = NULL;
    if (s->pusher == c) {
        s->pusher = NULL;
        if (s->state == WEIR_SOURCE_LIVE) {
            const bool done = weir_push_done(c);
            weir_source_cut(s, done);
            s->breaks += !done;
            s->state = WEIR_SOURCE_CONNECTING;
        }
        return;
    }
    s->sent_bytes += c->reader.taken_bytes;
    s->dropped_units += c->reader.dropped_units;
    s->dropped_bytes += c->reader.dropped_bytes;
    weir_leaky_leave(&c->reader);
    if (c->client_before != NULL) {
        c->client_before->client_next = c->client_next;
    } else {
        s->clients = c->client_next;
    }
    if (c->client_next != NULL) {
        c->client_next->client_before = c->client_before;
    }
    c->client_next = c->client_before = NULL;
    s->clients_n--;
}

void weir_conn_close(struct weir_conn *c)
{
    if (c->state == WEIR_CONN_CLOSED) {
        return;
    }
    weir_conn_leave(c);
    c->state = WEIR_CONN_CLOSED;
    if (c->before != NULL) {
        c->before->next = c->next;
    } else {
        c->relay->conns = c->next;
    }
    if (c->next != NULL) {
        c->next->before = c->before;
    }
    c->relay->conns_n--;
    weir_conn_forget(c);
    weir_loop_close((uv_handle_t *)&c->poll, c); /* leaves epoll at once */
    (void)close(c->fd);
}

/* The peer's address, as IPv6 whatever it is: there is one form to compare. */
static struct sockaddr_in6 peer_of(const struct sockaddr_storage *peer)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)peer;
    struct sockaddr_in6 ret;

    if (peer->ss_family == AF_INET6) {
        memcpy(&ret, peer, sizeof ret);
        return ret;
    }
    ret = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = v4->sin_port};
    memset(ret.sin6_addr.s6_addr + 10, 0xff, 2);
    memcpy(ret.sin6_addr.s6_addr + 12, &v4->sin_addr, 4);
    return ret;
}

void weir_conn_new(struct weir_relay *relay, int fd, const struct sockaddr_storage *peer)
{
    const bool room = relay->conns_n < WEIR_RELAY_CONNECTIONS_MAX;
    struct weir_conn *c = room ? calloc(1, sizeof *c) : NULL;
    const int on = 1;

    if (!room && !relay->crowded) {
        weir_log_write(relay->opts.log, WEIR_LOG_WARN,
            "relay: %d connections: whoever comes now is turned away", WEIR_RELAY_CONNECTIONS_MAX);
    }
    relay->crowded |= !room;
    if (c == NULL || uv_poll_init(weir_loop_uv(relay->loop), &c->poll, fd) != 0) {
        free(c);
        (void)close(fd);
        return;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    c->relay = relay;
    c->fd = fd;
    c->poll.data = c;
    c->peer = peer_of(peer);
    c->begun_ms = c->moved_ms = weir_clock_mono_ms();
    weir_buf_init(&c->buf, WEIR_RELAY_STATUS_MAX_BYTES);
    c->next = relay->conns;
    if (c->next != NULL) {
        c->next->before = c;
    }
    relay->conns = c;
    relay->conns_n++;
    weir_conn_watch(c, UV_READABLE);
}

/* ---- requests ---- */

static void reply_document(
    struct weir_conn *c, const char *type, weir_relay_compose *compose, struct weir_str query)
{
    struct weir_buf body;

    /* Before it is composed: then refusing costs next to nothing, too. */
    if (c->relay->reply_bytes > WEIR_RELAY_REPLIES_MAX_BYTES - WEIR_RELAY_STATUS_MAX_BYTES) {
        weir_conn_refuse(c, 503, "too many answers are on their way");
        return;
    }
    weir_buf_init(&body, WEIR_RELAY_STATUS_MAX_BYTES);
    if (compose(c->relay, query, &body) != 0) {
        weir_buf_fini(&body);
        weir_conn_close(c);
        return;
    }
    weir_conn_reply(c, 200, type, "", &body);
}

static void route(struct weir_conn *c, const struct weir_head *head, size_t used)
{
    static const struct {
        const char *path, *type;
        weir_relay_compose *compose;
    } documents[] = {
        {"/", "text/html; charset=utf-8", weir_relay_page},
        {"/status.json", "application/json", weir_relay_status},
        {"/metrics", "text/plain; version=0.0.4", weir_relay_metrics},
    };
    bool reads = head->method == WEIR_HEAD_GET || head->method == WEIR_HEAD_HEAD;

    c->http11 = head->http11;
    c->head_only = head->method == WEIR_HEAD_HEAD;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        if (weir_str_eq(head->path, weir_str_of(documents[i].path))) {
            if (reads) {
                reply_document(c, documents[i].type, documents[i].compose, head->query);
            } else {
                weir_conn_refuse(c, 405, "this can only be read");
            }
            return;
        }
    }
    const struct weir_str name = {head->path.p + 1, head->path.len - 1};
    for (size_t i = 0; i < c->relay->opts.sources_n; i++) {
        struct weir_relay_source *s = &c->relay->sources[i];
        if (!weir_str_eq(name, weir_str_of(s->opts.name))) {
            continue;
        }
        if (reads) {
            weir_client_new(c, s, head->query);
        } else if (head->method == WEIR_HEAD_OTHER) {
            weir_conn_refuse(c, 405, "a stream can be read, or sent with PUT or POST");
        } else {
            weir_push_begin(c, s, head, used);
        }
        return;
    }
    weir_conn_refuse(c, 404, "there is no such source");
}

static void refuse_head(struct weir_conn *c, int status)
{
    const char *why = status == 431   ? "the request's head is too long"
                      : status == 501 ? "a transfer coding other than chunked"
                      : status == 505 ? "HTTP/1.1 and HTTP/1.0 are spoken here"
                                      : "this is no HTTP request";

    weir_conn_refuse(c, status, why);
}

static void head_bytes(struct weir_conn *c, const uint8_t *p, size_t n)
{
    struct weir_head head;

    if (weir_buf_add(&c->buf, p, n, NULL) != 0) {
        weir_conn_close(c);
        return;
    }
    long used = weir_head_parse((const char *)c->buf.p, c->buf.len, &head);
    if (used > 0) {
        route(c, &head, (size_t)used);
    } else if (used < 0) {
        refuse_head(c, (int)-used);
    }
}

/* ---- events ---- */

static void ignore(struct weir_conn *c, size_t n, size_t most)
{
    c->ignored_bytes += n;
    if (c->ignored_bytes > most) {
        weir_conn_close(c);
    }
}

static void got_bytes(struct weir_conn *c, const uint8_t *p, size_t n)
{
    switch (c->state) {
    case WEIR_CONN_HEAD:
        head_bytes(c, p, n);
        break;
    case WEIR_CONN_PUSH:
        c->moved_ms = weir_clock_mono_ms();
        weir_push_bytes(c, (const char *)p, n);
        break;
    case WEIR_CONN_WAIT:
    case WEIR_CONN_STREAM:
        ignore(c, n, WEIR_RELAY_IGNORED_MAX_BYTES); /* there is nothing to say after a request */
        break;
    case WEIR_CONN_LINGER:
        ignore(c, n, WEIR_RELAY_LINGER_MAX_BYTES);
        break;
    case WEIR_CONN_REPLY:
    case WEIR_CONN_CLOSED:
        break;
    }
}

/* The peer has ended its side: a client may do so after its request (nc), others are done. */
static void got_end(struct weir_conn *c)
{
    c->eof = true;
    if (c->state == WEIR_CONN_STREAM || c->state == WEIR_CONN_WAIT) {
        weir_conn_watch(c, c->events & ~UV_READABLE);
    } else if (c->state != WEIR_CONN_REPLY) {
        weir_conn_close(c);
    }
}

/* libuv tells of a reset before what came before it, and then watches the socket no more. What an
 * encoder whose head is read has sent by then lies in the socket, and is of its stream. */
static void got_reset(struct weir_conn *c)
{
    uint8_t *scratch = c->relay->scratch;
    ssize_t n;

    while (
        c->state == WEIR_CONN_PUSH && (n = recv(c->fd, scratch, sizeof c->relay->scratch, 0)) > 0) {
        got_bytes(c, scratch, (size_t)n);
    }
    weir_conn_close(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct weir_conn *c = poll->data;
    uint8_t *scratch = c->relay->scratch;

    if (status < 0) {
        got_reset(c);
        return;
    }
    if ((events & UV_READABLE) != 0) {
        ssize_t n = recv(c->fd, scratch, sizeof c->relay->scratch, 0);
        if (n > 0) {
            got_bytes(c, scratch, (size_t)n);
        } else if (n == 0) {
            got_end(c);
        } else if (errno != EAGAIN && errno != EINTR) {
            weir_conn_close(c);
        }
    }
    if ((events & UV_WRITABLE) != 0) {
        if (c->state == WEIR_CONN_STREAM) {
            weir_client_offer(c, weir_clock_mono_ms());
        } else if (c->state == WEIR_CONN_REPLY) {
            weir_conn_send_reply(c);
        }
    }
}

void weir_conn_second(struct weir_conn *c, int64_t now_ms)
{
    int64_t still_ms = now_ms - c->moved_ms;

    switch (c->state) {
    case WEIR_CONN_HEAD:
        if (still_ms >= WEIR_RELAY_HEAD_MS) {
            weir_conn_refuse(c, 408, "the request did not come");
        }
        break;
    case WEIR_CONN_WAIT:
        if (still_ms >= WEIR_RELAY_WAIT_MS) {
            weir_conn_refuse(c, 504, "the source sends nothing");
        }
        break;
    case WEIR_CONN_STREAM:
        weir_client_second(c, now_ms);
        break;
    case WEIR_CONN_PUSH:
        if (still_ms >= c->source->opts.stall_ms) {
            weir_conn_close(c);
        }
        break;
    case WEIR_CONN_REPLY:
        if (still_ms >= WEIR_RELAY_HEAD_MS || now_ms - c->answered_ms >= WEIR_RELAY_REPLY_MS) {
            weir_conn_close(c);
        }
        break;
    case WEIR_CONN_LINGER:
        if (still_ms >= WEIR_RELAY_LINGER_CLOSE_MS) {
            weir_conn_close(c);
        }
        break;
    case WEIR_CONN_CLOSED:
        break;
    }
}
