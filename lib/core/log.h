#ifndef WEIR_CORE_LOG_H
#define WEIR_CORE_LOG_H

#include "core/line.h"

#include <stdatomic.h>
#include <stdbool.h>

/*
 * Logs: one line per call, one write(2) per line (core/line.h). Never a payload, never a secret:
 * log names, sizes and positions.
 *
 * A line is text, or an object for AWS_LAMBDA_LOG_FORMAT=JSON:
 *
 *     ERROR r-1 validate: message m1 failed: Function.BadData: csv: line 2: ...
 *
 *     {"timestamp":"2026-01-15T09:30:00.123Z","level":"ERROR","requestId":"r-1","tenantId":"t",
 *      "errorType":"Function.BadData","errorMessage":"csv: ...","stackTrace":[],"message":"..."}
 *
 * Members that do not apply are left out. What there is to a log is its struct: each worker of a
 * concurrent function has a copy of its own, with ids of its own, and they share the descriptor.
 */
enum weir_level { WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG };

struct weir_log {
    int fd;                /* where lines go; -1 drops them */
    enum weir_level level; /* the most talkative level that is written */
    bool json;             /* lines are objects */
    /* Of a descriptor that nothing may be held up by, a telemetry socket's: lines that were dropped
     * and are not told yet, of all copies. It is waited for once when it is full, for
     * WEIR_LOG_WAIT_MS, and then not before most of it was read. NULL: fd is waited for. */
    atomic_uint *lost;
    char request_id[64]; /* put before each line when not empty */
    char tenant_id[257]; /* of a function with tenant isolation; in objects only. Lambda: 256 */
};

/**
 * weir_log_write: write "LEVEL [request id] message\n" when the level is enabled.
 *
 * log may be NULL. Control characters in the message become '?' in text, and are escaped in JSON.
 * Any thread.
 */
void weir_log_write(const struct weir_log *log, enum weir_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** weir_log_line: write a line that is made already, its LF included, whatever the level is. log
 *  may be NULL. Any thread. */
void weir_log_line(const struct weir_log *log, const char *p, size_t len);

/**
 * weir_log_error: an ERROR line of "message: type: why", the last two as members of their own in
 * JSON.
 *
 * type  an errorType, such as weir_err_type(err->code)
 * why   an error's message
 * fmt   of the message; may come out empty
 */
void weir_log_error(const struct weir_log *log, const char *type, const char *why, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));

#endif
