/*
 * Listening, and the two clocks: a tick that offers new bytes to the clients, and a second, for
 * time-outs and rates. A client's send costs the same for one packet and for fifty, and is nearly
 * all that the relay does; so what several small reads brought goes out together. It goes with the
 * read that comes WEIR_RELAY_TICK_MS after the last tick, or at once when there is so much that
 * more together would cost no less, or when its first byte has waited for WEIR_RELAY_FRESH_MS.
 */
#include "relay/relay.h"

#include "core/clock.h"
#include "core/hostport.h"
#include "core/limits.h"
#include "core/reason.h"
#include "relay/priv.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 256

static void on_closed(uv_handle_t *handle)
{
    struct weir_relay *relay = handle->data;

    if (--relay->open == 0) {
        for (size_t i = 0; i < relay->opts.sources_n; i++) {
            weir_leaky_free(relay->sources[i].ring);
        }
        free(relay->sources);
        free(relay);
    }
}

static void on_source_closed(uv_handle_t *handle)
{
    const struct weir_relay_source *source = handle->data;

    handle->data = source->relay;
    on_closed(handle);
}

/* ---- the clocks ---- */

/* One pass over the clients of the sources that have something for them. */
static void offer(struct weir_relay_source *source, int64_t now_ms)
{
    struct weir_conn *next;

    source->fresh = source->held = false;
    source->came_bytes = 0;
    for (struct weir_conn *c = source->clients; c != NULL; c = next) {
        next = c->client_next;
        if (c->state == WEIR_CONN_STREAM && (c->events & UV_WRITABLE) == 0) {
            weir_client_offer(c, now_ms); /* else when it has room */
        }
    }
}

static void on_tick(uv_timer_t *timer)
{
    struct weir_relay *relay = timer->data;
    int64_t now_ms = weir_clock_mono_ms();
    bool held = false;

    weir_loop_moved(timer);
    relay->tick_due_ms = INT64_MAX;
    for (size_t i = 0; i < relay->opts.sources_n; i++) {
        struct weir_relay_source *source = &relay->sources[i];
        if (source->fresh || source->held) {
            offer(source, now_ms);
        }
        held |= source->held;
    }
    /* A pass over thousands takes longer than a tick: half of the time is for everything else, and
     * the next pass has the more to send at once. */
    int64_t end_ms = weir_clock_mono_ms();
    relay->ticked_ms = now_ms;
    relay->rest_ms = end_ms + (end_ms - now_ms);
    if (held) {
        weir_relay_wake(relay, now_ms + WEIR_RELAY_HELD_TICK_MS);
    }
}

void weir_relay_wake(struct weir_relay *relay, int64_t ms)
{
    int64_t now_ms = weir_clock_mono_ms();

    ms = ms > relay->rest_ms ? ms : relay->rest_ms;
    if (ms < relay->tick_due_ms) {
        relay->tick_due_ms = ms;
        uv_update_time(relay->tick.loop);
        uv_timer_start(&relay->tick, on_tick, ms > now_ms ? (uint64_t)(ms - now_ms) : 0, 0);
    }
}

static void accept_some(struct weir_relay *relay);

static void on_second(uv_timer_t *timer)
{
    struct weir_relay *relay = timer->data;
    int64_t now_ms = weir_clock_mono_ms();
    struct weir_conn *next;

    weir_loop_moved(timer);
    relay->crowded = false;
    for (size_t i = 0; i < relay->opts.sources_n; i++) {
        weir_source_second(&relay->sources[i], now_ms);
    }
    for (struct weir_conn *c = relay->conns; c != NULL; c = next) {
        next = c->next;
        weir_conn_second(c, now_ms);
    }
    if (relay->full && !relay->draining) {
        accept_some(relay);
    }
}

/* ---- listening ---- */

static void on_listening(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    accept_some(poll->data);
}

/* Without descriptors left, a listening socket would be ready for ever: look again in a second. */
static void accept_some(struct weir_relay *relay)
{
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t len = sizeof peer;
        int fd = accept4(relay->fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            weir_conn_new(relay, fd, &peer);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (!relay->full) {
                weir_log_write(relay->opts.log, WEIR_LOG_WARN,
                    "relay: no more connections for now: %s", weir_reason(errno));
            }
            relay->full = true;
            uv_poll_stop(&relay->listening);
            return;
        } else if (errno == EAGAIN) {
            break;
        }
    }
    if (relay->full) {
        relay->full = false;
        uv_poll_start(&relay->listening, UV_READABLE, on_listening);
    }
}

static bool speaks_ipv6(void)
{
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0) {
        (void)close(fd);
    }
    return fd >= 0;
}

static int bind_to(const struct addrinfo *at, bool any)
{
    const int on = 1, off = 0;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (any && at->ai_family == AF_INET6) { /* whatever the system's default is */
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, WEIR_RELAY_BACKLOG) != 0) {
        int why = errno;
        (void)close(fd);
        errno = why;
        return -1;
    }
    return fd;
}

static int listen_at(struct weir_relay *relay, struct weir_err *err)
{
    const char *text = relay->opts.listen;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *all = NULL;
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    struct weir_hostport at;
    const char *why;
    char port[8];

    if (!weir_hostport_parse(text, -1, &at, &why)) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.80s is not ADDRESS:PORT", text);
    }
    /* All addresses are one socket of IPv6, which takes IPv4 as well. */
    bool any = at.host[0] == '\0';
    hints.ai_family = any && speaks_ipv6() ? AF_INET6 : AF_UNSPEC;
    (void)snprintf(port, sizeof port, "%u", at.port);
    int rc = getaddrinfo(any ? NULL : at.host, port, &hints, &all);
    if (rc != 0) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.80s: %s", text, gai_strerror(rc));
    }
    for (const struct addrinfo *a = all; a != NULL && relay->fd < 0; a = a->ai_next) {
        relay->fd = bind_to(a, any);
    }
    freeaddrinfo(all);
    if (relay->fd < 0) {
        const int e = errno;
        return weir_err_detail(err,
            e == EADDRINUSE || e == EADDRNOTAVAIL || e == EACCES ? WEIR_E_CONFIG : WEIR_E_IO, e,
            "%.80s: %s", text, weir_reason(e));
    }
    if (getsockname(relay->fd, (struct sockaddr *)&name, &len) == 0) {
        relay->port = ntohs(name.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&name)->sin6_port
                                                       : ((struct sockaddr_in *)&name)->sin_port);
    }
    return 0;
}

/* ---- the whole ---- */

static void open_handle(struct weir_relay *relay, uv_handle_t *handle)
{
    handle->data = relay;
    relay->open++;
}

/* Check and open them. *made receives how many there are then. */
static int init_sources(struct weir_relay *relay, size_t *made, struct weir_err *err)
{
    const struct weir_relay_source_opts *sources = relay->opts.sources;

    for (*made = 0; *made < relay->opts.sources_n; ++*made) {
        const struct weir_relay_source_opts *s = &sources[*made];
        for (size_t i = 0; i < *made; i++) {
            if (strcmp(sources[i].name, s->name) == 0) {
                return weir_err_set(
                    err, WEIR_E_CONFIG, "%.64s: there are two sources of that name", s->name);
            }
            if (strcmp(sources[i].url, "-") == 0 && strcmp(s->url, "-") == 0) {
                return weir_err_set(
                    err, WEIR_E_CONFIG, "%.64s: stdin is another source already", s->name);
            }
        }
        if (weir_source_init(&relay->sources[*made], relay, s, err) != 0) {
            return -1;
        }
    }
    return 0;
}

struct weir_relay *weir_relay_new(
    struct weir_loop *loop, const struct weir_relay_opts *opts, struct weir_err *err)
{
    uv_loop_t *uv = weir_loop_uv(loop);
    struct weir_relay *relay = calloc(1, sizeof *relay);
    size_t made = 0;

    if (relay == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        return NULL;
    }
    relay->opts = *opts;
    relay->loop = loop;
    relay->fd = -1;
    relay->begun_ms = weir_clock_mono_ms();
    relay->tick_due_ms = INT64_MAX;
    relay->sources = calloc(opts->sources_n + 1, sizeof *relay->sources);
    if (relay->sources == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        goto fail;
    }
    if (init_sources(relay, &made, err) != 0) {
        goto fail;
    }
    if (listen_at(relay, err) != 0) {
        goto fail;
    }
    int rc = uv_poll_init(uv, &relay->listening, relay->fd);
    if (rc != 0) {
        weir_err_set(err, WEIR_E_IO, "%.80s: %s", opts->listen, weir_reason(-rc));
        goto fail;
    }
    open_handle(relay, (uv_handle_t *)&relay->listening);
    uv_timer_init(uv, &relay->tick);
    uv_timer_init(uv, &relay->second);
    open_handle(relay, (uv_handle_t *)&relay->tick);
    open_handle(relay, (uv_handle_t *)&relay->second);
    for (size_t i = 0; i < opts->sources_n; i++) {
        uv_timer_init(uv, &relay->sources[i].timer);
        relay->sources[i].timer.data = &relay->sources[i];
        relay->open++;
    }
    uv_poll_start(&relay->listening, UV_READABLE, on_listening);
    uv_timer_start(&relay->second, on_second, 1000, 1000);
    for (size_t i = 0; i < opts->sources_n; i++) {
        if (opts->sources[i].always) {
            weir_source_want(&relay->sources[i]);
        }
    }
    return relay;
fail:
    while (made > 0) {
        weir_leaky_free(relay->sources[--made].ring);
    }
    if (relay->fd >= 0) {
        (void)close(relay->fd);
    }
    free(relay->sources);
    free(relay);
    return NULL;
}

int weir_relay_port(const struct weir_relay *relay)
{
    return relay->port;
}

static void stop_listening(struct weir_relay *relay)
{
    if (relay->fd < 0) {
        return;
    }
    uv_close((uv_handle_t *)&relay->listening, on_closed);
    (void)close(relay->fd);
    relay->fd = -1;
}

void weir_relay_drain(struct weir_relay *relay)
{
    struct weir_conn *next;

    relay->draining = true;
    stop_listening(relay);
    for (size_t i = 0; i < relay->opts.sources_n; i++) {
        weir_source_stop(&relay->sources[i]);
    }
    for (struct weir_conn *c = relay->conns; c != NULL; c = next) {
        next = c->next;
        if (c->state != WEIR_CONN_STREAM && c->state != WEIR_CONN_REPLY) {
            weir_conn_close(c);
        }
    }
}

bool weir_relay_busy(const struct weir_relay *relay)
{
    for (size_t i = 0; !relay->draining && i < relay->opts.sources_n; i++) {
        if (relay->sources[i].state != WEIR_SOURCE_ENDED) {
            return true;
        }
    }
    return relay->conns != NULL;
}

bool weir_relay_failed(const struct weir_relay *relay, struct weir_err *err)
{
    if (relay->err.code == WEIR_OK) {
        return false;
    }
    (void)weir_err_keep(err, &relay->err);
    return true;
}

void weir_relay_free(struct weir_relay *relay)
{
    if (relay == NULL) {
        return;
    }
    relay->draining = true;
    stop_listening(relay);
    for (size_t i = 0; i < relay->opts.sources_n; i++) {
        weir_source_stop(&relay->sources[i]);
        uv_close((uv_handle_t *)&relay->sources[i].timer, on_source_closed);
    }
    while (relay->conns != NULL) {
        weir_conn_close(relay->conns);
    }
    uv_close((uv_handle_t *)&relay->tick, on_closed);
    uv_close((uv_handle_t *)&relay->second, on_closed);
}
