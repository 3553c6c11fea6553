#include "net/child_source.h"

#include "core/clock.h"
#include "core/reason.h"
#include "core/utf8.h"
#include "net/child_stdin.h"
#include "net/ready.h"
#include "net/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES (256 * WEIR_KIB) /* asked for: fewer turns between the two of us */
#define STDERR_READS_MAX 16         /* of 64 KiB, in one step */
#define MESSAGE_TAIL_BYTES 150      /* of stderr in an error */

struct source {
    struct weir_child *child;
    struct weir_child_stdin *input; /* NULL: none of ours */
    struct weir_wake *wake;
    int out, diag; /* our ends of stdout and stderr; -1: over */
    struct weir_ready *out_ready, *diag_ready;
    struct weir_child_report *report;
    struct weir_source_info *info;
    const char *name;
    bool require_output;
    struct weir_loop *loop;
    int64_t undo_by_ms;
    int64_t exit_ms; /* when its end was seen */
    int64_t kill_ms; /* when SIGKILL is due; 0: nobody has asked it to end */
    void (*on_stderr)(void *ctx, const uint8_t *p, size_t n);
    void *ctx;
};

/* Close our end of its stdout or stderr; one that is closed is a no-op. */
static void close_end(int *fd, struct weir_ready **ready)
{
    weir_ready_free(*ready);
    *ready = NULL;
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

/* ---- stderr ---- */

static void keep_tail(struct weir_child_report *r, const char *p, size_t n)
{
    r->stderr_bytes += n;
    if (n >= WEIR_CHILD_TAIL_BYTES) {
        p += n - WEIR_CHILD_TAIL_BYTES;
        n = WEIR_CHILD_TAIL_BYTES;
        r->tail_len = 0;
    }
    if (r->tail_len + n > WEIR_CHILD_TAIL_BYTES) {
        size_t drop = r->tail_len + n - WEIR_CHILD_TAIL_BYTES;
        memmove(r->tail, r->tail + drop, r->tail_len - drop);
        r->tail_len -= drop;
    }
    memcpy(r->tail + r->tail_len, p, n);
    r->tail_len += n;
    r->tail[r->tail_len] = '\0';
}

/* Read what there is, up to a bound. Nothing waits for its end: whoever holds it open may. */
static void drain_stderr(struct source *s)
{
    char buf[64 * 1024];

    for (int i = 0; s->diag >= 0 && i < STDERR_READS_MAX; i++) {
        ssize_t n = read(s->diag, buf, sizeof buf);
        if (n > 0) {
            keep_tail(s->report, buf, (size_t)n);
            if (s->on_stderr != NULL) {
                s->on_stderr(s->ctx, (const uint8_t *)buf, (size_t)n);
            }
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else if (n == 0 || errno != EINTR) {
            close_end(&s->diag, &s->diag_ready);
        }
    }
}

/* The last of stderr as one line of at most size - 1 bytes: line ends become " | ", what is no text
 * '?'. */
static void tail_line(const struct weir_child_report *report, char *to, size_t size)
{
    const char *p = report->tail;
    size_t n = report->tail_len, len = 0;

    while (n > 0 && (unsigned char)p[n - 1] <= ' ') {
        n--;
    }
    if (n > size - 1) { /* its end, from the beginning of a character on */
        p += n - (size - 1);
        n = size - 1;
        while (n > 0 && ((unsigned char)*p & 0xc0) == 0x80) {
            p++;
            n--;
        }
    }
    while (n > 0 && len + 4 < size) {
        size_t good = weir_utf8_check(p, n), i = 0;
        for (; i < good && len + 4 < size; i++) {
            if (p[i] == '\n') {
                memcpy(to + len, " | ", 3);
                len += 3;
            } else {
                to[len++] = (char)((unsigned char)p[i] < ' ' || p[i] == 0x7f ? ' ' : p[i]);
            }
        }
        if (i == good && good < n && len + 1 < size) {
            to[len++] = '?';
            i++;
        }
        p += i;
        n -= i;
    }
    to[weir_utf8_cut(to, len, size - 1)] = '\0';
}

/* ---- its end ---- */

static void on_exit_child(void *ctx, int status, const struct rusage *used)
{
    struct source *s = ctx;

    (void)used;
    s->report->exited = true;
    s->report->status = status;
    s->exit_ms = weir_clock_mono_ms();
}

/* It has failed: say how, and its last words. */
static enum weir_step fail_as(struct source *s, int detail, const char *what, struct weir_err *err)
{
    char tail[MESSAGE_TAIL_BYTES];

    drain_stderr(s);
    tail_line(s->report, tail, sizeof tail);
    weir_err_detail(err, WEIR_E_PROGRAM, detail, "%.60s: %s%s%s", s->name, what,
        tail[0] != '\0' ? ": " : "", tail);
    return WEIR_FAIL;
}

static enum weir_step fail_status(struct source *s, struct weir_err *err)
{
    const int status = s->report->status;
    char what[64];

    if (WIFSIGNALED(status)) {
        (void)snprintf(what, sizeof what, "killed by signal %d (%s)", WTERMSIG(status),
            strsignal(WTERMSIG(status)));
        return fail_as(s, 128 + WTERMSIG(status), what, err);
    }
    (void)snprintf(what, sizeof what, "exit status %d", WEXITSTATUS(status));
    return fail_as(s, WEXITSTATUS(status), what, err);
}

static enum weir_step fail_held(struct source *s, struct weir_err *err)
{
    char what[96];

    weir_child_kill(s->child, SIGKILL);
    (void)snprintf(what, sizeof what,
        "it exited, but a process it left behind held its stdout open for %d ms more",
        WEIR_CHILD_GRACE_MS);
    return fail_as(s, 0, what, err);
}

/* ---- stdout ---- */

/* The grace is over, and somebody else than the program still holds the other end. The descriptor
 * is asked: what is read late may have been let go long ago. */
static bool is_held(const struct source *s)
{
    struct pollfd p = {.fd = s->out}; /* POLLHUP, when nobody does, is told unasked */

    return s->report->exited && s->out >= 0 &&
           weir_clock_mono_ms() >= s->exit_ms + WEIR_CHILD_GRACE_MS && poll(&p, 1, 0) == 0;
}

/* Read into the window: WEIR_NEED_OUT when it is full, WEIR_WAIT when there is no more now,
 * WEIR_END at the end of stdout, or WEIR_FAIL. */
static enum weir_step read_stdout(struct source *s, struct weir_out *out, struct weir_err *err)
{
    while (out->pos < out->size) {
        ssize_t n = read(s->out, out->p + out->pos, out->size - out->pos);
        if (n > 0) {
            out->pos += (size_t)n;
            s->info->read_bytes += (uint64_t)n;
        } else if (n == 0) {
            close_end(&s->out, &s->out_ready);
            return WEIR_END;
        } else if (errno == EAGAIN) {
            return WEIR_WAIT;
        } else if (errno != EINTR) {
            weir_err_detail(
                err, WEIR_E_IO, errno, "%.60s: stdout: %s", s->name, weir_reason(errno));
            return WEIR_FAIL;
        }
    }
    return WEIR_NEED_OUT;
}

/* Arm whatever may bring the next thing; its end comes as a signal in any case. */
static enum weir_step wait_for_more(struct source *s)
{
    /* Both are asked, because asking arms them. */
    bool out = s->out >= 0 && weir_ready_now(s->out_ready);
    bool diag = s->diag >= 0 && weir_ready_now(s->diag_ready);

    if (out || diag) {
        weir_wake_in(s->wake, 0); /* there is something already */
    } else if (s->report->exited && s->out >= 0) {
        weir_wake_in(s->wake, s->exit_ms + WEIR_CHILD_GRACE_MS - weir_clock_mono_ms());
    }
    return WEIR_WAIT;
}

/* Stdout is over: so is the work, if it has exited, and with 0. */
static enum weir_step at_end(struct source *s, struct weir_err *err)
{
    if (!s->report->exited) {
        return wait_for_more(s);
    }
    drain_stderr(s);
    if (s->require_output && s->info->read_bytes == 0) {
        return fail_as(s, 0, "exit status 0, but no output, which is required", err);
    }
    return WEIR_END;
}

static enum weir_step source_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    struct source *s = self;

    (void)in;
    drain_stderr(s);
    if (s->input != NULL && weir_child_stdin_step(s->input, err) == WEIR_FAIL) {
        weir_child_kill(s->child, SIGKILL); /* before the end of its input looks like one */
        weir_err_prefix(err, "%.60s: stdin", s->name);
        return WEIR_FAIL;
    }
    if (s->report->exited && s->report->status != 0) {
        return fail_status(s, err);
    }
    if (is_held(s)) {
        return fail_held(s, err);
    }
    enum weir_step step = s->out >= 0 ? read_stdout(s, out, err) : WEIR_END;
    switch (step) {
    case WEIR_END:
        return at_end(s, err);
    case WEIR_WAIT:
        return wait_for_more(s);
    default:
        return step;
    }
}

/* ---- undoing, and the stage ---- */

/* Ask it to end, then make it. What it still prints is not wanted; what it complains of is. */
static enum weir_step source_abort(void *self, struct weir_err *err)
{
    struct source *s = self;
    const int64_t now_ms = weir_clock_mono_ms();

    (void)err;
    drain_stderr(s);
    if (s->report->exited) {
        return WEIR_END;
    }
    if (s->kill_ms == 0) {
        int64_t wait_ms = WEIR_CHILD_TERM_MS, by_ms = weir_loop_undo_by(s->loop);
        if (s->undo_by_ms != 0 && s->undo_by_ms < by_ms) {
            by_ms = s->undo_by_ms;
        }
        if ((by_ms - now_ms) / 2 < wait_ms) {
            wait_ms = (by_ms - now_ms) / 2;
        }
        s->kill_ms = now_ms + (wait_ms > 0 ? wait_ms : 0);
        close_end(&s->out, &s->out_ready);
        weir_child_kill(s->child, SIGTERM);
    }
    if (now_ms >= s->kill_ms) {
        weir_child_kill(s->child, SIGKILL);
        return WEIR_END; /* free waits for it: nothing outlives that signal */
    }
    if (s->diag < 0 || !weir_ready_now(s->diag_ready)) {
        weir_wake_in(s->wake, s->kill_ms - now_ms);
    } else {
        weir_wake_in(s->wake, 0);
    }
    return WEIR_WAIT;
}

static void source_free(void *self)
{
    struct source *s = self;

    if (s == NULL) {
        return;
    }
    weir_child_free(s->child);
    weir_child_end_orphans();
    weir_child_stdin_free(s->input);
    close_end(&s->out, &s->out_ready);
    close_end(&s->diag, &s->diag_ready);
    weir_wake_free(s->wake);
    free(s);
}

static void close_both(int ends[2])
{
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            (void)close(ends[i]);
            ends[i] = -1;
        }
    }
}

/* Two ends of a pipe; ours is the one that does not wait. */
static int pipe_new(int ends[2], int ours, struct weir_err *err)
{
    if (pipe2(ends, O_CLOEXEC) != 0) {
        ends[0] = ends[1] = -1;
        return weir_err_detail(err, WEIR_E_IO, errno, "child: a pipe: %s", weir_reason(errno));
    }
    (void)fcntl(ends[ours], F_SETFL, O_NONBLOCK | (ours == 1 ? O_WRONLY : O_RDONLY));
    (void)fcntl(ends[ours], F_SETPIPE_SZ, (int)PIPE_BYTES); /* a wish */
    return 0;
}

/* Make the three pipes, start it, and keep our ends. */
static int start(struct weir_loop *loop, struct source *s, struct weir_child_source_opts *opts,
    struct weir_err *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, diag[2] = {-1, -1}, rc = -1;
    const bool feeds = opts->input.ops != NULL;

    if (pipe_new(out, 0, err) != 0 || pipe_new(diag, 0, err) != 0 ||
        (feeds && pipe_new(in, 1, err) != 0) ||
        weir_ready_new(loop, out[0], false, &s->out_ready, err) != 0 ||
        weir_ready_new(loop, diag[0], false, &s->diag_ready, err) != 0) {
        goto out;
    }
    const struct weir_child_opts child = {.path = opts->path,
        .argv = opts->argv,
        .env = opts->env,
        .folder = opts->folder,
        .stdio = {feeds ? in[0] : opts->stdin_fd, out[1], diag[1]},
        .group = WEIR_CHILD_GROUP_STAYS,
        .on_exit = on_exit_child,
        .ctx = s};
    weir_child_adopt();
    s->child = weir_child_start(loop, &child, err);
    if (s->child == NULL) {
        goto out;
    }
    if (feeds) {
        s->input = weir_child_stdin_new(loop, &opts->input, in[1], err);
        if (s->input == NULL) {
            goto out;
        }
        in[1] = -1; /* moved */
    }
    s->out = out[0];
    s->diag = diag[0];
    out[0] = diag[0] = -1;
    rc = 0;
out:
    close_both(in);
    close_both(out);
    close_both(diag);
    return rc;
}

int weir_child_source_new(struct weir_loop *loop, struct weir_child_source_opts *opts,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err)
{
    static const struct weir_stage_ops ops = {
        .name = "child", .step = source_step, .abort = source_abort, .free = source_free};
    struct source *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "child: out of memory");
    }
    *opts->report = (struct weir_child_report){.exited = false};
    *s = (struct source){.out = -1,
        .diag = -1,
        .report = opts->report,
        .info = info,
        .name = opts->name,
        .require_output = opts->require_output,
        .loop = loop,
        .undo_by_ms = opts->undo_by_mono_ms,
        .on_stderr = opts->on_stderr,
        .ctx = opts->ctx};
    *info = (struct weir_source_info){.size_bytes = -1};
    s->wake = weir_wake_new(loop, err);
    if (s->wake == NULL || start(loop, s, opts, err) != 0) {
        source_free(s);
        return -1;
    }
    *ret = (struct weir_stage){&ops, s};
    return 0;
}
