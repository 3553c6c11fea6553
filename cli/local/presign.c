#include "cli/local/presign.h"

#include "cli/cli.h"
#include "cli/function_env.h"
#include "core/clock.h"
#include "handlers/presign/job.h"
#include "handlers/presign/request.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM_SETTING "WEIR_UPLOAD_"

int weir_local_presign_env(const char *const *env, size_t n, struct weir_err *err)
{
    struct weir_presign_job job;

    for (size_t i = 0; i < n; i++) {
        if (weir_function_env_check(env[i], err) != 0) {
            return -1;
        }
        if (strncmp(env[i], FORM_SETTING, strlen(FORM_SETTING)) != 0) {
            continue;
        }
        char *name = strndup(env[i], strcspn(env[i], "="));
        int rc = name != NULL ? setenv(name, env[i] + strlen(name) + 1, 1) : -1;
        free(name);
        if (rc != 0) {
            return weir_err_set(err, WEIR_E_NOMEM, "no memory for the environment");
        }
    }
    return weir_presign_job_env(&job, err);
}

static void lower(const char *from, char to[WEIR_HOST_BYTES])
{
    size_t n = 0;

    for (; from[n] != '\0' && n < WEIR_HOST_BYTES - 1; n++) {
        to[n] = (char)tolower((unsigned char)from[n]);
    }
    to[n] = '\0';
}

/* S3 is the front that was asked. */
static int front_form(const struct weir_local_presign *rq, const struct weir_presign_job *job,
    char key[WEIR_S3_KEY_MAX_BYTES + 1], struct weir_buf *ret, struct weir_err *err)
{
    char host[WEIR_HOST_BYTES], none[] = "";
    /* A view: nothing of it is changed by anybody. */
    const struct weir_s3_config s3 = {.kind = WEIR_S3_HTTP,
        .style = WEIR_S3_PATH,
        .custom = true,
        .host = host,
        .base = none,
        .region = (char *)rq->key->region,
        .access_key = (char *)rq->key->access_key,
        .secret_key = (char *)rq->key->secret_key};

    lower(rq->host, host);
    return weir_presign_form(job, &s3, weir_clock_unix_ms() / 1000, key, ret, err);
}

static int s3_form(const struct weir_presign_job *job, char key[WEIR_S3_KEY_MAX_BYTES + 1],
    struct weir_buf *ret, struct weir_err *err)
{
    struct weir_s3_config s3;
    int rc = -1;

    if (weir_s3_config_env(&s3, err) == 0) {
        rc = weir_presign_form(job, &s3, weir_clock_unix_ms() / 1000, key, ret, err);
        weir_s3_config_fini(&s3);
    }
    return rc;
}

int weir_local_presign(const struct weir_local_presign *request, unsigned *status,
    struct weir_buf *ret, struct weir_err *err)
{
    const struct weir_request asked = {.body = request->body, .body_len = request->body_len};
    char key[WEIR_S3_KEY_MAX_BYTES + 1], name[WEIR_S3_NAME_BYTES];
    struct weir_presign_job job;
    const char *why = NULL;
    int ok = weir_request_body_ok(&asked, &why, err);

    if (ok < 0) {
        return -1;
    }
    if (ok == 0) {
        *status = 400;
        return weir_buf_addf(ret, err, "{\"message\":\"%s\"}", why);
    }
    if (weir_presign_job_env(&job, err) != 0) {
        return -1;
    }
    job.spec.bucket = request->bucket;
    job.prefix = request->prefix;
    if ((request->key != NULL ? front_form(request, &job, key, ret, err)
                              : s3_form(&job, key, ret, err)) != 0) {
        return -1;
    }
    *status = 201;
    if (!request->quiet) {
        weir_cli_note("local", "a form for %s", weir_s3_name(name, request->bucket, key));
    }
    return 0;
}
