#ifndef WEIR_STREAM_STAGE_H
#define WEIR_STREAM_STAGE_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A stage is a synchronous transform between two windows that the caller owns. It takes from `in`,
 * fills `out`, and says why it stopped. It never blocks, never calls a neighbour and never grows
 * without a ceiling, so back-pressure is nothing but a window that is full. docs/STREAMS.md is the
 * long form for people who write one.
 */

struct weir_in {
    const uint8_t *p; /* never NULL */
    size_t size;      /* bytes in the window */
    size_t pos;       /* bytes taken; the stage moves it */
    bool last;        /* nothing will follow after p[size - 1] */
};

struct weir_out {
    uint8_t *p;  /* never NULL */
    size_t size; /* room */
    size_t pos;  /* bytes filled; the stage moves it */
};

enum weir_step {
    WEIR_NEED_IN,  /* all input is taken, and more is needed */
    WEIR_NEED_OUT, /* the output is full, and there is more to say */
    WEIR_WAIT,     /* an end, or threads: the world moves first; a wake-up is armed in the loop */
    WEIR_END,      /* done; for a sink: published */
    WEIR_FAIL,     /* *err is set */
};

struct weir_stage_ops {
    const char *name; /* a word, for counters and errors */

    /**
     * step: do as much as the windows allow.
     *
     * A source gets an empty `in` with last set; a sink gets an `out` of size 0. A transform ends
     * (WEIR_END) after in->last, once it has taken everything and said everything. A sink makes its
     * result visible only when it has seen in->last and taken everything: this is the one place
     * where something is published. Not called again after WEIR_END or WEIR_FAIL.
     */
    enum weir_step (*step)(
        void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err);

    /**
     * prepare: of a sink that publishes together with others (stream/fork.h): do all but that; may
     * be NULL.
     *
     * Called instead of step once it has been given its last byte, again and again while it returns
     * WEIR_WAIT. WEIR_END: what is left is what publishes, and step with in->last, which follows
     * when all the others are prepared, does it. WEIR_FAIL: *err is set.
     */
    enum weir_step (*prepare)(void *self, struct weir_err *err);

    /**
     * abort: undo what the world can see (an open upload, a temporary file); may be NULL.
     *
     * Called instead of step once the pipe has failed, again and again while it returns WEIR_WAIT;
     * WEIR_END or WEIR_FAIL finish it. It must bound its own waiting.
     */
    enum weir_step (*abort)(void *self, struct weir_err *err);

    /** free: release everything, in any state, NULL accepted. Never publishes. NULL: there is
     *  nothing to release. */
    void (*free)(void *self);

    /** passes: whether a transform only copies from here on; may be NULL. The pipe then leaves it
     *  out, which saves the copy: it is not stepped again unless something of its own is left to
     *  say, and what would have come in is taken by the stage after it. */
    bool (*passes)(const void *self);

    /* A transform that takes its input whatever becomes of the output, and drops what there is no
     * room for: it is stepped with an `out` of size 0 too (stream/leaky.h). */
    bool spills;
};

struct weir_stage {
    const struct weir_stage_ops *ops;
    void *self;
};

/** weir_stage_free: free a stage that no pipe owns; a stage whose ops are NULL is a no-op. */
void weir_stage_free(struct weir_stage *stage);

/**
 * weir_stage_step: step a stage, and hold it to what its answer promises of its windows. For
 * whoever drives stages: the pipe, and a stage that has others in it.
 *
 * sink  nothing comes after it
 *
 * Returns its answer; or, when that is not true, WEIR_FAIL with *err set to WEIR_E_BUG and the
 * stage's name, and both windows as if it had not been stepped.
 */
enum weir_step weir_stage_step(const struct weir_stage *stage, bool sink, struct weir_in *in,
    struct weir_out *out, struct weir_err *err);

/*
 * The two moves that nearly every stage makes.
 */

/** weir_out_put: copy up to n bytes into the output window; returns how many fitted. */
size_t weir_out_put(struct weir_out *out, const void *p, size_t n);

/** weir_in_take: copy up to n bytes out of the input window; returns how many there were. */
size_t weir_in_take(struct weir_in *in, void *p, size_t n);

#endif
