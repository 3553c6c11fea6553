#include "cli/local/journal.h"

#include "core/hex.h"
#include "core/limits.h"
#include "core/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define SUM_BYTES 9 /* eight digits and a blank */
#define LINE_BYTES (SUM_BYTES + WEIR_JOURNAL_RECORD_MAX_BYTES + 1)

struct weir_journal {
    int fd;
    uint64_t bytes;
    bool broken; /* what is on the disk is not known any more */
    char path[PATH_MAX];
};

struct weir_journal_new {
    FILE *file;
    uint64_t bytes;
};

static int io(const struct weir_journal *j, int e, struct weir_err *err)
{
    return weir_err_detail(err, WEIR_E_IO, e, "%.160s: %s", j->path, weir_reason(e));
}

static void sum_text(const char *json, size_t len, char ret[SUM_BYTES + 1])
{
    (void)snprintf(ret, SUM_BYTES + 1, "%08lx ", crc32_z(0, (const Bytef *)json, len));
}

/* line: without its line end. */
static bool is_record(const char *line, size_t len)
{
    char sum[SUM_BYTES + 1];

    if (len <= SUM_BYTES) {
        return false;
    }
    sum_text(line + SUM_BYTES, len - SUM_BYTES, sum);
    return memcmp(line, sum, SUM_BYTES) == 0;
}

static int check_record(const char *json, size_t len, struct weir_err *err)
{
    if (len == 0 || len > WEIR_JOURNAL_RECORD_MAX_BYTES) {
        return weir_err_set(err, WEIR_E_LIMIT, "journal: a record of %zu bytes; %zu are the limit",
            len, WEIR_JOURNAL_RECORD_MAX_BYTES);
    }
    if (memchr(json, '\n', len) != NULL || memchr(json, '\0', len) != NULL) {
        return weir_err_set(err, WEIR_E_DATA, "journal: a record with a line break");
    }
    return 0;
}

/* Whether anything follows in the file: then what was read is no torn tail. */
static bool at_end(FILE *f)
{
    int c = fgetc(f);

    if (c == EOF) {
        return true;
    }
    (void)ungetc(c, f);
    return false;
}

/* Hand on the records; j->bytes ends behind the last good one. */
static int replay(struct weir_journal *j, FILE *f,
    int (*on_record)(void *, const char *, size_t, struct weir_err *), void *ctx,
    struct weir_err *err)
{
    char *line = malloc(LINE_BYTES + 1);
    uint64_t number = 0;
    int rc = -1;

    if (line == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "journal: out of memory");
    }
    while (fgets(line, (int)LINE_BYTES + 1, f) != NULL) {
        size_t len = strlen(line);
        bool whole = len > 0 && line[len - 1] == '\n';

        number++;
        if (!whole || !is_record(line, len - 1)) {
            if (at_end(f)) {
                break; /* torn by a kill */
            }
            weir_err_set(err, WEIR_E_DATA,
                "%.160s: line %" PRIu64 " is damaged, and others follow it", j->path, number);
            goto out;
        }
        line[len - 1] = '\0';
        if (on_record(ctx, line + SUM_BYTES, len - 1 - SUM_BYTES, err) != 0) {
            weir_err_prefix(err, "%.100s: line %" PRIu64, j->path, number);
            goto out;
        }
        j->bytes += len;
    }
    rc = ferror(f) ? io(j, EIO, err) : 0;
out:
    free(line);
    return rc;
}

/* A file's name is on the disk once its folder is. */
static int sync_folder(const struct weir_journal *j, struct weir_err *err)
{
    char path[PATH_MAX];
    int fd, rc;

    (void)snprintf(path, sizeof path, "%s", j->path);
    fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) {
        return io(j, errno, err);
    }
    rc = fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP ? io(j, errno, err) : 0;
    (void)close(fd);
    return rc;
}

static int load(struct weir_journal *j,
    int (*on_record)(void *, const char *, size_t, struct weir_err *), void *ctx, size_t *torn,
    struct weir_err *err)
{
    struct stat st;
    FILE *f = fopen(j->path, "re");
    int rc = -1;

    if (f == NULL) {
        return io(j, errno, err);
    }
    if (replay(j, f, on_record, ctx, err) != 0) {
        goto out;
    }
    if (fstat(j->fd, &st) != 0 || lseek(j->fd, (off_t)j->bytes, SEEK_SET) == -1) {
        io(j, errno, err);
        goto out;
    }
    if (torn != NULL) {
        *torn = (size_t)st.st_size - (size_t)j->bytes;
    }
    if (ftruncate(j->fd, (off_t)j->bytes) != 0 || fsync(j->fd) != 0) {
        io(j, errno, err);
        goto out;
    }
    rc = sync_folder(j, err);
out:
    (void)fclose(f);
    return rc;
}

struct weir_journal *weir_journal_open(const char *path,
    int (*on_record)(void *ctx, const char *json, size_t len, struct weir_err *err), void *ctx,
    size_t *torn, struct weir_err *err)
{
    struct weir_journal *j = calloc(1, sizeof *j);

    if (j == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "journal: out of memory");
        return NULL;
    }
    j->fd = -1;
    if ((size_t)snprintf(j->path, sizeof j->path, "%s", path) >= sizeof j->path) {
        (void)weir_err_set(err, WEIR_E_CONFIG, "journal: too long a path");
        goto fail;
    }
    j->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (j->fd == -1) {
        (void)io(j, errno, err);
        goto fail;
    }
    if (load(j, on_record, ctx, torn, err) != 0) {
        goto fail;
    }
    return j;
fail:
    weir_journal_free(j);
    return NULL;
}

void weir_journal_free(struct weir_journal *journal)
{
    if (journal != NULL) {
        if (journal->fd != -1) {
            (void)close(journal->fd);
        }
        free(journal);
    }
}

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t took = write(fd, p, n);

        if (took < 0 && errno != EINTR) {
            return errno;
        }
        if (took > 0) {
            p += took;
            n -= (size_t)took;
        }
    }
    return 0;
}

/* The record as a line in one piece, so that it is one write. */
static char *make_line(const char *json, size_t len, size_t *line_len)
{
    char *line = malloc(SUM_BYTES + len + 2);

    if (line != NULL) {
        sum_text(json, len, line);
        memcpy(line + SUM_BYTES, json, len);
        line[SUM_BYTES + len] = '\n';
        *line_len = SUM_BYTES + len + 1;
    }
    return line;
}

int weir_journal_append(
    struct weir_journal *journal, const char *json, size_t len, struct weir_err *err)
{
    struct weir_journal *j = journal;
    size_t line_len = 0;
    char *line;
    int e;

    if (check_record(json, len, err) != 0) {
        return -1;
    }
    if (j->broken) {
        return weir_err_set(err, WEIR_E_IO, "%.160s: failed before", j->path);
    }
    line = make_line(json, len, &line_len);
    if (line == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "journal: out of memory");
    }
    e = write_all(j->fd, line, line_len);
    free(line);
    if (e != 0) {
        /* Back to what it was, so that the next record does not follow half of one. */
        j->broken =
            ftruncate(j->fd, (off_t)j->bytes) != 0 || lseek(j->fd, (off_t)j->bytes, SEEK_SET) == -1;
        return io(j, e, err);
    }
    if (fdatasync(j->fd) != 0) {
        j->broken = true;
        return io(j, errno, err);
    }
    j->bytes += line_len;
    return 0;
}

uint64_t weir_journal_bytes(const struct weir_journal *journal)
{
    return journal->bytes;
}

int weir_journal_put(
    struct weir_journal_new *to, const char *json, size_t len, struct weir_err *err)
{
    char sum[SUM_BYTES + 1];

    if (check_record(json, len, err) != 0) {
        return -1;
    }
    sum_text(json, len, sum);
    if (fputs(sum, to->file) == EOF || fwrite(json, 1, len, to->file) != len ||
        fputc('\n', to->file) == EOF) {
        return weir_err_detail(err, WEIR_E_IO, errno, "journal: %s", weir_reason(errno));
    }
    to->bytes += SUM_BYTES + len + 1;
    return 0;
}

int weir_journal_rewrite(struct weir_journal *journal,
    int (*write)(void *ctx, struct weir_journal_new *to, struct weir_err *err), void *ctx,
    struct weir_err *err)
{
    struct weir_journal *j = journal;
    struct weir_journal_new new = {0};
    char path[PATH_MAX + sizeof ".new"];
    int fd = -1, rc = -1;

    (void)snprintf(path, sizeof path, "%s.new", j->path);
    fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd == -1) {
        return io(j, errno, err);
    }
    int twin = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* fclose takes the other one */
    new.file = twin != -1 ? fdopen(twin, "w") : NULL;
    if (new.file == NULL) {
        (void)io(j, errno, err);
        if (twin != -1) {
            (void)close(twin);
        }
        goto out;
    }
    rc = write(ctx, &new, err);
    if (fclose(new.file) != 0 && rc == 0) {
        rc = io(j, errno, err);
    }
    if (rc == 0 && (fsync(fd) != 0 || rename(path, j->path) != 0)) {
        rc = io(j, errno, err);
    }
    if (rc != 0) {
        goto out;
    }
    (void)close(j->fd);
    j->fd = fd; /* it stands at its end */
    fd = -1;
    j->bytes = new.bytes;
    j->broken = false;
    rc = sync_folder(j, err);
    j->broken = rc != 0;
out:
    if (fd != -1) {
        (void)close(fd);
        (void)unlink(path);
    }
    return rc;
}
