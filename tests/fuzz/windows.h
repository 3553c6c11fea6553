#ifndef WEIR_TESTS_FUZZ_WINDOWS_H
#define WEIR_TESTS_FUZZ_WINDOWS_H

#include "core/buf.h"
#include "stream/stage.h"
#include "tests/fuzz/must.h"
#include "tests/support/rnd.h"

#include <stdlib.h>
#include <string.h>

/*
 * A transform stage under windows of any size, held to the contract of stream/stage.h. Each window
 * is its own piece of the heap, so that a byte beyond it is found.
 */
static inline size_t next_size(uint64_t *seed, size_t max)
{
    return 1 + rnd_of(seed, (uint32_t)max);
}

/**
 * run_stage: feed it windows of 1 to `max` bytes, drawn from the seed.
 *
 * stage  fresh; freed
 * stop   the output is cut off here, about
 * out    receives what comes out
 *
 * Returns the last answer; WEIR_NEED_OUT when the output was cut off.
 */
static inline enum weir_step run_stage(struct weir_stage stage, const uint8_t *data, size_t size,
    uint64_t seed, size_t max, size_t stop, struct weir_buf *out, struct weir_err *err)
{
    enum weir_step step = WEIR_NEED_IN;
    size_t pos = 0, n = 0;

    while (step == WEIR_NEED_IN || (step == WEIR_NEED_OUT && out->len < stop)) {
        if (step == WEIR_NEED_IN) {
            n = next_size(&seed, max);
            n = n < size - pos ? n : size - pos;
        }
        size_t room = next_size(&seed, max);
        uint8_t *in_p = malloc(n > 0 ? n : 1), *out_p = malloc(room);
        must(in_p != NULL && out_p != NULL);
        memcpy(in_p, data + pos, n);
        struct weir_in in = {in_p, n, 0, pos + n == size};
        struct weir_out o = {out_p, room, 0};
        step = stage.ops->step(stage.self, &in, &o, err);
        must(in.pos <= in.size && o.pos <= o.size && step != WEIR_WAIT);
        must(step != WEIR_NEED_IN || (in.pos == in.size && !in.last));
        must(step != WEIR_NEED_OUT || o.pos == o.size);
        must((step == WEIR_FAIL) == (err->code != WEIR_OK));
        must(weir_buf_add(out, o.p, o.pos, NULL) == 0);
        pos += in.pos;
        n -= in.pos;
        free(in_p);
        free(out_p);
    }
    weir_stage_free(&stage);
    return step;
}

#endif
