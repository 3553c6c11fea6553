#include "net/child.h"

#include "core/env.h"
#include "core/limits.h"
#include "core/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXEC_FAILED 127
#define FDS_LOOKED_AT 1024 /* where the kernel has no close_range */

#ifndef CLOSE_RANGE_CLOEXEC /* unistd.h's, since glibc 2.34 */
#define CLOSE_RANGE_CLOEXEC 4u
#endif

struct weir_child {
    uv_signal_t chld;
    pid_t pid;   /* 0 once it is waited for */
    bool exited; /* it has ended, and keeps its pid (and so its group's) until it is waited for */
    enum weir_child_group group;
    void (*on_exit)(void *ctx, int status, const struct rusage *used);
    void *ctx;
    struct weir_child *next; /* in `all` */
};

/* All there are, in all threads, to tell orphans from them. */
static pthread_mutex_t all_lock = PTHREAD_MUTEX_INITIALIZER;
static struct weir_child *all;

/* Whether this process had children before the first of these, as an exec by a shell with jobs
 * leaves them: what reads our stdout may be one. Nobody can tell their orphans from ours. */
static enum { UNKNOWN, ALONE, NOT_ALONE } company;

static bool is_alone(void)
{
    siginfo_t info;

    if (company == UNKNOWN) {
        const int rc = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT);
        company = rc != 0 && errno == ECHILD ? ALONE : NOT_ALONE;
    }
    return company == ALONE;
}

/* Whatever is open, with the flag or without: the program gets three descriptors. */
static void close_on_exec(void)
{
    if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0) {
        return;
    }
    for (int fd = STDERR_FILENO + 1; fd < FDS_LOOKED_AT; fd++) {
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
}

static int set_stdio(const int stdio[3])
{
    int in = stdio[0];
    const int out = stdio[1] >= 0 ? stdio[1] : STDERR_FILENO;
    const int diag = stdio[2] >= 0 ? stdio[2] : STDERR_FILENO;

    if (in < 0) {
        in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    /* stdout first: it may become what stderr still is. A descriptor of our own is above the three
     * (weir_stdfds_open), so none of them is overwritten before it is used. */
    return in < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
                   dup2(diag, STDERR_FILENO) < 0
               ? -1
               : 0;
}

/* Between fork and exec: only what is safe after a fork (signal-safety(7)). Returns errno. */
static int become(const struct weir_child_opts *opts, pid_t parent)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    char *const alone[] = {(char *)(uintptr_t)opts->path, NULL};
    sigset_t none;

    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return errno;
    }
    if (getppid() != parent) {
        return ESRCH; /* the parent went before the line above */
    }
    if (set_stdio(opts->stdio) != 0) {
        return errno;
    }
    for (size_t i = 0; i < opts->cgroups_n; i++) {
        if (write(opts->cgroup_procs_fds[i], "0", 1) != 1) {
            return errno;
        }
    }
    if (opts->data_limit_bytes > 0) {
        struct rlimit limit = {
            .rlim_cur = (rlim_t)opts->data_limit_bytes, .rlim_max = (rlim_t)opts->data_limit_bytes};

        if (setrlimit(RLIMIT_DATA, &limit) != 0) {
            return errno;
        }
    }
    if (opts->folder != NULL && chdir(opts->folder) != 0) {
        return errno;
    }
    close_on_exec();
    /* Ignored signals stay ignored over an exec. */
    (void)sigaction(SIGPIPE, &standard, NULL);
    (void)sigaction(SIGXFSZ, &standard, NULL);
    (void)sigaction(SIGIO, &standard, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)execve(opts->path, opts->argv != NULL ? opts->argv : alone, opts->env);
    return errno;
}

/* Wait for one that has ended, or is about to; its group goes before its pid is free for others. */
static int reap(struct weir_child *child, struct rusage *used)
{
    int status = 0;

    (void)kill(-child->pid, SIGKILL); /* what it started and left behind */
    while (wait4(child->pid, &status, 0, used) < 0 && errno == EINTR) {
    }
    child->pid = 0;
    return status;
}

/* wait(2)'s status of a process that is only looked at. */
static int status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? (info->si_status & 0xff) << 8 : info->si_status & 0x7f;
}

static void on_chld(uv_signal_t *handle, int number)
{
    struct weir_child *child = handle->data;
    siginfo_t info = {.si_pid = 0};
    struct rusage used;

    (void)number;
    if (child->pid == 0 || child->exited ||
        waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
        info.si_pid != child->pid) {
        return;
    }
    int status = status_of(&info);
    child->exited = true;
    (void)uv_signal_stop(&child->chld);
    if (child->group == WEIR_CHILD_GROUP_ENDS) {
        status = reap(child, &used);
    }
    if (child->on_exit != NULL) {
        child->on_exit(child->ctx, status, child->group == WEIR_CHILD_GROUP_ENDS ? &used : NULL);
    }
}

/* Fork; the pipe, closed by the exec, brings errno back if there was none. */
static int start(struct weir_child *child, const struct weir_child_opts *opts, struct weir_err *err)
{
    int ends[2] = {-1, -1}, why = 0;
    pid_t parent = getpid();
    ssize_t n;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return weir_err_detail(err, WEIR_E_IO, errno, "a pipe: %s", weir_reason(errno));
    }
    child->pid = fork();
    if (child->pid < 0) {
        why = errno;
        child->pid = 0;
        (void)close(ends[0]);
        (void)close(ends[1]);
        return weir_err_detail(err, WEIR_E_IO, why, "a process: %s", weir_reason(why));
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
        err, WEIR_E_CONFIG, why, "%.160s: cannot be started: %s", opts->path, weir_reason(why));
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
    child->group = opts->group;
    child->on_exit = opts->on_exit;
    child->ctx = opts->ctx;
    (void)pthread_mutex_lock(&all_lock);
    (void)is_alone(); /* it is asked before there is one of ours */
    child->next = all;
    all = child;
    (void)pthread_mutex_unlock(&all_lock);
    /* Before the fork, so that an early end is not missed. */
    rc = uv_signal_start(&child->chld, on_chld, SIGCHLD);
    if (rc != 0) {
        (void)weir_err_detail(err, WEIR_E_IO, -rc, "SIGCHLD: %s", weir_reason(-rc));
        weir_child_free(child);
        return NULL;
    }
    if (start(child, opts, err) != 0) {
        weir_child_free(child);
        return NULL;
    }
    return child;
}

/* 0, or why an exec of it would fail. */
static int look_at(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        return errno;
    }
    if (!S_ISREG(st.st_mode)) {
        return EACCES;
    }
    return access(path, X_OK) == 0 ? 0 : errno;
}

/* By PATH. Returns 0 with path filled, or why there is none. */
static int search(const char *name, char path[PATH_MAX])
{
    int why = ENOENT;

    for (const char *dir = weir_env_text("PATH", "/bin:/usr/bin"), *next; dir != NULL; dir = next) {
        const size_t n = strcspn(dir, ":"); /* 0: the folder that we are in */
        const int len =
            snprintf(path, PATH_MAX, "%.*s/%s", n > 0 ? (int)n : 1, n > 0 ? dir : ".", name);
        const int e = len < PATH_MAX ? look_at(path) : ENAMETOOLONG;
        if (e == 0) {
            return 0;
        }
        why = e == EACCES ? e : why; /* told, if none that may be started comes after it */
        next = dir[n] == ':' ? dir + n + 1 : NULL;
    }
    return why;
}

int weir_child_find(const char *name, char path[PATH_MAX], struct weir_err *err)
{
    int why = 0;

    if (strchr(name, '/') == NULL) {
        why = search(name, path);
    } else if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX) {
        why = ENAMETOOLONG;
    }
    if (why == ENOENT) {
        return weir_err_detail(err, WEIR_E_CONFIG, why, "%.160s: no such program in PATH", name);
    }
    return why == 0 ? 0
                    : weir_err_detail(err, WEIR_E_CONFIG, why, "%.160s: cannot be started: %s",
                          name, weir_reason(why));
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

int64_t weir_child_cpu_us(const struct weir_child *child)
{
    struct timespec used;
    clockid_t clock;

    if (child->pid <= 0 || clock_getcpuclockid(child->pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0) {
        return -1;
    }
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

void weir_child_free(struct weir_child *child)
{
    if (child == NULL) {
        return;
    }
    if (child->pid > 0) {
        (void)kill(child->pid, SIGKILL); /* it may not have got as far as its session */
        (void)reap(child, NULL);
    }
    (void)pthread_mutex_lock(&all_lock);
    for (struct weir_child **at = &all; *at != NULL; at = &(*at)->next) {
        if (*at == child) {
            *at = child->next;
            break;
        }
    }
    (void)pthread_mutex_unlock(&all_lock);
    weir_loop_close((uv_handle_t *)&child->chld, child);
}

/* ---- orphans ---- */

void weir_child_adopt(void)
{
    (void)pthread_mutex_lock(&all_lock);
    if (is_alone()) {
        (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    }
    (void)pthread_mutex_unlock(&all_lock);
}

/* Returns how many there were. */
static int end_some_orphans(void)
{
    char path[64];
    int n = 0;
    long pid;

    (void)snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    FILE *f = fopen(path, "re");
    while (f != NULL && fscanf(f, "%ld", &pid) == 1) {
        (void)kill((pid_t)pid, SIGKILL);
        while (waitpid((pid_t)pid, NULL, 0) < 0 && errno == EINTR) {
        }
        n++;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return n;
}

void weir_child_end_orphans(void)
{
    (void)pthread_mutex_lock(&all_lock);
    /* While another thread's program runs nobody can tell whose orphan it is: the last one ends
     * them all. */
    const bool ours = all == NULL && is_alone();
    for (int i = 0; ours && i < WEIR_CHILD_ORPHAN_ROUNDS && end_some_orphans() > 0; i++) {
    }
    (void)pthread_mutex_unlock(&all_lock);
}
