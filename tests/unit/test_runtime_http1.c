/*
 * Does the parser of the Runtime API's answers take what such servers send, however it is cut into
 * pieces, and refuse what is none? No sockets: bytes go into its window.
 */
#include "bootstrap/http1_answer.h"
#include "core/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/* Feed text in pieces of at most `piece` bytes, then close. */
static enum weir_http1_io feed(struct weir_http1_answer *a, struct weir_buf *body, const char *text,
    size_t len, size_t piece, struct weir_err *err)
{
    weir_http1_answer_reset(a);
    assert_int_equal(weir_http1_answer_room(a, err), 0);
    a->body = body;
    for (;;) {
        uint8_t *p = NULL;
        size_t room = 0;
        enum weir_http1_io io = weir_http1_answer_parse(a, err);
        if (io != WEIR_HTTP1_WAIT) {
            return io;
        }
        if (weir_http1_answer_window(a, &p, &room, err) != 0) {
            return WEIR_HTTP1_FAIL;
        }
        assert_true(room > 0);
        size_t n = len < piece ? len : piece;
        n = n < room ? n : room;
        if (n == 0) {
            return weir_http1_answer_closed(a, err) == 0 ? WEIR_HTTP1_DONE : WEIR_HTTP1_FAIL;
        }
        memcpy(p, text, n);
        weir_http1_answer_filled(a, n);
        text += n;
        len -= n;
    }
}

static const size_t pieces[] = {1, 2, 3, 7, 4096};

static void answers_are_read_in_pieces_of_any_size(void **state)
{
    static const struct {
        const char *text;
        long status;
        const char *body;
        bool keep;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", true},
        {"HTTP/1.1 200 OK\r\ncontent-length:2 \t\r\n\r\n{}", 200, "{}", true},
        {"HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n", 202, "", true},
        {"HTTP/1.1 202\r\nContent-Length: 0\r\n\r\n", 202, "", true},
        {"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}", 200, "{}", true},
        {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", false},
        {"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}", 200, "{}",
            true},
        {"HTTP/1.0 200 OK\r\n\r\n{\"up to\":\"the end\"}", 200, "{\"up to\":\"the end\"}", false},
        {"HTTP/1.1 200 OK\r\n\r\n", 200, "", false},
        {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 200, "{}", false},
        {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\n{}", 200, "{}",
            false},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1;x=y\r\n}\r\n0\r\n\r\n",
            200, "{}", true},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 9\r\n\r\n"
         "0A\r\n0123456789\r\n0\r\nA-Trailer: x\r\nAnother: y\r\n\r\n",
            200, "0123456789", true},
        {"HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", 204, "", true},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
         "HTTP/1.1 413 Big\r\nContent-Length: 1\r\n\r\n!",
            413, "!", true},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}more", 200, "{}", false},
    };
    struct weir_http1_answer a;

    (void)state;
    weir_http1_answer_init(&a);
    for (size_t i = 0; i < COUNT(cases) * COUNT(pieces); i++) {
        size_t c = i / COUNT(pieces), piece = pieces[i % COUNT(pieces)];
        struct weir_err err = {0};
        struct weir_buf body;
        weir_buf_init(&body, 1000);
        if (feed(&a, &body, cases[c].text, strlen(cases[c].text), piece, &err) != WEIR_HTTP1_DONE ||
            a.status != cases[c].status || body.len != strlen(cases[c].body) ||
            (body.len > 0 && memcmp(body.p, cases[c].body, body.len) != 0)) {
            fail_msg("case %zu in pieces of %zu: %s: status %ld, body %.*s", c, piece, err.msg,
                a.status, (int)body.len, body.p);
        }
        /* Bytes behind the end are seen only when they came with it. */
        if (strstr(cases[c].text, "more") == NULL || piece == 4096) {
            assert_int_equal(a.keep, cases[c].keep);
        }
        weir_buf_fini(&body);
    }
    weir_http1_answer_fini(&a);
}

static void what_is_no_answer_is_refused(void **state)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "closed without an answer"},
        {"HTTP/1.1 200 OK\r\nContent-Le", "closed in the answer's headers"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{}", "cut: 3 bytes are missing"},
        {"HTTP/2 200\r\n\r\n", "its first line"},
        {"nonsense\r\n\r\n", "its first line"},
        {"\r\n\r\n", "its first line"},
        {"HTTP/1.1 2x0 OK\r\n\r\n", "its status"},
        {"HTTP/1.1 2000 OK\r\n\r\n", "its status"},
        {"HTTP/1.1 099 OK\r\n\r\n", "its status"},
        {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "its Content-Length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\n{}", "its Content-Length"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}", "its Content-Length"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "a transfer coding"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "the size of a chunk"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", "the size of a chunk"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1111111111111111\r\n",
            "the size of a chunk"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "the end of a chunk"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "cut"},
    };
    struct weir_http1_answer a;

    (void)state;
    weir_http1_answer_init(&a);
    for (size_t i = 0; i < COUNT(cases) * COUNT(pieces); i++) {
        size_t c = i / COUNT(pieces), piece = pieces[i % COUNT(pieces)];
        struct weir_err err = {0};
        struct weir_buf body;
        weir_buf_init(&body, 1000);
        assert_int_equal(
            feed(&a, &body, cases[c].text, strlen(cases[c].text), piece, &err), WEIR_HTTP1_FAIL);
        assert_int_equal(err.code, WEIR_E_NET);
        if (strstr(err.msg, cases[c].why) == NULL) {
            fail_msg("case %zu: \"%s\", expected \"%s\"", c, err.msg, cases[c].why);
        }
        weir_buf_fini(&body);
    }
    weir_http1_answer_fini(&a);
}

static void what_never_ends_has_a_limit(void **state)
{
    static const struct {
        const char *head;
        char fill;
        enum weir_code code;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nX: ", 'x', WEIR_E_LIMIT},
        {"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", 'x', WEIR_E_LIMIT},
        {"HTTP/1.1 200 OK\r\n\r\n", 'x', WEIR_E_LIMIT},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", '1', WEIR_E_NET},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", 'x', WEIR_E_NET},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 'x', WEIR_E_LIMIT},
    };
    const size_t len = 800000;
    char *text = malloc(len);
    struct weir_http1_answer a;

    (void)state;
    assert_non_null(text);
    weir_http1_answer_init(&a);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct weir_err err = {0};
        struct weir_buf body;
        weir_buf_init(&body, 100000);
        memset(text, cases[i].fill, len);
        memcpy(text, cases[i].head, strlen(cases[i].head));
        assert_int_equal(feed(&a, &body, text, len, 4096, &err), WEIR_HTTP1_FAIL);
        assert_int_equal(err.code, cases[i].code);
        weir_buf_fini(&body);
    }
    weir_http1_answer_fini(&a);
    free(text);
}

static void headers_are_found_in_any_case_and_only_when_they_say_something(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nA-Name:  a value \r\nb-NAME:b\r\nEmpty:\r\n"
                               "Blank:  \t\r\nBad: a\001b\r\n folded\r\nA-Name: second\r\n"
                               "Utf8: \xC3\xA9\r\nContent-Length: 0\r\n\r\n";
    static const struct {
        const char *name, *value;
    } cases[] = {
        {"A-Name", "a value"},
        {"a-name", "a value"},
        {"B-Name", "b"},
        {"Empty", NULL},
        {"Blank", NULL},
        {"Bad", NULL},
        {"A", NULL},
        {"A-Name2", NULL},
        {"Utf8", "\xC3\xA9"},
    };
    struct weir_http1_answer a;
    struct weir_err err = {0};

    (void)state;
    weir_http1_answer_init(&a);
    assert_int_equal(feed(&a, NULL, text, sizeof text - 1, 4096, &err), WEIR_HTTP1_DONE);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *value = weir_http1_answer_header(&a, cases[i].name);
        if (cases[i].value == NULL) {
            assert_null(value);
        } else {
            assert_string_equal(value, cases[i].value);
        }
    }
    weir_http1_answer_fini(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_in_pieces_of_any_size),
        cmocka_unit_test(what_is_no_answer_is_refused),
        cmocka_unit_test(what_never_ends_has_a_limit),
        cmocka_unit_test(headers_are_found_in_any_case_and_only_when_they_say_something),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
