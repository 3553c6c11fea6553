#include "handlers/validate/recursion.h"

#include <string.h>

static bool begins(const char *s, const char *start, size_t n)
{
    return strncmp(s, start, n) == 0;
}

int weir_recursion_init(const struct weir_recursion *r, struct weir_err *err)
{
    if (r->bucket != NULL) {
        return 0; /* it may be another than the input's: each record tells */
    }
    if (begins(r->pattern, "{key}", strlen("{key}"))) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "WEIR_OUTPUT_KEY begins with {key}: an output would trigger the function again; let it "
            "begin with another folder, or set WEIR_OUTPUT_BUCKET");
    }
    if (begins(r->pattern, r->prefix, strlen(r->prefix))) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "WEIR_OUTPUT_KEY begins with WEIR_INPUT_PREFIX (%.64s): an output would trigger the "
            "function again; let it begin with another folder, or set WEIR_OUTPUT_BUCKET",
            r->prefix);
    }
    return 0;
}

int weir_recursion_check(const struct weir_recursion *r, const struct weir_s3_record *record,
    const char *key, struct weir_err *err)
{
    const char *slash = strrchr(record->key, '/');
    const size_t folder = slash != NULL ? (size_t)(slash - record->key) + 1 : 0;
    const size_t fixed = strcspn(r->pattern, "{"), prefix = strlen(r->prefix);

    if (r->bucket != NULL && strcmp(r->bucket, record->bucket) != 0) {
        return 0;
    }
    if (strcmp(key, record->key) == 0) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "WEIR_OUTPUT_KEY: the output would replace its input");
    }
    if (begins(key, r->prefix, prefix) || (folder > 0 && begins(key, record->key, folder))) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "WEIR_OUTPUT_KEY: the output would lie where the input comes from and trigger the "
            "function again");
    }
    if (fixed > 0 && begins(record->key, r->pattern, fixed)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "the input lies where WEIR_OUTPUT_KEY puts outputs: the trigger must leave these out");
    }
    if (fixed == 0 && !begins(record->key, r->prefix, prefix)) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "the input is not under WEIR_INPUT_PREFIX (%.64s), and might be an output: "
            "WEIR_OUTPUT_KEY begins with a brace",
            r->prefix);
    }
    return 0;
}
