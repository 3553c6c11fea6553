#include "stream/pipe.h"

#include "core/env.h"
#include "core/limits.h"

#include <assert.h>
#include <stdlib.h>

/*
 * An edge is one buffer with a read and a write position. It is filled from `wr` to its end, taken
 * from `rd`, and starts over when all is taken: a stage that answers WEIR_NEED_IN has taken all
 * there was, so nothing ever needs to be moved inside an edge.
 */
struct edge {
    uint8_t *p;
    size_t rd, wr;
    bool last; /* the stage before it has ended */
};

struct node {
    struct weir_stage stage;
    struct edge edge;      /* what the stage fills; the sink has none */
    enum weir_step answer; /* the last one; WEIR_NEED_IN before the first */
    bool ended;
    bool left_out; /* it passes, so what would come in is for the stage after it */
    bool undone;   /* ops->abort has answered */
};

struct weir_pipe {
    size_t edge_bytes;
    size_t n;
    int64_t deadline_ms;
    bool aborting;
    enum weir_pipe_state state;
    struct weir_err err, undo_err;
    struct node nodes[WEIR_PIPE_STAGES_MAX];
    struct weir_stage_count counts[WEIR_PIPE_STAGES_MAX];
};

struct weir_pipe *weir_pipe_new(
    size_t edge_bytes, struct weir_stage *stages, size_t n, struct weir_err *err)
{
    int64_t set = 0;

    assert(n >= 2 && n <= WEIR_PIPE_STAGES_MAX);
    if (edge_bytes == 0 && weir_env_int("WEIR_EDGE_BYTES", (int64_t)WEIR_EDGE_DEFAULT_BYTES, 1,
                               (int64_t)WEIR_EDGE_MAX_BYTES, &set, err) != 0) {
        return NULL;
    }
    struct weir_pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "pipe: out of memory");
        return NULL;
    }
    pipe->edge_bytes = edge_bytes != 0 ? edge_bytes : (size_t)set;
    pipe->deadline_ms = INT64_MAX;
    for (size_t i = 0; i + 1 < n; i++) {
        pipe->nodes[i].edge.p = malloc(pipe->edge_bytes);
        if (pipe->nodes[i].edge.p == NULL) {
            weir_err_set(err, WEIR_E_NOMEM, "pipe: out of memory");
            weir_pipe_free(pipe);
            return NULL;
        }
    }
    pipe->n = n;
    for (size_t i = 0; i < n; i++) {
        pipe->nodes[i].stage = stages[i]; /* the pipe owns it now */
        pipe->counts[i].name = stages[i].ops->name;
        stages[i] = (struct weir_stage){0};
    }
    return pipe;
}

void weir_pipe_free(struct weir_pipe *pipe)
{
    if (pipe == NULL) {
        return;
    }
    for (size_t i = 0; i < WEIR_PIPE_STAGES_MAX; i++) {
        weir_stage_free(&pipe->nodes[i].stage);
        free(pipe->nodes[i].edge.p);
    }
    free(pipe);
}

void weir_pipe_set_deadline(struct weir_pipe *pipe, int64_t mono_ms)
{
    pipe->deadline_ms = mono_ms;
}

int64_t weir_pipe_deadline(const struct weir_pipe *pipe)
{
    return pipe->deadline_ms;
}

static void fail(struct weir_pipe *pipe, const struct weir_err *why)
{
    (void)weir_err_keep(&pipe->err, why);
    pipe->aborting = true;
}

void weir_pipe_cancel(struct weir_pipe *pipe, const struct weir_err *why)
{
    if (pipe->state == WEIR_PIPE_DONE || pipe->state == WEIR_PIPE_FAILED) {
        return;
    }
    fail(pipe, why);
}

void weir_pipe_abandon(struct weir_pipe *pipe, const struct weir_err *why)
{
    assert(pipe->aborting);
    if (pipe->state != WEIR_PIPE_FAILED) {
        (void)weir_err_keep(&pipe->undo_err, why);
    }
    pipe->state = WEIR_PIPE_FAILED;
}

/* Where stage i takes from: the edge before it, or, once a stage that is left out has nothing more
 * on its own, the one before that. */
static struct edge *edge_before(struct weir_pipe *pipe, size_t i)
{
    size_t k = i - 1;

    while (pipe->nodes[k].left_out && pipe->nodes[k].edge.rd == pipe->nodes[k].edge.wr) {
        k--;
    }
    return &pipe->nodes[k].edge;
}

/* Count what stage i took from that edge, and what those that are left out would have. */
static void count_taken(struct weir_pipe *pipe, size_t i, const struct edge *from, size_t n)
{
    pipe->counts[i].bytes_in += n;
    for (size_t k = i; k-- > 0 && &pipe->nodes[k].edge != from;) {
        pipe->counts[k].bytes_in += n;
        pipe->counts[k].bytes_out += n;
    }
}

/* The windows of stage i: the edge that it takes from (NULL: none) and the one that it fills. False
 * when it is not to be stepped now. */
static bool make_windows(struct weir_pipe *pipe, size_t i, const struct edge *from,
    struct weir_in *in, struct weir_out *out)
{
    static uint8_t nothing[1]; /* windows of size 0 point here */
    struct node *node = &pipe->nodes[i];

    *in = (struct weir_in){.p = nothing, .last = true};
    *out = (struct weir_out){.p = nothing};
    if (from != NULL) {
        *in = (struct weir_in){from->p + from->rd, from->wr - from->rd, 0, from->last};
    }
    if (i + 1 < pipe->n) {
        struct edge *to = &node->edge;
        if (to->rd == to->wr) {
            to->rd = to->wr = 0;
        }
        *out = (struct weir_out){to->p + to->wr, pipe->edge_bytes - to->wr, 0};
        if (out->size == 0 && !node->stage.ops->spills) {
            return false; /* back-pressure: the stage after it has to take first */
        }
    }
    /* It has said that it needs more: not before there is more. */
    return from == NULL || in->size > 0 || in->last || node->answer != WEIR_NEED_IN;
}

/* Stage i has ended; so have those before it: nobody needs what they would say. */
static void set_ended(struct weir_pipe *pipe, size_t i)
{
    pipe->nodes[i].edge.last = true;
    for (size_t k = 0; k <= i; k++) {
        pipe->nodes[k].ended = true;
    }
}

/* Step stage i once. Returns true when it moved a byte or ended; *waits is set when it waits. */
static bool step_one(struct weir_pipe *pipe, size_t i, bool *waits)
{
    const bool sink = i + 1 == pipe->n;
    struct node *node = &pipe->nodes[i];
    struct edge *from = i > 0 ? edge_before(pipe, i) : NULL;
    struct weir_stage_count *count = &pipe->counts[i];
    struct weir_in in;
    struct weir_out out;
    struct weir_err err = {0};

    if (!make_windows(pipe, i, from, &in, &out)) {
        return false;
    }
    enum weir_step step = weir_stage_step(&node->stage, sink, &in, &out, &err);
    node->answer = step;
    count->steps++;
    count->bytes_out += out.pos;
    node->edge.wr += out.pos;
    if (from != NULL) {
        count_taken(pipe, i, from, in.pos);
        from->rd += in.pos;
    }
    switch (step) {
    case WEIR_WAIT:
        count->waits++;
        *waits = true;
        break;
    case WEIR_END:
        set_ended(pipe, i);
        break;
    case WEIR_FAIL:
        fail(pipe, &err);
        break;
    case WEIR_NEED_IN:
    case WEIR_NEED_OUT:
        break;
    }
    if (from != NULL && !sink && node->stage.ops->passes != NULL) {
        node->left_out = step != WEIR_END && node->stage.ops->passes(node->stage.self);
    }
    return in.pos > 0 || out.pos > 0 || step == WEIR_END || step == WEIR_FAIL;
}

static enum weir_pipe_state sweep_abort(struct weir_pipe *pipe)
{
    bool waits = false;

    for (size_t i = pipe->n; i-- > 0;) {
        struct node *node = &pipe->nodes[i];
        if (!node->undone && node->stage.ops->abort != NULL) {
            struct weir_err err = {0}; /* the cause stays the pipe's error */
            enum weir_step step = node->stage.ops->abort(node->stage.self, &err);
            if (step == WEIR_WAIT) {
                waits = true;
                continue;
            }
            if (step == WEIR_FAIL) {
                (void)weir_err_keep(&pipe->undo_err, &err);
            }
        }
        node->undone = true;
    }
    return waits ? WEIR_PIPE_WAITING : WEIR_PIPE_FAILED;
}

enum weir_pipe_state weir_pipe_sweep(struct weir_pipe *pipe, int64_t now_ms)
{
    bool moved = false, waits = false;

    if (pipe->state == WEIR_PIPE_DONE || pipe->state == WEIR_PIPE_FAILED) {
        return pipe->state;
    }
    if (!pipe->aborting && now_ms >= pipe->deadline_ms) {
        struct weir_err late = {0};
        weir_err_set(&late, WEIR_E_DEADLINE, "pipe: the deadline has passed");
        fail(pipe, &late);
    }
    for (size_t i = pipe->n; i-- > 0 && !pipe->aborting;) {
        if (!pipe->nodes[i].ended && !pipe->nodes[i].left_out) {
            moved |= step_one(pipe, i, &waits);
        }
    }
    if (pipe->aborting) {
        return pipe->state = sweep_abort(pipe);
    }
    if (pipe->nodes[pipe->n - 1].ended) {
        return pipe->state = WEIR_PIPE_DONE;
    }
    if (!moved && !waits) {
        struct weir_err bug = {0}; /* cannot be while every answer is true; never hang on it */
        weir_err_set(&bug, WEIR_E_BUG, "pipe: nothing moves and nobody waits");
        fail(pipe, &bug);
        return pipe->state = sweep_abort(pipe);
    }
    return pipe->state = moved ? WEIR_PIPE_RUNNING : WEIR_PIPE_WAITING;
}

const struct weir_err *weir_pipe_err(const struct weir_pipe *pipe)
{
    return &pipe->err;
}

const struct weir_err *weir_pipe_undo_err(const struct weir_pipe *pipe)
{
    return &pipe->undo_err;
}

const struct weir_stage_count *weir_pipe_counts(const struct weir_pipe *pipe, size_t *n)
{
    *n = pipe->n;
    return pipe->counts;
}
