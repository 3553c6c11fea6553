#ifndef WEIR_AWS_CONFIG_H
#define WEIR_AWS_CONFIG_H

#include "aws/checksum.h"
#include "aws/s3_headers.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/limits.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Where objects lie and who asks for them: the usual AWS_* variables, read once, and S3's rules
 * for addresses. Strings are owned. Secrets never get into a message.
 */

enum weir_s3_kind {
    WEIR_S3_HTTP, /* S3, at AWS or at the endpoint */
    WEIR_S3_DIR,  /* file:///dir, see dir_store.h */
};

enum weir_s3_style {
    /* AWS: https://bucket.s3.region.amazonaws.com/key, except for names that cannot be a label of
     * a host name under TLS. An endpoint of one's own: as WEIR_S3_PATH, see weir_s3_address. */
    WEIR_S3_AUTO,
    WEIR_S3_PATH,    /* https://endpoint/bucket/key */
    WEIR_S3_VIRTUAL, /* https://bucket.endpoint/key, where the endpoint is a name */
};

struct weir_s3_client;

struct weir_s3_config {
    enum weir_s3_kind kind;
    enum weir_s3_style style;
    char *dir;   /* WEIR_S3_DIR: the folder, absolute, without a slash at its end */
    bool tls;    /* WEIR_S3_HTTP, as all below */
    bool custom; /* the endpoint was named, it is not AWS's default */
    char *host;  /* lower case, with ":port" unless that is the scheme's default */
    char *base;  /* what the endpoint's path begins with: "" or "/x/y" */
    char *region;
    char *access_key;
    char *secret_key;
    char *session_token;              /* NULL: none */
    enum weir_checksum_kind checksum; /* sent with every part, and with the whole object */
    bool verify;                      /* what is read, by the checksum that the server has */
    size_t upload_budget_bytes;       /* memory of one upload; 0: WEIR_S3_UPLOAD_BYTES */
    size_t read_connections;          /* that read one object; 1: its body, as it comes */
    size_t range_bytes;               /* what each of several asks for at a time */
    bool fips, dualstack;             /* which of AWS's own addresses */
    struct weir_s3_headers object;    /* of every object that is written */
    struct weir_s3_client *client;    /* what is learnt on the way (s3_client.h); owned */
};

/**
 * weir_s3_config_env: read the environment.
 *
 * AWS_ENDPOINT_URL_S3, else AWS_ENDPOINT_URL (neither when AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is
 * "true"); AWS_REGION, else AWS_DEFAULT_REGION, else the profile's; credentials
 * (weir_aws_credentials_get, which may wait); AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT;
 * AWS_REQUEST_CHECKSUM_CALCULATION and AWS_RESPONSE_CHECKSUM_VALIDATION ("when_required" turns
 * checksums off, "when_supported" not), WEIR_S3_CHECKSUM (CRC64NVME or CRC32);
 * WEIR_S3_UPLOAD_BUDGET_BYTES; WEIR_S3_READ_CONNECTIONS, WEIR_S3_READ_BUDGET_BYTES;
 * WEIR_S3_ADDRESSING_STYLE ("auto", "path", "virtual": enum weir_s3_style); what is said of every
 * object (weir_s3_headers_env), and how patient to be (weir_s3_client_env, weir_http_env). A flag
 * is "true" or "false". An empty variable is as one that is not there. Region and keys are required
 * unless the endpoint is a folder.
 *
 * Returns 0 with *ret filled (weir_s3_config_fini), or -1 with *err set and *ret empty:
 * WEIR_E_CONFIG naming the variable, never its value when that is a secret; WEIR_E_NOMEM.
 */
int weir_s3_config_env(struct weir_s3_config *ret, struct weir_err *err);

/**
 * weir_s3_config_env_by: the same for work that is to end by deadline_mono_ms (CLOCK_MONOTONIC):
 * the wait for credentials ends then (WEIR_E_DEADLINE), no request begins at or after it, and no
 * pause before one reaches over it. What undoes things has bounds of its own.
 */
int weir_s3_config_env_by(
    struct weir_s3_config *ret, int64_t deadline_mono_ms, struct weir_err *err);

/** weir_s3_config_check: is the environment good? For an init, so that a bad setting is told there
 *  and not with every event. 0, or -1 with *err set. */
int weir_s3_config_check(struct weir_err *err);

/** weir_s3_config_fini: release the strings, wiping the secrets. An empty one is a no-op. */
void weir_s3_config_fini(struct weir_s3_config *cfg);

/** weir_s3_config_retries: how many requests were sent again so far. */
uint64_t weir_s3_config_retries(const struct weir_s3_config *cfg);

/** weir_s3_is_region: could it be the name of a region? */
bool weir_s3_is_region(const char *s);

/**
 * weir_aws_region: AWS_REGION, else AWS_DEFAULT_REGION, else the profile's.
 *
 * Returns 0 with *ret set (the caller frees it), or -1 with *err set and *ret NULL: WEIR_E_CONFIG,
 * WEIR_E_NOMEM.
 */
int weir_aws_region(char **ret, struct weir_err *err);

#define WEIR_S3_AWS_HOST_BYTES 128

/** weir_s3_aws_host: AWS's own host for S3 in a region (weir_s3_is_region). */
void weir_s3_aws_host(
    const struct weir_s3_config *cfg, const char *region, char host[WEIR_S3_AWS_HOST_BYTES]);

/** weir_s3_bucket_check: 0, or -1 with *err set to WEIR_E_CONFIG saying what is wrong. */
int weir_s3_bucket_check(const char *bucket, struct weir_err *err);

/** weir_s3_key_check: the same for a key: 1..1024 bytes of UTF-8. A NUL ends it: who decodes
 *  keys has to refuse one. */
int weir_s3_key_check(const char *key, struct weir_err *err);

/* Where a request for an object (or, with key NULL, for its bucket) goes. */
struct weir_s3_address {
    struct weir_buf host; /* as text: the Host header, and what is connected to */
    struct weir_buf path; /* as text: encoded; starts with '/' */
};

/**
 * weir_s3_address: apply the rules of enum weir_s3_style.
 *
 * Returns 0 with *ret filled (weir_s3_address_fini), or -1 with *err set: WEIR_E_LIMIT,
 * WEIR_E_NOMEM. Bucket and key must have been checked.
 */
int weir_s3_address(const struct weir_s3_config *cfg, const char *bucket, const char *key,
    struct weir_s3_address *ret, struct weir_err *err);

/** weir_s3_address_fini: release it. */
void weir_s3_address_fini(struct weir_s3_address *address);

#define WEIR_S3_NAME_BYTES 176

/**
 * weir_s3_name: "s3://bucket/key" for messages: control characters as %XX, so that a message stays
 * one line; the front of a key that is too long is left out ("s3://bucket/...end").
 *
 * Returns to.
 */
const char *weir_s3_name(char to[WEIR_S3_NAME_BYTES], const char *bucket, const char *key);

#endif
