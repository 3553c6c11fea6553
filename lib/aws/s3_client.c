#include "aws/s3_client.h"

#include "core/clock.h"
#include "core/env.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct weir_s3_client *weir_s3_client_env(struct weir_err *err)
{
    struct weir_s3_client *client = calloc(1, sizeof *client);
    int64_t attempts, base_ms;
    /* Many functions that were throttled together must not come back together. */
    int64_t seed = (weir_clock_unix_ms() << 20) ^ getpid();

    if (client == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
        return NULL;
    }
    if (weir_env_int(
            "AWS_MAX_ATTEMPTS", WEIR_S3_ATTEMPTS, 1, WEIR_S3_ATTEMPTS_MAX, &attempts, err) != 0 ||
        weir_env_int("WEIR_S3_RETRY_BASE_MS", WEIR_S3_RETRY_PAUSE_MS, 0, WEIR_S3_RETRY_PAUSE_MAX_MS,
            &base_ms, err) != 0 ||
        weir_env_int("WEIR_S3_RETRY_SEED", seed, 0, INT64_MAX, &seed, err) != 0) {
        weir_s3_client_free(client);
        return NULL;
    }
    client->expires_unix_ms = INT64_MAX;
    weir_s3_quota_init(&client->quota, (uint64_t)seed);
    client->patience = (struct weir_s3_patience){.attempts = (int)attempts,
        .base_ms = base_ms,
        .max_ms = WEIR_S3_RETRY_PAUSE_MAX_MS,
        .until_mono_ms = INT64_MAX};
    return client;
}

static void forget_region(struct weir_s3_client *client, size_t i)
{
    free(client->regions[i].bucket);
    free(client->regions[i].region);
    client->regions[i].bucket = NULL;
    client->regions[i].region = NULL;
}

void weir_s3_client_free(struct weir_s3_client *client)
{
    if (client == NULL) {
        return;
    }
    for (size_t i = 0; i < WEIR_S3_REGIONS_MAX; i++) {
        forget_region(client, i);
    }
    weir_aws_credentials_fini(&client->renewed);
    free(client);
}

static size_t find_region(const struct weir_s3_client *client, const char *bucket)
{
    size_t i = 0;

    while (i < WEIR_S3_REGIONS_MAX &&
           (client->regions[i].bucket == NULL || strcmp(client->regions[i].bucket, bucket) != 0)) {
        i++;
    }
    return i;
}

const char *weir_s3_client_region(const struct weir_s3_client *client, const char *bucket)
{
    size_t i = find_region(client, bucket);

    return i < WEIR_S3_REGIONS_MAX ? client->regions[i].region : NULL;
}

int weir_s3_client_learn_region(
    struct weir_s3_client *client, const char *bucket, const char *region, struct weir_err *err)
{
    size_t i = find_region(client, bucket);
    char *b = strdup(bucket), *r = strdup(region);

    if (b == NULL || r == NULL) {
        free(b);
        free(r);
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    if (i == WEIR_S3_REGIONS_MAX) {
        i = client->region_next;
        client->region_next = (i + 1) % (size_t)WEIR_S3_REGIONS_MAX;
    }
    forget_region(client, i);
    client->regions[i].bucket = b; /* the client's now */
    client->regions[i].region = r;
    return 0;
}

int weir_s3_client_renew(struct weir_s3_client *client, int64_t now_unix_ms, int64_t until_mono_ms,
    bool refused, struct weir_err *err)
{
    struct weir_aws_credentials c = {.expires_unix_ms = client->expires_unix_ms};
    struct weir_err why = {0};

    if (!refused &&
        (!weir_aws_credentials_due(&c, now_unix_ms) || now_unix_ms < client->look_again_unix_ms)) {
        return 0;
    }
    client->look_again_unix_ms = now_unix_ms + WEIR_AWS_CREDENTIALS_AGAIN_MS;
    client->looks++;
    if (weir_aws_credentials_get(&c, until_mono_ms, &why) != 0) {
        if (!refused && now_unix_ms < client->expires_unix_ms) {
            return 0; /* they are good still */
        }
        return weir_err_keep(err, &why);
    }
    weir_aws_credentials_fini(&client->renewed);
    client->renewed = c; /* the client's now */
    client->expires_unix_ms = c.expires_unix_ms;
    return 0;
}
