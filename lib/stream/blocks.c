#include "stream/blocks.h"

#include "core/limits.h"

#include <stdlib.h>
#include <string.h>

/*
 * One block is in the making at a time: bytes are collected until split finds its end, work turns
 * them into block.out, merge adds it up, and block.out is let out through the windows. What lies
 * behind the cut is the start of the next block and moves to the front of the buffer; as a rule it
 * is shorter than a record, so the move is small.
 */
struct blocks {
    struct weir_stage_ops stage_ops; /* the stage's own, because its name is the job's */
    const struct weir_blocks_ops *ops;
    void *job;
    void *worker;
    struct weir_buf in;
    size_t seen; /* bytes of `in` that split has been shown for this block */
    struct weir_block block;
    size_t out_pos; /* bytes of block.out that are out */
    bool made;      /* block.out is being let out */
    bool finished;  /* and it is the last of it */
};

/* The next block: the index moves on, the note and the output start empty. */
static void next_block(struct blocks *b)
{
    b->block.index++;
    b->block.out.len = 0;
    weir_buf_trim(&b->block.out, WEIR_KEEP_MAX_BYTES); /* after a huge record */
    weir_buf_trim(&b->in, WEIR_KEEP_MAX_BYTES);
    b->out_pos = 0;
    b->made = false;
    memset(b->block.note, 0, b->ops->note_bytes);
}

/* Cut, work and merge, or find that more input is needed (0 with made unset). */
static int make_block(struct blocks *b, bool last, struct weir_err *err)
{
    struct weir_block *block = &b->block;
    size_t cut = 0;

    if (last && b->in.len == 0 && block->index > 0) {
        b->made = b->finished = true;
        return b->ops->finish != NULL ? b->ops->finish(b->job, &block->out, err) : 0;
    }
    int rc = b->ops->split(b->job, block, b->in.p, b->in.len, last, &cut);
    b->seen = b->in.len;
    if (rc == 0) {
        if (cut == 0 && !(last && b->in.len == 0)) {
            return last ? weir_err_set(
                              err, WEIR_E_BUG, "%s: no block in the last bytes", b->ops->name)
                        : 0;
        }
        block->in = b->in.p;
        block->in_len = cut;
        rc = block->index == 0 ? b->ops->head(b->job, b->worker, block)
                               : b->ops->work(b->job, b->worker, block);
    }
    if (b->ops->merge(b->job, block) != 0 || rc != 0) {
        *err = block->err;
        return -1;
    }
    block->in = NULL;
    weir_buf_drop(&b->in, cut);
    b->seen = 0;
    b->made = true;
    return 0;
}

/* Take input for the block in the making: up to a block, then in edge-sized helpings. */
static int take(struct blocks *b, struct weir_in *in, struct weir_err *err)
{
    size_t want =
        b->in.len < WEIR_BLOCK_BYTES ? WEIR_BLOCK_BYTES - b->in.len : WEIR_EDGE_DEFAULT_BYTES;
    size_t n = in->size - in->pos;

    if (n > want) {
        n = want;
    }
    uint8_t *to = weir_buf_reserve(&b->in, n, err);
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
        if (b->made) {
            b->out_pos +=
                weir_out_put(out, b->block.out.p + b->out_pos, b->block.out.len - b->out_pos);
            if (b->out_pos < b->block.out.len) {
                return WEIR_NEED_OUT;
            }
            if (b->finished) {
                return WEIR_END;
            }
            next_block(b);
        }
        /* What is left of the last cut may hold a block already; else more input is needed. */
        bool all = in->pos == in->size;
        if (b->seen == b->in.len && all && !in->last) {
            return WEIR_NEED_IN;
        }
        if (b->seen == b->in.len && !all && take(b, in, err) != 0) {
            return WEIR_FAIL;
        }
        if (make_block(b, in->last && in->pos == in->size, err) != 0) {
            return WEIR_FAIL;
        }
    }
}

static void free_blocks(void *self)
{
    struct blocks *b = self;

    if (b == NULL) {
        return;
    }
    b->ops->worker_free(b->worker);
    weir_buf_fini(&b->in);
    weir_buf_fini(&b->block.out);
    free(b->block.note);
    free(b);
}

int weir_blocks_new(const struct weir_blocks_ops *ops, void *job, size_t in_max,
    struct weir_stage *ret, struct weir_err *err)
{
    struct blocks *b = calloc(1, sizeof *b);

    if (b == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "%s: out of memory", ops->name);
    }
    b->stage_ops = (struct weir_stage_ops){.name = ops->name, .step = step, .free = free_blocks};
    b->ops = ops;
    b->job = job;
    weir_buf_init(&b->in, in_max + WEIR_BLOCK_BYTES);
    weir_buf_init(&b->block.out, WEIR_BLOCK_OUT_MAX_BYTES);
    b->block.note = calloc(1, ops->note_bytes > 0 ? ops->note_bytes : 1);
    if (b->block.note == NULL || weir_buf_reserve(&b->in, 1, NULL) == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "%s: out of memory", ops->name);
        goto out;
    }
    b->worker = ops->worker_new(job, err);
    if (b->worker == NULL) {
        goto out;
    }
    *ret = (struct weir_stage){&b->stage_ops, b}; /* the caller owns it now */
    return 0;
out:
    free_blocks(b);
    return -1;
}
