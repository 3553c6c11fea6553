/* Events in, objects and batchItemFailures out: the handler on a directory store. */
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/validate/validate.h"
#include "json/doc.h"
#include "tests/support/canned_http.h"
#include "tests/support/tempdir.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
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
    unsetenv("WEIR_SCHEMA_MAX_AGE_S");
    unsetenv("WEIR_RULES");
    unsetenv("WEIR_OPTIONS");
    unsetenv("WEIR_INVALID_KEY");
    unsetenv("WEIR_SUMMARY_KEY");
    unsetenv("WEIR_CSV_KERNEL");
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

/* One invocation of a function. Returns the response's text, to be freed, or NULL with *err set. */
static char *invoke_of(void *self, const char *event, int64_t deadline_ms, struct weir_err *err)
{
    struct weir_buf response;
    char *text = NULL;

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
    return text;
}

static char *invoke_by(const char *event, int64_t deadline_ms, struct weir_err *err)
{
    void *self = init(err);

    assert_string_equal(err->msg, "");
    assert_non_null(self);
    char *text = invoke_of(self, event, deadline_ms, err);
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

static void split_and_summary_lie_where_the_settings_say(void **state)
{
    char event[512];

    (void)state;
    unsetenv("WEIR_OUTPUT_KEY");
    setenv("WEIR_OPTIONS", "{\"output\":\"split\"}", 1);
    setenv("WEIR_OUTPUT_KEY", "validations/{stem}.{ext}", 1);
    setenv("WEIR_INVALID_KEY", "invalid/{stem}.{ext}", 1);
    setenv("WEIR_SUMMARY_KEY", "sums/{stem}.json", 1);
    notification(event, sizeof event, "ObjectCreated:Post", "uploads/good.csv");
    expect_response(event, "{\"batchItemFailures\":[]}");
    tempdir_expect(&dir, "b/validations/good.csv", "id\n1\n");
    tempdir_expect(&dir, "b/invalid/good.csv", "id,errors\nx,id: must be an integer\n");
    assert_true(tempdir_exists(&dir, "b/sums/good.json"));
}

static void failed_object_has_none_of_its_outputs(void **state)
{
    char event[512];
    struct weir_err err = {0};

    (void)state;
    setenv("WEIR_OPTIONS", "{\"output\":\"split\"}", 1);
    setenv("WEIR_SUMMARY_KEY", "sums/{stem}.json", 1);
    notification(event, sizeof event, "ObjectCreated:Post", "uploads/open.csv");
    assert_null(invoke(event, &err));
    assert_int_equal(err.code, WEIR_E_DATA);
    assert_int_equal(tempdir_count(&dir, "b"), 1); /* uploads */
}

static void json_lines_stay_json_lines(void **state)
{
    char event[512];

    (void)state;
    setenv("WEIR_OUTPUT_KEY", "validations/{stem}.{ext}", 1);
    tempdir_write(&dir, "b/uploads/a.jsonl", "{\"id\":1}\n");
    notification(event, sizeof event, "ObjectCreated:Post", "uploads/a.jsonl");
    expect_response(event, "{\"batchItemFailures\":[]}");
    tempdir_expect(
        &dir, "b/validations/a.jsonl", "{\"valid\":true,\"errors\":[],\"row\":{\"id\":1}}\n");
}

/* The rules of the test's folder, which name schemas beside them. */
static void write_rules(const char *text)
{
    char path[TEMPDIR_PATH_BYTES + 32];

    tempdir_write(&dir, "conf/rules.json", text);
    tempdir_write(&dir, "conf/text.json",
        "{\"properties\":{\"id\":{\"maxLength\":1}},\"required\":[\"id\"]}");
    tempdir_write(&dir, "conf/strict.json", "{\"properties\":{\"id\":{\"const\":1}}}");
    snprintf(path, sizeof path, "%s/conf/rules.json", dir.path);
    setenv("WEIR_RULES", path, 1);
}

static void each_object_goes_by_its_rule(void **state)
{
    char ignored[512], text[512], none[512];

    (void)state;
    write_rules("[{\"prefix\":\"uploads/tmp/\",\"ignore\":true},"
                "{\"prefix\":\"uploads/t\",\"schema\":\"text.json\","
                "\"options\":{\"delimiter\":\";\"},\"output_key\":\"out/{stem}.{ext}\"}]");
    tempdir_write(&dir, "b/uploads/tmp/a.csv", "id\n1\n");
    tempdir_write(&dir, "b/uploads/t.csv", "id;b\nx;1\nxy;2\n");
    notification(ignored, sizeof ignored, "ObjectCreated:Put", "uploads/tmp/a.csv");
    notification(text, sizeof text, "ObjectCreated:Put", "uploads/t.csv");
    notification(none, sizeof none, "ObjectCreated:Put", "uploads/good.csv");
    char *sqs = batch(3, "m1", ignored, "m2", text, "m3", none);
    expect_response(sqs, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m3\"}]}");
    free(sqs);
    tempdir_expect(&dir, "b/out/t.csv",
        "id;b;valid;errors\nx;1;true;\nxy;2;false;id: must have at most 1 character\n");
    assert_int_equal(tempdir_count(&dir, "b"), 2); /* uploads, out */
}

static void rules_that_cannot_be_are_init_errors(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"[{\"schema\":\"text.json\",\"outputs\":1}]", "/0/outputs: no such member of a rule"},
        {"[{\"schema\":\"gone.json\"}]", "WEIR_RULES: /0/schema: "},
        {"[{\"schema\":\"text.json\",\"schemas\":{\"x\":\"rules.json\"}}]",
            "WEIR_RULES: /0/schemas/x: "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct weir_err err = {0};
        write_rules(rows[i].text);
        assert_null(init(&err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (strstr(err.msg, rows[i].part) == NULL) {
            fail_msg("%s: \"%s\"", rows[i].text, err.msg);
        }
    }
    struct weir_err err = {0};
    setenv("WEIR_RULES", "/nowhere/rules.json", 1);
    assert_null(init(&err));
    assert_int_equal(strncmp(err.msg, "WEIR_RULES: ", 12), 0);
}

static void schema_on_s3_that_has_changed_is_seen(void **state)
{
    char event[512];
    struct weir_err err = {0};
    char *got;

    (void)state;
    tempdir_write(&dir, "conf/s.json", "{\"properties\":{\"id\":{\"type\":\"integer\"}}}");
    setenv("WEIR_SCHEMA", "s3://conf/s.json", 1);
    setenv("WEIR_SCHEMA_MAX_AGE_S", "0", 1);
    notification(event, sizeof event, "ObjectCreated:Put", "uploads/good.csv");
    void *self = init(&err);
    assert_non_null(self);
    tempdir_write(&dir, "conf/s.json", "{\"properties\":{\"id\":{\"const\":\"x\"}}}");
    got = invoke_of(self, event, INT64_MAX, &err);
    assert_non_null(got);
    free(got);
    tempdir_expect(
        &dir, "b/validations/good.csv", "id,valid,errors\n1,false,id: must be x\nx,true,\n");
    tempdir_write(&dir, "conf/s.json", "{\"properties\":[]}"); /* and one that does not load */
    assert_null(invoke_of(self, event, INT64_MAX, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_int_equal(strncmp(err.msg, "WEIR_SCHEMA: s3://conf/s.json: ", 31), 0);
    weir_validate_handler.fini(self);
}

static void schema_is_kept_for_as_long_as_is_set(void **state)
{
    char event[512];
    struct weir_err err = {0};

    (void)state;
    tempdir_write(&dir, "conf/s.json", "{\"properties\":{\"id\":{\"type\":\"integer\"}}}");
    setenv("WEIR_SCHEMA", "s3://conf/s.json", 1);
    setenv("WEIR_SCHEMA_MAX_AGE_S", "86400", 1);
    notification(event, sizeof event, "ObjectCreated:Put", "uploads/good.csv");
    void *self = init(&err);
    assert_non_null(self);
    tempdir_write(&dir, "conf/s.json", "no schema");
    char *got = invoke_of(self, event, INT64_MAX, &err);
    assert_non_null(got);
    free(got);
    weir_validate_handler.fini(self);
}

static void what_is_odd_about_a_schema_is_in_the_log(void **state)
{
    struct weir_err err = {0};
    char text[512];
    int log[2];

    (void)state;
    tempdir_write(&dir, "events.schema.json", "{\"properties\":{\"id\":{\"format\":\"none\"}}}");
    assert_int_equal(pipe(log), 0);
    const struct weir_log to_pipe = {.fd = log[1], .level = WEIR_LOG_WARN};
    const struct weir_handler_env env = {.loop = loop, .log = &to_pipe, .folder = dir.path};
    void *self = weir_validate_handler.init(&env, &err);
    assert_non_null(self);
    weir_validate_handler.fini(self);
    ssize_t n = read(log[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "events.schema.json: "));
    assert_non_null(strstr(text, "/properties/id/format: unknown format none: not checked"));
    (void)close(log[0]);
    (void)close(log[1]);
}

static void file_names_its_schema_by_an_attribute(void **state)
{
    char event[512], path[TEMPDIR_PATH_BYTES + 32];

    (void)state;
    write_rules("[{\"schema\":\"text.json\",\"schemas\":{\"strict\":\"strict.json\"}}]");
    notification(event, sizeof event, "ObjectCreated:Put", "uploads/good.csv");
    expect_response(event, "{\"batchItemFailures\":[]}");
    tempdir_expect(&dir, "b/validations/good.csv", "id,valid,errors\n1,true,\nx,true,\n");
    snprintf(path, sizeof path, "%s/b/uploads/good.csv", dir.path);
    if (setxattr(path, "user.weir-schema", "strict", 6, 0) != 0) {
        skip(); /* a file system without attributes */
    }
    expect_response(event, "{\"batchItemFailures\":[]}");
    tempdir_expect(
        &dir, "b/validations/good.csv", "id,valid,errors\n1,true,\nx,false,id: must be 1\n");
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

#define NAMED(name)                                                                                \
    {                                                                                              \
        .match = "HEAD ", .head = "HTTP/1.1 200 OK\r\nETag: \"0123\"\r\nContent-Length: 5\r\n"     \
                                  "x-amz-meta-weir-schema: " name "\r\n\r\n"                       \
    }

static void object_names_its_schema(void **state)
{
    static const struct canned_reply replies[] = {NAMED("strict"),
        {.match = "GET ",
            .head = "HTTP/1.1 200 OK\r\nETag: \"0123\"\r\nContent-Length: 5\r\n\r\nid\n1\n"},
        {.match = "PUT ",
            .head = "HTTP/1.1 200 OK\r\nETag: \"4567\"\r\nContent-Length: 0\r\n\r\n"}};

    (void)state;
    write_rules("[{\"schemas\":{\"strict\":\"strict.json\"}}]");
    char *got = invoke_served(replies, 3);
    assert_string_equal(got, "{\"batchItemFailures\":[]}");
    free(got);
}

static void object_that_names_no_schema_of_its_rule_fails(void **state)
{
    static const struct canned_reply names[][1] = {
        {NAMED("text.json")}, {NAMED("../strict")}, {NAMED("s3://conf/strict.json")}, {NAMED("")}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        write_rules("[{\"schemas\":{\"strict\":\"strict.json\"}}]");
        char *got = invoke_served(names[i], 1);
        assert_string_equal(got, "{\"batchItemFailures\":[{\"itemIdentifier\":\"m1\"}]}");
        free(got);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(setup(state), 0);
    }
}

static void object_replaced_before_it_is_asked_for_its_schema_is_done(void **state)
{
    static const struct canned_reply replies[] = {{.match = "HEAD ",
        .head = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 0\r\n\r\n"}};

    (void)state;
    write_rules("[{\"schemas\":{\"strict\":\"strict.json\"}}]");
    char *got = invoke_served(replies, 1);
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
        {"WEIR_SUMMARY_KEY", "x/{stm}", "WEIR_SUMMARY_KEY"},
        {"WEIR_OPTIONS", "{\"output\":\"splt\"}", "WEIR_OPTIONS: /output: must be one of"},
        {"WEIR_SCHEMA_MAX_AGE_S", "1d", "WEIR_SCHEMA_MAX_AGE_S"},
        {"AWS_ENDPOINT_URL_S3", "ftp://x", "AWS_ENDPOINT_URL_S3"},
        {"WEIR_CSV_KERNEL", "abacus", "WEIR_CSV_KERNEL: must be "},
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

    char folder[PATH_MAX];
    const struct weir_handler_env env = {.loop = loop, .log = &quiet, .folder = folder};
    memset(folder, 'x', sizeof folder - 1);
    folder[sizeof folder - 1] = '\0';
    err = (struct weir_err){0};
    assert_null(weir_validate_handler.init(&env, &err));
    assert_string_equal(err.msg, "the bootstrap's folder has too long a name");
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
        cmocka_unit_test_setup_teardown(
            split_and_summary_lie_where_the_settings_say, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_object_has_none_of_its_outputs, setup, teardown),
        cmocka_unit_test_setup_teardown(json_lines_stay_json_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(each_object_goes_by_its_rule, setup, teardown),
        cmocka_unit_test_setup_teardown(rules_that_cannot_be_are_init_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(schema_on_s3_that_has_changed_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(schema_is_kept_for_as_long_as_is_set, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_odd_about_a_schema_is_in_the_log, setup, teardown),
        cmocka_unit_test_setup_teardown(file_names_its_schema_by_an_attribute, setup, teardown),
        cmocka_unit_test_setup_teardown(object_names_its_schema, setup, teardown),
        cmocka_unit_test_setup_teardown(
            object_that_names_no_schema_of_its_rule_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(
            object_replaced_before_it_is_asked_for_its_schema_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(object_replaced_since_the_event_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(output_refused_with_412_is_a_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(
            requests_that_were_sent_again_are_a_metric, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_settings_are_init_errors, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
