#include "net/threads.h"

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
 * One lock for what passes between the loop's thread and these: tasks go out by `waiting` and
 * come home by `ended`, and an uv_async_t tells the loop. It keeps the loop alive as long as a task
 * is out.
 */
struct weir_threads {
    struct weir_workers workers; /* first: what a stage has is found from it */
    uv_async_t home;             /* all is freed in its close callback */
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

/* ---- on these threads ---- */

static void *thread_main(void *self)
{
    struct weir_threads *t = self;

    pthread_mutex_lock(&t->lock);
    while (!t->leaving) {
        struct weir_task *task = t->waiting;
        if (task == NULL) {
            pthread_cond_wait(&t->work, &t->lock);
            continue;
        }
        t->waiting = task->next;
        t->last = task->next == NULL ? &t->waiting : t->last;
        pthread_mutex_unlock(&t->lock);
        task->run(task);
        pthread_mutex_lock(&t->lock);
        task->next = t->ended;
        t->ended = task;
        uv_async_send(&t->home);
        pthread_cond_signal(&t->over);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---- on the loop's ---- */

static void bring_home(struct weir_threads *t, struct weir_task *task)
{
    task->done = true;
    if (--t->out == 0) {
        uv_unref((uv_handle_t *)&t->home);
    }
}

static void on_home(uv_async_t *home)
{
    struct weir_threads *t = home->data;

    pthread_mutex_lock(&t->lock);
    struct weir_task *ended = t->ended;
    t->ended = NULL;
    pthread_mutex_unlock(&t->lock);
    while (ended != NULL) {
        struct weir_task *task = ended;
        ended = task->next;
        bring_home(t, task);
    }
}

static void submit(struct weir_workers *workers, struct weir_task *task)
{
    struct weir_threads *t = (struct weir_threads *)workers;

    if (t->out >= t->threads_n && t->threads_n < workers->threads &&
        weir_thread_start(&t->threads[t->threads_n], thread_main, t) == 0) {
        t->threads_n++;
    }
    if (t->threads_n == 0) { /* none can be had: there is still this one */
        task->run(task);
        task->done = true;
        return;
    }
    if (t->out++ == 0) {
        uv_ref((uv_handle_t *)&t->home);
    }
    task->next = NULL;
    pthread_mutex_lock(&t->lock);
    *t->last = task;
    t->last = &task->next;
    pthread_cond_signal(&t->work);
    pthread_mutex_unlock(&t->lock);
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
    struct weir_threads *t = (struct weir_threads *)workers;

    pthread_mutex_lock(&t->lock);
    const bool waits = take_out(&t->waiting, task);
    for (t->last = &t->waiting; *t->last != NULL; t->last = &(*t->last)->next) {
    }
    pthread_mutex_unlock(&t->lock);
    if (waits) {
        bring_home(t, task);
    }
    return waits;
}

static void wait_for(struct weir_workers *workers, struct weir_task *task)
{
    struct weir_threads *t = (struct weir_threads *)workers;

    pthread_mutex_lock(&t->lock);
    while (!take_out(&t->ended, task)) {
        pthread_cond_wait(&t->over, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    bring_home(t, task);
}

static size_t processors(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) == 0 ? (size_t)CPU_COUNT(&set) : 1;
}

size_t weir_threads_here(void)
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

struct weir_threads *weir_threads_new(struct weir_loop *loop, size_t threads, struct weir_err *err)
{
    struct weir_threads *t = calloc(1, sizeof *t);

    if (t == NULL || uv_async_init(weir_loop_uv(loop), &t->home, on_home) != 0) {
        free(t);
        weir_err_set(err, WEIR_E_NOMEM, "net: out of memory for threads");
        return NULL;
    }
    uv_unref((uv_handle_t *)&t->home);
    t->home.data = t;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->over, NULL);
    threads = threads > 0 ? threads : weir_threads_here();
    t->workers = (struct weir_workers){
        .threads = threads < WEIR_THREADS_MAX ? threads : WEIR_THREADS_MAX,
        .submit = submit,
        .take_back = take_back,
        .wait = wait_for,
    };
    t->last = &t->waiting;
    return t;
}

struct weir_workers *weir_threads_workers(struct weir_threads *t)
{
    return t != NULL && t->workers.threads > 1 ? &t->workers : NULL;
}

void weir_threads_free(struct weir_threads *t)
{
    if (t == NULL) {
        return;
    }
    assert(t->out == 0); /* the stages that used it are gone */
    pthread_mutex_lock(&t->lock);
    t->leaving = true;
    pthread_cond_broadcast(&t->work);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->threads_n; i++) {
        (void)pthread_join(t->threads[i], NULL);
    }
    pthread_cond_destroy(&t->over);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    weir_loop_close((uv_handle_t *)&t->home, t);
}
