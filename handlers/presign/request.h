#ifndef WEIR_HANDLERS_PRESIGN_REQUEST_H
#define WEIR_HANDLERS_PRESIGN_REQUEST_H

#include "core/err.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * An HTTP request as Lambda delivers it, in any of the three proxy forms:
 *
 *     API Gateway HTTP API, payload 2.0, and function URLs    requestContext.http.method, rawPath
 *     API Gateway REST API, and HTTP API with payload 1.0     httpMethod, path
 *
 * A stage's name before the path is taken off: "/prod/a" in stage "prod" is "/a".
 */
struct weir_request {
    const char *method; /* as sent; the tree's */
    const char *path;   /* begins with '/'; the tree's */
    /* The route that the gateway matched, e.g. "/a/{id}": v1's resource, the path of v2's routeKey;
     * NULL: none. The tree's. With a domain of one's own the path may begin with something else. */
    const char *route;
    const char *body; /* the tree's, NUL-terminated; NULL: none */
    size_t body_len;
    bool body_base64;
};

/**
 * weir_request_read: find the request in an event.
 *
 * tree  the event (weir_doc_parse); *ret points into it
 *
 * Returns 0, or -1 with *err set to WEIR_E_DATA: no HTTP event; a member of another type. Any
 * thread.
 */
int weir_request_read(const cJSON *tree, struct weir_request *ret, struct weir_err *err);

/**
 * weir_request_body_ok: whether the body is what can be ignored: none, blanks, or one JSON object.
 *
 * Returns 1 or 0, with *why a static text when 0; -1 with *err set to WEIR_E_NOMEM.
 */
int weir_request_body_ok(
    const struct weir_request *request, const char **why, struct weir_err *err);

#endif
