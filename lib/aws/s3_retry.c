#include "aws/s3_retry.h"

#include "core/limits.h"

#include <curl/curl.h>
#include <stddef.h>
#include <string.h>

/* The one table. A code decides where there is one that is known; else the status does. Sources:
 * the S3 API's list of error codes, and the standard retry mode of the AWS SDKs. */
static const struct {
    const char *code;
    enum weir_s3_fault fault;
} codes[] = {
    {"InternalError", WEIR_S3_TRANSIENT},
    {"InternalFailure", WEIR_S3_TRANSIENT},
    {"RequestTimeout", WEIR_S3_TRANSIENT}, /* a 400: the body was not read in time */
    {"RequestTimeoutException", WEIR_S3_TRANSIENT},
    {"OperationAborted", WEIR_S3_TRANSIENT}, /* a 409: somebody else is at the same resource */
    {"BadDigest", WEIR_S3_TRANSIENT},        /* a body that was damaged on its way */
    {"XAmzContentChecksumMismatch", WEIR_S3_TRANSIENT},
    {"XAmzContentSHA256Mismatch", WEIR_S3_TRANSIENT},
    {"IncompleteBody", WEIR_S3_TRANSIENT},
    {"SlowDown", WEIR_S3_THROTTLED},
    {"ServiceUnavailable", WEIR_S3_THROTTLED},
    {"Throttling", WEIR_S3_THROTTLED},
    {"ThrottlingException", WEIR_S3_THROTTLED},
    {"ThrottledException", WEIR_S3_THROTTLED},
    {"RequestThrottled", WEIR_S3_THROTTLED},
    {"RequestThrottledException", WEIR_S3_THROTTLED},
    {"TooManyRequests", WEIR_S3_THROTTLED},
    {"TooManyRequestsException", WEIR_S3_THROTTLED},
    {"RequestLimitExceeded", WEIR_S3_THROTTLED},
    {"BandwidthLimitExceeded", WEIR_S3_THROTTLED},
    {"RequestTimeTooSkewed", WEIR_S3_SKEWED},
    {"RequestExpired", WEIR_S3_SKEWED},
    {"RequestInTheFuture", WEIR_S3_SKEWED},
    {"PermanentRedirect", WEIR_S3_REGION},
    {"TemporaryRedirect", WEIR_S3_REGION},
    {"Redirect", WEIR_S3_REGION},
    {"AuthorizationHeaderMalformed", WEIR_S3_REGION},
    {"IllegalLocationConstraintException", WEIR_S3_REGION},
    {"ExpiredToken", WEIR_S3_EXPIRED},
    {"ExpiredTokenException", WEIR_S3_EXPIRED},
    {"TokenRefreshRequired", WEIR_S3_EXPIRED},
    /* What a 5xx may carry and yet does not pass. */
    {"NotImplemented", WEIR_S3_FATAL},
};

static const struct {
    long status;
    enum weir_s3_fault fault;
} statuses[] = {
    {301, WEIR_S3_REGION},
    {302, WEIR_S3_REGION},
    {307, WEIR_S3_REGION},
    {408, WEIR_S3_TRANSIENT},
    {429, WEIR_S3_THROTTLED},
    {500, WEIR_S3_TRANSIENT},
    {502, WEIR_S3_TRANSIENT},
    {503, WEIR_S3_TRANSIENT}, /* without a word of S3's: a proxy's, or a server that starts */
    {504, WEIR_S3_TRANSIENT},
};

static enum weir_s3_fault of_error(const struct weir_err *err)
{
    switch (err->code) {
    case WEIR_E_DEADLINE: /* the request's own limit */
        return WEIR_S3_TIMEOUT;
    case WEIR_E_NET:
        break;
    default:
        return WEIR_S3_FATAL;
    }
    switch (err->detail) {
    case CURLE_OPERATION_TIMEDOUT:
        return WEIR_S3_TIMEOUT;
    case CURLE_PEER_FAILED_VERIFICATION: /* whoever that is, it is not S3 */
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CIPHER:
        return WEIR_S3_FATAL;
    default:
        return WEIR_S3_TRANSIENT;
    }
}

enum weir_s3_fault weir_s3_classify(long status, const char *code, const struct weir_err *err)
{
    if (status == 0) {
        return of_error(err);
    }
    for (size_t i = 0; code != NULL && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(code, codes[i].code) == 0) {
            return codes[i].fault;
        }
    }
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (status == statuses[i].status) {
            return statuses[i].fault;
        }
    }
    return status / 100 == 2 ? WEIR_S3_FINE : WEIR_S3_FATAL;
}

void weir_s3_quota_init(struct weir_s3_quota *quota, uint64_t seed)
{
    *quota = (struct weir_s3_quota){.tokens = WEIR_S3_QUOTA_TOKENS, .random = seed};
}

/* SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to spread pauses. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool once(bool *done)
{
    bool first = !*done;

    *done = true;
    return first;
}

static int64_t pause_of(
    const struct weir_s3_patience *patience, int failures, struct weir_s3_quota *quota)
{
    int64_t most = patience->base_ms;

    for (int i = 1; i < failures && most < patience->max_ms; i++) {
        most *= 2;
    }
    most = most < patience->max_ms ? most : patience->max_ms;
    return most > 0 ? (int64_t)(next_random(&quota->random) % ((uint64_t)most + 1)) : 0;
}

int64_t weir_s3_retry_pause(struct weir_s3_retry *retry, struct weir_s3_quota *quota,
    const struct weir_s3_patience *patience, enum weir_s3_fault fault, int64_t after_ms,
    int64_t now_mono_ms)
{
    switch (fault) {
    case WEIR_S3_FINE:
    case WEIR_S3_FATAL:
        return -1;
    case WEIR_S3_SKEWED:
        return once(&retry->skew_learnt) && now_mono_ms < patience->until_mono_ms ? 0 : -1;
    case WEIR_S3_REGION:
        return once(&retry->region_learnt) && now_mono_ms < patience->until_mono_ms ? 0 : -1;
    case WEIR_S3_EXPIRED:
        return once(&retry->credentials_read) && now_mono_ms < patience->until_mono_ms ? 0 : -1;
    case WEIR_S3_TRANSIENT:
    case WEIR_S3_TIMEOUT:
    case WEIR_S3_THROTTLED:
        break;
    }
    int cost = fault == WEIR_S3_TIMEOUT ? WEIR_S3_TIMEOUT_TOKENS : WEIR_S3_RETRY_TOKENS;
    retry->attempts++;
    if ((patience->attempts > 0 && retry->attempts >= patience->attempts) ||
        (!patience->unmetered && quota->tokens < cost)) {
        return -1;
    }
    int64_t pause_ms = pause_of(patience, retry->attempts, quota);
    if (after_ms > pause_ms) {
        int64_t most = pause_ms + WEIR_S3_RETRY_AFTER_MAX_MS;
        pause_ms = after_ms < most ? after_ms : most;
    }
    /* A pause that leaves no time for the attempt is of no use to anybody. Who has nothing but time
     * uses up half of what is left. */
    int64_t left_ms = patience->until_mono_ms - now_mono_ms;
    if (patience->attempts == 0 && pause_ms > left_ms / 2 && left_ms >= patience->base_ms / 2) {
        pause_ms = left_ms / 2;
    }
    if (pause_ms >= left_ms) {
        return -1;
    }
    retry->paid = patience->unmetered ? 0 : cost;
    quota->tokens -= retry->paid;
    return pause_ms;
}

void weir_s3_retry_success(struct weir_s3_retry *retry, struct weir_s3_quota *quota)
{
    quota->tokens += retry->attempts > 0 ? retry->paid : 1;
    if (quota->tokens > WEIR_S3_QUOTA_TOKENS) {
        quota->tokens = WEIR_S3_QUOTA_TOKENS;
    }
    retry->attempts = 0;
    retry->paid = 0;
}
