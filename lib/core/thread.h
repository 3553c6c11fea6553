#ifndef WEIR_CORE_THREAD_H
#define WEIR_CORE_THREAD_H

#include <pthread.h>

/**
 * weir_thread_start: a thread, with a stack of WEIR_THREAD_STACK_BYTES. It is given no signals but
 * those of its own faults: all others are for the thread whose loop watches them.
 *
 * ret  receives it; the caller joins or detaches it
 *
 * Returns 0, or an errno. Any thread.
 */
int weir_thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx);

#endif
