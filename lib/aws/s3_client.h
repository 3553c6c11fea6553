#ifndef WEIR_AWS_S3_CLIENT_H
#define WEIR_AWS_S3_CLIENT_H

#include "aws/credentials.h"
#include "aws/s3_retry.h"
#include "core/err.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What is learnt while talking to S3, and shared by all requests of one configuration: how much
 * patience is left, how far the two clocks are apart, where buckets lie, and the credentials when
 * they had to be read anew. A struct weir_s3_config owns one. Loop thread only.
 */
struct weir_s3_client {
    struct weir_s3_quota quota;
    struct weir_s3_patience patience; /* of every request that has none of its own */
    uint64_t retries;                 /* requests that were sent again */
    int64_t skew_ms;                  /* the server's clock less ours */
    struct {
        char *bucket, *region;
    } regions[WEIR_S3_REGIONS_MAX];
    size_t region_next; /* which one is forgotten next */
    struct weir_aws_credentials
        renewed;             /* in place of the configuration's; empty: those are good */
    int64_t expires_unix_ms; /* of those in use; INT64_MAX: never */
    int64_t look_again_unix_ms;
    uint64_t looks; /* how often they were looked for, in vain too */
};

/**
 * weir_s3_client_env: a client with the environment's retry settings.
 *
 * AWS_MAX_ATTEMPTS (1..WEIR_S3_ATTEMPTS_MAX), WEIR_S3_RETRY_BASE_MS (the first pause at most),
 * WEIR_S3_RETRY_SEED (of the jitter: the same seed, the same pauses).
 *
 * Returns it (weir_s3_client_free), or NULL with *err set: WEIR_E_CONFIG naming the variable,
 * WEIR_E_NOMEM.
 */
struct weir_s3_client *weir_s3_client_env(struct weir_err *err);

/** weir_s3_client_free: release it. Accepts NULL. */
void weir_s3_client_free(struct weir_s3_client *client);

/**
 * weir_s3_client_renew: look for the credentials again, when they are due, or were refused.
 *
 * Waits as weir_aws_credentials_get does, until until_mono_ms at most. What fails is no failure
 * while those in use are good. Returns 0, or -1 with *err set.
 */
int weir_s3_client_renew(struct weir_s3_client *client, int64_t now_unix_ms, int64_t until_mono_ms,
    bool refused, struct weir_err *err);

/** weir_s3_client_region: the region that was learnt for a bucket, or NULL. Owned by the client. */
const char *weir_s3_client_region(const struct weir_s3_client *client, const char *bucket);

/** weir_s3_client_learn_region: keep it; both are copied. 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_s3_client_learn_region(
    struct weir_s3_client *client, const char *bucket, const char *region, struct weir_err *err);

#endif
