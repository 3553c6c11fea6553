/*
 * Whatever somebody writes into an upload form, and into a policy that is signed: refused by an
 * error of S3's, or a key that is one, sizes that can be, and a status that was asked for.
 *
 * The input: lines NAME=VALUE, which become fields, up to a NUL; then the policy's text.
 */
#include "aws/config.h"
#include "cli/local/policy.h"
#include "core/limits.h"
#include "tests/fuzz/must.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OURS 5 /* fields that a signature needs */

/* The fields of the text, cut in place. */
static size_t cut(char *text, struct weir_policy_field *fields, size_t most)
{
    size_t n = 0;

    for (char *line = strtok_r(text, "\n", &text); line != NULL && n < most;
         line = strtok_r(NULL, "\n", &text)) {
        char *eq = strchr(line, '=');
        if (eq != NULL) {
            *eq = '\0';
            fields[n++] = (struct weir_policy_field){.name = line, .value = eq + 1};
        }
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct weir_sigv4_key key = {
        .access_key = "WEIRLOCAL", .secret_key = "secret", .region = "us-east-1", .service = "s3"};
    const uint8_t *nul = memchr(data, '\0', size);
    const size_t text_len = nul != NULL ? (size_t)(nul - data) : size;
    const size_t json_len = nul != NULL ? size - text_len - 1 : 0;
    char *text = strndup((const char *)data, text_len), *base64 = malloc(json_len / 3 * 4 + 5);
    char signature[WEIR_SHA256_HEX_BYTES];
    struct weir_policy_field fields[WEIR_FORM_FIELDS_MAX];
    struct weir_policy_refusal why = {0};
    struct weir_policy policy;

    must(text != NULL && base64 != NULL);
    EVP_EncodeBlock((uint8_t *)base64, nul != NULL ? nul + 1 : (const uint8_t *)"", (int)json_len);
    must(weir_sigv4_text(&key, "20260101", base64, strlen(base64), signature, NULL) == 0);
    const char *ours[OURS][2] = {{"policy", base64}, {"x-amz-algorithm", "AWS4-HMAC-SHA256"},
        {"x-amz-credential", "WEIRLOCAL/20260101/us-east-1/s3/aws4_request"},
        {"x-amz-date", "20260101T000000Z"}, {"x-amz-signature", signature}};
    for (size_t i = 0; i < OURS; i++) {
        fields[i] = (struct weir_policy_field){
            .name = (char *)(uintptr_t)ours[i][0], .value = (char *)(uintptr_t)ours[i][1]};
    }
    const struct weir_policy_form form = {.bucket = "weir",
        .fields = fields,
        .fields_n = OURS + cut(text, fields + OURS, WEIR_FORM_FIELDS_MAX - OURS),
        .filename = "name.csv"};

    if (weir_policy_check(&key, &form, 1767225600, &policy, &why) == 0) {
        must(weir_s3_key_check(policy.key, NULL) == 0);
        must(policy.min_bytes >= 0 && policy.max_bytes >= 0);
        must(policy.success_status == 200 || policy.success_status == 201 ||
             policy.success_status == 204);
    } else {
        must(why.status >= 400 && why.status <= 500 && why.code != NULL);
        must(memchr(why.message, '\0', sizeof why.message) != NULL);
    }
    free(text);
    free(base64);
    return 0;
}
