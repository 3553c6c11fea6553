#include "tests/support/runtime_sim.h"

#include "core/clock.h"
#include "core/limits.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define END_MS 280000

struct world {
    struct sim *sim;
    struct weir_loop *loop;
    struct weir_rapi *rapi;
    size_t handed, answered;
    uv_async_t over;
    bool is_over;
    struct weir_log log;
    pthread_t thread;
};

static void hand_out(struct world *w)
{
    struct sim *s = w->sim;
    char id[32];
    const struct weir_rapi_invocation invocation = {.request_id = id,
        .event = s->event,
        .event_len = strlen(s->event),
        .deadline_unix_ms = weir_clock_unix_ms() + (s->timeout_ms > 0 ? s->timeout_ms : 60000),
        .function_arn = "arn:aws:lambda:us-east-1:000000000000:function:sim",
        .trace_id = s->trace_id,
        .client_context = s->client_context,
        .cognito_identity = s->cognito_identity,
        .tenant_id = s->tenant_id};

    (void)snprintf(id, sizeof id, "id-%zu", w->handed + 1);
    if (w->handed < s->n && weir_rapi_invoke(w->rapi, &invocation, NULL) == 0) {
        w->handed++;
        if (s->signal != 0 && w->handed == s->started) {
            assert_int_equal(kill(getpid(), s->signal), 0);
        }
    }
}

static void on_next(void *ctx)
{
    hand_out(ctx);
}

static void keep(struct sim_answer *to, const struct weir_rapi_answer *answer)
{
    if (to->times++ > 0) {
        return; /* the first one is kept */
    }
    to->kind = answer->kind;
    to->streamed = answer->streamed;
    (void)snprintf(to->error_type, sizeof to->error_type, "%s",
        answer->error_type != NULL ? answer->error_type : "");
    (void)snprintf(to->content_type, sizeof to->content_type, "%s",
        answer->content_type != NULL ? answer->content_type : "");
    (void)snprintf(to->cause, sizeof to->cause, "%s", answer->cause != NULL ? answer->cause : "");
    weir_buf_init(&to->body, WEIR_STREAM_MAX_BYTES);
    weir_buf_init(&to->part, WEIR_STREAM_MAX_BYTES);
    assert_int_equal(weir_buf_add(&to->body, answer->body, answer->len, NULL), 0);
    assert_non_null(weir_buf_text(&to->body, NULL));
    if (answer->part_len > 0) {
        assert_int_equal(weir_buf_add(&to->part, answer->part, answer->part_len, NULL), 0);
    }
}

static struct sim_answer *answer_of(struct world *w, const char *id)
{
    size_t i = strncmp(id, "id-", 3) == 0 ? strtoul(id + 3, NULL, 10) : 0;

    assert_in_range(i, 1, w->sim->n);
    return &w->sim->answers[i - 1];
}

static void on_answer(void *ctx, const struct weir_rapi_answer *answer)
{
    struct world *w = ctx;

    if (answer->kind == WEIR_RAPI_INIT_ERROR) {
        keep(&w->sim->init_error, answer);
        return;
    }
    keep(answer_of(w, answer->request_id), answer);
    w->answered++;
}

static void on_request(
    void *ctx, enum weir_rapi_route route, const char *id, struct weir_rapi_fault *fault)
{
    struct world *w = ctx;
    struct sim *s = w->sim;

    s->requests[route]++;
    for (size_t i = 0; i < s->faults_n; i++) {
        const struct sim_fault *f = &s->faults[i];
        if (f->route == route && (f->nth == 0 || f->nth == s->requests[route])) {
            *fault = f->fault;
            if (id[0] != '\0') { /* that is the end of it, for us */
                w->answered++;
                answer_of(w, id)->times++;
            }
            return;
        }
    }
    if (route == WEIR_RAPI_NEXT && w->answered == s->n && s->signal == 0) {
        fault->status = 500;
    }
}

static void on_over(uv_async_t *handle)
{
    struct world *w = handle->data;

    w->is_over = true;
}

static void *runtime_main(void *arg)
{
    struct world *w = arg;
    struct sim *s = w->sim;
    const struct weir_handler *const table[] = {s->handler};
    char concurrency[16];
    const struct weir_runtime runtime = {.api = weir_rapi_address(w->rapi),
        .handler = s->handler->name,
        .handlers = table,
        .handlers_n = 1,
        .folder = ".",
        .log = &w->log,
        .concurrency = s->concurrency > 1 ? concurrency : NULL,
        .extension = !s->no_extension,
        .retry_ms = 1};

    (void)snprintf(concurrency, sizeof concurrency, "%zu", s->concurrency);
    s->rc = weir_runtime_run(&runtime);
    (void)uv_async_send(&w->over);
    return NULL;
}

void sim_run(struct sim *s)
{
    static const struct weir_rapi_ops ops = {
        .on_next = on_next, .on_answer = on_answer, .on_request = on_request};
    struct weir_err err = {0};
    struct world w = {.sim = s, .loop = weir_loop_new(&err)};
    int64_t end_ms = weir_clock_mono_ms() + END_MS;

    assert_non_null(w.loop);
    s->answers = calloc(s->n + 1, sizeof *s->answers);
    assert_non_null(s->answers);
    w.rapi = weir_rapi_new(w.loop, &ops, &w, &err);
    assert_non_null(w.rapi);
    weir_rapi_set_concurrency(w.rapi, s->concurrency > 0 ? s->concurrency : 1);
    w.log = (struct weir_log){.fd = memfd_create("log", MFD_CLOEXEC), .level = WEIR_LOG_DEBUG};
    assert_int_not_equal(w.log.fd, -1);
    /* A memfd's position is not locked, and workers write side by side. */
    assert_int_equal(fcntl(w.log.fd, F_SETFL, O_APPEND), 0);
    assert_int_equal(uv_async_init(weir_loop_uv(w.loop), &w.over, on_over), 0);
    w.over.data = &w;
    assert_int_equal(pthread_create(&w.thread, NULL, runtime_main, &w), 0);
    while (!w.is_over) {
        assert_int_equal(weir_loop_step(w.loop, end_ms, &err), 0);
        if (weir_clock_mono_ms() >= end_ms) {
            fail_msg("the runtime does not end; %zu of %zu answered", w.answered, s->n);
        }
    }
    assert_int_equal(pthread_join(w.thread, NULL), 0);
    ssize_t n = pread(w.log.fd, s->log, sizeof s->log - 1, 0);
    assert_true(n >= 0);
    s->log[n] = '\0';
    close(w.log.fd);
    uv_close((uv_handle_t *)&w.over, NULL);
    weir_rapi_free(w.rapi);
    weir_loop_free(w.loop);
}

static void answer_free(struct sim_answer *a)
{
    weir_buf_fini(&a->body);
    weir_buf_fini(&a->part);
}

void sim_free(struct sim *s)
{
    for (size_t i = 0; i < s->n; i++) {
        answer_free(&s->answers[i]);
    }
    answer_free(&s->init_error);
    free(s->answers);
}
