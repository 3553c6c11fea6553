#include "cli/local/presign.h"

#include "core/limits.h"
#include "core/log.h"
#include "handlers/presign/presign.h"
#include "json/doc.h"
#include "json/quote.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH "/batch/generate-presigned-url"
#define VARIABLES_MAX (WEIR_CLI_LIST_MAX + 8)

/* ---- the environment, for the time of a call ---- */

struct variable {
    char *name, *old; /* old NULL: it was not there */
};

struct variables {
    struct variable v[VARIABLES_MAX];
    size_t n;
};

/* value NULL: unset it */
static int put(struct variables *vs, const char *name, size_t name_len, const char *value,
    struct weir_err *err)
{
    struct variable v = {.name = strndup(name, name_len)};
    const char *old = v.name != NULL ? getenv(v.name) : NULL;

    if (vs->n < VARIABLES_MAX && v.name != NULL) {
        v.old = old != NULL ? strdup(old) : NULL;
        if ((old == NULL || v.old != NULL) &&
            (value != NULL ? setenv(v.name, value, 1) : unsetenv(v.name)) == 0) {
            vs->v[vs->n++] = v; /* owned by the list now */
            return 0;
        }
    }
    free(v.name);
    free(v.old);
    return weir_err_set(err, WEIR_E_NOMEM, "presign: no memory for the environment");
}

static void restore(struct variables *vs)
{
    while (vs->n > 0) { /* the last first: a name may have been set twice */
        struct variable *v = &vs->v[--vs->n];

        (void)(v->old != NULL ? setenv(v->name, v->old, 1) : unsetenv(v->name));
        free(v->name);
        free(v->old);
    }
}

static int put_text(struct variables *vs, const char *name, const char *value, struct weir_err *err)
{
    return put(vs, name, strlen(name), value, err);
}

/* S3 is the front that was asked. */
static int set_front(
    struct variables *vs, const struct weir_local_presign *rq, struct weir_err *err)
{
    char endpoint[300];

    (void)snprintf(endpoint, sizeof endpoint, "http://%.255s", rq->host);
    return put_text(vs, "AWS_ENDPOINT_URL_S3", endpoint, err) != 0 ||
                   put_text(vs, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL, err) != 0 ||
                   put_text(vs, "AWS_REGION", rq->key->region, err) != 0 ||
                   put_text(vs, "AWS_ACCESS_KEY_ID", rq->key->access_key, err) != 0 ||
                   put_text(vs, "AWS_SECRET_ACCESS_KEY", rq->key->secret_key, err) != 0 ||
                   put_text(vs, "AWS_SESSION_TOKEN", NULL, err) != 0
               ? -1
               : 0;
}

static int set_all(struct variables *vs, const struct weir_local_presign *rq, struct weir_err *err)
{
    for (size_t i = 0; i < rq->env_n; i++) {
        const char *eq = strchr(rq->env[i], '=');

        if (eq != NULL && eq != rq->env[i] &&
            put(vs, rq->env[i], (size_t)(eq - rq->env[i]), eq + 1, err) != 0) {
            return -1;
        }
    }
    if (put_text(vs, "BUCKET_NAME", rq->bucket, err) != 0 ||
        put_text(vs, "WEIR_UPLOAD_PREFIX", rq->prefix, err) != 0) {
        return -1;
    }
    return rq->key != NULL ? set_front(vs, rq, err) : 0;
}

/* ---- the call ---- */

static int compose(
    const struct weir_local_presign *rq, struct weir_buf *event, struct weir_err *err)
{
    if (weir_buf_adds(event,
            "{\"version\":\"2.0\",\"routeKey\":\"POST " PATH "\",\"rawPath\":\"" PATH "\","
            "\"rawQueryString\":\"\",\"headers\":{\"host\":",
            err) != 0 ||
        weir_json_quote(event, rq->host, err) != 0 ||
        weir_buf_adds(event,
            "},\"requestContext\":{\"stage\":\"$default\",\"http\":{\"method\":\"POST\","
            "\"path\":\"" PATH "\"}},\"isBase64Encoded\":false",
            err) != 0) {
        return -1;
    }
    if (rq->body != NULL && (weir_buf_adds(event, ",\"body\":", err) != 0 ||
                                weir_json_quote(event, rq->body, err) != 0)) {
        return -1;
    }
    return weir_buf_adds(event, "}", err) != 0 || weir_buf_text(event, err) == NULL ? -1 : 0;
}

/* {statusCode, body}, as API Gateway reads it. */
static int unwrap(
    const struct weir_buf *response, unsigned *status, struct weir_buf *ret, struct weir_err *err)
{
    struct weir_doc doc = {
        .v = weir_doc_parse("presign", (const char *)response->p, response->len, err)};
    const char *body;
    int64_t code;
    int rc = -1;

    if (doc.v != NULL && weir_doc_int(&doc, "statusCode", 100, 599, &code, err) == 0 &&
        weir_doc_string(&doc, "body", &body, err) == 0 && weir_buf_adds(ret, body, err) == 0) {
        *status = (unsigned)code;
        rc = 0;
    }
    cJSON_Delete((cJSON *)(uintptr_t)doc.v);
    return rc;
}

static int call(const struct weir_local_presign *rq, const struct weir_buf *event,
    struct weir_buf *response, struct weir_err *err)
{
    const struct weir_log log = {.fd = rq->quiet ? -1 : STDERR_FILENO, .level = WEIR_LOG_INFO};
    const struct weir_handler_env env = {.loop = rq->loop, .log = &log, .folder = "."};
    const struct weir_invocation invocation = {.event = (const char *)event->p,
        .event_len = event->len,
        .request_id = "local",
        .deadline_mono_ms = INT64_MAX,
        .undo_by_mono_ms = INT64_MAX,
        .loop = rq->loop,
        .log = &log};
    void *self = weir_presign_handler.init(&env, err);
    int rc = self != NULL ? weir_presign_handler.run(self, &invocation, response, err) : -1;

    weir_presign_handler.fini(self);
    return rc;
}

int weir_local_presign(const struct weir_local_presign *request, unsigned *status,
    struct weir_buf *ret, struct weir_err *err)
{
    struct variables variables = {.n = 0};
    struct weir_buf event, response;
    int rc = -1;

    weir_buf_init(&event, 8 * WEIR_FRONT_BODY_MAX_BYTES);
    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    if (compose(request, &event, err) == 0 && set_all(&variables, request, err) == 0 &&
        call(request, &event, &response, err) == 0) {
        rc = unwrap(&response, status, ret, err);
    }
    restore(&variables);
    weir_buf_fini(&event);
    weir_buf_fini(&response);
    return rc;
}
