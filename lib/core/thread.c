#include "core/thread.h"

#include "core/limits.h"

#include <signal.h>

int weir_thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx)
{
    pthread_attr_t attr;
    sigset_t all, old;
    int rc = pthread_attr_init(&attr);

    if (rc != 0) {
        return rc;
    }
    rc = pthread_attr_setstacksize(&attr, WEIR_THREAD_STACK_BYTES);
    if (rc == 0) {
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &old); /* what it inherits */
        rc = pthread_create(ret, &attr, run, ctx);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    (void)pthread_attr_destroy(&attr);
    return rc;
}
