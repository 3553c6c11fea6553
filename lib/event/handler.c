#include "event/handler.h"

#include "core/limits.h"
#include "json/quote.h"

#include <stdbool.h>
#include <string.h>

#define PRELUDE_TYPE "application/vnd.awslambda.http-integration-response"

int weir_handler_error_type(
    const struct weir_invocation *invocation, const char *type, struct weir_err *err)
{
    size_t len = strlen(type);

    if (len == 0 || len >= WEIR_ERROR_TYPE_BYTES) {
        return weir_err_set(err, WEIR_E_DATA, "an error type of %zu bytes: 1..%d are allowed", len,
            WEIR_ERROR_TYPE_BYTES - 1);
    }
    for (const char *p = type; *p != '\0'; p++) {
        if (*p < 0x21 || *p > 0x7E) {
            return weir_err_set(
                err, WEIR_E_DATA, "an error type must be printable ASCII without blanks");
        }
    }
    if (invocation->error_type != NULL) {
        memcpy(invocation->error_type, type, len + 1);
    }
    return 0;
}

int weir_handler_run_pipe(const struct weir_invocation *invocation, const char *name,
    struct weir_pipe *pipe, struct weir_err *err)
{
    int rc = weir_loop_run(invocation->loop, pipe, err);

    if (rc != 0 && weir_pipe_undo_err(pipe)->code != WEIR_OK) {
        weir_log_write(
            invocation->log, WEIR_LOG_WARN, "%s: %s", name, weir_pipe_undo_err(pipe)->msg);
    }
    return rc;
}

/* What may stand in a header of a request that we make. */
static bool is_text(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            return false;
        }
    }
    return true;
}

static int add_list(struct weir_buf *to, const struct weir_stream_head *head, struct weir_err *err)
{
    for (size_t i = 0; i < head->cookies_n; i++) {
        if (weir_buf_adds(to, i > 0 ? "," : ",\"cookies\":[", err) != 0 ||
            weir_json_quote(to, head->cookies[i], err) != 0) {
            return -1;
        }
    }
    return head->cookies_n > 0 ? weir_buf_adds(to, "]", err) : 0;
}

/* {"statusCode":200,"headers":{...},"cookies":[...]} and 8 NULs; the body follows. */
static int add_prelude(
    struct weir_buf *to, const struct weir_stream_head *head, struct weir_err *err)
{
    static const char nuls[8] = {0};

    if (weir_buf_addf(to, err, "{\"statusCode\":%d,\"headers\":{", head->status) != 0) {
        return -1;
    }
    for (size_t i = 0; i < head->headers_n; i++) {
        if ((i > 0 && weir_buf_adds(to, ",", err) != 0) ||
            weir_json_quote(to, head->headers[i].name, err) != 0 ||
            weir_buf_adds(to, ":", err) != 0 ||
            weir_json_quote(to, head->headers[i].value, err) != 0) {
            return -1;
        }
    }
    return weir_buf_adds(to, "}", err) == 0 && add_list(to, head, err) == 0 &&
                   weir_buf_adds(to, "}", err) == 0
               ? weir_buf_add(to, nuls, sizeof nuls, err)
               : -1;
}

int weir_handler_stream(const struct weir_invocation *invocation,
    const struct weir_stream_head *head, struct weir_stage *ret, struct weir_err *err)
{
    const char *type = head->content_type != NULL ? head->content_type : "application/octet-stream";
    struct weir_buf prelude;
    int rc = -1;

    if (invocation->stream == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "a stream was asked for, and nobody takes one");
    }
    if (!is_text(type) || strlen(type) > WEIR_CONTENT_TYPE_MAX_BYTES ||
        (head->status != 0 && (head->status < 100 || head->status > 599))) {
        return weir_err_set(err, WEIR_E_CONFIG, "a stream's content type or status cannot be sent");
    }
    weir_buf_init(&prelude, WEIR_PRELUDE_MAX_BYTES);
    if (head->status == 0 || add_prelude(&prelude, head, err) == 0) {
        rc = invocation->stream->open(
            invocation->stream, head->status == 0 ? type : PRELUDE_TYPE, &prelude, ret, err);
    }
    weir_buf_fini(&prelude);
    return rc;
}
