/*
 * The connections. A link goes
 *
 *     none -> connecting -> idle -> sending -> finishing -> confirming -> none    lines
 *                             ^________________________________|                  Lumberjack
 *
 * and from any of them back to none when it fails, with its unit back at the front of the queue.
 * Nothing here is called back: weir_tcp_pool_step asks each link, as often as the loop turns.
 */
#include "net/tcp_pool.h"

#include "core/clock.h"
#include "core/hostport.h"
#include "net/tcp_priv.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the address ---- */

int weir_tcp_target_parse(const char *url, struct weir_tcp_target *ret, struct weir_err *err)
{
    static const struct {
        const char *scheme;
        enum weir_tcp_protocol protocol;
        bool tls;
    } schemes[] = {{"tcp://", WEIR_TCP_LINES, false}, {"tls://", WEIR_TCP_LINES, true},
        {"lumberjack://", WEIR_TCP_LUMBERJACK, false},
        {"lumberjack+tls://", WEIR_TCP_LUMBERJACK, true}};
    const char *host = NULL, *why = NULL;
    struct weir_hostport at;

    *ret = (struct weir_tcp_target){0};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && host == NULL; i++) {
        const size_t n = strlen(schemes[i].scheme);
        if (strncmp(url, schemes[i].scheme, n) == 0) {
            host = url + n;
            ret->protocol = schemes[i].protocol;
            ret->tls = schemes[i].tls;
        }
    }
    if (host == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%.60s: must begin with tcp://, tls://, lumberjack:// or lumberjack+tls://", url);
    }
    if (!weir_hostport_parse(host, -1, &at, &why) || at.port == 0) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "%.60s: %s", url, why != NULL ? why : "must end with :PORT");
    }
    if (at.host[0] == '\0' || strchr(at.host, '/') != NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "%.60s: has no host", url);
    }
    (void)snprintf(ret->host, sizeof ret->host, "%s", at.host);
    (void)snprintf(ret->port, sizeof ret->port, "%u", at.port);
    return 0;
}

/* ---- the pool ---- */

struct weir_tcp_pool *weir_tcp_pool_new(
    struct weir_loop *loop, const struct weir_tcp_opts *opts, struct weir_err *err)
{
    struct weir_tcp_pool *pool = calloc(1, sizeof *pool);

    assert(opts->connections >= 1 && opts->connections <= WEIR_TCP_CONNECTIONS_MAX);
    if (pool == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "tcp: out of memory");
        return NULL;
    }
    pool->loop = loop;
    pool->opts = *opts;
    pool->pause_ms = WEIR_TCP_PAUSE_MS;
    pool->wake = weir_wake_new(loop, err);
    if (pool->wake == NULL) {
        free(pool);
        return NULL;
    }
    return pool;
}

static void close_link(struct weir_tcp_link *link)
{
    weir_tcp_conn_free(link->conn);
    *link = (struct weir_tcp_link){0};
}

void weir_tcp_pool_free(struct weir_tcp_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    assert(pool->sink == NULL);
    for (size_t i = 0; i < pool->opts.connections; i++) {
        close_link(&pool->links[i]);
    }
    weir_wake_free(pool->wake);
    free(pool);
}

const struct weir_tcp_counts *weir_tcp_pool_counts(const struct weir_tcp_pool *pool)
{
    return &pool->counts;
}

void weir_tcp_pool_queue(struct weir_tcp_pool *pool, struct weir_tcp_unit *unit, bool front)
{
    struct weir_tcp_unit **at = &pool->queue;

    while (!front && *at != NULL) {
        at = &(*at)->next;
    }
    unit->next = *at;
    *at = unit;
}

void weir_tcp_pool_drop(struct weir_tcp_pool *pool)
{
    for (size_t i = 0; i < pool->opts.connections; i++) {
        if (pool->links[i].unit != NULL) {
            close_link(&pool->links[i]);
        }
    }
    pool->queue = NULL;
}

/* ---- failures ---- */

static void remember(struct weir_tcp_counts *c, const char *msg)
{
    if (c->errors_n > 0 && strncmp(c->errors[c->errors_n - 1], msg, sizeof c->errors[0] - 1) == 0) {
        return;
    }
    if (c->errors_n == WEIR_TCP_ERRORS) {
        memmove(c->errors[0], c->errors[1], (WEIR_TCP_ERRORS - 1) * sizeof c->errors[0]);
        c->errors_n--;
    }
    (void)snprintf(c->errors[c->errors_n++], sizeof c->errors[0], "%.127s", msg);
}

/* The unit goes back to be sent again, but for the lines that are known to have arrived. */
static void take_back(struct weir_tcp_pool *pool, struct weir_tcp_unit *unit)
{
    if (unit->acked > 0) {
        weir_buf_drop(
            &unit->data, weir_lumberjack_renumber(unit->data.p, unit->data.len, unit->acked));
        unit->first += unit->acked;
        unit->lines -= unit->acked;
        unit->acked = 0;
    }
    weir_tcp_pool_queue(pool, unit, true);
}

static void fail_link(
    struct weir_tcp_pool *pool, struct weir_tcp_link *link, const char *why, int64_t now_ms)
{
    const struct weir_err *broke = weir_tcp_conn_err(link->conn);

    pool->last = (struct weir_err){0};
    if (broke->code != WEIR_OK) {
        pool->last = *broke;
    } else {
        weir_err_set(&pool->last, WEIR_E_NET, "tcp: %.120s:%s: %s", pool->opts.target.host,
            pool->opts.target.port, why);
    }
    remember(&pool->counts, pool->last.msg);
    pool->counts.failed++;
    pool->failures++;
    pool->retry_at_ms = now_ms + pool->pause_ms;
    pool->pause_ms =
        pool->pause_ms * 2 < WEIR_TCP_PAUSE_MAX_MS ? pool->pause_ms * 2 : WEIR_TCP_PAUSE_MAX_MS;
    if (link->unit != NULL) {
        take_back(pool, link->unit);
    }
    close_link(link);
}

static bool hopeless(const struct weir_tcp_pool *pool, int64_t now_ms)
{
    if (pool->failures > 0 &&
        (pool->last.code == WEIR_E_CONFIG || pool->last.code == WEIR_E_REMOTE)) {
        return true; /* no other try can help: a certificate is not what it should be */
    }
    return pool->failures >= WEIR_TCP_FAILURES_MIN && pool->opts.patience_ms != INT64_MAX &&
           now_ms - pool->good_ms >= pool->opts.patience_ms;
}

/* ---- one connection ---- */

static void acked(
    struct weir_tcp_pool *pool, struct weir_tcp_link *link, uint32_t lines, int64_t now_ms)
{
    struct weir_tcp_unit *unit = link->unit;

    pool->counts.confirmed += lines - unit->acked;
    unit->acked = lines;
    pool->failures = 0;
    pool->pause_ms = WEIR_TCP_PAUSE_MS;
    pool->good_ms = now_ms;
    weir_tcp_sink_acked(pool->sink, unit);
}

/* Take what the receiver answers. Returns 1 when the whole unit is confirmed, 0 not yet, -1 with
 * *why set. *again_ms is set to 0 when there may be more at once. */
static int read_answers(struct weir_tcp_pool *pool, struct weir_tcp_link *link, int64_t now_ms,
    int64_t *again_ms, const char **why)
{
    uint8_t bytes[1024];
    ptrdiff_t n;

    for (size_t read = 0; (n = weir_tcp_conn_read(link->conn, bytes, sizeof bytes)) > 0;) {
        for (size_t used = 0; weir_tcp_is_lumberjack(pool) && used < (size_t)n;) {
            uint32_t seq = 0;
            const int rc = weir_lumberjack_answer(&link->answer, bytes, (size_t)n, &used, &seq);
            /* The last event is on its way only when all is written. */
            const uint32_t most =
                link->unit == NULL ? 0 : link->unit->lines - (link->state == LINK_SENDING ? 1 : 0);
            if (rc < 0 || (rc > 0 && seq > most)) {
                *why = "an answer that is not Lumberjack's";
                return -1;
            }
            if (rc > 0) {
                link->moved_ms = now_ms; /* 0 as well: it is at work */
                if (link->unit != NULL && seq > link->unit->acked) {
                    acked(pool, link, seq, now_ms);
                }
            }
        }
        if (link->unit != NULL && link->unit->acked == link->unit->lines) {
            return 1;
        }
        read += (size_t)n;
        if (read >= WEIR_TCP_READ_BYTES) {
            *again_ms = 0;
            return 0;
        }
    }
    if (n == WEIR_TCP_CONN_EOF) {
        *why = "the peer closed before everything was confirmed";
        return -1;
    }
    return n == WEIR_TCP_CONN_FAILED ? -1 : 0;
}

/* Returns 1 when all is with the kernel, 0 not yet, -1 failed. */
static int write_unit(struct weir_tcp_pool *pool, struct weir_tcp_link *link, int64_t now_ms)
{
    const struct weir_tcp_unit *unit = link->unit;
    const struct weir_buf *body = unit->small.len > 0 ? &unit->small : &unit->data;
    const size_t head = weir_tcp_is_lumberjack(pool) ? sizeof link->head : 0;

    while (link->sent < head + body->len) {
        const bool in_head = link->sent < head;
        const uint8_t *p = in_head ? link->head + link->sent : body->p + (link->sent - head);
        const ptrdiff_t n = weir_tcp_conn_write(
            link->conn, p, in_head ? head - link->sent : head + body->len - link->sent);
        if (n <= 0) {
            return n == WEIR_TCP_CONN_WAIT ? 0 : -1;
        }
        link->sent += (size_t)n;
        link->moved_ms = now_ms;
        pool->counts.bytes += (uint64_t)n;
    }
    return 1;
}

/* Until it can do no more now. *again_ms is lowered to when it has to be asked again. */
static void step_link(
    struct weir_tcp_pool *pool, struct weir_tcp_link *link, int64_t now_ms, int64_t *again_ms)
{
    const char *why = "it broke";
    int rc = 1;

    if (link->state == LINK_CONNECTING) {
        rc = weir_tcp_conn_connect(link->conn, now_ms);
        if (rc == 1) {
            link->state = LINK_IDLE;
            pool->counts.created++;
            return;
        }
    }
    if (link->state == LINK_SENDING) {
        rc = write_unit(pool, link, now_ms);
        if (rc == 1) {
            pool->counts.sent += link->unit->lines;
            link->state = weir_tcp_is_lumberjack(pool) ? LINK_CONFIRMING : LINK_FINISHING;
        }
        /* An answer may come early, and a close that comes before ours confirms nothing. */
        rc = rc >= 0 && read_answers(pool, link, now_ms, again_ms, &why) < 0 ? -1 : rc;
    }
    if (rc == 1 && link->state == LINK_FINISHING) {
        rc = weir_tcp_conn_finish(link->conn);
        link->state = rc == 1 ? LINK_CONFIRMING : link->state;
    }
    if (rc == 1 && link->state == LINK_CONFIRMING) {
        int64_t ms = INT64_MAX;
        rc = weir_tcp_is_lumberjack(pool) ? link->unit->acked == link->unit->lines
                                                ? 1
                                                : read_answers(pool, link, now_ms, &ms, &why)
                                          : weir_tcp_conn_confirm(link->conn, &ms);
        *again_ms = ms < *again_ms ? ms : *again_ms;
        if (rc == 1 && weir_tcp_is_lumberjack(pool)) {
            link->unit = NULL;
            link->state = LINK_IDLE;
        } else if (rc == 1) {
            acked(pool, link, link->unit->lines, now_ms);
            close_link(link);
        }
    }
    if (rc == 0 && link->state != LINK_CONNECTING &&
        now_ms - link->moved_ms >= pool->opts.stall_ms) {
        why = "no confirmation in time";
        rc = -1;
    }
    if (rc < 0) {
        fail_link(pool, link, why, now_ms);
    }
}

/* ---- units to connections ---- */

static int open_link(struct weir_tcp_pool *pool, int64_t now_ms, struct weir_err *err)
{
    struct weir_tcp_link *link = pool->links;

    while (link->state != LINK_NONE) {
        link++;
    }
    const struct weir_tcp_conn_opts opts = {.host = pool->opts.target.host,
        .port = pool->opts.target.port,
        .tls = pool->opts.tls,
        .connect_by_mono_ms = now_ms + pool->opts.connect_ms};
    link->conn = weir_tcp_conn_new(pool->loop, &opts, err);
    if (link->conn == NULL) {
        return -1;
    }
    link->state = LINK_CONNECTING;
    return 0;
}

/* Give the next unit to a connection that is idle, and still there. */
static int begin(
    struct weir_tcp_pool *pool, struct weir_tcp_link *link, int64_t now_ms, struct weir_err *err)
{
    struct weir_tcp_unit *unit = pool->queue;
    const char *why = "the peer closed an idle connection";
    int64_t later_ms; /* what is left is read while the unit is sent */

    if (read_answers(pool, link, now_ms, &later_ms, &why) != 0) {
        if (link->used) { /* a peer that is tired of waiting is no failure */
            close_link(link);
        } else {
            fail_link(pool, link, why, now_ms);
        }
        return 0;
    }
    unit->small.len = 0;
    if (weir_tcp_is_lumberjack(pool)) {
        weir_lumberjack_window(link->head, unit->lines);
        if (pool->opts.compress_level > 0 &&
            weir_lumberjack_compress(
                unit->data.p, unit->data.len, pool->opts.compress_level, &unit->small, err) != 0) {
            return -1;
        }
    }
    pool->queue = unit->next;
    unit->next = NULL;
    pool->counts.reused += link->used;
    pool->counts.resent += unit->tries++ > 0 ? unit->lines : 0;
    link->unit = unit;
    link->sent = 0;
    link->moved_ms = now_ms;
    link->used = true;
    link->state = LINK_SENDING;
    return 0;
}

static size_t count_links(const struct weir_tcp_pool *pool, int state)
{
    size_t n = 0;

    for (size_t i = 0; i < pool->opts.connections; i++) {
        n += (int)pool->links[i].state == state;
    }
    return n;
}

/* One more connection, if there are units for it. After a failure one at a time. */
static bool wants_link(const struct weir_tcp_pool *pool, bool soon, int64_t now_ms)
{
    const size_t connecting = count_links(pool, LINK_CONNECTING),
                 none = count_links(pool, LINK_NONE);
    size_t units = 0;

    for (const struct weir_tcp_unit *u = pool->queue; u != NULL; u = u->next) {
        units++;
    }
    if (units == 0 && soon && none == pool->opts.connections) {
        units = 1;
    }
    return none > 0 && now_ms >= pool->retry_at_ms && connecting < units &&
           !(pool->failures > 0 && connecting > 0);
}

static void arm(struct weir_tcp_pool *pool, int64_t again_ms, int64_t now_ms)
{
    for (size_t i = 0; i < pool->opts.connections; i++) {
        const struct weir_tcp_link *link = &pool->links[i];
        int64_t left = INT64_MAX;
        if (link->state == LINK_CONNECTING) {
            left = weir_tcp_conn_ask_by(link->conn) - now_ms;
        } else if (link->unit != NULL) {
            left = link->moved_ms + pool->opts.stall_ms - now_ms;
        }
        again_ms = left < again_ms ? left : again_ms;
    }
    if (pool->queue != NULL && pool->retry_at_ms > now_ms) {
        const int64_t left = pool->retry_at_ms - now_ms;
        again_ms = left < again_ms ? left : again_ms;
    }
    if (again_ms != INT64_MAX) {
        weir_wake_in(pool->wake, again_ms);
    }
}

int weir_tcp_pool_step(struct weir_tcp_pool *pool, bool soon, int64_t now_ms, struct weir_err *err)
{
    int64_t again_ms = INT64_MAX;
    bool began;

    for (size_t i = 0; i < pool->opts.connections; i++) {
        if (pool->links[i].state != LINK_NONE && pool->links[i].state != LINK_IDLE) {
            step_link(pool, &pool->links[i], now_ms, &again_ms);
        }
    }
    do {
        began = false;
        for (size_t i = 0; i < pool->opts.connections && pool->queue != NULL; i++) {
            struct weir_tcp_link *link = &pool->links[i];
            if (link->state == LINK_IDLE) {
                if (begin(pool, link, now_ms, err) != 0) {
                    return -1;
                }
                if (link->state == LINK_SENDING) {
                    step_link(pool, link, now_ms, &again_ms);
                }
                began = true; /* it may be idle again: look once more */
            }
        }
        if (wants_link(pool, soon, now_ms)) {
            if (open_link(pool, now_ms, err) != 0) {
                return -1;
            }
            began = true;
            for (size_t i = 0; i < pool->opts.connections; i++) {
                if (pool->links[i].state == LINK_CONNECTING) {
                    step_link(pool, &pool->links[i], now_ms, &again_ms);
                }
            }
        }
    } while (began);
    if (hopeless(pool, now_ms)) {
        return weir_err_keep(err, &pool->last);
    }
    arm(pool, again_ms, now_ms);
    return 0;
}
