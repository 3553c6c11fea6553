#include "cli/cgroup.h"

#include "core/cgroup_dir.h"
#include "core/reason.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define CPU_PERIOD_US 20000   /* Lambda's: a 128 MB function gets 1.4 ms of CPU in each 20 ms */
#define CPU_QUOTA_MIN_US 1000 /* the kernel's least */
#define RMDIR_TRIES 50
#define RMDIR_WAIT_NS 2000000 /* the kernel lets go of the last process a little later */

static int write_file(const char *dir, const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    ssize_t n = -1;
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = write(fd, text, strlen(text));
        (void)close(fd);
    }
    return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* Where a group may be made: below `dir` if its children have the controller. */
static bool may_hold(const char *dir, const char *controller)
{
    char text[512];

    return weir_cgroup_dir_read(dir, "cgroup.subtree_control", text, sizeof text) &&
           weir_cgroup_dir_has(text, controller);
}

static bool parent_for(int version, const char *controller, char *dir, size_t size)
{
    if (!weir_cgroup_dir_own(version, controller, dir, size)) {
        return false;
    }
    if (version == 1 || may_hold(dir, controller)) {
        return true;
    }
    char *slash = strrchr(dir, '/');
    if (slash == NULL || slash == dir) {
        return false;
    }
    *slash = '\0';
    return may_hold(dir, controller);
}

static int limit_memory(int version, const char *dir, int64_t bytes)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, bytes);
    if (version == 2) {
        (void)write_file(dir, "memory.swap.max", "0"); /* not there without swap */
        return write_file(dir, "memory.max", text);
    }
    if (write_file(dir, "memory.limit_in_bytes", text) != 0) {
        return -1;
    }
    (void)write_file(dir, "memory.memsw.limit_in_bytes", text); /* with swap accounting */
    return 0;
}

static int limit_cpu(int version, const char *dir, double cpus)
{
    long quota_us = (long)(cpus * CPU_PERIOD_US + 0.5);
    char text[64];

    quota_us = quota_us < CPU_QUOTA_MIN_US ? CPU_QUOTA_MIN_US : quota_us;
    if (version == 2) {
        (void)snprintf(text, sizeof text, "%ld %d", quota_us, CPU_PERIOD_US);
        return write_file(dir, "cpu.max", text);
    }
    (void)snprintf(text, sizeof text, "%d", CPU_PERIOD_US);
    if (write_file(dir, "cpu.cfs_period_us", text) != 0) {
        return -1;
    }
    (void)snprintf(text, sizeof text, "%ld", quota_us);
    return write_file(dir, "cpu.cfs_quota_us", text);
}

/* Groups of processes that were killed are empty, and stay until somebody removes them. One that is
 * not empty is not removed, whosesoever it is. */
static void sweep(const char *parent)
{
    DIR *d = opendir(parent);
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        long pid = 0;
        int end = 0;

        if (sscanf(e->d_name, "weir-%ld%n", &pid, &end) == 1 && e->d_name[end] == '\0' && pid > 0 &&
            kill((pid_t)pid, 0) != 0 && errno == ESRCH) {
            (void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
        }
    }
    if (d != NULL) {
        (void)closedir(d);
    }
}

/* One folder more in the group; in version 2 the second one is the first. Returns it or NULL. */
static const char *add_dir(struct weir_cgroup *group, const char *controller)
{
    char *dir = group->dirs[group->n], path[PATH_MAX + 32];
    char parent[PATH_MAX];

    if (!parent_for(group->version, controller, parent, sizeof parent) ||
        (size_t)snprintf(dir, PATH_MAX, "%s/weir-%ld", parent, (long)getpid()) >= PATH_MAX) {
        errno = ENOENT;
        return NULL;
    }
    sweep(parent);
    for (size_t i = 0; i < group->n; i++) {
        if (strcmp(group->dirs[i], dir) == 0) {
            return group->dirs[i];
        }
    }
    /* One that a killed process with our number left behind is empty, and goes. */
    if (mkdir(dir, 0755) != 0 && (errno != EEXIST || rmdir(dir) != 0 || mkdir(dir, 0755) != 0)) {
        return NULL;
    }
    (void)snprintf(path, sizeof path, "%s/cgroup.procs", dir);
    group->procs_fds[group->n] = open(path, O_WRONLY | O_CLOEXEC);
    return group->procs_fds[group->n++] >= 0 ? dir : NULL;
}

static int make(int version, const struct weir_cgroup_limits *limits, struct weir_cgroup *group)
{
    const char *dir;

    group->n = 0;
    group->version = version;
    if ((dir = add_dir(group, "memory")) == NULL ||
        limit_memory(version, dir, limits->memory_bytes) != 0 ||
        (limits->cpus > 0 && ((dir = add_dir(group, "cpu")) == NULL ||
                                 limit_cpu(version, dir, limits->cpus) != 0))) {
        int why = errno;

        weir_cgroup_fini(group);
        errno = why;
        return -1;
    }
    return 0;
}

int weir_cgroup_new(
    const struct weir_cgroup_limits *limits, struct weir_cgroup *ret, struct weir_err *err)
{
    if (make(2, limits, ret) == 0 || make(1, limits, ret) == 0) {
        return 0;
    }
    return weir_err_detail(err, WEIR_E_IO, errno, "no control group: %s", weir_reason(errno));
}

uint64_t weir_cgroup_oom_kills(const struct weir_cgroup *group)
{
    char text[1024];
    const char *at;

    if (group->n == 0 ||
        !weir_cgroup_dir_read(group->dirs[0],
            group->version == 2 ? "memory.events" : "memory.oom_control", text, sizeof text)) {
        return 0;
    }
    at = strstr(text, "oom_kill ");
    return at != NULL ? strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}

void weir_cgroup_fini(struct weir_cgroup *group)
{
    const struct timespec wait = {.tv_nsec = RMDIR_WAIT_NS};

    for (; group->n > 0; group->n--) {
        const char *dir = group->dirs[group->n - 1];

        if (group->procs_fds[group->n - 1] >= 0) {
            (void)close(group->procs_fds[group->n - 1]);
        }
        for (int i = 0; i < RMDIR_TRIES && rmdir(dir) != 0 && errno == EBUSY; i++) {
            (void)nanosleep(&wait, NULL);
        }
    }
}
