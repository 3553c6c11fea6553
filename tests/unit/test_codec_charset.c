/*
 * Does text of other encodings come out as the UTF-8 that it is, in the same way under every
 * window, and is nothing lost of what is no text?
 */
#include "codec/charset.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "tests/support/rnd.h"
#include "tests/support/stage_check.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int make_charset(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    return weir_charset_new(*(enum weir_charset *)ctx, ret, err);
}

struct text_case {
    enum weir_charset charset;
    const char *in;
    size_t in_len;
    const char *out; /* NULL: an error */
    const char *msg;
};

#define IN(text) text, sizeof(text) - 1

static const struct text_case text_cases[] = {
    {WEIR_CHARSET_LATIN1, IN(""), "", NULL},
    {WEIR_CHARSET_LATIN1, IN("a,\xE9\x80\xFF\n"), "a,\xC3\xA9\xC2\x80\xC3\xBF\n", NULL},
    {WEIR_CHARSET_CP1252, IN("\x80\x81\x9F\xE9"), "\xE2\x82\xAC\xC2\x81\xC5\xB8\xC3\xA9", NULL},
    {WEIR_CHARSET_UTF16LE, IN("a\0\xE9\0"), "a\xC3\xA9", NULL},
    {WEIR_CHARSET_UTF16BE, IN("\0a\0\xE9\x20\xAC"), "a\xC3\xA9\xE2\x82\xAC", NULL},
    {WEIR_CHARSET_UTF16BE, IN("\xD8\x3D\xDE\x00"), "\xF0\x9F\x98\x80", NULL},
    {WEIR_CHARSET_UTF16BE, IN("\xDB\xFF\xDF\xFF"), "\xF4\x8F\xBF\xBF", NULL},
    {WEIR_CHARSET_UTF16, IN(""), "", NULL},
    {WEIR_CHARSET_UTF16,
        IN("\xFF\xFE"
           "a\0"),
        "\xEF\xBB\xBF"
        "a",
        NULL},
    {WEIR_CHARSET_UTF16, IN("\xFE\xFF\0a\0b"),
        "\xEF\xBB\xBF"
        "ab",
        NULL},
    {WEIR_CHARSET_UTF16, IN("a\0b\0c\0"), "abc", NULL}, /* as Windows writes it */
    {WEIR_CHARSET_AUTO, IN(""), "", NULL},
    {WEIR_CHARSET_AUTO, IN("a"), "a", NULL},
    {WEIR_CHARSET_AUTO, IN("\xFF"), "\xFF", NULL},
    {WEIR_CHARSET_AUTO, IN("a,b\n\xC3\xA9,\xFF\n"), "a,b\n\xC3\xA9,\xFF\n", NULL},
    {WEIR_CHARSET_AUTO,
        IN("\xEF\xBB\xBF"
           "a,b\n"),
        "\xEF\xBB\xBF"
        "a,b\n",
        NULL},
    {WEIR_CHARSET_AUTO,
        IN("\xFF\xFE"
           "a\0\xE9\0"),
        "\xEF\xBB\xBF"
        "a\xC3\xA9",
        NULL},
    {WEIR_CHARSET_AUTO, IN("\xFE\xFF\0a"),
        "\xEF\xBB\xBF"
        "a",
        NULL},
    {WEIR_CHARSET_AUTO, IN("\xFE\xFF"), "\xEF\xBB\xBF", NULL},
    /* halves of pairs: bytes that are no UTF-8, and all else is there */
    {WEIR_CHARSET_UTF16BE, IN("\0a\xD8\x3D\0b"),
        "a\xED\xA0\xBD"
        "b",
        NULL},
    {WEIR_CHARSET_UTF16BE, IN("\xDE\x00\0b"),
        "\xED\xB8\x80"
        "b",
        NULL},
    {WEIR_CHARSET_UTF16BE, IN("\xD8\x3D\xD8\x3D\xDE\x00"), "\xED\xA0\xBD\xF0\x9F\x98\x80", NULL},
    {WEIR_CHARSET_UTF16BE, IN("\0a\xD8\x3D"), "a\xED\xA0\xBD", NULL},
    /* no text */
    {WEIR_CHARSET_UTF16BE, IN("\0a\0"), NULL, "in the middle of a character"},
    {WEIR_CHARSET_UTF16,
        IN("\xFF\xFE"
           "a"),
        NULL, "in the middle of a character"},
    {WEIR_CHARSET_UTF16, IN("a"), NULL, "in the middle of a character"},
    {WEIR_CHARSET_AUTO,
        IN("\xFF\xFE"
           "a\0b"),
        NULL, "in the middle of a character"},
    {WEIR_CHARSET_AUTO, IN("\xFF\xFE\0\0a\0\0\0"), NULL, "UTF-32"},
    {WEIR_CHARSET_UTF16, IN("\0\0\xFE\xFF\0\0\0a"), NULL, "UTF-32"},
};

static void texts_become_utf8(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++) {
        const struct text_case *t = &text_cases[i];
        enum weir_charset charset = t->charset;
        struct stage_case c = {
            "charset", make_charset, &charset, (const uint8_t *)t->in, t->in_len};
        struct weir_err err = {0};
        struct weir_buf out;

        stage_check(&c);
        weir_buf_init(&out, 1000);
        int rc = stage_run(&c, 1000, 1000, NULL, &out, &err);
        if (t->out == NULL) {
            assert_int_equal(rc, -1);
            assert_int_equal(err.code, WEIR_E_DATA);
            assert_non_null(strstr(err.msg, t->msg));
        } else {
            assert_int_equal(rc, 0);
            assert_string_equal(weir_buf_text(&out, NULL), t->out);
        }
        weir_buf_fini(&out);
    }
}

/* The C library's converter stands for the truth. */
static void random_texts_become_what_iconv_makes_of_them(void **state)
{
    static const struct {
        enum weir_charset charset;
        const char *name;
        uint32_t max; /* code points */
    } sets[] = {{WEIR_CHARSET_LATIN1, "ISO-8859-1", 0x100},
        {WEIR_CHARSET_UTF16LE, "UTF-16LE", 0x110000}, {WEIR_CHARSET_UTF16BE, "UTF-16BE", 0x110000}};
    char text[4000], coded[8000];

    (void)state;
    rnd_seed = 1;
    for (int i = 0; i < 60; i++) {
        enum weir_charset charset = sets[i % 3].charset;
        size_t len = 0, want = rnd(i % 7 == 0 ? 3900 : 40);
        while (len < want) {
            uint32_t cp = 1 + rnd(rnd(2) == 0 ? 0x7F : sets[i % 3].max - 1);
            if (cp < 0xD800 || cp > 0xDFFF) {
                len += weir_utf8_put(cp, text + len);
            }
        }
        iconv_t cd = iconv_open(sets[i % 3].name, "UTF-8");
        char *from = text, *to = coded;
        size_t left = len, room = sizeof coded;
        assert_true(cd != (iconv_t)-1);
        assert_int_equal(iconv(cd, &from, &left, &to, &room), 0);
        iconv_close(cd);
        struct stage_case c = {
            "charset", make_charset, &charset, (const uint8_t *)coded, sizeof coded - room};
        struct weir_err err = {0};
        struct weir_buf out;
        weir_buf_init(&out, WEIR_MIB);
        for (int k = 0; k < 4; k++) {
            out.len = 0;
            assert_int_equal(
                stage_run(&c, k == 0 ? 10000 : 0, k == 1 ? 10000 : 0, &rnd_seed, &out, &err), 0);
            assert_int_equal(out.len, len);
            assert_true(len == 0 || memcmp(out.p, text, len) == 0);
        }
        weir_buf_fini(&out);
    }
}

static void every_byte_of_windows_1252_is_what_iconv_makes_of_it(void **state)
{
    (void)state;
    iconv_t cd = iconv_open("UTF-8", "WINDOWS-1252");
    assert_true(cd != (iconv_t)-1);
    for (int b = 0; b < 256; b++) {
        enum weir_charset charset = WEIR_CHARSET_CP1252;
        uint8_t byte = (uint8_t)b;
        struct stage_case c = {"charset", make_charset, &charset, &byte, 1};
        struct weir_err err = {0};
        struct weir_buf out;
        char *from = (char *)&byte, want[8], *to = want;
        size_t left = 1, room = sizeof want;
        weir_buf_init(&out, 100);
        assert_int_equal(stage_run(&c, 1, 100, NULL, &out, &err), 0);
        if (iconv(cd, &from, &left, &to, &room) == 0) {
            assert_int_equal(out.len, sizeof want - room);
            assert_memory_equal(out.p, want, out.len);
        } else { /* a hole */
            assert_int_equal(out.len, 2);
            assert_int_equal(out.p[0], 0xC2);
            assert_int_equal(out.p[1], b);
        }
        weir_buf_fini(&out);
    }
    iconv_close(cd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_become_utf8),
        cmocka_unit_test(random_texts_become_what_iconv_makes_of_them),
        cmocka_unit_test(every_byte_of_windows_1252_is_what_iconv_makes_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
