/*
 * Does the queue keep each message through kills, count its receives, hide it, and give up on it?
 * Is what the disk holds, cut at any byte, a queue again?
 */
#include "cli/local/journal.h"
#include "cli/local/queue.h"
#include "core/limits.h"
#include "tests/support/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define VISIBILITY_MS 1000

struct world {
    struct tempdir dir;
    char path[TEMPDIR_PATH_BYTES + 16];
    struct weir_queue *queue;
    size_t torn;
    struct weir_err err;
};

static void reopen(struct world *w)
{
    const struct weir_queue_opts opts = {
        .path = w->path, .visibility_ms = VISIBILITY_MS, .receives_max = 3, .torn = &w->torn};

    weir_queue_free(w->queue);
    w->err = (struct weir_err){0};
    w->queue = weir_queue_open(&opts, &w->err);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    tempdir_new(&w->dir);
    (void)snprintf(w->path, sizeof w->path, "%s/journal", w->dir.path);
    reopen(w);
    assert_non_null(w->queue);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    weir_queue_free(w->queue);
    tempdir_free(&w->dir);
    free(w);
    return 0;
}

static void send(struct world *w, const char *name, const char *version)
{
    assert_int_equal(
        weir_queue_send(w->queue, name, version, "{\"a\":\"\\u00e9\"}", 7, &w->err), 0);
}

static const struct weir_queue_message *receive(struct world *w, int64_t mono_ms)
{
    const struct weir_queue_message *m = NULL;
    int rc = weir_queue_receive(w->queue, mono_ms, 1000 + mono_ms, &m, &w->err);

    assert_in_range(rc, 0, 1);
    return rc == 1 ? m : NULL;
}

static size_t count(const struct world *w, enum weir_queue_state state)
{
    const struct weir_queue_message *m = NULL;
    size_t n = 0;

    while ((m = weir_queue_next(w->queue, m)) != NULL) {
        n += m->state == state;
    }
    return n;
}

static void a_message_is_received_once_until_it_fails(void **state)
{
    struct world *w = *state;

    assert_null(receive(w, 0));
    send(w, "a", "1");
    assert_true(weir_queue_visible_ms(w->queue) <= 0);
    const struct weir_queue_message *m = receive(w, 0);
    assert_non_null(m);
    assert_string_equal(m->name, "a");
    assert_string_equal(m->body, "{\"a\":\"\\u00e9\"}");
    assert_int_equal(m->receives, 1);
    assert_int_equal(m->sent_unix_ms, 7);
    assert_null(receive(w, 1000000));
    assert_int_equal(weir_queue_visible_ms(w->queue), INT64_MAX);
    assert_int_equal(weir_queue_delete(w->queue, m, &w->err), 0);
    assert_null(weir_queue_next(w->queue, NULL));
}

static void messages_come_in_the_order_of_their_sending(void **state)
{
    struct world *w = *state;

    send(w, "a", "1");
    send(w, "b", "1");
    assert_string_equal(receive(w, 0)->name, "a");
    assert_string_equal(receive(w, 0)->name, "b");
}

static void a_failed_message_is_hidden_for_the_visibility_timeout(void **state)
{
    struct world *w = *state;

    send(w, "a", "1");
    const struct weir_queue_message *m = receive(w, 100);
    assert_int_equal(weir_queue_fail(w->queue, m, "why not", 300, &w->err), 0);
    assert_int_equal(weir_queue_visible_ms(w->queue), 100 + VISIBILITY_MS);
    assert_null(receive(w, 100 + VISIBILITY_MS - 1));
    m = receive(w, 100 + VISIBILITY_MS);
    assert_int_equal(m->receives, 2);
    assert_int_equal(m->received_unix_ms, 1100); /* the first time */
    /* Work that took longer than that: at once. */
    assert_int_equal(weir_queue_fail(w->queue, m, "why not", 9000, &w->err), 0);
    assert_int_equal(weir_queue_visible_ms(w->queue), 9000);
}

static void after_three_receives_a_message_is_dead_and_can_be_sent_back(void **state)
{
    struct world *w = *state;
    size_t moved = 0;

    send(w, "a", "1");
    send(w, "b", "1");
    for (int i = 0; i < 3; i++) {
        const struct weir_queue_message *m = receive(w, i * VISIBILITY_MS);
        assert_int_equal(m->receives, i + 1);
        assert_int_equal(weir_queue_fail(w->queue, m, "why not", i * VISIBILITY_MS, &w->err), 0);
    }
    assert_int_equal(count(w, WEIR_QUEUE_DEAD), 1);
    reopen(w);
    assert_int_equal(count(w, WEIR_QUEUE_DEAD), 1);
    const struct weir_queue_message *m = weir_queue_next(w->queue, NULL);
    assert_int_equal(m->receives, 3);
    assert_string_equal(m->error, "why not");
    assert_string_equal(receive(w, 0)->name, "b");
    assert_null(receive(w, INT32_MAX));

    assert_int_equal(weir_queue_redrive(w->queue, "no such id", &moved, &w->err), 0);
    assert_int_equal(moved, 0);
    assert_int_equal(weir_queue_redrive(w->queue, m->id, &moved, &w->err), 0);
    assert_int_equal(moved, 1);
    reopen(w);
    m = receive(w, 0);
    assert_string_equal(m->name, "a");
    assert_int_equal(m->receives, 1);
    assert_null(m->error);
    assert_int_equal(weir_queue_redrive(w->queue, NULL, &moved, &w->err), 0);
    assert_int_equal(moved, 0);
}

static void what_was_in_flight_is_visible_after_a_restart_and_its_receive_counted(void **state)
{
    struct world *w = *state;

    send(w, "a", "1");
    assert_int_equal(receive(w, 0)->receives, 1);
    reopen(w);
    assert_int_equal(w->torn, 0);
    const struct weir_queue_message *m = receive(w, 0);
    assert_non_null(m);
    assert_int_equal(m->receives, 2);
    assert_int_equal(m->sent_unix_ms, 7);
    assert_int_equal(m->received_unix_ms, 1000);
    assert_int_equal(weir_queue_delete(w->queue, m, &w->err), 0);
    reopen(w);
    assert_null(receive(w, 0));
}

static bool is_b(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "b") == 0;
}

static void the_announced_version_of_a_name_is_remembered(void **state)
{
    struct world *w = *state;

    assert_null(weir_queue_version(w->queue, "a"));
    send(w, "a", "1");
    send(w, "b", "1");
    send(w, "a", "2");
    assert_string_equal(weir_queue_version(w->queue, "a"), "2");
    assert_int_equal(weir_queue_delete(w->queue, receive(w, 0), &w->err), 0);
    reopen(w);
    assert_string_equal(weir_queue_version(w->queue, "a"), "2");
    assert_string_equal(weir_queue_version(w->queue, "b"), "1");
    weir_queue_forget(w->queue, is_b, NULL);
    assert_null(weir_queue_version(w->queue, "b"));
    assert_non_null(weir_queue_version(w->queue, "a"));
}

static uint64_t size_of(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

static void a_long_history_is_rewritten_and_nothing_is_lost(void **state)
{
    struct world *w = *state;
    char id[WEIR_UUID_BYTES];
    uint64_t most = 0;

    send(w, "dead", "d1");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(weir_queue_fail(w->queue, receive(w, i * VISIBILITY_MS), "\"why\"",
                             i * VISIBILITY_MS, &w->err),
            0);
    }
    send(w, "kept", "k1");
    const struct weir_queue_message *kept = receive(w, 0);
    memcpy(id, kept->id, sizeof id);
    for (int i = 0; i < 2500; i++) {
        char version[16];
        (void)snprintf(version, sizeof version, "%d", i);
        send(w, "busy", version);
        assert_int_equal(weir_queue_delete(w->queue, receive(w, 0), &w->err), 0);
        uint64_t now = size_of(w->path);
        most = now > most ? now : most;
    }
    assert_in_range(most, WEIR_QUEUE_REWRITE_BYTES / 2, 2 * WEIR_QUEUE_REWRITE_BYTES);
    reopen(w);
    assert_string_equal(weir_queue_version(w->queue, "busy"), "2499");
    assert_string_equal(weir_queue_version(w->queue, "kept"), "k1");
    assert_int_equal(count(w, WEIR_QUEUE_DEAD), 1);
    assert_string_equal(weir_queue_next(w->queue, NULL)->error, "\"why\"");
    kept = receive(w, 0);
    assert_string_equal(kept->id, id);
    assert_int_equal(kept->receives, 2);
    assert_null(receive(w, 0));
}

/* Every length that a kill could leave is a queue whose messages are those of the whole records. */
static void a_journal_cut_at_any_byte_is_a_queue(void **state)
{
    struct world *w = *state;
    char whole[8192];
    size_t ends[16], records = 0;

    send(w, "a", "1");
    send(w, "b", "1");
    assert_int_equal(weir_queue_delete(w->queue, receive(w, 0), &w->err), 0);
    int fd = open(w->path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, whole, sizeof whole);
    (void)close(fd);
    assert_in_range(size, 1, sizeof whole - 1);
    for (size_t i = 0; i < (size_t)size; i++) {
        if (whole[i] == '\n') {
            ends[records++] = i + 1;
        }
    }
    assert_int_equal(records, 4);
    for (size_t cut = 0; cut <= (size_t)size; cut++) {
        const size_t expected[] = {0, 1, 2, 2, 1};
        size_t n = 0;

        fd = open(w->path, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, whole, cut), (ssize_t)cut);
        (void)close(fd);
        reopen(w);
        assert_non_null(w->queue);
        while (n < records && ends[n] <= cut) {
            n++;
        }
        assert_int_equal(count(w, WEIR_QUEUE_READY), expected[n]);
        assert_int_equal(w->torn, cut - (n > 0 ? ends[n - 1] : 0));
        /* And one can go on from there. */
        send(w, "c", "1");
        reopen(w);
        assert_int_equal(w->torn, 0);
        assert_int_equal(count(w, WEIR_QUEUE_READY), expected[n] + 1);
    }
}

static void damage_in_the_middle_is_an_error_and_the_file_is_left_alone(void **state)
{
    struct world *w = *state;

    send(w, "a", "1");
    send(w, "b", "1");
    uint64_t size = size_of(w->path);
    int fd = open(w->path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "#", 1, 20), 1);
    (void)close(fd);
    reopen(w);
    assert_null(w->queue);
    assert_int_equal(w->err.code, WEIR_E_DATA);
    assert_non_null(strstr(w->err.msg, "line 1 is damaged"));
    assert_int_equal(size_of(w->path), size);
}

static int ignore_record(void *ctx, const char *json, size_t len, struct weir_err *err)
{
    (void)ctx;
    (void)json;
    (void)len;
    (void)err;
    return 0;
}

static void records_that_do_not_fit_each_other_are_an_error(void **state)
{
    static const char *const bad[] = {"{\"op\":\"delete\",\"id\":\"x\"}", "{\"op\":\"send\"}",
        "{\"op\":\"jump\",\"id\":\"x\"}", "{}", "nothing"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        (void)unlink(w->path);
        struct weir_err err = {0};
        struct weir_journal *j = weir_journal_open(w->path, ignore_record, NULL, NULL, &err);
        assert_non_null(j);
        assert_int_equal(weir_journal_append(j, bad[i], strlen(bad[i]), &err), 0);
        weir_journal_free(j);
        reopen(w);
        assert_null(w->queue);
        assert_int_equal(w->err.code, WEIR_E_DATA);
    }
}

static void a_journal_refuses_what_is_no_line(void **state)
{
    struct world *w = *state;
    static char large[WEIR_JOURNAL_RECORD_MAX_BYTES + 1];
    struct weir_err err = {0};
    struct weir_journal *j = weir_journal_open(w->path, ignore_record, NULL, NULL, &err);

    assert_non_null(j);
    assert_int_equal(weir_journal_append(j, "a\nb", 3, &err), -1);
    assert_int_equal(err.code, WEIR_E_DATA);
    err = (struct weir_err){0};
    assert_int_equal(weir_journal_append(j, "", 0, &err), -1);
    err = (struct weir_err){0};
    memset(large, 'x', sizeof large);
    assert_int_equal(weir_journal_append(j, large, sizeof large, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    err = (struct weir_err){0};
    assert_int_equal(weir_journal_append(j, large, sizeof large - 1, &err), 0);
    weir_journal_free(j);
    j = weir_journal_open(w->path, ignore_record, NULL, NULL, &err);
    assert_non_null(j);
    weir_journal_free(j);
}

/* A file-size limit stands for a full disk: half a record may get through. */
static void a_full_disk_changes_nothing_and_the_queue_goes_on_after_it(void **state)
{
    struct world *w = *state;
    struct rlimit was, low;
    struct weir_err err = {0};
    const struct weir_queue_message *m = NULL;

    (void)signal(SIGXFSZ, SIG_IGN);
    send(w, "a", "1");
    uint64_t size = size_of(w->path);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    low = was;
    low.rlim_cur = size + 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
    int sent = weir_queue_send(w->queue, "b", "1", "x", 7, &err);
    int received = weir_queue_receive(w->queue, 0, 0, &m, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_int_equal(sent, -1);
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(received, -1);
    assert_int_equal(size_of(w->path), size);
    assert_null(weir_queue_version(w->queue, "b"));
    send(w, "b", "2");
    m = receive(w, 0);
    assert_int_equal(m->receives, 1);
    reopen(w);
    assert_int_equal(count(w, WEIR_QUEUE_READY), 2);
}

static int put_many(void *ctx, struct weir_journal_new *to, struct weir_err *err)
{
    for (int i = *(int *)ctx; i > 0; i--) {
        if (weir_journal_put(to, "{\"new\":1}", 9, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int count_records(void *ctx, const char *json, size_t len, struct weir_err *err)
{
    (void)err;
    ++((int *)ctx)[len == 9 && memcmp(json, "{\"new\":1}", 9) == 0];
    return 0;
}

/* As few as a buffer holds, which fail when they are written out, or more, which fail before. */
static void a_rewrite_that_has_no_room_leaves_the_old_records(void **state)
{
    struct world *w = *state;
    struct rlimit was, low;
    struct weir_err err = {0};
    char beside[TEMPDIR_PATH_BYTES + 64];
    int many[] = {100, 10000}, records[2] = {0, 0};

    (void)signal(SIGXFSZ, SIG_IGN);
    struct weir_journal *j = weir_journal_open(w->path, ignore_record, NULL, NULL, &err);
    assert_non_null(j);
    assert_int_equal(weir_journal_append(j, "{\"old\":1}", 9, &err), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    low = was;
    low.rlim_cur = size_of(w->path) + 20;
    for (size_t i = 0; i < 2; i++) {
        err = (struct weir_err){0};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
        int rc = weir_journal_rewrite(j, put_many, &many[i], &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
        assert_int_equal(rc, -1);
        assert_int_equal(err.code, WEIR_E_IO);
        snprintf(beside, sizeof beside, "%s.new", w->path);
        assert_int_equal(access(beside, F_OK), -1);
    }
    /* nor is there a way where a folder is in it */
    assert_int_equal(mkdir(beside, 0700), 0);
    assert_int_equal(weir_journal_rewrite(j, put_many, &many[0], &err), -1);
    assert_int_equal(rmdir(beside), 0);
    assert_int_equal(weir_journal_append(j, "{\"old\":2}", 9, &err), 0);
    weir_journal_free(j);
    j = weir_journal_open(w->path, count_records, records, NULL, &err);
    assert_non_null(j);
    assert_int_equal(records[0], 2);
    assert_int_equal(records[1], 0);
    weir_journal_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_message_is_received_once_until_it_fails),
        TEST(messages_come_in_the_order_of_their_sending),
        TEST(a_failed_message_is_hidden_for_the_visibility_timeout),
        TEST(after_three_receives_a_message_is_dead_and_can_be_sent_back),
        TEST(what_was_in_flight_is_visible_after_a_restart_and_its_receive_counted),
        TEST(the_announced_version_of_a_name_is_remembered),
        TEST(a_long_history_is_rewritten_and_nothing_is_lost),
        TEST(a_journal_cut_at_any_byte_is_a_queue),
        TEST(damage_in_the_middle_is_an_error_and_the_file_is_left_alone),
        TEST(records_that_do_not_fit_each_other_are_an_error),
        TEST(a_journal_refuses_what_is_no_line),
        TEST(a_full_disk_changes_nothing_and_the_queue_goes_on_after_it),
        TEST(a_rewrite_that_has_no_room_leaves_the_old_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
