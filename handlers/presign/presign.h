#ifndef WEIR_HANDLERS_PRESIGN_PRESIGN_H
#define WEIR_HANDLERS_PRESIGN_PRESIGN_H

#include "event/handler.h"

/*
 * POST /batch/generate-presigned-url: a form with which whoever asked uploads one CSV file to S3,
 * under a key that nobody else has (aws/post_form.h). Events of API Gateway (HTTP and REST) and of
 * function URLs. Answers, in the proxy form {statusCode, headers, body, isBase64Encoded}:
 *
 *   201  {"message":"presigned POST URL generated","data":{"url":"...","fields":{...}}}
 *   400  the body is neither empty nor a JSON object (its members are not looked at)
 *   404  another path      405  another method; with an Allow header
 *   204  OPTIONS, when WEIR_CORS_ORIGIN is set
 *
 * The settings are in README.md.
 */
extern const struct weir_handler weir_presign_handler;

#endif
