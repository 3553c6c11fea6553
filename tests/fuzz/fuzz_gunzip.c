/*
 * The gunzip stage on any bytes: the end, the error and the output must not depend on the windows,
 * and every answer must keep the contract of stream/stage.h.
 */
#include "codec/gunzip.h"
#include "core/buf.h"
#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

#define OUT_MAX_BYTES (4 * WEIR_MIB) /* a bomb is cut off here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static size_t next_size(uint64_t *seed, size_t max)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return 1 + (size_t)(*seed >> 33) % max;
}

/* Returns the last answer; WEIR_NEED_OUT when the output is cut off. */
static enum weir_step run(const uint8_t *data, size_t size, bool detect, uint64_t seed, size_t max,
    struct weir_buf *out, struct weir_err *err)
{
    struct weir_stage stage;
    enum weir_step step = WEIR_NEED_IN;
    size_t pos = 0, n = 0;

    must(weir_gunzip_new(&stage, detect, err) == 0);
    while (step == WEIR_NEED_IN || (step == WEIR_NEED_OUT && out->len < OUT_MAX_BYTES)) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_buf a, b;
    struct weir_err err_a = {0}, err_b = {0};

    if (size < 2) {
        return 0;
    }
    const bool detect = data[0] % 2 == 0;
    const uint64_t seed = (uint64_t)data[0] << 8 | data[1];
    data += 2;
    size -= 2;
    weir_buf_init(&a, 2 * OUT_MAX_BYTES);
    weir_buf_init(&b, 2 * OUT_MAX_BYTES);
    enum weir_step whole = run(data, size, detect, 0, 4 * WEIR_MIB, &a, &err_a);
    enum weir_step parts = run(data, size, detect, seed, a.len > 100000 ? 4000 : 9, &b, &err_b);
    if (whole != WEIR_NEED_OUT && parts != WEIR_NEED_OUT) {
        must(whole == parts && err_a.code == err_b.code && strcmp(err_a.msg, err_b.msg) == 0);
        must(whole != WEIR_END || a.len == b.len);
    }
    size_t n = a.len < b.len ? a.len : b.len;
    must(n == 0 || memcmp(a.p, b.p, n) == 0);
    weir_buf_fini(&a);
    weir_buf_fini(&b);
    return 0;
}
