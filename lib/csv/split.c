#include "csv/split.h"

#include "core/mark.h"
#include "csv/bytes.h"
#include "csv/sniff.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/*
 * Two ways through the bytes. scan_bytes() is the definition: a state machine, a byte at a time.
 * scan_chunk() does 64 bytes at once with a bit for each: a running XOR over the quotes tells which
 * bytes are inside, which is right as long as each opening quote stands where a field starts and
 * each closing one where a field ends. It checks just that, and leaves a chunk in which it does not
 * hold, or in which something must stop, to the state machine.
 *
 * A CR ends a line, but the next byte may still belong to that end (CRLF). So such an end is noted
 * (commit) when the next byte is seen: state LINE with after_cr set is an end that waits.
 *
 * Both are written for a dialect `d` and inlined twice: for the common one, whose marks the
 * compiler knows, and for any other.
 */
enum {
    LINE,    /* at a line's start */
    FIELD,   /* at another field's start */
    PLAIN,   /* in an unquoted field */
    QUOTED,  /* in a quoted one */
    QUOTE,   /* after a quote there */
    ESCAPED, /* after an escape there */
    COMMENT,
};
#define CHUNK 64
#define AHEAD                                                                                      \
    16 /* chunks whose masks are found at once: 2 KiB of masks, which stay in the cache            \
        */
#define SLICE_BYTES 4096 /* of a block that is cut by its lines, this much is scanned again */
#define FOR_A_DIALECT static inline __attribute__((always_inline))

static const struct weir_csv_dialect common = WEIR_CSV_COMMON;

void weir_csv_split_init(struct weir_csv_split *s, const struct weir_csv_dialect *dialect,
    size_t block_bytes, size_t row_max)
{
    struct weir_csv_kernel kernel;

    assert(block_bytes > 0);
    (void)weir_csv_kernel_pick(&kernel, NULL); /* who reads what is cut is told */
    *s = (struct weir_csv_split){.dialect = *dialect,
        .common = weir_csv_dialect_common(dialect),
        .block_bytes = block_bytes,
        .row_max = row_max,
        .skip_left = dialect->skip_lines,
        .head = true,
        .masks = kernel.masks,
        .state = LINE};
}

/* A line ends before offset at. */
static void commit(struct weir_csv_split *s, size_t at)
{
    s->end = at;
    s->done.lines += s->tail.lines;
    s->done.rows += s->tail.rows;
    s->done.blank += s->tail.blank;
    s->done.comments += s->tail.comments;
    s->done.odd |= s->tail.odd;
    s->tail = (struct weir_csv_counts){0};
    if (!s->head || s->done.rows > 0) {
        s->row = at; /* what stands before the head counts as part of it, which bounds it */
    }
}

/* One byte outside quotes, or a quote's neighbour. Line ends are the caller's. */
FOR_A_DIALECT void take_text(struct weir_csv_split *s, uint8_t c, const struct weir_csv_dialect *d)
{
    const bool doubled = s->state == QUOTE && d->escape == WEIR_CSV_NONE;

    if (s->state == COMMENT || (s->state == LINE && c == d->comment)) {
        s->state = COMMENT;
        s->tail.odd = true;
    } else if (c == d->quote && s->state != PLAIN && (s->state != QUOTE || doubled)) {
        s->state = QUOTED;
    } else if (c == d->delimiter) {
        s->state = FIELD;
    } else {
        s->tail.odd |= s->state == QUOTE || c == d->quote;
        s->state = PLAIN;
    }
}

/* The line that is read ends here. */
static void count_line(struct weir_csv_counts *counts, int state)
{
    counts->blank += state == LINE;
    counts->comments += state == COMMENT;
    counts->rows += state != LINE && state != COMMENT;
}

/* Take the byte at s->pos. */
FOR_A_DIALECT void take(struct weir_csv_split *s, uint8_t c, const struct weir_csv_dialect *d)
{
    bool line_end = c == '\n' || c == '\r', pair = c == '\n' && s->after_cr;

    s->pos++;
    s->tail.lines += line_end && !pair;
    s->after_cr = c == '\r';
    if (s->state == QUOTED) {
        s->state = c == d->quote ? QUOTE : c == d->escape ? ESCAPED : QUOTED;
    } else if (s->state == ESCAPED) {
        s->state = QUOTED;
    } else if (line_end) {
        if (!pair) {
            count_line(&s->tail, s->state);
        }
        s->state = LINE;
        if (c == '\n') {
            commit(s, s->pos);
        }
    } else {
        take_text(s, c, d);
    }
}

static bool stops_here(const struct weir_csv_split *s)
{
    return !s->head || s->done.rows > 0;
}

static bool in_quotes(const struct weir_csv_split *s)
{
    return s->state == QUOTED || s->state == ESCAPED;
}

/* scan() a byte at a time. */
FOR_A_DIALECT bool scan_bytes_as(struct weir_csv_split *s, const uint8_t *p, size_t upto, bool stop,
    const struct weir_csv_dialect *d)
{
    while (s->pos < upto) {
        uint8_t c = p[s->pos];
        if (s->state == LINE && s->after_cr && c != '\n') {
            s->after_cr = false;
            commit(s, s->pos);
            if (stop && stops_here(s)) {
                return true;
            }
        }
        bool ends_line = (c == '\n' || c == '\r') && !in_quotes(s);
        size_t row_bytes = s->pos - s->row;
        if (row_bytes >= s->row_max && (!ends_line || row_bytes - s->row_max >= 2)) {
            return false;
        }
        take(s, c, d);
        if (stop && s->end == s->pos && stops_here(s)) {
            return true;
        }
    }
    return true;
}

static bool scan_bytes(struct weir_csv_split *s, const uint8_t *p, size_t upto, bool stop)
{
    return s->common ? scan_bytes_as(s, p, upto, stop, &common)
                     : scan_bytes_as(s, p, upto, stop, &s->dialect);
}

static uint64_t count_bits(uint64_t x)
{
    uint64_t n = 0;

    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

/* Line ends of a chunk: all (a CRLF once, at its CR), of these those outside and those of blank
 * lines. */
static void count_lines(
    struct weir_csv_counts *counts, uint64_t units, uint64_t outside, uint64_t blank)
{
    uint64_t lines = count_bits(units), empty = count_bits(blank);

    counts->lines += lines;
    counts->blank += empty;
    counts->rows += (outside == units ? lines : count_bits(outside)) - empty;
}

/* Count the line ends of a chunk; ends are the bytes behind which a line is over for sure. */
static void chunk_lines(
    struct weir_csv_split *s, uint64_t units, uint64_t outside, uint64_t blank, uint64_t ends)
{
    if (ends != 0) {
        int at = CHUNK - 1 - __builtin_clzll(ends);
        uint64_t upto = ~(uint64_t)0 >> (CHUNK - 1 - at);
        count_lines(&s->tail, units & upto, outside & upto, blank & upto);
        commit(s, s->pos + (size_t)at + 1);
        units &= ~upto;
        outside &= ~upto;
        blank &= ~upto;
    }
    if (units != 0) {
        count_lines(&s->tail, units, outside, blank);
    }
}

/* Whether the quotes of a chunk stand only where fields begin and end. */
FOR_A_DIALECT bool quotes_fit(const struct weir_csv_split *s, uint64_t borders, uint64_t quote,
    uint64_t inside, const struct weir_csv_dialect *d)
{
    const bool doubling = d->escape == WEIR_CSV_NONE;
    uint64_t closes = quote & ~inside;
    bool starts = s->state == LINE || s->state == FIELD || (doubling && s->state == QUOTE);
    uint64_t may_open = (borders | (doubling ? closes : 0)) << 1 | starts;
    uint64_t after_close = closes << 1 | (s->state == QUOTE);

    return (quote & inside & ~may_open) == 0 &&
           (after_close & ~(borders | (doubling ? quote : 0))) == 0;
}

/* Whether the 64 bytes at p have an escape within quotes, or a comment, or are in one. */
FOR_A_DIALECT bool has_more(const struct weir_csv_split *s, const uint8_t *p, uint64_t outside,
    const struct weir_csv_dialect *d)
{
    if (d->escape == WEIR_CSV_NONE && d->comment == WEIR_CSV_NONE) {
        return false;
    }
    const struct weir_csv_chunk chunk = weir_csv_load(p);
    uint64_t starts = outside << 1 | (s->state == LINE);

    return (d->escape != WEIR_CSV_NONE &&
               (s->state == ESCAPED || weir_csv_mask(&chunk, (uint8_t)d->escape) != 0)) ||
           (d->comment != WEIR_CSV_NONE &&
               (s->state == COMMENT || (weir_csv_mask(&chunk, (uint8_t)d->comment) & starts) != 0));
}

/* Scan the 64 bytes at p (offset s->pos), in which the marks stand at m. Returns false, with
 * nothing done, when they need the state machine. */
FOR_A_DIALECT bool scan_chunk(struct weir_csv_split *s, const uint8_t *p,
    const struct weir_csv_masks *m, bool stop, const struct weir_csv_dialect *d)
{
    const uint64_t top = (uint64_t)1 << (CHUNK - 1);
    const uint64_t quote = d->quote == WEIR_CSV_NONE ? 0 : m->quote;
    const uint64_t line_end = m->lf | m->cr, borders = m->delimiter | line_end;
    uint64_t inside = s->state == QUOTED ? ~(uint64_t)0 : 0;

    if (quote != 0 || s->state == QUOTE) {
        inside ^= weir_csv_running_xor(quote);
        if (!quotes_fit(s, borders, quote, inside, d)) {
            return false;
        }
    }
    uint64_t outside = line_end & ~inside;
    if (has_more(s, p, outside, d)) {
        return false;
    }
    bool waits = s->state == LINE && s->after_cr;
    if (outside != 0 || waits) {
        if (stop) {
            return false;
        }
        if (waits && (m->lf & 1) == 0) {
            commit(s, s->pos);
        }
    }
    if (line_end != 0) {
        uint64_t units = m->cr | (m->lf & ~(m->cr << 1 | s->after_cr));
        uint64_t blank = units & outside & (outside << 1 | (s->state == LINE));
        uint64_t ends = outside & (m->lf | (m->cr & ~(m->lf >> 1) & ~top));
        chunk_lines(s, units, units & outside, blank, ends);
    }
    s->pos += CHUNK;
    s->after_cr = (m->cr & top) != 0;
    if ((inside & top) != 0) {
        s->state = QUOTED;
    } else if ((quote & top) != 0) {
        s->state = QUOTE;
    } else {
        s->state = (outside & top) != 0 ? LINE : (m->delimiter & top) != 0 ? FIELD : PLAIN;
    }
    return true;
}

static bool stopped(const struct weir_csv_split *s, bool stop)
{
    return stop && s->end > 0 && stops_here(s);
}

/* Scan so many chunks at p; false as scan(). */
FOR_A_DIALECT bool scan_chunks(struct weir_csv_split *s, const uint8_t *p,
    const struct weir_csv_masks *masks, size_t chunks, bool stop, const struct weir_csv_dialect *d)
{
    for (size_t i = 0; i < chunks && !stopped(s, stop); i++) {
        bool short_row = s->pos + CHUNK - s->row <= s->row_max;
        if (!(short_row && scan_chunk(s, p + s->pos, &masks[i], stop, d)) &&
            !scan_bytes_as(s, p, s->pos + CHUNK, stop, d)) {
            return false;
        }
    }
    return true;
}

/* Scan to upto, or, with stop, to the first end of a block. Returns false when the row at hand is
 * longer than row_max. */
FOR_A_DIALECT bool scan_as(struct weir_csv_split *s, const uint8_t *p, size_t upto, bool stop,
    const struct weir_csv_dialect *d)
{
    struct weir_csv_masks masks[AHEAD];

    while (s->pos < upto && !stopped(s, stop)) {
        size_t chunks = (upto - s->pos) / CHUNK;
        chunks = chunks < AHEAD ? chunks : AHEAD;
        if (chunks == 0) {
            return scan_bytes_as(s, p, upto, stop, d);
        }
        s->masks(p + s->pos, chunks, (uint8_t)d->delimiter, (uint8_t)d->quote, masks);
        if (!scan_chunks(s, p, masks, chunks, stop, d)) {
            return false;
        }
    }
    return true;
}

static bool scan(struct weir_csv_split *s, const uint8_t *p, size_t upto, bool stop)
{
    return s->common ? scan_as(s, p, upto, stop, &common) : scan_as(s, p, upto, stop, &s->dialect);
}

static bool too_many(const struct weir_csv_split *s, uint64_t lines)
{
    return s->lines_max > 0 && lines > s->lines_max;
}

/* The slice up to s->pos, before which things stood as in `before`, has too many lines: go to the
 * last record end before, or, when there is none, behind the one record. */
static void back_to_limit(
    struct weir_csv_split *s, const struct weir_csv_split *before, const uint8_t *p)
{
    const size_t upto = s->pos;
    struct weir_csv_split fit;

    *s = *before;
    do {
        fit = *s;
        scan_bytes(s, p, upto, true); /* to the next record end */
    } while (!too_many(s, s->done.lines));
    if (fit.end > 0) {
        *s = fit;
    }
}

/* Scan a block that is no head, to block_bytes at most. Sets *full when it need not grow further.
 * Returns false when a row in it is longer than row_max. */
static bool scan_block(struct weir_csv_split *s, const uint8_t *p, size_t len, bool *full)
{
    const size_t upto = len < s->block_bytes ? len : s->block_bytes;
    bool fits = true;

    while (fits && s->pos < upto) {
        const struct weir_csv_split before = *s;
        fits = scan(s, p, upto - s->pos < SLICE_BYTES ? upto : s->pos + SLICE_BYTES, false);
        if (too_many(s, s->done.lines)) {
            back_to_limit(s, &before, p);
            *full = true;
            return true;
        }
    }
    *full = s->pos >= s->block_bytes;
    return fits;
}

/* The line of the block where the quote opened that is open at s->pos. Only for an error: the
 * unfinished record is scanned once more. */
static uint64_t find_open_line(const struct weir_csv_split *s, const uint8_t *p)
{
    struct weir_csv_split again = {.pos = s->end > s->skip ? s->end : s->skip, .state = LINE};
    uint64_t open_line = 0;

    while (again.pos < s->pos) {
        int before = again.state;
        take(&again, p[again.pos], &s->dialect);
        if (again.state == QUOTED && (before == LINE || before == FIELD)) {
            open_line = s->done.lines + again.tail.lines + 1;
        }
    }
    return open_line;
}

static int fail_open(const struct weir_csv_split *s, const uint8_t *p, struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_DATA,
        "csv: the quote that opens in line %" PRIu64 " is never closed",
        s->lines_before + find_open_line(s, p));
}

static int fail_long(const struct weir_csv_split *s, const uint8_t *p, struct weir_err *err)
{
    uint64_t line = s->lines_before + s->done.lines + 1;

    if (in_quotes(s)) {
        return weir_err_set(err, WEIR_E_LIMIT,
            "csv: the row in line %" PRIu64
            " is longer than %zu bytes (a quote opened in line %" PRIu64 " is still open)",
            line, s->row_max, s->lines_before + find_open_line(s, p));
    }
    return weir_err_set(err, WEIR_E_LIMIT,
        "csv: the row in line %" PRIu64 " is longer than %zu bytes", line, s->row_max);
}

/* The block is p[0..len); what has been scanned behind it belongs to the next one. */
static void cut(struct weir_csv_split *s, size_t len, struct weir_csv_cut *ret)
{
    *ret = (struct weir_csv_cut){.len = len, .skip = s->skip, .counts = s->done};
    s->lines_before += s->done.lines;
    s->head = false;
    s->pos -= len;
    s->end = s->row = s->skip = 0;
    s->done = (struct weir_csv_counts){0};
}

/* The byte order mark at the stream's start. Returns 1, 0 when more bytes are needed to tell, or
 * -1. */
static int skip_bom(
    struct weir_csv_split *s, const uint8_t *p, size_t len, bool last, struct weir_err *err)
{
    size_t skip;

    if (s->bom_done) {
        return 1;
    }
    const int rc = weir_mark_skip("csv", p, len, last, &skip, err);
    if (rc == 1) {
        s->bom_done = true;
        s->pos = s->skip = s->row = skip;
    }
    return rc;
}

static void skipped(struct weir_csv_split *s)
{
    s->skip = s->pos;
    s->skip_left--;
    s->done.lines++;
}

/* The lines to skip, whatever is in them. Returns 1, 0 when more bytes are needed, or -1. */
static int skip_lines(
    struct weir_csv_split *s, const uint8_t *p, size_t len, bool last, struct weir_err *err)
{
    while (s->skip_left > 0 && s->pos < len) {
        const uint8_t c = p[s->pos];
        if (c == '\r' && s->pos + 1 == len && !last) {
            return 0;
        }
        if (s->pos - s->row >= s->row_max) {
            return weir_err_set(err, WEIR_E_LIMIT,
                "csv: what is to be skipped up to line %" PRIu64 " is longer than %zu bytes",
                s->done.lines + 1, s->row_max);
        }
        s->pos += c == '\r' && s->pos + 1 < len && p[s->pos + 1] == '\n' ? 2 : 1;
        if (c == '\n' || c == '\r') {
            skipped(s);
        }
    }
    if (last && s->skip_left > 0 && s->pos > s->skip) {
        skipped(s); /* a line without its end */
    }
    return s->skip_left == 0 || last;
}

/* What comes before the first line that counts, of which each byte is seen once, and then the
 * delimiter, when it is to be found: by what is behind. Returns 1, 0 when more bytes are needed,
 * or -1. */
static int begin(
    struct weir_csv_split *s, const uint8_t *p, size_t len, bool last, struct weir_err *err)
{
    int rc = skip_bom(s, p, len, last, err);

    rc = rc == 1 ? skip_lines(s, p, len, last, err) : rc;
    if (rc != 1) {
        return rc;
    }
    s->skip_left = 0; /* there may be fewer */
    if (s->dialect.delimiter == WEIR_CSV_AUTO) {
        if (!weir_csv_sniff(p + s->pos, len - s->pos, last, &s->dialect)) {
            return 0;
        }
        s->common = weir_csv_dialect_common(&s->dialect);
    }
    return 1;
}

int weir_csv_split(struct weir_csv_split *s, const uint8_t *p, size_t len, bool last,
    struct weir_csv_cut *ret, struct weir_err *err)
{
    bool fits = true, full = false;

    assert(len >= s->pos);
    *ret = (struct weir_csv_cut){0};
    if (s->head) {
        const int rc = begin(s, p, len, last, err);
        if (rc != 1) {
            return rc;
        }
    } else {
        fits = scan_block(s, p, len, &full);
    }
    if (fits && (s->head || (full && s->end == 0))) {
        fits = scan(s, p, len, true);
    }
    if (!fits) {
        return fail_long(s, p, err);
    }
    if (s->head) {
        full = s->done.rows > 0;
    } else if (last && !full) { /* the last line may be one too many */
        full = too_many(s, s->done.lines + s->tail.lines + (s->state != LINE));
    }
    if (full && s->end > 0) {
        cut(s, s->end, ret);
    } else if (last) {
        if (in_quotes(s)) {
            return fail_open(s, p, err);
        }
        if (s->state != LINE) { /* a last line without its end */
            s->tail.lines++;
            count_line(&s->tail, s->state);
        }
        s->state = LINE;
        s->after_cr = false;
        commit(s, s->pos);
        cut(s, s->pos, ret);
    }
    return 0;
}
