#include "net/pool.h"

#include "core/cgroup_dir.h"
#include "core/env.h"
#include "core/limits.h"
#include "core/thread.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <uv.h>

#define LAMBDA_MB_PER_CPU 1769 /* AWS: "At 1,769 MB, a function has the equivalent of one vCPU" */

/*
 * One lock for what passes between the loop's thread and the pool's: tasks go out by `waiting` and
 * come home by `ended`, and an uv_async_t tells the loop. It keeps the loop alive as long as a task
 * is out.
 */
struct weir_pool {
    struct weir_workers workers; /* first: what a stage has is found from it */
    uv_async_t home;             /* the pool is freed in its close callback */
    size_t out;                  /* tasks submitted whose `done` is not set */
    pthread_t threads[WEIR_THREADS_MAX];
    size_t threads_n; /* started: each with the first task that finds no idle one */

    pthread_mutex_t lock; /* for all below */
    pthread_cond_t work;  /* a task waits, or all are to leave: for the threads */
    pthread_cond_t over;  /* a task has ended: for the loop's thread, when it waits for one */
    struct weir_task *waiting, **last; /* in order */
    struct weir_task *ended;           /* in any */
    bool leaving;
};

/* ---- on the pool's threads ---- */

static void *thread_main(void *self)
{
    struct weir_pool *pool = self;

    pthread_mutex_lock(&pool->lock);
    while (!pool->leaving) {
        struct weir_task *task = pool->waiting;
        if (task == NULL) {
            pthread_cond_wait(&pool->work, &pool->lock);
            continue;
        }
        pool->waiting = task->next;
        pool->last = task->next == NULL ? &pool->waiting : pool->last;
        pthread_mutex_unlock(&pool->lock);
        task->run(task);
        pthread_mutex_lock(&pool->lock);
        task->next = pool->ended;
        pool->ended = task;
        uv_async_send(&pool->home);
        pthread_cond_signal(&pool->over);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* ---- on the loop's ---- */

static void bring_home(struct weir_pool *pool, struct weir_task *task)
{
    task->done = true;
    if (--pool->out == 0) {
        uv_unref((uv_handle_t *)&pool->home);
    }
}

static void on_home(uv_async_t *home)
{
    struct weir_pool *pool = home->data;

    pthread_mutex_lock(&pool->lock);
    struct weir_task *ended = pool->ended;
    pool->ended = NULL;
    pthread_mutex_unlock(&pool->lock);
    while (ended != NULL) {
        struct weir_task *task = ended;
        ended = task->next;
        bring_home(pool, task);
    }
}

static void submit(struct weir_workers *workers, struct weir_task *task)
{
    struct weir_pool *pool = (struct weir_pool *)workers;

    if (pool->out >= pool->threads_n && pool->threads_n < workers->threads &&
        weir_thread_start(&pool->threads[pool->threads_n], thread_main, pool) == 0) {
        pool->threads_n++;
    }
    if (pool->threads_n == 0) { /* none can be had: there is still this one */
        task->run(task);
        task->done = true;
        return;
    }
    if (pool->out++ == 0) {
        uv_ref((uv_handle_t *)&pool->home);
    }
    task->next = NULL;
    pthread_mutex_lock(&pool->lock);
    *pool->last = task;
    pool->last = &task->next;
    pthread_cond_signal(&pool->work);
    pthread_mutex_unlock(&pool->lock);
}

/* The lock is held. Was it there? */
static bool take_out(struct weir_task **list, const struct weir_task *task)
{
    while (*list != NULL && *list != task) {
        list = &(*list)->next;
    }
    if (*list == NULL) {
        return false;
    }
    *list = task->next;
    return true;
}

static bool take_back(struct weir_workers *workers, struct weir_task *task)
{
    struct weir_pool *pool = (struct weir_pool *)workers;

    pthread_mutex_lock(&pool->lock);
    const bool waits = take_out(&pool->waiting, task);
    for (pool->last = &pool->waiting; *pool->last != NULL; pool->last = &(*pool->last)->next) {
    }
    pthread_mutex_unlock(&pool->lock);
    if (waits) {
        bring_home(pool, task);
    }
    return waits;
}

static void wait_for(struct weir_workers *workers, struct weir_task *task)
{
    struct weir_pool *pool = (struct weir_pool *)workers;

    pthread_mutex_lock(&pool->lock);
    while (!take_out(&pool->ended, task)) {
        pthread_cond_wait(&pool->over, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    bring_home(pool, task);
}

static size_t processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

size_t weir_pool_threads(void)
{
    const char *mb = weir_env_text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", NULL);
    size_t n = processors(), bought = 0; /* 0: no less than there are */

    if (mb != NULL) {
        bought = (size_t)strtoull(mb, NULL, 10) / LAMBDA_MB_PER_CPU;
        bought = bought > 0 ? bought : 1;
    } else if (n > 1) {
        bought = weir_cgroup_dir_cpus();
    }
    n = bought > 0 && bought < n ? bought : n;
    n = n < WEIR_THREADS_MAX ? n : WEIR_THREADS_MAX;
    return n > 0 ? n : 1;
}

struct weir_pool *weir_pool_new(struct weir_loop *loop, size_t threads, struct weir_err *err)
{
    struct weir_pool *pool = calloc(1, sizeof *pool);

    if (pool == NULL || uv_async_init(weir_loop_uv(loop), &pool->home, on_home) != 0) {
        free(pool);
        weir_err_set(err, WEIR_E_NOMEM, "net: out of memory for threads");
        return NULL;
    }
    uv_unref((uv_handle_t *)&pool->home);
    pool->home.data = pool;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->over, NULL);
    threads = threads > 0 ? threads : weir_pool_threads();
    pool->workers = (struct weir_workers){
        .threads = threads < WEIR_THREADS_MAX ? threads : WEIR_THREADS_MAX,
        .submit = submit,
        .take_back = take_back,
        .wait = wait_for,
    };
    pool->last = &pool->waiting;
    return pool;
}

struct weir_workers *weir_pool_workers(struct weir_pool *pool)
{
    return pool != NULL && pool->workers.threads > 1 ? &pool->workers : NULL;
}

void weir_pool_free(struct weir_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    assert(pool->out == 0); /* the stages that used it are gone */
    pthread_mutex_lock(&pool->lock);
    pool->leaving = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->threads_n; i++) {
        (void)pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->over);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    weir_loop_close((uv_handle_t *)&pool->home, pool);
}
