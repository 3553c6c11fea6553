#ifndef WEIR_CLI_ROWS_PRIV_H
#define WEIR_CLI_ROWS_PRIV_H

#include "cli/prng.h"
#include "cli/words.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What rows.c shares with the files that know a shape's columns; nobody else includes this. */

enum weir_fault {
    WEIR_FAULT_NONE,
    WEIR_FAULT_REQUIRED,  /* a required cell is empty */
    WEIR_FAULT_PATTERN,   /* the id does not match its pattern */
    WEIR_FAULT_DATE,      /* no such date */
    WEIR_FAULT_EMAIL,     /* no mail address */
    WEIR_FAULT_ENUM,      /* a word that is not in the list */
    WEIR_FAULT_NUMBER,    /* a string, or a text, where a number should be */
    WEIR_FAULT_INTEGER,   /* narrow: a fraction where an integer should be */
    WEIR_FAULT_RANGE,     /* narrow: a number out of its range */
    WEIR_FAULT_JSON,      /* events: a cell is not JSON */
    WEIR_FAULT_TYPE,      /* events: JSON of another type */
    WEIR_FAULT_NESTED,    /* events: a required property is missing inside a cell */
    WEIR_FAULT_DATE_TIME, /* events */
    WEIR_FAULT_URI,       /* events */
    WEIR_FAULT_SHORT,     /* too few cells */
    WEIR_FAULT_LONG,      /* too many */
    WEIR_FAULT_UTF8,      /* bytes that are no UTF-8 */
};

/* A row in the making: cells one after the other, as they are, without quoting. */
struct weir_row {
    uint64_t number;       /* 1 for the first */
    struct weir_prng rng;  /* what the row is */
    enum weir_fault fault; /* what is wrong with it */
    uint64_t variant;      /* a random number that says in which way */
    size_t cells_n;
    size_t ends[WEIR_GENERATE_CELLS_MAX]; /* where each cell ends in text */
    size_t len;
    char text[WEIR_GENERATE_ROW_MAX_BYTES / 2 - 64]; /* every byte may be doubled */
};

struct weir_shape {
    const char *header; /* with its LF */
    const enum weir_fault *faults;
    size_t faults_n;
    void (*cells)(struct weir_row *row);
};

extern const struct weir_shape weir_shape_events;
extern const struct weir_shape weir_shape_narrow;

/* Append to the row's text. */
void weir_row_put(struct weir_row *row, const char *p, size_t len);
void weir_row_puts(struct weir_row *row, const char *s);
void weir_row_put_uint(struct weir_row *row, uint64_t n, size_t digits_min);
void weir_row_put_cents(struct weir_row *row, uint64_t cents); /* "12.05" */
void weir_row_put_word(struct weir_row *row, const struct weir_words *words);
void weir_row_put_words(struct weir_row *row, const struct weir_words *words, size_t n);
void weir_row_put_date(struct weir_row *row); /* "2026-05-17" */

/** weir_row_end: the cell is complete. */
void weir_row_end(struct weir_row *row);

/** weir_row_below: a random number of the row's content, 0..n-1. */
static inline uint64_t weir_row_below(struct weir_row *row, uint64_t n)
{
    return weir_prng_below(&row->rng, n);
}

/** weir_row_wrong: one of the texts that a fault has, if the row has it, else NULL. list ends with
 *  NULL. */
const char *weir_row_wrong(
    const struct weir_row *row, enum weir_fault fault, const char *const *list);

/** weir_row_has: whether the row has this fault at this one of its `places` places. */
bool weir_row_has(
    const struct weir_row *row, enum weir_fault fault, uint64_t place, uint64_t places);

#endif
