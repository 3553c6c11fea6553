#ifndef WEIR_CSV_SPLIT_H
#define WEIR_CSV_SPLIT_H

#include "core/err.h"
#include "csv/dialect.h"
#include "csv/index.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where records end. The scanner follows the quotes of a CSV stream exactly and cuts it into blocks
 * of whole records: first the head, which is the first record alone, then blocks of about
 * block_bytes. It is serial and sees every byte once, whatever the windows are; where it cuts
 * depends on the bytes only, never on the windows.
 *
 * Bytes have no meaning but the dialect's (csv/dialect.h): NUL and invalid UTF-8 pass. Only a text
 * that begins with the byte order mark of UTF-16 is refused: nothing in it would be what it seems.
 */

/** What is known of a piece of the text. */
struct weir_csv_counts {
    uint64_t lines;    /* physical lines, those inside quotes included */
    uint64_t rows;     /* records */
    uint64_t blank;    /* lines that are empty and stand outside quotes */
    uint64_t comments; /* lines that are comments */
    bool odd; /* it has what a simple parser would read otherwise: a quote inside an unquoted field,
               * text after a closing quote, a comment. weir_csv_read wants to know */
};

/** A block. */
struct weir_csv_cut {
    size_t len;  /* bytes in it; 0: more input is needed */
    size_t skip; /* of these, bytes to leave out at its start (a byte order mark, lines to skip) */
    struct weir_csv_counts counts; /* of all of it */
};

struct weir_csv_split {
    /** Public, and may change between blocks: physical lines in a block at most, those inside
     * quotes included; 0: any number. A record of more lines is a block of its own. The head is not
     * bound by it. */
    uint64_t lines_max;

    /** Public, to be read: as given, but for a delimiter that was to be found. That is known when
     * the head is cut. */
    struct weir_csv_dialect dialect;

    bool common; /* the dialect is the common one */
    weir_csv_masks_fn *masks;
    size_t block_bytes, row_max;
    uint64_t lines_before; /* lines in the blocks cut so far */
    uint64_t skip_left;    /* lines to skip that have not been seen yet */
    bool head;             /* the next block is the head */
    bool bom_done;         /* the stream's first bytes have been looked at */

    /* The block being scanned; offsets count from its start. */
    size_t pos;  /* scanned up to here */
    size_t end;  /* the last line end found (after it), 0 for none */
    size_t row;  /* where the record being scanned began; 0 in the head */
    size_t skip; /* length of the byte order mark and of what is skipped */
    int state;
    bool after_cr;                     /* the byte before pos is a CR */
    struct weir_csv_counts done, tail; /* up to `end`, and behind it */
};

/**
 * weir_csv_split_init: before the first byte of a stream. Owns no memory; needs no fini.
 *
 * dialect      checked; copied
 * block_bytes  the size to aim at: a block is cut at its last record end at or below this (and
 *              lines_max, when that is set), or, when one record is longer, at its end; >= 1
 * row_max      the longest record in bytes without its line end; so long may a comment be, too, and
 *              in the head all that comes before the record, and that together with it
 */
void weir_csv_split_init(struct weir_csv_split *s, const struct weir_csv_dialect *dialect,
    size_t block_bytes, size_t row_max);

/**
 * weir_csv_split: find the end of the next block.
 *
 * p, len  all bytes not yet in a block; between calls it only grows, until a block is cut, whose
 *         bytes must then be gone
 * last    nothing follows p[len - 1]
 * ret     overwritten; len stays 0 when more bytes are needed, never so with last set unless the
 *         argument len is 0
 *
 * The head is the first record with the blank lines and comments before it; with no record at all
 * it is the whole input. No window larger than row_max + 6 (or block_bytes, when that is more) is
 * ever needed; WEIR_CSV_SNIFF_BYTES more for a delimiter that is to be found. Without a line end
 * after it, the last record (or what is behind the last line end) still counts as a line.
 *
 * Returns 0, or -1 with *err set, naming the stream's line: WEIR_E_DATA (a quote that is never
 * closed, UTF-16), WEIR_E_LIMIT (a row longer than row_max). Not called after that.
 */
int weir_csv_split(struct weir_csv_split *s, const uint8_t *p, size_t len, bool last,
    struct weir_csv_cut *ret, struct weir_err *err);

#endif
