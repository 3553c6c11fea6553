#ifndef WEIR_STREAM_BLOCKS_H
#define WEIR_STREAM_BLOCKS_H

#include "core/buf.h"
#include "stream/stage.h"
#include "stream/workers.h"

#include <stdatomic.h>

/*
 * The middle of a record pipeline: cut the stream into blocks of whole records, work on each block
 * alone, and let the results out in order. The cut and the merge are serial, on the thread that
 * steps the stage; the work is done on N threads, or inline, and what comes out is the same.
 *
 * The first block is the head (a CSV header), which has a function of its own: it is done and
 * merged before any other is touched.
 */
struct weir_block {
    uint64_t index;    /* 0 for the head, then 1, 2, ... */
    const uint8_t *in; /* whole records; valid during work */
    size_t in_len;     /* 0 only in the head, when the input is empty */
    bool in_order;     /* during work: all blocks before it are merged; so it always is inline */
    /* Set when nobody wants the result any more; work that takes long looks at it now and then, and
     * fails with whatever it likes */
    const atomic_bool *dropped;
    void *note;           /* note_bytes of the job's own, zeroed before split */
    struct weir_buf out;  /* what work appends: this block's part of the output */
    struct weir_buf lead; /* what merge appends: it goes out before `out` */
    struct weir_err err;  /* what split or work failed with */
};

struct weir_blocks_ops {
    const char *name; /* the stage's name */
    size_t note_bytes;

    /**
     * split: find where the next block ends. Serial.
     *
     * p, len   all bytes not yet in a block, p never NULL
     * last     nothing follows p[len - 1]
     * cut      receives the block's length, or 0 when more bytes are needed (never when last is
     *          set, unless len is 0)
     *
     * Returns 0, or -1 with block->err set: this block is the stream's end as an error, and
     * merge sees it after all blocks before it.
     */
    int (*split)(
        void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut);

    /** worker_new: what is needed for one block at a time: with N threads there are up to N +
     *  WEIR_BLOCKS_AHEAD. NULL with *err set on failure. */
    void *(*worker_new)(void *job, struct weir_err *err);

    /** head: the first block to block->out, before any other is touched; what it puts into the job
     *  is fixed for all that follow. Returns 0, or -1 with block->err set. */
    int (*head)(void *job, void *worker, struct weir_block *block);

    /** work: any other block to block->out, on any thread. One block per worker at a time. Returns
     *  0, or -1 with block->err set. */
    int (*work)(const void *job, void *worker, struct weir_block *block);

    void (*worker_free)(void *worker); /* accepts NULL */

    /**
     * again: what goes on from block to block (sums with a limit, values seen) is not known to work
     * that is done ahead of its turn: such work supposes something, and this looks, in order and
     * serial, when all blocks before it are merged, whether that has turned out to matter. Then it
     * puts the note back to what split made of it, and the block is worked on once more, with
     * in_order set, on this thread. A block that failed is asked about too. NULL: it never matters.
     * Work with in_order set has all that merge and again write to itself until its own merge.
     */
    bool (*again)(void *job, struct weir_block *block);

    /** merge: serial, in order; adds up the notes. A failed block comes here too, for its error to
     *  get its place in the stream. block->in is gone by then. Returns 0, or -1 with block->err
     *  set. */
    int (*merge)(void *job, struct weir_block *block);

    /** finish: after the last block: append what ends the output. May be NULL. */
    int (*finish)(void *job, struct weir_buf *out, struct weir_err *err);
};

/**
 * weir_blocks_new: the stage.
 *
 * ops, job   borrowed; they outlive the stage
 * in_max     the longest record in bytes; split is never shown more than this and
 *            WEIR_BLOCK_BYTES
 * workers    who does the work; borrowed, outlives the stage. NULL: inline, in the step. With N
 *            threads, N + WEIR_BLOCKS_AHEAD blocks are in memory, and the stage answers WEIR_WAIT
 *            while the oldest of them is worked on. Blocks under WEIR_BLOCK_INLINE_BYTES are done
 *            inline all the same: handing them over would cost more
 *
 * Returns 0 with *ret set (free it with weir_stage_free, or give it to a pipe), or -1 with *err
 * set: WEIR_E_NOMEM.
 */
int weir_blocks_new(const struct weir_blocks_ops *ops, void *job, size_t in_max,
    struct weir_workers *workers, struct weir_stage *ret, struct weir_err *err);

#endif
