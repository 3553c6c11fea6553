#include "json/quote.h"

#include "core/utf8.h"

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PIECE_BYTES 1024

static char *put(char *to, const void *p, size_t n)
{
    memcpy(to, p, n);
    return to + n;
}

static char *put_escape(char *to, unsigned char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt",
                      hex[] = "0123456789abcdef";
    const char *at = c != 0 ? strchr(plain, c) : NULL;

    *to++ = '\\';
    if (at != NULL) {
        *to++ = letter[at - plain];
        return to;
    }
    to = put(to, "u00", 3);
    *to++ = hex[c >> 4];
    *to++ = hex[c & 15];
    return to;
}

static bool stands_for_itself(char c)
{
    return (unsigned char)c >= 0x20 && c != '"' && c != '\\' && c != 0x7F;
}

/* Valid UTF-8, run by run. */
static char *put_valid(char *to, const char *p, size_t len)
{
    while (len > 0) {
        size_t n = 0;
        while (n < len && stands_for_itself(p[n])) {
            n++;
        }
        to = n > 0 ? put(to, p, n) : put_escape(to, (unsigned char)p[0]);
        n = n > 0 ? n : 1;
        p += n;
        len -= n;
    }
    return to;
}

/* Any bytes, without the quotes around them. */
static char *put_text(char *to, const char *p, size_t len)
{
    if (len > 0 && weir_json_is_plain(p, len, NULL)) { /* as most are; it looks at all of it */
        return put(to, p, len);
    }
    while (len > 0) {
        size_t n = weir_utf8_check(p, len);
        to = put_valid(to, p, n);
        if (n < len) {
            to = put(to, WEIR_UTF8_REPLACEMENT, sizeof WEIR_UTF8_REPLACEMENT - 1);
            n++;
        }
        p += n;
        len -= n;
    }
    return to;
}

char *weir_json_quote_at(char *to, const char *p, size_t len)
{
    *to++ = '"';
    to = put_text(to, p, len);
    *to++ = '"';
    return to;
}

int weir_json_quote_long(
    struct weir_buf *to, struct weir_str s, weir_buf_drain *drain, void *ctx, struct weir_err *err)
{
    int rc = weir_buf_adds(to, "\"", err);

    /* So the room asked for is not six times that of a long text. */
    while (rc == 0 && s.len > 0) {
        size_t n = s.len < PIECE_BYTES ? s.len : PIECE_BYTES;
        for (int back = 0; n < s.len && back < 3 && ((unsigned char)s.p[n] & 0xC0) == 0x80;
             back++) {
            n--; /* not in the middle of a character */
        }
        uint8_t *at = weir_buf_reserve(to, 6 * n, err);
        if (at == NULL) {
            return -1;
        }
        to->len += (size_t)(put_text((char *)at, s.p, n) - (char *)at);
        s.p += n;
        s.len -= n;
        rc = drain != NULL ? drain(ctx, err) : 0;
    }
    return rc != 0 ? -1 : weir_buf_adds(to, "\"", err);
}

int weir_json_quote(struct weir_buf *to, const char *text, struct weir_err *err)
{
    return weir_json_quote_long(to, weir_str_of(text), NULL, NULL, err);
}

bool weir_json_is_plain(const char *p, size_t len, size_t *quotes)
{
    size_t n = 0, i = 0;
    bool plain = true;

#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128();
    __m128i any = zero, sum = zero;
    while (i + 16 <= len) {
        __m128i found = zero; /* a count per column of bytes, which holds 255 */
        for (size_t rows = 0; rows < 255 && i + 16 <= len; rows++, i += 16) {
            const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
            /* Signed, so bytes from 0x80 on are below 0x20, too. */
            any = _mm_or_si128(any, _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)));
            any = _mm_or_si128(any, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
            any = _mm_or_si128(any, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7F)));
            found = _mm_sub_epi8(found, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
        }
        sum = _mm_add_epi64(sum, _mm_sad_epu8(found, zero));
    }
    uint64_t halves[2];
    _mm_storeu_si128((__m128i *)(void *)halves, sum);
    n = (size_t)(halves[0] + halves[1]);
    plain = _mm_movemask_epi8(any) == 0;
#endif
    for (; i < len; i++) {
        n += p[i] == '"';
        plain = plain && (stands_for_itself(p[i]) || p[i] == '"') && (signed char)p[i] >= 0;
    }
    if (quotes != NULL) {
        *quotes = n;
        return plain;
    }
    return plain && n == 0;
}
