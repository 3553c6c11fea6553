#include "cli/function.h"

#include "cli/cgroup.h"
#include "cli/function_env.h"
#include "cli/runtime_api.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/reason.h"
#include "core/self.h"
#include "core/uuid.h"
#include "net/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * What happens, in order: exec; the first /next (init is over, the event goes out); the answer; the
 * second /next (the function is parked: its peak is read, it is asked to end); its end. Each step
 * has its time (due_ms).
 */
enum step { STEP_INIT, STEP_RUNNING, STEP_ANSWERED, STEP_ENDING, STEP_OVER };

struct run {
    const struct weir_function_opts *opts;
    struct weir_function_result *result;
    struct weir_rapi *rapi;
    struct weir_child *child;
    enum step step;
    int64_t due_ms; /* CLOCK_MONOTONIC: when the step's time is over */
    bool has_outcome;
    uint64_t start_ns; /* uv_hrtime when the step began that is measured */
    struct weir_err err;
};

static int64_t since_us(uint64_t start_ns)
{
    return (int64_t)((uv_hrtime() - start_ns) / 1000);
}

static void watch(struct run *r, enum step step, int64_t ms)
{
    r->step = step;
    r->due_ms = weir_clock_mono_ms() + ms + 1; /* it drops the part of a millisecond */
}

static void set_outcome(struct run *r, enum weir_function_outcome outcome)
{
    if (!r->has_outcome) {
        r->has_outcome = true;
        r->result->outcome = outcome;
    }
}

static void note_use(struct run *r)
{
    int64_t peak_kib = weir_child_peak_kib(r->child), cpu_us = weir_child_cpu_us(r->child);

    if (peak_kib > r->result->peak_kib) {
        r->result->peak_kib = peak_kib;
    }
    if (cpu_us > r->result->cpu_us) {
        r->result->cpu_us = cpu_us;
    }
}

/* The function is to go: politely first, when number is SIGTERM. */
static void end(struct run *r, int number)
{
    note_use(r);
    watch(r, STEP_ENDING, WEIR_INVOKE_STOP_MS);
    weir_child_kill(r->child, number);
}

static void hand_out(struct run *r)
{
    struct weir_rapi_invocation invocation = {.request_id = r->result->request_id,
        .event = r->opts->event,
        .event_len = r->opts->event_len,
        .deadline_unix_ms = weir_clock_unix_ms() + r->opts->timeout_ms,
        .function_arn = "arn:aws:lambda:us-east-1:000000000000:function:weir"};

    if (r->opts->on_start != NULL) {
        r->opts->on_start(r->opts->ctx, r->result->request_id);
    }
    if (weir_rapi_invoke(r->rapi, &invocation, &r->err) != 0) {
        end(r, SIGKILL);
        return;
    }
    r->start_ns = uv_hrtime();
    watch(r, STEP_RUNNING, r->opts->timeout_ms);
}

/* It has answered and is there for more. */
static void go_on(struct run *r)
{
    note_use(r);
    if (r->opts->more == NULL || !r->opts->more(r->opts->ctx, r->result)) {
        end(r, SIGTERM);
        return;
    }
    r->has_outcome = false;
    r->result->body.len = 0;
    if (weir_uuid_new(r->result->request_id, &r->err) != 0) {
        end(r, SIGKILL);
        return;
    }
    hand_out(r);
}

static void on_next(void *ctx)
{
    struct run *r = ctx;

    if (r->step == STEP_INIT) {
        r->result->init_us = since_us(r->start_ns);
        hand_out(r);
    } else if (r->step == STEP_ANSWERED) {
        go_on(r);
    }
}

static void on_answer(void *ctx, const struct weir_rapi_answer *answer)
{
    struct run *r = ctx;

    if (r->has_outcome || r->step > STEP_RUNNING) {
        return;
    }
    r->result->duration_us = r->step == STEP_RUNNING ? since_us(r->start_ns) : 0;
    if (answer->kind == WEIR_RAPI_INIT_ERROR) {
        r->result->init_us = since_us(r->start_ns);
    }
    set_outcome(
        r, answer->kind == WEIR_RAPI_RESPONSE ? WEIR_FUNCTION_ANSWERED : WEIR_FUNCTION_ERROR);
    if (weir_buf_add(&r->result->body, answer->body, answer->len, &r->err) != 0) {
        end(r, SIGKILL);
        return;
    }
    note_use(r); /* should it end by itself now */
    watch(r, STEP_ANSWERED, WEIR_INVOKE_PARK_MS);
}

/* What Lambda answers when the time is over. */
static void time_out(struct run *r)
{
    set_outcome(r, WEIR_FUNCTION_TIMED_OUT);
    r->result->duration_us = since_us(r->start_ns);
    (void)weir_buf_addf(&r->result->body, &r->err,
        "{\"errorMessage\":\"Task timed out after %lld.%02lld seconds\","
        "\"errorType\":\"Sandbox.Timedout\"}",
        (long long)r->opts->timeout_ms / 1000, (long long)r->opts->timeout_ms % 1000 / 10);
}

static void due(struct run *r)
{
    r->due_ms = INT64_MAX;
    switch (r->step) {
    case STEP_INIT:
        set_outcome(r, WEIR_FUNCTION_NO_START);
        end(r, SIGKILL);
        break;
    case STEP_RUNNING:
        time_out(r);
        end(r, SIGKILL);
        break;
    case STEP_ANSWERED:
        end(r, SIGTERM);
        break;
    case STEP_ENDING:
        weir_child_kill(r->child, SIGKILL);
        break;
    case STEP_OVER:
        break;
    }
}

static void on_exit_child(void *ctx, int status, const struct rusage *used)
{
    struct run *r = ctx;
    struct weir_function_result *result = r->result;

    if (!r->has_outcome) {
        if (r->step == STEP_RUNNING) {
            result->duration_us = since_us(r->start_ns);
        }
        set_outcome(r, WEIR_FUNCTION_DIED);
    }
    result->wait_status = status;
    result->cpu_us = (int64_t)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) * 1000000 +
                     used->ru_utime.tv_usec + used->ru_stime.tv_usec;
    if (result->peak_kib == 0) {
        result->peak_kib = used->ru_maxrss;
    }
    r->step = STEP_OVER;
    r->due_ms = INT64_MAX;
}

/* Somebody cancelled the loop: hand it on, and leave the function time to undo what it began. One
 * that is ending already is not asked twice. */
static void stop(struct run *r)
{
    if (r->step < STEP_ENDING) {
        note_use(r);
        watch(r, STEP_ENDING, r->opts->undo_ms > 0 ? r->opts->undo_ms : WEIR_INVOKE_UNDO_MS);
        weir_child_kill(r->child, SIGTERM);
    }
}

typedef int step_fn(struct weir_loop *loop, int64_t mono_ms, struct weir_err *err);

/* Sleep until something happens or the step's time is over. It is over when a look at the sockets
 * after it has changed nothing: whoever was kept from looking (SIGSTOP, a busy machine) may find an
 * answer there. */
static int turn(struct weir_loop *loop, struct run *r, step_fn *step, struct weir_err *err)
{
    const int64_t due_ms = r->due_ms;
    const bool over = weir_clock_mono_ms() >= due_ms; /* then the loop only looks */
    const int rc = step(loop, due_ms, err);

    if (rc == 0 && over && r->due_ms == due_ms) {
        due(r);
    }
    return rc;
}

/* Wait for the end of the process, whatever happens before. */
static int wait_end(struct weir_loop *loop, struct run *r, struct weir_err *err)
{
    while (r->step != STEP_OVER && turn(loop, r, weir_loop_step, err) == 0) {
    }
    if (weir_loop_cancelled(loop) == NULL) {
        return r->step == STEP_OVER ? 0 : -1;
    }
    stop(r);
    while (r->step != STEP_OVER && turn(loop, r, weir_loop_step_undo, err) == 0) {
    }
    return weir_err_keep(err, weir_loop_cancelled(loop));
}

int weir_function_program(const char *path, struct weir_err *err)
{
    return access(path, X_OK) == 0
               ? 0
               : weir_err_detail(err, WEIR_E_CONFIG, errno, "%.160s: %s", path, weir_reason(errno));
}

int weir_function_bootstrap(char *ret, size_t size, struct weir_err *err)
{
    static const char *const places[] = {"bootstrap", "../libexec/weir/bootstrap"};
    char folder[PATH_MAX];

    if (weir_self_folder(folder, sizeof folder, NULL) != 0) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "--bootstrap: needed here: this program's folder cannot be told");
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if ((size_t)snprintf(ret, size, "%s/%s", folder, places[i]) < size &&
            access(ret, F_OK) == 0) {
            return 0;
        }
    }
    return weir_err_set(err, WEIR_E_CONFIG,
        "no bootstrap in %.80s or %.80s/../libexec/weir: name one with --bootstrap PATH", folder,
        folder);
}

int64_t weir_function_limit(
    int64_t memory_mb, double cpus, struct weir_cgroup *group, enum weir_function_limit *how)
{
    const struct weir_cgroup_limits limits = {
        .memory_bytes = memory_mb * (int64_t)WEIR_MIB, .cpus = cpus};

    *how = WEIR_LIMIT_NONE;
    if (memory_mb == 0) {
        return 0;
    }
    if (weir_cgroup_new(&limits, group, NULL) == 0) {
        *how = group->version == 2 ? WEIR_LIMIT_CGROUP_V2 : WEIR_LIMIT_CGROUP_V1;
        return 0;
    }
    *how = WEIR_LIMIT_RLIMIT;
    return limits.memory_bytes;
}

static int start(struct weir_loop *loop, struct run *r, const struct weir_cgroup *group,
    int64_t data_limit_bytes, struct weir_err *err)
{
    static const struct weir_rapi_ops ops = {.on_next = on_next, .on_answer = on_answer};
    struct weir_function_env env;
    struct weir_child_opts child = {.path = r->opts->bootstrap,
        .stdio = {-1, -1, -1},
        .data_limit_bytes = data_limit_bytes,
        .cgroup_procs_fds = group->procs_fds,
        .cgroups_n = group->n,
        .on_exit = on_exit_child,
        .ctx = r};
    int null_fd = -1;

    r->rapi = weir_rapi_new(loop, &ops, r, err);
    if (r->rapi == NULL ||
        weir_function_env_make(r->opts, weir_rapi_address(r->rapi), environ, &env, err) != 0) {
        return -1;
    }
    weir_rapi_set_concurrency(r->rapi, env.workers); /* the event is for one of them */
    if (r->opts->mute) {
        null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
        child.stdio[1] = child.stdio[2] = null_fd;
    }
    child.env = env.items;
    watch(r, STEP_INIT, WEIR_INVOKE_INIT_MS);
    r->start_ns = uv_hrtime(); /* not after the exec: on a busy machine we are told of it late */
    r->child = weir_child_start(loop, &child, err);
    if (null_fd >= 0) {
        (void)close(null_fd);
    }
    weir_function_env_fini(&env);
    return r->child != NULL ? 0 : -1;
}

static int run(struct weir_loop *loop, struct run *r, struct weir_err *err)
{
    struct weir_cgroup group = {.n = 0};
    int rc = -1;

    if (weir_uuid_new(r->result->request_id, err) != 0) {
        goto out;
    }
    int64_t data_limit_bytes =
        weir_function_limit(r->opts->memory_mb, r->opts->cpus, &group, &r->result->limit);
    if (start(loop, r, &group, data_limit_bytes, err) != 0 || wait_end(loop, r, err) != 0) {
        goto out;
    }
    if (r->err.code != WEIR_OK) {
        (void)weir_err_keep(err, &r->err);
        goto out;
    }
    if (r->result->outcome == WEIR_FUNCTION_DIED && weir_cgroup_oom_kills(&group) > 0) {
        r->result->outcome = WEIR_FUNCTION_OUT_OF_MEMORY;
    }
    rc = 0;
out:
    weir_child_free(r->child);
    weir_cgroup_fini(&group);
    weir_rapi_free(r->rapi);
    return rc;
}

int weir_function_run(struct weir_loop *loop, const struct weir_function_opts *opts,
    struct weir_function_result *ret, struct weir_err *err)
{
    struct run r = {.opts = opts, .result = ret};

    *ret = (struct weir_function_result){.outcome = WEIR_FUNCTION_DIED};
    weir_buf_init(&ret->body, WEIR_STREAM_MAX_BYTES);
    if (weir_function_program(opts->bootstrap, err) != 0) {
        return -1;
    }
    if (run(loop, &r, err) != 0) {
        weir_buf_fini(&ret->body);
        return -1;
    }
    return 0;
}

const char *weir_function_doubt(const struct weir_function_result *result)
{
    return result->limit == WEIR_LIMIT_RLIMIT
               ? " (its memory is limited by RLIMIT_DATA, and may have run out)"
               : "";
}

void weir_function_result_fini(struct weir_function_result *result)
{
    weir_buf_fini(&result->body);
}
