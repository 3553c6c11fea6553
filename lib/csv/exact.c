#include "csv/exact.h"

#include <string.h>

/* Where the unquoted bytes from p on end: at a delimiter, a line end, or the end. */
static const uint8_t *skip_plain(
    const struct weir_csv_dialect *d, const uint8_t *p, const uint8_t *end)
{
    const int delimiter = d->delimiter;

    while (p < end && *p != delimiter && *p != '\n' && *p != '\r') {
        p++;
    }
    return p;
}

/* The next quote, or escape, within quotes. */
static const uint8_t *find_mark(
    const struct weir_csv_dialect *d, const uint8_t *p, const uint8_t *end)
{
    if (d->escape == WEIR_CSV_NONE) {
        return p < end ? memchr(p, d->quote, (size_t)(end - p)) : NULL;
    }
    while (p < end && *p != d->quote && *p != d->escape) {
        p++;
    }
    return p < end ? p : NULL;
}

static int open_at_end(struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_BUG, "csv: a block ends inside quotes");
}

/* A quoted field; *at is its opening quote, and receives what ended it. */
static int take_quoted(struct weir_csv_cells *cells, const struct weir_csv_dialect *d,
    const uint8_t **at, const uint8_t *end, struct weir_err *err)
{
    const uint8_t *open = *at, *from = open + 1, *p = from;
    uint8_t *text = cells->text + cells->text_len, *to = text;

    for (;;) {
        p = find_mark(d, p, end);
        if (p == NULL) {
            return open_at_end(err);
        }
        p++;
        if (d->escape != WEIR_CSV_NONE && p[-1] == d->escape) {
            if (p == end) {
                return open_at_end(err);
            }
            memcpy(to, from, (size_t)(p - 1 - from));
            to += p - 1 - from;
            from = p++;
            continue;
        }
        if (d->escape != WEIR_CSV_NONE || p == end || *p != d->quote) {
            break;
        }
        memcpy(to, from, (size_t)(p - from)); /* the first quote of the pair too */
        to += p - from;
        from = ++p;
    }
    *at = skip_plain(d, p, end);
    if (*at != p) {
        if (!cells->malformed) {
            cells->malformed = true;
            cells->malformed_field = cells->n;
        }
        return weir_csv_cells_add(cells, open, (size_t)(*at - open), true, err);
    }
    size_t rest = (size_t)(p - 1 - from);
    if (to == text && from == open + 1) {
        return weir_csv_cells_add(cells, from, rest, true, err); /* it can be shown in place */
    }
    memcpy(to, from, rest);
    size_t len = (size_t)(to - text) + rest;
    cells->text_len += len;
    return weir_csv_cells_add(cells, text, len, true, err);
}

/* The fields of a row; *at is its first byte, and receives its line end, or the end. */
static int take_row(struct weir_csv_cells *cells, const struct weir_csv_dialect *d,
    const uint8_t **at, const uint8_t *end, struct weir_err *err)
{
    const uint8_t *p = *at;

    for (;;) {
        if (p < end && *p == d->quote) {
            if (take_quoted(cells, d, &p, end, err) != 0) {
                return -1;
            }
        } else {
            const uint8_t *from = p;
            p = skip_plain(d, p, end);
            if (weir_csv_cells_add(cells, from, (size_t)(p - from), false, err) != 0) {
                return -1;
            }
        }
        if (p == end || *p != d->delimiter) {
            break;
        }
        p++;
    }
    *at = p;
    return 0;
}

int weir_csv_exact(struct weir_csv_cells *cells, const struct weir_csv_dialect *d, const uint8_t *p,
    size_t len, struct weir_err *err)
{
    const uint8_t *begin = p, *end = p + len;

    while (p < end) {
        if (*p == '\n' || *p == '\r') {
            p++; /* a blank line, or the LF of a CRLF */
            continue;
        }
        if (*p == d->comment) {
            while (p < end && *p != '\n' && *p != '\r') {
                p++;
            }
            continue;
        }
        cells->at = (size_t)(p - begin);
        if (take_row(cells, d, &p, end, err) != 0) {
            return -1;
        }
        p += p < end; /* the line end */
        if (weir_csv_cells_row(cells, err) != 0) {
            return -1;
        }
    }
    return 0;
}
