#include "tests/support/stage_check.h"

#include "core/limits.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OUT_MAX_BYTES (256 * WEIR_MIB)
#define IDLE_STEPS_MAX 8 /* steps in a row that move nothing */

void (*stage_wait)(void *ctx);

static size_t next_size(size_t fixed, uint64_t *seed)
{
    if (fixed > 0) {
        return fixed;
    }
    const uint32_t r = rnd_of(seed, UINT32_MAX);
    return r % 4 == 0 ? 1 : 1 + (r >> 2) % 4096; /* one byte is the size that finds most */
}

/* What the driver would call a breach; the same rules as stream/pipe.c, told by the test. */
static void hold_to_contract(const struct stage_case *c, enum weir_step step,
    const struct weir_in *in, const struct weir_out *out, const struct weir_err *err)
{
    if (in->pos > in->size || out->pos > out->size) {
        fail_msg("%s: moved past a window", c->name);
    }
    if (step == WEIR_NEED_IN && (in->pos < in->size || in->last)) {
        fail_msg("%s: NEED_IN with input left or after the last byte", c->name);
    }
    if (step == WEIR_NEED_OUT && out->pos < out->size) {
        fail_msg("%s: NEED_OUT with room left", c->name);
    }
    if (step == WEIR_WAIT && stage_wait == NULL) {
        fail_msg("%s: a transform waits for the world", c->name);
    }
    if ((step == WEIR_FAIL) != (err->code != WEIR_OK)) {
        fail_msg("%s: FAIL and *err do not agree", c->name);
    }
}

static void fit(uint8_t **p, size_t *cap, size_t size)
{
    if (size != *cap) {
        free(*p);
        *p = malloc(size > 0 ? size : 1);
        assert_non_null(*p);
        *cap = size;
    }
}

int stage_run(const struct stage_case *c, size_t in_window, size_t out_window, uint64_t *seed,
    struct weir_buf *out, struct weir_err *err)
{
    struct weir_stage stage = {0};
    size_t pos = 0, in_size = 0;
    int idle = 0;
    enum weir_step step = WEIR_NEED_IN;
    /* Windows of exactly the size that is said, on the heap, so that ASan and valgrind see every
     * byte read or written beside them. */
    uint8_t *in_p = NULL, *out_p = NULL;
    size_t in_cap = SIZE_MAX, out_cap = SIZE_MAX;

    assert_int_equal(c->make(c->ctx, &stage, err), 0);
    while (step != WEIR_END && step != WEIR_FAIL) {
        if (step == WEIR_NEED_IN || in_size == 0) {
            in_size = next_size(in_window, seed);
            if (in_size > c->in_len - pos) {
                in_size = c->in_len - pos;
            }
        }
        size_t out_size = next_size(out_window, seed);
        fit(&in_p, &in_cap, in_size);
        fit(&out_p, &out_cap, out_size);
        if (in_size > 0) {
            memcpy(in_p, c->in + pos, in_size);
        }
        struct weir_in in = {in_p, in_size, 0, pos + in_size == c->in_len};
        struct weir_out o = {out_p, out_size, 0};
        step = stage.ops->step(stage.self, &in, &o, err);
        hold_to_contract(c, step, &in, &o, err);
        pos += in.pos;
        in_size -= in.pos;
        assert_int_equal(weir_buf_add(out, o.p, o.pos, NULL), 0);
        if (step == WEIR_WAIT) {
            stage_wait(c->ctx);
        }
        idle = in.pos > 0 || o.pos > 0 ? 0 : idle + 1;
        if (idle > IDLE_STEPS_MAX) {
            fail_msg("%s: moves nothing (at byte %zu of %zu)", c->name, pos, c->in_len);
        }
    }
    weir_stage_free(&stage);
    free(in_p);
    free(out_p);
    return step == WEIR_END ? 0 : -1;
}

static void compare(const struct stage_case *c, size_t in_window, size_t out_window, uint64_t *seed,
    const struct weir_buf *want, int want_rc, const struct weir_err *want_err)
{
    struct weir_buf got;
    struct weir_err err = {0};

    weir_buf_init(&got, OUT_MAX_BYTES);
    int rc = stage_run(c, in_window, out_window, seed, &got, &err);
    if (rc != want_rc || err.code != want_err->code || strcmp(err.msg, want_err->msg) != 0) {
        fail_msg("%s: windows %zu/%zu: ended with %d '%s', whole input with %d '%s'", c->name,
            in_window, out_window, rc, err.msg, want_rc, want_err->msg);
    }
    /* Before an error, how much has come out may differ; what has come out may not. */
    size_t n = rc == 0 || got.len < want->len ? got.len : want->len;
    if ((rc == 0 && got.len != want->len) || (n > 0 && memcmp(got.p, want->p, n) != 0)) {
        fail_msg("%s: windows %zu/%zu: the output differs from that of the whole input", c->name,
            in_window, out_window);
    }
    weir_buf_fini(&got);
}

void stage_check(const struct stage_case *c)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 13, 16, 31, 64, 100, 255, 1000, 65536};
    enum { SIZES = sizeof sizes / sizeof sizes[0], RANDOM_RUNS = 20 };
    const size_t whole = c->in_len + 1, roomy = 4 * WEIR_MIB;
    struct weir_buf want;
    struct weir_err err = {0};
    uint64_t seed = 1;

    weir_buf_init(&want, OUT_MAX_BYTES);
    int rc = stage_run(c, whole, roomy, &seed, &want, &err);
    for (size_t i = 0; i < SIZES; i++) {
        compare(c, sizes[i], roomy, &seed, &want, rc, &err);
        compare(c, whole, sizes[i], &seed, &want, rc, &err);
        compare(c, sizes[i], sizes[SIZES - 1 - i], &seed, &want, rc, &err);
        compare(c, sizes[i], sizes[i], &seed, &want, rc, &err);
    }
    for (int i = 0; i < RANDOM_RUNS; i++) {
        compare(c, 0, 0, &seed, &want, rc, &err);
    }
    weir_buf_fini(&want);
}
