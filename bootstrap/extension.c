#include "bootstrap/extension.h"

#include "core/limits.h"

#include <stdio.h>
#include <string.h>

#define BASE "/2020-01-01/extension/"

/* Returns whether id holds an identifier. */
static bool register_now(
    struct weir_http1 *http, char id[WEIR_RUNTIME_TEXT_MAX_BYTES], struct weir_err *err)
{
    static const char body[] = "{\"events\":[]}";
    static const struct weir_http_header headers[] = {
        {"Lambda-Extension-Name", "weir"},
        {"Content-Type", "application/json"},
    };
    const struct weir_http1_request request = {
        .method = "POST",
        .path = BASE "register",
        .headers = headers,
        .headers_n = sizeof headers / sizeof headers[0],
        .body = (const uint8_t *)body,
        .body_len = sizeof body - 1,
        .timeout_ms = WEIR_RUNTIME_REGISTER_MS,
    };
    long status = weir_http1_call(http, &request, NULL, err);

    if (status < 0) {
        return false;
    }
    const char *text = weir_http1_header(http, "Lambda-Extension-Identifier");
    if (status != 200 || text == NULL || strlen(text) >= WEIR_RUNTIME_TEXT_MAX_BYTES) {
        (void)weir_err_set(err, WEIR_E_REMOTE, "status %ld%s", status,
            status == 200 ? " without an identifier" : "");
        return false;
    }
    (void)snprintf(id, WEIR_RUNTIME_TEXT_MAX_BYTES, "%s", text);
    return true;
}

void weir_extension_register(struct weir_loop *loop, const char *address, struct weir_http1 *http,
    const struct weir_log *log, struct weir_http1 **parked)
{
    char id[WEIR_RUNTIME_TEXT_MAX_BYTES];
    struct weir_err err = {0};
    const struct weir_http_header headers[] = {{"Lambda-Extension-Identifier", id}};
    const struct weir_http1_request next = {
        .method = "GET",
        .path = BASE "event/next",
        .headers = headers,
        .headers_n = 1,
        .timeout_ms = WEIR_RUNTIME_REGISTER_MS,
    };

    *parked = NULL;
    if (register_now(http, id, &err)) {
        struct weir_http1 *h = weir_http1_new(loop, address, &err);
        if (h != NULL && weir_http1_park(h, &next, &err) == 0) {
            *parked = h;
            return;
        }
        weir_http1_free(h);
    }
    weir_log_write(log, WEIR_LOG_DEBUG,
        "runtime: not registered as an extension (%s): no SIGTERM before the end", err.msg);
}
