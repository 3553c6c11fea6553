/*
 * LD_PRELOAD: who has written into a hidden file (file_new.h) while the file that STOP_WRITE names
 * is there removes that and stops, as by SIGSTOP: in the middle of its output, however fast it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_hidden(int fd)
{
    char link[64], path[4096];
    ssize_t n;

    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    return strstr(path, "/.weir-") != NULL;
}

ssize_t write(int fd, const void *p, size_t n)
{
    ssize_t (*next)(int, const void *, size_t) =
        (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    const char *flag = getenv("STOP_WRITE");
    const ssize_t wrote = next(fd, p, n);
    const int e = errno;

    if (wrote > 0 && flag != NULL && access(flag, F_OK) == 0 && is_hidden(fd) &&
        unlink(flag) == 0) {
        (void)raise(SIGSTOP);
    }
    errno = e;
    return wrote;
}
