#ifndef WEIR_CODEC_ZIP_FORMAT_H
#define WEIR_CODEC_ZIP_FORMAT_H

#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The records of a ZIP file, byte by byte (APPNOTE.TXT 4.3): zip.c's other half. All append to a
 * buffer and return 0, or -1 with *err the buffer's.
 */
struct weir_zip_record {
    const char *name;
    uint16_t name_len;
    int64_t mtime_s;
    uint32_t mode;
    uint32_t crc;
    uint64_t bytes, compressed;
    uint64_t offset;   /* of the local header */
    bool zip64_always; /* the extra field in the local header, 64 bits in the descriptor */
};

/** weir_zip_put_local: the local file header; sizes and CRC are not known yet. */
int weir_zip_put_local(struct weir_buf *to, const struct weir_zip_record *r, struct weir_err *err);

/** weir_zip_put_descriptor: what follows the data: CRC and sizes. */
int weir_zip_put_descriptor(
    struct weir_buf *to, const struct weir_zip_record *r, struct weir_err *err);

/** weir_zip_put_central: the entry in the central directory. */
int weir_zip_put_central(
    struct weir_buf *to, const struct weir_zip_record *r, struct weir_err *err);

/** weir_zip_put_end: the end of the directory, ZIP64's before it where a number needs it. */
int weir_zip_put_end(struct weir_buf *to, uint64_t entries, uint64_t directory_offset,
    uint64_t directory_bytes, struct weir_err *err);

#endif
