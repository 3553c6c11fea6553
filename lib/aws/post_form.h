#ifndef WEIR_AWS_POST_FORM_H
#define WEIR_AWS_POST_FORM_H

#include "aws/config.h"
#include "core/buf.h"
#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Presigned POST: a form with which somebody without credentials uploads one file to S3. The form
 * carries a policy, base64 of a JSON document with what must be true of every field, and the
 * policy's signature. Fields and policy are those of the JavaScript SDK's createPresignedPost, byte
 * for byte. Source: the S3 API reference, "Browser-Based Uploads Using POST" and "POST Policy".
 */

/* Fields: Content-Type, bucket, X-Amz-Algorithm, X-Amz-Credential, X-Amz-Date,
 * X-Amz-Security-Token, key, Policy, X-Amz-Signature. */
#define WEIR_POST_FIELDS 9

/* What may be uploaded. Strings are borrowed during the call. */
struct weir_post_spec {
    const char *bucket;
    /* The object's key, exactly; or, when it ends in "${filename}", anything that begins with what
     * stands before that (S3 puts the uploaded file's name there). */
    const char *key;
    const char *content_type; /* the form's Content-Type field, exactly this; NULL: no such field */
    int64_t min_bytes;        /* of the file: 0 <= min <= max <= WEIR_POST_FORM_FILE_MAX_BYTES */
    int64_t max_bytes;
    int64_t expires_s; /* from now: 1..WEIR_POST_FORM_EXPIRES_MAX_S; temporary credentials end it
                        * earlier */
};

struct weir_post_field {
    const char *name; /* static */
    char *value;
};

/* The form: POST it as multipart/form-data to the URL, the fields first, "file" last. */
struct weir_post_form {
    char *url;
    struct weir_post_field fields[WEIR_POST_FIELDS];
    size_t fields_n;
};

/**
 * weir_post_form_check: whether there can be such a form; costs nothing, so that a function can
 * tell its settings' faults while it starts.
 *
 * Returns 0, or -1 with *err set to WEIR_E_CONFIG: a bucket, key, content type, size or time that
 * cannot be; a store that is a folder. Any thread.
 */
int weir_post_form_check(
    const struct weir_s3_config *cfg, const struct weir_post_spec *spec, struct weir_err *err);

/**
 * weir_post_form_new: make a form and sign it with the configuration's keys.
 *
 * cfg    kind WEIR_S3_HTTP: where the form goes to (the bucket's address) and who signs
 * now_s  Unix seconds; the caller reads the clock
 *
 * Returns 0 with *ret filled (weir_post_form_fini), or -1 with *err set and *ret untouched:
 * what weir_post_form_check says, WEIR_E_LIMIT (more than WEIR_POST_FORM_MAX_BYTES), WEIR_E_NOMEM.
 * Any thread.
 */
int weir_post_form_new(const struct weir_s3_config *cfg, const struct weir_post_spec *spec,
    int64_t now_s, struct weir_post_form *ret, struct weir_err *err);

/** weir_post_form_fini: release it; a zeroed one is a no-op. */
void weir_post_form_fini(struct weir_post_form *form);

/** weir_post_form_json: append {"url":"...","fields":{...}}, as createPresignedPost returns it.
 *  Returns 0, or -1 with *err set as weir_buf_add does. */
int weir_post_form_json(
    const struct weir_post_form *form, struct weir_buf *to, struct weir_err *err);

#endif
