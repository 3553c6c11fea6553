/* Does a form pass that was signed by us, and no other: altered, expired, with more or less in it?
 */
#include "cli/local/policy.h"
#include "tests/support/local_form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct form {
    struct weir_post_form made;
    struct weir_policy_field fields[WEIR_FORM_FIELDS_MAX + 2];
    struct weir_policy_form form;
};

static void make(struct form *f, const char *object_key, const char *filename)
{
    const struct weir_post_spec spec = {.bucket = "weir",
        .key = object_key,
        .content_type = "text/csv",
        .min_bytes = 1,
        .max_bytes = 1000,
        .expires_s = 3600};

    memset(f, 0, sizeof *f);
    local_form_new(&spec, &f->made);
    for (size_t i = 0; i < f->made.fields_n; i++) {
        f->fields[i] = (struct weir_policy_field){
            (char *)(uintptr_t)f->made.fields[i].name, f->made.fields[i].value};
    }
    f->form = (struct weir_policy_form){
        .bucket = "weir", .fields = f->fields, .fields_n = f->made.fields_n, .filename = filename};
}

static struct weir_policy_field *field(struct form *f, const char *name)
{
    for (size_t i = 0; i < f->form.fields_n; i++) {
        if (strcmp(f->fields[i].name, name) == 0) {
            return &f->fields[i];
        }
    }
    return NULL;
}

static void add(struct form *f, const char *name, const char *value)
{
    f->fields[f->form.fields_n++] =
        (struct weir_policy_field){(char *)(uintptr_t)name, (char *)(uintptr_t)value};
}

static void expect(struct form *f, int64_t now_s, unsigned status, const char *code)
{
    struct weir_policy_refusal why = {0};
    struct weir_policy policy;
    int rc = weir_policy_check(&local_form_key, &f->form, now_s, &policy, &why);

    if (status == 0) {
        assert_int_equal(rc, 0);
        return;
    }
    assert_int_equal(rc, -1);
    assert_string_equal(why.code, code);
    assert_int_equal(why.status, status);
}

static void our_own_form_may_upload_until_it_expires(void **state)
{
    struct weir_policy_refusal why = {0};
    struct weir_policy policy;
    struct form f;

    (void)state;
    make(&f, "uploads/a b.csv", NULL);
    assert_int_equal(
        weir_policy_check(&local_form_key, &f.form, LOCAL_FORM_NOW_S + 3599, &policy, &why), 0);
    assert_string_equal(policy.key, "uploads/a b.csv");
    assert_int_equal(policy.min_bytes, 1);
    assert_int_equal(policy.max_bytes, 1000);
    assert_int_equal(policy.success_status, 204);
    expect(&f, LOCAL_FORM_NOW_S + 3600, 403, "AccessDenied");
    weir_post_form_fini(&f.made);
}

static void an_altered_field_is_refused(void **state)
{
    static const struct {
        const char *name, *value; /* NULL: the field is left out */
        unsigned status;
        const char *code;
    } cases[] = {
        {"key", "uploads/b.csv", 403, "AccessDenied"},
        {"key", "uploads/../a.csv", 403, "AccessDenied"},
        {"key", "", 400, "InvalidArgument"},
        {"key", NULL, 400, "InvalidArgument"},
        {"bucket", "other", 403, "AccessDenied"},
        {"Content-Type", "text/html", 403, "AccessDenied"},
        {"Content-Type", NULL, 403, "AccessDenied"},
        {"X-Amz-Algorithm", "AWS4-HMAC-SHA1", 400, "InvalidArgument"},
        {"X-Amz-Algorithm", NULL, 403, "AccessDenied"},
        {"X-Amz-Credential", "AKLOCAL", 400, "AuthorizationQueryParametersError"},
        {"X-Amz-Credential", "OTHER/20261014/us-east-1/s3/aws4_request", 403, "InvalidAccessKeyId"},
        {"X-Amz-Credential", "AKLOCAL/20261014/eu-west-1/s3/aws4_request", 400,
            "AuthorizationQueryParametersError"},
        {"X-Amz-Credential", "AKLOCAL/20261015/us-east-1/s3/aws4_request", 400,
            "AuthorizationQueryParametersError"},
        {"X-Amz-Credential", NULL, 403, "AccessDenied"},
        {"X-Amz-Date", "20261014T000000Z", 403, "AccessDenied"},
        {"X-Amz-Date", "20261013T000000Z", 400, "AuthorizationQueryParametersError"},
        {"X-Amz-Date", "", 400, "AuthorizationQueryParametersError"},
        {"Policy", "", 403, "SignatureDoesNotMatch"},
        {"Policy", "e30=", 403, "SignatureDoesNotMatch"},
        {"Policy", NULL, 403, "AccessDenied"},
        {"X-Amz-Signature", "0000000000000000000000000000000000000000000000000000000000000000", 403,
            "SignatureDoesNotMatch"},
        {"X-Amz-Signature", "", 403, "SignatureDoesNotMatch"},
        {"X-Amz-Signature", NULL, 403, "AccessDenied"},
    };
    struct form f;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        make(&f, "uploads/a.csv", NULL);
        struct weir_policy_field *at = field(&f, cases[i].name);
        assert_non_null(at);
        if (cases[i].value != NULL) {
            at->value = (char *)(uintptr_t)cases[i].value;
        } else {
            at->name = (char *)(uintptr_t) "x-ignore-it";
        }
        expect(&f, LOCAL_FORM_NOW_S, cases[i].status, cases[i].code);
        weir_post_form_fini(&f.made);
    }
}

static void what_the_policy_does_not_speak_of_is_refused(void **state)
{
    static const struct {
        const char *name, *value;
        unsigned status;
        const char *code;
    } cases[] = {
        {"acl", "public-read", 403, "AccessDenied"},
        {"success_action_redirect", "http://elsewhere", 403, "AccessDenied"},
        {"success_action_status", "201", 403, "AccessDenied"},
        {"KEY", "uploads/a.csv", 400, "InvalidArgument"}, /* a second one */
        {"x-ignore-me", "1", 0, NULL},
        {"X-Ignore-Me", "1", 0, NULL},
    };
    struct form f;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        make(&f, "uploads/a.csv", NULL);
        add(&f, cases[i].name, cases[i].value);
        expect(&f, LOCAL_FORM_NOW_S, cases[i].status, cases[i].code);
        weir_post_form_fini(&f.made);
    }
    make(&f, "uploads/a.csv", NULL);
    f.form.bucket = "other"; /* sent to another URL than its own */
    expect(&f, LOCAL_FORM_NOW_S, 403, "AccessDenied");
    weir_post_form_fini(&f.made);
}

static void the_files_name_takes_its_place_in_the_key(void **state)
{
    static const struct {
        const char *filename, *expected; /* NULL: refused */
    } cases[] = {
        {"a.csv", "uploads/a.csv"},
        {"C:\\temp\\a.csv", "uploads/a.csv"},
        {"/etc/passwd", "uploads/passwd"},
        {"..", "uploads/.."}, /* a name like any other: the store encodes it */
        {"\xff", NULL},
        {NULL, "uploads/"},
    };
    struct weir_policy_refusal why = {0};
    struct weir_policy policy;
    struct form f;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        make(&f, "uploads/${filename}", cases[i].filename);
        int rc = weir_policy_check(&local_form_key, &f.form, LOCAL_FORM_NOW_S, &policy, &why);
        assert_int_equal(rc, cases[i].expected != NULL ? 0 : -1);
        if (rc == 0) {
            assert_string_equal(policy.key, cases[i].expected);
        }
        weir_post_form_fini(&f.made);
    }
    /* The prefix is the policy's. */
    make(&f, "uploads/${filename}", "a.csv");
    field(&f, "key")->value = (char *)(uintptr_t) "other/${filename}";
    expect(&f, LOCAL_FORM_NOW_S, 403, "AccessDenied");
    weir_post_form_fini(&f.made);
}

/* Policies that we do not make, signed with our key: what others may bring. */
static void policies_of_others_are_read_as_s3_reads_them(void **state)
{
    static const char expires[] = "{\"expiration\":\"2026-10-14T18:00:00.000Z\",\"conditions\":[";
    static const struct {
        const char *policy; /* behind `expires` when it begins with a blank */
        unsigned status;
        const char *code;
    } cases[] = {
        {" {\"key\":\"k\"},[\"starts-with\",\"$x-amz-\",\"\"]]}", 403, "AccessDenied"},
        {" {\"key\":\"k\"},{\"x-amz-algorithm\":\"AWS4-HMAC-SHA256\"},[\"starts-with\","
         "\"$X-Amz-Credential\",\"AK\"],[\"eq\",\"$x-amz-date\",\"20261014T000000Z\"],"
         "[\"starts-with\",\"$success_action_status\",\"\"]]}",
            0, NULL},
        {" [\"eq\",\"$key\",\"k\"],[\"eq\",\"$acl\",\"private\"]]}", 403, "AccessDenied"},
        {" [\"like\",\"$key\",\"k\"]]}", 400, "InvalidPolicyDocument"},
        {" [\"eq\",\"key\",\"k\"]]}", 400, "InvalidPolicyDocument"},
        {" [\"eq\",\"$key\"]]}", 400, "InvalidPolicyDocument"},
        {" {\"key\":1}]}", 400, "InvalidPolicyDocument"},
        {" {}]}", 400, "InvalidPolicyDocument"},
        {" 1]}", 400, "InvalidPolicyDocument"},
        {" [\"content-length-range\",5,1]]}", 400, "InvalidPolicyDocument"},
        {" [\"content-length-range\",\"a\",1]]}", 400, "InvalidPolicyDocument"},
        {" [\"content-length-range\",-1,1]]}", 400, "InvalidPolicyDocument"},
        {"{\"expiration\":\"2026-10-14T18:00:00Z\"}", 400, "InvalidPolicyDocument"},
        {"{\"expiration\":\"soon\",\"conditions\":[]}", 400, "InvalidPolicyDocument"},
        {"{\"expiration\":\"2026-10-14T18:00:00.Z\",\"conditions\":[]}", 400,
            "InvalidPolicyDocument"},
        {"{\"conditions\":[]}", 400, "InvalidPolicyDocument"},
        {"[]", 400, "InvalidPolicyDocument"},
        {"{", 400, "InvalidPolicyDocument"},
        {"", 400, "InvalidPolicyDocument"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[1024], base64[2048], hex[WEIR_SHA256_HEX_BYTES];
        bool tail = cases[i].policy[0] == ' ';
        struct form f = {.form = {.bucket = "weir", .fields = f.fields}};
        struct weir_err err = {0};

        (void)snprintf(text, sizeof text, "%s%s", tail ? expires : "", cases[i].policy + tail);
        EVP_EncodeBlock((unsigned char *)base64, (const unsigned char *)text, (int)strlen(text));
        assert_int_equal(
            weir_sigv4_text(&local_form_key, "20261014", base64, strlen(base64), hex, &err), 0);
        add(&f, "key", "k");
        add(&f, "Policy", base64);
        add(&f, "X-Amz-Algorithm", "AWS4-HMAC-SHA256");
        add(&f, "X-Amz-Credential", "AKLOCAL/20261014/us-east-1/s3/aws4_request");
        add(&f, "X-Amz-Date", "20261014T000000Z");
        add(&f, "success_action_status", "201");
        add(&f, "X-Amz-Signature", hex);
        expect(&f, LOCAL_FORM_NOW_S, cases[i].status, cases[i].code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_own_form_may_upload_until_it_expires),
        cmocka_unit_test(an_altered_field_is_refused),
        cmocka_unit_test(what_the_policy_does_not_speak_of_is_refused),
        cmocka_unit_test(the_files_name_takes_its_place_in_the_key),
        cmocka_unit_test(policies_of_others_are_read_as_s3_reads_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
