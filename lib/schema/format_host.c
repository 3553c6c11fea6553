#include "schema/format.h"

#include "schema/idna.h"
#include "schema/scan.h"

#include <strings.h>

/*
 * Hosts and mailboxes: IPv4 and IPv6 addresses, host names, e-mail addresses.
 */

/* RFC 5321, section 4.5.3.1, in octets. */
#define LOCAL_PART_MAX 64
#define DOMAIN_MAX 255
#define HOST_MAX 253 /* RFC 1035: 255 octets with a length before each label and one at the end */

/* What a character may be part of: a label of a host name, which has letters, digits and hyphens;
 * an atom (RFC 5322), which has these and !#$%&'*+/=?^_`{|}~ as well. */
enum { LDH = 1, ATEXT = 2 };
#define A ATEXT
#define B (LDH | ATEXT)
static const uint8_t classes[0x80] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* */
    0, A, 0, A, A, A, A, A, 0, 0, A, A, 0, B, 0, A, /*  !"#$%&'()*+,-./ */
    B, B, B, B, B, B, B, B, B, B, 0, 0, 0, A, 0, A, /* 0123456789:;<=>? */
    0, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* @ABCDEFGHIJKLMNO */
    B, B, B, B, B, B, B, B, B, B, B, 0, 0, 0, A, A, /* PQRSTUVWXYZ[\]^_ */
    A, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, /* `abcdefghijklmno */
    B, B, B, B, B, B, B, B, B, B, B, A, A, A, A, 0, /* pqrstuvwxyz{|}~ */
};
#undef A
#undef B

static inline bool is(char c, uint8_t class)
{
    const unsigned char x = (unsigned char)c;

    return x < sizeof classes && (classes[x] & class) != 0;
}

static bool dec_octet(struct weir_scan *c)
{
    size_t from = c->i;
    int x = 0;

    while (!weir_scan_end(c) && weir_scan_digit(c->p[c->i]) && c->i - from < 3) {
        x = x * 10 + (c->p[c->i++] - '0');
    }
    return c->i > from && x <= 255 && (c->p[from] != '0' || c->i == from + 1);
}

static bool dotted_quad(struct weir_scan *c)
{
    return dec_octet(c) && weir_scan_take(c, '.') && dec_octet(c) && weir_scan_take(c, '.') &&
           dec_octet(c) && weir_scan_take(c, '.') && dec_octet(c);
}

bool weir_format_ipv4(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    return dotted_quad(&c) && weir_scan_end(&c);
}

/* One group of an IPv6 address, or the dotted quad that may stand for the last two. Returns how
 * many groups that was; 0: neither. */
static int ipv6_group(struct weir_scan *c)
{
    struct weir_scan quad = *c;

    if (dotted_quad(&quad) && weir_scan_end(&quad)) {
        *c = quad;
        return 2;
    }
    size_t from = c->i;
    while (!weir_scan_end(c) && weir_scan_hex(c->p[c->i]) && c->i - from < 4) {
        c->i++;
    }
    return c->i > from ? 1 : 0;
}

bool weir_format_ipv6(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);
    bool gap = c.len >= 2 && c.p[0] == ':' && c.p[1] == ':';
    int groups = 0;

    c.i = gap ? 2 : 0;
    while (!weir_scan_end(&c)) {
        int n = ipv6_group(&c);
        groups += n;
        if (n == 0 || groups > 8) {
            return false;
        }
        if (weir_scan_end(&c)) {
            break;
        }
        if (n == 2 || !weir_scan_take(&c, ':') || weir_scan_end(&c)) {
            return false;
        }
        if (weir_scan_take(&c, ':')) {
            if (gap) {
                return false;
            }
            gap = true;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

/* Labels of letters, digits and hyphens with dots between them. */
static bool ldh_domain(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    do {
        size_t from = c.i;
        while (c.i < c.len && is(c.p[c.i], LDH)) {
            c.i++;
        }
        if (c.i == from || c.i - from > WEIR_IDNA_LABEL_MAX || c.p[from] == '-' ||
            c.p[c.i - 1] == '-') {
            return false;
        }
    } while (weir_scan_take(&c, '.'));
    return weir_scan_end(&c) && s.len <= DOMAIN_MAX;
}

/* The bytes of a dot at s.p[i], or of what IDNA takes for one; 0: none. */
static size_t dot(struct weir_str s, size_t i, bool idn)
{
    static const char *const dots[] = {"\xE3\x80\x82", "\xEF\xBC\x8E", "\xEF\xBD\xA1"};

    if (s.p[i] == '.') {
        return 1;
    }
    for (size_t k = 0; idn && k < sizeof dots / sizeof dots[0] && s.len - i >= 3; k++) {
        if (memcmp(s.p + i, dots[k], 3) == 0) {
            return 3;
        }
    }
    return 0;
}

static bool hostname(struct weir_str s, bool idn)
{
    size_t len = 0, from = 0, i = 0, a_len;

    for (;; i++) {
        size_t mark = i < s.len ? dot(s, i, idn) : 0;
        if (mark == 0 && i < s.len) {
            if (!idn && (unsigned char)s.p[i] >= 0x80) {
                return false;
            }
            continue;
        }
        if (!weir_idna_label((struct weir_str){s.p + from, i - from}, &a_len)) {
            return false;
        }
        len += a_len + (mark > 0);
        if (len > HOST_MAX || i == s.len) {
            return len <= HOST_MAX;
        }
        i += mark - 1;
        from = i + 1;
    }
}

bool weir_format_hostname(struct weir_str s)
{
    return hostname(s, false);
}

bool weir_format_idn_hostname(struct weir_str s)
{
    return hostname(s, true);
}

static bool atext(char c, bool idn)
{
    return is(c, ATEXT) || (idn && (unsigned char)c >= 0x80);
}

/* Quoted-string, from its quote: printable ASCII and spaces; a quote or a backslash only after a
 * backslash. */
static bool quoted_string(struct weir_scan *c, bool idn)
{
    c->i++;
    while (!weir_scan_end(c) && c->p[c->i] != '"') {
        c->i += c->p[c->i] == '\\';
        char x = weir_scan_peek(c);
        if (!((x >= 0x20 && x <= 0x7E) || (idn && (unsigned char)x >= 0x80))) {
            return false;
        }
        c->i++;
    }
    return weir_scan_take(c, '"');
}

static bool dot_string(struct weir_scan *c, bool idn)
{
    do {
        size_t from = c->i;
        while (c->i < c->len && atext(c->p[c->i], idn)) {
            c->i++;
        }
        if (c->i == from) {
            return false;
        }
    } while (weir_scan_take(c, '.'));
    return true;
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
    for (; i < s.len && (weir_scan_alpha(s.p[i]) || weir_scan_digit(s.p[i]) || s.p[i] == '-');
         i++) {
    }
    if (i == 0 || s.p[i - 1] == '-' || i + 1 >= s.len || s.p[i] != ':') {
        return false;
    }
    for (i++; i < s.len; i++) {
        if (s.p[i] < 0x21 || s.p[i] > 0x7E || weir_scan_one_of(s.p[i], "[\\]")) {
            return false;
        }
    }
    return true;
}

static bool mailbox(struct weir_str s, bool idn)
{
    struct weir_scan c = weir_scan_begin(s);

    if (!(weir_scan_peek(&c) == '"' ? quoted_string(&c, idn) : dot_string(&c, idn))) {
        return false;
    }
    if (c.i > LOCAL_PART_MAX || !weir_scan_take(&c, '@')) {
        return false;
    }
    if (!weir_scan_end(&c) && c.p[c.i] == '[') {
        return c.p[c.len - 1] == ']' && c.len - c.i <= DOMAIN_MAX && c.len - c.i >= 2 &&
               address_literal((struct weir_str){c.p + c.i + 1, c.len - c.i - 2});
    }
    const struct weir_str domain = {c.p + c.i, c.len - c.i};
    return idn ? weir_format_idn_hostname(domain) : ldh_domain(domain);
}

bool weir_format_email(struct weir_str s)
{
    return mailbox(s, false);
}

bool weir_format_idn_email(struct weir_str s)
{
    return mailbox(s, true);
}
