#ifndef WEIR_CORE_LINE_H
#define WEIR_CORE_LINE_H

#include "core/limits.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Lines for people and logs: one line is one write(2), so that lines of several processes do not
 * mix. A line that cannot be written is dropped: it must not fail the work that it tells of.
 */

/**
 * weir_line_print: write head, the formatted text and an LF.
 *
 * head  what stands before the text, such as "weir: "; may be ""
 *
 * Names in the text are chosen by people and servers: control characters in it, and in head (C0,
 * DEL, C1), become '?', so that a name starts no line of its own and tells a terminal nothing. Any
 * thread.
 */
void weir_line_print(int fd, const char *head, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** weir_line_vprint: the same with a va_list. */
void weir_line_vprint(int fd, const char *head, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/** weir_line_vmake: what weir_line_print writes, its LF included; no NUL follows. Returns its
 *  length. */
size_t weir_line_vmake(char to[WEIR_LINE_BYTES], const char *head, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/** weir_line_raw: one write of bytes as they are: a line made before, a terminal's escape
 *  sequences. Returns whether it was written whole. */
bool weir_line_raw(int fd, const char *p, size_t len);

#endif
