/* Is all that a function writes passed on, and does what it says of a message's failure get to it?
 */
#include "cli/local/output.h"
#include "core/limits.h"
#include "tests/support/tempdir.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ID "00000000-0000-4000-8000-000000000001"

struct world {
    struct weir_loop *loop;
    struct weir_output *output;
    struct tempdir dir;
    int fd; /* the function's end */
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    w->loop = weir_loop_new(NULL);
    w->output = weir_output_new(w->loop, &w->fd, NULL);
    assert_non_null(w->output);
    tempdir_new(&w->dir);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    weir_output_free(w->output);
    (void)close(w->fd);
    weir_loop_free(w->loop);
    tempdir_free(&w->dir);
    free(w);
    return 0;
}

static void say(struct world *w, const char *text)
{
    assert_int_equal(write(w->fd, text, strlen(text)), strlen(text));
}

/* What gets to our stderr while act runs; to has room bytes. */
static size_t passed_on(struct world *w, void (*act)(struct weir_output *), char *to, size_t room)
{
    char path[TEMPDIR_PATH_BYTES + 16];
    int ours = dup(STDERR_FILENO), file;
    ssize_t n;

    (void)snprintf(path, sizeof path, "%s/stderr", w->dir.path);
    file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_int_not_equal(file, -1);
    assert_int_equal(dup2(file, STDERR_FILENO), STDERR_FILENO);
    act(w->output);
    assert_int_equal(dup2(ours, STDERR_FILENO), STDERR_FILENO);
    n = pread(file, to, room - 1, 0);
    assert_in_range(n, 0, room - 1);
    to[n] = '\0';
    (void)close(file);
    (void)close(ours);
    return (size_t)n;
}

static bool more; /* what the last turn said */

static void turn(struct weir_output *output)
{
    more = weir_output_turn(output);
}

static void whole_lines_are_passed_on_and_what_is_left_at_the_end(void **state)
{
    struct world *w = *state;
    char got[64];

    say(w, "one\ntwo\nthr");
    passed_on(w, turn, got, sizeof got);
    assert_string_equal(got, "one\ntwo\n");
    say(w, "ee\nlast");
    passed_on(w, weir_output_read, got, sizeof got);
    assert_string_equal(got, "three\n");
    passed_on(w, weir_output_free, got, sizeof got);
    assert_string_equal(got, "last");
    w->output = NULL;
}

static void a_line_that_never_ends_holds_nothing_up(void **state)
{
    struct world *w = *state;
    char block[4096], *got = malloc(40 * sizeof block);
    size_t n = 0;

    assert_non_null(got);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 32; i++) {
        assert_int_equal(write(w->fd, block, sizeof block), sizeof block);
        n += passed_on(w, turn, got, 40 * sizeof block);
    }
    assert_true(n >= 64 * WEIR_KIB);
    free(got);
}

/* As much as whoever writes without a pause would have written by then. */
static void a_function_that_never_stops_writing_is_heard_a_bound_at_a_time(void **state)
{
    enum { ALL = WEIR_MIB };
    struct world *w = *state;
    char line[64], *got = malloc(ALL + 1);
    size_t n, all;

    assert_non_null(got);
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    if (fcntl(w->fd, F_SETPIPE_SZ, ALL) < ALL) {
        free(got);
        skip(); /* the kernel gives no such pipe */
    }
    for (size_t i = 0; i < ALL / sizeof line; i++) {
        assert_int_equal(write(w->fd, line, sizeof line), sizeof line);
    }
    all = n = passed_on(w, turn, got, ALL + 1);
    assert_in_range(n, 1, WEIR_OUTPUT_READS_MAX * 64 * WEIR_KIB);
    while (more) {
        n = passed_on(w, turn, got, ALL + 1);
        assert_in_range(n, 1, WEIR_OUTPUT_READS_MAX * 64 * WEIR_KIB);
        all += n;
    }
    assert_int_equal(all, ALL);
    free(got);
}

static void an_error_is_that_of_its_message(void **state)
{
    struct world *w = *state;
    char got[4096];

    assert_null(weir_output_error(w->output, ID));
    say(w, "INFO r-1 validate: message " ID " is fine\n"
           "ERROR r-1 validate: message " ID " failed: Function.BadData: csv: line 2\n"
           "{\"level\":\"INFO\",\"message\":\"ERROR\"}\n"
           "{\"level\":\"ERROR\",\"message\":\"message m2 failed: \\\"x\\\"\"}\n"
           "{\"ERROR\"\n"
           "ERROR r-1 the last one\n");
    passed_on(w, weir_output_read, got, sizeof got);
    assert_string_equal(weir_output_error(w->output, ID), "failed: Function.BadData: csv: line 2");
    assert_string_equal(weir_output_error(w->output, "m2"), "failed: \"x\"");
    assert_string_equal(weir_output_error(w->output, "m3"), "r-1 the last one");
    assert_string_equal(weir_output_error(w->output, NULL), "r-1 the last one");
    passed_on(w, weir_output_begin, got, sizeof got);
    assert_null(weir_output_error(w->output, ID));
}

static void errors_beyond_the_ceiling_push_out_the_first(void **state)
{
    struct world *w = *state;
    char line[2 * WEIR_OUTPUT_ERROR_BYTES], got[64 * WEIR_OUTPUT_ERROR_BYTES];

    for (int i = 0; i <= WEIR_OUTPUT_ERRORS_MAX; i++) {
        (void)snprintf(line, sizeof line, "ERROR m%03d %0*d\n", i, WEIR_OUTPUT_ERROR_BYTES, 1);
        say(w, line);
    }
    passed_on(w, turn, got, sizeof got);
    assert_memory_equal(weir_output_error(w->output, "m000"), "m016", 4); /* the last one */
    assert_int_equal(weir_output_error(w->output, "m001")[0], '0');
    assert_int_equal(strlen(weir_output_error(w->output, NULL)), WEIR_OUTPUT_ERROR_BYTES - 1);
}

static void what_is_no_utf8_ends_an_error(void **state)
{
    struct world *w = *state;
    char got[256];

    say(w, "ERROR a \xC3\xA9 \xFF b\n");
    passed_on(w, turn, got, sizeof got);
    assert_string_equal(got, "ERROR a \xC3\xA9 \xFF b\n");
    assert_string_equal(weir_output_error(w->output, NULL), "a \xC3\xA9 ");
}

static void the_end_of_the_function_is_no_end_of_the_loop(void **state)
{
    struct world *w = *state;
    char got[64];

    say(w, "bye\n");
    (void)close(w->fd);
    w->fd = -1;
    passed_on(w, turn, got, sizeof got);
    assert_string_equal(got, "bye\n");
    assert_false(more);
    assert_false(weir_output_turn(w->output)); /* and again, as turns come */
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_lines_are_passed_on_and_what_is_left_at_the_end),
        TEST(a_line_that_never_ends_holds_nothing_up),
        TEST(a_function_that_never_stops_writing_is_heard_a_bound_at_a_time),
        TEST(an_error_is_that_of_its_message),
        TEST(errors_beyond_the_ceiling_push_out_the_first),
        TEST(what_is_no_utf8_ends_an_error),
        TEST(the_end_of_the_function_is_no_end_of_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
