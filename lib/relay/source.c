/*
 * Where a stream comes from. An HTTP source is connected while somebody wants it, and again, with
 * growing pauses, when it breaks; a file or stdin is read at a pace; a pushed one is fed by a
 * connection (conn.c). Reading never waits for a client: the ring takes everything.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "core/reason.h"
#include "relay/priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void connect_http(struct weir_relay_source *source);
static void on_pace(uv_timer_t *timer);

static bool is_name(const char *s)
{
    size_t n = strlen(s);

    return n > 0 && n <= WEIR_RELAY_NAME_MAX_BYTES && s[0] != '.' && strcmp(s, "metrics") != 0 &&
           strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") == n &&
           strcmp(s, "status.json") != 0;
}

int weir_source_init(struct weir_relay_source *source, struct weir_relay *relay,
    const struct weir_relay_source_opts *opts, struct weir_err *err)
{
    static const char *const types[] = {"application/octet-stream", "text/plain", "video/mp2t"};

    *source = (struct weir_relay_source){.relay = relay, .opts = *opts, .fd = -1};
    if (!is_name(opts->name)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%.64s: a source's name has letters, digits and -._ and is not status.json or metrics",
            opts->name);
    }
    if (strncmp(opts->url, "http://", 7) == 0 || strncmp(opts->url, "https://", 8) == 0) {
        source->kind = WEIR_SOURCE_HTTP;
    } else if (strcmp(opts->url, "push:") == 0) {
        source->kind = WEIR_SOURCE_PUSH;
    } else if (strcmp(opts->url, "-") == 0 || strncmp(opts->url, "file:", 5) == 0) {
        source->kind = WEIR_SOURCE_FILE;
    } else {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%.64s: a source is http://..., https://..., file:PATH, - or push:", opts->name);
    }
    if (source->kind == WEIR_SOURCE_FILE && opts->url[0] == 'f') {
        if (opts->rate_bytes == 0) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "%.64s: a file has no pace of its own: give it a rate (--rate)", opts->name);
        }
        if (access(opts->url + 5, R_OK) != 0) {
            return weir_err_set(err, WEIR_E_CONFIG, "%.64s: %.120s: %s", opts->name, opts->url + 5,
                weir_reason(errno));
        }
    }
    (void)snprintf(
        source->content_type, sizeof source->content_type, "%s", types[opts->leaky.unit]);
    source->ring = weir_leaky_new(&opts->leaky, err);
    if (source->ring == NULL) {
        weir_err_prefix(err, "%.64s", opts->name);
        return -1;
    }
    return 0;
}

/* ---- what all have in common ---- */

void weir_source_live(struct weir_relay_source *source, const char *content_type)
{
    struct weir_conn *next;

    if (content_type != NULL && content_type[0] != '\0' &&
        strlen(content_type) < sizeof source->content_type) {
        (void)snprintf(source->content_type, sizeof source->content_type, "%s", content_type);
        for (char *t = source->content_type; *t != '\0'; t++) {
            *t = *t < ' ' || *t > '~' ? '?' : *t; /* it goes into the clients' heads */
        }
    }
    source->state = WEIR_SOURCE_LIVE;
    source->heard_ms = weir_clock_mono_ms();
    source->connects++;
    for (struct weir_conn *c = source->clients; c != NULL; c = next) {
        next = c->client_next;
        if (c->state == WEIR_CONN_WAIT) {
            weir_client_begin(c);
        }
    }
}

void weir_source_data(struct weir_relay_source *source, const uint8_t *p, size_t n)
{
    int64_t now_ms = weir_clock_mono_ms();

    source->heard_ms = now_ms;
    source->fresh = true;
    source->came_bytes += n;
    weir_leaky_write(source->ring, p, n, now_ms);
    bool due = source->came_bytes >= WEIR_RELAY_TICK_BYTES ||
               now_ms - source->relay->ticked_ms >= WEIR_RELAY_TICK_MS;
    weir_relay_wake(source->relay, due ? now_ms : now_ms + WEIR_RELAY_FRESH_MS);
}

void weir_source_cut(struct weir_relay_source *source, bool ended)
{
    weir_leaky_cut(source->ring, ended, weir_clock_mono_ms());
    source->fresh = true;
    weir_source_data(source, (const uint8_t *)"", 0); /* what the cut completed is to be offered */
}

/* Those that still wait for a stream that does not come are told. */
static void refuse_waiting(struct weir_relay_source *source, int status, const char *why)
{
    struct weir_conn *next;

    for (struct weir_conn *c = source->clients; c != NULL; c = next) {
        next = c->client_next;
        if (c->state == WEIR_CONN_WAIT) {
            weir_conn_refuse(c, status, why);
        }
    }
}

static void release(struct weir_relay_source *source)
{
    weir_http_free(source->http);
    source->http = NULL;
    uv_timer_stop(&source->timer);
    if (source->fd >= 0 && source->fd != STDIN_FILENO) {
        (void)close(source->fd);
    }
    source->fd = -1;
}

/* It cannot be read any more: clients get what was read, and no end. */
static void fail(struct weir_relay_source *source, int why)
{
    struct weir_relay *relay = source->relay;

    weir_log_write(
        relay->opts.log, WEIR_LOG_ERROR, "relay: %s: %s", source->opts.name, weir_reason(why));
    if (relay->err.code == WEIR_OK) {
        weir_err_detail(
            &relay->err, WEIR_E_IO, why, "%.64s: %s", source->opts.name, weir_reason(why));
    }
    source->failed = true;
    source->breaks++;
    refuse_waiting(source, 502, "the source cannot be read");
    weir_source_stop(source);
}

void weir_source_stop(struct weir_relay_source *source)
{
    struct weir_conn *next;

    if (source->state != WEIR_SOURCE_ENDED) {
        release(source);
        weir_source_cut(source, false);
        source->state = WEIR_SOURCE_ENDED;
    }
    refuse_waiting(source, 503, "the source has ended");
    for (struct weir_conn *c = source->clients; c != NULL; c = next) {
        next = c->client_next;
        weir_client_end(c);
    }
}

/* ---- HTTP ---- */

static void on_again(uv_timer_t *timer)
{
    struct weir_relay_source *source = timer->data;

    weir_loop_moved(timer);
    connect_http(source);
}

/* The stream is over, or did not begin: try again after a pause that grows with the failures. */
static void lost(struct weir_relay_source *source, bool ended, const char *why)
{
    uint64_t pause_ms = WEIR_RELAY_PAUSE_MS;

    if (source->state == WEIR_SOURCE_LIVE) {
        source->tries = 0;
        weir_source_cut(source, ended);
        source->breaks++;
    }
    for (uint64_t i = 0; i < source->tries && pause_ms < WEIR_RELAY_PAUSE_MAX_MS; i++) {
        pause_ms *= 2;
    }
    pause_ms = pause_ms < WEIR_RELAY_PAUSE_MAX_MS ? pause_ms : WEIR_RELAY_PAUSE_MAX_MS;
    source->tries++;
    weir_log_write(source->relay->opts.log, WEIR_LOG_WARN, "relay: %s: %s; again in %llu ms",
        source->opts.name, why, (unsigned long long)pause_ms);
    weir_http_free(source->http);
    source->http = NULL;
    source->state = WEIR_SOURCE_PAUSE;
    refuse_waiting(source, 502, "the source cannot be reached");
    uv_timer_start(&source->timer, on_again, pause_ms, 0);
}

static void on_headers(void *ctx, struct weir_http *http, long status)
{
    struct weir_relay_source *source = ctx;

    if (status >= 200 && status < 300) {
        source->tries = 0;
        weir_source_live(source, weir_http_header(http, "Content-Type"));
    }
}

static size_t on_body(void *ctx, const uint8_t *p, size_t n)
{
    struct weir_relay_source *source = ctx;

    if (source->state == WEIR_SOURCE_LIVE) { /* else it is an error's text */
        weir_source_data(source, p, n);
    }
    return n;
}

static void on_done(void *ctx, long status, const struct weir_err *err)
{
    struct weir_relay_source *source = ctx;
    /* Where the body has neither a length nor chunks a break looks like its end. */
    const bool ended =
        err->code == WEIR_OK && (weir_http_length(source->http) >= 0 ||
                                    weir_http_header(source->http, "Transfer-Encoding") != NULL);
    char why[64];

    (void)snprintf(
        why, sizeof why, status >= 200 && status < 300 ? "the stream ended" : "status %ld", status);
    lost(source, ended, err->code != WEIR_OK ? err->msg : why);
}

static void connect_http(struct weir_relay_source *source)
{
    static const struct weir_http_header headers[] = {{"User-Agent", "weir-relay"}};
    const struct weir_http_request request = {
        .method = "GET",
        .url = source->opts.url,
        .headers = headers,
        .headers_n = 1,
        .stall_ms = (long)source->opts.stall_ms,
        .on_headers = on_headers,
        .on_body = on_body,
        .on_done = on_done,
        .ctx = source,
    };
    struct weir_err err = {0};

    source->state = WEIR_SOURCE_CONNECTING;
    source->heard_ms = weir_clock_mono_ms();
    source->http = weir_http_start(source->relay->loop, &request, &err);
    if (source->http == NULL) {
        lost(source, false, err.msg);
    }
}

/* ---- files and stdin ---- */

static void begin_file(struct weir_relay_source *source)
{
    const char *path = source->opts.url;

    source->fd = path[0] == '-' ? STDIN_FILENO : open(path + 5, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (source->fd < 0) {
        fail(source, errno);
        return;
    }
    source->paced_ms = weir_clock_mono_ms();
    source->budget_bytes = 0;
    weir_source_live(source, NULL);
    uv_timer_start(&source->timer, on_pace, 0, WEIR_RELAY_PACE_MS);
}

/* Whether a read would not wait; a descriptor that others share is not made non-blocking. */
static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) > 0;
}

/* Read what the pace allows by now. */
static void on_pace(uv_timer_t *timer)
{
    struct weir_relay_source *source = timer->data;
    struct weir_relay *relay = source->relay;
    int64_t now_ms = weir_clock_mono_ms();
    double rate = (double)source->opts.rate_bytes;

    weir_loop_moved(timer);
    source->budget_bytes += rate * (double)(now_ms - source->paced_ms) / 1000;
    if (source->budget_bytes > rate) {
        source->budget_bytes = rate; /* a stop of more than a second is not made up for */
    }
    if (rate == 0) {
        source->budget_bytes = WEIR_RELAY_READ_BYTES;
    }
    source->paced_ms = now_ms;
    while (source->budget_bytes >= 1 && readable(source->fd)) {
        size_t want = sizeof relay->scratch;
        if (source->budget_bytes < (double)want) {
            want = (size_t)source->budget_bytes;
        }
        ssize_t n = read(source->fd, relay->scratch, want);
        if (n > 0) {
            weir_source_data(source, relay->scratch, (size_t)n);
            source->budget_bytes -= (double)n;
        } else if (n == 0) {
            weir_log_write(relay->opts.log, WEIR_LOG_INFO, "relay: %s: the end", source->opts.name);
            weir_source_cut(source, true);
            weir_source_stop(source);
            return;
        } else {
            if (errno != EINTR && errno != EAGAIN) {
                fail(source, errno);
            }
            return;
        }
    }
}

/* ---- whether it is wanted ---- */

void weir_source_want(struct weir_relay_source *source)
{
    source->wanted_ms = weir_clock_mono_ms();
    if (source->state != WEIR_SOURCE_IDLE) {
        return;
    }
    switch (source->kind) {
    case WEIR_SOURCE_HTTP:
        connect_http(source);
        break;
    case WEIR_SOURCE_FILE:
        begin_file(source);
        break;
    case WEIR_SOURCE_PUSH:
        source->state = WEIR_SOURCE_CONNECTING;
        break;
    }
}

void weir_source_second(struct weir_relay_source *source, int64_t now_ms)
{
    uint64_t bytes = weir_leaky_counts(source->ring)->bytes;

    source->rate_bytes = bytes - source->rate_from_bytes;
    source->rate_from_bytes = bytes;
    source->peak_bytes -= source->peak_bytes / 16;
    if (source->peak_bytes < source->rate_bytes) {
        source->peak_bytes = source->rate_bytes;
    }
    if (source->clients_n > 0 || source->opts.always) {
        source->wanted_ms = now_ms;
    }
    /* Headers that come one by one are no silence: there is an end to them all the same. */
    int64_t head_ms =
        source->opts.stall_ms > WEIR_RELAY_WAIT_MS ? source->opts.stall_ms : WEIR_RELAY_WAIT_MS;
    if (source->http != NULL && source->state == WEIR_SOURCE_CONNECTING &&
        now_ms - source->heard_ms >= head_ms) {
        lost(source, false, "its headers do not end");
    }
    if (source->kind == WEIR_SOURCE_HTTP && source->state != WEIR_SOURCE_IDLE &&
        source->state != WEIR_SOURCE_ENDED && now_ms - source->wanted_ms >= WEIR_RELAY_LINGER_MS) {
        release(source);
        weir_source_cut(source, false);
        source->state = WEIR_SOURCE_IDLE;
        source->tries = 0;
    }
}
