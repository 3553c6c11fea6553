#include "core/utf8.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

static uint64_t load8(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return w;
}

/* The first byte at or after i that is not ASCII, or len. */
static size_t skip_ascii(const uint8_t *s, size_t i, size_t len)
{
    while (len - i >= 32) {
        uint64_t w = load8(s + i) | load8(s + i + 8) | load8(s + i + 16) | load8(s + i + 24);
        if ((w & HIGH_BITS) != 0) {
            break;
        }
        i += 32;
    }
    for (; len - i >= 8; i += 8) {
        uint64_t high = le64toh(load8(s + i)) & HIGH_BITS;
        if (high != 0) {
            return i + (size_t)__builtin_ctzll(high) / 8;
        }
    }
    while (i < len && s[i] < 0x80) {
        i++;
    }
    return i;
}

static bool tail(uint8_t c)
{
    return (c & 0xC0) == 0x80;
}

/* The length of the sequence at s, of which there are n >= 1 bytes; 0 when it is not valid. RFC
 * 3629, section 4. */
static size_t sequence(const uint8_t *s, size_t n)
{
    uint8_t c = s[0];

    if (c < 0x80) {
        return 1;
    }
    if (c >= 0xC2 && c <= 0xDF) {
        return n >= 2 && tail(s[1]) ? 2 : 0;
    }
    if (c >= 0xE0 && c <= 0xEF) {
        uint8_t low = c == 0xE0 ? 0xA0 : 0x80;
        uint8_t high = c == 0xED ? 0x9F : 0xBF;
        return n >= 3 && s[1] >= low && s[1] <= high && tail(s[2]) ? 3 : 0;
    }
    if (c >= 0xF0 && c <= 0xF4) {
        uint8_t low = c == 0xF0 ? 0x90 : 0x80;
        uint8_t high = c == 0xF4 ? 0x8F : 0xBF;
        return n >= 4 && s[1] >= low && s[1] <= high && tail(s[2]) && tail(s[3]) ? 4 : 0;
    }
    return 0;
}

size_t weir_utf8_check(const char *p, size_t len)
{
    const uint8_t *s = (const uint8_t *)p;
    size_t i = 0;

    for (;;) {
        i = skip_ascii(s, i, len);
        /* Text that is not ASCII comes in runs: stay here while it lasts. */
        while (i < len && s[i] >= 0x80) {
            size_t n = sequence(s + i, len - i);
            if (n == 0) {
                return i;
            }
            i += n;
        }
        if (i == len) {
            return len;
        }
    }
}

size_t weir_utf8_count(const char *p, size_t len)
{
    const uint8_t *s = (const uint8_t *)p;
    size_t i = 0, tails = 0;

    for (; len - i >= 8; i += 8) {
        uint64_t w = load8(s + i);
        /* A tail byte is 10xxxxxx: bit 7 set and bit 6 clear. */
        uint64_t t = (w >> 7) & (~w >> 6) & LOW_BITS;
        tails += (size_t)__builtin_popcountll(t);
    }
    for (; i < len; i++) {
        tails += tail(s[i]);
    }
    return len - tails;
}

size_t weir_utf8_cut(const char *p, size_t len, size_t max)
{
    size_t n = len < max ? len : max;

    if (n < len) {
        while (n > 0 && tail((uint8_t)p[n])) {
            n--;
        }
    }
    return n;
}

size_t weir_utf8_get(const char *p, uint32_t *cp)
{
    const uint8_t *s = (const uint8_t *)p;

    if (s[0] < 0x80) {
        *cp = s[0];
        return 1;
    }
    if (s[0] < 0xE0) {
        *cp = (s[0] & 0x1FU) << 6 | (s[1] & 0x3FU);
        return 2;
    }
    if (s[0] < 0xF0) {
        *cp = (s[0] & 0x0FU) << 12 | (s[1] & 0x3FU) << 6 | (s[2] & 0x3FU);
        return 3;
    }
    *cp = (s[0] & 0x07U) << 18 | (s[1] & 0x3FU) << 12 | (s[2] & 0x3FU) << 6 | (s[3] & 0x3FU);
    return 4;
}

size_t weir_utf8_put(uint32_t cp, char out[4])
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}
