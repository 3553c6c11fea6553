#ifndef WEIR_SCHEMA_SCAN_H
#define WEIR_SCHEMA_SCAN_H

#include "core/hex.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside lib/schema: what the grammars of `format` share. A cursor is a place in a text that is
 * being read; every reader moves it over what it accepted.
 */
struct weir_scan {
    const char *p;
    size_t i, len;
};

static inline struct weir_scan weir_scan_begin(struct weir_str s)
{
    return (struct weir_scan){s.p, 0, s.len};
}

/** weir_scan_part: a cursor of its own for what lies between two places. */
static inline struct weir_scan weir_scan_part(struct weir_scan c, size_t from, size_t to)
{
    return (struct weir_scan){c.p + from, 0, to - from};
}

static inline bool weir_scan_end(const struct weir_scan *c)
{
    return c->i == c->len;
}

/** weir_scan_peek: the next byte; NUL at the end. */
static inline char weir_scan_peek(const struct weir_scan *c)
{
    return c->i < c->len ? c->p[c->i] : '\0';
}

/** weir_scan_take: move over that byte, if it is the next. */
static inline bool weir_scan_take(struct weir_scan *c, char want)
{
    if (weir_scan_end(c) || c->p[c->i] != want) {
        return false;
    }
    c->i++;
    return true;
}

static inline bool weir_scan_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool weir_scan_alpha(char c)
{
    char lower = (char)(c | 0x20);

    return lower >= 'a' && lower <= 'z';
}

static inline bool weir_scan_hex(char c)
{
    return weir_hex_digit(c) >= 0;
}

static inline bool weir_scan_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* A set of characters of ASCII, a bit for each; how to write one: the letters and digits, and
 * others by WEIR_SCAN_BIT, in `low` when they are below '@'. */
struct weir_scan_set {
    uint64_t low, high;
};
#define WEIR_SCAN_BIT(c) (UINT64_C(1) << ((c)&63))
#define WEIR_SCAN_DIGITS UINT64_C(0x03FF000000000000)  /* of low */
#define WEIR_SCAN_LETTERS UINT64_C(0x07FFFFFE07FFFFFE) /* of high */

static inline bool weir_scan_in(struct weir_scan_set set, char c)
{
    const unsigned char x = (unsigned char)c;

    return x < 0x80 && ((x < 0x40 ? set.low : set.high) >> (x & 63) & 1) != 0;
}

/** weir_scan_over: move over characters of a set; how many there were. */
static inline size_t weir_scan_over(struct weir_scan *c, struct weir_scan_set set)
{
    const size_t from = c->i;

    while (c->i < c->len && weir_scan_in(set, c->p[c->i])) {
        c->i++;
    }
    return c->i - from;
}

/** weir_scan_digits: move over digits; how many there were. */
static inline size_t weir_scan_digits(struct weir_scan *c)
{
    size_t from = c->i;

    while (weir_scan_digit(weir_scan_peek(c))) {
        c->i++;
    }
    return c->i - from;
}

#endif
