/* Is every line that weir_metrics_write writes a document of the Embedded Metric Format? */
#include "core/clock.h"
#include "core/limits.h"
#include "event/metrics.h"
#include "json/doc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct weir_metric metrics[] = {
    {"rows", WEIR_UNIT_COUNT, 7},
    {"bytes", WEIR_UNIT_BYTES, UINT64_C(9007199254740991)},
    {"duration", WEIR_UNIT_MILLISECONDS, 0},
};

static int setup(void **state)
{
    (void)state;
    unsetenv("AWS_LAMBDA_FUNCTION_NAME");
    unsetenv("WEIR_METRICS_NAMESPACE");
    return 0;
}

/* Write them to a log of this level; the line, without its LF, in text. */
static void write_line(enum weir_level level, char *text, size_t size)
{
    struct weir_log log = {
        .fd = memfd_create("log", MFD_CLOEXEC), .level = level, .request_id = "r-1"};

    weir_metrics_write(&log, "validate", metrics, COUNT(metrics));
    ssize_t n = pread(log.fd, text, size - 1, 0);
    assert_true(n > 0);
    assert_int_equal(text[n - 1], '\n');
    text[n - 1] = '\0';
    assert_null(strchr(text, '\n'));
    close(log.fd);
}

static const cJSON *get(const cJSON *o, const char *name)
{
    const cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);

    assert_non_null(m);
    return m;
}

/* The rules of the specification: each metric and each dimension is a member of the root with the
 * right type; returns the directive. */
static const cJSON *check_document(const cJSON *root)
{
    const cJSON *aws = get(root, "_aws"), *at, *name;
    const cJSON *list = get(aws, "CloudWatchMetrics");
    const double now = (double)weir_clock_unix_ms();

    assert_true(cJSON_IsNumber(get(aws, "Timestamp")));
    assert_true(get(aws, "Timestamp")->valuedouble > now - 600000);
    assert_true(get(aws, "Timestamp")->valuedouble <= now);
    assert_int_equal(cJSON_GetArraySize(list), 1);
    const cJSON *directive = list->child;
    assert_true(cJSON_IsString(get(directive, "Namespace")));
    assert_int_equal(cJSON_GetArraySize(get(directive, "Dimensions")), 1);
    cJSON_ArrayForEach(name, get(directive, "Dimensions")->child)
    {
        assert_true(cJSON_IsString(get(root, name->valuestring)));
    }
    cJSON_ArrayForEach(at, get(directive, "Metrics"))
    {
        assert_true(cJSON_IsString(get(at, "Unit")));
        assert_true(cJSON_IsNumber(get(root, get(at, "Name")->valuestring)));
    }
    return directive;
}

static cJSON *parse(const char *text)
{
    struct weir_err err = {0};
    cJSON *root = weir_doc_parse("metrics", text, strlen(text), &err);

    assert_string_equal(err.msg, "");
    return root;
}

static void line_is_a_document_of_the_specification(void **state)
{
    static const char *const units[] = {"Count", "Bytes", "Milliseconds"};
    char text[4096];

    (void)state;
    setenv("AWS_LAMBDA_FUNCTION_NAME", "uploads", 1);
    write_line(WEIR_LOG_INFO, text, sizeof text);
    cJSON *root = parse(text);
    const cJSON *directive = check_document(root);
    assert_string_equal(get(directive, "Namespace")->valuestring, "weir");
    assert_int_equal(cJSON_GetArraySize(get(directive, "Dimensions")->child), 2);
    assert_int_equal(cJSON_GetArraySize(get(directive, "Metrics")), COUNT(metrics));
    for (int i = 0; i < (int)COUNT(metrics); i++) {
        const cJSON *m = cJSON_GetArrayItem(get(directive, "Metrics"), i);
        assert_string_equal(get(m, "Name")->valuestring, metrics[i].name);
        assert_string_equal(get(m, "Unit")->valuestring, units[i]);
        assert_true(get(root, metrics[i].name)->valuedouble == (double)metrics[i].value);
    }
    assert_string_equal(get(root, "FunctionName")->valuestring, "uploads");
    assert_string_equal(get(root, "Handler")->valuestring, "validate");
    assert_string_equal(get(root, "requestId")->valuestring, "r-1");
    cJSON_Delete(root);
}

static void function_without_a_name_is_no_dimension(void **state)
{
    char text[4096];

    (void)state;
    write_line(WEIR_LOG_INFO, text, sizeof text);
    cJSON *root = parse(text);
    const cJSON *directive = check_document(root);
    assert_int_equal(cJSON_GetArraySize(get(directive, "Dimensions")->child), 1);
    assert_null(cJSON_GetObjectItemCaseSensitive(root, "FunctionName"));
    cJSON_Delete(root);
}

static void names_of_the_environment_are_quoted(void **state)
{
    char text[4096];

    (void)state;
    setenv("WEIR_METRICS_NAMESPACE", "a\"b\\c\n\xFF", 1);
    setenv("AWS_LAMBDA_FUNCTION_NAME", "f\"", 1);
    write_line(WEIR_LOG_INFO, text, sizeof text);
    cJSON *root = parse(text);
    const cJSON *directive = check_document(root);
    assert_string_equal(get(directive, "Namespace")->valuestring, "a\"b\\c\n\xEF\xBF\xBD");
    assert_string_equal(get(root, "FunctionName")->valuestring, "f\"");
    cJSON_Delete(root);
}

static void metrics_are_written_at_every_level(void **state)
{
    char text[4096];

    (void)state;
    write_line(WEIR_LOG_ERROR, text, sizeof text);
    cJSON_Delete(parse(text));
}

static void log_that_drops_its_lines_drops_metrics(void **state)
{
    atomic_uint lost = 0; /* what a log that counts them would have tried to write */
    const struct weir_log nowhere = {.fd = -1, .lost = &lost};

    (void)state;
    errno = 0;
    weir_metrics_write(&nowhere, "validate", metrics, COUNT(metrics));
    weir_metrics_write(NULL, "validate", metrics, COUNT(metrics));
    assert_int_equal(atomic_load(&lost), 0);
    assert_int_equal(errno, 0); /* nor was a write tried */
}

static void line_beyond_its_ceiling_is_dropped_whole(void **state)
{
    struct weir_log log = {.fd = memfd_create("log", MFD_CLOEXEC)};
    char *name = malloc(WEIR_METRICS_LINE_MAX_BYTES + 1);

    (void)state;
    assert_non_null(name);
    memset(name, 'n', WEIR_METRICS_LINE_MAX_BYTES);
    name[WEIR_METRICS_LINE_MAX_BYTES] = '\0';
    setenv("WEIR_METRICS_NAMESPACE", name, 1);
    weir_metrics_write(&log, "validate", metrics, COUNT(metrics));
    assert_int_equal(lseek(log.fd, 0, SEEK_END), 0);
    close(log.fd);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(line_is_a_document_of_the_specification, setup),
        cmocka_unit_test_setup(function_without_a_name_is_no_dimension, setup),
        cmocka_unit_test_setup(names_of_the_environment_are_quoted, setup),
        cmocka_unit_test_setup(metrics_are_written_at_every_level, setup),
        cmocka_unit_test_setup(log_that_drops_its_lines_drops_metrics, setup),
        cmocka_unit_test_setup(line_beyond_its_ceiling_is_dropped_whole, setup),
    };
    return cmocka_run_group_tests(tests, setup, setup);
}
