#ifndef WEIR_STREAM_PIPE_H
#define WEIR_STREAM_PIPE_H

#include "stream/stage.h"

/*
 * A pipe owns a row of stages (source, transforms, sink) and the edges between them. One driver
 * runs it: each sweep steps the stages once from the sink to the source, so that room is made
 * before it is filled. The first error of any stage is kept; after it every stage that can undo
 * something is asked to (ops->abort), and the pipe has failed only when all have answered.
 *
 * One thread, the loop's. weir_loop_run (net/loop.h) is what usually drives a pipe.
 */
struct weir_pipe;

enum weir_pipe_state {
    WEIR_PIPE_RUNNING, /* the sweep moved something: sweep again */
    WEIR_PIPE_WAITING, /* nothing moves until the world does */
    WEIR_PIPE_DONE,    /* the sink ended: the result is published */
    WEIR_PIPE_FAILED,  /* weir_pipe_err says why; everything is undone */
};

struct weir_stage_count {
    const char *name;
    uint64_t steps;     /* calls of step */
    uint64_t waits;     /* of these, how many answered WEIR_WAIT */
    uint64_t bytes_in;  /* taken */
    uint64_t bytes_out; /* filled */
};

/**
 * weir_pipe_new: a pipe of these stages, ready for its first sweep.
 *
 * edge_bytes  the size of each edge, 1..WEIR_EDGE_MAX_BYTES; 0 means the environment's
 *             WEIR_EDGE_BYTES, else WEIR_EDGE_DEFAULT_BYTES
 * stages, n   the source first, the sink last; 2..WEIR_PIPE_STAGES_MAX. On success the pipe owns
 *             them, and each entry is emptied (weir_stage_free on it is a no-op then)
 *
 * Returns the pipe (weir_pipe_free), or NULL with *err set (WEIR_E_NOMEM, WEIR_E_CONFIG) and the
 * stages still the caller's.
 */
struct weir_pipe *weir_pipe_new(
    size_t edge_bytes, struct weir_stage *stages, size_t n, struct weir_err *err);

/** weir_pipe_free: free the pipe and its stages. A pipe that runs is dropped without an abort.
 *  Accepts NULL. */
void weir_pipe_free(struct weir_pipe *pipe);

/** weir_pipe_set_deadline: fail with WEIR_E_DEADLINE in the first sweep at or after mono_ms. */
void weir_pipe_set_deadline(struct weir_pipe *pipe, int64_t mono_ms);

/** weir_pipe_deadline: what was set, or INT64_MAX. */
int64_t weir_pipe_deadline(const struct weir_pipe *pipe);

/**
 * weir_pipe_cancel: stop the pipe: it fails in its next sweep with *why, unless it is done or has
 * failed before. Loop thread.
 */
void weir_pipe_cancel(struct weir_pipe *pipe, const struct weir_err *why);

/** weir_pipe_abandon: of a pipe that undoes what it began: leave the rest of that. It has failed
 *  then; *why is the undo_err, unless there is an earlier one. Loop thread. */
void weir_pipe_abandon(struct weir_pipe *pipe, const struct weir_err *why);

/**
 * weir_pipe_sweep: step every stage once, sink first.
 *
 * now_ms  CLOCK_MONOTONIC, for the deadline; the caller reads the clock
 *
 * A breach of the contract in stage.h (an answer that is not true of the windows) fails the pipe
 * with WEIR_E_BUG and the stage's name; so a stage that does nothing is an error, not a hang.
 */
enum weir_pipe_state weir_pipe_sweep(struct weir_pipe *pipe, int64_t now_ms);

/** weir_pipe_err: why the pipe failed; code WEIR_OK before that. Owned by the pipe. */
const struct weir_err *weir_pipe_err(const struct weir_pipe *pipe);

/** weir_pipe_undo_err: what could not be undone after the failure (the first such error of an
 *  abort); code WEIR_OK when everything was. Worth a log line: it may cost money or hide a result.
 *  Owned by the pipe. */
const struct weir_err *weir_pipe_undo_err(const struct weir_pipe *pipe);

/** weir_pipe_counts: the counters of the stages; *n receives how many. Owned by the pipe. */
const struct weir_stage_count *weir_pipe_counts(const struct weir_pipe *pipe, size_t *n);

#endif
