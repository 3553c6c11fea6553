/*
 * Does every form of HTTP event get its answer, is what is wrong with a request told to its sender
 * in the right status, and is what is wrong with a setting an init error?
 */
#include "core/limits.h"
#include "handlers/presign/presign.h"
#include "json/doc.h"
#include "tests/support/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define ROUTE "/batch/generate-presigned-url"

static const struct weir_log quiet = {.fd = -1};

static int setup(void **state)
{
    static const char *const unset[] = {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
        "AWS_SESSION_TOKEN", "WEIR_UPLOAD_PREFIX", "WEIR_UPLOAD_MAX_BYTES", "WEIR_UPLOAD_EXPIRES_S",
        "WEIR_UPLOAD_CONTENT_TYPE", "WEIR_CORS_ORIGIN"};

    (void)state;
    for (size_t i = 0; i < COUNT(unset); i++) {
        unsetenv(unset[i]);
    }
    setenv("AWS_REGION", "eu-west-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", 1);
    setenv("BUCKET_NAME", "weir-demo", 1);
    return 0;
}

static void *start(struct weir_err *err)
{
    const struct weir_handler_env env = {.log = &quiet, .folder = "."};

    return weir_presign_handler.init(&env, err);
}

/* One invocation: the response's tree (cJSON_Delete), or NULL with *err set. */
static cJSON *invoke(const char *event, struct weir_err *err)
{
    const struct weir_invocation inv = {.event = event,
        .event_len = strlen(event),
        .request_id = "r-1",
        .deadline_mono_ms = INT64_MAX,
        .undo_by_mono_ms = INT64_MAX,
        .log = &quiet};
    struct weir_buf response;
    struct weir_err at_start = {0};
    cJSON *tree = NULL;
    void *self = start(&at_start);

    assert_non_null(self);
    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    if (weir_presign_handler.run(self, &inv, &response, err) == 0) {
        tree = weir_doc_parse("response", (const char *)response.p, response.len, err);
        assert_non_null(tree);
    }
    weir_buf_fini(&response);
    weir_presign_handler.fini(self);
    return tree;
}

static const cJSON *at(const cJSON *tree, const char *name)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(tree, name);

    assert_non_null(v);
    return v;
}

static const char *text(const cJSON *tree, const char *name)
{
    assert_true(cJSON_IsString(at(tree, name)));
    return at(tree, name)->valuestring;
}

static void status_is(const char *event, int status)
{
    struct weir_err err = {0};
    cJSON *tree = invoke(event, &err);

    assert_non_null(tree);
    assert_int_equal(at(tree, "statusCode")->valueint, status);
    assert_true(cJSON_IsFalse(at(tree, "isBase64Encoded")));
    assert_string_equal(text(at(tree, "headers"), "Cache-Control"), "no-store");
    cJSON *body = cJSON_Parse(text(tree, "body"));
    assert_non_null(body);
    assert_true(strlen(text(body, "message")) > 0);
    assert_string_equal(text(at(tree, "headers"), "Content-Type"), "application/json");
    cJSON_Delete(body);
    cJSON_Delete(tree);
}

static cJSON *form_of(const char *event)
{
    struct weir_err err = {0};
    cJSON *tree = invoke(event, &err);

    assert_non_null(tree);
    assert_int_equal(at(tree, "statusCode")->valueint, 201);
    cJSON *body = cJSON_Parse(text(tree, "body"));
    assert_non_null(body);
    assert_string_equal(text(body, "message"), "presigned POST URL generated");
    cJSON *data = cJSON_DetachItemFromObject(body, "data");
    assert_non_null(data);
    cJSON_Delete(body);
    cJSON_Delete(tree);
    return data;
}

static void every_form_of_event_gets_a_form(void **state)
{
    (void)state;
    static const char *const names[] = {"events/presign-apigw-v1.json",
        "events/presign-apigw-v2.json", "events/presign-function-url.json"};

    for (size_t i = 0; i < COUNT(names); i++) {
        char *event = files_text(names[i]);
        cJSON *data = form_of(event);
        const cJSON *fields = at(data, "fields");
        assert_string_equal(text(data, "url"), "https://weir-demo.s3.eu-west-1.amazonaws.com/");
        assert_string_equal(text(fields, "bucket"), "weir-demo");
        assert_string_equal(text(fields, "Content-Type"), "text/csv");
        assert_int_equal(strlen(text(fields, "key")), strlen("uploads/.csv") + 36);
        assert_memory_equal(text(fields, "key"), "uploads/", 8);
        assert_int_equal(strlen(text(fields, "X-Amz-Signature")), 64);
        assert_null(cJSON_GetObjectItemCaseSensitive(fields, "X-Amz-Security-Token"));
        cJSON_Delete(data);
        free(event);
    }
}

static void no_two_forms_have_the_same_key(void **state)
{
    (void)state;
    static const char event[] = "{\"httpMethod\":\"POST\",\"path\":\"" ROUTE "\",\"body\":null}";
    cJSON *a = form_of(event), *b = form_of(event);

    assert_string_not_equal(text(at(a, "fields"), "key"), text(at(b, "fields"), "key"));
    cJSON_Delete(a);
    cJSON_Delete(b);
}

static void settings_shape_the_form(void **state)
{
    (void)state;
    setup(NULL);
    setenv("WEIR_UPLOAD_PREFIX", "in/2026/", 1);
    setenv("WEIR_UPLOAD_CONTENT_TYPE", "application/gzip", 1);
    setenv("WEIR_UPLOAD_EXPIRES_S", "60", 1);
    setenv("WEIR_UPLOAD_MAX_BYTES", "1000", 1);
    setenv("AWS_SESSION_TOKEN", "token", 1);
    cJSON *data = form_of("{\"httpMethod\":\"POST\",\"path\":\"" ROUTE "\"}");
    const cJSON *fields = at(data, "fields");
    assert_memory_equal(text(fields, "key"), "in/2026/", 8);
    assert_string_equal(text(fields, "Content-Type"), "application/gzip");
    assert_string_equal(text(fields, "X-Amz-Security-Token"), "token");
    cJSON_Delete(data);
    setup(NULL);
}

static void bad_requests_get_their_status(void **state)
{
    (void)state;
#define V1(method, path, more) "{\"httpMethod\":\"" method "\",\"path\":\"" path "\"" more "}"
#define V2(method, path, stage, more)                                                              \
    "{\"version\":\"2.0\",\"rawPath\":\"" path "\",\"requestContext\":{\"stage\":\"" stage         \
    "\",\"http\":{\"method\":\"" method "\",\"path\":\"" path "\"}}" more "}"
    static const struct {
        const char *event;
        int status;
    } cases[] = {
        {V1("GET", ROUTE, ""), 405},
        {V1("OPTIONS", ROUTE, ""), 405}, /* without WEIR_CORS_ORIGIN */
        {V1("post", ROUTE, ""), 405},
        {V1("POST", "/", ""), 404},
        {V1("GET", "/batch", ""), 404},
        {V1("POST", ROUTE "/", ""), 404},
        {V1("POST", ROUTE "x", ""), 404},
        {V1("POST", ROUTE, ",\"body\":\"\""), 201},
        {V1("POST", ROUTE, ",\"body\":\" \\r\\n\""), 201},
        {V1("POST", ROUTE, ",\"body\":\"{\\\"a\\\":1}\""), 201},
        {V1("POST", ROUTE, ",\"body\":\"{\\\"a\\\":1\""), 400},
        {V1("POST", ROUTE, ",\"body\":\"[]\""), 400},
        {V1("POST", ROUTE, ",\"body\":\"null\""), 400},
        {V1("POST", ROUTE, ",\"body\":\"e30=\""), 400},
        {V1("POST", ROUTE, ",\"body\":\"e30=\",\"isBase64Encoded\":true"), 201},
        {V1("POST", ROUTE, ",\"body\":\"e30\",\"isBase64Encoded\":true"), 400},
        {V1("POST", ROUTE, ",\"body\":\"====\",\"isBase64Encoded\":true"), 400},
        {V1("POST", ROUTE, ",\"body\":\"e3=0\",\"isBase64Encoded\":true"), 400},
        {V1("POST", ROUTE, ",\"body\":\"{}{}\",\"isBase64Encoded\":true"), 400},
        {V1("POST", ROUTE, ",\"body\":\"W10=\",\"isBase64Encoded\":true"), 400}, /* [] */
        {V1("POST", ROUTE, ",\"body\":\"\",\"isBase64Encoded\":true"), 201},
        {V1("POST", ROUTE, ",\"body\":\"\\u0000\""), 400},
        {V1("POST", ROUTE, ",\"body\":\"AA==\",\"isBase64Encoded\":true"), 400},
        {V1("POST", ROUTE, ",\"queryStringParameters\":{\"a\":\"\\u0000\"}"), 400},
        {V1("POST", "/base" ROUTE, ",\"resource\":\"" ROUTE "\""), 201},
        {V1("POST", "/prod" ROUTE, ",\"requestContext\":{\"stage\":\"prod\"}"), 201},
        {V1("POST", "/production" ROUTE, ",\"requestContext\":{\"stage\":\"prod\"}"), 404},
        {V2("POST", ROUTE, "$default", ""), 201},
        {V2("POST", "/dev" ROUTE, "dev", ""), 201},
        {V2("POST", "/dev" ROUTE, "prod", ""), 404},
        {V2("POST", "/dev" ROUTE, "prod", ",\"routeKey\":\"POST " ROUTE "\""), 201},
        {V2("DELETE", ROUTE, "$default", ""), 405},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        print_message("%s\n", cases[i].event);
        status_is(cases[i].event, cases[i].status);
    }
}

static void a_browser_s_question_is_answered_when_an_origin_is_set(void **state)
{
    (void)state;
    struct weir_err err = {0};

    setenv("WEIR_CORS_ORIGIN", "https://app.example.com", 1);
    cJSON *tree = invoke(V1("OPTIONS", ROUTE, ""), &err);
    assert_non_null(tree);
    assert_int_equal(at(tree, "statusCode")->valueint, 204);
    assert_string_equal(text(tree, "body"), "");
    const cJSON *headers = at(tree, "headers");
    assert_string_equal(text(headers, "Access-Control-Allow-Origin"), "https://app.example.com");
    assert_string_equal(text(headers, "Access-Control-Allow-Methods"), "POST");
    cJSON_Delete(tree);

    tree = invoke(V1("GET", ROUTE, ""), &err);
    assert_non_null(tree);
    headers = at(tree, "headers");
    assert_string_equal(text(headers, "Allow"), "OPTIONS, POST");
    assert_string_equal(text(headers, "Access-Control-Allow-Origin"), "https://app.example.com");
    cJSON_Delete(tree);
    setup(NULL);
}

static void what_is_no_http_event_is_a_function_error(void **state)
{
    (void)state;
    static const char *const events[] = {"{}", "[]", "\"x\"", "{\"Records\":[]}",
        "{\"rawPath\":\"/\"}", "{\"rawPath\":\"/\",\"requestContext\":{}}",
        "{\"rawPath\":\"/\",\"requestContext\":{\"http\":{}}}",
        "{\"rawPath\":1,\"requestContext\":{\"http\":{\"method\":\"POST\"}}}",
        "{\"httpMethod\":1,\"path\":\"/\"}", "{\"httpMethod\":\"POST\"}",
        V1("POST", ROUTE, ",\"body\":{}"), V1("POST", ROUTE, ",\"isBase64Encoded\":\"true\""),
        V1("POST", ROUTE, ",\"requestContext\":{\"stage\":1}")};

    for (size_t i = 0; i < COUNT(events); i++) {
        struct weir_err err = {0};
        print_message("%s\n", events[i]);
        assert_null(invoke(events[i], &err));
        assert_int_equal(err.code, WEIR_E_DATA);
    }
}

static void a_bad_setting_is_an_init_error_that_names_it(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *why;
    } cases[] = {
        {"BUCKET_NAME", "", "BUCKET_NAME"},
        {"BUCKET_NAME", "a/b", "bucket"},
        {"WEIR_UPLOAD_PREFIX", "bad\xFF/", "key"},
        {"WEIR_UPLOAD_MAX_BYTES", "0", "WEIR_UPLOAD_MAX_BYTES"},
        {"WEIR_UPLOAD_MAX_BYTES", "5368709121", "WEIR_UPLOAD_MAX_BYTES"},
        {"WEIR_UPLOAD_MAX_BYTES", "99999999999999999999", "WEIR_UPLOAD_MAX_BYTES"},
        {"WEIR_UPLOAD_MAX_BYTES", "5GB", "WEIR_UPLOAD_MAX_BYTES"},
        {"WEIR_UPLOAD_EXPIRES_S", "-1", "WEIR_UPLOAD_EXPIRES_S"},
        {"WEIR_UPLOAD_EXPIRES_S", "604801", "WEIR_UPLOAD_EXPIRES_S"},
        {"WEIR_UPLOAD_CONTENT_TYPE", "text/csv\n", "content type"},
        {"WEIR_CORS_ORIGIN", "https://a\"b", "WEIR_CORS_ORIGIN"},
        {"AWS_ENDPOINT_URL_S3", "file:///tmp", "folder"},
        {"AWS_REGION", "", "AWS_REGION"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        setup(NULL);
        unsetenv("AWS_DEFAULT_REGION");
        setenv(cases[i].name, cases[i].value, 1);
        assert_null(start(&err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_non_null(strstr(err.msg, cases[i].why));
    }
    char *prefix = calloc(1, WEIR_S3_KEY_MAX_BYTES);
    assert_non_null(prefix);
    memset(prefix, 'p', WEIR_S3_KEY_MAX_BYTES - 20); /* no room for the id */
    struct weir_err err = {0};
    setup(NULL);
    setenv("WEIR_UPLOAD_PREFIX", prefix, 1);
    assert_null(start(&err));
    assert_non_null(strstr(err.msg, "WEIR_UPLOAD_PREFIX"));
    free(prefix);
    setup(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_event_gets_a_form),
        cmocka_unit_test(no_two_forms_have_the_same_key),
        cmocka_unit_test(settings_shape_the_form),
        cmocka_unit_test(bad_requests_get_their_status),
        cmocka_unit_test(a_browser_s_question_is_answered_when_an_origin_is_set),
        cmocka_unit_test(what_is_no_http_event_is_a_function_error),
        cmocka_unit_test(a_bad_setting_is_an_init_error_that_names_it),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
