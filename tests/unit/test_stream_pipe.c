/* Does the driver move bytes, keep the first error, undo before it fails, and name every breach? */
#include "core/limits.h"
#include "stream/pipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One scripted stage for all tests: what it does in each call is a field. */
struct toy {
    struct weir_stage_ops ops;
    const char *say; /* a source says this, `chunk` bytes a call at most */
    size_t said;
    size_t fail_after; /* bytes taken or said; 0: never */
    enum weir_step lie;
    int lie_at; /* call number that answers `lie` whatever is true; 0: never */
    int calls;
    int waits; /* answer WAIT so often before anything else */
    int abort_waits, aborts, frees;
    char heard[256];
    size_t heard_n;
    bool published;
};

/* True when the script says what to answer in this call, whatever is true. */
static bool toy_scripted(struct toy *t, enum weir_step *answer, struct weir_err *err)
{
    t->calls++;
    if (t->lie_at == t->calls) {
        if (t->lie == WEIR_FAIL) {
            weir_err_set(err, WEIR_E_DATA, "toy: told to");
        }
        *answer = t->lie;
        return true;
    }
    if (t->waits > 0) {
        t->waits--;
        *answer = WEIR_WAIT;
        return true;
    }
    return false;
}

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct toy *t = self;
    enum weir_step s;

    assert_int_equal(in->size, 0);
    assert_true(in->last);
    assert_non_null(in->p);
    if (toy_scripted(t, &s, err)) {
        return s;
    }
    t->said += weir_out_put(out, t->say + t->said, strlen(t->say) - t->said);
    if (t->fail_after > 0 && t->said >= t->fail_after) {
        weir_err_set(err, WEIR_E_NET, "toy: broken after %zu", t->said);
        return WEIR_FAIL;
    }
    return t->say[t->said] == '\0' ? WEIR_END : WEIR_NEED_OUT;
}

static enum weir_step double_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct toy *t = self;
    enum weir_step s;

    if (toy_scripted(t, &s, err)) {
        return s;
    }
    /* Every byte twice; t->said remembers a first copy that found no room for the second. */
    while (in->pos < in->size) {
        if (out->pos == out->size) {
            return WEIR_NEED_OUT;
        }
        out->p[out->pos++] = in->p[in->pos];
        if (t->said == 1) {
            t->said = 0;
            in->pos++;
        } else {
            t->said = 1;
        }
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static enum weir_step sink_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct toy *t = self;
    enum weir_step s;

    assert_int_equal(out->size, 0);
    if (toy_scripted(t, &s, err)) {
        return s;
    }
    t->heard_n += weir_in_take(in, t->heard + t->heard_n, sizeof t->heard - 1 - t->heard_n);
    if (!in->last) {
        return WEIR_NEED_IN;
    }
    t->published = true;
    return WEIR_END;
}

static enum weir_step toy_abort(void *self, struct weir_err *err)
{
    struct toy *t = self;

    t->aborts++;
    if (t->abort_waits > 0) {
        t->abort_waits--;
        return WEIR_WAIT;
    }
    weir_err_set(err, WEIR_E_NET, "toy: an abort that fails does not hide the cause");
    return WEIR_FAIL;
}

static void toy_free(void *self)
{
    ((struct toy *)self)->frees++;
}

static struct toy source, middle, sink;

typedef enum weir_step step_fn(void *, struct weir_in *, struct weir_out *, struct weir_err *);

static struct weir_stage stage_of(struct toy *t, const char *name, step_fn *step)
{
    t->ops =
        (struct weir_stage_ops){.name = name, .step = step, .abort = toy_abort, .free = toy_free};
    return (struct weir_stage){&t->ops, t};
}

static struct weir_pipe *make(size_t edge_bytes)
{
    struct weir_stage stages[] = {stage_of(&source, "source", source_step),
        stage_of(&middle, "double", double_step), stage_of(&sink, "sink", sink_step)};
    struct weir_pipe *pipe = weir_pipe_new(edge_bytes, stages, 3, NULL);

    assert_non_null(pipe);
    assert_null(stages[2].ops);
    return pipe;
}

static int reset(void **state)
{
    (void)state;
    source = middle = sink = (struct toy){0};
    source.say = "weir";
    return 0;
}

static enum weir_pipe_state run(struct weir_pipe *pipe)
{
    for (int i = 0; i < 1000; i++) {
        enum weir_pipe_state s = weir_pipe_sweep(pipe, 0);
        if (s == WEIR_PIPE_DONE || s == WEIR_PIPE_FAILED) {
            return s;
        }
    }
    fail_msg("the pipe does not end");
    return WEIR_PIPE_FAILED;
}

static void pipe_moves_everything_at_every_edge_size(void **state)
{
    for (size_t edge = 1; edge < 12; edge++) {
        reset(state);
        struct weir_pipe *pipe = make(edge);
        assert_int_equal(run(pipe), WEIR_PIPE_DONE);
        assert_string_equal(sink.heard, "wweeiirr");
        size_t n;
        const struct weir_stage_count *c = weir_pipe_counts(pipe, &n);
        assert_int_equal(n, 3);
        assert_string_equal(c[1].name, "double");
        assert_int_equal(c[0].bytes_out, 4);
        assert_int_equal(c[1].bytes_in, 4);
        assert_int_equal(c[1].bytes_out, 8);
        assert_int_equal(c[2].bytes_in, 8);
        weir_pipe_free(pipe);
        assert_int_equal(source.frees + middle.frees + sink.frees, 3);
        assert_int_equal(source.aborts + middle.aborts + sink.aborts, 0);
    }
}

/* Copies, and says after so many bytes that it will do nothing else. */
static enum weir_step copy_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct toy *t = self;

    (void)err;
    t->calls++;
    size_t n = weir_out_put(out, in->p, in->size);
    in->pos += n;
    t->said += n;
    return in->pos < in->size ? WEIR_NEED_OUT : in->last ? WEIR_END : WEIR_NEED_IN;
}

static bool passes_after_two(const void *self)
{
    return ((const struct toy *)self)->said >= 2;
}

static void pipe_leaves_out_a_stage_that_only_copies(void **state)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog";

    for (size_t edge = 1; edge < 60; edge++) {
        struct toy other = {0};
        reset(state);
        source.say = text;
        struct weir_stage stages[] = {stage_of(&source, "source", source_step),
            stage_of(&middle, "copy", copy_step), stage_of(&other, "copy too", copy_step),
            stage_of(&sink, "sink", sink_step)};
        middle.ops.passes = other.ops.passes = passes_after_two;
        struct weir_pipe *pipe = weir_pipe_new(edge, stages, 4, NULL);
        assert_int_equal(run(pipe), WEIR_PIPE_DONE);
        assert_string_equal(sink.heard, text);
        assert_true(sink.published);
        /* they were asked until they said so, and not again */
        assert_true(edge > 2 ? middle.calls == 1 && other.calls == 1 : middle.said == 2);
        size_t n;
        const struct weir_stage_count *c = weir_pipe_counts(pipe, &n);
        for (size_t i = 1; i < 4; i++) {
            assert_int_equal(c[i].bytes_in, sizeof text - 1);
            assert_int_equal(c[i - 1].bytes_out, sizeof text - 1);
        }
        weir_pipe_free(pipe);
        assert_int_equal(source.frees + middle.frees + other.frees + sink.frees, 4);
    }
}

static void pipe_empty_source_still_publishes(void **state)
{
    (void)state;
    source.say = "";
    struct weir_pipe *pipe = make(8);
    assert_int_equal(run(pipe), WEIR_PIPE_DONE);
    assert_true(sink.published);
    weir_pipe_free(pipe);
}

static void pipe_waits_only_while_somebody_waits(void **state)
{
    (void)state;
    source.waits = 2;
    struct weir_pipe *pipe = make(8);
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_WAITING);
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_WAITING);
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_RUNNING);
    assert_int_equal(run(pipe), WEIR_PIPE_DONE);
    size_t n;
    assert_int_equal(weir_pipe_counts(pipe, &n)[0].waits, 2);
    weir_pipe_free(pipe);
}

static void pipe_error_of_any_stage_never_publishes_and_undoes(void **state)
{
    struct toy *const stages[] = {&source, &middle, &sink};
    static const int calls_n[] = {2, 3, 3}; /* as many as each of them gets, at the least */

    for (size_t i = 0; i < 3; i++) {
        for (int at = 1; at <= calls_n[i]; at++) {
            reset(state);
            stages[i]->lie = WEIR_FAIL;
            stages[i]->lie_at = at;
            stages[i]->abort_waits = 2;
            struct weir_pipe *pipe = make(2);
            enum weir_pipe_state s = run(pipe);
            assert_true(stages[i]->calls >= at);
            assert_int_equal(s, WEIR_PIPE_FAILED);
            assert_false(sink.published);
            assert_string_equal(weir_pipe_err(pipe)->msg, "toy: told to");
            assert_int_equal(stages[i]->aborts, 3);
            assert_int_equal(weir_pipe_undo_err(pipe)->code, WEIR_E_NET);
            int calls = source.calls + middle.calls + sink.calls;
            assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_FAILED); /* latched */
            assert_int_equal(source.calls + middle.calls + sink.calls, calls);
            weir_pipe_free(pipe);
        }
    }
}

static void pipe_source_that_breaks_late_never_publishes(void **state)
{
    (void)state;
    source.fail_after = 4; /* all bytes are out, then the connection breaks */
    struct weir_pipe *pipe = make(64);
    assert_int_equal(run(pipe), WEIR_PIPE_FAILED);
    assert_int_equal(weir_pipe_err(pipe)->code, WEIR_E_NET);
    assert_false(sink.published);
    weir_pipe_free(pipe);
}

static void pipe_deadline_fails_and_undoes(void **state)
{
    (void)state;
    source.waits = 1000;
    struct weir_pipe *pipe = make(8);
    assert_true(weir_pipe_deadline(pipe) == INT64_MAX);
    weir_pipe_set_deadline(pipe, 100);
    assert_int_equal(weir_pipe_sweep(pipe, 99), WEIR_PIPE_WAITING);
    assert_int_equal(weir_pipe_sweep(pipe, 100), WEIR_PIPE_FAILED);
    assert_int_equal(weir_pipe_err(pipe)->code, WEIR_E_DEADLINE);
    assert_int_equal(sink.aborts, 1);
    weir_pipe_free(pipe);
}

static void pipe_cancel_keeps_its_reason(void **state)
{
    const struct weir_err why = {WEIR_E_CANCEL, 15, "terminated"};
    const struct weir_err other = {WEIR_E_DEADLINE, 0, "too late, too"};

    (void)state;
    source.waits = 1000;
    struct weir_pipe *pipe = make(8);
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_WAITING);
    weir_pipe_cancel(pipe, &why);
    weir_pipe_cancel(pipe, &other);
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_FAILED);
    assert_int_equal(weir_pipe_err(pipe)->code, WEIR_E_CANCEL);
    assert_int_equal(weir_pipe_err(pipe)->detail, 15);
    weir_pipe_free(pipe);
}

static void pipe_cancel_after_the_end_changes_nothing(void **state)
{
    const struct weir_err why = {WEIR_E_CANCEL, 15, "terminated"};

    (void)state;
    struct weir_pipe *pipe = make(8);
    assert_int_equal(run(pipe), WEIR_PIPE_DONE);
    weir_pipe_cancel(pipe, &why);
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_DONE);
    weir_pipe_free(pipe);
}

static void pipe_early_end_stops_what_is_upstream(void **state)
{
    (void)state;
    middle.lie = WEIR_END;
    middle.lie_at = 2;
    struct weir_pipe *pipe = make(1);
    assert_int_equal(run(pipe), WEIR_PIPE_DONE);
    int calls = source.calls;
    assert_true(calls < 4);
    assert_string_equal(sink.heard, "w");
    weir_pipe_free(pipe);
}

static enum weir_step lazy_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)in;
    (void)out;
    (void)err;
    return WEIR_NEED_OUT; /* with a window of size 0 this would be true; with room it is a lie */
}

static enum weir_step thief_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)out;
    (void)err;
    in->pos = in->size + 1;
    return WEIR_NEED_IN;
}

static void pipe_breaches_are_bugs_with_a_name(void **state)
{
    static const struct {
        struct toy *who;
        enum weir_step lie;
        const char *msg;
    } rows[] = {
        {&source, WEIR_NEED_IN, "pipe: stage source: NEED_IN after the last byte"},
        {&source, WEIR_NEED_OUT, "pipe: stage source: NEED_OUT with room left"},
        {&middle, WEIR_NEED_IN, "pipe: stage double: NEED_IN with input left"},
        {&middle, WEIR_NEED_OUT, "pipe: stage double: NEED_OUT with room left"},
        {&sink, WEIR_NEED_IN, "pipe: stage sink: NEED_IN with input left"},
        {&sink, WEIR_NEED_OUT, "pipe: stage sink: NEED_OUT from the sink"},
        {&sink, WEIR_END, "pipe: stage sink: END before the last byte"},
        {&sink, (enum weir_step)77, "pipe: stage sink: an answer that does not exist"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        reset(state);
        rows[i].who->lie = rows[i].lie;
        rows[i].who->lie_at = 1;
        struct weir_pipe *pipe = make(8);
        assert_int_equal(run(pipe), WEIR_PIPE_FAILED);
        assert_int_equal(weir_pipe_err(pipe)->code, WEIR_E_BUG);
        assert_string_equal(weir_pipe_err(pipe)->msg, rows[i].msg);
        assert_false(sink.published);
        weir_pipe_free(pipe);
    }
}

/* Takes all there is, and has enough. */
static enum weir_step hasty_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)out;
    (void)err;
    in->pos = in->size;
    return WEIR_END;
}

static void pipe_stage_that_misuses_a_window_is_a_bug(void **state)
{
    (void)state;
    struct weir_stage thieves[] = {stage_of(&source, "source", source_step),
        stage_of(&middle, "thief", thief_step), stage_of(&sink, "sink", sink_step)};
    struct weir_pipe *pipe = weir_pipe_new(8, thieves, 3, NULL);
    assert_int_equal(run(pipe), WEIR_PIPE_FAILED);
    assert_string_equal(
        weir_pipe_err(pipe)->msg, "pipe: stage thief: a window was moved instead of its position");
    weir_pipe_free(pipe);

    reset(state);
    struct weir_stage hasty[] = {
        stage_of(&source, "source", source_step), stage_of(&sink, "hasty", hasty_step)};
    pipe = weir_pipe_new(2, hasty, 2, NULL);
    assert_int_equal(run(pipe), WEIR_PIPE_FAILED);
    assert_string_equal(weir_pipe_err(pipe)->msg, "pipe: stage hasty: END before the last byte");
    weir_pipe_free(pipe);

    struct weir_stage lazy[] = {
        stage_of(&source, "lazy", lazy_step), stage_of(&sink, "sink", sink_step)};
    pipe = weir_pipe_new(8, lazy, 2, NULL);
    assert_int_equal(run(pipe), WEIR_PIPE_FAILED);
    assert_string_equal(weir_pipe_err(pipe)->msg, "pipe: stage lazy: NEED_OUT with room left");
    weir_pipe_free(pipe);
}

static void pipe_edge_size_comes_from_the_environment(void **state)
{
    static const char *const bad[] = {"0", "-1", "x", "1x", "16777217", " 5"};
    struct weir_err err = {0};

    (void)state;
    setenv("WEIR_EDGE_BYTES", "1", 1);
    struct weir_pipe *pipe = make(0);
    assert_int_equal(run(pipe), WEIR_PIPE_DONE);
    size_t n;
    assert_true(weir_pipe_counts(pipe, &n)[2].steps >= 8);
    weir_pipe_free(pipe);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("WEIR_EDGE_BYTES", bad[i], 1);
        err = (struct weir_err){0};
        struct weir_stage stages[] = {
            stage_of(&source, "source", source_step), stage_of(&sink, "sink", sink_step)};
        assert_null(weir_pipe_new(0, stages, 2, &err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_non_null(stages[0].ops); /* still the caller's */
        weir_stage_free(&stages[0]);
        weir_stage_free(&stages[0]); /* empty by now: a no-op */
        assert_int_equal(source.frees, 2 + (int)i);
    }
    unsetenv("WEIR_EDGE_BYTES");
    weir_pipe_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pipe_moves_everything_at_every_edge_size, reset),
        cmocka_unit_test_setup(pipe_leaves_out_a_stage_that_only_copies, reset),
        cmocka_unit_test_setup(pipe_empty_source_still_publishes, reset),
        cmocka_unit_test_setup(pipe_waits_only_while_somebody_waits, reset),
        cmocka_unit_test_setup(pipe_error_of_any_stage_never_publishes_and_undoes, reset),
        cmocka_unit_test_setup(pipe_source_that_breaks_late_never_publishes, reset),
        cmocka_unit_test_setup(pipe_deadline_fails_and_undoes, reset),
        cmocka_unit_test_setup(pipe_cancel_keeps_its_reason, reset),
        cmocka_unit_test_setup(pipe_cancel_after_the_end_changes_nothing, reset),
        cmocka_unit_test_setup(pipe_early_end_stops_what_is_upstream, reset),
        cmocka_unit_test_setup(pipe_breaches_are_bugs_with_a_name, reset),
        cmocka_unit_test_setup(pipe_stage_that_misuses_a_window_is_a_bug, reset),
        cmocka_unit_test_setup(pipe_edge_size_comes_from_the_environment, reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
