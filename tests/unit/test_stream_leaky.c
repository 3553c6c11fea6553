/* Does every reader get whole units in order, is every loss counted, and does the writer never
 * wait? */
#include "core/limits.h"
#include "stream/leaky.h"
#include "stream/leaky_priv.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RING 8192
#define TS 188

/* Unit number i, as the tests write it: "i:xxx\n", or a packet with i in it. Returns its length. */
static size_t unit_make(enum weir_leaky_unit unit, uint64_t i, uint8_t *to)
{
    if (unit == WEIR_LEAKY_TS) {
        memset(to, 0xff, TS);
        to[0] = 0x47;
        to[3] = i % 50 == 0 ? 0x30 : 0x10;
        to[4] = 1;
        to[5] = 0x40;
        memcpy(to + 8, &i, sizeof i);
        return TS;
    }
    int n = snprintf((char *)to, 32, "%llu:", (unsigned long long)i);
    size_t len = (size_t)n, more = (size_t)(i * 7919 % 300);
    memset(to + len, 'x', more);
    to[len + more] = '\n';
    return len + more + 1;
}

/* What one reader has got, checked as it comes. */
struct ear {
    struct weir_leaky_reader reader;
    enum weir_leaky_unit unit;
    uint8_t part[1024];
    size_t part_len;
    uint64_t units, bytes, last; /* last: number of the last unit, + 1 */
    uint64_t skipped;            /* units between those that came */
};

static void hear_unit(struct ear *e, const uint8_t *p, size_t n)
{
    uint8_t want[1024];
    uint64_t i = 0;

    if (e->unit == WEIR_LEAKY_TS) {
        memcpy(&i, p + 8, sizeof i);
    } else {
        i = strtoull((const char *)p, NULL, 10);
    }
    assert_int_equal(unit_make(e->unit, i, want), n);
    assert_memory_equal(p, want, n);
    assert_true(i >= e->last); /* in order, none twice */
    e->skipped += i - e->last;
    e->last = i + 1;
    e->units++;
}

static void hear(struct ear *e, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        e->part[e->part_len++] = p[i];
        if (e->unit == WEIR_LEAKY_TS ? e->part_len == TS : p[i] == '\n') {
            hear_unit(e, e->part, e->part_len);
            e->part_len = 0;
        }
    }
    e->bytes += n;
}

/* Take up to n bytes of what waits. */
static size_t drain(struct ear *e, size_t n, int64_t now_ms)
{
    size_t got = 0;
    struct iovec piece[2];

    while (got < n && weir_leaky_peek(&e->reader, now_ms, piece) > 0) {
        size_t take = piece[0].iov_len < n - got ? piece[0].iov_len : n - got;
        hear(e, piece[0].iov_base, take);
        weir_leaky_take(&e->reader, take);
        got += take;
    }
    return got;
}

struct load {
    const char *name;
    enum weir_leaky_unit unit;
    enum weir_leaky_policy policy;
    bool random_access;
    int64_t age_max_ms;
};

/* A fast reader, slow ones, one that never takes, one that comes late, for thousands of writes of
 * any size; then all take what is left, and the sums must be right for each. */
static void run_load(const struct load *l)
{
    enum { EARS = 5, UNITS = 20000 };
    struct weir_leaky_opts opts = {RING, l->unit};
    struct weir_leaky_wish wish = {0, l->policy, l->random_access, l->age_max_ms};
    struct weir_err err = {0};
    struct weir_leaky *ring = weir_leaky_new(&opts, &err);
    struct ear *ears = calloc(EARS, sizeof *ears);
    struct iovec piece[2];
    uint8_t chunk[4096];
    size_t fill = 0;
    uint64_t made = 0, bytes = 0;

    assert_non_null(ring);
    assert_non_null(ears);
    for (int k = 0; k < EARS; k++) {
        ears[k].unit = l->unit;
        weir_leaky_join(ring, &ears[k].reader, &wish);
    }
    while (made < UNITS) {
        size_t n = unit_make(l->unit, made++, chunk + fill);
        fill += n;
        bytes += n;
        size_t cut = fill > 3000 || rnd(5) == 0 ? 1 + rnd((uint32_t)fill) : 0;
        weir_leaky_write(ring, chunk, cut, (int64_t)made);
        memmove(chunk, chunk + cut, fill - cut);
        fill -= cut;
        drain(&ears[0], SIZE_MAX, (int64_t)made);
        if (rnd(10) == 0) {
            size_t waits = weir_leaky_peek(&ears[2].reader, (int64_t)made, piece);
            weir_leaky_promise(&ears[2].reader, rnd((uint32_t)(waits + 1)));
        }
        drain(&ears[1], rnd(200), (int64_t)made);
        drain(&ears[2], rnd(2), (int64_t)made);
        if (rnd(100) == 0) {
            drain(&ears[3], rnd(10000), (int64_t)made);
        }
    }
    weir_leaky_write(ring, chunk, fill, UNITS);
    assert_int_equal(weir_leaky_counts(ring)->units, UNITS);
    assert_int_equal(weir_leaky_counts(ring)->bytes, bytes);
    for (int k = 0; k < EARS; k++) {
        struct ear *e = &ears[k];
        drain(e, SIZE_MAX, UNITS);
        assert_int_equal(e->part_len, 0);
        assert_int_equal(weir_leaky_taken_units(&e->reader), e->units);
        assert_int_equal(e->reader.taken_bytes, e->bytes);
        assert_int_equal(e->units + e->reader.dropped_units, UNITS);
        assert_int_equal(e->bytes + e->reader.dropped_bytes, bytes);
        assert_int_equal(weir_leaky_lag_bytes(&e->reader), 0);
        weir_leaky_leave(&e->reader);
    }
    assert_int_equal(ears[0].reader.drops, 0);
    assert_true(ears[4].reader.drops > 0);
    weir_leaky_free(ring);
    free(ears);
}

static void every_unit_is_taken_or_counted_as_dropped(void **state)
{
    static const struct load loads[] = {
        {"lines oldest", WEIR_LEAKY_LINES, WEIR_LEAKY_DROP_OLDEST, false, 0},
        {"lines newest", WEIR_LEAKY_LINES, WEIR_LEAKY_DROP_NEWEST, false, 0},
        {"lines latest", WEIR_LEAKY_LINES, WEIR_LEAKY_KEEP_LATEST, false, 0},
        {"lines aged", WEIR_LEAKY_LINES, WEIR_LEAKY_DROP_OLDEST, false, 100},
        {"lines newest aged", WEIR_LEAKY_LINES, WEIR_LEAKY_DROP_NEWEST, false, 100},
        {"packets oldest", WEIR_LEAKY_TS, WEIR_LEAKY_DROP_OLDEST, false, 0},
        {"packets newest", WEIR_LEAKY_TS, WEIR_LEAKY_DROP_NEWEST, false, 0},
        {"packets latest", WEIR_LEAKY_TS, WEIR_LEAKY_KEEP_LATEST, false, 0},
        {"packets entry", WEIR_LEAKY_TS, WEIR_LEAKY_DROP_OLDEST, true, 0},
        {"packets aged", WEIR_LEAKY_TS, WEIR_LEAKY_DROP_OLDEST, false, 100},
    };
    (void)state;
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        for (uint64_t s = 1; s <= 3; s++) {
            rnd_seed = s;
            run_load(&loads[i]);
        }
    }
}

static struct weir_leaky *ring_new(enum weir_leaky_unit unit, size_t ring_bytes)
{
    struct weir_leaky_opts opts = {.ring_bytes = ring_bytes, .unit = unit};
    struct weir_leaky *ring = weir_leaky_new(&opts, NULL);

    assert_non_null(ring);
    return ring;
}

static struct ear *ear_new(
    struct weir_leaky *ring, enum weir_leaky_unit unit, const struct weir_leaky_wish *wish)
{
    struct ear *e = calloc(1, sizeof *e);

    assert_non_null(e);
    e->unit = unit;
    weir_leaky_join(ring, &e->reader, wish);
    return e;
}

static void ear_free(struct ear *e)
{
    weir_leaky_leave(&e->reader);
    free(e);
}

static void write_units(
    struct weir_leaky *ring, enum weir_leaky_unit unit, uint64_t from, uint64_t to)
{
    uint8_t p[1024];

    for (uint64_t i = from; i < to; i++) {
        weir_leaky_write(ring, p, unit_make(unit, i, p), (int64_t)i);
    }
}

static void a_unit_that_was_begun_is_finished_after_an_overrun(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, RING);
    struct ear *e = ear_new(ring, WEIR_LEAKY_TS, &(struct weir_leaky_wish){0});

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 3);
    assert_int_equal(drain(e, TS + 100, 0), TS + 100);
    write_units(ring, WEIR_LEAKY_TS, 3, 1000);
    drain(e, SIZE_MAX, 0);
    assert_int_equal(e->units, 2 + RING / TS); /* 0, 1, and what the ring holds */
    assert_int_equal(e->skipped, e->reader.dropped_units);
    assert_int_equal(e->last, 1000);
    ear_free(e);
    weir_leaky_free(ring);
}

static void what_is_promised_is_kept(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, RING);
    struct ear *e = ear_new(ring, WEIR_LEAKY_TS, &(struct weir_leaky_wish){0});
    struct iovec piece[2];

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 10);
    drain(e, 50, 0);
    assert_int_equal(weir_leaky_peek(&e->reader, 0, piece), 10 * TS - 50);
    weir_leaky_promise(&e->reader, 4 * TS);
    write_units(ring, WEIR_LEAKY_TS, 10, 1000);
    assert_int_equal(weir_leaky_taken_units(&e->reader), 0);
    drain(e, 4 * TS + TS - 50, 0);
    assert_int_equal(e->last, 5);
    assert_int_equal(weir_leaky_taken_units(&e->reader), 5);
    drain(e, SIZE_MAX, 0);
    assert_int_equal(e->last, 1000);
    assert_int_equal(e->units + e->reader.dropped_units, 1000);
    ear_free(e);
    weir_leaky_free(ring);
}

static void what_is_kept_for_a_reader_is_not_taken_yet(void **state)
{
    static const struct {
        enum weir_leaky_unit unit;
        size_t kept, after_five, after_all;
    } rows[] = {{WEIR_LEAKY_BYTES, 12, 5, 12}, {WEIR_LEAKY_LINES, 15, 1, 3}};
    uint8_t more[100];

    (void)state;
    memset(more, 'b', sizeof more);
    more[sizeof more - 1] = '\n';
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct weir_leaky *ring = ring_new(rows[i].unit, RING);
        struct weir_leaky_reader reader;
        struct iovec piece[2];
        weir_leaky_join(ring, &reader, &(struct weir_leaky_wish){0});
        for (int k = 0; k < 10; k++) {
            weir_leaky_write(ring, (const uint8_t *)"aaaa\n", 5, 0);
        }
        assert_int_equal(weir_leaky_peek(&reader, 0, piece), 50);
        weir_leaky_promise(&reader, 12);
        for (int k = 0; k < 1000; k++) {
            weir_leaky_write(ring, more, sizeof more, 0);
        }
        assert_int_equal(weir_leaky_taken_units(&reader), 0);
        assert_int_equal(weir_leaky_peek(&reader, 0, piece), rows[i].kept);
        weir_leaky_take(&reader, 5);
        assert_int_equal(weir_leaky_taken_units(&reader), rows[i].after_five);
        assert_int_equal(weir_leaky_peek(&reader, 0, piece), rows[i].kept - 5);
        weir_leaky_take(&reader, rows[i].kept - 5);
        assert_int_equal(weir_leaky_taken_units(&reader), rows[i].after_all);
        weir_leaky_leave(&reader);
        weir_leaky_free(ring);
    }
}

static void a_last_line_is_one_and_one_that_broke_off_is_none(void **state)
{
    static const struct {
        bool ended;
        const char *want;
        uint64_t units, refused_bytes;
    } cases[] = {{true, "one\ntw\nthree\n", 3, 0}, {false, "one\nthree\n", 2, 2}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weir_leaky *ring = ring_new(WEIR_LEAKY_LINES, RING);
        struct weir_leaky_reader reader;
        struct iovec piece[2];
        const size_t len = strlen(cases[i].want);
        weir_leaky_join(ring, &reader, &(struct weir_leaky_wish){0});
        weir_leaky_write(ring, (const uint8_t *)"one\ntw", 6, 0);
        assert_int_equal(weir_leaky_peek(&reader, 0, piece), 4);
        weir_leaky_cut(ring, cases[i].ended, 0);
        weir_leaky_cut(ring, cases[i].ended, 0); /* there is none any more */
        weir_leaky_write(ring, (const uint8_t *)"three\n", 6, 0);
        assert_int_equal(weir_leaky_peek(&reader, 0, piece), len);
        assert_memory_equal(piece[0].iov_base, cases[i].want, len);
        weir_leaky_take(&reader, len);
        assert_int_equal(weir_leaky_taken_units(&reader), cases[i].units);
        assert_int_equal(weir_leaky_counts(ring)->refused_bytes, cases[i].refused_bytes);
        weir_leaky_leave(&reader);
        weir_leaky_free(ring);
    }
}

static void drop_newest_goes_on_with_what_waited_and_then_with_what_is_new(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, RING);
    struct weir_leaky_wish wish = {.policy = WEIR_LEAKY_DROP_NEWEST};
    struct ear *e = ear_new(ring, WEIR_LEAKY_TS, &wish);

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 500);
    assert_int_equal(drain(e, 10 * TS, 0), 10 * TS);
    write_units(ring, WEIR_LEAKY_TS, 500, 1000);
    drain(e, 12 * TS, 0);
    assert_int_equal(e->units, 22); /* half a ring */
    assert_int_equal(e->last, 22);
    assert_int_equal(e->skipped, 0);
    drain(e, SIZE_MAX, 0);
    assert_int_equal(e->units, 22);
    assert_int_equal(e->reader.dropped_units, 1000 - 22);
    write_units(ring, WEIR_LEAKY_TS, 1000, 1001);
    drain(e, SIZE_MAX, 0);
    assert_int_equal(e->last, 1001);
    ear_free(e);
    weir_leaky_free(ring);
}

static void keep_latest_goes_on_with_the_newest_unit(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_LINES, RING);
    struct weir_leaky_wish wish = {.policy = WEIR_LEAKY_KEEP_LATEST};
    struct ear *e = ear_new(ring, WEIR_LEAKY_LINES, &wish);

    (void)state;
    for (uint64_t i = 0; e->reader.drops == 0; i++) {
        write_units(ring, WEIR_LEAKY_LINES, i, i + 1);
    }
    uint64_t waits = weir_leaky_counts(ring)->units - e->reader.dropped_units;
    assert_int_equal(waits, 2); /* the newest when it was overtaken, and the one that did it */
    ear_free(e);
    weir_leaky_free(ring);
}

static void readers_of_one_ring_may_want_different_things(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, RING);
    struct ear *oldest = ear_new(ring, WEIR_LEAKY_TS, &(struct weir_leaky_wish){0});
    struct ear *newest =
        ear_new(ring, WEIR_LEAKY_TS, &(struct weir_leaky_wish){.policy = WEIR_LEAKY_DROP_NEWEST});
    struct ear *latest =
        ear_new(ring, WEIR_LEAKY_TS, &(struct weir_leaky_wish){.policy = WEIR_LEAKY_KEEP_LATEST});

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 200);
    struct ear *burst =
        ear_new(ring, WEIR_LEAKY_TS, &(struct weir_leaky_wish){.burst_bytes = 5 * TS + 1});
    for (size_t i = 0; i < 3; i++) {
        struct ear *e = i == 0 ? oldest : i == 1 ? newest : latest;
        drain(e, TS, 0);
        assert_int_equal(e->units, 1);
    }
    assert_int_equal(oldest->last - 1, 200 - RING / TS);
    assert_int_equal(newest->last - 1, 0);
    assert_true(latest->last - 1 > oldest->last - 1);
    drain(burst, SIZE_MAX, 0);
    assert_int_equal(burst->units, 5);
    assert_int_equal(burst->last, 200);
    ear_free(oldest);
    ear_free(newest);
    ear_free(latest);
    ear_free(burst);
    weir_leaky_free(ring);
}

static void a_line_too_long_for_the_ring_is_refused_and_its_neighbours_are_not(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_LINES, RING);
    const struct weir_leaky_wish wish = {0};
    struct weir_leaky_reader reader;
    struct iovec piece[2];
    uint8_t *huge = malloc(3 * RING);

    (void)state;
    assert_non_null(huge);
    memset(huge, 'y', 3 * RING);
    for (size_t piece_bytes = 1; piece_bytes <= 3 * RING; piece_bytes = piece_bytes * 2 + 1) {
        weir_leaky_join(ring, &reader, &wish);
        weir_leaky_write(ring, (const uint8_t *)"a\n", 2, 0);
        for (size_t at = 0; at < 3 * RING; at += piece_bytes) {
            size_t n = 3 * RING - at < piece_bytes ? 3 * RING - at : piece_bytes;
            weir_leaky_write(ring, huge + at, n, 0);
        }
        weir_leaky_write(ring, (const uint8_t *)"\nb\n", 3, 0);
        uint8_t got[8] = {0};
        size_t len = 0;
        while (weir_leaky_peek(&reader, 0, piece) > 0) {
            assert_true(len + piece[0].iov_len < sizeof got);
            memcpy(got + len, piece[0].iov_base, piece[0].iov_len);
            len += piece[0].iov_len;
            weir_leaky_take(&reader, piece[0].iov_len);
        }
        assert_string_equal((char *)got, "a\nb\n");
        assert_int_equal(weir_leaky_taken_units(&reader), 2);
        weir_leaky_leave(&reader);
    }
    weir_leaky_free(ring);
    free(huge);
}

/* However large the ring is: what is kept of it for a reader that is overtaken is not. */
static void a_long_line_costs_who_is_overtaken_in_it_no_more_than_the_ceiling(void **state)
{
    enum { MOST = WEIR_LEAKY_UNIT_MAX_BYTES };
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_LINES, 16 * MOST);
    const struct weir_leaky_wish wish = {0};
    struct weir_leaky_reader reader;
    struct iovec piece[2];
    uint8_t *line = malloc(MOST + 1);

    (void)state;
    assert_non_null(line);
    memset(line, 'y', MOST);
    line[MOST] = '\n';
    weir_leaky_join(ring, &reader, &wish);
    weir_leaky_write(ring, line, MOST + 1, 0);
    assert_int_equal(weir_leaky_counts(ring)->refused_units, 1);
    assert_int_equal(weir_leaky_peek(&reader, 0, piece), 0);
    weir_leaky_write(ring, line + 1, MOST, 0);
    assert_int_equal(weir_leaky_peek(&reader, 0, piece), MOST);
    weir_leaky_take(&reader, 1);
    for (int i = 0; i < 20; i++) {
        weir_leaky_write(ring, line + 1, MOST, 0);
    }
    assert_true(reader.dropped_units > 0);
    assert_int_equal(weir_leaky_peek(&reader, 0, piece), MOST - 1); /* the rest of the line */
    weir_leaky_leave(&reader);
    weir_leaky_free(ring);
    free(line);
}

static void what_is_between_packets_is_refused(void **state)
{
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, RING);
    uint8_t stream[8 * TS + 10];
    size_t n = 0;

    (void)state;
    memset(stream, 'j', sizeof stream);
    n += 7;
    n += unit_make(WEIR_LEAKY_TS, 1, stream + n);
    n += unit_make(WEIR_LEAKY_TS, 2, stream + n);
    n += 3;
    n += unit_make(WEIR_LEAKY_TS, 3, stream + n);
    n += unit_make(WEIR_LEAKY_TS, 4, stream + n);
    weir_leaky_write(ring, stream, n, 0);
    assert_int_equal(weir_leaky_counts(ring)->bytes + weir_leaky_counts(ring)->refused_bytes, n);
    assert_int_equal(weir_leaky_counts(ring)->units, 3); /* packet 2 is not followed by one */
    weir_leaky_write(ring, stream + 7, 100, 0);
    weir_leaky_cut(ring, true, 0);
    assert_int_equal(weir_leaky_counts(ring)->units, 3);
    weir_leaky_free(ring);
}

static void random_access_begins_where_a_decoder_can(void **state)
{
    const struct weir_leaky_wish wish = {.random_access = true};
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, 100 * TS);
    struct ear *first = ear_new(ring, WEIR_LEAKY_TS, &wish);

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 130);
    struct ear *late = ear_new(ring, WEIR_LEAKY_TS, &wish);
    drain(first, TS, 0);
    assert_int_equal(first->last, 51); /* overtaken; every 50th is an entry */
    drain(late, TS, 0);
    assert_int_equal(late->last, 101); /* the last one there was when it came */
    ear_free(first);
    ear_free(late);
    weir_leaky_free(ring);
}

static void what_comes_before_a_decoder_can_begin_is_dropped_but_not_for_ever(void **state)
{
    const struct weir_leaky_wish wish = {.random_access = true};
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, 30 * TS); /* shorter than between two */
    struct iovec piece[2];

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 40);
    struct ear *e = ear_new(ring, WEIR_LEAKY_TS, &wish);
    write_units(ring, WEIR_LEAKY_TS, 40, 49);
    assert_int_equal(weir_leaky_peek(&e->reader, 0, piece), 0);
    write_units(ring, WEIR_LEAKY_TS, 49, 52);
    drain(e, SIZE_MAX, 0);
    assert_int_equal(e->units, 2);
    assert_int_equal(e->reader.dropped_units, 10);

    struct ear *other = ear_new(ring, WEIR_LEAKY_TS, &wish);
    assert_int_equal(weir_leaky_lag_bytes(&other->reader), 2 * TS); /* it begins at 50 */
    ear_free(other);
    write_units(ring, WEIR_LEAKY_TS, 52, 85);
    other = ear_new(ring, WEIR_LEAKY_TS, &wish);
    assert_int_equal(weir_leaky_peek(&other->reader, 0, piece), 0);
    for (uint64_t i = 1001; i < 1035; i++) {
        write_units(ring, WEIR_LEAKY_TS, i, i + 1);
    }
    assert_true(weir_leaky_peek(&other->reader, 0, piece) > 0); /* a ring has gone by without one */
    ear_free(e);
    ear_free(other);
    weir_leaky_free(ring);
}

static void what_has_aged_is_dropped_and_the_next_entry_waited_for(void **state)
{
    const struct weir_leaky_wish wish = {.random_access = true, .age_max_ms = 20};
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_TS, 200 * TS);
    struct ear *e = ear_new(ring, WEIR_LEAKY_TS, &wish);
    struct iovec piece[2];

    (void)state;
    write_units(ring, WEIR_LEAKY_TS, 0, 45); /* one in a millisecond */
    assert_int_equal(weir_leaky_peek(&e->reader, 45, piece), 0);
    write_units(ring, WEIR_LEAKY_TS, 45, 55);
    assert_int_equal(weir_leaky_peek(&e->reader, 55, piece), 5 * TS);
    assert_int_equal(e->reader.dropped_units, 50);
    assert_true(weir_leaky_age_ms(&e->reader, 55) <= 6);
    ear_free(e);
    weir_leaky_free(ring);
}

static void what_is_new_is_kept_wherever_the_ring_stands(void **state)
{
    const struct weir_leaky_wish wish = {.age_max_ms = 100};
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_BYTES, RING);
    struct weir_leaky_reader reader;
    struct iovec piece[2];
    uint8_t p[64] = {0};

    (void)state;
    rnd_seed = 4;
    weir_leaky_join(ring, &reader, &wish);
    for (int64_t ms = 1000; ms < 10000; ms++) {
        size_t n = 1 + rnd(sizeof p);
        weir_leaky_write(ring, p, n, ms);
        assert_int_equal(weir_leaky_peek(&reader, ms, piece), n);
        weir_leaky_take(&reader, n);
    }
    assert_int_equal(reader.drops, 0);
    weir_leaky_leave(&reader);
    weir_leaky_free(ring);
}

/* Its place is told by the lines of one block, for thousands of readers at once. */
static void a_part_of_a_large_ring_is_no_larger_than_the_ceiling(void **state)
{
    static uint8_t line[64];
    const size_t bytes = 4 * WEIR_LEAKY_BLOCKS * WEIR_LEAKY_BLOCK_MAX_BYTES;
    struct weir_leaky *ring = ring_new(WEIR_LEAKY_LINES, bytes);
    struct weir_leaky_reader reader;
    const struct weir_leaky_wish wish = {.policy = WEIR_LEAKY_DROP_OLDEST};

    (void)state;
    memset(line, 'x', sizeof line);
    line[sizeof line - 1] = '\n';
    weir_leaky_join(ring, &reader, &wish);
    for (size_t n = 0; n < bytes; n += sizeof line) {
        weir_leaky_write(ring, line, sizeof line, 0);
    }
    assert_int_equal(reader.dropped_bytes, 0);
    weir_leaky_write(ring, line, sizeof line, 0);
    assert_int_equal(reader.dropped_bytes, WEIR_LEAKY_BLOCK_MAX_BYTES);
    assert_int_equal(reader.dropped_units, WEIR_LEAKY_BLOCK_MAX_BYTES / sizeof line);
    weir_leaky_leave(&reader);
    weir_leaky_free(ring);
}

static void lines_are_counted_whatever_bytes_are_around_them(void **state)
{
    uint8_t p[2000];

    (void)state;
    rnd_seed = 5;
    for (size_t i = 0; i < sizeof p; i++) {
        static const uint8_t near[] = {'\n', '\n' ^ 0x80, '\n' - 1, '\n' + 1, 0, 0xFF, 0x7F, 0x80};
        p[i] = near[rnd(sizeof near)];
    }
    for (size_t from = 0; from < 9; from++) {
        for (size_t n = 0; from + n <= sizeof p; n += n < 40 ? 1 : 239) {
            uint64_t want = 0;
            for (size_t i = 0; i < n; i++) {
                want += p[from + i] == '\n';
            }
            assert_int_equal(weir_leaky_count_lines(p + from, n), want);
        }
    }
}

static void a_ring_of_a_wrong_size_is_a_configuration_error(void **state)
{
    static const size_t sizes[] = {
        0, 1, WEIR_LEAKY_RING_MIN_BYTES - 1, WEIR_LEAKY_RING_MAX_BYTES + 1};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct weir_leaky_opts opts = {.ring_bytes = sizes[i]};
        struct weir_err err = {0};
        assert_null(weir_leaky_new(&opts, &err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unit_is_taken_or_counted_as_dropped),
        cmocka_unit_test(a_unit_that_was_begun_is_finished_after_an_overrun),
        cmocka_unit_test(what_is_promised_is_kept),
        cmocka_unit_test(what_is_kept_for_a_reader_is_not_taken_yet),
        cmocka_unit_test(a_last_line_is_one_and_one_that_broke_off_is_none),
        cmocka_unit_test(drop_newest_goes_on_with_what_waited_and_then_with_what_is_new),
        cmocka_unit_test(readers_of_one_ring_may_want_different_things),
        cmocka_unit_test(keep_latest_goes_on_with_the_newest_unit),
        cmocka_unit_test(a_line_too_long_for_the_ring_is_refused_and_its_neighbours_are_not),
        cmocka_unit_test(a_long_line_costs_who_is_overtaken_in_it_no_more_than_the_ceiling),
        cmocka_unit_test(what_is_between_packets_is_refused),
        cmocka_unit_test(random_access_begins_where_a_decoder_can),
        cmocka_unit_test(what_comes_before_a_decoder_can_begin_is_dropped_but_not_for_ever),
        cmocka_unit_test(what_has_aged_is_dropped_and_the_next_entry_waited_for),
        cmocka_unit_test(what_is_new_is_kept_wherever_the_ring_stands),
        cmocka_unit_test(a_part_of_a_large_ring_is_no_larger_than_the_ceiling),
        cmocka_unit_test(lines_are_counted_whatever_bytes_are_around_them),
        cmocka_unit_test(a_ring_of_a_wrong_size_is_a_configuration_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
