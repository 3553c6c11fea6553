#include "codec/deflate.h"

#include "core/limits.h"

#include <assert.h>
#include <stdlib.h>
#include <zlib.h>

#define RAW_DEFLATE (-MAX_WBITS)
#define MEM_LEVEL 8
#define STEP_BYTES (64 * WEIR_KIB)        /* room that is offered to zlib at a time */
#define SLICE_MAX_BYTES ((size_t)1 << 30) /* zlib counts in unsigned int */

struct weir_deflate {
    z_stream z;
};

struct weir_deflate *weir_deflate_new(int level, struct weir_err *err)
{
    struct weir_deflate *deflate = NULL;

    if (level < 0 || level > 9) {
        weir_err_set(err, WEIR_E_CONFIG, "gzip: level %d is not one of 0 to 9", level);
        return NULL;
    }
    deflate = calloc(1, sizeof *deflate);
    if (deflate == NULL || deflateInit2(&deflate->z, level, Z_DEFLATED, RAW_DEFLATE, MEM_LEVEL,
                               Z_DEFAULT_STRATEGY) != Z_OK) {
        weir_err_set(err, WEIR_E_NOMEM, "gzip: out of memory for an encoder");
        free(deflate);
        return NULL;
    }
    return deflate;
}

void weir_deflate_free(struct weir_deflate *deflate)
{
    if (deflate != NULL) {
        deflateEnd(&deflate->z);
        free(deflate);
    }
}

/* Compress what z->next_in shows, with this flush, until zlib has no more to say. */
static int run(z_stream *z, int flush, struct weir_buf *out, struct weir_err *err)
{
    do {
        size_t left = out->max - out->len;
        size_t room = out->cap - out->len > STEP_BYTES ? out->cap - out->len : STEP_BYTES;
        room = room < left ? room : left;
        room = room < SLICE_MAX_BYTES ? room : SLICE_MAX_BYTES;
        uint8_t *to = weir_buf_reserve(out, room > 0 ? room : 1, err);
        if (to == NULL) {
            return -1;
        }
        z->next_out = to;
        z->avail_out = (uInt)room;
        int rc = deflate(z, flush);
        if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return weir_err_set(err, WEIR_E_BUG, "gzip: zlib says %d", rc);
        }
        out->len += room - z->avail_out;
    } while (z->avail_out == 0);
    assert(z->avail_in == 0);
    return 0;
}

int weir_deflate_block(struct weir_deflate *deflate, const uint8_t *in, size_t len,
    struct weir_buf *out, struct weir_gzip_frame *part, struct weir_err *err)
{
    z_stream *z = &deflate->z;
    const size_t before = out->len, total = len;
    uLong sum = crc32(0, NULL, 0);

    if (len > 0) {
        deflateReset(z);
    }
    while (len > 0) {
        size_t n = len < SLICE_MAX_BYTES ? len : SLICE_MAX_BYTES;
        sum = crc32(sum, in, (uInt)n);
        z->next_in = (z_const Bytef *)in;
        z->avail_in = (uInt)n;
        /* a sync flush: after it only the reset of the next block forgets what was said */
        if (run(z, n == len ? Z_SYNC_FLUSH : Z_NO_FLUSH, out, err) != 0) {
            out->len = before;
            return -1;
        }
        in += n;
        len -= n;
    }
    part->crc = (uint32_t)sum;
    part->total = total;
    return 0;
}
