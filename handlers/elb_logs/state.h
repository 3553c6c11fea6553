#ifndef WEIR_HANDLERS_ELB_LOGS_STATE_H
#define WEIR_HANDLERS_ELB_LOGS_STATE_H

#include "aws/store.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * How far an invocation came with a log, so that the next one goes on there: a small object
 *
 *     {"bucket":"logs","key":"AWSLogs/...","etag":"...","offset":123456}
 *
 * beside the logs. It counts for the object with that ETag only; offset is a byte of the
 * uncompressed log at which a line begins.
 */
struct weir_elb_state {
    struct weir_loop *loop;
    const struct weir_s3_config *s3;
    const char *pattern; /* the state object's key; {key} stands for the log's */
    const char *bucket;  /* NULL: the log's own */
    int64_t by_mono_ms;  /* requests end by then */
};

/** weir_elb_state_check: whether a pattern can be one: it has {key}, and something beside it. 0, or
 *  -1 with *err set: WEIR_E_CONFIG. */
int weir_elb_state_check(const char *pattern, struct weir_err *err);

/** weir_elb_state_is: whether a key looks like one of our state objects: no log, then. */
bool weir_elb_state_is(const char *pattern, const char *key);

/** weir_elb_state_get: the offset to begin at: 0 when there is no state, or it is another object's
 *  or none that we wrote. Where the event told no ETag, one that was written without an ETag
 * counts, for the same key: S3 tells it always. Runs the loop. Returns 0 with *ret set, or -1 with
 * *err set. */
int weir_elb_state_get(const struct weir_elb_state *at, const struct weir_object *object,
    uint64_t *ret, struct weir_err *err);

/** weir_elb_state_put: record an offset; 0 takes an older one back. Runs the loop. 0, or -1 with
 * *err set. */
int weir_elb_state_put(const struct weir_elb_state *at, const struct weir_object *object,
    uint64_t offset, struct weir_err *err);

#endif
