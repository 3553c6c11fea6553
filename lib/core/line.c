#include "core/line.h"

#include <stdio.h>
#include <unistd.h>

void weir_line_raw(int fd, const char *p, size_t len)
{
    ssize_t ignored = write(fd, p, len);

    (void)ignored; /* nobody is left to be told */
}

/* What snprintf put into room, which it may have wished to be more. */
static size_t put_into(size_t room, int n)
{
    size_t wished = n > 0 ? (size_t)n : 0;

    return wished < room ? wished : room - 1;
}

void weir_line_vprint(int fd, const char *head, const char *fmt, va_list ap)
{
    char line[WEIR_LINE_BYTES];
    size_t len = put_into(sizeof line, snprintf(line, sizeof line, "%s", head));

    len += put_into(sizeof line - len, vsnprintf(line + len, sizeof line - len, fmt, ap));
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F) {
            line[i] = '?';
        }
    }
    line[len++] = '\n'; /* where snprintf's NUL was */
    weir_line_raw(fd, line, len);
}

void weir_line_print(int fd, const char *head, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    weir_line_vprint(fd, head, fmt, ap);
    va_end(ap);
}
