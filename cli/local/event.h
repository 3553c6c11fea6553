#ifndef WEIR_CLI_LOCAL_EVENT_H
#define WEIR_CLI_LOCAL_EVENT_H

#include "cli/local/queue.h"
#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What AWS puts between an upload and the function: S3's notification, the SQS event that carries
 * it, and what the function's answer means for the messages.
 */

struct weir_local_object {
    const char *bucket, *key;
    const char *how; /* "Put", "Post": behind s3:ObjectCreated: */
    const char *etag;
    uint64_t size_bytes;
    int64_t unix_ms;
};

/** weir_local_notification: append S3's notification of an object created (event version 2.1), the
 *  key form-encoded as S3 does. Returns 0, or -1 with *err set. */
int weir_local_notification(
    struct weir_buf *to, const struct weir_local_object *object, struct weir_err *err);

/**
 * weir_local_announce: send the notification of an object to the queue.
 *
 * version  of the object, for weir_queue_version
 *
 * Returns 0, or -1 with *err set, as weir_queue_send.
 */
int weir_local_announce(struct weir_queue *queue, const struct weir_local_object *object,
    const char *version, struct weir_err *err);

/** weir_local_sqs_event: append the event of a batch. Returns 0, or -1 with *err set. */
int weir_local_sqs_event(struct weir_buf *to, const struct weir_queue_message *const *messages,
    size_t n, struct weir_err *err);

/**
 * weir_local_failures: which messages of a batch a response names, as Lambda reads it with
 * ReportBatchItemFailures.
 *
 * Nothing, null, an object without batchItemFailures, and a list that is null or empty mean
 * success of all. What is no JSON, and an identifier that is empty, null, missing or of no message
 * in the batch, mean failure of all.
 *
 * failed  receives n answers
 *
 * Returns why all have failed, static text, or NULL when the response could be read.
 */
const char *weir_local_failures(const uint8_t *response, size_t len,
    const struct weir_queue_message *const *messages, size_t n, bool *failed);

#endif
