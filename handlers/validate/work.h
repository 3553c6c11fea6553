#ifndef WEIR_HANDLERS_VALIDATE_WORK_H
#define WEIR_HANDLERS_VALIDATE_WORK_H

#include "codec/deflate.h"
#include "csv/reader.h"
#include "csv/split.h"
#include "handlers/validate/job.h"
#include "stream/blocks.h"

/*
 * Inside this handler: what the files of the job share. job.c is the pipe and the sums, rows.c
 * makes rows of blocks and writes them.
 *
 * Work never changes the job, so that blocks can be worked on by several threads; what a thread
 * needs for itself is struct worker, what merge needs of a block is struct note.
 */
struct weir_validate {
    const struct weir_schema *schema;
    const struct weir_source_info *info;
    struct weir_validate_options options;
    void (*warn)(void *ctx, const char *msg);
    void *ctx;
    bool gzip;
    int64_t begun_ms, deadline_ms;
    struct weir_pipe *pipe;

    bool begun;                          /* the dialects are known, and split is begun */
    struct weir_csv_dialect read, write; /* the delimiter may have to be found */
    bool plain;                          /* cells are values as they are, and empty ones absent */
    struct weir_csv_split split;
    struct weir_schema_plan *plan; /* made of the header; NULL before */
    size_t columns;                /* in the header */
    struct weir_gzip_frame frame;
    struct weir_validate_summary sums; /* rows, valid, invalid, blank, comments */
};

/* What merge wants to know of a block. */
struct note {
    struct weir_csv_cut cut;
    uint64_t rows, valid;
    struct weir_gzip_frame frame; /* of the block's rows before they are compressed */
};

/* What one thread works with. */
struct worker {
    const struct weir_validate *job;
    struct weir_csv_reader *reader;  /* made with its first block */
    struct weir_schema_check *check; /* made with its first rows, when there is a plan */
    struct weir_deflate *deflate;    /* NULL: no gzip */
    struct weir_buf csv;             /* a block's rows before they are compressed */
    struct weir_buf errors;          /* one row's */
    struct weir_str *cells;          /* one row's; job->columns of them */
    struct weir_csv_field *line;     /* one row as it is written: two more */
    struct weir_buf *to;             /* where rows go: csv, or the block's out */
    struct note *note;
};

/** weir_validate_rows_split, _head, _work: as weir_blocks_ops has them; _worker_fini: what rows.c
 *  has put into a worker. */
int weir_validate_rows_split(
    void *job, struct weir_block *block, const uint8_t *p, size_t len, bool last, size_t *cut);
int weir_validate_rows_head(void *job, void *worker, struct weir_block *block);
int weir_validate_rows_work(const void *job, void *worker, struct weir_block *block);
void weir_validate_rows_fini(struct worker *w);

/** weir_validate_header: the columns are known: bind the schema to them, tell what is odd about
 *  them, and write the output's header. Returns 0, or -1 with *err set. */
int weir_validate_header(struct weir_validate *v, struct weir_buf *to,
    const struct weir_csv_field *names, size_t n, struct weir_err *err);

/** weir_validate_trim: without the blanks (spaces and tabs) around it. */
static inline struct weir_str weir_validate_trim(struct weir_str s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

#endif
