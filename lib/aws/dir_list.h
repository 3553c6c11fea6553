#ifndef WEIR_AWS_DIR_LIST_H
#define WEIR_AWS_DIR_LIST_H

#include "aws/listing.h"
#include "core/err.h"

/**
 * weir_dir_list: the keys of a folder as a store, in no order; store.c's other half of a list.
 *
 * Names that are no key's path are left out: hidden temporary files, what weir_dir_key never makes,
 * what is not UTF-8. Errors as weir_store_list's.
 */
int weir_dir_list(const char *dir, const char *bucket, const char *prefix, int64_t deadline_mono_ms,
    struct weir_listing *ret, struct weir_err *err);

#endif
