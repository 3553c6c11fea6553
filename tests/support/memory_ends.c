#include "tests/support/memory_ends.h"

#include "stream/pipe.h"

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct memory_source *s = self;
    size_t end = s->fail_at > 0 && s->fail_at < s->len ? s->fail_at : s->len;

    (void)in;
    s->said += weir_out_put(out, s->in + s->said, end - s->said);
    s->info.read_bytes = s->said;
    if (s->fail_at > 0 && s->said >= end) {
        weir_err_set(err, WEIR_E_NET, "memory: cut after %zu bytes", s->said);
        return WEIR_FAIL;
    }
    return s->said == s->len ? WEIR_END : WEIR_NEED_OUT;
}

static enum weir_step sink_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct memory_sink *s = self;

    (void)out;
    if (weir_buf_add(&s->got, in->p + in->pos, in->size - in->pos, err) != 0) {
        return WEIR_FAIL;
    }
    in->pos = in->size;
    s->published = in->last;
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static enum weir_step sink_abort(void *self, struct weir_err *err)
{
    (void)err;
    ((struct memory_sink *)self)->aborted = true;
    return WEIR_END;
}

struct weir_stage memory_source(struct memory_source *s)
{
    static const struct weir_stage_ops ops = {.name = "memory source", .step = source_step};

    return (struct weir_stage){&ops, s};
}

struct weir_stage memory_sink(struct memory_sink *s)
{
    static const struct weir_stage_ops ops = {
        .name = "memory sink", .step = sink_step, .abort = sink_abort};

    return (struct weir_stage){&ops, s};
}

int pipe_run(struct weir_pipe *pipe, struct weir_err *err)
{
    enum weir_pipe_state state = WEIR_PIPE_RUNNING;

    while (state == WEIR_PIPE_RUNNING) {
        state = weir_pipe_sweep(pipe, 0);
    }
    if (state == WEIR_PIPE_WAITING) {
        return weir_err_set(err, WEIR_E_BUG, "a pipe of memory ends waits");
    }
    *err = *weir_pipe_err(pipe);
    return state == WEIR_PIPE_DONE ? 0 : -1;
}
