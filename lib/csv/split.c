#include "csv/split.h"

#include "csv/bytes.h"

#include <assert.h>
#include <inttypes.h>

/*
 * Two ways through the bytes. scan_bytes() is the definition: a state machine, a byte at a time.
 * scan_chunk() does 64 bytes at once with a bit for each: a running XOR over the quotes tells which
 * bytes are inside, which is right as long as each opening quote stands where a field starts and
 * each closing one where a field ends. It checks just that, and leaves a chunk in which it does not
 * hold, or in which something must stop, to the state machine.
 *
 * A CR ends a line, but the next byte may still belong to that end (CRLF). So such an end is noted
 * (commit) when the next byte is seen: state LINE with after_cr set is an end that waits.
 */
enum {
    LINE,
    FIELD,
    PLAIN,
    QUOTED,
    QUOTE
}; /* at a line's start, at another field's start, in an
    * unquoted field, in a quoted one, after a quote there */
#define CHUNK 64
#define SLICE_BYTES 4096 /* of a block that is cut by its lines, this much is scanned again */

void weir_csv_split_init(struct weir_csv_split *s, size_t block_bytes, size_t row_max)
{
    assert(block_bytes > 0);
    *s = (struct weir_csv_split){
        .block_bytes = block_bytes, .row_max = row_max, .head = true, .state = LINE};
}

/* A line ends before offset at. */
static void commit(struct weir_csv_split *s, size_t at)
{
    s->end = at;
    s->lines += s->tail_lines;
    s->blank += s->tail_blank;
    s->any_row |= s->tail_any_row;
    s->malformed |= s->tail_malformed;
    s->tail_lines = s->tail_blank = 0;
    s->tail_any_row = s->tail_malformed = false;
    if (!s->head || s->any_row) {
        s->row = at; /* blank lines before the head count as part of it, which bounds them */
    }
}

/* One byte outside quotes, or a quote's neighbour. Line ends are the caller's. */
static void take_text(struct weir_csv_split *s, uint8_t c)
{
    if (c == '"') {
        if (s->state == PLAIN) {
            s->tail_malformed = true;
        } else {
            s->state = QUOTED;
        }
    } else if (c == ',') {
        s->state = FIELD;
    } else {
        s->tail_malformed |= s->state == QUOTE;
        s->state = PLAIN;
    }
}

/* Take the byte at s->pos. */
static void take(struct weir_csv_split *s, uint8_t c)
{
    bool line_end = c == '\n' || c == '\r', pair = c == '\n' && s->after_cr;

    s->pos++;
    s->tail_lines += line_end && !pair;
    s->after_cr = c == '\r';
    if (s->state == QUOTED) {
        s->state = c == '"' ? QUOTE : QUOTED;
    } else if (line_end) {
        if (!pair) {
            s->tail_blank += s->state == LINE;
            s->tail_any_row |= s->state != LINE;
        }
        s->state = LINE;
        if (c == '\n') {
            commit(s, s->pos);
        }
    } else {
        take_text(s, c);
    }
}

static bool stops_here(const struct weir_csv_split *s)
{
    return !s->head || s->any_row;
}

/* Scan to upto, or, with stop, to the first end of a block. Returns false when the row at hand is
 * longer than row_max. */
static bool scan_bytes(struct weir_csv_split *s, const uint8_t *p, size_t upto, bool stop)
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
        bool ends_line = (c == '\n' || c == '\r') && s->state != QUOTED;
        size_t row_bytes = s->pos - s->row;
        if (row_bytes >= s->row_max && (!ends_line || row_bytes - s->row_max >= 2)) {
            return false;
        }
        take(s, c);
        if (stop && s->end == s->pos && stops_here(s)) {
            return true;
        }
    }
    return true;
}

/* Bit i of the result is the XOR of bits 0..i. */
static uint64_t running_xor(uint64_t x)
{
    for (int by = 1; by < CHUNK; by *= 2) {
        x ^= x << by;
    }
    return x;
}

static uint64_t count_bits(uint64_t x)
{
    uint64_t n = 0;

    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

/* Count the line ends of a chunk: units are the line ends (a CRLF once, at its CR), of these
 * outside and blank; ends are the bytes behind which a line is over for sure. */
static void chunk_lines(
    struct weir_csv_split *s, uint64_t units, uint64_t outside, uint64_t blank, uint64_t ends)
{
    if (ends != 0) {
        int at = CHUNK - 1 - __builtin_clzll(ends);
        uint64_t upto = ~(uint64_t)0 >> (CHUNK - 1 - at);
        s->tail_lines += count_bits(units & upto);
        s->tail_blank += count_bits(blank & upto);
        s->tail_any_row |= (outside & ~blank & upto) != 0;
        commit(s, s->pos + (size_t)at + 1);
        units &= ~upto;
        outside &= ~upto;
        blank &= ~upto;
    }
    s->tail_lines += count_bits(units);
    s->tail_blank += count_bits(blank);
    s->tail_any_row |= (outside & ~blank) != 0;
}

/* Scan the 64 bytes at p (offset s->pos). Returns false, with nothing done, when they need the
 * state machine. */
static bool scan_chunk(struct weir_csv_split *s, const uint8_t *p, bool stop)
{
    const struct weir_csv_chunk chunk = weir_csv_load(p);
    uint64_t lf = weir_csv_mask(&chunk, '\n'), cr = weir_csv_mask(&chunk, '\r'),
             quote = weir_csv_mask(&chunk, '"');
    uint64_t line_end = lf | cr, inside = s->state == QUOTED ? ~(uint64_t)0 : 0;
    if (quote != 0 || s->state == QUOTE) {
        inside ^= running_xor(quote);
        uint64_t borders = weir_csv_mask(&chunk, ',') | line_end, closes = quote & ~inside;
        uint64_t may_open = (borders | closes) << 1 | (s->state != PLAIN && s->state != QUOTED);
        uint64_t after_close = closes << 1 | (s->state == QUOTE);
        if ((quote & inside & ~may_open) != 0 || (after_close & ~(borders | quote)) != 0) {
            return false;
        }
    }
    uint64_t outside = line_end & ~inside;
    bool waits = s->state == LINE && s->after_cr;
    if (outside != 0 || waits) {
        if (stop) {
            return false;
        }
        if (waits && (lf & 1) == 0) {
            commit(s, s->pos);
        }
    }
    if (line_end != 0) {
        uint64_t units = cr | (lf & ~(cr << 1 | s->after_cr)), top = (uint64_t)1 << (CHUNK - 1);
        uint64_t blank = units & outside & (outside << 1 | (s->state == LINE));
        uint64_t ends = outside & (lf | (cr & ~(lf >> 1) & ~top));
        chunk_lines(s, units, units & outside, blank, ends);
    }
    s->pos += CHUNK;
    s->after_cr = p[CHUNK - 1] == '\r';
    if (inside >> (CHUNK - 1)) {
        s->state = QUOTED;
    } else if (quote >> (CHUNK - 1)) {
        s->state = QUOTE;
    } else {
        s->state = outside >> (CHUNK - 1) ? LINE : p[CHUNK - 1] == ',' ? FIELD : PLAIN;
    }
    return true;
}

static bool scan(struct weir_csv_split *s, const uint8_t *p, size_t upto, bool stop)
{
    while (s->pos < upto && !(stop && s->end > 0 && stops_here(s))) {
        size_t n = upto - s->pos;
        bool whole = n >= CHUNK && s->pos + CHUNK - s->row <= s->row_max;
        if (whole && scan_chunk(s, p + s->pos, stop)) {
            continue;
        }
        if (!scan_bytes(s, p, s->pos + (n < CHUNK ? n : CHUNK), stop)) {
            return false;
        }
    }
    return true;
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
    } while (!too_many(s, s->lines));
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
        if (too_many(s, s->lines)) {
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
        take(&again, p[again.pos]);
        if (again.state == QUOTED && before != QUOTED && before != QUOTE) {
            open_line = s->lines + again.tail_lines + 1;
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
    uint64_t line = s->lines_before + s->lines + 1;

    if (s->state == QUOTED) {
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
    ret->len = len;
    ret->skip = s->skip;
    ret->blank = s->blank;
    ret->malformed = s->malformed;
    s->lines_before += s->lines;
    s->head = false;
    s->pos -= len;
    s->end = s->row = s->skip = 0;
    s->lines = s->blank = 0;
    s->any_row = s->malformed = false;
}

/* The byte order mark at the stream's start. Returns false when more bytes are needed to tell. */
static bool skip_bom(struct weir_csv_split *s, const uint8_t *p, size_t len, bool last)
{
    static const uint8_t bom[3] = {0xEF, 0xBB, 0xBF};
    size_t n = len < sizeof bom ? len : sizeof bom;

    if (s->bom_done) {
        return true;
    }
    bool same = n == 0 || memcmp(p, bom, n) == 0;
    if (same && n < sizeof bom && !last) {
        return false;
    }
    s->bom_done = true;
    if (same && n == sizeof bom) {
        s->pos = s->skip = s->row = n;
    }
    return true;
}

int weir_csv_split(struct weir_csv_split *s, const uint8_t *p, size_t len, bool last,
    struct weir_csv_cut *ret, struct weir_err *err)
{
    bool fits = true, full = false;

    assert(len >= s->pos);
    *ret = (struct weir_csv_cut){0};
    if (!skip_bom(s, p, len, last)) {
        return 0;
    }
    if (!s->head) {
        fits = scan_block(s, p, len, &full);
    }
    if (fits && (s->head || (full && s->end == 0))) {
        fits = scan(s, p, len, true);
    }
    if (!fits) {
        return fail_long(s, p, err);
    }
    if (s->head) {
        full = s->any_row;
    } else if (last && !full) { /* the last line may be one too many */
        full = too_many(s, s->lines + s->tail_lines + (s->state != LINE));
    }
    if (full && s->end > 0) {
        cut(s, s->end, ret);
    } else if (last) {
        if (s->state == QUOTED) {
            return fail_open(s, p, err);
        }
        s->tail_lines += s->state != LINE; /* a last line without its end */
        s->tail_any_row |= s->state != LINE;
        s->state = LINE;
        s->after_cr = false;
        commit(s, s->pos);
        cut(s, s->pos, ret);
    }
    return 0;
}
