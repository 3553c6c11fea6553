#ifndef WEIR_EVENT_EVENT_H
#define WEIR_EVENT_EVENT_H

#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From the JSON of an invocation to messages, and from each message to what happened to objects.
 *
 * An invocation is a batch of an SQS queue (one message per record, each of which may fail alone),
 * or a direct event, which is one message without an id. A message holds, in any of these wraps,
 *
 *     an S3 notification             {"Records":[{"eventSource":"aws:s3", ...}]}
 *     EventBridge's form of it       {"source":"aws.s3","detail-type":"Object Created", ...}
 *     one of the two in an envelope  {"Type":"Notification","Message":"..."}   (SNS)
 *     S3's greeting                  {"Event":"s3:TestEvent", ...}
 *
 * and a direct event may also be SNS's own, {"Records":[{"EventSource":"aws:sns","Sns":{...}}]}.
 *
 * What is wrong with one message is that message's err. What is wrong with the batch itself (no
 * JSON, a message whose id cannot be told), or with a direct event, fails weir_event_parse: the
 * invocation is a function error then, and Lambda tries all of it again.
 */

enum weir_event_kind {
    WEIR_EVENT_CREATED, /* ObjectCreated:*, Object Created */
    WEIR_EVENT_REMOVED, /* ObjectRemoved:*, Object Deleted */
    WEIR_EVENT_OTHER,   /* tags, restores, replication, ... */
};

/* One thing that happened to one object. Strings are the event's, checked: see weir_event_parse. */
struct weir_s3_record {
    enum weir_event_kind kind;
    char *bucket;
    char *key;          /* as the object is named, nothing encoded */
    char *etag;         /* without quotes; NULL: not told */
    char *version_id;   /* NULL: not told */
    int64_t size_bytes; /* -1: not told */
};

struct weir_event_message {
    char *id;            /* SQS's messageId; NULL in a direct event */
    struct weir_err err; /* code WEIR_OK: fine so far; the handler sets it when its work fails */
    bool test;           /* s3:TestEvent: succeeds, and there is nothing to do */
    struct weir_s3_record *records; /* in the event's order; NULL when err is set or test is */
    size_t records_n;
};

struct weir_event {
    bool direct; /* one message, no id */
    bool fifo;   /* the queue keeps an order: stop at the first message that fails (batch.h) */
    struct weir_event_message *messages;
    size_t messages_n; /* 0 only for a batch that is empty */
};

/**
 * weir_event_parse: read an invocation's event.
 *
 * text, len  the JSON; only read during the call
 * ret        receives the messages; release them with weir_event_fini. Untouched on -1
 *
 * In every record that comes out: bucket is 1..255 letters, digits, '.', '-', '_' (so it is no
 * path, nor "." or ".."); key is 1..WEIR_S3_KEY_MAX_BYTES bytes and holds no NUL, but any other
 * byte; etag is printable ASCII without quotes or blanks; version_id is 1..1024 bytes of printable
 * ASCII. Keys of S3 notifications are form-decoded (`+` is a blank, %2B a plus), but not those of
 * eventSource ceph:s3, which sends them as they are, as EventBridge does.
 *
 * Returns 0, or -1 with *err set: WEIR_E_DATA, WEIR_E_LIMIT (more than WEIR_EVENT_RECORDS_MAX
 * messages, or records in a message), WEIR_E_NOMEM. Messages name places, never contents. Any
 * thread.
 */
int weir_event_parse(const char *text, size_t len, struct weir_event *ret, struct weir_err *err);

/** weir_event_fini: release what weir_event_parse made; a zeroed struct is a no-op. */
void weir_event_fini(struct weir_event *event);

#endif
