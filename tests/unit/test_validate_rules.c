/* What is done with an object, by its key: does the first rule that matches count, with the
 * environment's defaults, and is a file that cannot be right refused with the place of what is
 * wrong? */
#include "core/limits.h"
#include "handlers/validate/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct weir_rule_settings plain = {.rules = "conf/rules.json"};

static void load(struct weir_rules *r, const struct weir_rule_settings *settings, const char *text)
{
    struct weir_err err = {0};

    if (weir_rules_init(r, settings, text, text != NULL ? strlen(text) : 0, &err) != 0) {
        fail_msg("%s", err.msg);
    }
}

/* The key that a rule makes of one; "-": none of them takes it, "ignored". */
static void make(const struct weir_rules *r, const char *key, size_t part, char to[256])
{
    const struct weir_rule *rule = weir_rules_find(r, key);
    const struct weir_s3_record record = {.bucket = (char *)"b", .key = (char *)(uintptr_t)key};
    struct weir_validate_options o;
    struct weir_rule_keys keys;
    struct weir_err err = {0};

    if (rule == NULL || rule->ignore) {
        snprintf(to, 256, "%s", rule == NULL ? "-" : "ignored");
        return;
    }
    assert_int_equal(weir_validate_options_copy(&o, &rule->options, &err), 0);
    if (weir_rule_keys_make(r, rule, &record, &o, &keys, &err) != 0) {
        snprintf(to, 256, "%s", err.msg);
    } else {
        snprintf(to, 256, "%s:%.*s", keys.bucket, (int)keys.keys[part].len,
            keys.keys[part].len > 0 ? (const char *)keys.keys[part].p : "");
    }
    weir_rule_keys_fini(&keys);
    weir_validate_options_fini(&o);
}

static void expect(const struct weir_rules *r, const char *key, size_t part, const char *want)
{
    char got[256];

    make(r, key, part, got);
    assert_string_equal(got, want);
}

static void without_a_file_the_environment_is_the_rule(void **state)
{
    const struct weir_rule_settings settings = {.schema = "s.json"};
    struct weir_rules r;

    (void)state;
    load(&r, &settings, NULL);
    assert_int_equal(r.schemas_n, 1);
    assert_string_equal(r.schemas[0].place, "s.json");
    assert_true(r.schemas[0].rows);
    expect(&r, "uploads/a/b.csv", WEIR_OUTLET_MAIN, "b:validations/a/b.csv.gz");
    expect(&r, "uploads/b.csv.gz", WEIR_OUTLET_MAIN, "b:validations/b.csv.gz");
    expect(&r, "uploads/b.ndjson", WEIR_OUTLET_MAIN, "b:validations/b.ndjson.gz");
    expect(&r, "uploads/b.jsonl.gz", WEIR_OUTLET_MAIN, "b:validations/b.jsonl.gz");
    expect(&r, "uploads/b.csv", WEIR_OUTLET_INVALID, "b:");
    expect(&r, "uploads/b.csv", WEIR_OUTLET_SUMMARY, "b:");
    weir_rules_fini(&r);
}

static void settings_are_the_environments(void **state)
{
    const struct weir_rule_settings settings = {.schema = "s.json",
        .options = "{\"output\":\"split\",\"delimiter\":\";\"}",
        .output_bucket = "out",
        .keys = {"v/{key}", NULL, "sums/{stem}.json"}};
    struct weir_rules r;

    (void)state;
    load(&r, &settings, NULL);
    assert_int_equal(r.items[0].options.dialect.delimiter, ';');
    expect(&r, "uploads/b.csv", WEIR_OUTLET_MAIN, "out:v/uploads/b.csv");
    expect(&r, "uploads/b.csv", WEIR_OUTLET_INVALID, "out:validations/b.invalid.csv.gz");
    expect(&r, "uploads/b.csv", WEIR_OUTLET_SUMMARY, "out:sums/b.json");
    weir_rules_fini(&r);
}

static void a_report_is_named_by_its_form(void **state)
{
    const struct weir_rule_settings settings = {
        .schema = "s.json", .options = "{\"output\":\"report\",\"report\":\"ndjson\"}"};
    const struct weir_rule_settings by_name = {.schema = "s.json",
        .options = "{\"output\":\"report\"}",
        .keys = {"v/{stem}.ndjson", NULL, NULL}};
    struct weir_rules r;

    (void)state;
    load(&r, &settings, NULL);
    expect(&r, "uploads/b.csv", WEIR_OUTLET_MAIN, "b:validations/b.ndjson.gz");
    weir_rules_fini(&r);
    load(&r, &by_name, NULL);
    struct weir_validate_options o = r.items[0].options;
    weir_validate_options_resolve(&o, "uploads/b.csv", r.items[0].outputs[0].pattern);
    assert_int_equal(o.report, WEIR_REPORT_NDJSON);
    weir_rules_fini(&r);
}

static void the_first_rule_that_matches_counts(void **state)
{
    const struct weir_rule_settings settings = {.rules = "s3://conf/weir/rules.json",
        .schema = "all.json",
        .options = "{\"trim\":true}",
        .keys = {"out/{stem}.csv", NULL, "sums/{stem}.json"}};
    struct weir_rules r;

    (void)state;
    load(&r, &settings,
        "[{\"prefix\":\"uploads/tmp/\",\"ignore\":true,\"description\":\"of nobody\"},"
        "{\"prefix\":\"uploads/o/\",\"suffix\":\".csv\",\"schema\":\"o.json\","
        "\"options\":{\"delimiter\":\";\",\"output\":\"split\"},\"output_bucket\":\"o-out\","
        "\"output_key\":\"good/{stem}.csv\",\"invalid_key\":\"bad/{stem}.csv\"},"
        "{\"prefix\":\"uploads/o/\",\"schema\":\"/opt/o.json\",\"options\":{\"trim\":false},"
        "\"summary_key\":null},"
        "{\"prefix\":\"uploads/\"}]");
    expect(&r, "uploads/tmp/a.csv", WEIR_OUTLET_MAIN, "ignored");
    expect(&r, "uploads/o/a.csv", WEIR_OUTLET_MAIN, "o-out:good/o/a.csv");
    expect(&r, "uploads/o/a.csv", WEIR_OUTLET_INVALID, "o-out:bad/o/a.csv");
    expect(&r, "uploads/o/a.csv", WEIR_OUTLET_SUMMARY, "o-out:sums/o/a.json");
    expect(&r, "uploads/o/a.txt", WEIR_OUTLET_MAIN, "b:out/o/a.txt.csv");
    expect(&r, "uploads/o/a.txt", WEIR_OUTLET_SUMMARY, "b:");
    expect(&r, "uploads/p.csv", WEIR_OUTLET_SUMMARY, "b:sums/p.json");
    expect(&r, "elsewhere/p.csv", WEIR_OUTLET_MAIN, "-");
    assert_true(r.items[1].options.trim);
    assert_int_equal(r.items[1].options.dialect.delimiter, ';');
    assert_false(r.items[2].options.trim);
    assert_int_equal(r.items[2].options.dialect.delimiter, ',');
    assert_string_equal(r.schemas[r.items[1].schema].place, "s3://conf/weir/o.json");
    assert_string_equal(r.schemas[r.items[1].schema].at, "WEIR_RULES: /1/schema");
    assert_string_equal(r.schemas[r.items[2].schema].place, "/opt/o.json");
    assert_string_equal(r.schemas[r.items[3].schema].place, "all.json");
    weir_rules_fini(&r);
}

static void a_schema_is_one_however_many_use_it(void **state)
{
    struct weir_rules r;

    (void)state;
    load(&r, &plain,
        "[{\"prefix\":\"a/\",\"schema\":\"x.json\"},{\"prefix\":\"b/\",\"schema\":\"x.json\"},"
        "{\"prefix\":\"c/\",\"schema\":\"x.json\",\"options\":{\"formats\":\"annotate\"}},"
        "{\"prefix\":\"d/\",\"suffix\":\".jsonl\",\"schema\":\"x.json\"}]");
    assert_int_equal(r.schemas_n, 3);
    assert_string_equal(r.schemas[0].place, "conf/x.json");
    assert_int_equal(r.items[0].schema, r.items[1].schema);
    assert_true(r.schemas[r.items[2].schema].annotate);
    assert_false(r.schemas[r.items[3].schema].rows); /* JSON Lines, by the suffix */
    weir_rules_fini(&r);
}

static void an_object_may_name_one_of_a_list(void **state)
{
    struct weir_rules r;

    (void)state;
    load(&r, &plain, "[{\"schemas\":{\"orders\":\"o.json\",\"people.v2\":\"s3://conf/p.json\"}}]");
    const struct weir_rule *rule = weir_rules_find(&r, "uploads/a.csv");
    assert_int_equal(rule->schema, WEIR_RULE_NO_SCHEMA);
    assert_string_equal(r.schemas[weir_rule_name(rule, "orders")].place, "conf/o.json");
    assert_string_equal(r.schemas[weir_rule_name(rule, "people.v2")].place, "s3://conf/p.json");
    assert_int_equal(weir_rule_name(rule, "people"), WEIR_RULE_NO_SCHEMA);
    assert_int_equal(weir_rule_name(rule, "o.json"), WEIR_RULE_NO_SCHEMA);
    assert_int_equal(weir_rule_name(rule, ""), WEIR_RULE_NO_SCHEMA);
    weir_rules_fini(&r);
}

#define R(members) "[{\"prefix\":\"in/\",\"schema\":\"s.json\"," members "}]"

static void what_is_wrong_is_told_with_its_place(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "JSON"},
        {"[{]", "JSON"},
        {"{}", "must be an array of one rule or more"},
        {"[]", "must be an array of one rule or more"},
        {"[1]", "/0: must be an object"},
        {"[{\"prefix\":\"a/\",\"schema\":\"s\"},{\"prefx\":\"b/\"}]", "/1/prefx: no such member"},
        {"[{\"prefix\":1}]", "/0/prefix: must be a string"},
        {"[{\"prefix\":\"a/\"}]", "/0/schema: missing"},
        {"[{\"prefix\":\"a/\",\"ignore\":1}]", "/0/ignore: must be"},
        {"[{\"prefix\":\"a/\",\"ignore\":true,\"schema\":\"s\"}]", "/0/schema: means nothing"},
        {"[{\"schema\":\"s\"},{\"prefix\":\"b/\",\"schema\":\"s\"}]",
            "/1: is never used: /0 takes all of its keys"},
        {"[{\"prefix\":\"b\",\"suffix\":\"v\",\"schema\":\"s\"},"
         "{\"prefix\":\"b/\",\"suffix\":\".csv\",\"schema\":\"s\"}]",
            "/1: is never used: /0"},
        {R("\"options\":{\"delimiter\":\"ab\"}"), "/0/options/delimiter: must be one character"},
        {R("\"options\":{\"delimitr\":\";\"}"), "/0/options/delimitr: no such option"},
        {R("\"options\":{\"quote\":\",\"}"), "/0/options: quote: must differ"},
        {R("\"options\":[]"), "/0/options: must be an object"},
        {R("\"output_bucket\":\"a/b\""), "/0/output_bucket: "},
        {R("\"output_key\":\"x/{stm}\""), "/0/output_key: the name in braces at character 3"},
        {R("\"output_key\":\"\""), "/0/output_key: is empty"},
        {R("\"output_key\":null"), "/0/output_key: must be a key"},
        {R("\"output_key\":7"), "/0/output_key: must be a string"},
        {R("\"invalid_key\":\"x/{stem}\""), "/0/invalid_key: is of output split alone"},
        {R("\"invalid_key\":null,\"options\":{\"output\":\"split\"}"),
            "/0/invalid_key: must be a key"},
        {R("\"summary_key\":\"validations/{stem}.{ext}.gz\""), "/0/summary_key: is the same as "},
        {R("\"output_key\":\"in/out/{stem}\""), "/0/output_key begins with /0/prefix (in/)"},
        {R("\"summary_key\":\"uploads/{stem}\""),
            "/0/summary_key begins with WEIR_INPUT_PREFIX (uploads/)"},
        {"[{\"prefix\":\"a/\",\"schema\":\"s\",\"output_key\":\"b/x/{stem}\"},"
         "{\"prefix\":\"b/\",\"schema\":\"s\"}]",
            "/0/output_key begins with /1/prefix (b/)"},
        {"[{\"prefix\":\"a/\",\"schema\":\"s\",\"output_key\":\"b/x/{stem}\"},"
         "{\"prefix\":\"b/x/in/\",\"schema\":\"s\"}]",
            "/1/prefix (b/x/in/) begins as the outputs of /0/output_key do"},
        {R("\"schemas\":[]"), "/0/schemas: must be an object"},
        {R("\"schemas\":{\"a b\":\"s\"}"), "/0/schemas/a b: must be a name"},
        {R("\"schemas\":{\"a/b\":\"s\"}"), "/0/schemas/a~1b: must be a name"},
        {R("\"schemas\":{\"a\":1}"), "/0/schemas/a: must be a path"},
        {"[{\"schema\":\"http://x/y\"}]", "/0/schema: http://x/y: data lies at"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct weir_rules r = {0};
        struct weir_err err = {0};
        char want[256];
        if (weir_rules_init(&r, &plain, rows[i].text, strlen(rows[i].text), &err) == 0) {
            fail_msg("%s: is taken", rows[i].text);
        }
        snprintf(want, sizeof want, "WEIR_RULES: conf/rules.json: %s", rows[i].message);
        if (err.code != WEIR_E_CONFIG || strncmp(err.msg, want, strlen(want)) != 0) {
            fail_msg("%s: \"%s\", expected \"%s\"", rows[i].text, err.msg, want);
        }
        assert_int_equal(r.n, 0);
    }
}

static void settings_that_are_wrong_are_told_by_their_names(void **state)
{
    static const struct {
        struct weir_rule_settings s;
        const char *message;
    } rows[] = {
        {{.options = "{"}, "WEIR_OPTIONS: JSON"},
        {{.options = "[]"}, "WEIR_OPTIONS: the document: must be an object"},
        {{.options = "{\"strict\":1}"}, "WEIR_OPTIONS: /strict: must be true or false"},
        {{.options = "{\"empty\":\"same\"}"},
            "WEIR_OPTIONS: /empty: must be one of absent, null, string"},
        {{.keys = {NULL, "x/{stem}", NULL}}, "WEIR_INVALID_KEY: is of output split alone"},
        {{.keys = {NULL, NULL, "x/{stm}"}}, "WEIR_SUMMARY_KEY: the name in braces"},
        {{.keys = {NULL, NULL, "uploads/{stem}.json"}},
            "WEIR_SUMMARY_KEY begins with WEIR_INPUT_PREFIX (uploads/)"},
        {{.keys = {NULL, NULL, "{key}.json"}}, "WEIR_SUMMARY_KEY begins with {key}"},
        {{.output_bucket = "a/b"}, "WEIR_OUTPUT_BUCKET: "},
        {{.schema = "ftp://x/y"}, "WEIR_SCHEMA: "},
        {{.schema = "-"}, "WEIR_SCHEMA: must be a path or s3://bucket/key"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct weir_rules r;
        struct weir_err err = {0};
        struct weir_rule_settings s = rows[i].s;
        s.schema = s.schema != NULL ? s.schema : "s.json";
        assert_int_equal(weir_rules_init(&r, &s, NULL, 0, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (strncmp(err.msg, rows[i].message, strlen(rows[i].message)) != 0) {
            fail_msg("\"%s\", expected \"%s\"", err.msg, rows[i].message);
        }
    }
}

static void two_outputs_of_one_name_are_refused(void **state)
{
    const struct weir_rule_settings settings = {
        .schema = "s.json", .keys = {"v/{stem}", NULL, "v/{key}"}};
    struct weir_rules r;

    (void)state;
    load(&r, &settings, NULL);
    expect(&r, "a.csv.x", WEIR_OUTLET_MAIN,
        "WEIR_SUMMARY_KEY: the output would replace that of WEIR_OUTPUT_KEY");
    expect(&r, "uploads/a.csv", WEIR_OUTLET_SUMMARY, "b:v/uploads/a.csv");
    weir_rules_fini(&r);
}

static void more_rules_than_there_may_be_are_a_limit(void **state)
{
    struct weir_buf text;
    struct weir_rules r;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&text, WEIR_MIB);
    for (size_t i = 0; i <= WEIR_RULES_MAX; i++) {
        weir_buf_addf(&text, NULL, "%s{\"prefix\":\"%04zu/\",\"schema\":\"s%zu\"}",
            i == 0 ? "[" : ",", i, i % WEIR_RULES_SCHEMAS_MAX);
        if (i + 1 == WEIR_RULES_MAX) {
            const size_t len = text.len;
            weir_buf_adds(&text, "]", NULL);
            load(&r, &plain, weir_buf_text(&text, NULL));
            assert_int_equal(r.n, WEIR_RULES_MAX);
            assert_int_equal(r.schemas_n, WEIR_RULES_SCHEMAS_MAX);
            weir_rules_fini(&r);
            text.len = len;
        }
    }
    weir_buf_adds(&text, "]", NULL);
    assert_int_equal(weir_rules_init(&r, &plain, (char *)text.p, text.len, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_buf_fini(&text);
}

static void more_schemas_than_there_may_be_are_a_limit(void **state)
{
    struct weir_buf text;
    struct weir_rules r;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&text, WEIR_MIB);
    for (size_t i = 0; i <= WEIR_RULES_SCHEMAS_MAX; i++) {
        weir_buf_addf(
            &text, NULL, "%s{\"prefix\":\"%04zu/\",\"schema\":\"s%zu\"}", i == 0 ? "[" : ",", i, i);
    }
    weir_buf_adds(&text, "]", NULL);
    assert_int_equal(weir_rules_init(&r, &plain, (char *)text.p, text.len, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_non_null(strstr(err.msg, "schemas"));
    weir_buf_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_file_the_environment_is_the_rule),
        cmocka_unit_test(settings_are_the_environments),
        cmocka_unit_test(a_report_is_named_by_its_form),
        cmocka_unit_test(the_first_rule_that_matches_counts),
        cmocka_unit_test(a_schema_is_one_however_many_use_it),
        cmocka_unit_test(an_object_may_name_one_of_a_list),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(settings_that_are_wrong_are_told_by_their_names),
        cmocka_unit_test(two_outputs_of_one_name_are_refused),
        cmocka_unit_test(more_rules_than_there_may_be_are_a_limit),
        cmocka_unit_test(more_schemas_than_there_may_be_are_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
