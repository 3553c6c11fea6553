#ifndef WEIR_AWS_S3_LIST_H
#define WEIR_AWS_S3_LIST_H

#include "aws/config.h"
#include "aws/listing.h"
#include "core/err.h"
#include "net/loop.h"

/*
 * A list of S3's in the making, for whoever has other things to do meanwhile: polled, like
 * weir_s3_call. Loop thread only.
 */
struct weir_s3_list;

/**
 * weir_s3_list_new: ask for the first page.
 *
 * cfg             outlives it; its endpoint is no folder
 * bucket, prefix  as for weir_store_list; copied
 *
 * Returns it (weir_s3_list_free), or NULL with *err set, as weir_store_list.
 */
struct weir_s3_list *weir_s3_list_new(struct weir_loop *loop, const struct weir_s3_config *cfg,
    const char *bucket, const char *prefix, struct weir_err *err);

/**
 * weir_s3_list_step: go on.
 *
 * Returns 1 when it is done, with *ret set, which the caller releases; 0 with the loop armed; -1
 * with *err set, as weir_store_list. After anything but 0 it is not called again.
 */
int weir_s3_list_step(struct weir_s3_list *list, struct weir_listing *ret, struct weir_err *err);

/** weir_s3_list_free: in any state. Accepts NULL. */
void weir_s3_list_free(struct weir_s3_list *list);

#endif
