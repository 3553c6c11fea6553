/*
 * Any sample: a schema comes out that loads, and by which each row that was looked at is valid, as
 * cells and as JSON. And any two JSON texts: their keys are the same if and only if they are equal,
 * and no key is the beginning of another.
 *
 * The first byte is the options; cells, or texts, end with a NUL.
 */
#include "core/limits.h"
#include "json/canon.h"
#include "json/value.h"
#include "schema/infer.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 3
#define PIECES_MAX 96

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_problem(void *ctx, const struct weir_schema_problem *p)
{
    (void)ctx;
    must(strcmp(p->keyword, "steps") == 0); /* that is not the schema's fault */
}

static const char *const yes[] = {"1", "yes", NULL}, *const no[] = {"0", "no", NULL};

static struct weir_schema_infer_opts options(uint8_t first)
{
    return (struct weir_schema_infer_opts){.cells = {.empty_is_text = true,
                                               .yes = (first & 1) != 0 ? yes : NULL,
                                               .no = (first & 1) != 0 ? no : NULL,
                                               .any_case = (first & 2) != 0},
        .enum_max = first >> 4,
        .ranges = (first & 4) != 0};
}

static struct weir_schema *schema_of(struct weir_schema_infer *f)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_buf text;

    weir_buf_init(&text, WEIR_SCHEMA_MAX_BYTES);
    must(weir_schema_infer_write(f, &text, &err) == 0);
    struct weir_schema *schema = weir_schema_load((const char *)text.p, text.len, NULL, &err);
    must(schema != NULL);
    weir_buf_fini(&text);
    return schema;
}

/* A cell: what begins with 1 or 2 and is nothing else is absent or null. */
static struct weir_str cell_of(struct weir_str s)
{
    if (s.len == 1 && *s.p == 1) {
        return (struct weir_str){NULL, 0};
    }
    return s.len == 1 && *s.p == 2 ? (struct weir_str){weir_schema_null, 0} : s;
}

static void check_cells(const struct weir_str *pieces, size_t n, uint8_t first)
{
    const struct weir_str names[COLUMNS] = {WEIR_STR("a"), WEIR_STR("b"), WEIR_STR("a")};
    const struct weir_schema_infer_opts opts = options(first);
    struct weir_schema_infer *f = weir_schema_infer_new(&opts, NULL);
    struct weir_str cells[PIECES_MAX];
    bool looked[PIECES_MAX];
    size_t problems;

    must(f != NULL && weir_schema_infer_columns(f, names, COLUMNS, NULL) == 0);
    for (size_t i = 0; i < n; i++) {
        cells[i] = cell_of(pieces[i]);
    }
    for (size_t i = 0; i + COLUMNS <= n; i += COLUMNS) {
        must(weir_schema_infer_cells(f, cells + i, &looked[i], NULL) == 0);
    }
    struct weir_schema *schema = schema_of(f);
    struct weir_schema_plan *plan = weir_schema_bind(schema, names, COLUMNS, NULL);
    must(plan != NULL);
    weir_schema_plan_cells(plan, &opts.cells);
    struct weir_schema_check *check = weir_schema_check_new(plan, NULL);
    must(check != NULL);
    for (size_t i = 0; i + COLUMNS <= n; i += COLUMNS) {
        const struct weir_schema_row row = {.cells = cells + i, .n = COLUMNS};
        must(!looked[i] ||
             weir_schema_check_cells(check, &row, on_problem, NULL, &problems, NULL) == 0);
    }
    weir_schema_check_free(check);
    weir_schema_plan_free(plan);
    weir_schema_free(schema);
    weir_schema_infer_free(f);
}

static void check_texts(const struct weir_str *pieces, size_t n, uint8_t first)
{
    const struct weir_schema_infer_opts opts = options(first);
    struct weir_schema_infer *f = weir_schema_infer_new(&opts, NULL);
    bool looked[PIECES_MAX];
    size_t problems;

    must(f != NULL);
    for (size_t i = 0; i < n; i++) {
        must(weir_schema_infer_json(f, pieces[i], &looked[i], NULL) == 0);
    }
    struct weir_schema *schema = schema_of(f);
    struct weir_schema_plan *plan = weir_schema_bind(schema, NULL, 0, NULL);
    must(plan != NULL);
    struct weir_schema_check *check = weir_schema_check_new(plan, NULL);
    must(check != NULL);
    for (size_t i = 0; i < n; i++) {
        must(!looked[i] ||
             weir_schema_check_json(check, pieces[i], on_problem, NULL, &problems, NULL) == 0);
    }
    weir_schema_check_free(check);
    weir_schema_plan_free(plan);
    weir_schema_free(schema);
    weir_schema_infer_free(f);
}

static void check_keys(struct weir_str a, struct weir_str b)
{
    struct weir_json_tape ta, tb;
    struct weir_json_fault fault;
    struct weir_buf ka, kb;

    weir_json_tape_init(&ta);
    weir_json_tape_init(&tb);
    weir_buf_init(&ka, WEIR_MIB);
    weir_buf_init(&kb, WEIR_MIB);
    if (weir_json_parse(&ta, a.p, a.len, &fault) == 0 &&
        weir_json_parse(&tb, b.p, b.len, &fault) == 0) {
        must(weir_json_canon(&ta, ta.v, &ka, NULL) == 0);
        must(weir_json_canon(&tb, tb.v, &kb, NULL) == 0);
        const size_t len = ka.len < kb.len ? ka.len : kb.len;
        must((memcmp(ka.p, kb.p, len) == 0) == weir_json_equal(&ta, ta.v, &tb, tb.v));
        must(memcmp(ka.p, kb.p, len) != 0 || ka.len == kb.len);
    }
    weir_buf_fini(&ka);
    weir_buf_fini(&kb);
    weir_json_tape_fini(&ta);
    weir_json_tape_fini(&tb);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_str pieces[PIECES_MAX];
    size_t n = 0;

    if (size == 0) {
        return 0;
    }
    const char *p = (const char *)data + 1, *end = (const char *)data + size;
    for (; p < end && n < PIECES_MAX; n++) {
        const char *stop = memchr(p, '\0', (size_t)(end - p));
        stop = stop != NULL ? stop : end;
        pieces[n] = (struct weir_str){p, (size_t)(stop - p)};
        p = stop + 1;
    }
    check_cells(pieces, n, data[0]);
    check_texts(pieces, n, data[0]);
    for (size_t i = 1; i < n; i++) {
        check_keys(pieces[i - 1], pieces[i]);
    }
    return 0;
}
