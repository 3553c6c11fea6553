#ifndef WEIR_CLI_PROGRESS_H
#define WEIR_CLI_PROGRESS_H

#include "cli/cli.h"
#include "net/loop.h"
#include "stream/pipe.h"
#include "stream/source.h"

/*
 * The progress line on stderr. It follows a weir_source_info by a timer on the loop, at most ten
 * times a second, is never longer than the terminal is wide, and erases itself. Without a terminal
 * there is none, unless --progress asks for it: then a plain line every few seconds. There is one
 * at a time.
 */
struct weir_progress;

/**
 * weir_progress_start: begin to show progress.
 *
 * ret    receives it (weir_progress_stop), or NULL when nothing is to be shown
 * label  a word before the bar; borrowed until stop
 * info   what to follow; outlives it
 *
 * Returns 0, or -1 with *err set: WEIR_E_NOMEM. Loop thread.
 */
int weir_progress_start(struct weir_loop *loop, const struct weir_cli *cli, const char *label,
    const struct weir_source_info *info, struct weir_progress **ret, struct weir_err *err);

/**
 * weir_progress_run: run a pipe to its end with progress shown; what could not be undone is noted.
 *
 * verb  of the note; the other arguments are weir_progress_start's
 *
 * Returns 0, or -1 with *err set: weir_progress_start's, weir_loop_run's. Loop thread.
 */
int weir_progress_run(struct weir_loop *loop, const struct weir_cli *cli, const char *verb,
    const char *label, const struct weir_source_info *info, struct weir_pipe *pipe,
    struct weir_err *err);

/** weir_progress_beside: bytes of somebody else's to stderr, as they are, whether progress is shown
 *  or not: its line is erased before, and not drawn again until theirs has ended. Loop thread. */
void weir_progress_beside(const char *p, size_t n);

/** weir_progress_stop: erase the line and forget it. Before weir_loop_free. Accepts NULL. */
void weir_progress_stop(struct weir_progress *progress);

/**
 * weir_progress_line: the text of the bar, for tests.
 *
 * done, total  bytes; total < 0 when unknown
 * elapsed_ms   since the start
 * width        columns of the terminal; the text is at most width - 1 long
 * color        whether escape sequences for colour may be in it (they have no width)
 */
void weir_progress_line(char *ret, size_t ret_size, const char *label, uint64_t done, int64_t total,
    int64_t elapsed_ms, size_t width, bool color);

#endif
