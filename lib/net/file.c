/*
 * The four ends: read and write, a descriptor or a path. The path sink's temporary file and its
 * publication are in file_new.c.
 */
#include "net/file.h"

#include "core/limits.h"
#include "core/reason.h"
#include "net/file_priv.h"
#include "net/ready.h"
#include "net/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_BYTES 192   /* of a path in messages */
#define FIFO_RETRY_MS 20 /* a fifo has no event for "a reader has come" */

struct end {
    struct weir_loop *loop;
    int fd; /* -1: a fifo that still has no reader */
    bool owned;
    bool nonblocking;               /* by itself: may be written more than PIPE_BUF at a time */
    struct weir_ready *ready;       /* NULL: never waits */
    struct weir_wake *retry;        /* for a fifo without a reader */
    char *fifo;                     /* its path */
    struct weir_file_new *file_new; /* a file to publish, or NULL */
    struct weir_file_held *held;    /* where it goes instead, or NULL */
    struct weir_source_info *info;
    off_t size;  /* of a regular file, when it was opened; else 0 */
    bool behind; /* what was read is let go, up to let_go of at */
    off_t at, let_go;
    char name[NAME_BYTES];
};

enum weir_code weir_file_open_code(int e)
{
    switch (e) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case ENAMETOOLONG:
    case ENXIO:
    case ENODEV:
        return WEIR_E_CONFIG;
    case ENOMEM:
        return WEIR_E_NOMEM;
    default:
        return WEIR_E_IO;
    }
}

static int fail(const struct end *end, struct weir_err *err)
{
    int e = errno;

    return weir_err_detail(err, WEIR_E_IO, e, "%s: %s", end->name, weir_reason(e));
}

static int fail_open(const char *path, int e, struct weir_err *err)
{
    return weir_err_detail(err, weir_file_open_code(e), e, "%.180s: %s", path, weir_reason(e));
}

static void end_free(void *self)
{
    struct end *end = self;

    if (end == NULL) {
        return;
    }
    weir_file_new_free(end->file_new); /* before its descriptor is closed: it only unlinks */
    weir_ready_free(end->ready);
    if (end->owned && end->fd != -1) {
        close(end->fd);
    }
    weir_wake_free(end->retry);
    free(end->fifo);
    free(end);
}

static struct end *end_new(struct weir_loop *loop, int fd, const char *name, struct weir_err *err)
{
    struct end *end = calloc(1, sizeof *end);

    if (end == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
        return NULL;
    }
    end->loop = loop;
    end->fd = fd;
    snprintf(end->name, sizeof end->name, "%s", name);
    return end;
}

/* The page cache cannot keep such a file until somebody reads it again, and would lose for it what
 * it has of others. */
static bool too_large_to_stay(off_t size)
{
    long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);

    return pages > 0 && page_bytes > 0 && size / page_bytes > pages / 2;
}

/* What is to be known of an open descriptor. */
static int look(struct end *end, bool write, struct weir_err *err)
{
    struct stat st;

    if (fstat(end->fd, &st) != 0) {
        return fail(end, err);
    }
    if (S_ISDIR(st.st_mode)) {
        return weir_err_detail(err, WEIR_E_CONFIG, EISDIR, "%s: is a folder", end->name);
    }
    if (end->info != NULL) {
        *end->info = (struct weir_source_info){.size_bytes = -1};
    }
    if (S_ISREG(st.st_mode)) {
        off_t at = lseek(end->fd, 0, SEEK_CUR);
        end->size = st.st_size;
        if (end->info != NULL && at >= 0) {
            end->info->size_bytes = st.st_size > at ? st.st_size - at : 0;
        }
        end->behind = at >= 0 && too_large_to_stay(st.st_size);
        end->at = end->let_go = at;
        return 0;
    }
    int flags = fcntl(end->fd, F_GETFL);
    end->nonblocking = flags != -1 && (flags & O_NONBLOCK) != 0;
    return weir_ready_new(end->loop, end->fd, write, &end->ready, err);
}

/*
 * Reading
 */

/* The end of what is there. A file that somebody has cut meanwhile (a log that is rotated) ends
 * early, and what was read of it is none of its states. (Its size alone says nothing: /sys.) */
static enum weir_step at_end(struct end *end, struct weir_err *err)
{
    struct stat st;

    if (end->size > 0 && fstat(end->fd, &st) == 0 && st.st_size < end->size) {
        weir_err_set(err, WEIR_E_IO, "%s: it became shorter while it was read", end->name);
        return WEIR_FAIL;
    }
    return WEIR_END;
}

static void let_go_behind(struct end *end, size_t n)
{
    end->at += (off_t)n;
    if (end->at - end->let_go >= (off_t)WEIR_FILE_BEHIND_BYTES) {
        (void)posix_fadvise(end->fd, end->let_go, end->at - end->let_go, POSIX_FADV_DONTNEED);
        end->let_go = end->at;
    }
}

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct end *end = self;

    (void)in;
    while (out->pos < out->size) {
        if (!weir_ready_now(end->ready)) {
            return WEIR_WAIT;
        }
        ssize_t n = read(end->fd, out->p + out->pos, out->size - out->pos);
        if (n > 0) {
            out->pos += (size_t)n;
            if (end->info != NULL) {
                end->info->read_bytes += (uint64_t)n;
            }
            if (end->behind) {
                let_go_behind(end, (size_t)n);
            }
        } else if (n == 0) {
            return at_end(end, err);
        } else if (errno != EINTR && !(errno == EAGAIN && end->ready != NULL)) {
            (void)fail(end, err);
            return WEIR_FAIL;
        }
    }
    return WEIR_NEED_OUT;
}

static const struct weir_stage_ops source_ops = {
    .name = "file-in", .step = source_step, .free = end_free};

int weir_file_source_of(struct weir_loop *loop, int fd, const char *name,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err)
{
    struct end *end = end_new(loop, fd, name, err);

    if (end == NULL) {
        close(fd);
        return -1;
    }
    end->owned = true;
    end->info = info;
    if (look(end, false, err) != 0) {
        end_free(end);
        return -1;
    }
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    *ret = (struct weir_stage){.ops = &source_ops, .self = end};
    return 0;
}

int weir_file_source_new(struct weir_loop *loop, const char *path, struct weir_source_info *info,
    struct weir_stage *ret, struct weir_err *err)
{
    /* O_NONBLOCK: the open of a fifo must not wait; means nothing for regular files. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

    return fd != -1 ? weir_file_source_of(loop, fd, path, info, ret, err)
                    : fail_open(path, errno, err);
}

int weir_fd_source_new(struct weir_loop *loop, int fd, struct weir_source_info *info,
    struct weir_stage *ret, struct weir_err *err)
{
    char name[32] = "stdin";
    struct end *end;

    if (fd != STDIN_FILENO) {
        snprintf(name, sizeof name, "descriptor %d", fd);
    }
    end = end_new(loop, fd, name, err);
    if (end == NULL) {
        return -1;
    }
    end->info = info;
    if (look(end, false, err) != 0) {
        end_free(end);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &source_ops, .self = end};
    return 0;
}

/*
 * Writing
 */

/* Open the fifo, or see to it that it is tried again. Returns WEIR_NEED_IN once it is open. */
static enum weir_step open_fifo(struct end *end, struct weir_err *err)
{
    end->fd = open(end->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (end->fd != -1) {
        return look(end, true, err) == 0 ? WEIR_NEED_IN : WEIR_FAIL;
    }
    if (errno != ENXIO) {
        (void)fail(end, err);
        return WEIR_FAIL;
    }
    if (end->retry == NULL && (end->retry = weir_wake_new(end->loop, err)) == NULL) {
        return WEIR_FAIL;
    }
    weir_wake_in(end->retry, FIFO_RETRY_MS);
    return WEIR_WAIT;
}

static enum weir_step sink_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct end *end = self;

    (void)out;
    if (end->fd == -1) {
        enum weir_step opened = open_fifo(end, err);
        if (opened != WEIR_NEED_IN) {
            return opened;
        }
    }
    while (in->pos < in->size) {
        size_t n = in->size - in->pos;
        if (!weir_ready_now(end->ready)) {
            return WEIR_WAIT;
        }
        if (end->ready != NULL && !end->nonblocking && n > PIPE_BUF) {
            n = PIPE_BUF; /* what a pipe that has room takes without blocking */
        }
        ssize_t wrote = write(end->fd, in->p + in->pos, n);
        if (wrote >= 0) {
            in->pos += (size_t)wrote;
        } else if (errno != EINTR && !(errno == EAGAIN && end->ready != NULL)) {
            (void)fail(end, err);
            return WEIR_FAIL;
        }
    }
    if (!in->last) {
        return WEIR_NEED_IN;
    }
    if (end->file_new == NULL) {
        return WEIR_END;
    }
    if (end->held != NULL) {
        if (weir_file_new_sync(end->file_new, err) != 0) {
            return WEIR_FAIL;
        }
        end->held->file = end->file_new;
        end->file_new = NULL;
        return WEIR_END;
    }
    return weir_file_new_publish(end->file_new, err) == 0 ? WEIR_END : WEIR_FAIL;
}

/* All but the rename. A descriptor or a fifo has nothing to prepare. */
static enum weir_step sink_prepare(void *self, struct weir_err *err)
{
    struct end *end = self;

    return end->file_new == NULL || weir_file_new_sync(end->file_new, err) == 0 ? WEIR_END
                                                                                : WEIR_FAIL;
}

static enum weir_step sink_abort(void *self, struct weir_err *err)
{
    struct end *end = self;

    (void)err;
    weir_file_new_free(end->file_new);
    end->file_new = NULL;
    return WEIR_END;
}

static const struct weir_stage_ops sink_ops = {.name = "file-out",
    .step = sink_step,
    .prepare = sink_prepare,
    .abort = sink_abort,
    .free = end_free};

int weir_fd_sink_new(struct weir_loop *loop, int fd, struct weir_stage *ret, struct weir_err *err)
{
    char name[32] = "stdout";
    struct end *end;

    if (fd != STDOUT_FILENO) {
        snprintf(name, sizeof name, "descriptor %d", fd);
    }
    end = end_new(loop, fd, name, err);
    if (end == NULL) {
        return -1;
    }
    if (look(end, true, err) != 0) {
        end_free(end);
        return -1;
    }
    *ret = (struct weir_stage){.ops = &sink_ops, .self = end};
    return 0;
}

/* Something that is there and is no regular file: written as it is. */
static int open_direct(struct end *end, const char *path, bool fifo, struct weir_err *err)
{
    if (fifo) {
        end->fifo = strdup(path);
        return end->fifo != NULL ? 0 : weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
    }
    end->fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    return end->fd != -1 ? look(end, true, err) : fail_open(path, errno, err);
}

static void write_to(struct end *end, struct weir_file_new *file)
{
    end->file_new = file;
    end->fd = weir_file_new_fd(file); /* the file's own */
    end->owned = false;
}

int weir_file_sink_new(
    struct weir_loop *loop, const char *path, struct weir_stage *ret, struct weir_err *err)
{
    struct weir_file_new *file = NULL;
    struct stat st;
    bool there = stat(path, &st) == 0;
    struct end *end;

    if (!there && errno != ENOENT) {
        return fail_open(path, errno, err);
    }
    if (there && S_ISDIR(st.st_mode)) {
        return fail_open(path, EISDIR, err);
    }
    end = end_new(loop, -1, path, err);
    if (end == NULL) {
        return -1;
    }
    end->owned = true;
    if (there && !S_ISREG(st.st_mode)) {
        if (open_direct(end, path, S_ISFIFO(st.st_mode), err) != 0) {
            goto fail;
        }
    } else {
        file = weir_file_new_beside(path, there ? &st : NULL, err);
        if (file == NULL) {
            goto fail;
        }
        write_to(end, file);
    }
    *ret = (struct weir_stage){.ops = &sink_ops, .self = end};
    return 0;
fail:
    end_free(end);
    return -1;
}

int weir_file_sink_held(struct weir_loop *loop, const char *path, struct weir_file_held *held,
    struct weir_stage *ret, struct weir_err *err)
{
    *held = (struct weir_file_held){0};
    if (weir_file_sink_new(loop, path, ret, err) != 0) {
        return -1;
    }
    ((struct end *)ret->self)->held = held;
    return 0;
}

int weir_file_held_publish(struct weir_file_held *held, struct weir_err *err)
{
    int rc = held->file != NULL ? weir_file_new_publish(held->file, err) : 0;

    weir_file_held_drop(held);
    return rc;
}

void weir_file_held_drop(struct weir_file_held *held)
{
    weir_file_new_free(held->file);
    held->file = NULL;
}

int weir_file_sink_below(struct weir_loop *loop, int root, const char *folder, const char *path,
    struct weir_stage *ret, struct weir_err *err)
{
    struct weir_file_new *file = weir_file_new_below(root, folder, path, err);
    struct end *end = file != NULL ? end_new(loop, -1, path, err) : NULL;

    if (end == NULL) {
        weir_file_new_free(file);
        return -1;
    }
    write_to(end, file);
    *ret = (struct weir_stage){.ops = &sink_ops, .self = end};
    return 0;
}
