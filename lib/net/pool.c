#include "net/pool.h"

#include "core/cgroup_dir.h"
#include "core/env.h"
#include "core/limits.h"
#include "net/loop_priv.h"
#include "net/pool_priv.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define LAMBDA_MB_PER_CPU 1769 /* AWS: "At 1,769 MB, a function has the equivalent of one vCPU" */
#define UV_THREADS_DEFAULT 4   /* libuv's own, unless UV_THREADPOOL_SIZE says otherwise */

struct weir_pool {
    struct weir_workers workers; /* first: what a stage has is found from it */
    struct weir_loop *loop;
    struct request *requests; /* submitted, and not yet back */
};

struct request {
    uv_work_t work;
    struct weir_pool *pool;
    struct weir_task *task;
    struct request *next, **from; /* in the pool's list */
};

static void on_work(uv_work_t *work)
{
    struct request *r = work->data;

    r->task->run(r->task);
}

static void on_worked(uv_work_t *work, int status)
{
    struct request *r = work->data;

    (void)status;
    r->task->done = true;
    *r->from = r->next;
    if (r->next != NULL) {
        r->next->from = r->from;
    }
    free(r);
}

static void submit(struct weir_workers *workers, struct weir_task *task)
{
    struct weir_pool *pool = (struct weir_pool *)workers;
    struct request *r = malloc(sizeof *r);

    if (r != NULL) {
        *r = (struct request){.pool = pool, .task = task};
        r->work.data = r;
        if (uv_queue_work(weir_loop_uv(pool->loop), &r->work, on_work, on_worked) == 0) {
            r->next = pool->requests;
            r->from = &pool->requests;
            if (r->next != NULL) {
                r->next->from = &r->next;
            }
            pool->requests = r;
            return;
        }
    }
    free(r); /* no memory for a request: there is still this thread */
    task->run(task);
    task->done = true;
}

static void settle(struct weir_workers *workers)
{
    struct weir_pool *pool = (struct weir_pool *)workers;

    for (struct request *r = pool->requests; r != NULL; r = r->next) {
        (void)uv_cancel((uv_req_t *)&r->work); /* only one that has not begun can be */
    }
    atomic_store(&workers->stop, true);
    while (pool->requests != NULL) { /* as long as a task takes to look at `stop` */
        weir_loop_turn(pool->loop);
    }
    atomic_store(&workers->stop, false);
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

void weir_pool_set_up(void)
{
    char text[24];

    if (processors() > UV_THREADS_DEFAULT && weir_pool_threads() > UV_THREADS_DEFAULT) {
        (void)snprintf(text, sizeof text, "%zu", weir_pool_threads());
        (void)setenv("UV_THREADPOOL_SIZE", text, 0);
    }
}

struct weir_pool *weir_pool_new(struct weir_loop *loop, size_t threads, struct weir_err *err)
{
    struct weir_pool *pool = calloc(1, sizeof *pool);

    if (pool == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "net: out of memory for threads");
        return NULL;
    }
    threads = threads > 0 ? threads : weir_pool_threads();
    pool->workers = (struct weir_workers){
        .threads = threads < WEIR_THREADS_MAX ? threads : WEIR_THREADS_MAX,
        .submit = submit,
        .settle = settle,
    };
    pool->loop = loop;
    return pool;
}

struct weir_workers *weir_pool_workers(struct weir_pool *pool)
{
    return pool != NULL && pool->workers.threads > 1 ? &pool->workers : NULL;
}

void weir_pool_free(struct weir_pool *pool)
{
    if (pool != NULL) {
        settle(&pool->workers);
        free(pool);
    }
}
