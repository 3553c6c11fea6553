#ifndef WEIR_CLI_LOCAL_UPLOADS_H
#define WEIR_CLI_LOCAL_UPLOADS_H

#include "cli/local/queue.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * S3's notifications for a folder: each file below bucket/prefix is announced once in each version
 * of it (time of change, size, inode), whoever put it there, and only when it is complete. Complete
 * is a file that nobody has open for writing, which the kernel knows (a read lease is refused while
 * somebody has), and that has been left alone for a moment; where leases are not to be had, for a
 * longer moment.
 *
 * inotify says when to look; a look at everything now and then finds what it did not say. Hidden
 * files and links are left alone.
 */
struct weir_uploads;

struct weir_uploads_opts {
    const char *store;  /* folder of the buckets */
    const char *bucket; /* a folder in it */
    const char *prefix; /* of keys; ends in '/' */
    struct weir_queue *queue;
    bool quiet;
};

/** weir_uploads_new: opts and what it points to are borrowed. Returns it (weir_uploads_free, before
 *  weir_loop_free), or NULL with *err set: WEIR_E_NOMEM. */
struct weir_uploads *weir_uploads_new(
    struct weir_loop *loop, const struct weir_uploads_opts *opts, struct weir_err *err);

/** weir_uploads_turn: look, if it is time to. Returns when it wants the next turn at the latest, by
 *  CLOCK_MONOTONIC. Not from within a callback. */
int64_t weir_uploads_turn(struct weir_uploads *uploads);

/**
 * weir_uploads_announce: a file that is known to be complete, now.
 *
 * how  behind ObjectCreated: ("Put", "Post")
 *
 * Returns 0, or -1 with *err set, and a later look finds it.
 */
int weir_uploads_announce(
    struct weir_uploads *uploads, const char *key, const char *how, struct weir_err *err);

/** weir_uploads_free: accepts NULL. */
void weir_uploads_free(struct weir_uploads *uploads);

enum weir_uploads_writers { WEIR_WRITERS_NONE, WEIR_WRITERS_SOME, WEIR_WRITERS_UNKNOWN };

/** weir_uploads_writers: whether somebody has the file open for writing. */
enum weir_uploads_writers weir_uploads_writers(const char *path);

#endif
