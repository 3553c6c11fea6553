#include "stream/fork.h"

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A frame: the sink's number, the length in four bytes, the bytes. */
#define HEAD_BYTES 5

struct branch {
    struct weir_stage sink;
    enum weir_step answer; /* the last one */
    bool prepared, ended, undone;
};

struct fork {
    struct branch branches[WEIR_FORK_MAX];
    size_t n;
    uint64_t *bytes;
    uint8_t head[HEAD_BYTES];
    size_t head_n;        /* bytes of the head that are there */
    uint32_t left;        /* of the frame at hand */
    bool given;           /* all of it, and nobody waits */
    size_t ending;        /* all are prepared: the sink whose turn it is to end, and 1 */
    struct weir_err undo; /* what could not be undone first; told when all have answered */
};

int weir_fork_begin(struct weir_buf *to, size_t sink, size_t *mark, struct weir_err *err)
{
    uint8_t head[HEAD_BYTES] = {(uint8_t)sink};

    assert(sink < WEIR_FORK_MAX);
    *mark = to->len;
    return weir_buf_add(to, head, sizeof head, err);
}

void weir_fork_end(struct weir_buf *to, size_t mark)
{
    const size_t len = to->len - mark - HEAD_BYTES;
    const uint32_t bytes = htole32((uint32_t)len);

    assert(to->len >= mark + HEAD_BYTES && len <= UINT32_MAX);
    if (len == 0) {
        to->len = mark;
        return;
    }
    memcpy(to->p + mark + 1, &bytes, sizeof bytes);
}

/* Step one sink with these bytes; *taken receives how many it took. */
static enum weir_step give(
    struct branch *b, const uint8_t *p, size_t n, bool last, size_t *taken, struct weir_err *err)
{
    static uint8_t nothing[1];
    struct weir_in in = {p, n, 0, last};
    struct weir_out out = {.p = nothing};

    b->answer = weir_stage_step(&b->sink, true, &in, &out, err);
    b->ended = b->answer == WEIR_END;
    *taken = in.pos;
    return b->answer;
}

/* Those that wait for the world are asked, though there is nothing for them. */
static bool ask_waiting(struct fork *f, struct weir_err *err)
{
    static const uint8_t nothing[1];
    size_t taken;

    for (size_t i = 0; i < f->n; i++) {
        struct branch *b = &f->branches[i];
        if (!b->ended && b->answer == WEIR_WAIT &&
            give(b, nothing, 0, false, &taken, err) == WEIR_FAIL) {
            return false;
        }
    }
    return true;
}

static bool waits(const struct fork *f)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->branches[i].answer == WEIR_WAIT) {
            return true;
        }
    }
    return false;
}

/* The frames in the window. WEIR_NEED_IN: all are taken, and nobody waits. */
static enum weir_step take_frames(struct fork *f, struct weir_in *in, struct weir_err *err)
{
    while (in->pos < in->size) {
        if (f->left == 0) {
            f->head_n += weir_in_take(in, f->head + f->head_n, HEAD_BYTES - f->head_n);
            if (f->head_n == HEAD_BYTES) {
                memcpy(&f->left, f->head + 1, sizeof f->left);
                f->left = le32toh(f->left);
                f->head_n = 0;
            }
            continue;
        }
        const size_t room = in->size - in->pos, n = room < f->left ? room : f->left;
        size_t taken;
        if (f->head[0] >= f->n) {
            weir_err_set(err, WEIR_E_BUG, "fork: a frame for sink %d of %zu", f->head[0], f->n);
            return WEIR_FAIL;
        }
        enum weir_step step =
            give(&f->branches[f->head[0]], in->p + in->pos, n, false, &taken, err);
        in->pos += taken;
        f->left -= (uint32_t)taken;
        f->bytes[f->head[0]] += taken;
        if (step == WEIR_FAIL || taken < n) { /* one that waits may have taken all the same */
            return step;
        }
    }
    return waits(f) ? WEIR_WAIT : WEIR_NEED_IN;
}

/* Everybody has what is his: what can fail before the first one publishes does it now. */
static enum weir_step prepare_all(struct fork *f, struct weir_err *err)
{
    enum weir_step all = WEIR_END;

    for (size_t i = 0; i < f->n; i++) {
        struct branch *b = &f->branches[i];
        enum weir_step step = b->prepared || b->sink.ops->prepare == NULL
                                  ? WEIR_END
                                  : b->sink.ops->prepare(b->sink.self, err);
        if (step == WEIR_FAIL) {
            return WEIR_FAIL;
        }
        if (step != WEIR_END && step != WEIR_WAIT) {
            weir_err_set(err, WEIR_E_BUG, "fork: sink %s: it cannot prepare so", b->sink.ops->name);
            return WEIR_FAIL;
        }
        b->prepared = step == WEIR_END;
        all = step == WEIR_WAIT ? WEIR_WAIT : all;
    }
    return all;
}

/* Now they end, in order. */
static enum weir_step end_in_order(struct fork *f, struct weir_err *err)
{
    static const uint8_t nothing[1];
    size_t taken;

    f->ending = f->ending == 0 ? f->n : f->ending;
    while (f->ending > 0) {
        enum weir_step step = give(&f->branches[f->ending - 1], nothing, 0, true, &taken, err);
        if (step != WEIR_END) {
            return step;
        }
        f->ending--;
    }
    return WEIR_END;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct fork *f = self;

    (void)out;
    if (!f->given) {
        if (!ask_waiting(f, err)) {
            return WEIR_FAIL;
        }
        enum weir_step step = take_frames(f, in, err);
        if (step != WEIR_NEED_IN || !in->last) {
            return step;
        }
        if (f->left > 0 || f->head_n > 0) {
            weir_err_set(err, WEIR_E_BUG, "fork: the last frame is not whole");
            return WEIR_FAIL;
        }
        f->given = true;
    }
    if (f->ending == 0) {
        enum weir_step step = prepare_all(f, err);
        if (step != WEIR_END) {
            return step;
        }
    }
    return end_in_order(f, err);
}

static size_t count_ended(const struct fork *f)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++) {
        n += f->branches[i].ended;
    }
    return n;
}

static enum weir_step abort_all(void *self, struct weir_err *err)
{
    struct fork *f = self;
    bool wait = false;

    for (size_t i = 0; i < f->n; i++) {
        struct branch *b = &f->branches[i];
        if (b->ended || b->undone || b->sink.ops->abort == NULL) {
            continue;
        }
        struct weir_err undo = {0};
        enum weir_step step = b->sink.ops->abort(b->sink.self, &undo);
        b->undone = step != WEIR_WAIT;
        wait |= step == WEIR_WAIT;
        if (step == WEIR_FAIL) {
            (void)weir_err_keep(&f->undo, &undo);
        }
    }
    if (wait) {
        return WEIR_WAIT;
    }
    if (count_ended(f) > 0) { /* unless worse is known */
        weir_err_set(&f->undo, WEIR_E_IO, "%zu of %zu outputs were published before that",
            count_ended(f), f->n);
    }
    if (f->undo.code == WEIR_OK) {
        return WEIR_END;
    }
    (void)weir_err_keep(err, &f->undo);
    return WEIR_FAIL;
}

static void fork_free(void *self)
{
    struct fork *f = self;

    if (f != NULL) {
        for (size_t i = 0; i < f->n; i++) {
            weir_stage_free(&f->branches[i].sink);
        }
        free(f);
    }
}

int weir_fork_new(struct weir_stage *sinks, size_t n, uint64_t *bytes, struct weir_stage *ret,
    struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "fork", .step = step, .abort = abort_all, .free = fork_free};
    struct fork *f = calloc(1, sizeof *f);

    assert(n > 0 && n <= WEIR_FORK_MAX);
    if (f == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "fork: out of memory");
    }
    f->n = n;
    f->bytes = bytes;
    for (size_t i = 0; i < n; i++) {
        f->branches[i] = (struct branch){.sink = sinks[i], .answer = WEIR_NEED_IN};
        sinks[i] = (struct weir_stage){0}; /* it is ours now */
        bytes[i] = 0;
    }
    *ret = (struct weir_stage){&ops, f};
    return 0;
}
