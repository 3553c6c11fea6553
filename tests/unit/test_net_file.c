/* Does a file appear only when it is complete, with nothing left beside it otherwise? Do pipes and
 * fifos wait in the loop, and stay as they were for the processes that share them? */
#include "core/clock.h"
#include "core/limits.h"
#include "net/beneath.h"
#include "net/file.h"
#include "tests/support/memory_ends.h"
#include "tests/support/tempdir.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#define PATH_BYTES 512
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static struct weir_loop *loop;
static struct tempdir dir;
static int root = -1; /* dir */

/* The C library's, but for a disk that fails: the call with this number, with this errno. */
static int fsync_fails_at, fsync_errno;

int fsync(int fd)
{
    if (fsync_fails_at > 0 && --fsync_fails_at == 0) {
        errno = fsync_errno;
        return -1;
    }
    return (int)syscall(SYS_fsync, fd);
}

/* The C library's, but what is let go is known. */
static off_t let_go_to;

int posix_fadvise(int fd, off_t from, off_t len, int advice)
{
    (void)fd;
    if (advice == POSIX_FADV_DONTNEED) {
        assert_int_equal(from, let_go_to); /* nothing left out, nothing twice */
        let_go_to = from + len;
    }
    return 0;
}

static int setup(void **state)
{
    struct weir_err err = {0};

    (void)state;
    tempdir_new(&dir);
    root = open(dir.path, O_PATH | O_DIRECTORY);
    loop = weir_loop_new(&err);
    return loop != NULL && root != -1 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    weir_loop_free(loop);
    close(root);
    tempdir_free(&dir);
    return 0;
}

static const char *in_dir(const char *name)
{
    static char path[4][PATH_BYTES];
    static int next;

    next = (next + 1) % 4;
    snprintf(path[next], PATH_BYTES, "%s/%s", dir.path, name);
    return path[next];
}

/* Run source -> sink, both given away; edges of edge_bytes. */
static int run(struct weir_stage *source, struct weir_stage *sink, size_t edge_bytes,
    int64_t deadline_ms, struct weir_err *err)
{
    struct weir_stage stages[] = {*source, *sink};
    struct weir_pipe *pipe = weir_pipe_new(edge_bytes, stages, COUNT(stages), err);

    assert_non_null(pipe);
    weir_pipe_set_deadline(pipe, deadline_ms);
    int rc = weir_loop_run(loop, pipe, err);
    weir_pipe_free(pipe);
    return rc;
}

/* Text through a sink that was just made; fail_at as in memory_ends.h. */
static int write_through(
    struct weir_stage *sink, const char *text, size_t fail_at, struct weir_err *err)
{
    struct memory_source from = {
        .in = (const uint8_t *)text, .len = strlen(text), .fail_at = fail_at};
    struct weir_stage source = memory_source(&from);

    return run(&source, sink, 3, INT64_MAX, err);
}

/*
 * Path ends
 */

static void a_file_is_copied_under_every_edge_size(void **state)
{
    static const size_t edges[] = {1, 7, 65536};
    char text[5001];

    (void)state;
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[sizeof text - 1] = '\0';
    tempdir_write(&dir, "in", text);
    for (size_t i = 0; i < COUNT(edges); i++) {
        struct weir_source_info info = {0};
        struct weir_stage source, sink;
        struct weir_err err = {0};
        assert_int_equal(weir_file_source_new(loop, in_dir("in"), &info, &source, &err), 0);
        assert_int_equal(info.size_bytes, 5000);
        assert_int_equal(weir_file_sink_new(loop, in_dir("out"), &sink, &err), 0);
        assert_int_equal(run(&source, &sink, edges[i], INT64_MAX, &err), 0);
        assert_int_equal(info.read_bytes, 5000);
        tempdir_expect(&dir, "out", text);
        assert_int_equal(tempdir_count(&dir, "."), 2);
    }
}

static void a_file_that_is_cut_while_it_is_read_is_an_error_and_one_that_grows_is_read_on(
    void **state)
{
    static const struct {
        off_t then;
        enum weir_step step;
        size_t bytes;
    } cases[] = {{10, WEIR_END, 10}, {30, WEIR_END, 30}, {9, WEIR_FAIL, 9}, {0, WEIR_FAIL, 4}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_source_info info;
        struct weir_stage source;
        struct weir_err err = {0};
        uint8_t window[64];
        struct weir_in in = {.p = window, .last = true};
        struct weir_out out = {.p = window, .size = 4};
        tempdir_write(&dir, "in", "0123456789");
        assert_int_equal(weir_file_source_new(loop, in_dir("in"), &info, &source, &err), 0);
        assert_int_equal(source.ops->step(source.self, &in, &out, &err), WEIR_NEED_OUT);
        assert_int_equal(truncate(in_dir("in"), cases[i].then), 0);
        out.size = sizeof window;
        assert_int_equal(source.ops->step(source.self, &in, &out, &err), cases[i].step);
        assert_int_equal(out.pos, cases[i].bytes);
        assert_int_equal(err.code, cases[i].step == WEIR_FAIL ? WEIR_E_IO : WEIR_OK);
        weir_stage_free(&source);
    }
}

/* n bytes of a sparse file of this size are read; returns how many of them were let go. */
static off_t let_go_of(off_t size, size_t n)
{
    static uint8_t buf[65536];
    const char *path = in_dir("sparse");
    struct weir_stage source;
    struct weir_err err = {0};
    struct weir_in none = {0};

    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd != -1 && ftruncate(fd, size) == 0 && close(fd) == 0);
    assert_int_equal(weir_file_source_new(loop, path, NULL, &source, &err), 0);
    let_go_to = 0;
    for (size_t got = 0; got < n; got += sizeof buf) {
        struct weir_out out = {.p = buf, .size = sizeof buf};
        assert_int_equal(weir_stage_step(&source, false, &none, &out, &err), WEIR_NEED_OUT);
        assert_int_equal(out.pos, sizeof buf);
    }
    weir_stage_free(&source);
    return let_go_to;
}

static void a_file_that_memory_cannot_keep_leaves_the_page_cache_and_another_stays(void **state)
{
    const off_t half = (off_t)sysconf(_SC_PHYS_PAGES) / 2 * sysconf(_SC_PAGESIZE);

    (void)state;
    assert_int_equal(let_go_of(half + (off_t)WEIR_MIB, 3 * WEIR_FILE_BEHIND_BYTES - 65536),
        2 * WEIR_FILE_BEHIND_BYTES);
    assert_int_equal(let_go_of(half - (off_t)WEIR_MIB, 3 * WEIR_FILE_BEHIND_BYTES), 0);
}

static void an_empty_file_is_copied(void **state)
{
    struct weir_stage source, sink;
    struct weir_err err = {0};

    (void)state;
    tempdir_write(&dir, "in", "");
    assert_int_equal(weir_file_source_new(loop, in_dir("in"), NULL, &source, &err), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("out"), &sink, &err), 0);
    assert_int_equal(run(&source, &sink, 0, INT64_MAX, &err), 0);
    tempdir_expect(&dir, "out", "");
}

static void inputs_that_cannot_be_read_are_config_errors(void **state)
{
    struct weir_stage stage = {0};
    struct weir_err err = {0};

    (void)state;
    tempdir_write(&dir, "file", "x");
    assert_int_equal(weir_file_source_new(loop, in_dir("none"), NULL, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(err.detail, ENOENT);
    assert_non_null(strstr(err.msg, "none: no such file or directory"));
    err = (struct weir_err){0};
    assert_int_equal(weir_file_source_new(loop, dir.path, NULL, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(err.detail, EISDIR);
    err = (struct weir_err){0};
    assert_int_equal(weir_file_source_new(loop, in_dir("file/x"), NULL, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    if (geteuid() != 0) {
        err = (struct weir_err){0};
        assert_int_equal(chmod(in_dir("file"), 0), 0);
        assert_int_equal(weir_file_source_new(loop, in_dir("file"), NULL, &stage, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
}

static void outputs_that_cannot_be_made_are_config_errors(void **state)
{
    static const char *const names[] = {"none/out", "sub", "sub/", "sub/.", "file/out", "new/"};
    struct weir_stage stage = {0};

    (void)state;
    tempdir_mkdir(&dir, "sub");
    tempdir_write(&dir, "file", "x");
    for (size_t i = 0; i < COUNT(names); i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_file_sink_new(loop, in_dir(names[i]), &stage, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    struct weir_err err = {0};
    assert_int_equal(weir_file_sink_new(loop, "", &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(tempdir_count(&dir, "."), 2);
    assert_int_equal(tempdir_count(&dir, "sub"), 0);
}

static void a_failure_leaves_nothing_and_keeps_what_was_there(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_file_sink_new(loop, in_dir("new"), &sink, &err), 0);
    assert_int_equal(tempdir_count(&dir, "."), 1); /* the hidden one */
    assert_int_equal(write_through(&sink, "0123456789", 5, &err), -1);
    assert_int_equal(tempdir_count(&dir, "."), 0);

    tempdir_write(&dir, "old", "old");
    err = (struct weir_err){0};
    assert_int_equal(weir_file_sink_new(loop, in_dir("old"), &sink, &err), 0);
    assert_int_equal(write_through(&sink, "0123456789", 5, &err), -1);
    tempdir_expect(&dir, "old", "old");
    assert_int_equal(tempdir_count(&dir, "."), 1);

    err = (struct weir_err){0};
    assert_int_equal(weir_file_sink_new(loop, in_dir("old"), &sink, &err), 0);
    weir_stage_free(&sink); /* never ran */
    tempdir_expect(&dir, "old", "old");
    assert_int_equal(tempdir_count(&dir, "."), 1);
}

static void a_replaced_file_keeps_its_permissions_and_a_new_one_obeys_the_umask(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};
    struct stat st;
    mode_t mask = umask(027);

    (void)state;
    tempdir_write(&dir, "old", "old");
    assert_int_equal(chmod(in_dir("old"), 06604), 0); /* setuid is not for another content */
    assert_int_equal(weir_file_sink_new(loop, in_dir("old"), &sink, &err), 0);
    assert_int_equal(write_through(&sink, "new text", 0, &err), 0);
    tempdir_expect(&dir, "old", "new text");
    assert_int_equal(stat(in_dir("old"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
    assert_int_equal(weir_file_sink_new(loop, in_dir("new"), &sink, &err), 0);
    assert_int_equal(write_through(&sink, "x", 0, &err), 0);
    assert_int_equal(stat(in_dir("new"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    umask(mask);
}

/* First the file is synced, then, when it has its name, its folder. */
static void a_file_that_cannot_be_synced_is_not_published(void **state)
{
    static const struct {
        int at, number, rc;
        const char *there;
    } cases[] = {
        {1, EIO, -1, "old"}, {1, ENOSPC, -1, "old"},
        {2, EIO, -1, "new"},   /* it may be gone after a crash, which is told */
        {2, EINVAL, 0, "new"}, /* a file system that has no such thing */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_stage sink;
        struct weir_err err = {0};

        tempdir_write(&dir, "out", "old");
        assert_int_equal(weir_file_sink_new(loop, in_dir("out"), &sink, &err), 0);
        fsync_fails_at = cases[i].at;
        fsync_errno = cases[i].number;
        assert_int_equal(write_through(&sink, "new", 0, &err), cases[i].rc);
        fsync_fails_at = 0;
        assert_int_equal(err.code, cases[i].rc == 0 ? WEIR_OK : WEIR_E_IO);
        assert_int_equal(err.detail, cases[i].rc == 0 ? 0 : cases[i].number);
        tempdir_expect(&dir, "out", cases[i].there);
        assert_int_equal(tempdir_count(&dir, "."), 1);
    }
}

static void a_file_that_cannot_be_synced_cannot_prepare_its_end(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_file_sink_new(loop, in_dir("out"), &sink, &err), 0);
    fsync_fails_at = 1;
    fsync_errno = EIO;
    assert_int_equal(sink.ops->prepare(sink.self, &err), WEIR_FAIL);
    assert_int_equal(err.code, WEIR_E_IO);
    weir_stage_free(&sink);
    assert_int_equal(tempdir_count(&dir, "."), 0);
}

static void a_link_stays_a_link_and_its_target_is_replaced(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};
    struct stat st;

    (void)state;
    tempdir_write(&dir, "sub/target", "old");
    assert_int_equal(symlink("sub/target", in_dir("link")), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("link"), &sink, &err), 0);
    assert_int_equal(write_through(&sink, "new", 0, &err), 0);
    assert_int_equal(lstat(in_dir("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    tempdir_expect(&dir, "sub/target", "new");
}

static void a_link_to_nothing_stays_a_link_and_its_target_is_made(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};
    struct stat st;

    (void)state;
    tempdir_mkdir(&dir, "sub");
    assert_int_equal(symlink("sub/second", in_dir("first")), 0);
    assert_int_equal(symlink("target", in_dir("sub/second")), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("first"), &sink, &err), 0);
    assert_int_equal(write_through(&sink, "new", 0, &err), 0);
    assert_int_equal(lstat(in_dir("first"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(in_dir("sub/second"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    tempdir_expect(&dir, "sub/target", "new");
    assert_int_equal(symlink(in_dir("no/such"), in_dir("far")), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("far"), &sink, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(tempdir_count(&dir, "sub"), 2);
}

static void a_held_file_appears_when_it_is_published_and_not_before(void **state)
{
    struct weir_file_held held;
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    tempdir_write(&dir, "f", "old");
    assert_int_equal(weir_file_sink_held(loop, in_dir("f"), &held, &sink, &err), 0);
    assert_int_equal(write_through(&sink, "new", 0, &err), 0);
    tempdir_expect(&dir, "f", "old");
    assert_int_equal(weir_file_held_publish(&held, &err), 0);
    tempdir_expect(&dir, "f", "new");
    assert_int_equal(weir_file_sink_held(loop, in_dir("f"), &held, &sink, &err), 0);
    assert_int_equal(write_through(&sink, "newer", 0, &err), 0);
    weir_file_held_drop(&held);
    weir_file_held_drop(&held);
    assert_int_equal(weir_file_held_publish(&held, &err), 0); /* nothing to do */
    tempdir_expect(&dir, "f", "new");
    assert_int_equal(tempdir_count(&dir, ""), 1);
}

static void a_held_file_that_cannot_be_published_is_removed(void **state)
{
    struct weir_file_held held;
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_file_sink_held(loop, in_dir("f"), &held, &sink, &err), 0);
    assert_int_equal(write_through(&sink, "new", 0, &err), 0);
    tempdir_mkdir(&dir, "f");
    assert_int_equal(weir_file_held_publish(&held, &err), -1);
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(tempdir_count(&dir, ""), 1);
    assert_int_equal(tempdir_count(&dir, "f"), 0);
}

static void a_file_may_be_read_and_replaced_in_one_run(void **state)
{
    struct weir_stage source, sink;
    struct weir_err err = {0};

    (void)state;
    tempdir_write(&dir, "f", "the same text");
    assert_int_equal(weir_file_source_new(loop, in_dir("f"), NULL, &source, &err), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("f"), &sink, &err), 0);
    assert_int_equal(run(&source, &sink, 2, INT64_MAX, &err), 0);
    tempdir_expect(&dir, "f", "the same text");
}

static void the_working_folder_may_change_before_the_end(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};
    int back = open(".", O_PATH | O_DIRECTORY);

    (void)state;
    assert_int_equal(chdir(dir.path), 0);
    assert_int_equal(weir_file_sink_new(loop, "here", &sink, &err), 0);
    assert_int_equal(fchdir(back), 0);
    close(back);
    assert_int_equal(write_through(&sink, "x", 0, &err), 0);
    tempdir_expect(&dir, "here", "x");
}

static void a_full_device_is_an_io_error(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_file_sink_new(loop, "/dev/null", &sink, &err), 0);
    assert_int_equal(write_through(&sink, "0123456789", 0, &err), 0);
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    assert_int_equal(weir_file_sink_new(loop, "/dev/full", &sink, &err), 0);
    assert_int_equal(write_through(&sink, "0123456789", 0, &err), -1);
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(err.detail, ENOSPC);
    assert_string_equal(err.msg, "/dev/full: no space left on device");
}

/*
 * Below a root
 */

static void folders_below_a_root_are_made_at_the_end_only(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_file_sink_below(loop, root, ".", "a/b/c.txt", &sink, &err), 0);
    assert_false(tempdir_exists(&dir, "a"));
    assert_int_equal(write_through(&sink, "0123456789", 5, &err), -1);
    assert_int_equal(tempdir_count(&dir, "."), 0);

    for (int i = 0; i < 2; i++) { /* the second time all of it is there */
        err = (struct weir_err){0};
        assert_int_equal(weir_file_sink_below(loop, root, ".", "a/b/c.txt", &sink, &err), 0);
        assert_int_equal(write_through(&sink, "0123456789", 0, &err), 0);
        tempdir_expect(&dir, "a/b/c.txt", "0123456789");
        assert_int_equal(tempdir_count(&dir, "."), 1);
        assert_int_equal(tempdir_count(&dir, "a/b"), 1);
    }
}

static void paths_that_leave_the_root_are_refused(void **state)
{
    static const char *const paths[] = {
        "", "/etc/x", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a/.", "a/.."};
    struct weir_stage sink;

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct weir_err err = {0};
        if (weir_file_sink_below(loop, root, ".", paths[i], &sink, &err) != -1 ||
            err.code != WEIR_E_CONFIG) {
            fail_msg("'%s' was not refused: %d %s", paths[i], err.code, err.msg);
        }
    }
    assert_int_equal(tempdir_count(&dir, "."), 0);
    struct weir_err err = {0};
    assert_int_equal(weir_file_sink_below(loop, root, "none", "a", &sink, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(err.detail, ENOENT);
}

static void a_file_in_the_place_of_a_folder_fails_and_leaves_nothing(void **state)
{
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_file_sink_below(loop, root, ".", "a/b", &sink, &err), 0);
    tempdir_write(&dir, "a", "a file by now");
    assert_int_equal(write_through(&sink, "x", 0, &err), -1);
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(err.detail, ENOTDIR);
    tempdir_expect(&dir, "a", "a file by now");
    assert_int_equal(tempdir_count(&dir, "."), 1);
}

/* Whoever may write there may do this while we are at work. */
static void a_link_that_is_put_in_the_way_leads_nowhere(void **state)
{
    const char *const targets[] = {"..", "../out", in_dir("out")};

    (void)state;
    tempdir_mkdir(&dir, "root");
    tempdir_mkdir(&dir, "out");
    int below = open(in_dir("root"), O_PATH | O_DIRECTORY);
    for (size_t i = 0; i < COUNT(targets); i++) {
        struct weir_stage sink;
        struct weir_err err = {0};
        assert_int_equal(weir_file_sink_below(loop, below, ".", "a/b", &sink, &err), 0);
        assert_int_equal(symlink(targets[i], in_dir("root/a")), 0);
        assert_int_equal(write_through(&sink, "x", 0, &err), -1);
        assert_int_equal(err.code, WEIR_E_IO);
        assert_non_null(strstr(err.msg, "link"));
        assert_int_equal(unlink(in_dir("root/a")), 0);
        assert_int_equal(tempdir_count(&dir, "out"), 0);
        assert_int_equal(tempdir_count(&dir, "root"), 0);
        assert_int_equal(tempdir_count(&dir, "."), 2);
    }
    close(below);
}

/*
 * Descriptors
 */

/* The other end of a pipe, in a thread: blocking, at its own pace. */
struct peer {
    pthread_t thread;
    int fd;
    char path[PATH_BYTES]; /* opened by the thread when not empty */
    size_t n, sum;
};

static void *peer_write(void *arg)
{
    struct peer *p = arg;
    char piece[3000];

    if (p->path[0] != '\0') {
        p->fd = open(p->path, O_WRONLY);
    }
    for (size_t at = 0; at < p->n;) {
        size_t len = p->n - at < sizeof piece ? p->n - at : sizeof piece;
        memset(piece, 'x', len);
        ssize_t wrote = write(p->fd, piece, len);
        if (wrote <= 0) {
            break;
        }
        at += (size_t)wrote;
    }
    close(p->fd);
    return NULL;
}

static void *peer_read(void *arg)
{
    struct peer *p = arg;
    char piece[3000];
    ssize_t got;

    if (p->path[0] != '\0') {
        p->fd = open(p->path, O_RDONLY);
    }
    while ((got = read(p->fd, piece, sizeof piece)) > 0) {
        p->sum += (size_t)got;
    }
    close(p->fd);
    return NULL;
}

static void inherited_pipes_wait_in_the_loop_and_stay_blocking(void **state)
{
    enum { BYTES = 1000 * 1000 };
    int in[2], out[2];
    struct weir_source_info info = {0};
    struct weir_stage source, sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    struct peer writer = {.fd = in[1], .n = BYTES}, reader = {.fd = out[0]};
    assert_int_equal(weir_fd_source_new(loop, in[0], &info, &source, &err), 0);
    assert_int_equal(info.size_bytes, -1);
    assert_int_equal(weir_fd_sink_new(loop, out[1], &sink, &err), 0);
    assert_int_equal(pthread_create(&writer.thread, NULL, peer_write, &writer), 0);
    assert_int_equal(pthread_create(&reader.thread, NULL, peer_read, &reader), 0);
    assert_int_equal(run(&source, &sink, 0, INT64_MAX, &err), 0);
    assert_int_equal(fcntl(in[0], F_GETFL) & O_NONBLOCK, 0);
    assert_int_equal(fcntl(out[1], F_GETFL) & O_NONBLOCK, 0);
    close(in[0]); /* borrowed: still open */
    assert_int_equal(close(out[1]), 0);
    pthread_join(writer.thread, NULL);
    pthread_join(reader.thread, NULL);
    assert_int_equal(reader.sum, BYTES);
    assert_int_equal(info.read_bytes, BYTES);
}

static void fifos_wait_for_their_other_end(void **state)
{
    enum { BYTES = 300 * 1000 };
    struct weir_stage source, sink;
    struct weir_err err = {0};
    struct peer writer = {.n = BYTES}, reader = {.n = 0};

    (void)state;
    snprintf(writer.path, sizeof writer.path, "%s", in_dir("in"));
    snprintf(reader.path, sizeof reader.path, "%s", in_dir("out"));
    assert_int_equal(mkfifo(writer.path, 0600), 0);
    assert_int_equal(mkfifo(reader.path, 0600), 0);
    assert_int_equal(weir_file_source_new(loop, writer.path, NULL, &source, &err), 0);
    assert_int_equal(weir_file_sink_new(loop, reader.path, &sink, &err), 0);
    assert_int_equal(pthread_create(&writer.thread, NULL, peer_write, &writer), 0);
    assert_int_equal(pthread_create(&reader.thread, NULL, peer_read, &reader), 0);
    assert_int_equal(run(&source, &sink, 0, INT64_MAX, &err), 0);
    pthread_join(writer.thread, NULL);
    pthread_join(reader.thread, NULL);
    assert_int_equal(reader.sum, BYTES);
    assert_int_equal(tempdir_count(&dir, "."), 2); /* no hidden file beside a fifo */
}

static void a_fifo_that_nobody_opens_meets_the_deadline(void **state)
{
    struct weir_stage source, sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(mkfifo(in_dir("in"), 0600), 0);
    assert_int_equal(mkfifo(in_dir("out"), 0600), 0);
    tempdir_write(&dir, "file", "x");
    assert_int_equal(weir_file_source_new(loop, in_dir("in"), NULL, &source, &err), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("new"), &sink, &err), 0);
    assert_int_equal(run(&source, &sink, 0, weir_clock_mono_ms() + 60, &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_false(tempdir_exists(&dir, "new"));
    err = (struct weir_err){0};
    assert_int_equal(weir_file_source_new(loop, in_dir("file"), NULL, &source, &err), 0);
    assert_int_equal(weir_file_sink_new(loop, in_dir("out"), &sink, &err), 0);
    assert_int_equal(run(&source, &sink, 0, weir_clock_mono_ms() + 60, &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_int_equal(tempdir_count(&dir, "."), 3);
}

static void a_reader_that_went_away_is_an_io_error_and_no_signal(void **state)
{
    int out[2];
    struct weir_stage sink;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(pipe(out), 0);
    close(out[0]);
    assert_int_equal(weir_fd_sink_new(loop, out[1], &sink, &err), 0);
    assert_int_equal(write_through(&sink, "0123456789", 0, &err), -1);
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(err.detail, EPIPE);
    close(out[1]);
}

static void a_regular_file_as_a_descriptor_is_read_from_where_it_stands(void **state)
{
    struct weir_source_info info = {0};
    struct weir_stage source, sink;
    struct weir_err err = {0};

    (void)state;
    tempdir_write(&dir, "in", "0123456789");
    int fd = open(in_dir("in"), O_RDONLY), out = open(in_dir("out"), O_WRONLY | O_CREAT, 0600);
    assert_int_equal(lseek(fd, 4, SEEK_SET), 4);
    assert_int_equal(weir_fd_source_new(loop, fd, &info, &source, &err), 0);
    assert_int_equal(info.size_bytes, 6);
    assert_int_equal(weir_fd_sink_new(loop, out, &sink, &err), 0);
    assert_int_equal(run(&source, &sink, 4, INT64_MAX, &err), 0);
    close(fd);
    close(out);
    tempdir_expect(&dir, "out", "456789");
}

static void descriptors_that_are_no_use_are_refused(void **state)
{
    struct weir_stage stage = {0};
    struct weir_err err = {0};
    int fd = open(dir.path, O_RDONLY | O_DIRECTORY);

    (void)state;
    assert_int_equal(weir_fd_source_new(loop, fd, NULL, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    close(fd);
    err = (struct weir_err){0};
    assert_int_equal(weir_fd_source_new(loop, fd, NULL, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(err.detail, EBADF);
    err = (struct weir_err){0};
    assert_int_equal(weir_fd_sink_new(loop, fd, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_IO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

/* ---- beneath ---- */

static atomic_bool renamed_enough;

static void *rename_on_and_on(void *ctx)
{
    const int at = *(const int *)ctx;

    while (!renamed_enough) {
        (void)renameat(at, "one", at, "two");
        (void)renameat(at, "two", at, "one");
    }
    return NULL;
}

/* While something is renamed, whatever it is, the kernel is not sure of a way up. */
static void a_link_that_goes_up_and_stays_beneath_is_followed_while_others_rename(void **state)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_BENEATH};
    pthread_t thread;
    int failed = 0, e = 0;

    (void)state;
    tempdir_write(&dir, "target", "x");
    tempdir_write(&dir, "one", "y");
    tempdir_mkdir(&dir, "sub");
    assert_int_equal(symlinkat("../target", root, "sub/link"), 0);
    int fd = (int)syscall(SYS_openat2, root, ".", &how, sizeof how);
    if (fd == -1 && (errno == ENOSYS || errno == EPERM)) { /* nobody can follow a link safely */
        assert_int_equal(weir_open_beneath(root, "sub/link", O_RDONLY), -1);
        assert_int_equal(errno, ELOOP);
        skip();
    }
    (void)close(fd);
    renamed_enough = false;
    assert_int_equal(pthread_create(&thread, NULL, rename_on_and_on, &root), 0);
    for (int i = 0; i < 20000; i++) {
        fd = weir_open_beneath(root, "sub/link", O_RDONLY);
        if (fd == -1) {
            failed++;
            e = errno;
        } else {
            (void)close(fd);
        }
    }
    renamed_enough = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (failed > 0) {
        fail_msg("%d opens failed, the last one: %s", failed, strerror(e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_copied_under_every_edge_size),
        TEST(a_file_that_is_cut_while_it_is_read_is_an_error_and_one_that_grows_is_read_on),
        TEST(a_file_that_memory_cannot_keep_leaves_the_page_cache_and_another_stays),
        TEST(an_empty_file_is_copied),
        TEST(a_link_that_goes_up_and_stays_beneath_is_followed_while_others_rename),
        TEST(inputs_that_cannot_be_read_are_config_errors),
        TEST(outputs_that_cannot_be_made_are_config_errors),
        TEST(a_failure_leaves_nothing_and_keeps_what_was_there),
        TEST(a_replaced_file_keeps_its_permissions_and_a_new_one_obeys_the_umask),
        TEST(a_file_that_cannot_be_synced_is_not_published),
        TEST(a_file_that_cannot_be_synced_cannot_prepare_its_end),
        TEST(a_link_stays_a_link_and_its_target_is_replaced),
        TEST(a_link_to_nothing_stays_a_link_and_its_target_is_made),
        TEST(a_held_file_appears_when_it_is_published_and_not_before),
        TEST(a_held_file_that_cannot_be_published_is_removed),
        TEST(a_file_may_be_read_and_replaced_in_one_run),
        TEST(the_working_folder_may_change_before_the_end),
        TEST(a_full_device_is_an_io_error),
        TEST(folders_below_a_root_are_made_at_the_end_only),
        TEST(paths_that_leave_the_root_are_refused),
        TEST(a_file_in_the_place_of_a_folder_fails_and_leaves_nothing),
        TEST(a_link_that_is_put_in_the_way_leads_nowhere),
        TEST(inherited_pipes_wait_in_the_loop_and_stay_blocking),
        TEST(fifos_wait_for_their_other_end),
        TEST(a_fifo_that_nobody_opens_meets_the_deadline),
        TEST(a_reader_that_went_away_is_an_io_error_and_no_signal),
        TEST(a_regular_file_as_a_descriptor_is_read_from_where_it_stands),
        TEST(descriptors_that_are_no_use_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
