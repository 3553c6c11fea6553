#include "net/collect.h"

#include "stream/pipe.h"

static enum weir_step collect_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct weir_buf *to = self;

    (void)out;
    if (in->size - in->pos > to->max - to->len) {
        weir_err_set(err, WEIR_E_LIMIT, "longer than %zu bytes", to->max);
        return WEIR_FAIL;
    }
    if (weir_buf_add(to, in->p + in->pos, in->size - in->pos, err) != 0) {
        return WEIR_FAIL;
    }
    in->pos = in->size;
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

int weir_collect(struct weir_loop *loop, struct weir_stage *source, int64_t deadline_mono_ms,
    struct weir_buf *to, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "collect", .step = collect_step};
    struct weir_stage stages[] = {*source, {&ops, to}};
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, err);
    int rc = -1;

    if (pipe != NULL) {
        weir_pipe_set_deadline(pipe, deadline_mono_ms);
        rc = weir_loop_run(loop, pipe, err);
    }
    weir_stage_free(&stages[0]); /* the pipe's, unless there is none */
    weir_pipe_free(pipe);
    *source = (struct weir_stage){0};
    return rc;
}
