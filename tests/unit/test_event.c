/*
 * What does an invocation's JSON become, whatever it holds? Every document is tried as a direct
 * event, in an SQS batch between two good messages, and in an SNS envelope within such a batch:
 * what is wrong with it must fail the first as a whole, and only its own message in the others.
 */
#include "core/limits.h"
#include "event/batch.h"
#include "event/event.h"
#include "json/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX_BYTES (8 * WEIR_MIB)

/* A notification with one record; the parts are put in where the tests vary them. */
#define NOTE(head, bucket, object)                                                                 \
    "{\"Records\":[{" head ",\"s3\":{\"bucket\":" bucket ",\"object\":" object "}}]}"
#define HEAD                                                                                       \
    "\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\""
#define BUCKET "{\"name\":\"b\"}"
#define KEYED(key) NOTE(HEAD, BUCKET, "{\"key\":\"" key "\"}")
#define GOOD KEYED("k")
#define BRIDGE(type, object)                                                                       \
    "{\"source\":\"aws.s3\",\"detail-type\":" type ",\"detail\":{\"bucket\":" BUCKET               \
    ",\"object\":" object "}}"
#define TEST_EVENT "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"b\"}"

/* ---- helpers ---- */

static void add(struct weir_buf *b, const char *s)
{
    assert_int_equal(weir_buf_adds(b, s, NULL), 0);
}

static void add_sqs(struct weir_buf *b, const char *id, const char *body, const char *arn)
{
    add(b, b->len > 0 && b->p[b->len - 1] == '}' ? "," : "");
    add(b, "{\"messageId\":");
    assert_int_equal(weir_json_quote(b, id, NULL), 0);
    add(b, ",\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"");
    add(b, arn);
    add(b, "\",\"body\":");
    assert_int_equal(weir_json_quote(b, body, NULL), 0);
    add(b, "}");
}

/* The document as the middle one of three messages; in an SNS envelope when sns is set. */
static void wrap(struct weir_buf *b, const char *doc, bool sns)
{
    struct weir_buf envelope;

    weir_buf_init(&envelope, TEXT_MAX_BYTES);
    add(&envelope, "{\"Type\":\"Notification\",\"MessageId\":\"s\",\"Message\":");
    assert_int_equal(weir_json_quote(&envelope, doc, NULL), 0);
    add(&envelope, "}");
    add(b, "{\"Records\":[");
    add_sqs(b, "m0", GOOD, "arn:aws:sqs:r:1:q");
    add_sqs(b, "m1", sns ? weir_buf_text(&envelope, NULL) : doc, "arn:aws:sqs:r:1:q");
    add_sqs(b, "m2", GOOD, "arn:aws:sqs:r:1:q");
    add(b, "]}");
    weir_buf_fini(&envelope);
}

static int parse(const char *text, struct weir_event *ret, struct weir_err *err)
{
    /* A copy without a NUL behind it: a read past the end shows under a sanitizer. */
    size_t n = strlen(text);
    char *copy = malloc(n > 0 ? n : 1);

    assert_non_null(copy);
    memcpy(copy, text, n);
    memset(err, 0, sizeof *err);
    memset(ret, 0, sizeof *ret);
    int rc = weir_event_parse(copy, n, ret, err);
    free(copy);
    return rc;
}

/* The event of a file in events/. */
static void parse_file(const char *path, struct weir_event *ret)
{
    struct weir_err err;
    char text[16384];
    FILE *f = fopen(path, "r");

    if (f == NULL) {
        fail_msg("%s: cannot be opened (tests run in the root of the tree)", path);
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    if (parse(text, ret, &err) != 0) {
        fail_msg("%s: %s", path, err.msg);
    }
}

static void assert_response(const struct weir_event *event, const char *expected)
{
    struct weir_err err = {0};
    struct weir_buf response;

    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    assert_int_equal(weir_event_failures(event, &response, &err), 0);
    assert_string_equal(weir_buf_text(&response, NULL), expected);
    weir_buf_fini(&response);
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
    weir_buf_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < sizeof goods / sizeof goods[0]; i++) {
        const struct good *g = &goods[i];
        if (parse(g->doc, &event, &err) != 0) {
            fail_msg("%s: %s", g->doc, err.msg);
        }
        assert_true(event.direct);
        assert_int_equal(event.messages_n, 1);
        assert_null(event.messages[0].id);
        check_good(g, &event.messages[0]);
        assert_response(&event, "{\"batchItemFailures\":[]}");
        weir_event_fini(&event);
        for (int sns = 0; sns < 2; sns++) {
            wrap(&text, g->doc, sns);
            assert_int_equal(parse(weir_buf_text(&text, NULL), &event, &err), 0);
            assert_false(event.direct);
            assert_int_equal(event.messages_n, 3);
            assert_string_equal(event.messages[1].id, "m1");
            check_good(g, &event.messages[1]);
            assert_response(&event, "{\"batchItemFailures\":[]}");
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
        if (parse(bads[i].doc, &event, &err) != -1) {
            fail_msg("%s was taken", bads[i].doc);
        }
        check_bad(&bads[i], &err);
        assert_null(event.messages);
    }
    assert_int_equal(parse("", &event, &err), -1);
    assert_int_equal(err.code, WEIR_E_DATA);
}

static void hostile_document_fails_only_its_message(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
        for (int sns = 0; sns < 2; sns++) {
            wrap(&text, bads[i].doc, sns);
            if (parse(weir_buf_text(&text, NULL), &event, &err) != 0) {
                fail_msg("%s failed its batch: %s", bads[i].doc, err.msg);
            }
            assert_int_equal(event.messages_n, 3);
            assert_int_equal(event.messages[0].records_n, 1);
            assert_int_equal(event.messages[2].records_n, 1);
            assert_null(event.messages[1].records);
            assert_int_equal(event.messages[1].records_n, 0);
            check_bad(&bads[i], &event.messages[1].err);
            assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}");
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
        assert_int_equal(parse(text, &event, &err), 0);
        assert_int_equal(event.messages[0].err.code, WEIR_E_DATA);
        assert_non_null(strstr(event.messages[0].err.msg, "/Records/0/body"));
        assert_true(event.messages[1].test);
        assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"}]}");
        weir_event_fini(&event);
    }
}

/* ---- batches ---- */

static void message_without_an_id_fails_the_event(void **state)
{
    static const char *const records[] = {
        "{\"eventSource\":\"aws:sqs\",\"body\":\"{}\"}",
        "{\"eventSource\":\"aws:sqs\",\"messageId\":\"\",\"body\":\"{}\"}",
        "{\"eventSource\":\"aws:sqs\",\"messageId\":null,\"body\":\"{}\"}",
        "{\"eventSource\":\"aws:sqs\",\"messageId\":7,\"body\":\"{}\"}",
        "{\"eventSource\":\"aws:sqs\",\"messageId\":\"a\\u0000b\",\"body\":\"{}\"}",
        "{\"eventSource\":\"aws:sqs\",\"messageid\":\"a\",\"body\":\"{}\"}",
        "null",
        "[]",
        "7",
    };

    (void)state;
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        for (int first = 0; first < 2; first++) {
            struct weir_event event;
            struct weir_err err;
            char text[1024];
            const char *good = "{\"messageId\":\"a\",\"eventSource\":\"aws:sqs\",\"body\":\"{}\"}";
            snprintf(text, sizeof text, "{\"Records\":[%s,%s]}", first ? records[i] : good,
                first ? good : records[i]);
            if (parse(text, &event, &err) != -1) {
                fail_msg("%s was taken", text);
            }
            assert_int_equal(err.code, WEIR_E_DATA);
            assert_null(event.messages);
        }
    }
}

static void empty_batch_succeeds(void **state)
{
    struct weir_event event;
    struct weir_err err;

    (void)state;
    assert_int_equal(parse("{\"Records\":[]}", &event, &err), 0);
    assert_int_equal(event.messages_n, 0);
    assert_response(&event, "{\"batchItemFailures\":[]}");
    weir_event_fini(&event);
}

static void test_event_succeeds_with_nothing_to_do(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    assert_int_equal(parse(TEST_EVENT, &event, &err), 0);
    assert_true(event.messages[0].test);
    assert_int_equal(event.messages[0].records_n, 0);
    weir_event_fini(&event);
    weir_buf_init(&text, TEXT_MAX_BYTES);
    for (int sns = 0; sns < 2; sns++) {
        wrap(&text, TEST_EVENT, sns);
        assert_int_equal(parse(weir_buf_text(&text, NULL), &event, &err), 0);
        assert_true(event.messages[1].test);
        assert_response(&event, "{\"batchItemFailures\":[]}");
        weir_event_fini(&event);
        weir_buf_fini(&text);
    }
}

static void records_of_one_message_keep_their_order_and_fail_together(void **state)
{
#define RECORD(key) "{" HEAD ",\"s3\":{\"bucket\":" BUCKET ",\"object\":{\"key\":\"" key "\"}}}"
    struct weir_event event;
    struct weir_err err;

    (void)state;
    assert_int_equal(
        parse("{\"Records\":[" RECORD("a") "," RECORD("b") "," RECORD("c") "]}", &event, &err), 0);
    assert_int_equal(event.messages[0].records_n, 3);
    assert_string_equal(event.messages[0].records[0].key, "a");
    assert_string_equal(event.messages[0].records[2].key, "c");
    weir_event_fini(&event);
    assert_int_equal(
        parse("{\"Records\":[" RECORD("a") "," RECORD("%") "," RECORD("c") "]}", &event, &err), -1);
    assert_non_null(strstr(err.msg, "/Records/1/s3/object/key"));
}

static void sns_calling_directly_is_one_message(void **state)
{
#define SNS(message)                                                                               \
    "{\"EventSource\":\"aws:sns\",\"Sns\":{\"Type\":\"Notification\",\"Message\":\"" message "\"}" \
    "}"
#define QUOTED_BRIDGE                                                                              \
    "{\\\"source\\\":\\\"aws.s3\\\",\\\"detail-type\\\":\\\"Object Created\\\",\\\"detail\\\":"    \
    "{\\\"bucket\\\":{\\\"name\\\":\\\"b\\\"},\\\"object\\\":{\\\"key\\\":\\\"k\\\"}}}"
    static const char *const bad[] = {
        "{\"Records\":[{\"EventSource\":\"aws:sns\"}]}",
        "{\"Records\":[{\"EventSource\":\"aws:sns\",\"Sns\":1}]}",
        "{\"Records\":[{\"EventSource\":\"aws:sns\",\"Sns\":{}}]}",
        "{\"Records\":[" SNS(QUOTED_BRIDGE) ",7]}",
        "{\"Records\":[" SNS(QUOTED_BRIDGE) "," SNS("{}") "]}",
    };
    struct weir_event event;
    struct weir_err err;

    (void)state;
    assert_int_equal(parse("{\"Records\":[" SNS(QUOTED_BRIDGE) "," SNS(
                               "{\\\"Event\\\":"
                               "\\\"s3:TestEvent\\\"}") "," SNS(QUOTED_BRIDGE) "]}",
                         &event, &err),
        0);
    assert_true(event.direct);
    assert_int_equal(event.messages_n, 1);
    assert_int_equal(event.messages[0].records_n, 2);
    assert_false(event.messages[0].test);
    weir_event_fini(&event);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(parse(bad[i], &event, &err), -1);
        assert_int_equal(err.code, WEIR_E_DATA);
    }
}

/* ---- ceilings ---- */

static void key_of_1024_bytes_fits_and_one_more_does_not(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct weir_event event;
        struct weir_err err;
        struct weir_buf text;
        weir_buf_init(&text, TEXT_MAX_BYTES);
        add(&text, "{\"Records\":[{" HEAD ",\"s3\":{\"bucket\":" BUCKET ",\"object\":{\"key\":\"");
        for (size_t i = 0; i < WEIR_S3_KEY_MAX_BYTES + more; i++) {
            add(&text, "%61");
        }
        add(&text, "\"}}}]}");
        int rc = parse(weir_buf_text(&text, NULL), &event, &err);
        assert_int_equal(rc, more ? -1 : 0);
        assert_int_equal(err.code, more ? WEIR_E_LIMIT : WEIR_OK);
        weir_event_fini(&event);
        weir_buf_fini(&text);
    }
}

static void long_words_and_buckets_are_refused(void **state)
{
    static const struct {
        const char *before, *after;
        size_t fits;
    } cases[] = {
        {"{\"key\":\"k\",\"eTag\":\"", "\"}", 127},
        {"{\"key\":\"k\",\"versionId\":\"", "\"}", 1024},
    };

    (void)state;
    for (size_t i = 0; i < 2 * sizeof cases / sizeof cases[0]; i++) {
        struct weir_event event;
        struct weir_err err;
        struct weir_buf text;
        weir_buf_init(&text, TEXT_MAX_BYTES);
        add(&text, "{\"Records\":[{" HEAD ",\"s3\":{\"bucket\":" BUCKET ",\"object\":");
        add(&text, cases[i / 2].before);
        for (size_t n = 0; n < cases[i / 2].fits + i % 2; n++) {
            add(&text, "a");
        }
        add(&text, cases[i / 2].after);
        add(&text, "}}]}");
        assert_int_equal(parse(weir_buf_text(&text, NULL), &event, &err), i % 2 ? -1 : 0);
        weir_event_fini(&event);
        weir_buf_fini(&text);
    }
}

static void batch_of_10000_fits_and_one_more_does_not(void **state)
{
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        struct weir_event event;
        struct weir_err err;
        struct weir_buf text;
        weir_buf_init(&text, TEXT_MAX_BYTES);
        add(&text, "{\"Records\":[");
        for (size_t i = 0; i < WEIR_EVENT_RECORDS_MAX + more; i++) {
            add_sqs(&text, "m", TEST_EVENT, "arn:aws:sqs:r:1:q");
        }
        add(&text, "]}");
        int rc = parse(weir_buf_text(&text, NULL), &event, &err);
        assert_int_equal(rc, more ? -1 : 0);
        assert_int_equal(err.code, more ? WEIR_E_LIMIT : WEIR_OK);
        assert_int_equal(event.messages_n, more ? 0 : WEIR_EVENT_RECORDS_MAX);
        weir_event_fini(&event);
        weir_buf_fini(&text);
    }
}

static void records_of_one_message_have_a_ceiling(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, TEXT_MAX_BYTES);
    add(&text, "{\"Records\":[7");
    for (size_t i = 0; i < WEIR_EVENT_RECORDS_MAX; i++) {
        add(&text, ",7");
    }
    add(&text, "]}");
    assert_int_equal(parse(weir_buf_text(&text, NULL), &event, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&text);
}

static void deep_nesting_is_refused(void **state)
{
    static const char *const opens[] = {"[", "{\"a\":", "{\"Records\":["};

    (void)state;
    for (size_t i = 0; i < sizeof opens / sizeof opens[0]; i++) {
        struct weir_event event;
        struct weir_err err;
        struct weir_buf text, outer;
        weir_buf_init(&text, TEXT_MAX_BYTES);
        weir_buf_init(&outer, TEXT_MAX_BYTES);
        for (size_t n = 0; n < 100000; n++) {
            add(&text, opens[i]);
        }
        assert_int_equal(parse(weir_buf_text(&text, NULL), &event, &err), -1);
        wrap(&outer, weir_buf_text(&text, NULL), false);
        assert_int_equal(parse(weir_buf_text(&outer, NULL), &event, &err), 0);
        assert_int_not_equal(event.messages[1].err.code, WEIR_OK);
        assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}");
        weir_event_fini(&event);
        weir_buf_fini(&text);
        weir_buf_fini(&outer);
    }
}

/* ---- responses ---- */

static void parse_batch(struct weir_event *event, const char *arn)
{
    struct weir_err err;
    struct weir_buf text;

    weir_buf_init(&text, TEXT_MAX_BYTES);
    add(&text, "{\"Records\":[");
    add_sqs(&text, "a", GOOD, arn);
    add_sqs(&text, "b", GOOD, arn);
    add_sqs(&text, "c", GOOD, arn);
    add(&text, "]}");
    assert_int_equal(parse(weir_buf_text(&text, NULL), event, &err), 0);
    weir_buf_fini(&text);
}

static void failed_messages_are_named_in_order(void **state)
{
    struct weir_event event;

    (void)state;
    parse_batch(&event, "arn:aws:sqs:r:1:fifo");
    assert_false(event.fifo);
    weir_err_set(&event.messages[2].err, WEIR_E_NET, "gone");
    assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"c\"}]}");
    weir_err_set(&event.messages[0].err, WEIR_E_NET, "gone");
    assert_response(
        &event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"},{\"itemIdentifier\":\"c\"}]}");
    weir_event_fini(&event);
}

static void fifo_queue_reports_all_from_the_first_failure(void **state)
{
    struct weir_event event;

    (void)state;
    parse_batch(&event, "arn:aws:sqs:r:1:q.fifo");
    assert_true(event.fifo);
    assert_response(&event, "{\"batchItemFailures\":[]}");
    weir_err_set(&event.messages[1].err, WEIR_E_NET, "gone");
    assert_response(
        &event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"b\"},{\"itemIdentifier\":\"c\"}]}");
    weir_event_fini(&event);
}

static void failed_direct_event_is_an_error_and_no_response(void **state)
{
    struct weir_event event;
    struct weir_err err = {0};
    struct weir_buf response;

    (void)state;
    assert_int_equal(parse(GOOD, &event, &err), 0);
    weir_err_detail(&event.messages[0].err, WEIR_E_REMOTE, 404, "the object is gone");
    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    assert_int_equal(weir_event_failures(&event, &response, &err), -1);
    assert_int_equal(err.code, WEIR_E_REMOTE);
    assert_int_equal(err.detail, 404);
    assert_string_equal(err.msg, "the object is gone");
    weir_buf_fini(&response);
    weir_event_fini(&event);
}

static void response_beyond_its_ceiling_is_an_error(void **state)
{
    (void)state;
    for (size_t max = 0; max < 60; max++) {
        struct weir_event event;
        struct weir_err err = {0};
        struct weir_buf response;
        parse_batch(&event, "q");
        weir_err_set(&event.messages[1].err, WEIR_E_NET, "gone");
        weir_buf_init(&response, max);
        int rc = weir_event_failures(&event, &response, &err);
        if (rc != 0) {
            assert_int_equal(err.code, WEIR_E_LIMIT);
        } else {
            assert_true(response.len <= max);
        }
        weir_buf_fini(&response);
        weir_event_fini(&event);
    }
}

static void quote_makes_valid_json_of_any_bytes(void **state)
{
    static const struct {
        const char *text, *quoted;
    } cases[] = {
        {"", "\"\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t\x01\x1f\x7f", "\"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\""},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
        {"\xFF"
         "a",
            "\"\xEF\xBF\xBD"
            "a\""},
        {"\xC0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                 /* overlong */
        {"\xE0\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* overlong */
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* a surrogate */
        {"\xF0\x80\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF5", "\"\xEF\xBF\xBD\""},
        {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""}, /* cut short */
        {"\xF0\x9F", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xC3", "\"\xEF\xBF\xBD\""},
        {"\x80", "\"\xEF\xBF\xBD\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weir_buf to;
        size_t n = strlen(cases[i].text) + 1;
        char *copy = malloc(n); /* so that a read past the NUL shows under a sanitizer */
        assert_non_null(copy);
        memcpy(copy, cases[i].text, n);
        weir_buf_init(&to, 1024);
        assert_int_equal(weir_json_quote(&to, copy, NULL), 0);
        assert_string_equal(weir_buf_text(&to, NULL), cases[i].quoted);
        weir_buf_fini(&to);
        free(copy);
    }
}

static void message_ids_are_escaped(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, TEXT_MAX_BYTES);
    add(&text, "{\"Records\":[");
    add_sqs(&text, "a\"\\\n\xC3\xA9", "no JSON", "q");
    add(&text, "]}");
    assert_int_equal(parse(weir_buf_text(&text, NULL), &event, &err), 0);
    assert_response(
        &event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\\\"\\\\\\n\xC3\xA9\"}]}");
    weir_event_fini(&event);
    weir_buf_fini(&text);
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
    assert_response(&event,
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

static void fini_of_a_zeroed_event_is_a_no_op(void **state)
{
    struct weir_event event = {0};

    (void)state;
    weir_event_fini(&event);
    weir_event_fini(&event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents_become_records_in_every_wrap),
        cmocka_unit_test(hostile_document_fails_a_direct_event),
        cmocka_unit_test(hostile_document_fails_only_its_message),
        cmocka_unit_test(body_that_is_no_string_fails_only_its_message),
        cmocka_unit_test(message_without_an_id_fails_the_event),
        cmocka_unit_test(empty_batch_succeeds),
        cmocka_unit_test(test_event_succeeds_with_nothing_to_do),
        cmocka_unit_test(records_of_one_message_keep_their_order_and_fail_together),
        cmocka_unit_test(sns_calling_directly_is_one_message),
        cmocka_unit_test(key_of_1024_bytes_fits_and_one_more_does_not),
        cmocka_unit_test(long_words_and_buckets_are_refused),
        cmocka_unit_test(batch_of_10000_fits_and_one_more_does_not),
        cmocka_unit_test(records_of_one_message_have_a_ceiling),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(failed_messages_are_named_in_order),
        cmocka_unit_test(fifo_queue_reports_all_from_the_first_failure),
        cmocka_unit_test(failed_direct_event_is_an_error_and_no_response),
        cmocka_unit_test(response_beyond_its_ceiling_is_an_error),
        cmocka_unit_test(quote_makes_valid_json_of_any_bytes),
        cmocka_unit_test(message_ids_are_escaped),
        cmocka_unit_test(shipped_events_are_what_their_names_say),
        cmocka_unit_test(fini_of_a_zeroed_event_is_a_no_op),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
