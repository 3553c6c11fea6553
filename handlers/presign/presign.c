#include "handlers/presign/presign.h"

#include "aws/config.h"
#include "core/clock.h"
#include "core/env.h"
#include "core/limits.h"
#include "handlers/presign/job.h"
#include "handlers/presign/request.h"
#include "json/doc.h"
#include "json/quote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct presign {
    struct weir_presign_job job;
    const char *cors_origin; /* the environment's; NULL: none */
};

/* The answer's parts; texts are static or the answer's buffer. */
struct answer {
    int status;
    const char *allow; /* NULL: no such header */
    const char *body;  /* JSON; NULL: none */
};

static void fini(void *self)
{
    free(self);
}

static int is_origin(const char *s)
{
    return s[0] != '\0' && strlen(s) <= WEIR_RUNTIME_TEXT_MAX_BYTES &&
           s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:/.-_*[]")] ==
               '\0';
}

static int read_settings(struct presign *p, struct weir_err *err)
{
    if (weir_presign_job_env(&p->job, err) != 0) {
        return -1;
    }
    p->job.spec.bucket = weir_env_text("BUCKET_NAME", NULL);
    p->cors_origin = weir_env_text("WEIR_CORS_ORIGIN", NULL);
    if (p->job.spec.bucket == NULL) {
        return weir_err_set(err, WEIR_E_CONFIG, "BUCKET_NAME: is not set");
    }
    if (p->cors_origin != NULL && !is_origin(p->cors_origin)) {
        return weir_err_set(err, WEIR_E_CONFIG, "WEIR_CORS_ORIGIN: must be an origin or *");
    }
    return 0;
}

static void *init(const struct weir_handler_env *env, struct weir_err *err)
{
    struct weir_s3_config s3 = {0};
    struct presign *p = calloc(1, sizeof *p);

    (void)env;
    if (p == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "presign: out of memory");
        return NULL;
    }
    /* Checked, so that a bad setting is seen now and not at every request. */
    if (read_settings(p, err) != 0 || weir_s3_config_env(&s3, err) != 0 ||
        weir_presign_job_check(&p->job, &s3, err) != 0) {
        fini(p);
        p = NULL;
    }
    weir_s3_config_fini(&s3);
    return p;
}

static int put_cors(
    const struct presign *p, const struct answer *a, struct weir_buf *to, struct weir_err *err)
{
    if (p->cors_origin == NULL) {
        return 0;
    }
    if (weir_buf_adds(to, ",\"Access-Control-Allow-Origin\":", err) != 0 ||
        weir_json_quote(to, p->cors_origin, err) != 0) {
        return -1;
    }
    return a->status == 204 ? weir_buf_adds(to,
                                  ",\"Access-Control-Allow-Methods\":\"POST\""
                                  ",\"Access-Control-Allow-Headers\":\"authorization,content-type\""
                                  ",\"Access-Control-Max-Age\":\"600\"",
                                  err)
                            : 0;
}

/* A form is a secret of its own kind: no cache may keep it. */
static int put_answer(
    const struct presign *p, const struct answer *a, struct weir_buf *to, struct weir_err *err)
{
    if (weir_buf_addf(to, err, "{\"statusCode\":%d,\"headers\":{\"Cache-Control\":\"no-store\"",
            a->status) != 0 ||
        (a->body != NULL &&
            weir_buf_adds(to, ",\"Content-Type\":\"application/json\"", err) != 0) ||
        (a->allow != NULL && weir_buf_addf(to, err, ",\"Allow\":\"%s\"", a->allow) != 0) ||
        put_cors(p, a, to, err) != 0 || weir_buf_adds(to, "},\"body\":", err) != 0 ||
        weir_json_quote(to, a->body != NULL ? a->body : "", err) != 0) {
        return -1;
    }
    return weir_buf_adds(to, ",\"isBase64Encoded\":false}", err);
}

static int put_refusal(const struct presign *p, int status, const char *allow, const char *why,
    struct weir_buf *to, struct weir_err *err)
{
    char body[128];

    snprintf(body, sizeof body, "{\"message\":\"%s\"}", why);
    return put_answer(p, &(struct answer){status, allow, body}, to, err);
}

static int put_form(const struct presign *p, const struct weir_invocation *inv, struct weir_buf *to,
    struct weir_err *err)
{
    char key[WEIR_S3_KEY_MAX_BYTES + 1], name[WEIR_S3_NAME_BYTES];
    struct weir_s3_config s3 = {0};
    struct weir_buf body;
    const char *text;
    int rc = -1;

    weir_buf_init(&body, 2 * WEIR_POST_FORM_MAX_BYTES);
    /* Credentials change while a function lives: read anew for each form. */
    if (weir_s3_config_env_by(&s3, inv->deadline_mono_ms, err) == 0 &&
        weir_presign_form(&p->job, &s3, weir_clock_unix_ms() / 1000, key, &body, err) == 0 &&
        (text = weir_buf_text(&body, err)) != NULL) {
        rc = put_answer(p, &(struct answer){201, NULL, text}, to, err);
    }
    if (rc == 0) {
        weir_log_write(inv->log, WEIR_LOG_INFO, "presign: a form for %s",
            weir_s3_name(name, p->job.spec.bucket, key));
    }
    weir_buf_fini(&body);
    weir_s3_config_fini(&s3);
    return rc;
}

static int answer(const struct presign *p, const struct weir_invocation *inv,
    const struct weir_request *request, struct weir_buf *to, struct weir_err *err)
{
    const char *why = NULL;

    if (strcmp(request->path, WEIR_PRESIGN_ROUTE) != 0 &&
        (request->route == NULL || strcmp(request->route, WEIR_PRESIGN_ROUTE) != 0)) {
        return put_refusal(p, 404, NULL, "not found", to, err);
    }
    if (p->cors_origin != NULL && strcmp(request->method, "OPTIONS") == 0) {
        return put_answer(p, &(struct answer){204, "OPTIONS, POST", NULL}, to, err);
    }
    if (strcmp(request->method, "POST") != 0) {
        return put_refusal(p, 405, p->cors_origin != NULL ? "OPTIONS, POST" : "POST",
            "the method must be POST", to, err);
    }
    int ok = weir_request_body_ok(request, &why, err);
    if (ok != 1) {
        return ok == 0 ? put_refusal(p, 400, NULL, why, to, err) : -1;
    }
    return put_form(p, inv, to, err);
}

static int run(
    void *self, const struct weir_invocation *inv, struct weir_buf *response, struct weir_err *err)
{
    struct weir_request request;
    struct weir_err why = {0};
    int rc = -1;
    cJSON *tree = weir_doc_parse("event", inv->event, inv->event_len, &why);

    /* It is JSON, as the runtime has seen; but a query or a body may be what no tree can hold, and
     * that is its sender's fault. */
    if (tree == NULL && why.code == WEIR_E_DATA) {
        return put_refusal(self, 400, NULL, "the request has U+0000 in it", response, err);
    }
    if (tree == NULL) {
        return weir_err_keep(err, &why);
    }
    if (weir_request_read(tree, &request, err) != 0) {
        weir_err_prefix(err, "event");
    } else {
        rc = answer(self, inv, &request, response, err);
    }
    cJSON_Delete(tree);
    return rc;
}

const struct weir_handler weir_presign_handler = {
    .name = "presign", .init = init, .run = run, .fini = fini};
