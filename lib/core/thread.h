#ifndef WEIR_CORE_THREAD_H
#define WEIR_CORE_THREAD_H

#include <pthread.h>

/**
 * weir_thread_start: a thread, with a stack of WEIR_THREAD_STACK_BYTES. It is given no signals:
 * they are for the thread that has the loop they are watched on.
 *
 * ret  receives it; the caller joins or detaches it
 *
 * Returns 0, or an errno. Any thread.
 */
int weir_thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx);

#endif
