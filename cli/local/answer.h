#ifndef WEIR_CLI_LOCAL_ANSWER_H
#define WEIR_CLI_LOCAL_ANSWER_H

#include "cli/local/policy.h"
#include "core/buf.h"
#include "core/err.h"

#include <microhttpd.h>
#include <stddef.h>

/*
 * HTTP answers, in the forms that their askers know: API Gateway's, S3's. All have the same headers
 * for browsers: nothing is kept, guessed at, framed, or read by another origin. All return what
 * libmicrohttpd is to be told.
 */

/* The page is one file with its script in it. It needs nothing from anywhere else; its uploads go
 * to where the bucket is. */
#define WEIR_ANSWER_POLICY                                                                         \
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "                  \
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "                 \
    "connect-src 'self'"

/** weir_answer_with: queue a response, which is taken, and may be NULL: there was no memory for it.
 *  type: of its content, or NULL. policy: what a page may load, as Content-Security-Policy. */
enum MHD_Result weir_answer_with(struct MHD_Connection *c, unsigned status, const char *type,
    const char *policy, struct MHD_Response *r);

/** weir_answer: the same, with WEIR_ANSWER_POLICY. */
enum MHD_Result weir_answer(
    struct MHD_Connection *c, unsigned status, const char *type, struct MHD_Response *r);

/** weir_answer_text: n bytes, which are copied. */
enum MHD_Result weir_answer_text(
    struct MHD_Connection *c, unsigned status, const char *type, const void *p, size_t n);

/** weir_answer_message: {"message": ...}, as API Gateway has it. */
enum MHD_Result weir_answer_message(struct MHD_Connection *c, unsigned status, const char *text);

/** weir_answer_json: a document that was composed, or, where rc is not 0, could not be: 500. */
enum MHD_Result weir_answer_json(struct MHD_Connection *c, unsigned status, int rc,
    const struct weir_buf *json, const struct weir_err *err);

/** weir_answer_refusal: S3's form of an error. */
enum MHD_Result weir_answer_refusal(
    struct MHD_Connection *c, const struct weir_policy_refusal *why);

/** weir_answer_stored: what S3 says of an upload through a form, which the form may choose. */
enum MHD_Result weir_answer_stored(
    struct MHD_Connection *c, const char *bucket, const struct weir_policy *policy);

#endif
