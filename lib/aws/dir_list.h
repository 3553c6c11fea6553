#ifndef WEIR_AWS_DIR_LIST_H
#define WEIR_AWS_DIR_LIST_H

#include "aws/s3_list.h"
#include "core/err.h"

/**
 * weir_dir_list: the keys of a folder as a store, in no order; s3_list.c's other half.
 *
 * Names that are no key's path are left out: hidden temporary files, what weir_dir_key never makes,
 * what is not UTF-8. Errors as weir_store_list's.
 */
int weir_dir_list(const char *dir, const char *bucket, const char *prefix, int64_t deadline_mono_ms,
    struct weir_listing *ret, struct weir_err *err);

/** weir_listing_add: append one; its texts are copied. 0, or -1 with *err set. */
int weir_listing_add(struct weir_listing *to, const struct weir_listed *item, struct weir_err *err);

#endif
