/* Does the main job say what the contract of the validated file promises, for every edge size? */
#include "core/clock.h"
#include "core/limits.h"
#include "handlers/validate/job.h"
#include "tests/support/validate_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static const char schema_text[] =
    "{\"type\":\"object\",\"required\":[\"id\",\"email\"],\"properties\":{"
    "\"id\":{\"type\":\"integer\"},\"email\":{\"type\":\"string\",\"format\":\"email\"},"
    "\"costs\":{\"type\":\"object\",\"properties\":{\"totalAmount\":{\"type\":\"number\"}}},"
    "\"ok\":{\"type\":\"boolean\"}}}";

static struct weir_schema *schema;

static int load(void **state)
{
    (void)state;
    schema = weir_schema_load(schema_text, sizeof schema_text - 1, NULL, NULL);
    return schema != NULL ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    weir_schema_free(schema);
    return 0;
}

struct result {
    int rc;
    struct weir_err err;
    struct weir_validate_summary sums;
    struct memory_sink sink;
};

static struct result run_n(const void *in, size_t len, bool gzip, size_t fail_at)
{
    struct result r = {0};
    struct memory_source source = {.in = in, .len = len, .fail_at = fail_at};
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&r.sink), gzip},
        .info = &source.info,
        .schema = schema,
        .deadline_mono_ms = INT64_MAX};

    weir_buf_init(&r.sink.got, 64 * WEIR_MIB);
    struct weir_validate *v = weir_validate_new(&job, &r.err);
    assert_non_null(v);
    assert_null(job.source.ops);
    r.rc = pipe_run(weir_validate_pipe(v), &r.err);
    weir_validate_summarize(v, &r.sums);
    weir_validate_free(v);
    assert_int_equal(r.sink.published, r.rc == 0);
    assert_int_equal(r.sink.aborted, r.rc != 0);
    return r;
}

/* One input, one output, at small and usual edges. */
static void expect_n(const void *in, size_t len, const char *out)
{
    static const char *const edges[] = {"1", "2", "7", "65536"};

    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        setenv("WEIR_EDGE_BYTES", edges[i], 1);
        struct result r = run_n(in, len, false, 0);
        assert_string_equal(r.err.msg, "");
        assert_int_equal(r.rc, 0);
        assert_string_equal(weir_buf_text(&r.sink.got, NULL), out);
        assert_int_equal(r.sums.bytes_out, r.sink.got.len);
        assert_int_equal(r.sums.bytes_in, len);
        weir_buf_fini(&r.sink.got);
    }
    unsetenv("WEIR_EDGE_BYTES");
}

static void expect(const char *in, const char *out)
{
    expect_n(in, strlen(in), out);
}

static void expect_error(const char *in, enum weir_code code, const char *part)
{
    struct result r = run_n(in, strlen(in), true, 0);

    assert_int_equal(r.rc, -1);
    assert_int_equal(r.err.code, code);
    if (strstr(r.err.msg, part) == NULL) {
        fail_msg("'%s' does not say '%s'", r.err.msg, part);
    }
    weir_buf_fini(&r.sink.got);
}

static void rows_get_valid_and_errors(void **state)
{
    (void)state;
    expect("id,email\n1,a@b.c\nx,a@b.c\n2,\n", "id,email,valid,errors\n"
                                               "1,a@b.c,true,\n"
                                               "x,a@b.c,false,id: must be an integer\n"
                                               "2,,false,email: required\n");
    expect("id,email,costs\n1,a@b.c,\"{\"\"totalAmount\"\":\"\"x\"\"}\"\n",
        "id,email,costs,valid,errors\n"
        "1,a@b.c,\"{\"\"totalAmount\"\":\"\"x\"\"}\",false,costs/totalAmount: must be a number\n");
}

static void header_alone_gives_a_header(void **state)
{
    (void)state;
    expect("id,email\n", "id,email,valid,errors\n");
    expect("id,email", "id,email,valid,errors\n");
    expect("\n\r\nid,email\r\n\r\n", "id,email,valid,errors\n");
}

static void shape_of_rows_is_kept_and_told(void **state)
{
    (void)state;
    expect("id,email\n1\n", /* short: padded */
        "id,email,valid,errors\n1,,false,\"row: 1 field, the header has 2; email: required\"\n");
    expect("id,email\n1,a@b.c,x,\"y,z\"\n", /* long: the surplus moves into the message */
        "id,email,valid,errors\n"
        "1,a@b.c,false,\"row: 4 fields, the header has 2: x,\"\"y,z\"\"\"\n");
    expect("id,email\n1,\"a@b.c\"d\n",
        "id,email,valid,errors\n1,\"\"\"a@b.c\"\"d\",false,"
        "row: text after the closing quote of field 2; email: must be an e-mail address\n");
}

static void line_ends_blanks_and_the_mark_are_no_data(void **state)
{
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    char in[200];

    for (size_t i = 0; i < 3; i++) {
        const char *e = ends[i];
        snprintf(
            in, sizeof in, "\xEF\xBB\xBFid,email%s%s1,a@b.c%s%s%s2,\"d\n@e.f\"", e, e, e, e, e);
        expect(in, "id,email,valid,errors\n1,a@b.c,true,\n"
                   "2,\"d\n@e.f\",false,email: must be an e-mail address\n");
        struct result r = run_n(in, strlen(in), false, 0);
        assert_int_equal(r.sums.blank, 3);
        assert_int_equal(r.sums.rows, 2);
        assert_int_equal(r.sums.valid, 1);
        assert_int_equal(r.sums.invalid, 1);
        weir_buf_fini(&r.sink.got);
    }
    (void)state;
}

static void a_name_that_looks_like_a_mark_is_quoted(void **state)
{
    (void)state;
    expect("\xEF\xBB\xBF\xEF\xBB\xBFx\"y,id,email\n,1,a@b.c\n",
        "\"\xEF\xBB\xBFx\"\"y\",id,email,valid,errors\n,1,a@b.c,true,\n");
    expect("\xEF\xBB\xBF\xFF\xFE,id,email\n,1,a@b.c\n",
        "\"\xFF\xFE\",id,email,valid,errors\n,1,a@b.c,true,\n");
    expect("\xEF\xBB\xBF\xFF,id,email\n,1,a@b.c\n", "\xFF,id,email,valid,errors\n,1,a@b.c,true,\n");
}

static void nothing_is_trimmed_and_quotes_are_as_few_as_can_be(void **state)
{
    (void)state;
    expect("id,email,note\n1,a@b.c,  x \n2,\"a@b.c\",\"x\"\"y\"\n3,a@b.c,\"\"\n   \n",
        "id,email,note,valid,errors\n1,a@b.c,  x ,true,\n2,a@b.c,\"x\"\"y\",true,\n"
        "3,a@b.c,,true,\n"
        "   ,,,false,\"row: 1 field, the header has 3; id: must be an integer; "
        "email: required\"\n");
}

static void appended_columns_take_free_names(void **state)
{
    (void)state;
    expect("id,email,valid\n1,a@b.c,no\n", "id,email,valid,valid_2,errors_2\n1,a@b.c,no,true,\n");
    expect("errors,valid_2,id,email\n,,1,a@b.c\n",
        "errors,valid_2,id,email,valid_3,errors_3\n,,1,a@b.c,true,\n");
    expect("errors_3,valid,id,email,valid_02,valid_1,errors_,valid_2x,validx,errors_99999999999\n"
           ",,1,a@b.c,,,,,,\n",
        "errors_3,valid,id,email,valid_02,valid_1,errors_,valid_2x,validx,errors_99999999999,"
        "valid_2,errors_2\n,,1,a@b.c,,,,,,,true,\n");
}

/* Each number is taken: the widest header there is, and no search through it for each of them. */
static void appended_columns_take_the_last_free_name(void **state)
{
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    assert_int_equal(weir_buf_adds(&in, "id,email,valid", NULL), 0);
    for (size_t k = 2; k < WEIR_COLUMNS_MAX - 2; k++) {
        assert_int_equal(weir_buf_addf(&in, NULL, k % 2 ? ",valid_%zu" : ",errors_%zu", k), 0);
    }
    assert_int_equal(weir_buf_adds(&in, "\n", NULL), 0);
    struct result r = run_n(in.p, in.len, false, 0);
    assert_int_equal(r.rc, 0);
    assert_non_null(strstr(weir_buf_text(&r.sink.got, NULL), ",valid_16382,errors_16382\n"));
    weir_buf_fini(&r.sink.got);
    weir_buf_fini(&in);
}

static void cell_that_is_no_utf8_is_passed_on_and_invalid(void **state)
{
    (void)state;
    expect("id,email,x\n1,a@b.c,\xFF\n",
        "id,email,x,valid,errors\n1,a@b.c,\xFF,false,x: not valid UTF-8\n");
}

static void nul_bytes_are_bytes(void **state)
{
    static const char in[] = "id,email,x\n1,a@b.c,a\0b\n";
    struct result r = run_n(in, sizeof in - 1, false, 0);

    (void)state;
    assert_int_equal(r.rc, 0);
    static const char out[] = "id,email,x,valid,errors\n1,a@b.c,a\0b,true,\n";
    assert_int_equal(r.sink.got.len, sizeof out - 1);
    assert_memory_equal(r.sink.got.p, out, sizeof out - 1);
    weir_buf_fini(&r.sink.got);
}

static void a_header_with_text_after_a_quote_is_none_where_strict(void **state)
{
    static const char text[] = "\n\nid,\"email\"s\n1,a@b.c\n";
    static const char *const words[][3] = {{"strict", "false", NULL}, {"strict", "true", NULL}};
    struct validate_inputs in = {.schema = schema};
    const struct validate_how how = {0};

    (void)state;
    weir_buf_init(&in.csv, sizeof text);
    assert_int_equal(weir_buf_adds(&in.csv, text, NULL), 0);
    for (int strict = 0; strict < 2; strict++) {
        struct validate_result r = validate_run(&in, words[strict], &how);
        assert_int_equal(r.rc, -strict);
        if (strict) {
            assert_int_equal(r.err.code, WEIR_E_DATA);
            assert_string_equal(
                r.err.msg, "the header: in line 3: text after the closing quote of field 2");
        } else {
            assert_string_equal(weir_buf_text(&r.main.got, NULL),
                "id,\"\"\"email\"\"s\",valid,errors\n1,a@b.c,false,email: required\n");
        }
        validate_result_fini(&r);
    }
    weir_buf_fini(&in.csv);
}

static void what_is_no_rows_fails_as_a_whole(void **state)
{
    (void)state;
    expect_error("", WEIR_E_DATA, "empty");
    expect_error("\n\n\n", WEIR_E_DATA, "empty");
    expect_error("id,email\n1,a@b.c\n2,\"x\n\n", WEIR_E_DATA, "line 3");
}

static void row_over_the_limit_fails_with_its_line(void **state)
{
    const size_t n = WEIR_ROW_MAX_BYTES + 100;
    char *in = malloc(n);

    (void)state;
    assert_non_null(in);
    memset(in, 'x', n);
    memcpy(in, "id,email\n1,2\n", 13);
    struct result r = run_n(in, n, false, 0);
    assert_int_equal(r.err.code, WEIR_E_LIMIT);
    assert_non_null(strstr(r.err.msg, "line 3"));
    weir_buf_fini(&r.sink.got);
    free(in);
}

static void a_header_of_too_many_fields_is_told_as_one(void **state)
{
    static char in[WEIR_COLUMNS_MAX + 16];

    (void)state;
    memset(in, ',', WEIR_COLUMNS_MAX);
    expect_error(in, WEIR_E_LIMIT, "the header: csv: a row of more than 16384 fields");
    memcpy(in, "id,email\n", 9);
    memset(in + 9, ',', WEIR_COLUMNS_MAX);
    expect_error(in, WEIR_E_LIMIT, "row 1: csv: a row of more than 16384 fields");
}

static void source_that_breaks_publishes_nothing(void **state)
{
    static const char in[] = "id,email\n1,a@b.c\n2,a@b.c\n";

    (void)state;
    for (size_t at = 1; at < sizeof in; at++) {
        struct result r = run_n(in, sizeof in - 1, true, at);
        assert_int_equal(r.rc, -1);
        assert_int_equal(r.err.code, WEIR_E_NET);
        weir_buf_fini(&r.sink.got);
    }
}

static size_t inflate_all(const struct weir_buf *in, uint8_t *out, size_t max)
{
    z_stream z = {
        .next_in = in->p, .avail_in = (uInt)in->len, .next_out = out, .avail_out = (uInt)max};

    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK); /* one member, as many readers do */
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    size_t n = z.total_out;
    inflateEnd(&z);
    return n;
}

static void gzip_of_many_blocks_is_one_member_with_the_same_bytes(void **state)
{
    const size_t rows = 200000; /* several blocks of 1 MiB */
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, 64 * WEIR_MIB);
    assert_int_equal(weir_buf_adds(&in, "id,email\n", NULL), 0);
    for (size_t i = 0; i < rows; i++) {
        assert_int_equal(weir_buf_addf(&in, NULL, "%zu,user%zu@example.org\n", i, i * 7919), 0);
    }
    struct result plain = run_n(in.p, in.len, false, 0);
    struct result packed = run_n(in.p, in.len, true, 0);
    assert_int_equal(plain.rc, 0);
    assert_int_equal(packed.rc, 0);
    assert_int_equal(packed.sums.rows, rows);
    assert_int_equal(packed.sums.valid, rows);
    uint8_t *out = malloc(plain.sink.got.len + 1);
    assert_non_null(out);
    assert_int_equal(
        inflate_all(&packed.sink.got, out, plain.sink.got.len + 1), plain.sink.got.len);
    assert_memory_equal(out, plain.sink.got.p, plain.sink.got.len);

    /* and gzip in gives the same again */
    struct result again = run_n(packed.sink.got.p, packed.sink.got.len, false, 0);
    assert_int_equal(again.rc, 0);
    assert_int_equal(again.sums.rows, rows);
    assert_int_equal(again.sums.bytes_in, packed.sink.got.len);
    free(out);
    weir_buf_fini(&plain.sink.got);
    weir_buf_fini(&packed.sink.got);
    weir_buf_fini(&again.sink.got);
    weir_buf_fini(&in);
}

static void rows_that_grow_much_do_not_pass_the_ceiling_of_a_block(void **state)
{
    const size_t rows = 600000; /* two bytes in, some hundred out: 1.2 MB that become 60 */
    const size_t columns = 40;
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, 4 * WEIR_MIB);
    assert_int_equal(weir_buf_adds(&in, "id,email", NULL), 0);
    for (size_t i = 2; i < columns; i++) {
        assert_int_equal(weir_buf_addf(&in, NULL, ",c%zu", i), 0);
    }
    for (size_t i = 0; i < rows; i++) {
        assert_int_equal(weir_buf_adds(&in, i == 0 ? "\nx\n" : "x\n", NULL), 0);
    }
    struct result r = run_n(in.p, in.len, true, 0);
    assert_string_equal(r.err.msg, "");
    assert_int_equal(r.rc, 0);
    assert_int_equal(r.sums.rows, rows);
    assert_int_equal(r.sums.invalid, rows);
    weir_buf_fini(&r.sink.got);
    weir_buf_fini(&in);
}

static void deadline_is_seen_within_a_block(void **state)
{
    static const char in[] = "id,email\n1,a@b.c\n";
    struct memory_source source = {.in = (const uint8_t *)in, .len = sizeof in - 1};
    struct memory_sink sink = {0};
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&sink), false},
        .info = &source.info,
        .schema = schema,
        .deadline_mono_ms = 1}; /* long ago; pipe_run's own clock stands at 0 */
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&sink.got, 4096);
    struct weir_validate *v = weir_validate_new(&job, &err);
    assert_non_null(v);
    assert_int_equal(pipe_run(weir_validate_pipe(v), &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_false(sink.published);
    weir_validate_free(v);
    weir_buf_fini(&sink.got);
}

/* A row may take most of a second. A block of fewer rows than lie between two looks at the clock
 * is not gone through to its end when the time is over. */
static void deadline_is_seen_after_a_costly_row(void **state)
{
    static const char pattern[] = "{\"properties\":{\"a\":{\"items\":{\"pattern\":"
                                  "\"^(a|aa|a*)*$\"}}}}";
    struct weir_schema *costly = weir_schema_load(pattern, sizeof pattern - 1, NULL, NULL);
    struct weir_err err = {0};
    struct weir_buf in;

    (void)state;
    assert_non_null(costly);
    weir_buf_init(&in, WEIR_MIB);
    for (size_t row = 0; row < 15; row++) {
        for (size_t i = 0; i < 30; i++) {
            assert_int_equal(weir_buf_adds(&in, i == 0 ? "{\"a\":[" : ",", NULL), 0);
            assert_int_equal(weir_buf_adds(&in, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\"", NULL), 0);
        }
        assert_int_equal(weir_buf_adds(&in, "]}\n", NULL), 0);
    }
    struct memory_source source = {.in = in.p, .len = in.len};
    struct memory_sink sink = {0};
    struct weir_validate_options options;
    weir_validate_options_init(&options);
    assert_int_equal(weir_validate_options_set(&options, "input", "ndjson", NULL), 0);
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&sink), false},
        .info = &source.info,
        .schema = costly,
        .options = &options,
        .deadline_mono_ms = weir_clock_mono_ms() + 40};

    weir_buf_init(&sink.got, WEIR_MIB);
    struct weir_validate *v = weir_validate_new(&job, &err);
    assert_non_null(v);
    assert_int_equal(pipe_run(weir_validate_pipe(v), &err), -1);
    assert_int_equal(err.code, WEIR_E_DEADLINE);
    assert_non_null(strstr(err.msg, "row ")); /* inside a block */
    assert_false(sink.published);
    weir_validate_free(v);
    weir_validate_options_fini(&options);
    weir_schema_free(costly);
    weir_buf_fini(&sink.got);
    weir_buf_fini(&in);
}

static void json_has_the_numbers_and_the_stages(void **state)
{
    struct memory_source source = {.in = (const uint8_t *)"id,email\n1,x\n", .len = 13};
    struct memory_sink sink = {0};
    struct weir_validate_job job = {.source = memory_source(&source),
        .out = {memory_sink(&sink), false},
        .info = &source.info,
        .schema = schema,
        .deadline_mono_ms = INT64_MAX};
    struct weir_err err = {0};
    struct weir_buf json;

    (void)state;
    weir_buf_init(&sink.got, 4096);
    weir_buf_init(&json, 4096);
    struct weir_validate *v = weir_validate_new(&job, &err);
    assert_non_null(v);
    assert_int_equal(pipe_run(weir_validate_pipe(v), &err), 0);
    assert_int_equal(weir_validate_json(v, true, &json, &err), 0);
    const char *s = weir_buf_text(&json, &err);
    assert_non_null(strstr(s, "\"rows\":1,\"valid\":0,\"invalid\":1,\"blank\":0,\"bytes_in\":13,"));
    assert_non_null(strstr(s, "\"stages\":[{\"name\":\"memory source\",\"steps\":"));
    assert_non_null(strstr(s, "{\"name\":\"validate\","));
    weir_validate_free(v);
    weir_buf_fini(&json);
    weir_buf_fini(&sink.got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_get_valid_and_errors),
        cmocka_unit_test(header_alone_gives_a_header),
        cmocka_unit_test(shape_of_rows_is_kept_and_told),
        cmocka_unit_test(line_ends_blanks_and_the_mark_are_no_data),
        cmocka_unit_test(a_name_that_looks_like_a_mark_is_quoted),
        cmocka_unit_test(nothing_is_trimmed_and_quotes_are_as_few_as_can_be),
        cmocka_unit_test(appended_columns_take_free_names),
        cmocka_unit_test(appended_columns_take_the_last_free_name),
        cmocka_unit_test(cell_that_is_no_utf8_is_passed_on_and_invalid),
        cmocka_unit_test(nul_bytes_are_bytes),
        cmocka_unit_test(a_header_with_text_after_a_quote_is_none_where_strict),
        cmocka_unit_test(what_is_no_rows_fails_as_a_whole),
        cmocka_unit_test(row_over_the_limit_fails_with_its_line),
        cmocka_unit_test(a_header_of_too_many_fields_is_told_as_one),
        cmocka_unit_test(source_that_breaks_publishes_nothing),
        cmocka_unit_test(gzip_of_many_blocks_is_one_member_with_the_same_bytes),
        cmocka_unit_test(rows_that_grow_much_do_not_pass_the_ceiling_of_a_block),
        cmocka_unit_test(deadline_is_seen_within_a_block),
        cmocka_unit_test(deadline_is_seen_after_a_costly_row),
        cmocka_unit_test(json_has_the_numbers_and_the_stages),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
