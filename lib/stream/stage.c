#include "stream/stage.h"

#include <string.h>

void weir_stage_free(struct weir_stage *stage)
{
    if (stage->ops != NULL) {
        stage->ops->free(stage->self);
    }
    *stage = (struct weir_stage){0};
}

size_t weir_out_put(struct weir_out *out, const void *p, size_t n)
{
    size_t room = out->size - out->pos;

    if (n > room) {
        n = room;
    }
    if (n > 0) {
        memcpy(out->p + out->pos, p, n);
        out->pos += n;
    }
    return n;
}

size_t weir_in_take(struct weir_in *in, void *p, size_t n)
{
    size_t left = in->size - in->pos;

    if (n > left) {
        n = left;
    }
    if (n > 0) {
        memcpy(p, in->p + in->pos, n);
        in->pos += n;
    }
    return n;
}
