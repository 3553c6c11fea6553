/*
 * The gunzip stage on any bytes: the end, the error and the output must not depend on the windows,
 * and every answer must keep the contract of stream/stage.h.
 */
#include "codec/gunzip.h"
#include "core/limits.h"
#include "tests/fuzz/windows.h"

#define OUT_MAX_BYTES (4 * WEIR_MIB) /* a bomb is cut off here */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum weir_step run(const uint8_t *data, size_t size, bool detect, uint64_t seed, size_t max,
    struct weir_buf *out, struct weir_err *err)
{
    struct weir_stage stage;

    must(weir_gunzip_new(&stage, detect, err) == 0);
    return run_stage(stage, data, size, seed, max, OUT_MAX_BYTES, out, err);
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
