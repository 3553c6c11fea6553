#include "codec/deflate.h"

#include "core/limits.h"

#include <assert.h>
#include <isa-l.h>
#include <stdbool.h>
#include <stdlib.h>
#include <zlib.h>

#define RAW_DEFLATE (-MAX_WBITS)
#define MEM_LEVEL 8
#define SLICE_MAX_BYTES ((size_t)1 << 30) /* both engines count in 32 bits */
#define HELD_MAX_BYTES (512 * WEIR_KIB)   /* more than either engine keeps */

struct weir_deflate {
    int isal_level; /* 0: zlib */
    z_stream z;
    struct isal_zstream *isal;
    uint8_t *isal_memory;
};

/* How both engines are asked: compress all of *in with a flush, or without, into room at `to`. */
struct helping {
    const uint8_t *in;
    size_t in_len;
    uint8_t *to;
    size_t room;
};

/* ---- ISA-L ---- */

static size_t isal_memory_bytes(int level)
{
    return level == 1 ? ISAL_DEF_LVL1_DEFAULT : ISAL_DEF_LVL2_DEFAULT;
}

static int isal_new(struct weir_deflate *d)
{
    d->isal = calloc(1, sizeof *d->isal);
    d->isal_memory = calloc(1, isal_memory_bytes(d->isal_level));
    return d->isal != NULL && d->isal_memory != NULL ? 0 : -1;
}

/*
 * Begin a block with its first byte: it goes out stored, and is the dictionary of what follows.
 * A stream that begins without one gets, in ISA-L's code for x86 (2.32 still), a part of its own
 * *address* hashed where its third byte should be, and what comes out depends on where the encoder
 * lies.
 */
static int isal_begin(
    struct weir_deflate *d, uint8_t first, struct weir_buf *out, struct weir_err *err)
{
    /* RFC 1951, 3.2.4: not the last block, LEN, NLEN */
    const uint8_t stored[] = {0x00, 0x01, 0x00, 0xfe, 0xff, first};

    isal_deflate_init(d->isal);
    d->isal->level = (uint32_t)d->isal_level;
    d->isal->level_buf = d->isal_memory;
    d->isal->level_buf_size = (uint32_t)isal_memory_bytes(d->isal_level);
    d->isal->gzip_flag = IGZIP_DEFLATE;
    int rc = isal_deflate_set_dict(d->isal, &first, 1);
    if (rc != COMP_OK) {
        return weir_err_set(err, WEIR_E_BUG, "gzip: the encoder says %d", rc);
    }
    return weir_buf_add(out, stored, sizeof stored, err);
}

static int isal_some(struct weir_deflate *d, struct helping *h, bool flush)
{
    struct isal_zstream *z = d->isal;

    z->flush = flush ? SYNC_FLUSH : NO_FLUSH;
    z->next_in = (uint8_t *)(uintptr_t)h->in;
    z->avail_in = (uint32_t)h->in_len;
    z->next_out = h->to;
    z->avail_out = (uint32_t)h->room;
    int rc = isal_deflate(z);
    h->in = z->next_in;
    h->in_len = z->avail_in;
    h->room = z->avail_out;
    return rc == COMP_OK ? 0 : rc;
}

/* ---- zlib ---- */

static int zlib_some(struct weir_deflate *d, struct helping *h, bool flush)
{
    d->z.next_in = (z_const Bytef *)h->in;
    d->z.avail_in = (uInt)h->in_len;
    d->z.next_out = h->to;
    d->z.avail_out = (uInt)h->room;
    int rc = deflate(&d->z, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    h->in = d->z.next_in;
    h->in_len = d->z.avail_in;
    h->room = d->z.avail_out;
    return rc == Z_OK || rc == Z_BUF_ERROR ? 0 : rc;
}

/* ---- both ---- */

struct weir_deflate *weir_deflate_new(int level, struct weir_err *err)
{
    struct weir_deflate *d = NULL;

    if (level < 0 || level > 9) {
        weir_err_set(err, WEIR_E_CONFIG, "gzip: level %d is not one of 0 to 9", level);
        return NULL;
    }
    d = calloc(1, sizeof *d);
    if (d == NULL) {
        goto out;
    }
    d->isal_level = level >= 1 && level <= 3 ? (level + 2) / 2 : 0;
    if (d->isal_level > 0 ? isal_new(d) == 0
                          : deflateInit2(&d->z, level, Z_DEFLATED, RAW_DEFLATE, MEM_LEVEL,
                                Z_DEFAULT_STRATEGY) == Z_OK) {
        return d;
    }
out:
    weir_err_set(err, WEIR_E_NOMEM, "gzip: out of memory for an encoder");
    weir_deflate_free(d);
    return NULL;
}

void weir_deflate_free(struct weir_deflate *deflate)
{
    if (deflate != NULL) {
        deflateEnd(&deflate->z); /* of one that was never begun it is a no-op */
        free(deflate->isal);
        free(deflate->isal_memory);
        free(deflate);
    }
}

/* Room for whatever becomes of len bytes, and of what the engine still holds. ISA-L chooses its
 * blocks by the room it sees, so what it is offered must depend on the input alone, and suffice at
 * once. */
static size_t room_for(size_t len)
{
    return len + len / 8 + 4 * WEIR_KIB;
}

/* Compress a slice until the engine has no more to say: it then leaves room. held: bytes that it
 * has been given before, and may not have said. */
static int run(struct weir_deflate *d, const uint8_t *in, size_t len, size_t held, bool flush,
    struct weir_buf *out, struct weir_err *err)
{
    const size_t want = room_for(len + (held < HELD_MAX_BYTES ? held : HELD_MAX_BYTES));
    struct helping h = {.in = in, .in_len = len};

    do {
        size_t left = out->max - out->len;
        size_t room = want < left ? want : left;
        h.to = weir_buf_reserve(out, room > 0 ? room : 1, err);
        if (h.to == NULL) {
            return -1;
        }
        h.room = room;
        int rc = d->isal_level > 0 ? isal_some(d, &h, flush) : zlib_some(d, &h, flush);
        if (rc != 0) {
            return weir_err_set(err, WEIR_E_BUG, "gzip: the encoder says %d", rc);
        }
        out->len += room - h.room;
    } while (h.room == 0);
    assert(h.in_len == 0);
    return 0;
}

int weir_deflate_piece(struct weir_deflate *deflate, const uint8_t *in, size_t len, bool last,
    struct weir_buf *out, struct weir_gzip_frame *part, struct weir_err *err)
{
    const size_t before = out->len;
    uint64_t given = part->total; /* to the engine */

    part->total += len;
    if (len > 0 && given == 0) {
        part->crc = 0;
        if (deflate->isal_level == 0) {
            deflateReset(&deflate->z);
        } else if (isal_begin(deflate, in[0], out, err) != 0) {
            return -1;
        } else {
            part->crc = crc32_gzip_refl(0, in++, 1);
            len--;
            given++;
        }
    }
    /* A sync flush ends it: after that only the reset of the next block forgets what was said. One
     * byte alone is out already. */
    bool flush = last && part->total > (deflate->isal_level > 0);
    while (len > 0 || flush) {
        const size_t n = len < SLICE_MAX_BYTES ? len : SLICE_MAX_BYTES;
        part->crc = crc32_gzip_refl(part->crc, in, n);
        if (run(deflate, in, n, given, flush && n == len, out, err) != 0) {
            out->len = before;
            return -1;
        }
        flush = flush && n < len;
        given += n;
        in += n;
        len -= n;
    }
    return 0;
}

int weir_deflate_block(struct weir_deflate *deflate, const uint8_t *in, size_t len,
    struct weir_buf *out, struct weir_gzip_frame *part, struct weir_err *err)
{
    *part = (struct weir_gzip_frame){0};
    return weir_deflate_piece(deflate, in, len, true, out, part, err);
}
