/* Is what can be said on the command line said in a JSON object the same way, and is what cannot be
 * meant refused with its place? */
#include "cli/options_doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const words[] = {"bytes", "lines", NULL};
static const char *const others[] = {"sources", NULL};

struct settings {
    bool flag;
    const char *text;
    int64_t count, size, seconds_ms;
    double share;
    size_t word;
    struct weir_opt_list list;
};

static const struct settings defaults = {false, "as it was", -1, -1, -1, -1, 7, {.n = 0}};

/* The document that the texts of *s lie in is the caller's: cJSON_Delete. */
static cJSON *read_doc(const char *json, struct settings *s, int *rc, struct weir_err *err)
{
    const struct weir_opt opts[] = {
        {.name = "the-flag", .kind = WEIR_OPT_FLAG, .to = &s->flag},
        {.name = "text", .letter = 't', .kind = WEIR_OPT_TEXT, .to = &s->text},
        {.name = "count", .kind = WEIR_OPT_COUNT, .to = &s->count, .min = 1, .max = 100},
        {.name = "ring-bytes", .kind = WEIR_OPT_SIZE, .to = &s->size, .max = 1 << 30},
        {.name = "age", .kind = WEIR_OPT_SECONDS, .to = &s->seconds_ms, .max = 60000},
        {.name = "share", .kind = WEIR_OPT_SHARE, .to = &s->share},
        {.name = "unit", .kind = WEIR_OPT_WORD, .to = &s->word, .words = words},
        {.name = "source", .kind = WEIR_OPT_LIST, .to = &s->list},
    };
    cJSON *doc = weir_doc_parse("config", json, strlen(json), err);
    const struct weir_doc root = {.v = doc};

    assert_non_null(doc);
    *s = defaults;
    *rc = weir_cli_parse_doc(opts, COUNT(opts), &root, others, err);
    return doc;
}

static void every_kind_is_read_as_on_the_command_line(void **state)
{
    static const char json[] = "{\"the_flag\": true, \"text\": \"a b\", \"count\": 100, "
                               "\"ring_bytes\": \"64KiB\", \"age\": 1.5, \"share\": \"1%\", "
                               "\"unit\": \"lines\", \"sources\": {\"unit\": 5}}";
    struct weir_err err = {0};
    struct settings s;
    int rc;

    (void)state;
    cJSON *doc = read_doc(json, &s, &rc, &err);
    assert_int_equal(rc, 0);
    assert_true(s.flag);
    assert_string_equal(s.text, "a b");
    assert_int_equal(s.count, 100);
    assert_int_equal(s.size, 65536);
    assert_int_equal(s.seconds_ms, 1500);
    assert_true(s.share > 0.0099 && s.share < 0.0101);
    assert_int_equal(s.word, 1);
    cJSON_Delete(doc);
}

static void a_number_may_be_one_or_a_text(void **state)
{
    static const char *const cases[] = {"{\"ring_bytes\": 65536, \"count\": 7, \"age\": 2}",
        "{\"ring_bytes\": \"65536\", \"count\": \"7\", \"age\": \"2\"}",
        "{\"ring_bytes\": \"64KiB\", \"count\": 7e0, \"age\": 2.000}"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        struct settings s;
        int rc;

        cJSON *doc = read_doc(cases[i], &s, &rc, &err);
        if (rc != 0) {
            fail_msg("%s: %s", cases[i], err.msg);
        }
        assert_int_equal(s.size, 65536);
        assert_int_equal(s.count, 7);
        assert_int_equal(s.seconds_ms, 2000);
        cJSON_Delete(doc);
    }
}

static void what_is_not_there_stays_as_it_was(void **state)
{
    static const char *const cases[] = {"{}", "{\"sources\": null}", "{\"the_flag\": false}"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        struct settings s;
        int rc;

        cJSON *doc = read_doc(cases[i], &s, &rc, &err);
        assert_int_equal(rc, 0);
        assert_memory_equal(&s, &defaults, sizeof s);
        cJSON_Delete(doc);
    }
}

static void what_cannot_be_meant_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *json, *msg;
    } cases[] = {
        {"{\"the_flag\": 1}", "/the_flag: must be true or false"},
        {"{\"the_flag\": \"true\"}", "/the_flag: must be true or false"},
        {"{\"the_flag\": null}", "/the_flag: must be true or false"},
        {"{\"text\": 5}", "/text: must be a string"},
        {"{\"text\": null}", "/text: must be a string"},
        {"{\"text\": \"\"}", "/text: empty value"},
        {"{\"count\": true}", "/count: must be a number or a string"},
        {"{\"count\": [1]}", "/count: must be a number or a string"},
        {"{\"count\": {}}", "/count: must be a number or a string"},
        {"{\"count\": 0}", "/count: 0: must be a whole number from 1 to 100"},
        {"{\"count\": 101}", "/count: 101: must be a whole number from 1 to 100"},
        {"{\"count\": 1.5}", "/count: 1.5: must be a whole number from 1 to 100"},
        {"{\"count\": -1}", "/count: -1: must be a whole number from 1 to 100"},
        {"{\"count\": \"\"}", "/count: empty value"},
        {"{\"ring_bytes\": \"64 apples\"}", "/ring_bytes: 64 apples is no size (150MB, 64KiB)"},
        {"{\"ring_bytes\": 1e300}", "/ring_bytes: "},
        {"{\"age\": \"soon\"}", "/age: soon is no number of seconds"},
        {"{\"age\": 61}", "/age: 61 is not within 0.000..60 seconds"},
        {"{\"unit\": \"Lines\"}", "/unit: Lines: must be one of bytes, lines"},
        {"{\"unit\": 1}", "/unit: 1: must be one of bytes, lines"},
        {"{\"nothing\": 1}", "/nothing: is no setting"},
        {"{\"ring-bytes\": 65536}", "/ring-bytes: is no setting"},
        {"{\"ring_byte\": 65536}", "/ring_byte: is no setting"},
        {"{\"ring_bytes_\": 65536}", "/ring_bytes_: is no setting"},
        {"{\"the-flag\": true}", "/the-flag: is no setting"},
        {"{\"t\": \"x\"}", "/t: is no setting"},
        {"{\"\": 1}", "/: is no setting"},
        {"{\"a/b~c\": 1}", "/a~1b~0c: is no setting"},
        {"{\"source\": \"a=b\"}", "/source: is no setting"},
        {"{\"count\": 7, \"unit\": \"x\"}", "/unit: x: must be one of"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        struct settings s;
        int rc;

        cJSON *doc = read_doc(cases[i].json, &s, &rc, &err);
        if (rc != -1 || err.code != WEIR_E_CONFIG ||
            strncmp(err.msg, cases[i].msg, strlen(cases[i].msg)) != 0) {
            fail_msg("%s: %d, %s", cases[i].json, rc, err.msg);
        }
        cJSON_Delete(doc);
    }
}

static void what_is_no_object_is_refused(void **state)
{
    static const char *const cases[] = {"[]", "[1]", "[\"count\"]", "5", "\"count\"", "null"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        struct settings s;
        int rc;

        cJSON *doc = read_doc(cases[i], &s, &rc, &err);
        assert_int_equal(rc, -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_non_null(strstr(err.msg, "must be an object"));
        cJSON_Delete(doc);
    }
}

static void a_place_below_is_named_from_the_root(void **state)
{
    struct weir_err err = {0};
    cJSON *doc = weir_doc_parse("config", "{\"sources\": {\"a\": {\"x\": 1}}}", 28, &err);
    const struct weir_doc root = {.v = doc};
    struct weir_doc sources = {0}, a = {0};
    static const char *const none[] = {NULL};

    (void)state;
    assert_int_equal(weir_doc_object(&root, "sources", &sources, &err), 0);
    assert_int_equal(weir_doc_object(&sources, "a", &a, &err), 0);
    assert_int_equal(weir_cli_parse_doc(NULL, 0, &a, none, &err), -1);
    assert_string_equal(err.msg, "/sources/a/x: is no setting");
    cJSON_Delete(doc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_read_as_on_the_command_line),
        cmocka_unit_test(a_number_may_be_one_or_a_text),
        cmocka_unit_test(what_is_not_there_stays_as_it_was),
        cmocka_unit_test(what_cannot_be_meant_is_refused_with_its_place),
        cmocka_unit_test(what_is_no_object_is_refused),
        cmocka_unit_test(a_place_below_is_named_from_the_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
