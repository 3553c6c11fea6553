#include "cli/local/uploads.h"

#include "aws/dir_store.h"
#include "cli/cli.h"
#include "cli/local/event.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/limits.h"
#include "core/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORGET_LOOKS 12 /* so many looks later, names that are gone are forgotten */

struct watched {
    uv_fs_event_t event;
    struct weir_uploads *owner;
    struct watched *next;
    bool seen; /* in this look */
    char path[];
};

struct weir_uploads {
    struct weir_loop *loop;
    struct weir_uploads_opts opts;
    char *bucket_path, *root; /* store/bucket, and store/bucket/prefix without the slash */
    int64_t look_ms;          /* the next one */
    bool dirty;               /* inotify has spoken */
    bool full;                /* told that there is no room */
    bool odd;                 /* told that a file has no key */
    unsigned looks;
    struct watched *watched;
    size_t watched_n;
};

/* ---- a file ---- */

enum weir_uploads_writers weir_uploads_writers(const char *path)
{
    enum weir_uploads_writers ret = WEIR_WRITERS_UNKNOWN;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (fd == -1) {
        return ret;
    }
    /* We may not be root nor own the file: then it is refused for another reason. */
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        (void)fcntl(fd, F_SETLEASE, F_UNLCK);
        ret = WEIR_WRITERS_NONE;
    } else if (errno == EAGAIN) {
        ret = WEIR_WRITERS_SOME;
    }
    (void)close(fd);
    return ret;
}

static void version_of(const struct stat *st, char ret[96])
{
    (void)snprintf(ret, 96, "%" PRId64 ".%09ld-%" PRId64 "-%" PRIu64, (int64_t)st->st_mtim.tv_sec,
        st->st_mtim.tv_nsec, (int64_t)st->st_size, (uint64_t)st->st_ino);
}

/* Something that is another one for every version, and looks like an MD5, as ETags do. */
static void etag_of(const struct stat *st, char ret[33])
{
    uint64_t a = (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
    uint64_t b = ((uint64_t)st->st_size << 24) ^ (uint64_t)st->st_ino;

    (void)snprintf(ret, 33, "%016" PRIx64 "%016" PRIx64, a, b);
}

static int announce(struct weir_uploads *u, const char *key, const struct stat *st, const char *how,
    struct weir_err *err)
{
    char version[96], etag[33];
    const struct weir_local_object object = {.bucket = u->opts.bucket,
        .key = key,
        .how = how,
        .etag = etag,
        .size_bytes = (uint64_t)st->st_size,
        .unix_ms = weir_clock_unix_ms()};

    version_of(st, version);
    etag_of(st, etag);
    return weir_local_announce(u->opts.queue, &object, version, err);
}

/* How long it has been left alone. A clock that went back, or another machine's, says nothing. */
static int64_t alone_ms(const struct stat *st)
{
    int64_t ms =
        weir_clock_unix_ms() - (int64_t)st->st_ctim.tv_sec * 1000 - st->st_ctim.tv_nsec / 1000000;

    return ms < -1000 ? INT64_MAX : ms;
}

static bool is_complete(const char *path, const struct stat *st)
{
    int64_t ms = alone_ms(st);

    if (ms < WEIR_UPLOADS_SETTLE_MS) {
        return false;
    }
    switch (weir_uploads_writers(path)) {
    case WEIR_WRITERS_NONE:
        return true;
    case WEIR_WRITERS_SOME:
        return false;
    case WEIR_WRITERS_UNKNOWN:
        break;
    }
    return ms >= WEIR_UPLOADS_UNKNOWN_MS;
}

/* Returns whether it has to be looked at again soon. */
static bool look_at_file(struct weir_uploads *u, const char *path, const struct stat *st)
{
    const char *key, *known;
    struct weir_err err = {0};
    struct weir_buf name;
    char version[96];
    bool again = false;

    weir_buf_init(&name, 2 * WEIR_S3_KEY_MAX_BYTES);
    if (weir_dir_unkey(&name, path + strlen(u->bucket_path) + 1, &err) != 0) {
        if (!u->odd) {
            weir_cli_note("local", "%.200s: left alone: its path is none that a key has", path);
            u->odd = true;
        }
        goto out;
    }
    key = (const char *)name.p; /* ended by weir_dir_unkey */
    version_of(st, version);
    known = weir_queue_version(u->opts.queue, key);
    if (known != NULL && strcmp(known, version) == 0) {
        goto out;
    }
    again = true;
    if (!is_complete(path, st)) {
        goto out;
    }
    if (announce(u, key, st, "Put", &err) == 0) {
        again = false;
        u->full = false;
    } else if (!u->full) {
        weir_cli_note("local", "%.200s: %s; it is tried again", key, err.msg);
        u->full = true;
    }
out:
    weir_buf_fini(&name);
    return again;
}

/* ---- inotify ---- */

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
    struct weir_uploads *u = ((struct watched *)event->data)->owner;

    (void)name;
    (void)events;
    (void)status;
    if (u != NULL) {
        u->dirty = true;
    }
}

static void unwatch(struct weir_uploads *u, struct watched **at)
{
    struct watched *w = *at;

    *at = w->next;
    u->watched_n--;
    w->owner = NULL;
    weir_loop_close((uv_handle_t *)&w->event, w);
}

static void watch(struct weir_uploads *u, const char *path)
{
    size_t n = strlen(path) + 1;
    struct watched *w;

    for (w = u->watched; w != NULL; w = w->next) {
        if (strcmp(w->path, path) == 0) {
            w->seen = true;
            return;
        }
    }
    if (u->watched_n == WEIR_UPLOADS_FOLDERS_MAX) {
        return; /* the looks find what is in it */
    }
    w = calloc(1, sizeof *w + n);
    if (w == NULL || uv_fs_event_init(weir_loop_uv(u->loop), &w->event) != 0) {
        free(w);
        return;
    }
    memcpy(w->path, path, n);
    w->event.data = w;
    w->owner = u;
    w->seen = true;
    w->next = u->watched;
    u->watched = w;
    u->watched_n++;
    if (uv_fs_event_start(&w->event, on_event, path, 0) != 0) {
        unwatch(u, &u->watched);
    }
}

/* ---- the look ---- */

static bool is_gone(void *ctx, const char *name)
{
    struct weir_uploads *u = ctx;
    struct weir_buf path;
    struct stat st;
    bool gone = false;

    weir_buf_init(&path, WEIR_S3_URL_MAX_BYTES);
    if (weir_buf_addf(&path, NULL, "%s/", u->bucket_path) == 0 &&
        weir_dir_key(&path, name, NULL) == 0 && weir_buf_text(&path, NULL) != NULL) {
        gone = lstat((const char *)path.p, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
    }
    weir_buf_fini(&path);
    return gone;
}

/* Returns whether some file has to be looked at again soon. */
static bool look(struct weir_uploads *u)
{
    char *const roots[] = {u->root, NULL};
    FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool again = false;
    FTSENT *e;

    if (fts == NULL) {
        return false;
    }
    for (struct watched *w = u->watched; w != NULL; w = w->next) {
        w->seen = false;
    }
    while ((e = fts_read(fts)) != NULL) {
        if (e->fts_level > 0 && e->fts_name[0] == '.') {
            (void)fts_set(fts, e, FTS_SKIP);
        } else if (e->fts_info == FTS_D) {
            watch(u, e->fts_path);
        } else if (e->fts_info == FTS_F) {
            again |= look_at_file(u, e->fts_path, e->fts_statp);
        }
    }
    (void)fts_close(fts);
    for (struct watched **at = &u->watched; *at != NULL;) {
        if ((*at)->seen) {
            at = &(*at)->next;
        } else {
            unwatch(u, at);
        }
    }
    return again;
}

int64_t weir_uploads_turn(struct weir_uploads *uploads)
{
    struct weir_uploads *u = uploads;
    int64_t now_ms = weir_clock_mono_ms();

    if (u->dirty && u->look_ms > now_ms + WEIR_UPLOADS_SETTLE_MS) {
        u->look_ms = now_ms + WEIR_UPLOADS_SETTLE_MS; /* however much it speaks */
    }
    if (now_ms >= u->look_ms) {
        u->dirty = false;
        u->look_ms =
            weir_clock_mono_ms() + (look(u) ? WEIR_UPLOADS_SETTLE_MS : WEIR_UPLOADS_LOOK_MS);
        if (++u->looks % FORGET_LOOKS == 0) {
            weir_queue_forget(u->opts.queue, is_gone, u);
        }
    }
    return u->look_ms;
}

int weir_uploads_announce(
    struct weir_uploads *uploads, const char *key, const char *how, struct weir_err *err)
{
    struct weir_buf path;
    struct stat st;
    int rc = -1;

    weir_buf_init(&path, WEIR_S3_URL_MAX_BYTES);
    if (weir_buf_addf(&path, err, "%s/", uploads->bucket_path) != 0 ||
        weir_dir_key(&path, key, err) != 0 || weir_buf_text(&path, err) == NULL) {
        goto out;
    }
    if (lstat((const char *)path.p, &st) != 0) {
        (void)weir_err_detail(err, WEIR_E_IO, errno, "%.160s: %s", key, weir_reason(errno));
        goto out;
    }
    rc = announce(uploads, key, &st, how, err);
out:
    weir_buf_fini(&path);
    return rc;
}

struct weir_uploads *weir_uploads_new(
    struct weir_loop *loop, const struct weir_uploads_opts *opts, struct weir_err *err)
{
    struct weir_uploads *u = calloc(1, sizeof *u);

    if (u == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the uploads");
        return NULL;
    }
    /* Somebody who opens a file for writing in the moment in which it has our lease breaks it; the
     * kernel then says so to us with this signal, which would be our end. */
    (void)signal(SIGIO, SIG_IGN);
    u->loop = loop;
    u->opts = *opts;
    u->look_ms = INT64_MIN;
    if (asprintf(&u->bucket_path, "%s/%s", opts->store, opts->bucket) < 0) {
        u->bucket_path = NULL;
    } else if (asprintf(&u->root, "%s/%.*s", u->bucket_path, (int)strlen(opts->prefix) - 1,
                   opts->prefix) < 0) {
        u->root = NULL;
    }
    if (u->bucket_path == NULL || u->root == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the uploads");
        weir_uploads_free(u);
        return NULL;
    }
    return u;
}

void weir_uploads_free(struct weir_uploads *uploads)
{
    if (uploads == NULL) {
        return;
    }
    while (uploads->watched != NULL) {
        unwatch(uploads, &uploads->watched);
    }
    free(uploads->bucket_path);
    free(uploads->root);
    free(uploads);
}
