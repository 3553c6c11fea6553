/* Do sources in a row come out in order, each opened in its time, and is an error the right one's?
 */
#include "core/limits.h"
#include "stream/concat.h"
#include "stream/pipe.h"
#include "tests/support/memory_ends.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const texts[] = {"one", "", "", "two and more", "", "three", ""};
enum { TEXTS = sizeof texts / sizeof *texts, AHEAD = 3 };

struct row {
    struct memory_source sources[TEXTS];
    size_t opened, begun;
    size_t fail_open, fail_begin, fail_at; /* index + 1 of the one that fails; 0: none */
    uint64_t at[TEXTS];
};

static int open_source(void *ctx, size_t i, struct weir_stage *ret, struct weir_err *err)
{
    struct row *r = ctx;

    if (i == TEXTS) {
        return 0;
    }
    if (r->fail_open == i + 1) {
        return weir_err_set(err, WEIR_E_CONFIG, "no source %zu", i);
    }
    assert_int_equal(i, r->opened);
    assert_true(i < r->begun + AHEAD);
    r->sources[i] = (struct memory_source){
        .in = (const uint8_t *)texts[i], .len = strlen(texts[i]), .fail_at = r->fail_at == i + 1};
    *ret = memory_source(&r->sources[i]);
    r->opened++;
    return 1;
}

static int begin_source(void *ctx, size_t i, uint64_t at, struct weir_err *err)
{
    struct row *r = ctx;

    assert_int_equal(i, r->begun);
    r->at[r->begun++] = at;
    return r->fail_begin == i + 1 ? weir_err_set(err, WEIR_E_LIMIT, "no more") : 0;
}

static const struct weir_concat_ops ops = {open_source, begin_source};

static int run_with(const struct weir_concat_ops *with, struct row *r, size_t edge,
    struct memory_sink *sink, struct weir_err *err)
{
    struct weir_source_info info = {.size_bytes = -1};
    struct weir_stage stages[2] = {{0}, memory_sink(sink)};

    weir_buf_init(&sink->got, 4096);
    assert_int_equal(weir_concat_new(with, r, AHEAD, &info, &stages[0], err), 0);
    struct weir_pipe *pipe = weir_pipe_new(edge, stages, 2, err);
    assert_non_null(pipe);
    int rc = pipe_run(pipe, err);
    weir_pipe_free(pipe);
    if (rc == 0) {
        assert_int_equal(info.read_bytes, sink->got.len);
    }
    return rc;
}

static int run(struct row *r, size_t edge, struct memory_sink *sink, struct weir_err *err)
{
    return run_with(&ops, r, edge, sink, err);
}

static void sources_come_in_order_and_say_where_they_begin(void **state)
{
    static const uint64_t at[] = {0, 3, 3, 3, 15, 15, 20};
    static const size_t edges[] = {1, 2, 3, 7, 64};

    (void)state;
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        struct row r = {.opened = 0};
        struct memory_sink sink = {.published = false};
        struct weir_err err = {0};
        assert_int_equal(run(&r, edges[i], &sink, &err), 0);
        assert_true(sink.published);
        assert_string_equal(weir_buf_text(&sink.got, NULL), "onetwo and morethree");
        assert_int_equal(r.begun, TEXTS);
        for (size_t k = 0; k < TEXTS; k++) {
            assert_int_equal(r.at[k], at[k]);
        }
        weir_buf_fini(&sink.got);
    }
}

static void an_error_comes_when_it_is_that_sources_turn(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct row r = {.opened = 0};
        struct memory_sink sink = {.published = false};
        struct weir_err err = {0};
        *(what == 0 ? &r.fail_open : what == 1 ? &r.fail_begin : &r.fail_at) = 6;
        assert_int_equal(run(&r, 4, &sink, &err), -1);
        assert_false(sink.published);
        assert_int_equal(r.begun, what == 0 ? 5 : 6);
        assert_true(err.code != WEIR_OK);
        weir_buf_fini(&sink.got);
    }
}

static enum weir_step lie(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self;
    (void)in;
    (void)out;
    (void)err;
    return WEIR_NEED_OUT;
}

static int open_liar(void *ctx, size_t i, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops liar = {.name = "liar", .step = lie};

    (void)err;
    *ret = (struct weir_stage){&liar, ctx};
    return i == 0;
}

static void a_source_that_breaks_its_contract_is_told_by_its_name(void **state)
{
    static const struct weir_concat_ops lies = {open_liar, begin_source};
    struct row r = {.opened = 0};
    struct memory_sink sink = {.published = false};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run_with(&lies, &r, 4, &sink, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
    assert_string_equal(err.msg, "pipe: stage liar: NEED_OUT with room left");
    weir_buf_fini(&sink.got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_come_in_order_and_say_where_they_begin),
        cmocka_unit_test(an_error_comes_when_it_is_that_sources_turn),
        cmocka_unit_test(a_source_that_breaks_its_contract_is_told_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
