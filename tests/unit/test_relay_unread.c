/*
 * Does a client get nothing older than it may be, and does nobody who reads fast notice? A source,
 * a relay that looks as client.c does, and a machine with a receive buffer are played millisecond
 * by millisecond.
 */
#include "core/limits.h"
#include "relay/unread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define AGE_MS 2000
#define MOST_MS 1000
#define TICK_MS 10
#define END_MS 30000

struct play {
    const char *name;
    uint64_t source_rate, reader_rate; /* bytes a second */
    int reads_every_ms;
    uint64_t window; /* the receive buffer; at first it tells half of it */
    uint64_t grain;  /* memory is given back when so much is read */
    int rtt_ms;
    int stops_ms, starts_ms; /* the reader pauses meanwhile */
    int shrinks_ms;          /* from then on, the window is a third smaller */
};

struct result {
    uint64_t read, dropped;
    uint64_t late_dropped;    /* after the first five seconds */
    int64_t age_max_ms;       /* of what is read, after the first five seconds */
    int64_t first_age_max_ms; /* and in these */
    uint64_t unread_stopped;  /* what is written while it does not read */
};

struct world {
    const struct play *play;
    struct weir_unread u;
    struct weir_unread_tcp tcp;
    uint64_t made, pos;              /* of the source; the relay's cursor for this client */
    uint64_t written, arrived, read; /* bytes of the connection */
    uint64_t empty;                  /* the receive buffer was empty there; blocks begin there */
    uint64_t told;                   /* the window's end */
    uint64_t in_flight[256];         /* bytes on the way, by when they arrive */
    int32_t *made_ms;                /* of each KiB of the connection: when it was made */
};

static uint64_t size_of_window(const struct world *w, int ms)
{
    uint64_t size = w->play->window;

    if (w->play->shrinks_ms > 0 && ms >= w->play->shrinks_ms) {
        size -= size / 3;
    }
    /* It grows with the first bytes that come. */
    return w->arrived > 131072 || 65535 + w->arrived > size ? size : 65535 + w->arrived;
}

static uint64_t window_now(const struct world *w, int ms)
{
    uint64_t grain = w->play->grain;
    uint64_t freed = w->empty + (w->read - w->empty) / grain * grain;
    uint64_t used = w->arrived - freed, size = size_of_window(w, ms);

    return (size > used ? size - used : 0) / 1024 * 1024;
}

static void tell(struct world *w, int ms)
{
    uint64_t edge = w->arrived + window_now(w, ms);

    w->told = edge > w->told ? edge : w->told; /* it is never taken back */
    w->tcp.acked = w->arrived;
    w->tcp.window = (uint32_t)(w->told - w->arrived);
}

static void deliver(struct world *w, int ms)
{
    uint64_t n = w->in_flight[ms % 256];

    w->in_flight[ms % 256] = 0;
    if (n > 0) {
        w->arrived += n;
        tell(w, ms);
    }
}

static void reader(struct world *w, int ms, struct result *r)
{
    const struct play *p = w->play;

    if ((p->stops_ms > 0 && ms >= p->stops_ms && ms < p->starts_ms) ||
        ms % p->reads_every_ms != 0) {
        return;
    }
    uint64_t share = p->reader_rate * (uint64_t)p->reads_every_ms / 1000;
    uint64_t n = w->arrived - w->read < share ? w->arrived - w->read : share;
    for (uint64_t at = w->read; at < w->read + n; at += 64) {
        int64_t age = ms - w->made_ms[at / 64];
        int64_t *most = ms < 5000 ? &r->first_age_max_ms : &r->age_max_ms;
        *most = age > *most ? age : *most;
    }
    uint64_t window = w->told - w->arrived;
    w->read += n;
    w->empty = w->read == w->arrived ? w->read : w->empty;
    r->read += n;
    /* As Linux does: when the window can be twice as large, and was less than half. */
    if (2 * window <= size_of_window(w, ms) && window_now(w, ms) >= 2 * window && n > 0) {
        tell(w, ms);
    }
}

/* The ring lets go of what has waited too long. */
static void keep(struct world *w, int ms, uint64_t room, struct result *r)
{
    uint64_t waits = w->made - w->pos;
    int64_t wait_ms = weir_unread_wait_ms(
        &w->u, room > 0 ? w->written : w->u.read, waits < room ? waits : room, AGE_MS);
    uint64_t bytes = w->play->source_rate * (uint64_t)wait_ms / 1000;

    if (w->made > bytes && w->pos < w->made - bytes) {
        r->dropped += w->made - bytes - w->pos;
        r->late_dropped += ms >= 5000 ? w->made - bytes - w->pos : 0;
        w->pos = w->made - bytes;
    }
}

static void relay(struct world *w, int ms, struct result *r)
{
    if (ms % TICK_MS != 0) {
        return;
    }
    for (;;) {
        if (weir_unread_due(&w->u, w->written, ms)) {
            weir_unread_look(&w->u, &w->tcp, w->written, ms);
        }
        uint64_t room = weir_unread_room(&w->u, w->written, ms);

        keep(w, ms, room, r);
        uint64_t waits = w->made - w->pos;
        uint64_t can = w->told > w->written ? w->told - w->written : 0; /* no send buffer */
        uint64_t n = waits < room ? waits : room;

        n = n < can ? n : can;
        if (n == 0) {
            return;
        }
        for (uint64_t k = w->written / 64; k <= (w->written + n - 1) / 64; k++) {
            uint64_t at = k * 64 > w->written ? k * 64 - w->written : 0;
            w->made_ms[k] = (int32_t)((w->pos + at) * 1000 / w->play->source_rate);
        }
        w->in_flight[(ms + (w->play->rtt_ms > 0 ? w->play->rtt_ms : 1)) % 256] += n;
        w->pos += n;
        w->written += n;
        weir_unread_wrote(&w->u, ms);
        if (w->play->stops_ms > 0 && ms >= w->play->stops_ms && ms < w->play->starts_ms) {
            r->unread_stopped += n;
        }
    }
}

static struct result play(const struct play *p)
{
    struct world *w = calloc(1, sizeof *w);
    struct result r = {0};

    assert_non_null(w);
    w->play = p;
    w->made_ms = calloc(p->source_rate * END_MS / 1000 / 64 + 4096, sizeof *w->made_ms);
    assert_non_null(w->made_ms);
    w->told = 65535;
    w->tcp = (struct weir_unread_tcp){.window = 65535, .rtt_us = (uint32_t)p->rtt_ms * 1000};
    weir_unread_begin(&w->u, MOST_MS, p->source_rate, 0);
    for (int ms = 1; ms < END_MS; ms++) {
        w->made = p->source_rate * (uint64_t)ms / 1000;
        deliver(w, ms);
        reader(w, ms, &r);
        relay(w, ms, &r);
    }
    free(w->made_ms);
    free(w);
    return r;
}

static void who_reads_slowly_reads_nothing_that_is_too_old(void **state)
{
    static const struct play plays[] = {
        {"a tenth", 500000, 50000, 100, 131072, 1, 0, 0, 0, 0},
        {"a tenth, in blocks", 500000, 50000, 100, 110000, 65536, 0, 0, 0, 0},
        {"a tenth, in smaller blocks", 500000, 50000, 100, 110000, 20000, 0, 0, 0, 0},
        {"a tenth of much", 5000000, 500000, 100, 131072, 65536, 0, 0, 0, 0},
        {"a hundredth of much", 5000000, 50000, 100, 131072, 65536, 0, 0, 0, 0},
        {"a tenth, far away", 500000, 50000, 100, 131072, 65536, 150, 0, 0, 0},
        {"a tenth, evenly", 500000, 50000, 5, 131072, 65536, 20, 0, 0, 0},
        {"nearly all", 500000, 450000, 100, 262144, 65536, 20, 0, 0, 0},
        {"a window that shrinks", 500000, 50000, 100, 131072, 20000, 0, 0, 0, 10000},
        {"a tenth, seldom", 500000, 50000, 300, 131072, 1, 20, 0, 0, 0},
        {"a tenth of much, in a large window", 5000000, 500000, 100, 3000000, 65536, 0, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        const struct play *p = &plays[i];
        struct result r = play(p);

        if (r.age_max_ms > 2000 || r.first_age_max_ms > 2700 ||
            r.read < p->reader_rate * END_MS / 1000 * 7 / 10) {
            fail_msg("%s: %lld ms old at first, %lld ms later, %llu bytes read of %llu", p->name,
                (long long)r.first_age_max_ms, (long long)r.age_max_ms, (unsigned long long)r.read,
                (unsigned long long)(p->reader_rate * END_MS / 1000));
        }
        assert_true(r.dropped > 0);
    }
}

static void who_reads_fast_loses_nothing(void **state)
{
    static const struct play plays[] = {
        {"near", 500000, 10000000, 1, 131072, 1, 0, 0, 0, 0},
        {"near, and much", 5000000, 100000000, 1, 131072, 65536, 0, 0, 0, 0},
        {"far away", 500000, 10000000, 1, 262144, 1448, 150, 0, 0, 0},
        {"every 80 ms", 500000, 10000000, 80, 262144, 65536, 20, 0, 0, 0},
        {"little, and a window that never grows", 16000, 1000000, 10, 65535, 1448, 20, 0, 0, 0},
        {"that pauses for a second", 500000, 10000000, 1, 131072, 65536, 20, 10000, 11000, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        const struct play *p = &plays[i];
        struct result r = play(p);

        if (r.dropped > 0 || r.read < p->source_rate * END_MS / 1000 * 9 / 10) {
            fail_msg("%s: %llu bytes lost, %llu read", p->name, (unsigned long long)r.dropped,
                (unsigned long long)r.read);
        }
    }
}

/* That it reads all is to be found out first, which may cost it a second or two. */
static void who_reads_fast_but_seldom_loses_next_to_nothing(void **state)
{
    static const struct play plays[] = {
        {"every 300 ms", 500000, 100000000, 300, 3000000, 65536, 0, 0, 0, 0},
        {"every 600 ms", 500000, 100000000, 600, 3000000, 65536, 0, 0, 0, 0},
        {"every 600 ms, a smooth window", 500000, 100000000, 600, 3000000, 1, 0, 0, 0, 0},
        {"every 600 ms, far away", 500000, 100000000, 600, 3000000, 65536, 150, 0, 0, 0},
        {"every 600 ms, much", 5000000, 100000000, 600, 6000000, 65536, 0, 0, 0, 0},
        {"every 600 ms, twice as fast", 500000, 1000000, 600, 3000000, 65536, 20, 0, 0, 0},
        {"every 900 ms", 500000, 100000000, 900, 3000000, 65536, 20, 0, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++) {
        const struct play *p = &plays[i];
        struct result r = play(p);

        if (r.dropped > p->source_rate * 5 / 2 || r.late_dropped > p->source_rate * 3 / 2 ||
            r.age_max_ms > 2000) {
            fail_msg("%s: %llu bytes lost, %llu of them late; %lld ms old", p->name,
                (unsigned long long)r.dropped, (unsigned long long)r.late_dropped,
                (long long)r.age_max_ms);
        }
    }
}

static void who_has_stopped_is_sent_little_and_goes_on_with_what_is_new(void **state)
{
    static const struct play p = {
        "stops", 500000, 10000000, 1, 6000000, 65536, 20, 10000, 20000, 0};
    struct result r = play(&p);

    (void)state;
    assert_true(
        r.unread_stopped < 1250000); /* of five million, all of which the window would take */
    assert_true(r.read >= p.source_rate * 19); /* nearly all of the other twenty seconds */
}

/* Its end is not taken back, so it only becomes smaller with what comes, as if nobody read that. */
static void a_window_that_shrinks_under_a_fast_reader_is_found_out(void **state)
{
    static const struct play p = {"shrinks", 500000, 10000000, 1, 1000000, 1, 20, 0, 0, 5000};
    struct result r = play(&p);

    (void)state;
    assert_true(r.read >= p.source_rate * 23); /* a few seconds of thirty are lost over it */
}

static void where_tcp_does_not_tell_nobody_is_held_back(void **state)
{
    struct weir_unread u;
    uint64_t written = 0;

    (void)state;
    weir_unread_begin(&u, MOST_MS, 0, 0);
    for (int64_t ms = 0; ms < 10000; ms += 10) {
        if (weir_unread_due(&u, written, ms)) {
            weir_unread_look(&u, NULL, written, ms);
        }
        size_t room = weir_unread_room(&u, written, ms);
        assert_true(room > 0);
        written += room;
        weir_unread_wrote(&u, ms);
    }
    assert_int_equal(weir_unread_age_ms(&u, written), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_reads_slowly_reads_nothing_that_is_too_old),
        cmocka_unit_test(who_reads_fast_loses_nothing),
        cmocka_unit_test(who_reads_fast_but_seldom_loses_next_to_nothing),
        cmocka_unit_test(who_has_stopped_is_sent_little_and_goes_on_with_what_is_new),
        cmocka_unit_test(a_window_that_shrinks_under_a_fast_reader_is_found_out),
        cmocka_unit_test(where_tcp_does_not_tell_nobody_is_held_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
