/*
 * A file in the making. The hidden file's folder is held open, so that neither a change of the
 * working folder nor a rename of that folder makes the final rename go elsewhere. Below a root, the
 * way to the final folder is gone at the end, from that root on, whatever was there in between.
 */
#include "core/limits.h"
#include "core/reason.h"
#include "net/beneath.h"
#include "net/file.h"
#include "net/file_priv.h"

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
    int root;        /* nothing may lead out of it; -1: the final folder is dir */
    bool there;      /* the hidden file exists */
    char hidden[32]; /* its name in dir */
    char *name;      /* the final one: in dir, or from root on, with its folders */
    char *path;      /* for messages */
};

static int fail(const struct weir_file_new *f, enum weir_code code, int e, struct weir_err *err)
{
    return weir_err_detail(err, code, e, "%.180s: %s", f->path, weir_reason(e));
}

/* old: what it replaces, whose mode it gets; not its setuid and setgid: these were for what was in
 * it. Until then nobody else opens it, who might not open the old one. */
static int create_hidden(struct weir_file_new *f, const struct stat *old, struct weir_err *err)
{
    const mode_t mode = old != NULL ? 0600 : 0666;

    for (int tries = 0; tries < 8; tries++) {
        uint64_t random;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
            continue; /* interrupted */
        }
        snprintf(f->hidden, sizeof f->hidden, WEIR_FILE_HIDDEN "%016" PRIx64, random);
        f->fd = openat(f->dir, f->hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
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
    if (old != NULL && fchmod(f->fd, old->st_mode & 0777) != 0) {
        return fail(f, WEIR_E_IO, errno, err);
    }
    return 0;
}

/* Takes dir and root, also when it fails. */
static struct weir_file_new *file_new(int dir, int root, const char *name, const char *path,
    const struct stat *old, struct weir_err *err)
{
    struct weir_file_new *f = calloc(1, sizeof *f);

    if (f == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
        (void)close(dir);
        if (root != -1) {
            (void)close(root);
        }
        return NULL;
    }
    f->fd = -1;
    f->dir = dir;
    f->root = root;
    f->name = strdup(name);
    f->path = strdup(path);
    if (f->name == NULL || f->path == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
        goto fail;
    }
    if (old != NULL && faccessat(root != -1 ? root : dir, name, W_OK, AT_EACCESS) != 0) {
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

static struct weir_file_new *no_folder(const char *path, struct weir_err *err)
{
    int e = errno;

    weir_err_detail(err, weir_file_open_code(e), e, "%.180s: %s", path, weir_reason(e));
    return NULL;
}

/* In a folder by its path. */
static struct weir_file_new *file_in(const char *folder, const char *name, const char *path,
    const struct stat *old, struct weir_err *err)
{
    int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

    return dir != -1 ? file_new(dir, -1, name, path, old, err) : no_folder(path, err);
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
        f = file_in(".", name, path, old, err);
    } else {
        *slash = '\0';
        f = file_in(slash == real ? "/" : real, name, path, old, err);
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
    int root, const char *folder, const char *path, struct weir_err *err)
{
    struct weir_file_new *f = NULL;
    struct stat old;
    char *name = NULL;

    if (!is_safe_path(path)) {
        weir_err_set(err, WEIR_E_CONFIG, "\"%.160s\" is no path that stays in its folder", path);
        return NULL;
    }
    if (asprintf(&name, "%s/%s", folder, path) < 0) {
        weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
        return NULL;
    }
    int there = weir_open_beneath(root, name, O_PATH);
    const bool replaces = there != -1 && fstat(there, &old) == 0;
    if (there != -1) {
        (void)close(there);
    }
    int dir = weir_open_beneath(root, folder, O_PATH | O_DIRECTORY);
    int own = dir != -1 ? fcntl(root, F_DUPFD_CLOEXEC, 0) : -1;
    if (own != -1) {
        f = file_new(dir, own, name, path, replaces ? &old : NULL, err);
    } else {
        (void)no_folder(path, err);
        if (dir != -1) {
            (void)close(dir);
        }
    }
    free(name);
    return f;
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

/* Make a folder below root that is not there; at is the one around it. 0, or -1 with errno set. */
static int make_folder(int at, const char *name)
{
    if (mkdirat(at, name, 0777) == 0) {
        (void)sync_folder(at); /* an entry of at's */
        return 0;
    }
    return errno == EEXIST ? 0 : -1; /* somebody else was faster */
}

/* The folder of name, a path below root; what is missing of it is made. Returns it, or -1 with
 * errno set; *base receives the last part of name. */
static int walk(int root, char *name, const char **base)
{
    int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    *base = name;
    for (char *slash; at != -1 && (slash = strchr(*base, '/')) != NULL; *base = slash + 1) {
        *slash = '\0';
        int next = weir_open_beneath(root, name, O_PATH | O_DIRECTORY);
        if (next == -1 && errno == ENOENT && make_folder(at, *base) == 0) {
            next = weir_open_beneath(root, name, O_PATH | O_DIRECTORY);
        }
        int e = errno;
        *slash = '/';
        close(at);
        at = next;
        errno = e;
    }
    return at;
}

static int final_folder(struct weir_file_new *f, const char **base, struct weir_err *err)
{
    *base = f->name;
    int at = f->root != -1 ? walk(f->root, f->name, base)
                           : openat(f->dir, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (at == -1 && f->root != -1 && (errno == EXDEV || errno == ELOOP)) {
        return weir_err_detail(
            err, WEIR_E_IO, errno, "%.160s: a symbolic link leads out of its folder", f->path);
    }
    return at != -1 ? at : fail(f, WEIR_E_IO, errno, err);
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
    at = final_folder(f, &base, err);
    if (at == -1) {
        goto out;
    }
    if (renameat(f->dir, f->hidden, at, base) != 0) {
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
    close(f->dir);
    if (f->root != -1) {
        close(f->root);
    }
    free(f->name);
    free(f->path);
    free(f);
}
