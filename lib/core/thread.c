#include "core/thread.h"

#include "core/limits.h"

#include <signal.h>

int weir_thread_start(pthread_t *ret, void *(*run)(void *ctx), void *ctx)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    pthread_attr_t attr;
    sigset_t others, old;
    int rc = pthread_attr_init(&attr);

    if (rc != 0) {
        return rc;
    }
    rc = pthread_attr_setstacksize(&attr, WEIR_THREAD_STACK_BYTES);
    if (rc == 0) {
        (void)sigfillset(&others);
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
            (void)sigdelset(&others, own[i]);
        }
        (void)pthread_sigmask(SIG_SETMASK, &others, &old); /* what it inherits */
        rc = pthread_create(ret, &attr, run, ctx);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    }
    (void)pthread_attr_destroy(&attr);
    return rc;
}
