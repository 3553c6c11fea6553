#include "cli/local/policy.h"

#include "aws/config.h"
#include "core/base64.h"
#include "core/buf.h"
#include "core/clock.h"
#include "json/doc.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define FILENAME "${filename}"
#define NAME_SHOWN 64 /* of a name or value in a message */

struct check {
    const struct weir_sigv4_key *key;
    const struct weir_policy_form *form;
    struct weir_policy *ret;
    struct weir_policy_refusal *why;
    bool covered[WEIR_FORM_FIELDS_MAX]; /* a condition speaks of this field */
};

int weir_policy_refuse(
    struct weir_policy_refusal *why, unsigned status, const char *code, const char *fmt, ...)
{
    va_list ap;

    why->status = status;
    why->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(why->message, sizeof why->message, fmt, ap);
    va_end(ap);
    return -1;
}

static int bad_policy(struct check *c, const char *reason)
{
    return weir_policy_refuse(
        c->why, 400, "InvalidPolicyDocument", "Invalid Policy: %.160s", reason);
}

/* ---- fields ---- */

/* The field's index, or fields_n. Names have no case. */
static size_t find(const struct weir_policy_form *form, const char *name)
{
    size_t i = 0;

    while (i < form->fields_n && strcasecmp(form->fields[i].name, name) != 0) {
        i++;
    }
    return i;
}

static const char *value_of(const struct weir_policy_form *form, const char *name)
{
    size_t i = find(form, name);

    return i < form->fields_n ? form->fields[i].value : NULL;
}

/* Twice the same field: which of them is meant depends on who reads it. */
static int check_fields(struct check *c)
{
    if (c->form->fields_n > WEIR_FORM_FIELDS_MAX) {
        return weir_policy_refuse(c->why, 400, "InvalidArgument", "Too many form fields.");
    }
    for (size_t i = 0; i < c->form->fields_n; i++) {
        if (find(c->form, c->form->fields[i].name) != i) {
            return weir_policy_refuse(c->why, 400, "InvalidArgument",
                "The form has the field %.*s more than once.", NAME_SHOWN, c->form->fields[i].name);
        }
    }
    return 0;
}

static bool is_exempt(const char *name)
{
    return strcasecmp(name, "x-amz-signature") == 0 || strcasecmp(name, "policy") == 0 ||
           strcasecmp(name, "file") == 0 || strncasecmp(name, "x-ignore-", 9) == 0;
}

/* The key with ${filename} replaced: conditions are about that one. */
static int expand_key(struct check *c)
{
    const char *key = value_of(c->form, "key"), *at, *name = c->form->filename;
    int n;

    if (key == NULL || *key == '\0') {
        return weir_policy_refuse(
            c->why, 400, "InvalidArgument", "Bucket POST must contain a field named 'key'.");
    }
    at = strstr(key, FILENAME);
    if (at == NULL) {
        n = snprintf(c->ret->key, sizeof c->ret->key, "%s", key);
    } else {
        if (name == NULL) {
            name = "";
        }
        /* Some clients send a path; S3 takes what is behind it. */
        const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');
        name = slash != NULL ? slash + 1 : name;
        name = back != NULL && back >= name ? back + 1 : name;
        n = snprintf(c->ret->key, sizeof c->ret->key, "%.*s%s%s", (int)(at - key), key, name,
            at + sizeof FILENAME - 1);
    }
    if (n < 0 || (size_t)n >= sizeof c->ret->key) {
        return weir_policy_refuse(c->why, 400, "KeyTooLongError", "Your key is too long.");
    }
    if (weir_s3_key_check(c->ret->key, NULL) != 0) {
        return weir_policy_refuse(c->why, 400, "InvalidArgument", "The key cannot be one.");
    }
    return 0;
}

/* ---- the signature ---- */

static bool is_digits(const char *s, size_t n)
{
    return strspn(s, "0123456789") >= n;
}

/* The credential's parts: key/day/region/service/aws4_request. */
static int check_credential(struct check *c, char day[9])
{
    const char *credential = value_of(c->form, "x-amz-credential");
    const char *date = value_of(c->form, "x-amz-date");
    const char *at;
    char rest[128];
    size_t id_len;

    at = strchr(credential, '/');
    if (at == NULL || !is_digits(at + 1, 8) || !is_digits(date, 8) || strlen(date) != 16 ||
        strncmp(at + 1, date, 8) != 0) {
        return weir_policy_refuse(c->why, 400, "AuthorizationQueryParametersError",
            "The credential or the date is mal-formed.");
    }
    (void)snprintf(day, 9, "%.8s", date);
    (void)snprintf(
        rest, sizeof rest, "/%s/%s/%s/aws4_request", day, c->key->region, c->key->service);
    if (strcmp(at, rest) != 0) {
        return weir_policy_refuse(c->why, 400, "AuthorizationQueryParametersError",
            "The credential is of another region or service.");
    }
    id_len = (size_t)(at - credential);
    if (strlen(c->key->access_key) != id_len ||
        memcmp(c->key->access_key, credential, id_len) != 0) {
        return weir_policy_refuse(c->why, 403, "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.");
    }
    return 0;
}

static int check_signature(struct check *c)
{
    static const char *const needed[] = {
        "policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"};
    char hex[WEIR_SHA256_HEX_BYTES], day[9];

    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        if (value_of(c->form, needed[i]) == NULL) {
            return weir_policy_refuse(
                c->why, 403, "AccessDenied", "Access Denied: the form has no %s.", needed[i]);
        }
    }
    if (strcmp(value_of(c->form, "x-amz-algorithm"), ALGORITHM) != 0) {
        return weir_policy_refuse(
            c->why, 400, "InvalidArgument", "X-Amz-Algorithm must be " ALGORITHM ".");
    }
    const char *policy = value_of(c->form, "policy"), *sent = value_of(c->form, "x-amz-signature");
    if (check_credential(c, day) != 0) {
        return -1;
    }
    if (weir_sigv4_text(c->key, day, policy, strlen(policy), hex, NULL) != 0) {
        return weir_policy_refuse(c->why, 500, "InternalError", "The signature cannot be made.");
    }
    if (strlen(sent) != strlen(hex) || CRYPTO_memcmp(sent, hex, strlen(hex)) != 0) {
        return weir_policy_refuse(c->why, 403, "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided.");
    }
    return 0;
}

/* ---- the policy ---- */

/* In UTC, as S3 wants it; -1 when it is none. */
static int64_t parse_time(const char *s)
{
    const size_t n = strlen(s);
    int64_t unix_s = -1;

    return n > 0 && s[n - 1] == 'Z' && weir_clock_parse_iso(s, &unix_s) ? unix_s : -1;
}

/* What a condition's name stands for. NULL when the form has no such field. */
static const char *subject(struct check *c, const char *name)
{
    size_t i = find(c->form, name);
    const char *value = i < c->form->fields_n ? c->form->fields[i].value : NULL;

    if (value != NULL) {
        c->covered[i] = true;
    }
    if (strcasecmp(name, "bucket") == 0) { /* what counts is where the form went */
        return value == NULL || strcmp(value, c->form->bucket) == 0 ? c->form->bucket : NULL;
    }
    return strcasecmp(name, "key") == 0 ? c->ret->key : value;
}

static int failed(struct check *c, const char *op, const char *name, const char *value)
{
    return weir_policy_refuse(c->why, 403, "AccessDenied",
        "Invalid according to Policy: Policy Condition failed: [\"%s\", \"$%.*s\", \"%.*s\"]", op,
        NAME_SHOWN, name, NAME_SHOWN, value);
}

static int compare(struct check *c, const char *op, const char *name, const char *value)
{
    const char *is = subject(c, name);

    if (strcasecmp(op, "eq") == 0) {
        return is != NULL && strcmp(is, value) == 0 ? 0 : failed(c, "eq", name, value);
    }
    if (strcasecmp(op, "starts-with") == 0) {
        return is != NULL && strncmp(is, value, strlen(value)) == 0
                   ? 0
                   : failed(c, "starts-with", name, value);
    }
    return bad_policy(c, "an unknown kind of condition");
}

static int range(struct check *c, const cJSON *min, const cJSON *max)
{
    const double most = 9007199254740991.0;

    if (!cJSON_IsNumber(min) || !cJSON_IsNumber(max) || min->valuedouble < 0 ||
        max->valuedouble < min->valuedouble || max->valuedouble > most) {
        return bad_policy(c, "content-length-range takes two sizes");
    }
    /* Of several, all hold. */
    int64_t low = (int64_t)min->valuedouble, high = (int64_t)max->valuedouble;
    c->ret->min_bytes = low > c->ret->min_bytes ? low : c->ret->min_bytes;
    c->ret->max_bytes = high < c->ret->max_bytes ? high : c->ret->max_bytes;
    return 0;
}

static int condition(struct check *c, const cJSON *v)
{
    if (cJSON_IsObject(v) && v->child != NULL) {
        for (const cJSON *m = v->child; m != NULL; m = m->next) {
            if (!cJSON_IsString(m)) {
                return bad_policy(c, "a condition's value must be a string");
            }
            if (compare(c, "eq", m->string, m->valuestring) != 0) {
                return -1;
            }
        }
        return 0;
    }
    if (cJSON_IsArray(v) && cJSON_GetArraySize(v) == 3) {
        const cJSON *op = v->child, *name = op->next, *value = name->next;

        if (cJSON_IsString(op) && strcasecmp(op->valuestring, "content-length-range") == 0) {
            return range(c, name, value);
        }
        if (cJSON_IsString(op) && cJSON_IsString(name) && cJSON_IsString(value) &&
            name->valuestring[0] == '$') {
            return compare(c, op->valuestring, name->valuestring + 1, value->valuestring);
        }
    }
    return bad_policy(c, "a condition that is none");
}

static int check_document(struct check *c, const struct weir_doc *doc, int64_t now_s)
{
    const char *expiration = NULL;
    struct weir_doc conditions = {0}, item = {0};

    if (!cJSON_IsObject(doc->v) || weir_doc_string(doc, "expiration", &expiration, NULL) != 0 ||
        parse_time(expiration) < 0) {
        return bad_policy(c, "it must be an object with an expiration");
    }
    if (weir_doc_array(doc, "conditions", &conditions, NULL) != 0) {
        return bad_policy(c, "it has no conditions");
    }
    if (parse_time(expiration) <= now_s) {
        return weir_policy_refuse(
            c->why, 403, "AccessDenied", "Invalid according to Policy: Policy expired.");
    }
    while (weir_doc_each(&conditions, &item)) {
        if (condition(c, item.v) != 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < c->form->fields_n; i++) {
        if (!c->covered[i] && !is_exempt(c->form->fields[i].name)) {
            return weir_policy_refuse(c->why, 403, "AccessDenied",
                "Invalid according to Policy: Extra input fields: %.*s", NAME_SHOWN,
                c->form->fields[i].name);
        }
    }
    return 0;
}

static int check_policy(struct check *c, int64_t now_s)
{
    const char *base64 = value_of(c->form, "policy");
    const size_t len = strlen(base64);
    struct weir_doc doc = {0};
    uint8_t *text = malloc(len + 1);
    int rc = -1;

    if (text == NULL) {
        return weir_policy_refuse(c->why, 500, "InternalError", "Out of memory.");
    }
    const ptrdiff_t n = weir_base64_decode(base64, len, text);
    if (n <= 0) {
        (void)bad_policy(c, "it is no base64");
        goto out;
    }
    doc.v = weir_doc_parse("policy", (const char *)text, (size_t)n, NULL);
    rc = doc.v != NULL ? check_document(c, &doc, now_s) : bad_policy(c, "it is no JSON");
out:
    cJSON_Delete((cJSON *)(uintptr_t)doc.v);
    free(text);
    return rc;
}

int weir_policy_check(const struct weir_sigv4_key *key, const struct weir_policy_form *form,
    int64_t now_s, struct weir_policy *ret, struct weir_policy_refusal *why)
{
    struct check c = {.key = key, .form = form, .ret = ret, .why = why};
    const char *status;

    *ret = (struct weir_policy){.max_bytes = INT64_MAX, .success_status = 204};
    if (check_fields(&c) != 0 || check_signature(&c) != 0 || expand_key(&c) != 0 ||
        check_policy(&c, now_s) != 0) {
        return -1;
    }
    status = value_of(form, "success_action_status");
    if (status != NULL && (strcmp(status, "200") == 0 || strcmp(status, "201") == 0)) {
        ret->success_status = (unsigned)strtoul(status, NULL, 10);
    }
    return 0;
}
