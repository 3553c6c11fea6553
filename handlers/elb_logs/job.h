#ifndef WEIR_HANDLERS_ELB_LOGS_JOB_H
#define WEIR_HANDLERS_ELB_LOGS_JOB_H

#include "core/buf.h"
#include "handlers/elb_logs/elb_json.h"
#include "net/loop.h"
#include "net/tcp_pool.h"
#include "stream/pipe.h"
#include "stream/source.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * One access log to wherever lines go. One implementation for both doors: the handler makes jobs of
 * an event, `weir elb-logs` of its files.
 *
 *     source -> gunzip (when the input is gzip) -> elb-logs -> sink
 */
struct weir_elb_job;

struct weir_elb_job_opts {
    struct weir_stage source, sink;      /* moved out by weir_elb_job_new when it succeeds */
    const struct weir_source_info *info; /* the source's; borrowed */
    const struct weir_elb_log *log; /* borrowed; its etag may be info's, which the source writes */
    enum weir_elb_names names;
    const uint64_t *confirmed; /* the sink's count of lines that arrived, from the first one on;
                                  borrowed; NULL: its END says that all have */
    uint64_t from;             /* begin at this byte of the (uncompressed) log */
    int64_t stop_mono_ms;      /* stop between two lines, and let what was said arrive */
    int64_t deadline_mono_ms;  /* fail; both INT64_MAX: never */
};

struct weir_elb_summary {
    uint64_t lines;            /* read; parsed + rejected, and the empty ones are not counted */
    uint64_t parsed, rejected; /* sent as what they are, sent as _elbparsefailure */
    uint64_t blank;
    uint64_t confirmed; /* known to have arrived, whatever is before them */
    uint64_t bytes_in;  /* read from the source, before gunzip */
    uint64_t bytes_out; /* of JSON */
    uint64_t offset;    /* where the next run is to begin, when this one was not whole */
    bool stopped;       /* ended by stop_mono_ms, and not by the input's end */
    int64_t ms;
};

/** weir_elb_job_new: build the pipe. Returns it (weir_elb_job_free) with the stages moved into it;
 *  or NULL with *err set (WEIR_E_NOMEM, WEIR_E_CONFIG), the stages still the caller's. */
struct weir_elb_job *weir_elb_job_new(struct weir_elb_job_opts *opts, struct weir_err *err);

/** weir_elb_job_free: free the job and its pipe. Accepts NULL. */
void weir_elb_job_free(struct weir_elb_job *job);

/**
 * weir_elb_job_run: run it to its end, and hold it to its promise: each line that was read has
 * arrived. Returns 0, also when it was stopped in time (see weir_elb_summary); or -1 with *err set:
 * the pipe's error, or WEIR_E_BUG when the numbers do not balance.
 */
int weir_elb_job_run(struct weir_elb_job *job, struct weir_loop *loop, struct weir_err *err);

/** weir_elb_job_summarize: what has been done so far; ms counts from weir_elb_job_new. */
void weir_elb_job_summarize(const struct weir_elb_job *job, struct weir_elb_summary *ret);

/**
 * weir_elb_summary_json: a summary as members of a JSON object, without the braces: "lines":2,...
 *
 * tcp  what the pool did; NULL: there was none
 *
 * Returns 0, or -1 with *err set (the buffer's).
 */
int weir_elb_summary_json(const struct weir_elb_summary *s, const struct weir_tcp_counts *tcp,
    struct weir_buf *ret, struct weir_err *err);

/** weir_elb_summary_add: add one summary to another, all but offset and stopped. */
void weir_elb_summary_add(struct weir_elb_summary *to, const struct weir_elb_summary *more);

#endif
