#ifndef WEIR_TESTS_TEMPDIR_H
#define WEIR_TESTS_TEMPDIR_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A folder of a test's own below $TMPDIR or /tmp. What fails here fails the test.
 */
#define TEMPDIR_PATH_BYTES 256

struct tempdir {
    char path[TEMPDIR_PATH_BYTES];
};

void tempdir_new(struct tempdir *d);

/** tempdir_free: remove it with everything in it. */
void tempdir_free(struct tempdir *d);

/** tempdir_mkdir: make a folder in it, and those above. */
void tempdir_mkdir(const struct tempdir *d, const char *name);

/** tempdir_write: a file with this text; its folders are made. */
void tempdir_write(const struct tempdir *d, const char *name, const char *text);

/** tempdir_expect: the file has exactly this text. */
void tempdir_expect(const struct tempdir *d, const char *name, const char *text);

bool tempdir_exists(const struct tempdir *d, const char *name);

/** tempdir_count: entries in a folder of it, hidden ones too; 0 when it is not there. */
size_t tempdir_count(const struct tempdir *d, const char *name);

#endif
