/*
 * A connection: a request's head, then a client's stream, an encoder's body, or an answer. Each
 * ends with its connection ("Connection: close"): a stream has no other end, and the rest is rare.
 *
 * A client's bytes go from the ring to the socket without a copy of ours. HTTP/1.1 clients get them
 * in chunks, so that they can tell an end from a break. A chunk's length is told before it is sent,
 * so the ring keeps a chunk that was begun for its client when it overtakes it.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "relay/priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct weir_conn *c, int events)
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

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void leave_source(struct weir_conn *c)
{
    struct weir_relay_source *s = c->source;

    if (s == NULL) {
        return;
    }
    c->source = NULL;
    if (s->pusher == c) {
        s->pusher = NULL;
        if (s->state == WEIR_SOURCE_LIVE) {
            weir_source_cut(s);
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
    leave_source(c);
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
    weir_buf_fini(&c->buf);
    uv_close((uv_handle_t *)&c->poll, on_closed); /* leaves epoll at once */
    (void)close(c->fd);
}

static void set_address(struct weir_conn *c)
{
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&c->peer;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&c->peer;
    bool is6 = c->peer.ss_family == AF_INET6;
    char host[INET6_ADDRSTRLEN] = "?";

    (void)inet_ntop(
        c->peer.ss_family, is6 ? (const void *)&v6->sin6_addr : &v4->sin_addr, host, sizeof host);
    (void)snprintf(c->address, sizeof c->address, is6 ? "[%s]:%u" : "%s:%u", host,
        (unsigned)ntohs(is6 ? v6->sin6_port : v4->sin_port));
}

void weir_conn_new(struct weir_relay *relay, int fd, const struct sockaddr_storage *peer)
{
    struct weir_conn *c = relay->conns_n < WEIR_RELAY_CONNECTIONS_MAX ? calloc(1, sizeof *c) : NULL;
    const int on = 1;

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
    c->peer = *peer;
    c->begun_ms = c->moved_ms = weir_clock_mono_ms();
    weir_buf_init(&c->buf, WEIR_RELAY_STATUS_MAX_BYTES);
    set_address(c);
    c->next = relay->conns;
    if (c->next != NULL) {
        c->next->before = c;
    }
    relay->conns = c;
    relay->conns_n++;
    watch(c, UV_READABLE);
}

/* ---- answers ---- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } known[] = {
        {200, "OK"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].status == status) {
            return known[i].reason;
        }
    }
    return "Error";
}

static void send_reply(struct weir_conn *c);

/* Answer with a document, and be done. body becomes empty. */
static void reply(
    struct weir_conn *c, int status, const char *type, const char *more, struct weir_buf *body)
{
    struct weir_buf *to = &c->buf;

    leave_source(c);
    weir_buf_fini(to);
    c->buf_pos = 0;
    if (weir_buf_addf(to, NULL,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%sCache-Control: "
            "no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
            status, reason(status), type, body->len, more) != 0 ||
        (!c->head_only && body->len > 0 && weir_buf_add(to, body->p, body->len, NULL) != 0)) {
        weir_buf_fini(body);
        weir_conn_close(c);
        return;
    }
    weir_buf_fini(body);
    c->state = WEIR_CONN_REPLY;
    send_reply(c);
}

static void refuse(struct weir_conn *c, int status, const char *why)
{
    struct weir_buf body;
    const char *more = status == 405   ? "Allow: GET, HEAD\r\n"
                       : status == 401 ? "WWW-Authenticate: Bearer\r\n"
                       : status == 503 || status == 429 || status == 502 ? "Retry-After: 5\r\n"
                                                                         : "";

    weir_buf_init(&body, 1024);
    (void)weir_buf_addf(&body, NULL, "%d %s: %s\n", status, reason(status), why);
    reply(c, status, "text/plain", more, &body);
}

/* Close in two steps: a socket closed with unread bytes in it takes the answer back. */
static void linger(struct weir_conn *c)
{
    leave_source(c);
    weir_buf_fini(&c->buf);
    c->state = WEIR_CONN_LINGER;
    c->moved_ms = weir_clock_mono_ms();
    if (c->eof) {
        weir_conn_close(c);
        return;
    }
    (void)shutdown(c->fd, SHUT_WR);
    watch(c, UV_READABLE);
}

static void send_reply(struct weir_conn *c)
{
    while (c->buf_pos < c->buf.len) {
        ssize_t n = send(c->fd, c->buf.p + c->buf_pos, c->buf.len - c->buf_pos, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, UV_WRITABLE);
            return;
        }
        if (n < 0) {
            weir_conn_close(c);
            return;
        }
        c->moved_ms = weir_clock_mono_ms();
        c->buf_pos += (size_t)n;
    }
    linger(c);
}

/* ---- clients ---- */

static int listening_events(const struct weir_conn *c)
{
    return c->eof ? 0 : UV_READABLE;
}

void weir_conn_begin(struct weir_conn *c, int status, const char *why)
{
    int size = (int)c->relay->opts.client_buffer_bytes;

    if (status != 200) {
        refuse(c, status, why);
        return;
    }
    weir_buf_fini(&c->buf);
    c->buf_pos = 0;
    if (weir_buf_addf(&c->buf, NULL,
            "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sCache-Control: no-store\r\nConnection: "
            "close\r\n\r\n",
            c->source->content_type, c->http11 ? "Transfer-Encoding: chunked\r\n" : "") != 0) {
        weir_conn_close(c);
        return;
    }
    if (c->head_only) {
        c->state = WEIR_CONN_REPLY;
        send_reply(c);
        return;
    }
    /* What lies in the kernel is old by the time that a slow client reads it. */
    (void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    weir_leaky_join(c->source->ring, &c->reader, c->relay->opts.burst_bytes);
    c->source->served++;
    c->state = WEIR_CONN_STREAM;
    c->moved_ms = weir_clock_mono_ms();
    weir_conn_offer(c);
}

/* What is to be sent next, in this order. */
enum part { PART_HEAD, PART_FRAME, PART_DATA, PART_DATA_2, PART_END, PARTS };

/* Begin a chunk of what waits, or say that it was the last one. */
static void begin_chunk(struct weir_conn *c, size_t waits)
{
    /* Who lags gets small ones: what is left of a chunk is kept for it. */
    size_t most =
        (c->events & UV_WRITABLE) != 0 ? WEIR_RELAY_CHUNK_SLOW_BYTES : WEIR_RELAY_CHUNK_BYTES;
    int len = 0;

    if (waits > 0) {
        c->chunk_left = waits < most ? waits : most;
        c->end_left = 2;
        weir_leaky_promise(&c->reader, (size_t)c->chunk_left);
        len = snprintf(c->frame, sizeof c->frame, "%llx\r\n", (unsigned long long)c->chunk_left);
    } else if (c->last) {
        len = snprintf(c->frame, sizeof c->frame, "0\r\n\r\n");
        c->last = false; /* said once */
    }
    c->frame_len = (unsigned)len;
    c->frame_pos = 0;
}

static size_t gather(struct weir_conn *c, struct iovec iov[PARTS])
{
    static char end[] = "\r\n";
    struct iovec *data = &iov[PART_DATA], *data_2 = &iov[PART_DATA_2];
    size_t waits = weir_leaky_peek(&c->reader, weir_clock_mono_ms(), data), all = 0;

    iov[PART_HEAD] = (struct iovec){c->buf.p + c->buf_pos, c->buf.len - c->buf_pos};
    iov[PART_END] = (struct iovec){0};
    if (c->http11) {
        if (c->chunk_left == 0 && c->end_left == 0 && c->frame_pos == c->frame_len) {
            begin_chunk(c, waits);
        }
        data->iov_len = data->iov_len < c->chunk_left ? data->iov_len : (size_t)c->chunk_left;
        uint64_t left = c->chunk_left - data->iov_len;
        data_2->iov_len = data_2->iov_len < left ? data_2->iov_len : (size_t)left;
        if (data_2->iov_len == left) {
            iov[PART_END] = (struct iovec){end + 2 - c->end_left, c->end_left};
        }
    }
    iov[PART_FRAME] = (struct iovec){c->frame + c->frame_pos, c->frame_len - c->frame_pos};
    for (int i = 0; i < PARTS; i++) {
        all += iov[i].iov_len;
    }
    return all;
}

/* n bytes of what gather has shown are sent. */
static void sent(struct weir_conn *c, const struct iovec iov[PARTS], size_t n)
{
    size_t of[PARTS];

    for (int i = 0; i < PARTS; i++) {
        of[i] = n < iov[i].iov_len ? n : iov[i].iov_len;
        n -= of[i];
    }
    size_t data = of[PART_DATA] + of[PART_DATA_2];

    c->buf_pos += of[PART_HEAD];
    if (c->buf.len > 0 && c->buf_pos == c->buf.len) {
        weir_buf_fini(&c->buf);
        c->buf_pos = 0;
    }
    c->frame_pos += (unsigned)of[PART_FRAME];
    c->chunk_left -= c->http11 ? data : 0;
    c->end_left -= (unsigned)of[PART_END];
    weir_leaky_take(&c->reader, data);
}

void weir_conn_offer(struct weir_conn *c)
{
    while (c->state == WEIR_CONN_STREAM) {
        struct iovec iov[PARTS];
        const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = PARTS};
        size_t waits = gather(c, iov);

        if (c->reader.failed) {
            weir_conn_close(c);
            return;
        }
        if (waits == 0) {
            break;
        }
        ssize_t n = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            watch(c, UV_WRITABLE | listening_events(c));
            return;
        }
        if (n < 0) {
            weir_conn_close(c);
            return;
        }
        c->moved_ms = weir_clock_mono_ms();
        sent(c, iov, (size_t)n);
        if ((size_t)n < waits) {
            watch(c, UV_WRITABLE | listening_events(c));
            return;
        }
    }
    if (c->state != WEIR_CONN_STREAM) {
        return;
    }
    if (c->source->state == WEIR_SOURCE_ENDED) { /* nothing waits, and nothing will come */
        linger(c);
        return;
    }
    watch(c, listening_events(c));
}

void weir_conn_end(struct weir_conn *c)
{
    if (c->state == WEIR_CONN_STREAM) {
        c->last = true;
        if ((c->events & UV_WRITABLE) == 0) {
            weir_conn_offer(c);
        }
    }
}

static size_t clients_of(const struct weir_relay_source *s, const struct sockaddr_storage *peer)
{
    const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)peer;
    const struct sockaddr_in *a4 = (const struct sockaddr_in *)peer;
    size_t n = 0;

    for (const struct weir_conn *c = s->clients; c != NULL; c = c->client_next) {
        const struct sockaddr_in6 *b6 = (const struct sockaddr_in6 *)&c->peer;
        const struct sockaddr_in *b4 = (const struct sockaddr_in *)&c->peer;

        n += c->peer.ss_family == peer->ss_family &&
             (peer->ss_family == AF_INET6
                     ? memcmp(&a6->sin6_addr, &b6->sin6_addr, sizeof a6->sin6_addr) == 0
                     : a4->sin_addr.s_addr == b4->sin_addr.s_addr);
    }
    return n;
}

static void begin_client(struct weir_conn *c, struct weir_relay_source *s)
{
    const struct weir_relay_opts *o = &c->relay->opts;

    if (s->state == WEIR_SOURCE_ENDED) {
        refuse(c, 503, "the source has ended");
        return;
    }
    if ((int64_t)s->clients_n >= o->clients_max) {
        refuse(c, 503, "the source has as many clients as it may have");
        return;
    }
    if (o->clients_per_address_max > 0 &&
        (int64_t)clients_of(s, &c->peer) >= o->clients_per_address_max) {
        refuse(c, 429, "too many connections from this address");
        return;
    }
    weir_buf_fini(&c->buf); /* the request's head is read */
    c->source = s;
    c->state = WEIR_CONN_WAIT;
    c->client_next = s->clients;
    if (s->clients != NULL) {
        s->clients->client_before = c;
    }
    s->clients = c;
    s->clients_n++;
    if (s->state == WEIR_SOURCE_LIVE) {
        weir_conn_begin(c, 200, NULL);
    } else {
        weir_source_want(s); /* may end c */
    }
}

/* ---- encoders ---- */

/* "Bearer TOKEN", or "Basic" with the token as the password. */
static bool may_push(const struct weir_relay_source *s, struct weir_str shown)
{
    const char *token = s->opts.token != NULL ? s->opts.token : "";
    size_t len = strlen(token);
    unsigned char plain[WEIR_RELAY_HEAD_MAX_BYTES];
    const char *p = NULL;
    size_t n = 0;

    if (shown.len > 7 && strncasecmp(shown.p, "Bearer ", 7) == 0) {
        p = shown.p + 7;
        n = shown.len - 7;
    } else if (shown.len > 6 && strncasecmp(shown.p, "Basic ", 6) == 0) {
        int bytes = EVP_DecodeBlock(plain, (const unsigned char *)shown.p + 6, (int)shown.len - 6);
        for (size_t i = shown.len; bytes > 0 && i > 6 && shown.p[i - 1] == '='; i--) {
            bytes--; /* it counts the padding */
        }
        const unsigned char *colon = bytes > 0 ? memchr(plain, ':', (size_t)bytes) : NULL;
        if (colon != NULL) {
            p = (const char *)colon + 1;
            n = (size_t)(plain + bytes - colon) - 1;
        }
    }
    return len > 0 && p != NULL && n == len && CRYPTO_memcmp(p, token, len) == 0;
}

static void push_bytes(struct weir_conn *c, const char *p, size_t n);

static void begin_push(
    struct weir_conn *c, struct weir_relay_source *s, const struct weir_head *head, size_t used)
{
    char type[sizeof s->content_type];
    struct weir_buf rest = c->buf;
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (s->kind != WEIR_SOURCE_PUSH) {
        refuse(c, 405, "nobody may send to this source");
    } else if (!may_push(s, head->authorization)) {
        refuse(c, 401, "the token is missing or wrong");
    } else if (s->pusher != NULL || s->state == WEIR_SOURCE_ENDED) {
        refuse(c, 409, "somebody sends to this source already");
    } else if (!head->chunked && head->length < 0) {
        refuse(c, 400, "a body needs a length, or chunks");
    } else {
        (void)snprintf(type, sizeof type, "%.*s",
            head->content_type.len < sizeof type ? (int)head->content_type.len : 0,
            head->content_type.p != NULL ? head->content_type.p : "");
        for (char *t = type; *t != '\0'; t++) {
            *t = *t < ' ' || *t > '~' ? '?' : *t; /* it goes into the clients' heads */
        }
        c->body_left = head->chunked ? -1 : head->length;
        c->state = WEIR_CONN_PUSH;
        c->source = s;
        s->pusher = c;
        if (head->expects && send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL) < 0) {
            weir_conn_close(c);
            return;
        }
        weir_buf_init(&c->buf, WEIR_RELAY_STATUS_MAX_BYTES);
        weir_source_live(s, type);
        push_bytes(c, (const char *)rest.p + used, rest.len - used);
        weir_buf_fini(&rest);
    }
}

static void push_end(struct weir_conn *c)
{
    struct weir_buf body;

    weir_buf_init(&body, 64);
    reply(c, 200, "text/plain", "", &body);
}

static void push_bytes(struct weir_conn *c, const char *p, size_t n)
{
    while (n > 0 && c->state == WEIR_CONN_PUSH) {
        struct weir_str piece = {p, n};
        size_t used = 0;

        if (c->body_left >= 0) {
            piece.len = (int64_t)n < c->body_left ? n : (size_t)c->body_left;
            c->body_left -= (int64_t)piece.len;
            used = n;
        } else if (!weir_chunked_next(&c->chunked, p, n, &used, &piece)) {
            refuse(c, 400, "the chunks are broken");
            return;
        }
        if (piece.len > 0) {
            weir_source_data(c->source, (const uint8_t *)piece.p, piece.len);
        }
        if (c->chunked.state == WEIR_CHUNKED_END) {
            break;
        }
        p += used;
        n -= used;
    }
    if (c->state == WEIR_CONN_PUSH && (c->body_left == 0 || c->chunked.state == WEIR_CHUNKED_END)) {
        push_end(c);
    }
}

/* ---- requests ---- */

static void reply_document(struct weir_conn *c, const char *type,
    int (*compose)(const struct weir_relay *relay, struct weir_buf *to))
{
    struct weir_buf body;

    weir_buf_init(&body, WEIR_RELAY_STATUS_MAX_BYTES);
    if (compose(c->relay, &body) != 0) {
        weir_buf_fini(&body);
        weir_conn_close(c);
        return;
    }
    reply(c, 200, type, "", &body);
}

static int compose_page(const struct weir_relay *relay, struct weir_buf *to)
{
    (void)relay;
    return weir_buf_adds(to, weir_relay_page, NULL);
}

static void route(struct weir_conn *c, const struct weir_head *head, size_t used)
{
    static const struct {
        const char *path, *type;
        int (*compose)(const struct weir_relay *relay, struct weir_buf *to);
    } documents[] = {
        {"/", "text/html; charset=utf-8", compose_page},
        {"/status.json", "application/json", weir_relay_status},
        {"/metrics", "text/plain; version=0.0.4", weir_relay_metrics},
    };
    bool reads = head->method == WEIR_HEAD_GET || head->method == WEIR_HEAD_HEAD;

    c->http11 = head->http11;
    c->head_only = head->method == WEIR_HEAD_HEAD;
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        if (weir_str_eq(head->path, weir_str_of(documents[i].path))) {
            if (reads) {
                reply_document(c, documents[i].type, documents[i].compose);
            } else {
                refuse(c, 405, "this can only be read");
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
            begin_client(c, s);
        } else if (head->method == WEIR_HEAD_OTHER) {
            refuse(c, 405, "a stream can be read, or sent with PUT or POST");
        } else {
            begin_push(c, s, head, used);
        }
        return;
    }
    refuse(c, 404, "there is no such source");
}

static void head_bytes(struct weir_conn *c, const uint8_t *p, size_t n)
{
    static const struct {
        long status;
        const char *why;
    } faults[] = {{400, "this is no HTTP request"}, {501, "a transfer coding other than chunked"},
        {505, "HTTP/1.1 and HTTP/1.0 are spoken here"}};
    struct weir_head head;

    if (weir_buf_add(&c->buf, p, n, NULL) != 0) {
        weir_conn_close(c);
        return;
    }
    long used = weir_head_parse((const char *)c->buf.p, c->buf.len, &head);
    if (used > 0) {
        route(c, &head, (size_t)used);
    } else if (used == 0 && c->buf.len > WEIR_RELAY_HEAD_MAX_BYTES) {
        refuse(c, 431, "the request's head is too long");
    }
    for (size_t i = 0; used < 0 && i < sizeof faults / sizeof *faults; i++) {
        if (faults[i].status == -used) {
            refuse(c, (int)-used, faults[i].why);
            return;
        }
    }
}

/* ---- events ---- */

static void got_bytes(struct weir_conn *c, const uint8_t *p, size_t n)
{
    switch (c->state) {
    case WEIR_CONN_HEAD:
        head_bytes(c, p, n);
        break;
    case WEIR_CONN_PUSH:
        c->moved_ms = weir_clock_mono_ms();
        push_bytes(c, (const char *)p, n);
        break;
    case WEIR_CONN_WAIT:
    case WEIR_CONN_STREAM:
    case WEIR_CONN_LINGER:
        c->ignored_bytes += n; /* there is nothing to say after a request */
        if (c->ignored_bytes > WEIR_RELAY_IGNORED_MAX_BYTES) {
            weir_conn_close(c);
        }
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
        watch(c, c->events & ~UV_READABLE);
    } else if (c->state != WEIR_CONN_REPLY) {
        weir_conn_close(c);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct weir_conn *c = poll->data;
    uint8_t *scratch = c->relay->scratch;

    if (status < 0) {
        weir_conn_close(c);
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
            weir_conn_offer(c);
        } else if (c->state == WEIR_CONN_REPLY) {
            send_reply(c);
        }
    }
}

void weir_conn_second(struct weir_conn *c, int64_t now_ms)
{
    const struct weir_relay_opts *o = &c->relay->opts;
    int64_t still_ms = now_ms - c->moved_ms;

    switch (c->state) {
    case WEIR_CONN_HEAD:
        if (still_ms >= WEIR_RELAY_HEAD_MS) {
            refuse(c, 408, "the request did not come");
        }
        break;
    case WEIR_CONN_WAIT:
        if (still_ms >= WEIR_RELAY_WAIT_MS) {
            refuse(c, 504, "the source sends nothing");
        }
        break;
    case WEIR_CONN_STREAM:
        c->rate_bytes = c->reader.taken_bytes - c->rate_from_bytes;
        c->rate_from_bytes = c->reader.taken_bytes;
        /* Only a client that does not take what waits for it is idle; a source may be. */
        if ((o->idle_ms > 0 && still_ms >= o->idle_ms && (c->events & UV_WRITABLE) != 0) ||
            (o->lag_ms > 0 && c->reader.lagging_since_ms >= 0 &&
                now_ms - c->reader.lagging_since_ms >= o->lag_ms)) {
            weir_conn_close(c);
        }
        break;
    case WEIR_CONN_PUSH:
        if (still_ms >= o->source_ms) {
            weir_conn_close(c);
        }
        break;
    case WEIR_CONN_REPLY:
        if (still_ms >= WEIR_RELAY_HEAD_MS) {
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
