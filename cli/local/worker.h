#ifndef WEIR_CLI_LOCAL_WORKER_H
#define WEIR_CLI_LOCAL_WORKER_H

#include "cli/local/queue.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What Lambda does with a queue: keeps a bootstrap running under our Runtime API, hands it batches
 * of messages, and deletes or returns each as its answer says. A bootstrap that dies is started
 * again, if it has ever worked; the messages it had come back. One invocation at a time.
 *
 * Callbacks of the loop only note what happened, and weir_worker_turn acts; but an answer is
 * settled in the queue before it is acknowledged.
 */
struct weir_worker;

enum weir_worker_state {
    WEIR_WORKER_DOWN,     /* ended; it is started again soon */
    WEIR_WORKER_STARTING, /* has not asked for work yet */
    WEIR_WORKER_IDLE,
    WEIR_WORKER_BUSY,
    WEIR_WORKER_ENDING, /* is being replaced */
};

struct weir_worker_opts {
    const char *bootstrap; /* path of the program */
    const char *handler;
    int64_t memory_mb; /* 0: no limit */
    int64_t timeout_ms;
    const char *const *env; /* "K=V", over what is passed on of our own */
    size_t env_n;
    size_t batch; /* messages at a time, 1..WEIR_WORKER_BATCH_MAX */
    bool watch;   /* restart it when the program is another file */
    bool quiet;   /* tell only what went wrong */
    struct weir_queue *queue;
    /* The message has been worked on without a failure; it is deleted after this. May be NULL. */
    void (*on_done)(void *ctx, const struct weir_queue_message *message, int64_t ms);
    void *ctx;
};

/** weir_worker_new: nothing is started yet. opts and what it points to are borrowed; the program is
 *  there (weir_function_program). Returns it (weir_worker_free), or NULL with *err set:
 *  WEIR_E_NOMEM. */
struct weir_worker *weir_worker_new(
    struct weir_loop *loop, const struct weir_worker_opts *opts, struct weir_err *err);

/**
 * weir_worker_turn: do what is to be done. Not from within a callback.
 *
 * Returns when it wants the next turn at the latest, by CLOCK_MONOTONIC, INT64_MAX: when something
 * happens on the loop.
 */
int64_t weir_worker_turn(struct weir_worker *worker);

/** weir_worker_failed: whether the function has ended, or said that it cannot start, before it ever
 *  asked for work: then *err is set, and it is not started again (but with `watch`). */
bool weir_worker_failed(const struct weir_worker *worker, struct weir_err *err);

enum weir_worker_state weir_worker_state(const struct weir_worker *worker);

/** weir_worker_starts: how often the bootstrap has been started. */
uint64_t weir_worker_starts(const struct weir_worker *worker);

/** weir_worker_variable: a variable of the function's environment, as of its last start; or NULL.
 */
const char *weir_worker_variable(const struct weir_worker *worker, const char *name);

/** weir_worker_stop: ask the bootstrap to end and give it time to clean up, then end it. Runs the
 *  loop, also a cancelled one. What it has in hand stays in the queue. */
void weir_worker_stop(struct weir_worker *worker);

/** weir_worker_free: accepts NULL. */
void weir_worker_free(struct weir_worker *worker);

#endif
