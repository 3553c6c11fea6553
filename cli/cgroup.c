#include "cli/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

/* Whether the comma- or blank-separated list has the word. */
static bool has_word(const char *list, const char *word)
{
    size_t n = strlen(word);

    for (const char *p = list; (p = strstr(p, word)) != NULL; p += n) {
        bool starts = p == list || strchr(", ", p[-1]) != NULL;

        if (starts && (p[n] == '\0' || strchr(", \n", p[n]) != NULL)) {
            return true;
        }
    }
    return false;
}

/* /proc/self/cgroup: "4:memory:/path" for version 1, "0::/path" for version 2. */
static bool own_path(int version, const char *controller, char *ret, size_t size)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX + 64];
    bool found = false;

    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        char *names = strchr(line, ':');
        char *path = names != NULL ? strchr(names + 1, ':') : NULL;

        if (path == NULL) {
            continue;
        }
        *path++ = '\0';
        path[strcspn(path, "\n")] = '\0';
        found = version == 2 ? names[1] == '\0' : has_word(names + 1, controller);
        if (found && (size_t)snprintf(ret, size, "%s", path) >= size) {
            found = false;
            break;
        }
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return found;
}

/* Blanks and backslashes of a name are "\\ooo" there. */
static char *unescape(char *s)
{
    char *to = s;

    if (s == NULL) {
        return NULL;
    }
    for (const char *from = s; *from != '\0';) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
            from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
            *to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return s;
}

/* proc(5), mountinfo: "id parent major:minor root point options [optional...] - type source super".
 */
static bool mount_line(char *line, int version, const char *controller, char **root, char **point)
{
    char *left = line, *right = strstr(line, " - "), *type, *super;

    if (right == NULL) {
        return false;
    }
    *right = '\0';
    right += strlen(" - ");
    for (int i = 0; i < 3; i++) {
        (void)strsep(&left, " ");
    }
    *root = unescape(strsep(&left, " "));
    *point = unescape(strsep(&left, " "));
    type = strsep(&right, " ");
    (void)strsep(&right, " ");
    super = strsep(&right, "\n");
    if (*root == NULL || *point == NULL || super == NULL) {
        return false;
    }
    if (version == 2) {
        return strcmp(type, "cgroup2") == 0;
    }
    return strcmp(type, "cgroup") == 0 && has_word(super, controller);
}

/* The folder of the group that this process is in, in the tree of the controller. */
static bool own_dir(int version, const char *controller, char *ret, size_t size)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char line[2 * PATH_MAX], path[PATH_MAX];
    bool found = false;

    if (f == NULL || !own_path(version, controller, path, sizeof path)) {
        goto out;
    }
    while (!found && fgets(line, sizeof line, f) != NULL) {
        char *root = NULL, *point = NULL;
        const char *below = path;

        if (!mount_line(line, version, controller, &root, &point)) {
            continue;
        }
        /* A part of the tree may be mounted: what is above it is not in the path here. */
        size_t n = strlen(root);
        if (n > 1 && strncmp(path, root, n) == 0 && (path[n] == '/' || path[n] == '\0')) {
            below = path + n;
        }
        below = strcmp(below, "/") == 0 ? "" : below;
        found = (size_t)snprintf(ret, size, "%s%s", point, below) < size;
    }
out:
    if (f != NULL) {
        (void)fclose(f);
    }
    return found;
}

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

static bool read_file(const char *dir, const char *name, char *ret, size_t size)
{
    char path[PATH_MAX + 64];
    ssize_t n = -1;
    int fd;

    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        n = read(fd, ret, size - 1);
        (void)close(fd);
    }
    ret[n > 0 ? n : 0] = '\0';
    return n >= 0;
}

/* Where a group may be made: below `dir` if its children have the controller. */
static bool may_hold(const char *dir, const char *controller)
{
    char text[512];

    return read_file(dir, "cgroup.subtree_control", text, sizeof text) &&
           has_word(text, controller);
}

static bool parent_for(int version, const char *controller, char *dir, size_t size)
{
    if (!own_dir(version, controller, dir, size)) {
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
    return weir_err_detail(err, WEIR_E_IO, errno, "no control group: %s", strerror(errno));
}

uint64_t weir_cgroup_oom_kills(const struct weir_cgroup *group)
{
    char text[1024];
    const char *at;

    if (group->n == 0 ||
        !read_file(group->dirs[0], group->version == 2 ? "memory.events" : "memory.oom_control",
            text, sizeof text)) {
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
