/*
 * A client: bytes go from the ring to its socket without a copy of ours, as much as it is known to
 * read (unread.h). HTTP/1.1 clients get them in chunks, so that they can tell an end from a break.
 * A chunk's length is told before it is sent, so the ring keeps a chunk that was begun for its
 * client when it overtakes it.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "relay/priv.h"
#include "relay/wish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* What is to be sent next, in this order. */
enum part { PART_HEAD, PART_FRAME, PART_DATA, PART_DATA_2, PART_END, PARTS };

static int listening_events(const struct weir_conn *c)
{
    return c->eof ? 0 : UV_READABLE;
}

/* ---- the beginning ---- */

static size_t clients_of(const struct weir_relay_source *s, const struct in6_addr *address)
{
    size_t n = 0;

    for (const struct weir_conn *c = s->clients; c != NULL; c = c->client_next) {
        n += memcmp(&c->peer.sin6_addr, address, sizeof *address) == 0;
    }
    return n;
}

void weir_client_new(struct weir_conn *c, struct weir_relay_source *s, struct weir_str query)
{
    const struct weir_relay_source_opts *o = &s->opts;

    c->wish = o->wish;
    if (weir_relay_wish_read(query, &c->wish) != 0) {
        weir_conn_refuse(c, 400, "the query asks for what there is not");
        return;
    }
    if (s->state == WEIR_SOURCE_ENDED) {
        weir_conn_refuse(c, 503, "the source has ended");
        return;
    }
    if ((int64_t)s->clients_n >= o->clients_max) {
        weir_conn_refuse(c, 503, "the source has as many clients as it may have");
        return;
    }
    if (o->clients_per_address_max > 0 &&
        (int64_t)clients_of(s, &c->peer.sin6_addr) >= o->clients_per_address_max) {
        weir_conn_refuse(c, 429, "too many connections from this address");
        return;
    }
    weir_buf_fini(&c->buf); /* the request's head is read */
    c->source = s;
    c->state = WEIR_CONN_WAIT;
    c->moved_ms = weir_clock_mono_ms();
    c->client_next = s->clients;
    if (s->clients != NULL) {
        s->clients->client_before = c;
    }
    s->clients = c;
    s->clients_n++;
    if (s->state == WEIR_SOURCE_LIVE) {
        weir_client_begin(c);
    } else {
        weir_source_want(s); /* may end c */
    }
}

/* Of the age that a client's data may have, half is for what it has not read, and more where the
 * ring is so short that what waits in it is never that old. */
static int64_t unread_ms(const struct weir_relay_source *s, int64_t age_max_ms)
{
    int64_t age_ms = age_max_ms > 0 ? age_max_ms : 2 * WEIR_RELAY_UNREAD_MS;
    int64_t least_ms = age_ms / 2 < WEIR_RELAY_UNREAD_MS ? age_ms / 2 : WEIR_RELAY_UNREAD_MS;
    int64_t ring_ms =
        s->rate_bytes > 0 ? (int64_t)(s->opts.leaky.ring_bytes * 1000 / s->rate_bytes) : age_ms;
    int64_t ms = age_ms - age_ms / WEIR_UNREAD_UNSURE - ring_ms;

    return ms > least_ms ? ms : least_ms > 0 ? least_ms : 1;
}

void weir_client_begin(struct weir_conn *c)
{
    int size = (int)c->source->opts.client_buffer_bytes;
    int64_t now_ms = weir_clock_mono_ms();

    weir_buf_fini(&c->buf);
    c->buf_pos = 0;
    if (weir_buf_addf(&c->buf, NULL,
            "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%sCache-Control: no-store\r\n"
            "X-Content-Type-Options: nosniff\r\nContent-Security-Policy: sandbox\r\n"
            "Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n",
            c->source->content_type, c->http11 ? "Transfer-Encoding: chunked\r\n" : "") != 0) {
        weir_conn_close(c);
        return;
    }
    if (c->head_only) {
        weir_conn_answer(c);
        return;
    }
    if (size > 0) {
        (void)setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }
    weir_leaky_join(c->source->ring, &c->reader, &c->wish.leaky);
    weir_unread_begin(
        &c->unread, unread_ms(c->source, c->wish.leaky.age_max_ms), c->source->peak_bytes, now_ms);
    c->source->served++;
    c->state = WEIR_CONN_STREAM;
    c->moved_ms = now_ms;
    weir_client_offer(c, now_ms);
}

/* ---- sending ---- */

/* Begin a chunk of what waits and may be sent, or say that it was the last one. */
static void begin_chunk(struct weir_conn *c, size_t waits, size_t room)
{
    size_t most = room < WEIR_RELAY_CHUNK_BYTES ? room : WEIR_RELAY_CHUNK_BYTES;
    int len = 0;

    if (waits > 0 && most > 0) {
        c->chunk_left = waits < most ? waits : most;
        c->end_left = 2;
        weir_leaky_promise(&c->reader, (size_t)c->chunk_left);
        len = snprintf(c->frame, sizeof c->frame, "%llx\r\n", (unsigned long long)c->chunk_left);
    } else if (waits == 0 && c->last) {
        len = snprintf(c->frame, sizeof c->frame, "0\r\n\r\n");
        c->last = false; /* said once */
    }
    c->frame_len = (unsigned)len;
    c->frame_pos = 0;
}

static void trim(struct iovec *iov, uint64_t *left)
{
    iov->iov_len = iov->iov_len < *left ? iov->iov_len : (size_t)*left;
    *left -= iov->iov_len;
}

/* Returns the bytes of all parts, and in *waits what is in the ring for it. */
static size_t gather(
    struct weir_conn *c, int64_t now_ms, size_t room, struct iovec iov[PARTS], size_t *waits)
{
    static char end[] = "\r\n";
    uint64_t left = room;
    size_t all = 0;

    *waits = weir_leaky_peek(&c->reader, now_ms, &iov[PART_DATA]);
    iov[PART_HEAD] = (struct iovec){c->buf.p + c->buf_pos, c->buf.len - c->buf_pos};
    iov[PART_FRAME] = iov[PART_END] = (struct iovec){0};
    if (c->http11) {
        if (c->chunk_left == 0 && c->end_left == 0 && c->frame_pos == c->frame_len) {
            begin_chunk(c, *waits, room);
        }
        iov[PART_FRAME] = (struct iovec){c->frame + c->frame_pos, c->frame_len - c->frame_pos};
        left = c->chunk_left;
    }
    trim(&iov[PART_DATA], &left);
    trim(&iov[PART_DATA_2], &left);
    if (c->http11 && left == 0) {
        iov[PART_END] = (struct iovec){end + 2 - c->end_left, c->end_left};
    }
    for (int i = 0; i < PARTS; i++) {
        all += iov[i].iov_len;
    }
    return all;
}

/* n bytes of what gather has shown are sent. */
static void sent(struct weir_conn *c, const struct iovec iov[PARTS], size_t n)
{
    size_t of[PARTS];

    c->written += n;
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

/* Ask TCP how far it has come, if it is time. */
static void look(struct weir_conn *c, int64_t now_ms)
{
    struct weir_unread_tcp tcp;

    if (!weir_unread_due(&c->unread, c->written, now_ms)) {
        return;
    }
    bool told = weir_unread_ask(c->fd, &tcp);
    if (told &&
        tcp.gone) { /* nobody watches a socket that has ended its side and is offered nothing */
        weir_conn_close(c);
        return;
    }
    weir_unread_look(&c->unread, told ? &tcp : NULL, c->written, now_ms);
    if (c->unread.read != c->read_then || c->unread.read == c->written) {
        c->read_then = c->unread.read;
        c->moved_ms = now_ms;
    }
}

/* How much it may be sent now. Whoever is to end soon gets all that there is. */
static size_t room_of(const struct weir_conn *c, int64_t now_ms)
{
    return c->source->state == WEIR_SOURCE_ENDED ? WEIR_RELAY_CHUNK_BYTES
                                                 : weir_unread_room(&c->unread, c->written, now_ms);
}

/* What is sent now is read after all that is unread; what is too old for that is dropped before.
 * As long as nothing is sent, nothing need be dropped over it: who knows how soon all is read. */
static void limit_wait(struct weir_conn *c, size_t room)
{
    int64_t age_max_ms = c->wish.leaky.age_max_ms;
    uint64_t lag = weir_leaky_lag_bytes(&c->reader);

    if (age_max_ms > 0) {
        c->reader.wish.age_max_ms = weir_unread_wait_ms(&c->unread,
            room > 0 ? c->written : c->unread.read, lag < room ? lag : room, age_max_ms);
    }
}

static ssize_t send_parts(int fd, struct iovec iov[PARTS], size_t all)
{
    if (iov[PART_DATA].iov_len == all) { /* the usual case costs the kernel less this way */
        return send(fd, iov[PART_DATA].iov_base, all, MSG_NOSIGNAL);
    }
    const struct msghdr msg = {.msg_iov = iov, .msg_iovlen = PARTS};
    return sendmsg(fd, &msg, MSG_NOSIGNAL);
}

void weir_client_offer(struct weir_conn *c, int64_t now_ms)
{
    for (;;) {
        struct iovec iov[PARTS];
        size_t waits, all;

        look(c, now_ms);
        if (c->state == WEIR_CONN_CLOSED) {
            return;
        }
        size_t room = room_of(c, now_ms);
        limit_wait(c, room);
        all = gather(c, now_ms, room, iov, &waits);
        if (c->reader.failed) {
            weir_conn_close(c);
            return;
        }
        if (all == 0) {
            if (waits > 0) { /* also when nothing more comes, and no tick with it */
                c->source->held = true;
                weir_relay_wake(c->relay, now_ms + WEIR_RELAY_HELD_TICK_MS);
            }
            if (waits == 0 && c->source->state == WEIR_SOURCE_ENDED) {
                weir_conn_linger(c); /* and nothing will come */
                return;
            }
            break;
        }
        ssize_t n = send_parts(c->fd, iov, all);
        if (n < 0 && errno != EAGAIN) {
            weir_conn_close(c);
            return;
        }
        if (n > 0) {
            sent(c, iov, (size_t)n);
            weir_unread_wrote(&c->unread, now_ms);
        }
        if (n < 0 || (size_t)n < all) {
            weir_conn_watch(c, UV_WRITABLE | listening_events(c));
            return;
        }
        if (weir_leaky_lag_bytes(&c->reader) == 0 && !c->last &&
            c->source->state != WEIR_SOURCE_ENDED) {
            break; /* that was all */
        }
    }
    weir_conn_watch(c, listening_events(c));
}

void weir_client_end(struct weir_conn *c)
{
    if (c->state == WEIR_CONN_STREAM) {
        c->last = !c->source->failed; /* a body that is cut off is none that has ended */
        if ((c->events & UV_WRITABLE) == 0) {
            weir_client_offer(c, weir_clock_mono_ms());
        }
    }
}

/* ---- what is told about it ---- */

int64_t weir_client_age_ms(const struct weir_conn *c, int64_t now_ms)
{
    return weir_leaky_age_ms(&c->reader, now_ms) + weir_unread_age_ms(&c->unread, c->written);
}

void weir_client_second(struct weir_conn *c, int64_t now_ms)
{
    int64_t idle_ms = c->source->opts.idle_ms;
    bool waits = weir_leaky_lag_bytes(&c->reader) > 0;

    c->rate_bytes = c->reader.taken_bytes - c->rate_from_bytes;
    c->rate_from_bytes = c->reader.taken_bytes;
    weir_unread_source(&c->unread, c->source->peak_bytes);
    look(c, now_ms);
    if (c->state == WEIR_CONN_CLOSED) {
        return;
    }
    /* Only a client that does not take what waits for it is idle; a source may be. */
    if ((idle_ms > 0 && waits && now_ms - c->moved_ms >= idle_ms) ||
        (c->wish.lag_ms > 0 && c->reader.lagging_since_ms >= 0 &&
            now_ms - c->reader.lagging_since_ms >= c->wish.lag_ms)) {
        c->source->given_up++;
        weir_conn_close(c);
    }
}
