/*
 * Are the command's values, options, hints and exit codes what contract and help say, and is
 * everything else refused with a message that names the option?
 */
#include "aws/location.h"
#include "cli/cli.h"
#include "cli/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void size_units_are_decimal_and_binary(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } cases[] = {
        {"0", 0},
        {"150MB", 150000000},
        {"150mb", 150000000},
        {"150M", 150000000},
        {"64KiB", 65536},
        {"64ki", 65536},
        {"1.5GB", 1500000000},
        {"0.5KiB", 512},
        {"1.9B", 1},
        {"1TiB", INT64_C(1) << 40},
        {"0.000000001GB", 1},
        {"9223372036854775807", INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        int64_t bytes = -1;

        assert_int_equal(weir_cli_size(cases[i].text, &bytes, &err), 0);
        assert_int_equal(bytes, cases[i].bytes);
    }
}

static void size_that_is_none_is_refused(void **state)
{
    static const char *const cases[] = {"", "MB", "-1", "+1", "1 MB", " 1", "1e6", "12XB", "1.",
        ".5", "1.0000000001", "0x10", "1MBB", "9223372036854775808", "99999999999999999999",
        "8388608TiB"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        int64_t bytes = -1;

        assert_int_equal(weir_cli_size(cases[i], &bytes, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_int_equal(bytes, -1);
    }
}

static void share_needs_percent_or_a_fraction(void **state)
{
    static const char *const bad[] = {"", "1", "2", "101%", "-1%", "1 %", "x", "1%%", "0.5x"};
    struct weir_err err = {0};
    double share = -1;

    (void)state;
    assert_int_equal(weir_cli_share("1%", &share, &err), 0);
    assert_true(share > 0.0099999 && share < 0.0100001);
    assert_int_equal(weir_cli_share("0.25", &share, &err), 0);
    assert_true(share > 0.2499999 && share < 0.2500001);
    assert_int_equal(weir_cli_share("0", &share, &err), 0);
    assert_true(share < 1e-9);
    assert_int_equal(weir_cli_share("100%", &share, &err), 0);
    assert_true(share > 0.9999999);
    for (size_t i = 0; i < COUNT(bad); i++) {
        err = (struct weir_err){0};
        assert_int_equal(weir_cli_share(bad[i], &share, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
}

struct values {
    struct weir_cli cli;
    const char *out;
    int64_t size, count, seconds_ms;
    double share;
    size_t word;
    struct weir_opt_list list;
};

/* The arguments after the verb, blanks between them. */
static int parse(
    struct values *v, const char *line, const char **args, size_t args_max, struct weir_err *err)
{
    static const char *const words[] = {"red", "green", NULL};
    static char text[512];
    const struct weir_opt opts[] = {
        {.name = "out", .letter = 'o', .kind = WEIR_OPT_TEXT, .to = &v->out},
        {.name = "size", .kind = WEIR_OPT_SIZE, .to = &v->size, .min = 10, .max = 1000000},
        {.name = "count", .letter = 'n', .kind = WEIR_OPT_COUNT, .to = &v->count, .max = 99},
        {.name = "timeout",
            .kind = WEIR_OPT_SECONDS,
            .to = &v->seconds_ms,
            .min = 1,
            .max = 900000},
        {.name = "invalid", .kind = WEIR_OPT_SHARE, .to = &v->share},
        {.name = "color", .kind = WEIR_OPT_WORD, .to = &v->word, .words = words},
        {.name = "env", .kind = WEIR_OPT_LIST, .to = &v->list},
        WEIR_CLI_QUIET(&v->cli),
        WEIR_CLI_PROGRESS(&v->cli),
        WEIR_CLI_VERBOSE(&v->cli),
    };
    char *argv[40] = {text};
    int argc = 1;

    *v = (struct values){.count = 7};
    *err = (struct weir_err){0};
    (void)snprintf(text, sizeof text, "verb %s", line);
    for (char *p = text; (p = strchr(p, ' ')) != NULL; argc++) {
        *p++ = '\0';
        argv[argc] = p;
    }
    return weir_cli_parse(opts, COUNT(opts), argc, argv, args, args_max, err);
}

static void options_are_taken_in_every_spelling(void **state)
{
    const char *args[3];
    struct weir_err err;
    struct values v;

    (void)state;
    assert_int_equal(parse(&v, "in -o out --size=20 --count 9 more", args, 3, &err), 2);
    assert_string_equal(args[0], "in");
    assert_string_equal(args[1], "more");
    assert_string_equal(v.out, "out");
    assert_int_equal(v.size, 20);
    assert_int_equal(v.count, 9);
    assert_int_equal(parse(&v, "-qvoout - --timeout 0.5 --progress", args, 3, &err), 1);
    assert_string_equal(args[0], "-");
    assert_string_equal(v.out, "out");
    assert_true(v.cli.quiet && v.cli.verbose && v.cli.progress);
    assert_int_equal(v.seconds_ms, 500);
    assert_int_equal(v.count, 7);
    assert_int_equal(
        parse(&v, "--env a=b --color green --env c=d=e -- -o --size", args, 3, &err), 2);
    assert_int_equal(v.list.n, 2);
    assert_string_equal(v.list.items[1], "c=d=e");
    assert_int_equal(v.word, 1);
    assert_string_equal(args[0], "-o");
    assert_string_equal(args[1], "--size");
    assert_int_equal(parse(&v, "-n 3 --out=-", args, 3, &err), 0);
    assert_int_equal(v.count, 3);
    assert_string_equal(v.out, "-");
}

static void wrong_options_are_refused_by_name(void **state)
{
    static const struct {
        const char *line, *msg;
    } cases[] = {
        {"--szie 1", "--szie: no such option; did you mean --size?"},
        {"--frobnicate", "--frobnicate: no such option"},
        {"-x", "-x: no such option"},
        {"-o", "-o: needs a value"},
        {"--out", "--out: needs a value"},
        {"--out=", "--out: empty value"},
        {"--quiet=yes", "--quiet: takes no value"},
        {"--size 12XB", "--size: 12XB is no size (150MB, 64KiB)"},
        {"--size 9", "--size: 9 is not within 10..1000000 bytes"},
        {"--count 100", "--count: 100: must be a whole number from 0 to 99"},
        {"--count 1.5", "--count: 1.5: must be a whole number from 0 to 99"},
        {"-n -1", "-n: -1: must be a whole number from 0 to 99"},
        {"--timeout 0", "--timeout: 0 is not within 0.001..900 seconds"},
        {"--timeout 1m", "--timeout: 1m is no number of seconds"},
        {"--invalid 1", "--invalid: 1: say 1%, or a number below 1"},
        {"--color blue", "--color: blue: must be one of red, green"},
        {"a b c", "c: one argument too many"},
    };
    const char *args[2];
    struct weir_err err;
    struct values v;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(parse(&v, cases[i].line, args, 2, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_string_equal(err.msg, cases[i].msg);
    }
}

static void option_given_too_often_is_refused(void **state)
{
    struct weir_opt_list list = {.n = WEIR_CLI_LIST_MAX};
    const struct weir_opt opt = {.name = "env", .kind = WEIR_OPT_LIST, .to = &list};
    char *argv[] = {(char[]){"verb"}, (char[]){"--env"}, (char[]){"a=b"}};
    struct weir_err err = {0};

    (void)state;
    assert_int_equal(weir_cli_parse(&opt, 1, 3, argv, NULL, 0, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
}

static void exit_codes_follow_the_error(void **state)
{
    static const struct {
        enum weir_code code;
        int detail, status;
    } cases[] = {
        {WEIR_OK, 0, 0},
        {WEIR_E_CONFIG, 0, 2},
        {WEIR_E_REMOTE, 404, 2},
        {WEIR_E_REMOTE, 403, 3},
        {WEIR_E_REMOTE, 500, 3},
        {WEIR_E_CANCEL, SIGINT, 130},
        {WEIR_E_CANCEL, SIGTERM, 143},
        {WEIR_E_CANCEL, 0, 3},
        {WEIR_E_NOMEM, 0, 3},
        {WEIR_E_LIMIT, 0, 3},
        {WEIR_E_DATA, 0, 3},
        {WEIR_E_IO, 2, 3},
        {WEIR_E_NET, 7, 3},
        {WEIR_E_DEADLINE, 0, 3},
        {WEIR_E_BUG, 0, 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {.code = cases[i].code, .detail = cases[i].detail};

        assert_int_equal(weir_cli_exit(&err), cases[i].status);
    }
}

static void hints_are_for_slips_only(void **state)
{
    static const char *const names[] = {"validate", "generate", "invoke", "cp", NULL};
    static const struct {
        const char *text, *hint;
    } cases[] = {
        {"valdate", "validate"},
        {"validaet", "validate"},
        {"gen", "generate"},
        {"inovke", "invoke"},
        {"pc", "cp"},
        {"upload", NULL},
        {"x", NULL},
        {"", NULL},
        {"a-word-that-is-much-longer-than-any-name", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *hint = weir_cli_suggest(cases[i].text, names);

        if (cases[i].hint == NULL) {
            assert_null(hint);
        } else {
            assert_non_null(hint);
            assert_string_equal(hint, cases[i].hint);
        }
    }
}

static void bytes_are_told_in_decimal_units(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {{0, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {999949, "999.9 kB"},
        {999960, "1.0 MB"}, {150000000, "150.0 MB"}, {UINT64_MAX, "18.4 EB"}};
    char text[32];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        weir_cli_bytes_text(cases[i].bytes, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void progress_is_never_wider_than_the_terminal(void **state)
{
    char line[512];

    (void)state;
    for (size_t width = 0; width <= 250; width++) {
        for (int64_t done = 0; done <= 1100; done += 50) {
            weir_progress_line(line, sizeof line, "validate", (uint64_t)done * 1000000,
                width % 3 == 0 ? -1 : 1000000000, done, width, false);
            assert_true(strlen(line) <= (width > 0 ? width - 1 : 0));
        }
    }
    weir_progress_line(line, sizeof line, "generate", 75000000, 150000000, 500, 80, false);
    assert_string_equal(
        line, "generate  50% [==========>         ] 75.0 MB of 150.0 MB  150.0 MB/s  0:00 left");
    weir_progress_line(line, sizeof line, "cp", 75000000, -1, 500, 80, true);
    assert_string_equal(line, "cp 75.0 MB  150.0 MB/s");
}

static void location_is_a_path_an_object_or_std(void **state)
{
    static const struct {
        const char *text;
        enum weir_location_kind kind;
        const char *bucket, *key;
    } cases[] = {
        {"-", WEIR_LOCATION_STD, NULL, NULL},
        {"a.csv", WEIR_LOCATION_FILE, NULL, NULL},
        {"./-", WEIR_LOCATION_FILE, NULL, NULL},
        {"dir:/x", WEIR_LOCATION_FILE, NULL, NULL},
        {"s3://bucket/key", WEIR_LOCATION_OBJECT, "bucket", "key"},
        {"s3://bucket/a/b c?.csv", WEIR_LOCATION_OBJECT, "bucket", "a/b c?.csv"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_location location;
        struct weir_err err = {0};

        assert_int_equal(weir_location_parse(cases[i].text, &location, &err), 0);
        assert_int_equal(location.kind, cases[i].kind);
        if (cases[i].bucket != NULL) {
            assert_string_equal(location.bucket, cases[i].bucket);
            assert_string_equal(location.key, cases[i].key);
        }
        weir_location_fini(&location);
    }
}

static void location_that_is_none_is_refused(void **state)
{
    static const char *const cases[] = {
        "", "s3://", "s3:///key", "s3://bucket", "s3://bucket/", "http://x/y", "file:///x"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_location location;
        struct weir_err err = {0};

        assert_int_equal(weir_location_parse(cases[i], &location, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_null(strstr(err.msg, "./"));
        weir_location_fini(&location);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_units_are_decimal_and_binary),
        cmocka_unit_test(size_that_is_none_is_refused),
        cmocka_unit_test(share_needs_percent_or_a_fraction),
        cmocka_unit_test(options_are_taken_in_every_spelling),
        cmocka_unit_test(wrong_options_are_refused_by_name),
        cmocka_unit_test(option_given_too_often_is_refused),
        cmocka_unit_test(exit_codes_follow_the_error),
        cmocka_unit_test(hints_are_for_slips_only),
        cmocka_unit_test(bytes_are_told_in_decimal_units),
        cmocka_unit_test(progress_is_never_wider_than_the_terminal),
        cmocka_unit_test(location_is_a_path_an_object_or_std),
        cmocka_unit_test(location_that_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
