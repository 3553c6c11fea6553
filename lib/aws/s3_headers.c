#include "aws/s3_headers.h"

#include "core/env.h"

#include <stdlib.h>
#include <string.h>

#define META "x-amz-meta-"

/* Printable ASCII without blanks at its ends, which would not be signed as they are sent. */
static bool is_value(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] < ' ' || s[i] > '~') {
            return false;
        }
    }
    return n > 0 && s[0] != ' ' && s[n - 1] != ' ';
}

static bool is_meta_name(const char *s, size_t n)
{
    static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\0' || strchr(set, s[i]) == NULL) {
            return false;
        }
    }
    return n > 0;
}

static int add(struct weir_s3_headers *to, const char *var, const char *prefix,
    struct weir_sigv4_pair pair, size_t name_len, size_t value_len, struct weir_err *err)
{
    if (to->n == WEIR_S3_OBJECT_HEADERS_MAX) {
        return weir_err_set(err, WEIR_E_CONFIG, "%s: more than %d headers of an object", var,
            WEIR_S3_OBJECT_HEADERS_MAX);
    }
    size_t prefix_len = strlen(prefix);
    char *name = malloc(prefix_len + name_len + 1), *value = strndup(pair.value, value_len);
    if (name == NULL || value == NULL) {
        free(name);
        free(value);
        return weir_err_set(err, WEIR_E_NOMEM, "s3: out of memory");
    }
    memcpy(name, prefix, prefix_len);
    memcpy(name + prefix_len, pair.name, name_len);
    name[prefix_len + name_len] = '\0';
    to->pairs[to->n++] = (struct weir_sigv4_pair){name, value};
    return 0;
}

static int add_metadata(struct weir_s3_headers *to, const char *s, struct weir_err *err)
{
    static const char var[] = "WEIR_S3_METADATA";
    size_t bytes = 0;

    for (const char *item = s; item != NULL;) {
        size_t n = strcspn(item, ";"), name_len = strcspn(item, "=;");
        const char *value = item + name_len + 1;
        if (name_len >= n || !is_meta_name(item, name_len) || !is_value(value, n - name_len - 1)) {
            return weir_err_set(err, WEIR_E_CONFIG,
                "%s: is written name=value;name=value, names in lower case", var);
        }
        bytes += n - 1;
        if (bytes > WEIR_S3_METADATA_MAX_BYTES) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "%s: more than %d bytes", var, WEIR_S3_METADATA_MAX_BYTES);
        }
        if (add(to, var, META, (struct weir_sigv4_pair){item, value}, name_len, n - name_len - 1,
                err) != 0) {
            return -1;
        }
        item = item[n] == ';' ? item + n + 1 : NULL;
    }
    return 0;
}

int weir_s3_headers_env(struct weir_s3_headers *ret, struct weir_err *err)
{
    static const struct {
        const char *var, *header;
    } settings[] = {
        {"WEIR_S3_SSE_KMS_KEY_ID", "x-amz-server-side-encryption-aws-kms-key-id"},
        {"WEIR_S3_TAGGING", "x-amz-tagging"},
        {"WEIR_S3_STORAGE_CLASS", "x-amz-storage-class"},
        {"WEIR_S3_CONTENT_TYPE", "Content-Type"},
        {"WEIR_S3_CONTENT_ENCODING", "Content-Encoding"},
    };
    static const char *const sses[] = {"AES256", "aws:kms", "aws:kms:dsse", NULL};
    enum { NONE = 3 };
    const char *metadata = weir_env_text("WEIR_S3_METADATA", NULL);
    size_t sse = NONE;

    *ret = (struct weir_s3_headers){0};
    if (weir_env_word("WEIR_S3_SSE", sses, NONE, &sse, err) != 0) {
        return -1;
    }
    if (weir_env_text("WEIR_S3_SSE_KMS_KEY_ID", NULL) != NULL && (sse == 0 || sse == NONE)) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "WEIR_S3_SSE_KMS_KEY_ID: needs WEIR_S3_SSE=aws:kms");
    }
    if (sse != NONE && add(ret, "WEIR_S3_SSE", "",
                           (struct weir_sigv4_pair){"x-amz-server-side-encryption", sses[sse]},
                           strlen("x-amz-server-side-encryption"), strlen(sses[sse]), err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        const char *value = weir_env_text(settings[i].var, NULL);
        if (value == NULL) {
            continue;
        }
        if (strlen(value) > WEIR_S3_METADATA_MAX_BYTES || !is_value(value, strlen(value))) {
            return weir_err_set(
                err, WEIR_E_CONFIG, "%s: that is no header's value", settings[i].var);
        }
        if (add(ret, settings[i].var, "", (struct weir_sigv4_pair){settings[i].header, value},
                strlen(settings[i].header), strlen(value), err) != 0) {
            return -1;
        }
    }
    return metadata != NULL ? add_metadata(ret, metadata, err) : 0;
}

void weir_s3_headers_fini(struct weir_s3_headers *headers)
{
    for (size_t i = 0; i < headers->n; i++) {
        free((char *)headers->pairs[i].name);
        free((char *)headers->pairs[i].value);
    }
    *headers = (struct weir_s3_headers){0};
}
