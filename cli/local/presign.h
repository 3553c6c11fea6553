#ifndef WEIR_CLI_LOCAL_PRESIGN_H
#define WEIR_CLI_LOCAL_PRESIGN_H

#include "aws/sigv4.h"
#include "core/buf.h"
#include "core/err.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>

/* A request for a form, for the presign handler: the one that is deployed, called in this process.
 * What it reads from the environment is there while it is called, and not after. */
struct weir_local_presign {
    struct weir_loop *loop;
    const char *host; /* that was asked: "127.0.0.1:9100" */
    const char *bucket, *prefix;
    /* The form goes to that host, signed with this; NULL: to S3, as the environment has it */
    const struct weir_sigv4_key *key;
    const char *const *env; /* "K=V": the user's settings */
    size_t env_n;
    const char *body; /* of the request; NULL: none */
    bool quiet;
};

/**
 * weir_local_presign: the handler's answer.
 *
 * status  receives its HTTP status
 * ret     its body is appended
 *
 * Returns 0, or -1 with *err set: the handler's errors.
 */
int weir_local_presign(const struct weir_local_presign *request, unsigned *status,
    struct weir_buf *ret, struct weir_err *err);

#endif
