#ifndef WEIR_HANDLERS_VALIDATE_WORK_H
#define WEIR_HANDLERS_VALIDATE_WORK_H

#include "codec/deflate.h"
#include "csv/reader.h"
#include "csv/split.h"
#include "handlers/validate/job.h"
#include "handlers/validate/read.h"
#include "handlers/validate/tally.h"
#include "stream/blocks.h"
#include "stream/fork.h"

/*
 * Inside this handler: what the files of the job share.
 *
 *     job.c       the pipe, and what is the same for all inputs
 *     rows.c      CSV: blocks to rows, rows to the schema, and rows out again; header.c: its header
 *     lines.c     JSON Lines: the same with lines
 *     unique.c    whether a row has a key that another had before; keyset.c: where keys are kept
 *     problem.c   what is said of a row, in the form that the output has
 *     outlet.c    where bytes go: one sink or several, compressed or not
 *     tally.c     counts by column and by keyword; summary.c: the numbers as a document
 *     options.c   how rows are read and written, by flags or a configuration; read.c: what that
 *                 means for names and cells
 *
 * Work never changes the job, so that blocks can be worked on by several threads; what a thread
 * needs for itself is struct worker, what merge needs of a block is struct note. Limits of a whole
 * job (max_errors, fail_fast) are counted from what was merged when the block was cut; when its
 * turn has come and more is merged by then, it is looked at whether that makes a difference
 * (again). So it is with what is to be unique.
 */
/* Rows are compressed by ISA-L's level 2: they become 4 % smaller than by its level 1, for the same
 * CPU. */
#define WEIR_VALIDATE_LEVEL 2

struct outlet {
    bool on, gzip;
    size_t sink; /* in the fork */
    struct weir_gzip_frame frame;
    uint64_t bytes; /* that went there */
};

/* Where a block, or a row, begins: rows before it, its line (from 1), its byte (from 0) in the text
 * that is UTF-8. */
struct place {
    uint64_t rows, line, byte;
};

/* What is said about a row. */
enum form {
    FORM_TEXT,        /* for a column `errors` */
    FORM_OBJECTS,     /* for an array "errors" */
    FORM_REPORT_CSV,  /* a record each */
    FORM_REPORT_JSON, /* a line each */
};

struct weir_validate {
    const struct weir_schema *schema;
    const struct weir_source_info *info;
    struct weir_validate_options options;
    void (*warn)(void *ctx, const char *msg);
    void *ctx;
    int64_t begun_ms, deadline_ms;
    struct weir_pipe *pipe;

    struct outlet outlets[WEIR_OUTLETS];
    bool forked; /* there are several */
    uint64_t fork_bytes[WEIR_FORK_MAX];
    enum form form;
    bool places;                /* rows are told with their places */
    struct weir_unique *unique; /* NULL: nothing is to be */

    /* split's */
    struct place at; /* of the next block */
    bool begun;      /* of JSON: the stream's first bytes have been looked at */
    struct weir_csv_split csv;
    struct lines {
        size_t skip, pos, seen; /* of the block that is scanned: its mark; where a line begins;
                                 * up to where */
        struct weir_csv_counts counts;
    } lines;
    uint64_t lines_max; /* of JSON, in a block */

    /* fixed by the head */
    struct weir_csv_dialect read, write; /* the delimiter may have to be found */
    bool plain;                          /* cells are values as they are, and empty ones absent */
    struct weir_schema_plan *plan;       /* NULL before */
    size_t columns;                      /* in the header */
    bool *raw;  /* of which of these the quotes may stay doubled; NULL before */
    bool as_is; /* rows may be passed on as they stand, with what is ours behind them */

    /* merge's */
    struct weir_validate_summary sums; /* rows, valid, invalid, blank, comments, described */
    struct weir_tally tally;
};

/* What merge wants to know of a block. */
struct note {
    struct weir_csv_cut cut;
    struct place at;
    struct before {
        uint64_t described; /* problems */
        uint64_t invalid;   /* rows */
    } before;               /* in the blocks that were merged when it was cut, or worked on again */
    uint64_t rows, valid, described;
    bool keys_lost; /* not all of them are in the worker's `ahead` */
    struct weir_gzip_frame frames[WEIR_OUTLET_SUMMARY];
    uint64_t bytes[WEIR_OUTLET_SUMMARY];
    struct worker *worker; /* whose tally it is */
};

#define FIRST_BYTES 144 /* of a problem in an error, which has a place and a limit beside it */

/* What one thread works with. */
struct worker {
    const struct weir_validate *job;
    struct weir_csv_reader *reader;  /* made with its first block */
    struct weir_schema_check *check; /* made with its first rows, when there is a plan */
    struct weir_deflate *deflate;    /* NULL: nothing is compressed */
    struct weir_buf
        plain[WEIR_OUTLET_SUMMARY];           /* of the block, before it is compressed or framed */
    struct weir_buf *to[WEIR_OUTLET_SUMMARY]; /* where rows go: these, or the block's out */
    struct weir_str *cells;                   /* one row's; job->columns of them */
    bool *doubled;                            /* and of which of these the quotes are doubled */
    struct weir_csv_field *line;              /* one row as it is written: two more */
    struct weir_tally tally;

    struct weir_buf key;   /* of what is to be unique: the row's */
    struct weir_buf ahead; /* the keys of a block that is ahead of its turn */

    /* the block */
    bool in_order; /* all before it are merged */
    struct weir_block *block;
    const uint8_t *in;
    bool pieces; /* its rows are compressed while others are to come */
    struct note *note;
    struct place counted; /* up to where its lines have been counted: line, byte from its start */
    uint64_t steps;       /* that its rows took since the last look at the clock */

    /* the row */
    uint64_t row;            /* from 1 */
    size_t at;               /* where it begins in the block */
    struct weir_buf text;    /* what is wrong with it: FORM_TEXT, FORM_OBJECTS */
    size_t problems, said;   /* how many there are; and are described */
    char first[FIRST_BYTES]; /* of these, for who wants no more: fail_fast */
    size_t said_bytes;
    bool full, failed;
    struct weir_err *err;
};

/* ---- job.c ---- */

/** weir_validate_deadline: before a row: look at the clock, and whether the job is dropped, every
 * few rows and after each costly one. Returns 0, or -1 with *err set. */
int weir_validate_deadline(struct worker *w, struct weir_err *err);

/** weir_validate_cut_begin: what split notes of a block, whenever it looks at it. */
void weir_validate_cut_begin(const struct weir_validate *v, struct note *note);

/** weir_validate_row_end: the row is written: count it, valid when w->problems is 0. Returns 0, or
 *  -1 with *err set: too many are not. */
int weir_validate_row_end(struct worker *w, struct weir_err *err);

/** weir_validate_check_new: a worker's check, with its first rows. Returns 0, or -1. */
int weir_validate_check_new(struct worker *w, struct weir_err *err);

/** weir_validate_lines_max: how many lines a block may have, so that its output stays under its
 *  ceiling whatever is wrong with them: each may become a row of empty cells with as much error
 *  text as there can be, every byte of it doubled by quoting. */
uint64_t weir_validate_lines_max(size_t columns);

/* ---- rows.c, lines.c: as weir_blocks_ops has them ---- */

int weir_validate_rows_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut);
int weir_validate_rows_head(void *job, void *worker, struct weir_block *block);
int weir_validate_rows_work(const void *job, void *worker, struct weir_block *block);
int weir_validate_lines_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut);
int weir_validate_lines_head(void *job, void *worker, struct weir_block *block);
int weir_validate_lines_work(const void *job, void *worker, struct weir_block *block);

/* ---- header.c ---- */

/** weir_validate_header: the columns are known: bind the schema to them, tell what is odd about
 *  them, and write the output's headers. Returns 0, or -1 with *err set. */
int weir_validate_header(struct weir_validate *v, struct worker *w,
    const struct weir_csv_field *names, size_t n, struct weir_err *err);

/* ---- unique.c ---- */

/** weir_unique_new: what the options say is to be unique; *ret stays NULL when nothing is. Returns
 * 0 (weir_unique_free), or -1 with *err set: WEIR_E_NOMEM, WEIR_E_CONFIG. */
int weir_unique_new(
    const struct weir_validate_options *o, struct weir_unique **ret, struct weir_err *err);

/** weir_unique_free: accepts NULL. */
void weir_unique_free(struct weir_unique *u);

/** weir_unique_header: find the columns; of two with one name the first. Returns 0, or -1 with *err
 *  set: WEIR_E_CONFIG, it has one of them not. */
int weir_unique_header(
    struct weir_unique *u, const struct weir_str *columns, size_t n, struct weir_err *err);

/** weir_unique_has: whether a column is in a key; u may be NULL. */
bool weir_unique_has(const struct weir_unique *u, size_t column);

/** weir_unique_row: after the check of a row, which has n of w->cells or is JSON: whether its keys
 *  are new; if not, that is a problem of it. Returns 0, or -1 with *err set: WEIR_E_LIMIT (the
 *  memory for keys is used up, a key is too long), WEIR_E_NOMEM. */
int weir_unique_row(struct worker *w, size_t n, struct weir_err *err);

/** weir_unique_again: it is the turn of the worker's block, which was worked on before: whether it
 *  has to be again, as its keys are not all new. In order, serial. */
bool weir_unique_again(struct weir_unique *u, const struct worker *w);

/* ---- problem.c ---- */

/** weir_problem_begin: a row, which begins at that byte of the block. */
void weir_problem_begin(struct worker *w, size_t at, struct weir_err *err);

/** weir_problem_add: a weir_schema_on_problem; ctx is the worker. */
weir_schema_on_problem weir_problem_add;

/** weir_problem_shape: a problem of the row as such, before all others. In FORM_TEXT more of it may
 *  be appended to w->text then. Returns 0, or -1 with *err set. */
int weir_problem_shape(struct worker *w, const char *keyword, const char *message);

/** weir_problem_end: nothing more is said. Returns 0, or -1 with *err set. */
int weir_problem_end(struct worker *w);

/** weir_problem_line: the line in which the row begins. */
uint64_t weir_problem_line(struct worker *w);

/** weir_problem_head: what a report begins with. Returns 0, or -1 with *err set. */
int weir_problem_head(const struct weir_validate *v, struct weir_buf *to, struct weir_err *err);

/* ---- outlet.c ---- */

/** weir_outlet_begin: a block's output: w->to. weir_outlet_end: it is written: to block->out.
 *  Return 0, or -1 with block->err set. */
void weir_outlet_begin(struct worker *w, struct weir_block *block);
int weir_outlet_end(struct worker *w, struct weir_block *block);

/** weir_outlet_more: a row is written, or a part of a long one: what is there may go on. A
 *  weir_buf_drain; ctx is the worker. Returns 0, or -1 with *err set. */
int weir_outlet_more(void *ctx, struct weir_err *err);

/** weir_outlet_merge: add up. weir_outlet_finish: what ends the outputs, and the summary. */
void weir_outlet_merge(struct weir_validate *v, const struct note *note);
int weir_outlet_finish(struct weir_validate *v, struct weir_buf *out, struct weir_err *err);

/** weir_outlet_trim: one huge row must not keep its memory to the end of the stream. */
void weir_outlet_trim(struct worker *w);

/* ---- summary.c ---- */

/** weir_summary_document: the summary as a document of its own, with the columns. */
int weir_summary_document(const struct weir_validate *v, struct weir_buf *to, struct weir_err *err);

#endif
