#include "schema/ecma.h"

#include "core/limits.h"
#include "core/utf8.h"
#include "schema/scan.h"

#include <stdint.h>
#include <stdio.h>

/* ECMA-262 WhiteSpace and LineTerminator, and everything else. Within brackets. */
#define SPACES                                                                                     \
    "\\x09-\\x0d\\x20\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}"        \
    "\\x{3000}\\x{feff}"
#define NO_SPACES                                                                                  \
    "\\x00-\\x08\\x0e-\\x1f\\x21-\\x9f\\xa1-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"       \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}"                 \
    "\\x{ff00}-\\x{10ffff}"

/* What \D and \W are, for within brackets: beside properties PCRE2 10.42 gets the short forms wrong
 * for what lies beyond U+00FF. */
#define NO_DIGITS "\\x00-\\x2f\\x3a-\\x{10ffff}"
#define NO_WORDS "\\x00-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x{10ffff}"

#define NO_RANGE UINT32_MAX /* a class escape, which begins and ends no range */

struct translator {
    struct weir_str in;
    size_t i;
    struct weir_buf *out; /* NULL: only reading */
    struct weir_ecma_fault *fault;
    bool repeatable; /* the last thing may be repeated */
    unsigned depth;
    bool looks[WEIR_PATTERN_DEPTH_MAX]; /* open groups: it is a lookahead or lookbehind */
    uint32_t groups;                    /* that capture; in all of the pattern */
    struct weir_str names[WEIR_PATTERN_NAMES_MAX];
    uint32_t numbers[WEIR_PATTERN_NAMES_MAX]; /* of the named groups */
    size_t names_n;
};

static bool refuse(struct translator *t, const char *why)
{
    *t->fault = (struct weir_ecma_fault){why, t->i};
    return false;
}

static bool add(struct translator *t, const void *p, size_t n)
{
    struct weir_err ignored = {.code = WEIR_OK};

    if (t->out == NULL || weir_buf_add(t->out, p, n, &ignored) == 0) {
        return true;
    }
    return refuse(t, ignored.code == WEIR_E_NOMEM ? NULL : "too long");
}

static bool adds(struct translator *t, const char *s)
{
    return add(t, s, strlen(s));
}

/* Write s instead of n bytes of the input. */
static bool put(struct translator *t, size_t n, const char *s)
{
    t->i += n;
    return adds(t, s);
}

/* Copy n bytes of the input. */
static bool copy(struct translator *t, size_t n)
{
    t->i += n;
    return add(t, t->in.p + t->i - n, n);
}

static char peek(const struct translator *t, size_t ahead)
{
    return t->i + ahead < t->in.len ? t->in.p[t->i + ahead] : '\0';
}

static bool at_end(const struct translator *t)
{
    return t->i == t->in.len;
}

/* Hexadecimal digits from `ahead` on, at most max; returns how many, and their value. */
static size_t hex(const struct translator *t, size_t ahead, size_t max, uint32_t *ret)
{
    size_t n = 0;

    *ret = 0;
    for (; n < max; n++) {
        int x = weir_hex_digit(peek(t, ahead + n));
        if (x < 0) {
            break;
        }
        *ret = *ret << 4 | (uint32_t)x;
    }
    return n;
}

/* ---- escapes ---- */

static bool put_point(struct translator *t, size_t used, uint32_t cp)
{
    char text[16];

    snprintf(text, sizeof text, "\\x{%x}", cp);
    return put(t, used, text);
}

/* \uXXXX, two of them that make a pair, or \u{X...}. */
static bool escape_u(struct translator *t, uint32_t *cp)
{
    uint32_t low;
    size_t n, used = 6;

    if (peek(t, 2) == '{') {
        size_t zeros = 0;
        while (peek(t, 3 + zeros) == '0') {
            zeros++;
        }
        n = hex(t, 3 + zeros, 7, cp);
        if (n + zeros == 0 || peek(t, 3 + zeros + n) != '}' || *cp > 0x10FFFF) {
            return refuse(t, "a malformed \\u{...}");
        }
        used = 4 + zeros + n;
    } else {
        if (hex(t, 2, 4, cp) != 4) {
            return refuse(t, "\\u needs four hexadecimal digits");
        }
        if (*cp >= 0xD800 && *cp <= 0xDBFF && peek(t, 6) == '\\' && peek(t, 7) == 'u' &&
            hex(t, 8, 4, &low) == 4 && low >= 0xDC00 && low <= 0xDFFF) {
            *cp = 0x10000 + ((*cp - 0xD800) << 10) + (low - 0xDC00);
            used = 12;
        }
    }
    if (*cp >= 0xD800 && *cp <= 0xDFFF) {
        return refuse(t, "half of a surrogate pair");
    }
    return put_point(t, used, *cp);
}

/* \p{...} or \P{...} */
static bool escape_p(struct translator *t)
{
    const char *from = t->in.p + t->i, *close = NULL;
    struct weir_str script;

    if (peek(t, 2) == '{') {
        close = memchr(from, '}', t->in.len - t->i);
    }
    if (close == NULL) {
        return refuse(t, "\\p needs {property}");
    }
    const struct weir_str name = {from + 3, (size_t)(close - from) - 3};
    bool no = from[1] == 'P';
    const char *found = weir_ecma_property(name, &script);
    if (found == NULL && weir_str_eq(name, WEIR_STR("Assigned"))) {
        found = "Cn"; /* PCRE2 has only the opposite */
        no = !no;
    }
    if (found == NULL) {
        return refuse(t, "a property that ECMA-262 has not");
    }
    t->i += (size_t)(close - from) + 1;
    return adds(t, no ? "\\P{" : "\\p{") && adds(t, found) && add(t, script.p, script.len) &&
           adds(t, "}");
}

/* What is the same within brackets and outside: a character, whose code point *cp receives, or a
 * class, which makes it NO_RANGE. */
static bool escape(struct translator *t, uint32_t *cp)
{
    char c = peek(t, 1);

    *cp = NO_RANGE;
    switch (c) {
    case '\0':
        return refuse(t, "a backslash at the end");
    case 'p':
    case 'P':
        return escape_p(t);
    case 'd':
    case 'D':
    case 'w':
    case 'W':
        return copy(t, 2);
    case 'u':
        return escape_u(t, cp);
    case 'x':
        return hex(t, 2, 2, cp) == 2 ? put_point(t, 4, *cp)
                                     : refuse(t, "\\x needs two hexadecimal digits");
    case '0':
        *cp = 0;
        return weir_scan_digit(peek(t, 2)) ? refuse(t, "octal escapes are not ECMA-262")
                                           : put(t, 2, "\\x{0}");
    case 'c': {
        char lower = (char)(peek(t, 2) | 0x20);
        *cp = (uint32_t)(lower & 0x1F);
        return lower >= 'a' && lower <= 'z' ? put_point(t, 3, *cp)
                                            : refuse(t, "\\c needs a letter");
    }
    default:
        break;
    }
    static const char controls[] = "tnvfr"; /* from U+0009 on */
    const char *control = strchr(controls, c);
    if (control != NULL) {
        *cp = 9 + (uint32_t)(control - controls);
        *cp = c == 'f' ? 0x0C : c == 'r' ? 0x0D : *cp;
        return put_point(t, 2, *cp);
    }
    /* A character for itself. ASCII marks may be escaped; others only stand plain. */
    if (weir_scan_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        (unsigned char)c >= 0x80) {
        return refuse(t, "an escape that ECMA-262 has not");
    }
    *cp = (unsigned char)c;
    return copy(t, 2);
}

/* \1 or \k<name>: a group that there is, before or behind. */
static bool back_reference(struct translator *t)
{
    uint64_t number = 0;
    size_t n = 1;
    char text[24];

    if (peek(t, 1) == 'k') {
        const char *from = t->in.p + t->i, *close = NULL;
        if (peek(t, 2) == '<') {
            close = memchr(from, '>', t->in.len - t->i);
        }
        if (close == NULL) {
            return refuse(t, "\\k needs <name>");
        }
        const struct weir_str name = {from + 3, (size_t)(close - from) - 3};
        for (size_t k = 0; k < t->names_n; k++) {
            number = weir_str_eq(t->names[k], name) ? t->numbers[k] : number;
        }
        n = (size_t)(close - from) + 1;
    } else {
        for (; weir_scan_digit(peek(t, n)); n++) {
            number = number > UINT32_MAX ? number : number * 10 + (uint64_t)(peek(t, n) - '0');
        }
    }
    if (number == 0 || number > t->groups) {
        return refuse(t, "a back reference to a group that is not there");
    }
    snprintf(text, sizeof text, "(?:\\g{%u})", (uint32_t)number);
    return put(t, n, text);
}

static bool escape_outside(struct translator *t)
{
    uint32_t ignored;
    char c = peek(t, 1);

    t->repeatable = c != 'b' && c != 'B';
    switch (c) {
    case 'b':
    case 'B':
        return copy(t, 2);
    case 's':
        return put(t, 2, "[" SPACES "]");
    case 'S':
        return put(t, 2, "[" NO_SPACES "]");
    default:
        return c == 'k' || (weir_scan_digit(c) && c != '0') ? back_reference(t)
                                                            : escape(t, &ignored);
    }
}

/* ---- brackets ---- */

/* One character or class within brackets. */
static bool class_atom(struct translator *t, uint32_t *cp)
{
    char c = peek(t, 0);

    *cp = NO_RANGE;
    if (c == '\\') {
        switch (peek(t, 1)) {
        case 's':
            return put(t, 2, SPACES);
        case 'S':
            return put(t, 2, NO_SPACES);
        case 'D':
            return put(t, 2, NO_DIGITS);
        case 'W':
            return put(t, 2, NO_WORDS);
        case 'b':
            *cp = 8;
            return put(t, 2, "\\x{8}");
        case 'B':
            return refuse(t, "\\B within brackets");
        default:
            return escape(t, cp);
        }
    }
    /* What PCRE2 might read as something else is written as a number. */
    size_t n = weir_utf8_get(t->in.p + t->i, cp);
    return *cp < 0x80 && !weir_scan_digit(c) && (((c | 0x20) < 'a') || ((c | 0x20) > 'z'))
               ? put_point(t, n, *cp)
               : copy(t, n);
}

/* From the opening bracket to the closing one. */
static bool brackets(struct translator *t)
{
    uint32_t from, to;

    t->repeatable = true;
    /* Nothing at all, and anything: PCRE2 repeats its own empty class as often as it has to, and
     * never less. */
    if (peek(t, 1) == ']') {
        return put(t, 2, "(?:(?!))");
    }
    if (peek(t, 1) == '^' && peek(t, 2) == ']') {
        return put(t, 3, "[\\x00-\\x{10ffff}]");
    }
    if (!copy(t, 1) || (peek(t, 0) == '^' && !copy(t, 1))) {
        return false;
    }
    while (!at_end(t) && peek(t, 0) != ']') {
        if (!class_atom(t, &from)) {
            return false;
        }
        /* A hyphen beside a bracket or a class is a hyphen. */
        if (peek(t, 0) != '-' || peek(t, 1) == ']' || t->i + 1 == t->in.len || from == NO_RANGE) {
            continue;
        }
        size_t hyphen = t->out != NULL ? t->out->len : 0, place = t->i;
        if (!put(t, 1, "-") || !class_atom(t, &to)) {
            return false;
        }
        if (to != NO_RANGE && to < from) {
            t->i = place + 1;
            return refuse(t, "range out of order in character class");
        }
        if (to == NO_RANGE && t->out != NULL) {
            /* [a-\d]: the hyphen stands for itself, so it has to go to another place. */
            memmove(t->out->p + hyphen, t->out->p + hyphen + 1, t->out->len - hyphen - 1);
            t->out->len--;
            if (!adds(t, "\\-")) {
                return false;
            }
        }
    }
    return at_end(t) ? refuse(t, "a bracket is not closed") : copy(t, 1);
}

/* ---- groups and quantifiers ---- */

/* {n}, {n,} or {n,m} at i: its length, or 0. *order: n is not above m. */
static size_t braces(const struct translator *t, bool *order)
{
    size_t n = 1, first, second = 0, from;

    while (peek(t, n) == '0') {
        n++;
    }
    from = n;
    while (weir_scan_digit(peek(t, n))) {
        n++;
    }
    first = n - from;
    if (n == 1) {
        return 0;
    }
    *order = true;
    if (peek(t, n) == ',') {
        n++;
        size_t begin = n;
        while (peek(t, n) == '0') {
            n++;
        }
        size_t digits = n;
        while (weir_scan_digit(peek(t, n))) {
            n++;
        }
        second = n - digits;
        if (n > begin) {
            *order = first < second ||
                     (first == second &&
                         memcmp(t->in.p + t->i + from, t->in.p + t->i + digits, first) <= 0);
        }
    }
    return peek(t, n) == '}' ? n + 1 : 0;
}

/* A quantifier of n bytes, and the ? that makes it lazy. */
static bool quantifier(struct translator *t, size_t n)
{
    if (!t->repeatable) {
        return refuse(t, "nothing to repeat");
    }
    t->repeatable = false;
    return copy(t, n) && (peek(t, 0) != '?' || copy(t, 1));
}

static bool open_group(struct translator *t)
{
    char c = peek(t, 2), d = peek(t, 3);
    bool looks = false;
    size_t n = 1;

    if (peek(t, 1) == '*') {
        return refuse(t, "nothing to repeat");
    }
    if (peek(t, 1) == '?') {
        looks = c == '=' || c == '!' || (c == '<' && (d == '=' || d == '!'));
        n = c == '<' && looks ? 4 : 3;
        if (!looks && c != ':' && c != '<') {
            return refuse(t, "a group that ECMA-262 has not");
        }
    }
    if (t->depth == WEIR_PATTERN_DEPTH_MAX) {
        return refuse(t, "parentheses are too deeply nested");
    }
    t->looks[t->depth++] = looks;
    t->repeatable = false;
    if (peek(t, 1) == '?' && c == '<' && !looks) {
        /* Names became numbers. */
        const char *from = t->in.p + t->i, *close = memchr(from, '>', t->in.len - t->i);
        return put(t, (size_t)(close - from) + 1, "(");
    }
    return copy(t, n);
}

static bool close_group(struct translator *t)
{
    if (t->depth == 0) {
        return refuse(t, "unmatched closing parenthesis");
    }
    t->repeatable = !t->looks[--t->depth];
    return copy(t, 1);
}

static bool item(struct translator *t)
{
    char c = peek(t, 0);
    bool order = true;
    size_t n;

    switch (c) {
    case '*':
    case '+':
    case '?':
        return quantifier(t, 1);
    case '{':
        n = braces(t, &order);
        if (n > 0) {
            return order ? quantifier(t, n) : refuse(t, "numbers out of order in {} quantifier");
        }
        t->repeatable = true;
        return put(t, 1, "\\{"); /* plain, in every version of PCRE2 */
    case '\\':
        return escape_outside(t);
    case '[':
        return brackets(t);
    case '(':
        return open_group(t);
    case ')':
        return close_group(t);
    case '^':
    case '$':
    case '|':
        t->repeatable = false;
        return copy(t, 1);
    default:
        break;
    }
    t->repeatable = true;
    return c == '.' ? put(t, 1, "[^\\n\\r\\x{2028}\\x{2029}]") : copy(t, 1);
}

/* ---- the whole ---- */

/* A group's name: letters, digits, _ and $, the first no digit; what is not ASCII is let pass. */
static bool name_group(struct translator *t)
{
    const char *from = t->in.p + t->i + 3, *close = memchr(from, '>', t->in.len - t->i - 3);
    struct weir_str name = {from, close != NULL ? (size_t)(close - from) : 0};

    for (size_t k = 0; k < name.len; k++) {
        char c = from[k], lower = (char)(c | 0x20);
        bool word = (lower >= 'a' && lower <= 'z') || c == '_' || c == '$' ||
                    (unsigned char)c >= 0x80 || (k > 0 && weir_scan_digit(c));
        name.len = word ? name.len : 0;
    }
    if (name.len == 0) {
        return refuse(t, "a malformed name of a group");
    }
    for (size_t k = 0; k < t->names_n; k++) {
        if (weir_str_eq(t->names[k], name)) {
            return refuse(t, "two groups have the same name");
        }
    }
    if (t->names_n == WEIR_PATTERN_NAMES_MAX) {
        return refuse(t, "too many named groups");
    }
    t->names[t->names_n] = name;
    t->numbers[t->names_n++] = t->groups;
    return true;
}

/* Number the groups, since what refers to them may stand before them. */
static bool survey(struct translator *t)
{
    bool inside = false;

    for (; t->i < t->in.len; t->i++) {
        char c = peek(t, 0), d = peek(t, 3);
        bool named = peek(t, 1) == '?' && peek(t, 2) == '<' && d != '=' && d != '!';
        if (c == '\\') {
            t->i++;
        } else if (inside || c == '[') {
            inside = c != ']';
        } else if (c == '(' && (peek(t, 1) != '?' || named)) {
            t->groups++;
            if (named && (t->i + 3 >= t->in.len || !name_group(t))) {
                return refuse(t, t->fault->why != NULL ? t->fault->why : "a malformed group");
            }
        }
    }
    t->i = 0;
    return true;
}

int weir_ecma_translate(struct weir_str in, struct weir_buf *out, size_t watch, size_t *origin,
    struct weir_ecma_fault *fault)
{
    struct translator t;
    bool found = false;

    *fault = (struct weir_ecma_fault){NULL, 0};
    t.in = in;
    t.out = out;
    t.fault = fault;
    t.i = t.names_n = 0;
    t.groups = t.depth = 0;
    t.repeatable = false;
    if (in.len > WEIR_PATTERN_MAX_BYTES) {
        refuse(&t, "too long");
        return -1;
    }
    if (!survey(&t)) {
        return -1;
    }
    while (!at_end(&t)) {
        size_t at = t.i;
        if (!item(&t)) {
            return -1;
        }
        if (!found && origin != NULL && out->len > watch) {
            *origin = at;
            found = true;
        }
    }
    if (!found && origin != NULL) {
        *origin = in.len;
    }
    return t.depth == 0 || refuse(&t, "missing closing parenthesis") ? 0 : -1;
}
