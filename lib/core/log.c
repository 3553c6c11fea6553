#include "core/log.h"

#include "core/line.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG"};

void weir_log_write(const struct weir_log *log, enum weir_level level, const char *fmt, ...)
{
    char head[sizeof log->request_id + 8];
    va_list ap;

    if (log == NULL || log->fd < 0 || level > log->level) {
        return;
    }
    (void)snprintf(head, sizeof head, "%s %s%s", level_names[level], log->request_id,
        log->request_id[0] != '\0' ? " " : "");
    va_start(ap, fmt);
    weir_line_vprint(log->fd, head, fmt, ap);
    va_end(ap);
}
