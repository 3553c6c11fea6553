/* Is a sink that is made late the same as one that was there from the beginning? */
#include "core/limits.h"
#include "stream/late.h"
#include "stream/pipe.h"
#include "tests/support/memory_ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct maker {
    struct memory_source source;
    struct memory_sink sink;
    int made;
    size_t said_then; /* by the source, when the sink was made */
    bool refuse;
};

static int make(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    struct maker *m = ctx;

    m->made++;
    m->said_then = m->source.said;
    if (m->refuse) {
        return weir_err_set(err, WEIR_E_CONFIG, "no such place");
    }
    *ret = memory_sink(&m->sink);
    return 0;
}

/* Run `text` through; fail_at as in struct memory_source. */
static int run(struct maker *m, const char *text, size_t fail_at, struct weir_err *err)
{
    struct weir_stage stages[2];

    m->source.in = (const uint8_t *)text;
    m->source.len = strlen(text);
    m->source.fail_at = fail_at;
    weir_buf_init(&m->sink.got, WEIR_MIB);
    stages[0] = memory_source(&m->source);
    assert_int_equal(weir_late_sink_new(make, m, &stages[1], err), 0);
    struct weir_pipe *pipe = weir_pipe_new(3, stages, 2, err);
    assert_non_null(pipe);
    int rc = pipe_run(pipe, err);
    weir_pipe_free(pipe);
    return rc;
}

static void late_sink_is_made_after_the_source_spoke_and_gets_every_byte(void **state)
{
    static const char *const texts[] = {"", "a", "abc", "abcdefghijklmnop"};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct maker m = {0};
        struct weir_err err = {0};

        assert_int_equal(run(&m, texts[i], 0, &err), 0);
        assert_int_equal(m.made, 1);
        assert_true(m.said_then > 0 || texts[i][0] == '\0');
        assert_true(m.sink.published);
        assert_int_equal(m.sink.got.len, strlen(texts[i]));
        assert_memory_equal(
            m.sink.got.len > 0 ? (const char *)m.sink.got.p : "", texts[i], m.sink.got.len);
        weir_buf_fini(&m.sink.got);
    }
}

static void late_sink_that_cannot_be_made_fails_the_pipe(void **state)
{
    struct maker m = {.refuse = true};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run(&m, "abc", 0, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(m.made, 1);
    assert_false(m.sink.published);
    weir_buf_fini(&m.sink.got);
}

static void late_sink_is_aborted_when_it_was_made(void **state)
{
    struct maker m = {0};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run(&m, "abcdefghijklmnop", 9, &err), -1);
    assert_int_equal(m.made, 1);
    assert_true(m.sink.aborted);
    assert_false(m.sink.published);
    weir_buf_fini(&m.sink.got);
}

static enum weir_step broken_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)in;
    (void)out;
    weir_err_set(err, WEIR_E_REMOTE, "404");
    return WEIR_FAIL;
}

static void late_sink_is_never_made_for_a_source_that_says_nothing(void **state)
{
    static const struct weir_stage_ops broken = {.name = "broken", .step = broken_step};
    struct maker m = {0};
    struct weir_err err = {0};
    struct weir_stage stages[2] = {{&broken, &m}};

    (void)state;
    assert_int_equal(weir_late_sink_new(make, &m, &stages[1], &err), 0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, &err);
    assert_non_null(pipe);
    assert_int_equal(pipe_run(pipe, &err), -1);
    assert_int_equal(m.made, 0);
    weir_pipe_free(pipe);
}

static enum weir_step end_early(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)in;
    (void)out;
    (void)err;
    return WEIR_END;
}

static int make_hasty(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops hasty = {.name = "hasty", .step = end_early};

    (void)err;
    *ret = (struct weir_stage){&hasty, ctx};
    return 0;
}

static void late_sink_that_breaks_its_contract_is_told_by_its_name(void **state)
{
    struct memory_source source = {.in = (const uint8_t *)"abc", .len = 3};
    struct weir_stage stages[2] = {memory_source(&source)};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_late_sink_new(make_hasty, NULL, &stages[1], &err), 0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, &err);
    assert_non_null(pipe);
    assert_int_equal(pipe_run(pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
    assert_string_equal(err.msg, "pipe: stage hasty: END before the last byte");
    weir_pipe_free(pipe);
}

static enum weir_step prepare_waits(void *self, struct weir_err *err)
{
    (void)self;
    (void)err;
    return WEIR_WAIT;
}

static int make_waiting(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops waiting = {
        .name = "waiting", .step = broken_step, .prepare = prepare_waits};

    (void)err;
    *ret = (struct weir_stage){&waiting, ctx};
    return 0;
}

/* In a fork all sinks are asked, also one for which no byte has come. */
static void late_sink_is_made_when_its_end_is_prepared(void **state)
{
    struct maker m = {0}, refusing = {.refuse = true};
    struct weir_err err = {0};
    struct weir_stage late;

    (void)state;
    assert_int_equal(weir_late_sink_new(make, &m, &late, &err), 0);
    assert_int_equal(late.ops->prepare(late.self, &err), WEIR_END); /* it has nothing to prepare */
    assert_int_equal(late.ops->prepare(late.self, &err), WEIR_END);
    assert_int_equal(m.made, 1);
    assert_false(m.sink.published);
    weir_stage_free(&late);

    assert_int_equal(weir_late_sink_new(make, &refusing, &late, &err), 0);
    assert_int_equal(late.ops->prepare(late.self, &err), WEIR_FAIL);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    weir_stage_free(&late);

    assert_int_equal(weir_late_sink_new(make_waiting, &m, &late, &err), 0);
    assert_int_equal(late.ops->prepare(late.self, &err), WEIR_WAIT); /* its own answer */
    weir_stage_free(&late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(late_sink_is_made_after_the_source_spoke_and_gets_every_byte),
        cmocka_unit_test(late_sink_that_cannot_be_made_fails_the_pipe),
        cmocka_unit_test(late_sink_is_aborted_when_it_was_made),
        cmocka_unit_test(late_sink_is_never_made_for_a_source_that_says_nothing),
        cmocka_unit_test(late_sink_that_breaks_its_contract_is_told_by_its_name),
        cmocka_unit_test(late_sink_is_made_when_its_end_is_prepared),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
