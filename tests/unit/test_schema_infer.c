/*
 * Does what is inferred say what people would say of the sample, does it take every row of it, and
 * is it bounded whatever the rows are?
 */
#include "core/limits.h"
#include "schema/infer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"                        \
    "  \"$comment\": \"inferred from "

static struct weir_schema_infer *start(size_t enum_max, bool ranges, bool any_boolean)
{
    static const char *const yes[] = {"1", "yes", NULL}, *const no[] = {"0", "no", NULL};
    const struct weir_schema_infer_opts opts = {.cells = {.empty_is_text = true,
                                                    .yes = any_boolean ? yes : NULL,
                                                    .no = any_boolean ? no : NULL},
        .enum_max = enum_max,
        .ranges = ranges};
    struct weir_schema_infer *f = weir_schema_infer_new(&opts, NULL);

    assert_non_null(f);
    return f;
}

static char *written(struct weir_schema_infer *f)
{
    struct weir_err err = {0};
    struct weir_buf to;

    weir_buf_init(&to, WEIR_SCHEMA_MAX_BYTES + 1);
    if (weir_schema_infer_write(f, &to, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    weir_schema_infer_free(f);
    assert_non_null(weir_buf_text(&to, NULL));
    return (char *)to.p;
}

/* One column of these cells; NULL ends them, "" is absent, "\1" null. */
static char *column(struct weir_schema_infer *f, const char *const *cells)
{
    const struct weir_str name = WEIR_STR("c");
    bool looked;

    assert_int_equal(weir_schema_infer_columns(f, &name, 1, NULL), 0);
    for (; *cells != NULL; cells++) {
        const struct weir_str cell = **cells == '\1'   ? (struct weir_str){weir_schema_null, 0}
                                     : **cells == '\0' ? (struct weir_str){NULL, 0}
                                                       : weir_str_of(*cells);
        assert_int_equal(weir_schema_infer_cells(f, &cell, &looked, NULL), 0);
        assert_true(looked);
    }
    return written(f);
}

static void expect_column(const char *const *cells, const char *schema)
{
    char *text = column(start(4, false, false), cells);
    const char *at = strstr(text, "\"c\": ");

    assert_non_null(at);
    if (strncmp(at + 5, schema, strlen(schema)) != 0) {
        fail_msg("%s is not %s", text, schema);
    }
    free(text);
}
#define EXPECT(schema, ...) expect_column((const char *const[]){__VA_ARGS__, NULL}, schema)

static void columns_have_types(void **state)
{
    (void)state;
    EXPECT("{\"type\": \"integer\"}\n  },\n  \"required\": [\"c\"]\n}\n", "1", "-2", "3.0", "1e2");
    EXPECT("{\"type\": \"integer\"}\n  }\n}\n", "1", "");
    EXPECT("{\"type\": \"number\"}", "1", "2.5");
    EXPECT("{\"type\": \"boolean\"}", "true", "false");
    EXPECT("{\"type\": \"string\"}", "1", "01");
    EXPECT("{\"type\": \"string\"}", "1", "true");
    EXPECT("{\"type\": \"string\"}", "1", "{}");
    EXPECT("{\"type\": \"string\"}", "{}", "{");
    EXPECT("{\"type\": \"string\"}", " 5", "+1");
    EXPECT("{\"type\": [\"integer\", \"null\"]}", "1", "null");
    EXPECT("{\"type\": [\"integer\", \"null\"]}", "1", "\1");
    EXPECT("{\"type\": [\"boolean\", \"null\"]}", "true", "null");
    EXPECT("{\"type\": \"null\"}", "null", "\1");
    EXPECT("{\"type\": \"string\"}", "x", "null");
    EXPECT("{\"type\": [\"string\", \"null\"]}", "x", "null", "\1");
    EXPECT("{\"type\": [\"object\", \"array\", \"null\"]}", "{}", " []", "null");
    EXPECT("{}", "", "");
}

static void boolean_words_are_those_of_the_options(void **state)
{
    static const char *const words[] = {"1", "no", "true", "0", NULL};
    static const char *const digits[] = {"1", "0", "2", NULL};
    char *text = column(start(0, false, true), words);

    (void)state;
    assert_non_null(strstr(text, "\"c\": {\"type\": \"boolean\"}"));
    free(text);
    text = column(start(0, false, true), digits);
    assert_non_null(strstr(text, "\"c\": {\"type\": \"integer\"}"));
    free(text);
}

static void formats_are_those_of_all_values(void **state)
{
    (void)state;
    EXPECT("{\"type\": \"string\", \"format\": \"date\"}", "2024-02-29", "1999-12-31");
    EXPECT("{\"type\": \"string\"}", "2024-02-29", "2023-02-29");
    EXPECT("{\"type\": \"string\", \"format\": \"date-time\"}", "2024-02-29T00:00:00Z");
    EXPECT("{\"type\": \"string\", \"format\": \"time\"}", "00:00:00Z");
    EXPECT("{\"type\": \"string\", \"format\": \"duration\"}", "P1D");
    EXPECT("{\"type\": \"string\", \"format\": \"uuid\"}", "0123abcd-0000-4000-8000-00000000000f");
    EXPECT("{\"type\": \"string\", \"format\": \"ipv4\"}", "10.0.0.1", "255.255.255.255");
    EXPECT("{\"type\": \"string\", \"format\": \"ipv6\"}", "::1");
    EXPECT("{\"type\": \"string\", \"format\": \"email\"}", "a@b.c", "\"x y\"@d");
    EXPECT("{\"type\": \"string\", \"format\": \"idn-email\"}", "a@b.c", "\xC3\xA9@b.c");
    EXPECT("{\"type\": \"string\", \"format\": \"uri\"}", "http://a/b", "s3://x/y");
    EXPECT("{\"type\": \"string\", \"format\": \"iri\"}", "http://a/\xC3\xA9");
    EXPECT("{\"type\": \"string\"}", "note:this");
    EXPECT("{\"type\": [\"string\", \"null\"], \"format\": \"date\"}", "2024-02-29", "\1");
    EXPECT("{\"type\": \"string\"}", "2024-02-29", "7");
}

static void few_texts_are_a_set(void **state)
{
    const char *cells[200] = {NULL};

    (void)state;
    for (size_t i = 0; i < 40; i++) {
        cells[i] = (const char *const[]){"b", "a", "null", "\"q\""}[i % 4];
    }
    expect_column(
        cells, "{\"type\": \"string\", \"enum\": [\"\\\"q\\\"\", \"a\", \"b\", \"null\"]}");
    cells[0] = "\1";
    cells[40] = "b";
    expect_column(cells, "{\"type\": [\"string\", \"null\"], \"enum\": [\"\\\"q\\\"\", \"a\", "
                         "\"b\", \"null\", null]}");
    cells[0] = "other"; /* one more than may be */
    expect_column(cells, "{\"type\": \"string\"}");
    cells[0] = "a";
    cells[36] = NULL; /* too few of each */
    expect_column(cells, "{\"type\": \"string\"}");
    char *text = column(start(0, false, false), cells);
    assert_null(strstr(text, "enum"));
    free(text);
}

static void ranges_are_given_when_asked_for(void **state)
{
    static const char *const numbers[] = {"10", "-1.5", "9", "1e3", NULL};
    static const char *const texts[] = {"\xC3\xA9", "abc", NULL};
    static const char *const longs[] = {"1", "0.00000000000000000000000000001", NULL};
    char *text = column(start(0, true, false), numbers);

    (void)state;
    assert_non_null(strstr(text, "{\"type\": \"number\", \"minimum\": -1.5, \"maximum\": 1e3}"));
    free(text);
    text = column(start(0, true, false), texts);
    assert_non_null(strstr(text, "{\"type\": \"string\", \"minLength\": 1, \"maxLength\": 3}"));
    free(text);
    text = column(start(0, true, false), longs);
    assert_non_null(strstr(text, "{\"type\": \"number\"}"));
    free(text);
}

static char *json(const char *const *lines)
{
    struct weir_schema_infer *f = start(4, false, false);
    bool looked;

    for (; *lines != NULL; lines++) {
        assert_int_equal(weir_schema_infer_json(f, weir_str_of(*lines), &looked, NULL), 0);
        assert_true(looked);
    }
    return written(f);
}
#define JSON(...) json((const char *const[]){__VA_ARGS__, NULL})

static void json_is_described_in_depth(void **state)
{
    char *text = JSON("{\"a\":{\"b\":1,\"c\":[]},\"d\":[{\"e\":null},{\"e\":\"x\",\"f\":true}]}",
        "{\"d\":[],\"a\":{\"b\":2.5,\"c\":[1,\"2\"]},\"g\":\"::1\"}");

    (void)state;
    assert_string_equal(text, HEAD "2 rows\",\n"
                                   "  \"type\": \"object\",\n"
                                   "  \"properties\": {\n"
                                   "    \"a\": {\n"
                                   "      \"type\": \"object\",\n"
                                   "      \"properties\": {\n"
                                   "        \"b\": {\"type\": \"number\"},\n"
                                   "        \"c\": {\n"
                                   "          \"type\": \"array\",\n"
                                   "          \"items\": {\"type\": [\"string\", \"integer\"]}\n"
                                   "        }\n"
                                   "      },\n"
                                   "      \"required\": [\"b\", \"c\"]\n"
                                   "    },\n"
                                   "    \"d\": {\n"
                                   "      \"type\": \"array\",\n"
                                   "      \"items\": {\n"
                                   "        \"type\": \"object\",\n"
                                   "        \"properties\": {\n"
                                   "          \"e\": {\"type\": [\"string\", \"null\"]},\n"
                                   "          \"f\": {\"type\": \"boolean\"}\n"
                                   "        },\n"
                                   "        \"required\": [\"e\"]\n"
                                   "      }\n"
                                   "    },\n"
                                   "    \"g\": {\"type\": \"string\", \"format\": \"ipv6\"}\n"
                                   "  },\n"
                                   "  \"required\": [\"a\", \"d\"]\n"
                                   "}\n");
    free(text);
    text = JSON("1", "\"x\"");
    assert_string_equal(text, HEAD "2 rows\",\n  \"type\": [\"string\", \"integer\"]\n}\n");
    free(text);
}

static void what_no_schema_makes_valid_is_left_out(void **state)
{
    struct weir_schema_infer *f = start(4, false, false);
    const struct weir_str names[] = {WEIR_STR("a"), WEIR_STR("\xFF"), WEIR_STR("a")};
    const struct weir_str bad[] = {WEIR_STR("x"), WEIR_STR("1"), WEIR_STR("\xC3")};
    const struct weir_str good[] = {WEIR_STR("1"), WEIR_STR("1"), {NULL, 0}};
    bool looked;

    (void)state;
    assert_int_equal(weir_schema_infer_columns(f, names, 3, NULL), 0);
    assert_int_equal(weir_schema_infer_cells(f, bad, &looked, NULL), 0);
    assert_false(looked);
    assert_int_equal(weir_schema_infer_cells(f, good, &looked, NULL), 0);
    assert_true(looked);
    char *text = written(f);
    /* Of two columns with one name both have to be there for it to be required. */
    assert_string_equal(text, HEAD "1 row\",\n  \"type\": \"object\",\n  \"properties\": {\n"
                                   "    \"a\": {\"type\": \"integer\"}\n  }\n}\n");
    free(text);
    f = start(4, false, false);
    assert_int_equal(weir_schema_infer_json(f, WEIR_STR("{"), &looked, NULL), 0);
    assert_false(looked);
    free(written(f));
}

/* ---- its own sample ---- */

static const char *const pool[] = {"", "", "\1", "0", "1", "1", "7", "-3", "1.5", "1e400", "01",
    "true", "false", "yes", "no", "null", "a", "a", "b", " ", "{}", "[]", "{", "[1,\"x\"]",
    "[{\"a\":null}]", "{\"a\":1}", "{\"a\":\"2024-01-01\",\"b\":[[1]]}", " {\"a\":1.5}",
    "2024-01-01", "a@b.c", "::1", "http://a/", "\"", "\xC3\xA9", "9007199254740993",
    "{\"b\":{\"b\":{\"b\":[]}}}"};
#define POOL (sizeof pool / sizeof pool[0])

struct wrong {
    size_t n;
    char text[300];
};

static void on_problem(void *ctx, const struct weir_schema_problem *p)
{
    struct wrong *w = ctx;

    w->n++;
    snprintf(w->text, sizeof w->text, "%s%s: %s", p->label, p->pointer, p->message);
}

#define COLUMNS 6
#define ROWS 40

static void check_own_sample(unsigned seed)
{
    static const char *const yes[] = {"1", "yes", NULL}, *const no[] = {"0", "no", NULL};
    const struct weir_str names[COLUMNS] = {
        WEIR_STR("a"), WEIR_STR("b"), WEIR_STR("a"), WEIR_STR(""), WEIR_STR("\"/~"), WEIR_STR("e")};
    struct weir_str rows[ROWS][COLUMNS];
    const bool any = seed % 2 == 1;
    struct weir_schema_infer *f = start(seed % 5, seed % 3 == 0, any);
    struct wrong wrong = {0};
    bool looked;

    srand(seed);
    assert_int_equal(weir_schema_infer_columns(f, names, COLUMNS, NULL), 0);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t c = 0; c < COLUMNS; c++) {
            /* A few kinds of cell in each column, so that all mixtures come up. */
            const unsigned kinds = 1 + (seed / 7 + (unsigned)c) % 5;
            const char *cell = pool[(seed * 31 + c * 17 + (unsigned)rand() % kinds * 5) % POOL];
            rows[r][c] = *cell == '\1'   ? (struct weir_str){weir_schema_null, 0}
                         : *cell == '\0' ? (struct weir_str){rand() % 2 ? NULL : "", 0}
                                         : weir_str_of(cell);
        }
        assert_int_equal(weir_schema_infer_cells(f, rows[r], &looked, NULL), 0);
        assert_true(looked);
    }
    char *text = written(f);
    struct weir_schema *schema = weir_schema_load(text, strlen(text), NULL, NULL);
    struct weir_schema_plan *plan = weir_schema_bind(schema, names, COLUMNS, NULL);
    const struct weir_schema_cells cells = {
        .empty_is_text = true, .yes = any ? yes : NULL, .no = any ? no : NULL};
    weir_schema_plan_cells(plan, &cells);
    struct weir_schema_check *check = weir_schema_check_new(plan, NULL);
    for (size_t r = 0; r < ROWS; r++) {
        size_t n;
        assert_int_equal(weir_schema_check_cells(check,
                             &(struct weir_schema_row){.cells = rows[r], .n = COLUMNS}, on_problem,
                             &wrong, &n, NULL),
            0);
        if (n > 0) {
            fail_msg("seed %u, row %zu: %s\n%s", seed, r, wrong.text, text);
        }
    }
    weir_schema_check_free(check);
    weir_schema_plan_free(plan);
    weir_schema_free(schema);
    free(text);
}

static void each_row_of_the_sample_is_valid(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < 1000; seed++) {
        check_own_sample(seed);
    }
}

/* ---- bounds ---- */

static void the_sample_cannot_make_it_large(void **state)
{
    struct weir_schema_infer *f = start(64, false, false);
    struct weir_buf line;
    struct weir_err err = {0};
    bool looked;

    (void)state;
    weir_buf_init(&line, WEIR_MIB);
    for (unsigned row = 0; row < 300; row++) { /* 300,000 names, and one that is always there */
        line.len = 0;
        assert_int_equal(weir_buf_adds(&line, "{\"id\":1,\"map\":{\"in\":2", NULL), 0);
        for (unsigned i = 0; i < 1000; i++) {
            assert_int_equal(
                weir_buf_addf(&line, NULL, ",\"k%u\":{\"x\":[[%u]]}", row * 1000 + i, i), 0);
        }
        assert_int_equal(weir_buf_adds(&line, "}}", NULL), 0);
        assert_int_equal(weir_schema_infer_json(
                             f, (struct weir_str){(const char *)line.p, line.len}, &looked, NULL),
            0);
        assert_true(looked);
    }
    line.len = 0;
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(weir_buf_adds(&line, i % 2 ? "{\"d\":" : "[", NULL), 0);
    }
    assert_int_equal(weir_buf_adds(&line, "1", NULL), 0);
    for (unsigned i = 100; i-- > 0;) {
        assert_int_equal(weir_buf_adds(&line, i % 2 ? "}" : "]", NULL), 0);
    }
    assert_int_equal(
        weir_schema_infer_json(f, (struct weir_str){(const char *)line.p, line.len}, &looked, &err),
        0);
    assert_true(looked);
    weir_buf_fini(&line);
    char *text = written(f);
    assert_true(strlen(text) < 8 * WEIR_KIB);
    assert_non_null(
        strstr(text, "\"properties\": {\n        \"in\": {\"type\": \"integer\"}\n      }"));
    free(text);
}

static void the_widest_table_fits_a_schema(void **state)
{
    struct weir_schema_infer *f = start(4, false, false);
    struct weir_str *names = calloc(WEIR_COLUMNS_MAX, sizeof *names);
    char(*texts)[16] = calloc(WEIR_COLUMNS_MAX, sizeof *texts);
    bool looked;

    (void)state;
    for (size_t i = 0; i < WEIR_COLUMNS_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "column_%zu", i + 1);
        names[i] = weir_str_of(texts[i]);
    }
    assert_int_equal(weir_schema_infer_columns(f, names, WEIR_COLUMNS_MAX, NULL), 0);
    assert_int_equal(weir_schema_infer_cells(f, names, &looked, NULL), 0);
    free(written(f));

    /* Names that are too long for any schema are an error with a name. */
    struct weir_err err = {0};
    struct weir_buf to;
    f = start(4, false, false);
    char *long_name = malloc(WEIR_MIB);
    memset(long_name, 'x', WEIR_MIB);
    const struct weir_str one = {long_name, WEIR_MIB};
    assert_int_equal(weir_schema_infer_columns(f, &one, 1, NULL), 0);
    weir_buf_init(&to, 2 * WEIR_MIB);
    assert_int_equal(weir_schema_infer_write(f, &to, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_int_equal(to.len, 0);
    weir_buf_fini(&to);
    weir_schema_infer_free(f);

    struct weir_str many[1 + WEIR_INFER_TEXT_MAX_BYTES / WEIR_MIB];
    for (size_t i = 0; i < sizeof many / sizeof many[0]; i++) {
        many[i] = (struct weir_str){long_name, WEIR_MIB - i};
    }
    err.code = WEIR_OK;
    f = start(4, false, false);
    assert_int_equal(weir_schema_infer_columns(f, many, sizeof many / sizeof many[0], &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    assert_non_null(strstr(err.msg, "the names of 5 columns are too long"));
    weir_schema_infer_free(f);
    free(long_name);
    free(texts);
    free(names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_have_types),
        cmocka_unit_test(boolean_words_are_those_of_the_options),
        cmocka_unit_test(formats_are_those_of_all_values),
        cmocka_unit_test(few_texts_are_a_set),
        cmocka_unit_test(ranges_are_given_when_asked_for),
        cmocka_unit_test(json_is_described_in_depth),
        cmocka_unit_test(what_no_schema_makes_valid_is_left_out),
        cmocka_unit_test(each_row_of_the_sample_is_valid),
        cmocka_unit_test(the_sample_cannot_make_it_large),
        cmocka_unit_test(the_widest_table_fits_a_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
