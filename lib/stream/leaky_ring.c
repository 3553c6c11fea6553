#include "stream/leaky_priv.h"

#include <string.h>

struct weir_leaky_block *weir_leaky_block_of(const struct weir_leaky *ring, uint64_t number)
{
    return (struct weir_leaky_block *)&ring->blocks[number % ring->blocks_n];
}

const uint8_t *weir_leaky_run(const struct weir_leaky *ring, uint64_t from, uint64_t to, size_t *n)
{
    size_t at = (size_t)(from % ring->cap);
    uint64_t want = to - from;

    *n = want < ring->cap - at ? (size_t)want : ring->cap - at;
    return ring->bytes + at;
}

uint64_t weir_leaky_count_lines(const uint8_t *p, size_t n)
{
    const uint64_t lf = 0x0A0A0A0A0A0A0A0A, low = 0x7F7F7F7F7F7F7F7F, ones = 0x0101010101010101;
    uint64_t lines = 0;

    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        word ^= lf;
        word = ~(((word & low) + low) | word | low); /* the high bit of what was an LF, no other */
        lines += (word >> 7) * ones >> 56;           /* their sum */
    }
    for (; n > 0; p++, n--) {
        lines += *p == '\n';
    }
    return lines;
}

uint64_t weir_leaky_lines(const struct weir_leaky *ring, uint64_t from, uint64_t to)
{
    uint64_t lines = 0;
    size_t n;

    while (from < to) {
        const uint8_t *p = weir_leaky_run(ring, from, to, &n);
        lines += weir_leaky_count_lines(p, n);
        from += n;
    }
    return lines;
}

uint64_t weir_leaky_units_at(const struct weir_leaky *ring, uint64_t pos)
{
    switch (ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return pos;
    case WEIR_LEAKY_TS:
        return pos / WEIR_TS_BYTES;
    case WEIR_LEAKY_LINES:
        break;
    }
    if (pos == ring->ready) {
        return ring->count.units; /* its block may not have begun */
    }
    uint64_t number = pos / ring->block_bytes, begin = number * ring->block_bytes;
    if (begin >= ring->floor) {
        return weir_leaky_block_of(ring, number)->units + weir_leaky_lines(ring, begin, pos);
    }
    /* Its block's begin is overwritten, so there is a block after it. */
    return weir_leaky_block_of(ring, number + 1)->units -
           weir_leaky_lines(ring, pos, begin + ring->block_bytes);
}

static bool at_boundary(const struct weir_leaky *ring, uint64_t pos)
{
    switch (ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return true;
    case WEIR_LEAKY_TS:
        return pos % WEIR_TS_BYTES == 0;
    case WEIR_LEAKY_LINES:
        break;
    }
    /* Of the oldest unit, the byte before it may be gone. */
    return pos == ring->oldest || pos == ring->ready || ring->bytes[(pos - 1) % ring->cap] == '\n';
}

uint64_t weir_leaky_boundary(const struct weir_leaky *ring, uint64_t pos)
{
    if (at_boundary(ring, pos)) {
        return pos;
    }
    if (ring->opts.unit == WEIR_LEAKY_TS) {
        return pos + WEIR_TS_BYTES - pos % WEIR_TS_BYTES;
    }
    while (pos < ring->ready) {
        size_t n;
        const uint8_t *p = weir_leaky_run(ring, pos, ring->ready, &n);
        const uint8_t *lf = memchr(p, '\n', n);
        if (lf != NULL) {
            return pos + (uint64_t)(lf - p) + 1;
        }
        pos += n;
    }
    return ring->ready;
}

uint64_t weir_leaky_newest(const struct weir_leaky *ring, uint64_t oldest)
{
    uint64_t pos = ring->ready;

    if (pos == oldest) {
        return pos;
    }
    switch (ring->opts.unit) {
    case WEIR_LEAKY_BYTES:
        return pos - 1;
    case WEIR_LEAKY_TS:
        return pos - WEIR_TS_BYTES;
    case WEIR_LEAKY_LINES:
        break;
    }
    do {
        pos--;
    } while (pos > oldest && ring->bytes[(pos - 1) % ring->cap] != '\n');
    return pos;
}

/* Of the points that are remembered, the one that came i-th. */
static uint64_t entry_at(const struct weir_leaky *ring, uint64_t i)
{
    return ring->entries[i % WEIR_LEAKY_ENTRIES];
}

static uint64_t entries_begin(const struct weir_leaky *ring)
{
    return ring->entries_n > WEIR_LEAKY_ENTRIES ? ring->entries_n - WEIR_LEAKY_ENTRIES : 0;
}

uint64_t weir_leaky_entry_from(const struct weir_leaky *ring, uint64_t pos)
{
    for (uint64_t i = entries_begin(ring); i < ring->entries_n; i++) {
        if (entry_at(ring, i) >= pos) {
            return entry_at(ring, i);
        }
    }
    return WEIR_LEAKY_NOWHERE;
}

uint64_t weir_leaky_entry_to(const struct weir_leaky *ring, uint64_t from, uint64_t pos)
{
    for (uint64_t i = ring->entries_n; i > entries_begin(ring); i--) {
        if (entry_at(ring, i - 1) <= pos) {
            return entry_at(ring, i - 1) >= from ? entry_at(ring, i - 1) : WEIR_LEAKY_NOWHERE;
        }
    }
    return WEIR_LEAKY_NOWHERE;
}
