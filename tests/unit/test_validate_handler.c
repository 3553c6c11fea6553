/* Events in, objects and batchItemFailures out: the handler on a directory store. */
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/validate/validate.h"
#include "tests/support/canned_http.h"
#include "tests/support/tempdir.h"
#include "json/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct tempdir dir;
static struct weir_loop *loop;
static struct weir_log quiet = {.fd = -1};

static int setup(void **state)
{
    char url[TEMPDIR_PATH_BYTES + 16];

    (void)state;
    tempdir_new(&dir);
    snprintf(url, sizeof url, "file://%s", dir.path);
    setenv("AWS_ENDPOINT_URL_S3", url, 1);
    setenv("WEIR_OUTPUT_KEY", "validations/{stem}.csv", 1);
    unsetenv("WEIR_OUTPUT_BUCKET");
    unsetenv("WEIR_INPUT_PREFIX");
    unsetenv("WEIR_SCHEMA");
    tempdir_write(&dir, "events.schema.json",
        "{\"properties\":{\"id\":{\"type\":\"integer\"}},\"required\":[\"id\"]}");
    tempdir_write(&dir, "b/uploads/good.csv", "id\n1\nx\n");
    tempdir_write(&dir, "b/uploads/open.csv", "id\n\"1\n");
    loop = weir_loop_new(NULL);
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    weir_loop_free(loop);
    tempdir_free(&dir);
    return 0;
}

static void *init(struct weir_err *err)
{
    const struct weir_handler_env env = {.loop = loop, .log = &quiet, .folder = dir.path};

    return weir_validate_handler.init(&env, err);
}

/* One invocation. Returns the response's text, to be freed, or NULL with *err set. */
static char *invoke_by(const char *event, int64_t deadline_ms, struct weir_err *err)
{
    struct weir_buf response;
    char *text = NULL;
    void *self = init(err);

    assert_non_null(self);
    weir_buf_init(&response, WEIR_RESPONSE_MAX_BYTES);
    const struct weir_invocation inv = {.event = event,
        .event_len = strlen(event),
        .request_id = "r-1",
        .deadline_mono_ms = deadline_ms,
        .undo_by_mono_ms = deadline_ms,
        .loop = loop,
        .log = &quiet};
    if (weir_validate_handler.run(self, &inv, &response, err) == 0) {
        text = strdup(weir_buf_text(&response, NULL));
    }
    weir_buf_fini(&response);
    weir_validate_handler.fini(self);
    return text;
}

static char *invoke(const char *event, struct weir_err *err)
{
    return invoke_by(event, INT64_MAX, err);
}

/* An S3 notification for some keys of bucket b. */
static void notification(char *to, size_t n, const char *event_name, const char *key)
{
    snprintf(to, n,
        "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\",\"eventName\":\"%s\","
        "\"s3\":{\"bucket\":{\"name\":\"b\"},\"object\":{\"key\":\"%s\"}}}]}",
        event_name, key);
}

/* An SQS batch: id and body by turns; bodies are escaped. */
static char *batch(int n, ...)
{
    struct weir_buf b;
    va_list ap;

    weir_buf_init(&b, WEIR_MIB);
    weir_buf_adds(&b, "{\"Records\":[", NULL);
    va_start(ap, n);
    for (int i = 0; i < n; i++) {
        const char *id = va_arg(ap, const char *);
        weir_buf_addf(&b, NULL, "%s{\"messageId\":\"%s\",\"eventSource\":\"aws:sqs\",\"body\":\"",
            i > 0 ? "," : "", id);
        for (const char *s = va_arg(ap, const char *); *s != '\0'; s++) {
            weir_buf_addf(&b, NULL, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
        }
        weir_buf_adds(&b, "\"}", NULL);
    }
    va_end(ap);
    weir_buf_adds(&b, "]}", NULL);
    char *text = strdup(weir_buf_text(&b, NULL));
    weir_buf_fini(&b);
    return text;
}

static void expect_response(const char *event, const char *want)
{
    struct weir_err err = {0};
    char *got = invoke(event, &err);

    assert_string_equal(err.msg, "");
    assert_non_null(got);
    assert_string_equal(got, want);
    free(got);
}

static void object_becomes_a_validated_object(void **state)
{
    char event[512];

    (void)state;
    notification(event, sizeof event, "ObjectCreated:Post", "uploads/good.csv");
    char *sqs = batch(1, "m1", event);
    expect_response(sqs, "{\"batchItemFailures\":[]}");
    tempdir_expect(&dir, "b/validations/good.csv",
        "id,valid,errors\n1,true,\nx,false,id: must be an integer\n");
    free(sqs);
}

/* The line of metrics in a log, as a tree; cJSON_Delete it. */
static cJSON *metrics_in(const char *log)
{
    const char *at = strstr(log, "{\"_aws\":");
    struct weir_err err = {0};

    assert_non_null(at);
    assert_true(at == log || at[-1] == '\n'); /* nothing before it: else CloudWatch does not look */
    assert_null(strstr(at + 1, "{\"_aws\":"));
    cJSON *tree = weir_doc_parse("metrics", at, strcspn(at, "\n"), &err);
    assert_string_equal(err.msg, "");
    return tree;
}

static void object_that_is_done_has_its_metrics(void **state)
{
    static const struct {
        const char *name;
        double value; /* -1: any */
    } want[] = {{"rows", 2}, {"invalid", 1}, {"bytes", 7}, {"bytes_out", 55}, {"duration", -1},
        {"retries", 0}};
    char event[512], text[4096];

    (void)state;
    notification(event, sizeof event, "ObjectCreated:Post", "uploads/good.csv");
    quiet.fd = memfd_create("log", MFD_CLOEXEC);
    expect_response(event, "{\"batchItemFailures\":[]}");
    ssize_t n = pread(quiet.fd, text, sizeof text - 1, 0);
    close(quiet.fd);
    quiet.fd = -1;
    assert_true(n > 0);
    text[n] = '\0';
    cJSON *tree = metrics_in(text);
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(tree, want[i].name);
        assert_true(cJSON_IsNumber(m));
        if (want[i].value >= 0 && m->valuedouble != want[i].value) {
            fail_msg("%s is %g, expected %g", want[i].name, m->valuedouble, want[i].value);
        }
    }
    cJSON_Delete(tree);
}

static void output_bucket_and_key_are_settings(void **state)
{
    char event[512];

    (void)state;
    setenv("WEIR_OUTPUT_BUCKET", "out", 1);
    setenv("WEIR_OUTPUT_KEY", "x/{key}", 1);
    tempdir_mkdir(&dir, "out");
    notification(event, sizeof event, "ObjectCreated:Put", "uploads/good.csv");
    expect_response(event, "{\"batchItemFailures\":[]}");
    tempdir_expect(&dir, "out/x/uploads/good.csv",
        "id,valid,errors\n1,true,\nx,false,id: must be an integer\n");
}

static void messages_fail_alone(void **state)
{
    char good[512], open[512], gone[512], removed[512];

    (void)state;
    notification(good, sizeof good, "ObjectCreated:Put", "uploads/good.csv");
    notification(open, sizeof open, "ObjectCreated:Put", "uploads/open.csv");
    notification(gone, sizeof gone, "ObjectCreated:Put", "uploads/gone.csv");
    notification(removed, sizeof removed, "ObjectRemoved:Delete", "uploads/gone.csv");
    char *sqs = batch(6, "m1", "no json", "m2", good, "m3", open, "m4", gone, "m5", removed, "m6",
        "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\",\"Bucket\":\"b\"}");
    expect_response(sqs,
        "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"},{\"itemIdentifier\":\"m3\"},"
        "{\"itemIdentifier\":\"m4\"}]}");
    assert_true(tempdir_exists(&dir, "b/validations/good.csv"));
    assert_false(tempdir_exists(&dir, "b/validations/open.csv"));
    assert_int_equal(tempdir_count(&dir, "b/validations"), 1); /* no temporary file either */
    free(sqs);
}

static void deadline_that_has_passed_reports_every_message(void **state)
{
    char good[512];
    struct weir_err err = {0};

    (void)state;
    notification(good, sizeof good, "ObjectCreated:Put", "uploads/good.csv");
    char *sqs = batch(2, "m1", good, "m2", good);
    char *got = invoke_by(sqs, weir_clock_mono_ms() - 1, &err);
    assert_non_null(got);
    assert_string_equal(got, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"},"
                             "{\"itemIdentifier\":\"m2\"}]}");
    assert_false(tempdir_exists(&dir, "b/validations/good.csv"));
    free(got);
    free(sqs);
}

static void direct_event_that_fails_is_a_function_error(void **state)
{
    char event[512];
    struct weir_err err = {0};

    (void)state;
    notification(event, sizeof event, "ObjectCreated:Put", "uploads/open.csv");
    assert_null(invoke(event, &err));
    assert_int_equal(err.code, WEIR_E_DATA);
    assert_non_null(strstr(err.msg, "line 2"));
}

static void output_that_would_trigger_the_function_again_is_refused(void **state)
{
    static const struct {
        const char *bucket, *pattern, *prefix; /* bucket "b" is the input's */
        bool at_init;
        const char *message;
    } rows[] = {
        {NULL, "uploads/{stem}.csv.gz", NULL, true,
            "WEIR_OUTPUT_KEY begins with WEIR_INPUT_PREFIX"},
        {NULL, "in/{stem}.csv.gz", "in/", true, "WEIR_OUTPUT_KEY begins with WEIR_INPUT_PREFIX"},
        {NULL, "{key}", NULL, true, "WEIR_OUTPUT_KEY begins with {key}"},
        {"b", "{key}", NULL, false, "WEIR_OUTPUT_KEY: the output would replace its input"},
        {"b", "uploads/{stem}.gz", NULL, false, "WEIR_OUTPUT_KEY: the output would lie where"},
    };
    char event[512];

    notification(event, sizeof event, "ObjectCreated:Put", "uploads/good.csv");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct weir_err err = {0};
        setenv("WEIR_OUTPUT_KEY", rows[i].pattern, 1);
        if (rows[i].bucket != NULL) {
            setenv("WEIR_OUTPUT_BUCKET", rows[i].bucket, 1);
        }
        if (rows[i].prefix != NULL) {
            setenv("WEIR_INPUT_PREFIX", rows[i].prefix, 1);
        }
        if (rows[i].at_init) {
            assert_null(init(&err));
        } else {
            assert_null(invoke(event, &err));
        }
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_int_equal(strncmp(err.msg, rows[i].message, strlen(rows[i].message)), 0);
        tempdir_expect(&dir, "b/uploads/good.csv", "id\n1\nx\n");
        assert_int_equal(tempdir_count(&dir, "b/uploads"), 2); /* as they were */
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

/* One SQS message for an object of bucket b with an ETag, against a server that answers so. */
static char *invoke_served(const struct canned_reply *replies, size_t n)
{
    static const char event[] =
        "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\","
        "\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"bkt\"},"
        "\"object\":{\"key\":\"uploads/a.csv\",\"eTag\":\"0123\"}}}]}";
    struct canned_http *server = canned_http_new(replies, n);
    struct weir_err err = {0};

    setenv("AWS_ENDPOINT_URL_S3", canned_http_url(server), 1);
    setenv("AWS_REGION", "us-east-1", 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    char *sqs = batch(1, "m1", event);
    char *got = invoke(sqs, &err);
    assert_string_equal(err.msg, "");
    free(sqs);
    canned_http_free(server);
    return got;
}

static void object_replaced_since_the_event_is_done(void **state)
{
    static const struct canned_reply replies[] = {
        {.match = "GET ", .head = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"}};
    char *got = invoke_served(replies, 1);

    (void)state;
    assert_string_equal(got, "{\"batchItemFailures\":[]}");
    free(got);
}

static void output_refused_with_412_is_a_failure(void **state)
{
    static const struct canned_reply replies[] = {
        {.match = "GET ",
            .head = "HTTP/1.1 200 OK\r\nETag: \"0123\"\r\nContent-Length: 5\r\n\r\nid\n1\n"},
        {.match = "PUT ", .head = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"}};
    char *got = invoke_served(replies, 2);

    (void)state;
    assert_string_equal(got, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}");
    free(got);
}

static void requests_that_were_sent_again_are_a_metric(void **state)
{
    static const struct canned_reply replies[] = {
        {.match = "GET ", .head = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"},
        {.match = "GET ",
            .head = "HTTP/1.1 200 OK\r\nETag: \"0123\"\r\nContent-Length: 5\r\n\r\nid\n1\n"},
        {.match = "PUT ",
            .head = "HTTP/1.1 200 OK\r\nETag: \"4567\"\r\nContent-Length: 0\r\n\r\n"}};
    char text[4096];

    (void)state;
    quiet.fd = memfd_create("log", MFD_CLOEXEC);
    char *got = invoke_served(replies, 3);
    ssize_t n = pread(quiet.fd, text, sizeof text - 1, 0);
    close(quiet.fd);
    quiet.fd = -1;
    assert_string_equal(got, "{\"batchItemFailures\":[]}");
    free(got);
    assert_true(n > 0);
    text[n] = '\0';
    cJSON *tree = metrics_in(text);
    assert_int_equal(cJSON_GetObjectItemCaseSensitive(tree, "retries")->valueint, 1);
    cJSON_Delete(tree);
}

static void bad_settings_are_init_errors(void **state)
{
    static const struct {
        const char *name, *value, *part;
    } rows[] = {
        {"WEIR_SCHEMA", "/nowhere/schema.json", "WEIR_SCHEMA"},
        {"WEIR_OUTPUT_KEY", "x/{stm}", "WEIR_OUTPUT_KEY"},
        {"WEIR_OUTPUT_BUCKET", "a/b", "WEIR_OUTPUT_BUCKET"},
        {"AWS_ENDPOINT_URL_S3", "ftp://x", "AWS_ENDPOINT_URL_S3"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct weir_err err = {0};
        setenv(rows[i].name, rows[i].value, 1);
        assert_null(init(&err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_non_null(strstr(err.msg, rows[i].part));
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
    struct weir_err err = {0};
    tempdir_write(&dir, "events.schema.json", "{\"properties\":{\"id\":{\"type\":\"thing\"}}}");
    assert_null(init(&err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "/properties/id/type"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(object_becomes_a_validated_object, setup, teardown),
        cmocka_unit_test_setup_teardown(object_that_is_done_has_its_metrics, setup, teardown),
        cmocka_unit_test_setup_teardown(output_bucket_and_key_are_settings, setup, teardown),
        cmocka_unit_test_setup_teardown(messages_fail_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(
            deadline_that_has_passed_reports_every_message, setup, teardown),
        cmocka_unit_test_setup_teardown(
            direct_event_that_fails_is_a_function_error, setup, teardown),
        cmocka_unit_test_setup_teardown(
            output_that_would_trigger_the_function_again_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(object_replaced_since_the_event_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(output_refused_with_412_is_a_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(
            requests_that_were_sent_again_are_a_metric, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_settings_are_init_errors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
