#include "core/clock.h"
#include "json/quote.h"
#include "relay/priv.h"
#include "relay/wish.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>

static const char *const states[] = {"idle", "connecting", "live", "pause", "ended"};
static const char *const units[] = {"bytes", "lines", "ts"};

#define ADDRESS_BYTES (INET6_ADDRSTRLEN + 10)

static void address_text(const struct sockaddr_in6 *peer, char ret[ADDRESS_BYTES])
{
    bool v4 = IN6_IS_ADDR_V4MAPPED(&peer->sin6_addr) != 0;
    char host[INET6_ADDRSTRLEN] = "?";

    (void)inet_ntop(v4 ? AF_INET : AF_INET6,
        v4 ? (const void *)(peer->sin6_addr.s6_addr + 12) : &peer->sin6_addr, host, sizeof host);
    (void)snprintf(
        ret, ADDRESS_BYTES, v4 ? "%s:%u" : "[%s]:%u", host, (unsigned)ntohs(peer->sin6_port));
}

static int add_client(struct weir_buf *to, const struct weir_conn *c, int64_t now_ms, bool first)
{
    const struct weir_leaky_reader *r = &c->reader;
    char address[ADDRESS_BYTES];

    address_text(&c->peer, address);
    return weir_buf_addf(to, NULL,
        "%s{\"address\":\"%s\",\"policy\":\"%s\",\"connected_ms\":%" PRId64
        ",\"sent_units\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"dropped_units\":%" PRIu64
        ",\"dropped_bytes\":%" PRIu64 ",\"drops\":%" PRIu64 ",\"rate_bytes\":%" PRIu64
        ",\"lag_bytes\":%" PRIu64 ",\"unread_bytes\":%" PRIu64 ",\"age_ms\":%" PRId64 "}",
        first ? "" : ",", address, weir_relay_policies[r->wish.policy], now_ms - c->begun_ms,
        weir_leaky_taken_units(r), r->taken_bytes, r->dropped_units, r->dropped_bytes, r->drops,
        c->rate_bytes, weir_leaky_lag_bytes(r), weir_unread_bytes(&c->unread, c->written),
        weir_client_age_ms(c, now_ms));
}

/* Those that have lost something, or the others. */
static int add_clients(struct weir_buf *to, const struct weir_relay_source *s, int64_t now_ms,
    bool lost, uint64_t most, uint64_t *n)
{
    for (const struct weir_conn *c = s->clients; c != NULL && *n < most; c = c->client_next) {
        if (c->state == WEIR_CONN_STREAM && (c->reader.drops > 0) == lost) {
            if (add_client(to, c, now_ms, *n == 0) != 0) {
                return -1;
            }
            ++*n;
        }
    }
    return 0;
}

/* What clients that are there and clients that have gone make together. */
struct sums {
    uint64_t sent_bytes, dropped_units, dropped_bytes, rate_bytes, streaming;
};

static struct sums sums_of(const struct weir_relay_source *s)
{
    struct sums n = {s->sent_bytes, s->dropped_units, s->dropped_bytes, 0, 0};

    for (const struct weir_conn *c = s->clients; c != NULL; c = c->client_next) {
        if (c->state == WEIR_CONN_STREAM) {
            n.sent_bytes += c->reader.taken_bytes;
            n.dropped_units += c->reader.dropped_units;
            n.dropped_bytes += c->reader.dropped_bytes;
            n.rate_bytes += c->rate_bytes;
            n.streaming++;
        }
    }
    return n;
}

static int add_source(struct weir_buf *to, const struct weir_relay_source *s, int64_t now_ms,
    uint64_t most, bool first)
{
    const struct weir_leaky_count *c = weir_leaky_counts(s->ring);
    struct sums n = sums_of(s);
    uint64_t listed = 0;

    if (weir_buf_addf(to, NULL, "%s\"%s\":{\"state\":\"%s\",\"unit\":\"%s\",\"content_type\":",
            first ? "" : ",", s->opts.name, states[s->state], units[s->opts.leaky.unit]) != 0 ||
        weir_json_quote(to, s->content_type, NULL) != 0 ||
        weir_buf_addf(to, NULL,
            ",\"units\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"refused_units\":%" PRIu64
            ",\"refused_bytes\":%" PRIu64 ",\"rate_bytes\":%" PRIu64 ",\"connects\":%" PRIu64
            ",\"breaks\":%" PRIu64 ",\"served\":%" PRIu64 ",\"given_up\":%" PRIu64
            ",\"streaming\":%" PRIu64 ",\"sent_bytes\":%" PRIu64 ",\"sent_rate_bytes\":%" PRIu64
            ",\"dropped_units\":%" PRIu64 ",\"dropped_bytes\":%" PRIu64 ",\"clients\":[",
            c->units, c->bytes, c->refused_units, c->refused_bytes, s->rate_bytes, s->connects,
            s->breaks, s->served, s->given_up, n.streaming, n.sent_bytes, n.rate_bytes,
            n.dropped_units, n.dropped_bytes) != 0 ||
        add_clients(to, s, now_ms, true, most, &listed) != 0 ||
        add_clients(to, s, now_ms, false, most, &listed) != 0) {
        return -1;
    }
    return weir_buf_adds(to, "]}", NULL);
}

/* clients=N, or as many as there are. */
static uint64_t most_clients(struct weir_str query)
{
    static const char name[] = "clients=";
    const size_t len = sizeof name - 1;
    uint64_t n = 0;

    if (query.len <= len || query.len > len + 9 || memcmp(query.p, name, len) != 0) {
        return UINT64_MAX;
    }
    for (size_t i = len; i < query.len; i++) {
        if (query.p[i] < '0' || query.p[i] > '9') {
            return UINT64_MAX;
        }
        n = n * 10 + (uint64_t)(query.p[i] - '0');
    }
    return n;
}

int weir_relay_status(const struct weir_relay *relay, struct weir_str query, struct weir_buf *to)
{
    int64_t now_ms = weir_clock_mono_ms();

    if (weir_buf_addf(to, NULL, "{\"uptime_ms\":%" PRId64 ",\"connections\":%zu,\"sources\":{",
            now_ms - relay->begun_ms, relay->conns_n) != 0) {
        return -1;
    }
    for (size_t i = 0; i < relay->opts.sources_n; i++) {
        if (add_source(to, &relay->sources[i], now_ms, most_clients(query), i == 0) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "}}\n", NULL);
}

/* ---- Prometheus ---- */

static uint64_t m_up(const struct weir_relay_source *s)
{
    return s->state == WEIR_SOURCE_LIVE;
}
static uint64_t m_clients(const struct weir_relay_source *s)
{
    return s->clients_n;
}
static uint64_t m_units(const struct weir_relay_source *s)
{
    return weir_leaky_counts(s->ring)->units;
}
static uint64_t m_bytes(const struct weir_relay_source *s)
{
    return weir_leaky_counts(s->ring)->bytes;
}
static uint64_t m_sent(const struct weir_relay_source *s)
{
    return sums_of(s).sent_bytes;
}
static uint64_t m_dropped_units(const struct weir_relay_source *s)
{
    return sums_of(s).dropped_units;
}
static uint64_t m_dropped_bytes(const struct weir_relay_source *s)
{
    return sums_of(s).dropped_bytes;
}
static uint64_t m_breaks(const struct weir_relay_source *s)
{
    return s->breaks;
}
static uint64_t m_served(const struct weir_relay_source *s)
{
    return s->served;
}
static uint64_t m_given_up(const struct weir_relay_source *s)
{
    return s->given_up;
}

int weir_relay_metrics(const struct weir_relay *relay, struct weir_str query, struct weir_buf *to)
{
    static const struct {
        const char *name, *type, *help;
        uint64_t (*value)(const struct weir_relay_source *s);
    } metrics[] = {
        {"up", "gauge", "Whether the source sends.", m_up},
        {"clients", "gauge", "Clients that are connected.", m_clients},
        {"clients_total", "counter", "Clients that were served.", m_served},
        {"clients_given_up_total", "counter", "Clients closed because they lagged or read nothing.",
            m_given_up},
        {"source_units_total", "counter", "Units that came from the source.", m_units},
        {"source_bytes_total", "counter", "Bytes of these units.", m_bytes},
        {"source_breaks_total", "counter", "Times that the source broke off.", m_breaks},
        {"sent_bytes_total", "counter", "Bytes sent to clients.", m_sent},
        {"dropped_units_total", "counter", "Units that clients were too slow for.",
            m_dropped_units},
        {"dropped_bytes_total", "counter", "Bytes of these units.", m_dropped_bytes},
    };

    (void)query;
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        if (weir_buf_addf(to, NULL, "# HELP weir_relay_%s %s\n# TYPE weir_relay_%s %s\n",
                metrics[m].name, metrics[m].help, metrics[m].name, metrics[m].type) != 0) {
            return -1;
        }
        for (size_t i = 0; i < relay->opts.sources_n; i++) {
            const struct weir_relay_source *s = &relay->sources[i];
            if (weir_buf_addf(to, NULL, "weir_relay_%s{source=\"%s\"} %" PRIu64 "\n",
                    metrics[m].name, s->opts.name, metrics[m].value(s)) != 0) {
                return -1;
            }
        }
    }
    return 0;
}
