#include "codec/gzip.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/*
 * The frame is written by hand. The stage stands around a z_stream with zlib's own gzip wrapping:
 * deflate() says by itself when it needs input or room; only one thing is asked beside, whether it
 * still holds bytes for a window that it has just filled (deflatePending), so as not to ask for
 * room with nothing to say.
 */
#define GZIP_WRAP (16 + MAX_WBITS)
#define MEM_LEVEL 8
#define SLICE_MAX_BYTES ((size_t)1 << 30) /* zlib counts in unsigned int */

bool weir_gzip_named(const char *name)
{
    size_t n = strlen(name);

    return n >= 3 && strcmp(name + n - 3, ".gz") == 0;
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

struct gzip {
    z_stream z;
    gz_header header;
};

static uInt slice(size_t n)
{
    return (uInt)(n < SLICE_MAX_BYTES ? n : SLICE_MAX_BYTES);
}

static bool has_more(struct gzip *g, const struct weir_in *in)
{
    unsigned bytes = 0;
    int bits = 0;

    deflatePending(&g->z, &bytes, &bits);
    return bytes > 0 || in->pos < in->size || in->last;
}

static enum weir_step gzip_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct gzip *g = self;

    for (;;) {
        if (out->pos == out->size) {
            return has_more(g, in) ? WEIR_NEED_OUT : WEIR_NEED_IN;
        }
        uInt n_in = slice(in->size - in->pos), n_out = slice(out->size - out->pos);
        bool last = in->last && n_in == in->size - in->pos;
        g->z.next_in = (z_const Bytef *)in->p + in->pos;
        g->z.avail_in = n_in;
        g->z.next_out = out->p + out->pos;
        g->z.avail_out = n_out;
        int rc = deflate(&g->z, last ? Z_FINISH : Z_NO_FLUSH);
        in->pos += n_in - g->z.avail_in;
        out->pos += n_out - g->z.avail_out;
        if (rc == Z_STREAM_END) {
            return WEIR_END;
        }
        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            weir_err_set(err, WEIR_E_BUG, "gzip: zlib says %d", rc);
            return WEIR_FAIL;
        }
        if (!in->last && in->pos == in->size && out->pos < out->size) {
            return WEIR_NEED_IN;
        }
    }
}

static void gzip_free(void *self)
{
    struct gzip *g = self;

    if (g != NULL) {
        deflateEnd(&g->z);
        free(g);
    }
}

static const struct weir_stage_ops gzip_ops = {
    .name = "gzip",
    .step = gzip_step,
    .free = gzip_free,
};

int weir_gzip_new(int level, struct weir_stage *ret, struct weir_err *err)
{
    if (level < 0 || level > 9) {
        return weir_err_set(err, WEIR_E_CONFIG, "gzip: level %d is not one of 0 to 9", level);
    }
    struct gzip *g = calloc(1, sizeof *g);
    if (g == NULL ||
        deflateInit2(&g->z, level, Z_DEFLATED, GZIP_WRAP, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(g);
        return weir_err_set(err, WEIR_E_NOMEM, "gzip: out of memory for an encoder");
    }
    g->header.os = 255; /* unknown; time 0: the same input always gives the same bytes */
    deflateSetHeader(&g->z, &g->header);
    *ret = (struct weir_stage){.ops = &gzip_ops, .self = g};
    return 0;
}
