#include "stream/blocks.h"

#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

/*
 * Bytes are collected in `in` until split finds where the block ends. The block then gets the next
 * slot of a ring, is worked on there, and when it is the oldest and done, merge adds it up and its
 * output is let out through the windows. What lies behind the cut is the start of the next block;
 * as a rule it is shorter than a record, so the move is small.
 *
 * Inline there is one slot, the work is done before the next byte is taken, and the block's input
 * is the collected bytes themselves. With workers the slot takes the buffer over and gives its old
 * one back for what follows. So the number of slots bounds the memory, and nothing else depends on
 * it: what a block's work can only suppose before its turn is looked at when it comes (take_turn).
 */
struct slot {
    struct weir_task task; /* first: what a thread gets is found from it */
    struct blocks *of;
    struct weir_block block;
    struct weir_buf in; /* with workers: the block's input */
    void *worker;       /* made with its first block */
    bool submitted;     /* to the workers */
    int rc;             /* of split or work */
};

struct blocks {
    struct weir_stage_ops stage_ops; /* the stage's own, because its name is the job's */
    const struct weir_blocks_ops *ops;
    void *job;
    struct weir_workers *workers; /* NULL: inline */
    atomic_bool dropped;
    struct weir_buf in;
    size_t seen;    /* bytes of `in` that split has been shown for this block */
    uint64_t index; /* of the next block */
    bool cut_all;   /* nothing is cut any more: the last block was, or split failed */
    struct slot *slots;
    size_t slots_n, first, used; /* a ring; the oldest is `first` */
    bool made;                   /* the oldest is merged and is being let out, from ... */
    size_t out_pos;              /* ... here on, lead and out in a row */
    bool finished;               /* and it is the last of the output */
};

/* ---- a block's work ---- */

static void run_task(struct weir_task *task)
{
    struct slot *s = (struct slot *)task;

    s->rc = s->block.index == 0 ? s->of->ops->head(s->of->job, s->worker, &s->block)
                                : s->of->ops->work(s->of->job, s->worker, &s->block);
}

static void run_inline(struct slot *s)
{
    run_task(&s->task);
    s->task.done = true;
}

/* Move the block's bytes out of `in` and have them worked on. Its turn may be now; else they are
 * kept until it is, for it may have to be worked on again. */
static int work_on(struct blocks *b, struct slot *s, size_t cut, struct weir_err *err)
{
    const bool here = b->workers == NULL || s->block.index == 0 || cut < WEIR_BLOCK_INLINE_BYTES;

    s->block.in_order = b->used == (b->made ? 2 : 1);
    s->block.in_len = cut;
    if (here && s->block.in_order) {
        s->block.in = b->in.p;
        run_inline(s);
        weir_buf_drop(&b->in, cut);
        return 0;
    }
    struct weir_buf full = b->in;
    b->in = s->in;
    s->in = full;
    s->block.in = full.p;
    b->in.len = 0;
    if (weir_buf_add(&b->in, full.p + cut, full.len - cut, err) != 0) {
        return -1;
    }
    s->submitted = !here;
    if (here) {
        run_inline(s);
    } else {
        b->workers->submit(b->workers, &s->task);
    }
    return 0;
}

/* Cut a block and have it worked on, or find that more input is needed. */
static int cut_block(struct blocks *b, bool last, struct weir_err *err)
{
    struct slot *s = &b->slots[(b->first + b->used) % b->slots_n];
    size_t cut = 0;

    if (last && b->in.len == 0 && b->index > 0) {
        b->cut_all = true;
        return 0;
    }
    s->block.index = b->index;
    s->rc = b->ops->split(b->job, &s->block, b->in.p, b->in.len, last, &cut);
    b->seen = b->in.len;
    if (s->rc == 0 && cut == 0 && !(last && b->in.len == 0)) {
        return last ? weir_err_set(err, WEIR_E_BUG, "%s: no block in the last bytes", b->ops->name)
                    : 0;
    }
    if (s->worker == NULL) {
        s->worker = b->ops->worker_new(b->job, err);
        if (s->worker == NULL) {
            return -1;
        }
    }
    b->used++;
    b->index++;
    if (s->rc != 0) {
        s->task.done = s->block.in_order = b->cut_all = true;
        return 0;
    }
    b->seen = 0;
    return work_on(b, s, cut, err);
}

/* ---- out ---- */

/* The oldest is out: its slot starts empty for another block. */
static void release(struct blocks *b)
{
    struct slot *s = &b->slots[b->first];

    s->task.done = s->submitted = false;
    s->block.out.len = s->block.lead.len = s->in.len = 0;
    weir_buf_trim(&s->block.out, WEIR_KEEP_MAX_BYTES); /* after a huge record */
    weir_buf_trim(&s->block.lead, WEIR_KEEP_MAX_BYTES);
    weir_buf_trim(&s->in, WEIR_KEEP_MAX_BYTES);
    weir_buf_trim(&b->in, WEIR_KEEP_MAX_BYTES);
    memset(s->block.note, 0, b->ops->note_bytes);
    b->first = (b->first + 1) % b->slots_n;
    b->used--;
    b->out_pos = 0;
    b->made = false;
}

/* It is the turn of a block that was worked on before it was. */
static void take_turn(struct blocks *b, struct slot *s)
{
    if (!s->block.in_order && b->ops->again != NULL && b->ops->again(b->job, &s->block)) {
        s->block.in_order = true;
        s->block.out.len = 0;
        s->block.err = (struct weir_err){0};
        run_inline(s);
    }
}

/* Merge the oldest, if it is done, or the end of everything. */
static int merge_oldest(struct blocks *b, struct weir_err *err)
{
    struct slot *s = &b->slots[b->first];

    if (b->used > 0 && s->task.done) {
        take_turn(b, s);
        s->block.in = NULL;
        if (b->ops->merge(b->job, &s->block) != 0 || s->rc != 0) {
            return weir_err_keep(err, &s->block.err);
        }
        b->made = true;
    } else if (b->used == 0 && b->cut_all) {
        b->used = 1;
        b->made = b->finished = true;
        return b->ops->finish != NULL ? b->ops->finish(b->job, &s->block.out, err) : 0;
    }
    return 0;
}

static bool put(struct blocks *b, struct weir_out *out)
{
    const struct weir_block *block = &b->slots[b->first].block;
    const size_t lead = block->lead.len;

    if (b->out_pos < lead) {
        b->out_pos += weir_out_put(out, block->lead.p + b->out_pos, lead - b->out_pos);
    }
    if (b->out_pos >= lead && block->out.len > 0) { /* else it may have no memory */
        b->out_pos += weir_out_put(
            out, block->out.p + (b->out_pos - lead), block->out.len - (b->out_pos - lead));
    }
    return b->out_pos == lead + block->out.len;
}

/* Let out what is done: WEIR_NEED_OUT (more of it than there is room), WEIR_END, WEIR_FAIL, or
 * WEIR_NEED_IN: nothing is left that is done. */
static enum weir_step let_out(struct blocks *b, struct weir_out *out, struct weir_err *err)
{
    for (;;) {
        if (!b->made && merge_oldest(b, err) != 0) {
            return WEIR_FAIL;
        }
        if (!b->made) {
            return WEIR_NEED_IN;
        }
        if (!put(b, out)) {
            return WEIR_NEED_OUT;
        }
        if (b->finished) {
            return WEIR_END;
        }
        release(b);
    }
}

/* ---- in ---- */

/* Take input for the block in the making: up to a block, then in edge-sized helpings. */
static int take(struct blocks *b, struct weir_in *in, struct weir_err *err)
{
    size_t want =
        b->in.len < WEIR_BLOCK_BYTES ? WEIR_BLOCK_BYTES - b->in.len : WEIR_EDGE_DEFAULT_BYTES;
    size_t n = in->size - in->pos;

    if (n > want) {
        n = want;
    }
    uint8_t *to = weir_buf_reserve(&b->in, n > 0 ? n : 1, err); /* split's p is never NULL */
    if (to == NULL) {
        weir_err_prefix(err, "%s", b->ops->name);
        return -1;
    }
    b->in.len += weir_in_take(in, to, n);
    return 0;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct blocks *b = self;

    for (;;) {
        enum weir_step answer = let_out(b, out, err);
        if (answer == WEIR_END || answer == WEIR_FAIL) {
            return answer;
        }
        if (b->used == b->slots_n || b->cut_all) {
            return answer == WEIR_NEED_OUT ? WEIR_NEED_OUT : WEIR_WAIT;
        }
        /* What is left of the last cut may hold a block already; else more input is needed. */
        bool all = in->pos == in->size;
        if (b->seen == b->in.len && all && !in->last) {
            return answer == WEIR_NEED_OUT ? WEIR_NEED_OUT : b->used > 0 ? WEIR_WAIT : WEIR_NEED_IN;
        }
        if (b->seen == b->in.len && take(b, in, err) != 0) {
            return WEIR_FAIL;
        }
        if (cut_block(b, in->last && in->pos == in->size, err) != 0) {
            return WEIR_FAIL;
        }
    }
}

/* ---- the stage ---- */

/* Nobody wants what is out: what has not begun never does, and what has is told to end, all of it,
 * before any is waited for. */
static void drop_tasks(struct blocks *b)
{
    for (size_t i = 0; b->slots != NULL && i < b->slots_n; i++) {
        struct slot *s = &b->slots[i];
        s->submitted =
            s->submitted && !s->task.done && !b->workers->take_back(b->workers, &s->task);
    }
    atomic_store(&b->dropped, true);
    for (size_t i = 0; b->slots != NULL && i < b->slots_n; i++) {
        struct slot *s = &b->slots[i];
        if (s->submitted) {
            b->workers->wait(b->workers, &s->task);
        }
    }
}

static void free_blocks(void *self)
{
    struct blocks *b = self;

    if (b == NULL) {
        return;
    }
    drop_tasks(b);
    for (size_t i = 0; b->slots != NULL && i < b->slots_n; i++) {
        struct slot *s = &b->slots[i];
        b->ops->worker_free(s->worker);
        weir_buf_fini(&s->in);
        weir_buf_fini(&s->block.out);
        weir_buf_fini(&s->block.lead);
        free(s->block.note);
    }
    free(b->slots);
    weir_buf_fini(&b->in);
    free(b);
}

static int slots_new(struct blocks *b, size_t in_max)
{
    b->slots = calloc(b->slots_n, sizeof *b->slots);
    if (b->slots == NULL) {
        return -1;
    }
    for (size_t i = 0; i < b->slots_n; i++) {
        struct slot *s = &b->slots[i];
        s->of = b;
        s->task.run = run_task;
        s->block.dropped = &b->dropped;
        weir_buf_init(&s->in, in_max + WEIR_BLOCK_BYTES);
        weir_buf_init(&s->block.out, WEIR_BLOCK_OUT_MAX_BYTES);
        weir_buf_init(&s->block.lead, WEIR_BLOCK_OUT_MAX_BYTES);
        s->block.note = calloc(1, b->ops->note_bytes > 0 ? b->ops->note_bytes : 1);
        if (s->block.note == NULL) {
            return -1;
        }
    }
    return 0;
}

int weir_blocks_new(const struct weir_blocks_ops *ops, void *job, size_t in_max,
    struct weir_workers *workers, struct weir_stage *ret, struct weir_err *err)
{
    struct blocks *b = calloc(1, sizeof *b);

    if (b == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "%s: out of memory", ops->name);
    }
    b->stage_ops = (struct weir_stage_ops){.name = ops->name, .step = step, .free = free_blocks};
    b->ops = ops;
    b->job = job;
    b->workers = workers;
    b->slots_n = workers != NULL ? workers->threads + WEIR_BLOCKS_AHEAD : 1;
    weir_buf_init(&b->in, in_max + WEIR_BLOCK_BYTES);
    if (slots_new(b, in_max) != 0 || weir_buf_reserve(&b->in, 1, NULL) == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "%s: out of memory", ops->name);
        goto out;
    }
    b->slots[0].worker = ops->worker_new(job, err);
    if (b->slots[0].worker == NULL) {
        goto out;
    }
    *ret = (struct weir_stage){&b->stage_ops, b}; /* the caller owns it now */
    return 0;
out:
    free_blocks(b);
    return -1;
}
