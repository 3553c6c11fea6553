#include "schema/idna.h"

#include "core/utf8.h"

#include <strings.h>

enum {
    ALLOWED = 1,
    MARK = 2,
    VIRAMA = 4,
    TRANSPARENT = 1, /* joining types */
    DUAL = 2,
    LEFT = 3,
    RIGHT = 4,
    GREEK = 1, /* scripts */
    HEBREW = 2,
    KANA_OR_HAN = 3,
};

/* A label's code points. */
struct label {
    uint32_t cp[WEIR_IDNA_LABEL_MAX];
    size_t n;
};

static unsigned properties(uint32_t cp)
{
    size_t low = 0, high = weir_idna_table_n;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (weir_idna_table[middle] >> 11 <= cp) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return weir_idna_table[low] & 0x7FF;
}

static unsigned joining(uint32_t cp)
{
    return properties(cp) >> 3 & 7;
}

static unsigned script(uint32_t cp)
{
    return properties(cp) >> 6;
}

/* ---- Punycode (RFC 3492) ---- */

#define BASE 36U
#define TMIN 1U
#define TMAX 26U
#define SKEW 38U
#define DAMP 700U
#define BIAS 72U
#define FIRST 128U

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    uint32_t k = 0;

    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE) {
        delta /= BASE - TMIN;
    }
    return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
    return k <= bias + TMIN ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
}

static int puny_digit(char c)
{
    char lower = (char)(c | 0x20);

    return lower >= 'a' && lower <= 'z' ? lower - 'a' : c >= '0' && c <= '9' ? c - '0' + 26 : -1;
}

/* One generalized variable-length integer. */
static bool puny_integer(struct weir_str s, size_t *i, uint32_t bias, uint32_t *ret)
{
    uint64_t x = 0, weight = 1;

    for (uint32_t k = BASE;; k += BASE) {
        int digit = *i < s.len ? puny_digit(s.p[*i]) : -1;
        uint32_t t = threshold(k, bias);
        if (digit < 0) {
            return false;
        }
        ++*i;
        x += (uint64_t)digit * weight;
        if (x > UINT32_MAX) {
            return false;
        }
        if ((uint32_t)digit < t) {
            *ret = (uint32_t)x;
            return true;
        }
        weight *= BASE - t;
    }
}

/* What stands after xn--. At most WEIR_IDNA_LABEL_MAX bytes, so the label has room. */
static bool puny_decode(struct weir_str s, struct label *ret)
{
    uint32_t n = FIRST, at = 0, bias = BIAS, delta;
    size_t i = 0;

    ret->n = 0;
    for (size_t k = s.len; k > 0; k--) {
        if (s.p[k - 1] == '-') {
            for (; ret->n < k - 1; ret->n++) {
                char c = s.p[ret->n]; /* letters are the same in either case */
                ret->cp[ret->n] = (uint32_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
            }
            i = k;
            break;
        }
    }
    for (bool first = true; i < s.len; first = false) {
        if (!puny_integer(s, &i, bias, &delta) || delta > UINT32_MAX - at) {
            return false;
        }
        uint32_t points = (uint32_t)ret->n + 1;
        at += delta;
        bias = adapt(delta, points, first);
        if (at / points > 0x10FFFF - n) {
            return false;
        }
        n += at / points;
        at %= points;
        memmove(&ret->cp[at + 1], &ret->cp[at], (ret->n - at) * sizeof ret->cp[0]);
        ret->cp[at++] = n;
        ret->n++;
    }
    return true;
}

/* How many characters an integer takes. */
static size_t puny_digits(uint32_t x, uint32_t bias)
{
    size_t n = 1;

    for (uint32_t k = BASE;; k += BASE, n++) {
        uint32_t t = threshold(k, bias);
        if (x < t) {
            return n;
        }
        x = (x - t) / (BASE - t);
    }
}

/* How long the label, which has more than ASCII, is as an A-label. */
static size_t a_length(const struct label *l)
{
    uint32_t n = FIRST, delta = 0, bias = BIAS;
    size_t ascii = 0, len;

    for (size_t i = 0; i < l->n; i++) {
        ascii += l->cp[i] < FIRST;
    }
    len = 4 + ascii + (ascii > 0);
    for (size_t done = ascii; done < l->n; n++, delta++) {
        uint32_t next = UINT32_MAX;
        for (size_t i = 0; i < l->n; i++) {
            next = l->cp[i] >= n && l->cp[i] < next ? l->cp[i] : next;
        }
        delta += (next - n) * (uint32_t)(done + 1);
        n = next;
        for (size_t i = 0; i < l->n; i++) {
            delta += l->cp[i] < n;
            if (l->cp[i] == n) {
                len += puny_digits(delta, bias);
                bias = adapt(delta, (uint32_t)done + 1, done == ascii);
                delta = 0;
                done++;
            }
        }
    }
    return len;
}

/* ---- rules ---- */

/* RFC 5892, appendix A.1: between letters that join, what joins nothing in between. */
static bool joins(const struct label *l, size_t i)
{
    size_t before = i, after = i + 1;

    while (before > 0 && joining(l->cp[before - 1]) == TRANSPARENT) {
        before--;
    }
    while (after < l->n && joining(l->cp[after]) == TRANSPARENT) {
        after++;
    }
    if (before == 0 || after == l->n) {
        return false;
    }
    unsigned left = joining(l->cp[before - 1]), right = joining(l->cp[after]);
    return (left == LEFT || left == DUAL) && (right == RIGHT || right == DUAL);
}

static bool any_between(const struct label *l, uint32_t from, uint32_t to)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->cp[i] >= from && l->cp[i] <= to) {
            return true;
        }
    }
    return false;
}

static bool any_kana_or_han(const struct label *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (script(l->cp[i]) == KANA_OR_HAN && l->cp[i] != 0x30FB) {
            return true;
        }
    }
    return false;
}

/* RFC 5892, appendix A: code points that are allowed in some contexts. */
static bool in_context(const struct label *l, size_t i)
{
    const uint32_t before = i > 0 ? l->cp[i - 1] : 0, after = i + 1 < l->n ? l->cp[i + 1] : 0;
    const uint32_t cp = l->cp[i];

    switch (cp) {
    case 0x200C:
        return i > 0 && ((properties(before) & VIRAMA) != 0 || joins(l, i));
    case 0x200D:
        return i > 0 && (properties(before) & VIRAMA) != 0;
    case 0x00B7:
        return before == 'l' && after == 'l';
    case 0x0375:
        return i + 1 < l->n && script(after) == GREEK;
    case 0x05F3:
    case 0x05F4:
        return i > 0 && script(before) == HEBREW;
    case 0x30FB:
        return any_kana_or_han(l);
    default:
        break;
    }
    if (cp >= 0x0660 && cp <= 0x0669) {
        return !any_between(l, 0x06F0, 0x06F9);
    }
    return cp >= 0x06F0 && cp <= 0x06F9 && !any_between(l, 0x0660, 0x0669);
}

static bool u_label(const struct label *l)
{
    const bool hyphens = l->n >= 4 && l->cp[2] == '-' && l->cp[3] == '-';

    if (l->n == 0 || hyphens || l->cp[0] == '-' || l->cp[l->n - 1] == '-' ||
        (properties(l->cp[0]) & MARK) != 0) {
        return false;
    }
    for (size_t i = 0; i < l->n; i++) {
        if ((properties(l->cp[i]) & ALLOWED) == 0 && !in_context(l, i)) {
            return false;
        }
    }
    return true;
}

/* Letters, digits and hyphens in either case: U+0041 is not allowed beside others. */
static bool plain(struct weir_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (puny_digit(s.p[i]) < 0 && s.p[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool decode(struct weir_str s, struct label *ret)
{
    ret->n = 0;
    for (size_t i = 0; i < s.len; ret->n++) {
        if (ret->n == WEIR_IDNA_LABEL_MAX) {
            return false;
        }
        i += weir_utf8_get(s.p + i, &ret->cp[ret->n]);
    }
    return true;
}

bool weir_idna_label(struct weir_str s, size_t *a_len)
{
    struct label l;

    *a_len = s.len;
    if (plain(s)) {
        if (s.len == 0 || s.len > WEIR_IDNA_LABEL_MAX || s.p[0] == '-' || s.p[s.len - 1] == '-') {
            return false;
        }
        if (s.len < 4 || s.p[2] != '-' || s.p[3] != '-') {
            return true;
        }
        /* xn--, or a prefix that nobody has given a meaning */
        const struct weir_str rest = {s.p + 4, s.len - 4};
        return strncasecmp(s.p, "xn", 2) == 0 && puny_decode(rest, &l) && u_label(&l) &&
               a_length(&l) == s.len;
    }
    if (!decode(s, &l) || !u_label(&l)) {
        return false;
    }
    *a_len = a_length(&l);
    return *a_len <= WEIR_IDNA_LABEL_MAX;
}
