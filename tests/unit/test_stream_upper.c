/*
 * Is the transform that docs/STREAMS.md has whole this one, and is it a stage as the page says that
 * one is?
 */
#include "stream/stage.h"
#include "tests/support/files.h"
#include "tests/support/stage_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What lies between the two marks is the page's text. */

/* EXAMPLE */
/* ASCII letters to capitals. */
static enum weir_step upper_step(
    void *self, struct weir_in *in, struct weir_out *out, struct weir_err *err)
{
    (void)self; /* no state, and nothing that fails */
    (void)err;
    while (in->pos < in->size && out->pos < out->size) {
        uint8_t c = in->p[in->pos++];
        out->p[out->pos++] = c >= 'a' && c <= 'z' ? (uint8_t)(c - 32) : c;
    }
    if (in->pos < in->size) {
        return WEIR_NEED_OUT;
    }
    return in->last ? WEIR_END : WEIR_NEED_IN;
}

struct weir_stage upper(void)
{
    static const struct weir_stage_ops ops = {.name = "upper", .step = upper_step};

    return (struct weir_stage){.ops = &ops};
}
/* EXAMPLE */

static const char text[] = "Hello, \xC3\xA9 and z{";

static int make_upper(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    (void)ctx;
    (void)err;
    *ret = upper();
    return 0;
}

static const struct stage_case c = {
    "upper", make_upper, NULL, (const uint8_t *)text, sizeof text - 1};

static void the_example_does_what_it_says(void **state)
{
    struct weir_buf out;
    struct weir_err err = {0};

    (void)state;
    weir_buf_init(&out, sizeof text);
    assert_int_equal(stage_run(&c, 7, 7, NULL, &out, &err), 0);
    assert_string_equal(weir_buf_text(&out, NULL), "HELLO, \xC3\xA9 AND Z{");
    weir_buf_fini(&out);
    stage_check(&c);
}

static void the_example_is_the_one_in_the_docs(void **state)
{
    (void)state;
    files_example_in_doc("tests/unit/test_stream_upper.c", "docs/STREAMS.md");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_does_what_it_says),
        cmocka_unit_test(the_example_is_the_one_in_the_docs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
