#include "schema/format.h"

#include "core/utf8.h"
#include "schema/scan.h"

/*
 * URIs (RFC 3986), IRIs (RFC 3987) and templates of them (RFC 6570).
 */

/* What a character may stand for. */
enum {
    PLAIN = 1, /* unreserved and sub-delims */
    COLON = 2,
    AT = 4,
    SLASH = 8,
    QUESTION = 16,
    PRIVATE = 32, /* an IRI's query has private characters, too */
};
#define PCHAR (PLAIN | COLON | AT)

static const uint8_t classes[128] = {
    ['!'] = PLAIN,
    ['$'] = PLAIN,
    ['&'] = PLAIN,
    ['\''] = PLAIN,
    ['('] = PLAIN,
    [')'] = PLAIN,
    ['*'] = PLAIN,
    ['+'] = PLAIN,
    [','] = PLAIN,
    ['-'] = PLAIN,
    ['.'] = PLAIN,
    [';'] = PLAIN,
    ['='] = PLAIN,
    ['_'] = PLAIN,
    ['~'] = PLAIN,
    [':'] = COLON,
    ['@'] = AT,
    ['/'] = SLASH,
    ['?'] = QUESTION,
    ['0'] = PLAIN,
    ['1'] = PLAIN,
    ['2'] = PLAIN,
    ['3'] = PLAIN,
    ['4'] = PLAIN,
    ['5'] = PLAIN,
    ['6'] = PLAIN,
    ['7'] = PLAIN,
    ['8'] = PLAIN,
    ['9'] = PLAIN,
    ['A'] = PLAIN,
    ['B'] = PLAIN,
    ['C'] = PLAIN,
    ['D'] = PLAIN,
    ['E'] = PLAIN,
    ['F'] = PLAIN,
    ['G'] = PLAIN,
    ['H'] = PLAIN,
    ['I'] = PLAIN,
    ['J'] = PLAIN,
    ['K'] = PLAIN,
    ['L'] = PLAIN,
    ['M'] = PLAIN,
    ['N'] = PLAIN,
    ['O'] = PLAIN,
    ['P'] = PLAIN,
    ['Q'] = PLAIN,
    ['R'] = PLAIN,
    ['S'] = PLAIN,
    ['T'] = PLAIN,
    ['U'] = PLAIN,
    ['V'] = PLAIN,
    ['W'] = PLAIN,
    ['X'] = PLAIN,
    ['Y'] = PLAIN,
    ['Z'] = PLAIN,
    ['a'] = PLAIN,
    ['b'] = PLAIN,
    ['c'] = PLAIN,
    ['d'] = PLAIN,
    ['e'] = PLAIN,
    ['f'] = PLAIN,
    ['g'] = PLAIN,
    ['h'] = PLAIN,
    ['i'] = PLAIN,
    ['j'] = PLAIN,
    ['k'] = PLAIN,
    ['l'] = PLAIN,
    ['m'] = PLAIN,
    ['n'] = PLAIN,
    ['o'] = PLAIN,
    ['p'] = PLAIN,
    ['q'] = PLAIN,
    ['r'] = PLAIN,
    ['s'] = PLAIN,
    ['t'] = PLAIN,
    ['u'] = PLAIN,
    ['v'] = PLAIN,
    ['w'] = PLAIN,
    ['x'] = PLAIN,
    ['y'] = PLAIN,
    ['z'] = PLAIN,
};

/* ucschar, and iprivate where `more` has PRIVATE; the character's bytes, or 0. */
static size_t iri_char(const struct weir_scan *c, unsigned more)
{
    uint32_t cp;
    size_t n = weir_utf8_get(c->p + c->i, &cp);
    bool ucs = (cp >= 0xA0 && cp <= 0xD7FF) || (cp >= 0xF900 && cp <= 0xFDCF) ||
               (cp >= 0xFDF0 && cp <= 0xFFEF) ||
               (cp >= 0x10000 && cp <= 0xEFFFD && (cp & 0xFFFF) <= 0xFFFD &&
                   (cp < 0xE0000 || cp >= 0xE1000));
    bool private = (cp >= 0xE000 && cp <= 0xF8FF) || (cp >= 0xF0000 && (cp & 0xFFFF) <= 0xFFFD);

    return ucs || (private && (more & PRIVATE) != 0) ? n : 0;
}

static bool percent(struct weir_scan *c)
{
    if (c->len - c->i < 3 || c->p[c->i] != '%' || !weir_scan_hex(c->p[c->i + 1]) ||
        !weir_scan_hex(c->p[c->i + 2])) {
        return false;
    }
    c->i += 3;
    return true;
}

/* Characters of these classes and percent-encoded ones, as many as come. */
static bool chars(struct weir_scan *c, unsigned set, bool iri)
{
    while (!weir_scan_end(c)) {
        unsigned char x = (unsigned char)c->p[c->i];
        if (x < 0x80 && (classes[x] & set) != 0) {
            c->i++;
        } else if (x == '%') {
            if (!percent(c)) {
                return false;
            }
        } else {
            size_t n = iri && x >= 0x80 ? iri_char(c, set) : 0;
            if (n == 0) {
                break;
            }
            c->i += n;
        }
    }
    return true;
}

/* What is between the brackets of an IP-literal: IPv6, or v<hex>.<text>. */
static bool ip_literal(struct weir_scan c)
{
    if (!weir_scan_take(&c, 'v') && !weir_scan_take(&c, 'V')) {
        return weir_format_ipv6((struct weir_str){c.p, c.len});
    }
    size_t from = c.i;
    while (weir_scan_hex(weir_scan_peek(&c))) {
        c.i++;
    }
    if (c.i == from || !weir_scan_take(&c, '.') || weir_scan_end(&c) ||
        memchr(c.p, '%', c.len) != NULL) {
        return false;
    }
    return chars(&c, PLAIN | COLON, false) && weir_scan_end(&c);
}

/* [ userinfo "@" ] host [ ":" port ], all of c. */
static bool authority(struct weir_scan c, bool iri)
{
    const char *at = c.len > 0 ? memchr(c.p, '@', c.len) : NULL;

    if (at != NULL) {
        struct weir_scan user = weir_scan_part(c, 0, (size_t)(at - c.p));
        if (!chars(&user, PLAIN | COLON, iri) || !weir_scan_end(&user)) {
            return false;
        }
        c.i = (size_t)(at - c.p) + 1;
    }
    if (weir_scan_take(&c, '[')) {
        const char *close = memchr(c.p + c.i, ']', c.len - c.i);
        if (close == NULL || !ip_literal(weir_scan_part(c, c.i, (size_t)(close - c.p)))) {
            return false;
        }
        c.i = (size_t)(close - c.p) + 1;
    } else if (!chars(&c, PLAIN, iri)) {
        return false;
    }
    if (weir_scan_take(&c, ':')) {
        weir_scan_digits(&c);
    }
    return weir_scan_end(&c);
}

/* A scheme and its colon; c stays where it was when there is none. */
static bool scheme(struct weir_scan *c)
{
    static const struct weir_scan_set set = {
        WEIR_SCAN_DIGITS | WEIR_SCAN_BIT('+') | WEIR_SCAN_BIT('-') | WEIR_SCAN_BIT('.'),
        WEIR_SCAN_LETTERS};
    const size_t from = c->i;

    if (weir_scan_alpha(weir_scan_peek(c))) {
        weir_scan_over(c, set);
        if (weir_scan_take(c, ':')) {
            return true;
        }
    }
    c->i = from;
    return false;
}

static bool reference(struct weir_str s, bool relative, bool iri)
{
    struct weir_scan c = weir_scan_begin(s);
    const bool absolute = scheme(&c);

    if (!absolute && !relative) {
        return false;
    }
    if (c.len - c.i >= 2 && c.p[c.i] == '/' && c.p[c.i + 1] == '/') {
        size_t from = c.i + 2, to = from;
        while (to < c.len && c.p[to] != '/' && c.p[to] != '?' && c.p[to] != '#') {
            to++;
        }
        if (!authority(weir_scan_part(c, from, to), iri)) {
            return false;
        }
        c.i = to;
    } else if (!absolute && (!chars(&c, PLAIN | AT, iri) || weir_scan_peek(&c) == ':')) {
        return false; /* a colon in its first segment would make a scheme of it */
    }
    return chars(&c, PCHAR | SLASH, iri) &&
           (!weir_scan_take(&c, '?') || chars(&c, PCHAR | SLASH | QUESTION | PRIVATE, iri)) &&
           (!weir_scan_take(&c, '#') || chars(&c, PCHAR | SLASH | QUESTION, iri)) &&
           weir_scan_end(&c);
}

bool weir_format_uri(struct weir_str s)
{
    return reference(s, false, false);
}

bool weir_format_uri_reference(struct weir_str s)
{
    return reference(s, true, false);
}

bool weir_format_iri(struct weir_str s)
{
    return reference(s, false, true);
}

bool weir_format_iri_reference(struct weir_str s)
{
    return reference(s, true, true);
}

/* ---- templates ---- */

static bool variable(struct weir_scan *c)
{
    do {
        size_t from = c->i;
        while (weir_scan_alpha(weir_scan_peek(c)) || weir_scan_digit(weir_scan_peek(c)) ||
               weir_scan_peek(c) == '_' || weir_scan_peek(c) == '%') {
            if (weir_scan_peek(c) != '%') {
                c->i++;
            } else if (!percent(c)) {
                return false;
            }
        }
        if (c->i == from) {
            return false;
        }
    } while (weir_scan_take(c, '.'));
    if (weir_scan_take(c, ':')) {
        size_t from = c->i;
        size_t n = weir_scan_digits(c);
        return n >= 1 && n <= 4 && c->p[from] != '0';
    }
    weir_scan_take(c, '*');
    return true;
}

/* What follows an opening brace. */
static bool expression(struct weir_scan *c)
{
    if (weir_scan_one_of(weir_scan_peek(c), "+#./;?&=,!@|")) {
        c->i++;
    }
    do {
        if (!variable(c)) {
            return false;
        }
    } while (weir_scan_take(c, ','));
    return weir_scan_take(c, '}');
}

bool weir_format_uri_template(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    while (!weir_scan_end(&c)) {
        unsigned char x = (unsigned char)c.p[c.i];
        if (x == '{') {
            c.i++;
            if (!expression(&c)) {
                return false;
            }
        } else if (x == '%') {
            if (!percent(&c)) {
                return false;
            }
        } else if (x >= 0x80) {
            size_t n = iri_char(&c, PRIVATE);
            if (n == 0) {
                return false;
            }
            c.i += n;
        } else if (x <= 0x20 || x == 0x7F || weir_scan_one_of((char)x, "\"<>\\^`|}")) {
            return false;
        } else {
            c.i++;
        }
    }
    return true;
}
