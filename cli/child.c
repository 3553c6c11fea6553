#include "cli/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXEC_FAILED 127

struct weir_child {
    uv_signal_t chld;
    pid_t pid; /* 0 after its end */
    void (*on_exit)(void *ctx, int status, const struct rusage *used);
    void *ctx;
};

/* Between fork and exec: only what is safe after a fork (signal-safety(7)). Returns errno. */
static int become(const struct weir_child_opts *opts, pid_t parent)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t none;
    int null;

    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return errno;
    }
    if (getppid() != parent) {
        return ESRCH; /* the parent went before the line above */
    }
    null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return errno;
    }
    if (null > STDERR_FILENO) {
        (void)close(null);
    }
    if (opts->cgroup_procs_fd >= 0 && write(opts->cgroup_procs_fd, "0", 1) != 1) {
        return errno;
    }
    if (opts->data_limit_bytes > 0) {
        struct rlimit limit = {
            .rlim_cur = (rlim_t)opts->data_limit_bytes, .rlim_max = (rlim_t)opts->data_limit_bytes};

        if (setrlimit(RLIMIT_DATA, &limit) != 0) {
            return errno;
        }
    }
    /* Ignored signals stay ignored over an exec. */
    (void)sigaction(SIGPIPE, &standard, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve(opts->path, (char *const[]){(char *)(uintptr_t)opts->path, NULL}, opts->env);
    return errno;
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

static void on_chld(uv_signal_t *handle, int number)
{
    struct weir_child *child = handle->data;
    struct rusage used;
    int status = 0;

    (void)number;
    if (child->pid > 0 && wait4(child->pid, &status, WNOHANG, &used) == child->pid) {
        (void)kill(-child->pid, SIGKILL); /* what it started and left behind */
        child->pid = 0;
        (void)uv_signal_stop(&child->chld);
        child->on_exit(child->ctx, status, &used);
    }
}

/* Fork; the pipe, closed by the exec, brings errno back if there was none. */
static int start(struct weir_child *child, const struct weir_child_opts *opts, struct weir_err *err)
{
    int ends[2] = {-1, -1}, why = 0;
    pid_t parent = getpid();
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return weir_err_detail(err, WEIR_E_IO, errno, "a pipe: %s", strerror(errno));
    }
    child->pid = fork();
    if (child->pid < 0) {
        why = errno;
        child->pid = 0;
        (void)close(ends[0]);
        (void)close(ends[1]);
        return weir_err_detail(err, WEIR_E_IO, why, "a process: %s", strerror(why));
    }
    if (child->pid == 0) {
        why = become(opts, parent);
        n = write(ends[1], &why, sizeof why);
        _exit(n == (ssize_t)sizeof why ? EXEC_FAILED : EXEC_FAILED - 1);
    }
    (void)close(ends[1]);
    do {
        n = read(ends[0], &why, sizeof why);
    } while (n < 0 && errno == EINTR);
    (void)close(ends[0]);
    if (n == 0) {
        return 0;
    }
    return weir_err_detail(
        err, WEIR_E_CONFIG, why, "%.160s: cannot be started: %s", opts->path, strerror(why));
}

struct weir_child *weir_child_start(
    struct weir_loop *loop, const struct weir_child_opts *opts, struct weir_err *err)
{
    struct weir_child *child = calloc(1, sizeof *child);
    int rc;

    if (child == NULL || uv_signal_init(weir_loop_uv(loop), &child->chld) != 0) {
        free(child);
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for a process");
        return NULL;
    }
    child->chld.data = child;
    child->on_exit = opts->on_exit;
    child->ctx = opts->ctx;
    /* Before the fork, so that an early end is not missed. */
    rc = uv_signal_start(&child->chld, on_chld, SIGCHLD);
    if (rc != 0) {
        (void)weir_err_detail(err, WEIR_E_IO, -rc, "SIGCHLD: %s", uv_strerror(rc));
        weir_child_free(child);
        return NULL;
    }
    if (start(child, opts, err) != 0) {
        weir_child_free(child);
        return NULL;
    }
    return child;
}

void weir_child_kill(struct weir_child *child, int number)
{
    if (child->pid > 0) {
        (void)kill(-child->pid, number);
    }
}

int64_t weir_child_peak_kib(const struct weir_child *child)
{
    char path[64], line[256];
    int64_t kib = -1;
    FILE *f;

    if (child->pid <= 0) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "/proc/%ld/status", (long)child->pid);
    f = fopen(path, "re");
    while (f != NULL && kib < 0 && fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmHWM:", strlen("VmHWM:")) == 0) {
            kib = strtoll(line + strlen("VmHWM:"), NULL, 10);
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kib;
}

void weir_child_free(struct weir_child *child)
{
    if (child == NULL) {
        return;
    }
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL); /* it may not have got as far as its session */
        (void)kill(-child->pid, SIGKILL);
        while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    uv_close((uv_handle_t *)&child->chld, on_close);
}
