#include "core/limits.h"
#include "handlers/validate/work.h"

/*
 * One sink: rows are written right into the block's output, or compressed into it, some at a time.
 * Several: they are collected, and when the block is done compressed or framed. Each outlet is one
 * gzip member, or none, of its own.
 */
#define PIECE_BYTES (128 * WEIR_KIB)

void weir_outlet_begin(struct worker *w, struct weir_block *block)
{
    w->note = block->note;
    w->note->worker = w;
    w->in = block->in;
    w->in_order = block->in_order;
    w->ahead.len = 0;
    w->counted = (struct place){.line = w->note->at.line};
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        w->plain[i].len = 0;
        w->to[i] = &w->plain[i];
    }
    w->block = block;
    w->pieces = !w->job->forked && w->job->outlets[WEIR_OUTLET_MAIN].gzip;
    if (!w->job->forked && !w->pieces) {
        w->to[WEIR_OUTLET_MAIN] = &block->out;
    }
}

/* What is there of the rows, where they are compressed into the block's output. */
static int compress(struct worker *w, bool last, struct weir_err *err)
{
    struct weir_buf *plain = &w->plain[WEIR_OUTLET_MAIN];
    struct weir_block *block = w->block;

    if (block->index == 0 && block->out.len == 0 && weir_gzip_header(&block->out, err) != 0) {
        return -1;
    }
    int rc = weir_deflate_piece(w->deflate, plain->p, plain->len, last, &block->out,
        &w->note->frames[WEIR_OUTLET_MAIN], err);
    plain->len = 0;
    return rc;
}

int weir_outlet_more(void *ctx, struct weir_err *err)
{
    struct worker *w = ctx;

    return w->pieces && w->plain[WEIR_OUTLET_MAIN].len >= PIECE_BYTES ? compress(w, false, err) : 0;
}

/* What a block has for one of several outlets. */
static int put(
    const struct weir_validate *v, const struct worker *w, size_t i, struct weir_block *block)
{
    const struct outlet *o = &v->outlets[i];
    struct note *note = block->note;
    struct weir_buf *out = &block->out;
    size_t mark = 0;

    if (weir_fork_begin(out, o->sink, &mark, &block->err) != 0) {
        return -1;
    }
    const size_t before = out->len;
    int rc;
    if (!o->gzip) {
        rc = weir_buf_add(out, w->plain[i].p, w->plain[i].len, &block->err);
    } else {
        rc = block->index == 0 ? weir_gzip_header(out, &block->err) : 0;
        rc = rc == 0 ? weir_deflate_block(w->deflate, w->plain[i].p, w->plain[i].len, out,
                           &note->frames[i], &block->err)
                     : rc;
    }
    if (rc != 0) {
        return -1;
    }
    note->bytes[i] = out->len - before;
    weir_fork_end(out, mark);
    return 0;
}

int weir_outlet_end(struct worker *w, struct weir_block *block)
{
    const struct weir_validate *v = w->job;

    if (w->pieces && compress(w, true, &block->err) != 0) {
        return -1;
    }
    if (!v->forked) {
        w->note->bytes[WEIR_OUTLET_MAIN] = block->out.len;
        return 0;
    }
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        if (v->outlets[i].on && put(v, w, i, block) != 0) {
            return -1;
        }
    }
    return 0;
}

void weir_outlet_merge(struct weir_validate *v, const struct note *note)
{
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        weir_gzip_frame_add(&v->outlets[i].frame, &note->frames[i]);
        v->outlets[i].bytes += note->bytes[i];
    }
}

/* The end of an outlet; its bytes count before the summary is made. */
static int finish(struct weir_validate *v, size_t i, struct weir_buf *out, struct weir_err *err)
{
    struct outlet *o = &v->outlets[i];
    size_t mark = 0;

    if (!o->gzip) {
        return 0;
    }
    if (v->forked && weir_fork_begin(out, o->sink, &mark, err) != 0) {
        return -1;
    }
    const size_t before = out->len;
    if (weir_gzip_trailer(out, &o->frame, err) != 0) {
        return -1;
    }
    o->bytes += out->len - before;
    if (v->forked) {
        weir_fork_end(out, mark);
    }
    return 0;
}

static int put_summary(struct weir_validate *v, struct weir_buf *out, struct weir_err *err)
{
    const struct outlet *o = &v->outlets[WEIR_OUTLET_SUMMARY];
    struct weir_gzip_frame frame = {0};
    struct weir_deflate *deflate = NULL;
    struct weir_buf text;
    size_t mark;
    int rc = -1;

    weir_buf_init(&text, WEIR_SUMMARY_MAX_BYTES);
    if (weir_fork_begin(out, o->sink, &mark, err) != 0 ||
        weir_summary_document(v, &text, err) != 0) {
        goto out;
    }
    if (o->gzip) {
        deflate = weir_deflate_new(WEIR_VALIDATE_LEVEL, err);
        if (deflate == NULL || weir_gzip_header(out, err) != 0 ||
            weir_deflate_block(deflate, text.p, text.len, out, &frame, err) != 0 ||
            weir_gzip_trailer(out, &frame, err) != 0) {
            goto out;
        }
    } else if (weir_buf_add(out, text.p, text.len, err) != 0) {
        goto out;
    }
    weir_fork_end(out, mark);
    rc = 0;
out:
    weir_deflate_free(deflate);
    weir_buf_fini(&text);
    return rc;
}

int weir_outlet_finish(struct weir_validate *v, struct weir_buf *out, struct weir_err *err)
{
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        if (v->outlets[i].on && finish(v, i, out, err) != 0) {
            return -1;
        }
    }
    return v->outlets[WEIR_OUTLET_SUMMARY].on ? put_summary(v, out, err) : 0;
}

void weir_outlet_trim(struct worker *w)
{
    for (size_t i = 0; i < WEIR_OUTLET_SUMMARY; i++) {
        w->plain[i].len = 0;
        weir_buf_trim(&w->plain[i], WEIR_KEEP_MAX_BYTES);
    }
    w->text.len = 0;
    weir_buf_trim(&w->text, WEIR_KEEP_MAX_BYTES);
}
