/*
 * Does each sink get its own bytes and no others, however the frames are cut, and does none of them
 * publish before all have everything, or when anything fails?
 */
#include "core/limits.h"
#include "stream/fork.h"
#include "stream/pipe.h"
#include "tests/support/memory_ends.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A sink that takes a few bytes at a time, waits now and then, and notes when it ends. */
struct moody {
    struct weir_buf got;
    const struct moody *others; /* three of them, itself included */
    uint64_t want;              /* bytes it has to have at its end */
    int in_flight;              /* steps for which it waits, though it takes bytes meanwhile */
    bool greedy, published, aborted, fail_at_end, fail_early, wait_at_end, before_others;
    bool prepares, prepared, fail_to_prepare; /* prepares: it has such an operation */
    bool fail_to_undo;
    int preparing; /* steps for which it waits then */
};

static enum weir_step moody_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct moody *m = self;
    size_t n = in->size - in->pos;

    assert_int_equal(out->size, 0);
    assert_false(m->published || m->aborted);
    if (m->fail_early && !in->last && m->got.len > 10) {
        weir_err_set(err, WEIR_E_IO, "moody: full");
        return WEIR_FAIL;
    }
    if (m->in_flight > 0) {
        m->in_flight--;
    } else if (rnd(5) == 0) {
        m->in_flight = 3;
    }
    if (!m->greedy && n > 0) {
        n = rnd((uint32_t)n + 1);
    }
    assert_int_equal(weir_buf_add(&m->got, in->p + in->pos, n, NULL), 0);
    in->pos += n;
    if (in->last) {
        for (size_t i = 0; i < 3; i++) { /* all have everything, and nothing is under way */
            assert_int_equal(m->others[i].got.len, m->others[i].want);
            assert_true(
                m->others[i].published || m->others[i].in_flight == 0 || &m->others[i] == m);
            assert_true(m->others[i].prepared || !m->others[i].prepares);
        }
        if (m->wait_at_end) {
            m->wait_at_end = false;
            return WEIR_WAIT;
        }
        if (m->fail_at_end) {
            weir_err_set(err, WEIR_E_REMOTE, "moody: no");
            return WEIR_FAIL;
        }
        m->published = true;
        for (size_t i = 0; i < 3; i++) {
            m->before_others |= &m->others[i] != m && !m->others[i].published;
        }
        return WEIR_END;
    }
    return in->pos < in->size || m->in_flight > 0 ? WEIR_WAIT : WEIR_NEED_IN;
}

static enum weir_step moody_prepare(void *self, struct weir_err *err)
{
    struct moody *m = self;

    assert_false(m->prepared);
    for (size_t i = 0; i < 3; i++) { /* all have everything, and none has ended */
        assert_int_equal(m->others[i].got.len, m->others[i].want);
        assert_false(m->others[i].published);
    }
    if (m->preparing-- > 0) {
        return WEIR_WAIT;
    }
    if (m->fail_to_prepare) {
        weir_err_set(err, WEIR_E_REMOTE, "moody: not ready");
        return WEIR_FAIL;
    }
    m->prepared = true;
    return WEIR_END;
}

static enum weir_step moody_abort(void *self, struct weir_err *err)
{
    struct moody *m = self;

    assert_false(m->published);
    if (!m->aborted && rnd(2) == 0) {
        return WEIR_WAIT;
    }
    m->aborted = true;
    return m->fail_to_undo ? (weir_err_set(err, WEIR_E_REMOTE, "moody: left open"), WEIR_FAIL)
                           : WEIR_END;
}

static void moody_free(void *self)
{
    (void)self;
}

static const struct weir_stage_ops moody_ops = {
    .name = "moody", .step = moody_step, .abort = moody_abort, .free = moody_free};
static const struct weir_stage_ops prepared_ops = {.name = "prepared",
    .step = moody_step,
    .prepare = moody_prepare,
    .abort = moody_abort,
    .free = moody_free};

struct run {
    struct moody sinks[3];
    uint64_t bytes[3];
    int rc;
    struct weir_err err, undo;
};

/* Random frames for three sinks, whose bytes are known, through a pipe with such edges. */
static void run(struct run *r, size_t edge_bytes, size_t fail_at)
{
    struct weir_buf in, want[3];
    struct weir_stage sinks[3], stages[2];
    struct memory_source source = {0};

    weir_buf_init(&in, WEIR_MIB);
    for (size_t i = 0; i < 3; i++) {
        weir_buf_init(&want[i], WEIR_MIB);
        weir_buf_init(&r->sinks[i].got, WEIR_MIB);
        r->sinks[i].others = r->sinks;
        sinks[i] =
            (struct weir_stage){r->sinks[i].prepares ? &prepared_ops : &moody_ops, &r->sinks[i]};
    }
    for (uint32_t frames = rnd(30); frames > 0; frames--) {
        uint8_t text[300];
        size_t sink = rnd(3), n = rnd(3) == 0 ? rnd(sizeof text) : rnd(4), mark;
        for (size_t i = 0; i < n; i++) {
            text[i] = (uint8_t)rnd(256);
        }
        assert_int_equal(weir_fork_begin(&in, sink, &mark, NULL), 0);
        assert_int_equal(weir_buf_add(&in, text, n, NULL), 0);
        weir_fork_end(&in, mark);
        assert_int_equal(weir_buf_add(&want[sink], text, n, NULL), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        r->sinks[i].want = want[i].len;
    }
    source.in = in.p;
    source.len = in.len;
    source.fail_at = fail_at < in.len ? fail_at : 0;
    stages[0] = memory_source(&source);
    assert_int_equal(weir_fork_new(sinks, 3, r->bytes, &stages[1], NULL), 0);
    assert_null(sinks[0].ops);
    struct weir_pipe *pipe = weir_pipe_new(edge_bytes, stages, 2, NULL);
    assert_non_null(pipe);
    enum weir_pipe_state state;
    do { /* the sinks' waits end by themselves */
        state = weir_pipe_sweep(pipe, 0);
    } while (state == WEIR_PIPE_RUNNING || state == WEIR_PIPE_WAITING);
    r->rc = state == WEIR_PIPE_DONE ? 0 : -1;
    r->err = *weir_pipe_err(pipe);
    r->undo = *weir_pipe_undo_err(pipe);
    weir_pipe_free(pipe);
    for (size_t i = 0; i < 3; i++) {
        if (r->rc == 0) {
            assert_int_equal(r->sinks[i].got.len, want[i].len);
            assert_true(want[i].len == 0 || memcmp(r->sinks[i].got.p, want[i].p, want[i].len) == 0);
            assert_int_equal(r->bytes[i], want[i].len);
        }
        weir_buf_fini(&want[i]);
        weir_buf_fini(&r->sinks[i].got);
    }
    weir_buf_fini(&in);
}

static void each_sink_gets_its_own_bytes(void **state)
{
    (void)state;
    rnd_seed = 1;
    for (int i = 0; i < 3000; i++) {
        struct run r = {.rc = 0};
        for (size_t k = 0; k < 3; k++) {
            r.sinks[k].greedy = rnd(2) == 0;
            r.sinks[k].wait_at_end = rnd(2) == 0;
            r.sinks[k].prepares = rnd(2) == 0;
            r.sinks[k].preparing = (int)rnd(4);
        }
        run(&r, i % 3 == 0 ? 1 + rnd(8) : 1 + rnd(2000), SIZE_MAX);
        assert_string_equal(r.err.msg, "");
        assert_int_equal(r.rc, 0);
        assert_true(r.sinks[0].published && r.sinks[1].published && r.sinks[2].published);
        assert_false(r.sinks[0].before_others); /* the first one is the last */
        assert_true(r.sinks[1].before_others && r.sinks[2].before_others);
    }
}

static void a_source_that_breaks_publishes_nothing(void **state)
{
    int failed = 0;

    (void)state;
    rnd_seed = 2;
    for (int i = 0; i < 1000; i++) {
        struct run r = {.rc = 0};
        run(&r, 1 + rnd(300), 1 + rnd(100));
        if (r.rc != 0) {
            failed++;
            for (size_t k = 0; k < 3; k++) {
                assert_true(r.sinks[k].aborted && !r.sinks[k].published);
            }
            assert_int_equal(r.undo.code, WEIR_OK);
        }
    }
    assert_true(failed > 500);
}

static void a_sink_that_fails_before_the_end_fails_all(void **state)
{
    int failed = 0;

    (void)state;
    rnd_seed = 3;
    for (int i = 0; i < 1000; i++) {
        struct run r = {.rc = 0};
        r.sinks[i % 3].fail_early = true;
        run(&r, 1 + rnd(300), SIZE_MAX);
        if (r.rc != 0 && strcmp(r.err.msg, "moody: full") == 0) {
            failed++;
            for (size_t k = 0; k < 3; k++) {
                assert_false(r.sinks[k].published);
            }
        }
    }
    assert_true(failed > 300);
}

static void a_sink_that_cannot_prepare_its_end_fails_all(void **state)
{
    (void)state;
    rnd_seed = 5;
    for (int i = 0; i < 1000; i++) {
        struct run r = {.rc = 0};
        for (size_t k = 0; k < 3; k++) {
            r.sinks[k].prepares = k == (size_t)i % 3 || rnd(2) == 0;
            r.sinks[k].preparing = (int)rnd(4);
        }
        r.sinks[i % 3].fail_to_prepare = true;
        run(&r, 1 + rnd(300), SIZE_MAX);
        assert_string_equal(r.err.msg, "moody: not ready");
        for (size_t k = 0; k < 3; k++) {
            assert_true(r.sinks[k].aborted && !r.sinks[k].published);
        }
        assert_int_equal(r.undo.code, WEIR_OK);
    }
}

static void a_sink_that_fails_to_end_is_told_with_what_is_there(void **state)
{
    (void)state;
    rnd_seed = 4;
    for (size_t bad = 0; bad < 3; bad++) {
        struct run r = {.rc = 0};
        r.sinks[bad].fail_at_end = true;
        run(&r, 100, SIZE_MAX);
        assert_int_equal(r.rc, -1);
        assert_string_equal(r.err.msg, "moody: no");
        for (size_t k = 0; k < 3; k++) { /* those behind it in the list were first */
            assert_int_equal(r.sinks[k].published, k > bad);
            assert_int_equal(r.sinks[k].aborted, k <= bad);
        }
        if (bad == 2) {
            assert_int_equal(r.undo.code, WEIR_OK);
        } else {
            assert_string_equal(r.undo.msg, bad == 0 ? "2 of 3 outputs were published before that"
                                                     : "1 of 3 outputs were published before that");
        }
    }
}

static void a_sink_that_cannot_be_undone_is_told(void **state)
{
    int failed = 0;

    (void)state;
    rnd_seed = 6;
    for (int i = 0; i < 300; i++) {
        struct run r = {.rc = 0};
        r.sinks[i % 3].fail_to_undo = true;
        run(&r, 1 + rnd(300), 1 + rnd(100));
        if (r.rc != 0) {
            failed++;
            assert_string_equal(r.undo.msg, "moody: left open");
            for (size_t k = 0; k < 3; k++) { /* the others all the same */
                assert_true(r.sinks[k].aborted);
            }
        }
    }
    assert_true(failed > 100);
}

/* A sink whose answers are not true. */
struct liar {
    enum weir_step step, prepare;
    size_t takes; /* bytes of its window */
};

static enum weir_step liar_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    const struct liar *l = self;

    (void)out;
    (void)err;
    in->pos += l->takes;
    return l->step;
}

static enum weir_step liar_prepare(void *self, struct weir_err *err)
{
    (void)err;
    return ((const struct liar *)self)->prepare;
}

static void a_sink_whose_answers_are_not_true_is_a_bug(void **state)
{
    static const struct weir_stage_ops liar_ops = {
        .name = "liar", .step = liar_step, .prepare = liar_prepare, .free = moody_free};
    static const struct {
        struct liar liar;
        const char *in; /* one frame of a byte, or none */
        size_t len;
    } cases[] = {
        {{.step = WEIR_NEED_IN, .takes = 0}, "\0\1\0\0\0x", 6},  /* with input left */
        {{.step = WEIR_NEED_IN, .takes = 2}, "\0\1\0\0\0x", 6},  /* more than there was */
        {{.step = WEIR_NEED_OUT, .takes = 1}, "\0\1\0\0\0x", 6}, /* it has no output */
        {{.step = WEIR_END, .takes = 1}, "\0\1\0\0\0x", 6},      /* before the last byte */
        {{.step = WEIR_NEED_IN, .prepare = WEIR_END}, "", 0},    /* after the last byte */
        {{.step = WEIR_END, .prepare = WEIR_NEED_IN}, "", 0},    /* nothing is coming */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct liar liar = cases[i].liar;
        struct weir_stage inner = {&liar_ops, &liar}, fork;
        struct weir_in in = {(const uint8_t *)cases[i].in, cases[i].len, 0, true};
        struct weir_out out = {(uint8_t[1]){0}, 0, 0};
        struct weir_err err = {0};
        uint64_t bytes[1];

        assert_int_equal(weir_fork_new(&inner, 1, bytes, &fork, NULL), 0);
        assert_int_equal(fork.ops->step(fork.self, &in, &out, &err), WEIR_FAIL);
        assert_int_equal(err.code, WEIR_E_BUG);
        assert_non_null(strstr(err.msg, " liar: "));
        weir_stage_free(&fork);
    }
}

static enum weir_step step_once(const void *in, size_t len, bool last, struct weir_err *err)
{
    struct memory_sink sink = {0};
    struct weir_stage inner = memory_sink(&sink), fork;
    uint64_t bytes[1];
    struct weir_in window = {in, len, 0, last};
    struct weir_out out = {(uint8_t[1]){0}, 0, 0};

    weir_buf_init(&sink.got, 100);
    assert_int_equal(weir_fork_new(&inner, 1, bytes, &fork, NULL), 0);
    enum weir_step step = fork.ops->step(fork.self, &window, &out, err);
    weir_stage_free(&fork);
    weir_buf_fini(&sink.got);
    assert_int_equal(sink.published, step == WEIR_END);
    return step;
}

static void frames_that_are_none_are_a_bug(void **state)
{
    static const struct {
        const char *in;
        size_t len;
    } bad[] = {{"\1\1\0\0\0x", 6}, {"\0\2\0\0\0x", 6}, {"\0\1\0", 3}};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir_err err = {0};
        assert_int_equal(step_once(bad[i].in, bad[i].len, true, &err), WEIR_FAIL);
        assert_int_equal(err.code, WEIR_E_BUG);
    }
    struct weir_err err = {0};
    assert_int_equal(step_once("\0\1\0\0\0x", 6, true, &err), WEIR_END);
    assert_int_equal(step_once("\0\1\0\0\0x", 6, false, &err), WEIR_NEED_IN);
}

static void an_empty_frame_is_taken_back(void **state)
{
    struct weir_buf to;
    size_t mark;

    (void)state;
    weir_buf_init(&to, 100);
    assert_int_equal(weir_buf_adds(&to, "x", NULL), 0);
    assert_int_equal(weir_fork_begin(&to, 1, &mark, NULL), 0);
    weir_fork_end(&to, mark);
    assert_int_equal(to.len, 1);
    weir_buf_fini(&to);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sink_gets_its_own_bytes),
        cmocka_unit_test(a_source_that_breaks_publishes_nothing),
        cmocka_unit_test(a_sink_that_fails_before_the_end_fails_all),
        cmocka_unit_test(a_sink_that_cannot_prepare_its_end_fails_all),
        cmocka_unit_test(a_sink_that_fails_to_end_is_told_with_what_is_there),
        cmocka_unit_test(a_sink_that_cannot_be_undone_is_told),
        cmocka_unit_test(a_sink_whose_answers_are_not_true_is_a_bug),
        cmocka_unit_test(frames_that_are_none_are_a_bug),
        cmocka_unit_test(an_empty_frame_is_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
