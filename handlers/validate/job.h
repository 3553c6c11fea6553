#ifndef WEIR_HANDLERS_VALIDATE_JOB_H
#define WEIR_HANDLERS_VALIDATE_JOB_H

#include "aws/location.h"
#include "core/buf.h"
#include "handlers/validate/options.h"
#include "schema/schema.h"
#include "stream/pipe.h"
#include "stream/source.h"
#include "stream/workers.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The main job: CSV in, the same rows with `valid` and `errors` appended out. One implementation
 * for both doors: the handler makes a job of an event, `weir validate` of its flags.
 *
 *     source -> gunzip (when the input is gzip) -> charset (when it is not UTF-8) -> blocks -> sink
 */
struct weir_validate;

/* An end that rows go to. ops NULL: there is none. */
struct weir_validate_sink {
    struct weir_stage stage;
    bool gzip; /* compress what goes there */
};

struct weir_validate_job {
    struct weir_stage source; /* this and the sinks are moved out when a job is made of them */
    struct weir_validate_sink out;
    struct weir_validate_sink invalid;   /* the invalid rows, with output=split and only then */
    struct weir_validate_sink summary;   /* the summary; may be none */
    const struct weir_source_info *info; /* the source's; borrowed */
    const struct weir_schema *schema;    /* borrowed */
    const struct weir_validate_options *options; /* checked; copied. NULL: the common ones */
    struct weir_workers *workers; /* who does the work; outlives the job. NULL: inline. The output
                                   * is the same */
    int64_t deadline_mono_ms;     /* INT64_MAX: none */

    /** Called for what is odd about the columns, a few times at most; msg is one line, valid during
     *  the call. May be NULL. */
    void (*warn)(void *ctx, const char *msg);
    void *ctx;
};

struct weir_validate_summary {
    uint64_t rows, valid, invalid;
    uint64_t blank;     /* empty lines, which are no rows */
    uint64_t comments;  /* nor are these */
    uint64_t bytes_in;  /* read from the source, before gunzip */
    uint64_t bytes_out; /* of rows handed to sinks, after gzip */
    uint64_t described; /* problems; all of them are counted */
    int64_t ms;
};

/**
 * weir_validate_schema: the schema that a path, s3://bucket/key or - names; runs the loop.
 *
 * input  of JSON the schema need not be one of rows
 * opts   as weir_schema_load
 *
 * Returns it (weir_schema_free), or NULL with *err set; the message names the place.
 */
struct weir_schema *weir_validate_schema(struct weir_places *places, const char *name,
    enum weir_validate_input input, const struct weir_schema_opts *opts, struct weir_err *err);

/** weir_validate_schema_text: the same of its text; the message names no place. */
struct weir_schema *weir_validate_schema_text(const struct weir_buf *text,
    enum weir_validate_input input, const struct weir_schema_opts *opts, struct weir_err *err);

/* The outputs that a job may have; see struct weir_validate_job. */
enum weir_validate_outlet {
    WEIR_OUTLET_MAIN,
    WEIR_OUTLET_INVALID,
    WEIR_OUTLET_SUMMARY,
    WEIR_OUTLETS
};

/**
 * weir_validate_put: what to tell S3 of an output.
 *
 * o         resolved
 * in_bytes  size of the input, 0 or less when unknown; in_gzip, out_gzip: which of them is gzip
 */
struct weir_put_opts weir_validate_put(const struct weir_validate_options *o,
    enum weir_validate_outlet outlet, int64_t in_bytes, bool in_gzip, bool out_gzip);

/**
 * weir_validate_new: build the pipe.
 *
 * Returns it (weir_validate_free), with the stages of *job moved into it; or NULL with *err set
 * (WEIR_E_NOMEM, WEIR_E_CONFIG): then what is left in *job is the caller's. Its pipe fails with
 * WEIR_E_DATA when the input cannot be read as rows, naming the physical line.
 */
struct weir_validate *weir_validate_new(struct weir_validate_job *job, struct weir_err *err);

/** weir_validate_free: free the job and its pipe. Accepts NULL. */
void weir_validate_free(struct weir_validate *v);

/** weir_validate_pipe: the pipe, for weir_loop_run and what stands on it: weir_handler_run_pipe,
 *  weir_progress_run. Owned by the job. */
struct weir_pipe *weir_validate_pipe(struct weir_validate *v);

/** weir_validate_summarize: what has been done so far; ms counts from weir_validate_new. */
void weir_validate_summarize(const struct weir_validate *v, struct weir_validate_summary *ret);

/**
 * weir_validate_json: the summary as members of a JSON object, without the braces: "rows":2,...
 *
 * stages  also the counters of each stage
 *
 * Returns 0, or -1 with *err set (the buffer's).
 */
int weir_validate_json(
    const struct weir_validate *v, bool stages, struct weir_buf *ret, struct weir_err *err);

#endif
