#ifndef WEIR_EVENT_METRICS_H
#define WEIR_EVENT_METRICS_H

#include "core/log.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Metrics in CloudWatch's Embedded Metric Format: one line of JSON in the log, of which CloudWatch
 * makes metrics by itself. Nothing is sent and nobody is waited for.
 *
 *     const struct weir_metric metrics[] = {
 *         {"rows", WEIR_UNIT_COUNT, rows},
 *         {"duration", WEIR_UNIT_MILLISECONDS, ms},
 *     };
 *     weir_metrics_write(inv->log, "validate", metrics, 2);
 *
 * becomes, on one line, in the namespace "weir" (or WEIR_METRICS_NAMESPACE),
 *
 *     {"_aws":{"Timestamp":1768469400123,"CloudWatchMetrics":[{"Namespace":"weir",
 *      "Dimensions":[["FunctionName","Handler"]],"Metrics":[{"Name":"rows","Unit":"Count"},...]}]},
 *      "FunctionName":"uploads","Handler":"validate","requestId":"...","rows":7,"duration":12}
 *
 * Names that the handlers share, so that one dashboard shows them all: rows, invalid, bytes (read),
 * bytes_out (written), duration, retries.
 */
enum weir_unit { WEIR_UNIT_COUNT, WEIR_UNIT_BYTES, WEIR_UNIT_MILLISECONDS };

struct weir_metric {
    const char *name;
    enum weir_unit unit;
    uint64_t value;
};

/**
 * weir_metrics_write: write one document. Whatever the log's level is: a metric is no message. The
 * log's descriptor and request id are used. What cannot be written is dropped, as log lines are.
 *
 * handler      the dimension Handler; FunctionName is AWS_LAMBDA_FUNCTION_NAME, left out when unset
 * metrics, n   1..WEIR_METRICS_MAX of them (CloudWatch takes 100 in a document); more are a
 *              programmer's error
 *
 * Any thread. Source: "Specification: Embedded metric format", CloudWatch's user guide.
 */
void weir_metrics_write(
    const struct weir_log *log, const char *handler, const struct weir_metric *metrics, size_t n);

#endif
