#include "codec/gunzip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <zlib.h>

/*
 * zlib reads one member at a time, optional header fields and checksums included; around that lies
 * what a file is: members in a row, padding, or something that is no gzip at all. A member is only
 * begun when its two magic bytes are there. They may come in two windows, so they are taken into
 * `magic` first and shown to zlib from there.
 */
#define GZIP_WRAP (16 + MAX_WBITS)
#define SLICE_MAX_BYTES ((size_t)1 << 30) /* zlib counts in unsigned int */

enum state {
    START,   /* nothing decided: fewer than two bytes have come */
    PLAIN,   /* no gzip: what is in magic goes out, then everything passes */
    MEMBER,  /* in a member */
    BETWEEN, /* a member has ended: another one, padding, or nothing */
    PADDING, /* zeros to the end */
};

struct gunzip {
    z_stream z;
    enum state state;
    bool detect;
    uint8_t magic[2];
    size_t magic_n;   /* bytes in magic */
    size_t magic_out; /* PLAIN: of these, passed on */
    uint64_t taken;   /* compressed bytes before the current window's pos */
};

static const uint8_t gzip_magic[2] = {0x1f, 0x8b};

static enum weir_step fail_data(struct weir_err *err, uint64_t at, const char *why)
{
    weir_err_set(err, WEIR_E_DATA, "gunzip: byte %" PRIu64 ": %s", at, why);
    return WEIR_FAIL;
}

static uInt slice(size_t n)
{
    return (uInt)(n < SLICE_MAX_BYTES ? n : SLICE_MAX_BYTES);
}

/* Run zlib once over these windows; *ended tells that the member is complete. Returns false with
 * *err set when the data are at fault. */
static bool inflate_some(struct gunzip *g, const uint8_t *in, size_t *in_n, uint8_t *out,
    size_t *out_n, bool *ended, struct weir_err *err)
{
    uInt avail_in = slice(*in_n), avail_out = slice(*out_n);

    g->z.next_in = (z_const Bytef *)in;
    g->z.avail_in = avail_in;
    g->z.next_out = out;
    g->z.avail_out = avail_out;
    int rc = inflate(&g->z, Z_NO_FLUSH);
    *in_n = avail_in - g->z.avail_in;
    *out_n = avail_out - g->z.avail_out;
    g->taken += *in_n;
    *ended = rc == Z_STREAM_END;
    if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR) {
        return true;
    }
    if (rc == Z_MEM_ERROR) {
        weir_err_set(err, WEIR_E_NOMEM, "gunzip: out of memory");
    } else {
        /* zlib may have taken bytes ahead, how many depends on the windows; data_type tells */
        unsigned bits_ahead = (unsigned)g->z.data_type % 64;
        fail_data(err, g->taken - (bits_ahead + 7) / 8, g->z.msg != NULL ? g->z.msg : "no deflate");
    }
    return false;
}

/* Both magic bytes are there: begin a member with them. */
static bool begin_member(struct gunzip *g, struct weir_err *err)
{
    size_t in_n = sizeof g->magic, out_n = 0;
    uint8_t none = 0;
    bool ended = false;

    if (inflateReset(&g->z) != Z_OK) {
        weir_err_set(err, WEIR_E_BUG, "gunzip: zlib has lost its state");
        return false;
    }
    g->taken -= in_n; /* inflate_some counts them again */
    g->magic_n = 0;
    g->state = MEMBER;
    return inflate_some(g, g->magic, &in_n, &none, &out_n, &ended, err);
}

/* START and BETWEEN: one byte at a time until it is known what they begin. */
static enum weir_step look(struct gunzip *g, struct weir_in *in, struct weir_err *err)
{
    bool first = g->state == START;

    while (in->pos < in->size) {
        uint8_t c = in->p[in->pos];
        if (!first && g->magic_n == 0 && c == 0) {
            g->state = PADDING;
            return WEIR_END;
        }
        bool same = c == gzip_magic[g->magic_n];
        if (!same && first && g->detect) {
            g->state = PLAIN; /* and this byte is left where it is */
            return WEIR_END;
        }
        if (!same) {
            return fail_data(err, g->taken - g->magic_n,
                first ? "no gzip data (1f 8b)"
                      : "what follows the gzip data is neither gzip nor zeros");
        }
        in->pos++;
        g->taken++;
        g->magic[g->magic_n++] = c;
        if (g->magic_n == sizeof g->magic) {
            return begin_member(g, err) ? WEIR_END : WEIR_FAIL;
        }
    }
    if (!in->last) {
        return WEIR_NEED_IN;
    }
    if (first && g->detect) {
        g->state = PLAIN;
        return WEIR_END;
    }
    if (first && g->magic_n == 0) {
        return fail_data(err, g->taken, "empty, no gzip data");
    }
    if (g->magic_n > 0) {
        return fail_data(err, g->taken, "the data end in the header of a member");
    }
    g->state = PADDING;
    return WEIR_END;
}

static enum weir_step pass_plain(struct gunzip *g, struct weir_in *in, struct weir_out *out)
{
    g->magic_out += weir_out_put(out, g->magic + g->magic_out, g->magic_n - g->magic_out);
    if (g->magic_out == g->magic_n) {
        in->pos += weir_out_put(out, in->p + in->pos, in->size - in->pos);
    }
    if (g->magic_out < g->magic_n || in->pos < in->size) {
        return WEIR_NEED_OUT;
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

static enum weir_step skip_padding(struct gunzip *g, struct weir_in *in, struct weir_err *err)
{
    for (; in->pos < in->size; in->pos++, g->taken++) {
        if (in->p[in->pos] != 0) {
            return fail_data(err, g->taken, "something follows the zeros after the gzip data");
        }
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

/* MEMBER: returns WEIR_END when the member is over. */
static enum weir_step inflate_member(
    struct gunzip *g, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    for (;;) {
        if (out->pos == out->size) {
            return WEIR_NEED_OUT;
        }
        size_t in_n = in->size - in->pos, out_n = out->size - out->pos;
        bool ended = false;
        if (!inflate_some(g, in->p + in->pos, &in_n, out->p + out->pos, &out_n, &ended, err)) {
            return WEIR_FAIL;
        }
        in->pos += in_n;
        out->pos += out_n;
        if (ended) {
            g->state = BETWEEN;
            return WEIR_END;
        }
        if (in->pos == in->size && out->pos < out->size) {
            return in->last ? fail_data(err, g->taken, "the data end in the middle of a member")
                            : WEIR_NEED_IN;
        }
    }
}

static enum weir_step gunzip_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct gunzip *g = self;
    enum weir_step step = WEIR_END;

    while (step == WEIR_END) {
        switch (g->state) {
        case START:
        case BETWEEN:
            step = look(g, in, err);
            break;
        case MEMBER:
            step = inflate_member(g, in, out, err);
            break;
        case PLAIN:
            return pass_plain(g, in, out);
        case PADDING:
            return skip_padding(g, in, err);
        }
    }
    return step;
}

static bool gunzip_passes(const void *self)
{
    const struct gunzip *g = self;

    return g->state == PLAIN && g->magic_out == g->magic_n;
}

static void gunzip_free(void *self)
{
    struct gunzip *g = self;

    if (g != NULL) {
        inflateEnd(&g->z);
        free(g);
    }
}

static const struct weir_stage_ops gunzip_ops = {
    .name = "gunzip",
    .step = gunzip_step,
    .passes = gunzip_passes,
    .free = gunzip_free,
};

int weir_gunzip_new(struct weir_stage *ret, bool detect, struct weir_err *err)
{
    struct gunzip *g = calloc(1, sizeof *g);

    if (g == NULL || inflateInit2(&g->z, GZIP_WRAP) != Z_OK) {
        free(g);
        return weir_err_set(err, WEIR_E_NOMEM, "gunzip: out of memory");
    }
    g->detect = detect;
    *ret = (struct weir_stage){.ops = &gunzip_ops, .self = g};
    return 0;
}
