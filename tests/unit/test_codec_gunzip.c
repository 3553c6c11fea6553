/*
 * Does the gunzip stage read what gzip files are (members, header fields, padding), refuse the rest
 * by name and place, and do so in the same way under every window?
 */
#include "codec/gunzip.h"
#include "core/limits.h"
#include "tests/support/rnd.h"
#include "tests/support/stage_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static int make_gunzip(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    return weir_gunzip_new(ret, *(bool *)ctx, err);
}

/* Append a member made by zlib, with every optional header field if asked for. */
static void add_member(struct weir_buf *out, const void *plain, size_t len, bool fields)
{
    z_stream z = {.next_in = (z_const Bytef *)plain, .avail_in = (uInt)len};
    gz_header header = {.extra = (Bytef *)"xy\4\0abcd",
        .extra_len = 8,
        .name = (Bytef *)"name.csv",
        .comment = (Bytef *)"a comment",
        .hcrc = 1,
        .time = 1700000000,
        .os = 3};

    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    if (fields) {
        assert_int_equal(deflateSetHeader(&z, &header), Z_OK);
    }
    size_t room = deflateBound(&z, (uLong)len) + 100;
    z.next_out = weir_buf_reserve(out, room, NULL);
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->len += room - z.avail_out;
    deflateEnd(&z);
}

/* Under random windows: these bytes, or an error with this text. */
static void expect_once(
    const struct weir_buf *in, bool detect, const void *want, size_t want_len, const char *msg)
{
    static const uint8_t nothing[1];
    struct stage_case c = {"gunzip", make_gunzip, &detect, in->len > 0 ? in->p : nothing, in->len};
    struct weir_buf out;
    struct weir_err err = {0};
    uint64_t windows = in->len;

    weir_buf_init(&out, 64 * WEIR_MIB);
    int rc = stage_run(&c, 0, 0, &windows, &out, &err);
    assert_string_equal(err.msg, msg);
    assert_int_equal(rc, msg[0] == '\0' ? 0 : -1);
    assert_int_equal(err.code, msg[0] == '\0' ? WEIR_OK : WEIR_E_DATA);
    if (msg[0] == '\0') {
        assert_int_equal(out.len, want_len);
        assert_true(want_len == 0 || memcmp(out.p, want, want_len) == 0);
    }
    weir_buf_fini(&out);
}

/* The same, and under all windows. */
static void expect(
    const struct weir_buf *in, bool detect, const void *want, size_t want_len, const char *msg)
{
    static const uint8_t nothing[1];
    struct stage_case c = {"gunzip", make_gunzip, &detect, in->len > 0 ? in->p : nothing, in->len};

    stage_check(&c);
    expect_once(in, detect, want, want_len, msg);
}

static void members_in_a_row_are_one_stream(void **state)
{
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    add_member(&in, "one,", 4, false);
    expect(&in, false, "one,", 4, "");
    add_member(&in, "", 0, false);
    add_member(&in, "two,", 4, true);
    add_member(&in, "three", 5, false);
    expect(&in, false, "one,two,three", 13, "");
    expect(&in, true, "one,two,three", 13, "");
    weir_buf_fini(&in);
}

static void optional_header_fields_are_skipped(void **state)
{
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    add_member(&in, "plain", 5, true);
    expect(&in, true, "plain", 5, "");
    in.p[20] ^= 1; /* in the extra field: only the header's checksum can tell */
    expect(&in, true, NULL, 0, "gunzip: byte 39: header crc mismatch");
    weir_buf_fini(&in);
}

static void zeros_after_the_data_are_padding(void **state)
{
    static const uint8_t zeros[70];
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    add_member(&in, "x", 1, false);
    size_t len = in.len;
    weir_buf_add(&in, zeros, 1, NULL);
    expect(&in, false, "x", 1, "");
    weir_buf_add(&in, zeros, sizeof zeros, NULL);
    expect(&in, true, "x", 1, "");
    for (uint8_t byte = 1; byte != 0; byte = (uint8_t)(byte << 1)) {
        in.p[len + 60] = byte;
        expect(
            &in, true, NULL, 0, "gunzip: byte 81: something follows the zeros after the gzip data");
    }
    weir_buf_fini(&in);
}

struct tail_case {
    const char *tail;
    size_t len;
    const char *msg;
};

static const struct tail_case tail_cases[] = {
    {"y", 1, "gunzip: byte 21: what follows the gzip data is neither gzip nor zeros"},
    {"\x1f", 1, "gunzip: byte 22: the data end in the header of a member"},
    {"\x1f\x8c", 2, "gunzip: byte 21: what follows the gzip data is neither gzip nor zeros"},
    {"\x1f\x8b", 2, "gunzip: byte 23: the data end in the middle of a member"},
    {"\x1f\x8b\x07", 3, "gunzip: byte 24: the data end in the middle of a member"},
    {"\x1f\x8b\x07\x00", 4, "gunzip: byte 23: unknown compression method"},
    {"\n", 1, "gunzip: byte 21: what follows the gzip data is neither gzip nor zeros"},
};

static void other_bytes_after_the_data_are_data_errors(void **state)
{
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    for (size_t i = 0; i < sizeof tail_cases / sizeof tail_cases[0]; i++) {
        in.len = 0;
        add_member(&in, "x", 1, false);
        assert_int_equal(in.len, 21);
        weir_buf_add(&in, tail_cases[i].tail, tail_cases[i].len, NULL);
        expect(&in, true, NULL, 0, tail_cases[i].msg);
    }
    weir_buf_fini(&in);
}

static void plain_input_passes_when_asked_to_detect(void **state)
{
    static const char *const plain[] = {
        "", "a", "a,b\n1,2\n", "\x1f", "\x1f\x1f\x8b", "\x1fx", "\x8b\x1f", "\n"};
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        in.len = 0;
        weir_buf_adds(&in, plain[i], NULL);
        expect(&in, true, plain[i], strlen(plain[i]), "");
    }
    weir_buf_fini(&in);
}

static void plain_input_is_a_data_error_otherwise(void **state)
{
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    expect(&in, false, NULL, 0, "gunzip: byte 0: empty, no gzip data");
    weir_buf_adds(&in, "\x1f", NULL);
    expect(&in, false, NULL, 0, "gunzip: byte 1: the data end in the header of a member");
    weir_buf_adds(&in, "x", NULL);
    expect(&in, false, NULL, 0, "gunzip: byte 0: no gzip data (1f 8b)");
    weir_buf_fini(&in);
}

static void gunzip_truncated_member_is_data_error(void **state)
{
    struct weir_buf in;
    char msg[100];

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    add_member(&in, "first", 5, false);
    size_t begin = in.len;
    add_member(&in, "a plain text, a plain text, and a plain text", 44, true);
    size_t all = in.len;
    for (in.len = begin + 2; in.len < all; in.len++) {
        snprintf(
            msg, sizeof msg, "gunzip: byte %zu: the data end in the middle of a member", in.len);
        expect(&in, true, NULL, 0, msg);
    }
    weir_buf_fini(&in);
}

static void wrong_checksum_and_length_are_data_errors(void **state)
{
    struct weir_buf in;

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    add_member(&in, "x", 1, false);
    in.p[13] ^= 0x40;
    expect(&in, true, NULL, 0, "gunzip: byte 13: incorrect data check");
    in.p[13] ^= 0x40;
    in.p[20] ^= 1;
    expect(&in, true, NULL, 0, "gunzip: byte 17: incorrect length check");
    weir_buf_fini(&in);
}

/* A flipped bit is found, or hits a header field that says nothing about the data; and where it is
 * found does not depend on the windows. */
static void no_flipped_bit_goes_through_unseen(void **state)
{
    char plain[3000];
    struct weir_buf in, out;
    size_t silent = 0;

    (void)state;
    rnd_seed = 5;
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (char)(i < 50 || rnd(9) == 0 ? 'a' + (int)rnd(26) : plain[i - 1 - rnd(40)]);
    }
    weir_buf_init(&in, WEIR_MIB);
    weir_buf_init(&out, WEIR_MIB);
    add_member(&in, plain, sizeof plain, false);
    for (size_t bit = 16; bit < in.len * 8; bit += 1 + bit / 160 * 5) {
        bool detect = true;
        struct stage_case c = {"gunzip", make_gunzip, &detect, in.p, in.len};
        struct weir_err err = {0};
        uint64_t windows = bit;
        in.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        out.len = 0;
        int rc = stage_run(&c, 0, 0, &windows, &out, &err);
        for (size_t window = 1; window < 5000; window = window * 3 + 1) { /* here or there */
            struct weir_err again = {0};
            size_t len = out.len;
            assert_int_equal(stage_run(&c, window, 5000, &windows, &out, &again), rc);
            assert_string_equal(again.msg, err.msg);
            out.len = len;
        }
        if (rc == 0) {
            assert_true(bit / 8 >= 3 && bit / 8 < 10);
            assert_int_equal(out.len, sizeof plain);
            assert_memory_equal(out.p, plain, sizeof plain);
            silent++;
        } else {
            assert_int_equal(err.code, WEIR_E_DATA);
        }
        in.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(silent < 60); /* the time, the hint, the system, and the text flag */
    weir_buf_fini(&in);
    weir_buf_fini(&out);
}

static void a_bomb_comes_out_a_window_at_a_time(void **state)
{
    const size_t plain_len = 20 * WEIR_MIB;
    uint8_t *plain = calloc(1, plain_len), window[1000];
    struct weir_buf in;
    struct weir_stage stage;
    struct weir_err err = {0};
    size_t total = 0, steps = 0;
    enum weir_step step = WEIR_NEED_OUT;

    (void)state;
    weir_buf_init(&in, 64 * WEIR_MIB);
    add_member(&in, plain, plain_len, false);
    assert_true(in.len < 30000);
    assert_int_equal(weir_gunzip_new(&stage, false, &err), 0);
    struct weir_in w = {in.p, in.len, 0, true};
    while (step == WEIR_NEED_OUT) {
        struct weir_out o = {window, sizeof window, 0};
        step = stage.ops->step(stage.self, &w, &o, &err);
        total += o.pos;
        steps++;
    }
    assert_int_equal(step, WEIR_END);
    assert_int_equal(total, plain_len);
    assert_true(steps >= plain_len / sizeof window);
    weir_stage_free(&stage);
    weir_buf_fini(&in);
    free(plain);
}

static void it_can_be_dropped_in_the_middle(void **state)
{
    struct weir_buf in;
    uint8_t window[4];

    (void)state;
    weir_buf_init(&in, WEIR_MIB);
    add_member(&in, "a plain text", 12, false);
    for (size_t n = 0; n < in.len; n++) {
        struct weir_stage stage;
        struct weir_err err = {0};
        struct weir_in w = {in.p, n, 0, false};
        struct weir_out o = {window, sizeof window, 0};
        assert_int_equal(weir_gunzip_new(&stage, true, &err), 0);
        stage.ops->step(stage.self, &w, &o, &err);
        weir_stage_free(&stage);
    }
    weir_buf_fini(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_in_a_row_are_one_stream),
        cmocka_unit_test(optional_header_fields_are_skipped),
        cmocka_unit_test(zeros_after_the_data_are_padding),
        cmocka_unit_test(other_bytes_after_the_data_are_data_errors),
        cmocka_unit_test(plain_input_passes_when_asked_to_detect),
        cmocka_unit_test(plain_input_is_a_data_error_otherwise),
        cmocka_unit_test(gunzip_truncated_member_is_data_error),
        cmocka_unit_test(wrong_checksum_and_length_are_data_errors),
        cmocka_unit_test(no_flipped_bit_goes_through_unseen),
        cmocka_unit_test(a_bomb_comes_out_a_window_at_a_time),
        cmocka_unit_test(it_can_be_dropped_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
