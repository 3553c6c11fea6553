#ifndef WEIR_AWS_S3_RETRY_H
#define WEIR_AWS_S3_RETRY_H

#include "core/err.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * When is a failed request sent again, and when? The "standard" retry mode of the AWS SDKs: three
 * attempts, a quota of tokens that all requests share, full jitter. One table classifies every
 * answer that S3 has for an error. Nothing here reads a clock, sends anything or allocates.
 */

enum weir_s3_fault {
    WEIR_S3_FINE,
    WEIR_S3_TRANSIENT, /* it may well succeed in a moment */
    WEIR_S3_TIMEOUT,   /* the same, but the server was not heard of: a retry costs more */
    WEIR_S3_THROTTLED, /* too many requests */
    WEIR_S3_SKEWED,    /* our clock is wrong: learn the server's, sign again */
    WEIR_S3_REGION,    /* the bucket lies elsewhere: sign for that region */
    WEIR_S3_EXPIRED,   /* the credentials are of yesterday: read them again */
    WEIR_S3_FATAL,     /* the same request would fail again */
};

/**
 * weir_s3_classify: what an answer, or the lack of one, means.
 *
 * status  the HTTP status; 0: no answer, *err says why
 * code    the <Code> of the error; NULL or "": none (an answer to HEAD has none)
 */
enum weir_s3_fault weir_s3_classify(long status, const char *code, const struct weir_err *err);

/* What all requests share: one server's patience with us. */
struct weir_s3_quota {
    int tokens;
    uint64_t random; /* the jitter's state; any value. The same seed gives the same pauses */
};

/** weir_s3_quota_init: a full quota. */
void weir_s3_quota_init(struct weir_s3_quota *quota, uint64_t seed);

/* How patient somebody is. */
struct weir_s3_patience {
    int attempts;          /* the first one included; 0: as many as the time allows */
    int64_t base_ms;       /* pause number n is anything from 0 to base_ms * 2^(n-1), ... */
    int64_t max_ms;        /* ... or to max_ms */
    int64_t until_mono_ms; /* no attempt begins at or after it; INT64_MAX: no such bound */
    bool unmetered;        /* takes no tokens: what must be done whatever else has failed */
};

/* The history of one request; zeroed, it has none. */
struct weir_s3_retry {
    int attempts;                                      /* that have failed in a row and count */
    int paid;                                          /* tokens that the last retry has cost */
    bool skew_learnt, region_learnt, credentials_read; /* each is mended once */
};

/**
 * weir_s3_retry_pause: may the request be sent again?
 *
 * after_ms  the server's x-amz-retry-after; -1: none. It lengthens the pause, by 5 s at most
 * now_mono_ms  CLOCK_MONOTONIC
 *
 * Returns the milliseconds to wait before, or -1: it has failed for good.
 */
int64_t weir_s3_retry_pause(struct weir_s3_retry *retry, struct weir_s3_quota *quota,
    const struct weir_s3_patience *patience, enum weir_s3_fault fault, int64_t after_ms,
    int64_t now_mono_ms);

/** weir_s3_retry_success: it succeeded (or moved on): what it paid goes back to the quota, and its
 *  attempts are counted anew. */
void weir_s3_retry_success(struct weir_s3_retry *retry, struct weir_s3_quota *quota);

#endif
