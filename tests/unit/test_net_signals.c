/*
 * Does a signal cancel whatever the loop runs, a pipe that never waits too, and only once? And is a
 * wait for nothing still found while signals are watched?
 */
#include "core/clock.h"
#include "net/loop.h"
#include "net/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct weir_loop *loop;
static struct weir_signals *signals;

static int setup(void **state)
{
    struct weir_err err = {0};

    (void)state;
    loop = weir_loop_new(&err);
    assert_non_null(loop);
    signals = weir_signals_new(loop, &err);
    assert_non_null(signals);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    weir_signals_free(signals);
    weir_signals_free(NULL);
    weir_loop_free(loop);
    return 0;
}

static bool is_default(int number)
{
    struct sigaction now;

    assert_int_equal(sigaction(number, NULL, &now), 0);
    return now.sa_handler == SIG_DFL;
}

/* ---- a pipe that never waits: a source without end, which sends the signal at its 10th step ----
 */

struct endless {
    int number, steps, aborts;
};

static enum weir_step endless_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct endless *e = self;

    (void)in;
    (void)err;
    while (out->pos < out->size) {
        out->p[out->pos++] = 'x';
    }
    if (++e->steps == 10) {
        assert_int_equal(raise(e->number), 0);
    }
    assert_true(e->steps < 1000000);
    return WEIR_NEED_OUT;
}

static enum weir_step endless_abort(void *self, struct weir_err *err)
{
    (void)err;
    ((struct endless *)self)->aborts++;
    return WEIR_END;
}

static enum weir_step drain_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)out;
    (void)err;
    in->pos = in->size;
    return WEIR_NEED_IN;
}

static void pipe_that_never_waits_is_cancelled_and_undone(void **state)
{
    static const struct weir_stage_ops endless_ops = {
        .name = "endless", .step = endless_step, .abort = endless_abort};
    static const struct weir_stage_ops drain_ops = {.name = "drain", .step = drain_step};
    static const int numbers[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < COUNT(numbers); i++) {
        struct endless e = {.number = numbers[i]};
        struct weir_stage stages[] = {{&endless_ops, &e}, {&drain_ops, &e}};
        struct weir_err err = {0};
        struct weir_pipe *pipe = weir_pipe_new(16, stages, COUNT(stages), &err);

        assert_int_equal(setup(state), 0);
        assert_int_equal(weir_loop_run(loop, pipe, &err), -1);
        assert_int_equal(err.code, WEIR_E_CANCEL);
        assert_int_equal(err.detail, numbers[i]);
        assert_int_equal(e.aborts, 1);
        weir_pipe_free(pipe);
        assert_int_equal(teardown(state), 0);
    }
}

static void nothing(uv_timer_t *timer)
{
    (void)timer;
}

static void wait_by_hand_ends_with_the_signal_and_the_undoing_goes_on(void **state)
{
    struct weir_err err = {0};
    static uv_timer_t timer; /* libuv needs it until the loop is closed */

    (void)state;
    assert_null(weir_loop_cancelled(loop));
    uv_timer_init(weir_loop_uv(loop), &timer);
    uv_timer_start(&timer, nothing, 100000, 0); /* something that may happen */
    assert_int_equal(raise(SIGTERM), 0);
    while (weir_loop_step(loop, INT64_MAX, &err) == 0) {
    }
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_int_equal(err.detail, SIGTERM);
    err = (struct weir_err){0};
    assert_int_equal(weir_loop_step(loop, 0, &err), -1); /* and stays so */
    assert_int_equal(err.code, WEIR_E_CANCEL);
    assert_int_equal(weir_loop_step_undo(loop, weir_clock_mono_ms() + 1, NULL), 0);
    uv_close((uv_handle_t *)&timer, NULL);
    assert_int_equal(weir_loop_step_undo(loop, 0, NULL), 0);
}

static void second_signal_finds_the_default_action(void **state)
{
    struct weir_err err = {0};
    static uv_timer_t timer; /* libuv needs it until the loop is closed */

    (void)state;
    assert_false(is_default(SIGINT));
    uv_timer_init(weir_loop_uv(loop), &timer);
    uv_timer_start(&timer, nothing, 100000, 0);
    assert_int_equal(raise(SIGTERM), 0);
    while (weir_loop_step(loop, INT64_MAX, &err) == 0) {
    }
    assert_true(is_default(SIGTERM));
    assert_false(is_default(SIGINT));
    weir_signals_free(signals);
    signals = NULL;
    assert_true(is_default(SIGINT));
    uv_close((uv_handle_t *)&timer, NULL);
}

static void wait_for_nothing_is_a_bug_all_the_same(void **state)
{
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
}

static void loop_that_joins_is_cancelled_by_what_is_watched(void **state)
{
    struct weir_err err = {0};
    struct weir_loop *other = weir_loop_new(&err);
    struct weir_signals *joined = weir_signals_join(other, &err);
    static uv_timer_t timers[2];
    struct weir_loop *loops[] = {other, loop};

    (void)state;
    assert_int_equal(raise(SIGTERM), 0);
    for (size_t i = 0; i < COUNT(loops); i++) {
        err = (struct weir_err){0};
        uv_timer_init(weir_loop_uv(loops[i]), &timers[i]);
        uv_timer_start(&timers[i], nothing, 100000, 0); /* something that may happen */
        while (weir_loop_step(loops[i], INT64_MAX, &err) == 0) {
        }
        assert_int_equal(err.detail, SIGTERM);
        uv_close((uv_handle_t *)&timers[i], NULL);
    }
    weir_signals_free(joined);
    /* It has come: a second one is to end the process, whoever joins. */
    assert_true(is_default(SIGTERM));
    joined = weir_signals_join(other, &err);
    assert_true(is_default(SIGTERM));
    assert_false(is_default(SIGINT));
    weir_signals_free(joined);
    assert_false(is_default(SIGINT)); /* the first one watches still */
    weir_loop_free(other);
}

static void loop_that_joins_nobody_watches_nothing(void **state)
{
    struct weir_loop *other = weir_loop_new(NULL);

    (void)state;
    struct weir_signals *joined = weir_signals_join(other, NULL);
    assert_non_null(joined);
    assert_true(is_default(SIGINT) && is_default(SIGTERM) && is_default(SIGHUP));
    weir_signals_free(joined);
    weir_loop_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pipe_that_never_waits_is_cancelled_and_undone),
        cmocka_unit_test_setup_teardown(
            wait_by_hand_ends_with_the_signal_and_the_undoing_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(second_signal_finds_the_default_action, setup, teardown),
        cmocka_unit_test_setup_teardown(
            loop_that_joins_is_cancelled_by_what_is_watched, setup, teardown),
        cmocka_unit_test(loop_that_joins_nobody_watches_nothing),
        cmocka_unit_test_setup_teardown(wait_for_nothing_is_a_bug_all_the_same, setup, teardown),
    };

    (void)signal(SIGHUP, SIG_DFL); /* ignored, where nohup runs the tests */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
