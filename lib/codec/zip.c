/*
 * A job for stream/blocks.h. split cuts the row of plain bytes where an entry ends and every
 * WEIR_ZIP_BLOCK_BYTES, counted from the entry's first byte, so that the cuts (and with them the
 * archive) depend on nothing else; work deflates a block; merge, in order, puts before a block what
 * ends the entry before it and begins its own. What is kept of an entry to the end is a struct
 * entry and its name.
 */
#include "codec/zip.h"

#include "codec/deflate.h"
#include "codec/zip_format.h"
#include "core/buf.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "stream/blocks.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t start;  /* its first byte, in the row of plain bytes */
    uint64_t offset; /* its local header, in the archive */
    uint64_t compressed;
    struct weir_gzip_frame plain;
    int64_t mtime_s;
    size_t name; /* where, in names */
    uint32_t mode;
    uint16_t name_len;
};

struct weir_zip {
    struct weir_zip_opts opts;
    struct weir_buf entries; /* of struct entry */
    struct weir_buf names;   /* one after the other, each with a NUL */
    size_t n;                /* entries begun */
    size_t cut_n;            /* of these, begun where split is */
    uint64_t cut_at;         /* plain bytes that are in blocks */
    size_t put_n;            /* of these, begun in the output */
    uint64_t put;            /* bytes of the archive that are out */
};

struct note {
    size_t entries; /* how many have begun before the block's bytes */
    struct weir_gzip_frame plain;
};

static struct entry *entry_at(const struct weir_zip *zip, size_t i)
{
    return (struct entry *)(void *)zip->entries.p + i;
}

/* ---- entries ---- */

int weir_zip_name_check(const char *name, struct weir_err *err)
{
    const size_t len = strlen(name);

    if (len == 0 || len > WEIR_ZIP_NAME_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_CONFIG, "zip: an entry's name of %zu bytes", len);
    }
    if (weir_utf8_check(name, len) != len) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "zip: %.160s: an entry's name that is not UTF-8", name);
    }
    if (((name[0] | 32) >= 'a' && (name[0] | 32) <= 'z') && name[1] == ':') {
        return weir_err_set(err, WEIR_E_CONFIG,
            "zip: %.160s: an entry's name must not begin with a drive, which leads out on Windows",
            name);
    }
    for (const char *p = name;;) {
        size_t n = strcspn(p, "/");
        if (n == 0 || (n <= 2 && strncmp(p, "..", n) == 0)) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "zip: %.160s: an entry's name is a relative path without empty, . or .. parts",
                name);
        }
        for (size_t i = 0; i < n; i++) {
            if ((unsigned char)p[i] < ' ' || p[i] == 0x7f || p[i] == '\\') {
                return weir_err_set(err, WEIR_E_CONFIG,
                    "zip: %.160s: control characters and backslashes are not for names", name);
            }
        }
        if (p[n] == '\0') {
            return 0;
        }
        p += n + 1;
    }
}

int weir_zip_begin(
    struct weir_zip *zip, uint64_t at, const struct weir_zip_entry *entry, struct weir_err *err)
{
    if (weir_zip_name_check(entry->name, err) != 0) {
        return -1;
    }
    struct entry e = {.start = at,
        .mtime_s = entry->mtime_s,
        .name = zip->names.len,
        .mode = entry->mode != 0 ? entry->mode : 0644,
        .name_len = (uint16_t)strlen(entry->name)};
    if (weir_buf_add(&zip->names, entry->name, e.name_len + (size_t)1, err) != 0 ||
        weir_buf_add(&zip->entries, &e, sizeof e, err) != 0) {
        weir_err_prefix(err, "zip: entry %zu", zip->n + 1);
        return -1;
    }
    zip->n++;
    return 0;
}

static struct weir_zip_record record_of(const struct weir_zip *zip, const struct entry *e)
{
    return (struct weir_zip_record){.name = (const char *)zip->names.p + e->name,
        .name_len = e->name_len,
        .mtime_s = e->mtime_s,
        .mode = e->mode,
        .crc = e->plain.crc,
        .bytes = e->plain.total,
        .compressed = e->compressed,
        .offset = e->offset,
        .zip64_always = zip->opts.zip64_always};
}

/* ---- the job ---- */

static int split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut)
{
    struct weir_zip *zip = job;
    struct note *note = block->note;
    uint64_t left = UINT64_MAX; /* of the entry, as far as that is known */

    (void)p;
    *cut = 0;
    while (zip->cut_n < zip->n && entry_at(zip, zip->cut_n)->start <= zip->cut_at) {
        zip->cut_n++;
    }
    if (zip->cut_n == 0 && len > 0) {
        return weir_err_set(&block->err, WEIR_E_BUG, "zip: bytes of no entry");
    }
    if (zip->cut_n < zip->n) {
        left = entry_at(zip, zip->cut_n)->start - zip->cut_at;
    }
    size_t n = len < left ? len : (size_t)left;
    n = n < WEIR_ZIP_BLOCK_BYTES ? n : WEIR_ZIP_BLOCK_BYTES;
    if (n < WEIR_ZIP_BLOCK_BYTES && n < left && !last) {
        return 0;
    }
    note->entries = zip->cut_n;
    zip->cut_at += n;
    *cut = n;
    return 0;
}

static void *worker_new(void *job, struct weir_err *err)
{
    struct weir_zip *zip = job;

    return weir_deflate_new(zip->opts.level, err);
}

static void worker_free(void *worker)
{
    weir_deflate_free(worker);
}

static int work(const void *job, void *worker, struct weir_block *block)
{
    struct note *note = block->note;

    (void)job;
    return weir_deflate_block(
        worker, block->in, block->in_len, &block->out, &note->plain, &block->err);
}

static int head(void *job, void *worker, struct weir_block *block)
{
    return work(job, worker, block);
}

/* The end of the entry that was begun last. */
static int end_entry(struct weir_zip *zip, struct weir_buf *to, struct weir_err *err)
{
    static const uint8_t last_block[] = {0x03, 0x00}; /* fixed codes, nothing but the end */
    struct entry *e = entry_at(zip, zip->put_n - 1);

    e->compressed += sizeof last_block;
    const struct weir_zip_record r = record_of(zip, e);
    if (weir_buf_add(to, last_block, sizeof last_block, err) != 0 ||
        weir_zip_put_descriptor(to, &r, err) != 0) {
        return -1;
    }
    const struct weir_zip_done done = {r.name, r.bytes, r.compressed, r.crc};
    return zip->opts.on_entry != NULL ? zip->opts.on_entry(zip->opts.ctx, &done, err) : 0;
}

/* Begin entries until so many have begun. */
static int begin_entries(
    struct weir_zip *zip, size_t entries, struct weir_buf *to, struct weir_err *err)
{
    while (zip->put_n < entries) {
        if (zip->put_n > 0 && end_entry(zip, to, err) != 0) {
            return -1;
        }
        struct entry *e = entry_at(zip, zip->put_n++);
        e->offset = zip->put + to->len;
        const struct weir_zip_record r = record_of(zip, e);
        if (weir_zip_put_local(to, &r, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int merge(void *job, struct weir_block *block)
{
    struct weir_zip *zip = job;
    const struct note *note = block->note;

    if (block->err.code != WEIR_OK ||
        begin_entries(zip, note->entries, &block->lead, &block->err) != 0) {
        return -1;
    }
    if (zip->put_n > 0) {
        struct entry *e = entry_at(zip, zip->put_n - 1);
        weir_gzip_frame_add(&e->plain, &note->plain);
        e->compressed += block->out.len;
    }
    zip->put += block->lead.len + block->out.len;
    return 0;
}

static int finish(void *job, struct weir_buf *out, struct weir_err *err)
{
    struct weir_zip *zip = job;

    if (begin_entries(zip, zip->n, out, err) != 0 ||
        (zip->n > 0 && end_entry(zip, out, err) != 0)) {
        return -1;
    }
    const size_t directory = out->len;
    for (size_t i = 0; i < zip->n; i++) {
        const struct weir_zip_record r = record_of(zip, entry_at(zip, i));
        if (weir_zip_put_central(out, &r, err) != 0) {
            return -1;
        }
    }
    return weir_zip_put_end(out, zip->n, zip->put + directory, out->len - directory, err);
}

static const struct weir_blocks_ops ops = {.name = "zip",
    .note_bytes = sizeof(struct note),
    .split = split,
    .worker_new = worker_new,
    .head = head,
    .work = work,
    .worker_free = worker_free,
    .merge = merge,
    .finish = finish};

struct weir_zip *weir_zip_new(const struct weir_zip_opts *opts, struct weir_err *err)
{
    struct weir_zip *zip = calloc(1, sizeof *zip);

    if (zip == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "zip: out of memory");
        return NULL;
    }
    zip->opts = *opts;
    weir_buf_init(&zip->entries, WEIR_ZIP_ENTRIES_MAX * sizeof(struct entry));
    weir_buf_init(&zip->names, WEIR_ZIP_NAMES_MAX_BYTES);
    return zip;
}

void weir_zip_free(struct weir_zip *zip)
{
    if (zip != NULL) {
        weir_buf_fini(&zip->entries);
        weir_buf_fini(&zip->names);
        free(zip);
    }
}

int weir_zip_stage(struct weir_zip *zip, struct weir_stage *ret, struct weir_err *err)
{
    return weir_blocks_new(&ops, zip, WEIR_ZIP_BLOCK_BYTES, zip->opts.workers, ret, err);
}
