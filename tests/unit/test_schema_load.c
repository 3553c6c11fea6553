/*
 * Is a schema that we do not fully understand refused, with the place of what we do not?
 */
#include "core/buf.h"
#include "core/limits.h"
#include "schema/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct warnings {
    char text[1024];
    int n;
};

static void collect(void *ctx, const char *msg)
{
    struct warnings *w = ctx;
    size_t len = strlen(w->text);

    snprintf(w->text + len, sizeof w->text - len, "%s%s", w->n > 0 ? "\n" : "", msg);
    w->n++;
}

static struct weir_schema *load(const char *text, struct warnings *w, struct weir_err *err)
{
    size_t len = strlen(text);
    char *copy = malloc(len + 1); /* gone when the schema is used: it keeps its own */

    assert_non_null(copy);
    memcpy(copy, text, len);
    *err = (struct weir_err){.code = WEIR_OK};
    struct weir_schema *ret = weir_schema_load(copy, len, w == NULL ? NULL : collect, w, err);
    free(copy);
    return ret;
}

static const char *const accepted[] = {
    "{}",
    "{\"type\":\"object\"}",
    "{\"type\":[\"object\",\"null\"]}",
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\"}",
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}",
    "{\"$schema\":\"http://json-schema.org/draft-07/schema\"}",
    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema#\"}",
    "{\"$id\":\"https://example.com/s\",\"title\":1,\"description\":\"x\",\"$comment\":\"x\","
    "\"default\":{},\"examples\":[],\"deprecated\":true,\"readOnly\":true,\"writeOnly\":false}",
    "{\"x-own\":{\"allOf\":1},\"allof\":[],\"Required\":5}",
    "{\"properties\":{\"allOf\":{},\"$ref\":{},\"not\":true}}",
    "{\"properties\":{\"a\":{\"const\":{\"allOf\":[]},\"enum\":[{\"not\":1}],\"default\":{\"if\":1}"
    ","
    "\"examples\":[{\"oneOf\":1}]}}}",
    "{\"properties\":{\"a\":{\"contentEncoding\":\"base64\",\"contentMediaType\":\"x/y\","
    "\"contentSchema\":{\"allOf\":1}}}}",
    "{\"required\":[]}",
    "{\"required\":[\"a\",\"b\"],\"properties\":{\"b\":true}}",
    "{\"additionalProperties\":false}",
    "{\"additionalProperties\":{\"type\":\"string\"}}",
    "{\"properties\":{\"a\":{\"minLength\":2.0,\"maxLength\":1e2,\"minimum\":-1e400,\"maximum\":1."
    "5}}}",
    "{\"properties\":{\"a\":{\"maxLength\":1e400}}}",
    "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/a%20b~1c~0d\"}},\"$defs\":{\"a b/c~d\":{}}}",
    "{\"properties\":{\"a\":{\"$ref\":\"#/definitions/"
    "%C3%A9\"}},\"definitions\":{\"\xC3\xA9\":false}}",
    "{\"properties\":{\"a\":{\"$ref\":\"#\"}}}",
    "{\"properties\":{\"a\":{\"$ref\":\"#/properties/b\"},\"b\":{\"$ref\":\"#/x/"
    "1\"}},\"x\":[1,{}]}",
    "{\"$id\":\"https://e.org/s#\",\"properties\":{\"a\":{\"$ref\":\"https://e.org/s#/$defs/b\"},"
    "\"c\":{\"$ref\":\"https://e.org/s\"}},\"$defs\":{\"b\":{}}}",
    "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/t\"}},\"$defs\":{\"t\":{\"items\":{\"$ref\":"
    "\"#/$defs/t\"}}}}",
    "{\"$ref\":\"#/$defs/row\",\"$defs\":{\"row\":{\"type\":\"object\",\"required\":[\"a\"]}}}",
    "{\"$ref\":\"#/$defs/any\",\"$defs\":{\"any\":true}}",
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"definitions\":{\"a\":{}},"
    "\"properties\":{\"x\":{\"$ref\":\"#/definitions/a\",\"allOf\":[]}}}",
    "\n\t {\r\n}\n",
};

static void what_is_supported_loads(void **state)
{
    struct weir_err err;

    (void)state;
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        struct weir_schema *s = load(accepted[i], NULL, &err);
        if (s == NULL) {
            fail_msg("%s: %s", accepted[i], err.msg);
        }
        weir_schema_free(s);
    }
    weir_schema_free(NULL);
}

struct refused_case {
    const char *text, *msg;
};

#define P(x) "{\"properties\":{\"a\":" x "}}"
#define DRAFTS                                                                                     \
    "not supported: it must be https://json-schema.org/draft/2020-12/schema or "                   \
    "http://json-schema.org/draft-07/schema"

static const struct refused_case refused[] = {
    /* not JSON */
    {"", "schema: line 1, column 1: the text ends too early"},
    {"{\n  \"type\": \"object\",\n}", "schema: line 3, column 1: a name in quotes is expected"},
    {"{\"type\":\"object\",\"type\":\"object\"}",
        "schema: line 1, column 1: a name comes twice in the object"},
    {"\xEF\xBB\xBF{}", "schema: line 1, column 1: a value is expected"},
    {"{\"a\":\"\xFF\"}", "schema: line 1, column 7: not valid UTF-8"},
    /* the root */
    {"[]", "schema: the root must be an object"},
    {"true", "schema: the root must be an object"},
    {"\"x\"", "schema: the root must be an object"},
    {"{\"type\":\"string\"}", "schema: describes a row: its type must be object"},
    {"{\"type\":[\"array\",\"null\"]}", "schema: describes a row: its type must be object"},
    {"{\"items\":{}}", "schema: /items: not supported here: the root describes a row"},
    {"{\"enum\":[1]}", "schema: /enum: not supported here: the root describes a row"},
    {"{\"minLength\":1}", "schema: /minLength: not supported here: the root describes a row"},
    {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":{\"const\":1}}}",
        "schema: /$defs/r/const: not supported here: the root describes a row"},
    {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":false}}",
        "schema: /$defs/r: false lets no row pass"},
    {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":{\"type\":\"array\"}}}",
        "schema: /$defs/r: describes a row: its type must be object"},
    {"{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "schema: /$schema: " DRAFTS},
    {"{\"$schema\":\"https://json-schema.org/draft/2019-09/schema\"}", "schema: /$schema: " DRAFTS},
    {"{\"$schema\":7}", "schema: /$schema: " DRAFTS},
    {"{\"$id\":7}", "schema: /$id: must be a URI"},
    {"{\"$id\":\"#a\"}", "schema: /$id: a fragment is not supported yet"},
    {P("{\"$id\":\"x\"}"), "schema: /properties/a/$id: not supported below the root yet"},
    {P("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}"),
        "schema: /properties/a/$schema: not supported below the root yet"},
    /* wrong inside */
    {P("1"), "schema: /properties/a: must be a schema: an object, true or false"},
    {P("null"), "schema: /properties/a: must be a schema: an object, true or false"},
    {"{\"properties\":[]}", "schema: /properties: must be an object of schemas"},
    {"{\"$defs\":[]}", "schema: /$defs: must be an object of schemas"},
    {"{\"$defs\":{\"a\":{},\"b\":1}}",
        "schema: /$defs/b: must be a schema: an object, true or false"},
    {"{\"required\":\"x\"}", "schema: /required: must be an array of names"},
    {"{\"required\":[\"x\",1]}", "schema: /required/1: must be a name"},
    {"{\"required\":[\"x\",\"x\"]}", "schema: /required: a name comes twice"},
    {"{\"properties\":{\"x\":{}},\"required\":[\"x\",\"y\",\"x\"]}",
        "schema: /required/2: a name comes twice"},
    {"{\"additionalProperties\":0}",
        "schema: /additionalProperties: must be a schema: an object, true or false"},
    {P("{\"type\":\"text\"}"), "schema: /properties/a/type: must be one of null, boolean, number, "
                               "integer, string, array, object"},
    {P("{\"type\":[]}"), "schema: /properties/a/type: must be one of null, boolean, number, "
                         "integer, string, array, object"},
    {P("{\"type\":[\"null\",5]}"), "schema: /properties/a/type/1: must be one of null, boolean, "
                                   "number, integer, string, array, object"},
    {P("{\"type\":[\"null\",\"null\"]}"), "schema: /properties/a/type/1: null comes twice"},
    {P("{\"items\":3}"), "schema: /properties/a/items: must be a schema: an object, true or false"},
    {P("{\"items\":[{}]}"),
        "schema: /properties/a/items: an array of schemas is not supported yet"},
    {P("{\"enum\":\"x\"}"), "schema: /properties/a/enum: must be an array with at least one value"},
    {P("{\"enum\":[]}"), "schema: /properties/a/enum: must be an array with at least one value"},
    {P("{\"minLength\":-1}"), "schema: /properties/a/minLength: must be a whole number, 0 or more"},
    {P("{\"minLength\":1.5}"),
        "schema: /properties/a/minLength: must be a whole number, 0 or more"},
    {P("{\"maxLength\":\"1\"}"),
        "schema: /properties/a/maxLength: must be a whole number, 0 or more"},
    {P("{\"minimum\":\"1\"}"), "schema: /properties/a/minimum: must be a number"},
    {P("{\"maximum\":null}"), "schema: /properties/a/maximum: must be a number"},
    {P("{\"pattern\":1}"), "schema: /properties/a/pattern: must be a regular expression"},
    {P("{\"pattern\":\"a**\"}"), "schema: /properties/a/pattern: not a regular expression: nothing "
                                 "to repeat at character 3"},
    {P("{\"pattern\":\"(a\"}"), "schema: /properties/a/pattern: not a regular expression: missing "
                                "closing parenthesis at character 3"},
    {P("{\"format\":1}"), "schema: /properties/a/format: must be the name of a format"},
    {P("{\"items\":{\"properties\":{\"x/y~z\":{\"type\":1}}}}"),
        "schema: /properties/a/items/properties/x~1y~0z/type: must be one of null, boolean, "
        "number, integer, string, array, object"},
    /* references */
    {P("{\"$ref\":1}"), "schema: /properties/a/$ref: must be a reference"},
    {P("{\"$ref\":\"other.json\"}"),
        "schema: /properties/a/$ref: a remote $ref is not supported, only #/... within the schema"},
    {P("{\"$ref\":\"https://example.com/x#/y\"}"),
        "schema: /properties/a/$ref: a remote $ref is not supported, only #/... within the schema"},
    {P("{\"$ref\":\"\"}"),
        "schema: /properties/a/$ref: a remote $ref is not supported, only #/... within the schema"},
    {P("{\"$ref\":\"#b\"}"),
        "schema: /properties/a/$ref: a $ref to an anchor is not supported yet, only #/..."},
    {P("{\"$ref\":\"#/$defs/b\"}"),
        "schema: /properties/a/$ref: $ref to something that is not there"},
    {P("{\"$ref\":\"#/properties/a/b\"}"),
        "schema: /properties/a/$ref: $ref to something that is not there"},
    {P("{\"$ref\":\"#/x/01\"},\"b\":{\"enum\":[]}"),
        "schema: /properties/b/enum: must be an array with at least one value"},
    {"{\"x\":[0,{}],\"properties\":{\"a\":{\"$ref\":\"#/x/01\"}}}",
        "schema: /properties/a/$ref: $ref to something that is not there"},
    {"{\"x\":[0,{}],\"properties\":{\"a\":{\"$ref\":\"#/x/2\"}}}",
        "schema: /properties/a/$ref: $ref to something that is not there"},
    {"{\"x\":[0,{}],\"properties\":{\"a\":{\"$ref\":\"#/x/0\"}}}",
        "schema: /x/0: must be a schema: an object, true or false"},
    {"{\"x\":{\"allOf\":[]},\"properties\":{\"a\":{\"$ref\":\"#/x\"}}}",
        "schema: /x/allOf: not supported yet"},
    {P("{\"$ref\":\"#/%2\"}"), "schema: /properties/a/$ref: a malformed % escape"},
    {P("{\"$ref\":\"#/%zz\"}"), "schema: /properties/a/$ref: a malformed % escape"},
    {P("{\"$ref\":\"#/~2\"}"), "schema: /properties/a/$ref: a malformed ~ escape"},
    {P("{\"$ref\":\"#/a~\"}"), "schema: /properties/a/$ref: a malformed ~ escape"},
    {P("{\"$ref\":\"#/properties/a\"}"),
        "schema: /properties/a: $ref goes in a circle, or through more than 64 others"},
    {"{\"properties\":{\"a\":{\"$ref\":\"#/properties/b\"},\"b\":{\"$ref\":\"#/properties/a\"}}}",
        "schema: /properties/b: $ref goes in a circle, or through more than 64 others"},
    {"{\"$ref\":\"#\"}", "schema: $ref goes in a circle, or through more than 64 others"},
    {"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"properties\":{\"a\":{\"$ref\":"
     "\"#/properties/a\",\"type\":\"string\"}}}",
        "schema: /properties/a: $ref goes in a circle, or through more than 64 others"},
};

static void what_is_wrong_is_refused_with_its_pointer(void **state)
{
    struct weir_err err;

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (load(refused[i].text, NULL, &err) != NULL) {
            fail_msg("accepted: %s", refused[i].text);
        }
        if (strcmp(err.msg, refused[i].msg) != 0 || err.code != WEIR_E_CONFIG) {
            fail_msg("%s:\n  %s\n  not %s", refused[i].text, err.msg, refused[i].msg);
        }
    }
}

/* Every keyword of both drafts that is not compiled and could reject something. */
static void keywords_of_the_specification_are_never_ignored(void **state)
{
    static const char *const keywords[] = {"$vocabulary", "$anchor", "$dynamicAnchor",
        "$dynamicRef", "$recursiveAnchor", "$recursiveRef", "allOf", "anyOf", "oneOf", "not", "if",
        "then", "else", "dependencies", "dependentRequired", "dependentSchemas",
        "patternProperties", "propertyNames", "minProperties", "maxProperties", "prefixItems",
        "additionalItems", "contains", "minContains", "maxContains", "minItems", "maxItems",
        "uniqueItems", "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "unevaluatedItems",
        "unevaluatedProperties"};
    static const char *const drafts[] = {
        "https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"};
    static const struct {
        const char *before, *after, *pointer;
    } places[] = {{"", "", "/"}, {"\"properties\":{\"costs\":{", "}}", "/properties/costs/"},
        {"\"properties\":{\"costs\":{\"items\":{\"additionalProperties\":{", "}}}}",
            "/properties/costs/items/additionalProperties/"},
        {"\"$defs\":{\"unused\":{", "}}", "/$defs/unused/"}};
    struct weir_err err;
    char text[512], want[256];

    (void)state;
    for (size_t k = 0; k < sizeof keywords / sizeof keywords[0]; k++) {
        for (size_t d = 0; d < sizeof drafts / sizeof drafts[0]; d++) {
            for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
                snprintf(text, sizeof text, "{\"$schema\":\"%s\",%s\"%s\":{}%s}", drafts[d],
                    places[p].before, keywords[k], places[p].after);
                snprintf(want, sizeof want, "schema: %s%s: not supported yet", places[p].pointer,
                    keywords[k]);
                if (load(text, NULL, &err) != NULL) {
                    fail_msg("accepted: %s", text);
                }
                assert_string_equal(err.msg, want);
                assert_int_equal(err.code, WEIR_E_CONFIG);
            }
        }
    }
}

static void formats_of_the_specification_are_never_ignored(void **state)
{
    static const char *const formats[] = {"time", "duration", "idn-email", "hostname",
        "idn-hostname", "uri-reference", "iri", "iri-reference", "uri-template", "json-pointer",
        "relative-json-pointer", "regex"};
    struct weir_err err;
    char text[128], want[128];

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        snprintf(text, sizeof text, P("{\"format\":\"%s\"}"), formats[i]);
        snprintf(want, sizeof want, "schema: /properties/a/format: format %s is not supported yet",
            formats[i]);
        assert_null(load(text, NULL, &err));
        assert_string_equal(err.msg, want);
    }
}

static void an_unknown_format_is_warned_about_once(void **state)
{
    struct warnings w = {.n = 0};
    struct weir_err err;
    struct weir_schema *s = load("{\"properties\":{\"a\":{\"format\":\"phone\"},\"b\":{\"format\":"
                                 "\"phone\"},\"c\":{\"format\":\"Date\"}}}",
        &w, &err);

    (void)state;
    assert_non_null(s);
    assert_string_equal(w.text, "schema: /properties/a/format: unknown format phone: not checked\n"
                                "schema: /properties/c/format: unknown format Date: not checked");
    weir_schema_free(s);
}

static void draft_07_ignores_what_stands_beside_ref_and_says_so(void **state)
{
    struct warnings w = {.n = 0};
    struct weir_err err;
    struct weir_schema *s =
        load("{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
             "\"properties\":{\"a\":{\"$ref\":\"#/definitions/x\",\"minLength\":"
             "5,\"description\":\"fine\",\"oneOf\":[]}},\"definitions\":{\"x\":{}}}",
            &w, &err);

    (void)state;
    assert_non_null(s);
    assert_string_equal(w.text,
        "schema: /properties/a/minLength: ignored beside $ref, as draft-07 says\n"
        "schema: /properties/a/oneOf: ignored beside $ref, as draft-07 says");
    weir_schema_free(s);
}

static void a_chain_of_refs_has_a_limit(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    for (unsigned n = WEIR_SCHEMA_REFS_MAX; n <= WEIR_SCHEMA_REFS_MAX + 1; n++) {
        text.len = 0;
        weir_buf_adds(&text, "{\"$defs\":{", &err);
        for (unsigned i = 0; i < n; i++) {
            weir_buf_addf(&text, &err, "\"d%u\":{\"$ref\":\"#/$defs/d%u\"},", i, i + 1);
        }
        weir_buf_addf(&text, &err, "\"d%u\":{}}}", n);
        struct weir_schema *s = load(weir_buf_text(&text, &err), NULL, &err);
        assert_int_equal(s != NULL, n == WEIR_SCHEMA_REFS_MAX);
        weir_schema_free(s);
    }
    weir_buf_fini(&text);
}

static void a_schema_has_limits(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;
    size_t len = WEIR_SCHEMA_MAX_BYTES + 1;

    (void)state;
    weir_buf_init(&text, 2 * WEIR_SCHEMA_MAX_BYTES);
    assert_non_null(weir_buf_reserve(&text, len, &err));
    memset(text.p, ' ', len);
    text.p[0] = '{';
    text.p[1] = '}';
    struct weir_schema *s = weir_schema_load((const char *)text.p, len - 1, NULL, NULL, &err);
    assert_non_null(s);
    weir_schema_free(s);
    assert_null(weir_schema_load((const char *)text.p, len, NULL, NULL, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_string_equal(err.msg, "schema: 1048577 bytes, at most 1048576 are read");

    weir_buf_adds(&text, "{\"$defs\":{", &err);
    for (unsigned i = 0; i < WEIR_SCHEMA_NODES_MAX; i++) {
        weir_buf_addf(&text, &err, "%s\"%x\":{}", i > 0 ? "," : "", i);
    }
    weir_buf_adds(&text, "}}", &err);
    assert_null(load(weir_buf_text(&text, &err), NULL, &err));
    assert_non_null(strstr(err.msg, "more than 65536 schemas in one"));

    text.len = 0; /* nesting is the parser's affair, its error ours */
    for (unsigned i = 0; i < WEIR_JSON_DEPTH_MAX + 1; i++) {
        weir_buf_adds(&text, "{\"items\":", &err);
    }
    err.code = WEIR_OK;
    assert_null(load(weir_buf_text(&text, &err), NULL, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "nested deeper than 128 levels"));
    weir_buf_fini(&text);
}

static void compiled_patterns_count_as_memory(void **state)
{
    struct weir_buf text;
    struct weir_err err = {.code = WEIR_OK};

    (void)state;
    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    weir_buf_adds(&text, "{\"properties\":{", &err);
    for (int i = 0; i < 14000; i++) {
        weir_buf_addf(&text, &err, "%s\"c%d\":{\"pattern\":\"(?:(?:ab|cd|ef){50}){20}\"}",
            i > 0 ? "," : "", i);
    }
    weir_buf_adds(&text, "}}", &err);
    assert_int_equal(err.code, WEIR_OK);
    assert_null(load(weir_buf_text(&text, &err), NULL, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "schema: /properties/c"));
    assert_non_null(strstr(err.msg,
        "/pattern: with this pattern the schema takes more than 33554432 bytes of memory"));
    weir_buf_fini(&text);
}

static void the_schema_that_ships_loads_without_a_warning(void **state)
{
    FILE *f = fopen("handlers/validate/events.schema.json", "rb");
    struct warnings w = {.n = 0};
    struct weir_err err = {.code = WEIR_OK};
    static char text[16384];

    (void)state;
    if (f == NULL) {
        fail_msg("handlers/validate/events.schema.json: run this in the repository's root");
    }
    size_t len = fread(text, 1, sizeof text, f);
    fclose(f);
    struct weir_schema *s = weir_schema_load(text, len, collect, &w, &err);
    if (s == NULL) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(w.n, 0);
    weir_schema_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_supported_loads),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_pointer),
        cmocka_unit_test(keywords_of_the_specification_are_never_ignored),
        cmocka_unit_test(formats_of_the_specification_are_never_ignored),
        cmocka_unit_test(an_unknown_format_is_warned_about_once),
        cmocka_unit_test(draft_07_ignores_what_stands_beside_ref_and_says_so),
        cmocka_unit_test(a_chain_of_refs_has_a_limit),
        cmocka_unit_test(a_schema_has_limits),
        cmocka_unit_test(compiled_patterns_count_as_memory),
        cmocka_unit_test(the_schema_that_ships_loads_without_a_warning),
    };

    return cmocka_run_group_tests_name("schema/load", tests, NULL, NULL);
}
