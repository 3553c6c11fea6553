#include "stream/bytes.h"

#include <stdlib.h>
#include <string.h>

struct bytes {
    size_t len, said;
    uint8_t p[];
};

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct bytes *b = self;

    (void)in;
    (void)err;
    b->said += weir_out_put(out, b->p + b->said, b->len - b->said);
    return b->said == b->len ? WEIR_END : WEIR_NEED_OUT;
}

int weir_bytes_source_new(const void *p, size_t len, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "bytes", .step = step, .free = free};
    struct bytes *b = malloc(sizeof *b + len);

    if (b == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory (%zu bytes)", len);
    }
    b->len = len;
    b->said = 0;
    if (len > 0) {
        memcpy(b->p, p, len);
    }
    *ret = (struct weir_stage){&ops, b};
    return 0;
}
