#ifndef WEIR_CSV_READER_H
#define WEIR_CSV_READER_H

#include "core/err.h"
#include "csv/dialect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Whole records to rows. Well-formed blocks are parsed by a fast parser (csv/fast.h), or by libcsv,
 * both of which know a delimiter and a doubled quote; odd blocks, and dialects with anything else,
 * by one that follows the definition a byte at a time (csv/exact.h), as are giant rows (longer than
 * WEIR_BLOCK_BYTES) for libcsv, which would copy them. The tests hold the three together. Nothing
 * is trimmed, blank lines and comments are no rows, and the rows are as long as they are: counting
 * columns is the caller's.
 */
enum weir_csv_engine { WEIR_CSV_FAST, WEIR_CSV_LIBCSV };
extern const char *const weir_csv_engine_names[]; /* "fast", "libcsv"; ends with NULL */

struct weir_csv_field {
    const uint8_t *p;  /* never NULL */
    uint32_t len;      /* no row is longer than WEIR_ROW_MAX_BYTES */
    bool quoted_empty; /* written as two quotes: only told of fields without a byte */
    bool doubled;      /* what stands between its quotes, each quote in it still doubled: only where
                        * weir_csv_reader_set_doubled asks for it */
};

/** weir_csv_text: a field that holds this text; p may be NULL when len is 0. */
static inline struct weir_csv_field weir_csv_text(const void *p, size_t len)
{
    return (struct weir_csv_field){.p = len > 0 ? p : (const void *)"", .len = (uint32_t)len};
}

struct weir_csv_row {
    const struct weir_csv_field *fields;
    size_t fields_n; /* 1 or more */
    bool malformed;  /* text follows the closing quote of a field: that field is its source bytes,
                      * from the opening quote up to the next delimiter or line end */
    size_t malformed_field; /* the first such field, counted from 0 */
    size_t at; /* where the row begins in the block; libcsv does not tell, `exact` does */
    /* The row's bytes without its line end, if its fields, written in the reader's dialect, are
     * just these, and one at least; NULL: they are not, or nobody looked. */
    const uint8_t *source;
    size_t source_len;
    bool utf8; /* the row is known to be valid UTF-8; false: it is not, or nobody looked */
};

/** Called with a row; it and its bytes are valid until the call returns, 0, or -1 with *err set. */
typedef int weir_csv_on_row(void *ctx, const struct weir_csv_row *row, struct weir_err *err);

struct weir_csv_reader; /* a parser and its memory, for one thread at a time */

/** weir_csv_reader_new: a reader. The dialect is checked, its delimiter known; it is copied.
 * Returns it (weir_csv_reader_free), or NULL with *err set: WEIR_E_NOMEM, WEIR_E_CONFIG
 * (WEIR_CSV_KERNEL, see csv/index.h). */
struct weir_csv_reader *weir_csv_reader_new(
    const struct weir_csv_dialect *dialect, struct weir_err *err);

/** weir_csv_reader_set_engine: who parses what both can; the fast one if nobody says otherwise. */
void weir_csv_reader_set_engine(struct weir_csv_reader *reader, enum weir_csv_engine engine);

/**
 * weir_csv_reader_set_doubled: leave fields as they stand where that saves undoubling their quotes.
 *
 * columns, n  borrowed until the next call or the reader's end: whether a field of that place in
 *             its row may be so (weir_csv_field). Whether it then is depends on the parser. NULL,
 * 0: none, as at first
 */
void weir_csv_reader_set_doubled(struct weir_csv_reader *reader, const bool *columns, size_t n);

/** weir_csv_reader_free: accepts NULL. */
void weir_csv_reader_free(struct weir_csv_reader *reader);

/** weir_csv_reader_trim: after a large block: give back what is larger than WEIR_KEEP_MAX_BYTES.
 * The row last handed over is gone then. Costs nothing when there is nothing. Accepts NULL. */
void weir_csv_reader_trim(struct weir_csv_reader *reader);

/**
 * weir_csv_read: hand over the rows of a block, in order.
 *
 * p, len  whole records, as weir_csv_split cuts them (without what it says to skip); the last one
 *         may lack its line end
 * exact   use the parser that is always right: needed where the block is odd (weir_csv_counts), or
 *         where the rows' places are wanted; false for an odd block is WEIR_E_BUG, or wrong rows
 * on_row  called for each row; -1 stops
 *
 * Returns 0, or -1 with *err set: on_row's error, WEIR_E_LIMIT (a row of more than
 * WEIR_COLUMNS_MAX fields), WEIR_E_NOMEM, WEIR_E_BUG (a quote left open, or the parser and the
 * splitter disagree). After a failure the reader can be used again.
 */
int weir_csv_read(struct weir_csv_reader *reader, const uint8_t *p, size_t len, bool exact,
    weir_csv_on_row *on_row, void *ctx, struct weir_err *err);

#endif
