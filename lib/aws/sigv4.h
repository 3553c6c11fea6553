#ifndef WEIR_AWS_SIGV4_H
#define WEIR_AWS_SIGV4_H

#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * AWS Signature Version 4 in the Authorization header, as S3 wants it: the path is taken as it goes
 * on the wire (encoded once, nothing normalised). The signer reads no clock and keeps no state.
 * Source: the S3 API reference, "Authenticating Requests: Using the Authorization Header".
 */

#define WEIR_SHA256_HEX_BYTES 65 /* 64 digits and the NUL */
#define WEIR_SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

/* A header, or a query parameter that is not encoded yet. */
struct weir_sigv4_pair {
    const char *name;
    const char *value;
};

struct weir_sigv4_key {
    const char *access_key;
    const char *secret_key;
    const char *session_token; /* NULL: none */
    const char *region;
    const char *service; /* "s3" */
};

struct weir_sigv4_request {
    const char *method;
    const char *path; /* encoded, from the first '/' */
    const struct weir_sigv4_pair *query;
    size_t query_n;
    /* All headers to sign, "host" among them. Those that the signer makes (below) must not be
     * there. */
    const struct weir_sigv4_pair *headers;
    size_t headers_n;
    const char *payload_hash; /* weir_sha256_hex of the body, or WEIR_SIGV4_UNSIGNED */
    bool hash_header;         /* x-amz-content-sha256 is sent and signed: S3 requires it */
};

/* What to send besides the headers that were given, and besides key->session_token as
 * x-amz-security-token and payload_hash as x-amz-content-sha256, which are signed too. */
struct weir_sigv4 {
    char date[17]; /* x-amz-date */
    char authorization[2048];
};

/**
 * weir_sigv4_sign: sign a request.
 *
 * now_s  Unix seconds; the caller reads the clock
 *
 * Returns 0 with *ret filled, or -1 with *err set: WEIR_E_LIMIT (more than WEIR_SIGV4_PAIRS_MAX
 * headers or parameters, or a text beyond its ceiling), WEIR_E_NOMEM. Any thread.
 */
int weir_sigv4_sign(const struct weir_sigv4_key *key, const struct weir_sigv4_request *request,
    int64_t now_s, struct weir_sigv4 *ret, struct weir_err *err);

/**
 * weir_sigv4_date: a time as signatures carry it, "YYYYMMDDThhmmssZ"; its first eight characters
 * are the day of the scope.
 *
 * Returns 0, or -1 with *err set to WEIR_E_LIMIT: a year that does not have four digits.
 */
int weir_sigv4_date(int64_t now_s, char date[17], struct weir_err *err);

/**
 * weir_sigv4_query: append the query string, without '?', in the order and encoding that is
 * signed; the same bytes go on the wire. A parameter without a value ends in '='.
 *
 * Returns 0, or -1 with *err set.
 */
int weir_sigv4_query(
    struct weir_buf *to, const struct weir_sigv4_pair *query, size_t query_n, struct weir_err *err);

/**
 * weir_sigv4_text: the signature of a text in a day's scope: of the string to sign of a request,
 * or of the base64 of a POST policy.
 *
 * day  "YYYYMMDD"
 *
 * Returns 0 with hex filled, or -1 with *err set: WEIR_E_CONFIG (a secret key too long),
 * WEIR_E_NOMEM.
 */
int weir_sigv4_text(const struct weir_sigv4_key *key, const char *day, const void *p, size_t n,
    char hex[WEIR_SHA256_HEX_BYTES], struct weir_err *err);

/** weir_sha256_hex: SHA-256 of n bytes as lower-case digits. Returns 0, or -1 (WEIR_E_NOMEM). */
int weir_sha256_hex(const void *p, size_t n, char hex[WEIR_SHA256_HEX_BYTES], struct weir_err *err);

#endif
