#include "schema/chain.h"

#include "schema/scan.h"

/* What is not understood here is no chain; the pattern is valid, so it means something else. */

#define REPEAT_MAX 9999 /* larger numbers are left to PCRE2, too */

static void add(uint64_t set[2], unsigned char first, unsigned char last)
{
    for (unsigned c = first; c <= last; c++) {
        set[c / 64] |= UINT64_C(1) << c % 64;
    }
}

static bool has(const uint64_t set[2], unsigned char c)
{
    return c < 0x80 && (set[c / 64] >> c % 64 & 1) != 0;
}

static bool is_mark(char c)
{
    return c > ' ' && c < 0x7F && !weir_scan_alpha(c) && !weir_scan_digit(c);
}

/* What follows a backslash: \d, \w, or a mark that stands for itself. *one receives it, or NUL. */
static bool escape(struct weir_scan *c, uint64_t set[2], char *one)
{
    const char x = weir_scan_peek(c);

    *one = '\0';
    if (x == 'd' || x == 'w') {
        add(set, '0', '9');
        if (x == 'w') {
            add(set, 'A', 'Z');
            add(set, 'a', 'z');
            add(set, '_', '_');
        }
    } else if (is_mark(x)) {
        add(set, (unsigned char)x, (unsigned char)x);
        *one = x;
    } else {
        return false;
    }
    c->i++;
    return true;
}

/* A character of a class, or a set in it. */
static bool member(struct weir_scan *c, uint64_t set[2], char *one)
{
    const char x = weir_scan_peek(c);

    if (weir_scan_take(c, '\\')) {
        return escape(c, set, one);
    }
    if (x < ' ' || x >= 0x7F || x == '[' || x == '^') {
        return false; /* not ASCII, or something that reads like more than it is */
    }
    add(set, (unsigned char)x, (unsigned char)x);
    *one = x;
    c->i++;
    return true;
}

/* What follows an opening bracket. */
static bool class(struct weir_scan *c, uint64_t set[2])
{
    char first, last;

    while (!weir_scan_take(c, ']')) {
        if (!member(c, set, &first)) {
            return false;
        }
        if (c->len - c->i < 2 || c->p[c->i] != '-' || c->p[c->i + 1] == ']') {
            continue;
        }
        c->i++;
        if (first == '\0' || !member(c, set, &last) || last < first) {
            return false;
        }
        add(set, (unsigned char)first, (unsigned char)last);
    }
    return (set[0] | set[1]) != 0;
}

static bool count(struct weir_scan *c, uint32_t *ret)
{
    const size_t from = c->i;

    for (*ret = 0; weir_scan_digit(weir_scan_peek(c)) && *ret <= REPEAT_MAX; c->i++) {
        *ret = *ret * 10 + (uint32_t)(c->p[c->i] - '0');
    }
    return c->i > from && *ret <= REPEAT_MAX;
}

/* How often: ?, *, +, {n}, {n,}, {n,m}; once, when nothing is said. */
static bool repeat(struct weir_scan *c, struct weir_chain_link *link)
{
    link->min = link->max = 1;
    if (weir_scan_take(c, '?')) {
        link->min = 0;
    } else if (weir_scan_take(c, '*')) {
        link->min = 0;
        link->max = UINT32_MAX;
    } else if (weir_scan_take(c, '+')) {
        link->max = UINT32_MAX;
    } else if (weir_scan_take(c, '{')) {
        if (!count(c, &link->min)) {
            return false;
        }
        link->max = link->min;
        if (weir_scan_take(c, ',')) {
            link->max = UINT32_MAX;
            if (weir_scan_peek(c) != '}' && !count(c, &link->max)) {
                return false;
            }
        }
        if (!weir_scan_take(c, '}')) {
            return false;
        }
    }
    return weir_scan_peek(c) != '?'; /* lazy */
}

static bool read_link(struct weir_scan *c, struct weir_chain_link *link)
{
    const char x = weir_scan_peek(c);
    char one;

    *link = (struct weir_chain_link){.min = 0};
    if (weir_scan_take(c, '[')) {
        if (!class(c, link->set)) {
            return false;
        }
    } else if (weir_scan_take(c, '\\')) {
        if (!escape(c, link->set, &one)) {
            return false;
        }
    } else if (x < ' ' || x >= 0x7F || weir_scan_one_of(x, "^$.*+?()[]{}|")) {
        return false;
    } else {
        add(link->set, (unsigned char)x, (unsigned char)x);
        c->i++;
    }
    return repeat(c, link);
}

/* Whether each character tells: where a link may go on or end, none of its characters may begin
 * what can come next. */
static bool is_plain(const struct weir_chain *chain)
{
    for (size_t i = 0; i < chain->n; i++) {
        const struct weir_chain_link *link = &chain->links[i];
        for (size_t k = i + 1; link->min < link->max && k < chain->n; k++) {
            const struct weir_chain_link *next = &chain->links[k];
            if (((link->set[0] & next->set[0]) | (link->set[1] & next->set[1])) != 0) {
                return false;
            }
            if (next->min > 0) {
                break;
            }
        }
    }
    return true;
}

bool weir_chain_of(struct weir_str pattern, struct weir_chain *ret)
{
    struct weir_scan c = weir_scan_begin(pattern);

    ret->n = 0;
    ret->whole = false;
    if (!weir_scan_take(&c, '^')) {
        return false;
    }
    while (!weir_scan_end(&c)) {
        if (weir_scan_peek(&c) == '$' && c.i + 1 == c.len) {
            ret->whole = true;
            break;
        }
        if (ret->n == WEIR_CHAIN_LINKS_MAX || !read_link(&c, &ret->links[ret->n])) {
            return false;
        }
        ret->n++;
    }
    return is_plain(ret);
}

bool weir_chain_match(const struct weir_chain *chain, struct weir_str subject)
{
    size_t at = 0;

    for (size_t i = 0; i < chain->n; i++) {
        const struct weir_chain_link *link = &chain->links[i];
        const size_t left = subject.len - at, most = left < link->max ? left : link->max;
        size_t n = 0;
        while (n < most && has(link->set, (unsigned char)subject.p[at + n])) {
            n++;
        }
        if (n < link->min) {
            return false;
        }
        at += n;
    }
    return !chain->whole || at == subject.len;
}
