#include "core/clock.h"
#include "relay/priv.h"

#include <inttypes.h>

static const char *const states[] = {"idle", "connecting", "live", "pause", "ended"};
static const char *const units[] = {"bytes", "lines", "ts"};

static uint64_t total(
    const struct weir_relay_source *s, uint64_t gone, uint64_t (*of)(const struct weir_conn *c))
{
    for (const struct weir_conn *c = s->clients; c != NULL; c = c->client_next) {
        gone += c->state == WEIR_CONN_STREAM ? of(c) : 0;
    }
    return gone;
}

static uint64_t sent_bytes(const struct weir_conn *c)
{
    return c->reader.taken_bytes;
}

static uint64_t dropped_bytes(const struct weir_conn *c)
{
    return c->reader.dropped_bytes;
}

static uint64_t dropped_units(const struct weir_conn *c)
{
    return c->reader.dropped_units;
}

static int add_client(struct weir_buf *to, const struct weir_conn *c, int64_t now_ms, bool first)
{
    const struct weir_leaky_reader *r = &c->reader;

    return weir_buf_addf(to, NULL,
        "%s{\"address\":\"%s\",\"connected_ms\":%" PRId64 ",\"sent_units\":%" PRIu64
        ",\"sent_bytes\":%" PRIu64 ",\"dropped_units\":%" PRIu64 ",\"dropped_bytes\":%" PRIu64
        ",\"drops\":%" PRIu64 ",\"rate_bytes\":%" PRIu64 ",\"lag_bytes\":%" PRIu64
        ",\"age_ms\":%" PRId64 "}",
        first ? "" : ",", c->address, now_ms - c->begun_ms, weir_leaky_taken_units(r),
        r->taken_bytes, r->dropped_units, r->dropped_bytes, r->drops, c->rate_bytes,
        weir_leaky_lag_bytes(r), weir_leaky_age_ms(r, now_ms));
}

static int add_source(
    struct weir_buf *to, const struct weir_relay_source *s, int64_t now_ms, bool first)
{
    const struct weir_leaky_count *n = weir_leaky_counts(s->ring);
    bool none = true;

    if (weir_buf_addf(to, NULL,
            "%s\"%s\":{\"state\":\"%s\",\"unit\":\"%s\",\"units\":%" PRIu64 ",\"bytes\":%" PRIu64
            ",\"refused_units\":%" PRIu64 ",\"refused_bytes\":%" PRIu64 ",\"rate_bytes\":%" PRIu64
            ",\"connects\":%" PRIu64 ",\"breaks\":%" PRIu64 ",\"served\":%" PRIu64
            ",\"sent_bytes\":%" PRIu64 ",\"dropped_units\":%" PRIu64 ",\"dropped_bytes\":%" PRIu64
            ",\"clients\":[",
            first ? "" : ",", s->opts.name, states[s->state], units[s->opts.leaky.unit], n->units,
            n->bytes, n->refused_units, n->refused_bytes, s->rate_bytes, s->connects, s->breaks,
            s->served, total(s, s->sent_bytes, sent_bytes),
            total(s, s->dropped_units, dropped_units),
            total(s, s->dropped_bytes, dropped_bytes)) != 0) {
        return -1;
    }
    for (const struct weir_conn *c = s->clients; c != NULL; c = c->client_next) {
        if (c->state == WEIR_CONN_STREAM) {
            if (add_client(to, c, now_ms, none) != 0) {
                return -1;
            }
            none = false;
        }
    }
    return weir_buf_adds(to, "]}", NULL);
}

int weir_relay_status(const struct weir_relay *relay, struct weir_buf *to)
{
    int64_t now_ms = weir_clock_mono_ms();

    if (weir_buf_addf(to, NULL, "{\"uptime_ms\":%" PRId64 ",\"connections\":%zu,\"sources\":{",
            now_ms - relay->begun_ms, relay->conns_n) != 0) {
        return -1;
    }
    for (size_t i = 0; i < relay->opts.sources_n; i++) {
        if (add_source(to, &relay->sources[i], now_ms, i == 0) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "}}\n", NULL);
}

struct metric {
    const char *name, *type, *help;
    uint64_t (*value)(const struct weir_relay_source *s);
};

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
    return total(s, s->sent_bytes, sent_bytes);
}
static uint64_t m_dropped_units(const struct weir_relay_source *s)
{
    return total(s, s->dropped_units, dropped_units);
}
static uint64_t m_dropped_bytes(const struct weir_relay_source *s)
{
    return total(s, s->dropped_bytes, dropped_bytes);
}
static uint64_t m_breaks(const struct weir_relay_source *s)
{
    return s->breaks;
}
static uint64_t m_served(const struct weir_relay_source *s)
{
    return s->served;
}

int weir_relay_metrics(const struct weir_relay *relay, struct weir_buf *to)
{
    static const struct metric metrics[] = {
        {"up", "gauge", "Whether the source sends.", m_up},
        {"clients", "gauge", "Clients that are connected.", m_clients},
        {"clients_total", "counter", "Clients that were served.", m_served},
        {"source_units_total", "counter", "Units that came from the source.", m_units},
        {"source_bytes_total", "counter", "Bytes of these units.", m_bytes},
        {"source_breaks_total", "counter", "Times that the source broke off.", m_breaks},
        {"sent_bytes_total", "counter", "Bytes sent to clients.", m_sent},
        {"dropped_units_total", "counter", "Units that clients were too slow for.",
            m_dropped_units},
        {"dropped_bytes_total", "counter", "Bytes of these units.", m_dropped_bytes},
    };

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

/* One page, no file beside it: it asks for status.json every second. Everything that comes from
 * there is put in as text. */
const char weir_relay_page[] =
    "<!doctype html><html lang=en><meta charset=utf-8><title>weir relay</title>\n"
    "<meta name=viewport content='width=device-width'>\n"
    "<style>body{font:14px system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;"
    "color:#222}\n"
    "table{border-collapse:collapse;width:100%}td,th{text-align:right;padding:.2em .6em;"
    "border-bottom:1px solid #ddd}\n"
    "td:first-child,th:first-child{text-align:left}h2{margin:1.5em 0 .2em}canvas{width:100%;"
    "height:60px;background:#f6f6f6}\n"
    ".bad{color:#b00}#err{color:#b00}</style>\n"
    "<h1>weir relay</h1><p id=err></p><div id=all></div>\n"
    "<script>\n"
    "const seen={},f=n=>{let u=['B','kB','MB','GB','TB'],i=0;while(n>=999.5&&i<4){n/=1000;i++}"
    "return n.toFixed(i?1:0)+' '+u[i]};\n"
    "function el(p,t,x){const e=document.createElement(t);if(x!==undefined)e.textContent=x;"
    "p.appendChild(e);return e}\n"
    "function graph(c,v){const g=c.getContext('2d'),w=c.width=600,h=c.height=60,m=Math.max(1,"
    "...v);g.strokeStyle='#27c';\n"
    "g.beginPath();v.forEach((y,i)=>{const X=i*w/119,Y=h-2-y/m*(h-4);i?g.lineTo(X,Y):g.moveTo(X,"
    "Y)});g.stroke()}\n"
    "async function turn(){try{const s=await(await fetch('status.json')).json();\n"
    "const d=document.createElement('div');\n"
    "for(const[n,x]of Object.entries(s.sources)){const v=seen[n]=(seen[n]||[]).concat(x."
    "rate_bytes).slice(-120);\n"
    "el(d,'h2',n+' \\u2014 '+x.state);\n"
    "el(d,'p',f(x.rate_bytes)+'/s in, '+x.clients.length+' clients, '+x.units+' '+x.unit+', "
    "dropped '+x.dropped_units+' ('+f(x.dropped_bytes)+')');\n"
    "graph(el(d,'canvas'),v);\n"
    "const t=el(d,'table'),r=el(t,'tr');for(const h of['client','rate','sent','dropped','lag',"
    "'age'])el(r,'th',h);\n"
    "for(const c of x.clients.slice(0,200)){const r=el(t,'tr');el(r,'td',c.address);el(r,'td',"
    "f(c.rate_bytes)+'/s');\n"
    "el(r,'td',f(c.sent_bytes));el(r,'td',c.dropped_units+' ('+f(c.dropped_bytes)+')').className="
    "c.dropped_units?'bad':'';\n"
    "el(r,'td',f(c.lag_bytes));el(r,'td',c.age_ms+' ms')}}\n"
    "document.getElementById('all').replaceChildren(d);document.getElementById('err').textContent="
    "''}\n"
    "catch(e){document.getElementById('err').textContent='the relay does not answer'}\n"
    "setTimeout(turn,1000)}turn()\n"
    "</script></html>\n";
