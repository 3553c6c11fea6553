/*
 * The main thread has the signals, the workers have the work. Between them go two kinds of
 * messages, both uv_async_t, which is what libuv has for other threads: "leave" or "stop" to each
 * worker's loop, and "one has ended" to the main loop. All handles are made before the first thread
 * starts and closed after the last has been joined, so that neither side needs a lock.
 */
#include "bootstrap/workers.h"

#include "bootstrap/worker.h"
#include "core/reason.h"
#include "core/thread.h"

#include <stdatomic.h>
#include <stdlib.h>

/* What all of them share. */
struct shared {
    uv_async_t *ended; /* on the main loop */
    atomic_size_t running;
    atomic_flag init_told;
};

struct slot {
    struct weir_runtime_worker worker;
    struct weir_log log;
    uv_async_t end;                       /* on the worker's loop */
    _Atomic(const struct weir_err *) why; /* to stop; NULL: to leave */
    struct shared *shared;
    pthread_t thread;
    bool has_end, has_thread;
};

static void on_end(uv_async_t *handle)
{
    struct slot *s = handle->data;
    const struct weir_err *why = atomic_load(&s->why);

    if (why != NULL) {
        weir_loop_cancel(s->worker.loop, why);
    } else {
        weir_runtime_worker_leave(&s->worker);
    }
}

static void on_ended(uv_async_t *handle)
{
    (void)handle; /* waking up is all it is for */
}

static void *thread_main(void *arg)
{
    struct slot *s = arg;

    weir_runtime_worker_run(&s->worker);
    atomic_fetch_sub(&s->shared->running, 1);
    (void)uv_async_send(s->shared->ended);
    return NULL;
}

static int prepare(struct slot *s, const struct weir_runtime *rt, struct weir_err *err)
{
    s->log = *rt->log;
    s->worker.runtime = rt;
    s->worker.log = &s->log;
    s->worker.init_told = &s->shared->init_told;
    s->worker.loop = weir_runtime_loop_new(rt, err);
    if (s->worker.loop == NULL) {
        return -1;
    }
    int rc = uv_async_init(weir_loop_uv(s->worker.loop), &s->end, on_end);
    if (rc != 0) {
        return weir_err_detail(err, WEIR_E_IO, -rc, "a worker: %s", weir_reason(-rc));
    }
    s->end.data = s;
    s->has_end = true;
    uv_unref((uv_handle_t *)&s->end);
    return 0;
}

static int start_thread(struct slot *s, struct weir_err *err)
{
    int rc = weir_thread_start(&s->thread, thread_main, s);

    s->has_thread = rc == 0;
    return rc == 0 ? 0 : weir_err_detail(err, WEIR_E_IO, rc, "a worker: %s", weir_reason(rc));
}

/* why NULL: only what has not begun. */
static void end_all(struct slot *slots, size_t n, const struct weir_err *why)
{
    for (size_t i = 0; i < n; i++) {
        if (slots[i].has_thread) {
            atomic_store(&slots[i].why, why);
            atomic_store(&slots[i].worker.leave, true);
            (void)uv_async_send(&slots[i].end);
        }
    }
}

static void join_all(struct slot *slots, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (slots[i].has_thread) {
            (void)pthread_join(slots[i].thread, NULL);
        }
    }
}

static int start_all(struct slot *slots, size_t n, const struct weir_runtime *rt,
    struct shared *shared, struct weir_err *err)
{
    for (size_t i = 0; i < n; i++) {
        slots[i].shared = shared;
        if (prepare(&slots[i], rt, err) != 0) {
            return -1;
        }
    }
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
        if (slots[i].has_end) {
            uv_close((uv_handle_t *)&slots[i].end, NULL);
        }
        weir_loop_free(slots[i].worker.loop);
    }
    free(slots);
}

/* Until the last one has ended, or the loop is cancelled. */
static void watch(struct slot *slots, size_t n, const struct shared *shared, struct weir_loop *loop)
{
    struct weir_err why = {0};
    bool leaving = false;

    for (size_t left; (left = atomic_load(&shared->running)) > 0;) {
        if (left < n && !leaving) {
            leaving = true;
            end_all(slots, n, NULL);
        }
        if (weir_loop_step(loop, INT64_MAX, &why) != 0) {
            end_all(slots, n, &why);
            join_all(slots, n); /* here, as they look at `why` */
            return;
        }
    }
    join_all(slots, n);
}

int weir_runtime_workers_run(
    const struct weir_runtime *rt, struct weir_loop *loop, size_t n, struct weir_err *err)
{
    struct slot *slots = calloc(n, sizeof *slots);
    struct shared shared = {
        .ended = malloc(sizeof *shared.ended), .running = n, .init_told = ATOMIC_FLAG_INIT};

    if (slots == NULL || shared.ended == NULL ||
        uv_async_init(weir_loop_uv(loop), shared.ended, on_ended) != 0) {
        free(slots);
        free(shared.ended);
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for %zu workers", n);
    }
    int rc = start_all(slots, n, rt, &shared, err);
    if (rc == 0) {
        watch(slots, n, &shared, loop);
    } else { /* some of them run, perhaps */
        end_all(slots, n, err);
        join_all(slots, n);
    }
    free_slots(slots, n);
    weir_loop_close((uv_handle_t *)shared.ended, shared.ended);
    return rc;
}
