#include "stream/stage.h"

#include <string.h>

void weir_stage_free(struct weir_stage *stage)
{
    if (stage->ops != NULL && stage->ops->free != NULL) {
        stage->ops->free(stage->self);
    }
    *stage = (struct weir_stage){0};
}

/* What is not true of an answer; NULL: nothing. */
static const char *breach(enum weir_step step, bool sink, const struct weir_in *in,
    const struct weir_out *out, const struct weir_err *err)
{
    switch (step) {
    case WEIR_NEED_IN:
        if (in->pos < in->size) {
            return "NEED_IN with input left";
        }
        return in->last ? "NEED_IN after the last byte" : NULL;
    case WEIR_NEED_OUT:
        if (out->pos < out->size) {
            return "NEED_OUT with room left";
        }
        return sink ? "NEED_OUT from the sink" : NULL;
    case WEIR_WAIT:
        return NULL;
    case WEIR_END: /* a sink publishes with its END: never before all has come and was taken */
        return sink && (!in->last || in->pos < in->size) ? "END before the last byte" : NULL;
    case WEIR_FAIL:
        return err->code == WEIR_OK ? "FAIL without an error" : NULL;
    }
    return "an answer that does not exist";
}

enum weir_step weir_stage_step(const struct weir_stage *stage, bool sink, struct weir_in *in,
    struct weir_out *out, struct weir_err *err)
{
    const struct weir_in in0 = *in;
    const struct weir_out out0 = *out;
    enum weir_step step = stage->ops->step(stage->self, in, out, err);
    const char *what = breach(step, sink, in, out, err);

    if (in->p != in0.p || in->size != in0.size || in->pos > in->size || out->p != out0.p ||
        out->size != out0.size || out->pos > out->size) {
        what = "a window was moved instead of its position";
    }
    if (what == NULL) {
        return step;
    }
    *in = in0;
    *out = out0;
    *err = (struct weir_err){0}; /* worse than what it may have failed with */
    (void)weir_err_set(err, WEIR_E_BUG, "pipe: stage %s: %s", stage->ops->name, what);
    return WEIR_FAIL;
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
