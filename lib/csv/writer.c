#include "csv/writer.h"

#include "csv/bytes.h"

#include <stdbool.h>
#include <string.h>

static bool has_special(uint64_t w)
{
    return (weir_csv_same(w, '"') | weir_csv_same(w, ',') | weir_csv_same(w, '\n') |
               weir_csv_same(w, '\r')) != 0;
}

/* Most fields are short: what is not a whole word is looked at as one, bytes seen twice or left at
 * zero do no harm. */
static bool needs_quotes(const uint8_t *p, size_t len)
{
    if (len >= 8) {
        for (size_t i = 0; i + 8 < len; i += 8) {
            if (has_special(weir_csv_word(p + i))) {
                return true;
            }
        }
        return has_special(weir_csv_word(p + len - 8));
    }
    if (len >= 4) {
        uint32_t head, tail;
        memcpy(&head, p, sizeof head);
        memcpy(&tail, p + len - sizeof tail, sizeof tail);
        return has_special((uint64_t)head << 32 | tail);
    }
    if (len > 0) {
        return has_special((uint64_t)p[0] << 16 | (uint64_t)p[len / 2] << 8 | p[len - 1]);
    }
    return false;
}

static size_t count_quotes(const uint8_t *p, size_t len)
{
    size_t i = 0, n = 0;

    for (; len - i >= 8; i += 8) {
        n += weir_csv_count(weir_csv_same(weir_csv_word(p + i), '"'));
    }
    for (; i < len; i++) {
        n += p[i] == '"';
    }
    return n;
}

/* Copy with each quote doubled. Words are stored whole and advanced by what counts of them: what is
 * left to write is never less than what is left to read, so such a store stays within the room. */
static uint8_t *put_doubled(uint8_t *to, const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;

    while (end - p >= 8) {
        uint64_t quotes = weir_csv_same(weir_csv_word(p), '"');
        memcpy(to, p, 8);
        if (quotes == 0) {
            p += 8;
            to += 8;
            continue;
        }
        int n = __builtin_ctzll(quotes) / 8 + 1;
        p += n;
        to += n;
        *to++ = '"';
    }
    for (; p < end; p++) {
        *to++ = *p;
        if (*p == '"') {
            *to++ = '"';
        }
    }
    return to;
}

static int put(
    struct weir_buf *out, const uint8_t *p, size_t len, bool delimiter, struct weir_err *err)
{
    const bool quotes = needs_quotes(p, len);
    const size_t n = len + delimiter + (quotes ? count_quotes(p, len) + 2 : 0);
    uint8_t *to = weir_buf_reserve(out, n, err);

    if (to == NULL) {
        return -1;
    }
    if (delimiter) {
        *to++ = ',';
    }
    if (quotes) {
        *to++ = '"';
        to = put_doubled(to, p, len);
        *to = '"';
    } else if (len > 0) {
        memcpy(to, p, len);
    }
    out->len += n;
    return 0;
}

int weir_csv_put_field(struct weir_buf *out, const uint8_t *p, size_t len, struct weir_err *err)
{
    return put(out, p, len, false, err);
}

int weir_csv_put_fields(struct weir_buf *out, const struct weir_csv_field *fields, size_t fields_n,
    struct weir_err *err)
{
    if (fields_n == 1 && fields[0].len == 0) {
        return weir_buf_add(out, "\"\"", 2, err);
    }
    for (size_t i = 0; i < fields_n; i++) {
        if (put(out, fields[i].p, fields[i].len, i > 0, err) != 0) {
            return -1;
        }
    }
    return 0;
}
