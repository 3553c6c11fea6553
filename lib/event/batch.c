#include "event/batch.h"

#include "json/quote.h"

bool weir_event_stop(const struct weir_event *event, const struct weir_event_message *m)
{
    return event->fifo && m->err.code != WEIR_OK;
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
            return weir_err_detail(err, m->err.code, m->err.detail, "%s", m->err.msg);
        }
        rest = rest || weir_event_stop(event, m);
        if (weir_buf_addf(response, err, "%s{\"itemIdentifier\":", comma) != 0 ||
            weir_json_quote(response, m->id, err) != 0 || weir_buf_adds(response, "}", err) != 0) {
            return -1;
        }
        comma = ",";
    }
    return weir_buf_adds(response, "]}", err);
}
