#include "net/beneath.h"

#include "core/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Is this part of a path a link? That is told apart from what is no folder. */
static bool is_link(int at, const char *part)
{
    struct stat st;

    return fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

/* Part by part, and no part a link. */
static int open_no_links(int root, const char *path, int flags)
{
    char part[NAME_MAX + 1];
    int at = openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    while (at != -1) {
        const size_t n = strcspn(path, "/");
        const bool more = path[n] == '/';
        int next = -1, e = ENAMETOOLONG;
        struct stat st;

        if (n < sizeof part) {
            memcpy(part, path, n);
            part[n] = '\0';
            next = openat(at, part, (more ? O_PATH : flags) | O_NOFOLLOW | O_CLOEXEC);
            e = next == -1 && errno == ENOTDIR && is_link(at, part) ? EXDEV : errno;
        }
        if (next != -1 && fstat(next, &st) == 0 && S_ISLNK(st.st_mode)) {
            close(next);
            next = -1;
            e = EXDEV;
        }
        close(at);
        errno = e;
        at = next;
        if (!more) {
            break;
        }
        path += n + 1;
    }
    return at;
}

int weir_open_beneath(int root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (uint64_t)(unsigned)(flags | O_CLOEXEC), .resolve = RESOLVE_BENEATH};
    int fd, tries = 0;

    /* While something is renamed, wherever that is, the kernel may not be sure that a ".." of a
     * link stays beneath: it wants to be asked again (openat2(2)). */
    do {
        fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    } while (fd == -1 && errno == EAGAIN && ++tries < WEIR_BENEATH_TRIES_MAX);
    return fd == -1 && (errno == ENOSYS || errno == EPERM) ? open_no_links(root, path, flags) : fd;
}
