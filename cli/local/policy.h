#ifndef WEIR_CLI_LOCAL_POLICY_H
#define WEIR_CLI_LOCAL_POLICY_H

#include "aws/sigv4.h"
#include "core/err.h"
#include "core/limits.h"

#include <stddef.h>
#include <stdint.h>

/*
 * S3's side of a presigned POST: whether a form may upload. The same checks in the same order, and
 * the same error codes, as S3: the credential, the signature over the policy, its expiry, each of
 * its conditions, no field that the policy does not speak of; the file's size at its end. Source:
 * the S3 API reference, "POST Policy" and "POST Object".
 */

struct weir_policy_field {
    char *name;
    char *value;
};

struct weir_policy_form {
    const char *bucket; /* of the URL that the form came to */
    const struct weir_policy_field *fields;
    size_t fields_n;
    const char *filename; /* what ${filename} stands for; NULL: none was sent */
};

/* What a form that may upload is allowed to. */
struct weir_policy {
    char key[WEIR_S3_KEY_MAX_BYTES + 1];
    int64_t min_bytes, max_bytes; /* content-length-range; 0 and INT64_MAX without one */
    unsigned success_status;      /* 200, 201 or 204 */
};

/* Why it may not. */
struct weir_policy_refusal {
    unsigned status;  /* HTTP, 4xx; 500 for our own faults */
    const char *code; /* S3's; static */
    char message[WEIR_ERR_MSG_BYTES];
};

/**
 * weir_policy_check: judge a form by all that comes before its file.
 *
 * key    whose forms these are; its region and service are those of the scope
 * now_s  Unix seconds; the caller reads the clock
 *
 * Returns 0 with *ret filled, or -1 with *why filled. Any thread.
 */
int weir_policy_check(const struct weir_sigv4_key *key, const struct weir_policy_form *form,
    int64_t now_s, struct weir_policy *ret, struct weir_policy_refusal *why);

/** weir_policy_refuse: fill *why; always returns -1. code is static. */
int weir_policy_refuse(struct weir_policy_refusal *why, unsigned status, const char *code,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
