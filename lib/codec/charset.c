#include "codec/charset.h"

#include "core/utf8.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * A unit, of one or two bytes, becomes at most UNIT_OUT_BYTES: a high surrogate is held until the
 * next unit tells whether it is half of a pair, and when it is not, both come out. Where the
 * windows are too small for that, the unit goes through `held`.
 */
#define UNIT_OUT_BYTES 6
#define MARK_BYTES 4 /* to tell UTF-32's mark from UTF-16's */

struct charset {
    enum weir_charset charset; /* never AUTO or UTF16 once it is known; UTF8: bytes pass */
    bool known;
    uint32_t high; /* a high surrogate that waits; 0: none */
    uint8_t part[MARK_BYTES];
    size_t part_n; /* bytes of a unit, or of a mark, that are not whole */
    uint8_t held[UNIT_OUT_BYTES];
    size_t held_n, held_out;
};

const char *const weir_charset_names[WEIR_CHARSETS + 1] = {
    "utf-8", "auto", "utf-16", "utf-16le", "utf-16be", "latin-1", "windows-1252", NULL};

/* Windows-1252 from 0x80 on; what is 0 is the control character of that number. */
static const uint16_t cp1252[32] = {0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0, 0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178};

/* A code point below 0x10000, half a pair too. */
static size_t put_bmp(uint32_t cp, uint8_t *to)
{
    if (cp < 0x80) {
        to[0] = (uint8_t)cp;
        return 1;
    }
    if (cp < 0x800) {
        to[0] = (uint8_t)(0xC0 | cp >> 6);
        to[1] = (uint8_t)(0x80 | (cp & 0x3F));
        return 2;
    }
    to[0] = (uint8_t)(0xE0 | cp >> 12);
    to[1] = (uint8_t)(0x80 | (cp >> 6 & 0x3F));
    to[2] = (uint8_t)(0x80 | (cp & 0x3F));
    return 3;
}

static size_t put_utf16(struct charset *c, uint32_t unit, uint8_t *to)
{
    size_t n = 0;

    if (c->high != 0 && unit >= 0xDC00 && unit <= 0xDFFF) {
        n = weir_utf8_put(0x10000 + ((c->high - 0xD800) << 10) + (unit - 0xDC00), (char *)to);
        c->high = 0;
        return n;
    }
    if (c->high != 0) {
        n = put_bmp(c->high, to);
        c->high = 0;
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        c->high = unit;
        return n;
    }
    return n + put_bmp(unit, to + n);
}

static size_t unit_bytes(const struct charset *c)
{
    return c->charset == WEIR_CHARSET_UTF16LE || c->charset == WEIR_CHARSET_UTF16BE ? 2 : 1;
}

/* One unit. Returns how many bytes it became. */
static size_t put_unit(struct charset *c, const uint8_t *p, uint8_t *to)
{
    switch (c->charset) {
    case WEIR_CHARSET_UTF16LE:
        return put_utf16(c, (uint32_t)p[1] << 8 | p[0], to);
    case WEIR_CHARSET_UTF16BE:
        return put_utf16(c, (uint32_t)p[0] << 8 | p[1], to);
    case WEIR_CHARSET_CP1252:
        return put_bmp(
            *p >= 0x80 && *p < 0xA0 && cp1252[*p - 0x80] != 0 ? cp1252[*p - 0x80] : *p, to);
    case WEIR_CHARSET_LATIN1:
        return put_bmp(*p, to);
    case WEIR_CHARSET_UTF8:
    case WEIR_CHARSET_AUTO:
    case WEIR_CHARSET_UTF16:
    case WEIR_CHARSETS:
        break;
    }
    *to = *p;
    return 1;
}

/* What the first bytes tell. Returns -1 with *err set when it is nothing that can be read. */
static int look_at_mark(struct charset *c, struct weir_err *err)
{
    const uint8_t *p = c->part;

    if (c->part_n == 4 &&
        (memcmp(p, "\xFF\xFE\0\0", 4) == 0 || memcmp(p, "\0\0\xFE\xFF", 4) == 0)) {
        return weir_err_set(err, WEIR_E_DATA,
            "charset: the input begins with the byte order mark of UTF-32, which is not read");
    }
    if (c->part_n >= 2 && p[0] == 0xFE && p[1] == 0xFF) {
        c->charset = WEIR_CHARSET_UTF16BE;
    } else if (c->charset == WEIR_CHARSET_UTF16 ||
               (c->part_n >= 2 && p[0] == 0xFF && p[1] == 0xFE)) {
        c->charset = WEIR_CHARSET_UTF16LE;
    } else {
        c->charset = WEIR_CHARSET_UTF8;
    }
    c->known = true;
    return 0;
}

static bool drain(struct charset *c, struct weir_out *out)
{
    c->held_out += weir_out_put(out, c->held + c->held_out, c->held_n - c->held_out);
    if (c->held_out < c->held_n) {
        return false;
    }
    c->held_n = c->held_out = 0;
    return true;
}

/* The unit at the front of `part` through `held`. */
static void hold_unit(struct charset *c, size_t unit)
{
    c->held_n = put_unit(c, c->part, c->held);
    c->part_n -= unit;
    memmove(c->part, c->part + unit, c->part_n);
}

/* Whole units from window to window. */
static void convert(struct charset *c, struct weir_in *in, struct weir_out *out)
{
    const size_t unit = unit_bytes(c);

    if (c->charset == WEIR_CHARSET_UTF8) {
        size_t n = in->size - in->pos, room = out->size - out->pos;
        in->pos += weir_out_put(out, in->p + in->pos, n < room ? n : room);
        return;
    }
    while (in->size - in->pos >= unit && out->size - out->pos >= UNIT_OUT_BYTES) {
        out->pos += put_unit(c, in->p + in->pos, out->p + out->pos);
        in->pos += unit;
    }
}

/* All is taken, and nothing comes: what is left. */
static enum weir_step finish(struct charset *c, struct weir_out *out, struct weir_err *err)
{
    if (c->part_n > 0) {
        weir_err_set(err, WEIR_E_DATA, "charset: UTF-16 that ends in the middle of a character");
        return WEIR_FAIL;
    }
    if (c->high != 0) {
        c->held_n = put_bmp(c->high, c->held);
        c->high = 0;
    }
    return drain(c, out) ? WEIR_END : WEIR_NEED_OUT;
}

static enum weir_step step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct charset *c = self;

    for (;;) {
        if (!drain(c, out)) {
            return WEIR_NEED_OUT;
        }
        const size_t want = c->known ? unit_bytes(c) : MARK_BYTES;
        if (c->part_n == 0 && c->known) {
            convert(c, in, out);
        }
        if (c->part_n < want) {
            c->part_n += weir_in_take(in, c->part + c->part_n, want - c->part_n);
        }
        const bool all = in->last && in->pos == in->size;
        if (!c->known && (c->part_n == want || all)) {
            if (look_at_mark(c, err) != 0) {
                return WEIR_FAIL;
            }
            continue;
        }
        if (c->known && c->part_n >= want) {
            hold_unit(c, want);
            continue;
        }
        return all ? finish(c, out, err) : WEIR_NEED_IN;
    }
}

static void free_charset(void *self)
{
    free(self);
}

int weir_charset_new(enum weir_charset charset, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "charset", .step = step, .free = free_charset};
    struct charset *c = calloc(1, sizeof *c);

    assert(charset != WEIR_CHARSET_UTF8 && charset < WEIR_CHARSETS);
    if (c == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "charset: out of memory");
    }
    c->charset = charset;
    c->known = charset != WEIR_CHARSET_AUTO && charset != WEIR_CHARSET_UTF16;
    *ret = (struct weir_stage){&ops, c}; /* the caller owns it now */
    return 0;
}
