/*
 * measure OUT.json [--procs FILE]... COMMAND...: runs the command and writes what it used, as the
 * kernel accounts it (wait4): user and system CPU and the peak memory of the process and of its
 * children that it waited for, and the wall time. Its exit status is the command's.
 *
 * FILE is a control group's cgroup.procs: the command runs in that group. When this program is
 * killed, so is the command.
 *
 * The peak of a process begins with that of the one it was forked from, so this is in C: an
 * interpreter's 10 MB would be the floor of every figure.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void move_to(const char *procs)
{
    int fd = open(procs, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, "0", 1) != 1) {
        perror(procs);
        _exit(126);
    }
    (void)close(fd);
}

int main(int argc, char **argv)
{
    int at = 2, status = 0;
    struct rusage used;

    while (at + 1 < argc && strcmp(argv[at], "--procs") == 0) {
        at += 2;
    }
    if (at >= argc) {
        (void)fprintf(stderr, "usage: measure OUT.json [--procs FILE]... COMMAND...\n");
        return 2;
    }
    const double begun = now_s();
    const pid_t self = getpid(), pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != self) {
            _exit(125); /* it was killed before that */
        }
        for (int i = 2; i < at; i += 2) {
            move_to(argv[i + 1]);
        }
        (void)execvp(argv[at], argv + at);
        perror(argv[at]);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid) {
        perror("measure");
        return 1;
    }
    const double wall = now_s() - begun, user = seconds(used.ru_utime),
                 sys = seconds(used.ru_stime);
    FILE *f = fopen(argv[1], "w");
    if (f == NULL ||
        fprintf(f,
            "{\"user_s\": %.3f, \"sys_s\": %.3f, \"cpu_s\": %.3f, \"rss_mb\": %.1f, \"wall_s\": "
            "%.3f}\n",
            user, sys, user + sys, (double)used.ru_maxrss / 1024, wall) < 0 ||
        fclose(f) != 0) {
        perror(argv[1]);
        return 1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
