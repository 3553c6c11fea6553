/*
 * The main thread has the signals, the workers have the work. Between them go two kinds of
 * messages, both uv_async_t, which is what libuv has for other threads: "stop" to each worker's
 * loop, and "one has ended" to the main loop. All handles are made before the first thread starts
 * and closed after the last has been joined, so that neither side needs a lock.
 */
#include "bootstrap/workers.h"

#include "bootstrap/worker.h"
#include "core/limits.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct slot {
    struct weir_worker worker;
    struct weir_log log;
    uv_async_t stop; /* on the worker's loop */
    _Atomic(const struct weir_err *) why;
    uv_async_t *ended; /* on the main loop */
    atomic_size_t *running;
    pthread_t thread;
    bool has_stop, has_thread;
};

static void on_stop(uv_async_t *handle)
{
    struct slot *s = handle->data;

    weir_loop_cancel(s->worker.loop, atomic_load(&s->why));
}

static void on_ended(uv_async_t *handle)
{
    (void)handle; /* waking up is all it is for */
}

static void *thread_main(void *arg)
{
    struct slot *s = arg;

    weir_worker_run(&s->worker);
    atomic_fetch_sub(s->running, 1);
    (void)uv_async_send(s->ended);
    return NULL;
}

static int prepare(struct slot *s, const struct weir_runtime *rt, struct weir_err *err)
{
    s->log = *rt->log;
    s->worker = (struct weir_worker){
        .runtime = rt, .loop = weir_loop_new(err), .log = &s->log, .alone = false};
    if (s->worker.loop == NULL) {
        return -1;
    }
    int rc = uv_async_init(weir_loop_uv(s->worker.loop), &s->stop, on_stop);
    if (rc != 0) {
        return weir_err_detail(err, WEIR_E_IO, -rc, "a worker: %s", uv_strerror(rc));
    }
    s->stop.data = s;
    s->has_stop = true;
    uv_unref((uv_handle_t *)&s->stop);
    return 0;
}

/* Signals are the main thread's: a worker is not to be woken for them. */
static int start_thread(struct slot *s, struct weir_err *err)
{
    pthread_attr_t attr;
    sigset_t all, old;

    (void)sigfillset(&all);
    int rc = pthread_attr_init(&attr);
    if (rc == 0) {
        (void)pthread_attr_setstacksize(&attr, WEIR_RUNTIME_STACK_BYTES);
        (void)pthread_sigmask(SIG_SETMASK, &all, &old);
        rc = pthread_create(&s->thread, &attr, thread_main, s);
        (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
        (void)pthread_attr_destroy(&attr);
    }
    s->has_thread = rc == 0;
    return rc == 0 ? 0 : weir_err_detail(err, WEIR_E_IO, rc, "a worker: %s", strerror(rc));
}

static void stop_all(struct slot *slots, size_t n, const struct weir_err *why)
{
    for (size_t i = 0; i < n; i++) {
        if (slots[i].has_thread) {
            atomic_store(&slots[i].why, why);
            (void)uv_async_send(&slots[i].stop);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (slots[i].has_thread) {
            (void)pthread_join(slots[i].thread, NULL);
        }
    }
}

static int start_all(struct slot *slots, size_t n, const struct weir_runtime *rt, uv_async_t *ended,
    atomic_size_t *running, struct weir_err *err)
{
    for (size_t i = 0; i < n; i++) {
        slots[i].ended = ended;
        slots[i].running = running;
        if (prepare(&slots[i], rt, err) != 0) {
            return -1;
        }
    }
    atomic_store(running, n);
    for (size_t i = 0; i < n; i++) {
        if (start_thread(&slots[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

static void free_slots(struct slot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slots[i].has_stop) {
            uv_close((uv_handle_t *)&slots[i].stop, NULL);
        }
        weir_loop_free(slots[i].worker.loop);
    }
    free(slots);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle); /* the uv_async_t begins with it */
}

int weir_workers_run(
    const struct weir_runtime *rt, struct weir_loop *loop, size_t n, struct weir_err *err)
{
    struct slot *slots = calloc(n, sizeof *slots);
    uv_async_t *ended = malloc(sizeof *ended);
    atomic_size_t running = n;
    struct weir_err why = {0};

    if (slots == NULL || ended == NULL || uv_async_init(weir_loop_uv(loop), ended, on_ended) != 0) {
        free(slots);
        free(ended);
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for %zu workers", n);
    }
    int rc = start_all(slots, n, rt, ended, &running, err);
    while (rc == 0 && atomic_load(&running) == n && weir_loop_step(loop, INT64_MAX, NULL) == 0) {
    }
    if (weir_loop_cancelled(loop) != NULL) {
        why = *weir_loop_cancelled(loop);
    } else {
        (void)weir_err_set(&why, WEIR_E_CANCEL, "another worker has ended");
    }
    stop_all(slots, n, &why);
    free_slots(slots, n);
    uv_close((uv_handle_t *)ended, on_closed);
    return rc;
}
