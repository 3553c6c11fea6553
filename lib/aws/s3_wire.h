#ifndef WEIR_AWS_S3_WIRE_H
#define WEIR_AWS_S3_WIRE_H

#include "aws/config.h"
#include "aws/sigv4.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/limits.h"
#include "net/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct weir_s3_patience;

/* What is asked of S3. */
struct weir_s3_request {
    const char *method;
    const char *bucket;
    const char *key; /* NULL: the bucket itself */
    const struct weir_sigv4_pair *query;
    size_t query_n;
    const struct weir_sigv4_pair *headers; /* besides Host and what the signer makes */
    size_t headers_n;
    const uint8_t *body; /* NULL: none */
    size_t body_len;
    const char *body_hash; /* SHA-256 in hex, when it is known; NULL: computed, where it is sent */
    long timeout_ms;       /* of one attempt; 0: none */
    long stall_ms;
    bool fresh; /* on a connection of its own: nobody but us may send it again */

    /* How it is retried, and what its answer is (s3_call.h) */
    bool once;          /* not while it is not known whether it was done: weir_s3_call_again */
    bool stream;        /* the body of a 200 or 206 is pulled by the caller */
    const char *result; /* the root of a 200's body; NULL: any. S3 may say 200 and then fail */
    const struct weir_s3_patience *patience; /* NULL: the configuration's */
};

/* A request as it goes on the wire. Points into itself: not to be copied. */
struct weir_s3_wire {
    struct weir_buf url; /* as text */
    struct weir_sigv4 signature;
    char hash[WEIR_SHA256_HEX_BYTES];
    struct weir_http_header headers[WEIR_S3_HEADERS_MAX + 4];
    struct weir_http_request http; /* without callbacks */
};

/**
 * weir_s3_wire_init: address and sign a request, for the region that the bucket is known to be in.
 *
 * The payload is signed over plain HTTP; over TLS it is UNSIGNED-PAYLOAD: TLS keeps it whole on the
 * way, and hashing it a second time would cost as much as all of TLS.
 *
 * now_s  Unix seconds by the server's clock; the caller reads the clock
 *
 * Returns 0 with *wire filled (weir_s3_wire_fini; it borrows all that request points to), or -1
 * with *err set: WEIR_E_LIMIT, WEIR_E_NOMEM, WEIR_E_CONFIG.
 */
int weir_s3_wire_init(struct weir_s3_wire *wire, const struct weir_s3_config *cfg,
    const struct weir_s3_request *request, int64_t now_s, struct weir_err *err);

#define WEIR_S3_MATCH_BYTES (WEIR_S3_ETAG_MAX_BYTES + 3)

/** weir_s3_if_match: an ETag as If-Match has it; an event has it without its quotes. Returns 0, or
 *  -1 with *err set: WEIR_E_CONFIG (it is too long). */
int weir_s3_if_match(const char *etag, char to[WEIR_S3_MATCH_BYTES], struct weir_err *err);

/** weir_s3_etag_bare: the other way round: without its quotes, as events have it; "" for one that
 * is weak, or too long, or NULL. */
void weir_s3_etag_bare(const char *etag, char to[WEIR_S3_ETAG_MAX_BYTES + 1]);

/** weir_s3_wire_fini: release it. */
void weir_s3_wire_fini(struct weir_s3_wire *wire);

#endif
