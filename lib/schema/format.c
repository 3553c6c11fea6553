#include "schema/format.h"

#include "core/hex.h"

#include <strings.h>

/* RFC 5321, section 4.5.3.1, in octets. */
#define LOCAL_PART_MAX 64
#define DOMAIN_MAX 255
#define LABEL_MAX 63 /* RFC 1035, section 2.3.4 */

/* A place in a text that is being read; every reader moves i over what it accepted. */
struct cursor {
    const char *p;
    size_t i, len;
};

static struct cursor begin(struct weir_str s)
{
    return (struct cursor){s.p, 0, s.len};
}

static struct cursor part(struct cursor c, size_t from, size_t to)
{
    return (struct cursor){c.p + from, 0, to - from};
}

static bool at_end(const struct cursor *c)
{
    return c->i == c->len;
}

static bool take(struct cursor *c, char want)
{
    if (at_end(c) || c->p[c->i] != want) {
        return false;
    }
    c->i++;
    return true;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool alpha(char c)
{
    char lower = (char)(c | 0x20);

    return lower >= 'a' && lower <= 'z';
}

static bool hex(char c)
{
    return weir_hex_digit(c) >= 0;
}

static bool one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Exactly n digits with a value from min to max. */
static bool number(struct cursor *c, int n, int min, int max, int *ret)
{
    int x = 0;

    for (int k = 0; k < n; k++, c->i++) {
        if (at_end(c) || !digit(c->p[c->i])) {
            return false;
        }
        x = x * 10 + (c->p[c->i] - '0');
    }
    *ret = x;
    return x >= min && x <= max;
}

static bool full_date(struct cursor *c)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;

    if (!number(c, 4, 0, 9999, &year) || !take(c, '-') || !number(c, 2, 1, 12, &month) ||
        !take(c, '-') || !number(c, 2, 1, 31, &day)) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

/* time-offset, as minutes to add to UTC. */
static bool time_offset(struct cursor *c, int *minutes)
{
    int h, m;

    if (take(c, 'Z') || take(c, 'z')) {
        *minutes = 0;
        return true;
    }
    int sign = take(c, '+') ? 1 : take(c, '-') ? -1 : 0;
    if (sign == 0 || !number(c, 2, 0, 23, &h) || !take(c, ':') || !number(c, 2, 0, 59, &m)) {
        return false;
    }
    *minutes = sign * (h * 60 + m);
    return true;
}

static bool full_time(struct cursor *c)
{
    const int day = 24 * 60;
    int hour, minute, second, offset;

    if (!number(c, 2, 0, 23, &hour) || !take(c, ':') || !number(c, 2, 0, 59, &minute) ||
        !take(c, ':') || !number(c, 2, 0, 60, &second)) {
        return false;
    }
    if (take(c, '.')) {
        size_t from = c->i;
        while (!at_end(c) && digit(c->p[c->i])) {
            c->i++;
        }
        if (c->i == from) {
            return false;
        }
    }
    if (!time_offset(c, &offset)) {
        return false;
    }
    /* A leap second ends a day of UTC. */
    return second < 60 || (hour * 60 + minute - offset + 2 * day) % day == day - 1;
}

bool weir_format_date(struct weir_str s)
{
    struct cursor c = begin(s);

    return full_date(&c) && at_end(&c);
}

bool weir_format_date_time(struct weir_str s)
{
    struct cursor c = begin(s);

    return full_date(&c) && (take(&c, 'T') || take(&c, 't')) && full_time(&c) && at_end(&c);
}

static bool dec_octet(struct cursor *c)
{
    size_t from = c->i;
    int x = 0;

    while (!at_end(c) && digit(c->p[c->i]) && c->i - from < 3) {
        x = x * 10 + (c->p[c->i++] - '0');
    }
    return c->i > from && x <= 255 && (c->p[from] != '0' || c->i == from + 1);
}

static bool dotted_quad(struct cursor *c)
{
    return dec_octet(c) && take(c, '.') && dec_octet(c) && take(c, '.') && dec_octet(c) &&
           take(c, '.') && dec_octet(c);
}

bool weir_format_ipv4(struct weir_str s)
{
    struct cursor c = begin(s);

    return dotted_quad(&c) && at_end(&c);
}

/* One group of an IPv6 address, or the dotted quad that may stand for the last two. Returns how
 * many groups that was; 0: neither. */
static int ipv6_group(struct cursor *c)
{
    struct cursor quad = *c;

    if (dotted_quad(&quad) && at_end(&quad)) {
        *c = quad;
        return 2;
    }
    size_t from = c->i;
    while (!at_end(c) && hex(c->p[c->i]) && c->i - from < 4) {
        c->i++;
    }
    return c->i > from ? 1 : 0;
}

bool weir_format_ipv6(struct weir_str s)
{
    struct cursor c = begin(s);
    bool gap = c.len >= 2 && c.p[0] == ':' && c.p[1] == ':';
    int groups = 0;

    c.i = gap ? 2 : 0;
    while (!at_end(&c)) {
        int n = ipv6_group(&c);
        groups += n;
        if (n == 0 || groups > 8) {
            return false;
        }
        if (at_end(&c)) {
            break;
        }
        if (n == 2 || !take(&c, ':') || at_end(&c)) {
            return false;
        }
        if (take(&c, ':')) {
            if (gap) {
                return false;
            }
            gap = true;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

bool weir_format_uuid(struct weir_str s)
{
    if (s.len != 36) {
        return false;
    }
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !hex(s.p[i])) {
            return false;
        }
    }
    return true;
}

static bool atext(char c)
{
    return alpha(c) || digit(c) || one_of(c, "!#$%&'*+-/=?^_`{|}~");
}

/* Quoted-string: printable ASCII and spaces; a quote or a backslash only after a backslash. */
static bool quoted_string(struct cursor *c)
{
    if (!take(c, '"')) {
        return false;
    }
    while (!at_end(c) && c->p[c->i] != '"') {
        c->i += c->p[c->i] == '\\';
        if (at_end(c) || c->p[c->i] < 0x20 || c->p[c->i] > 0x7E) {
            return false;
        }
        c->i++;
    }
    return take(c, '"');
}

static bool dot_string(struct cursor *c)
{
    do {
        size_t from = c->i;
        while (!at_end(c) && atext(c->p[c->i])) {
            c->i++;
        }
        if (c->i == from) {
            return false;
        }
    } while (take(c, '.'));
    return true;
}

static bool domain(struct cursor *c)
{
    size_t start = c->i;

    do {
        size_t from = c->i;
        while (!at_end(c) && (alpha(c->p[c->i]) || digit(c->p[c->i]) || c->p[c->i] == '-')) {
            c->i++;
        }
        if (c->i == from || c->i - from > LABEL_MAX || c->p[from] == '-' || c->p[c->i - 1] == '-') {
            return false;
        }
    } while (take(c, '.'));
    return c->i - start <= DOMAIN_MAX;
}

/* What is between the brackets of an address-literal: IPv4, IPv6:..., or tag:text. */
static bool address_literal(struct weir_str s)
{
    const size_t tag = 5;
    size_t i = 0;

    if (s.len >= tag && strncasecmp(s.p, "IPv6:", tag) == 0) {
        return weir_format_ipv6((struct weir_str){s.p + tag, s.len - tag});
    }
    if (weir_format_ipv4(s)) {
        return true;
    }
    for (; i < s.len && (alpha(s.p[i]) || digit(s.p[i]) || s.p[i] == '-'); i++) {
    }
    if (i == 0 || s.p[i - 1] == '-' || i + 1 >= s.len || s.p[i] != ':') {
        return false;
    }
    for (i++; i < s.len; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7E || one_of(s.p[i], "[\\]")) {
            return false;
        }
    }
    return true;
}

bool weir_format_email(struct weir_str s)
{
    struct cursor c = begin(s);

    if (!(c.len > 0 && c.p[0] == '"' ? quoted_string(&c) : dot_string(&c))) {
        return false;
    }
    if (c.i > LOCAL_PART_MAX || !take(&c, '@')) {
        return false;
    }
    if (!at_end(&c) && c.p[c.i] == '[') {
        return c.p[c.len - 1] == ']' && c.len - c.i <= DOMAIN_MAX && c.len - c.i >= 2 &&
               address_literal((struct weir_str){c.p + c.i + 1, c.len - c.i - 2});
    }
    return domain(&c) && at_end(&c);
}

/* Unreserved, sub-delims and percent-encoded characters, and those of `more`, as many as come. */
static bool uri_chars(struct cursor *c, const char *more)
{
    while (!at_end(c)) {
        char x = c->p[c->i];
        if (x == '%') {
            if (c->len - c->i < 3 || !hex(c->p[c->i + 1]) || !hex(c->p[c->i + 2])) {
                return false;
            }
            c->i += 3;
        } else if (alpha(x) || digit(x) || one_of(x, "-._~!$&'()*+,;=") || one_of(x, more)) {
            c->i++;
        } else {
            break;
        }
    }
    return true;
}

/* What is between the brackets of an IP-literal: IPv6, or v<hex>.<text>. */
static bool ip_literal(struct cursor c)
{
    if (!take(&c, 'v') && !take(&c, 'V')) {
        return weir_format_ipv6((struct weir_str){c.p, c.len});
    }
    size_t from = c.i;
    while (!at_end(&c) && hex(c.p[c.i])) {
        c.i++;
    }
    if (c.i == from || !take(&c, '.') || at_end(&c) || memchr(c.p, '%', c.len) != NULL) {
        return false;
    }
    return uri_chars(&c, ":") && at_end(&c);
}

/* [ userinfo "@" ] host [ ":" port ], all of c. */
static bool authority(struct cursor c)
{
    const char *at = c.len > 0 ? memchr(c.p, '@', c.len) : NULL;

    if (at != NULL) {
        struct cursor user = part(c, 0, (size_t)(at - c.p));
        if (!uri_chars(&user, ":") || !at_end(&user)) {
            return false;
        }
        c.i = (size_t)(at - c.p) + 1;
    }
    if (take(&c, '[')) {
        const char *close = memchr(c.p + c.i, ']', c.len - c.i);
        if (close == NULL || !ip_literal(part(c, c.i, (size_t)(close - c.p)))) {
            return false;
        }
        c.i = (size_t)(close - c.p) + 1;
    } else if (!uri_chars(&c, "")) {
        return false;
    }
    if (take(&c, ':')) {
        while (!at_end(&c) && digit(c.p[c.i])) {
            c.i++;
        }
    }
    return at_end(&c);
}

bool weir_format_uri(struct weir_str s)
{
    struct cursor c = begin(s);

    if (c.len == 0 || !alpha(c.p[0])) {
        return false;
    }
    while (!at_end(&c) && (alpha(c.p[c.i]) || digit(c.p[c.i]) || one_of(c.p[c.i], "+-."))) {
        c.i++;
    }
    if (!take(&c, ':')) {
        return false;
    }
    if (c.len - c.i >= 2 && c.p[c.i] == '/' && c.p[c.i + 1] == '/') {
        size_t from = c.i + 2, to = from;
        while (to < c.len && !one_of(c.p[to], "/?#")) {
            to++;
        }
        if (!authority(part(c, from, to))) {
            return false;
        }
        c.i = to;
    }
    if (!uri_chars(&c, ":@/") || (take(&c, '?') && !uri_chars(&c, ":@/?")) ||
        (take(&c, '#') && !uri_chars(&c, ":@/?"))) {
        return false;
    }
    return at_end(&c);
}

const struct weir_format *weir_format_find(struct weir_str name)
{
    static const struct weir_format formats[] = {
        {"date", weir_format_date, "must be a date (YYYY-MM-DD)"},
        {"date-time", weir_format_date_time, "must be a date-time (YYYY-MM-DDThh:mm:ssZ)"},
        {"email", weir_format_email, "must be an e-mail address"},
        {"uri", weir_format_uri, "must be a URI"},
        {"uuid", weir_format_uuid, "must be a UUID"},
        {"ipv4", weir_format_ipv4, "must be an IPv4 address"},
        {"ipv6", weir_format_ipv6, "must be an IPv6 address"},
        {"time", NULL, NULL},
        {"duration", NULL, NULL},
        {"idn-email", NULL, NULL},
        {"hostname", NULL, NULL},
        {"idn-hostname", NULL, NULL},
        {"uri-reference", NULL, NULL},
        {"iri", NULL, NULL},
        {"iri-reference", NULL, NULL},
        {"uri-template", NULL, NULL},
        {"json-pointer", NULL, NULL},
        {"relative-json-pointer", NULL, NULL},
        {"regex", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (weir_str_eq(name, weir_str_of(formats[i].name))) {
            return &formats[i];
        }
    }
    return NULL;
}
