#ifndef WEIR_CSV_DIALECT_H
#define WEIR_CSV_DIALECT_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How a CSV text is written: one struct for the splitter, the reader and the writer, which is
 * checked once and not again. The common dialect, ',' and '"', is compiled into all three, so that
 * it pays nothing for there being others. What all dialects share: a line ends at LF, CRLF or CR; a
 * quote opens a quoted field only as the field's first byte; a line without a byte is blank and no
 * record; nothing is trimmed.
 */
#define WEIR_CSV_NONE (-1) /* no such mark */
#define WEIR_CSV_AUTO (-2) /* the delimiter is still to be found: csv/sniff.h */

struct weir_csv_dialect {
    int delimiter; /* a byte, or WEIR_CSV_AUTO */
    int quote;     /* a byte; WEIR_CSV_NONE: quotes are bytes like any other */
    int escape;    /* within quotes it takes its meaning from the byte after it, and is dropped;
                    * WEIR_CSV_NONE: there a quote is doubled, and nothing else is escaped */
    int comment;   /* a line that begins with it is no record; WEIR_CSV_NONE: none is */
    uint64_t skip_lines;  /* physical lines at the start that are none of the text, whatever is in
                           * them; for the splitter */
    bool escape_formulas; /* a cell that a spreadsheet would take for a formula gets a ' before it;
                           * for the writer */
};

/* The common dialect: as an initialiser, for who wants the compiler to know it, and as an object.
 */
#define WEIR_CSV_COMMON                                                                            \
    {                                                                                              \
        .delimiter = ',', .quote = '"', .escape = WEIR_CSV_NONE, .comment = WEIR_CSV_NONE          \
    }
extern const struct weir_csv_dialect weir_csv_common;

/**
 * weir_csv_dialect_check: whether text can be written so, and read again. An escape that equals the
 * quote, which is how others say that quotes are doubled, becomes WEIR_CSV_NONE.
 *
 * Marks are bytes of ASCII other than NUL, LF and CR, and differ from each other. Returns 0, or -1
 * with *err set: WEIR_E_CONFIG, the message begins with the member ("quote: ...").
 */
int weir_csv_dialect_check(struct weir_csv_dialect *d, struct weir_err *err);

/** weir_csv_dialect_common: whether its marks are those of weir_csv_common. */
static inline bool weir_csv_dialect_common(const struct weir_csv_dialect *d)
{
    return d->delimiter == ',' && d->quote == '"' && d->escape == WEIR_CSV_NONE &&
           d->comment == WEIR_CSV_NONE;
}

/**
 * weir_csv_dialect_out: what to write rows with that were read in this dialect: the same marks, no
 * lines to skip, and where it has no quote, one all the same (" if that is free): a cell of ours
 * may need it.
 */
struct weir_csv_dialect weir_csv_dialect_out(const struct weir_csv_dialect *d);

/**
 * weir_csv_mark: a mark as people write it: the character itself, \t, or one of the words tab,
 * comma, semicolon, pipe, space.
 *
 * delimiter  whether it is the delimiter: that one may be auto, every other mark none
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_CONFIG.
 */
int weir_csv_mark(const char *text, bool delimiter, int *ret, struct weir_err *err);

/** weir_csv_mark_text: the same the other way round, for messages and summaries: a word where there
 *  is one, else the character, or \x01. ret has room for 12 bytes. */
void weir_csv_mark_text(int mark, char ret[12]);

#endif
