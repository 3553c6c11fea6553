/*
 * Is a pipe with real threads in its middle the same as one without, does it stop in order when it
 * fails or is dropped while they work, and are there as many threads as are worth having?
 */
#include "cli/cgroup.h"
#include "core/cgroup_dir.h"
#include "core/limits.h"
#include "core/thread.h"
#include "net/loop.h"
#include "net/threads.h"
#include "stream/blocks.h"
#include "tests/support/memory_ends.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A job that turns each block of 32 KiB into its bytes plus one; a 0xff in it is an error. */
#define BLOCK (32 * WEIR_KIB)

static int split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    (void)job;
    (void)block;
    (void)p;
    *cut = len >= BLOCK ? BLOCK : last ? len : 0;
    return 0;
}

static void *worker_new(void *job, struct weir_err *err)
{
    (void)job;
    (void)err;
    return malloc(1);
}

static int work(const void *job, void *worker, struct weir_block *block)
{
    (void)job;
    *(char *)worker = 1; /* a race on it would be seen by a thread sanitizer */
    uint8_t *to = weir_buf_reserve(&block->out, block->in_len, &block->err);
    if (to == NULL) {
        return -1;
    }
    for (size_t i = 0; i < block->in_len; i++) {
        if (block->in[i] == 0xff) {
            return weir_err_set(&block->err, WEIR_E_DATA, "ff at %zu", i);
        }
        to[i] = (uint8_t)(block->in[i] + 1);
    }
    block->out.len += block->in_len;
    return 0;
}

static int head(void *job, void *worker, struct weir_block *block)
{
    return work(job, worker, block);
}

static int merge(void *job, struct weir_block *block)
{
    size_t *blocks = job;

    assert_int_equal(block->index, *blocks);
    ++*blocks;
    return block->err.code == WEIR_OK ? 0 : -1;
}

static const struct weir_blocks_ops ops = {.name = "plus one",
    .split = split,
    .worker_new = worker_new,
    .head = head,
    .work = work,
    .worker_free = free,
    .merge = merge};

enum { TOTAL = 100 * 32 * 1024 + 5 };

struct run {
    struct weir_loop *loop;
    struct weir_threads *threads;
    struct memory_source source;
    struct memory_sink sink;
    size_t blocks;
    uint8_t *in;
};

static struct weir_pipe *begin_with(
    struct run *r, size_t threads, const struct weir_blocks_ops *with)
{
    *r = (struct run){.in = malloc(TOTAL)};
    for (size_t i = 0; i < TOTAL; i++) {
        r->in[i] = (uint8_t)(i % 251);
    }
    r->source = (struct memory_source){.in = r->in, .len = TOTAL};
    weir_buf_init(&r->sink.got, 2 * TOTAL);
    r->loop = weir_loop_new(NULL);
    r->threads = weir_threads_new(r->loop, threads, NULL);
    assert_non_null(r->threads);
    struct weir_stage stages[3] = {memory_source(&r->source), {0}, memory_sink(&r->sink)};
    assert_int_equal(weir_blocks_new(with, &r->blocks, BLOCK, weir_threads_workers(r->threads),
                         &stages[1], NULL),
        0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 3, NULL);
    assert_non_null(pipe);
    return pipe;
}

static struct weir_pipe *begin(struct run *r, size_t threads)
{
    return begin_with(r, threads, &ops);
}

static void assert_whole(const struct run *r)
{
    assert_true(r->sink.published);
    assert_int_equal(r->sink.got.len, TOTAL);
    for (size_t i = 0; i < TOTAL; i++) {
        assert_int_equal(r->sink.got.p[i], (uint8_t)(r->in[i] + 1));
    }
    assert_int_equal(r->blocks, 101);
}

static void end(struct run *r, struct weir_pipe *pipe)
{
    weir_pipe_free(pipe);
    weir_threads_free(r->threads);
    weir_loop_free(r->loop);
    weir_buf_fini(&r->sink.got);
    free(r->in);
}

static void the_result_does_not_depend_on_the_threads(void **state)
{
    (void)state;
    for (size_t threads = 1; threads <= 6; threads++) {
        struct run r;
        struct weir_err err = {0};
        struct weir_pipe *pipe = begin(&r, threads);
        assert_int_equal(weir_loop_run(r.loop, pipe, &err), 0);
        assert_whole(&r);
        end(&r, pipe);
    }
}

static void a_block_that_fails_fails_the_pipe_and_nothing_is_published(void **state)
{
    struct run r;
    struct weir_err err = {0};
    struct weir_pipe *pipe = begin(&r, 3);

    (void)state;
    r.in[50 * BLOCK + 7] = 0xff;
    assert_int_equal(weir_loop_run(r.loop, pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_DATA);
    assert_string_equal(err.msg, "ff at 7");
    assert_false(r.sink.published);
    assert_int_equal(r.blocks, 51);
    end(&r, pipe);
}

static void a_pipe_dropped_while_threads_work_waits_for_them(void **state)
{
    (void)state;
    for (int sweeps = 1; sweeps < 60; sweeps += 7) {
        struct run r;
        struct weir_pipe *pipe = begin(&r, 4);
        for (int i = 0; i < sweeps; i++) {
            assert_true(weir_pipe_sweep(pipe, 0) <= WEIR_PIPE_WAITING);
        }
        end(&r, pipe); /* ASan, valgrind and TSan look at this */
    }
}

/* What has not begun never does, and what has is told to end: it would wait here for good. */
static atomic_size_t begun;

static int work_until_dropped(const void *job, void *worker, struct weir_block *block)
{
    if (block->index == 0) {
        return work(job, worker, block);
    }
    atomic_fetch_add(&begun, 1);
    while (!atomic_load(block->dropped)) {
        sched_yield();
    }
    return weir_err_set(&block->err, WEIR_E_CANCEL, "dropped");
}

/* A pipe of it, swept until so many of its blocks are worked on. */
struct endless {
    struct memory_source source;
    struct memory_sink sink;
    struct weir_blocks_ops ops;
    size_t blocks;
    struct weir_pipe *pipe;
};

static void begin_endless(struct endless *e, struct weir_threads *threads, size_t working)
{
    *e = (struct endless){.source = {.in = calloc(32, BLOCK), .len = 32 * BLOCK}, .ops = ops};
    e->ops.work = work_until_dropped;
    weir_buf_init(&e->sink.got, WEIR_MIB);
    struct weir_stage stages[3] = {memory_source(&e->source), {0}, memory_sink(&e->sink)};
    assert_int_equal(weir_blocks_new(&e->ops, &e->blocks, BLOCK, weir_threads_workers(threads),
                         &stages[1], NULL),
        0);
    e->pipe = weir_pipe_new(0, stages, 3, NULL);
    assert_non_null(e->pipe);
    atomic_store(&begun, 0);
    while (atomic_load(&begun) < working) {
        assert_true(weir_pipe_sweep(e->pipe, 0) <= WEIR_PIPE_WAITING);
    }
}

static void drop_endless(struct endless *e)
{
    weir_pipe_free(e->pipe);
    weir_buf_fini(&e->sink.got);
    free((void *)(uintptr_t)e->source.in);
}

static void a_pipe_dropped_while_threads_work_stops_them(void **state)
{
    enum { THREADS = 3 };
    struct endless e;
    struct weir_loop *loop = weir_loop_new(NULL);
    struct weir_threads *threads = weir_threads_new(loop, THREADS, NULL);

    (void)state;
    assert_non_null(threads);
    begin_endless(&e, threads, 1);
    for (int i = 0; i < 60; i++) { /* until all slots are taken */
        assert_true(weir_pipe_sweep(e.pipe, 0) <= WEIR_PIPE_WAITING);
    }
    drop_endless(&e);
    assert_true(atomic_load(&begun) <= THREADS); /* of the more blocks that there is room for */
    weir_threads_free(threads);
    weir_loop_free(loop);
}

static void a_pipe_dropped_leaves_alone_what_another_has_them_do(void **state)
{
    struct run r;
    struct endless e;
    struct weir_err err = {0};
    struct weir_pipe *other = begin(&r, 2);

    (void)state;
    begin_endless(&e, r.threads, 2); /* both threads: what the other one submits has to wait */
    for (int i = 0; i < 60; i++) {
        assert_true(weir_pipe_sweep(other, 0) <= WEIR_PIPE_WAITING);
    }
    drop_endless(&e);
    assert_int_equal(weir_loop_run(r.loop, other, &err), 0);
    assert_whole(&r);
    end(&r, other);
}

/* A signal is to wake the thread whose loop watches it. */
static int work_without_signals(const void *job, void *worker, struct weir_block *block)
{
    sigset_t blocked;

    if (block->in_len < WEIR_BLOCK_INLINE_BYTES) {
        return work(job, worker, block); /* on our own thread, which has them */
    }
    if (pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0 || sigismember(&blocked, SIGTERM) != 1 ||
        sigismember(&blocked, SIGCHLD) != 1) {
        return weir_err_set(&block->err, WEIR_E_BUG, "signals are not blocked");
    }
    return work(job, worker, block);
}

static void they_get_no_signals(void **state)
{
    struct run r;
    struct weir_err err = {0};
    struct weir_blocks_ops watched = ops;

    (void)state;
    watched.work = work_without_signals;
    struct weir_pipe *pipe = begin_with(&r, 2, &watched);
    assert_int_equal(weir_loop_run(r.loop, pipe, &err), 0);
    assert_whole(&r);
    end(&r, pipe);
}

static void *no_work(void *ctx)
{
    return ctx;
}

/* In a process of a user of its own that may have no more of them: root's may. */
static void without_any_thread_the_work_is_done_all_the_same(void **state)
{
    enum { WELL = 0, NOT_WELL = 1, THREADS_ALL_THE_SAME = 2, NOBODY = 65534 };
    int status = 0;
    const pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        struct weir_err err = {0};
        struct run r;
        pthread_t thread;
        if ((geteuid() == 0 && setuid(NOBODY) != 0) || setrlimit(RLIMIT_NPROC, &none) != 0 ||
            weir_thread_start(&thread, no_work, NULL) == 0) {
            _exit(THREADS_ALL_THE_SAME);
        }
        struct weir_pipe *pipe = begin(&r, 3);
        const bool well = weir_loop_run(r.loop, pipe, &err) == 0 && r.sink.published &&
                          r.sink.got.len == TOTAL && r.blocks == 101;
        end(&r, pipe);
        _exit(well ? WELL : NOT_WELL);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == THREADS_ALL_THE_SAME) {
        skip();
    }
    assert_int_equal(status, WELL);
}

static void a_function_gets_the_threads_that_its_memory_buys(void **state)
{
    (void)state;
    setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128", 1);
    assert_int_equal(weir_threads_here(), 1);
    setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769", 1);
    assert_int_equal(weir_threads_here(), 1);
    setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "10240", 1);
    size_t n = weir_threads_here();
    assert_true(n >= 1 && n <= 5);
    unsetenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    assert_true(weir_threads_here() >= n);
    assert_true(weir_threads_here() <= WEIR_THREADS_MAX);
}

/* A quota is given to a child of this process, where this user may make a control group. */
static void a_quota_of_the_control_group_counts(void **state)
{
    const struct weir_cgroup_limits limits = {.memory_bytes = 256 << 20, .cpus = 1};
    struct weir_cgroup group;
    int status = 0;

    (void)state;
    if (weir_cgroup_new(&limits, &group, NULL) != 0) {
        skip();
    }
    (void)unsetenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    pid_t pid = fork();
    if (pid == 0) {
        bool in = true;
        for (size_t i = 0; i < group.n; i++) {
            in = in && write(group.procs_fds[i], "0", 1) == 1;
        }
        _exit(in && weir_cgroup_dir_cpus() == 1 && weir_threads_here() == 1 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    weir_cgroup_fini(&group);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_result_does_not_depend_on_the_threads),
        cmocka_unit_test(a_block_that_fails_fails_the_pipe_and_nothing_is_published),
        cmocka_unit_test(a_pipe_dropped_while_threads_work_waits_for_them),
        cmocka_unit_test(a_pipe_dropped_while_threads_work_stops_them),
        cmocka_unit_test(a_pipe_dropped_leaves_alone_what_another_has_them_do),
        cmocka_unit_test(they_get_no_signals),
        cmocka_unit_test(without_any_thread_the_work_is_done_all_the_same),
        cmocka_unit_test(a_function_gets_the_threads_that_its_memory_buys),
        cmocka_unit_test(a_quota_of_the_control_group_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
