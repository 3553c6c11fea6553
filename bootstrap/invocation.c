#include "bootstrap/invocation.h"

#include "core/clock.h"
#include "core/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_NAME "_X_AMZN_TRACE_ID="

/*
 * putenv with one buffer that is ours, and not setenv: the C library keeps every value that was
 * ever set that way, which is a leak of a value per invocation.
 */
void weir_invocation_trace(const struct weir_log *log, const char *value)
{
    static char entry[sizeof TRACE_NAME + WEIR_RUNTIME_TRACE_MAX_BYTES];

    (void)unsetenv("_X_AMZN_TRACE_ID");
    if (value == NULL) {
        return;
    }
    int n = snprintf(entry, sizeof entry, TRACE_NAME "%s", value);
    if (n >= (int)sizeof entry || putenv(entry) != 0) {
        weir_log_write(
            log, WEIR_LOG_WARN, "runtime: a trace id of %zu bytes is left out", strlen(value));
    }
}

int weir_runtime_deadline(
    const char *header, int64_t unix_ms, int64_t mono_ms, struct weir_runtime_deadline *ret)
{
    int64_t deadline_ms = 0;

    *ret = (struct weir_runtime_deadline){INT64_MAX, INT64_MAX};
    if (header == NULL) {
        return 0;
    }
    size_t n = strlen(header);
    if (n == 0 || n > 15 || strspn(header, "0123456789") != n) { /* 15: the year 33658 */
        return -1;
    }
    for (const char *p = header; *p != '\0'; p++) {
        deadline_ms = deadline_ms * 10 + (*p - '0');
    }
    int64_t left_ms = deadline_ms - unix_ms;
    if (left_ms < 0) {
        left_ms = 0;
    }
    int64_t margin_ms = left_ms / 10;
    if (margin_ms > WEIR_RUNTIME_MARGIN_MAX_MS) {
        margin_ms = WEIR_RUNTIME_MARGIN_MAX_MS;
    }
    ret->deadline_mono_ms = mono_ms + left_ms - margin_ms;
    ret->undo_by_mono_ms = mono_ms + left_ms - margin_ms / 2;
    return 0;
}

int weir_invocation_read(const struct weir_http1 *http, const struct weir_log *log,
    struct weir_buf *meta, struct weir_invocation *ret, struct weir_err *err)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"Lambda-Runtime-Aws-Request-Id", &ret->request_id},
        {"Content-Type", &ret->content_type},
        {"Lambda-Runtime-Invoked-Function-Arn", &ret->function_arn},
        {"Lambda-Runtime-Trace-Id", &ret->trace_id},
        {"Lambda-Runtime-Client-Context", &ret->client_context},
        {"Lambda-Runtime-Cognito-Identity", &ret->cognito_identity},
        {"Lambda-Runtime-Aws-Tenant-Id", &ret->tenant_id},
    };
    struct weir_runtime_deadline deadline;
    size_t total = 0;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *value = weir_http1_header(http, texts[i].name);
        total += value != NULL ? strlen(value) + 1 : 0;
    }
    char *p = (char *)weir_buf_reserve(meta, total, err);
    if (p == NULL) {
        return -1;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *value = weir_http1_header(http, texts[i].name);
        *texts[i].to = NULL;
        if (value != NULL) {
            size_t size = strlen(value) + 1;
            memcpy(p, value, size);
            *texts[i].to = p;
            p += size;
        }
    }
    meta->len += total;
    if (weir_runtime_deadline(weir_http1_header(http, "Lambda-Runtime-Deadline-Ms"),
            weir_clock_unix_ms(), weir_clock_mono_ms(), &deadline) != 0) {
        weir_log_write(log, WEIR_LOG_WARN, "runtime: Lambda-Runtime-Deadline-Ms is no number");
    }
    ret->deadline_mono_ms = deadline.deadline_mono_ms;
    ret->undo_by_mono_ms = deadline.undo_by_mono_ms;
    return 0;
}
