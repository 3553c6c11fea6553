#include "csv/writer.h"

#include "core/limits.h"
#include "csv/bytes.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/*
 * As in split.c, what looks at every byte is inlined twice: for the common dialect, whose marks the
 * compiler knows, and for any other.
 */
#define FOR_A_DIALECT static inline __attribute__((always_inline))

static const struct weir_csv_dialect common = WEIR_CSV_COMMON;

FOR_A_DIALECT bool has_special(uint64_t w, const struct weir_csv_dialect *d)
{
    return (weir_csv_same(w, (uint8_t)d->quote) | weir_csv_same(w, (uint8_t)d->delimiter) |
               weir_csv_same(w, '\n') | weir_csv_same(w, '\r')) != 0;
}

/* Most fields are short: what is not a whole word is looked at as one, bytes seen twice or left at
 * zero do no harm. */
FOR_A_DIALECT bool needs_quotes(const uint8_t *p, size_t len, const struct weir_csv_dialect *d)
{
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8) {
            if (has_special(weir_csv_word(p + i), d)) {
                return true;
            }
        }
        return has_special(weir_csv_word(p + len - 8), d);
    }
    if (len >= 4) {
        uint32_t head, tail;
        memcpy(&head, p, sizeof head);
        memcpy(&tail, p + len - sizeof tail, sizeof tail);
        return has_special((uint64_t)head << 32 | tail, d);
    }
    if (len > 0) {
        return has_special((uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1], d);
    }
    return false;
}

FOR_A_DIALECT size_t count_quotes(const uint8_t *p, size_t len, int quote)
{
    size_t i = 0, n = 0;

    for (; len - i >= 8; i += 8) {
        n += weir_csv_count(weir_csv_same(weir_csv_word(p + i), (uint8_t)quote));
    }
    for (; i < len; i++) {
        n += p[i] == quote;
    }
    return n;
}

/* Copy with each quote doubled. Words are stored whole and advanced by what counts of them: what is
 * left to write is never less than what is left to read, so such a store stays within the room. */
FOR_A_DIALECT uint8_t *put_doubled(uint8_t *to, const uint8_t *p, size_t len, int quote)
{
    const uint8_t *end = p + len;

    while (end - p >= 8) {
        uint64_t quotes = weir_csv_same(weir_csv_word(p), (uint8_t)quote);
        memcpy(to, p, 8);
        if (quotes == 0) {
            p += 8;
            to += 8;
            continue;
        }
        int n = __builtin_ctzll(quotes) / 8 + 1;
        p += n;
        to += n;
        *to++ = (uint8_t)quote;
    }
    for (; p < end; p++) {
        *to++ = *p;
        if (*p == quote) {
            *to++ = (uint8_t)quote;
        }
    }
    return to;
}

FOR_A_DIALECT int put_as(struct weir_buf *out, const uint8_t *p, size_t len, bool delimiter,
    const struct weir_csv_dialect *d, struct weir_err *err)
{
    const bool quotes = needs_quotes(p, len, d);
    const size_t n = len + delimiter + (quotes ? count_quotes(p, len, d->quote) + 2 : 0);
    uint8_t *to = weir_buf_reserve(out, n, err);

    if (to == NULL) {
        return -1;
    }
    if (delimiter) {
        *to++ = (uint8_t)d->delimiter;
    }
    if (quotes) {
        *to++ = (uint8_t)d->quote;
        to = put_doubled(to, p, len, d->quote);
        *to = (uint8_t)d->quote;
    } else if (len > 0) {
        memcpy(to, p, len);
    }
    out->len += n;
    return 0;
}

/* A field whose quotes are doubled already, and which needs quotes because it has some. */
static int put_between(struct weir_buf *out, const uint8_t *p, size_t len, bool delimiter,
    const struct weir_csv_dialect *d, struct weir_err *err)
{
    uint8_t *to = weir_buf_reserve(out, len + 3, err);

    if (to == NULL) {
        return -1;
    }
    if (delimiter) {
        *to++ = (uint8_t)d->delimiter;
    }
    *to++ = (uint8_t)d->quote;
    memcpy(to, p, len);
    to[len] = (uint8_t)d->quote;
    out->len += len + 2 + delimiter;
    return 0;
}

/* ---- what only some dialects need ---- */

/* [+-] digits, at most one point among them, an exponent: "-5" in a spreadsheet is -5. */
static bool is_number(const uint8_t *p, size_t len)
{
    size_t i = 1, digits = 0;

    for (bool point = false; i < len; i++) {
        if (p[i] == '.' && !point) {
            point = true;
        } else if (p[i] >= '0' && p[i] <= '9') {
            digits++;
        } else {
            break;
        }
    }
    if (i < len && digits > 0 && (p[i] == 'e' || p[i] == 'E')) {
        i += i + 1 < len && (p[i + 1] == '+' || p[i + 1] == '-') ? 2 : 1;
        digits = 0;
        for (; i < len && p[i] >= '0' && p[i] <= '9'; i++) {
            digits++;
        }
    }
    return i == len && digits > 0;
}

/* = + - @, also as wide as ideographs, and the blanks that may stand before them. */
static bool is_formula(const uint8_t *p, size_t len)
{
    if (len >= 3 && p[0] == 0xEF && p[1] == 0xBC) {
        return p[2] == 0x9D || p[2] == 0x8B || p[2] == 0x8D || p[2] == 0xA0;
    }
    return len > 0 && (p[0] == '=' || p[0] == '@' || p[0] == '\t' || p[0] == '\r' ||
                          ((p[0] == '+' || p[0] == '-') && !is_number(p, len)));
}

static uint8_t *put_byte(uint8_t *to, uint8_t c, const struct weir_csv_dialect *d, bool quotes)
{
    if (quotes && (c == d->quote || c == d->escape)) {
        *to++ = (uint8_t)(d->escape != WEIR_CSV_NONE ? d->escape : d->quote);
    }
    *to++ = c;
    return to;
}

static uint8_t *put_bytes(
    uint8_t *to, const uint8_t *p, size_t len, const struct weir_csv_dialect *d, bool quotes)
{
    for (size_t i = 0; i < len; i++) {
        to = put_byte(to, p[i], d, quotes);
    }
    return to;
}

/* How a field begins; its bytes follow. first: of its row, which must not look like a comment.
 * Room for BEGIN_BYTES. *quotes receives whether it stands between these. */
#define BEGIN_BYTES 3
static uint8_t *begin_any(uint8_t *to, const uint8_t *p, size_t len, bool first,
    const struct weir_csv_dialect *d, bool *quotes)
{
    const bool formula = d->escape_formulas && is_formula(p, len);
    const int begins = formula ? '\'' : len > 0 ? p[0] : WEIR_CSV_NONE;

    *quotes = needs_quotes(p, len, d) || (first && begins >= 0 && begins == d->comment) ||
              (formula && (begins == d->quote || begins == d->delimiter));
    if (*quotes) {
        *to++ = (uint8_t)d->quote;
    }
    return formula ? put_byte(to, '\'', d, *quotes) : to;
}

/* A field of any dialect. */
static int put_any(struct weir_buf *out, const uint8_t *p, size_t len, bool delimiter, bool first,
    const struct weir_csv_dialect *d, struct weir_err *err)
{
    uint8_t *to = weir_buf_reserve(out, 2 * len + BEGIN_BYTES + 2, err);
    bool quotes;

    if (to == NULL) {
        return -1;
    }
    if (delimiter) {
        *to++ = (uint8_t)d->delimiter;
    }
    to = begin_any(to, p, len, first, d, &quotes);
    to = put_bytes(to, p, len, d, quotes);
    if (quotes) {
        *to++ = (uint8_t)d->quote;
    }
    out->len = (size_t)(to - out->p);
    return 0;
}

#define PIECE_BYTES (16 * WEIR_KIB) /* what is made of one fits the L1 cache */

int weir_csv_put_long(struct weir_buf *out, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, weir_buf_drain *drain, void *ctx, struct weir_err *err)
{
    uint8_t begin[BEGIN_BYTES];
    const uint8_t end = (uint8_t)d->quote;
    bool quotes;

    if (len <= PIECE_BYTES) {
        return weir_csv_put_field(out, d, p, len, err);
    }
    const uint8_t *begun = begin_any(begin, p, len, false, d, &quotes);
    if (weir_buf_add(out, begin, (size_t)(begun - begin), err) != 0) {
        return -1;
    }
    for (size_t n; len > 0; p += n, len -= n) {
        n = len < PIECE_BYTES ? len : PIECE_BYTES;
        uint8_t *to = weir_buf_reserve(out, 2 * n, err);
        if (to == NULL) {
            return -1;
        }
        out->len = (size_t)(put_bytes(to, p, n, d, quotes) - out->p);
        if (drain(ctx, err) != 0) {
            return -1;
        }
    }
    return quotes ? weir_buf_add(out, &end, 1, err) : 0;
}

int weir_csv_put_quoted(struct weir_buf *out, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, struct weir_err *err)
{
    uint8_t *to = weir_buf_reserve(out, 2 * len + 2, err);

    if (to == NULL) {
        return -1;
    }
    *to++ = (uint8_t)d->quote;
    to = put_bytes(to, p, len, d, true);
    *to++ = (uint8_t)d->quote;
    out->len = (size_t)(to - out->p);
    return 0;
}

/* ---- rows ---- */

enum kind { COMMON, SIMPLE, ANY }; /* SIMPLE: other marks, and nothing else */

static enum kind kind_of(const struct weir_csv_dialect *d)
{
    if (d->escape != WEIR_CSV_NONE || d->comment != WEIR_CSV_NONE || d->escape_formulas) {
        return ANY;
    }
    return weir_csv_dialect_common(d) ? COMMON : SIMPLE;
}

int weir_csv_put_fields(struct weir_buf *out, const struct weir_csv_dialect *d,
    const struct weir_csv_field *fields, size_t fields_n, struct weir_err *err)
{
    const enum kind kind = kind_of(d);
    int rc = 0;

    assert(d->quote != WEIR_CSV_NONE);
    if (fields_n == 1 && fields[0].len == 0) {
        const uint8_t empty[2] = {(uint8_t)d->quote, (uint8_t)d->quote};
        return weir_buf_add(out, empty, 2, err);
    }
    for (size_t i = 0; i < fields_n && rc == 0; i++) {
        const struct weir_csv_field *f = &fields[i];
        rc = f->doubled       ? put_between(out, f->p, f->len, i > 0, d, err)
             : kind == COMMON ? put_as(out, f->p, f->len, i > 0, &common, err)
             : kind == SIMPLE ? put_as(out, f->p, f->len, i > 0, d, err)
                              : put_any(out, f->p, f->len, i > 0, i == 0, d, err);
    }
    return rc;
}

bool weir_csv_needs_quotes(const struct weir_csv_dialect *d, const uint8_t *p, size_t len)
{
    return needs_quotes(p, len, d);
}

int weir_csv_put_field(struct weir_buf *out, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, struct weir_err *err)
{
    return kind_of(d) == ANY ? put_any(out, p, len, false, false, d, err)
                             : put_as(out, p, len, false, d, err);
}
