#include "core/cgroup_dir.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool weir_cgroup_dir_has(const char *list, const char *word)
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
        found = version == 2 ? names[1] == '\0' : weir_cgroup_dir_has(names + 1, controller);
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
    return strcmp(type, "cgroup") == 0 && weir_cgroup_dir_has(super, controller);
}

bool weir_cgroup_dir_own(int version, const char *controller, char *ret, size_t size)
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

bool weir_cgroup_dir_read(const char *dir, const char *name, char *ret, size_t size)
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

/* One group's quota in CPUs, of which a part is one; 0: it has none. Returns false above the tree.
 */
static bool quota(int version, const char *dir, size_t *cpus)
{
    char text[64], period[64];
    long long quota_us, period_us;

    *cpus = 0;
    if (version == 2) {
        if (!weir_cgroup_dir_read(dir, "cpu.max", text, sizeof text)) {
            return false;
        }
        char *end;
        quota_us = strtoll(text, &end, 10); /* "max 100000" has none */
        period_us = end != text ? strtoll(end, NULL, 10) : 0;
    } else {
        if (!weir_cgroup_dir_read(dir, "cpu.cfs_quota_us", text, sizeof text) ||
            !weir_cgroup_dir_read(dir, "cpu.cfs_period_us", period, sizeof period)) {
            return false;
        }
        quota_us = strtoll(text, NULL, 10); /* -1: none */
        period_us = strtoll(period, NULL, 10);
    }
    if (quota_us > 0 && period_us > 0) {
        *cpus = quota_us > period_us ? (size_t)(quota_us / period_us) : 1;
    }
    return true;
}

size_t weir_cgroup_dir_cpus(void)
{
    char dir[PATH_MAX];
    size_t least = 0, cpus;

    for (int version = 1; version <= 2; version++) {
        if (!weir_cgroup_dir_own(version, "cpu", dir, sizeof dir)) {
            continue;
        }
        while (quota(version, dir, &cpus)) {
            least = cpus > 0 && (least == 0 || cpus < least) ? cpus : least;
            char *slash = strrchr(dir, '/');
            if (slash == NULL) {
                break;
            }
            *slash = '\0';
        }
    }
    return least;
}
