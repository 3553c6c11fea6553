#include "cli/local/worker.h"

#include "cli/cgroup.h"
#include "cli/cli.h"
#include "cli/function.h"
#include "cli/function_env.h"
#include "cli/local/event.h"
#include "cli/local/output.h"
#include "cli/runtime_api.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/uuid.h"
#include "json/doc.h"
#include "net/child.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WATCH_MS 500
#define FUNCTION_ARN "arn:aws:lambda:us-east-1:000000000000:function:weir-local"

struct weir_worker {
    struct weir_loop *loop;
    struct weir_worker_opts opts;
    enum weir_worker_state state;
    bool stopping;
    bool worked; /* has asked for work, in this life or another */
    struct weir_err failed;
    uint64_t starts;
    int64_t due_ms;   /* of the state: start again, asked for work, timed out, killed */
    int64_t over_ms;  /* the due_ms that was over at an earlier turn */
    int64_t pause_ms; /* the next one; 0 after it has worked */
    int64_t retry_ms; /* no receive before */
    struct stat program;
    int64_t watch_ms;

    /* One life of the bootstrap. */
    struct weir_child *child;
    struct weir_rapi *rapi;
    struct weir_output *output;
    struct weir_cgroup group;
    struct weir_function_env env;
    bool exited, has_env;
    int wait_status;
    char why[WEIR_ERR_MSG_BYTES]; /* it ends, or has ended: for people */

    /* One invocation. */
    const struct weir_queue_message *batch[WEIR_WORKER_BATCH_MAX];
    size_t batch_n;
    int64_t begun_ms;
    char request_id[WEIR_UUID_BYTES];
    struct weir_buf event;
};

#define NOTE(w, ...)                                                                               \
    do {                                                                                           \
        if (!(w)->opts.quiet) {                                                                    \
            weir_cli_note("local", __VA_ARGS__);                                                   \
        }                                                                                          \
    } while (0)

/* What has never worked is not tried again, for it is what the command line says; unless somebody
 * is at work on it. */
static bool give_up(struct weir_worker *w, enum weir_code code, const char *why)
{
    if (w->worked || w->opts.watch || w->stopping) {
        return false;
    }
    if (w->failed.code == WEIR_OK) {
        weir_err_set(&w->failed, code, "%s", why);
    }
    return true;
}

/* ---- what becomes of messages ---- */

static void tell_failed(const struct weir_worker *w, const struct weir_queue_message *m)
{
    if (m->state == WEIR_QUEUE_DEAD) {
        weir_cli_note("local", "%s: failed %" PRId64 " times: to the dead-letter queue", m->name,
            m->receives);
    } else {
        NOTE(w, "%s: failed; comes again", m->name);
    }
}

/* why NULL: what the function's log says. */
static void fail(struct weir_worker *w, const struct weir_queue_message *m, const char *why)
{
    struct weir_err err = {0};

    if (why == NULL && w->output != NULL) {
        weir_output_read(w->output);
        why = weir_output_error(w->output, m->id);
    }
    if (weir_queue_fail(w->opts.queue, m, why, weir_clock_mono_ms(), &err) != 0) {
        weir_cli_note("local", "%s", err.msg);
    }
    tell_failed(w, m);
}

static void finish(struct weir_worker *w, const struct weir_queue_message *m, int64_t ms)
{
    struct weir_err err = {0};

    NOTE(w, "%s: done in %" PRId64 ".%03" PRId64 " s", m->name, ms / 1000, ms % 1000);
    if (w->opts.on_done != NULL) {
        w->opts.on_done(w->opts.ctx, m, ms);
    }
    if (weir_queue_delete(w->opts.queue, m, &err) != 0) {
        /* Done twice is better than not known. */
        weir_cli_note("local", "%s", err.msg);
        fail(w, m, err.msg);
    }
}

/* All of the batch failed. A function that was stopped by us has not failed: what it had in hand
 * stays in flight, and is visible when the queue is opened again. */
static void fail_batch(struct weir_worker *w, const char *why)
{
    for (size_t i = 0; i < w->batch_n && !w->stopping; i++) {
        fail(w, w->batch[i], why);
    }
    w->batch_n = 0;
}

static void settle(struct weir_worker *w, const struct weir_rapi_answer *answer)
{
    int64_t ms = weir_clock_mono_ms() - w->begun_ms;
    bool failed[WEIR_WORKER_BATCH_MAX];
    const char *why = weir_local_failures(answer->body, answer->len, w->batch, w->batch_n, failed);

    if (why != NULL) {
        weir_cli_note("local", "the batch failed: %s", why);
    }
    for (size_t i = 0; i < w->batch_n; i++) {
        if (!failed[i]) {
            finish(w, w->batch[i], ms);
        } else if (!w->stopping) {
            fail(w, w->batch[i], why);
        }
    }
    w->batch_n = 0;
}

/* ---- what the function says ---- */

static void wait_for(struct weir_worker *w, enum weir_worker_state state, int64_t ms)
{
    w->state = state;
    w->due_ms = weir_clock_mono_ms() + ms;
}

static void on_next(void *ctx)
{
    struct weir_worker *w = ctx;

    if (w->state == WEIR_WORKER_STARTING) {
        w->state = WEIR_WORKER_IDLE;
        w->worked = true;
        w->pause_ms = 0;
    }
}

/* The error's errorMessage, if it has one. */
static void init_failed(struct weir_worker *w, const struct weir_rapi_answer *answer)
{
    cJSON *tree = weir_doc_parse("the error", (const char *)answer->body, answer->len, NULL);
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(tree, "errorMessage");
    char why[WEIR_ERR_MSG_BYTES];

    (void)snprintf(why, sizeof why, "the function cannot start: %s",
        cJSON_IsString(text) ? text->valuestring : "its log says why");
    if (!give_up(w, WEIR_E_CONFIG, why)) {
        weir_cli_note("local", "%s", why); /* it ends by itself */
    }
    cJSON_Delete(tree);
}

static void on_answer(void *ctx, const struct weir_rapi_answer *answer)
{
    struct weir_worker *w = ctx;

    switch (answer->kind) {
    case WEIR_RAPI_RESPONSE:
        settle(w, answer);
        break;
    case WEIR_RAPI_ERROR:
        weir_cli_note("local", "the function returned an error");
        fail_batch(w, NULL);
        break;
    case WEIR_RAPI_INIT_ERROR:
        init_failed(w, answer);
        return;
    }
    if (w->state == WEIR_WORKER_BUSY) {
        wait_for(w, WEIR_WORKER_STARTING, WEIR_INVOKE_INIT_MS); /* until it asks again */
    }
}

static void on_exit_child(void *ctx, int status, const struct rusage *used)
{
    struct weir_worker *w = ctx;

    (void)used;
    w->exited = true;
    w->wait_status = status;
}

/* ---- its life ---- */

static void end_life(struct weir_worker *w)
{
    weir_child_free(w->child);
    w->child = NULL;
    weir_rapi_free(w->rapi);
    w->rapi = NULL;
    weir_output_free(w->output);
    w->output = NULL;
    weir_cgroup_fini(&w->group);
}

static int begin_life(struct weir_worker *w, struct weir_err *err)
{
    static const struct weir_rapi_ops ops = {.on_next = on_next, .on_answer = on_answer};
    const struct weir_function_opts function = {.bootstrap = w->opts.bootstrap,
        .handler = w->opts.handler,
        .memory_mb = w->opts.memory_mb,
        .timeout_ms = w->opts.timeout_ms,
        .env = w->opts.env,
        .env_n = w->opts.env_n};
    struct weir_child_opts child = {
        .path = w->opts.bootstrap, .stdio = {-1, -1, -1}, .on_exit = on_exit_child, .ctx = w};
    enum weir_function_limit how;
    int log_fd = -1;

    w->exited = false;
    w->why[0] = '\0';
    (void)stat(w->opts.bootstrap, &w->program);
    w->rapi = weir_rapi_new(w->loop, &ops, w, err);
    if (w->rapi == NULL) {
        return -1;
    }
    w->output = weir_output_new(w->loop, &log_fd, err);
    if (w->output == NULL) {
        return -1;
    }
    child.stdio[2] = log_fd;
    if (w->has_env) {
        weir_function_env_fini(&w->env);
        w->has_env = false;
    }
    if (weir_function_env_make(&function, weir_rapi_address(w->rapi), environ, &w->env, err) != 0) {
        (void)close(log_fd);
        return -1;
    }
    w->has_env = true;
    weir_rapi_set_concurrency(w->rapi, w->env.workers); /* a batch is for one of them */
    child.env = w->env.items;
    child.data_limit_bytes = weir_function_limit(w->opts.memory_mb, 0, &w->group, &how);
    child.cgroup_procs_fds = w->group.procs_fds;
    child.cgroups_n = w->group.n;
    w->child = weir_child_start(w->loop, &child, err);
    (void)close(log_fd);
    if (w->child == NULL) {
        return -1;
    }
    w->starts++;
    wait_for(w, WEIR_WORKER_STARTING, WEIR_INVOKE_INIT_MS);
    return 0;
}

static void rest(struct weir_worker *w)
{
    wait_for(w, WEIR_WORKER_DOWN, w->pause_ms);
    w->pause_ms = w->pause_ms * 2 > WEIR_WORKER_PAUSE_MS ? w->pause_ms * 2 : WEIR_WORKER_PAUSE_MS;
    w->pause_ms = w->pause_ms < WEIR_WORKER_PAUSE_MAX_MS ? w->pause_ms : WEIR_WORKER_PAUSE_MAX_MS;
}

static void start(struct weir_worker *w)
{
    struct weir_err err = {0};

    if (begin_life(w, &err) != 0) {
        if (!give_up(w, err.code, err.msg)) {
            weir_cli_note("local", "%s", err.msg);
        }
        end_life(w);
        rest(w);
    }
}

static void tell_end(struct weir_worker *w)
{
    if (w->state == WEIR_WORKER_ENDING) {
        return; /* it was told to */
    }
    if (weir_cgroup_oom_kills(&w->group) > 0) {
        (void)snprintf(w->why, sizeof w->why,
            "the function ran out of memory: killed at the limit of %" PRId64 " MB",
            w->opts.memory_mb);
    } else if (WIFSIGNALED(w->wait_status)) {
        (void)snprintf(w->why, sizeof w->why, "the function was killed by signal %d",
            WTERMSIG(w->wait_status));
    } else {
        (void)snprintf(w->why, sizeof w->why, "the function ended with status %d",
            WEXITSTATUS(w->wait_status));
    }
    if (!give_up(w, WEIR_E_PROGRAM, w->why)) {
        weir_cli_note("local", "%s; it is started again", w->why);
    }
}

static void reap(struct weir_worker *w)
{
    tell_end(w);
    fail_batch(w, w->why[0] != '\0' ? w->why : NULL);
    end_life(w);
    rest(w);
}

static void ask_to_end(struct weir_worker *w, int number, int64_t ms)
{
    if (w->child != NULL && !w->exited) {
        weir_child_kill(w->child, number);
    }
    wait_for(w, WEIR_WORKER_ENDING, ms);
}

/* The time of the state is over. */
static void overdue(struct weir_worker *w)
{
    switch (w->state) {
    case WEIR_WORKER_DOWN:
        start(w);
        break;
    case WEIR_WORKER_STARTING:
        (void)snprintf(w->why, sizeof w->why, "the function did not ask for work within %d s",
            WEIR_INVOKE_INIT_MS / 1000);
        if (!give_up(w, WEIR_E_DEADLINE, w->why)) {
            weir_cli_note("local", "%s; it is started again", w->why);
        }
        ask_to_end(w, SIGKILL, WEIR_INVOKE_INIT_MS);
        break;
    case WEIR_WORKER_BUSY:
        (void)snprintf(w->why, sizeof w->why,
            "Task timed out after %" PRId64 ".%02" PRId64 " seconds", w->opts.timeout_ms / 1000,
            w->opts.timeout_ms % 1000 / 10);
        weir_cli_note("local", "%s", w->why);
        ask_to_end(w, SIGKILL, WEIR_INVOKE_INIT_MS);
        break;
    case WEIR_WORKER_ENDING:
        ask_to_end(w, SIGKILL, WEIR_INVOKE_INIT_MS);
        break;
    case WEIR_WORKER_IDLE:
        break;
    }
}

/* ---- work ---- */

/* Up to a batch of messages, each of them on the disk as received. */
static void take_batch(struct weir_worker *w, int64_t now_ms)
{
    while (w->batch_n < w->opts.batch) {
        struct weir_err err = {0};
        int rc = weir_queue_receive(
            w->opts.queue, now_ms, weir_clock_unix_ms(), &w->batch[w->batch_n], &err);

        if (rc < 0) {
            weir_cli_note("local", "%s", err.msg);
            w->retry_ms = now_ms + WEIR_WORKER_RETRY_MS;
        }
        if (rc <= 0) {
            return;
        }
        w->batch_n++;
    }
}

static int hand_out(struct weir_worker *w, struct weir_err *err)
{
    struct weir_rapi_invocation invocation = {.request_id = w->request_id,
        .deadline_unix_ms = weir_clock_unix_ms() + w->opts.timeout_ms,
        .function_arn = FUNCTION_ARN};

    w->event.len = 0;
    if (weir_uuid_new(w->request_id, err) != 0 ||
        weir_local_sqs_event(&w->event, w->batch, w->batch_n, err) != 0) {
        return -1;
    }
    invocation.event = (const char *)w->event.p;
    invocation.event_len = w->event.len;
    return weir_rapi_invoke(w->rapi, &invocation, err);
}

static void dispatch(struct weir_worker *w, int64_t now_ms)
{
    struct weir_err err = {0};

    take_batch(w, now_ms);
    if (w->batch_n == 0) {
        return;
    }
    for (size_t i = 0; i < w->batch_n; i++) {
        const struct weir_queue_message *m = w->batch[i];
        if (m->receives > 1) {
            NOTE(w, "%s: begun, for the %" PRId64 "%s time", m->name, m->receives,
                m->receives == 2   ? "nd"
                : m->receives == 3 ? "rd"
                                   : "th");
        } else {
            NOTE(w, "%s: begun", m->name);
        }
    }
    w->begun_ms = now_ms;
    weir_output_begin(w->output);
    if (hand_out(w, &err) != 0) {
        weir_cli_note("local", "%s", err.msg);
        fail_batch(w, err.msg);
        return;
    }
    wait_for(w, WEIR_WORKER_BUSY, w->opts.timeout_ms);
}

/* Whether the program at its path is another one than the one that runs, and complete. */
static bool is_rebuilt(struct weir_worker *w, int64_t now_ms)
{
    struct stat st;

    if (!w->opts.watch || now_ms < w->watch_ms) {
        return false;
    }
    w->watch_ms = now_ms + WATCH_MS;
    if (stat(w->opts.bootstrap, &st) != 0 || access(w->opts.bootstrap, X_OK) != 0 ||
        (st.st_ino == w->program.st_ino && st.st_size == w->program.st_size &&
            st.st_mtim.tv_sec == w->program.st_mtim.tv_sec &&
            st.st_mtim.tv_nsec == w->program.st_mtim.tv_nsec)) {
        return false;
    }
    /* A linker at work changes it all the time. The file's own time may be another machine's, and a
     * clock that went back says nothing. */
    const int64_t alone_ms =
        weir_clock_unix_ms() - (int64_t)st.st_ctim.tv_sec * 1000 - st.st_ctim.tv_nsec / 1000000;
    return alone_ms >= WATCH_MS || alone_ms < -1000;
}

static int64_t next_turn(const struct weir_worker *w)
{
    int64_t ms = w->due_ms, visible_ms;

    if (w->state == WEIR_WORKER_IDLE) {
        visible_ms = weir_queue_visible_ms(w->opts.queue);
        ms = visible_ms > w->retry_ms ? visible_ms : w->retry_ms;
    }
    return w->opts.watch && w->watch_ms < ms ? w->watch_ms : ms;
}

int64_t weir_worker_turn(struct weir_worker *worker)
{
    struct weir_worker *w = worker;
    int64_t now_ms = weir_clock_mono_ms();
    bool more = w->output != NULL && weir_output_turn(w->output);

    if (w->exited) {
        w->exited = false;
        reap(w);
    }
    if (w->state != WEIR_WORKER_IDLE && now_ms >= w->due_ms) {
        /* A step that only looks comes first: whoever was kept from looking (SIGSTOP, a busy
         * machine) may find an answer in the socket. */
        if (w->over_ms == w->due_ms) {
            overdue(w);
        } else {
            w->over_ms = w->due_ms;
        }
    }
    if (w->state == WEIR_WORKER_IDLE && is_rebuilt(w, now_ms)) {
        NOTE(w, "the bootstrap has been rebuilt: it is started again");
        ask_to_end(w, SIGTERM, WEIR_INVOKE_STOP_MS);
        w->pause_ms = 0;
    }
    if (w->state == WEIR_WORKER_DOWN && w->opts.watch && is_rebuilt(w, now_ms)) {
        start(w); /* what could not start before may start now */
    }
    if (w->state == WEIR_WORKER_IDLE && now_ms >= w->retry_ms) {
        dispatch(w, now_ms);
    }
    return more ? INT64_MIN : next_turn(w);
}

struct weir_worker *weir_worker_new(
    struct weir_loop *loop, const struct weir_worker_opts *opts, struct weir_err *err)
{
    struct weir_worker *w;

    w = calloc(1, sizeof *w);
    if (w == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the worker");
        return NULL;
    }
    w->loop = loop;
    w->opts = *opts;
    w->state = WEIR_WORKER_DOWN;
    weir_buf_init(&w->event, WEIR_JSON_DOC_MAX_BYTES);
    return w;
}

bool weir_worker_failed(const struct weir_worker *worker, struct weir_err *err)
{
    if (worker->failed.code != WEIR_OK) {
        (void)weir_err_keep(err, &worker->failed);
    }
    return worker->failed.code != WEIR_OK;
}

enum weir_worker_state weir_worker_state(const struct weir_worker *worker)
{
    return worker->state;
}

uint64_t weir_worker_starts(const struct weir_worker *worker)
{
    return worker->starts;
}

const char *weir_worker_variable(const struct weir_worker *worker, const char *name)
{
    return worker->has_env ? weir_function_env_get(&worker->env, name) : NULL;
}

void weir_worker_stop(struct weir_worker *worker)
{
    struct weir_worker *w = worker;
    int64_t end_ms = weir_clock_mono_ms() + WEIR_INVOKE_UNDO_MS;

    w->stopping = true;
    if (w->child == NULL) {
        return;
    }
    weir_child_kill(w->child, SIGTERM);
    while (!w->exited && weir_clock_mono_ms() < end_ms &&
           weir_loop_step_undo(w->loop, end_ms, NULL) == 0) {
    }
    fail_batch(w, NULL);
    end_life(w);
    w->exited = false;
    w->state = WEIR_WORKER_DOWN;
}

void weir_worker_free(struct weir_worker *worker)
{
    if (worker != NULL) {
        end_life(worker);
        if (worker->has_env) {
            weir_function_env_fini(&worker->env);
        }
        weir_buf_fini(&worker->event);
        free(worker);
    }
}
