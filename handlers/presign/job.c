#include "handlers/presign/job.h"

#include "core/env.h"
#include "core/uuid.h"

#include <stdio.h>

static int make_key(
    const struct weir_presign_job *job, char to[WEIR_S3_KEY_MAX_BYTES + 1], struct weir_err *err)
{
    char id[WEIR_UUID_BYTES];

    if (weir_uuid_new(id, err) != 0) {
        return -1;
    }
    int n = snprintf(to, WEIR_S3_KEY_MAX_BYTES + 1, "%s%s.csv", job->prefix, id);
    return n > 0 && n <= WEIR_S3_KEY_MAX_BYTES
               ? 0
               : weir_err_set(err, WEIR_E_CONFIG, "WEIR_UPLOAD_PREFIX: a key of %d bytes", n);
}

int weir_presign_job_env(struct weir_presign_job *job, struct weir_err *err)
{
    *job = (struct weir_presign_job){
        .spec.content_type = weir_env_text("WEIR_UPLOAD_CONTENT_TYPE", "text/csv"),
        .spec.min_bytes = 1, /* an empty file has no header, and could only fail later */
        .prefix = weir_env_text("WEIR_UPLOAD_PREFIX", WEIR_PRESIGN_PREFIX)};
    return weir_env_int("WEIR_UPLOAD_MAX_BYTES", WEIR_POST_FORM_FILE_MAX_BYTES, 1,
               WEIR_POST_FORM_FILE_MAX_BYTES, &job->spec.max_bytes, err) != 0
               ? -1
               : weir_env_int("WEIR_UPLOAD_EXPIRES_S", WEIR_POST_FORM_EXPIRES_S, 1,
                     WEIR_POST_FORM_EXPIRES_MAX_S, &job->spec.expires_s, err);
}

int weir_presign_job_check(
    const struct weir_presign_job *job, const struct weir_s3_config *s3, struct weir_err *err)
{
    char key[WEIR_S3_KEY_MAX_BYTES + 1];
    struct weir_post_spec spec = job->spec;

    spec.key = key;
    return make_key(job, key, err) != 0 ? -1 : weir_post_form_check(s3, &spec, err);
}

int weir_presign_form(const struct weir_presign_job *job, const struct weir_s3_config *s3,
    int64_t now_s, char key[WEIR_S3_KEY_MAX_BYTES + 1], struct weir_buf *ret, struct weir_err *err)
{
    struct weir_post_spec spec = job->spec;
    struct weir_post_form form = {0};
    int rc = -1;

    spec.key = key;
    if (make_key(job, key, err) == 0 && weir_post_form_new(s3, &spec, now_s, &form, err) == 0 &&
        weir_buf_adds(ret, "{\"message\":\"presigned POST URL generated\",\"data\":", err) == 0 &&
        weir_post_form_json(&form, ret, err) == 0) {
        rc = weir_buf_adds(ret, "}", err);
    }
    weir_post_form_fini(&form);
    return rc;
}
