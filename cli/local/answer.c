#include "cli/local/answer.h"

#include "aws/uri.h"
#include "core/limits.h"
#include "json/quote.h"

#include <string.h>

enum MHD_Result weir_answer_with(struct MHD_Connection *c, unsigned status, const char *type,
    const char *policy, struct MHD_Response *r)
{
    const char *const headers[][2] = {{"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"}, {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Content-Security-Policy", policy}};
    enum MHD_Result rc = MHD_NO;

    if (r == NULL) {
        return MHD_NO;
    }
    rc = type != NULL ? MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type) : MHD_YES;
    for (size_t i = 0; rc == MHD_YES && i < sizeof headers / sizeof *headers; i++) {
        rc = MHD_add_response_header(r, headers[i][0], headers[i][1]);
    }
    if (rc == MHD_YES) {
        rc = MHD_queue_response(c, status, r);
    }
    MHD_destroy_response(r);
    return rc;
}

enum MHD_Result weir_answer(
    struct MHD_Connection *c, unsigned status, const char *type, struct MHD_Response *r)
{
    return weir_answer_with(c, status, type, WEIR_ANSWER_POLICY, r);
}

enum MHD_Result weir_answer_text(
    struct MHD_Connection *c, unsigned status, const char *type, const void *p, size_t n)
{
    return weir_answer(c, status, type,
        MHD_create_response_from_buffer(n, (void *)(uintptr_t)p, MHD_RESPMEM_MUST_COPY));
}

enum MHD_Result weir_answer_message(struct MHD_Connection *c, unsigned status, const char *text)
{
    struct weir_buf json;
    enum MHD_Result rc = MHD_NO;

    weir_buf_init(&json, WEIR_FRONT_ANSWER_MAX_BYTES);
    if (weir_buf_adds(&json, "{\"message\":", NULL) == 0 &&
        weir_json_quote(&json, text, NULL) == 0 && weir_buf_adds(&json, "}\n", NULL) == 0) {
        rc = weir_answer_text(c, status, "application/json", json.p, json.len);
    }
    weir_buf_fini(&json);
    return rc;
}

enum MHD_Result weir_answer_json(struct MHD_Connection *c, unsigned status, int rc,
    const struct weir_buf *json, const struct weir_err *err)
{
    return rc == 0 ? weir_answer_text(c, status, "application/json", json->p, json->len)
                   : weir_answer_message(c, MHD_HTTP_INTERNAL_SERVER_ERROR, err->msg);
}

static void add_xml(struct weir_buf *to, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '<'   ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '&' ? "&amp;"
                             : *text == '"' ? "&quot;"
                                            : NULL;

        if (entity != NULL) {
            (void)weir_buf_adds(to, entity, NULL);
        } else {
            (void)weir_buf_add(to, (unsigned char)*text < 0x20 ? "?" : text, 1, NULL);
        }
    }
}

enum MHD_Result weir_answer_refusal(struct MHD_Connection *c, const struct weir_policy_refusal *why)
{
    struct weir_buf xml;
    enum MHD_Result rc;

    weir_buf_init(&xml, WEIR_FRONT_ANSWER_MAX_BYTES);
    (void)weir_buf_addf(&xml, NULL,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>", why->code);
    add_xml(&xml, why->message);
    (void)weir_buf_adds(&xml, "</Message></Error>", NULL);
    rc = weir_answer_text(c, why->status, "application/xml", xml.p, xml.len);
    weir_buf_fini(&xml);
    return rc;
}

enum MHD_Result weir_answer_stored(
    struct MHD_Connection *c, const char *bucket, const struct weir_policy *policy)
{
    struct weir_buf xml;
    enum MHD_Result rc;

    if (policy->success_status != MHD_HTTP_CREATED) {
        return weir_answer_text(c, policy->success_status, NULL, "", 0);
    }
    weir_buf_init(&xml, WEIR_FRONT_ANSWER_MAX_BYTES);
    (void)weir_buf_adds(
        &xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>", NULL);
    (void)weir_buf_addf(&xml, NULL, "http://%s/%s/",
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host"), bucket);
    (void)weir_uri_encode(&xml, policy->key, true, NULL);
    (void)weir_buf_addf(&xml, NULL, "</Location><Bucket>%s</Bucket><Key>", bucket);
    add_xml(&xml, policy->key);
    (void)weir_buf_adds(&xml, "</Key></PostResponse>", NULL);
    rc = weir_answer_text(c, MHD_HTTP_CREATED, "application/xml", xml.p, xml.len);
    weir_buf_fini(&xml);
    return rc;
}
