#ifndef WEIR_AWS_DIR_STORE_H
#define WEIR_AWS_DIR_STORE_H

#include "aws/object.h"
#include "core/buf.h"
#include "core/err.h"
#include "net/loop.h"
#include "stream/source.h"
#include "stream/stage.h"

/*
 * A folder as a store of objects: the embedded default, so that everything runs on a machine
 * without a server. A bucket is a folder in it, which must exist; a key is a path below that, and
 * a/b.csv is the plain file a/b.csv. An object is replaced by a rename, so a reader sees the old
 * one or the new one.
 *
 * It has no ETags and no versions: those that are named are not checked. Content type and encoding
 * are not kept. The keys "a" and "a/b" cannot exist side by side.
 *
 * Errors are S3's, as far as somebody acts on them: WEIR_E_REMOTE with detail 404 (NoSuchBucket,
 * NoSuchKey), 403 (no permission, or a symbolic link that leads out of the folder; links inside of
 * it are followed). Who may write to the store does not get out of it with our rights: all is
 * opened below its folder by the kernel (net/beneath.h), also at the end, when an object gets its
 * name; a link that was put there meanwhile is WEIR_E_IO.
 */

/**
 * weir_dir_key: the path of a key below its bucket's folder, appended to to.
 *
 * Each part between slashes is a file's name. The empty one is "%", "." is "%2E", ".." is "%2E%2E";
 * of a part that begins with '%' this '%' is "%25", so that no two keys have the same path. All
 * else stays as it is.
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG (a part of more than 255 bytes, which no file's
 * name may have), WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_dir_key(struct weir_buf *to, const char *key, struct weir_err *err);

/**
 * weir_dir_unkey: the other way round: the key that has this path below its bucket's folder.
 *
 * Returns 0 with the key appended, or -1 with *err set: WEIR_E_DATA (a path that no key has: a part
 * that begins with '%' and is none of the above, a key that is too long or not UTF-8),
 * WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_dir_unkey(struct weir_buf *to, const char *path, struct weir_err *err);

/** weir_dir_source_new: as weir_s3_source_new; a missing object is an error at once. dir is the
 *  store's folder; nothing is borrowed but info. */
int weir_dir_source_new(struct weir_loop *loop, const char *dir, const struct weir_object *object,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err);

/** weir_dir_attribute: what an object's file has as the attribute user.NAME, as text; "": none, or
 *  a file system without such. Returns 0, or -1 with *err set: as weir_dir_source_new, WEIR_E_DATA
 *  (longer than size allows), WEIR_E_IO (it cannot be read). */
int weir_dir_attribute(const char *dir, const struct weir_object *object, const char *name,
    char *value, size_t size, struct weir_err *err);

/** weir_dir_sink_new: as weir_s3_sink_new: a hidden temporary file in the bucket's folder, synced
 *  and renamed at the end. Nothing is borrowed. */
int weir_dir_sink_new(struct weir_loop *loop, const char *dir, const char *bucket, const char *key,
    struct weir_stage *ret, struct weir_err *err);

#endif
