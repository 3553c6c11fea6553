#include "core/log.h"

#include <stdarg.h>
#include <unistd.h>

static const char *const level_names[] = {"ERROR", "WARN", "INFO", "DEBUG"};

void weir_log_write(const struct weir_log *log, enum weir_level level, const char *fmt, ...)
{
    char line[WEIR_LOG_LINE_BYTES];
    va_list ap;

    if (log == NULL || log->fd < 0 || level > log->level) {
        return;
    }
    int n = snprintf(line, sizeof line, "%s %s%s", level_names[level], log->request_id,
        log->request_id[0] != '\0' ? " " : "");
    va_start(ap, fmt);
    int m = vsnprintf(line + n, sizeof line - (size_t)n, fmt, ap);
    va_end(ap);
    size_t len = (size_t)n + (size_t)(m > 0 ? m : 0);
    if (len > sizeof line - 1) {
        len = sizeof line - 1;
    }
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) {
            line[i] = '?'; /* a name from outside must not start a line of its own */
        }
    }
    line[len++] = '\n';
    /* A log that cannot be written must not fail the work that it tells of. */
    ssize_t ignored = write(log->fd, line, len);
    (void)ignored;
}
