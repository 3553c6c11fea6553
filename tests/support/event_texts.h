#ifndef WEIR_TESTS_EVENT_TEXTS_H
#define WEIR_TESTS_EVENT_TEXTS_H

#include "core/buf.h"
#include "core/limits.h"
#include "event/event.h"

/* The texts of events that tests are made of, and what becomes of them. */
#define EVENT_TEXT_MAX_BYTES (8 * WEIR_MIB)

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

/** event_add, event_add_sqs: append a text; a message of a queue whose ARN is arn. */
void event_add(struct weir_buf *b, const char *s);
void event_add_sqs(struct weir_buf *b, const char *id, const char *body, const char *arn);

/** event_wrap: append a batch of three messages, the document being the middle one; in an SNS
 *  envelope when sns is set. */
void event_wrap(struct weir_buf *b, const char *doc, bool sns);

/** event_parse: as weir_event_parse, both results set to zeros before; from a copy without a NUL
 *  behind it, so that a sanitizer sees a read past its end. */
int event_parse(const char *text, struct weir_event *ret, struct weir_err *err);

/** event_assert_response: the event's answer is this one. */
void event_assert_response(const struct weir_event *event, const char *expected);

#endif
