#include "csv/fast.h"

#include "core/utf8.h"
#include "csv/bytes.h"
#include "csv/writer.h"

#include <string.h>

struct fast {
    struct weir_csv_cells *cells;
    const uint8_t *p;
    size_t start; /* of the field at hand */
    size_t row;   /* of the row at hand */
    size_t utf8;  /* up to here the block is valid UTF-8 */
    const struct weir_csv_dialect *d;
    uint8_t delimiter, quote;
};

static int disagree(const struct fast *f, struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_BUG,
        "csv: the fast parser and the splitter disagree in row %llu of a block",
        (unsigned long long)f->cells->rows + 1);
}

/* Copy n bytes with each pair of quotes made one. Words are stored whole and advanced by what
 * counts of them: what has been written of a row is never more than what has been read of it, so
 * such a store stays within the room, which is the block's length. Returns the length. */
static size_t undouble(uint8_t *to, const uint8_t *p, size_t n, uint8_t quote)
{
    const uint8_t *end = p + n;
    uint8_t *out = to;

    while (end - p >= 8) {
        uint64_t w = weir_csv_word(p), quotes = weir_csv_same(w, quote);

        memcpy(out, p, 8);
        if (quotes == 0) {
            p += 8;
            out += 8;
            continue;
        }
        /* Up to the first quote of the pair; the second one is left out. */
        int upto = __builtin_ctzll(quotes) / 8 + 1;
        p += upto + 1;
        out += upto;
    }
    while (p < end) {
        *out++ = *p;
        p += *p == quote ? 2 : 1;
    }
    return (size_t)(out - to);
}

/* A field that begins with a quote, from f->start up to `at`. */
static int take_quoted(struct fast *f, size_t at, struct weir_err *err)
{
    struct weir_csv_cells *cells = f->cells;
    const uint8_t *p = f->p + f->start + 1;
    size_t len = at - f->start;

    if (len < 2 || p[len - 2] != f->quote) {
        return disagree(f, err);
    }
    len -= 2;
    if (len == 0 || memchr(p, f->quote, len) == NULL) {
        cells->as_is &= weir_csv_needs_quotes(f->d, p, len);
        return weir_csv_cells_add(cells, p, len, true, err);
    }
    if (cells->n < cells->doubled_n && cells->doubled[cells->n]) {
        if (weir_csv_cells_add(cells, p, len, true, err) != 0) {
            return -1;
        }
        cells->fields[cells->n - 1].doubled = true;
        return 0;
    }
    uint8_t *to = cells->text + cells->text_len;
    size_t n = undouble(to, p, len, f->quote);
    cells->text_len += n;
    return weir_csv_cells_add(cells, to, n, true, err);
}

/* The field from f->start up to `at`. */
static inline int take_field(struct fast *f, size_t at, struct weir_err *err)
{
    const uint8_t *p = f->p + f->start;
    const size_t len = at - f->start;

    if (len > 0 && *p == f->quote) {
        return take_quoted(f, at, err);
    }
    return weir_csv_cells_add(f->cells, p, len, false, err);
}

/* A line end, or the end of the block, at `at`. */
static int take_row(struct fast *f, size_t at, struct weir_err *err)
{
    struct weir_csv_cells *cells = f->cells;

    if (cells->n == 0 && at == f->start) { /* a blank line, or the LF of a CRLF */
        f->start = f->row = at + 1;
        return 0;
    }
    if (take_field(f, at, err) != 0) {
        return -1;
    }
    cells->at = f->row;
    cells->source = f->p + f->row;
    cells->source_len = at - f->row;
    cells->utf8 = at <= f->utf8;
    f->start = f->row = at + 1;
    return weir_csv_cells_row(cells, err);
}

static int take_marks(struct fast *f, const uint32_t *marks, size_t n, struct weir_err *err)
{
    for (size_t i = 0; i < n; i++) {
        const size_t at = marks[i];
        if (f->p[at] != f->delimiter) {
            if (take_row(f, at, err) != 0) {
                return -1;
            }
        } else if (take_field(f, at, err) == 0) {
            f->start = at + 1;
        } else {
            return -1;
        }
    }
    return 0;
}

/* The window up to `end` has been seen. Where it is ASCII nothing has to be looked at; a sequence
 * that its end cuts is looked at again with the next one. */
static void check_utf8(struct fast *f, size_t window, size_t end, bool ascii)
{
    if (ascii && f->utf8 == window) {
        f->utf8 = end;
    } else {
        f->utf8 += weir_utf8_check((const char *)f->p + f->utf8, end - f->utf8);
    }
}

int weir_csv_fast(struct weir_csv_cells *cells, weir_csv_index_fn *kernel,
    const struct weir_csv_dialect *d, const uint8_t *p, size_t len, struct weir_err *err)
{
    struct fast f = {.cells = cells,
        .p = p,
        .d = d,
        .delimiter = (uint8_t)d->delimiter,
        .quote = (uint8_t)d->quote};
    struct weir_csv_index ix = {.delimiter = f.delimiter, .quote = f.quote};
    uint32_t marks[WEIR_CSV_INDEX_ROOM];

    for (size_t from = 0; from < len; from += WEIR_CSV_INDEX_WINDOW) {
        size_t window = len - from < WEIR_CSV_INDEX_WINDOW ? len - from : WEIR_CSV_INDEX_WINDOW;
        size_t n = kernel(&ix, p + from, window, (uint32_t)from, marks);
        check_utf8(&f, from, from + window, ix.high == 0);
        if (take_marks(&f, marks, n, err) != 0) {
            return -1;
        }
    }
    if (ix.inside != 0) {
        return disagree(&f, err);
    }
    /* The last row may lack its line end. */
    return f.start < len || cells->n > 0 ? take_row(&f, len, err) : 0;
}
