/*
 * What does an invocation's JSON become, whatever it holds? Every document is tried as a direct
 * event, in an SQS batch between two good messages, and in an SNS envelope within such a batch:
 * what is wrong with it must fail the first as a whole, and only its own message in the others.
 */
#include "event/batch.h"
#include "json/quote.h"
#include "tests/support/event_texts.h"
#include "tests/support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- helpers ---- */

/* The event of a file in events/. */
static void parse_file(const char *path, struct weir_event *ret)
{
    struct weir_err err;
    char *text = files_text(path);

    if (event_parse(text, ret, &err) != 0) {
        fail_msg("%s: %s", path, err.msg);
    }
    free(text);
}

static void assert_text(const char *name, const char *got, const char *expected)
{
    if ((got == NULL) != (expected == NULL) || (got != NULL && strcmp(got, expected) != 0)) {
        fail_msg("%s: \"%s\", expected \"%s\"", name, got ? got : "(null)",
            expected ? expected : "(null)");
    }
}

/* ---- good documents ---- */

struct good {
    const char *doc;
    enum weir_event_kind kind;
    const char *bucket, *key, *etag, *version_id;
    int64_t size_bytes;
};

#define CREATED WEIR_EVENT_CREATED
#define REMOVED WEIR_EVENT_REMOVED
#define OTHER WEIR_EVENT_OTHER
#define NAMED(name)                                                                                \
    NOTE("\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"" name "\"", BUCKET, \
        "{\"key\":\"k\"}")
#define FROM(source, version, key)                                                                 \
    NOTE("\"eventVersion\":\"" version "\",\"eventSource\":\"" source                              \
         "\",\"eventName\":\"ObjectCreated:Put\"",                                                 \
        BUCKET, "{\"key\":\"" key "\"}")
#define OBJECT(more) NOTE(HEAD, BUCKET, "{\"key\":\"k\"," more "}")

static const struct good goods[] = {
    {GOOD, CREATED, "b", "k", NULL, NULL, -1},
    /* keys are form-encoded */
    {KEYED("a+b"), CREATED, "b", "a b", NULL, NULL, -1},
    {KEYED("a%2Bb%2bc"), CREATED, "b", "a+b+c", NULL, NULL, -1},
    {KEYED("%E2%82%AC/%c3%a9.csv"), CREATED, "b", "\xE2\x82\xAC/\xC3\xA9.csv", NULL, NULL, -1},
    {KEYED("a%252Bb"), CREATED, "b", "a%2Bb", NULL, NULL, -1},
    {KEYED("..%2F..%2Fetc"), CREATED, "b", "../../etc", NULL, NULL, -1},
    {KEYED("%0A"), CREATED, "b", "\n", NULL, NULL, -1},
    {KEYED("%FF"), CREATED, "b", "\xFF", NULL, NULL, -1},
    {KEYED("\\u00e9\\\\\\\"=&"), CREATED, "b", "\xC3\xA9\\\"=&", NULL, NULL, -1},
    /* where and by whom */
    {FROM("ceph:s3", "2.2", "a+b%2B%zz%00"), CREATED, "b", "a+b%2B%zz%00", NULL, NULL, -1},
    {FROM("minio:s3", "2.0", "a+b"), CREATED, "b", "a b", NULL, NULL, -1},
    {FROM("aws:s3", "2.999", "k"), CREATED, "b", "k", NULL, NULL, -1},
    {NOTE(HEAD, "{\"name\":\"My_old.bucket-1\"}", "{\"key\":\"k\"}"), CREATED, "My_old.bucket-1",
        "k", NULL, NULL, -1},
    /* what happened */
    {NAMED("ObjectCreated:CompleteMultipartUpload"), CREATED, "b", "k", NULL, NULL, -1},
    {NAMED("s3:ObjectCreated:Put"), CREATED, "b", "k", NULL, NULL, -1},
    {NAMED("ObjectRemoved:Delete"), REMOVED, "b", "k", NULL, NULL, -1},
    {NAMED("s3:ObjectRemoved:DeleteMarkerCreated"), REMOVED, "b", "k", NULL, NULL, -1},
    {NAMED("ObjectRestore:Completed"), OTHER, "b", "k", NULL, NULL, -1},
    {NAMED("ObjectCreatedX:Put"), OTHER, "b", "k", NULL, NULL, -1},
    {NAMED("Object"), OTHER, "b", "k", NULL, NULL, -1},
    {NAMED("s3:"), OTHER, "b", "k", NULL, NULL, -1},
    /* what is optional */
    {OBJECT("\"eTag\":\"d41d8\",\"versionId\":\"null\",\"size\":1024"), CREATED, "b", "k", "d41d8",
        "null", 1024},
    {OBJECT("\"eTag\":\"\\\"d41d8-2\\\"\",\"size\":0"), CREATED, "b", "k", "d41d8-2", NULL, 0},
    {OBJECT("\"eTag\":\"\",\"versionId\":\"\""), CREATED, "b", "k", NULL, NULL, -1},
    {OBJECT("\"eTag\":null,\"versionId\":null,\"size\":null"), CREATED, "b", "k", NULL, NULL, -1},
    {OBJECT("\"size\":53687091200000"), CREATED, "b", "k", NULL, NULL, 53687091200000},
    /* EventBridge: nothing is encoded */
    {BRIDGE("\"Object Created\"",
         "{\"key\":\"a+b%2B\",\"etag\":\"e\",\"version-id\":\"v\",\"size\":5}"),
        CREATED, "b", "a+b%2B", "e", "v", 5},
    {BRIDGE("\"Object Deleted\"", "{\"key\":\"k\"}"), REMOVED, "b", "k", NULL, NULL, -1},
    {BRIDGE("\"Object Tags Added\"", "{\"key\":\"k\"}"), OTHER, "b", "k", NULL, NULL, -1},
};

static void check_good(const struct good *g, const struct weir_event_message *m)
{
    if (m->err.code != WEIR_OK || m->records_n != 1) {
        fail_msg("%s: %zu records, %s", g->doc, m->records_n, m->err.msg);
    }
    const struct weir_s3_record *r = &m->records[0];
    assert_text(g->doc, r->bucket, g->bucket);
    assert_text(g->doc, r->key, g->key);
    assert_text(g->doc, r->etag, g->etag);
    assert_text(g->doc, r->version_id, g->version_id);
    assert_int_equal(r->kind, g->kind);
    assert_int_equal(r->size_bytes, g->size_bytes);
    assert_false(m->test);
}

static void good_documents_become_records_in_every_wrap(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        const struct good *g = &goods[i];
        if (event_parse(g->doc, &event, &err) != 0) {
            fail_msg("%s: %s", g->doc, err.msg);
        }
        assert_true(event.direct);
        assert_int_equal(event.messages_n, 1);
        assert_null(event.messages[0].id);
        check_good(g, &event.messages[0]);
        event_assert_response(&event, "{\"batchItemFailures\":[]}");
        weir_event_fini(&event);
        for (int sns = 0; sns < 2; sns++) {
            event_wrap(&text, g->doc, sns);
            assert_int_equal(event_parse(weir_buf_text(&text, NULL), &event, &err), 0);
            assert_false(event.direct);
            assert_int_equal(event.messages_n, 3);
            assert_string_equal(event.messages[1].id, "m1");
            check_good(g, &event.messages[1]);
            event_assert_response(&event, "{\"batchItemFailures\":[]}");
            weir_event_fini(&event);
            weir_buf_fini(&text);
        }
    }
}

/* ---- hostile documents ---- */

struct bad {
    const char *doc;
    const char *says; /* a part of the message; the code is WEIR_E_DATA */
};

#define HEADED(version, source, name)                                                              \
    NOTE("\"eventVersion\":" version ",\"eventSource\":" source ",\"eventName\":" name, BUCKET,    \
        "{\"key\":\"k\"}")
#define BUCKETED(bucket) NOTE(HEAD, bucket, "{\"key\":\"k\"}")
#define V "\"2.1\""
#define S "\"aws:s3\""
#define N "\"ObjectCreated:Put\""

static const struct bad bads[] = {
    /* no JSON */
    {"nonsense", ""},
    {"{", ""},
    {"{} {}", ""},
    {"{'a':1}", ""},
    {"{\"a\":\"\x80\"}", ""},
    {"{\"a\":\"\\u0000\"}", ""},
    {"[1,]", ""},
    /* no event */
    {"{}", "no S3 event"},
    {"[]", "no S3 event"},
    {"null", "no S3 event"},
    {"1e999", ""},
    {"\"s3:TestEvent\"", "no S3 event"},
    {"[{\"Event\":\"s3:TestEvent\"}]", "no S3 event"},
    {"{\"Event\":\"s3:OtherEvent\"}", "no S3 event"},
    {"{\"Event\":1}", "no S3 event"},
    {"{\"event\":\"s3:TestEvent\"}", "no S3 event"},
    {"{\"records\":[]}", "no S3 event"},
    {"{\"Records\":null}", "Records"},
    {"{\"Records\":{}}", "Records"},
    {"{\"Records\":\"[]\"}", "Records"},
    {"{\"Records\":[null]}", "/Records/0"},
    {"{\"Records\":[1]}", "/Records/0"},
    {"{\"Records\":[[]]}", "/Records/0"},
    {"{\"Records\":[{}]}", "/Records/0/eventSource"},
    /* head */
    {HEADED("\"1.0\"", S, N), "/Records/0/eventVersion"},
    {HEADED("\"3.0\"", S, N), "/Records/0/eventVersion"},
    {HEADED("\"2\"", S, N), "/Records/0/eventVersion"},
    {HEADED("\"2.\"", S, N), "/Records/0/eventVersion"},
    {HEADED("\"2.x\"", S, N), "/Records/0/eventVersion"},
    {HEADED("\"22.1\"", S, N), "/Records/0/eventVersion"},
    {HEADED("\"\"", S, N), "/Records/0/eventVersion"},
    {HEADED("2.1", S, N), "/Records/0/eventVersion"},
    {HEADED("null", S, N), "/Records/0/eventVersion"},
    {HEADED(V, "\"aws:sns\"", N), "/Records/0/eventSource"},
    {HEADED(V, "\"s3\"", N), "/Records/0/eventSource"},
    {HEADED(V, "\":s3\"", N), "/Records/0/eventSource"},
    {HEADED(V, "[]", N), "/Records/0/eventSource"},
    {HEADED(V, S, "7"), "/Records/0/eventName"},
    {HEADED(V, S, "\"\""), "/Records/0/eventName"},
    {HEADED(V, S, "null"), "/Records/0/eventName"},
    /* bucket and object */
    {"{\"Records\":[{" HEAD "}]}", "/Records/0/s3"},
    {"{\"Records\":[{" HEAD ",\"s3\":[]}]}", "/Records/0/s3"},
    {"{\"Records\":[{" HEAD ",\"s3\":{}}]}", "/Records/0/s3/bucket"},
    {BUCKETED("\"b\""), "/Records/0/s3/bucket"},
    {BUCKETED("null"), "/Records/0/s3/bucket"},
    {BUCKETED("{}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":\"\"}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":{}}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":\"..\"}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":\".\"}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":\"a/b\"}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":\"a\\nb\"}"), "/Records/0/s3/bucket/name"},
    {BUCKETED("{\"name\":\"a?b\"}"), "/Records/0/s3/bucket/name"},
    {NOTE(HEAD, BUCKET, "\"k\""), "/Records/0/s3/object"},
    {NOTE(HEAD, BUCKET, "{}"), "/Records/0/s3/object/key"},
    {NOTE(HEAD, BUCKET, "{\"key\":false}"), "/Records/0/s3/object/key"},
    {NOTE(HEAD, BUCKET, "{\"key\":null}"), "/Records/0/s3/object/key"},
    {NOTE(HEAD, BUCKET, "{\"key\":[\"k\"]}"), "/Records/0/s3/object/key"},
    {KEYED(""), "/Records/0/s3/object/key"},
    {KEYED("a%zz"), "bad % escape"},
    {KEYED("a%2"), "bad % escape"},
    {KEYED("a%"), "bad % escape"},
    {KEYED("%g0"), "bad % escape"},
    {KEYED("%0g"), "bad % escape"},
    {KEYED("%+1"), "bad % escape"},
    {KEYED("a%00b"), "NUL"},
    {KEYED("\\u0000"), ""},
    {OBJECT("\"eTag\":1"), "/Records/0/s3/object/eTag"},
    {OBJECT("\"eTag\":\"a\\r\\nx: y\""), "/Records/0/s3/object/eTag"},
    {OBJECT("\"eTag\":\"a\\\"b\""), "/Records/0/s3/object/eTag"},
    {OBJECT("\"eTag\":\"\\u00e9\""), "/Records/0/s3/object/eTag"},
    {OBJECT("\"versionId\":{}"), "/Records/0/s3/object/versionId"},
    {OBJECT("\"versionId\":\"a b\""), "/Records/0/s3/object/versionId"},
    {OBJECT("\"size\":\"1\""), "/Records/0/s3/object/size"},
    {OBJECT("\"size\":-1"), "/Records/0/s3/object/size"},
    {OBJECT("\"size\":1.5"), "/Records/0/s3/object/size"},
    {OBJECT("\"size\":1e300"), "/Records/0/s3/object/size"},
    {OBJECT("\"size\":9007199254740994"), "/Records/0/s3/object/size"},
    {OBJECT("\"key\":\"other\""), ""}, /* a name twice */
    /* EventBridge */
    {"{\"detail-type\":\"Object Created\"}", "/source"},
    {"{\"detail-type\":\"Object Created\",\"source\":\"aws.ec2\"}", "/source"},
    {"{\"detail-type\":\"Object Created\",\"source\":\"aws.s3\"}", "/detail"},
    {"{\"detail-type\":\"Object Created\",\"source\":\"aws.s3\",\"detail\":\"\"}", "/detail"},
    {"{\"detail-type\":\"Object Created\",\"source\":\"aws.s3\",\"detail\":{}}", "/detail/bucket"},
    {BRIDGE("7", "{\"key\":\"k\"}"), "/detail-type"},
    {BRIDGE("\"Object Created\"", "{}"), "/detail/object/key"},
    {BRIDGE("\"Object Created\"", "{\"key\":\"k\",\"etag\":\"\\n\"}"), "/detail/object/etag"},
    {BRIDGE("\"Object Created\"", "{\"key\":\"k\",\"version-id\":1}"), "/detail/object/version-id"},
    /* envelopes */
    {"{\"Type\":\"SubscriptionConfirmation\",\"Message\":\"{}\"}", "no S3 event"},
    {"{\"Type\":[\"Notification\"]}", "no S3 event"},
    {"{\"Type\":\"Notification\"}", ""},
    {"{\"Type\":\"Notification\",\"Message\":{}}", ""},
    {"{\"Type\":\"Notification\",\"Message\":\"\"}", ""},
    {"{\"Type\":\"Notification\",\"Message\":\"{\"}", ""},
    {"{\"Type\":\"Notification\",\"Message\":\"{}\"}", "no S3 event"},
    {"{\"Type\":\"Notification\",\"Message\":\"{\\\"Type\\\":\\\"Notification\\\",\\\"Message\\\":"
     "\\\"{}\\\"}\"}",
        "no S3 event"},
};

static void check_bad(const struct bad *b, const struct weir_err *err)
{
    if (err->code != WEIR_E_DATA || strstr(err->msg, b->says) == NULL ||
        strncmp(err->msg, "event", 5) != 0) {
        fail_msg("%s: code %d, \"%s\" should tell \"%s\"", b->doc, err->code, err->msg, b->says);
    }
}

static void hostile_document_fails_a_direct_event(void **state)
{
    struct weir_event event;
    struct weir_err err;

    (void)state;
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        if (event_parse(bads[i].doc, &event, &err) != -1) {
            fail_msg("%s was taken", bads[i].doc);
        }
        check_bad(&bads[i], &err);
        assert_null(event.messages);
    }
    assert_int_equal(event_parse("", &event, &err), -1);
    assert_int_equal(err.code, WEIR_E_DATA);
}

static void hostile_document_fails_only_its_message(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        for (int sns = 0; sns < 2; sns++) {
            event_wrap(&text, bads[i].doc, sns);
            if (event_parse(weir_buf_text(&text, NULL), &event, &err) != 0) {
                fail_msg("%s failed its batch: %s", bads[i].doc, err.msg);
            }
            assert_int_equal(event.messages_n, 3);
            assert_int_equal(event.messages[0].records_n, 1);
            assert_int_equal(event.messages[2].records_n, 1);
            assert_null(event.messages[1].records);
            assert_int_equal(event.messages[1].records_n, 0);
            check_bad(&bads[i], &event.messages[1].err);
            event_assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}");
            weir_event_fini(&event);
            weir_buf_fini(&text);
        }
    }
}

static void body_that_is_no_string_fails_only_its_message(void **state)
{
    static const char *const bodies[] = {
        "", ",\"body\":null", ",\"body\":{}", ",\"body\":[]", ",\"body\":1", ",\"body\":\"\""};

    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct weir_event event;
        struct weir_err err;
        char text[512];
        snprintf(text, sizeof text,
            "{\"Records\":[{\"messageId\":\"a\",\"eventSource\":\"aws:sqs\"%s},"
            "{\"messageId\":\"b\",\"body\":\""
            "{\\\"Event\\\":\\\"s3:TestEvent\\\"}"
            "\"}]}",
            bodies[i]);
        assert_int_equal(event_parse(text, &event, &err), 0);
        assert_int_equal(event.messages[0].err.code, WEIR_E_DATA);
        assert_non_null(strstr(event.messages[0].err.msg, "/Records/0/body"));
        assert_true(event.messages[1].test);
        event_assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"}]}");
        weir_event_fini(&event);
    }
}

/* ---- the files that are shipped ---- */

static void shipped_events_are_what_their_names_say(void **state)
{
    struct weir_event event;
    struct weir_event_message *m;

    (void)state;
    static const struct {
        const char *path;
        bool direct;
    } files[] = {
        {"events/validate-sqs-s3.json", false},
        {"events/validate-sqs-batch.json", false},
        {"events/validate-s3-direct.json", true},
        {"events/validate-eventbridge.json", true},
        {"events/validate-sqs-eventbridge.json", false},
        {"events/validate-sqs-sns.json", false},
        {"events/validate-sns-direct.json", true},
        {"events/validate-sqs-fifo.json", false},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        parse_file(files[i].path, &event);
        assert_int_equal(event.direct, files[i].direct);
        m = &event.messages[0];
        assert_int_equal(m->records_n, 1);
        assert_string_equal(m->records[0].bucket, "weir-demo");
        assert_string_equal(m->records[0].key, "uploads/events.csv");
        assert_null(m->records[0].etag); /* any content will do */
        assert_null(m->records[0].version_id);
        assert_int_equal(m->records[0].kind, WEIR_EVENT_CREATED);
        weir_event_fini(&event);
    }
    parse_file("events/validate-sqs-batch.json", &event);
    assert_int_equal(event.messages_n, 2);
    event_assert_response(&event,
        "{\"batchItemFailures\":[{\"itemIdentifier\":\"00000000-0000-4000-8000-000000000002\"}]}");
    weir_event_fini(&event);
    parse_file("events/validate-sqs-fifo.json", &event);
    assert_int_equal(event.messages_n, 3);
    assert_true(event.fifo);
    weir_event_fini(&event);
    parse_file("events/validate-sqs-mixed.json", &event);
    assert_int_equal(event.messages_n, 8);
    assert_false(event.fifo);
    assert_string_equal(event.messages[2].records[1].key, "uploads/a b+.csv");
    assert_string_equal(event.messages[4].records[0].key, "uploads/c+d %20.csv");
    assert_non_null(strstr(event.messages[6].err.msg, "eventVersion: must be 2.x"));
    weir_event_fini(&event);
    parse_file("events/validate-sqs-testevent.json", &event);
    assert_int_equal(event.messages_n, 1);
    assert_true(event.messages[0].test);
    weir_event_fini(&event);
}

static void event_that_was_released_is_empty_and_can_be_released_again(void **state)
{
    struct weir_event event;
    struct weir_err err;

    (void)state;
    assert_int_equal(event_parse(GOOD, &event, &err), 0);
    assert_int_equal(event.messages_n, 1);
    for (int i = 0; i < 2; i++) {
        weir_event_fini(&event);
        assert_null(event.messages);
        assert_int_equal(event.messages_n, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents_become_records_in_every_wrap),
        cmocka_unit_test(hostile_document_fails_a_direct_event),
        cmocka_unit_test(hostile_document_fails_only_its_message),
        cmocka_unit_test(body_that_is_no_string_fails_only_its_message),
        cmocka_unit_test(shipped_events_are_what_their_names_say),
        cmocka_unit_test(event_that_was_released_is_empty_and_can_be_released_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
