/*
 * As a stage of a pipe: does what comes before it never wait, does what comes after it get whole
 * units, is every loss counted, and is the example in docs/STREAMS.md this one?
 */
#include "core/limits.h"
#include "stream/leaky.h"
#include "stream/pipe.h"
#include "tests/support/files.h"
#include "tests/support/memory_ends.h"
#include "tests/support/stage_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define RING 8192
#define TS 188
#define LINE 40
#define UNITS 5000

/* Unit number i: a packet, a line, or a byte. Returns its length. */
static size_t unit_make(enum weir_leaky_unit unit, uint64_t i, uint8_t *to)
{
    switch (unit) {
    case WEIR_LEAKY_TS:
        memset(to, 0xff, TS);
        to[0] = 0x47;
        to[3] = 0x10;
        memcpy(to + 8, &i, sizeof i);
        return TS;
    case WEIR_LEAKY_LINES:
        (void)snprintf((char *)to, LINE + 1, "%0*llu\n", LINE - 1, (unsigned long long)i);
        return LINE;
    case WEIR_LEAKY_BYTES:
        break;
    }
    to[0] = (uint8_t)(i % 251);
    return 1;
}

static uint64_t units_of(enum weir_leaky_unit unit)
{
    return unit == WEIR_LEAKY_BYTES ? (uint64_t)UNITS * 100 : UNITS;
}

static uint8_t *stream_new(enum weir_leaky_unit unit, size_t *len)
{
    uint8_t *in = malloc((size_t)UNITS * TS + LINE + 1);
    uint64_t n = units_of(unit);

    assert_non_null(in);
    *len = 0;
    for (uint64_t i = 0; i < n; i++) {
        *len += unit_make(unit, i, in + *len);
    }
    return in;
}

/* A sink that takes nothing until `open`. */
struct gate {
    struct memory_sink sink;
    struct weir_stage inner;
    bool open;
};

static enum weir_step gate_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct gate *g = self;

    return g->open ? g->inner.ops->step(g->inner.self, in, out, err) : WEIR_WAIT;
}

static enum weir_step gate_abort(void *self, struct weir_err *err)
{
    struct gate *g = self;

    return g->inner.ops->abort(g->inner.self, err);
}

static void gate_free(void *self)
{
    struct gate *g = self;

    weir_stage_free(&g->inner);
}

static struct weir_stage gate_new(struct gate *g)
{
    static const struct weir_stage_ops ops = {
        .name = "gate", .step = gate_step, .abort = gate_abort, .free = gate_free};

    weir_buf_init(&g->sink.got, 2 * WEIR_MIB);
    g->inner = memory_sink(&g->sink);
    return (struct weir_stage){&ops, g};
}

/* ---- */

static int make_stage(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    return weir_leaky_stage(ctx, ret, err);
}

static const enum weir_leaky_unit units[] = {WEIR_LEAKY_BYTES, WEIR_LEAKY_LINES, WEIR_LEAKY_TS};
static const enum weir_leaky_policy policies[] = {
    WEIR_LEAKY_DROP_OLDEST, WEIR_LEAKY_DROP_NEWEST, WEIR_LEAKY_KEEP_LATEST};

static void everything_is_passed_on_when_the_ring_is_large_enough(void **state)
{
    (void)state;
    for (size_t u = 0; u < COUNT(units); u++) {
        for (size_t p = 0; p < COUNT(policies); p++) {
            struct weir_leaky_stage_opts opts = {
                .ring = {.ring_bytes = 2 * WEIR_MIB, .unit = units[u]},
                .wish = {.policy = policies[p]},
            };
            size_t len;
            uint8_t *in = stream_new(units[u], &len);
            const struct stage_case c = {"leaky", make_stage, &opts, in, len / 20};
            stage_check(&c);
            free(in);
        }
    }
}

/* What the sink got, unit by unit: whole, in order, none twice. Returns how many; *last is the
 * number of the last one, *gap how many are missing between the first and it. */
static uint64_t read_units(
    enum weir_leaky_unit unit, const struct weir_buf *got, uint64_t *last, uint64_t *gap)
{
    uint8_t want[TS];
    uint64_t n = 0, next = 0;

    *gap = 0;
    for (size_t at = 0; at < got->len; n++) {
        uint64_t i = next;
        if (unit == WEIR_LEAKY_TS) {
            memcpy(&i, got->p + at + 8, sizeof i);
        } else if (unit == WEIR_LEAKY_LINES) {
            i = strtoull((const char *)got->p + at, NULL, 10);
        }
        size_t len = unit_make(unit, i, want);
        assert_true(got->len - at >= len);
        assert_memory_equal(got->p + at, want, unit == WEIR_LEAKY_BYTES ? 0 : len);
        assert_true(i >= next);
        *gap += i - next;
        next = i + 1;
        at += len;
    }
    *last = next - 1;
    return n;
}

/* The sink stands still until the source has said everything. */
static void run_against_a_gate(enum weir_leaky_unit unit, enum weir_leaky_policy policy)
{
    struct weir_leaky_stage_count count = {0};
    const struct weir_leaky_stage_opts opts = {
        .ring = {.ring_bytes = RING, .unit = unit},
        .wish = {.policy = policy},
        .count = &count,
    };
    struct memory_source source = {.len = 0};
    struct gate gate = {0};
    struct weir_stage stages[3];
    struct weir_err err = {0};
    uint64_t last, gap;
    uint8_t *in = stream_new(unit, &source.len);

    source.in = in;
    stages[0] = memory_source(&source);
    assert_int_equal(weir_leaky_stage(&opts, &stages[1], &err), 0);
    stages[2] = gate_new(&gate);
    struct weir_pipe *pipe = weir_pipe_new(1000, stages, 3, &err);
    assert_non_null(pipe);
    while (source.said < source.len) {
        assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_RUNNING);
    }
    assert_int_equal(gate.sink.got.len, 0);
    gate.open = true;
    assert_int_equal(pipe_run(pipe, &err), 0);
    assert_true(gate.sink.published);

    uint64_t n = read_units(unit, &gate.sink.got, &last, &gap);
    assert_int_equal(count.units, units_of(unit));
    assert_int_equal(count.bytes, source.len);
    assert_int_equal(n + count.dropped_units, count.units);
    assert_int_equal(gate.sink.got.len + count.dropped_bytes, count.bytes);
    assert_true(count.dropped_units > 0);
    if (unit != WEIR_LEAKY_BYTES) {
        bool newest = policy == WEIR_LEAKY_DROP_NEWEST;
        assert_int_equal(gap, newest ? 0 : count.dropped_units); /* nothing new came after it */
        assert_int_equal(last, newest ? n - 1 : count.units - 1);
    } else { /* bytes have no numbers: it is the begin, and more of it or the end */
        size_t tail = policy == WEIR_LEAKY_DROP_NEWEST ? 0 : gate.sink.got.len - 1000;
        size_t head = gate.sink.got.len - tail;
        assert_memory_equal(gate.sink.got.p, in, head);
        assert_memory_equal(gate.sink.got.p + head, in + source.len - tail, tail);
    }
    weir_pipe_free(pipe);
    weir_buf_fini(&gate.sink.got);
    free(in);
}

static void a_sink_that_stands_still_does_not_stop_the_source(void **state)
{
    (void)state;
    for (size_t u = 0; u < COUNT(units); u++) {
        for (size_t p = 0; p < COUNT(policies); p++) {
            run_against_a_gate(units[u], policies[p]);
        }
    }
}

/* ---- with a clock ---- */

static int64_t time_ms;

static int64_t the_time(void)
{
    return time_ms;
}

/* A pipe of which the stage is behind from the second `behind` on: the source says it all at once,
 * into a gate that is shut. */
static struct weir_pipe *pipe_behind(const struct weir_leaky_stage_opts *opts, struct gate *gate,
    struct memory_source *source, struct weir_err *err)
{
    struct weir_stage stages[3] = {memory_source(source), {0}, gate_new(gate)};

    assert_int_equal(weir_leaky_stage(opts, &stages[1], err), 0);
    struct weir_pipe *pipe = weir_pipe_new(1000, stages, 3, err);
    assert_non_null(pipe);
    while (source->said < source->len) {
        assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_RUNNING);
    }
    while (weir_pipe_sweep(pipe, 0) == WEIR_PIPE_RUNNING) {
    }
    return pipe;
}

static void who_is_behind_for_too_long_fails_and_publishes_nothing(void **state)
{
    const struct weir_leaky_stage_opts opts = {
        .ring = {.ring_bytes = RING, .unit = WEIR_LEAKY_LINES},
        .lag_ms = 5000,
        .now_ms = the_time,
    };
    struct memory_source source = {.len = 0};
    uint8_t *in = stream_new(WEIR_LEAKY_LINES, &source.len);
    struct weir_err err = {0};

    (void)state;
    source.in = in;
    for (int late = 0; late < 2; late++) {
        struct gate gate = {0};

        source.said = 0;
        time_ms = 70000;
        struct weir_pipe *pipe = pipe_behind(&opts, &gate, &source, &err);
        time_ms += late ? 5000 : 4999;
        assert_int_equal(weir_pipe_sweep(pipe, 0), late ? WEIR_PIPE_FAILED : WEIR_PIPE_WAITING);
        if (late) {
            assert_int_equal(weir_pipe_err(pipe)->code, WEIR_E_LIMIT);
            assert_non_null(strstr(weir_pipe_err(pipe)->msg, "behind for 5000 ms"));
            assert_true(gate.sink.aborted);
        } else {
            gate.open = true;
            assert_int_equal(pipe_run(pipe, &err), 0);
        }
        assert_int_equal(gate.sink.published, !late);
        weir_pipe_free(pipe);
        weir_buf_fini(&gate.sink.got);
    }
    free(in);
}

static void what_has_waited_too_long_is_dropped_and_counted(void **state)
{
    struct weir_leaky_stage_count count = {0};
    const struct weir_leaky_stage_opts opts = {
        .ring = {.ring_bytes = WEIR_MIB, .unit = WEIR_LEAKY_LINES},
        .wish = {.age_max_ms = 1000},
        .now_ms = the_time,
        .count = &count,
    };
    struct memory_source source = {.len = 0};
    uint8_t *in = stream_new(WEIR_LEAKY_LINES, &source.len);
    struct weir_err err = {0};
    struct gate gate = {0};

    (void)state;
    source.in = in;
    time_ms = 1;
    struct weir_pipe *pipe = pipe_behind(&opts, &gate, &source, &err);
    assert_int_equal(count.dropped_units, 0); /* it all fits the ring */
    time_ms += 1001;
    gate.open = true;
    assert_int_equal(pipe_run(pipe, &err), 0);
    assert_true(count.dropped_units > UNITS - 200); /* but what the edge had, and the last block */
    assert_int_equal(gate.sink.got.len + count.dropped_bytes, source.len);
    weir_pipe_free(pipe);
    weir_buf_fini(&gate.sink.got);
    free(in);
}

/* Where a decoder could go on after a loss has not come when the source ends. */
static void what_waits_for_a_point_that_never_comes_is_counted(void **state)
{
    struct weir_leaky_stage_count count = {0};
    const struct weir_leaky_stage_opts opts = {
        .ring = {.ring_bytes = WEIR_MIB, .unit = WEIR_LEAKY_TS},
        .wish = {.age_max_ms = 1000, .random_access = true},
        .now_ms = the_time,
        .count = &count,
    };
    struct memory_source source = {.len = 0};
    uint8_t *in = stream_new(WEIR_LEAKY_TS, &source.len);
    struct weir_err err = {0};
    struct gate gate = {0};

    (void)state;
    in[3] = 0x30; /* the first packet, and it alone, is one where a decoder can begin */
    in[4] = 1;
    in[5] = 0x40;
    source.in = in;
    time_ms = 1;
    struct weir_pipe *pipe = pipe_behind(&opts, &gate, &source, &err);
    time_ms += 1001;
    gate.open = true;
    assert_int_equal(pipe_run(pipe, &err), 0);
    assert_int_equal(count.units, UNITS);
    assert_true(count.dropped_units > UNITS - 200);
    assert_int_equal(gate.sink.got.len + count.dropped_bytes, source.len);
    assert_int_equal(gate.sink.got.len / TS + count.dropped_units, count.units);
    weir_pipe_free(pipe);
    weir_buf_fini(&gate.sink.got);
    free(in);
}

static void without_a_clock_nothing_is_too_late(void **state)
{
    const struct weir_leaky_stage_opts opts = {
        .ring = {.ring_bytes = WEIR_MIB},
        .wish = {.age_max_ms = 1},
        .lag_ms = 1,
    };
    struct memory_source source = {.len = 0};
    uint8_t *in = stream_new(WEIR_LEAKY_BYTES, &source.len);
    struct weir_err err = {0};
    struct gate gate = {0};

    (void)state;
    source.in = in;
    struct weir_pipe *pipe = pipe_behind(&opts, &gate, &source, &err);
    gate.open = true;
    assert_int_equal(pipe_run(pipe, &err), 0);
    assert_int_equal(gate.sink.got.len, source.len);
    weir_pipe_free(pipe);
    weir_buf_fini(&gate.sink.got);
    free(in);
}

static void what_fails_before_it_fails_the_pipe(void **state)
{
    const struct weir_leaky_stage_opts opts = {.ring = {.ring_bytes = RING}};
    struct memory_source source = {.fail_at = 2000};
    uint8_t *in = stream_new(WEIR_LEAKY_BYTES, &source.len);
    struct gate gate = {.open = true};
    struct weir_err err = {0};
    struct weir_stage stages[3];

    (void)state;
    source.in = in;
    stages[0] = memory_source(&source);
    assert_int_equal(weir_leaky_stage(&opts, &stages[1], &err), 0);
    stages[2] = gate_new(&gate);
    struct weir_pipe *pipe = weir_pipe_new(1000, stages, 3, &err);
    assert_non_null(pipe);
    assert_int_equal(pipe_run(pipe, &err), -1);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_false(gate.sink.published);
    weir_pipe_free(pipe);
    weir_buf_fini(&gate.sink.got);
    free(in);
}

static void a_ring_of_a_wrong_size_is_a_configuration_error(void **state)
{
    const struct weir_leaky_stage_opts opts = {.ring = {.ring_bytes = 1}};
    struct weir_stage stage = {0};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_leaky_stage(&opts, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_null(stage.ops);
}

/* ---- the example of docs/STREAMS.md; what lies between the two marks is its text ---- */

/* EXAMPLE */
/* Measurements, a line each, to a receiver that may be slow: what it has no room for is lost, a
 * megabyte behind, and counted; whoever measures never waits. The stages are moved into the pipe
 * when it succeeds. */
static struct weir_pipe *telemetry(struct weir_stage *source, struct weir_stage *sink,
    struct weir_leaky_stage_count *count, struct weir_err *err)
{
    const struct weir_leaky_stage_opts opts = {
        .ring = {.ring_bytes = WEIR_MIB, .unit = WEIR_LEAKY_LINES},
        .wish = {.policy = WEIR_LEAKY_DROP_OLDEST},
        .count = count,
    };
    struct weir_stage stages[] = {*source, {0}, *sink};

    if (weir_leaky_stage(&opts, &stages[1], err) != 0) {
        return NULL;
    }
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 3, err);
    if (pipe == NULL) {
        weir_stage_free(&stages[1]);
    }
    return pipe;
}
/* EXAMPLE */

static void the_example_does_what_it_says(void **state)
{
    struct weir_leaky_stage_count count = {0};
    struct memory_source source = {.len = 0};
    uint8_t *in = stream_new(WEIR_LEAKY_LINES, &source.len);
    struct gate gate = {.open = true};
    struct weir_err err = {0};

    (void)state;
    source.in = in;
    struct weir_stage from = memory_source(&source), to = gate_new(&gate);
    struct weir_pipe *pipe = telemetry(&from, &to, &count, &err);
    assert_non_null(pipe);
    assert_int_equal(pipe_run(pipe, &err), 0);
    assert_int_equal(count.units, UNITS);
    assert_int_equal(gate.sink.got.len + count.dropped_bytes, source.len);
    weir_pipe_free(pipe);
    weir_buf_fini(&gate.sink.got);
    free(in);
}

static void the_example_is_the_one_in_the_docs(void **state)
{
    (void)state;
    files_example_in_doc("tests/unit/test_stream_leaky_stage.c", "docs/STREAMS.md");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_passed_on_when_the_ring_is_large_enough),
        cmocka_unit_test(a_sink_that_stands_still_does_not_stop_the_source),
        cmocka_unit_test(who_is_behind_for_too_long_fails_and_publishes_nothing),
        cmocka_unit_test(what_has_waited_too_long_is_dropped_and_counted),
        cmocka_unit_test(what_waits_for_a_point_that_never_comes_is_counted),
        cmocka_unit_test(without_a_clock_nothing_is_too_late),
        cmocka_unit_test(what_fails_before_it_fails_the_pipe),
        cmocka_unit_test(a_ring_of_a_wrong_size_is_a_configuration_error),
        cmocka_unit_test(the_example_does_what_it_says),
        cmocka_unit_test(the_example_is_the_one_in_the_docs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
