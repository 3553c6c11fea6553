#ifndef WEIR_CODEC_GZIP_H
#define WEIR_CODEC_GZIP_H

#include "core/buf.h"
#include "core/err.h"
#include "stream/stage.h"
#include "stream/workers.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Gzip out (RFC 1952), in two shapes: the frame of one member around deflate blocks that were made
 * elsewhere (codec/deflate.h), and a stage for bytes of any kind. Neither
 * writes a name, a time or a system, so that the same input always gives the same bytes.
 *
 * A member is built as weir_gzip_header, blocks in order, each reported to weir_gzip_frame_add,
 * weir_gzip_trailer. One member, because many readers see only the first of several.
 */
struct weir_gzip_frame {
    uint32_t crc;   /* CRC-32 of the plain bytes */
    uint64_t total; /* how many */
};                  /* zeroed: nothing yet */

/** weir_gzip_named: whether what has this name is to be compressed: it ends in ".gz". */
bool weir_gzip_named(const char *name);

/** weir_gzip_header: append the ten bytes that start a member. Returns 0, or -1 with *err set. */
int weir_gzip_header(struct weir_buf *out, struct weir_err *err);

/** weir_gzip_frame_add: count what weir_deflate_block said of the next block. Costs microseconds.
 */
void weir_gzip_frame_add(struct weir_gzip_frame *frame, const struct weir_gzip_frame *part);

/** weir_gzip_trailer: append the final empty block, CRC-32 and length. Returns 0, or -1 with *err
 *  set. */
int weir_gzip_trailer(
    struct weir_buf *out, const struct weir_gzip_frame *frame, struct weir_err *err);

/**
 * weir_gzip_new: a stage: plain bytes in, one gzip member out, made of blocks of
 * WEIR_ZIP_BLOCK_BYTES.
 *
 * level    0..9 as weir_deflate_new (codec/deflate.h); WEIR_DEFLATE_LEVEL is the default
 * workers  who deflates; NULL: inline. The bytes are the same. Outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG (level), WEIR_E_NOMEM.
 */
int weir_gzip_new(
    int level, struct weir_workers *workers, struct weir_stage *ret, struct weir_err *err);

#endif
