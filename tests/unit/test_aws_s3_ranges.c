/*
 * Does an object that several connections read come whole and in order, whatever becomes of one of
 * its ranges, or fail with a name? And is it read so only where that is safe?
 */
#include "aws/s3_client.h"
#include "tests/support/s3_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RANGE = 64 * 1024, CONNECTIONS = 3, RANGES = 7, SIZE = (RANGES - 1) * RANGE + 1 };

/* The server's answers: to a request for all of it, and to each range. */
struct answers {
    struct canned_reply replies[2 * RANGES + 1]; /* the faults first */
    size_t n;
    char match[RANGES][64], heads[RANGES][160], whole[160];
};

static void add(struct answers *a, struct canned_reply reply)
{
    assert_true(a->n < COUNT(a->replies));
    a->replies[a->n++] = reply;
}

static const char *match_of(struct answers *a, int i)
{
    int last = i + 1 < RANGES ? (i + 1) * RANGE - 1 : SIZE - 1;

    snprintf(a->match[i], sizeof a->match[i], "GET\nRange: bytes=%d-%d", i * RANGE, last);
    return a->match[i];
}

static void add_right_ones(struct answers *a, const char *headers)
{
    for (int i = 0; i < RANGES; i++) {
        int from = i * RANGE, last = i + 1 < RANGES ? from + RANGE - 1 : SIZE - 1;
        snprintf(a->heads[i], sizeof a->heads[i],
            "HTTP/1.1 206 P\r\nContent-Range: bytes %d-%d/%d\r\nContent-Length: %d\r\n\r\n", from,
            last, SIZE, last + 1 - from);
        add(a,
            (struct canned_reply){
                .match = match_of(a, i), .head = a->heads[i], .fill = (uint64_t)(last + 1 - from)});
    }
    snprintf(a->whole, sizeof a->whole, OK "%sContent-Length: %d\r\n\r\n", headers, SIZE);
    add(a, (struct canned_reply){.head = a->whole, .fill = SIZE});
}

static void serve(struct s3_fixture *fx, const struct canned_reply *replies, size_t n)
{
    setenv("AWS_MAX_ATTEMPTS", "3", 1);
    s3_serve(fx, replies, n);
    fx->cfg.read_connections = CONNECTIONS;
    fx->cfg.range_bytes = RANGE;
}

static int get(struct s3_fixture *fx, struct weir_source_info *info, struct weir_buf *got)
{
    return s3_get(fx, &(struct weir_object){.bucket = "b", .key = "k"}, info, got);
}

static void assert_whole(struct weir_buf *got)
{
    assert_int_equal(got->len, SIZE);
    for (size_t i = 0; i < got->len; i++) {
        if (got->p[i] != canned_byte(i)) {
            fail_msg("byte %zu is another", i);
        }
    }
    weir_buf_fini(got);
}

static void large_object_is_read_in_ranges_that_are_tied_to_it(void **state)
{
    struct s3_fixture *fx = *state;
    struct answers a = {0};
    struct weir_source_info info;
    struct weir_buf got;

    add_right_ones(&a, "ETag: \"e1\"\r\n");
    serve(fx, a.replies, a.n);
    assert_int_equal(get(fx, &info, &got), 0);
    assert_whole(&got);
    assert_int_equal(info.size_bytes, SIZE);
    assert_int_equal(info.read_bytes, SIZE);
    /* One for all of it, and each range but the first one once. */
    assert_int_equal(canned_http_requests(fx->server), RANGES);
    assert_false(s3_has_header(fx, 0, "If-Match: \"e1\""));
    for (int i = 1; i < RANGES; i++) {
        bool asked = false;
        for (size_t k = 1; k < RANGES; k++) {
            assert_true(s3_has_header(fx, k, "If-Match: \"e1\""));
            asked = asked || s3_has_header(fx, k, match_of(&a, i) + strlen("GET\n"));
        }
        assert_true(asked);
    }
    /* The first one is cut, and closed; the others are used again. */
    assert_in_range(canned_http_connections(fx->server), CONNECTIONS, CONNECTIONS + 1);
}

static void checksum_is_of_all_ranges_in_their_order(void **state)
{
    struct s3_fixture *fx = *state;
    struct weir_checksum sum;
    char value[WEIR_CHECKSUM_BASE64_BYTES], headers[120];
    struct weir_source_info info;

    assert_int_equal(weir_checksum_init(&sum, WEIR_CHECKSUM_SHA256, NULL), 0);
    for (size_t i = 0; i < SIZE; i++) {
        uint8_t byte = canned_byte(i);
        assert_int_equal(weir_checksum_add(&sum, &byte, 1, NULL), 0);
    }
    assert_int_equal(weir_checksum_end(&sum, value, NULL), 0);
    weir_checksum_fini(&sum);
    for (int wrong = 0; wrong < 2; wrong++) {
        struct answers a = {0};
        snprintf(headers, sizeof headers, "ETag: \"e1\"\r\nx-amz-checksum-sha256: %s\r\n", value);
        add_right_ones(&a, headers);
        if (wrong) { /* a byte more at its beginning, and one less at its end */
            size_t n = strlen(a.heads[3]);
            snprintf(a.heads[3] + n, sizeof a.heads[3] - n, "!");
            a.replies[3].fill--;
        }
        serve(fx, a.replies, a.n);
        assert_int_equal(get(fx, &info, NULL), wrong ? -1 : 0);
    }
    assert_non_null(strstr(fx->err.msg, "what came is not the object: its SHA256"));
}

static void small_object_is_one_request(void **state)
{
    struct s3_fixture *fx = *state;
    static const uint64_t sizes[] = {0, 1, RANGE};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        char head[100];
        struct weir_source_info info;
        snprintf(head, sizeof head, OK "ETag: \"e1\"\r\nContent-Length: %d\r\n\r\n", (int)sizes[i]);
        const struct canned_reply reply = {.head = head, .fill = sizes[i]};
        serve(fx, &reply, 1);
        assert_int_equal(get(fx, &info, NULL), 0);
        assert_int_equal(info.read_bytes, sizes[i]);
        assert_int_equal(canned_http_requests(fx->server), 1);
    }
}

static void object_that_nothing_ties_together_is_one_request(void **state)
{
    struct s3_fixture *fx = *state;
    static const char *const heads[] = {
        OK "Content-Length: 200000\r\n\r\n",
        OK "ETag: W/\"e1\"\r\nContent-Length: 200000\r\n\r\n",
        OK "ETag: \"e1\"\r\nTransfer-Encoding: chunked\r\n\r\n30D40\r\n",
    };

    for (size_t i = 0; i < COUNT(heads); i++) {
        const struct canned_reply reply = {.head = heads[i], .fill = 200000, .end = CANNED_CLOSE};
        struct weir_source_info info;
        serve(fx, &reply, 1);
        fx->cfg.client->patience.attempts = 1;
        bool chunked = strstr(heads[i], "chunked") != NULL; /* whose last chunk does not come */
        assert_int_equal(get(fx, &info, NULL), chunked ? -1 : 0);
        assert_int_equal(info.read_bytes, 200000);
        assert_int_equal(canned_http_requests(fx->server), 1);
    }
}

/* What strikes once, before the right answers. */
static void range_that_fails_is_gone_on_with_and_the_others_are_not_asked_for_again(void **state)
{
    struct s3_fixture *fx = *state;
    static const char part[] = "HTTP/1.1 206 P\r\nContent-Range: bytes "
                               "131072-196607/393217\r\nContent-Length: 65536\r\n\r\n";
    static const char rest[] = "HTTP/1.1 206 P\r\nContent-Range: bytes "
                               "151072-196607/393217\r\nContent-Length: 45536\r\n\r\n";
    static const char first[] = OK "ETag: \"e1\"\r\nContent-Length: 393217\r\n\r\n";
    static const char first_rest[] = "HTTP/1.1 206 P\r\nContent-Range: bytes "
                                     "20000-65535/393217\r\nContent-Length: 45536\r\n\r\n";
    static const struct {
        struct canned_reply faults[2];
        size_t more; /* requests */
    } cases[] = {
        {{{.match = "GET\nRange: bytes=131072-196607",
              .head = part,
              .fill = 20000,
              .end = CANNED_CLOSE},
             {.match = "GET\nRange: bytes=151072-196607", .head = rest, .fill = 45536}},
            1},
        {{{.match = "GET\nRange: bytes=131072-196607",
              .head = part,
              .fill = 20000,
              .end = CANNED_RESET},
             {.match = "GET\nRange: bytes=151072-196607", .head = rest, .fill = 45536}},
            1},
        {{{.match = "GET\nRange: bytes=131072-196607", .head = part, .end = CANNED_CLOSE}}, 1},
        {{{.match = "GET\nRange: bytes=131072-196607", .end = CANNED_RESET}}, 1},
        {{{.match = "GET\nRange: bytes=131072-196607", .head = BROKEN_500},
             {.match = "GET\nRange: bytes=131072-196607",
                 .head = STATUS("503 Slow Down", "SlowDown", "36")}},
            2},
        {{{.match = "GET\nRange: bytes=393216-393216", .head = BROKEN_500}}, 1},
        /* The first one, before it has been cut, ... */
        {{{.match = "GET\nx-amz-checksum-mode: ENABLED", .head = BROKEN_500}}, 1},
        /* ... before its first byte, and in its middle */
        {{{.match = "GET", .head = first, .end = CANNED_CLOSE}}, 1},
        {{{.match = "GET", .head = first, .fill = 20000, .end = CANNED_CLOSE},
             {.match = "GET\nRange: bytes=20000-65535", .head = first_rest, .fill = 45536}},
            1},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answers a = {0};
        struct weir_source_info info;
        struct weir_buf got;
        for (size_t k = 0; k < COUNT(cases[i].faults); k++) {
            const struct canned_reply *fault = &cases[i].faults[k];
            if (fault->match != NULL) {
                add(&a, *fault);
            }
        }
        add_right_ones(&a, "ETag: \"e1\"\r\n");
        serve(fx, a.replies, a.n);
        if (get(fx, &info, &got) != 0) {
            fail_msg("case %zu: %s", i, fx->err.msg);
        }
        assert_whole(&got);
        assert_int_equal(canned_http_requests(fx->server), RANGES + cases[i].more);
    }
}

static void range_that_cannot_be_had_is_a_named_error(void **state)
{
    struct s3_fixture *fx = *state;
    static const char bad[] = "s3: s3://b/k: a Content-Range that is not what was asked for";
#define PIECE(range, n)                                                                            \
    "HTTP/1.1 206 P\r\nContent-Range: " range "\r\nContent-Length: " n "\r\n\r\n"
    static const struct {
        struct canned_reply reply;
        const char *msg;
        int detail;
    } cases[] = {
        {{.head = REPLACED},
            "s3: s3://b/k: the object changed while it was read: 412 PreconditionFailed", 412},
        {{.head = NO_KEY}, "s3: s3://b/k: 404 NoSuchKey", 404},
        {{.head = DENIED}, "s3: s3://b/k: 403 AccessDenied", 403},
        {{.head = OK "ETag: \"e1\"\r\nContent-Length: 393217\r\n\r\n", .fill = SIZE},
            "s3: s3://b/k: 200 for a range: the server does not read on from a place", 200},
        {{.head = PIECE("bytes 131073-196608/393217", "65536"), .fill = RANGE}, bad, 206},
        {{.head = PIECE("bytes 131072-196606/393217", "65535"), .fill = RANGE - 1}, bad, 206},
        {{.head = PIECE("bytes 131072-196607/393218", "65536"), .fill = RANGE}, bad, 206},
        {{.head = PIECE("bytes 131072-196607/393217", "65537"), .fill = RANGE + 1}, bad, 206},
        {{.head = PIECE("bytes 131072-196607/*", "65536"), .fill = RANGE}, bad, 206},
        {{.head = "HTTP/1.1 206 P\r\nContent-Length: 65536\r\n\r\n", .fill = RANGE}, bad, 206},
        {{.head = "HTTP/1.1 416 R\r\nContent-Range: bytes */9\r\n" EMPTY}, "s3: s3://b/k: 416",
            416},
        {{.head = BROKEN_500, .again = true}, "s3: s3://b/k: 500 InternalError, after 3 attempts",
            500},
        {{.end = CANNED_CLOSE, .again = true}, "s3: s3://b/k: http: ", 0},
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answers a = {0};
        struct weir_source_info info;
        struct canned_reply fault = cases[i].reply;
        fault.match = "GET\nRange: bytes=131072-196607";
        add(&a, fault);
        add_right_ones(&a, "ETag: \"e1\"\r\n");
        serve(fx, a.replies, a.n);
        assert_int_equal(get(fx, &info, NULL), -1);
        assert_memory_equal(fx->err.msg, cases[i].msg, strlen(cases[i].msg));
        if (cases[i].detail != 0) {
            assert_int_equal(fx->err.detail, cases[i].detail);
        }
        assert_true(info.read_bytes <= 2 * RANGE); /* nothing behind it is handed on */
    }
}

/* A reader that takes its time loses nothing, and no range is asked for before there is room. */
static void slow_reader_has_no_more_than_its_ranges_ahead(void **state)
{
    struct s3_fixture *fx = *state;
    struct answers a = {0};
    struct weir_source_info info;
    struct weir_stage source;
    static uint8_t window[1000];
    struct weir_in in = {.p = window, .last = true};
    enum weir_step step;
    uint64_t got = 0;

    add_right_ones(&a, "ETag: \"e1\"\r\n");
    serve(fx, a.replies, a.n);
    const struct weir_object object = {.bucket = "b", .key = "k"};
    assert_int_equal(weir_s3_source_new(fx->loop, &fx->cfg, &object, &info, &source, &fx->err), 0);
    do {
        struct weir_out out = {.p = window, .size = sizeof window};
        step = source.ops->step(source.self, &in, &out, &fx->err);
        assert_int_not_equal(step, WEIR_FAIL);
        for (size_t i = 0; i < out.pos; i++) {
            assert_int_equal(window[i], canned_byte(got + i));
        }
        got += out.pos;
        /* The ranges before the one that is handed on, it, and those that wait. */
        assert_true(canned_http_requests(fx->server) <= got / RANGE + CONNECTIONS);
        if (step == WEIR_WAIT) {
            assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
        }
    } while (step != WEIR_END);
    assert_int_equal(got, SIZE);
    weir_stage_free(&source);
}

static void reading_that_is_given_up_leaves_nothing(void **state)
{
    struct s3_fixture *fx = *state;

    /* After so many steps: a request under way, ranges that wait, one that is half handed on. */
    for (int steps = 0; steps < 12; steps++) {
        struct answers a = {0};
        struct weir_source_info info;
        struct weir_stage source;
        static uint8_t window[20000];
        struct weir_in in = {.p = window, .last = true};
        add_right_ones(&a, "ETag: \"e1\"\r\n");
        serve(fx, a.replies, a.n);
        const struct weir_object object = {.bucket = "b", .key = "k"};
        assert_int_equal(
            weir_s3_source_new(fx->loop, &fx->cfg, &object, &info, &source, &fx->err), 0);
        for (int i = 0; i < steps; i++) {
            struct weir_out out = {.p = window, .size = sizeof window};
            if (source.ops->step(source.self, &in, &out, &fx->err) == WEIR_WAIT) {
                assert_int_equal(weir_loop_step(fx->loop, INT64_MAX, &fx->err), 0);
            }
        }
        weir_stage_free(&source);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, s3_setup, s3_teardown)
    const struct CMUnitTest tests[] = {
        TEST(large_object_is_read_in_ranges_that_are_tied_to_it),
        TEST(checksum_is_of_all_ranges_in_their_order),
        TEST(small_object_is_one_request),
        TEST(object_that_nothing_ties_together_is_one_request),
        TEST(range_that_fails_is_gone_on_with_and_the_others_are_not_asked_for_again),
        TEST(range_that_cannot_be_had_is_a_named_error),
        TEST(slow_reader_has_no_more_than_its_ranges_ahead),
        TEST(reading_that_is_given_up_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
