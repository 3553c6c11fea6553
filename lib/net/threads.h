#ifndef WEIR_NET_THREADS_H
#define WEIR_NET_THREADS_H

#include "core/err.h"
#include "net/loop.h"
#include "stream/workers.h"

#include <stddef.h>

/*
 * Threads for the parallel stage (stream/blocks.h). The ends of work arrive in the loop like
 * everything else. Loop thread only, but for the work itself.
 *
 * They are not libuv's, whose number is the whole process's, from an environment variable that
 * every program started from here would inherit; and of which as many as are waiting take part, so
 * that two threads' work ran on four and took turns on two processors.
 */
struct weir_threads;

/**
 * weir_threads_new: up to so many threads for tasks, each started with the task that finds as many
 * out as there are threads.
 *
 * threads  1..WEIR_THREADS_MAX, or 0 for weir_threads_here()
 *
 * Returns it (weir_threads_free, after the stages that use it and before weir_loop_free), or NULL
 * with *err set: WEIR_E_NOMEM.
 */
struct weir_threads *weir_threads_new(struct weir_loop *loop, size_t threads, struct weir_err *err);

/** weir_threads_workers: what a stage gets; NULL, which means inline, when there is only one thread
 * to use, or no threads. Owned by them. */
struct weir_workers *weir_threads_workers(struct weir_threads *threads);

/** weir_threads_free: end them, which are idle: the stages that used them are gone. Their memory
 *  goes in a later turn of the loop. Accepts NULL. */
void weir_threads_free(struct weir_threads *threads);

/**
 * weir_threads_here: how many threads are worth having here: the processors this process may run
 * on, or its control group's quota where that is less; in a function
 * (AWS_LAMBDA_FUNCTION_MEMORY_SIZE) no more than its memory buys, one for each 1,769 MB, since more
 * would only share them.
 */
size_t weir_threads_here(void);

#endif
