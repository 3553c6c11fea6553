#include "handlers/presign/request.h"

#include "core/base64.h"
#include "json/doc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* "/stage/rest" -> "/rest". The stage that has no name of its own is not in the path. */
static const char *without_stage(const char *path, const char *stage)
{
    size_t n = stage != NULL ? strlen(stage) : 0;

    return n > 0 && path[0] == '/' && strncmp(path + 1, stage, n) == 0 && path[1 + n] == '/'
               ? path + 1 + n
               : path;
}

/* HTTP APIs and function URLs. */
static int read_v2(const struct weir_doc *event, const struct weir_doc *context,
    struct weir_request *r, struct weir_err *err)
{
    struct weir_doc http;
    const char *key = NULL;

    if (weir_doc_object(context, "http", &http, err) != 0 ||
        weir_doc_string(&http, "method", &r->method, err) != 0 ||
        weir_doc_string(event, "rawPath", &r->path, err) != 0 ||
        weir_doc_string_opt(event, "routeKey", &key, err) != 0) {
        return -1;
    }
    r->route = key != NULL ? strchr(key, '/') : NULL; /* "POST /a", or "$default" */
    return 0;
}

static int read_v1(const struct weir_doc *event, struct weir_request *r, struct weir_err *err)
{
    return weir_doc_string(event, "httpMethod", &r->method, err) != 0 ||
                   weir_doc_string(event, "path", &r->path, err) != 0 ||
                   weir_doc_string_opt(event, "resource", &r->route, err) != 0
               ? -1
               : 0;
}

int weir_request_read(const cJSON *tree, struct weir_request *ret, struct weir_err *err)
{
    const struct weir_doc event = {.v = tree};
    struct weir_doc context = {0};
    struct weir_request r = {0};
    const char *stage = NULL;
    int rc;

    const bool v1 = cJSON_IsObject(tree) && weir_doc_has(&event, "httpMethod");
    if (!v1 && !(cJSON_IsObject(tree) && weir_doc_has(&event, "rawPath"))) {
        return weir_err_set(err, WEIR_E_DATA,
            "neither of API Gateway nor of a function URL: no httpMethod, no rawPath");
    }
    const bool has_context =
        weir_doc_member(&event, "requestContext", &context) && cJSON_IsObject(context.v);
    if (has_context && weir_doc_string_opt(&context, "stage", &stage, err) != 0) {
        return -1;
    }
    if (!v1 && !has_context) {
        return weir_doc_error(&event, "requestContext", "must be an object", WEIR_E_DATA, err);
    }
    rc = v1 ? read_v1(&event, &r, err) : read_v2(&event, &context, &r, err);
    if (rc != 0 || weir_doc_string_opt(&event, "body", &r.body, err) != 0 ||
        weir_doc_bool_opt(&event, "isBase64Encoded", &r.body_base64, err) != 0) {
        return -1;
    }
    r.body_len = r.body != NULL ? strlen(r.body) : 0;
    r.path = without_stage(r.path, stage);
    *ret = r;
    return 0;
}

/* The bytes of a base64 text, and a NUL; NULL: it is none, or (with *err set) no memory. */
static char *decode(const char *text, size_t *len, struct weir_err *err)
{
    const size_t n = strlen(text);
    char *to = malloc(n / 4 * 3 + 1);

    if (to == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "presign: out of memory");
        return NULL;
    }
    const ptrdiff_t got = weir_base64_decode(text, n, (uint8_t *)to);
    if (got < 0) {
        free(to);
        return NULL;
    }
    *len = (size_t)got;
    to[*len] = '\0';
    return to;
}

int weir_request_body_ok(const struct weir_request *request, const char **why, struct weir_err *err)
{
    char *decoded = NULL;
    const char *text = request->body;
    struct weir_err parse = {0};
    int rc = 0;

    if (text == NULL) {
        return 1;
    }
    size_t len = request->body_len;
    if (request->body_base64 && len > 0) {
        text = decoded = decode(text, &len, err);
        if (decoded == NULL) {
            *why = "the body is not base64";
            return err->code == WEIR_E_NOMEM ? -1 : 0;
        }
    }
    if (strspn(text, " \t\r\n") == len) {
        rc = 1;
        goto out;
    }
    cJSON *tree = weir_doc_parse("body", text, len, &parse);
    if (tree != NULL) {
        rc = cJSON_IsObject(tree) ? 1 : 0;
        *why = "the body must be a JSON object";
    } else if (parse.code == WEIR_E_NOMEM) {
        rc = weir_err_keep(err, &parse);
    } else {
        *why = "the body is not JSON";
    }
    cJSON_Delete(tree);
out:
    free(decoded);
    return rc;
}
