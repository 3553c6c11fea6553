#ifndef WEIR_AWS_LISTING_H
#define WEIR_AWS_LISTING_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Objects of a bucket, as a list names them (weir_store_list).
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
    size_t bytes; /* of their texts */
};

/** weir_listing_add: append one; its texts are copied. 0, or -1 with *err set: WEIR_E_LIMIT (more
 *  than WEIR_S3_LIST_MAX, or WEIR_S3_LIST_MAX_BYTES of texts), WEIR_E_NOMEM. */
int weir_listing_add(struct weir_listing *to, const struct weir_listed *item, struct weir_err *err);

/** weir_listing_sort: into the order of the keys' bytes. */
void weir_listing_sort(struct weir_listing *listing);

/** weir_listing_fini: release it. */
void weir_listing_fini(struct weir_listing *listing);

#endif
