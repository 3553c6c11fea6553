#ifndef WEIR_AWS_API_SIGN_H
#define WEIR_AWS_API_SIGN_H

#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "core/err.h"
#include "net/http.h"

/*
 * The headers that sign a request to a function of one's own behind IAM: an HTTP or REST API of API
 * Gateway ("execute-api") or a function URL ("lambda"). Source: IAM User Guide, "Create a signed
 * AWS API request".
 */
struct weir_api_sign {
    struct weir_http_header headers[3]; /* for the request; they point into what follows */
    size_t headers_n;

    struct weir_aws_credentials credentials;
    struct weir_sigv4 signature;
};

/**
 * weir_api_sign: sign a request without a body and without a query.
 *
 * Service and region are read from AWS's own host names (ID.execute-api.REGION.amazonaws.com,
 * ID.lambda-url.REGION.on.aws); any other host is an API Gateway in the region that is configured
 * (weir_aws_region). Looks for credentials, and so waits (weir_aws_credentials_get).
 *
 * now_s  Unix seconds
 *
 * Returns 0 with *ret filled (weir_api_sign_fini), or -1 with *err set and *ret empty:
 * WEIR_E_CONFIG (no credentials, no region, a URL with a query or with encoded bytes), what the
 * credentials' source failed with, WEIR_E_NOMEM.
 */
int weir_api_sign(struct weir_api_sign *ret, const char *method, const char *url, int64_t now_s,
    struct weir_err *err);

/** weir_api_sign_fini: release, secrets wiped; an empty one is a no-op. */
void weir_api_sign_fini(struct weir_api_sign *sign);

#endif
