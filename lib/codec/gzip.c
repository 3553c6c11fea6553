#include "codec/gzip.h"

#include "codec/deflate.h"
#include "core/limits.h"
#include "core/str.h"
#include "stream/blocks.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

bool weir_gzip_named(const char *name)
{
    return weir_str_ends(weir_str_of(name), ".gz");
}

int weir_gzip_header(struct weir_buf *out, struct weir_err *err)
{
    /* magic, deflate, no flags, no time, no hint, system unknown */
    static const uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};

    return weir_buf_add(out, header, sizeof header, err);
}

void weir_gzip_frame_add(struct weir_gzip_frame *frame, const struct weir_gzip_frame *part)
{
    frame->crc = (uint32_t)crc32_combine(frame->crc, part->crc, (z_off_t)part->total);
    frame->total += part->total;
}

int weir_gzip_trailer(
    struct weir_buf *out, const struct weir_gzip_frame *frame, struct weir_err *err)
{
    /* a final block with fixed codes that has nothing but its end; then both numbers, low first */
    uint8_t trailer[10] = {0x03, 0x00};

    for (int i = 0; i < 4; i++) {
        trailer[2 + i] = (uint8_t)(frame->crc >> (8 * i));
        trailer[6 + i] = (uint8_t)(frame->total >> (8 * i));
    }
    return weir_buf_add(out, trailer, sizeof trailer, err);
}

/* ---- the stage: a job for stream/blocks.h with the stage around it, which owns the job ---- */

struct gzip {
    int level;
    struct weir_gzip_frame frame;
    struct weir_stage blocks;
};

static int split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    (void)job;
    (void)block;
    (void)p;
    *cut = len >= WEIR_ZIP_BLOCK_BYTES ? WEIR_ZIP_BLOCK_BYTES : last ? len : 0;
    return 0;
}

static void *worker_new(void *job, struct weir_err *err)
{
    const struct gzip *g = job;

    return weir_deflate_new(g->level, err);
}

static void worker_free(void *worker)
{
    weir_deflate_free(worker);
}

static int work(const void *job, void *worker, struct weir_block *block)
{
    (void)job;
    return weir_deflate_block(
        worker, block->in, block->in_len, &block->out, block->note, &block->err);
}

static int head(void *job, void *worker, struct weir_block *block)
{
    return weir_gzip_header(&block->out, &block->err) != 0 ? -1 : work(job, worker, block);
}

static int merge(void *job, struct weir_block *block)
{
    struct gzip *g = job;

    weir_gzip_frame_add(&g->frame, block->note);
    return block->err.code == WEIR_OK ? 0 : -1;
}

static int finish(void *job, struct weir_buf *out, struct weir_err *err)
{
    const struct gzip *g = job;

    return weir_gzip_trailer(out, &g->frame, err);
}

static const struct weir_blocks_ops blocks_ops = {.name = "gzip",
    .note_bytes = sizeof(struct weir_gzip_frame),
    .split = split,
    .worker_new = worker_new,
    .head = head,
    .work = work,
    .worker_free = worker_free,
    .merge = merge,
    .finish = finish};

static enum weir_step gzip_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct gzip *g = self;

    return weir_stage_step(&g->blocks, false, in, out, err);
}

static void gzip_free(void *self)
{
    struct gzip *g = self;

    if (g != NULL) {
        weir_stage_free(&g->blocks);
        free(g);
    }
}

static const struct weir_stage_ops gzip_ops = {
    .name = "gzip",
    .step = gzip_step,
    .free = gzip_free,
};

int weir_gzip_new(
    int level, struct weir_workers *workers, struct weir_stage *ret, struct weir_err *err)
{
    struct gzip *g = calloc(1, sizeof *g);

    if (g == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "gzip: out of memory for an encoder");
    }
    g->level = level;
    if (weir_blocks_new(&blocks_ops, g, WEIR_ZIP_BLOCK_BYTES, workers, &g->blocks, err) != 0) {
        free(g);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &gzip_ops, .self = g};
    return 0;
}
