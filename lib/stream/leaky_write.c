/*
 * The writer of leaky.h: bytes, lines and packets, appended and then made visible as whole units.
 */
#include "stream/leaky_priv.h"

#include <string.h>

/* The room that n more bytes need begins at a block's begin, so that a reader at the end of the
 * ring is moved once in a block and not at every write. */
static void make_room(struct weir_leaky *ring, size_t n, int64_t now_ms)
{
    if (ring->head + n > ring->oldest + ring->cap) {
        uint64_t from = ring->head + n - ring->cap;

        /* What is not ready and what comes are half the ring at most, so this is before `ready`. */
        from += ring->block_bytes - 1 - (from + ring->block_bytes - 1) % ring->block_bytes;
        uint64_t oldest = weir_leaky_boundary(ring, from);
        if (ring->slowest < oldest) {
            weir_leaky_overtake(ring, oldest, now_ms);
        }
        ring->oldest = oldest;
    }
    if (ring->head + n > ring->floor + ring->cap) {
        ring->floor = ring->head + n - ring->cap;
    }
}

/* Append bytes; n is at most a quarter of the ring. They are not for readers yet. */
static void append(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms)
{
    make_room(ring, n, now_ms);
    while (n > 0) {
        size_t at = (size_t)(ring->head % ring->cap);
        size_t in_block = (size_t)(ring->head % ring->block_bytes);
        size_t piece = ring->block_bytes - in_block;

        if (in_block == 0) {
            *weir_leaky_block_of(ring, ring->head / ring->block_bytes) =
                (struct weir_leaky_block){ring->lines, now_ms};
        }
        piece = piece < ring->cap - at ? piece : ring->cap - at;
        piece = piece < n ? piece : n;
        memcpy(ring->bytes + at, p, piece);
        ring->head += piece;
        if (ring->opts.unit == WEIR_LEAKY_LINES) {
            ring->lines += weir_leaky_lines(ring, ring->head - piece, ring->head);
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
        ring->opts.unit == WEIR_LEAKY_LINES ? ring->lines : weir_leaky_units_at(ring, ring->ready);
}

/* ---- lines ---- */

/* Forget half a line that waits. */
static void drop_half(struct weir_leaky *ring)
{
    ring->count.refused_bytes += ring->head - ring->ready;
    ring->head = ring->ready;
}

/* It is too long for the ring: forget it, up to its LF. */
static void refuse_line(struct weir_leaky *ring, size_t more)
{
    drop_half(ring);
    ring->count.refused_units++;
    ring->count.refused_bytes += more;
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

/* ---- packets ---- */

static void write_packet(struct weir_leaky *ring, const uint8_t *p, int64_t now_ms)
{
    uint64_t entry;

    if (weir_ts_entry(&ring->ts, p, ring->head, &entry)) {
        ring->entries[ring->entries_n++ % WEIR_LEAKY_ENTRIES] = entry;
    }
    append(ring, p, WEIR_TS_BYTES, now_ms);
    commit(ring);
}

/* Packets, wherever the pieces are cut. What does not begin with the sync byte is no packet; the
 * next one is looked for where two of them follow each other, as far as can be seen. */
static void write_packets(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms)
{
    while (n > 0) {
        if (ring->packet_len > 0) {
            size_t more = WEIR_TS_BYTES - ring->packet_len;

            more = more < n ? more : n;
            memcpy(ring->packet + ring->packet_len, p, more);
            ring->packet_len += more;
            p += more;
            n -= more;
            if (ring->packet_len == WEIR_TS_BYTES) {
                write_packet(ring, ring->packet, now_ms);
                ring->packet_len = 0;
            }
        } else if (p[0] != WEIR_TS_SYNC ||
                   (n > WEIR_TS_BYTES && p[WEIR_TS_BYTES] != WEIR_TS_SYNC)) {
            ring->count.refused_bytes++;
            p++;
            n--;
        } else if (n >= WEIR_TS_BYTES) {
            write_packet(ring, p, now_ms);
            p += WEIR_TS_BYTES;
            n -= WEIR_TS_BYTES;
        } else {
            memcpy(ring->packet, p, n);
            ring->packet_len = n;
            n = 0;
        }
    }
}

/* ---- the writer ---- */

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

void weir_leaky_cut(struct weir_leaky *ring, bool ended, int64_t now_ms)
{
    if (ended && ring->head > ring->ready) { /* only lines wait there */
        append(ring, (const uint8_t *)"\n", 1, now_ms);
        commit(ring);
    }
    drop_half(ring);
    ring->skipping = false;
    ring->count.refused_bytes += ring->packet_len;
    ring->packet_len = 0;
    ring->ts = (struct weir_ts){0}; /* what comes next may be another program */
}
