#ifndef WEIR_TESTS_LINE_SINK_H
#define WEIR_TESTS_LINE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A receiver of lines on a thread, as bad as receivers are: it accepts late, reads slowly, closes
 * with bytes unread, resets, never reads, closes at once. What each connection gets is drawn from a
 * seed. It tells which lines it has read, to their LF: what a kernel has taken for it and it did
 * not read counts for nothing.
 */
struct line_sink;

struct line_sink_opts {
    uint64_t seed;
    unsigned bad;    /* so many connections may be bad; all after them are good */
    bool lumberjack; /* events and answers, instead of lines and an orderly close */
    size_t lines;    /* a line begins with its number, in decimal: 0..lines - 1 */
};

/** line_sink_start: listen on a free port of 127.0.0.1. Fails the test when it cannot. */
struct line_sink *line_sink_start(const struct line_sink_opts *opts);

/** line_sink_port: as text, for as long as it lives. */
const char *line_sink_port(const struct line_sink *sink);

/** line_sink_stop: close everything and wait for its threads; then how often each line was read is
 *  in what it returns, which lives until line_sink_free. */
const unsigned *line_sink_stop(struct line_sink *sink);

/** line_sink_free: after line_sink_stop. */
void line_sink_free(struct line_sink *sink);

#endif
