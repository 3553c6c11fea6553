#include "aws/dir_store.h"

#include "aws/config.h"
#include "core/limits.h"
#include "core/reason.h"
#include "core/str.h"
#include "net/beneath.h"
#include "net/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static int add_part(struct weir_buf *to, const char *part, size_t n, struct weir_err *err)
{
    size_t start = to->len;
    int rc;

    if (n == 0) {
        rc = weir_buf_adds(to, "%", err);
    } else if (n <= 2 && strncmp(part, "..", n) == 0) {
        rc = weir_buf_adds(to, n == 1 ? "%2E" : "%2E%2E", err);
    } else if (part[0] == '%') {
        rc = weir_buf_adds(to, "%25", err) != 0 || weir_buf_add(to, part + 1, n - 1, err) != 0 ? -1
                                                                                               : 0;
    } else {
        rc = weir_buf_add(to, part, n, err);
    }
    if (rc == 0 && to->len - start > NAME_MAX) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "store: a part of the key has %zu bytes; a file's name may have %d", to->len - start,
            NAME_MAX);
    }
    return rc;
}

int weir_dir_key(struct weir_buf *to, const char *key, struct weir_err *err)
{
    for (;;) {
        size_t n = strcspn(key, "/");
        if (add_part(to, key, n, err) != 0) {
            return -1;
        }
        if (key[n] == '\0') {
            return 0;
        }
        if (weir_buf_adds(to, "/", err) != 0) {
            return -1;
        }
        key += n + 1;
    }
}

/* Append the part of a key that n bytes of a path stand for. */
static int add_unpart(struct weir_buf *to, struct weir_str part, struct weir_err *err)
{
    static const struct {
        const char *path, *key;
    } names[] = {{"%", ""}, {"%2E", "."}, {"%2E%2E", ".."}};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (weir_str_eq(part, weir_str_of(names[i].path))) {
            return weir_buf_adds(to, names[i].key, err);
        }
    }
    if (part.len >= 3 && memcmp(part.p, "%25", 3) == 0) {
        return weir_buf_adds(to, "%", err) != 0 ||
                       weir_buf_add(to, part.p + 3, part.len - 3, err) != 0
                   ? -1
                   : 0;
    }
    if (part.len == 0 || part.p[0] == '%' || weir_str_eq(part, WEIR_STR(".")) ||
        weir_str_eq(part, WEIR_STR(".."))) {
        return weir_err_set(err, WEIR_E_DATA, "store: a path that no key has");
    }
    return weir_buf_add(to, part.p, part.len, err);
}

int weir_dir_unkey(struct weir_buf *to, const char *path, struct weir_err *err)
{
    const size_t start = to->len;

    for (;; path++) {
        size_t n = strcspn(path, "/");
        if (add_unpart(to, (struct weir_str){path, n}, err) != 0) {
            return -1;
        }
        path += n;
        if (*path == '\0') {
            break;
        }
        if (weir_buf_adds(to, "/", err) != 0) {
            return -1;
        }
    }
    if (weir_buf_text(to, err) == NULL) {
        return -1;
    }
    if (weir_s3_key_check((const char *)to->p + start, NULL) != 0) {
        return weir_err_set(err, WEIR_E_DATA, "store: a path that no key has");
    }
    return 0;
}

struct place {
    int root;
    char name[WEIR_S3_NAME_BYTES];
    struct weir_buf path; /* as text: bucket/key, encoded */
};

static int refuse(const struct place *at, int e, struct weir_err *err)
{
    switch (e) {
    case ENOENT:
        return weir_err_detail(err, WEIR_E_REMOTE, 404, "store: %s: 404 NoSuchKey", at->name);
    case EACCES:
        return weir_err_detail(err, WEIR_E_REMOTE, 403, "store: %s: 403 AccessDenied", at->name);
    case EXDEV:
    case ELOOP:
        return weir_err_detail(err, WEIR_E_REMOTE, 403,
            "store: %s: 403 AccessDenied: a symbolic link leads out of the store", at->name);
    default:
        return weir_err_detail(err, WEIR_E_IO, e, "store: %s: %s", at->name, weir_reason(e));
    }
}

static void place_fini(struct place *at)
{
    if (at->root != -1) {
        close(at->root);
    }
    weir_buf_fini(&at->path);
}

/* Check the names, and that the store and the bucket are there. place_fini in either case. */
static int place_init(
    struct place *at, const char *dir, const char *bucket, const char *key, struct weir_err *err)
{
    *at = (struct place){.root = -1};
    weir_buf_init(&at->path, WEIR_S3_URL_MAX_BYTES);
    if (weir_s3_bucket_check(bucket, err) != 0 || weir_s3_key_check(key, err) != 0) {
        return -1;
    }
    weir_s3_name(at->name, bucket, key);
    if (weir_buf_addf(&at->path, err, "%s/", bucket) != 0 ||
        weir_dir_key(&at->path, key, err) != 0 || weir_buf_text(&at->path, err) == NULL) {
        return -1;
    }
    at->root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at->root == -1) {
        return weir_err_detail(
            err, WEIR_E_CONFIG, errno, "store: the folder %.160s: %s", dir, weir_reason(errno));
    }
    int fd = weir_open_beneath(at->root, bucket, O_PATH);
    struct stat st;
    if ((fd == -1 && errno == ENOENT) ||
        (fd != -1 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))) {
        weir_err_detail(err, WEIR_E_REMOTE, 404, "store: %s: 404 NoSuchBucket", at->name);
    } else if (fd == -1) {
        refuse(at, errno, err);
    }
    if (fd != -1) {
        close(fd);
    }
    return err->code == WEIR_OK ? 0 : -1;
}

/* Below the bucket: what weir_dir_key made of the key. */
static const char *key_path(const struct place *at)
{
    return strchr((const char *)at->path.p, '/') + 1;
}

/* The object's file, open for reading; -1 with *err set. */
static int open_file(const struct place *at, struct weir_err *err)
{
    struct stat st;
    /* O_NONBLOCK: what is there may turn out to be a fifo. */
    int fd =
        weir_open_beneath(at->root, (const char *)at->path.p, O_RDONLY | O_NONBLOCK | O_NOCTTY);

    if (fd == -1) { /* a file where the key has a folder: there is no such key */
        return refuse(at, errno == ENOTDIR ? ENOENT : errno, err);
    }
    int rc = fstat(fd, &st) != 0   ? errno
             : S_ISREG(st.st_mode) ? 0
             : S_ISDIR(st.st_mode) ? ENOENT /* other keys begin so, but none is it */
                                   : EINVAL;
    if (rc != 0) {
        close(fd);
        return refuse(at, rc, err);
    }
    return fd;
}

int weir_dir_attribute(const char *dir, const struct weir_object *object, const char *name,
    char *value, size_t size, struct weir_err *err)
{
    char attribute[64];
    struct weir_err e = {0};
    struct place at;
    int fd = -1, rc = -1;

    *value = '\0';
    if (place_init(&at, dir, object->bucket, object->key, &e) != 0 ||
        (fd = open_file(&at, &e)) == -1) {
        goto out;
    }
    (void)snprintf(attribute, sizeof attribute, "user.%s", name);
    const ssize_t n = fgetxattr(fd, attribute, value, size - 1);
    if (n == -1 && errno == ERANGE) {
        weir_err_set(
            &e, WEIR_E_DATA, "store: %s: the attribute %s is too long", at.name, attribute);
        goto out;
    }
    if (n == -1 && errno != ENODATA && errno != ENOTSUP) { /* what it says is not known */
        refuse(&at, errno, &e);
        goto out;
    }
    value[n > 0 ? n : 0] = '\0';
    rc = 0;
out:
    if (rc != 0) {
        (void)weir_err_keep(err, &e);
    }
    if (fd != -1) {
        close(fd);
    }
    place_fini(&at);
    return rc;
}

int weir_dir_source_new(struct weir_loop *loop, const char *dir, const struct weir_object *object,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err)
{
    struct weir_err e = {0};
    struct place at;
    int fd = -1, rc = -1;

    if (place_init(&at, dir, object->bucket, object->key, &e) == 0) {
        fd = open_file(&at, &e);
    }
    if (fd != -1) {
        rc = weir_file_source_of(loop, fd, at.name, info, ret, &e);
    }
    if (rc != 0) {
        (void)weir_err_keep(err, &e);
    }
    place_fini(&at);
    return rc;
}

/* The file, or the nearest folder above it that exists, must be where it seems to be. */
static int check_writable(const struct place *at, struct weir_err *err)
{
    char *path = strdup((const char *)at->path.p), *slash;
    struct stat st;
    int rc, fd;

    if (path == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "store: out of memory");
    }
    while ((fd = weir_open_beneath(at->root, path, O_PATH)) == -1 && errno == ENOENT &&
           (slash = strrchr(path, '/')) != NULL) {
        *slash = '\0';
    }
    rc = fd == -1 ? errno : fstat(fd, &st) != 0 ? errno : 0;
    if (rc == 0) {
        bool is_file = strcmp(path, (const char *)at->path.p) == 0;
        rc = is_file && S_ISDIR(st.st_mode)     ? EISDIR
             : is_file && !S_ISREG(st.st_mode)  ? EINVAL
             : !is_file && !S_ISDIR(st.st_mode) ? ENOTDIR
                                                : 0;
    }
    if (fd != -1) {
        close(fd);
    }
    free(path);
    return rc == 0 ? 0 : refuse(at, rc, err);
}

int weir_dir_sink_new(struct weir_loop *loop, const char *dir, const char *bucket, const char *key,
    struct weir_stage *ret, struct weir_err *err)
{
    struct weir_err e = {0};
    struct place at;
    int rc = -1;

    if (place_init(&at, dir, bucket, key, &e) == 0 && check_writable(&at, &e) == 0) {
        rc = weir_file_sink_below(loop, at.root, bucket, key_path(&at), ret, &e);
        if (rc != 0 && e.detail == EACCES) {
            e = (struct weir_err){0};
            refuse(&at, EACCES, &e);
        }
    }
    if (rc != 0) {
        (void)weir_err_keep(err, &e);
    }
    place_fini(&at);
    return rc;
}
