#ifndef WEIR_CORE_LOG_H
#define WEIR_CORE_LOG_H

#include "core/line.h"

/*
 * Logs: one line per call (core/line.h). Never a payload, never a secret: log names, sizes and
 * positions.
 */
enum weir_level { WEIR_LOG_ERROR, WEIR_LOG_WARN, WEIR_LOG_INFO, WEIR_LOG_DEBUG };

#define WEIR_LOG_LINE_BYTES WEIR_LINE_BYTES /* a longer line is cut */

struct weir_log {
    int fd;                /* where lines go; -1 drops them */
    enum weir_level level; /* the most talkative level that is written */
    char request_id[64];   /* put before each line when not empty */
};

/**
 * weir_log_write: write "LEVEL [request id] message\n" when the level is enabled.
 *
 * log may be NULL. Control characters in the message become '?'. Any thread.
 */
void weir_log_write(const struct weir_log *log, enum weir_level level, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
