#ifndef WEIR_HANDLERS_ELB_LOGS_ELB_PUT_H
#define WEIR_HANDLERS_ELB_LOGS_ELB_PUT_H

#include "handlers/elb_logs/elb_json.h"
#include "json/quote.h"

#include <string.h>

/*
 * What elb_ecs.c and elb_flat.c write JSON with; nobody else includes this. There is room for
 * everything (WEIR_ELB_JSON_ROOM), so nothing here fails.
 *
 * Objects are opened before it is known whether anything is inside; an empty one is taken back.
 * Each member ends with a comma, which the end of its object replaces. Members are left out when
 * there is nothing to say.
 *
 * The names are literals: copies of a length that is known are a few moves, but only where the
 * compiler sees the length, hence the macros.
 */
struct weir_elb_writer {
    char *p;
    bool plain; /* no text needs an escape */
};

struct weir_elb_object {
    char *name, *inside;
};

#define INLINE static inline __attribute__((always_inline))

/* Most values are short: not worth a call of memcpy. */
INLINE void put(struct weir_elb_writer *w, const char *p, size_t n)
{
    if (__builtin_constant_p(n) || n > 16) {
        memcpy(w->p, p, n);
    } else if (n >= 8) { /* two moves that overlap */
        memcpy(w->p, p, 8);
        memcpy(w->p + n - 8, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(w->p, p, 4);
        memcpy(w->p + n - 4, p + n - 4, 4);
    } else {
        for (size_t i = 0; i < n; i++) {
            w->p[i] = p[i];
        }
    }
    w->p += n;
}

#define PUT(w, literal) put((w), (literal), sizeof(literal) - 1)

INLINE struct weir_elb_object open_object(struct weir_elb_writer *w, const char *name, size_t n)
{
    struct weir_elb_object o = {.name = w->p};

    put(w, name, n);
    o.inside = w->p;
    return o;
}

/* name: with its quotes, colon and brace */
#define OPEN(w, name) open_object((w), (name), sizeof(name) - 1)

static inline void close_object(struct weir_elb_writer *w, struct weir_elb_object o)
{
    if (w->p == o.inside) {
        w->p = o.name;
        return;
    }
    w->p[-1] = '}';
    *w->p++ = ',';
}

static inline void put_quoted(struct weir_elb_writer *w, struct weir_str s)
{
    if (w->plain) {
        *w->p++ = '"';
        put(w, s.p, s.len);
        *w->p++ = '"';
    } else {
        w->p = weir_json_quote_at(w->p, s.p, s.len);
    }
    *w->p++ = ',';
}

/* name, here and below: with its quotes and colon */
INLINE void text_named(struct weir_elb_writer *w, const char *name, size_t n, struct weir_str s)
{
    if (s.len > 0) {
        put(w, name, n);
        put_quoted(w, s);
    }
}
#define TEXT(w, name, s) text_named((w), (name), sizeof(name) - 1, (s))

/* A number of the line's grammar as JSON's: no zeros before it. */
static inline void put_number(struct weir_elb_writer *w, struct weir_str s)
{
    while (s.len > 1 && s.p[0] == '0' && s.p[1] != '.') {
        s = (struct weir_str){s.p + 1, s.len - 1};
    }
    put(w, s.p, s.len);
    *w->p++ = ',';
}

INLINE void number_named(struct weir_elb_writer *w, const char *name, size_t n, struct weir_str s)
{
    if (s.len > 0 && s.p[0] != '-') { /* -1: nothing */
        put(w, name, n);
        put_number(w, s);
    }
}
#define NUMBER(w, name, s) number_named((w), (name), sizeof(name) - 1, (s))

static inline void put_time(struct weir_elb_writer *w, struct weir_str s)
{
    *w->p++ = '"';
    put(w, s.p, s.len);
    if (s.p[s.len - 1] != 'Z') {
        *w->p++ = 'Z'; /* the Network Load Balancer's are UTC as well */
    }
    PUT(w, "\",");
}

INLINE void time_named(struct weir_elb_writer *w, const char *name, size_t n, struct weir_str s)
{
    if (s.len > 0) {
        put(w, name, n);
        put_time(w, s);
    }
}
#define TIME(w, name, s) time_named((w), (name), sizeof(name) - 1, (s))

static inline void put_words(struct weir_elb_writer *w, struct weir_str s, enum weir_elb_kind kind)
{
    struct weir_str word;

    *w->p++ = '[';
    while (weir_elb_next(&s, kind, &word)) {
        w->p = weir_json_quote_at(w->p, word.p, word.len);
        *w->p++ = ',';
    }
    w->p -= w->p[-1] == ',';
    PUT(w, "],");
}

INLINE void words_named(struct weir_elb_writer *w, const char *name, size_t n, struct weir_str s,
    enum weir_elb_kind kind)
{
    if (s.len > 0) {
        put(w, name, n);
        put_words(w, s, kind);
    }
}
#define WORDS(w, name, s, kind) words_named((w), (name), sizeof(name) - 1, (s), (kind))

static inline void put_id(
    struct weir_elb_writer *w, const struct weir_elb_origin *origin, uint64_t offset)
{
    char digits[24], *p = digits + sizeof digits;

    /* At least twelve digits, so that ids of a file sort as its lines do. */
    for (uint64_t left = offset; left > 0 || digits + sizeof digits - p < 12; left /= 10) {
        *--p = (char)('0' + left % 10);
    }
    PUT(w, "\"id\":\"");
    put(w, origin->id, WEIR_ELB_ID_BYTES);
    *w->p++ = '-';
    put(w, p, (size_t)(digits + sizeof digits - p));
    PUT(w, "\",");
}

/* A field of the `line` at hand. */
#define GET(i) weir_elb_line_get(line, (i))

/* What AWS has added since. */
static inline void put_extra(struct weir_elb_writer *w, const struct weir_elb_line *line)
{
    if (line->n <= line->known) {
        return;
    }
    PUT(w, "\"extra_fields\":[");
    for (size_t i = line->known; i < line->n; i++) {
        w->p = weir_json_quote_at(w->p, line->fields[i].p, line->fields[i].len);
        *w->p++ = ',';
    }
    w->p[-1] = ']';
    *w->p++ = ',';
}

/** weir_elb_put_ecs, weir_elb_put_flat: a line, with the LF behind it, by the Elastic Common
 * Schema's names and by AWS's. */
void weir_elb_put_ecs(struct weir_elb_writer *w, const struct weir_elb_line *line,
    const struct weir_elb_origin *origin, uint64_t offset);
void weir_elb_put_flat(struct weir_elb_writer *w, const struct weir_elb_line *line,
    const struct weir_elb_origin *origin, uint64_t offset);

#endif
