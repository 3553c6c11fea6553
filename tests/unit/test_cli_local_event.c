/* Do our own events read back as what they were made of, and answers mean what they mean to Lambda?
 */
#include "cli/local/event.h"
#include "core/limits.h"
#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID_A "00000000-0000-4000-8000-00000000000a"
#define ID_B "00000000-0000-4000-8000-00000000000b"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void an_event_is_read_back_by_the_functions_own_reader(void **state)
{
    static const char *const keys[] = {
        "uploads/a.csv", "uploads/a b+c%20&\"\\.csv", "uploads/\xc3\xa9\x01/*~.csv"};

    (void)state;
    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct weir_local_object object = {.bucket = "weir",
            .key = keys[i],
            .how = "Post",
            .etag = "e1",
            .size_bytes = 5000000000,
            .unix_ms = 1792000000123};
        struct weir_err err = {0};
        struct weir_buf body, text;
        struct weir_event event = {0};

        weir_buf_init(&body, 65536);
        weir_buf_init(&text, 65536);
        assert_int_equal(weir_local_notification(&body, &object, &err), 0);
        assert_non_null(strstr(weir_buf_text(&body, &err), "2026-10-14T17:46:40.123Z"));
        struct weir_queue_message a = {.id = ID_A, .body = (char *)body.p, .receives = 2};
        struct weir_queue_message b = {.id = ID_B, .body = (char *)(uintptr_t) "?", .receives = 1};
        const struct weir_queue_message *const batch[] = {&a, &b};
        assert_int_equal(weir_local_sqs_event(&text, batch, 2, &err), 0);
        assert_non_null(strstr(weir_buf_text(&text, &err), "\"ApproximateReceiveCount\":\"2\""));
        assert_non_null(
            strstr((char *)text.p, "\"md5OfBody\":\"d1457b72c3fb323a2671125aef3eab5d\""));
        assert_int_equal(weir_event_parse((char *)text.p, text.len, &event, &err), 0);
        assert_int_equal(event.messages_n, 2);
        assert_false(event.direct);
        assert_false(event.fifo);
        assert_string_equal(event.messages[0].id, ID_A);
        assert_int_equal(event.messages[0].records_n, 1);
        const struct weir_s3_record *r = &event.messages[0].records[0];
        assert_int_equal(r->kind, WEIR_EVENT_CREATED);
        assert_string_equal(r->bucket, "weir");
        assert_string_equal(r->key, keys[i]);
        assert_string_equal(r->etag, "e1");
        assert_int_equal(r->size_bytes, 5000000000);
        assert_int_equal(event.messages[1].err.code, WEIR_E_DATA);
        weir_event_fini(&event);
        weir_buf_fini(&body);
        weir_buf_fini(&text);
    }
}

/* It is a text of the server's; it must not become other members. */
static void an_etag_with_a_quote_stays_one(void **state)
{
    const struct weir_local_object object = {
        .bucket = "weir", .key = "uploads/a.csv", .how = "Put", .etag = "e1\",\"versionId\":\"v2"};
    struct weir_err err = {0};
    struct weir_event event = {0};
    struct weir_buf body;

    (void)state;
    weir_buf_init(&body, 65536);
    assert_int_equal(weir_local_notification(&body, &object, &err), 0);
    assert_non_null(strstr(weir_buf_text(&body, &err), "\"eTag\":\"e1\\\",\\\"versionId"));
    assert_int_equal(weir_event_parse((char *)body.p, body.len, &event, &err), -1);
    assert_non_null(strstr(err.msg, "eTag"));
    weir_event_fini(&event);
    weir_buf_fini(&body);
}

static void a_response_means_what_lambda_takes_it_for(void **state)
{
    static const struct {
        const char *response;
        bool a, b, why;
    } cases[] = {
        {"{\"batchItemFailures\":[]}", false, false, false},
        {"", false, false, false},
        {"null", false, false, false},
        {"{}", false, false, false},
        {"{\"batchItemFailures\":null}", false, false, false},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"" ID_B "\"}]}", false, true, false},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"" ID_B "\"},{\"itemIdentifier\":\"" ID_A
         "\"}]}",
            true, true, false},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"other\"}]}", true, true, true},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":\"" ID_B "\"},{\"itemIdentifier\":\"\"}]}",
            true, true, true},
        {"{\"batchItemFailures\":[{\"itemIdentifier\":null}]}", true, true, true},
        {"{\"batchItemFailures\":[{\"id\":\"" ID_A "\"}]}", true, true, true},
        {"{\"batchItemFailures\":[\"" ID_A "\"]}", true, true, true},
        {"{\"batchItemFailures\":{}}", true, true, true},
        {"{\"batchItemFailures\":[", true, true, true},
        {"\"ok\"", true, true, true},
        {"ok", true, true, true},
    };
    const struct weir_queue_message a = {.id = ID_A}, b = {.id = ID_B};
    const struct weir_queue_message *const batch[] = {&a, &b};
    bool failed[2];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *why = weir_local_failures(
            (const uint8_t *)cases[i].response, strlen(cases[i].response), batch, 2, failed);
        assert_int_equal(why != NULL, cases[i].why);
        assert_int_equal(failed[0], cases[i].a);
        assert_int_equal(failed[1], cases[i].b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_read_back_by_the_functions_own_reader),
        cmocka_unit_test(an_etag_with_a_quote_stays_one),
        cmocka_unit_test(a_response_means_what_lambda_takes_it_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
