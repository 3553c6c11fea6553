/*
 * Is what the encoder and the frame make one gzip member that every reader takes, the same each
 * time, and is the stage the same under every window?
 */
#include "codec/deflate.h"
#include "codec/gzip.h"
#include "core/limits.h"
#include "tests/support/rnd.h"
#include "tests/support/stage_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define GZIP_WRAP (16 + MAX_WBITS)

/* Something that compresses, and something that does not. */
static void make_plain(uint8_t *p, size_t len, bool dense)
{
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)(dense || i < 8 || rnd(6) == 0 ? rnd(256) : p[i - 1 - rnd(7)]);
    }
}

/* zlib's own reader: one member, nothing after it. Returns the plain length. */
static size_t unzip(const uint8_t *p, size_t len, int wrap, uint8_t *out, size_t room, int *rc)
{
    z_stream z = {.next_in = (z_const Bytef *)p, .avail_in = (uInt)len};

    assert_int_equal(inflateInit2(&z, wrap), Z_OK);
    z.next_out = out;
    z.avail_out = (uInt)room;
    *rc = inflate(&z, Z_SYNC_FLUSH);
    assert_int_equal(z.avail_in, 0);
    size_t n = room - z.avail_out;
    inflateEnd(&z);
    return n;
}

static void blocks_in_a_frame_are_one_member(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 65536, 0, 1000000, 3, 200000};
    enum { TOTAL = 65536 + 1000000 + 200000 + 11 };
    uint8_t *plain = malloc(TOTAL), *back = malloc(TOTAL + 1);

    (void)state;
    rnd_seed = 1;
    for (int level = 0; level <= 9; level++) {
        struct weir_deflate *deflate = weir_deflate_new(level, NULL);
        struct weir_gzip_frame frame = {0};
        struct weir_buf out;
        size_t at = 0;
        int rc;
        assert_non_null(deflate);
        weir_buf_init(&out, 16 * WEIR_MIB);
        make_plain(plain, TOTAL, level % 2 == 0);
        assert_int_equal(weir_gzip_header(&out, NULL), 0);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct weir_gzip_frame part;
            size_t before = out.len;
            assert_int_equal(
                weir_deflate_block(deflate, plain + at, sizes[i], &out, &part, NULL), 0);
            assert_int_equal(part.total, sizes[i]);
            assert_int_equal(part.crc, crc32(0, plain + at, (uInt)sizes[i]));
            /* each stands alone: raw inflate of this block gives just this block */
            assert_int_equal(
                unzip(out.p + before, out.len - before, -MAX_WBITS, back, TOTAL, &rc), sizes[i]);
            assert_int_equal(rc, sizes[i] > 0 ? Z_OK : Z_BUF_ERROR);
            assert_memory_equal(back, plain + at, sizes[i]);
            weir_gzip_frame_add(&frame, &part);
            at += sizes[i];
        }
        assert_int_equal(weir_gzip_trailer(&out, &frame, NULL), 0);
        assert_int_equal(frame.total, TOTAL);
        assert_int_equal(unzip(out.p, out.len, GZIP_WRAP, back, TOTAL + 1, &rc), TOTAL);
        assert_int_equal(rc, Z_STREAM_END); /* checksum and length were right */
        assert_memory_equal(back, plain, TOTAL);
        weir_buf_fini(&out);
        weir_deflate_free(deflate);
    }
    free(plain);
    free(back);
}

/* Cut at random, with empty pieces and one of a single byte among them, by an encoder that was used
 * before and by a fresh one, from different places in memory. */
static void pieces_of_a_block_are_one_block(void **state)
{
    enum { TOTAL = 700000, MORE = 64 };
    uint8_t *plain = malloc(TOTAL + MORE), *back = calloc(1, TOTAL);
    const int levels[] = {0, 1, 2, 6};

    (void)state;
    rnd_seed = 7;
    for (int round = 0; round < 40; round++) {
        const int level = levels[round % 4];
        struct weir_deflate *encoders[] = {
            weir_deflate_new(level, NULL), weir_deflate_new(level, NULL)};
        const size_t total = round < 12 ? rnd(5) : rnd(TOTAL), widest = 1 + rnd(200000);
        struct weir_gzip_frame parts[2], part;
        struct weir_buf out[2];
        int rc;
        make_plain(plain, total, round % 3 == 0);
        const uint64_t cuts = rnd_seed;
        for (size_t i = 0; i < 2; i++) {
            const size_t shift = i * (1 + rnd(MORE - 1));
            weir_buf_init(&out[i], 16 * WEIR_MIB);
            if (i == 1) {
                assert_int_equal(
                    weir_deflate_block(encoders[1], back, 1000, &out[1], &part, NULL), 0);
                out[1].len = 0;
            }
            memmove(plain + shift, plain, total);
            parts[i] = (struct weir_gzip_frame){0};
            rnd_seed = cuts;
            for (size_t at = 0, n; at < total || at == 0; at += n) {
                n = rnd(4) == 0 ? rnd(2) : rnd((uint32_t)widest);
                n = n < total - at ? n : total - at;
                assert_int_equal(weir_deflate_piece(encoders[i], plain + shift + at, n, false,
                                     &out[i], &parts[i], NULL),
                    0);
                if (total == 0) {
                    break;
                }
            }
            assert_int_equal(
                weir_deflate_piece(encoders[i], plain, 0, true, &out[i], &parts[i], NULL), 0);
            memmove(plain, plain + shift, total);
        }
        assert_int_equal(out[0].len, out[1].len);
        assert_true(total == 0 || memcmp(out[0].p, out[1].p, out[0].len) == 0);
        assert_int_equal(parts[0].total, total);
        assert_int_equal(parts[0].crc, crc32(0, plain, (uInt)total));
        assert_int_equal(unzip(out[0].p, out[0].len, -MAX_WBITS, back, TOTAL, &rc), total);
        assert_int_equal(rc, total > 0 ? Z_OK : Z_BUF_ERROR); /* and it ends on a byte */
        assert_memory_equal(back, plain, total);
        for (size_t i = 0; i < 2; i++) {
            weir_buf_fini(&out[i]);
            weir_deflate_free(encoders[i]);
        }
    }
    free(plain);
    free(back);
}

static void a_member_of_no_blocks_is_the_empty_one(void **state)
{
    static const uint8_t want[] = {
        0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const struct weir_gzip_frame frame = {0};
    struct weir_buf out;

    (void)state;
    weir_buf_init(&out, 100);
    assert_int_equal(weir_gzip_header(&out, NULL), 0);
    assert_int_equal(weir_gzip_trailer(&out, &frame, NULL), 0);
    assert_int_equal(out.len, sizeof want);
    assert_memory_equal(out.p, want, sizeof want);
    weir_buf_fini(&out);
}

static void a_length_beyond_4_gib_is_kept_modulo(void **state)
{
    struct weir_gzip_frame frame = {0};
    const struct weir_gzip_frame part = {.crc = 0x12345678, .total = ((uint64_t)1 << 32) + 5};
    struct weir_buf out;

    (void)state;
    weir_gzip_frame_add(&frame, &part); /* to nothing: the checksum is the part's */
    assert_int_equal(frame.crc, part.crc);
    weir_buf_init(&out, 100);
    assert_int_equal(weir_gzip_trailer(&out, &frame, NULL), 0);
    assert_memory_equal(out.p + 2, "\x78\x56\x34\x12\x05\0\0\0", 8);
    weir_buf_fini(&out);
}

/* Nor on how much room there happens to be, which an encoder may choose by. */
static void blocks_do_not_depend_on_earlier_ones(void **state)
{
    static uint8_t plain[100000];
    struct weir_deflate *used = weir_deflate_new(1, NULL), *fresh = NULL;
    struct weir_gzip_frame part;
    struct weir_buf a, b;

    (void)state;
    rnd_seed = 2;
    weir_buf_init(&a, WEIR_MIB);
    weir_buf_init(&b, WEIR_MIB);
    for (int i = 0; i < 20; i++) {
        make_plain(plain, sizeof plain, i % 2 == 1);
        weir_buf_fini(&b);
        weir_buf_reserve(&b, 1 + rnd(WEIR_MIB), NULL);
        a.len = b.len = 0;
        size_t len = 1 + rnd(sizeof plain);
        fresh = weir_deflate_new(1, NULL);
        assert_int_equal(weir_deflate_block(used, plain, len, &a, &part, NULL), 0);
        assert_int_equal(weir_deflate_block(fresh, plain, len, &b, &part, NULL), 0);
        assert_int_equal(a.len, b.len);
        assert_memory_equal(a.p, b.p, a.len);
        weir_deflate_free(fresh);
    }
    weir_buf_fini(&a);
    weir_buf_fini(&b);
    weir_deflate_free(used);
}

/*
 * An engine that took a part of its own address for data (ISA-L on x86, see codec/deflate.c) shows
 * it where a block's third to sixth byte come again and their hash is that of the address: one
 * block in 8,192 for one encoder. So: many blocks of different bytes, and many encoders at once,
 * each at a place of its own.
 */
static void blocks_do_not_depend_on_where_their_encoder_lies(void **state)
{
    enum { ENCODERS = 80, BLOCKS = 640, LEN = 64 };
    static uint8_t plain[BLOCKS][LEN];
    struct weir_deflate *encoders[ENCODERS];
    struct weir_gzip_frame part;
    struct weir_buf want, got;

    (void)state;
    rnd_seed = 5;
    weir_buf_init(&want, WEIR_MIB);
    weir_buf_init(&got, WEIR_MIB);
    for (size_t i = 0; i < BLOCKS; i++) {
        make_plain(plain[i], LEN, true);
        memcpy(plain[i] + LEN / 2, plain[i] + 2, 8);
    }
    for (int level = 1; level <= 3; level += 2) {
        for (size_t k = 0; k < ENCODERS; k++) {
            encoders[k] = weir_deflate_new(level, NULL);
            assert_non_null(encoders[k]);
        }
        for (size_t i = 0; i < BLOCKS; i++) {
            want.len = 0;
            assert_int_equal(weir_deflate_block(encoders[0], plain[i], LEN, &want, &part, NULL), 0);
            for (size_t k = 1; k < ENCODERS; k++) {
                got.len = 0;
                assert_int_equal(
                    weir_deflate_block(encoders[k], plain[i], LEN, &got, &part, NULL), 0);
                assert_int_equal(got.len, want.len);
                assert_memory_equal(got.p, want.p, want.len);
            }
        }
        for (size_t k = 0; k < ENCODERS; k++) {
            weir_deflate_free(encoders[k]);
        }
    }
    weir_buf_fini(&want);
    weir_buf_fini(&got);
}

/* Whatever room the output has left when it grows, the block is whole or refused. */
static void a_full_buffer_is_a_limit_and_is_cut_back(void **state)
{
    static uint8_t plain[3000], back[4000];
    struct weir_deflate *deflate = weir_deflate_new(1, NULL);
    struct weir_gzip_frame part;
    size_t refused = 0, whole = 0;

    (void)state;
    rnd_seed = 3;
    make_plain(plain, sizeof plain, true);
    for (size_t max = 4; max<3200; max += max> 2950 && max < 3050 ? 1 : 17) {
        struct weir_buf out;
        struct weir_err err = {0};
        int rc;
        weir_buf_init(&out, max);
        assert_int_equal(weir_buf_adds(&out, "abc", NULL), 0);
        if (weir_deflate_block(deflate, plain, sizeof plain, &out, &part, &err) != 0) {
            assert_int_equal(err.code, WEIR_E_LIMIT);
            assert_int_equal(out.len, 3);
            refused++;
        } else {
            assert_int_equal(
                unzip(out.p + 3, out.len - 3, -MAX_WBITS, back, sizeof back, &rc), sizeof plain);
            assert_memory_equal(back, plain, sizeof plain);
            whole++;
        }
        assert_memory_equal(out.p, "abc", 3);
        weir_buf_fini(&out);
    }
    assert_true(refused > 0 && whole > 0);
    weir_deflate_free(deflate);
}

static void levels_out_of_range_are_refused(void **state)
{
    static const int levels[] = {-1, 10, 99};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct weir_err err = {0};
        struct weir_stage stage = {0};
        assert_null(weir_deflate_new(levels[i], &err));
        assert_int_equal(err.code, WEIR_E_CONFIG);
        err.code = WEIR_OK;
        assert_int_equal(weir_gzip_new(levels[i], NULL, &stage, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
        assert_null(stage.ops);
    }
    weir_deflate_free(NULL);
}

/* ---- the stage ---- */

static int make_gzip(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    return weir_gzip_new(*(int *)ctx, NULL, ret, err);
}

static void the_stage_makes_one_member_under_every_window(void **state)
{
    static const size_t sizes[] = {0, 1, 400, 100000};
    static uint8_t plain[100000], back[100001];

    (void)state;
    rnd_seed = 4;
    for (int level = 0; level <= 9; level += 3) {
        for (size_t i = 0; i < 4; i++) {
            struct weir_buf out;
            struct weir_err err = {0};
            uint64_t windows = 1;
            int rc;
            make_plain(plain, sizes[i], i == 2);
            struct stage_case c = {"gzip", make_gzip, &level, plain, sizes[i]};
            if (sizes[i] < 1000) { /* hundreds of runs: small ones */
                stage_check(&c);
            }
            weir_buf_init(&out, WEIR_MIB);
            assert_int_equal(stage_run(&c, 0, 0, &windows, &out, &err), 0);
            assert_int_equal(unzip(out.p, out.len, GZIP_WRAP, back, sizeof back, &rc), sizes[i]);
            assert_int_equal(rc, Z_STREAM_END);
            assert_true(sizes[i] == 0 || memcmp(back, plain, sizes[i]) == 0);
            assert_memory_equal(out.p, "\x1f\x8b\x08\x00\x00\x00\x00\x00", 8);
            assert_int_equal(out.p[9], 255);
            weir_buf_fini(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_in_a_frame_are_one_member),
        cmocka_unit_test(pieces_of_a_block_are_one_block),
        cmocka_unit_test(a_member_of_no_blocks_is_the_empty_one),
        cmocka_unit_test(a_length_beyond_4_gib_is_kept_modulo),
        cmocka_unit_test(blocks_do_not_depend_on_earlier_ones),
        cmocka_unit_test(blocks_do_not_depend_on_where_their_encoder_lies),
        cmocka_unit_test(a_full_buffer_is_a_limit_and_is_cut_back),
        cmocka_unit_test(levels_out_of_range_are_refused),
        cmocka_unit_test(the_stage_makes_one_member_under_every_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
