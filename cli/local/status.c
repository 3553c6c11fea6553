#include "cli/local/status.h"

#include "core/limits.h"
#include "json/quote.h"

#include <inttypes.h>
#include <stdbool.h>

enum { READY, DELAYED, IN_FLIGHT, DEAD, STATES };

static const char *const state_names[STATES] = {"ready", "delayed", "inFlight", "dead"};

static int state_of(const struct weir_queue_message *m, int64_t now_ms)
{
    switch (m->state) {
    case WEIR_QUEUE_FLIGHT:
        return IN_FLIGHT;
    case WEIR_QUEUE_DEAD:
        return DEAD;
    case WEIR_QUEUE_READY:
        break;
    }
    return m->visible_mono_ms > now_ms ? DELAYED : READY;
}

static const char *worker_name(enum weir_worker_state state)
{
    switch (state) {
    case WEIR_WORKER_DOWN:
    case WEIR_WORKER_ENDING:
        return "down";
    case WEIR_WORKER_STARTING:
        return "starting";
    case WEIR_WORKER_IDLE:
        return "idle";
    case WEIR_WORKER_BUSY:
        return "busy";
    }
    return "down";
}

static int add_error(struct weir_buf *to, const struct weir_queue_message *m, struct weir_err *err)
{
    return m->error != NULL && (weir_buf_adds(to, ",\"error\":", err) != 0 ||
                                   weir_json_quote(to, m->error, err) != 0)
               ? -1
               : 0;
}

static int add_message(struct weir_buf *to, const struct weir_queue_message *m, int state,
    int64_t now_ms, struct weir_err *err)
{
    int64_t wait_ms = state == DELAYED ? m->visible_mono_ms - now_ms : 0;

    if (weir_buf_addf(to, err, "{\"messageId\":\"%s\",\"key\":", m->id) != 0 ||
        weir_json_quote(to, m->name, err) != 0) {
        return -1;
    }
    return weir_buf_addf(to, err,
               ",\"state\":\"%s\",\"receiveCount\":%" PRId64 ",\"visibleInMs\":%" PRId64,
               state_names[state], m->receives, wait_ms) != 0 ||
                   add_error(to, m, err) != 0
               ? -1
               : weir_buf_adds(to, "}", err);
}

static int add_messages(struct weir_buf *to, const struct weir_local_status *status,
    size_t counts[STATES], struct weir_err *err)
{
    const struct weir_queue_message *m = NULL;
    bool any = false;

    if (weir_buf_adds(to, ",\"messages\":[", err) != 0) {
        return -1;
    }
    while ((m = weir_queue_next(status->queue, m)) != NULL) {
        int state = state_of(m, status->now_mono_ms);

        if (counts[state]++ >= WEIR_STATUS_MESSAGES_MAX) {
            continue;
        }
        if ((any && weir_buf_adds(to, ",", err) != 0) ||
            add_message(to, m, state, status->now_mono_ms, err) != 0) {
            return -1;
        }
        any = true;
    }
    return weir_buf_adds(to, "]", err);
}

int weir_local_status_json(
    const struct weir_local_status *status, struct weir_buf *to, struct weir_err *err)
{
    size_t counts[STATES] = {0};

    if (weir_buf_adds(to, "{\"bucket\":", err) != 0 ||
        weir_json_quote(to, status->bucket, err) != 0 ||
        weir_buf_adds(to, ",\"prefix\":", err) != 0 ||
        weir_json_quote(to, status->prefix, err) != 0 ||
        weir_buf_addf(to, err,
            ",\"atS3\":%s,\"function\":{\"state\":\"%s\",\"starts\":%" PRIu64 "}",
            status->at_s3 ? "true" : "false", worker_name(weir_worker_state(status->worker)),
            weir_worker_starts(status->worker)) != 0 ||
        add_messages(to, status, counts, err) != 0 || weir_buf_adds(to, ",\"queue\":{", err) != 0) {
        return -1;
    }
    for (int i = 0; i < STATES; i++) {
        if (weir_buf_addf(to, err, "%s\"%s\":%zu", i > 0 ? "," : "", state_names[i], counts[i]) !=
            0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "},\"validated\":", err) != 0 ||
                   weir_results_json(status->results, to, err) != 0 ||
                   weir_buf_adds(to, "}\n", err) != 0
               ? -1
               : 0;
}

int weir_local_dlq_json(const struct weir_queue *queue, struct weir_buf *to, struct weir_err *err)
{
    const struct weir_queue_message *m = NULL;
    bool any = false;

    if (weir_buf_adds(to, "[", err) != 0) {
        return -1;
    }
    while ((m = weir_queue_next(queue, m)) != NULL) {
        if (m->state != WEIR_QUEUE_DEAD) {
            continue;
        }
        if (weir_buf_addf(to, err, "%s{\"messageId\":\"%s\",\"body\":", any ? "," : "", m->id) !=
                0 ||
            weir_json_quote(to, m->body, err) != 0 ||
            weir_buf_addf(to, err, ",\"receiveCount\":%" PRId64, m->receives) != 0 ||
            add_error(to, m, err) != 0 || weir_buf_adds(to, "}", err) != 0) {
            return -1;
        }
        any = true;
    }
    return weir_buf_adds(to, "]\n", err);
}
