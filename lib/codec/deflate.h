#ifndef WEIR_CODEC_DEFLATE_H
#define WEIR_CODEC_DEFLATE_H

#include "codec/gzip.h"
#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Deflate for pipelines of blocks: each block becomes raw deflate that stands alone and ends on a
 * byte, so that blocks can be made by several threads, each with an encoder of its own, and still
 * be one gzip member (codec/gzip.h) or one entry of an archive (codec/zip.h).
 *
 * Two engines stand behind it. Levels 1 to 3 are ISA-L: on text a quarter of the CPU that zlib's
 * fastest level takes, and smaller. Its levels are not zlib's: 1 here is its level 1, 2 and 3 are
 * its level 2; its level 3 costs three times as much for nothing. The others are zlib: 4 to 9 as it
 * counts, for who wants size, and 0, stored.
 *
 * The same block at the same level gives the same bytes, in whatever thread, after whatever block
 * and wherever the encoder lies in memory; ISA-L's may differ between kinds of processors.
 */

#define WEIR_DEFLATE_LEVEL 1

struct weir_deflate; /* an encoder: 400 KiB of memory, one thread at a time */

/**
 * weir_deflate_new: an encoder.
 *
 * level  0..9, see above; WEIR_DEFLATE_LEVEL is the default
 *
 * Returns it (weir_deflate_free), or NULL with *err set: WEIR_E_CONFIG (level), WEIR_E_NOMEM.
 */
struct weir_deflate *weir_deflate_new(int level, struct weir_err *err);

/** weir_deflate_free: accepts NULL. */
void weir_deflate_free(struct weir_deflate *deflate);

/**
 * weir_deflate_block: compress one block.
 *
 * in, len  the plain bytes; nothing of earlier blocks is referred to
 * out      raw deflate (RFC 1951) is appended: byte-aligned at its end and not final, so that
 *          another block, or weir_gzip_trailer, can follow. Nothing when len is 0
 * part     receives CRC-32 and length of the plain bytes, for weir_gzip_frame_add
 *
 * Returns 0, or -1 with *err set (WEIR_E_LIMIT, WEIR_E_NOMEM: out cannot grow) and out cut back to
 * what it held.
 */
int weir_deflate_block(struct weir_deflate *deflate, const uint8_t *in, size_t len,
    struct weir_buf *out, struct weir_gzip_frame *part, struct weir_err *err);

/**
 * weir_deflate_piece: the same in pieces, so that a block need not be there as a whole: what was
 * written a moment ago is compressed while it is in the cache.
 *
 * in, len  the next bytes of the block
 * last     nothing of it follows: the flush
 * part     zeroed before the first piece; complete after the last
 *
 * The same pieces give the same bytes. Between two pieces of one block there may be none of
 * another. Returns as weir_deflate_block does; after -1 the block cannot be gone on with.
 */
int weir_deflate_piece(struct weir_deflate *deflate, const uint8_t *in, size_t len, bool last,
    struct weir_buf *out, struct weir_gzip_frame *part, struct weir_err *err);

#endif
