#ifndef WEIR_NET_FILE_H
#define WEIR_NET_FILE_H

#include "core/err.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

/*
 * Files and descriptors as the ends of a pipe. Regular files are read and written synchronously;
 * pipes, terminals and sockets wait in the loop, and the flags of an inherited descriptor are never
 * touched. What was read of a regular file of more than half of the machine's memory does not stay
 * in the page cache (posix_fadvise): it would push out what others have there, and not be kept
 * itself.
 *
 * Errors: WEIR_E_CONFIG for a path that cannot be opened as what it should be (missing, a folder,
 * no permission), with errno as detail; WEIR_E_IO, detail errno, for anything that fails later;
 * WEIR_E_NOMEM. Loop thread only.
 */

/* What the name of a file begins with until it is complete. */
#define WEIR_FILE_HIDDEN ".weir-"

/**
 * weir_file_source_new: read a file, a fifo or a device by its path.
 *
 * info  may be NULL; size_bytes is known at once for regular files, else -1
 *
 * Returns 0 with *ret set (free it with weir_stage_free, or give it to a pipe), or -1 with *err
 * set. A fifo is opened without waiting; the stage waits for its writer.
 */
int weir_file_source_new(struct weir_loop *loop, const char *path, struct weir_source_info *info,
    struct weir_stage *ret, struct weir_err *err);

/** weir_file_source_of: the same for one that is open by now. fd is taken, also when that fails;
 *  name is for messages. */
int weir_file_source_of(struct weir_loop *loop, int fd, const char *name,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err);

/**
 * weir_file_sink_new: write a file that appears when it is complete.
 *
 * The bytes go to a hidden file ".weir-<random>" in the same folder, which on WEIR_END is synced
 * and renamed to path; the folder is synced too. Until then an existing file is what it was; abort
 * and free remove the hidden one. The new file has the mode of the one it replaces, but for setuid
 * and setgid; a symbolic link is followed, also to a file that is not there yet. An existing path
 * that is no regular file
 * (/dev/null, a fifo) is written directly, a fifo once it has a reader. Should only the folder's
 * sync fail, the file is there and the stage fails all the same, since nobody can promise that it
 * stays.
 */
int weir_file_sink_new(
    struct weir_loop *loop, const char *path, struct weir_stage *ret, struct weir_err *err);

/* A file that is complete, and still hidden. All zero: none. */
struct weir_file_held {
    struct weir_file_new *file;
};

/**
 * weir_file_sink_held: the same, but on WEIR_END the file stays hidden, synced, and is put into
 * *held, which outlives the stage. A path that is written directly puts nothing there.
 */
int weir_file_sink_held(struct weir_loop *loop, const char *path, struct weir_file_held *held,
    struct weir_stage *ret, struct weir_err *err);

/** weir_file_held_publish: give the file its name. Returns 0, also without a file; or -1 with *err
 *  set: WEIR_E_IO. Empties *held either way. */
int weir_file_held_publish(struct weir_file_held *held, struct weir_err *err);

/** weir_file_held_drop: remove the hidden file. Without one a no-op. */
void weir_file_held_drop(struct weir_file_held *held);

/**
 * weir_file_sink_below: weir_file_sink_new for a path below a folder that nothing leads out of.
 *
 * root    the descriptor of that folder; borrowed until this returns
 * folder  a folder below it that exists ("." is root itself); the hidden file is there
 * path    from folder on; an empty, "." or ".." part is WEIR_E_CONFIG. Folders in it that do not
 *         exist are made on WEIR_END, not before
 *
 * A link on the way is followed as long as it stays below root (net/beneath.h), then and on
 * WEIR_END: one that leads out is WEIR_E_IO there. A link in the last place is not followed but
 * replaced.
 */
int weir_file_sink_below(struct weir_loop *loop, int root, const char *folder, const char *path,
    struct weir_stage *ret, struct weir_err *err);

/** weir_fd_source_new: read from a descriptor (stdin), from where it stands. fd is borrowed. */
int weir_fd_source_new(struct weir_loop *loop, int fd, struct weir_source_info *info,
    struct weir_stage *ret, struct weir_err *err);

/** weir_fd_sink_new: write to a descriptor (stdout), as the bytes come. fd is borrowed; EPIPE is
 *  WEIR_E_IO (weir_loop_new ignores SIGPIPE). */
int weir_fd_sink_new(struct weir_loop *loop, int fd, struct weir_stage *ret, struct weir_err *err);

#endif
