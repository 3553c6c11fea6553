/*
 * Do a flag and a member of a configuration mean the same, and is what cannot be refused by its
 * name?
 */
#include "cli/validate_args.h"
#include "handlers/validate/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int from_json(struct weir_validate_options *o, const char *text, struct weir_err *err)
{
    cJSON *tree = weir_doc_parse("config", text, strlen(text), err);
    const struct weir_doc root = {.v = tree};

    weir_validate_options_init(o);
    assert_non_null(tree);
    int rc = weir_validate_options_json(o, &root, err);
    cJSON_Delete(tree);
    return rc;
}

static void a_configuration_sets_all_of_them(void **state)
{
    struct weir_validate_options o;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(
        from_json(&o,
            "{\"delimiter\":\"tab\",\"quote\":\"'\",\"escape\":\"\\\\\",\"comment\":\"#\","
            "\"skip_lines\":7,\"encoding\":\"utf-16\",\"header\":[\"a\",\"b,\\\"c\",\"\"],"
            "\"no_header\":true,\"empty\":\"null\",\"quoted_empty\":\"string\",\"booleans\":"
            "\"any\",\"trim\":true}",
            &err),
        0);
    assert_string_equal(err.msg, "");
    assert_int_equal(o.dialect.delimiter, '\t');
    assert_int_equal(o.dialect.quote, '\'');
    assert_int_equal(o.dialect.escape, '\\');
    assert_int_equal(o.dialect.comment, '#');
    assert_int_equal(o.dialect.skip_lines, 7);
    assert_int_equal(o.charset, WEIR_CHARSET_UTF16);
    assert_string_equal(o.header, "a,\"b,\"\"c\",");
    assert_true(o.no_header);
    assert_int_equal(o.empty, WEIR_EMPTY_NULL);
    assert_int_equal(o.quoted_empty, WEIR_EMPTY_STRING);
    assert_int_equal(o.booleans, WEIR_BOOLEANS_ANY);
    assert_true(o.trim);
    assert_int_equal(weir_validate_options_check(&o, &err), 0);

    struct weir_validate_options copy;
    assert_int_equal(weir_validate_options_copy(&copy, &o, &err), 0);
    weir_validate_options_fini(&o);
    assert_string_equal(copy.header, "a,\"b,\"\"c\",");
    assert_int_equal(copy.dialect.delimiter, '\t');
    weir_validate_options_fini(&copy);
    assert_null(copy.header);
}

static void null_is_a_mark_that_is_not_there(void **state)
{
    struct weir_validate_options o;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(from_json(&o, "{\"quote\":null,\"delimiter\":\"auto\"}", &err), 0);
    assert_int_equal(o.dialect.quote, WEIR_CSV_NONE);
    assert_int_equal(o.dialect.delimiter, WEIR_CSV_AUTO);
    weir_validate_options_fini(&o);
}

static void a_configuration_that_cannot_be_is_refused_by_its_pointer(void **state)
{
    static const struct {
        const char *text, *msg;
    } bad[] = {
        {"[]", "the document: must be an object"},
        {"{\"delimeter\":\",\"}", "/delimeter: no such option"},
        {"{\"skip-lines\":1}", "/skip-lines: no such option"},
        {"{\"delimiter\":\"ab\"}", "/delimiter: must be one character of ASCII"},
        {"{\"delimiter\":5}", "/delimiter: must be a string"},
        {"{\"delimiter\":\"\"}", "/delimiter: must be one character"},
        {"{\"skip_lines\":-1}", "/skip_lines: must be a whole number from 0 to 1000000"},
        {"{\"skip_lines\":1.5}", "/skip_lines: must be a whole number"},
        {"{\"skip_lines\":1000001}", "/skip_lines: must be a whole number from 0 to 1000000"},
        {"{\"skip_lines\":\"1\"}", "/skip_lines: must be a number"},
        {"{\"no_header\":\"true\"}", "/no_header: must be true or false"},
        {"{\"no_header\":1}", "/no_header: must be true or false"},
        {"{\"encoding\":\"utf8\"}", "/encoding: must be one of utf-8, auto, utf-16"},
        {"{\"encoding\":null}", "/encoding: must be a string"},
        {"{\"header\":\"a,b\"}", "/header: must be an array of strings"},
        {"{\"header\":[\"a\",1]}", "/header/1: must be a string"},
        {"{\"header\":[]}", "/header: must be names"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir_validate_options o;
        struct weir_err err = {0};
        assert_int_equal(from_json(&o, bad[i].text, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (strncmp(err.msg, bad[i].msg, strlen(bad[i].msg)) != 0) {
            fail_msg("%s: '%s' does not begin with '%s'", bad[i].text, err.msg, bad[i].msg);
        }
        weir_validate_options_fini(&o);
    }
}

static int from_flags(
    struct weir_validate_options *o, int argc, const char *const *argv, struct weir_err *err)
{
    struct weir_validate_args a;
    const char *all[16] = {"validate", "in.csv", "-o", "out.csv", "-s", "schema.json"};

    memcpy(all + 6, argv, (size_t)argc * sizeof *argv);
    if (weir_validate_args_parse(6 + argc, (char **)(uintptr_t)all, &a, err) != 0) {
        return -1;
    }
    return weir_validate_args_options(&a, NULL, o, err);
}

static void flags_have_the_same_names(void **state)
{
    static const char *const argv[] = {"-d;", "--quote", "none", "--skip-lines=3", "--header",
        "a,\"b;c\"", "--no-header", "--encoding", "latin-1"};
    struct weir_validate_options o;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(from_flags(&o, 9, argv, &err), 0);
    assert_string_equal(err.msg, "");
    assert_int_equal(o.dialect.delimiter, ';');
    assert_int_equal(o.dialect.quote, WEIR_CSV_NONE);
    assert_int_equal(o.dialect.skip_lines, 3);
    assert_string_equal(o.header, "a,\"b;c\"");
    assert_true(o.no_header);
    assert_int_equal(o.charset, WEIR_CHARSET_LATIN1);
    weir_validate_options_fini(&o);
}

static void a_flag_that_cannot_be_is_refused_by_its_name(void **state)
{
    static const struct {
        const char *argv[3], *msg;
    } bad[] = {
        {{"--delimiter", "ab"}, "--delimiter: ab: must be one character"},
        {{"--delimiter=none"}, "--delimiter: none: must be one character"},
        {{"--quote=auto"}, "--quote: auto: must be one character"},
        {{"--skip-lines", "x"}, "--skip-lines: x: must be a whole number"},
        {{"--skip-lines", "99999999999999999999999"},
            "--skip-lines: 99999999999999999999999: must be"},
        {{"--no-header=true"}, "--no-header: takes no value"},
        {{"--header", "a\nb"}, "--header: a\nb: must be names"},
        {{"--header", "\"a\"b"}, "--header: \"a\"b: must be names"},
        {{"--header", "\"a"}, "--header: \"a: must be names"},
        {{"--encoding", "latin1"}, "--encoding: latin1: must be one of"},
        {{"--quote=,"}, "quote: must differ from the delimiter"},
        {{"--escape=\\", "--quote=none"}, "escape: has no meaning without a quote"},
        {{"--empty", "same"}, "--empty: same: must be one of absent, null, string"},
        {{"--quoted-empty", "nil"},
            "--quoted-empty: nil: must be one of absent, null, string, same"},
        {{"--skiplines=1"}, "--skiplines: no such option; did you mean --skip-lines?"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir_validate_options o = {0};
        struct weir_err err = {0};
        int argc = bad[i].argv[1] != NULL ? 2 : 1;
        assert_int_equal(from_flags(&o, argc, bad[i].argv, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (strncmp(err.msg, bad[i].msg, strlen(bad[i].msg)) != 0) {
            fail_msg("%s: '%s' does not begin with '%s'", bad[i].argv[0], err.msg, bad[i].msg);
        }
        assert_null(o.header);
    }
}

static void an_option_by_its_name_is_one_and_has_a_value(void **state)
{
    struct weir_validate_options o;
    struct weir_err err = {0};

    (void)state;
    weir_validate_options_init(&o);
    assert_int_equal(weir_validate_options_set(&o, "no-header", "true", &err), 0);
    assert_true(o.no_header);
    assert_int_equal(weir_validate_options_set(&o, "no_header", "false", &err), 0);
    assert_false(o.no_header);
    assert_int_equal(weir_validate_options_set(&o, "no_header", "yes", &err), -1);
    assert_string_equal(err.msg, "must be true or false");
    err = (struct weir_err){0};
    assert_int_equal(weir_validate_options_set(&o, "header_no", "true", &err), -1);
    assert_string_equal(err.msg, "no such option");
    weir_validate_options_fini(&o);
}

static void what_is_to_be_unique_adds_up(void **state)
{
    struct weir_validate_options o, copy;
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(
        from_json(&o,
            "{\"unique\":[\"id\",[\"a,b\",\"c\"],[\"id\"],\"\"],\"unique_memory\":\"1MiB\"}", &err),
        0);
    assert_int_equal(weir_validate_options_set(&o, "unique", "id", &err), 0);
    assert_int_equal(weir_validate_options_set(&o, "unique", "x,y", &err), 0);
    assert_string_equal(err.msg, "");
    assert_int_equal(o.unique_n, 4);
    assert_string_equal(o.unique[0], "id");
    assert_string_equal(o.unique[1], "\"a,b\",c");
    assert_string_equal(o.unique[2], "\"\"");
    assert_string_equal(o.unique[3], "x,y");
    assert_int_equal(o.unique_memory, 1 << 20);
    assert_int_equal(weir_validate_options_copy(&copy, &o, &err), 0);
    weir_validate_options_fini(&o);
    assert_int_equal(o.unique_n, 0);
    assert_int_equal(copy.unique_n, 4);
    assert_string_equal(copy.unique[3], "x,y");
    for (int i = 0; i < WEIR_UNIQUE_MAX - 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        assert_int_equal(weir_validate_options_set(&copy, "unique", name, &err), 0);
    }
    assert_int_equal(weir_validate_options_set(&copy, "unique", "more", &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    weir_validate_options_fini(&copy);
    err = (struct weir_err){0};
    cJSON *tree = weir_doc_parse("config", "{\"unique\":[\"z\"]}", 16, &err);
    const struct weir_doc root = {.v = tree};
    assert_int_equal(from_json(&o, "{\"unique\":[\"x\",\"y\"]}", &err), 0);
    assert_int_equal(weir_validate_options_json(&o, &root, &err), 0); /* a rule's, after settings */
    cJSON_Delete(tree);
    assert_int_equal(o.unique_n, 1);
    assert_string_equal(o.unique[0], "z");
    weir_validate_options_fini(&o);
    assert_int_equal(from_json(&o, "{\"unique\":\"a,b\"}", &err), 0);
    assert_string_equal(o.unique[0], "\"a,b\""); /* one column */
    weir_validate_options_fini(&o);
}

static void sizes_have_units_and_bounds(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes; /* 0: refused */
    } cases[] = {{"4096", 4096}, {"4KiB", 4096}, {"5kB", 5000}, {"64mib", 64 << 20},
        {"1GB", 1000000000}, {"4095MiB", UINT64_C(4095) << 20}, {"4095", 0}, {"4096MiB", 0},
        {"99999999999999999999", 0}, {"18014398509481985KiB", 0}, {"1.5MiB", 0}, {"-1MiB", 0},
        {"MiB", 0}, {"1 MiB", 0}, {"1MiBs", 0}, {"", 0}};
    struct weir_validate_options o;

    (void)state;
    weir_validate_options_init(&o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weir_err err = {0};
        const int rc = weir_validate_options_set(&o, "unique-memory", cases[i].text, &err);
        if ((rc == 0) != (cases[i].bytes > 0) || (rc == 0 && o.unique_memory != cases[i].bytes)) {
            fail_msg("%s: %s", cases[i].text, err.msg);
        }
    }
    weir_validate_options_fini(&o);
}

static void what_is_no_key_is_refused_with_its_pointer(void **state)
{
    static const char *const bad[][2] = {
        {"{\"unique\":7}", "/unique: must be the name of a column, or an array of these"},
        {"{\"unique\":[\"a\",{}]}",
            "/unique/1: must be the name of a column, or an array of these"},
        {"{\"unique\":[[\"a\",7]]}", "/unique/0/1: must be a string"},
        {"{\"unique\":[[]]}", "/unique/0: must be names with commas between them"},
        {"{\"unique_memory\":7}", "/unique_memory: must be a size"},
        {"{\"unique_memory\":true}", "/unique_memory: must be a number"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir_validate_options o;
        struct weir_err err = {0};
        assert_int_equal(from_json(&o, bad[i][0], &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        if (strstr(err.msg, bad[i][1]) == NULL) {
            fail_msg("'%s' does not say '%s'", err.msg, bad[i][1]);
        }
        weir_validate_options_fini(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_to_be_unique_adds_up),
        cmocka_unit_test(sizes_have_units_and_bounds),
        cmocka_unit_test(what_is_no_key_is_refused_with_its_pointer),
        cmocka_unit_test(a_configuration_sets_all_of_them),
        cmocka_unit_test(null_is_a_mark_that_is_not_there),
        cmocka_unit_test(a_configuration_that_cannot_be_is_refused_by_its_pointer),
        cmocka_unit_test(flags_have_the_same_names),
        cmocka_unit_test(a_flag_that_cannot_be_is_refused_by_its_name),
        cmocka_unit_test(an_option_by_its_name_is_one_and_has_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
