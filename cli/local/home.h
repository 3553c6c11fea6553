#ifndef WEIR_CLI_LOCAL_HOME_H
#define WEIR_CLI_LOCAL_HOME_H

#include "aws/sigv4.h"
#include "core/err.h"

#include <limits.h>
#include <stdbool.h>

/*
 * The folder that everything of one service lies in:
 *
 *     DIR/BUCKET/uploads/     what came in, unless that is a bucket of S3
 *     DIR/.weir/lock          held while the service runs: there is one at a time
 *     DIR/.weir/queue         the queue's journal
 *     DIR/.weir/results.json  the list of validated files
 *     DIR/.weir/key           the secret that forms are signed with, made once
 */
#define WEIR_HOME_SECRET_BYTES 65

struct weir_home {
    int lock_fd; /* with open below: 0 and false in a zeroed one */
    bool open;
    char root[PATH_MAX]; /* absolute, links resolved */
    char queue[PATH_MAX + 32], results[PATH_MAX + 32];
    char endpoint[PATH_MAX + 64]; /* AWS_ENDPOINT_URL_S3=file://DIR */
    char secret[WEIR_HOME_SECRET_BYTES];
    struct weir_sigv4_key key;
};

/**
 * weir_home_open: make what is missing, take the lock, remove what a kill left half-written.
 *
 * bucket  the folder in DIR that is one (weir_s3_bucket_check); NULL: none
 * prefix  of keys, ends in '/'
 *
 * Returns 0 with *home filled (weir_home_close), or -1 with *err set and *home closed:
 * WEIR_E_CONFIG (DIR cannot be one, or another service runs in it), WEIR_E_IO.
 */
int weir_home_open(struct weir_home *home, const char *root, const char *bucket, const char *prefix,
    struct weir_err *err);

/** weir_home_close: give the lock back. A zeroed or closed one is a no-op. */
void weir_home_close(struct weir_home *home);

#endif
