#include "json/number.h"

#include <inttypes.h>
#include <stdint.h>

/*
 * A number is its digits d1 d2 d3 ... (no zeros in front) times a power of ten. Two numbers of the
 * same sign are first compared by the place of d1, which needs the difference of two exponents of
 * any length, then digit by digit. Nothing is converted, so nothing can overflow or be rounded.
 */

#define PLAIN_DIGITS WEIR_NUMBER_SMALL_DIGITS /* as many as an int64_t surely holds */

/* A number taken apart; the pieces point into its text. */
struct parts {
    bool negative;
    struct weir_str whole, frac; /* digits before and after the point */
    bool exp_negative;
    struct weir_str exp; /* digits of the exponent; empty: none */
};

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t skip_digits(const char *p, size_t i, size_t len)
{
    while (i < len && digit(p[i])) {
        i++;
    }
    return i;
}

size_t weir_number_scan(const char *p, size_t len)
{
    size_t i = len > 0 && p[0] == '-', j;

    if (i == len || !digit(p[i])) {
        return 0;
    }
    i = p[i] == '0' ? i + 1 : skip_digits(p, i, len);
    if (i < len && p[i] == '.') {
        j = skip_digits(p, i + 1, len);
        if (j == i + 1) {
            return 0;
        }
        i = j;
    }
    if (i < len && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        i += i < len && (p[i] == '+' || p[i] == '-');
        j = skip_digits(p, i, len);
        if (j == i) {
            return 0;
        }
        i = j;
    }
    return i;
}

bool weir_number_valid(struct weir_str s)
{
    return s.len > 0 && weir_number_scan(s.p, s.len) == s.len;
}

static struct parts take_apart(struct weir_str s)
{
    struct parts n = {.negative = s.p[0] == '-'};
    size_t i = n.negative, j = skip_digits(s.p, i, s.len);

    n.whole = (struct weir_str){s.p + i, j - i};
    n.frac = n.exp = (struct weir_str){s.p + j, 0};
    i = j;
    if (i < s.len && s.p[i] == '.') {
        j = skip_digits(s.p, i + 1, s.len);
        n.frac = (struct weir_str){s.p + i + 1, j - i - 1};
        i = j;
    }
    if (i < s.len) { /* e */
        i++;
        n.exp_negative = s.p[i] == '-';
        i += s.p[i] == '+' || s.p[i] == '-';
        while (i < s.len && s.p[i] == '0') {
            i++;
        }
        n.exp = (struct weir_str){s.p + i, s.len - i};
    }
    return n;
}

static size_t digits(const struct parts *n)
{
    return n->whole.len + n->frac.len;
}

static char digit_at(const struct parts *n, size_t i)
{
    if (i < n->whole.len) {
        return n->whole.p[i];
    }
    i -= n->whole.len;
    return i < n->frac.len ? n->frac.p[i] : '0';
}

/* How many zeros the digits begin with; all of them: the number is zero. */
static size_t leading_zeros(const struct parts *n)
{
    size_t i = 0, all = digits(n);

    while (i < all && digit_at(n, i) == '0') {
        i++;
    }
    return i;
}

/*
 * a's exponent minus b's, exact when it is small; else only its sign and that it is at least 2^40
 * in size, which no number of digits in a text makes up for.
 */
static int64_t exponent_difference(const struct parts *a, const struct parts *b)
{
    const int64_t enough = INT64_C(1) << 40;
    size_t len = a->exp.len > b->exp.len ? a->exp.len : b->exp.len;
    int64_t d = 0;

    for (size_t i = len; i > 0 && d < enough && d > -enough; i--) {
        int64_t x = i <= a->exp.len ? a->exp.p[a->exp.len - i] - '0' : 0;
        int64_t y = i <= b->exp.len ? b->exp.p[b->exp.len - i] - '0' : 0;
        d = d * 10 + (a->exp_negative ? -x : x) - (b->exp_negative ? -y : y);
    }
    return d;
}

/* Compare two that are not zero, without their signs. */
static int compare_sizes(const struct parts *a, const struct parts *b, size_t za, size_t zb)
{
    int64_t place = exponent_difference(a, b) + ((int64_t)a->whole.len - (int64_t)za) -
                    ((int64_t)b->whole.len - (int64_t)zb);

    if (place != 0) {
        return place < 0 ? -1 : 1;
    }
    size_t na = digits(a) - za, nb = digits(b) - zb;
    for (size_t i = 0; i < na || i < nb; i++) {
        char x = digit_at(a, za + i), y = digit_at(b, zb + i);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    }
    return 0;
}

/* Digits and maybe a point, few enough for an int64_t: most numbers that there are. *ret receives
 * them as a whole number, *frac how many of them stand behind the point. */
static bool plain(struct weir_str s, int64_t *ret, size_t *frac)
{
    const size_t sign = s.p[0] == '-';
    size_t point = s.len;
    uint64_t x = 0;

    if (s.len - sign > PLAIN_DIGITS + 1) {
        return false;
    }
    for (size_t i = sign; i < s.len; i++) {
        if (digit(s.p[i])) {
            x = x * 10 + (uint64_t)(s.p[i] - '0');
        } else if (s.p[i] == '.') {
            point = i + 1;
        } else {
            return false;
        }
    }
    *frac = s.len - point;
    if (*frac == 0 && s.len - sign > PLAIN_DIGITS) {
        return false;
    }
    *ret = sign != 0 ? -(int64_t)x : (int64_t)x;
    return true;
}

/* x times 10^n; false when that is too large. */
static bool scale(int64_t *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (__builtin_mul_overflow(*x, 10, x)) {
            return false;
        }
    }
    return true;
}

static int compare_any(struct weir_str a, struct weir_str b)
{
    struct parts pa = take_apart(a), pb = take_apart(b);
    size_t za = leading_zeros(&pa), zb = leading_zeros(&pb);
    int sa = za == digits(&pa) ? 0 : pa.negative ? -1 : 1;
    int sb = zb == digits(&pb) ? 0 : pb.negative ? -1 : 1;
    if (sa != sb || sa == 0) {
        return (sa > sb) - (sa < sb);
    }
    return sa * compare_sizes(&pa, &pb, za, zb);
}

struct weir_number_limit weir_number_limit(struct weir_str s)
{
    struct weir_number_limit limit = {.text = s};

    limit.small = plain(s, &limit.digits, &limit.frac);
    return limit;
}

int weir_number_cmp_limit(struct weir_str s, const struct weir_number_limit *limit)
{
    int64_t x, y = limit->digits;
    size_t frac;

    if (limit->small && plain(s, &x, &frac) &&
        (frac < limit->frac ? scale(&x, limit->frac - frac) : scale(&y, frac - limit->frac))) {
        return (x > y) - (x < y);
    }
    return compare_any(s, limit->text);
}

int weir_number_cmp(struct weir_str a, struct weir_str b)
{
    const struct weir_number_limit limit = weir_number_limit(b);

    return weir_number_cmp_limit(a, &limit);
}

/* How many zeros the digits end with; all of them: the number is zero. */
static size_t trailing_zeros(const struct parts *n)
{
    size_t all = digits(n), zeros = 0;

    while (zeros < all && digit_at(n, all - 1 - zeros) == '0') {
        zeros++;
    }
    return zeros;
}

/* The power of ten of the last digit that is not zero: exact, or at least 2^39 in size. */
static int64_t last_place(const struct parts *n, size_t zeros)
{
    const struct parts none = {.exp = {n->whole.p, 0}};

    return exponent_difference(n, &none) - (int64_t)n->frac.len + (int64_t)zeros;
}

bool weir_number_is_integer(struct weir_str s)
{
    if (skip_digits(s.p, s.p[0] == '-', s.len) == s.len) {
        return true;
    }
    struct parts n = take_apart(s);
    size_t zeros = trailing_zeros(&n);

    return zeros == digits(&n) || last_place(&n, zeros) >= 0;
}

bool weir_number_divisor(struct weir_str s, struct weir_number_divisor *ret)
{
    struct parts n = take_apart(s);
    size_t first = leading_zeros(&n), all = digits(&n);

    *ret = (struct weir_number_divisor){.text = s, .frac = n.frac.len};
    ret->zeros = trailing_zeros(&n);
    if (n.negative || first == all || all - ret->zeros - first > WEIR_NUMBER_DIVISOR_DIGITS) {
        return false;
    }
    for (size_t i = first; i < all - ret->zeros; i++) {
        ret->digits = ret->digits * 10 + (uint64_t)(digit_at(&n, i) - '0');
    }
    return true;
}

bool weir_number_is_multiple(struct weir_str s, const struct weir_number_divisor *d)
{
    /* 2^60 > 10^18: more factors 2 or 5 than this the divisor has not. */
    const int64_t enough = 60;
    struct parts n = take_apart(s), m = take_apart(d->text);
    size_t zeros = trailing_zeros(&n), all = digits(&n);
    uint64_t rest = 0;

    if (zeros == all) {
        return true;
    }
    /* Number and divisor without the zeros behind, and what power of ten the number has more. */
    int64_t more = exponent_difference(&n, &m) - (int64_t)n.frac.len + (int64_t)zeros +
                   (int64_t)d->frac - (int64_t)d->zeros;
    if (more < 0) {
        return false; /* the number would have to end with a zero */
    }
    for (size_t i = 0; i < all - zeros; i++) {
        rest = (rest * 10 + (uint64_t)(digit_at(&n, i) - '0')) % d->digits;
    }
    for (int64_t i = 0; i < more && i < enough && rest != 0; i++) {
        rest = rest * 10 % d->digits;
    }
    return rest == 0;
}

uint64_t weir_number_hash(struct weir_str s, uint64_t seed)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15); /* 2^64 by the golden ratio */
    const int64_t far = INT64_C(1) << 38;              /* beyond it, places are not exact */
    struct parts n = take_apart(s);
    size_t first = leading_zeros(&n), all = digits(&n), zeros = trailing_zeros(&n);
    uint64_t h = seed;

    if (first == all) {
        return seed;
    }
    for (size_t i = first; i < all - zeros; i++) {
        h = (h ^ (uint64_t)digit_at(&n, i)) * odd;
        h ^= h >> 29;
    }
    int64_t place = last_place(&n, zeros);
    place = place > far ? far : place < -far ? -far : place;
    h = (h ^ (uint64_t)place) * odd;
    return (h ^ n.negative) * odd;
}

bool weir_number_small(struct weir_str s, int64_t *ret)
{
    size_t frac;

    if (plain(s, ret, &frac) && frac == 0) {
        return true;
    }
    struct parts n = take_apart(s);
    size_t first = leading_zeros(&n), all = digits(&n), zeros = trailing_zeros(&n);
    int64_t x = 0;

    if (first == all) {
        *ret = 0;
        return true;
    }
    const size_t significant = all - zeros - first;
    const int64_t place = last_place(&n, zeros);
    if (place < 0 || place > PLAIN_DIGITS || significant + (size_t)place > PLAIN_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < significant + (size_t)place; i++) {
        x = x * 10 + (i < significant ? digit_at(&n, first + i) - '0' : 0);
    }
    *ret = n.negative ? -x : x;
    return true;
}

/* The exponent and `more`, which is less than 10^16 in size, as a text: a long one is added to
 * digit by digit, and stays on its side of zero. */
static int put_exponent(
    const struct parts *n, int64_t more, struct weir_buf *to, struct weir_err *err)
{
    const size_t small = 17, len = n->exp.len;
    int64_t carry = n->exp_negative ? -more : more, x = 0;

    if (len <= small) {
        for (size_t i = 0; i < len; i++) {
            x = x * 10 + (n->exp.p[i] - '0');
        }
        return weir_buf_addf(to, err, "%" PRId64, (n->exp_negative ? -x : x) + more);
    }
    uint8_t *sum = weir_buf_reserve(to, len + 2, err);
    if (sum == NULL) {
        return -1;
    }
    if (n->exp_negative) {
        *sum++ = '-';
        to->len++;
    }
    for (size_t i = len; i-- > 0;) {
        carry += n->exp.p[i] - '0';
        const int64_t d = (carry % 10 + 10) % 10;
        sum[i + 1] = (uint8_t)('0' + d);
        carry = (carry - d) / 10;
    }
    sum[0] = (uint8_t)('0' + carry); /* 0 or 1 */
    size_t zeros = 0;
    while (sum[zeros] == '0') {
        zeros++;
    }
    memmove(sum, sum + zeros, len + 1 - zeros);
    to->len += len + 1 - zeros;
    return 0;
}

int weir_number_canon(struct weir_str s, struct weir_buf *to, struct weir_err *err)
{
    struct parts n = take_apart(s);
    size_t first = leading_zeros(&n), all = digits(&n), zeros = trailing_zeros(&n);

    if (first == all) {
        return weir_buf_adds(to, "0", err);
    }
    uint8_t *p = weir_buf_reserve(to, all + 2, err);
    if (p == NULL) {
        return -1;
    }
    const uint8_t *from = p;
    if (n.negative) {
        *p++ = '-';
    }
    for (size_t i = first; i < all - zeros; i++) {
        *p++ = (uint8_t)digit_at(&n, i);
    }
    *p++ = 'e';
    to->len += (size_t)(p - from);
    return put_exponent(&n, (int64_t)zeros - (int64_t)n.frac.len, to, err);
}
