#define PCRE2_CODE_UNIT_WIDTH 8

#include "schema/pattern.h"

#include "core/buf.h"
#include "core/hex.h"
#include "core/limits.h"
#include "core/utf8.h"

#include <pcre2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define JIT_STACK_FIRST_BYTES (32 * WEIR_KIB)
#define NESTING_MAX 250 /* PCRE2's own default, named so that it cannot move */

/* ECMA-262 WhiteSpace and LineTerminator, and everything else. Within brackets. */
#define SPACES                                                                                     \
    "\\x09-\\x0d\\x20\\xa0\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}"        \
    "\\u{3000}\\u{feff}"
#define NO_SPACES                                                                                  \
    "\\x00-\\x08\\x0e-\\x1f\\x21-\\x9f\\xa1-\\u{167f}\\u{1681}-\\u{1fff}\\u{200b}-\\u{2027}"       \
    "\\u{202a}-\\u{202e}\\u{2030}-\\u{205e}\\u{2060}-\\u{2fff}\\u{3001}-\\u{fefe}"                 \
    "\\u{ff00}-\\u{10ffff}"

struct weir_pattern {
    pcre2_code *code;
    bool anchored; /* a match can only start at the subject's first byte */
};

/*
 * PCRE2 counts the steps from each place where a match may start anew, so that what a match costs
 * is only known afterwards, and only by its failure. So it is tried with a small limit first, whose
 * price is small, and with a larger one when that was not enough; an anchored pattern has one place
 * to start and begins with the second. The price for the length covers what PCRE2 does not count.
 */
static const struct attempt {
    uint32_t limit, price;
    uint32_t anchored, any; /* price of 8 bytes of the subject */
} attempts[] = {{16, 20, 0, 1}, {1000, 20, 1, 64}, {WEIR_PATTERN_MATCH_LIMIT, 100000, 64, 6400}};

struct weir_pattern_work {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

struct translator {
    struct weir_str in;
    size_t i;
    struct weir_buf *out;
    bool in_class;
    bool quantified;  /* the last thing was a quantifier */
    const char *why;  /* what is wrong at i */
    bool no_memory;   /* and not what why says */
    size_t watch;     /* find the place in `in` that made this byte of the output ... */
    size_t watch_ret; /* ... and leave it here */
};

static bool add(struct translator *t, const void *p, size_t n)
{
    struct weir_err ignored = {.code = WEIR_OK};

    if (weir_buf_add(t->out, p, n, &ignored) == -1) {
        t->no_memory = ignored.code == WEIR_E_NOMEM;
        t->why = "too long";
        return false;
    }
    return true;
}

static bool adds(struct translator *t, const char *s)
{
    return add(t, s, strlen(s));
}

/* Copy n bytes of the input. */
static bool copy(struct translator *t, size_t n)
{
    bool ok = add(t, t->in.p + t->i, n);

    t->i += ok ? n : 0;
    return ok;
}

static char peek(const struct translator *t, size_t ahead)
{
    return t->i + ahead < t->in.len ? t->in.p[t->i + ahead] : '\0';
}

static bool refuse(struct translator *t, const char *why)
{
    t->why = why;
    return false;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
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

/* \uXXXX, two of them that make a pair, or \u{X...}. */
static bool escape_u(struct translator *t)
{
    uint32_t cp, low;
    size_t n, used;
    char text[16];

    if (peek(t, 2) == '{') {
        n = hex(t, 3, 7, &cp);
        if (n == 0 || peek(t, 3 + n) != '}' || cp > 0x10FFFF) {
            return refuse(t, "a malformed \\u{...}");
        }
        used = 4 + n;
    } else {
        if (hex(t, 2, 4, &cp) != 4) {
            return refuse(t, "\\u needs four hexadecimal digits");
        }
        used = 6;
        if (cp >= 0xD800 && cp <= 0xDBFF && peek(t, 6) == '\\' && peek(t, 7) == 'u' &&
            hex(t, 8, 4, &low) == 4 && low >= 0xDC00 && low <= 0xDFFF) {
            cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
            used = 12;
        }
    }
    if (cp >= 0xD800 && cp <= 0xDFFF) {
        return refuse(t, "half of a surrogate pair");
    }
    snprintf(text, sizeof text, "\\u{%x}", cp);
    t->i += used;
    return adds(t, text);
}

/* \s or \S: \s is more than PCRE2's, and \S is spelt out so that it can stand within brackets. */
static bool escape_s(struct translator *t, bool no)
{
    t->i += 2;
    if (!t->in_class) {
        return adds(t, "[") && adds(t, no ? NO_SPACES : SPACES) && adds(t, "]");
    }
    /* A hyphen beside it is a hyphen; beside what is put here it would make a range. */
    const struct weir_buf *out = t->out;
    if (out->len >= 2 && out->p[out->len - 1] == '-' && out->p[out->len - 2] != '\\' &&
        out->p[out->len - 2] != '[') {
        t->out->len--;
        if (!adds(t, "\\-")) {
            return false;
        }
    }
    if (!adds(t, no ? NO_SPACES : SPACES)) {
        return false;
    }
    if (peek(t, 0) == '-' && peek(t, 1) != ']') {
        t->i++;
        return adds(t, "\\-");
    }
    return true;
}

/* \p{property}: PCRE2's names of properties. */
static bool escape_p(struct translator *t)
{
    const char *from = t->in.p + t->i, *close = NULL;

    if (peek(t, 2) == '{' && peek(t, 3) != '^') {
        close = memchr(from, '}', t->in.len - t->i);
    }
    return close == NULL ? refuse(t, "\\p needs {property}") : copy(t, (size_t)(close - from) + 1);
}

static bool escape(struct translator *t)
{
    uint32_t ignored;
    char c = peek(t, 1);

    switch (c) {
    case '\0':
        return refuse(t, "a backslash at the end");
    case 's':
    case 'S':
        return escape_s(t, c == 'S');
    case 'v':
        t->i += 2;
        return adds(t, "\\x0b");
    case 'u':
        return escape_u(t);
    case 'x':
        return hex(t, 2, 2, &ignored) == 2 ? copy(t, 4)
                                           : refuse(t, "\\x needs two hexadecimal digits");
    case '0':
        if (digit(peek(t, 2))) {
            return refuse(t, "octal escapes are not ECMA-262");
        }
        t->i += 2;
        return adds(t, "\\x00");
    case 'c': {
        char lower = (char)(peek(t, 2) | 0x20);
        return lower >= 'a' && lower <= 'z' ? copy(t, 3) : refuse(t, "\\c needs a letter");
    }
    case 'k':
        return peek(t, 2) == '<' && !t->in_class ? copy(t, 2) : refuse(t, "\\k needs <name>");
    case 'B':
        return t->in_class ? refuse(t, "\\B within brackets") : copy(t, 2);
    case 'p':
    case 'P':
        return escape_p(t);
    default:
        break;
    }
    if (digit(c)) {
        return t->in_class ? refuse(t, "a back reference within brackets") : copy(t, 2);
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
        return strchr("bdDwWtnrf", c) != NULL ? copy(t, 2)
                                              : refuse(t, "an escape that ECMA-262 has not");
    }
    /* A character for itself. ASCII marks may be escaped; others only stand plain. */
    return (unsigned char)c < 0x80 ? copy(t, 2) : refuse(t, "an escape that ECMA-262 has not");
}

/* {n}, {n,} or {n,m} at i: its length, or 0. */
static size_t braces(const struct translator *t)
{
    size_t n = 1, from = n;

    while (digit(peek(t, n))) {
        n++;
    }
    if (n == from) {
        return 0;
    }
    if (peek(t, n) == ',') {
        n++;
        while (digit(peek(t, n))) {
            n++;
        }
    }
    return peek(t, n) == '}' ? n + 1 : 0;
}

/* A quantifier of n bytes, and the ? that makes it lazy. */
static bool quantifier(struct translator *t, size_t n)
{
    if (t->quantified) {
        return refuse(t, "nothing to repeat");
    }
    t->quantified = true;
    return copy(t, n) && (peek(t, 0) != '?' || copy(t, 1));
}

static bool group(struct translator *t)
{
    if (peek(t, 1) == '*') {
        return refuse(t, "nothing to repeat");
    }
    if (peek(t, 1) != '?') {
        return copy(t, 1);
    }
    char c = peek(t, 2), d = peek(t, 3);
    if (c == ':' || c == '=' || c == '!') {
        return copy(t, 3);
    }
    if (c == '<' && (d == '=' || d == '!')) {
        return copy(t, 4);
    }
    if (c == '<') {
        return copy(t, 3);
    }
    return refuse(t, "a group that ECMA-262 has not");
}

static bool class_item(struct translator *t)
{
    switch (peek(t, 0)) {
    case '\\':
        return escape(t);
    case ']':
        t->in_class = false;
        return copy(t, 1);
    case '[': /* plain; PCRE2 would look for [:name:] */
        t->i++;
        return adds(t, "\\[");
    default:
        return copy(t, 1);
    }
}

static bool item(struct translator *t)
{
    char c = peek(t, 0);

    if (t->in_class) {
        return class_item(t);
    }
    if (c == '*' || c == '+' || c == '?') {
        return quantifier(t, 1);
    }
    if (c == '{' && braces(t) > 0) {
        return quantifier(t, braces(t));
    }
    t->quantified = false;
    switch (c) {
    case '\\':
        return escape(t);
    case '[':
        t->in_class = true;
        return copy(t, 1) && (peek(t, 0) != '^' || copy(t, 1));
    case '(':
        return group(t);
    case '.':
        t->i++;
        return adds(t, "[^\\n\\r\\u{2028}\\u{2029}]");
    case '{': /* plain, in every version of PCRE2 */
        t->i++;
        return adds(t, "\\{");
    default:
        return copy(t, 1);
    }
}

/* Fills t->out. False: t->why at t->i. */
static bool translate(struct translator *t)
{
    bool found = false;

    while (t->i < t->in.len) {
        size_t at = t->i;
        if (!item(t)) {
            return false;
        }
        if (!found && t->out->len > t->watch) {
            t->watch_ret = at;
            found = true;
        }
    }
    if (!found) {
        t->watch_ret = t->in.len;
    }
    return t->in_class ? refuse(t, "a bracket is not closed") : true;
}

static int fail(struct weir_str source, size_t offset, const char *why, struct weir_err *err)
{
    size_t place = weir_utf8_count(source.p, offset) + 1;

    return weir_err_set(
        err, WEIR_E_CONFIG, "not a regular expression: %s at character %zu", why, place);
}

/* PCRE2's complaint about byte `offset` of the translation, at its place in the source. */
static void fail_compile(struct weir_str source, int code, size_t offset, struct weir_err *err)
{
    PCRE2_UCHAR why[128] = "";
    struct weir_buf out;
    struct translator t = {.in = source, .out = &out, .watch = offset};

    if (code == PCRE2_ERROR_HEAP_FAILED) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        return;
    }
    weir_buf_init(&out, WEIR_PATTERN_MAX_BYTES);
    translate(&t);
    weir_buf_fini(&out);
    pcre2_get_error_message(code, why, sizeof why);
    fail(source, t.watch_ret, (const char *)why, err);
}

static pcre2_code *compile(
    const struct weir_buf *text, struct weir_str source, struct weir_err *err)
{
    /* NEVER_UCP and no UCP: \d and \w are ASCII. */
    const uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_UCP | PCRE2_ALT_BSUX |
                             PCRE2_DOLLAR_ENDONLY | PCRE2_ALLOW_EMPTY_CLASS |
                             PCRE2_MATCH_UNSET_BACKREF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_code *code = NULL;
    PCRE2_SIZE offset;
    int rc;

    if (context == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        return NULL;
    }
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    pcre2_set_parens_nest_limit(context, NESTING_MAX);
    code = pcre2_compile(
        text->len > 0 ? text->p : (const uint8_t *)"", text->len, options, &rc, &offset, context);
    if (code == NULL) {
        fail_compile(source, rc, offset, err);
    } else {
        /* Where there is no JIT (no right to make memory executable), matching interprets. */
        (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    }
    pcre2_compile_context_free(context);
    return code;
}

struct weir_pattern *weir_pattern_new(struct weir_str source, struct weir_err *err)
{
    struct weir_buf out;
    struct translator t = {.in = source, .out = &out, .watch = SIZE_MAX};
    struct weir_pattern *ret = NULL;

    weir_buf_init(&out, WEIR_PATTERN_MAX_BYTES);
    if (!translate(&t)) {
        if (t.no_memory) {
            weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        } else {
            fail(source, t.i, t.why, err);
        }
        goto out;
    }
    ret = calloc(1, sizeof *ret);
    if (ret == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "out of memory");
        goto out;
    }
    ret->code = compile(&out, source, err);
    if (ret->code == NULL) {
        free(ret);
        ret = NULL;
        goto out;
    }
    uint32_t options = 0;
    pcre2_pattern_info(ret->code, PCRE2_INFO_ALLOPTIONS, &options);
    ret->anchored = (options & PCRE2_ANCHORED) != 0;
out:
    weir_buf_fini(&out);
    return ret;
}

void weir_pattern_free(struct weir_pattern *pattern)
{
    if (pattern != NULL) {
        pcre2_code_free(pattern->code);
        free(pattern);
    }
}

struct weir_pattern_work *weir_pattern_work_new(struct weir_err *err)
{
    struct weir_pattern_work *work = calloc(1, sizeof *work);

    if (work == NULL) {
        goto fail;
    }
    work->data = pcre2_match_data_create(1, NULL);
    work->context = pcre2_match_context_create(NULL);
    if (work->data == NULL || work->context == NULL) {
        goto fail;
    }
    pcre2_set_heap_limit(
        work->context, (uint32_t)(WEIR_PATTERN_STACK_MAX_BYTES / WEIR_KIB)); /* in KiB */
    /* NULL where there is no JIT: not needed there. */
    work->stack = pcre2_jit_stack_create(JIT_STACK_FIRST_BYTES, WEIR_PATTERN_STACK_MAX_BYTES, NULL);
    pcre2_jit_stack_assign(work->context, NULL, work->stack);
    return work;
fail:
    weir_pattern_work_free(work);
    weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
    return NULL;
}

void weir_pattern_work_free(struct weir_pattern_work *work)
{
    if (work != NULL) {
        pcre2_jit_stack_free(work->stack);
        pcre2_match_context_free(work->context);
        pcre2_match_data_free(work->data);
        free(work);
    }
}

size_t weir_pattern_bytes(const struct weir_pattern *pattern)
{
    size_t code = 0, jit = 0;

    pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &code);
    pcre2_pattern_info(pattern->code, PCRE2_INFO_JITSIZE, &jit); /* untouched where there is none */
    return code + jit;
}

enum weir_pattern_verdict weir_pattern_match(const struct weir_pattern *pattern,
    struct weir_pattern_work *work, struct weir_str subject, uint64_t *steps)
{
    const char *p = subject.len > 0 ? subject.p : "";

    for (size_t i = pattern->anchored; i < sizeof attempts / sizeof attempts[0]; i++) {
        const struct attempt *a = &attempts[i];
        uint64_t price =
            a->price + (uint64_t)subject.len * (pattern->anchored ? a->anchored : a->any) / 8;
        if (price > *steps) {
            return WEIR_PATTERN_SPENT;
        }
        *steps -= price;
        pcre2_set_match_limit(work->context, a->limit);
        int rc = pcre2_match(pattern->code, (PCRE2_SPTR)p, subject.len, 0, PCRE2_NO_UTF_CHECK,
            work->data, work->context);
        if (rc >= 0) {
            return WEIR_PATTERN_YES;
        }
        if (rc == PCRE2_ERROR_NOMATCH) {
            return WEIR_PATTERN_NO;
        }
        if (rc != PCRE2_ERROR_MATCHLIMIT) {
            break; /* memory: more steps need no less */
        }
    }
    return WEIR_PATTERN_LIMIT;
}
