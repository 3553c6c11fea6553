/*
 * Is a schema that we do not fully understand refused, with the place of what we do not?
 */
#include "core/buf.h"
#include "core/limits.h"
#include "schema/schema.h"
#include "tests/support/files.h"

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
    const struct weir_schema_opts opts = {.warn = w == NULL ? NULL : collect, .ctx = w};
    struct weir_schema *ret = weir_schema_load(copy, len, &opts, err);
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
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$ref\":\"#/definitions/row\","
    "\"definitions\":{\"row\":{\"type\":\"object\"}}}",
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"definitions\":{\"a\":{}},"
    "\"properties\":{\"x\":{\"$ref\":\"#/definitions/a\",\"allOf\":[]}}}",
    "\n\t {\r\n}\n",
    "true",
    "{\"type\":\"string\",\"minLength\":1,\"items\":{},\"const\":1}",
    "{\"$ref\":\"#n\",\"$defs\":{\"x\":{\"$anchor\":\"n\"}}}",
    "{\"$id\":\"https://e.org/a/b\",\"$ref\":\"../c/d#n\",\"$defs\":{\"x\":{\"$id\":\"/c/"
    "d\",\"$defs\":{\"y\":{\"$anchor\":\"n\"}}}}}",
    "{\"$id\":\"https://e.org?v=1\",\"$ref\":\"a/?v=2#n\",\"$defs\":{\"x\":{\"$id\":"
    "\"https://e.org/a/b/..?v=2\",\"$anchor\":\"n\"}}}",
    "{\"$id\":\"https://e.org/a\",\"$ref\":\"?v\",\"$defs\":{\"x\":{\"$id\":\"./b/../a?v\"}}}",
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"definitions\":{\"a\":{\"$id\":"
    "\"#n\"}},\"allOf\":[{\"$ref\":\"#n\"}]}",
    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"items\":[]}",
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
    {"", "schema: the text is empty"},
    {"{\n  \"type\": \"object\",\n}", "schema: line 3, column 1: a name in quotes is expected"},
    {"{\"type\":\"object\",\"type\":\"object\"}",
        "schema: line 1, column 1: a name comes twice in the object"},
    {"\xEF\xBB\xBF{}", "schema: line 1, column 1: a value is expected"},
    {"{\"a\":\"\xFF\"}", "schema: line 1, column 7: not valid UTF-8"},
    /* the root */
    {"[]", "schema: must be a schema: an object, true or false"},
    {"\"x\"", "schema: must be a schema: an object, true or false"},
    {"{\"$schema\":\"http://json-schema.org/draft-04/schema#\"}", "schema: /$schema: " DRAFTS},
    {"{\"$schema\":\"https://json-schema.org/draft/2019-09/schema\"}", "schema: /$schema: " DRAFTS},
    {"{\"$schema\":7}", "schema: /$schema: " DRAFTS},
    {"{\"$id\":7}", "schema: /$id: must be a URI"},
    {"{\"$id\":\"#a\"}", "schema: /$id: must not have a fragment; 2020-12 has $anchor for it"},
    {"{\"$id\":\"x\",\"properties\":{\"a\":{\"$id\":\"y\"},\"b\":{\"$id\":\"y\"}}}",
        "schema: /properties/b: another schema has the same $id"},
    {P("{\"$anchor\":\"n\"},\"b\":{\"$anchor\":\"n\"}"),
        "schema: /properties/b/$anchor: another schema has the same name"},
    {P("{\"$anchor\":\"/n\"}"),
        "schema: /properties/a/$anchor: must be a name of letters, digits, - _ . and :"},
    {P("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}"),
        "schema: /properties/a/$schema: not supported: a schema of another draft than the one "
        "around it"},
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
    {P("{\"items\":[{}]}"), "schema: /properties/a/items: an array of schemas is draft-07's: "
                            "2020-12 has prefixItems for it"},
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
    {P("{\"prefixItems\":[]}"),
        "schema: /properties/a/prefixItems: must be an array with at least one schema"},
    {P("{\"multipleOf\":0}"), "schema: /properties/a/multipleOf: must be a number above 0"},
    {P("{\"multipleOf\":1.234567890123456789}"),
        "schema: /properties/a/multipleOf: not supported: more than 18 digits"},
    {P("{\"patternProperties\":{\"a(\":{}}}"),
        "schema: /properties/a/patternProperties/a(: not a regular expression: missing closing "
        "parenthesis at character 3"},
    {P("{\"dependentRequired\":{\"a\":[1]}}"),
        "schema: /properties/a/dependentRequired/a/0: must be a name"},
    {P("{\"dependencies\":{\"a\":1}}"),
        "schema: /properties/a/dependencies/a: must be a schema: an object, true or false"},
    {P("{\"uniqueItems\":1}"), "schema: /properties/a/uniqueItems: must be true or false"},
    {P("{\"$dynamicRef\":\"#a\"}"),
        "schema: /properties/a/$dynamicRef: not supported: its meaning depends on the way that led "
        "to it; name the schema with $ref"},
    {"{\"allOf\":[{\"$ref\":\"#\"}]}",
        "schema: $ref, allOf and the like go in a circle, or through more than 64 others"},
    {P("{\"if\":true,\"then\":{\"not\":{\"$ref\":\"#/properties/a\"}}}"),
        "schema: /properties/a/if: $ref, allOf and the like go in a circle, or through more than "
        "64 "
        "others"},
    /* references */
    {P("{\"$ref\":1}"), "schema: /properties/a/$ref: must be a reference"},
    {P("{\"$ref\":\"other.json\"}"), "schema: /properties/a/$ref: a remote $ref is not supported, "
                                     "only what the schema has itself"},
    {P("{\"$ref\":\"https://example.com/x#/y\"}"),
        "schema: /properties/a/$ref: a remote $ref is not supported, only what the schema has "
        "itself"},
    {P("{\"$ref\":\"#b\"}"), "schema: /properties/a/$ref: $ref to an anchor that is not there"},
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
        "schema: /x/allOf: must be an array with at least one schema"},
    {P("{\"$ref\":\"#/%2\"}"), "schema: /properties/a/$ref: a malformed % escape"},
    {P("{\"$ref\":\"#/%zz\"}"), "schema: /properties/a/$ref: a malformed % escape"},
    {P("{\"$ref\":\"#/~2\"}"), "schema: /properties/a/$ref: a malformed ~ escape"},
    {P("{\"$ref\":\"#/a~\"}"), "schema: /properties/a/$ref: a malformed ~ escape"},
    {P("{\"$ref\":\"#/properties/a\"}"), "schema: /properties/a: $ref, allOf and the like go in a "
                                         "circle, or through more than 64 others"},
    {"{\"properties\":{\"a\":{\"$ref\":\"#/properties/b\"},\"b\":{\"$ref\":\"#/properties/a\"}}}",
        "schema: /properties/a: $ref, allOf and the like go in a circle, or through more than 64 "
        "others"},
    {"{\"$ref\":\"#\"}",
        "schema: $ref, allOf and the like go in a circle, or through more than 64 others"},
    {"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"properties\":{\"a\":{\"$ref\":"
     "\"#/properties/a\",\"type\":\"string\"}}}",
        "schema: /properties/a: $ref, allOf and the like go in a circle, or through more than 64 "
        "others"},
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

#define D7 1
#define D20 2

/* Every keyword of both drafts that can reject something, with the drafts that have it. */
static const struct {
    const char *name;
    int drafts;
} checking[] = {{"$anchor", D20}, {"$ref", D7 | D20}, {"$defs", D7 | D20},
    {"definitions", D7 | D20}, {"type", D7 | D20}, {"enum", D7 | D20}, {"const", 0},
    {"multipleOf", D7 | D20}, {"maximum", D7 | D20}, {"exclusiveMaximum", D7 | D20},
    {"minimum", D7 | D20}, {"exclusiveMinimum", D7 | D20}, {"maxLength", D7 | D20},
    {"minLength", D7 | D20}, {"pattern", D7 | D20}, {"format", D7 | D20}, {"prefixItems", D20},
    {"items", D7 | D20}, {"additionalItems", D7}, {"contains", D7 | D20}, {"minContains", D20},
    {"maxContains", D20}, {"maxItems", D7 | D20}, {"minItems", D7 | D20}, {"uniqueItems", D7 | D20},
    {"maxProperties", D7 | D20}, {"minProperties", D7 | D20}, {"required", D7 | D20},
    {"properties", D7 | D20}, {"patternProperties", D7 | D20}, {"additionalProperties", D7 | D20},
    {"propertyNames", D7 | D20}, {"dependentRequired", D20}, {"dependentSchemas", D20},
    {"dependencies", D7 | D20}, {"allOf", D7 | D20}, {"anyOf", D7 | D20}, {"oneOf", D7 | D20},
    {"not", D7 | D20}, {"if", D7 | D20}, {"then", D7 | D20}, {"else", D7 | D20},
    {"unevaluatedItems", D20}, {"unevaluatedProperties", D20}, {"$vocabulary", D20},
    {"$dynamicAnchor", D20}, {"$dynamicRef", D20}, {"$recursiveAnchor", D20},
    {"$recursiveRef", D20}};

static void keywords_of_the_specification_are_never_ignored(void **state)
{
    static const char *const drafts[] = {
        "http://json-schema.org/draft-07/schema#", "https://json-schema.org/draft/2020-12/schema"};
    static const struct {
        const char *before, *after, *pointer;
    } places[] = {{"", "", "/"}, {"\"properties\":{\"costs\":{", "}}", "/properties/costs/"},
        {"\"properties\":{\"costs\":{\"items\":{\"additionalProperties\":{", "}}}}",
            "/properties/costs/items/additionalProperties/"},
        {"\"$defs\":{\"unused\":{", "}}", "/$defs/unused/"}};
    struct weir_err err;
    char text[512], want[256];

    (void)state;
    for (size_t k = 0; k < sizeof checking / sizeof checking[0]; k++) {
        for (size_t d = 0; d < sizeof drafts / sizeof drafts[0]; d++) {
            for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
                struct warnings w = {.n = 0};
                /* No keyword but const takes -7.5. */
                snprintf(text, sizeof text, "{\"$schema\":\"%s\",%s\"%s\":-7.5%s}", drafts[d],
                    places[p].before, checking[k].name, places[p].after);
                snprintf(want, sizeof want, "schema: %s%s: ", places[p].pointer, checking[k].name);
                struct weir_schema *s = load(text, &w, &err);
                bool number = strstr(checking[k].name, "imum") != NULL ||
                              strcmp(checking[k].name, "const") == 0;
                bool has = (checking[k].drafts & (d == 0 ? D7 : D20)) != 0;
                if ((s == NULL) != (has && !number)) {
                    fail_msg("%s: %s", text, s == NULL ? err.msg : "accepted");
                }
                if (s == NULL) {
                    assert_memory_equal(err.msg, want, strlen(want));
                    assert_int_equal(err.code, WEIR_E_CONFIG);
                } else if (!has && !number) {
                    assert_memory_equal(w.text, want, strlen(want));
                    assert_non_null(strstr(w.text, ": ignored: "));
                }
                weir_schema_free(s);
            }
        }
    }
}

static void a_row_is_an_object(void **state)
{
    static const struct {
        const char *text, *msg;
    } cases[] = {{"{}", NULL}, {"true", NULL}, {"{\"type\":[\"object\",\"null\"]}", NULL},
        {"{\"items\":{},\"minLength\":1,\"enum\":[{}]}", NULL},
        {"false", "schema: the schema false lets no row pass"},
        {"{\"type\":\"string\"}", "schema: it describes a row: its type must be object"},
        {"{\"type\":[\"array\",\"null\"]}", "schema: it describes a row: its type must be object"},
        {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":false}}",
            "schema: the schema false lets no row pass"},
        {"{\"$ref\":\"#/$defs/r\",\"$defs\":{\"r\":{\"type\":\"array\"}}}",
            "schema: it describes a row: its type must be object"}};
    struct weir_err err;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct weir_schema *s = load(cases[i].text, NULL, &err);
        assert_non_null(s);
        if (weir_schema_for_rows(s, &err) == 0) {
            assert_null(cases[i].msg);
        } else {
            assert_non_null(cases[i].msg);
            assert_string_equal(err.msg, cases[i].msg);
            assert_int_equal(err.code, WEIR_E_CONFIG);
        }
        weir_schema_free(s);
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

static void of_unknown_formats_the_first_are_warned_about(void **state)
{
    struct warnings w = {.n = 0};
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, WEIR_MIB);
    for (unsigned i = 0; i < WEIR_SCHEMA_ODD_FORMATS_MAX + 5; i++) {
        weir_buf_addf(&text, &err, "%s\"c%u\":{\"format\":\"f%u\"}",
            i == 0 ? "{\"properties\":{" : ",", i, i);
    }
    weir_buf_adds(&text, "}}", &err);
    struct weir_schema *s = load(weir_buf_text(&text, &err), &w, &err);
    assert_non_null(s);
    assert_int_equal(w.n, WEIR_SCHEMA_ODD_FORMATS_MAX);
    weir_schema_free(s);
    weir_buf_fini(&text);
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

static void described(void *ctx, const char *column, const char *reads, bool required)
{
    assert_int_equal(
        weir_buf_addf(ctx, NULL, "%s: %s%s; ", column, reads, required ? ", required" : ""), 0);
}

static void columns_are_described_once_wherever_they_are_named(void **state)
{
    struct weir_err err;
    struct weir_buf text;
    struct weir_schema *s =
        load("{\"$ref\":\"#/$defs/a\",\"properties\":{\"x\":{\"type\":\"integer\"},\"y\":{}},"
             "\"required\":[\"x\"],\"$defs\":{\"a\":{\"properties\":{\"x\":{\"minimum\":1},"
             "\"z\":{\"type\":[\"object\",\"null\"]}}}}}",
            NULL, &err);

    (void)state;
    assert_non_null(s);
    weir_buf_init(&text, WEIR_MIB);
    assert_int_equal(weir_schema_describe(s, described, &text, &err), 0);
    assert_string_equal(
        weir_buf_text(&text, NULL), "x: an integer, required; y: a string; z: null or an object; ");
    weir_buf_fini(&text);
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
    struct weir_schema *s = weir_schema_load((const char *)text.p, len - 1, NULL, &err);
    assert_non_null(s);
    weir_schema_free(s);
    assert_null(weir_schema_load((const char *)text.p, len, NULL, &err));
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

/* A document whose $id is long, and n schemas in it that have their own. */
static void ids(struct weir_buf *text, size_t len, unsigned n)
{
    struct weir_err err = {.code = WEIR_OK};

    text->len = 0;
    weir_buf_adds(text, "{\"$id\":\"http://h/", &err);
    for (size_t i = 0; i < len; i++) {
        weir_buf_adds(text, "x", &err);
    }
    weir_buf_adds(text, "/\"", &err);
    for (unsigned i = 0; i < n; i++) {
        weir_buf_addf(text, &err, "%s\"%u\":{\"$id\":\"%u\"}", i == 0 ? ",\"$defs\":{" : ",", i, i);
    }
    weir_buf_adds(text, "}}", &err);
    assert_int_equal(err.code, WEIR_OK);
}

static void names_of_schemas_have_limits(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    (void)state;
    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    ids(&text, 1, WEIR_SCHEMA_NAMES_MAX - 1);
    struct weir_schema *s = load(weir_buf_text(&text, &err), NULL, &err);
    assert_non_null(s);
    weir_schema_free(s);
    ids(&text, 1, WEIR_SCHEMA_NAMES_MAX + 1);
    assert_null(load(weir_buf_text(&text, &err), NULL, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "more than 1024 $id and $anchor"));
    /* each is kept with what it is relative to */
    ids(&text, 100000, WEIR_SCHEMA_NAMES_MAX / 2);
    err.code = WEIR_OK;
    assert_null(load(weir_buf_text(&text, &err), NULL, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_string_equal(err.msg, "schema: it takes more than 33554432 bytes of memory");
    weir_buf_fini(&text);
}

/* What patterns of names cost is counted for all columns of a header. */
static void a_header_has_so_many_steps(void **state)
{
    static char names[500][52];
    static struct weir_str header[500];
    struct weir_err err = {.code = WEIR_OK};
    struct weir_schema *s =
        load("{\"patternProperties\":{\"^(a|aa|a*)*$\":{\"type\":\"integer\"}}}", NULL, &err);

    (void)state;
    assert_non_null(s);
    for (unsigned i = 0; i < 500; i++) {
        snprintf(names[i], sizeof names[i], "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!%u", i);
        header[i] = weir_str_of(names[i]);
    }
    assert_null(weir_schema_bind(s, header, 500, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_string_equal(
        err.msg, "schema: it takes too many steps to find what it says of each of 500 columns");
    weir_schema_free(s);
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
    struct warnings w = {.n = 0};
    struct weir_err err = {.code = WEIR_OK};
    char *text = files_text("handlers/validate/events.schema.json");

    (void)state;
    const struct weir_schema_opts opts = {.warn = collect, .ctx = &w};
    struct weir_schema *s = weir_schema_load(text, strlen(text), &opts, &err);
    if (s == NULL) {
        fail_msg("%s", err.msg);
    }
    assert_int_equal(w.n, 0);
    weir_schema_free(s);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_supported_loads),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_pointer),
        cmocka_unit_test(keywords_of_the_specification_are_never_ignored),
        cmocka_unit_test(a_row_is_an_object),
        cmocka_unit_test(an_unknown_format_is_warned_about_once),
        cmocka_unit_test(of_unknown_formats_the_first_are_warned_about),
        cmocka_unit_test(draft_07_ignores_what_stands_beside_ref_and_says_so),
        cmocka_unit_test(columns_are_described_once_wherever_they_are_named),
        cmocka_unit_test(a_chain_of_refs_has_a_limit),
        cmocka_unit_test(a_schema_has_limits),
        cmocka_unit_test(names_of_schemas_have_limits),
        cmocka_unit_test(a_header_has_so_many_steps),
        cmocka_unit_test(compiled_patterns_count_as_memory),
        cmocka_unit_test(the_schema_that_ships_loads_without_a_warning),
    };

    return cmocka_run_group_tests_name("schema/load", tests, NULL, NULL);
}
