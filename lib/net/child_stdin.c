#include "net/child_stdin.h"

#include "core/clock.h"
#include "core/reason.h"
#include "net/ready.h"
#include "net/wake.h"
#include "stream/pipe.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define SWEEPS_MAX 64 /* in a row; the program's output is to be looked at, too */

struct weir_child_stdin {
    struct weir_pipe *pipe; /* NULL: over */
    struct weir_ready *ready;
    struct weir_wake *wake;
    int fd;
    bool refused; /* the program has closed its end */
};

static enum weir_step sink_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct weir_child_stdin *s = self;

    (void)out;
    while (in->pos < in->size) {
        ssize_t n = write(s->fd, in->p + in->pos, in->size - in->pos);
        if (n > 0) {
            in->pos += (size_t)n;
        } else if (errno == EAGAIN) {
            if (!weir_ready_now(s->ready)) {
                return WEIR_WAIT;
            }
        } else if (errno != EINTR) {
            s->refused = errno == EPIPE;
            weir_err_detail(err, WEIR_E_IO, errno, "stdin: %s", weir_reason(errno));
            return WEIR_FAIL;
        }
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

/* Over: the program sees the end of its input. */
static enum weir_step over(struct weir_child_stdin *s)
{
    weir_pipe_free(s->pipe);
    s->pipe = NULL;
    weir_ready_free(s->ready);
    s->ready = NULL;
    (void)close(s->fd);
    s->fd = -1;
    return WEIR_END;
}

enum weir_step weir_child_stdin_step(struct weir_child_stdin *s, struct weir_err *err)
{
    if (s->pipe == NULL) {
        return WEIR_END;
    }
    for (int i = 0; i < SWEEPS_MAX; i++) {
        switch (weir_pipe_sweep(s->pipe, weir_clock_mono_ms())) {
        case WEIR_PIPE_RUNNING:
            break;
        case WEIR_PIPE_WAITING:
            return WEIR_WAIT;
        case WEIR_PIPE_DONE:
            return over(s);
        case WEIR_PIPE_FAILED:
            if (s->refused) {
                return over(s);
            }
            (void)weir_err_keep(err, weir_pipe_err(s->pipe));
            return WEIR_FAIL;
        }
    }
    weir_wake_in(s->wake, 0); /* there is more to do, and nothing else might wake the loop */
    return WEIR_WAIT;
}

void weir_child_stdin_free(struct weir_child_stdin *s)
{
    if (s != NULL) {
        weir_pipe_free(s->pipe);
        weir_ready_free(s->ready);
        weir_wake_free(s->wake);
        if (s->fd >= 0) {
            (void)close(s->fd);
        }
        free(s);
    }
}

struct weir_child_stdin *weir_child_stdin_new(
    struct weir_loop *loop, struct weir_stage *source, int fd, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {.name = "stdin", .step = sink_step};
    struct weir_child_stdin *s = calloc(1, sizeof *s);

    if (s == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "child: out of memory");
        return NULL;
    }
    s->fd = -1;
    struct weir_stage stages[2] = {*source, {&ops, s}};
    s->wake = weir_wake_new(loop, err);
    if (s->wake == NULL || weir_ready_new(loop, fd, true, &s->ready, err) != 0) {
        goto out;
    }
    s->pipe = weir_pipe_new(0, stages, 2, err);
    if (s->pipe == NULL) {
        goto out;
    }
    s->fd = fd; /* moved, and so is the source */
    *source = (struct weir_stage){0};
    return s;
out:
    weir_child_stdin_free(s);
    return NULL;
}
