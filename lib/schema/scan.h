#ifndef WEIR_SCHEMA_SCAN_H
#define WEIR_SCHEMA_SCAN_H

#include "core/hex.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

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
