/*
 * Does the parser take every JSON text and nothing else, and does the tape say what the text says?
 */
#include "core/buf.h"
#include "core/limits.h"
#include "json/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *copy; /* of the text that is on the tape */

/* Parse an exact copy, so that a read beyond the text is seen. */
static int parse(
    struct weir_json_tape *tape, const char *text, size_t len, struct weir_json_fault *fault)
{
    free(copy);
    copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);
    return weir_json_parse(tape, copy, len, fault);
}

/* The same of the text as it stands in a CSV field, where each quote is doubled. */
static int parse_doubled(
    struct weir_json_tape *tape, const char *text, size_t len, struct weir_json_fault *fault)
{
    size_t quotes = 0, n = 0;

    for (size_t i = 0; i < len; i++) {
        quotes += text[i] == '"';
    }
    free(copy);
    copy = malloc(len + quotes > 0 ? len + quotes : 1);
    assert_non_null(copy);
    for (size_t i = 0; i < len; i++) {
        copy[n++] = text[i];
        if (text[i] == '"') {
            copy[n++] = '"';
        }
    }
    weir_json_begin(tape, copy, n);
    return (int)weir_json_append(tape, 0, n, true, fault);
}

static int drop_copy(void **state)
{
    (void)state;
    free(copy);
    copy = NULL;
    return 0;
}

/* The tape as text again: every entry is looked at, and `next` must lead where it should. */
static uint32_t render(const struct weir_json_tape *tape, uint32_t at, struct weir_buf *out)
{
    const struct weir_json_value *v = &tape->v[at];
    struct weir_str s = weir_json_text(tape, v);
    struct weir_err err = {.code = WEIR_OK};
    uint32_t child = at + 1;

    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
        weir_buf_adds(out, "null", &err);
        break;
    case WEIR_JSON_FALSE:
        weir_buf_adds(out, "false", &err);
        break;
    case WEIR_JSON_TRUE:
        weir_buf_adds(out, "true", &err);
        break;
    case WEIR_JSON_NUMBER:
        weir_buf_add(out, s.p, s.len, &err);
        break;
    case WEIR_JSON_STRING:
        weir_buf_adds(out, "<", &err);
        weir_buf_add(out, s.p, s.len, &err);
        weir_buf_adds(out, ">", &err);
        break;
    case WEIR_JSON_ARRAY:
        weir_buf_adds(out, "[", &err);
        for (uint32_t i = 0; i < v->len; i++) {
            weir_buf_adds(out, i > 0 ? "," : "", &err);
            child = render(tape, child, out);
        }
        weir_buf_adds(out, "]", &err);
        break;
    case WEIR_JSON_OBJECT:
        weir_buf_adds(out, "{", &err);
        for (uint32_t i = 0; i < v->len; i++) {
            weir_buf_adds(out, i > 0 ? "," : "", &err);
            child = render(tape, child, out);
            weir_buf_adds(out, ":", &err);
            child = render(tape, child, out);
        }
        weir_buf_adds(out, "}", &err);
        break;
    }
    assert_int_equal(err.code, WEIR_OK);
    assert_int_equal(v->next, child);
    return child;
}

struct good_case {
    const char *text, *tape;
};

static const struct good_case good[] = {
    {"null", "null"},
    {"true", "true"},
    {"false", "false"},
    {"0", "0"},
    {"-0", "-0"},
    {"-1.5E+3", "-1.5E+3"},
    {"1e400", "1e400"},
    {"9007199254740993", "9007199254740993"},
    {"\"\"", "<>"},
    {"\"a\"", "<a>"},
    {" \t\r\n1 \t\r\n", "1"},
    {"[]", "[]"},
    {"{}", "{}"},
    {"[ ]", "[]"},
    {"{ }", "{}"},
    {"[1]", "[1]"},
    {"[1,2 , 3]", "[1,2,3]"},
    {"[[],[[]],{}]", "[[],[[]],{}]"},
    {"{\"a\":1}", "{<a>:1}"},
    {"{ \"a\" : [1 , {\"b\":null}] , \"c\":\"d\" }", "{<a>:[1,{<b>:null}],<c>:<d>}"},
    {"{\"\":0}", "{<>:0}"},
    {"{\"a\":1,\"A\":2}", "{<a>:1,<A>:2}"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "<\"\\/\b\f\n\r\t>"},
    {"\"x\\ny\\tz\"", "<x\ny\tz>"},
    {"\"\\u0041\\u00e9\\u20AC\"", "<A\xC3\xA9\xE2\x82\xAC>"},
    {"\"\\uD83D\\uDE00!\"", "<\xF0\x9F\x98\x80!>"},
    {"\"\\udbff\\udfff\"", "<\xF4\x8F\xBF\xBF>"},
    {"\"\xC3\xA9 \xF0\x9F\x98\x80\"", "<\xC3\xA9 \xF0\x9F\x98\x80>"},
    {"\"\x7F\"", "<\x7F>"},
    {"\"\\uFFFF\"", "<\xEF\xBF\xBF>"},
    {"{\"a\\u0062\":1,\"c\":\"\\n\"}", "{<ab>:1,<c>:<\n>}"},
    {"[\"\\\\\",\"\\\\\\\\\"]", "[<\\>,<\\\\>]"},
    {"[true,false,null,-1]", "[true,false,null,-1]"},
    {"\"0123456789abcdef0123456789abcdef\"", "<0123456789abcdef0123456789abcdef>"},
    {"\"0123456789abcdef\\n0123456789abcdef\"", "<0123456789abcdef\n0123456789abcdef>"},
};

static void json_becomes_a_tape(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_buf out;
    struct weir_err err = {.code = WEIR_OK};

    (void)state;
    weir_json_tape_init(&tape);
    weir_buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (parse(&tape, good[i].text, strlen(good[i].text), &fault) != 0) {
            fail_msg("%s: %s at %zu", good[i].text, fault.reason, fault.offset);
        }
        out.len = 0;
        assert_int_equal(render(&tape, 0, &out), tape.n);
        assert_string_equal(weir_buf_text(&out, &err), good[i].tape);
        out.len = 0;
        assert_int_equal(parse_doubled(&tape, good[i].text, strlen(good[i].text), &fault), 0);
        assert_int_equal(render(&tape, 0, &out), tape.n);
        assert_string_equal(weir_buf_text(&out, &err), good[i].tape);
    }
    weir_buf_fini(&out);
    weir_json_tape_fini(&tape);
}

struct bad_case {
    const char *text;
    size_t len; /* 0: strlen */
    size_t offset;
    const char *reason;
};

#define ENDS "the text ends too early"
#define VALUE "a value is expected"
#define NAME "a name in quotes is expected"
#define MORE "more text after the value"
#define ARRAY "a comma or ] is expected"
#define OBJECT "a comma or } is expected"
#define NUMBER "a malformed number"
#define CONTROL "a control character in a string"
#define ESCAPE "an unknown escape"
#define HALF "an escape of half a surrogate pair"
#define OPEN "a string is not closed"
#define TWICE "a name comes twice in the object"
#define UTF8 "not valid UTF-8"

static const struct bad_case bad[] = {
    {"", 0, 0, ENDS},
    {"  ", 0, 2, ENDS},
    {"\xEF\xBB\xBF{}", 0, 0, VALUE},
    {"{}\xEF\xBB\xBF", 0, 2, MORE},
    {"\f1", 0, 0, VALUE},
    {"\v", 0, 0, VALUE},
    {"\xC2\xA0\x31", 0, 0, VALUE},
    {"1\xC2\xA0", 0, 1, MORE},
    {"\0", 1, 0, VALUE},
    {"1\0", 2, 1, MORE},
    {"[1\0]", 4, 2, ARRAY},
    {"nul", 0, 0, VALUE},
    {"nulll", 0, 4, MORE},
    {"True", 0, 0, VALUE},
    {"TRUE", 0, 0, VALUE},
    {"tru", 0, 0, VALUE},
    {"falsey", 0, 5, MORE},
    {"NaN", 0, 0, VALUE},
    {"Infinity", 0, 0, VALUE},
    {"-Infinity", 0, 0, NUMBER},
    {"undefined", 0, 0, VALUE},
    {"01", 0, 1, MORE},
    {"007", 0, 1, MORE},
    {"-01", 0, 2, MORE},
    {"+1", 0, 0, VALUE},
    {".5", 0, 0, VALUE},
    {"-.5", 0, 0, NUMBER},
    {"1.", 0, 0, NUMBER},
    {"[1.]", 0, 1, NUMBER},
    {"1.e1", 0, 0, NUMBER},
    {"1e", 0, 0, NUMBER},
    {"1e+", 0, 0, NUMBER},
    {"-", 0, 0, NUMBER},
    {"--1", 0, 0, NUMBER},
    {"0x1F", 0, 1, MORE},
    {"1 2", 0, 2, MORE},
    {"1,", 0, 1, MORE},
    {"\xEF\xBC\x91", 0, 0, VALUE},
    {"[", 0, 1, ENDS},
    {"[1", 0, 2, ENDS},
    {"[1,", 0, 3, ENDS},
    {"[1,]", 0, 3, VALUE},
    {"[,1]", 0, 1, VALUE},
    {"[1 2]", 0, 3, ARRAY},
    {"[1}", 0, 2, ARRAY},
    {"[1,,2]", 0, 3, VALUE},
    {"[]]", 0, 2, MORE},
    {"]", 0, 0, VALUE},
    {"[\"a\":1]", 0, 4, ARRAY},
    {"{", 0, 1, ENDS},
    {"{]", 0, 1, NAME},
    {"{\"a\"", 0, 4, ENDS},
    {"{\"a\"}", 0, 4, "a colon is expected"},
    {"{\"a\" 1}", 0, 5, "a colon is expected"},
    {"{\"a\":", 0, 5, ENDS},
    {"{\"a\":}", 0, 5, VALUE},
    {"{\"a\":1", 0, 6, ENDS},
    {"{\"a\":1,", 0, 7, ENDS},
    {"{\"a\":1,}", 0, 7, NAME},
    {"{\"a\":1]", 0, 6, OBJECT},
    {"{\"a\"::1}", 0, 5, VALUE},
    {"{\"a\":1 \"b\":2}", 0, 7, OBJECT},
    {"{a:1}", 0, 1, NAME},
    {"{'a':1}", 0, 1, NAME},
    {"{1:1}", 0, 1, NAME},
    {"{null:1}", 0, 1, NAME},
    {"{,}", 0, 1, NAME},
    {"{}}", 0, 2, MORE},
    {"{\"a\":1}/* c */", 0, 7, MORE},
    {"// c\n1", 0, 0, VALUE},
    {"[1,// c\n2]", 0, 3, VALUE},
    {"'a'", 0, 0, VALUE},
    {"\"", 0, 1, OPEN},
    {"\"abc", 0, 4, OPEN},
    {"\"abc\\", 0, 4, ESCAPE},
    {"\"abc\\\"", 0, 6, OPEN},
    {"\"a\nb\"", 0, 2, CONTROL},
    {"\"a\tb\"", 0, 2, CONTROL},
    {"\"\x1F\"", 0, 1, CONTROL},
    {"\"a\0b\"", 5, 2, CONTROL},
    {"\"\\n\n\"", 0, 3, CONTROL},
    {"\"0123456789abcde\n0123456789abcdef\"", 0, 16, CONTROL},
    {"\"\\x41\"", 0, 1, ESCAPE},
    {"\"\\a\"", 0, 1, ESCAPE},
    {"\"\\'\"", 0, 1, ESCAPE},
    {"\"\\0\"", 0, 1, ESCAPE},
    {"\"\\\0\"", 4, 1, ESCAPE},
    {"\"\\N\"", 0, 1, ESCAPE},
    {"\"\\U0041\"", 0, 1, ESCAPE},
    {"\"\\u004\"", 0, 1, ESCAPE},
    {"\"\\u00g0\"", 0, 1, ESCAPE},
    {"\"\\u", 0, 1, ESCAPE},
    {"\"\\u12", 0, 1, ESCAPE},
    {"\"\\u+123\"", 0, 1, ESCAPE},
    {"\"\\\xC3\xA9\"", 0, 1, ESCAPE},
    {"\"\\uD800\"", 0, 1, HALF},
    {"\"ab\\uDC00\"", 0, 3, HALF},
    {"\"\\uD800\\u0041\"", 0, 1, HALF},
    {"\"\\uD800\\uD800\"", 0, 1, HALF},
    {"\"\\uDE00\\uD83D\"", 0, 1, HALF},
    {"\"\\uD83Dx\"", 0, 1, HALF},
    {"\"\\uD83D\\n\"", 0, 1, HALF},
    {"\"\\uD83D\\u\"", 0, 1, HALF},
    {"\"\xFF\"", 0, 1, UTF8},
    {"\"\xC0\xAF\"", 0, 1, UTF8},
    {"\"\xED\xA0\x80\"", 0, 1, UTF8},
    {"\"\xE2\x82\"", 0, 1, UTF8},
    {"\"\xF4\x90\x80\x80\"", 0, 1, UTF8},
    {"[1]\xFF", 0, 3, UTF8},
    {"{\"a\":1,\"a\":1}", 0, 0, TWICE},
    {"{\"a\":1,\"b\":2,\"\\u0061\":1}", 0, 0, TWICE},
    {"[{\"x\":{\"\":1,\"\":2}}]", 0, 6, TWICE},
    {"{\"a\":{\"b\":1},\"c\":[1,2,{\"a\":1}],\"a\":3}", 0, 0, TWICE},
};

static void check_fault(const struct bad_case *c, const struct weir_json_fault *fault)
{
    if (strcmp(fault->reason, c->reason) != 0 || fault->offset != c->offset) {
        fail_msg("%s: \"%s\" at %zu, not \"%s\" at %zu", c->text, fault->reason, fault->offset,
            c->reason, c->offset);
    }
    assert_int_equal(fault->code, WEIR_E_DATA);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;

    (void)state;
    weir_json_tape_init(&tape);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        size_t len = bad[i].len > 0 ? bad[i].len : strlen(bad[i].text);
        if (parse(&tape, bad[i].text, len, &fault) != -1) {
            fail_msg("accepted: %s", bad[i].text);
        }
        check_fault(&bad[i], &fault);
        if (strcmp(bad[i].reason, UTF8) != 0) { /* which is looked at before */
            assert_int_equal(parse_doubled(&tape, bad[i].text, len, &fault), -1);
            check_fault(&bad[i], &fault);
        }
    }
    /* A tape is as good as new after a failure. */
    assert_int_equal(parse(&tape, "[1]", 3, &fault), 0);
    assert_int_equal(weir_json_parse(&tape, NULL, 0, &fault), -1);
    weir_json_tape_fini(&tape);
}

/* A text that is JSON is not JSON any more without its end, wherever that is cut. */
static void every_truncation_is_refused(void **state)
{
    static const char text[] = "{\"name\":[1.5e3,\"a\\u00e9\\uD83D\\uDE00\\n\",true,false,null,{}],"
                               "\"other\":{\"x\":\"0123456789abcdefghij\"},\"\xE2\x82\xAC\":[[]]}";
    struct weir_json_tape tape;
    struct weir_json_fault fault;

    (void)state;
    weir_json_tape_init(&tape);
    for (size_t n = 0; n < sizeof text - 1; n++) {
        assert_int_equal(parse(&tape, text, n, &fault), -1);
        assert_true(fault.offset <= n);
        const struct weir_json_fault single = fault;
        if (strcmp(single.reason, UTF8) != 0) {
            assert_int_equal(parse_doubled(&tape, text, n, &fault), -1);
            assert_string_equal(fault.reason, single.reason);
            assert_int_equal(fault.offset, single.offset);
        }
    }
    assert_int_equal(parse(&tape, text, sizeof text - 1, &fault), 0);
    weir_json_tape_fini(&tape);
}

static void strings_end_where_they_should_at_every_length(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    char text[128];

    (void)state;
    weir_json_tape_init(&tape);
    for (size_t n = 0; n < 80; n++) {
        memset(text, 'y', sizeof text);
        text[0] = '[';
        text[1] = '"';
        memset(text + 2, 'x', n);
        memcpy(text + 2 + n, "\",2]", 4);
        assert_int_equal(parse(&tape, text, n + 6, &fault), 0);
        assert_int_equal(tape.v[1].len, n);
        assert_int_equal(tape.v[0].len, 2);
        if (n > 0) { /* a control character, a quote's neighbours, 0x80 and up in the fast path */
            text[1 + n] = '\x1F';
            assert_int_equal(parse(&tape, text, n + 6, &fault), -1);
            assert_int_equal(fault.offset, n + 1);
            text[1 + n] = '!';
            assert_int_equal(parse(&tape, text, n + 6, &fault), 0);
            text[1 + n] = ' ';
            assert_int_equal(parse(&tape, text, n + 6, &fault), 0);
        }
        if (n > 1) {
            memcpy(text + n, "\xC2\xA2", 2);
            assert_int_equal(parse(&tape, text, n + 6, &fault), 0);
            memcpy(text + n, "\\\"", 2);
            assert_int_equal(parse(&tape, text, n + 6, &fault), 0);
            assert_int_equal(tape.v[1].len, n - 1);
        }
    }
    weir_json_tape_fini(&tape);
}

static void nesting_has_a_limit(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    char text[4 * WEIR_JSON_DEPTH_MAX + 16];

    (void)state;
    weir_json_tape_init(&tape);
    memset(text, '[', WEIR_JSON_DEPTH_MAX);
    memset(text + WEIR_JSON_DEPTH_MAX, ']', WEIR_JSON_DEPTH_MAX);
    assert_int_equal(parse(&tape, text, 2 * WEIR_JSON_DEPTH_MAX, &fault), 0);
    assert_int_equal(tape.n, WEIR_JSON_DEPTH_MAX);
    memset(text, '[', WEIR_JSON_DEPTH_MAX + 1);
    memset(text + WEIR_JSON_DEPTH_MAX + 1, ']', WEIR_JSON_DEPTH_MAX + 1);
    assert_int_equal(parse(&tape, text, 2 * WEIR_JSON_DEPTH_MAX + 2, &fault), -1);
    assert_int_equal(fault.code, WEIR_E_LIMIT);
    assert_string_equal(fault.reason, "nested deeper than 128 levels");
    assert_int_equal(fault.offset, WEIR_JSON_DEPTH_MAX);
    weir_json_tape_fini(&tape);
}

static void values_have_a_limit(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    size_t most = WEIR_JSON_VALUES_MAX - 1, len = 2 * most + 1;
    char *text = malloc(len + 2);

    (void)state;
    assert_non_null(text);
    weir_json_tape_init(&tape);
    text[0] = '[';
    for (size_t i = 0; i < most + 1; i++) {
        text[1 + 2 * i] = '0';
        text[2 + 2 * i] = ',';
    }
    text[len - 1] = ']';
    assert_int_equal(weir_json_parse(&tape, text, len, &fault), 0);
    assert_int_equal(tape.n, WEIR_JSON_VALUES_MAX);
    text[len - 1] = ',';
    text[len + 1] = ']';
    assert_int_equal(weir_json_parse(&tape, text, len + 2, &fault), -1);
    assert_int_equal(fault.code, WEIR_E_LIMIT);
    assert_string_equal(fault.reason, "more values than the limit allows");
    weir_json_tape_fini(&tape);
    free(text);
}

static void names_that_come_twice_are_found_in_objects_of_any_size(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_buf text;
    struct weir_err err = {.code = WEIR_OK};

    (void)state;
    weir_json_tape_init(&tape);
    weir_buf_init(&text, 8 * WEIR_MIB);
    for (unsigned n = 2; n < 100; n++) {
        for (unsigned twice = 0; twice < 2; twice++) {
            text.len = 0;
            for (unsigned i = 0; i < n; i++) {
                weir_buf_addf(&text, &err, "%c\"key%u\":{\"key\":[%u]}", i == 0 ? '{' : ',',
                    twice == 1 && i == n - 1 ? n / 2 - (n == 2) : i, i);
            }
            weir_buf_adds(&text, "}", &err);
            assert_int_equal(
                parse(&tape, (const char *)text.p, text.len, &fault), twice == 1 ? -1 : 0);
        }
    }
    /* 200,000 names: a comparison of all pairs would take minutes. */
    text.len = 0;
    for (unsigned i = 0; i < 200000; i++) {
        weir_buf_addf(&text, &err, "%c\"k%u\":0", i == 0 ? '{' : ',', i);
    }
    weir_buf_adds(&text, "}", &err);
    assert_int_equal(err.code, WEIR_OK);
    assert_int_equal(parse(&tape, (const char *)text.p, text.len, &fault), 0);
    text.len--;
    weir_buf_adds(&text, ",\"k77\":0}", &err);
    assert_int_equal(parse(&tape, (const char *)text.p, text.len, &fault), -1);
    assert_string_equal(fault.reason, TWICE);
    weir_buf_fini(&text);
    weir_json_tape_fini(&tape);
}

static void a_tape_is_used_again_without_growing(void **state)
{
    static const char text[] = "{\"a\":[1,2,\"x\\n\"],\"b\":{\"c\":\"\\u0041\"}}";
    struct weir_json_tape tape;
    struct weir_json_fault fault;

    (void)state;
    weir_json_tape_init(&tape);
    assert_int_equal(weir_json_parse(&tape, text, sizeof text - 1, &fault), 0);
    const void *values = tape.v, *scratch = tape.scratch;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(weir_json_parse(&tape, text, sizeof text - 1, &fault), 0);
        assert_ptr_equal(tape.v, values);
        assert_ptr_equal(tape.scratch, scratch);
    }
    weir_json_tape_fini(&tape);
}

static void a_trimmed_tape_keeps_what_is_small(void **state)
{
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_buf text;

    (void)state;
    weir_json_tape_init(&tape);
    weir_buf_init(&text, 65536);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(weir_buf_addf(&text, NULL, "%s\"\\u0061%d\":1", i == 0 ? "{" : ",", i), 0);
    }
    assert_int_equal(weir_buf_adds(&text, "}", NULL), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weir_json_parse(&tape, (const char *)text.p, text.len, &fault), 0);
        weir_json_tape_trim(&tape, 1000000);
        assert_non_null(tape.v);
        assert_non_null(tape.scratch);
        assert_non_null(tape.table);
        weir_json_tape_trim(&tape, 1000);
        assert_null(tape.v);
        assert_null(tape.scratch);
        assert_null(tape.table);
    }
    weir_buf_fini(&text);
    weir_json_tape_fini(&tape);
}

static void members_are_found_by_their_exact_name(void **state)
{
    static const char text[] = "{\"a\":{\"x\":1},\"\\u0062\":[2,3],\"C\":4,\"\":5}";
    struct weir_json_tape tape;
    struct weir_json_fault fault;

    (void)state;
    weir_json_tape_init(&tape);
    assert_int_equal(weir_json_parse(&tape, text, sizeof text - 1, &fault), 0);
    const struct weir_json_value *root = tape.v;
    assert_int_equal(weir_json_member(&tape, root, WEIR_STR("a"))->kind, WEIR_JSON_OBJECT);
    assert_int_equal(weir_json_member(&tape, root, WEIR_STR("b"))->kind, WEIR_JSON_ARRAY);
    assert_int_equal(weir_json_member(&tape, root, WEIR_STR("C"))->kind, WEIR_JSON_NUMBER);
    assert_non_null(weir_json_member(&tape, root, WEIR_STR("")));
    assert_null(weir_json_member(&tape, root, WEIR_STR("c")));
    assert_null(weir_json_member(&tape, root, WEIR_STR("x")));
    weir_json_tape_fini(&tape);
}

struct equal_case {
    const char *a, *b;
    bool equal;
};

static const struct equal_case equal_cases[] = {
    {"null", "null", true},
    {"true", "false", false},
    {"0", "false", false},
    {"null", "0", false},
    {"1", "1.0", true},
    {"1", "10e-1", true},
    {"9007199254740993", "9007199254740992", false},
    {"\"1\"", "1", false},
    {"\"a\\u0062\"", "\"ab\"", true},
    {"\"a\"", "\"A\"", false},
    {"[]", "{}", false},
    {"[1,2]", "[1,2.0]", true},
    {"[1,2]", "[2,1]", false},
    {"[1,2]", "[1,2,3]", false},
    {"[[1],2]", "[[1],2]", true},
    {"{}", "{}", true},
    {"{\"a\":1,\"b\":[2]}", "{\"b\":[2],\"a\":1.0}", true},
    {"{\"a\":1}", "{\"a\":2}", false},
    {"{\"a\":1}", "{\"b\":1}", false},
    {"{\"a\":1}", "{\"a\":1,\"b\":1}", false},
};

static void parse_both(
    struct weir_json_tape *a, struct weir_json_tape *b, const struct equal_case *c)
{
    struct weir_json_fault fault;

    assert_int_equal(weir_json_parse(a, c->a, strlen(c->a), &fault), 0);
    assert_int_equal(weir_json_parse(b, c->b, strlen(c->b), &fault), 0);
}

static void values_are_equal_as_json_schema_has_it(void **state)
{
    struct weir_json_tape a, b;

    (void)state;
    weir_json_tape_init(&a);
    weir_json_tape_init(&b);
    for (size_t i = 0; i < sizeof equal_cases / sizeof equal_cases[0]; i++) {
        const struct equal_case *c = &equal_cases[i];
        parse_both(&a, &b, c);
        if (weir_json_equal(&a, a.v, &b, b.v) != c->equal ||
            weir_json_equal(&b, b.v, &a, a.v) != c->equal) {
            fail_msg("%s ? %s", c->a, c->b);
        }
    }
    weir_json_tape_fini(&a);
    weir_json_tape_fini(&b);
}

/* With what it takes and one more there is an answer, with one less there is none. */
static void a_comparison_ends_at_its_limit(void **state)
{
    const uint64_t all = 1000;
    struct weir_json_tape a, b;

    (void)state;
    weir_json_tape_init(&a);
    weir_json_tape_init(&b);
    for (size_t i = 0; i < sizeof equal_cases / sizeof equal_cases[0]; i++) {
        const struct equal_case *c = &equal_cases[i];
        uint64_t left = all;
        parse_both(&a, &b, c);
        assert_int_equal(weir_json_equal_within(&a, a.v, &b, b.v, &left), c->equal);
        assert_in_range(left, 1, all - 1);
        const uint64_t takes = all - left;
        left = takes + 1;
        assert_int_equal(weir_json_equal_within(&a, a.v, &b, b.v, &left), c->equal);
        assert_int_equal(left, 1);
        left = takes;
        assert_false(weir_json_equal_within(&a, a.v, &b, b.v, &left));
        assert_int_equal(left, 0);
    }
    weir_json_tape_fini(&a);
    weir_json_tape_fini(&b);
}

static void a_fault_names_line_and_column(void **state)
{
    static const char text[] = "{\n  \"a\": 1,\n  \"b\" 2\n}";
    struct weir_json_tape tape;
    struct weir_json_fault fault;
    struct weir_err err = {.code = WEIR_OK};

    (void)state;
    weir_json_tape_init(&tape);
    assert_int_equal(weir_json_parse(&tape, text, sizeof text - 1, &fault), -1);
    assert_int_equal(weir_json_fault_err(&fault, "schema", text, WEIR_E_CONFIG, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_string_equal(err.msg, "schema: line 3, column 7: a colon is expected");
    weir_json_tape_fini(&tape);
}

/* What stands in several places of one text becomes one object. */
static void a_tape_may_be_put_together(void **state)
{
    static const char text[] = "ab[1,\"x\\n\"]  word{]\"\\t\"";
    struct weir_json_tape tape;
    struct weir_json_fault fault;

    (void)state;
    weir_json_tape_init(&tape);
    for (int round = 0; round < 2; round++) {
        weir_json_begin(&tape, text, sizeof text - 1);
        assert_int_equal(weir_json_put(&tape, WEIR_JSON_OBJECT, 0, 0, &fault), 0);
        assert_int_equal(weir_json_put(&tape, WEIR_JSON_STRING, 0, 1, &fault), 1);
        assert_int_equal(weir_json_append(&tape, 2, 9, false, &fault), 2);
        assert_int_equal(weir_json_put(&tape, WEIR_JSON_STRING, 1, 1, &fault), 5);
        /* a failure leaves nothing of itself, and counts from its piece's begin */
        assert_int_equal(weir_json_append(&tape, 17, 2, false, &fault), -1);
        assert_int_equal(fault.offset, 1);
        assert_int_equal(tape.n, 6);
        assert_int_equal(weir_json_put(&tape, WEIR_JSON_STRING, 13, 4, &fault), 6);
        tape.v[0].len = 2;
        tape.v[0].next = (uint32_t)tape.n;
        const struct weir_json_value *a = weir_json_member(&tape, tape.v, WEIR_STR("a"));
        const struct weir_json_value *b = weir_json_member(&tape, tape.v, WEIR_STR("b"));
        assert_int_equal(a->len, 2);
        assert_true(weir_str_eq(weir_json_text(&tape, a + 2), WEIR_STR("x\n")));
        assert_true(weir_str_eq(weir_json_text(&tape, b), WEIR_STR("word")));
        assert_int_equal(weir_json_append(&tape, 19, 4, false, &fault), 7);
        assert_true(weir_str_eq(weir_json_text(&tape, &tape.v[7]), WEIR_STR("\t")));
        assert_true(weir_str_eq(weir_json_text(&tape, a + 2), WEIR_STR("x\n")));
    }
    weir_json_tape_fini(&tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_becomes_a_tape),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(strings_end_where_they_should_at_every_length),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(values_have_a_limit),
        cmocka_unit_test(names_that_come_twice_are_found_in_objects_of_any_size),
        cmocka_unit_test(a_tape_is_used_again_without_growing),
        cmocka_unit_test(a_trimmed_tape_keeps_what_is_small),
        cmocka_unit_test(members_are_found_by_their_exact_name),
        cmocka_unit_test(values_are_equal_as_json_schema_has_it),
        cmocka_unit_test(a_comparison_ends_at_its_limit),
        cmocka_unit_test(a_fault_names_line_and_column),
        cmocka_unit_test(a_tape_may_be_put_together),
    };

    return cmocka_run_group_tests_name("json/tape", tests, NULL, drop_copy);
}
