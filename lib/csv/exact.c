#include "csv/exact.h"

#include <string.h>

/* Where the unquoted bytes from p on end: at a delimiter, a line end, or the end. */
static const uint8_t *skip_plain(const uint8_t *p, const uint8_t *end)
{
    while (p < end && *p != ',' && *p != '\n' && *p != '\r') {
        p++;
    }
    return p;
}

/* A quoted field; *at is its opening quote, and receives what ended it. */
static int take_quoted(
    struct weir_csv_cells *cells, const uint8_t **at, const uint8_t *end, struct weir_err *err)
{
    const uint8_t *open = *at, *from = open + 1, *p = from;
    uint8_t *text = cells->text + cells->text_len, *to = text;

    for (;;) {
        p = p < end ? memchr(p, '"', (size_t)(end - p)) : NULL;
        if (p == NULL) {
            return weir_err_set(err, WEIR_E_BUG, "csv: a block ends inside quotes");
        }
        p++;
        if (p == end || *p != '"') {
            break;
        }
        memcpy(to, from, (size_t)(p - from)); /* the first quote of the pair too */
        to += p - from;
        from = ++p;
    }
    *at = skip_plain(p, end);
    if (*at != p) {
        if (!cells->malformed) {
            cells->malformed = true;
            cells->malformed_field = cells->n;
        }
        return weir_csv_cells_add(cells, open, (size_t)(*at - open), err);
    }
    size_t rest = (size_t)(p - 1 - from);
    if (to == text) {
        return weir_csv_cells_add(cells, from, rest, err); /* no pair: it can be shown in place */
    }
    memcpy(to, from, rest);
    size_t len = (size_t)(to - text) + rest;
    cells->text_len += len;
    return weir_csv_cells_add(cells, text, len, err);
}

int weir_csv_exact(struct weir_csv_cells *cells, const uint8_t *p, size_t len, struct weir_err *err)
{
    const uint8_t *end = p + len;

    while (p < end) {
        if (cells->n == 0 && (*p == '\n' || *p == '\r')) {
            p++; /* a blank line, or the LF of a CRLF */
            continue;
        }
        for (;;) { /* the fields of a row */
            if (p < end && *p == '"') {
                if (take_quoted(cells, &p, end, err) != 0) {
                    return -1;
                }
            } else {
                const uint8_t *from = p;
                p = skip_plain(p, end);
                if (weir_csv_cells_add(cells, from, (size_t)(p - from), err) != 0) {
                    return -1;
                }
            }
            if (p == end || *p != ',') {
                break;
            }
            p++;
        }
        p += p < end; /* the line end */
        if (weir_csv_cells_row(cells, err) != 0) {
            return -1;
        }
    }
    return 0;
}
