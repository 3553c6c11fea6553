/* Whom does the front talk to, and does the count of a validated file say what is in it? */
#include "cli/local/asker.h"
#include "cli/local/count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const allowed[] = {"box.example"};

static bool answered(struct weir_asker asker)
{
    return weir_asker_objection(&asker, allowed, COUNT(allowed)) == NULL;
}

static void hosts_are_addresses_localhost_and_what_was_allowed(void **state)
{
    static const struct {
        const char *host;
        bool ok;
    } cases[] = {
        {"127.0.0.1", true},
        {"127.0.0.1:9100", true},
        {"192.168.1.7:80", true},
        {"localhost", true},
        {"LocalHost:9100", true},
        {"[::1]", true},
        {"[::1]:9100", true},
        {"box.example:9100", true},
        {"BOX.example", true},
        {NULL, false},
        {"", false},
        {":9100", false},
        {"evil.example", false},
        {"127.0.0.1.evil.example", false},
        {"localhost.evil.example", false},
        {"2130706433", false},
        {"127.1", false},
        {"[::1", false},
        {"[]", false},
        {"[evil.example]", false},
        {"xbox.example", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int post = 0; post < 2; post++) {
            if (answered((struct weir_asker){
                    .method = post ? "POST" : "GET", .host = cases[i].host}) != cases[i].ok) {
                fail_msg("%s", cases[i].host);
            }
        }
    }
}

static void origins_are_the_pages_own(void **state)
{
    static const struct {
        const char *origin, *host;
        bool ok;
    } cases[] = {
        {"http://127.0.0.1:9100", "127.0.0.1:9100", true},
        {"https://box.example", "box.example", true},
        {"http://localhost:9100", "127.0.0.1:9100", false},
        {"http://127.0.0.1:9101", "127.0.0.1:9100", false},
        {"http://127.0.0.1", "127.0.0.1:9100", false},
        {"http://evil.example", "127.0.0.1:9100", false}, {"null", "127.0.0.1:9100", false},
        {"", "127.0.0.1:9100", false}, {"file://", "127.0.0.1:9100", false},
        {NULL, "127.0.0.1:9100", true}, /* no page */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_asker asker = {
            .method = "POST", .host = cases[i].host, .origin = cases[i].origin};
        if (answered(asker) != cases[i].ok) {
            fail_msg("%s at %s", cases[i].origin, cases[i].host);
        }
        asker.method = "GET"; /* which changes nothing, and cannot be read */
        assert_true(answered(asker));
    }
}

static void what_a_browser_says_of_the_site_counts(void **state)
{
    static const struct {
        const char *site;
        bool ok;
    } cases[] = {{NULL, true}, {"same-origin", true}, {"none", true}, {"same-site", false},
        {"cross-site", false}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_asker asker = {.method = "POST", .host = "localhost", .site = cases[i].site};
        assert_int_equal(answered(asker), cases[i].ok);
    }
}

/* Feed text in windows of n bytes. Returns the last answer. */
static enum weir_step count(struct weir_count *c, const char *text, size_t len, size_t n)
{
    struct weir_stage stage = {0};
    struct weir_err err = {0};
    struct weir_out out = {.p = (uint8_t[1]){0}};
    enum weir_step step = WEIR_NEED_IN;

    *c = (struct weir_count){0};
    assert_int_equal(weir_count_new(c, &stage, &err), 0);
    for (size_t at = 0; step == WEIR_NEED_IN; at += n) {
        size_t part = len - at < n ? len - at : n;
        struct weir_in in = {
            .p = (const uint8_t *)text + at, .size = part, .last = at + part == len};
        step = stage.ops->step(stage.self, &in, &out, &err);
        assert_true(step == WEIR_FAIL || in.pos == in.size);
    }
    weir_stage_free(&stage);
    return step;
}

static void a_count_has_the_rows_and_the_first_errors(void **state)
{
    static const char text[] =
        "id,valid,errors\n1,true,\n\"2\n\",false,\"a: x; b: \"\"y\"\"\"\n3,true,\n"
        "4,false,e4\n5,false,e5\n6,false,\xc3\xa9\xff\n7,false,e7\n8,false,e8\n";
    static const size_t windows[] = {1, 5, 64, 4096};
    struct weir_count c;

    (void)state;
    for (size_t i = 0; i < COUNT(windows); i++) {
        assert_int_equal(count(&c, text, sizeof text - 1, windows[i]), WEIR_END);
        assert_int_equal(c.rows, 8);
        assert_int_equal(c.valid, 2);
        assert_int_equal(c.invalid, 6);
        assert_int_equal(c.errors_n, WEIR_COUNT_ERRORS_MAX);
        assert_int_equal(c.errors[0].row, 2);
        assert_string_equal(c.errors[0].text, "a: x; b: \"y\"");
        assert_int_equal(c.errors[3].row, 6);
        assert_string_equal(c.errors[3].text, "\xc3\xa9"); /* up to what is no UTF-8 */
    }
    assert_int_equal(count(&c, "id,valid,errors\n", 16, 16), WEIR_END);
    assert_int_equal(c.rows, 0);
    assert_int_equal(count(&c, "id,valid,errors\n1,true,\"\n", 25, 16), WEIR_FAIL);
}

static void an_error_too_long_is_cut_between_characters(void **state)
{
    char text[2 * WEIR_COUNT_ERROR_BYTES + 64];
    struct weir_count c;
    size_t len = (size_t)snprintf(text, sizeof text, "id,valid,errors\n1,false,x");

    (void)state;
    for (int i = 0; i < WEIR_COUNT_ERROR_BYTES; i++) {
        text[len++] = '\xc3';
        text[len++] = '\xa9';
    }
    text[len++] = '\n';
    assert_int_equal(count(&c, text, len, 100), WEIR_END);
    assert_int_equal(strlen(c.errors[0].text), WEIR_COUNT_ERROR_BYTES - 1);
    assert_int_equal(c.errors[0].text[WEIR_COUNT_ERROR_BYTES - 2], '\xa9');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_are_addresses_localhost_and_what_was_allowed),
        cmocka_unit_test(origins_are_the_pages_own),
        cmocka_unit_test(what_a_browser_says_of_the_site_counts),
        cmocka_unit_test(a_count_has_the_rows_and_the_first_errors),
        cmocka_unit_test(an_error_too_long_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
