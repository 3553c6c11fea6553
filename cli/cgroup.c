#include "cli/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

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
static bool own_path(int version, char *ret, size_t size)
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
        found = version == 2 ? names[1] == '\0' : has_word(names + 1, "memory");
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

/* proc(5), mountinfo: "id parent major:minor root point options [optional...] - type source super".
 */
static bool mount_line(char *line, int version, char **root, char **point)
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
    *root = strsep(&left, " ");
    *point = strsep(&left, " ");
    type = strsep(&right, " ");
    (void)strsep(&right, " ");
    super = strsep(&right, "\n");
    if (*point == NULL || super == NULL) {
        return false;
    }
    if (version == 2) {
        return strcmp(type, "cgroup2") == 0;
    }
    return strcmp(type, "cgroup") == 0 && has_word(super, "memory");
}

/* The folder of the group that this process is in. */
static bool own_dir(int version, char *ret, size_t size)
{
    FILE *f = fopen("/proc/self/mountinfo", "re");
    char line[2 * PATH_MAX], path[PATH_MAX];
    bool found = false;

    if (f == NULL || !own_path(version, path, sizeof path)) {
        goto out;
    }
    while (!found && fgets(line, sizeof line, f) != NULL) {
        char *root = NULL, *point = NULL;
        const char *below = path;

        if (!mount_line(line, version, &root, &point)) {
            continue;
        }
        /* A part of the tree may be mounted: what is above it is not in the path here. */
        if (strcmp(root, "/") != 0 && strncmp(path, root, strlen(root)) == 0) {
            below = path + strlen(root);
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

/* Where a group may be made: below `dir` if its children have the memory controller. */
static bool may_hold(const char *dir)
{
    char text[512];

    if (!read_file(dir, "cgroup.subtree_control", text, sizeof text)) {
        return false;
    }
    return has_word(text, "memory");
}

static bool parent_for(int version, char *dir, size_t size)
{
    if (!own_dir(version, dir, size)) {
        return false;
    }
    if (version == 1 || may_hold(dir)) {
        return true;
    }
    char *slash = strrchr(dir, '/');
    if (slash == NULL || slash == dir) {
        return false;
    }
    *slash = '\0';
    return may_hold(dir);
}

static int limit(const struct weir_cgroup *group, int64_t bytes)
{
    char text[32];

    (void)snprintf(text, sizeof text, "%" PRId64, bytes);
    if (group->version == 2) {
        (void)write_file(group->dir, "memory.swap.max", "0"); /* not there without swap */
        return write_file(group->dir, "memory.max", text);
    }
    if (write_file(group->dir, "memory.limit_in_bytes", text) != 0) {
        return -1;
    }
    (void)write_file(group->dir, "memory.memsw.limit_in_bytes", text); /* with swap accounting */
    return 0;
}

static int make(int version, int64_t limit_bytes, struct weir_cgroup *group)
{
    char parent[PATH_MAX], path[PATH_MAX + 32];

    *group = (struct weir_cgroup){.procs_fd = -1, .version = version};
    if (!parent_for(version, parent, sizeof parent) ||
        (size_t)snprintf(group->dir, sizeof group->dir, "%s/weir-%ld", parent, (long)getpid()) >=
            sizeof group->dir) {
        group->dir[0] = '\0';
        errno = ENOENT;
        return -1;
    }
    if (mkdir(group->dir, 0755) != 0) {
        group->dir[0] = '\0';
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/cgroup.procs", group->dir);
    group->procs_fd = open(path, O_WRONLY | O_CLOEXEC);
    if (group->procs_fd < 0 || limit(group, limit_bytes) != 0) {
        int why = errno;

        weir_cgroup_fini(group);
        errno = why;
        return -1;
    }
    return 0;
}

int weir_cgroup_new(int64_t limit_bytes, struct weir_cgroup *ret, struct weir_err *err)
{
    if (make(2, limit_bytes, ret) == 0 || make(1, limit_bytes, ret) == 0) {
        return 0;
    }
    *ret = (struct weir_cgroup){.procs_fd = -1};
    return weir_err_detail(err, WEIR_E_IO, errno, "no control group: %s", strerror(errno));
}

uint64_t weir_cgroup_oom_kills(const struct weir_cgroup *group)
{
    char text[1024];
    const char *at;

    if (group->dir[0] == '\0' ||
        !read_file(group->dir, group->version == 2 ? "memory.events" : "memory.oom_control", text,
            sizeof text)) {
        return 0;
    }
    at = strstr(text, "oom_kill ");
    return at != NULL ? strtoull(at + strlen("oom_kill "), NULL, 10) : 0;
}

void weir_cgroup_fini(struct weir_cgroup *group)
{
    const struct timespec wait = {.tv_nsec = RMDIR_WAIT_NS};

    if (group->procs_fd >= 0) {
        (void)close(group->procs_fd);
        group->procs_fd = -1;
    }
    if (group->dir[0] == '\0') {
        return;
    }
    for (int i = 0; i < RMDIR_TRIES && rmdir(group->dir) != 0 && errno == EBUSY; i++) {
        (void)nanosleep(&wait, NULL);
    }
    group->dir[0] = '\0';
}
