#ifndef WEIR_CLI_LOCAL_BUCKET_H
#define WEIR_CLI_LOCAL_BUCKET_H

#include "aws/config.h"
#include "cli/local/queue.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdint.h>

/*
 * S3's notifications for a bucket whose own do not reach us: its objects are listed again and
 * again, and each is announced once in each version of it (ETag, size, time of change). What
 * uploads.h is for a folder.
 */
struct weir_bucket;

struct weir_bucket_opts {
    const struct weir_s3_config *s3; /* no folder */
    const char *bucket;
    const char *prefix; /* of keys; ends in '/' */
    struct weir_queue *queue;
};

/**
 * weir_bucket_new: list it for the first time, so that what cannot work is known at once.
 *
 * opts and what it points to are borrowed. Runs the loop. Returns it (weir_bucket_free, before
 * weir_loop_free), or NULL with *err set, as weir_store_list.
 */
struct weir_bucket *weir_bucket_new(
    struct weir_loop *loop, const struct weir_bucket_opts *opts, struct weir_err *err);

/** weir_bucket_turn: go on. Returns when it wants the next turn at the latest, by CLOCK_MONOTONIC.
 *  Not from within a callback. */
int64_t weir_bucket_turn(struct weir_bucket *bucket);

/** weir_bucket_free: accepts NULL. */
void weir_bucket_free(struct weir_bucket *bucket);

#endif
