#ifndef WEIR_CLI_LOCAL_PRESIGN_H
#define WEIR_CLI_LOCAL_PRESIGN_H

#include "aws/sigv4.h"
#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A request for a form. */
struct weir_local_presign {
    const char *host; /* that was asked: "127.0.0.1:9100" */
    const char *bucket, *prefix;
    /* The form goes to that host, signed with this; NULL: to S3, as the environment has it. */
    const struct weir_sigv4_key *key;
    const char *body; /* of the request, NUL-terminated; NULL: none */
    size_t body_len;
    bool quiet;
};

/**
 * weir_local_presign_env: what the user's settings ("K=V") say of forms, WEIR_UPLOAD_*, becomes
 * this process's own. Before there are threads.
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG (weir_function_env_check; no settings for a form),
 * WEIR_E_NOMEM.
 */
int weir_local_presign_env(const char *const *env, size_t n, struct weir_err *err);

/**
 * weir_local_presign: what the presign handler would answer.
 *
 * status  receives the HTTP status
 * ret     the body is appended
 *
 * Returns 0, or -1 with *err set: weir_presign_form's errors, and the S3 settings'.
 */
int weir_local_presign(const struct weir_local_presign *request, unsigned *status,
    struct weir_buf *ret, struct weir_err *err);

#endif
