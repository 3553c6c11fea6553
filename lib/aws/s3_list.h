#ifndef WEIR_AWS_S3_LIST_H
#define WEIR_AWS_S3_LIST_H

#include "aws/config.h"
#include "core/err.h"
#include "net/loop.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The objects whose keys begin with a prefix, in the order of their keys' bytes.
 */
struct weir_listed {
    char *key;
    int64_t size_bytes;
    int64_t mtime_s; /* Unix seconds; 0 when the store does not tell */
};

struct weir_listing { /* zeroed: nothing */
    struct weir_listed *items;
    size_t n, cap;
};

/**
 * weir_store_list: list them all, page by page; runs the loop.
 *
 * prefix           "" for everything
 * deadline_mono_ms INT64_MAX: none
 * ret              zeroed; receives them, sorted; weir_listing_fini in either case
 *
 * S3 API: ListObjectsV2. In a folder as a store, the files below the bucket's folder; no symbolic
 * link is followed. Returns 0, or -1 with *err set: WEIR_E_REMOTE (detail = status; 404: no such
 * bucket), WEIR_E_NET, WEIR_E_DEADLINE, WEIR_E_LIMIT (more than WEIR_S3_LIST_MAX), WEIR_E_NOMEM,
 * WEIR_E_CONFIG (bucket).
 */
int weir_store_list(struct weir_loop *loop, const struct weir_s3_config *cfg, const char *bucket,
    const char *prefix, int64_t deadline_mono_ms, struct weir_listing *ret, struct weir_err *err);

/** weir_listing_fini: release it. */
void weir_listing_fini(struct weir_listing *listing);

#endif
