/*
 * A file in the making. The hidden file's folder is held open, so that neither a change of the
 * working folder nor a rename of that folder makes the final rename go elsewhere.
 */
#include "core/limits.h"
#include "net/file.h"
#include "net/file_priv.h"
#include "net/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

struct weir_file_new {
    int fd;
    int dir;         /* O_PATH */
    bool there;      /* the hidden file exists */
    char hidden[32]; /* its name in dir */
    char *name;      /* the final one, from dir on; may have folders in it */
    char *path;      /* for messages */
};

static int fail(const struct weir_file_new *f, enum weir_code code, int e, struct weir_err *err)
{
    return weir_err_detail(err, code, e, "%.180s: %s", f->path, weir_reason(e));
}

static int create_hidden(struct weir_file_new *f, const struct stat *old, struct weir_err *err)
{
    for (int tries = 0; tries < 8; tries++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
            continue; /* interrupted */
        }
        snprintf(f->hidden, sizeof f->hidden, WEIR_FILE_HIDDEN "%016" PRIx64, random);
        f->fd = openat(f->dir, f->hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (f->fd != -1) {
            f->there = true;
            break;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    if (f->fd == -1) {
        return fail(f, weir_file_open_code(errno), errno, err);
    }
    if (old != NULL && fchmod(f->fd, old->st_mode & 07777) != 0) {
        return fail(f, WEIR_E_IO, errno, err);
    }
    return 0;
}

/* dir: the hidden file's folder; name: the final name from there on; path: for messages. */
static struct weir_file_new *file_new(const char *dir, const char *name, const char *path,
    const struct stat *old, struct weir_err *err)
{
    struct weir_file_new *f = calloc(1, sizeof *f);

    if (f == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
        return NULL;
    }
    f->fd = f->dir = -1;
    f->name = strdup(name);
    f->path = strdup(path);
    if (f->name == NULL || f->path == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
        goto fail;
    }
    f->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (f->dir == -1) {
        fail(f, weir_file_open_code(errno), errno, err);
        goto fail;
    }
    if (old != NULL && faccessat(f->dir, name, W_OK, AT_EACCESS) != 0) {
        fail(f, weir_file_open_code(errno), errno, err);
        goto fail;
    }
    if (create_hidden(f, old, err) != 0) {
        goto fail;
    }
    return f;
fail:
    weir_file_new_free(f);
    return NULL;
}

/* Where a path leads at which there is no file: itself, or the end of a chain of links, which
 * realpath does not tell. Returns a copy, or NULL with errno set. */
static char *resolve_dangling(const char *path)
{
    char *at = strdup(path);

    for (int links = 0; at != NULL; links++) {
        char target[PATH_MAX], *next = NULL;
        ssize_t n = readlink(at, target, sizeof target - 1);

        if (n < 0) {
            return at; /* no link; whatever else is wrong shows when it is opened */
        }
        target[n] = '\0';
        const char *slash = target[0] == '/' ? NULL : strrchr(at, '/');
        int dir = slash != NULL ? (int)(slash - at) + 1 : 0;
        if (links == WEIR_FILE_LINKS_MAX) {
            errno = ELOOP;
        } else if (asprintf(&next, "%.*s%s", dir, at, target) < 0) {
            next = NULL;
            errno = ENOMEM;
        }
        int e = errno;
        free(at);
        at = next;
        errno = e;
    }
    return NULL;
}

struct weir_file_new *weir_file_new_beside(
    const char *path, const struct stat *old, struct weir_err *err)
{
    /* A link stays a link: what it points to is replaced, or made. */
    char *real = old != NULL ? realpath(path, NULL) : resolve_dangling(path);
    struct weir_file_new *f = NULL;

    if (real == NULL) {
        weir_err_detail(
            err, weir_file_open_code(errno), errno, "%.180s: %s", path, weir_reason(errno));
        return NULL;
    }
    char *slash = strrchr(real, '/');
    const char *name = slash != NULL ? slash + 1 : real;
    if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        weir_err_detail(err, WEIR_E_CONFIG, EISDIR, "\"%.180s\" is no name for a file", path);
    } else if (slash == NULL) {
        f = file_new(".", name, path, old, err);
    } else {
        *slash = '\0';
        f = file_new(slash == real ? "/" : real, name, path, old, err);
    }
    free(real);
    return f;
}

static bool is_safe_path(const char *path)
{
    for (const char *part = path;; part++) {
        size_t n = strcspn(part, "/");
        if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.')) {
            return false;
        }
        part += n;
        if (*part == '\0') {
            return true;
        }
    }
}

struct weir_file_new *weir_file_new_below(
    const char *root, const char *path, const struct stat *old, struct weir_err *err)
{
    if (!is_safe_path(path)) {
        weir_err_set(err, WEIR_E_CONFIG, "\"%.160s\" is no path that stays in its folder", path);
        return NULL;
    }
    return file_new(root, path, path, old, err);
}

int weir_file_new_fd(const struct weir_file_new *f)
{
    return f->fd;
}

/* A folder is synced by opening it for reading; one that only lets us pass, or a file system that
 * has no such thing, is no reason to fail. */
static int sync_folder(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd == -1) {
        return errno == EACCES ? 0 : errno;
    }
    if (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP) {
        rc = errno;
    }
    close(fd);
    return rc;
}

/* Walk from dir to the folder of name, making what is missing. Returns that folder, or -1 with
 * errno set; *base receives the last part of name. */
static int walk(int dir, char *name, const char **base)
{
    int at = openat(dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    for (char *slash; at != -1 && (slash = strchr(name, '/')) != NULL; name = slash + 1) {
        *slash = '\0';
        int made = mkdirat(at, name, 0777), e = errno, next = -1;
        if (made == 0) {
            (void)sync_folder(at); /* an entry of at's */
        }
        if (made == 0 || e == EEXIST) {
            next = openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
            e = errno;
        }
        *slash = '/';
        close(at);
        at = next;
        errno = e;
    }
    *base = name;
    return at;
}

int weir_file_new_sync(struct weir_file_new *f, struct weir_err *err)
{
    return fsync(f->fd) == 0 ? 0 : fail(f, WEIR_E_IO, errno, err);
}

int weir_file_new_publish(struct weir_file_new *f, struct weir_err *err)
{
    const char *base = NULL;
    int at = -1, rc = -1, e;

    if (weir_file_new_sync(f, err) != 0) {
        return -1;
    }
    at = walk(f->dir, f->name, &base);
    if (at == -1 || renameat(f->dir, f->hidden, at, base) != 0) {
        fail(f, WEIR_E_IO, errno, err);
        goto out;
    }
    f->there = false; /* it has its name now */
    e = sync_folder(at);
    if (e != 0) {
        fail(f, WEIR_E_IO, e, err);
        goto out;
    }
    rc = 0;
out:
    if (at != -1) {
        close(at);
    }
    return rc;
}

void weir_file_new_free(struct weir_file_new *f)
{
    if (f == NULL) {
        return;
    }
    if (f->there) {
        (void)unlinkat(f->dir, f->hidden, 0);
    }
    if (f->fd != -1) {
        close(f->fd);
    }
    if (f->dir != -1) {
        close(f->dir);
    }
    free(f->name);
    free(f->path);
    free(f);
}
