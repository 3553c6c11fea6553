#include "aws/dir_list.h"

#include "aws/dir_store.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/reason.h"
#include "net/file.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

static int add_file(const FTSENT *e, size_t root_len, const char *prefix, struct weir_buf *key,
    struct weir_listing *ret, struct weir_err *err)
{
    struct weir_err why = {0};

    if (strncmp(e->fts_name, WEIR_FILE_HIDDEN, strlen(WEIR_FILE_HIDDEN)) == 0) {
        return 0;
    }
    key->len = 0;
    if (weir_dir_unkey(key, e->fts_path + root_len + 1, &why) != 0) {
        if (why.code == WEIR_E_DATA) {
            return 0; /* a path that no key has */
        }
        return weir_err_keep(err, &why);
    }
    const char *text = weir_buf_text(key, err);
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

int weir_dir_list(const char *dir, const char *bucket, const char *prefix, int64_t deadline_mono_ms,
    struct weir_listing *ret, struct weir_err *err)
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
        weir_err_detail(err, WEIR_E_IO, errno, "store: %s", weir_reason(errno));
        goto out;
    }
    for (FTSENT *e; (errno = 0, e = fts_read(fts)) != NULL;) {
        if (e->fts_info == FTS_F && add_file(e, root.len, prefix, &key, ret, err) != 0) {
            goto out;
        }
        if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
            weir_err_detail(err, WEIR_E_IO, e->fts_errno, "store: s3://%.63s: a folder in it: %s",
                bucket, weir_reason(e->fts_errno));
            goto out;
        }
        if (weir_clock_mono_ms() >= deadline_mono_ms) {
            weir_err_set(
                err, WEIR_E_DEADLINE, "store: s3://%.63s: the deadline has passed", bucket);
            goto out;
        }
    }
    rc = errno == 0 ? 0 : weir_err_detail(err, WEIR_E_IO, errno, "store: %s", weir_reason(errno));
out:
    if (fts != NULL) {
        (void)fts_close(fts);
    }
    weir_buf_fini(&root);
    weir_buf_fini(&key);
    return rc;
}
