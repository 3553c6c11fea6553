/*
 * Is every message of a batch either worked on to its end or named in the answer, whatever fails,
 * whenever it fails? The work here writes down the keys that it gets, and does as they say.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "event/batch.h"
#include "json/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* One S3 record, and documents of them. */
#define S3(key)                                                                                    \
    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","    \
    "\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"" key "\"}}}"
#define GONE                                                                                       \
    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectRemoved:Delete\"," \
    "\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"removed\"}}}"
#define DOC(records) "{\"Records\":[" records "]}"
#define TEST_EVENT "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"b\"}"
#define BRIDGE(key)                                                                                \
    "{\"source\":\"aws.s3\",\"detail-type\":\"Object Created\",\"detail\":{\"bucket\":{\"name\":"  \
    "\"b\"},\"object\":{\"key\":\"" key "\"}}}"
#define SNS_OF_A                                                                                   \
    "{\"Type\":\"Notification\",\"Message\":\"{\\\"source\\\":\\\"aws.s3\\\",\\\"detail-type\\\":" \
    "\\\"Object Created\\\",\\\"detail\\\":{\\\"bucket\\\":{\\\"name\\\":\\\"b\\\"},"              \
    "\\\"object\\\":{\\\"key\\\":\\\"a+b\\\"}}}\"}"

static struct {
    struct weir_loop *loop;
    struct weir_invocation inv;
    char keys[1024]; /* worked on, each with a blank behind it */
    char log[16384];
} t;

/* bad*: fails. late: it takes until the deadline, and is done. timeout: fails at it. cancel: a
 * signal comes. */
static int record(void *ctx, const struct weir_invocation *inv, const struct weir_s3_record *r,
    struct weir_err *err)
{
    size_t len = strlen(t.keys);

    assert_ptr_equal(ctx, &t);
    assert_ptr_equal(inv, &t.inv);
    assert_int_equal(r->kind, WEIR_EVENT_CREATED);
    snprintf(t.keys + len, sizeof t.keys - len, "%s ", r->key);
    if (strncmp(r->key, "bad", 3) == 0) {
        return weir_err_detail(err, WEIR_E_REMOTE, 404, "%s is gone", r->key);
    }
    if (strcmp(r->key, "late") == 0 || strcmp(r->key, "timeout") == 0) {
        t.inv.deadline_mono_ms = weir_clock_mono_ms();
    }
    if (strcmp(r->key, "timeout") == 0) {
        return weir_err_set(err, WEIR_E_DEADLINE, "the deadline has passed");
    }
    if (strcmp(r->key, "cancel") == 0) {
        const struct weir_err why = {WEIR_E_CANCEL, 15, "stopped by SIGTERM"};
        weir_loop_cancel(inv->loop, &why);
    }
    return 0;
}

/* Run an event; the response in response, or -1 with *err set. */
static int run_event(const char *event, char *response, size_t size, struct weir_err *err)
{
    const struct weir_event_work work = {"w", record, &t};
    struct weir_log log = {.fd = memfd_create("log", MFD_CLOEXEC), .level = WEIR_LOG_INFO};
    struct weir_buf out;

    weir_buf_init(&out, WEIR_RESPONSE_MAX_BYTES);
    t.loop = weir_loop_new(NULL);
    assert_non_null(t.loop);
    t.keys[0] = '\0';
    t.inv = (struct weir_invocation){.event = event,
        .event_len = strlen(event),
        .request_id = "r-1",
        .deadline_mono_ms = INT64_MAX,
        .undo_by_mono_ms = INT64_MAX,
        .loop = t.loop,
        .log = &log};
    int rc = weir_event_run(&work, &t.inv, &out, err);
    if (rc == 0) {
        snprintf(response, size, "%s", weir_buf_text(&out, NULL));
    }
    ssize_t n = pread(log.fd, t.log, sizeof t.log - 1, 0);
    t.log[n > 0 ? n : 0] = '\0';
    close(log.fd);
    weir_buf_fini(&out);
    weir_loop_free(t.loop);
    return rc;
}

/* A batch of messages m0, m1, ... with these bodies; to be freed. */
static char *batch(const char *const *bodies, const char *arn)
{
    struct weir_buf b;

    weir_buf_init(&b, WEIR_MIB);
    assert_int_equal(weir_buf_adds(&b, "{\"Records\":[", NULL), 0);
    for (int i = 0; bodies[i] != NULL; i++) {
        assert_int_equal(
            weir_buf_addf(&b, NULL,
                "%s{\"messageId\":\"m%d\",\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"%s\","
                "\"body\":",
                i > 0 ? "," : "", i, arn),
            0);
        assert_int_equal(weir_json_quote(&b, bodies[i], NULL), 0);
        assert_int_equal(weir_buf_adds(&b, "}", NULL), 0);
    }
    assert_int_equal(weir_buf_adds(&b, "]}", NULL), 0);
    char *text = strdup(weir_buf_text(&b, NULL));
    assert_non_null(text);
    weir_buf_fini(&b);
    return text;
}

/* The ids in a response, each with a blank behind it. */
static void ids_of(const char *response, char *ids, size_t size)
{
    static const char head[] = "{\"batchItemFailures\":[", mark[] = "{\"itemIdentifier\":\"";

    assert_int_equal(strncmp(response, head, strlen(head)), 0);
    ids[0] = '\0';
    for (const char *p = strstr(response, mark); p != NULL; p = strstr(p, mark)) {
        size_t len = strlen(ids);
        p += strlen(mark);
        snprintf(ids + len, size - len, "%.*s ", (int)strcspn(p, "\""), p);
    }
}

#define PLAIN "arn:aws:sqs:us-east-1:123456789012:uploads"
#define FIFO "arn:aws:sqs:us-east-1:123456789012:uploads.fifo"

static void every_message_is_done_or_named(void **state)
{
    static const struct {
        const char *what, *arn, *bodies[8], *keys, *ids;
    } rows[] = {
        {"nothing fails", PLAIN, {DOC(S3("a")), DOC(S3("b"))}, "a b ", ""},
        {"one fails alone", PLAIN, {DOC(S3("a")), DOC(S3("bad")), DOC(S3("c"))}, "a bad c ", "m1 "},
        {"no event fails alone", PLAIN, {"no JSON", DOC(S3("b")), "{}"}, "b ", "m0 m2 "},
        {"several records", PLAIN, {DOC(S3("a") "," S3("b")), DOC(S3("c"))}, "a b c ", ""},
        {"a bad record does not take its neighbours with it", PLAIN,
            {DOC(S3("a") "," S3("bad1") "," S3("c") "," S3("bad2")), DOC(S3("d"))},
            "a bad1 c bad2 d ", "m0 "},
        {"nothing to do is done", PLAIN, {TEST_EVENT, DOC(GONE), DOC(GONE "," S3("a"))}, "a ", ""},
        {"wraps and encodings", PLAIN,
            {SNS_OF_A, BRIDGE("c+d%20"), DOC(S3("e+f%2B")), BRIDGE("bad+")},
            "a+b c+d%20 e f+ bad+ ", "m3 "},
        {"all kinds mixed", PLAIN,
            {TEST_EVENT, "[]", SNS_OF_A, DOC(S3("bad") "," S3("x")), BRIDGE("y"), DOC(GONE),
                "{\"Records\":[]}"},
            "a+b bad x y ", "m1 m3 m6 "},
        {"the deadline after a message", PLAIN,
            {DOC(S3("a")), DOC(S3("late")), DOC(S3("c")), DOC(S3("d"))}, "a late ", "m2 m3 "},
        {"the deadline between records", PLAIN,
            {DOC(S3("late") "," S3("b") "," S3("c")), DOC(S3("d"))}, "late ", "m0 m1 "},
        {"the deadline in the work", PLAIN,
            {DOC(S3("a")), DOC(S3("timeout") "," S3("b")), DOC(S3("c"))}, "a timeout ", "m1 m2 "},
        {"what needs no time is done after the deadline, too", PLAIN,
            {DOC(S3("late")), TEST_EVENT, DOC(S3("b"))}, "late ", "m2 "},
        {"a signal", PLAIN, {DOC(S3("cancel") "," S3("b")), DOC(S3("c"))}, "cancel ", "m0 m1 "},
        {"fifo: nothing fails", FIFO, {DOC(S3("a")), DOC(S3("b"))}, "a b ", ""},
        {"fifo: the first failure ends the work", FIFO,
            {DOC(S3("a")), DOC(S3("bad")), DOC(S3("c")), DOC(S3("d"))}, "a bad ", "m1 m2 m3 "},
        {"fifo: in mid-message, too", FIFO, {DOC(S3("a") "," S3("bad") "," S3("c")), DOC(S3("d"))},
            "a bad ", "m0 m1 "},
        {"fifo: no event ends the work", FIFO, {"no JSON", DOC(S3("b"))}, "", "m0 m1 "},
        {"fifo: a test event does not", FIFO, {TEST_EVENT, DOC(S3("b"))}, "b ", ""},
        {"fifo: the deadline", FIFO, {DOC(S3("late")), DOC(S3("b")), TEST_EVENT}, "late ",
            "m1 m2 "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char response[1024], ids[256];
        struct weir_err err = {0};
        char *event = batch(rows[i].bodies, rows[i].arn);
        assert_int_equal(run_event(event, response, sizeof response, &err), 0);
        ids_of(response, ids, sizeof ids);
        if (strcmp(t.keys, rows[i].keys) != 0 || strcmp(ids, rows[i].ids) != 0) {
            fail_msg("%s: worked on \"%s\", failed \"%s\"", rows[i].what, t.keys, ids);
        }
        free(event);
    }
}

static void message_that_was_not_begun_says_so(void **state)
{
    static const char *const bodies[] = {DOC(S3("late")), DOC(S3("a")), NULL};
    char *event = batch(bodies, PLAIN), response[256];
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(run_event(event, response, sizeof response, &err), 0);
    assert_non_null(strstr(t.log, "ERROR w: message m1 failed: Function.DeadlineExceeded: not "
                                  "begun: the deadline came first\n"));
    free(event);
}

static void direct_event_fails_with_its_first_error(void **state)
{
    static const struct {
        const char *event, *keys, *message; /* NULL: succeeds */
        enum weir_code code;
    } rows[] = {
        {DOC(S3("a") "," S3("b")), "a b ", NULL, WEIR_OK},
        {BRIDGE("a"), "a ", NULL, WEIR_OK},
        {DOC(S3("a") "," S3("bad1") "," S3("bad2") "," S3("c")), "a bad1 bad2 c ", "bad1 is gone",
            WEIR_E_REMOTE},
        {DOC(S3("late") "," S3("a")), "late ", "not begun: the deadline came first",
            WEIR_E_DEADLINE},
        {DOC(GONE), "", NULL, WEIR_OK},
        {TEST_EVENT, "", NULL, WEIR_OK},
        {"{\"Records\":[]}", "", NULL, WEIR_OK},
        {"{}", "", "event: no S3 event", WEIR_E_DATA},
        {"{\"name\":\"x\"}", "", "event: no S3 event", WEIR_E_DATA},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char response[256] = "";
        struct weir_err err = {0};
        int rc = run_event(rows[i].event, response, sizeof response, &err);
        assert_int_equal(rc, rows[i].message == NULL ? 0 : -1);
        assert_int_equal(err.code, rows[i].code);
        assert_string_equal(err.msg, rows[i].message != NULL ? rows[i].message : "");
        assert_string_equal(response, rc == 0 ? "{\"batchItemFailures\":[]}" : "");
        assert_string_equal(t.keys, rows[i].keys);
    }
}

static void each_failure_is_logged_once_with_its_message(void **state)
{
    static const char *const bodies[] = {
        "no JSON", DOC(S3("a") "," S3("bad1") "," S3("bad2")), DOC(S3("bad3")), NULL};
    static const char *const lines[] = {
        "ERROR w: message m0 failed: Function.BadData: event: ",
        "ERROR w: message m1 failed: s3://b/bad1: Function.RemoteError: bad1 is gone\n",
        "ERROR w: message m1 failed: s3://b/bad2: Function.RemoteError: bad2 is gone\n",
        "ERROR w: message m2 failed: Function.RemoteError: bad3 is gone\n",
    };
    char *event = batch(bodies, PLAIN), response[256];
    struct weir_err err = {0};
    size_t n = 0;

    (void)state;
    assert_int_equal(run_event(event, response, sizeof response, &err), 0);
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_non_null(strstr(t.log, lines[i]));
    }
    for (const char *p = t.log; (p = strstr(p, "ERROR")) != NULL; p++) {
        n++;
    }
    assert_int_equal(n, COUNT(lines));
    assert_null(strstr(t.log, "no JSON")); /* never a payload */
    free(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_is_done_or_named),
        cmocka_unit_test(message_that_was_not_begun_says_so),
        cmocka_unit_test(direct_event_fails_with_its_first_error),
        cmocka_unit_test(each_failure_is_logged_once_with_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
