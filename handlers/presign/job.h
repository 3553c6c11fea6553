#ifndef WEIR_HANDLERS_PRESIGN_JOB_H
#define WEIR_HANDLERS_PRESIGN_JOB_H

#include "aws/config.h"
#include "aws/post_form.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/limits.h"

#include <stdint.h>

/* What is asked for, at every door. */
#define WEIR_PRESIGN_ROUTE "/batch/generate-presigned-url"
#define WEIR_PRESIGN_PREFIX "uploads/" /* unless something else is set */

/* What forms allow. Texts are borrowed. */
struct weir_presign_job {
    struct weir_post_spec spec; /* all but the key */
    const char *prefix;         /* of keys: PREFIX<uuid>.csv */
};

/**
 * weir_presign_job_env: a job as the environment has it (WEIR_UPLOAD_*; README.md), but for its
 * bucket. The texts are the environment's.
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG naming the variable.
 */
int weir_presign_job_env(struct weir_presign_job *job, struct weir_err *err);

/** weir_presign_job_check: whether there can be such forms (weir_post_form_check). Returns 0, or -1
 *  with *err set. */
int weir_presign_job_check(
    const struct weir_presign_job *job, const struct weir_s3_config *s3, struct weir_err *err);

/**
 * weir_presign_form: a form for a new key.
 *
 * s3     where it goes to, and whose keys sign it
 * now_s  Unix seconds
 * key    receives the key
 * ret    {"message":"presigned POST URL generated","data":{"url":...,"fields":{...}}} is appended
 *
 * Returns 0, or -1 with *err set: weir_post_form_new's and weir_buf_add's errors. Any thread.
 */
int weir_presign_form(const struct weir_presign_job *job, const struct weir_s3_config *s3,
    int64_t now_s, char key[WEIR_S3_KEY_MAX_BYTES + 1], struct weir_buf *ret, struct weir_err *err);

#endif
