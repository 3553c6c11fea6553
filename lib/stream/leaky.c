/*
 * The readers of leaky.h. The writer touches a reader only when it overtakes it: then what the
 * reader has begun, and what is promised to it, is copied out of the ring (its `rest`), and its
 * cursor moves on.
 */
#include "core/limits.h"
#include "stream/leaky_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static size_t block_bytes_of(size_t ring_bytes)
{
    const size_t part = (ring_bytes + WEIR_LEAKY_BLOCKS - 1) / WEIR_LEAKY_BLOCKS;

    return part < WEIR_LEAKY_BLOCK_MAX_BYTES ? part : WEIR_LEAKY_BLOCK_MAX_BYTES;
}

struct weir_leaky *weir_leaky_new(const struct weir_leaky_opts *opts, struct weir_err *err)
{
    if (opts->ring_bytes < WEIR_LEAKY_RING_MIN_BYTES ||
        opts->ring_bytes > WEIR_LEAKY_RING_MAX_BYTES) {
        weir_err_set(err, WEIR_E_CONFIG, "a ring of %zu bytes: it must have %zu to %zu",
            opts->ring_bytes, WEIR_LEAKY_RING_MIN_BYTES, WEIR_LEAKY_RING_MAX_BYTES);
        return NULL;
    }
    const size_t block_bytes = block_bytes_of(opts->ring_bytes);
    const size_t blocks_n = opts->ring_bytes / block_bytes + 3;
    struct weir_leaky *ring =
        calloc(1, sizeof *ring + blocks_n * sizeof ring->blocks[0] + opts->ring_bytes);
    if (ring == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory for a ring of %zu bytes", opts->ring_bytes);
        return NULL;
    }
    ring->opts = *opts;
    ring->cap = opts->ring_bytes;
    ring->block_bytes = block_bytes;
    ring->blocks_n = blocks_n;
    ring->bytes = (uint8_t *)&ring->blocks[blocks_n];
    ring->unit_max =
        ring->cap / 4 < WEIR_LEAKY_UNIT_MAX_BYTES ? ring->cap / 4 : WEIR_LEAKY_UNIT_MAX_BYTES;
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

/* ---- dropping ---- */

/* Move a reader whose cursor is at a boundary on to `to`, and count what it misses. */
static void drop(struct weir_leaky_reader *r, uint64_t to, int64_t now_ms)
{
    if (to <= r->pos) {
        return;
    }
    r->dropped_bytes += to - r->pos;
    r->dropped_units += weir_leaky_units_at(r->ring, to) - weir_leaky_units_at(r->ring, r->pos);
    r->drops++;
    r->pos = to;
    if (r->lagging_since_ms < 0) {
        r->lagging_since_ms = now_ms;
    }
}

/* What must not be lost when the reader is moved: the unit that it has begun, what is promised to
 * it, and what its policy keeps. */
static uint64_t kept_to(const struct weir_leaky_reader *r, bool overtaken)
{
    const struct weir_leaky *ring = r->ring;
    uint64_t to = r->promised > r->pos ? r->promised : r->pos;

    if (overtaken && r->wish.policy == WEIR_LEAKY_DROP_NEWEST) {
        uint64_t most =
            ring->cap / 2 < WEIR_LEAKY_KEPT_BYTES ? ring->cap / 2 : WEIR_LEAKY_KEPT_BYTES;
        uint64_t end = ring->ready - r->pos < most ? ring->ready : r->pos + most;
        to = end > to ? end : to;
    }
    return weir_leaky_boundary(ring, to);
}

/* Copy that out of the ring; the reader's cursor is at a boundary then. */
static void keep_rest(struct weir_leaky_reader *r, bool overtaken)
{
    if (r->rest != NULL) {
        return; /* what it had to keep is kept, and its cursor behind it */
    }
    uint64_t end = kept_to(r, overtaken);
    if (end == r->pos) {
        return;
    }
    r->rest = malloc((size_t)(end - r->pos));
    r->failed |= r->rest == NULL;
    r->rest_pos = r->rest_len = 0;
    while (r->pos < end) {
        size_t n;
        const uint8_t *p = weir_leaky_run(r->ring, r->pos, end, &n);
        if (r->rest != NULL) {
            memcpy(r->rest + r->rest_len, p, n);
        }
        r->rest_len += n;
        r->pos += n;
    }
}

/* Where a reader goes on that finds nothing before `oldest` any more. */
static uint64_t place(struct weir_leaky_reader *r, uint64_t oldest)
{
    const struct weir_leaky *ring = r->ring;
    bool latest = r->wish.policy == WEIR_LEAKY_KEEP_LATEST;
    uint64_t to = latest ? weir_leaky_newest(ring, oldest) : oldest;

    r->seeks = false;
    if (r->wish.random_access) {
        uint64_t entry =
            latest ? weir_leaky_entry_to(ring, oldest, to) : weir_leaky_entry_from(ring, oldest);
        if (entry != WEIR_LEAKY_NOWHERE) {
            return entry; /* else there is none in the whole ring, and none is waited for */
        }
    }
    return to;
}

void weir_leaky_overtake(struct weir_leaky *ring, uint64_t oldest, int64_t now_ms)
{
    uint64_t slowest = WEIR_LEAKY_NOWHERE;

    for (struct weir_leaky_reader *r = ring->readers; r != NULL; r = r->next) {
        if (r->pos < oldest) {
            keep_rest(r, true);
            r->spills |= r->wish.policy == WEIR_LEAKY_DROP_NEWEST;
            drop(r, r->pos < oldest ? place(r, oldest) : r->pos, now_ms);
        }
        slowest = r->pos < slowest ? r->pos : slowest;
    }
    ring->slowest = slowest;
}

/* What has waited too long: the blocks after which another was begun too long ago. */
static void drop_aged(struct weir_leaky_reader *r, int64_t now_ms)
{
    const struct weir_leaky *ring = r->ring;
    /* The block at `head` has not begun where the one before it is full. */
    uint64_t last = ring->head > 0 ? (ring->head - 1) / ring->block_bytes : 0;
    uint64_t number = r->pos / ring->block_bytes, to = r->pos;

    while (
        number < last && now_ms - weir_leaky_block_of(ring, number + 1)->ms > r->wish.age_max_ms) {
        number++;
        to = number * ring->block_bytes;
    }
    if (to <= r->pos || to > ring->ready) {
        return;
    }
    keep_rest(r, false);
    to = weir_leaky_boundary(ring, to > r->pos ? to : r->pos);
    if (r->wish.policy == WEIR_LEAKY_KEEP_LATEST) {
        to = place(r, to);
    } else if (r->wish.random_access) {
        uint64_t entry = weir_leaky_entry_from(ring, to);
        r->seeks = entry == WEIR_LEAKY_NOWHERE && ring->entries_n > 0;
        to = entry == WEIR_LEAKY_NOWHERE ? to : entry;
    }
    drop(r, to, now_ms);
}

/* Wait for a point to go on at. False: it has not come yet. */
static bool found(struct weir_leaky_reader *r, int64_t now_ms)
{
    uint64_t entry = r->seeks ? weir_leaky_entry_from(r->ring, r->pos) : r->pos;

    if (entry == WEIR_LEAKY_NOWHERE) {
        return false;
    }
    r->seeks = false;
    drop(r, entry, now_ms);
    return true;
}

/* ---- readers ---- */

void weir_leaky_join(
    struct weir_leaky *ring, struct weir_leaky_reader *reader, const struct weir_leaky_wish *wish)
{
    uint64_t pos = ring->ready - ring->oldest > wish->burst_bytes ? ring->ready - wish->burst_bytes
                                                                  : ring->oldest;

    *reader = (struct weir_leaky_reader){
        .ring = ring, .wish = *wish, .next = ring->readers, .lagging_since_ms = -1};
    reader->pos = weir_leaky_boundary(ring, pos);
    if (wish->random_access) {
        uint64_t entry = weir_leaky_entry_to(ring, ring->oldest, reader->pos);
        if (entry == WEIR_LEAKY_NOWHERE) {
            entry = weir_leaky_entry_from(ring, reader->pos);
        }
        reader->seeks = entry == WEIR_LEAKY_NOWHERE && ring->entries_n > 0;
        reader->pos = entry == WEIR_LEAKY_NOWHERE ? reader->pos : entry;
    }
    reader->joined_units = weir_leaky_units_at(ring, reader->pos);
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

size_t weir_leaky_peek(struct weir_leaky_reader *r, int64_t now_ms, struct iovec piece[2])
{
    const struct weir_leaky *ring = r->ring;
    size_t n = 0;

    piece[0] = piece[1] = (struct iovec){0};
    if (r->failed) {
        return 0;
    }
    if (r->rest == NULL && r->spills) {
        r->spills = false;
        drop(r, ring->ready, now_ms);
    }
    if (r->rest == NULL && r->wish.age_max_ms > 0 && r->wish.policy != WEIR_LEAKY_DROP_NEWEST) {
        drop_aged(r, now_ms);
    }
    if (r->rest != NULL) {
        piece[0] = (struct iovec){r->rest + r->rest_pos, r->rest_len - r->rest_pos};
        return piece[0].iov_len;
    }
    if (!found(r, now_ms) || r->pos == ring->ready) {
        r->lagging_since_ms = r->pos == ring->ready ? -1 : r->lagging_since_ms;
        return 0;
    }
    piece[0].iov_base = (void *)(uintptr_t)weir_leaky_run(ring, r->pos, ring->ready, &n);
    piece[0].iov_len = n;
    if (r->pos + n < ring->ready) {
        piece[1] =
            (struct iovec){(void *)(uintptr_t)ring->bytes, (size_t)(ring->ready - r->pos - n)};
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

void weir_leaky_give_up(struct weir_leaky_reader *r, int64_t now_ms)
{
    drop(r, r->ring->ready, now_ms);
    r->seeks = r->spills = false;
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

    if (r->rest == NULL) {
        return 0;
    }
    switch (r->ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return left;
    case WEIR_LEAKY_TS:
        return (left + WEIR_TS_BYTES - 1) / WEIR_TS_BYTES;
    case WEIR_LEAKY_LINES:
        break;
    }
    return weir_leaky_count_lines(r->rest + r->rest_pos, left);
}

uint64_t weir_leaky_taken_units(const struct weir_leaky_reader *r)
{
    /* What is kept lies before the cursor, and is not taken yet. */
    return weir_leaky_units_at(r->ring, r->pos) - r->joined_units - r->dropped_units -
           rest_units(r);
}

uint64_t weir_leaky_lag_bytes(const struct weir_leaky_reader *r)
{
    return r->ring->ready - r->pos + (r->rest != NULL ? r->rest_len - r->rest_pos : 0);
}

int64_t weir_leaky_age_ms(const struct weir_leaky_reader *r, int64_t now_ms)
{
    const struct weir_leaky *ring = r->ring;

    return r->pos == ring->ready
               ? 0
               : now_ms - weir_leaky_block_of(ring, r->pos / ring->block_bytes)->ms;
}
