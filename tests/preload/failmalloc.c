/*
 * LD_PRELOAD: the allocation that FAILMALLOC_AT names (the first is 1) fails, and so do all after
 * it when FAILMALLOC_ON is set. Says on descriptor FAILMALLOC_FD how many there were when the
 * process ends.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static atomic_ulong count;
static unsigned long fail_at;
static int fail_on;

__attribute__((constructor)) static void read_settings(void)
{
    const char *at = getenv("FAILMALLOC_AT");

    fail_at = at != NULL ? strtoul(at, NULL, 10) : 0;
    fail_on = getenv("FAILMALLOC_ON") != NULL;
    atomic_store(&count, 0);
}

__attribute__((destructor)) static void tell(void)
{
    const char *fd = getenv("FAILMALLOC_FD");
    char text[32];

    if (fd != NULL) {
        int n = snprintf(text, sizeof text, "%lu\n", atomic_load(&count));
        ssize_t ignored = write((int)strtol(fd, NULL, 10), text, (size_t)n);
        (void)ignored;
    }
}

static int fails(void)
{
    unsigned long n = atomic_fetch_add(&count, 1) + 1;

    if (fail_at == 0 || n < fail_at || (n > fail_at && !fail_on)) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return fails() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return fails() ? NULL : __libc_realloc(p, n);
}
