/*
 * The ring of leaky.h. Positions are bytes since the beginning and never wrap (2^64); their place
 * is position % cap. Only two things are kept beside the bytes: for each block of them how many
 * units began before it and when it was written, so that units and age of any position cost a look
 * at one block, and nothing per reader and byte.
 *
 * The writer touches a reader only when it overtakes it. `slowest` is at or before every cursor, so
 * a write that overtakes nobody looks at nobody.
 */
#include "stream/leaky.h"

#include "core/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TS_BYTES 188
#define TS_SYNC 0x47
#define BLOCKS 256  /* of a ring */
#define ENTRIES 256 /* random access points that are remembered */
#define NOWHERE UINT64_MAX

struct block {
    uint64_t units; /* LFs before it */
    int64_t ms;     /* when its first byte was written */
};

struct weir_leaky {
    struct weir_leaky_opts opts;
    struct weir_leaky_count count;
    size_t cap, block_bytes, unit_max;
    uint64_t head, ready, oldest, slowest;
    uint64_t floor; /* what lies before it is overwritten */
    uint64_t lines; /* LFs written */
    bool skipping;  /* in a line that is refused */
    uint8_t packet[TS_BYTES];
    size_t packet_len;
    uint64_t entries[ENTRIES], entries_n;
    struct weir_leaky_reader *readers;
    struct block blocks[BLOCKS + 2];
    uint8_t bytes[];
};

struct weir_leaky *weir_leaky_new(const struct weir_leaky_opts *opts, struct weir_err *err)
{
    if (opts->ring_bytes < WEIR_LEAKY_RING_MIN_BYTES ||
        opts->ring_bytes > WEIR_LEAKY_RING_MAX_BYTES) {
        weir_err_set(err, WEIR_E_CONFIG, "a ring of %zu bytes: it must have %zu to %zu",
            opts->ring_bytes, WEIR_LEAKY_RING_MIN_BYTES, WEIR_LEAKY_RING_MAX_BYTES);
        return NULL;
    }
    struct weir_leaky *ring = calloc(1, sizeof *ring + opts->ring_bytes);
    if (ring == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory for a ring of %zu bytes", opts->ring_bytes);
        return NULL;
    }
    ring->opts = *opts;
    ring->cap = opts->ring_bytes;
    ring->block_bytes = (ring->cap + BLOCKS - 1) / BLOCKS;
    ring->unit_max = ring->cap / 4;
    return ring;
}

void weir_leaky_free(struct weir_leaky *ring)
{
    assert(ring == NULL || ring->readers == NULL);
    free(ring);
}

const struct weir_leaky_count *weir_leaky_counts(const struct weir_leaky *ring)
{
    return &ring->count;
}

/* ---- places ---- */

static struct block *block_of(const struct weir_leaky *ring, uint64_t number)
{
    return (struct block *)&ring->blocks[number % (BLOCKS + 2)];
}

/* The bytes from `from` on, as far as they lie together, at most to `to`. */
static const uint8_t *run(const struct weir_leaky *ring, uint64_t from, uint64_t to, size_t *n)
{
    size_t at = (size_t)(from % ring->cap);
    uint64_t want = to - from;

    *n = want < ring->cap - at ? (size_t)want : ring->cap - at;
    return ring->bytes + at;
}

static uint64_t count_lines(const struct weir_leaky *ring, uint64_t from, uint64_t to)
{
    uint64_t lines = 0;
    size_t n;

    while (from < to) {
        const uint8_t *p = run(ring, from, to, &n);
        for (size_t i = 0; i < n; i++) {
            lines += p[i] == '\n';
        }
        from += n;
    }
    return lines;
}

/* Units that end at or before pos, which lies from oldest to ready. */
static uint64_t units_at(const struct weir_leaky *ring, uint64_t pos)
{
    switch (ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return pos;
    case WEIR_LEAKY_TS:
        return pos / TS_BYTES;
    case WEIR_LEAKY_LINES:
        break;
    }
    if (pos == ring->ready) {
        return ring->count.units; /* its block may not have begun */
    }
    uint64_t number = pos / ring->block_bytes, begin = number * ring->block_bytes;
    if (begin >= ring->floor) {
        return block_of(ring, number)->units + count_lines(ring, begin, pos);
    }
    /* Its block's begin is overwritten, so there is a block after it. */
    return block_of(ring, number + 1)->units - count_lines(ring, pos, begin + ring->block_bytes);
}

static bool at_boundary(const struct weir_leaky *ring, uint64_t pos)
{
    switch (ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return true;
    case WEIR_LEAKY_TS:
        return pos % TS_BYTES == 0;
    case WEIR_LEAKY_LINES:
        break;
    }
    /* Of the oldest unit, the byte before it may be gone. */
    return pos == ring->oldest || pos == ring->ready || ring->bytes[(pos - 1) % ring->cap] == '\n';
}

/* The first boundary at or after pos; pos <= ready, which is one. The byte before pos is there. */
static uint64_t boundary(const struct weir_leaky *ring, uint64_t pos)
{
    if (at_boundary(ring, pos)) {
        return pos;
    }
    if (ring->opts.unit == WEIR_LEAKY_TS) {
        return pos + TS_BYTES - pos % TS_BYTES;
    }
    while (pos < ring->ready) {
        size_t n;
        const uint8_t *p = run(ring, pos, ring->ready, &n);
        const uint8_t *lf = memchr(p, '\n', n);
        if (lf != NULL) {
            return pos + (uint64_t)(lf - p) + 1;
        }
        pos += n;
    }
    return ring->ready;
}

/* The first random access point at or after pos, or pos itself when none is known. */
static uint64_t entry(const struct weir_leaky *ring, uint64_t pos)
{
    uint64_t first = ring->entries_n > ENTRIES ? ring->entries_n - ENTRIES : 0;

    for (uint64_t i = first; ring->opts.random_access && i < ring->entries_n; i++) {
        if (ring->entries[i % ENTRIES] >= pos) {
            return ring->entries[i % ENTRIES];
        }
    }
    return pos;
}

/* The begin of the newest unit. */
static uint64_t newest(const struct weir_leaky *ring, uint64_t oldest)
{
    uint64_t pos = ring->ready;

    if (pos == oldest) {
        return pos;
    }
    switch (ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return pos - 1;
    case WEIR_LEAKY_TS:
        return pos - TS_BYTES;
    case WEIR_LEAKY_LINES:
        break;
    }
    do {
        pos--;
    } while (pos > oldest && ring->bytes[(pos - 1) % ring->cap] != '\n');
    return pos;
}

/* ---- dropping ---- */

/* Move a reader whose cursor is at a boundary on to `to`, and count what it misses. */
static void drop(struct weir_leaky_reader *r, uint64_t to, int64_t now_ms)
{
    r->dropped_bytes += to - r->pos;
    r->dropped_units += units_at(r->ring, to) - units_at(r->ring, r->pos);
    r->drops++;
    r->pos = to;
    r->limit = UINT64_MAX;
    if (r->lagging_since_ms < 0) {
        r->lagging_since_ms = now_ms;
    }
}

/* Keep what is left of the unit that the reader has begun, and what is promised to it; its cursor
 * is at a boundary then. */
static void keep_rest(struct weir_leaky_reader *r)
{
    uint64_t from = r->promised > r->pos ? r->promised : r->pos;
    uint64_t end = r->rest == NULL ? boundary(r->ring, from) : r->pos;

    if (end == r->pos) {
        return;
    }
    r->rest = malloc((size_t)(end - r->pos));
    r->failed |= r->rest == NULL;
    r->rest_pos = r->rest_len = 0;
    while (r->pos < end) {
        size_t n;
        const uint8_t *p = run(r->ring, r->pos, end, &n);
        if (r->rest != NULL) {
            memcpy(r->rest + r->rest_len, p, n);
        }
        r->rest_len += n;
        r->pos += n;
    }
}

/* The bytes before `oldest` are about to go: readers that are still there have to move. */
static void overtake(struct weir_leaky *ring, uint64_t oldest, int64_t now_ms)
{
    uint64_t to = oldest, slowest = NOWHERE;

    if (ring->opts.policy == WEIR_LEAKY_KEEP_LATEST) {
        to = newest(ring, oldest);
    }
    to = entry(ring, to);
    for (struct weir_leaky_reader *r = ring->readers; r != NULL; r = r->next) {
        if (r->pos < oldest) {
            keep_rest(r);
            if (r->pos < to) {
                drop(r, to, now_ms);
            }
        }
        slowest = r->pos < slowest ? r->pos : slowest;
    }
    ring->slowest = slowest;
}

/* ---- writing ---- */

/* Append bytes; n is at most a quarter of the ring. They are not for readers yet. */
static void append(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms)
{
    if (ring->head + n > ring->oldest + ring->cap) {
        /* What is not ready and what comes are less than the ring, so this is before `ready`. */
        uint64_t oldest = boundary(ring, ring->head + n - ring->cap);
        if (ring->slowest < oldest) {
            overtake(ring, oldest, now_ms);
        }
        ring->oldest = oldest;
    }
    if (ring->head + n > ring->floor + ring->cap) {
        ring->floor = ring->head + n - ring->cap;
    }
    while (n > 0) {
        size_t at = (size_t)(ring->head % ring->cap);
        size_t in_block = (size_t)(ring->head % ring->block_bytes);
        size_t piece = ring->block_bytes - in_block;

        if (in_block == 0) {
            *block_of(ring, ring->head / ring->block_bytes) = (struct block){ring->lines, now_ms};
        }
        piece = piece < ring->cap - at ? piece : ring->cap - at;
        piece = piece < n ? piece : n;
        memcpy(ring->bytes + at, p, piece);
        ring->head += piece;
        if (ring->opts.unit == WEIR_LEAKY_LINES) {
            ring->lines += count_lines(ring, ring->head - piece, ring->head);
        }
        p += piece;
        n -= piece;
    }
}

/* What was appended is whole: readers may have it. */
static void commit(struct weir_leaky *ring)
{
    ring->ready = ring->head;
    ring->count.bytes = ring->ready;
    ring->count.units =
        ring->opts.unit == WEIR_LEAKY_LINES ? ring->lines : units_at(ring, ring->ready);
}

/* Half a line waits, and it is too long for the ring: forget it, up to its LF. */
static void refuse_line(struct weir_leaky *ring, size_t more)
{
    ring->count.refused_units++;
    ring->count.refused_bytes += ring->head - ring->ready + more;
    ring->head = ring->ready;
    ring->skipping = true;
}

static void write_lines(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms)
{
    if (ring->skipping) {
        const uint8_t *lf = memchr(p, '\n', n);
        size_t skip = lf != NULL ? (size_t)(lf - p) + 1 : n;

        ring->skipping = lf == NULL;
        ring->count.refused_bytes += skip;
        p += skip;
        n -= skip;
    }
    while (n > 0) {
        const uint8_t *last = memrchr(p, '\n', n);
        size_t whole = last != NULL ? (size_t)(last - p) + 1 : 0;

        if (whole > 0) {
            const uint8_t *first = memchr(p, '\n', n);
            size_t begin = (size_t)(first - p) + 1;

            if (ring->head - ring->ready + begin > ring->unit_max) {
                refuse_line(ring, begin);
                ring->skipping = false; /* its end is here */
                p += begin;
                n -= begin;
                continue;
            }
            append(ring, p, whole, now_ms);
            commit(ring);
            p += whole;
            n -= whole;
        } else if (ring->head - ring->ready + n > ring->unit_max) {
            refuse_line(ring, n);
            n = 0;
        } else {
            append(ring, p, n, now_ms);
            n = 0;
        }
    }
}

/* A packet whose adaptation field says that a decoder can begin here. */
static bool is_entry(const uint8_t *packet)
{
    return (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x40) != 0;
}

static void write_packet(struct weir_leaky *ring, const uint8_t *p, int64_t now_ms)
{
    if (is_entry(p)) {
        ring->entries[ring->entries_n++ % ENTRIES] = ring->head;
    }
    append(ring, p, TS_BYTES, now_ms);
}

/* Packets, wherever the pieces are cut. What does not begin with the sync byte is no packet; the
 * next one is looked for where two of them follow each other, as far as can be seen. */
static void write_packets(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms)
{
    while (n > 0) {
        if (ring->packet_len > 0) {
            size_t more = TS_BYTES - ring->packet_len;

            more = more < n ? more : n;
            memcpy(ring->packet + ring->packet_len, p, more);
            ring->packet_len += more;
            p += more;
            n -= more;
            if (ring->packet_len == TS_BYTES) {
                write_packet(ring, ring->packet, now_ms);
                ring->packet_len = 0;
            }
        } else if (p[0] != TS_SYNC || (n > TS_BYTES && p[TS_BYTES] != TS_SYNC)) {
            ring->count.refused_bytes++;
            p++;
            n--;
        } else if (n >= TS_BYTES) {
            write_packet(ring, p, now_ms);
            p += TS_BYTES;
            n -= TS_BYTES;
        } else {
            memcpy(ring->packet, p, n);
            ring->packet_len = n;
            n = 0;
        }
    }
    commit(ring);
}

void weir_leaky_write(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms)
{
    while (n > 0) {
        size_t piece = n < ring->unit_max ? n : ring->unit_max;

        switch (ring->opts.unit) {
        case WEIR_LEAKY_BYTES:
            append(ring, p, piece, now_ms);
            commit(ring);
            break;
        case WEIR_LEAKY_LINES:
            write_lines(ring, p, piece, now_ms);
            break;
        case WEIR_LEAKY_TS:
            write_packets(ring, p, piece, now_ms);
            break;
        }
        p += piece;
        n -= piece;
    }
}

void weir_leaky_cut(struct weir_leaky *ring, int64_t now_ms)
{
    if (ring->opts.unit == WEIR_LEAKY_LINES && ring->head > ring->ready) {
        append(ring, (const uint8_t *)"\n", 1, now_ms);
        commit(ring);
    }
    ring->skipping = false;
    ring->count.refused_bytes += ring->packet_len;
    ring->packet_len = 0;
}

/* ---- readers ---- */

void weir_leaky_join(struct weir_leaky *ring, struct weir_leaky_reader *reader, size_t burst_bytes)
{
    uint64_t pos =
        ring->ready - ring->oldest > burst_bytes ? ring->ready - burst_bytes : ring->oldest;

    *reader = (struct weir_leaky_reader){
        .ring = ring,
        .next = ring->readers,
        .lagging_since_ms = -1,
        .limit = UINT64_MAX,
        .pos = entry(ring, boundary(ring, pos)),
    };
    reader->joined_units = units_at(ring, reader->pos);
    if (reader->next != NULL) {
        reader->next->before = reader;
    }
    ring->readers = reader;
    ring->slowest = reader->pos < ring->slowest ? reader->pos : ring->slowest;
}

void weir_leaky_leave(struct weir_leaky_reader *reader)
{
    if (reader->ring == NULL) {
        return;
    }
    if (reader->before != NULL) {
        reader->before->next = reader->next;
    } else {
        reader->ring->readers = reader->next;
    }
    if (reader->next != NULL) {
        reader->next->before = reader->before;
    }
    free(reader->rest);
    reader->rest = NULL;
    reader->ring = NULL;
}

/* DROP_NEWEST: decide what the reader is to get of what waits, or let go what it is not to get. */
static void drop_newest(struct weir_leaky_reader *r, int64_t now_ms)
{
    const struct weir_leaky *ring = r->ring;

    if (r->limit == UINT64_MAX && ring->ready - r->pos > ring->cap / 2) {
        r->limit = boundary(ring, r->pos + ring->cap / 2);
    }
    if (r->limit == r->pos) {
        drop(r, ring->ready, now_ms);
    }
}

/* What has waited too long: the blocks after which another was begun too long ago. */
static void drop_aged(struct weir_leaky_reader *r, int64_t now_ms)
{
    const struct weir_leaky *ring = r->ring;
    uint64_t last = ring->head / ring->block_bytes, number = r->pos / ring->block_bytes;
    uint64_t to = r->pos;

    while (number < last && now_ms - block_of(ring, number + 1)->ms > ring->opts.age_max_ms) {
        number++;
        to = number * ring->block_bytes;
    }
    if (to > r->pos && to <= ring->ready) {
        keep_rest(r);
        to = entry(ring, boundary(ring, to));
        if (to > r->pos) {
            drop(r, to, now_ms);
        }
    }
}

size_t weir_leaky_peek(struct weir_leaky_reader *r, int64_t now_ms, struct iovec piece[2])
{
    const struct weir_leaky *ring = r->ring;
    size_t n = 0;

    piece[0] = piece[1] = (struct iovec){0};
    if (r->failed) {
        return 0;
    }
    if (r->rest == NULL && ring->opts.age_max_ms > 0) {
        drop_aged(r, now_ms);
    }
    if (r->rest != NULL) {
        piece[0] = (struct iovec){r->rest + r->rest_pos, r->rest_len - r->rest_pos};
        return piece[0].iov_len;
    }
    if (ring->opts.policy == WEIR_LEAKY_DROP_NEWEST) {
        drop_newest(r, now_ms);
    }
    uint64_t end = r->limit < ring->ready ? r->limit : ring->ready;
    if (r->pos == end) {
        r->lagging_since_ms = -1;
        return 0;
    }
    piece[0].iov_base = (void *)(uintptr_t)run(ring, r->pos, end, &n);
    piece[0].iov_len = n;
    if (r->pos + n < end) {
        piece[1] = (struct iovec){(void *)(uintptr_t)ring->bytes, (size_t)(end - r->pos - n)};
    }
    return n + piece[1].iov_len;
}

void weir_leaky_take(struct weir_leaky_reader *r, size_t n)
{
    r->taken_bytes += n;
    if (r->rest == NULL) {
        r->pos += n;
        return;
    }
    r->rest_pos += n;
    if (r->rest_pos == r->rest_len) {
        free(r->rest);
        r->rest = NULL;
    }
}

void weir_leaky_promise(struct weir_leaky_reader *r, size_t n)
{
    if (r->rest == NULL) { /* a rest is kept as it is */
        r->promised = r->pos + n;
    }
}

/* Units that end in what is kept for the reader. */
static uint64_t rest_units(const struct weir_leaky_reader *r)
{
    size_t left = r->rest_len - r->rest_pos;
    uint64_t lines = 0;

    if (r->rest == NULL) {
        return 0;
    }
    switch (r->ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return left;
    case WEIR_LEAKY_TS:
        return (left + TS_BYTES - 1) / TS_BYTES;
    case WEIR_LEAKY_LINES:
        break;
    }
    for (size_t i = r->rest_pos; i < r->rest_len; i++) {
        lines += r->rest[i] == '\n';
    }
    return lines;
}

uint64_t weir_leaky_taken_units(const struct weir_leaky_reader *r)
{
    /* What is kept lies before the cursor, and is not taken yet. */
    return units_at(r->ring, r->pos) - r->joined_units - r->dropped_units - rest_units(r);
}

uint64_t weir_leaky_lag_bytes(const struct weir_leaky_reader *r)
{
    return r->ring->ready - r->pos + (r->rest != NULL ? r->rest_len - r->rest_pos : 0);
}

int64_t weir_leaky_age_ms(const struct weir_leaky_reader *r, int64_t now_ms)
{
    return r->pos == r->ring->ready ? 0
                                    : now_ms - block_of(r->ring, r->pos / r->ring->block_bytes)->ms;
}

/* ---- a stage ---- */

struct stage {
    struct weir_leaky *ring;
    struct weir_leaky_reader reader;
    struct weir_leaky_stage_count *count;
};

static enum weir_step stage_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct stage *s = self;
    struct iovec piece[2];
    size_t left;

    weir_leaky_write(s->ring, in->p + in->pos, in->size - in->pos, 0);
    in->pos = in->size;
    if (in->last) {
        weir_leaky_cut(s->ring, 0);
    }
    while ((left = weir_leaky_peek(&s->reader, 0, piece)) > 0 && out->pos < out->size) {
        weir_leaky_take(&s->reader, weir_out_put(out, piece[0].iov_base, piece[0].iov_len));
    }
    if (s->count != NULL) {
        const struct weir_leaky_count *c = weir_leaky_counts(s->ring);
        *s->count = (struct weir_leaky_stage_count){
            c->units, c->bytes, s->reader.dropped_units, s->reader.dropped_bytes};
    }
    if (s->reader.failed) {
        weir_err_set(err, WEIR_E_NOMEM, "leaky: out of memory for the rest of a unit");
        return WEIR_FAIL;
    }
    if (left > 0) {
        return WEIR_NEED_OUT;
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static void stage_free(void *self)
{
    struct stage *s = self;

    if (s != NULL) {
        weir_leaky_leave(&s->reader);
        weir_leaky_free(s->ring);
        free(s);
    }
}

int weir_leaky_stage(const struct weir_leaky_opts *opts, struct weir_leaky_stage_count *count,
    struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "leaky", .step = stage_step, .free = stage_free, .spills = true};
    struct stage *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "leaky: out of memory");
    }
    struct weir_leaky_opts timeless = *opts;
    timeless.age_max_ms = 0; /* a transform has no clock */
    s->ring = weir_leaky_new(&timeless, err);
    if (s->ring == NULL) {
        free(s);
        return -1;
    }
    weir_leaky_join(s->ring, &s->reader, 0);
    s->count = count;
    *ret = (struct weir_stage){&ops, s};
    return 0;
}
