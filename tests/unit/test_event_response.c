/*
 * Which messages of a batch are named in its answer, and how much may a batch hold?
 */
#include "event/batch.h"
#include "json/quote.h"
#include "tests/support/event_texts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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
            if (event_parse(text, &event, &err) != -1) {
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
    assert_int_equal(event_parse("{\"Records\":[]}", &event, &err), 0);
    assert_int_equal(event.messages_n, 0);
    event_assert_response(&event, "{\"batchItemFailures\":[]}");
    weir_event_fini(&event);
}

static void test_event_succeeds_with_nothing_to_do(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    assert_int_equal(event_parse(TEST_EVENT, &event, &err), 0);
    assert_true(event.messages[0].test);
    assert_int_equal(event.messages[0].records_n, 0);
    weir_event_fini(&event);
    weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
    for (int sns = 0; sns < 2; sns++) {
        event_wrap(&text, TEST_EVENT, sns);
        assert_int_equal(event_parse(weir_buf_text(&text, NULL), &event, &err), 0);
        assert_true(event.messages[1].test);
        event_assert_response(&event, "{\"batchItemFailures\":[]}");
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
    assert_int_equal(event_parse("{\"Records\":[" RECORD("a") "," RECORD("b") "," RECORD("c") "]}",
                         &event, &err),
        0);
    assert_int_equal(event.messages[0].records_n, 3);
    assert_string_equal(event.messages[0].records[0].key, "a");
    assert_string_equal(event.messages[0].records[2].key, "c");
    weir_event_fini(&event);
    assert_int_equal(event_parse("{\"Records\":[" RECORD("a") "," RECORD("%") "," RECORD("c") "]}",
                         &event, &err),
        -1);
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
    assert_int_equal(event_parse("{\"Records\":[" SNS(QUOTED_BRIDGE) "," SNS(
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
        assert_int_equal(event_parse(bad[i], &event, &err), -1);
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
        weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
        event_add(
            &text, "{\"Records\":[{" HEAD ",\"s3\":{\"bucket\":" BUCKET ",\"object\":{\"key\":\"");
        for (size_t i = 0; i < WEIR_S3_KEY_MAX_BYTES + more; i++) {
            event_add(&text, "%61");
        }
        event_add(&text, "\"}}}]}");
        int rc = event_parse(weir_buf_text(&text, NULL), &event, &err);
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
        weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
        event_add(&text, "{\"Records\":[{" HEAD ",\"s3\":{\"bucket\":" BUCKET ",\"object\":");
        event_add(&text, cases[i / 2].before);
        for (size_t n = 0; n < cases[i / 2].fits + i % 2; n++) {
            event_add(&text, "a");
        }
        event_add(&text, cases[i / 2].after);
        event_add(&text, "}}]}");
        assert_int_equal(event_parse(weir_buf_text(&text, NULL), &event, &err), i % 2 ? -1 : 0);
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
        weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
        event_add(&text, "{\"Records\":[");
        for (size_t i = 0; i < WEIR_EVENT_RECORDS_MAX + more; i++) {
            event_add_sqs(&text, "m", TEST_EVENT, "arn:aws:sqs:r:1:q");
        }
        event_add(&text, "]}");
        int rc = event_parse(weir_buf_text(&text, NULL), &event, &err);
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
    weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
    event_add(&text, "{\"Records\":[7");
    for (size_t i = 0; i < WEIR_EVENT_RECORDS_MAX; i++) {
        event_add(&text, ",7");
    }
    event_add(&text, "]}");
    assert_int_equal(event_parse(weir_buf_text(&text, NULL), &event, &err), -1);
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
        weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
        weir_buf_init(&outer, EVENT_TEXT_MAX_BYTES);
        for (size_t n = 0; n < 100000; n++) {
            event_add(&text, opens[i]);
        }
        assert_int_equal(event_parse(weir_buf_text(&text, NULL), &event, &err), -1);
        event_wrap(&outer, weir_buf_text(&text, NULL), false);
        assert_int_equal(event_parse(weir_buf_text(&outer, NULL), &event, &err), 0);
        assert_int_not_equal(event.messages[1].err.code, WEIR_OK);
        event_assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}");
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

    weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
    event_add(&text, "{\"Records\":[");
    event_add_sqs(&text, "a", GOOD, arn);
    event_add_sqs(&text, "b", GOOD, arn);
    event_add_sqs(&text, "c", GOOD, arn);
    event_add(&text, "]}");
    assert_int_equal(event_parse(weir_buf_text(&text, NULL), event, &err), 0);
    weir_buf_fini(&text);
}

static void failed_messages_are_named_in_order(void **state)
{
    struct weir_event event;

    (void)state;
    parse_batch(&event, "arn:aws:sqs:r:1:fifo");
    assert_false(event.fifo);
    weir_err_set(&event.messages[2].err, WEIR_E_NET, "gone");
    event_assert_response(&event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"c\"}]}");
    weir_err_set(&event.messages[0].err, WEIR_E_NET, "gone");
    event_assert_response(
        &event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"},{\"itemIdentifier\":\"c\"}]}");
    weir_event_fini(&event);
}

static void fifo_queue_reports_all_from_the_first_failure(void **state)
{
    struct weir_event event;

    (void)state;
    parse_batch(&event, "arn:aws:sqs:r:1:q.fifo");
    assert_true(event.fifo);
    event_assert_response(&event, "{\"batchItemFailures\":[]}");
    weir_err_set(&event.messages[1].err, WEIR_E_NET, "gone");
    event_assert_response(
        &event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"b\"},{\"itemIdentifier\":\"c\"}]}");
    weir_event_fini(&event);
}

static void failed_direct_event_is_an_error_and_no_response(void **state)
{
    struct weir_event event;
    struct weir_err err = {0};
    struct weir_buf response;

    (void)state;
    assert_int_equal(event_parse(GOOD, &event, &err), 0);
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

/* It is quoted piece by piece, and no piece may end in the middle of a character. */
static void a_character_of_a_long_text_stays_whole_wherever_it_is(void **state)
{
    static const char character[] = "\xF0\x9F\x98\x80";
    char text[3001];

    (void)state;
    text[sizeof text - 1] = '\0';
    for (size_t before = 0; before < 4; before++) {
        struct weir_buf to;
        memset(text, 'a', before);
        for (size_t i = before; i < sizeof text - 1; i++) {
            text[i] = character[(i - before) % 4];
        }
        memset(text + sizeof text - 1 - (4 - before) % 4, 'z', (4 - before) % 4);
        weir_buf_init(&to, 4 * sizeof text);
        assert_int_equal(weir_json_quote(&to, text, NULL), 0);
        assert_int_equal(to.len, sizeof text - 1 + 2);
        assert_memory_equal(to.p + 1, text, sizeof text - 1);
        weir_buf_fini(&to);
    }
    memset(text, '\x80', sizeof text - 1); /* nor does one that does not end hold it up */
    struct weir_buf to;
    weir_buf_init(&to, 4 * sizeof text);
    assert_int_equal(weir_json_quote(&to, text, NULL), 0);
    assert_int_equal(to.len, 3 * (sizeof text - 1) + 2);
    weir_buf_fini(&to);
}

static void message_ids_are_escaped(void **state)
{
    struct weir_event event;
    struct weir_err err;
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, EVENT_TEXT_MAX_BYTES);
    event_add(&text, "{\"Records\":[");
    event_add_sqs(&text, "a\"\\\n\xC3\xA9", "no JSON", "q");
    event_add(&text, "]}");
    assert_int_equal(event_parse(weir_buf_text(&text, NULL), &event, &err), 0);
    event_assert_response(
        &event, "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\\\"\\\\\\n\xC3\xA9\"}]}");
    weir_event_fini(&event);
    weir_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        cmocka_unit_test(a_character_of_a_long_text_stays_whole_wherever_it_is),
        cmocka_unit_test(message_ids_are_escaped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
