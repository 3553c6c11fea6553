#include "json/tape.h"

#include "core/hex.h"
#include "core/limits.h"
#include "core/utf8.h"
#include "json/names.h"
#include "json/number.h"

#include <assert.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * One loop over the text with a stack of open containers; no recursion. A container's entry counts
 * its elements while it is open and learns where it ends when it closes. Strings are the bulk of
 * real JSON, so the search for their end looks at 16 (SSE2) or 8 bytes at once. UTF-8 is checked
 * once for the whole text, before: every byte that matters to JSON is ASCII, and no part of a
 * longer sequence looks like ASCII.
 *
 * Where a CSV field has each quote twice, nothing but the quotes is different: a string without an
 * escape has none within it, and so stands in the text as it is, whatever the text is quoted in.
 */

#define STR2(x) #x
#define STR(x) STR2(x)

#define FIRST_VALUES 64

struct parser {
    struct weir_json_tape *tape;
    const char *begin, *p, *end; /* a piece of the tape's text, as a rule all of it */
    size_t quote_len;            /* bytes that a quote takes: 1, or 2 where each is doubled */
    struct weir_json_fault *fault;
    size_t depth;
    uint32_t open[WEIR_JSON_DEPTH_MAX];
};

void weir_json_tape_init(struct weir_json_tape *tape)
{
    *tape = (struct weir_json_tape){.v = NULL};
}

void weir_json_tape_fini(struct weir_json_tape *tape)
{
    free(tape->v);
    free(tape->scratch);
    free(tape->table);
    weir_json_tape_init(tape);
}

void weir_json_tape_trim(struct weir_json_tape *tape, size_t keep_bytes)
{
    tape->n = tape->scratch_len = 0;
    if (tape->cap * sizeof *tape->v > keep_bytes) {
        free(tape->v);
        tape->v = NULL;
        tape->cap = 0;
    }
    if (tape->scratch_cap > keep_bytes) {
        free(tape->scratch);
        tape->scratch = NULL;
        tape->scratch_cap = 0;
    }
    if (tape->table_cap * sizeof *tape->table > keep_bytes) {
        free(tape->table);
        tape->table = NULL;
        tape->table_cap = 0;
    }
}

static int fail(struct parser *ps, const char *at, const char *reason)
{
    *ps->fault = (struct weir_json_fault){WEIR_E_DATA, reason, (size_t)(at - ps->begin)};
    return -1;
}

static int fail_code(struct parser *ps, const char *at, enum weir_code code, const char *reason)
{
    fail(ps, at, reason);
    ps->fault->code = code;
    return -1;
}

/* What is wrong at p: the end, or something else than was due. */
static int fail_due(struct parser *ps, const char *reason)
{
    return fail(ps, ps->p, ps->p >= ps->end ? "the text ends too early" : reason);
}

static int grow(struct parser *ps)
{
    struct weir_json_tape *t = ps->tape;

    if (t->cap >= WEIR_JSON_VALUES_MAX) {
        return fail_code(ps, ps->p, WEIR_E_LIMIT, "more values than the limit allows");
    }
    size_t cap = t->cap < FIRST_VALUES ? FIRST_VALUES : t->cap * 2;
    cap = cap > WEIR_JSON_VALUES_MAX ? WEIR_JSON_VALUES_MAX : cap;
    struct weir_json_value *v = realloc(t->v, cap * sizeof *v);
    if (v == NULL) {
        return fail_code(ps, ps->p, WEIR_E_NOMEM, "out of memory");
    }
    t->v = v;
    t->cap = cap;
    return 0;
}

static inline int push(
    struct parser *ps, enum weir_json_kind kind, const char *at, size_t len, bool decoded)
{
    struct weir_json_tape *t = ps->tape;

    if (t->n == t->cap && grow(ps) == -1) {
        return -1;
    }
    t->v[t->n] = (struct weir_json_value){
        .off = (uint32_t)(at - (decoded ? t->scratch : t->text)),
        .len = (uint32_t)len,
        .next = (uint32_t)t->n + 1,
        .kind = (uint8_t)kind,
        .decoded = decoded,
    };
    t->n++;
    return 0;
}

static inline void skip_space(struct parser *ps)
{
    const char *p = ps->p;

    if (p < ps->end && (unsigned char)*p > ' ') {
        return; /* as a rule there is none */
    }
    while (p < ps->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) {
        p++;
    }
    ps->p = p;
}

static inline bool special(char c)
{
    return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

/* The first quote, backslash or control character at or after p, or end. */
static inline const char *find_special(const char *p, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    const __m128i control = _mm_set1_epi8(0x1F);
    for (; end - p >= 16; p += 16) {
        __m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(x, quote), _mm_cmpeq_epi8(x, slash));
        hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(x, control), x));
        int mask = _mm_movemask_epi8(hit);
        if (mask != 0) {
            return p + __builtin_ctz((unsigned)mask);
        }
    }
#else
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    for (; end - p >= 8; p += 8) {
        uint64_t x;
        memcpy(&x, p, sizeof x);
        uint64_t quote = x ^ (ones * '"'), slash = x ^ (ones * '\\');
        uint64_t hit =
            ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((x - ones * 0x20) & ~x);
        if ((hit & highs) != 0) {
            break; /* some bit may be a borrow's: look at each byte */
        }
    }
#endif
    while (p < end && !special(*p)) {
        p++;
    }
    return p;
}

static int hex4(const char *p, const char *end, uint32_t *ret)
{
    uint32_t x = 0;

    if (end - p < 4) {
        return -1;
    }
    for (int i = 0; i < 4; i++) {
        int digit = weir_hex_digit(p[i]);
        if (digit < 0) {
            return -1;
        }
        x = x << 4 | (uint32_t)digit;
    }
    *ret = x;
    return 0;
}

/* The escape \uXXXX at p, or two of them that make a pair. Moves p behind it. */
static int unicode_escape(struct parser *ps, const char **p, char **out)
{
    const char *at = *p;
    uint32_t cp, low;

    if (hex4(at + 2, ps->end, &cp) == -1) {
        return fail(ps, at, "an unknown escape");
    }
    *p = at + 6;
    if (cp >= 0xD800 && cp <= 0xDFFF) {
        const char *second = at + 6;
        if (cp >= 0xDC00 || ps->end - second < 6 || second[0] != '\\' || second[1] != 'u' ||
            hex4(second + 2, ps->end, &low) == -1 || low < 0xDC00 || low > 0xDFFF) {
            return fail(ps, at, "an escape of half a surrogate pair");
        }
        cp = 0x10000 + ((cp - 0xD800) << 10) + (low - 0xDC00);
        *p = at + 12;
    }
    *out += weir_utf8_put(cp, *out);
    return 0;
}

static int simple_escape(struct parser *ps, const char **p, char **out)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    const char *at = *p;
    const char *found = ps->end - at < 2 ? NULL : memchr(names, at[1], sizeof names - 1);

    if (found == NULL) {
        return fail(ps, at, "an unknown escape");
    }
    *(*out)++ = values[found - names];
    *p = at + 1 + (at[1] == '"' ? ps->quote_len : 1);
    return 0;
}

/* What is decoded is never longer than its source, so one text's strings fit its length. */
static int scratch_room(struct parser *ps)
{
    struct weir_json_tape *t = ps->tape;

    if (t->scratch_len > 0 || t->scratch_cap >= t->text_len) {
        return 0;
    }
    char *p = malloc(t->text_len);
    if (p == NULL) {
        return fail_code(ps, ps->p, WEIR_E_NOMEM, "out of memory");
    }
    free(t->scratch);
    t->scratch = p;
    t->scratch_cap = t->text_len;
    return 0;
}

/* A string with an escape at p; it began at `begin`. */
static int decode_string(struct parser *ps, const char *begin, const char *p)
{
    struct weir_json_tape *t = ps->tape;

    if (scratch_room(ps) == -1) {
        return -1;
    }
    char *first = t->scratch + t->scratch_len, *out = first;
    memcpy(out, begin, (size_t)(p - begin));
    out += p - begin;
    while (p < ps->end && *p != '"') {
        if ((unsigned char)*p < 0x20) {
            return fail(ps, p, "a control character in a string");
        }
        int rc = ps->end - p >= 2 && p[1] == 'u' ? unicode_escape(ps, &p, &out)
                                                 : simple_escape(ps, &p, &out);
        if (rc == -1) {
            return -1;
        }
        const char *stop = find_special(p, ps->end);
        memcpy(out, p, (size_t)(stop - p));
        out += stop - p;
        p = stop;
    }
    if (p >= ps->end) {
        return fail(ps, ps->end, "a string is not closed");
    }
    ps->p = p + ps->quote_len;
    t->scratch_len = (size_t)(out - t->scratch);
    return push(ps, WEIR_JSON_STRING, first, (size_t)(out - first), true);
}

/* The string whose quote is at p. */
static inline int string(struct parser *ps)
{
    const char *begin = ps->p + ps->quote_len;
    const char *p = find_special(begin, ps->end);

    if (p < ps->end && *p == '"') {
        ps->p = p + ps->quote_len;
        return push(ps, WEIR_JSON_STRING, begin, (size_t)(p - begin), false);
    }
    if (p >= ps->end) {
        return fail(ps, ps->end, "a string is not closed");
    }
    if (*p != '\\') {
        return fail(ps, p, "a control character in a string");
    }
    return decode_string(ps, begin, p);
}

static int number(struct parser *ps)
{
    size_t n = weir_number_scan(ps->p, (size_t)(ps->end - ps->p));

    if (n == 0) {
        return fail(ps, ps->p, "a malformed number");
    }
    const char *at = ps->p;
    ps->p += n;
    return push(ps, WEIR_JSON_NUMBER, at, n, false);
}

static int number_or_nothing(struct parser *ps)
{
    if (ps->p < ps->end && (*ps->p == '-' || (*ps->p >= '0' && *ps->p <= '9'))) {
        return number(ps);
    }
    return fail_due(ps, "a value is expected");
}

static int word(struct parser *ps, const char *name, size_t len, enum weir_json_kind kind)
{
    if ((size_t)(ps->end - ps->p) < len || memcmp(ps->p, name, len) != 0) {
        return fail(ps, ps->p, "a value is expected");
    }
    const char *at = ps->p;
    ps->p += len;
    return push(ps, kind, at, 0, false);
}

static int open_container(struct parser *ps, enum weir_json_kind kind)
{
    if (ps->depth == WEIR_JSON_DEPTH_MAX) {
        return fail_code(
            ps, ps->p, WEIR_E_LIMIT, "nested deeper than " STR(WEIR_JSON_DEPTH_MAX) " levels");
    }
    ps->open[ps->depth] = (uint32_t)ps->tape->n;
    if (push(ps, kind, ps->p, 0, false) == -1) {
        return -1;
    }
    ps->depth++;
    ps->p++;
    return 0;
}

static inline int close_container(struct parser *ps)
{
    struct weir_json_tape *t = ps->tape;
    uint32_t index = ps->open[--ps->depth];
    struct weir_json_value *v = &t->v[index];

    v->next = (uint32_t)t->n;
    ps->p++;
    if (v->kind != WEIR_JSON_OBJECT || v->len < 2) {
        return 0;
    }
    switch (weir_json_names(t, index)) {
    case WEIR_JSON_NAMES_UNIQUE:
        return 0;
    case WEIR_JSON_NAMES_TWICE:
        return fail(ps, t->text + v->off, "a name comes twice in the object");
    default:
        return fail_code(ps, ps->p, WEIR_E_NOMEM, "out of memory");
    }
}

/* A member's name and its colon. */
static inline int name(struct parser *ps)
{
    skip_space(ps);
    if (ps->p >= ps->end || *ps->p != '"') {
        return fail_due(ps, "a name in quotes is expected");
    }
    if (string(ps) == -1) {
        return -1;
    }
    skip_space(ps);
    if (ps->p >= ps->end || *ps->p != ':') {
        return fail_due(ps, "a colon is expected");
    }
    ps->p++;
    return 0;
}

/* After a value, as long as containers close: sets *more when another value is due. */
static inline int after_value(struct parser *ps, bool *more)
{
    struct weir_json_tape *t = ps->tape;

    *more = false;
    while (ps->depth > 0) {
        struct weir_json_value *top = &t->v[ps->open[ps->depth - 1]];
        bool object = top->kind == WEIR_JSON_OBJECT;
        top->len++;
        skip_space(ps);
        if (ps->p < ps->end && *ps->p == ',') {
            ps->p++;
            *more = true;
            return object ? name(ps) : 0;
        }
        if (ps->p >= ps->end || *ps->p != (object ? '}' : ']')) {
            return fail_due(ps, object ? "a comma or } is expected" : "a comma or ] is expected");
        }
        if (close_container(ps) == -1) {
            return -1;
        }
    }
    return 0;
}

/* An opening bracket at p. Sets *more when a value is due in it; else it was empty and is closed.
 */
static inline int container(struct parser *ps, bool *more)
{
    bool object = *ps->p == '{';

    if (open_container(ps, object ? WEIR_JSON_OBJECT : WEIR_JSON_ARRAY) == -1) {
        return -1;
    }
    skip_space(ps);
    *more = !(ps->p < ps->end && *ps->p == (object ? '}' : ']'));
    if (!*more) {
        return close_container(ps);
    }
    return object ? name(ps) : 0;
}

static int run(struct parser *ps)
{
    bool more = true;

    do {
        int rc;
        bool opened = false;
        skip_space(ps);
        switch (ps->p < ps->end ? *ps->p : '\0') {
        case '"':
            rc = string(ps);
            break;
        case '{':
        case '[':
            rc = container(ps, &opened);
            break;
        case 't':
            rc = word(ps, "true", 4, WEIR_JSON_TRUE);
            break;
        case 'f':
            rc = word(ps, "false", 5, WEIR_JSON_FALSE);
            break;
        case 'n':
            rc = word(ps, "null", 4, WEIR_JSON_NULL);
            break;
        default:
            rc = number_or_nothing(ps);
        }
        if (rc == -1 || (!opened && after_value(ps, &more) == -1)) {
            return -1;
        }
    } while (more);
    skip_space(ps);
    return ps->p == ps->end ? 0 : fail(ps, ps->p, "more text after the value");
}

void weir_json_begin(struct weir_json_tape *tape, const char *text, size_t len)
{
    assert(len <= UINT32_MAX / 2);
    tape->text = text == NULL ? "" : text;
    tape->text_len = len;
    tape->n = 0;
    tape->scratch_len = 0;
}

int64_t weir_json_put(struct weir_json_tape *tape, enum weir_json_kind kind, size_t off, size_t len,
    struct weir_json_fault *fault)
{
    struct parser ps;

    ps.tape = tape;
    ps.begin = ps.p = tape->text + off;
    ps.fault = fault;
    return push(&ps, kind, ps.p, len, false) == -1 ? -1 : (int64_t)tape->n - 1;
}

/* The offset as if quotes were not doubled. */
static size_t single_offset(const struct parser *ps, size_t offset)
{
    size_t quotes = 0;

    for (size_t i = 0; i < offset; i++) {
        quotes += ps->begin[i] == '"';
    }
    return offset - quotes / 2;
}

int64_t weir_json_append(struct weir_json_tape *tape, size_t off, size_t len, bool doubled,
    struct weir_json_fault *fault)
{
    struct parser ps;
    size_t n = tape->n, scratch = tape->scratch_len;

    ps.tape = tape;
    ps.begin = ps.p = tape->text + off;
    ps.end = ps.p + len;
    ps.quote_len = doubled ? 2 : 1;
    ps.fault = fault;
    ps.depth = 0;
    if (run(&ps) == -1) {
        tape->n = n;
        tape->scratch_len = scratch;
        if (doubled) {
            fault->offset = single_offset(&ps, fault->offset);
        }
        return -1;
    }
    return (int64_t)n;
}

int weir_json_parse_utf8(
    struct weir_json_tape *tape, const char *text, size_t len, struct weir_json_fault *fault)
{
    weir_json_begin(tape, text, len);
    return weir_json_append(tape, 0, len, false, fault) == -1 ? -1 : 0;
}

int weir_json_parse(
    struct weir_json_tape *tape, const char *text, size_t len, struct weir_json_fault *fault)
{
    size_t valid = weir_utf8_check(text, len);

    if (valid < len) {
        *fault = (struct weir_json_fault){WEIR_E_DATA, "not valid UTF-8", valid};
        return -1;
    }
    return weir_json_parse_utf8(tape, text, len, fault);
}

int weir_json_fault_err(const struct weir_json_fault *fault, const char *what, const char *text,
    enum weir_code code, struct weir_err *err)
{
    size_t line = 1, begin = 0;

    for (size_t i = 0; i < fault->offset; i++) {
        if (text[i] == '\n') {
            line++;
            begin = i + 1;
        }
    }
    return weir_err_set(err, fault->code == WEIR_E_NOMEM ? WEIR_E_NOMEM : code,
        "%s: line %zu, column %zu: %s", what, line, fault->offset - begin + 1, fault->reason);
}
