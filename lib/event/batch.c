#include "event/batch.h"

#include "core/clock.h"
#include "json/quote.h"

/* Whether no more may be begun: *err says why then. */
static bool is_over(const struct weir_invocation *inv, struct weir_err *err)
{
    const struct weir_err *cancelled = weir_loop_cancelled(inv->loop);

    if (cancelled != NULL) {
        (void)weir_err_keep(err, cancelled);
    } else if (weir_clock_mono_ms() >= inv->deadline_mono_ms) {
        weir_err_set(err, WEIR_E_DEADLINE, "not begun: the deadline came first");
    }
    return err->code != WEIR_OK;
}

/* Of a message with several records the line says which one it is about. */
static void log_failure(const struct weir_event_work *work, const struct weir_invocation *inv,
    const struct weir_event_message *m, const struct weir_s3_record *r, const struct weir_err *err)
{
    const char *id = m->id != NULL ? m->id : "(direct event)";

    const char *type = weir_err_type(err->code);

    if (r != NULL && m->records_n > 1) {
        weir_log_error(inv->log, type, err->msg, "%s: message %s failed: s3://%s/%s", work->name,
            id, r->bucket, r->key);
    } else {
        weir_log_error(inv->log, type, err->msg, "%s: message %s failed", work->name, id);
    }
}

static int one_record(const struct weir_event_work *work, const struct weir_invocation *inv,
    const struct weir_s3_record *r, struct weir_err *err)
{
    if (r->kind == WEIR_EVENT_CREATED) {
        return work->record(work->ctx, inv, r, err);
    }
    weir_log_write(inv->log, WEIR_LOG_INFO,
        "%s s3://%s/%s: skipped: the event is not of an object created", work->name, r->bucket,
        r->key);
    return 0;
}

/* Work through a message's records; m->err is the first error among them. */
static void one_message(const struct weir_event_work *work, const struct weir_invocation *inv,
    bool fifo, struct weir_event_message *m)
{
    if (m->err.code != WEIR_OK) { /* what it holds is no event */
        log_failure(work, inv, m, NULL, &m->err);
        return;
    }
    if (m->test) {
        weir_log_write(inv->log, WEIR_LOG_INFO, "%s: s3:TestEvent, nothing to do", work->name);
    }
    for (size_t i = 0; i < m->records_n; i++) {
        const struct weir_s3_record *r = &m->records[i];
        struct weir_err err = {0};
        bool over = is_over(inv, &err);
        if (over || one_record(work, inv, r, &err) != 0) {
            log_failure(work, inv, m, r, &err);
            (void)weir_err_keep(&m->err, &err); /* the first one stays */
        }
        if (over || (fifo && m->err.code != WEIR_OK)) {
            break;
        }
    }
}

int weir_event_run(const struct weir_event_work *work, const struct weir_invocation *inv,
    struct weir_buf *response, struct weir_err *err)
{
    struct weir_event event = {0};

    if (weir_event_parse(inv->event, inv->event_len, &event, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < event.messages_n; i++) {
        one_message(work, inv, event.fifo, &event.messages[i]);
        if (event.fifo && event.messages[i].err.code != WEIR_OK) {
            break; /* weir_event_failures names the rest */
        }
    }
    int rc = weir_event_failures(&event, response, err);
    weir_event_fini(&event);
    return rc;
}

int weir_event_failures(
    const struct weir_event *event, struct weir_buf *response, struct weir_err *err)
{
    bool rest = false; /* of a FIFO queue, after the first failure */
    const char *comma = "";

    if (weir_buf_adds(response, "{\"batchItemFailures\":[", err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < event->messages_n; i++) {
        const struct weir_event_message *m = &event->messages[i];
        if (m->err.code == WEIR_OK && !rest) {
            continue;
        }
        if (m->id == NULL) {
            return weir_err_keep(err, &m->err);
        }
        rest = event->fifo;
        if (weir_buf_addf(response, err, "%s{\"itemIdentifier\":", comma) != 0 ||
            weir_json_quote(response, m->id, err) != 0 || weir_buf_adds(response, "}", err) != 0) {
            return -1;
        }
        comma = ",";
    }
    return weir_buf_adds(response, "]}", err);
}
