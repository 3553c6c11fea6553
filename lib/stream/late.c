#include "stream/late.h"

#include <stdlib.h>

struct late {
    int (*make)(void *ctx, struct weir_stage *ret, struct weir_err *err);
    void *ctx;
    struct weir_stage sink; /* once it is made */
};

static enum weir_step late_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct late *l = self;

    if (l->sink.ops == NULL) {
        if (in->pos == in->size && !in->last) {
            return WEIR_NEED_IN;
        }
        if (l->make(l->ctx, &l->sink, err) != 0) {
            return WEIR_FAIL;
        }
    }
    return weir_stage_step(&l->sink, true, in, out, err);
}

static enum weir_step late_prepare(void *self, struct weir_err *err)
{
    struct late *l = self;

    if (l->sink.ops == NULL && l->make(l->ctx, &l->sink, err) != 0) {
        return WEIR_FAIL;
    }
    return l->sink.ops->prepare != NULL ? l->sink.ops->prepare(l->sink.self, err) : WEIR_END;
}

static enum weir_step late_abort(void *self, struct weir_err *err)
{
    struct late *l = self;

    if (l->sink.ops == NULL || l->sink.ops->abort == NULL) {
        return WEIR_END;
    }
    return l->sink.ops->abort(l->sink.self, err);
}

static void late_free(void *self)
{
    struct late *l = self;

    if (l != NULL) {
        weir_stage_free(&l->sink);
        free(l);
    }
}

int weir_late_sink_new(int (*make)(void *ctx, struct weir_stage *ret, struct weir_err *err),
    void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "late sink",
        .step = late_step,
        .prepare = late_prepare,
        .abort = late_abort,
        .free = late_free};
    struct late *l = calloc(1, sizeof *l);

    if (l == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for a sink");
    }
    l->make = make;
    l->ctx = ctx;
    *ret = (struct weir_stage){.ops = &ops, .self = l};
    return 0;
}
