#include "cli/rows.h"

#include "cli/rows_priv.h"
#include "csv/writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FAULTS_MAX 24

/* Streams of numbers besides those of the rows, which have their own numbers. */
#define STREAM_FAULTS (UINT64_MAX)
#define STREAM_SEED_ROW (UINT64_MAX - 1)

struct weir_rows {
    const struct weir_shape *shape;
    bool same; /* WEIR_ROWS_SEED: every row from the same numbers */
    uint64_t seed;
    double invalid;
    struct weir_prng rng;    /* where faults are, and which */
    uint64_t span, span_end; /* the span-th piece of 1/invalid rows ends before row span_end */
    uint64_t bad;            /* the invalid row in it; rows count from 0 here */
    enum weir_fault deck[FAULTS_MAX];
    size_t deck_left;
    struct weir_row row; /* reused */
};

void weir_row_put(struct weir_row *row, const char *p, size_t len)
{
    assert(len <= sizeof row->text - row->len);
    memcpy(row->text + row->len, p, len);
    row->len += len;
}

void weir_row_puts(struct weir_row *row, const char *s)
{
    weir_row_put(row, s, strlen(s));
}

void weir_row_put_uint(struct weir_row *row, uint64_t n, size_t digits_min)
{
    char digits[20];
    size_t i = sizeof digits;

    do {
        digits[--i] = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0 || sizeof digits - i < digits_min);
    weir_row_put(row, digits + i, sizeof digits - i);
}

void weir_row_put_cents(struct weir_row *row, uint64_t cents)
{
    weir_row_put_uint(row, cents / 100, 1);
    weir_row_put(row, ".", 1);
    weir_row_put_uint(row, cents % 100, 2);
}

void weir_row_put_word(struct weir_row *row, const struct weir_words *words)
{
    const struct weir_str *word = &words->p[weir_row_below(row, words->n)];

    weir_row_put(row, word->p, word->len);
}

void weir_row_put_words(struct weir_row *row, const struct weir_words *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            weir_row_put(row, " ", 1);
        }
        weir_row_put_word(row, words);
    }
}

void weir_row_put_date(struct weir_row *row)
{
    weir_row_put_uint(row, 2025 + weir_row_below(row, 3), 4);
    weir_row_put(row, "-", 1);
    weir_row_put_uint(row, 1 + weir_row_below(row, 12), 2);
    weir_row_put(row, "-", 1);
    weir_row_put_uint(row, 1 + weir_row_below(row, 28), 2);
}

void weir_row_end(struct weir_row *row)
{
    assert(row->cells_n < WEIR_GENERATE_CELLS_MAX);
    row->ends[row->cells_n++] = row->len;
}

const char *weir_row_wrong(
    const struct weir_row *row, enum weir_fault fault, const char *const *list)
{
    size_t n = 0;

    if (row->fault != fault) {
        return NULL;
    }
    while (list[n] != NULL) {
        n++;
    }
    return list[row->variant % n];
}

bool weir_row_has(
    const struct weir_row *row, enum weir_fault fault, uint64_t place, uint64_t places)
{
    return row->fault == fault && row->variant % places == place;
}

/* The fault of the next invalid row: a deck of all kinds, shuffled anew when it is used up. */
static enum weir_fault deal(struct weir_rows *rows)
{
    if (rows->deck_left == 0) {
        rows->deck_left = rows->shape->faults_n;
        memcpy(rows->deck, rows->shape->faults, rows->deck_left * sizeof *rows->deck);
        for (size_t i = rows->deck_left - 1; i > 0; i--) {
            size_t j = (size_t)weir_prng_below(&rows->rng, i + 1);
            enum weir_fault card = rows->deck[i];

            rows->deck[i] = rows->deck[j];
            rows->deck[j] = card;
        }
    }
    return rows->deck[--rows->deck_left];
}

/* Choose the invalid row of the next span. Spans tile the rows; each has at least one. */
static void next_span(struct weir_rows *rows)
{
    uint64_t start = rows->span_end;

    rows->span++;
    rows->span_end = (uint64_t)((double)rows->span / rows->invalid);
    if (rows->span_end <= start) {
        rows->span_end = start + 1; /* rounding */
    }
    rows->bad = start + weir_prng_below(&rows->rng, rows->span_end - start);
}

struct weir_rows *weir_rows_new(
    enum weir_rows_shape shape, uint64_t seed, double invalid, struct weir_err *err)
{
    struct weir_rows *rows = calloc(1, sizeof *rows);

    if (rows == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for a row");
        return NULL;
    }
    rows->shape = shape == WEIR_ROWS_NARROW ? &weir_shape_narrow : &weir_shape_events;
    assert(rows->shape->faults_n > 0 && rows->shape->faults_n <= FAULTS_MAX);
    rows->same = shape == WEIR_ROWS_SEED;
    rows->seed = seed;
    rows->invalid = invalid;
    weir_prng_seed(&rows->rng, seed, STREAM_FAULTS);
    /* Below one in 10^15 there is no row to be found in any file. */
    if (invalid > 1e-15) {
        next_span(rows);
    } else {
        rows->bad = UINT64_MAX;
        rows->span_end = UINT64_MAX;
    }
    return rows;
}

void weir_rows_free(struct weir_rows *rows)
{
    free(rows);
}

int weir_rows_header(const struct weir_rows *rows, struct weir_buf *out, struct weir_err *err)
{
    return weir_buf_adds(out, rows->shape->header, err);
}

/* Faults of the row as a whole, whatever its columns are. */
static void fault_row(struct weir_row *row)
{
    if (row->fault == WEIR_FAULT_SHORT) {
        row->cells_n -= 1 + row->variant % 3;
    } else if (row->fault == WEIR_FAULT_LONG) {
        for (uint64_t i = 0; i <= row->variant % 2; i++) {
            weir_row_puts(row, "surplus");
            weir_row_end(row);
        }
    }
}

uint64_t weir_rows_next(
    struct weir_rows *rows, struct weir_buf *out, bool *valid, struct weir_err *err)
{
    struct weir_row *row = &rows->row;
    struct weir_csv_field fields[WEIR_GENERATE_CELLS_MAX] = {0};
    size_t from = 0;

    /* Room for the row first, so that a row is appended whole or not at all. */
    if (weir_buf_reserve(out, WEIR_GENERATE_ROW_MAX_BYTES, err) == NULL) {
        return 0;
    }
    if (row->number == rows->span_end) {
        next_span(rows);
    }
    row->fault = WEIR_FAULT_NONE;
    if (row->number == rows->bad) {
        row->fault = deal(rows);
        row->variant = weir_prng_next(&rows->rng) >> 1;
    }
    row->number++;
    row->len = 0;
    row->cells_n = 0;
    weir_prng_seed(&row->rng, rows->seed, rows->same ? STREAM_SEED_ROW : row->number);
    rows->shape->cells(row);
    fault_row(row);
    for (size_t i = 0; i < row->cells_n; i++) {
        fields[i].p = (const uint8_t *)row->text + from;
        fields[i].len = (uint32_t)(row->ends[i] - from);
        from = row->ends[i];
    }
    if (weir_csv_put_fields(out, &weir_csv_common, fields, row->cells_n, err) != 0 ||
        weir_buf_add(out, "\n", 1, err) != 0) {
        return 0;
    }
    *valid = row->fault == WEIR_FAULT_NONE;
    return row->number;
}

uint64_t weir_rows_next_invalid(struct weir_rows *rows)
{
    struct weir_row *row = &rows->row;

    if (row->number > rows->bad) {
        next_span(rows); /* this one's is behind */
    }
    if (rows->bad == UINT64_MAX) {
        return 0;
    }
    (void)deal(rows); /* as if the row were made */
    (void)weir_prng_next(&rows->rng);
    row->number = rows->bad + 1;
    return row->number;
}
