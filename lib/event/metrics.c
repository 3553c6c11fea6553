#include "event/metrics.h"

#include "core/buf.h"
#include "core/clock.h"
#include "core/env.h"
#include "core/limits.h"
#include "core/line.h"
#include "json/quote.h"

#include <assert.h>
#include <inttypes.h>

static const char *const unit_names[] = {"Count", "Bytes", "Milliseconds"};

/* "name":"text", and a comma. */
static int put_text(struct weir_buf *to, const char *name, const char *text)
{
    return weir_buf_addf(to, NULL, "\"%s\":", name) != 0 || weir_json_quote(to, text, NULL) != 0
               ? -1
               : weir_buf_adds(to, ",", NULL);
}

/* What tells CloudWatch which members of the document are metrics. */
static int put_directive(
    struct weir_buf *to, const char *function, const struct weir_metric *metrics, size_t n)
{
    const char *space = weir_env_text("WEIR_METRICS_NAMESPACE", "weir");

    if (weir_buf_addf(to, NULL, "\"_aws\":{\"Timestamp\":%" PRId64 ",\"CloudWatchMetrics\":[{",
            weir_clock_unix_ms()) != 0 ||
        put_text(to, "Namespace", space) != 0 ||
        weir_buf_addf(to, NULL, "\"Dimensions\":[[%s\"Handler\"]],\"Metrics\":[",
            function != NULL ? "\"FunctionName\"," : "") != 0) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (weir_buf_addf(to, NULL, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", i > 0 ? "," : "",
                metrics[i].name, unit_names[metrics[i].unit]) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "]}]},", NULL);
}

static int compose(struct weir_buf *to, const struct weir_log *log, const char *handler,
    const struct weir_metric *metrics, size_t n)
{
    const char *function = weir_env_text("AWS_LAMBDA_FUNCTION_NAME", NULL);

    if (weir_buf_adds(to, "{", NULL) != 0 || put_directive(to, function, metrics, n) != 0 ||
        (function != NULL && put_text(to, "FunctionName", function) != 0) ||
        put_text(to, "Handler", handler) != 0 ||
        (log->request_id[0] != '\0' && put_text(to, "requestId", log->request_id) != 0)) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        if (weir_buf_addf(to, NULL, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", metrics[i].name,
                metrics[i].value) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "}\n", NULL);
}

void weir_metrics_write(
    const struct weir_log *log, const char *handler, const struct weir_metric *metrics, size_t n)
{
    struct weir_buf line;

    assert(n > 0 && n <= WEIR_METRICS_MAX);
    if (log == NULL || log->fd < 0) {
        return;
    }
    weir_buf_init(&line, WEIR_METRICS_LINE_MAX_BYTES);
    if (compose(&line, log, handler, metrics, n) == 0) {
        weir_log_line(log, (const char *)line.p, line.len);
    }
    weir_buf_fini(&line);
}
