#include "tests/support/tempdir.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FULL_BYTES (TEMPDIR_PATH_BYTES + 1024)

static void full(const struct tempdir *d, const char *name, char to[FULL_BYTES])
{
    int n = snprintf(to, FULL_BYTES, "%s/%s", d->path, name);

    assert_true(n > 0 && n < FULL_BYTES);
}

void tempdir_new(struct tempdir *d)
{
    const char *base = getenv("TMPDIR");

    snprintf(d->path, sizeof d->path, "%s/weir-test.XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(d->path));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void tempdir_free(struct tempdir *d)
{
    assert_int_equal(nftw(d->path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

void tempdir_mkdir(const struct tempdir *d, const char *name)
{
    char path[FULL_BYTES];

    full(d, name, path);
    for (char *s = path + strlen(d->path) + 1; (s = strchr(s, '/')) != NULL; s++) {
        *s = '\0';
        (void)mkdir(path, 0777); /* there already, most of the time */
        *s = '/';
    }
    (void)mkdir(path, 0777);
    assert_true(tempdir_exists(d, name));
}

void tempdir_write(const struct tempdir *d, const char *name, const char *text)
{
    char path[FULL_BYTES], folder[FULL_BYTES];
    const char *slash = strrchr(name, '/');

    if (slash != NULL) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
        tempdir_mkdir(d, folder);
    }
    full(d, name, path);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

void tempdir_expect(const struct tempdir *d, const char *name, const char *text)
{
    char path[FULL_BYTES], got[64 * 1024];

    full(d, name, path);
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fail_msg("%s is not there", name);
    }
    size_t n = fread(got, 1, sizeof got - 1, f);
    got[n] = '\0';
    fclose(f);
    assert_string_equal(got, text);
}

bool tempdir_exists(const struct tempdir *d, const char *name)
{
    char path[FULL_BYTES];

    full(d, name, path);
    return access(path, F_OK) == 0;
}

size_t tempdir_count(const struct tempdir *d, const char *name)
{
    char path[FULL_BYTES];
    size_t n = 0;

    full(d, name, path);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    }
    closedir(dir);
    return n;
}
