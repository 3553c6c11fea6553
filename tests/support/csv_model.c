#include "tests/support/csv_model.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct weir_csv_dialect model_dialect = WEIR_CSV_COMMON;

void model_split(const uint8_t *in, size_t len, size_t block_bytes, size_t row_max,
    uint64_t lines_max, size_t window, struct model_result *r)
{
    struct weir_csv_split s;
    struct weir_err err = {0};
    size_t at = 0, shown = 0;

    memset(r, 0, sizeof *r);
    weir_csv_split_init(&s, &model_dialect, block_bytes, row_max);
    s.lines_max = lines_max;
    for (;;) {
        size_t more = window > 0 ? window : rnd(4) == 0 ? rnd(200) : rnd(4);
        shown = more < len - at - shown ? shown + more : len - at;
        uint8_t *copy = malloc(shown > 0 ? shown : 1);
        assert_non_null(copy);
        if (shown > 0) {
            memcpy(copy, in + at, shown);
        }
        struct weir_csv_cut *cut = &r->cuts[r->n];
        bool last = at + shown == len && (window > 0 || rnd(2) == 0);
        const uint64_t before = s.lines_before;
        int rc = weir_csv_split(&s, copy, shown, last, cut, &err);
        free(copy);
        if (rc != 0) {
            r->code = err.code;
            memcpy(r->msg, err.msg, sizeof r->msg);
            memset(cut, 0, sizeof *cut);
            return;
        }
        assert_int_equal(cut->counts.lines, s.lines_before - before);
        if (cut->len > 0 || (last && len == 0)) {
            assert_true(++r->n < CSV_MODEL_CUTS_MAX);
        }
        at += cut->len;
        shown -= cut->len;
        if (at == len && last) {
            return;
        }
        assert_true(cut->len > 0 || !last);
    }
}

/* ---- the model ---- */

struct line {
    size_t end; /* after its line end */
    uint64_t lines, open_line;
    bool blank, comment, odd, open, has_end, lone_cr;
};

static bool is_line_end(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* The record, blank line or comment that begins at pos, by the letter of split.h. */
static struct line next_line(const uint8_t *in, size_t len, size_t pos)
{
    const struct weir_csv_dialect *d = &model_dialect;
    struct line l = {.blank = true};
    bool quoted = false, start = true, plain = false, closed = false;
    size_t i = pos;

    l.comment = l.odd = pos < len && in[pos] == d->comment;
    for (; i < len; i++) {
        uint8_t c = in[i];
        bool nl = is_line_end(c);
        if (nl && !(c == '\n' && i > pos && in[i - 1] == '\r')) {
            l.lines++;
        }
        if (quoted && c == d->escape && i + 1 < len) {
            i++;
            l.lines += is_line_end(in[i]) && !(in[i] == '\n' && in[i - 1] == '\r');
            continue;
        }
        if (quoted) {
            if (c == d->quote && d->escape < 0 && i + 1 < len && in[i + 1] == d->quote) {
                i++;
            } else if (c == d->quote) {
                quoted = false;
                closed = true;
            }
            continue;
        }
        if (nl) {
            l.has_end = true;
            l.lone_cr = c == '\r' && !(i + 1 < len && in[i + 1] == '\n');
            i += c == '\r' && !l.lone_cr;
            break;
        }
        l.blank = false;
        if (l.comment) {
            continue;
        }
        if (c == d->delimiter) {
            start = true;
            plain = closed = false;
            continue;
        }
        if (start && c == d->quote) {
            quoted = true;
            l.open_line = l.lines + 1;
        } else {
            l.odd |= closed || (plain && c == d->quote);
            plain = true;
            closed = false;
        }
        start = false;
    }
    l.open = quoted;
    l.end = l.has_end ? i + 1 : len;
    return l;
}

/* The offset of the first byte of the line from pos that makes the row (which began there, or in
 * the head before it) too long, or SIZE_MAX. */
static size_t too_long(
    const uint8_t *in, size_t row, size_t pos, const struct line *l, size_t row_max)
{
    if (l->end - row <= row_max) {
        return SIZE_MAX;
    }
    size_t i = row + row_max > pos ? row + row_max : pos, ends = l->end;
    if (l->has_end) {
        ends -= l->end - pos >= 2 && in[l->end - 1] == '\n' && in[l->end - 2] == '\r' ? 2 : 1;
    }
    if (i < ends) {
        return i;
    }
    i = row + row_max + 2 > pos ? row + row_max + 2 : pos;
    return i < l->end ? i : SIZE_MAX;
}

/* The end of the byte order mark and the lines to skip, in *sum; false when that is too long. */
static bool model_skip(const uint8_t *in, size_t len, size_t row_max, size_t row,
    struct weir_csv_cut *sum, struct model_result *r)
{
    size_t pos = row;

    for (uint64_t n = 0; n < model_dialect.skip_lines && pos < len; n++) {
        for (bool end = false; !end && pos < len; pos++) {
            if (pos - row >= row_max) {
                r->code = WEIR_E_LIMIT;
                r->line = n + 1;
                return false;
            }
            end = is_line_end(in[pos]);
            pos += in[pos] == '\r' && pos + 1 < len && in[pos + 1] == '\n';
        }
        sum->counts.lines++;
    }
    sum->skip = pos;
    return true;
}

/* One block from *at. Returns false at an error. */
static bool model_block(const uint8_t *in, size_t len, size_t block_bytes, size_t row_max,
    uint64_t lines_max, size_t *at, struct model_result *r)
{
    const size_t begin = *at;
    const bool head = r->n == 0;
    struct weir_csv_cut sum = {0};
    struct weir_csv_counts *n = &sum.counts;
    size_t end = 0, pos = begin, row = begin;

    if (head) {
        row = len >= 3 && memcmp(in, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
        if (!model_skip(in, len, row_max, row, &sum, r)) {
            return false;
        }
        pos = sum.skip;
    }
    while (pos < len) {
        struct line l = next_line(in, len, pos);
        size_t fault = too_long(in, row, pos, &l, row_max);
        size_t known = fault != SIZE_MAX ? fault - begin : l.end - begin - !l.has_end;
        if (fault == SIZE_MAX && !l.has_end) {
            known = len - begin; /* what ends only with the input */
        } else if (fault == SIZE_MAX) {
            known = l.end - begin - 1 + l.lone_cr;
        }
        if (!head && end > 0 && known >= block_bytes) {
            break; /* the block is full before more is known of this line */
        }
        if (!head && end > 0 && lines_max > 0 &&
            (n->lines > lines_max ||
                (fault == SIZE_MAX && n->lines + l.lines + !l.has_end > lines_max))) {
            break;
        }
        if (fault != SIZE_MAX || l.open) {
            r->code = fault != SIZE_MAX ? WEIR_E_LIMIT : WEIR_E_DATA;
            r->line += n->lines + (fault != SIZE_MAX ? 1 : l.open_line);
            return false;
        }
        end = l.end - begin;
        n->lines += l.lines + !l.has_end;
        n->blank += l.blank;
        n->comments += l.comment;
        n->rows += !l.blank && !l.comment;
        n->odd |= l.odd;
        pos = l.end;
        if (!head || n->rows > 0) {
            row = pos;
        }
        if (head ? n->rows > 0 : end >= block_bytes) {
            break;
        }
    }
    sum.len = end > 0 ? end : pos - begin;
    *at += sum.len;
    r->line += n->lines;
    r->cuts[r->n++] = sum;
    return true;
}

static void model(const uint8_t *in, size_t len, size_t block_bytes, size_t row_max,
    uint64_t lines_max, struct model_result *r)
{
    size_t at = 0;

    memset(r, 0, sizeof *r);
    while (model_block(in, len, block_bytes, row_max, lines_max, &at, r) && at < len) {
        assert_true(r->n < CSV_MODEL_CUTS_MAX);
    }
}

void model_print_bytes(const uint8_t *in, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (in[i] < ' ' || in[i] > '~') {
            print_error("\\x%02x", in[i]);
        } else {
            print_error("%c", in[i]);
        }
    }
    print_error("\n");
}

void model_print(const char *name, const struct model_result *r)
{
    print_error("%s: code %d line %d '%s'\n", name, (int)r->code, (int)r->line, r->msg);
    for (size_t i = 0; i < r->n; i++) {
        const struct weir_csv_cut *c = &r->cuts[i];
        print_error("  len %zu skip %zu lines %d rows %d blank %d comments %d odd %d\n", c->len,
            c->skip, (int)c->counts.lines, (int)c->counts.rows, (int)c->counts.blank,
            (int)c->counts.comments, c->counts.odd);
    }
}

static bool same_counts(const struct weir_csv_counts *a, const struct weir_csv_counts *b)
{
    return a->lines == b->lines && a->rows == b->rows && a->blank == b->blank &&
           a->comments == b->comments && a->odd == b->odd;
}

static bool same_result(const struct model_result *got, const struct model_result *want)
{
    char line[40];

    if (got->n != want->n || got->code != want->code) {
        return false;
    }
    for (size_t i = 0; i < got->n; i++) {
        const struct weir_csv_cut *x = &got->cuts[i], *y = &want->cuts[i];
        if (x->len != y->len || x->skip != y->skip || !same_counts(&x->counts, &y->counts)) {
            return false;
        }
    }
    snprintf(line, sizeof line, "line %d is", (int)want->line);
    return got->code == WEIR_OK || strstr(got->msg, line) != NULL;
}

void model_check(
    const uint8_t *in, size_t len, size_t block_bytes, size_t row_max, uint64_t lines_max)
{
    static const size_t windows[] = {SIZE_MAX / 2, 1, 2, 3, 63, 64, 65, 0, 0, 0};
    static struct model_result want, got;

    model(in, len, block_bytes, row_max, lines_max, &want);
    for (size_t i = 0; i < sizeof windows / sizeof windows[0]; i++) {
        model_split(in, len, block_bytes, row_max, lines_max, windows[i], &got);
        if (!same_result(&got, &want)) {
            model_print_bytes(in, len);
            model_print("model", &want);
            model_print("split", &got);
            fail_msg("window %zu, block %zu, row max %zu, lines max %zu: not what the model says",
                windows[i], block_bytes, row_max, (size_t)lines_max);
        }
    }
}
