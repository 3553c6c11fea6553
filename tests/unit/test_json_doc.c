/*
 * Are documents read as strictly as cells, although cJSON holds them, and do errors say where?
 */
#include "core/limits.h"
#include "json/doc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct refused_case {
    const char *text, *msg;
};

/* All of these cJSON takes, cuts or changes. */
static const struct refused_case refused[] = {
    {"", "event: the text is empty"},
    {"{\"a\":01}", "event: not JSON: a comma or } is expected at byte 7"},
    {"{\"a\":1.}", "event: not JSON: a malformed number at byte 6"},
    {"{\"a\":\"\t\"}", "event: not JSON: a control character in a string at byte 7"},
    {"{\"a\":\"\xFF\"}", "event: not JSON: not valid UTF-8 at byte 7"},
    {"{\"a\":1,\"a\":2}", "event: not JSON: a name comes twice in the object at byte 1"},
    {"{\"a\":1} x", "event: not JSON: more text after the value at byte 9"},
    {"\xEF\xBB\xBF{}", "event: not JSON: a value is expected at byte 1"},
    {"{\"a\":\"b\\u0000c\"}", "event: a string has U+0000 in it"},
    {"{\"a\\u0000b\":1}", "event: a string has U+0000 in it"},
    {"[1.0000000000000000000000000000000000000000000000000000000000000001]",
        "event: byte 2: a number of 66 characters, at most 63 are read"},
};

static void what_cjson_would_bend_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct weir_err err = {.code = WEIR_OK};
        assert_null(weir_doc_parse("event", refused[i].text, strlen(refused[i].text), &err));
        assert_string_equal(err.msg, refused[i].msg);
    }
}

static void a_document_has_so_many_values_at_most(void **state)
{
    char *text = malloc(2 * WEIR_DOC_VALUES_MAX + 2);

    (void)state;
    assert_non_null(text);
    text[0] = '[';
    for (size_t i = 0; i < WEIR_DOC_VALUES_MAX; i++) {
        memcpy(text + 1 + 2 * i, "0,", 2);
    }
    for (size_t n = WEIR_DOC_VALUES_MAX - 1; n <= WEIR_DOC_VALUES_MAX; n++) {
        struct weir_err err = {.code = WEIR_OK};
        text[2 * n] = ']'; /* n elements, and the array itself */
        cJSON *tree = weir_doc_parse("event", text, 2 * n + 1, &err);
        text[2 * n] = ',';
        if (n < WEIR_DOC_VALUES_MAX) {
            assert_non_null(tree);
            assert_int_equal(cJSON_GetArraySize(tree), n);
        } else {
            assert_null(tree);
            assert_int_equal(err.code, WEIR_E_LIMIT);
            assert_string_equal(err.msg, "event: more than 300000 names and values");
        }
        cJSON_Delete(tree);
    }
    free(text);
}

static void a_document_has_a_largest_size(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    size_t len = WEIR_JSON_DOC_MAX_BYTES + 1;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', len);
    text[0] = '1';
    assert_null(weir_doc_parse("event", text, len, &err));
    assert_int_equal(err.code, WEIR_E_LIMIT);
    err.code = WEIR_OK;
    cJSON *tree = weir_doc_parse("event", text, len - 1, &err);
    assert_non_null(tree);
    cJSON_Delete(tree);
    free(text);
}

static const char document[] =
    "{\"Records\":[{\"n\":1,\"s\":\"x\"},{\"n\":2.5,\"big\":9007199254740993,\"huge\":1e400,"
    "\"neg\":-7,\"no\":false,\"s\":null,\"a/b~c\":{\"deep\":[[{}]]}}],\"records\":true,\"o\":{}}";

struct fixture {
    cJSON *tree;
    struct weir_doc root;
    struct weir_err err;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    f->tree = weir_doc_parse("test", document, sizeof document - 1, &f->err);
    assert_non_null(f->tree);
    f->root.v = f->tree;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    cJSON_Delete(f->tree);
    free(f);
    return 0;
}

static void expect(struct fixture *f, int rc, const char *msg)
{
    assert_int_equal(rc, -1);
    assert_int_equal(f->err.code, WEIR_E_DATA);
    assert_string_equal(f->err.msg, msg);
    f->err = (struct weir_err){.code = WEIR_OK};
}

static void members_are_typed_and_errors_name_the_pointer(void **state)
{
    struct fixture *f = *state;
    struct weir_doc records, record = {0}, object, deep, item = {0}, inner = {0};
    const char *s = NULL;
    int64_t n = 0;

    assert_int_equal(weir_doc_array(&f->root, "Records", &records, &f->err), 0);
    expect(f, weir_doc_array(&f->root, "records", &object, &f->err), "/records: must be an array");
    expect(f, weir_doc_object(&f->root, "RECORDS", &object, &f->err), "/RECORDS: missing");
    expect(f, weir_doc_string(&f->root, "o", &s, &f->err), "/o: must be a string");

    assert_true(weir_doc_each(&records, &record));
    assert_int_equal(weir_doc_int(&record, "n", 0, 10, &n, &f->err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(weir_doc_string(&record, "s", &s, &f->err), 0);
    assert_string_equal(s, "x");
    expect(f, weir_doc_int(&record, "n", 2, 10, &n, &f->err),
        "/Records/0/n: must be a whole number from 2 to 10");
    expect(
        f, weir_doc_int(&record, "s", 2, 10, &n, &f->err), "/Records/0/s: must be a whole number");

    assert_true(weir_doc_each(&records, &record));
    expect(f, weir_doc_int(&record, "n", -9, 9, &n, &f->err),
        "/Records/1/n: must be a whole number from -9 to 9");
    expect(f, weir_doc_int(&record, "big", 0, INT64_C(9007199254740991), &n, &f->err),
        "/Records/1/big: must be a whole number from 0 to 9007199254740991");
    expect(f, weir_doc_int(&record, "huge", 0, INT64_C(9007199254740991), &n, &f->err),
        "/Records/1/huge: must be a whole number from 0 to 9007199254740991");
    assert_int_equal(weir_doc_int(&record, "neg", -10, 0, &n, &f->err), 0);
    assert_int_equal(n, -7);
    expect(f, weir_doc_string(&record, "s", &s, &f->err), "/Records/1/s: must be a string");
    assert_int_equal(weir_doc_string_opt(&record, "s", &s, &f->err), 0);
    assert_null(s);
    assert_int_equal(weir_doc_string_opt(&record, "absent", &s, &f->err), 0);
    assert_null(s);
    expect(f, weir_doc_string_opt(&record, "n", &s, &f->err), "/Records/1/n: must be a string");

    bool flag = true;
    assert_int_equal(weir_doc_bool_opt(&record, "s", &flag, &f->err), 0); /* null */
    assert_int_equal(weir_doc_bool_opt(&record, "absent", &flag, &f->err), 0);
    assert_true(flag);
    expect(
        f, weir_doc_bool_opt(&record, "n", &flag, &f->err), "/Records/1/n: must be true or false");
    assert_int_equal(weir_doc_bool_opt(&record, "no", &flag, &f->err), 0);
    assert_false(flag);
    assert_int_equal(weir_doc_bool_opt(&f->root, "records", &flag, &f->err), 0);
    assert_true(flag);

    assert_int_equal(weir_doc_object(&record, "a/b~c", &object, &f->err), 0);
    assert_int_equal(weir_doc_array(&object, "deep", &deep, &f->err), 0);
    assert_true(weir_doc_each(&deep, &item));
    assert_true(weir_doc_each(&item, &inner));
    expect(f, weir_doc_string(&inner, "x", &s, &f->err), "/Records/1/a~1b~0c/deep/0/0/x: missing");
    assert_false(weir_doc_each(&item, &inner));
    expect(f, weir_doc_string(&item, "x", &s, &f->err),
        "/Records/1/a~1b~0c/deep/0: must be an object");
    assert_false(weir_doc_each(&records, &record));
}

static void the_document_itself_may_be_at_fault(void **state)
{
    struct fixture *f = *state;
    cJSON *tree = weir_doc_parse("test", "[]", 2, &f->err);
    struct weir_doc root = {.v = tree}, item = {0};
    const char *s;

    expect(f, weir_doc_string(&root, "x", &s, &f->err), "the document: must be an object");
    expect(f, weir_doc_string_opt(&root, "x", &s, &f->err), "the document: must be an object");
    assert_false(weir_doc_has(&root, "x"));
    assert_false(weir_doc_each(&root, &item));
    cJSON_Delete(tree);
}

static void members_are_walked_with_their_names(void **state)
{
    struct fixture *f = *state;
    struct weir_doc item = {0};

    assert_true(weir_doc_has(&f->root, "Records"));
    assert_false(weir_doc_has(&f->root, "recordS"));
    assert_true(weir_doc_each(&f->root, &item));
    assert_string_equal(item.name, "Records");
    assert_true(weir_doc_each(&f->root, &item));
    assert_string_equal(item.name, "records");
    assert_true(weir_doc_each(&f->root, &item));
    assert_int_equal(weir_doc_error(&item, "q", "is odd", WEIR_E_CONFIG, &f->err), -1);
    assert_string_equal(f->err.msg, "/o/q: is odd");
    assert_false(weir_doc_each(&f->root, &item));
}

static void a_long_pointer_is_cut_at_its_front(void **state)
{
    struct fixture *f = *state;
    char name[201];

    memset(name, 'n', 200);
    name[200] = '\0';
    struct weir_doc at = {.v = f->tree, .up = &f->root, .name = name};
    weir_doc_error(&at, "leaf", "missing", WEIR_E_DATA, &f->err);
    assert_memory_equal(f->err.msg, "...nnn", 6);
    assert_non_null(strstr(f->err.msg, "nnn/leaf: missing"));
    /* not in the middle of a character: of two bytes, one way or the other it would be */
    for (size_t leaf = 1; leaf <= 2; leaf++) {
        for (size_t i = 0; i < 200; i += 2) {
            memcpy(name + i, "\u00e4", 2);
        }
        f->err = (struct weir_err){0};
        weir_doc_error(&at, leaf == 1 ? "a" : "ab", "missing", WEIR_E_DATA, &f->err);
        assert_memory_equal(f->err.msg, "...\u00e4", 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cjson_would_bend_is_refused),
        cmocka_unit_test(a_document_has_a_largest_size),
        cmocka_unit_test(a_document_has_so_many_values_at_most),
        cmocka_unit_test_setup_teardown(
            members_are_typed_and_errors_name_the_pointer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_document_itself_may_be_at_fault, set_up, tear_down),
        cmocka_unit_test_setup_teardown(members_are_walked_with_their_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_pointer_is_cut_at_its_front, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("json/doc", tests, NULL, NULL);
}
