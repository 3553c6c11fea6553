#include "cli/progress.h"

#include "core/clock.h"
#include "core/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_EVERY_MS 100
#define LINE_EVERY_MS 2000 /* --progress without a terminal: a log of it, not a film */
#define BAR_AFTER_MS 400   /* what is done by then needs no bar */
#define BAR_MIN_COLUMNS 8
#define BAR_MAX_COLUMNS 40
#define WIDTH_DEFAULT 80
#define LINE_BYTES 512
#define COLOR_ON "\x1b[36m"
#define COLOR_OFF "\x1b[0m"
#define ERASE "\r\x1b[K"

struct weir_progress {
    uv_timer_t timer;
    const char *label;
    const struct weir_source_info *info;
    int64_t start_ms;
    bool terminal, color, drawn;
    bool amid; /* in a line that somebody else has begun: a bar would erase that */
};

static struct weir_progress *shown; /* the one line that a terminal has for it */

/* " 67.5 MB of 150.0 MB  210.3 MB/s  0:12 left" */
static void figures(
    char *ret, size_t size, uint64_t done, int64_t total, int64_t elapsed_ms, bool rate)
{
    char done_text[32], total_text[32], rate_text[32];
    int n;

    weir_cli_bytes_text(done, done_text);
    n = snprintf(ret, size, " %s", done_text);
    if (n > 0 && (size_t)n < size && total >= 0) {
        weir_cli_bytes_text((uint64_t)total, total_text);
        n += snprintf(ret + n, size - (size_t)n, " of %s", total_text);
    }
    if (!rate || n < 0 || (size_t)n >= size || elapsed_ms < 1) {
        return;
    }
    double per_ms = (double)done / (double)elapsed_ms;
    weir_cli_bytes_text((uint64_t)(per_ms * 1000), rate_text);
    n += snprintf(ret + n, size - (size_t)n, "  %s/s", rate_text);
    if ((size_t)n < size && total >= 0 && (uint64_t)total > done && per_ms > 0) {
        double left_s = (double)((uint64_t)total - done) / per_ms / 1000;

        if (left_s < 360000) {
            (void)snprintf(
                ret + n, size - (size_t)n, "  %d:%02d left", (int)left_s / 60, (int)left_s % 60);
        }
    }
}

void weir_progress_line(char *ret, size_t ret_size, const char *label, uint64_t done, int64_t total,
    int64_t elapsed_ms, size_t width, bool color)
{
    char left[64], right[128], bar[BAR_MAX_COLUMNS + 1] = "";
    double share = total > 0 ? (double)done / (double)total : 0;
    size_t room = width > 0 ? width - 1 : 0, columns;

    share = share > 1 ? 1 : share;
    if (total > 0) {
        (void)snprintf(left, sizeof left, "%.40s %3d%%", label, (int)(share * 100));
    } else {
        (void)snprintf(left, sizeof left, "%.40s", label);
    }
    figures(right, sizeof right, done, total, elapsed_ms, true);
    if (strlen(left) + strlen(right) > room) {
        figures(right, sizeof right, done, total, elapsed_ms, false);
    }
    if (strlen(left) + strlen(right) > room) {
        right[0] = '\0';
    }
    if (strlen(left) > room) {
        left[room < sizeof left ? room : sizeof left - 1] = '\0';
    }
    columns = room - strlen(left) - strlen(right);
    if (total <= 0 || columns < BAR_MIN_COLUMNS + 3) {
        (void)snprintf(ret, ret_size, "%s%s", left, right);
        return;
    }
    columns = columns - 3 > BAR_MAX_COLUMNS ? BAR_MAX_COLUMNS : columns - 3;
    size_t full = (size_t)(share * (double)columns);
    memset(bar, '=', full);
    if (full < columns) {
        bar[full] = full > 0 ? '>' : ' ';
        memset(bar + full + 1, ' ', columns - full - 1);
    }
    bar[columns] = '\0';
    (void)snprintf(ret, ret_size, "%s %s[%s]%s%s", left, color ? COLOR_ON : "", bar,
        color ? COLOR_OFF : "", right);
}

static size_t terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        return size.ws_col;
    }
    return WIDTH_DEFAULT;
}

static void on_tick(uv_timer_t *timer)
{
    struct weir_progress *p = timer->data;
    char line[LINE_BYTES], out[LINE_BYTES + sizeof ERASE];
    int64_t elapsed_ms = weir_clock_mono_ms() - p->start_ms;
    size_t width = p->terminal ? terminal_width() : WIDTH_DEFAULT;
    int n;

    /* A terminal wider than the line's buffer gets what the buffer holds. */
    width = width > LINE_BYTES / 2 ? LINE_BYTES / 2 : width;
    weir_progress_line(line, sizeof line, p->label, p->info->read_bytes, p->info->size_bytes,
        elapsed_ms, width, p->color);
    if (!p->terminal) {
        weir_line_print(STDERR_FILENO, "", "%s", line);
        return;
    }
    if (p->amid) {
        return;
    }
    n = snprintf(out, sizeof out, ERASE "%s", line);
    if (n > 0 && (size_t)n < sizeof out) {
        (void)weir_line_raw(STDERR_FILENO, out, (size_t)n);
        p->drawn = true;
    }
}

static bool is_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDERR_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

int weir_progress_start(struct weir_loop *loop, const struct weir_cli *cli, const char *label,
    const struct weir_source_info *info, struct weir_progress **ret, struct weir_err *err)
{
    const char *no_color = getenv("NO_COLOR");
    bool terminal = is_terminal();
    struct weir_progress *p;

    *ret = NULL;
    if (cli->quiet || (!terminal && !cli->progress)) {
        return 0;
    }
    p = calloc(1, sizeof *p);
    if (p == NULL || uv_timer_init(weir_loop_uv(loop), &p->timer) != 0) {
        free(p);
        return weir_err_set(err, WEIR_E_NOMEM, "out of memory for the progress line");
    }
    p->timer.data = p;
    uv_unref((uv_handle_t *)&p->timer); /* it watches: a wait for nothing stays one */
    p->label = label;
    p->info = info;
    p->start_ms = weir_clock_mono_ms();
    p->terminal = terminal;
    p->color = terminal && (no_color == NULL || *no_color == '\0');
    uv_update_time(weir_loop_uv(loop));
    (void)uv_timer_start(&p->timer, on_tick,
        cli->progress || !terminal ? BAR_EVERY_MS : BAR_AFTER_MS,
        terminal ? BAR_EVERY_MS : LINE_EVERY_MS);
    shown = p;
    *ret = p;
    return 0;
}

static void erase(struct weir_progress *p)
{
    if (p->drawn) {
        (void)weir_line_raw(STDERR_FILENO, ERASE, sizeof ERASE - 1);
        p->drawn = false;
    }
}

void weir_progress_beside(const char *p, size_t n)
{
    if (shown != NULL && n > 0) {
        erase(shown);
        shown->amid = p[n - 1] != '\n';
    }
    (void)weir_line_raw(STDERR_FILENO, p, n);
}

void weir_progress_stop(struct weir_progress *progress)
{
    if (progress == NULL) {
        return;
    }
    erase(progress);
    shown = NULL;
    weir_loop_close((uv_handle_t *)&progress->timer, progress);
}

int weir_progress_run(struct weir_loop *loop, const struct weir_cli *cli, const char *verb,
    const char *label, const struct weir_source_info *info, struct weir_pipe *pipe,
    struct weir_err *err)
{
    struct weir_progress *progress = NULL;
    int rc = -1;

    if (weir_progress_start(loop, cli, label, info, &progress, err) == 0) {
        rc = weir_loop_run(loop, pipe, err);
    }
    weir_progress_stop(progress);
    if (weir_pipe_undo_err(pipe)->code != WEIR_OK) {
        weir_cli_note(verb, "%s", weir_pipe_undo_err(pipe)->msg);
    }
    return rc;
}
