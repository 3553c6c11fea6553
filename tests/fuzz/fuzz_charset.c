/*
 * The decoder of other encodings on any bytes, in each of them: what comes out is what a decoder
 * without windows makes of it, whatever the windows are, and so are the end and the error.
 */
#include "codec/charset.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "tests/fuzz/windows.h"

#define OUT_MAX_BYTES (1 * WEIR_MIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t cp1252[] = {0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D,
    0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E, 0x178};

/* A code point, or half a pair, which weir_utf8_put does not know. */
static void put(struct weir_buf *out, uint32_t cp)
{
    char text[4] = {
        (char)(0xE0 | cp >> 12), (char)(0x80 | (cp >> 6 & 0x3F)), (char)(0x80 | (cp & 0x3F))};
    size_t n = cp >= 0xD800 && cp <= 0xDFFF ? 3 : weir_utf8_put(cp, text);

    must(weir_buf_add(out, text, n, NULL) == 0);
}

/* Returns false where the text ends within a unit. */
static bool decode_utf16(const uint8_t *p, size_t len, bool big, struct weir_buf *out)
{
    for (size_t i = 0; i + 2 <= len; i += 2) {
        uint32_t cp = (uint32_t)p[i + !big] << 8 | p[i + big];
        if (cp >= 0xD800 && cp <= 0xDBFF && i + 4 <= len) {
            uint32_t low = (uint32_t)p[i + 2 + !big] << 8 | p[i + 2 + big];
            if (low >= 0xDC00 && low <= 0xDFFF) {
                cp = 0x10000 + ((cp - 0xD800) << 10 | (low - 0xDC00));
                i += 2;
            }
        }
        put(out, cp);
    }
    return len % 2 == 0;
}

/* Returns whether the text can be read. */
static bool decode(enum weir_charset charset, const uint8_t *p, size_t len, struct weir_buf *out)
{
    const bool looks = charset == WEIR_CHARSET_AUTO || charset == WEIR_CHARSET_UTF16;
    const bool be = len >= 2 && p[0] == 0xFE && p[1] == 0xFF;
    const bool le = len >= 2 && p[0] == 0xFF && p[1] == 0xFE;

    if (looks && len >= 4 &&
        (memcmp(p, "\xFF\xFE\0\0", 4) == 0 || memcmp(p, "\0\0\xFE\xFF", 4) == 0)) {
        return false; /* UTF-32 */
    }
    if (charset == WEIR_CHARSET_UTF16BE || (looks && be)) {
        return decode_utf16(p, len, true, out);
    }
    if (charset == WEIR_CHARSET_UTF16LE || charset == WEIR_CHARSET_UTF16 || (looks && le)) {
        return decode_utf16(p, len, false, out);
    }
    for (size_t i = 0; i < len; i++) {
        if (charset == WEIR_CHARSET_AUTO) {
            must(weir_buf_add(out, p + i, 1, NULL) == 0);
        } else {
            const bool holes = charset == WEIR_CHARSET_CP1252 && p[i] >= 0x80 && p[i] < 0xA0;
            put(out, holes ? cp1252[p[i] - 0x80] : p[i]);
        }
    }
    return true;
}

static void check(enum weir_charset charset, const uint8_t *data, size_t size, uint64_t seed,
    size_t max, const struct weir_buf *want, bool good)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_stage stage;
    struct weir_buf got;

    weir_buf_init(&got, OUT_MAX_BYTES);
    must(weir_charset_new(charset, &stage, &err) == 0);
    enum weir_step step = run_stage(stage, data, size, seed, max, OUT_MAX_BYTES, &got, &err);
    must(step == (good ? WEIR_END : WEIR_FAIL) && (good || err.code == WEIR_E_DATA));
    must(good ? got.len == want->len : got.len <= want->len);
    must(got.len == 0 || memcmp(got.p, want->p, got.len) == 0);
    weir_buf_fini(&got);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_buf want;

    if (size < 2 || size > 65536) {
        return 0;
    }
    const enum weir_charset charset =
        (enum weir_charset)(WEIR_CHARSET_AUTO + data[0] % (WEIR_CHARSETS - WEIR_CHARSET_AUTO));
    const uint64_t seed = data[1];
    data += 2;
    size -= 2;
    weir_buf_init(&want, OUT_MAX_BYTES);
    const bool good = decode(charset, data, size, &want);
    check(charset, data, size, seed, 100000, &want, good);
    check(charset, data, size, seed, 9, &want, good);
    check(charset, data, size, seed, 1, &want, good);
    weir_buf_fini(&want);
    return 0;
}
