#ifndef WEIR_STREAM_SOURCE_H
#define WEIR_STREAM_SOURCE_H

#include "core/limits.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * What a source tells while it runs: progress, and what it learned about the object. Owned by
 * whoever makes the source, which fills it in; it outlives the stage. Zero it before use.
 */
struct weir_source_info {
    int64_t size_bytes;  /* of the whole object; -1 while or because unknown */
    uint64_t read_bytes; /* handed on so far */
    bool replaced;       /* it failed because the object is no longer the one that was asked for */
    /* Which version of the object it is, without quotes, before the first byte is handed on; ""
     * where there are no ETags */
    char etag[WEIR_S3_ETAG_MAX_BYTES + 1];
};

#endif
