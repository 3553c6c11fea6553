/*
 * Is the archive what APPNOTE.TXT says, is it the same under every window and number of threads,
 * and are names that an unpacker must not see refused? What other programs read of it:
 * tests/integ/170-zip.sh.
 */
#include "codec/zip.h"
#include "codec/zip_format.h"
#include "core/limits.h"
#include "net/loop.h"
#include "net/threads.h"
#include "tests/support/memory_ends.h"
#include "tests/support/stage_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define MTIME 1700000000 /* 2023-11-14 22:13:20 UTC */

/* ---- a reader, by the central directory and then by the stream ---- */

static uint64_t get(const uint8_t *p, int bytes)
{
    uint64_t v = 0;

    for (int i = 0; i < bytes; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

struct seen {
    char name[64];
    uint64_t flags, crc, compressed, bytes, mode;
    uint8_t *plain;
};

/* Inflate the data of a local header at p, and check the descriptor behind it. */
static size_t read_local(const uint8_t *p, struct seen *s, bool zip64)
{
    assert_int_equal(get(p, 4), 0x04034b50);
    assert_int_equal(get(p + 4, 2), zip64 ? 45 : 20);
    assert_int_equal(get(p + 6, 2), s->flags);
    assert_int_equal(get(p + 8, 2), 8);
    assert_int_equal(get(p + 10, 4), 0x576e << 16 | 22 << 11 | 13 << 5 | 10);
    assert_int_equal(get(p + 14, 4), 0);
    assert_int_equal(get(p + 18, 4), zip64 ? 0xffffffff : 0);
    assert_int_equal(get(p + 22, 4), zip64 ? 0xffffffff : 0);
    const size_t name_len = get(p + 26, 2), extra_len = get(p + 28, 2);
    assert_int_equal(name_len, strlen(s->name));
    assert_memory_equal(p + 30, s->name, name_len);
    const uint8_t *extra = p + 30 + name_len;
    if (zip64) {
        assert_int_equal(get(extra, 2), 1);
        assert_int_equal(get(extra + 2, 2), 16);
        extra += 20;
    }
    assert_memory_equal(extra, "UT\x05\x00\x01\x00\xf1\x53\x65", 9);
    const uint8_t *data = p + 30 + name_len + extra_len;
    s->plain = malloc(s->bytes + 1);
    z_stream z = {.next_in = (z_const Bytef *)data, .avail_in = (uInt)s->compressed};
    assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
    z.next_out = s->plain;
    z.avail_out = (uInt)s->bytes + 1;
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, s->bytes);
    inflateEnd(&z);
    assert_int_equal(crc32(0, s->plain, (uInt)s->bytes), s->crc);
    const uint8_t *d = data + s->compressed;
    assert_int_equal(get(d, 4), 0x08074b50);
    assert_int_equal(get(d + 4, 4), s->crc);
    assert_int_equal(get(d + 8, zip64 ? 8 : 4), s->compressed);
    assert_int_equal(get(d + (zip64 ? 16 : 12), zip64 ? 8 : 4), s->bytes);
    return (size_t)(d - p) + (zip64 ? 24 : 16);
}

/* Returns how many entries there are; every byte of the archive must belong to one of its parts. */
static size_t read_zip(const uint8_t *p, size_t len, struct seen *seen, size_t max, bool zip64)
{
    const uint8_t *end = p + len - 22;
    size_t at = 0;

    assert_int_equal(get(end, 4), 0x06054b50);
    const size_t n = get(end + 8, 2), directory_len = get(end + 12, 4);
    const size_t directory = get(end + 16, 4);
    assert_int_equal(get(end + 10, 2), n);
    assert_int_equal(directory + directory_len + 22, len);
    assert_true(n <= max);
    const uint8_t *c = p + directory;
    for (size_t i = 0; i < n; i++) {
        struct seen *s = &seen[i];
        assert_int_equal(get(c, 4), 0x02014b50);
        assert_int_equal(get(c + 4, 2), 3 << 8 | 45);
        s->flags = get(c + 8, 2);
        s->crc = get(c + 16, 4);
        s->compressed = get(c + 20, 4);
        s->bytes = get(c + 24, 4);
        s->mode = get(c + 38, 4) >> 16;
        assert_int_equal(get(c + 42, 4), at);
        snprintf(s->name, sizeof s->name, "%.*s", (int)get(c + 28, 2), (const char *)c + 46);
        at += read_local(p + at, s, zip64);
        c += 46 + get(c + 28, 2) + get(c + 30, 2);
    }
    assert_int_equal(at, directory);
    assert_ptr_equal(c, end);
    return n;
}

/* ---- the writer under test ---- */

struct made {
    const size_t *sizes; /* of the entries */
    size_t n;
    struct weir_zip_opts opts;
    struct weir_zip *zip;
    size_t done;
};

static int on_entry(void *ctx, const struct weir_zip_done *done, struct weir_err *err)
{
    struct made *m = ctx;

    (void)err;
    assert_int_equal(done->bytes, m->sizes[m->done]);
    m->done++;
    return 0;
}

static int make(void *ctx, struct weir_stage *ret, struct weir_err *err)
{
    struct made *m = ctx;
    uint64_t at = 0;
    char name[32];

    weir_zip_free(m->zip);
    m->done = 0;
    m->opts.on_entry = on_entry;
    m->opts.ctx = m;
    m->zip = weir_zip_new(&m->opts, err);
    assert_non_null(m->zip);
    for (size_t i = 0; i < m->n; i++) {
        snprintf(name, sizeof name, i == 1 ? "d/\xc3\xbc%zu" : "d/e%zu", i);
        const struct weir_zip_entry e = {name, MTIME, i == 2 ? 0755 : 0};
        assert_int_equal(weir_zip_begin(m->zip, at, &e, err), 0);
        at += m->sizes[i];
    }
    return weir_zip_stage(m->zip, ret, err);
}

static uint8_t *make_plain(size_t len)
{
    uint8_t *p = malloc(len + 1);

    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)("some text, "[i % 11] + (i / 1000 % 7 == 0));
    }
    return p;
}

static size_t sum(const size_t *sizes, size_t n)
{
    size_t total = 0;

    for (size_t i = 0; i < n; i++) {
        total += sizes[i];
    }
    return total;
}

static const struct {
    size_t sizes[6];
    size_t n;
} layouts[] = {
    {{0}, 0},
    {{0}, 1},
    {{5}, 1},
    {{0, 0, 0}, 3},
    {{0, 10, 0, 0, 20, 0}, 6},
    {{WEIR_ZIP_BLOCK_BYTES, 1, 2 * WEIR_ZIP_BLOCK_BYTES + 7, 0, 100}, 5},
};

static void entries_are_read_back_whatever_their_sizes(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof layouts / sizeof *layouts; k++) {
        for (int zip64 = 0; zip64 <= 1; zip64++) {
            struct made m = {.sizes = layouts[k].sizes, .n = layouts[k].n};
            struct seen seen[8] = {{.name = ""}};
            struct weir_buf out;
            struct weir_err err = {0};
            uint64_t seed = 1;
            size_t total = sum(m.sizes, m.n), at = 0;
            uint8_t *plain = make_plain(total);
            m.opts.level = zip64 == 0 ? 1 : 6;
            m.opts.zip64_always = zip64 == 1;
            const struct stage_case c = {"zip", make, &m, plain, total};
            weir_buf_init(&out, 4 * WEIR_MIB);
            assert_int_equal(stage_run(&c, 0, 0, &seed, &out, &err), 0);
            assert_int_equal(m.done, m.n);
            assert_int_equal(read_zip(out.p, out.len, seen, 8, zip64 == 1), m.n);
            for (size_t i = 0; i < m.n; i++) {
                assert_int_equal(seen[i].bytes, m.sizes[i]);
                assert_int_equal(seen[i].flags, i == 1 ? 0x0808 : 0x0008); /* UTF-8 */
                assert_int_equal(seen[i].mode, 0100000 | (i == 2 ? 0755 : 0644));
                assert_memory_equal(seen[i].plain, plain + at, m.sizes[i]);
                at += m.sizes[i];
                free(seen[i].plain);
            }
            if (total < 1000) {
                stage_check(&c);
            }
            weir_zip_free(m.zip);
            weir_buf_fini(&out);
            free(plain);
        }
    }
}

static void threads_do_not_change_a_byte(void **state)
{
    static const size_t sizes[] = {3 * 1024 * 1024 + 17, 40, 1024 * 1024, 0, 300000};
    const size_t total = sum(sizes, 5);
    uint8_t *plain = make_plain(total);
    struct weir_buf first;

    (void)state;
    weir_buf_init(&first, 8 * WEIR_MIB);
    for (size_t threads = 1; threads <= 4; threads++) {
        struct weir_loop *loop = weir_loop_new(NULL);
        struct weir_threads *working = weir_threads_new(loop, threads, NULL);
        struct made m = {.sizes = sizes, .n = 5};
        struct memory_source source = {.in = plain, .len = total};
        struct memory_sink sink = {.published = false};
        struct weir_err err = {0};
        weir_buf_init(&sink.got, 8 * WEIR_MIB);
        m.opts.level = 1;
        m.opts.workers = weir_threads_workers(working);
        struct weir_stage stages[3] = {memory_source(&source), {0}, memory_sink(&sink)};
        assert_int_equal(make(&m, &stages[1], &err), 0);
        struct weir_pipe *pipe = weir_pipe_new(0, stages, 3, &err);
        assert_int_equal(weir_loop_run(loop, pipe, &err), 0);
        if (threads == 1) {
            assert_int_equal(weir_buf_add(&first, sink.got.p, sink.got.len, NULL), 0);
        }
        assert_int_equal(sink.got.len, first.len);
        assert_memory_equal(sink.got.p, first.p, first.len);
        weir_pipe_free(pipe);
        weir_zip_free(m.zip);
        weir_threads_free(working);
        weir_loop_free(loop);
        weir_buf_fini(&sink.got);
    }
    weir_buf_fini(&first);
    free(plain);
}

/* ---- sizes that no unit test can write ---- */

static void numbers_beyond_32_bits_go_into_zip64_fields(void **state)
{
    static const struct {
        uint64_t bytes, compressed, offset;
        size_t descriptor, extra; /* bytes of the descriptor, of the ZIP64 field's data */
    } cases[] = {
        {0xfffffffe, 0xfffffffe, 0xfffffffe, 16, 0},
        {0xffffffff, 1000, 0, 16, 8}, /* 4 GiB - 1 is the mark itself, but not in a descriptor */
        {0x100000001, 1000, 0, 24, 8},
        {0x100000001, 0x100000010, 0x200000000, 24, 24},
        {10, 10, 0xffffffff, 16, 8},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct weir_zip_record r = {.name = "n",
            .name_len = 1,
            .mtime_s = MTIME,
            .mode = 0644,
            .crc = 0x01020304,
            .bytes = cases[i].bytes,
            .compressed = cases[i].compressed,
            .offset = cases[i].offset};
        struct weir_buf d, c;
        weir_buf_init(&d, 100);
        weir_buf_init(&c, 200);
        assert_int_equal(weir_zip_put_descriptor(&d, &r, NULL), 0);
        assert_int_equal(d.len, cases[i].descriptor);
        int width = d.len == 16 ? 4 : 8;
        assert_int_equal(get(d.p + 8, width), cases[i].compressed);
        assert_int_equal(get(d.p + 8 + width, width), cases[i].bytes);
        assert_int_equal(weir_zip_put_central(&c, &r, NULL), 0);
        const size_t wide = cases[i].extra;
        assert_int_equal(c.len, 46 + 1 + 9 + (wide > 0 ? wide + 4 : 0));
        assert_int_equal(get(c.p + 6, 2), wide > 0 ? 45 : 20);
        const uint8_t *field = c.p + 47 + 4;
        if (wide > 0) {
            assert_int_equal(get(c.p + 47, 2), 1);
            assert_int_equal(get(c.p + 49, 2), wide);
        }
        const uint64_t numbers[] = {cases[i].bytes, cases[i].compressed, cases[i].offset};
        const size_t places[] = {24, 20, 42};
        for (size_t k = 0; k < 3; k++) {
            bool beyond = numbers[k] >= 0xffffffff;
            assert_int_equal(get(c.p + places[k], 4), beyond ? 0xffffffff : numbers[k]);
            if (beyond) {
                assert_int_equal(get(field, 8), numbers[k]);
                field += 8;
            }
        }
        weir_buf_fini(&d);
        weir_buf_fini(&c);
    }
}

static void a_directory_that_is_large_or_far_has_a_zip64_end(void **state)
{
    static const struct {
        uint64_t entries, offset, bytes;
        bool zip64;
    } cases[] = {
        {0xfffe, 1000, 2000, false},
        {0xffff, 1000, 2000, true},
        {70000, 1000, 2000, true},
        {1, 0xfffffffe, 10, false},
        {1, 0xffffffff, 10, true},
        {1, 9000000000, 10, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct weir_buf b;
        weir_buf_init(&b, 200);
        assert_int_equal(
            weir_zip_put_end(&b, cases[i].entries, cases[i].offset, cases[i].bytes, NULL), 0);
        const uint8_t *end = b.p + b.len - 22;
        assert_int_equal(get(end, 4), 0x06054b50);
        assert_int_equal(b.len, cases[i].zip64 ? 56 + 20 + 22 : 22);
        if (cases[i].zip64) {
            assert_int_equal(get(b.p, 4), 0x06064b50);
            assert_int_equal(get(b.p + 32, 8), cases[i].entries);
            assert_int_equal(get(b.p + 40, 8), cases[i].bytes);
            assert_int_equal(get(b.p + 48, 8), cases[i].offset);
            assert_int_equal(get(b.p + 56, 4), 0x07064b50);
            assert_int_equal(get(b.p + 64, 8), cases[i].offset + cases[i].bytes);
        }
        weir_buf_fini(&b);
    }
}

static void times_that_ms_dos_does_not_know_are_its_nearest(void **state)
{
    static const struct {
        int64_t mtime_s;
        uint64_t dos;
        size_t extra; /* without the field when 32 bits do not hold the time */
    } cases[] = {
        {0, 1 << 21 | 1 << 16, 9},
        {MTIME, 0x576e << 16 | 22 << 11 | 13 << 5 | 10, 9},
        {INT64_C(5000000000), 127u << 25 | 12u << 21 | 31u << 16, 0},
        {INT64_MAX, 1 << 21 | 1 << 16, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct weir_zip_record r = {
            .name = "n", .name_len = 1, .mtime_s = cases[i].mtime_s, .mode = 0644};
        struct weir_buf b;
        weir_buf_init(&b, 200);
        assert_int_equal(weir_zip_put_local(&b, &r, NULL), 0);
        assert_int_equal(get(b.p + 10, 4), cases[i].dos);
        assert_int_equal(b.len, 31 + cases[i].extra);
        weir_buf_fini(&b);
    }
}

/* ---- what is refused ---- */

static void names_that_lead_elsewhere_are_refused(void **state)
{
    static const char *const good[] = {"a", "a/b.c", ".hidden", "a..b", "...", "\xe6\x97\xa5", "-"};
    static const char *const bad[] = {"", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..",
        "a/./b", "a\\b", "a\nb", "a\x7f", "\xff", "a\xc3", "C:/x", "c:x", "Z:"};
    char *longest = calloc(1, WEIR_ZIP_NAME_MAX_BYTES + 2);

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_zip_name_check(good[i], &err), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_zip_name_check(bad[i], &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
    memset(longest, 'a', WEIR_ZIP_NAME_MAX_BYTES);
    assert_int_equal(weir_zip_name_check(longest, NULL), 0);
    longest[WEIR_ZIP_NAME_MAX_BYTES] = 'a';
    assert_int_equal(weir_zip_name_check(longest, NULL), -1);
    free(longest);
}

static void entries_and_names_have_ceilings(void **state)
{
    const struct weir_zip_opts opts = {.level = 1};
    struct weir_zip *zip = weir_zip_new(&opts, NULL);
    const struct weir_zip_entry e = {"n", MTIME, 0};
    struct weir_err err = {0};

    (void)state;
    for (size_t i = 0; i < WEIR_ZIP_ENTRIES_MAX; i++) {
        if (weir_zip_begin(zip, 0, &e, &err) != 0) {
            fail_msg("entry %zu: %s", i, err.msg);
        }
    }
    assert_int_equal(weir_zip_begin(zip, 0, &e, &err), -1);
    assert_int_equal(err.code, WEIR_E_LIMIT);
    weir_zip_free(zip);
    weir_zip_free(NULL);
}

static void bytes_of_no_entry_and_levels_out_of_range_are_errors(void **state)
{
    struct made m = {.n = 0};
    struct weir_buf out;
    struct weir_err err = {0};
    uint64_t seed = 1;
    const struct stage_case c = {"zip", make, &m, (const uint8_t *)"x", 1};
    struct weir_stage stage = {0};

    (void)state;
    weir_buf_init(&out, 4096);
    m.opts.level = 1;
    assert_int_equal(stage_run(&c, 0, 0, &seed, &out, &err), -1);
    assert_int_equal(err.code, WEIR_E_BUG);
    err.code = WEIR_OK;
    m.opts.level = 10;
    assert_int_equal(make(&m, &stage, &err), -1);
    assert_int_equal(err.code, WEIR_E_CONFIG);
    weir_zip_free(m.zip);
    weir_buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_read_back_whatever_their_sizes),
        cmocka_unit_test(threads_do_not_change_a_byte),
        cmocka_unit_test(numbers_beyond_32_bits_go_into_zip64_fields),
        cmocka_unit_test(a_directory_that_is_large_or_far_has_a_zip64_end),
        cmocka_unit_test(times_that_ms_dos_does_not_know_are_its_nearest),
        cmocka_unit_test(names_that_lead_elsewhere_are_refused),
        cmocka_unit_test(entries_and_names_have_ceilings),
        cmocka_unit_test(bytes_of_no_entry_and_levels_out_of_range_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
