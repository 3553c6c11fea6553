#include "core/line.h"

#include <stdio.h>
#include <unistd.h>

bool weir_line_raw(int fd, const char *p, size_t len)
{
    return write(fd, p, len) == (ssize_t)len;
}

/* What snprintf put into room, which it may have wished to be more. */
static size_t put_into(size_t room, int n)
{
    size_t wished = n > 0 ? (size_t)n : 0;

    return wished < room ? wished : room - 1;
}

size_t weir_line_vmake(char to[WEIR_LINE_BYTES], const char *head, const char *fmt, va_list ap)
{
    size_t len = put_into(WEIR_LINE_BYTES, snprintf(to, WEIR_LINE_BYTES, "%s", head));

    len += put_into(WEIR_LINE_BYTES - len, vsnprintf(to + len, WEIR_LINE_BYTES - len, fmt, ap));
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)to[i] < 0x20 || to[i] == 0x7F) {
            to[i] = '?';
        } else if (i > 0 && to[i - 1] == '\xC2' && (unsigned char)to[i] < 0xA0) {
            to[i - 1] = to[i] = '?'; /* C1: U+009B begins what ESC [ does */
        }
    }
    to[len++] = '\n'; /* where snprintf's NUL was */
    return len;
}

void weir_line_vprint(int fd, const char *head, const char *fmt, va_list ap)
{
    char line[WEIR_LINE_BYTES];

    (void)weir_line_raw(fd, line, weir_line_vmake(line, head, fmt, ap));
}

void weir_line_print(int fd, const char *head, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    weir_line_vprint(fd, head, fmt, ap);
    va_end(ap);
}
