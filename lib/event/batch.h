#ifndef WEIR_EVENT_BATCH_H
#define WEIR_EVENT_BATCH_H

#include "core/buf.h"
#include "core/err.h"
#include "event/event.h"
#include "event/handler.h"

/*
 * Work on a batch, and the answer to it. Lambda deletes every message that is not named in the
 * answer, so what is not certain to be done must be named; and it takes an answer that it cannot
 * read for a failure of all. For a handler whose work is one S3 object after the other, its run is
 *
 *     const struct weir_event_work work = {"validate", one_record, self};
 *     return weir_event_run(&work, invocation, response, err);
 */

/* What is done with each object that was created. */
struct weir_event_work {
    const char *name; /* the handler's: the first word of log lines */

    /**
     * record: do the work for one record, whose kind is WEIR_EVENT_CREATED.
     *
     * Returns 0, or -1 with *err set and nothing published: its message fails and comes again, with
     * all of its records. So a record that is done may be done again; it is to give the same.
     */
    int (*record)(void *ctx, const struct weir_invocation *inv, const struct weir_s3_record *record,
        struct weir_err *err);
    void *ctx;
};

/**
 * weir_event_run: the whole of an invocation: parse inv->event, work through the messages and their
 * records in order, one at a time, and compose the response with weir_event_failures.
 *
 * A message fails with the first error of its records; the others are still worked on, so that a
 * record which always fails does not take its neighbours with it. Of a FIFO queue the first failure
 * ends all work, in mid-message, too. At the invocation's deadline, and when the loop is cancelled,
 * nothing more is begun, and every message that is not done has failed. Test events and records of
 * other kinds succeed with a log line. Each failure is logged once, with its message's id.
 *
 * Returns as weir_event_parse and weir_event_failures do. Loop thread.
 */
int weir_event_run(const struct weir_event_work *work, const struct weir_invocation *inv,
    struct weir_buf *response, struct weir_err *err);

/**
 * weir_event_failures: compose the response from the messages' err.
 *
 * response  receives {"batchItemFailures":[{"itemIdentifier":"..."}]} with the messages whose err
 *           is set, in order; of a FIFO queue the first of them and all that follow it. Never less
 *           than {"batchItemFailures":[]}
 *
 * Returns 0, or -1 with *err set: for a direct event whose message failed, that message's error (it
 * has no id to report, and Lambda tries a failed asynchronous event again); WEIR_E_LIMIT,
 * WEIR_E_NOMEM.
 */
int weir_event_failures(
    const struct weir_event *event, struct weir_buf *response, struct weir_err *err);

#endif
