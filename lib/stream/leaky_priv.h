#ifndef WEIR_STREAM_LEAKY_PRIV_H
#define WEIR_STREAM_LEAKY_PRIV_H

#include "core/limits.h"
#include "stream/leaky.h"
#include "stream/leaky_ts.h"

/*
 * The insides: leaky.c has the readers, leaky_write.c the writer and its units, leaky_ring.c where
 * things lie.
 *
 * Positions are bytes since the beginning and never wrap (2^64); their place is position % cap.
 * Only two things are kept beside the bytes: for each block of them how many units began before it
 * and when it was written, so that units and age of any position cost a look at one block, and
 * nothing per reader and byte.
 */
#define WEIR_LEAKY_NOWHERE UINT64_MAX

struct weir_leaky_block {
    uint64_t units; /* LFs before it */
    int64_t ms;     /* when its first byte was written */
};

struct weir_leaky {
    struct weir_leaky_opts opts;
    struct weir_leaky_count count;
    size_t cap, block_bytes, unit_max;
    uint64_t head, ready, oldest;
    uint64_t slowest; /* at or before every cursor: a write that overtakes nobody looks at nobody */
    uint64_t floor;   /* what lies before it is overwritten */
    uint64_t lines;   /* LFs written */
    bool skipping;    /* in a line that is refused */
    uint8_t packet[WEIR_TS_BYTES];
    size_t packet_len;
    struct weir_ts ts;
    uint64_t entries[WEIR_LEAKY_ENTRIES], entries_n; /* ascending */
    struct weir_leaky_reader *readers;
    uint8_t *bytes;  /* cap of them, behind the blocks */
    size_t blocks_n; /* a few more than fit the ring */
    struct weir_leaky_block blocks[];
};

/* ---- leaky_ring.c ---- */

/** weir_leaky_block_of: the block with this number. */
struct weir_leaky_block *weir_leaky_block_of(const struct weir_leaky *ring, uint64_t number);

/** weir_leaky_run: the bytes from `from` on, as far as they lie together, at most to `to`. */
const uint8_t *weir_leaky_run(const struct weir_leaky *ring, uint64_t from, uint64_t to, size_t *n);

/** weir_leaky_count_lines: LFs in n bytes. */
uint64_t weir_leaky_count_lines(const uint8_t *p, size_t n);

/** weir_leaky_lines: LFs in a part of the ring. */
uint64_t weir_leaky_lines(const struct weir_leaky *ring, uint64_t from, uint64_t to);

/** weir_leaky_units_at: units that end at or before pos, which lies from oldest to ready. */
uint64_t weir_leaky_units_at(const struct weir_leaky *ring, uint64_t pos);

/** weir_leaky_boundary: the first unit's begin at or after pos; pos <= ready, which is one. The
 *  byte before pos is there. */
uint64_t weir_leaky_boundary(const struct weir_leaky *ring, uint64_t pos);

/** weir_leaky_newest: the newest unit's begin, not before oldest. */
uint64_t weir_leaky_newest(const struct weir_leaky *ring, uint64_t oldest);

/** weir_leaky_entry_from: the first random access point at or after pos, or NOWHERE. */
uint64_t weir_leaky_entry_from(const struct weir_leaky *ring, uint64_t pos);

/** weir_leaky_entry_to: the last one from `from` to pos, or NOWHERE. */
uint64_t weir_leaky_entry_to(const struct weir_leaky *ring, uint64_t from, uint64_t pos);

/* ---- leaky.c ---- */

/** weir_leaky_overtake: the bytes before `oldest` are about to go: readers that are still there
 *  have to move. */
void weir_leaky_overtake(struct weir_leaky *ring, uint64_t oldest, int64_t now_ms);

#endif
