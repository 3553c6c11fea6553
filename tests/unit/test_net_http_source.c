/* Does a body that is pulled come whole or as an error, in windows of any size, and does
 * back-pressure reach the socket? */
#include "core/clock.h"
#include "net/http.h"
#include "net/http_source.h"
#include "tests/support/http_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void on_hold(uv_timer_t *timer)
{
    (void)timer;
}

#define STALL_MS 5000 /* a busy machine makes pauses of its own, which are shorter */

static void run_for(int64_t ms)
{
    const int64_t until = weir_clock_mono_ms() + ms;
    struct weir_err err = {0};

    while (weir_clock_mono_ms() < until) {
        assert_int_equal(weir_loop_step(http_loop, until, &err), 0);
    }
}

/* Run the loop until the server cannot send more, and then for longer than the stall limit: what is
 * paused stays paused. */
static void run_until_quiet(struct canned_http *s)
{
    uint64_t sent = 0;
    static uv_timer_t hold; /* a paused request arms nothing; static, libuv needs it to the close */

    uv_timer_init(weir_loop_uv(http_loop), &hold);
    uv_timer_start(&hold, on_hold, 60000, 0);
    do {
        sent = canned_http_sent(s);
        run_for(500);
    } while (sent != canned_http_sent(s) || sent == 0);
    run_for(STALL_MS + 500);
    uv_close((uv_handle_t *)&hold, NULL);
}

static void pull_all(struct weir_http_source *source, uint64_t want, size_t window)
{
    uint8_t *p = malloc(window);
    uint64_t got = 0;
    struct weir_err err = {0};
    enum weir_step step;

    assert_non_null(p);
    do {
        struct weir_out out = {.p = p, .size = window};
        step = weir_http_source_step(source, &out, &err);
        for (size_t i = 0; i < out.pos; i++) {
            if (p[i] != canned_byte(got + i)) {
                fail_msg("byte %llu is wrong", (unsigned long long)(got + i));
            }
        }
        got += out.pos;
        if (step == WEIR_WAIT) {
            assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
        }
    } while (step == WEIR_NEED_OUT || step == WEIR_WAIT);
    assert_int_equal(step, WEIR_END);
    assert_int_equal(got, want);
    free(p);
}

static void a_body_that_nobody_takes_stops_the_server_and_then_comes_whole(void **state)
{
    const uint64_t size = 64 * 1024 * 1024;
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n", .fill = 67108864}};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    /* Our own pause must not count. */
    struct weir_http_request rq = {
        .method = "GET", .url = http_url(s, "/", url), .stall_ms = STALL_MS};
    struct weir_err err = {0};
    struct weir_http_source *source = weir_http_source_new(http_loop, &rq, &err);

    (void)state;
    assert_non_null(source);
    while (weir_http_source_head(source, &err) == WEIR_WAIT) {
        assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
    }
    run_until_quiet(s);
    /* What has left the server is in the kernel's buffers and our small ones. */
    assert_true(canned_http_sent(s) < 32 * 1024 * 1024);
    pull_all(source, size, 64 * 1024);
    weir_http_source_free(source);
    canned_http_free(s);
}

static void every_window_size_pulls_the_same_bytes(void **state)
{
    static const size_t windows[] = {1, 7, 4096, 300000};
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 700001\r\n\r\n",
            .fill = 700001,
            .again = true}};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "GET", .url = http_url(s, "/", url)};
    struct weir_err err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(windows); i++) {
        struct weir_http_source *source = weir_http_source_new(http_loop, &rq, &err);
        assert_non_null(source);
        pull_all(source, 700001, windows[i]);
        weir_http_source_free(source);
    }
    canned_http_free(s);
}

static void a_cut_body_is_pulled_up_to_the_cut(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 700001\r\n\r\n",
            .fill = 600000,
            .end = CANNED_CLOSE}};
    struct canned_http *s = canned_http_new(replies, 1);
    static uint8_t p[1000];
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "GET", .url = http_url(s, "/", url)};
    struct weir_err err = {0};
    struct weir_http_source *source = weir_http_source_new(http_loop, &rq, &err);
    size_t got = 0;
    enum weir_step step;

    (void)state;
    do {
        struct weir_out out = {.p = p, .size = sizeof p};
        step = weir_http_source_step(source, &out, &err);
        got += out.pos;
        if (step == WEIR_WAIT) {
            assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
        }
    } while (step == WEIR_NEED_OUT || step == WEIR_WAIT);
    assert_int_equal(step, WEIR_FAIL);
    assert_int_equal(err.code, WEIR_E_NET);
    assert_int_equal(got, 600000);
    weir_http_source_free(source);
    canned_http_free(s);
}

static void an_error_body_is_collected_up_to_its_ceiling(void **state)
{
    static const struct canned_reply replies[] = {
        {.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n<Error/>\n", .again = true}};
    struct canned_http *s = canned_http_new(replies, 1);
    char url[HTTP_URL_BYTES];
    struct weir_http_request rq = {.method = "GET", .url = http_url(s, "/", url)};

    (void)state;
    for (size_t max = 8; max <= 9; max++) {
        struct weir_err err = {0};
        struct weir_buf body;
        enum weir_step step;
        struct weir_http_source *source = weir_http_source_new(http_loop, &rq, &err);

        weir_buf_init(&body, max);
        while ((step = weir_http_source_collect(source, &body, &err)) == WEIR_WAIT) {
            assert_int_equal(weir_loop_step(http_loop, INT64_MAX, &err), 0);
        }
        assert_int_equal(step, max == 9 ? WEIR_END : WEIR_FAIL);
        assert_int_equal(err.code, max == 9 ? WEIR_OK : WEIR_E_LIMIT);
        assert_int_equal(weir_http_status(weir_http_source_http(source)), 404);
        weir_buf_fini(&body);
        weir_http_source_free(source);
    }
    canned_http_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, http_setup, http_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_body_that_nobody_takes_stops_the_server_and_then_comes_whole),
        TEST(every_window_size_pulls_the_same_bytes),
        TEST(a_cut_body_is_pulled_up_to_the_cut),
        TEST(an_error_body_is_collected_up_to_its_ceiling),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
