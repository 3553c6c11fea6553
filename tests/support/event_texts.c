#include "tests/support/event_texts.h"

#include "event/batch.h"
#include "json/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void event_add(struct weir_buf *b, const char *s)
{
    assert_int_equal(weir_buf_adds(b, s, NULL), 0);
}

void event_add_sqs(struct weir_buf *b, const char *id, const char *body, const char *arn)
{
    event_add(b, b->len > 0 && b->p[b->len - 1] == '}' ? "," : "");
    event_add(b, "{\"messageId\":");
    assert_int_equal(weir_json_quote(b, id, NULL), 0);
    event_add(b, ",\"eventSource\":\"aws:sqs\",\"eventSourceARN\":\"");
    event_add(b, arn);
    event_add(b, "\",\"body\":");
    assert_int_equal(weir_json_quote(b, body, NULL), 0);
    event_add(b, "}");
}

void event_wrap(struct weir_buf *b, const char *doc, bool sns)
{
    struct weir_buf envelope;

    weir_buf_init(&envelope, EVENT_TEXT_MAX_BYTES);
    event_add(&envelope, "{\"Type\":\"Notification\",\"MessageId\":\"s\",\"Message\":");
    assert_int_equal(weir_json_quote(&envelope, doc, NULL), 0);
    event_add(&envelope, "}");
    event_add(b, "{\"Records\":[");
    event_add_sqs(b, "m0", GOOD, "arn:aws:sqs:r:1:q");
    event_add_sqs(b, "m1", sns ? weir_buf_text(&envelope, NULL) : doc, "arn:aws:sqs:r:1:q");
    event_add_sqs(b, "m2", GOOD, "arn:aws:sqs:r:1:q");
    event_add(b, "]}");
    weir_buf_fini(&envelope);
}

int event_parse(const char *text, struct weir_event *ret, struct weir_err *err)
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

void event_assert_response(const struct weir_event *event, const char *expected)
{
    struct weir_err err = {0};
    struct weir_buf response;

    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    assert_int_equal(weir_event_failures(event, &response, &err), 0);
    assert_string_equal(weir_buf_text(&response, NULL), expected);
    weir_buf_fini(&response);
}
