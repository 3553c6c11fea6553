#include "bootstrap/api.h"

#include "core/clock.h"
#include "core/limits.h"
#include "net/wake.h"

#include <string.h>

#define NEXT_PATH WEIR_API_INVOCATION "next"
#define REQUEST_ID "Lambda-Runtime-Aws-Request-Id"

/* Whether a text can be a request id: it goes into a path and into logs. */
static bool is_id(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = s != NULL ? strlen(s) : 0;

    return n > 0 && n < WEIR_RUNTIME_TEXT_MAX_BYTES && strspn(s, allowed) == n && s[0] != '.';
}

static bool leaves(const struct weir_api *api)
{
    return api->leave != NULL && atomic_load(api->leave);
}

/* Before another try: at once the first time (a kept connection that the server has closed is
 * nothing special), then with pauses that double. Returns false when there is to be no other. */
static bool pause_before(struct weir_api *api, unsigned tries)
{
    struct weir_err err = {0};
    int64_t ms = tries < 2 ? 0 : api->retry_ms << (tries - 2);
    int64_t until_ms = weir_clock_mono_ms() + ms;
    struct weir_wake *wake = NULL;

    if (tries >= WEIR_RUNTIME_TRIES_MAX || weir_loop_cancelled(api->loop) != NULL) {
        return false;
    }
    if (ms > 0) {
        wake = weir_wake_new(api->loop, &err);
    }
    if (wake != NULL) {
        weir_wake_in(wake, ms);
        while (!leaves(api) && weir_clock_mono_ms() < until_ms &&
               weir_loop_step(api->loop, until_ms, &err) == 0) {
        }
        weir_wake_free(wake);
    }
    return err.code == WEIR_OK;
}

static enum weir_api_next ask(struct weir_api *api, struct weir_buf *event, struct weir_err *err)
{
    const struct weir_http1_request request = {.method = "GET", .path = NEXT_PATH};

    for (unsigned tries = 1; !leaves(api); tries++) {
        struct weir_err why = {0};
        long status = weir_http1_call(api->http, &request, event, &why);
        bool has_id =
            weir_http1_status(api->http) == 200 && is_id(weir_http1_header(api->http, REQUEST_ID));
        if (weir_loop_cancelled(api->loop) != NULL) {
            /* That Lambda, or weir invoke, ends an idle process is how it is to be. */
            weir_log_write(api->log, WEIR_LOG_DEBUG, "runtime: GET invocation/next: %s",
                weir_loop_cancelled(api->loop)->msg);
            return WEIR_NEXT_END;
        }
        if (status == 200 && has_id) {
            return WEIR_NEXT_EVENT;
        }
        if (has_id) {
            (void)weir_err_keep(err, &why);
            return WEIR_NEXT_CUT;
        }
        if (status == 200) {
            (void)weir_err_set(&why, WEIR_E_NET, "no usable " REQUEST_ID);
        } else if (status >= 0) {
            weir_log_write(
                api->log, WEIR_LOG_ERROR, "runtime: GET invocation/next: status %ld", status);
            return WEIR_NEXT_END;
        }
        bool again = why.code == WEIR_E_NET && pause_before(api, tries);
        weir_log_write(api->log, again ? WEIR_LOG_WARN : WEIR_LOG_ERROR,
            "runtime: GET invocation/next: %s%s", why.msg, again ? "; trying again" : "");
        if (!again) {
            return WEIR_NEXT_END;
        }
        event->len = 0;
    }
    return WEIR_NEXT_END;
}

enum weir_api_next weir_api_next(struct weir_api *api, struct weir_buf *event, struct weir_err *err)
{
    api->asking = true;
    enum weir_api_next next = ask(api, event, err);
    api->asking = false;
    return next;
}

void weir_api_leave(struct weir_api *api)
{
    struct weir_err why = {0};

    if (api->asking && !weir_http1_begun(api->http)) {
        (void)weir_err_set(&why, WEIR_E_CANCEL, "another worker has ended");
        weir_loop_cancel(api->loop, &why);
    }
}

const char *weir_api_name(const char *path)
{
    size_t n = sizeof WEIR_API_BASE - 1;

    return strncmp(path, WEIR_API_BASE, n) == 0 ? path + n : path;
}

enum weir_api_after weir_api_react(const struct weir_api *api, const char *path, long status)
{
    static const struct {
        long status;
        const char *meaning;
    } known[] = {
        {400, "the request was not understood"},
        {403, "an answer was not due"},
        {410, "the invocation is over"},
        {413, "too large; the invocation has failed"},
    };
    const char *meaning = status >= 500 ? "the Runtime API failed" : "refused";

    if (status >= 200 && status < 300) {
        return WEIR_API_GO_ON;
    }
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        meaning = known[i].status == status ? known[i].meaning : meaning;
    }
    weir_log_write(api->log, WEIR_LOG_ERROR, "runtime: POST %s: status %ld: %s",
        weir_api_name(path), status, meaning);
    return status >= 500 ? WEIR_API_STOP : WEIR_API_GO_ON;
}

enum weir_api_after weir_api_post(struct weir_api *api, const struct weir_api_post *post)
{
    const struct weir_http_header headers[] = {
        {"Content-Type", post->content_type},
        {WEIR_API_ERROR_TYPE, post->error_type},
        {"Lambda-Runtime-Function-XRay-Error-Cause", post->cause},
    };
    const struct weir_http1_request request = {
        .method = "POST",
        .path = post->path,
        .headers = headers,
        .headers_n = sizeof headers / sizeof headers[0],
        .body = post->body->p,
        .body_len = post->body->len,
        .timeout_ms = WEIR_RUNTIME_POST_MS,
        .finish = true,
    };

    for (unsigned tries = 1;; tries++) {
        struct weir_err err = {0};
        long status = weir_http1_call(api->http, &request, NULL, &err);
        if (status >= 0) {
            return weir_api_react(api, post->path, status);
        }
        bool again =
            err.code == WEIR_E_NET && !weir_http1_sent(api->http) && pause_before(api, tries);
        weir_log_write(api->log, again ? WEIR_LOG_WARN : WEIR_LOG_ERROR, "runtime: POST %s: %s%s",
            weir_api_name(post->path), err.msg, again ? "; trying again" : "");
        if (!again) {
            return WEIR_API_GO_ON; /* if the API is gone for good, /next will tell */
        }
    }
}
