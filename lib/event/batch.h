#ifndef WEIR_EVENT_BATCH_H
#define WEIR_EVENT_BATCH_H

#include "core/buf.h"
#include "core/err.h"
#include "event/event.h"

/*
 * The answer to a batch. Lambda deletes every message that is not named in it, so what is not
 * certain to be done must be named; and it takes an answer that it cannot read for a failure of
 * all. A handler works through the messages like this:
 *
 *     for (size_t i = 0; i < event.messages_n; i++) {
 *         struct weir_event_message *m = &event.messages[i];
 *         if (m->err.code == WEIR_OK && work(m, &m->err) != 0) { ... log it ... }
 *         if (weir_event_stop(&event, m)) break;
 *     }
 *     return weir_event_failures(&event, response, err);
 */

/** weir_event_stop: true when m failed and none after it may be touched (a FIFO queue). */
bool weir_event_stop(const struct weir_event *event, const struct weir_event_message *m);

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
