/* Does the loop wake a pipe whenever something may move, and never wait for nothing? */
#include "core/clock.h"
#include "core/limits.h"
#include "net/http_source.h"
#include "net/loop.h"
#include "net/wake.h"
#include "tests/support/canned_http.h"
#include "tests/support/http_stage.h"
#include "tests/support/memory_ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define URL_BYTES 128
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct weir_loop *loop;

static int setup(void **state)
{
    struct weir_err err = {0};

    (void)state;
    loop = weir_loop_new(&err);
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    weir_loop_free(loop);
    return 0;
}

/* A sink that never moves: waits, with a wake-up armed or not, in step or in abort. */
struct sleeper {
    bool abort_waits;
    int aborts;
};

static enum weir_step sleeper_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)in;
    (void)out;
    (void)err;
    return WEIR_WAIT;
}

static enum weir_step sleeper_abort(void *self, struct weir_err *err)
{
    struct sleeper *s = self;

    (void)err;
    s->aborts++;
    return s->abort_waits ? WEIR_WAIT : WEIR_END;
}

static const struct weir_stage_ops sleeper_ops = {
    .name = "sleeper", .step = sleeper_step, .abort = sleeper_abort};

/* in -> sleeper */
static struct weir_pipe *sleeping_pipe(struct memory_source *from, struct sleeper *s)
{
    struct weir_err err = {0};
    struct weir_stage stages[] = {memory_source(from), {&sleeper_ops, s}};
    struct weir_pipe *pipe = weir_pipe_new(16, stages, COUNT(stages), &err);

    assert_non_null(pipe);
    return pipe;
}

static void count_timer(uv_timer_t *timer)
{
    ++*(int *)timer->data;
}

static uv_timer_t *timer_new(int *count, uint64_t ms, uint64_t repeat_ms)
{
    uv_timer_t *timer = malloc(sizeof *timer);

    assert_non_null(timer);
    uv_timer_init(weir_loop_uv(loop), timer);
    timer->data = count;
    uv_update_time(weir_loop_uv(loop));
    uv_timer_start(timer, count_timer, ms, repeat_ms);
    return timer;
}

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void timer_free(uv_timer_t *timer)
{
    uv_close((uv_handle_t *)timer, free_handle);
}

static void a_step_with_nothing_armed_is_a_bug(void **state)
{
    const int64_t limits[] = {INT64_MAX, 0, weir_clock_mono_ms() + 100000};

    (void)state;
    for (size_t i = 0; i < COUNT(limits); i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_loop_step(loop, limits[i], &err), -1);
        assert_int_equal(err.code, WEIR_E_BUG);
    }
}

static void a_step_ends_with_the_first_event_or_at_its_limit(void **state)
{
    int soon = 0, late = 0;
    uv_timer_t *a = timer_new(&soon, 5, 0), *b = timer_new(&late, 100000, 0);
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_loop_step(loop, 0, &err), 0); /* a time gone by only looks */
    while (soon == 0) {
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
    }
    int64_t until = weir_clock_mono_ms() + 20;
    assert_int_equal(weir_loop_step(loop, until, &err), 0);
    assert_true(weir_clock_mono_ms() >= until - 2);
    assert_int_equal(late, 0);
    timer_free(a);
    timer_free(b);
}

struct late {
    int fds[2];
    int64_t until_ms;
    bool written, read;
};

/* Something comes, and nobody looks before the time is over. */
static void write_and_hold(uv_check_t *check)
{
    struct late *l = check->data;

    if (!l->written && weir_clock_mono_ms() < l->until_ms) {
        l->written = write(l->fds[1], "x", 1) == 1;
        while (weir_clock_mono_ms() < l->until_ms) {
            (void)usleep(1000);
        }
    }
}

static void on_late(uv_poll_t *poll, int status, int events)
{
    struct late *l = poll->data;

    (void)status;
    (void)events;
    l->read = true;
    (void)uv_poll_stop(poll);
}

static void what_has_come_is_seen_before_the_time_is_over(void **state)
{
    struct late l = {.until_ms = 0};
    uv_check_t *check = calloc(1, sizeof *check);
    uv_poll_t *poll = calloc(1, sizeof *poll);
    uv_timer_t *timer = calloc(1, sizeof *timer);
    int count = 0;

    (void)state;
    assert_int_equal(pipe(l.fds), 0);
    (void)uv_check_init(weir_loop_uv(loop), check);
    (void)uv_poll_init(weir_loop_uv(loop), poll, l.fds[0]);
    (void)uv_timer_init(weir_loop_uv(loop), timer);
    check->data = poll->data = &l;
    timer->data = &count;
    (void)uv_check_start(check, write_and_hold);
    (void)uv_poll_start(poll, UV_READABLE, on_late);
    for (int64_t ms = 20; !l.written; ms *= 2) { /* again where the machine was too slow for it */
        (void)uv_timer_start(timer, count_timer, 1, 0); /* the turn in which it comes */
        l.until_ms = weir_clock_mono_ms() + ms;
        assert_int_equal(weir_loop_step(loop, l.until_ms, NULL), 0);
    }
    assert_true(l.read);
    weir_loop_close((uv_handle_t *)check, check);
    weir_loop_close((uv_handle_t *)poll, poll);
    timer_free(timer);
    (void)close(l.fds[0]);
    (void)close(l.fds[1]);
}

static void an_unreferenced_handle_is_no_reason_to_wait(void **state)
{
    int count = 0;
    uv_timer_t *timer = timer_new(&count, 100000, 0);
    struct weir_err err = {0};

    (void)state;
    uv_unref((uv_handle_t *)timer);
    assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
    timer_free(timer);
}

static void step_inside(uv_timer_t *timer)
{
    struct weir_err *err = timer->data;

    (void)weir_loop_step(loop, 0, err);
}

static void a_step_inside_a_callback_is_a_bug(void **state)
{
    struct weir_err inner = {0}, err = {0};
    int unused = 0;
    uv_timer_t *timer = timer_new(&unused, 0, 0);

    (void)state;
    timer->data = &inner;
    uv_timer_start(timer, step_inside, 0, 0);
    while (inner.code == WEIR_OK) {
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(inner.code, WEIR_E_BUG);
    timer_free(timer);
}

static void a_pipe_that_never_waits_runs_to_its_end(void **state)
{
    struct memory_source from = {.in = (const uint8_t *)"hello", .len = 5};
    struct memory_sink to = {0};
    struct weir_err err = {0};
    struct weir_stage stages[] = {memory_source(&from), memory_sink(&to)};
    struct weir_pipe *pipe = weir_pipe_new(1, stages, COUNT(stages), &err);

    (void)state;
    weir_buf_init(&to.got, 100);
    assert_non_null(pipe);
    assert_int_equal(weir_loop_run(loop, pipe, &err), 0);
    assert_true(to.published);
    assert_int_equal(to.got.len, 5);
    weir_pipe_free(pipe);
    weir_buf_fini(&to.got);
}

static void a_pipe_that_waits_for_nothing_is_a_bug_and_is_undone(void **state)
{
    for (int abort_waits = 0; abort_waits < 2; abort_waits++) {
        struct sleeper s = {.abort_waits = abort_waits != 0};
        struct memory_source from = {.in = (const uint8_t *)"hello", .len = 5};
        struct weir_err err = {0};
        struct weir_pipe *pipe = sleeping_pipe(&from, &s);

        weir_pipe_set_deadline(pipe, weir_clock_mono_ms() + 100000);
        assert_int_equal(weir_loop_run(loop, pipe, &err), -1);
        assert_int_equal(err.code, WEIR_E_BUG);
        assert_true(s.aborts > 0);
        weir_pipe_free(pipe);
    }
    (void)state;
}

static void the_deadline_wakes_a_waiting_pipe(void **state)
{
    int unused = 0;
    uv_timer_t *hold = timer_new(&unused, 100000, 0);
    struct sleeper s = {0};
    struct memory_source from = {.in = (const uint8_t *)"hello", .len = 5};
    struct weir_err err = {0};
    struct weir_pipe *pipe = sleeping_pipe(&from, &s);
    int64_t start = weir_clock_mono_ms();

    (void)state;
    weir_pipe_set_deadline(pipe, start + 40);
    assert_int_equal(weir_loop_run(loop, pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_true(weir_clock_mono_ms() - start >= 40);
    assert_int_equal(s.aborts, 1);
    weir_pipe_free(pipe);
    timer_free(hold);
}

/* Ends an abort after some ticks. */
struct tick {
    struct sleeper *sleeper;
    int ticks;
};

static void on_tick(uv_timer_t *timer)
{
    struct tick *tick = timer->data;

    tick->ticks++;
    if (tick->sleeper->aborts > 3) {
        tick->sleeper->abort_waits = false;
    }
}

static void an_abort_that_waits_sleeps_and_does_not_spin(void **state)
{
    struct sleeper s = {.abort_waits = true};
    struct tick tick = {.sleeper = &s};
    struct memory_source from = {.in = (const uint8_t *)"hello", .len = 5};
    struct weir_err err = {0};
    struct weir_pipe *pipe = sleeping_pipe(&from, &s);
    int unused = 0;
    uv_timer_t *timer = timer_new(&unused, 0, 0);

    (void)state;
    timer->data = &tick;
    uv_timer_start(timer, on_tick, 5, 5);
    weir_pipe_set_deadline(pipe, weir_clock_mono_ms() + 10);
    assert_int_equal(weir_loop_run(loop, pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_true(s.aborts >= 4);
    assert_true(s.aborts <= tick.ticks + 2);
    weir_pipe_free(pipe);
    timer_free(timer);
}

static void cancel_loop(uv_timer_t *timer)
{
    weir_loop_cancel(loop, timer->data);
}

static void a_cancel_stops_a_pipe_that_waits_and_a_call(void **state)
{
    static const struct canned_reply replies[] = {{.end = CANNED_STALL}};
    struct canned_http *server = canned_http_new(replies, 1);
    struct weir_http_request rq = {.method = "GET", .url = canned_http_url(server)};
    struct weir_err why = {0}, err = {0};
    int unused = 0;
    struct sleeper s = {0};
    struct memory_source from = {.in = (const uint8_t *)"hello", .len = 5};
    uv_timer_t *timer = timer_new(&unused, 0, 0);
    struct weir_pipe *pipe = sleeping_pipe(&from, &s);

    (void)state;
    weir_err_detail(&why, WEIR_E_CANCEL, 2, "interrupted");
    timer->data = &why;
    uv_timer_start(timer, cancel_loop, 10, 0);
    assert_int_equal(weir_loop_run(loop, pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_int_equal(err.detail, 2);
    assert_int_equal(s.aborts, 1);
    err = (struct weir_err){0};
    assert_int_equal(weir_http_call(loop, &rq, NULL, NULL, &err), -1);
    assert_int_equal(err.code, WEIR_E_CANCEL);
    weir_pipe_free(pipe);
    timer_free(timer);
    canned_http_free(server);
}

/* However an abort waits: for something that comes again and again, or for nothing any more. */
static void what_a_cancel_leaves_to_undo_has_its_time(void **state)
{
    int ticks = 0;
    struct sleeper s = {.abort_waits = true};
    struct memory_source from = {.in = (const uint8_t *)"hello", .len = 5};
    uv_timer_t *timer = timer_new(&ticks, 5, 5);
    struct weir_pipe *pipe = sleeping_pipe(&from, &s);
    struct weir_err why = {0}, err = {0};

    (void)state;
    assert_true(weir_loop_undo_by(loop) == INT64_MAX);
    weir_loop_set_undo(loop, 200);
    assert_true(weir_loop_undo_by(loop) == INT64_MAX);
    weir_err_detail(&why, WEIR_E_CANCEL, 2, "interrupted");
    int64_t before_ms = weir_clock_mono_ms();
    weir_loop_cancel(loop, &why);
    int64_t by_ms = weir_loop_undo_by(loop);
    assert_in_range(by_ms, before_ms + 200, weir_clock_mono_ms() + 200);
    weir_loop_cancel(loop, &why);
    assert_true(weir_loop_undo_by(loop) == by_ms); /* the first one counts */
    assert_int_equal(weir_loop_run(loop, pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_true(weir_clock_mono_ms() >= by_ms);
    assert_true(s.aborts >= 2 || ticks < 3); /* that is: this process stood still meanwhile */
    assert_int_equal(weir_pipe_undo_err(pipe)->code, WEIR_E_DEADLINE);
    weir_pipe_free(pipe);
    timer_free(timer);
}

/*
 * HTTP bodies through a pipe
 */

/* GET -> memory; *got receives the body. */
static int fetch(struct canned_http *server, size_t edge_bytes, int64_t deadline_ms,
    struct weir_source_info *info, struct memory_sink *to, struct weir_err *err)
{
    struct weir_http_request rq = {.method = "GET", .url = canned_http_url(server)};
    struct weir_http_source *body = weir_http_source_new(loop, &rq, err);
    struct weir_stage stages[] = {{0}, memory_sink(to)};

    assert_non_null(body);
    assert_int_equal(http_stage(body, info, &stages[0], err), 0);
    struct weir_pipe *pipe = weir_pipe_new(edge_bytes, stages, COUNT(stages), err);
    assert_non_null(pipe);
    weir_pipe_set_deadline(pipe, deadline_ms);
    int rc = weir_loop_run(loop, pipe, err);
    weir_pipe_free(pipe);
    return rc;
}

static void a_body_runs_through_edges_of_every_size(void **state)
{
    static const size_t edges[] = {1, 3, 1000, 65536};
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 200001\r\nETag: \"e\"\r\n\r\n",
            .fill = 200001},
        {.head = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            .fill = 200001,
            .end = CANNED_CLOSE},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 200001\r\nETag: \"e\"\r\n\r\n",
            .fill = 200001,
            .again = true}};
    struct canned_http *server = canned_http_new(replies, COUNT(replies));

    (void)state;
    for (size_t i = 0; i < COUNT(edges); i++) {
        struct weir_source_info info = {0};
        struct memory_sink to = {0};
        struct weir_err err = {0};

        weir_buf_init(&to.got, WEIR_MIB);
        assert_int_equal(fetch(server, edges[i], INT64_MAX, &info, &to, &err), 0);
        assert_true(to.published);
        assert_int_equal(to.got.len, 200001);
        for (size_t k = 0; k < to.got.len; k++) {
            if (to.got.p[k] != canned_byte(k)) {
                fail_msg("byte %zu is wrong", k);
            }
        }
        assert_int_equal(info.size_bytes, i == 1 ? -1 : 200001);
        assert_int_equal(info.read_bytes, 200001);
        weir_buf_fini(&to.got);
    }
    canned_http_free(server);
}

struct failing {
    struct canned_reply reply;
    int64_t deadline_ms; /* from now; 0: none */
    enum weir_code code;
    int detail; /* -1: any */
};

static void bodies_that_fail_publish_nothing(void **state)
{
    static const struct failing cases[] = {
        {{.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"}, 0, WEIR_E_REMOTE,
            404},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
             .fill = 99999,
             .end = CANNED_CLOSE},
            0, WEIR_E_NET, -1},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
             .fill = 50000,
             .end = CANNED_RESET},
            0, WEIR_E_NET, -1},
        {{.head = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
             .fill = 50000,
             .end = CANNED_STALL},
            60, WEIR_E_DEADLINE, -1},
        {{.end = CANNED_STALL}, 60, WEIR_E_DEADLINE, -1},
        {{.end = CANNED_CLOSE}, 0, WEIR_E_NET, -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct failing *c = &cases[i];
        struct canned_http *server = canned_http_new(&c->reply, 1);
        struct memory_sink to = {0};
        struct weir_err err = {0};
        int64_t deadline = c->deadline_ms > 0 ? weir_clock_mono_ms() + c->deadline_ms : INT64_MAX;

        weir_buf_init(&to.got, WEIR_MIB);
        assert_int_equal(fetch(server, 0, deadline, NULL, &to, &err), -1);
        if (err.code != c->code || (c->detail >= 0 && err.detail != c->detail)) {
            fail_msg("case %zu: %d/%d '%s'", i, err.code, err.detail, err.msg);
        }
        assert_false(to.published);
        assert_true(to.aborted);
        weir_buf_fini(&to.got);
        canned_http_free(server);
    }
}

static void timer_that_is_due_already_is_not_slept_over(void **state)
{
    struct weir_wake *soon = weir_wake_new(loop, NULL), *late = weir_wake_new(loop, NULL);
    int64_t before_ms = weir_clock_mono_ms();

    (void)state;
    weir_wake_in(late, 100000);
    weir_wake_in(soon, 0);
    assert_int_equal(weir_loop_step(loop, INT64_MAX, NULL), 0);
    assert_true(weir_clock_mono_ms() - before_ms < 50000);
    weir_wake_free(soon);
    weir_wake_free(late);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(timer_that_is_due_already_is_not_slept_over),
        TEST(a_step_with_nothing_armed_is_a_bug),
        TEST(a_step_ends_with_the_first_event_or_at_its_limit),
        TEST(an_unreferenced_handle_is_no_reason_to_wait),
        TEST(a_step_inside_a_callback_is_a_bug),
        TEST(a_pipe_that_never_waits_runs_to_its_end),
        TEST(a_pipe_that_waits_for_nothing_is_a_bug_and_is_undone),
        TEST(what_has_come_is_seen_before_the_time_is_over),
        TEST(the_deadline_wakes_a_waiting_pipe),
        TEST(an_abort_that_waits_sleeps_and_does_not_spin),
        TEST(a_cancel_stops_a_pipe_that_waits_and_a_call),
        TEST(what_a_cancel_leaves_to_undo_has_its_time),
        TEST(a_body_runs_through_edges_of_every_size),
        TEST(bodies_that_fail_publish_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
