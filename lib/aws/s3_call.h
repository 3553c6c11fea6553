#ifndef WEIR_AWS_S3_CALL_H
#define WEIR_AWS_S3_CALL_H

#include "aws/config.h"
#include "aws/sigv4.h"
#include "core/buf.h"
#include "core/err.h"
#include "net/http.h"
#include "net/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One signed request to S3, and the words for its refusal. The source and the sink are made of
 * these. Loop thread only.
 */

#define WEIR_S3_HEADERS_MAX 8 /* of a request's own, besides the signer's */

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
    long timeout_ms;       /* of the whole request; 0: none */
    long stall_ms;
    bool fresh; /* must not be sent twice: on a connection of its own */
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
 * weir_s3_wire_init: address and sign a request.
 *
 * The payload is signed over plain HTTP; over TLS it is UNSIGNED-PAYLOAD: TLS keeps it whole on the
 * way, and hashing it a second time would cost as much as all of TLS.
 *
 * now_s  Unix seconds for the signature; the caller reads the clock
 *
 * Returns 0 with *wire filled (weir_s3_wire_fini; it borrows all that request points to), or -1
 * with *err set: WEIR_E_LIMIT, WEIR_E_NOMEM, WEIR_E_CONFIG.
 */
int weir_s3_wire_init(struct weir_s3_wire *wire, const struct weir_s3_config *cfg,
    const struct weir_s3_request *request, int64_t now_s, struct weir_err *err);

/** weir_s3_wire_fini: release it. */
void weir_s3_wire_fini(struct weir_s3_wire *wire);

/* A request under way, and its answer. Zeroed, it is none. */
struct weir_s3_call {
    struct weir_http *http; /* NULL: none */
    struct weir_buf answer; /* the body, up to WEIR_S3_XML_MAX_BYTES */
    bool done;
    long status;         /* 0 when the exchange failed, as err says */
    struct weir_err err; /* not prefixed */
};

/**
 * weir_s3_call_start: sign and send.
 *
 * request  its body is borrowed until weir_s3_call_stop, the rest is copied
 *
 * Returns 0; call->done turns true from the loop. Or -1 with *err set, and nothing to stop.
 */
int weir_s3_call_start(struct weir_s3_call *call, struct weir_loop *loop,
    const struct weir_s3_config *cfg, const struct weir_s3_request *request, int64_t now_s,
    struct weir_err *err);

/** weir_s3_call_stop: drop it, cancelling what is under way, and the answer. A none is a no-op. */
void weir_s3_call_stop(struct weir_s3_call *call);

/** weir_s3_call_text: the text at a path of the answer, as weir_xml_find. */
bool weir_s3_call_text(const struct weir_s3_call *call, const char *path, char *to, size_t size);

/**
 * weir_s3_refused: compose the error for an answer that is none of success:
 * "s3: s3://bucket/key: UploadPart 3: 500 InternalError".
 *
 * name    from weir_s3_name
 * what    the operation, NULL to leave it out
 * answer  the body, for its <Code>; what is no short word there is left out
 *
 * Returns -1, *err being WEIR_E_REMOTE with the status as detail.
 */
int weir_s3_refused(struct weir_err *err, const char *name, const char *what, long status,
    struct weir_http *http, const struct weir_buf *answer);

/** weir_s3_call_failed: weir_s3_refused for a call, or its err with "s3: name: what" before it. */
int weir_s3_call_failed(
    struct weir_err *err, const char *name, const char *what, const struct weir_s3_call *call);

#endif
