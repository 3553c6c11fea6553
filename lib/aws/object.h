#ifndef WEIR_AWS_OBJECT_H
#define WEIR_AWS_OBJECT_H

#include "core/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object to read. */
struct weir_object {
    const char *bucket;
    const char *key;
    const char *version_id; /* NULL: the current one */
    const char *etag;       /* with or without its quotes: only this one; NULL: any */
};

/* What an object says of itself, without its bytes (weir_store_head). */
struct weir_object_head {
    /* Without quotes; "": the store has none, or a weak one */
    char etag[WEIR_S3_ETAG_MAX_BYTES + 1];
    char value[WEIR_S3_METADATA_MAX_BYTES + 1]; /* of its metadata; "": it has none of that name */
    bool replaced; /* it failed because the object is no longer the one that was asked for */
};

/* An object to write; zeroed, it says nothing. */
struct weir_put_opts {
    const char *content_type; /* NULL: none is sent */
    int64_t size_hint_bytes;  /* how large it may become, to plan parts; 0 or less: unknown */
    size_t part_bytes; /* of a multipart upload, exactly; 0: planned. For tests, whose servers take
                        * parts that are smaller than S3's */
    int64_t abort_ms;  /* how long an abort is tried again; 0: WEIR_S3_ABORT_MS */
    int64_t undo_by_mono_ms; /* and by when it gives up in any case; 0: no such bound */
};

#endif
