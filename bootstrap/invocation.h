#ifndef WEIR_BOOTSTRAP_INVOCATION_H
#define WEIR_BOOTSTRAP_INVOCATION_H

#include "bootstrap/http1.h"
#include "core/log.h"
#include "event/handler.h"

#include <stdint.h>

/* One deadline of the platform's, and what it leaves: work ends a margin before it, clean-up half a
 * margin, so that there is time to say that it ran out. */
struct weir_runtime_deadline {
    int64_t deadline_mono_ms, undo_by_mono_ms; /* CLOCK_MONOTONIC; INT64_MAX: none */
};

/**
 * weir_runtime_deadline: the Lambda-Runtime-Deadline-Ms header on our own clock.
 *
 * header   milliseconds since 1970, or NULL
 * unix_ms, mono_ms  the two clocks, now
 *
 * ret      receives the two times; the margin is a tenth of the time left, at most
 *          WEIR_RUNTIME_MARGIN_MAX_MS. None of both when header is NULL or no number
 *
 * Returns 0, or -1 when it is no number.
 */
int weir_runtime_deadline(
    const char *header, int64_t unix_ms, int64_t mono_ms, struct weir_runtime_deadline *ret);

/**
 * weir_invocation_read: what the headers of /next say.
 *
 * http  holds the answer, with a usable request id
 * meta  empty; keeps the texts: ret is valid while it is
 * ret   its fields of the headers are set; the others stay
 *
 * Returns 0, or -1 with *err set: WEIR_E_NOMEM, WEIR_E_LIMIT.
 */
int weir_invocation_read(const struct weir_http1 *http, const struct weir_log *log,
    struct weir_buf *meta, struct weir_invocation *ret, struct weir_err *err);

/** weir_invocation_trace: set _X_AMZN_TRACE_ID, or unset it when value is NULL. Not for processes
 *  with several workers. */
void weir_invocation_trace(const struct weir_log *log, const char *value);

#endif
