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
    char *etag; /* without its quotes; NULL when the store does not tell */
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

/*
 * A list of S3's in the making, for whoever has other things to do meanwhile: polled, like
 * weir_s3_call. Loop thread only.
 */
struct weir_lister;

/**
 * weir_lister_new: ask for the first page.
 *
 * cfg             outlives it; its endpoint is no folder
 * bucket, prefix  as for weir_store_list; copied
 *
 * Returns it (weir_lister_free), or NULL with *err set, as weir_store_list.
 */
struct weir_lister *weir_lister_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const char *bucket, const char *prefix, struct weir_err *err);

/**
 * weir_lister_step: go on.
 *
 * Returns 1 when it is done, with *ret set, which the caller releases; 0 with the loop armed; -1
 * with *err set, as weir_store_list. After anything but 0 it is not called again.
 */
int weir_lister_step(struct weir_lister *lister, struct weir_listing *ret, struct weir_err *err);

/** weir_lister_free: in any state. Accepts NULL. */
void weir_lister_free(struct weir_lister *lister);

/** weir_listing_fini: release it. */
void weir_listing_fini(struct weir_listing *listing);

#endif
