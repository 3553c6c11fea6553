#ifndef WEIR_CODEC_ZIP_H
#define WEIR_CODEC_ZIP_H

#include "core/err.h"
#include "stream/stage.h"
#include "stream/workers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * ZIP out (APPNOTE.TXT 6.3.10), for a sink that cannot seek: each entry is deflated, its sizes
 * follow it in a data descriptor, and the central directory at the end has them all.
 *
 * The archive is a job and a stage. The stage gets the plain bytes of all entries in a row; where
 * the next one begins, its source says with weir_zip_begin, before it hands on any byte of it.
 *
 * No encoding of a descriptor suits every reader when the size is not known before. Here it has 32
 * bits for entries up to 4 GiB - 1, which Java's stream reader needs, and 64 bits beyond. With
 * zip64_always every entry has the ZIP64 extra field in front and a descriptor of 64 bits, which is
 * what bsdtar needs to read more than 4 GiB from a pipe, and what Java before 23 does not read when
 * an entry is small. Readers that go by the central directory read both.
 */
struct weir_zip;

struct weir_zip_entry {
    const char *name; /* see weir_zip_name_check; copied */
    int64_t mtime_s;  /* Unix seconds; the DOS time is UTC */
    uint32_t mode;    /* permission bits; 0 means 0644 */
};

/* An entry that is complete. */
struct weir_zip_done {
    const char *name; /* the archive's, while the callback runs */
    uint64_t bytes, compressed;
    uint32_t crc32;
};

struct weir_zip_opts {
    int level; /* 0..9 as weir_deflate_new */
    bool zip64_always;
    struct weir_workers *workers; /* who deflates; NULL: inline. The bytes are the same */
    /* Each entry, in order, when its last byte is written. May be NULL. Returns 0, or -1 with *err
     * set, and the stage fails with it. */
    int (*on_entry)(void *ctx, const struct weir_zip_done *done, struct weir_err *err);
    void *ctx;
};

/**
 * weir_zip_new: an archive without entries.
 *
 * opts  copied; what it points to outlives the archive
 *
 * Returns it (weir_zip_free), or NULL with *err set: WEIR_E_NOMEM.
 */
struct weir_zip *weir_zip_new(const struct weir_zip_opts *opts, struct weir_err *err);

/** weir_zip_free: after its stage. Accepts NULL. */
void weir_zip_free(struct weir_zip *zip);

/**
 * weir_zip_begin: the next entry, and with it the end of the one before.
 *
 * at  how many plain bytes all the entries before it have
 *
 * Any number of entries may begin before their bytes reach the stage. That names differ is for the
 * caller to see to. Returns 0, or -1 with *err set: WEIR_E_CONFIG (name), WEIR_E_LIMIT (entries,
 * names), WEIR_E_NOMEM.
 */
int weir_zip_begin(
    struct weir_zip *zip, uint64_t at, const struct weir_zip_entry *entry, struct weir_err *err);

/** weir_zip_stage: the stage, plain bytes in, archive out; one per archive, which outlives it.
 *  Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG (level), WEIR_E_NOMEM. */
int weir_zip_stage(struct weir_zip *zip, struct weir_stage *ret, struct weir_err *err);

/**
 * weir_zip_name_check: whether a name may stand in an archive that strangers unpack: UTF-8 of 1 to
 * WEIR_ZIP_NAME_MAX_BYTES bytes, relative, parts between single slashes, none of them "." or "..",
 * no backslash (a separator, for some), no control characters, no slash at its end (a folder).
 *
 * Returns 0, or -1 with *err set to WEIR_E_CONFIG.
 */
int weir_zip_name_check(const char *name, struct weir_err *err);

#endif
