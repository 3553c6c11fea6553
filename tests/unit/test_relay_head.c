/*
 * Is every request read the same however it is cut, and is what is no request, too long, or
 * smuggles another one refused with the status that says so?
 */
#include "core/limits.h"
#include "relay/head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* In a buffer of exactly that size, so that the sanitizer sees what is read beyond it. */
static long parse(const char *text, size_t n, struct weir_head *ret, char **copy)
{
    *copy = malloc(n > 0 ? n : 1);
    assert_non_null(*copy);
    memcpy(*copy, text, n);
    return weir_head_parse(*copy, n, ret);
}

static long status_of(const char *text, size_t n)
{
    struct weir_head head;
    char *copy;
    long rc = parse(text, n, &head, &copy);

    free(copy);
    return rc;
}

static void a_head_is_complete_at_its_empty_line_and_not_before(void **state)
{
    static const char text[] = "PUT /live.ts?policy=latest&burst=1 HTTP/1.1\r\nHost: x\r\n"
                               "AUTHORIZATION:  Bearer a:b \r\nContent-type:\tvideo/mp2t\r\n"
                               "Expect: 100-Continue\r\nContent-Length: 18446744\r\n\r\nbody";
    const size_t len = sizeof text - 1 - 4;
    struct weir_head head;
    char *copy;

    (void)state;
    for (size_t n = 0; n < len; n++) {
        assert_int_equal(status_of(text, n), 0);
    }
    assert_int_equal(parse(text, sizeof text - 1, &head, &copy), len);
    assert_int_equal(head.method, WEIR_HEAD_PUT);
    assert_true(weir_str_eq(head.path, WEIR_STR("/live.ts")));
    assert_true(weir_str_eq(head.query, WEIR_STR("policy=latest&burst=1")));
    assert_true(weir_str_eq(head.authorization, WEIR_STR("Bearer a:b")));
    assert_true(weir_str_eq(head.content_type, WEIR_STR("video/mp2t")));
    assert_true(head.http11 && head.expects && !head.chunked);
    assert_int_equal(head.length, 18446744);
    free(copy);
}

static void the_least_that_is_a_request_is_one(void **state)
{
    static const char least[] = "GET / HTTP/1.0\n\n", other[] = "BREW /?a HTTP/1.1\r\n\r\n";
    struct weir_head head;
    char *copy;

    (void)state;
    assert_int_equal(parse(least, sizeof least - 1, &head, &copy), sizeof least - 1);
    assert_int_equal(head.method, WEIR_HEAD_GET);
    assert_false(head.http11);
    assert_int_equal(head.length, -1);
    assert_int_equal(head.query.len + head.authorization.len + head.content_type.len, 0);
    free(copy);
    assert_int_equal(parse(other, sizeof other - 1, &head, &copy), sizeof other - 1);
    assert_int_equal(head.method, WEIR_HEAD_OTHER);
    assert_true(weir_str_eq(head.path, WEIR_STR("/")));
    free(copy);
}

static void what_is_no_request_is_refused_with_its_status(void **state)
{
#define LINE "GET / HTTP/1.1\r\n"
    static const char nul[] = LINE "Nul: a\0b\r\n\r\n";
    static const char twice[] = LINE "Content-Length: 5\r\nContent-Length: 5\r\n\r\n";
    static const struct {
        const char *text;
        long status;
    } cases[] = {
        {"\r\n\r\n", -400}, {"GET\r\n\r\n", -400}, {"GET /\r\n\r\n", -400},
        {"GET  HTTP/1.1\r\n\r\n", -400}, {"GET live HTTP/1.1\r\n\r\n", -400},
        {"GET http://x/ HTTP/1.1\r\n\r\n", -400}, {"G(T / HTTP/1.1\r\n\r\n", -400},
        {" GET / HTTP/1.1\r\n\r\n", -400}, {"GET / FTP/1.1\r\n\r\n", -400},
        {"GET / HTTP/\r\n\r\n", -400}, {"GET / HTTP/2.0\r\n\r\n", -505},
        {"GET / HTTP/1.1 \r\n\r\n", -400}, {LINE "no colon\r\n\r\n", -400},
        {LINE ": no name\r\n\r\n", -400}, {LINE "space : x\r\n\r\n", -400},
        {LINE "Folded: x\r\n y\r\n\r\n", -400}, {LINE "Content-Length: \r\n\r\n", -400},
        {LINE "Content-Length: -1\r\n\r\n", -400}, {LINE "Content-Length: +1\r\n\r\n", -400},
        {LINE "Content-Length: 1,1\r\n\r\n", -400}, {LINE "Content-Length: 0x10\r\n\r\n", -400},
        {LINE "Content-Length: 99999999999999999999\r\n\r\n", -400},
        {LINE "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", -400},
        {LINE "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", -400},
        {LINE "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n", -400},
        {LINE "Transfer-Encoding: gzip, chunked\r\n\r\n", -501},
        {LINE "Transfer-Encoding: \r\n\r\n", -501}, {"\x16\x03\x01\x02\n\n", -400}, /* TLS */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        long got = status_of(cases[i].text, strlen(cases[i].text));
        if (got != cases[i].status) {
            fail_msg("case %zu: %ld, expected %ld", i, got, cases[i].status);
        }
    }
    assert_int_equal(status_of(nul, sizeof nul - 1), -400);
    assert_int_equal(status_of(twice, sizeof twice - 1), sizeof twice - 1);
#undef LINE
}

static void a_head_may_have_eight_kilobytes_and_what_follows_it_any_number(void **state)
{
    const size_t most = WEIR_RELAY_HEAD_MAX_BYTES, huge = 1000000;
    static const char line[] = "GET / HTTP/1.1\r\nX: ";
    char *text = malloc(huge);

    (void)state;
    assert_non_null(text);
    memset(text, 'y', huge);
    memcpy(text, line, sizeof line - 1);
    assert_int_equal(status_of(text, most - 1), 0);
    assert_int_equal(status_of(text, most), -431);
    assert_int_equal(status_of(text, huge), -431);
    memcpy(text + most - 4, "\r\n\r\n", 4);
    assert_int_equal(status_of(text, huge), most);
    memcpy(text + most - 4, "y\r\n\r\n", 5);
    assert_int_equal(status_of(text, huge), -431);
    memset(text, '\n', huge);
    assert_int_equal(status_of(text, huge), -400);
    free(text);
}

/* ---- chunks ---- */

struct body {
    char data[256];
    size_t n, used;
    bool ok, ended;
};

/* Read a body that comes in pieces of `step` bytes. */
static struct body read_body(const char *text, size_t n, size_t step)
{
    struct weir_chunked chunked = {0};
    struct body b = {.ok = true};

    while (b.ok && b.used < n && chunked.state != WEIR_CHUNKED_END) {
        size_t most = n - b.used < step ? n - b.used : step, used = 0;
        char *part = malloc(most);
        struct weir_str piece;

        assert_non_null(part);
        memcpy(part, text + b.used, most);
        b.ok = weir_chunked_next(&chunked, part, most, &used, &piece);
        if (b.ok) {
            assert_true(used > 0 && used <= most && piece.len <= used);
            assert_true(b.n + piece.len <= sizeof b.data);
            memcpy(b.data + b.n, piece.p, piece.len);
            b.n += piece.len;
            b.used += used;
        }
        free(part);
    }
    b.ended = chunked.state == WEIR_CHUNKED_END;
    return b;
}

static void chunks_are_the_same_however_they_are_cut(void **state)
{
    static const struct {
        const char *text, *data, *rest;
    } cases[] = {
        {"5\r\nhello\r\n0\r\n\r\nNEXT", "hello", "NEXT"},
        {"5\nhello\n0\n\nNEXT", "hello", "NEXT"},
        {"1;a=b;c\r\nx\r\n00A \r\n0123456789\r\n0;z\r\nT: y\r\nU: z\r\n\r\n", "x0123456789", ""},
        {"0\r\n\r\n", "", ""},
        {"0\n\n", "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t step = 1; step < 40; step++) {
            struct body b = read_body(cases[i].text, strlen(cases[i].text), step);

            assert_true(b.ok && b.ended);
            assert_int_equal(b.n, strlen(cases[i].data));
            assert_memory_equal(b.data, cases[i].data, b.n);
            assert_string_equal(cases[i].text + b.used, cases[i].rest);
        }
    }
}

static void what_is_no_chunk_is_refused(void **state)
{
    static const char *const cases[] = {"\r\n", "x\r\n", "-1\r\n", " 1\r\n", "1\r\nxy\r\n",
        "1\r\nx\r\r\n", "1\r\nx1\r\n", "1000000000000000\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t step = 1; step < 20; step++) {
            if (read_body(cases[i], strlen(cases[i]), step).ok) {
                fail_msg("case %zu is read", i);
            }
        }
    }
}

static void what_is_around_chunks_has_an_end(void **state)
{
    char *text = malloc(20000);

    (void)state;
    assert_non_null(text);
    memset(text, 'y', 20000);
    memcpy(text, "5;", 2);
    assert_false(read_body(text, 20000, 100).ok);
    memcpy(text, "0\r\n", 3);
    assert_false(read_body(text, 20000, 100).ok);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_complete_at_its_empty_line_and_not_before),
        cmocka_unit_test(the_least_that_is_a_request_is_one),
        cmocka_unit_test(what_is_no_request_is_refused_with_its_status),
        cmocka_unit_test(a_head_may_have_eight_kilobytes_and_what_follows_it_any_number),
        cmocka_unit_test(chunks_are_the_same_however_they_are_cut),
        cmocka_unit_test(what_is_no_chunk_is_refused),
        cmocka_unit_test(what_is_around_chunks_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
