/*
 * Any schema and any rows: loading ends with a schema or a message, and a row's error text stays
 * within its bounds and agrees with the count. The first byte says whether the rest is text as it
 * stands or a row of words that schemas are made of; a NUL ends the schema, further ones the cells.
 */
#include "core/buf.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "tests/fuzz/must.h"
#include "tests/support/schema_errors.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 3
#define TEXT_MAX_BYTES (256 * WEIR_KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = {"{", "}", "[", "]", ",", ":", "\"", "{}", "[]", "true", "false",
    "null", "0", "1", "-1.5e3", "9007199254740993", "0.1", "\"a\"", "\"b\"", "\"c\"",
    "\"a\":", "\"b\":", "\"c\":", "\"string\"", "\"number\"", "\"integer\"", "\"boolean\"",
    "\"array\"", "\"object\"", "\"type\":", "\"properties\":", "\"required\":", "\"items\":",
    "\"additionalProperties\":", "\"enum\":", "\"const\":", "\"pattern\":", "\"format\":",
    "\"minLength\":", "\"maxLength\":", "\"minimum\":", "\"maximum\":", "\"exclusiveMinimum\":",
    "\"exclusiveMaximum\":", "\"multipleOf\":", "\"minItems\":", "\"maxItems\":",
    "\"uniqueItems\":", "\"minProperties\":", "\"maxProperties\":", "\"patternProperties\":",
    "\"propertyNames\":", "\"prefixItems\":", "\"additionalItems\":", "\"contains\":",
    "\"minContains\":", "\"maxContains\":", "\"allOf\":", "\"anyOf\":", "\"oneOf\":", "\"not\":",
    "\"if\":", "\"then\":", "\"else\":", "\"dependentRequired\":", "\"dependentSchemas\":",
    "\"dependencies\":", "\"unevaluatedItems\":", "\"unevaluatedProperties\":", "\"$ref\":",
    "\"$defs\":", "\"$anchor\":", "\"$id\":", "\"$schema\":", "\"$dynamicRef\":", "\"#\"",
    "\"#/$defs/a\"", "\"#n\"", "\"n\"", "\"x.json\"", "\"x.json#n\"", "/properties/a",
    "\"http://json-schema.org/draft-07/schema#\"", "\"date\"", "\"idn-hostname\"", "\"regex\"",
    "\"^a\"", "\"(a|b)*\"", "\"\\\\d+\"", "{\"properties\":{\"a\":{",
    "{\"type\":\"object\",\"allOf\":[{", "~0", "~1", "%41"};

static void warn(void *ctx, const char *msg)
{
    must(ctx == NULL && weir_utf8_check(msg, strlen(msg)) == strlen(msg));
}

/* The words that the bytes stand for; bytes beyond them stand for themselves. */
static void spell(struct weir_buf *text, const uint8_t *data, size_t size)
{
    struct weir_err err = {.code = WEIR_OK};

    for (size_t i = 0; i < size; i++) {
        size_t n = sizeof words / sizeof words[0];
        int rc = data[i] != 0 && data[i] <= n ? weir_buf_adds(text, words[data[i] - 1], &err)
                                              : weir_buf_add(text, data + i, 1, &err);
        if (rc == -1) {
            return;
        }
    }
}

static void check(struct weir_schema *schema, const char *p, const char *end)
{
    const struct weir_str names[COLUMNS] = {WEIR_STR("a"), WEIR_STR("b"), WEIR_STR("a")};
    struct weir_err err = {.code = WEIR_OK};
    struct weir_schema_plan *plan = weir_schema_bind(schema, names, COLUMNS, &err);
    if (plan == NULL) {
        must(err.code == WEIR_E_CONFIG); /* branches that double */
        return;
    }
    struct weir_schema_check *c = weir_schema_check_new(plan, &err);
    must(c != NULL);
    struct weir_buf errors;

    weir_buf_init(&errors, 256 * WEIR_MIB);
    for (int rows = 0; rows < 4; rows++) {
        struct weir_str cells[COLUMNS] = {{NULL, 0}};
        size_t problems = 0, n = 0;
        for (; n < COLUMNS && p < end; n++) {
            const char *stop = memchr(p, '\0', (size_t)(end - p));
            stop = stop == NULL ? end : stop;
            cells[n] = (struct weir_str){p, (size_t)(stop - p)};
            p = stop < end ? stop + 1 : end;
        }
        must(schema_check_row(c, cells, n, &errors, &problems, &err) == 0);
        must((problems > 0) == (errors.len > 0));
        const char *text = errors.len > 0 ? (const char *)errors.p : "";
        must(weir_utf8_check(text, errors.len) == errors.len);
        must(memchr(text, '\n', errors.len) == NULL);
    }
    weir_buf_fini(&errors);
    weir_schema_check_free(c);
    weir_schema_plan_free(plan);
}

static void count(void *ctx, const struct weir_schema_problem *p)
{
    must(p->label[0] != '\0' || !p->whole); /* a member without a name has none */
    must(p->keyword[0] != '\0' && p->message[0] != '\0');
    must(p->pointer[0] == '\0' || p->pointer[0] == '/');
    ++*(size_t *)ctx;
}

/* The same as JSON: what it says does not depend on what was checked before. */
static void check_json(struct weir_schema *schema, const char *p, const char *end)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_schema_plan *plan = weir_schema_bind(schema, NULL, 0, &err);
    must(plan != NULL);
    struct weir_schema_check *c = weir_schema_check_new(plan, &err);
    must(c != NULL);

    for (int texts = 0; texts < 8 && p < end; texts++) {
        const char *stop = memchr(p, '\0', (size_t)(end - p));
        stop = stop == NULL ? end : stop;
        const struct weir_str text = {p, (size_t)(stop - p)};
        size_t said = 0, problems = 0, again = 0;
        must(weir_schema_check_json(c, text, count, &said, &problems, &err) == 0);
        must(said == problems);
        must(weir_schema_check_json(c, text, count, &said, &again, &err) == 0);
        must(problems == again);
        p = stop < end ? stop + 1 : end;
    }
    weir_schema_check_free(c);
    weir_schema_plan_free(plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    if (size < 2) {
        return 0;
    }
    weir_buf_init(&text, TEXT_MAX_BYTES);
    if ((data[0] & 1) != 0) {
        spell(&text, data + 1, size - 1);
    } else {
        must(weir_buf_add(&text, data + 1, size - 1, &err) == 0);
    }
    const char *p = (const char *)text.p, *end = p + text.len;
    const char *stop = memchr(p, '\0', text.len);
    size_t len = stop == NULL ? text.len : (size_t)(stop - p);
    const struct weir_schema_opts opts = {.warn = warn};
    struct weir_schema *schema = weir_schema_load(p, len, &opts, &err);
    if (schema == NULL) {
        must(err.code == WEIR_E_CONFIG);
        must(strncmp(err.msg, "schema: ", 8) == 0);
        must(weir_utf8_check(err.msg, strlen(err.msg)) == strlen(err.msg));
    } else {
        check(schema, stop == NULL ? end : stop + 1, end);
        check_json(schema, stop == NULL ? end : stop + 1, end);
    }
    weir_schema_free(schema);
    weir_buf_fini(&text);
    return 0;
}
