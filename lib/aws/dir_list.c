#include "aws/dir_list.h"

#include "core/buf.h"
#include "core/limits.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <uv.h>

#define TEMPORARY ".weir-" /* net/file.h's hidden files */

/* One part of a key from a file's name: the other way round of weir_dir_key. */
static int part_of(struct weir_buf *to, const char *name, size_t n, struct weir_err *err)
{
    if (n == 1 && name[0] == '%') {
        return 0; /* the empty part */
    }
    if (strncmp(name, "%2E", n) == 0 && n == 3) {
        return weir_buf_adds(to, ".", err);
    }
    if (strncmp(name, "%2E%2E", n) == 0 && n == 6) {
        return weir_buf_adds(to, "..", err);
    }
    if (n >= 3 && strncmp(name, "%25", 3) == 0) {
        return weir_buf_adds(to, "%", err) != 0 ? -1 : weir_buf_add(to, name + 3, n - 3, err);
    }
    return weir_buf_add(to, name, n, err);
}

/* The key of a path below the bucket's folder, as text. */
static const char *key_of(struct weir_buf *to, const char *path, struct weir_err *err)
{
    to->len = 0;
    for (;;) {
        size_t n = strcspn(path, "/");
        if (part_of(to, path, n, err) != 0) {
            return NULL;
        }
        if (path[n] == '\0') {
            return weir_buf_text(to, err);
        }
        if (weir_buf_adds(to, "/", err) != 0) {
            return NULL;
        }
        path += n + 1;
    }
}

static int add_file(const FTSENT *e, size_t root_len, const char *prefix, struct weir_buf *key,
    struct weir_listing *ret, struct weir_err *err)
{
    if (strncmp(e->fts_name, TEMPORARY, sizeof TEMPORARY - 1) == 0) {
        return 0;
    }
    const char *text = key_of(key, e->fts_path + root_len + 1, err);
    if (text == NULL) {
        return -1;
    }
    if (strncmp(text, prefix, strlen(prefix)) != 0) {
        return 0;
    }
    const struct weir_listed item = {.key = (char *)key->p,
        .size_bytes = e->fts_statp->st_size,
        .mtime_s = e->fts_statp->st_mtime};
    return weir_listing_add(ret, &item, err);
}

int weir_dir_list(const char *dir, const char *bucket, const char *prefix, struct weir_listing *ret,
    struct weir_err *err)
{
    struct weir_buf root, key;
    struct stat st;
    FTS *fts = NULL;
    int rc = -1;

    weir_buf_init(&root, WEIR_S3_URL_MAX_BYTES);
    weir_buf_init(&key, WEIR_S3_URL_MAX_BYTES);
    if (weir_buf_addf(&root, err, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, bucket) != 0 ||
        weir_buf_text(&root, err) == NULL) {
        goto out;
    }
    if (stat((const char *)root.p, &st) != 0 || !S_ISDIR(st.st_mode)) {
        weir_err_detail(err, WEIR_E_REMOTE, 404, "store: s3://%.63s: 404 NoSuchBucket", bucket);
        goto out;
    }
    fts = fts_open((char *const[]){(char *)root.p, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (fts == NULL) {
        weir_err_detail(err, WEIR_E_IO, errno, "store: %s", uv_strerror(-errno));
        goto out;
    }
    for (FTSENT *e; (errno = 0, e = fts_read(fts)) != NULL;) {
        if (e->fts_info == FTS_F && add_file(e, root.len, prefix, &key, ret, err) != 0) {
            goto out;
        }
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
            weir_err_detail(err, WEIR_E_IO, e->fts_errno, "store: s3://%.63s: a folder in it: %s",
                bucket, uv_strerror(-e->fts_errno));
            goto out;
        }
    }
    rc = errno == 0 ? 0 : weir_err_detail(err, WEIR_E_IO, errno, "store: %s", uv_strerror(-errno));
out:
    if (fts != NULL) {
        (void)fts_close(fts);
    }
    weir_buf_fini(&root);
    weir_buf_fini(&key);
    return rc;
}
