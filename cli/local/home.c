#include "cli/local/home.h"

#include "cli/local/uploads.h"
#include "core/hex.h"
#include "core/reason.h"
#include "net/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *path, int e, struct weir_err *err)
{
    bool ours = e == EACCES || e == ENOTDIR || e == EROFS || e == ENAMETOOLONG || e == ELOOP;

    return weir_err_detail(
        err, ours ? WEIR_E_CONFIG : WEIR_E_IO, e, "%.160s: %s", path, weir_reason(e));
}

static int make_folder(const char *path, mode_t mode, struct weir_err *err)
{
    return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : fail(path, errno, err);
}

/* The secret and the queue are in it. Somebody else's would know the one, and have us write through
 * links of his. */
static int make_private(const char *path, struct weir_err *err)
{
    struct stat st;

    if (make_folder(path, 0700, err) != 0) {
        return -1;
    }
    if (lstat(path, &st) != 0) {
        return fail(path, errno, err);
    }
    return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 022) == 0
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG,
                     "%.160s: must be a folder of your own that nobody else may write to", path);
}

/* The path goes into a URL as it is. What is not there yet will lie in the folder above it. */
static int check_root(const char *root, struct weir_err *err)
{
    static const char bad[] = "%?#";
    char above[PATH_MAX], real[PATH_MAX];

    (void)snprintf(above, sizeof above, "%s", root);
    bool there = realpath(root, real) != NULL;
    bool known = there || realpath(dirname(above), real) != NULL;
    return (there || strpbrk(root, bad) == NULL) && (!known || strpbrk(real, bad) == NULL)
               ? 0
               : weir_err_set(
                     err, WEIR_E_CONFIG, "%.160s: no %%, ? or # in the folder's path", root);
}

static int make_root(struct weir_home *h, const char *root, struct weir_err *err)
{
    char path[PATH_MAX + 32];

    if (make_folder(root, 0777, err) != 0) {
        return -1;
    }
    if (realpath(root, h->root) == NULL) {
        return fail(root, errno, err);
    }
    (void)snprintf(path, sizeof path, "%s/.weir", h->root);
    return make_private(path, err);
}

static int make_bucket(
    const struct weir_home *h, const char *bucket, const char *prefix, struct weir_err *err)
{
    char path[PATH_MAX + 512];

    (void)snprintf(path, sizeof path, "%s/%s", h->root, bucket);
    if (make_folder(path, 0777, err) != 0) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/%s/%s", h->root, bucket, prefix);
    return make_folder(path, 0777, err);
}

static int take_lock(struct weir_home *h, struct weir_err *err)
{
    char path[PATH_MAX + 32];

    (void)snprintf(path, sizeof path, "%s/.weir/lock", h->root);
    h->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (h->lock_fd == -1) {
        return fail(path, errno, err);
    }
    h->open = true;
    if (flock(h->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? weir_err_set(err, WEIR_E_CONFIG,
                                          "%.160s: another weir local runs there", h->root)
                                    : fail(path, errno, err);
    }
    return 0;
}

/* The secret lives as long as the folder, so that forms survive a restart. */
static int read_key(struct weir_home *h, struct weir_err *err)
{
    uint8_t random[(WEIR_HOME_SECRET_BYTES - 1) / 2];
    char path[PATH_MAX + 32];
    int fd, rc = 0;

    (void)snprintf(path, sizeof path, "%s/.weir/key", h->root);
    fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd == -1) {
        return fail(path, errno, err);
    }
    ssize_t n = read(fd, h->secret, sizeof h->secret - 1);
    if (n != (ssize_t)sizeof h->secret - 1) {
        /* New, or a kill came between: nothing was signed with it. */
        if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
            rc = fail(path, errno, err);
        } else {
            weir_hex(random, sizeof random, h->secret);
            if (pwrite(fd, h->secret, sizeof h->secret - 1, 0) != (ssize_t)sizeof h->secret - 1 ||
                fsync(fd) != 0) {
                rc = fail(path, errno, err);
            }
        }
    }
    (void)close(fd);
    h->key = (struct weir_sigv4_key){
        .access_key = "WEIRLOCAL", .secret_key = h->secret, .region = "us-east-1", .service = "s3"};
    return rc;
}

/* Hidden files in the bucket that nobody writes to: uploads and outputs that a kill cut off. */
static void sweep(const struct weir_home *h, const char *bucket)
{
    char path[PATH_MAX + 512];
    struct dirent *e;
    DIR *dir;

    (void)snprintf(path, sizeof path, "%s/%s", h->root, bucket);
    dir = opendir(path);
    while (dir != NULL && (e = readdir(dir)) != NULL) {
        char file[sizeof path + NAME_MAX + 2];

        if (strncmp(e->d_name, WEIR_FILE_HIDDEN, strlen(WEIR_FILE_HIDDEN)) != 0) {
            continue;
        }
        (void)snprintf(file, sizeof file, "%s/%s", path, e->d_name);
        if (weir_uploads_writers(file) == WEIR_WRITERS_NONE) {
            (void)unlink(file);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
}

int weir_home_open(struct weir_home *home, const char *root, const char *bucket, const char *prefix,
    struct weir_err *err)
{
    struct weir_home *h = home;

    *h = (struct weir_home){.lock_fd = -1};
    if (check_root(root, err) != 0 || make_root(h, root, err) != 0 ||
        (bucket != NULL && make_bucket(h, bucket, prefix, err) != 0) || take_lock(h, err) != 0 ||
        read_key(h, err) != 0) {
        weir_home_close(h);
        return -1;
    }
    (void)snprintf(h->queue, sizeof h->queue, "%s/.weir/queue", h->root);
    (void)snprintf(h->results, sizeof h->results, "%s/.weir/results.json", h->root);
    (void)snprintf(h->endpoint, sizeof h->endpoint, "AWS_ENDPOINT_URL_S3=file://%s", h->root);
    if (bucket != NULL) {
        sweep(h, bucket);
    }
    return 0;
}

void weir_home_close(struct weir_home *home)
{
    if (home->open) {
        (void)close(home->lock_fd); /* and with it the lock */
        home->open = false;
    }
    explicit_bzero(home->secret, sizeof home->secret);
}
