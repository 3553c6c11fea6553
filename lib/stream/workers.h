#ifndef WEIR_STREAM_WORKERS_H
#define WEIR_STREAM_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Somebody who does work on other threads; the parallel stage (stream/blocks.h) knows no more of
 * them than this. net/threads.h is the one that real programs use. Several stages may share one.
 */

/* A piece of work; part of a larger thing that its owner finds from it. */
struct weir_task {
    void (*run)(struct weir_task *task); /* on any thread */
    bool done;                           /* set on the owner's thread, after run, or by take_back */
    struct weir_task *next;              /* of whoever has it run */
};

struct weir_workers {
    size_t threads; /* how many tasks run at the same time; at least 1 */

    /** submit: have it run. The task is borrowed until it is done; its owner is woken then, as by
     *  anything that happens on the loop. Never fails: with no other way, it runs at once. */
    void (*submit)(struct weir_workers *workers, struct weir_task *task);

    /** take_back: nobody wants the result of a task that was submitted and is not done. One that
     *  has not begun never does, and is done then; false: it has begun. */
    bool (*take_back)(struct weir_workers *workers, struct weir_task *task);

    /** wait: until one that has begun is done. */
    void (*wait)(struct weir_workers *workers, struct weir_task *task);
};

#endif
