/* Is a byte order mark seen for what it is, however few of its bytes are there? */
#include "core/mark.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct mark_case {
    const char *text;
    size_t len;
    int more, last; /* what is told when more may come, and when not */
    size_t skip;
};

static const struct mark_case cases[] = {
    {"", 0, 0, 1, 0},
    {"a", 1, 1, 1, 0},
    {"ab", 2, 1, 1, 0},
    {"abc", 3, 1, 1, 0},
    {"\xEF", 1, 0, 1, 0},
    {"\xEF\xBB", 2, 0, 1, 0},
    {"\xEF\xBB\xBF", 3, 1, 1, 3},
    {"\xEF\xBB\xBF\xEF\xBB\xBF", 6, 1, 1, 3},
    {"\xEF\xBB\xBE", 3, 1, 1, 0},
    {"\xEF\xBC", 2, 1, 1, 0},
    {"\xFE", 1, 0, 1, 0},
    {"\xFF", 1, 0, 1, 0},
    {"\xFE\xFF", 2, -1, -1, 0},
    {"\xFF\xFE", 2, -1, -1, 0},
    {"\xFF\xFE\0\0", 4, -1, -1, 0},
    {"\xFF\xFF", 2, 1, 1, 0},
    {"\xFE\xFE", 2, 1, 1, 0},
    {"\xFE,", 2, 1, 1, 0},
};

static void marks_are_told_as_soon_as_they_can_be(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct mark_case *c = &cases[i];
        uint8_t *copy = malloc(c->len > 0 ? c->len : 1); /* a byte read beyond is seen */
        assert_non_null(copy);
        memcpy(copy, c->text, c->len);
        for (int last = 0; last < 2; last++) {
            struct weir_err err = {0};
            size_t skip = 9;
            const int rc = weir_mark_skip("text", copy, c->len, last, &skip, &err);
            assert_int_equal(rc, last ? c->last : c->more);
            if (rc == 1) {
                assert_int_equal(skip, c->skip);
                assert_int_equal(weir_mark_bytes(copy, c->len), c->skip);
            } else if (rc == -1) {
                assert_int_equal(err.code, WEIR_E_DATA);
                assert_string_equal(err.msg, "text: the input is UTF-16 by its byte order mark, "
                                             "and its encoding was not given "
                                             "(encoding: utf-16)");
                assert_int_equal(weir_mark_bytes(copy, c->len), 2);
            }
        }
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_are_told_as_soon_as_they_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
