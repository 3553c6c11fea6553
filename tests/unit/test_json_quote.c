/* Is any text a JSON string that says the same, whatever its bytes, and in no more time than it is
 * long? */
#include "core/limits.h"
#include "core/utf8.h"
#include "json/quote.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct quote_case {
    struct weir_str text;
    const char *json;
};

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const struct quote_case quote_cases[] = {
    {{NULL, 0}, "\"\""},
    {TEXT("a b~"), "\"a b~\""},
    {TEXT("\"\\/\b\f\n\r\t"), "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
    {TEXT("\0\x1f\x7f"), "\"\\u0000\\u001f\\u007f\""},
    {TEXT("h\xC3\xA9 \xF0\x9F\x98\x80"), "\"h\xC3\xA9 \xF0\x9F\x98\x80\""},
    {TEXT("\xC3"), "\"\xEF\xBF\xBD\""},
    {TEXT("a\xED\xA0\x80z\xFF\"\n"),
        "\"a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\\\"\\n\""},
};

static void any_bytes_become_a_string(void **state)
{
    char got[WEIR_JSON_QUOTE_ROOM(64)];
    struct weir_buf to;

    (void)state;
    weir_buf_init(&to, WEIR_KIB);
    for (size_t i = 0; i < sizeof quote_cases / sizeof quote_cases[0]; i++) {
        const struct quote_case *k = &quote_cases[i];
        const size_t n = (size_t)(weir_json_quote_at(got, k->text.p, k->text.len) - got);
        assert_int_equal(n, strlen(k->json));
        assert_memory_equal(got, k->json, n);
        to.len = 0;
        assert_int_equal(weir_json_quote_long(&to, k->text, NULL, NULL, NULL), 0);
        assert_string_equal(weir_buf_text(&to, NULL), k->json);
    }
    weir_buf_fini(&to);
}

/* Where each byte that is wrong had the rest looked at again, this would take an hour. */
static void a_long_text_of_wrong_bytes_is_gone_through_once(void **state)
{
    const size_t len = WEIR_ROW_MAX_BYTES;
    char *text = malloc(len), *got = malloc(3 * len + 2);

    (void)state;
    assert_non_null(text);
    assert_non_null(got);
    memset(text, 0xFF, len);
    const size_t n = (size_t)(weir_json_quote_at(got, text, len) - got);
    assert_int_equal(n, 3 * len + 2);
    assert_int_equal(weir_utf8_check(got, n), n);
    free(got);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_become_a_string),
        cmocka_unit_test(a_long_text_of_wrong_bytes_is_gone_through_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
