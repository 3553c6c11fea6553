#include "codec/zip_format.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define LOCAL 0x04034b50u
#define DESCRIPTOR 0x08074b50u
#define CENTRAL 0x02014b50u
#define END64 0x06064b50u
#define LOCATOR64 0x07064b50u
#define END 0x06054b50u

#define VERSION_DEFLATE 20
#define VERSION_ZIP64 45
#define MADE_BY_UNIX (3 << 8)
#define FLAG_DESCRIPTOR 0x0008
#define FLAG_UTF8 0x0800
#define METHOD_DEFLATE 8
#define EXTRA_ZIP64 0x0001
#define EXTRA_TIME 0x5455 /* "UT": Unix seconds */
#define MAX16 0xffffu
#define MAX32 0xffffffffu /* stands for "see the ZIP64 field" */

/* A record under way; the largest is a central header with both of its extra fields. */
struct record {
    uint8_t p[128];
    size_t len;
};

static void put(struct record *r, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        r->p[r->len++] = (uint8_t)(v >> (8 * i));
    }
}

static uint32_t cap32(uint64_t v)
{
    return v < MAX32 ? (uint32_t)v : MAX32;
}

/* MS-DOS time and date, which know years from 1980 to 2107 and even seconds. */
static uint32_t dos_time(int64_t mtime_s)
{
    time_t t = (time_t)mtime_s;
    struct tm tm;

    if (gmtime_r(&t, &tm) == NULL || tm.tm_year < 80) {
        return 1u << 21 | 1u << 16; /* 1980-01-01 */
    }
    if (tm.tm_year > 207) {
        return 127u << 25 | 12u << 21 | 31u << 16;
    }
    uint32_t date =
        (uint32_t)(tm.tm_year - 80) << 9 | (uint32_t)(tm.tm_mon + 1) << 5 | (uint32_t)tm.tm_mday;
    uint32_t clock =
        (uint32_t)tm.tm_hour << 11 | (uint32_t)tm.tm_min << 5 | (uint32_t)tm.tm_sec / 2;
    return date << 16 | clock;
}

/* The field has 32 signed bits; a time beyond them is only told in MS-DOS's way. */
static bool has_time(const struct weir_zip_record *e)
{
    return e->mtime_s >= INT32_MIN && e->mtime_s <= INT32_MAX;
}

static void put_time(struct record *r, const struct weir_zip_record *e)
{
    if (has_time(e)) {
        put(r, EXTRA_TIME, 2);
        put(r, 5, 2);
        put(r, 1, 1); /* the modification time is here */
        put(r, (uint32_t)e->mtime_s, 4);
    }
}

/* From the version on that is needed to the CRC: what both headers have in common. */
static void put_common(struct record *r, const struct weir_zip_record *e, unsigned version)
{
    bool ascii = true;

    for (size_t i = 0; i < e->name_len; i++) {
        ascii = ascii && (uint8_t)e->name[i] < 0x80;
    }
    put(r, version, 2);
    put(r, FLAG_DESCRIPTOR | (ascii ? 0u : FLAG_UTF8), 2);
    put(r, METHOD_DEFLATE, 2);
    put(r, dos_time(e->mtime_s), 4);
}

static int add(struct weir_buf *to, const struct record *head, const struct weir_zip_record *e,
    const struct record *extra, struct weir_err *err)
{
    return weir_buf_add(to, head->p, head->len, err) != 0 ||
                   weir_buf_add(to, e->name, e->name_len, err) != 0 ||
                   weir_buf_add(to, extra->p, extra->len, err) != 0
               ? -1
               : 0;
}

int weir_zip_put_local(struct weir_buf *to, const struct weir_zip_record *e, struct weir_err *err)
{
    struct record r = {.len = 0}, extra = {.len = 0};

    if (e->zip64_always) {
        put(&extra, EXTRA_ZIP64, 2);
        put(&extra, 16, 2);
        put(&extra, 0, 8);
        put(&extra, 0, 8);
    }
    put_time(&extra, e);
    put(&r, LOCAL, 4);
    put_common(&r, e, e->zip64_always ? VERSION_ZIP64 : VERSION_DEFLATE);
    put(&r, 0, 4); /* CRC and sizes: in the descriptor */
    put(&r, e->zip64_always ? MAX32 : 0, 4);
    put(&r, e->zip64_always ? MAX32 : 0, 4);
    put(&r, e->name_len, 2);
    put(&r, extra.len, 2);
    return add(to, &r, e, &extra, err);
}

int weir_zip_put_descriptor(
    struct weir_buf *to, const struct weir_zip_record *e, struct weir_err *err)
{
    /* 4 GiB - 1 is no mark here, where nothing could stand for it: Java counts so. */
    const bool wide = e->zip64_always || e->bytes > MAX32 || e->compressed > MAX32;
    struct record r = {.len = 0};

    put(&r, DESCRIPTOR, 4); /* optional, but macOS wants it */
    put(&r, e->crc, 4);
    put(&r, e->compressed, wide ? 8 : 4);
    put(&r, e->bytes, wide ? 8 : 4);
    return weir_buf_add(to, r.p, r.len, err);
}

int weir_zip_put_central(struct weir_buf *to, const struct weir_zip_record *e, struct weir_err *err)
{
    const uint64_t numbers[] = {e->bytes, e->compressed, e->offset}; /* in the field's order */
    struct record r = {.len = 0}, extra = {.len = 0}, wide = {.len = 0};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        if (numbers[i] >= MAX32) {
            put(&wide, numbers[i], 8);
        }
    }
    if (wide.len > 0) {
        put(&extra, EXTRA_ZIP64, 2);
        put(&extra, wide.len, 2);
        memcpy(extra.p + extra.len, wide.p, wide.len);
        extra.len += wide.len;
    }
    put_time(&extra, e);
    put(&r, CENTRAL, 4);
    put(&r, MADE_BY_UNIX | VERSION_ZIP64, 2);
    put_common(&r, e, wide.len > 0 || e->zip64_always ? VERSION_ZIP64 : VERSION_DEFLATE);
    put(&r, e->crc, 4);
    put(&r, cap32(e->compressed), 4);
    put(&r, cap32(e->bytes), 4);
    put(&r, e->name_len, 2);
    put(&r, extra.len, 2);
    put(&r, 0, 2); /* no comment */
    put(&r, 0, 2); /* on disk 0 */
    put(&r, 0, 2); /* not said to be text */
    put(&r, (uint64_t)(S_IFREG | (e->mode & 07777)) << 16, 4);
    put(&r, cap32(e->offset), 4);
    return add(to, &r, e, &extra, err);
}

int weir_zip_put_end(struct weir_buf *to, uint64_t entries, uint64_t directory_offset,
    uint64_t directory_bytes, struct weir_err *err)
{
    struct record r = {.len = 0};

    if (entries >= MAX16 || directory_offset >= MAX32 || directory_bytes >= MAX32) {
        put(&r, END64, 4);
        put(&r, 44, 8); /* bytes that follow */
        put(&r, MADE_BY_UNIX | VERSION_ZIP64, 2);
        put(&r, VERSION_ZIP64, 2);
        put(&r, 0, 8); /* disk 0, the directory's too */
        put(&r, entries, 8);
        put(&r, entries, 8);
        put(&r, directory_bytes, 8);
        put(&r, directory_offset, 8);
        put(&r, LOCATOR64, 4);
        put(&r, 0, 4);
        put(&r, directory_offset + directory_bytes, 8);
        put(&r, 1, 4); /* disks */
    }
    uint64_t count = entries < MAX16 ? entries : MAX16;
    put(&r, END, 4);
    put(&r, 0, 4);
    put(&r, count, 2);
    put(&r, count, 2);
    put(&r, cap32(directory_bytes), 4);
    put(&r, cap32(directory_offset), 4);
    put(&r, 0, 2);
    return weir_buf_add(to, r.p, r.len, err);
}
