#ifndef WEIR_CLI_LOCAL_STATUS_H
#define WEIR_CLI_LOCAL_STATUS_H

#include "cli/local/queue.h"
#include "cli/local/results.h"
#include "cli/local/worker.h"
#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What the page shows, as JSON. */
struct weir_local_status {
    const char *bucket, *prefix;
    bool at_s3; /* the bucket is no folder of ours */
    const struct weir_queue *queue;
    const struct weir_worker *worker;
    const struct weir_results *results;
    int64_t now_mono_ms;
};

/**
 * weir_local_status_json: append
 *
 *     {"bucket", "prefix", "atS3", "function": {"state", "starts"},
 *      "queue": {"ready", "delayed", "inFlight", "dead"},
 *      "messages": [{"messageId", "key", "state", "receiveCount", "visibleInMs", "error"}],
 *      "validated": [...]}        results.h
 *
 * messages are the first WEIR_STATUS_MESSAGES_MAX of each state; the counts are of all. Returns 0,
 * or -1 with *err set.
 */
int weir_local_status_json(
    const struct weir_local_status *status, struct weir_buf *to, struct weir_err *err);

/** weir_local_dlq_json: append the dead messages, [{"messageId", "body", "receiveCount", "error"}].
 *  Here and above error is left out where none is known. */
int weir_local_dlq_json(const struct weir_queue *queue, struct weir_buf *to, struct weir_err *err);

#endif
