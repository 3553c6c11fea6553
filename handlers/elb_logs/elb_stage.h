#ifndef WEIR_HANDLERS_ELB_LOGS_ELB_STAGE_H
#define WEIR_HANDLERS_ELB_LOGS_ELB_STAGE_H

#include "core/limits.h"
#include "handlers/elb_logs/elb_json.h"
#include "stream/stage.h"

/*
 * The transform: lines of an access log in, lines of JSON out, one for one; empty lines are none. A
 * line longer than WEIR_ELB_LINE_MAX_BYTES becomes several that are rejected. It never fails for
 * what is in the input.
 */

struct weir_elb_stage_opts {
    enum weir_elb_names names;
    const struct weir_elb_log
        *log;             /* borrowed; its etag may be written until the first byte comes */
    uint64_t from;        /* where to begin: a byte offset that a run before has told */
    int64_t stop_mono_ms; /* end between two lines at this time; INT64_MAX: at the input's end */
    const uint64_t *confirmed; /* how many of the lines, counted from the first one said, are known
                                  to have arrived; borrowed; NULL: nobody tells */
};

/* What it has done so far. Owned by the caller, outlives the stage, which fills it in. */
struct weir_elb_counts {
    uint64_t lines, parsed, rejected; /* lines = parsed + rejected = lines said */
    uint64_t blank;
    uint64_t offset; /* of the next line */
    bool stopped;    /* it ended because of stop_mono_ms */
    struct weir_elb_mark {
        uint64_t lines, offset;  /* so many lines are said when the input is at offset */
    } marks[WEIR_ELB_MARKS_MAX]; /* a queue, the oldest first */
    size_t marks_n;
};

/** weir_elb_stage_new: 0 with *ret set, or -1 with *err set: WEIR_E_NOMEM. */
int weir_elb_stage_new(const struct weir_elb_stage_opts *opts, struct weir_elb_counts *counts,
    struct weir_stage *ret, struct weir_err *err);

/** weir_elb_counts_go_on: the offset to go on from when only the first `confirmed` lines have
 *  arrived: at or before the first that has not. */
uint64_t weir_elb_counts_go_on(
    const struct weir_elb_counts *counts, uint64_t from, uint64_t confirmed);

#endif
