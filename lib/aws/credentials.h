#ifndef WEIR_AWS_CREDENTIALS_H
#define WEIR_AWS_CREDENTIALS_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Who asks: a key that AWS knows, from the first of these that has one, as the AWS SDKs look:
 *
 *  1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *  2. the profile AWS_PROFILE (else "default") of ~/.aws/credentials and ~/.aws/config
 *     (AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE): a static key, or what the program named by
 *     credential_process says
 *  3. a container's endpoint: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI, with
 *     AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN
 *
 * Sources: AWS SDKs and Tools Reference Guide, "Process credential provider" and "Container
 * credential provider".
 */
struct weir_aws_credentials {
    char *access_key, *secret_key;
    char *session_token;     /* NULL: none */
    int64_t expires_unix_ms; /* INT64_MAX: never */
};

/**
 * weir_aws_credentials_get: look for them.
 *
 * Reads files, starts a program or asks the container's endpoint, each on a loop of its own, and
 * waits: for milliseconds, WEIR_AWS_CREDENTIALS_MS at most, and no longer than until until_mono_ms
 * (CLOCK_MONOTONIC; INT64_MAX: no such bound). A signal that the process watches ends the wait, too
 * (weir_signals_join). Not from inside a loop's callback.
 *
 * Returns 0 with *ret filled (weir_aws_credentials_fini), or -1 with *err set and *ret empty:
 * WEIR_E_CONFIG naming the variable, file or program, never a value; WEIR_E_NET or WEIR_E_REMOTE
 * from the endpoint, WEIR_E_PROGRAM, WEIR_E_DEADLINE, WEIR_E_CANCEL, WEIR_E_NOMEM.
 */
int weir_aws_credentials_get(
    struct weir_aws_credentials *ret, int64_t until_mono_ms, struct weir_err *err);

/** weir_aws_credentials_fini: release them, wiped; empty ones are a no-op. */
void weir_aws_credentials_fini(struct weir_aws_credentials *credentials);

/** weir_aws_credentials_due: do they end within WEIR_AWS_CREDENTIALS_EARLY_MS? */
bool weir_aws_credentials_due(const struct weir_aws_credentials *credentials, int64_t now_unix_ms);

/** weir_aws_profile_region: the region of the profile, which the caller frees; NULL: it has none.
 *  Returns 0, or -1 with *err set: a file that cannot be read, AWS_PROFILE names none. */
int weir_aws_profile_region(char **ret, struct weir_err *err);

#endif
