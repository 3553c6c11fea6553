#ifndef WEIR_STREAM_LEAKY_H
#define WEIR_STREAM_LEAKY_H

#include "core/err.h"
#include "stream/stage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

/*
 * A leaky ring: one writer that never waits, any number of readers, each with a cursor of its own.
 * Who is too slow loses whole units, and the loss is counted; nobody else notices.
 *
 *        oldest                      ready    head
 *     -----|---------------------------|--------|      positions count bytes since the beginning
 *             ^ reader      ^ reader   whole units only
 *
 * A unit is what is lost or delivered as a whole: a byte, a line, a transport-stream packet.
 * Readers see whole units only (up to `ready`). When the writer overtakes a reader, what is left of
 * a unit that it has begun is kept for it, and its cursor moves on as its policy says. For each
 * reader
 *
 *     units written since it joined = units taken + units dropped + units that still wait
 *
 * One thread.
 */
struct weir_leaky;

enum weir_leaky_unit {
    WEIR_LEAKY_BYTES,
    WEIR_LEAKY_LINES, /* ended by LF, which belongs to it */
    WEIR_LEAKY_TS,    /* 188 bytes that begin with 0x47 (ISO/IEC 13818-1) */
};

/* Where a reader goes on that has been overtaken. */
enum weir_leaky_policy {
    WEIR_LEAKY_DROP_OLDEST, /* with the oldest unit there still is */
    WEIR_LEAKY_DROP_NEWEST, /* with what has waited longest, of which WEIR_LEAKY_KEPT_BYTES are kept
                               for it; what comes before it has taken these is lost */
    WEIR_LEAKY_KEEP_LATEST, /* with the newest unit */
};

struct weir_leaky_opts {
    size_t ring_bytes; /* WEIR_LEAKY_RING_MIN_BYTES..WEIR_LEAKY_RING_MAX_BYTES */
    enum weir_leaky_unit unit;
};

/* What a reader wants. Zeros are a choice: from now on, drop the oldest. */
struct weir_leaky_wish {
    size_t burst_bytes; /* begin so far back, or as far back as there is something */
    enum weir_leaky_policy policy;
    bool random_access; /* packets: begin, and go on after a loss, where a decoder can */
    int64_t age_max_ms; /* what has waited longer is dropped, too; 0: no such rule, nor is there one
                           under WEIR_LEAKY_DROP_NEWEST */
};

/* What the writer has seen. */
struct weir_leaky_count {
    uint64_t units, bytes;  /* whole ones */
    uint64_t refused_units; /* lines longer than WEIR_LEAKY_UNIT_MAX_BYTES or a
                               quarter of the ring: not passed on */
    uint64_t refused_bytes; /* theirs, what is between packets, and what broke off */
};

/** weir_leaky_new: an empty ring. NULL with *err set: WEIR_E_CONFIG (ring_bytes), WEIR_E_NOMEM. */
struct weir_leaky *weir_leaky_new(const struct weir_leaky_opts *opts, struct weir_err *err);

/** weir_leaky_free: its readers must have left. Accepts NULL. */
void weir_leaky_free(struct weir_leaky *ring);

/** weir_leaky_write: take all n bytes. now_ms is CLOCK_MONOTONIC; the caller reads the clock. */
void weir_leaky_write(struct weir_leaky *ring, const uint8_t *p, size_t n, int64_t now_ms);

/** weir_leaky_cut: the stream ends here; more may be written after it. ended: that was all of it,
 * and a last line without an LF gets one; else it broke off, and half a line is refused. Half a
 * packet always is. */
void weir_leaky_cut(struct weir_leaky *ring, bool ended, int64_t now_ms);

/** weir_leaky_counts: owned by the ring. */
const struct weir_leaky_count *weir_leaky_counts(const struct weir_leaky *ring);

/* One reader; embedded by whoever it belongs to. Only these fields are for others to read. */
struct weir_leaky_reader {
    uint64_t taken_bytes;
    uint64_t dropped_units, dropped_bytes, drops; /* drops: how often */
    int64_t lagging_since_ms; /* first overtaken, and not caught up since; -1: keeps up */
    bool failed;              /* no memory for the rest of a unit: it cannot go on */

    struct weir_leaky_wish wish;
    struct weir_leaky *ring;
    struct weir_leaky_reader *next, *before;
    uint64_t pos;
    uint64_t promised; /* what lies before it is kept for the reader when it is overtaken */
    uint64_t joined_units;
    bool seeks;    /* a random access point that has not come yet */
    bool spills;   /* DROP_NEWEST: the rest is what it goes on with, and then with what is new */
    uint8_t *rest; /* of what it had begun when it was overtaken */
    size_t rest_len, rest_pos;
};

/**
 * weir_leaky_join: a new reader; reader is borrowed until weir_leaky_leave, *wish is copied. It
 * begins at a unit's begin; one that wants random access at the last point of that kind before
 * there, or, where the ring has none any more, at the next.
 */
void weir_leaky_join(
    struct weir_leaky *ring, struct weir_leaky_reader *reader, const struct weir_leaky_wish *wish);

/** weir_leaky_leave: detach. A reader of zeros that never joined is a no-op. */
void weir_leaky_leave(struct weir_leaky_reader *reader);

/**
 * weir_leaky_peek: what waits for the reader, without taking it.
 *
 * piece  receives one or two pieces, valid until the next write; the second may be empty
 *
 * Returns their bytes together; 0: it has caught up (or failed, see there).
 */
size_t weir_leaky_peek(struct weir_leaky_reader *reader, int64_t now_ms, struct iovec piece[2]);

/** weir_leaky_take: the reader has taken n bytes of what weir_leaky_peek has shown. */
void weir_leaky_take(struct weir_leaky_reader *reader, size_t n);

/** weir_leaky_give_up: nothing more will be taken of what waits in the ring: it is dropped, and
 *  counted. */
void weir_leaky_give_up(struct weir_leaky_reader *reader, int64_t now_ms);

/** weir_leaky_promise: the next n bytes of what weir_leaky_peek has shown will be taken: they are
 *  kept whatever happens, and so is the unit in which they end. For who announces a length. */
void weir_leaky_promise(struct weir_leaky_reader *reader, size_t n);

/** weir_leaky_taken_units: whole units that the reader has taken. */
uint64_t weir_leaky_taken_units(const struct weir_leaky_reader *reader);

/** weir_leaky_lag_bytes: bytes that wait for it. */
uint64_t weir_leaky_lag_bytes(const struct weir_leaky_reader *reader);

/** weir_leaky_age_ms: how long the next byte in the ring has waited for it, at most; 0 when none
 *  does. */
int64_t weir_leaky_age_ms(const struct weir_leaky_reader *reader, int64_t now_ms);

/* What a leaky stage has seen and lost. */
struct weir_leaky_stage_count {
    uint64_t units, bytes; /* that came; what was refused (see above) is none of these */
    uint64_t dropped_units, dropped_bytes;
};

struct weir_leaky_stage_opts {
    struct weir_leaky_opts ring;
    struct weir_leaky_wish wish; /* where it goes on after a loss; burst_bytes means nothing here */
    int64_t lag_ms;              /* it fails when it has been behind for so long; 0: never */
    /* CLOCK_MONOTONIC (weir_clock_mono_ms). NULL: none, and age_max_ms and lag_ms mean nothing. */
    int64_t (*now_ms)(void);
    struct weir_leaky_stage_count *count; /* receives the sums at each step; borrowed; or NULL */
};

/**
 * weir_leaky_stage: a ring with one reader as a transform: it takes whatever comes, and drops what
 * the stage after it has no room for, so that what is before it never waits. For telemetry and
 * rejects that must not stop the main line.
 *
 * What it hands on is whole units, and
 *
 *     units that came = units handed on + units dropped
 *
 * once it has ended. It fails with WEIR_E_LIMIT (lag_ms; seen when it is stepped), WEIR_E_NOMEM.
 *
 * Returns 0, or -1 with *err set as weir_leaky_new does.
 */
int weir_leaky_stage(
    const struct weir_leaky_stage_opts *opts, struct weir_stage *ret, struct weir_err *err);

#endif
