/*
 * Is a pattern read as ECMA-262 reads it, and does it end?
 */
#include "core/limits.h"
#include "schema/chain.h"
#include "schema/ecma.h"
#include "schema/format.h"
#include "schema/pattern.h"
#include "tests/support/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct pattern_case {
    const char *pattern, *yes, *no; /* subjects; NULL: none to try */
};

static const struct pattern_case patterns[] = {
    {"^EVT\\d+$", "EVT1", "EVT"},
    {"^EVT\\d+$", "EVT0123456789", "EVT1\n"}, /* $ is the very end */
    {"^EVT\\d+$", "EVT7", "xEVT7"},
    {"b", "abc", "ac"}, /* not anchored */
    {"", "", NULL},
    {"^\\d$", "5", "\xE0\xA7\xAA"}, /* ASCII digits */
    {"^\\w$", "_", "\xC3\xA9"},
    {"^\\W$", "\xC3\xA9", "a"},
    {"^\\s$", "\xC2\xA0", "\xC2\xA1"}, /* white space of ECMA-262 */
    {"^\\s$", "\xEF\xBB\xBF", "\xE2\x80\x8B"},
    {"^\\s$", "\xE2\x80\xA8", "\xC2\x85"},
    {"^\\s$", "\x0B", "\x1C"},
    {"^[\\s]$", "\xE3\x80\x80", "x"},
    {"^\\S$", "x", "\xE2\x80\xA9"},
    {"^\\S$", "\xF0\x9F\x98\x80", "\xE1\x9A\x80"},
    {"^[^\\S]$", "\xC2\xA0", "x"},
    {"^[\\S\\n]$", "\n", "\t"},
    {"^[\\s-x]+$", "- x", "\xEF\xBF\xBE"}, /* a hyphen beside \s is a hyphen */
    {"^[a-\\s]+$", "a-\t", "b"},
    {"^[\\s-]$", "-", "_"},
    {"^[-\\s]$", "-", "_"},
    {"^.$", "\xC2\x85", "\n"}, /* . leaves out four line ends */
    {"^.$", "\xF0\x9F\x98\x80", "\r"},
    {"^.$", "x", "\xE2\x80\xA8"},
    {"^[.]$", ".", "x"},
    {"^\\v$", "\x0B", "\n"}, /* one character, not a class */
    {"^[\\v]$", "\x0B", "\x0C"},
    {"^\\u00e9$", "\xC3\xA9", "e"},
    {"^\\u{1F600}$", "\xF0\x9F\x98\x80", "x"},
    {"^\\uD83D\\uDE00$", "\xF0\x9F\x98\x80", "x"},
    {"^[\\uD83D\\uDE00-\\uD83D\\uDE02]$", "\xF0\x9F\x98\x81", "\xF0\x9F\x98\x83"},
    {"^\\x41$", "A", "x41"},
    {"^\\cJ$", "\n", "J"},
    {"^a\\/b\\-c\\.d$", "a/b-c.d", "a/b-cxd"},
    {"^\\0$", NULL, "0"},
    {"^{a}$", "{a}", "a"}, /* braces that are no quantifier */
    {"^a{,3}$", "a{,3}", "aa"},
    {"^a{2}$", "aa", "a"},
    {"^a{2,}$", "aaaa", "a"},
    {"^a{1,2}?$", "a", "aaa"},
    {"^x{$", "x{", "x"},
    {"^[]$", NULL, "]"}, /* an empty class matches nothing */
    {"[]", NULL, "x"},
    {"^[^]$", "\n", ""},          /* and its negation anything */
    {"^[[:alpha:]]$", ":]", "b"}, /* no POSIX classes */
    {"^[[a]$", "[", "b"},
    {"^[\\]\\\\]+$", "]\\", "["},
    {"^(a)?b\\1$", "b", "ba"}, /* a group that took no part matches emptily */
    {"^(?<n>a|b)\\k<n>$", "aa", "ab"},
    {"^(?:ab)+$", "abab", "aba"},
    {"^(?=a)\\w(?!b)", "ac", "ab"},
    {"(?<=a)b", "ab", "b"},
    {"(?<!a)b$", "cb", "ab"},
    {"\\bfoo\\b", "a foo b", "afoob"},
    {"^[\\b]$", "\b", "b"},
    {"^\\p{L}+$", "\xC3\xA9t\xC3\xA9", "1"},
    {"^\\P{Lu}$", "a", "A"},
    {"^[\\p{Nd}x]$", "\xE0\xA7\xAA", "y"},
    {"^\xC3\xA9+$", "\xC3\xA9\xC3\xA9", "e"},
    {"a|b", "b", "c"},
    {"^(|a)$", "", "b"},
    {"^a??$", "a", "b"},
    {"#not a comment", "#not a comment", "#"},
    {"^\\$\\^$", "$^", "x"},
    {"^\\p{Letter}+\\p{digit}$", "\xC3\xA9t\xC3\xA9\xE0\xA7\xAA", "e"},
    {"^\\p{General_Category=Uppercase_Letter}$", "A", "a"},
    {"^\\p{Script=Greek}\\p{sc=Grek}\\p{scx=Greek}$", "\xCE\xB1\xCE\xB2\xCE\xB3", "abc"},
    {"^\\P{Script=Greek}$", "a", "\xCE\xB1"},
    {"^[\\p{Emoji_Presentation}]$", "\xF0\x9F\x98\x80", "a"},
    {"^\\p{Assigned}\\P{Assigned}$", "a\xCD\xB8", "ab"},
    {"^\\p{ASCII}\\p{Any}$", "a\xC3\xA9",
        "\xC3\xA9"
        "a"},
    {"^\\cj[\\cA-\\cZ]$", "\n\x01", "a"},
    {"^[\\x41-\\u0043]$", "B", "D"},
    {"^[+--]$", ",", "."},
    {"^[a-\\d]+$", "a-1", "b"},
    {"^[\\w-z]+$", "a-", "."},
    {"^[#&~|,-]+$", "#&~|,-", "a"},
    {"^(?<$a\xC3\xA9>x)(?<b1>y)\\k<b1>\\1$", "xyyx", "xyxy"},
    {"^\\1(a)$", "a", "aa"}, /* a group that comes later took no part */
    {"^(a)(?:\\1){2}0$", "aaa0", "aa0"},
    {"(?<=\\u{1F600})b",
        "\xF0\x9F\x98\x80"
        "b",
        "ab"},
    {"^a{00,02}$", "aa", "aaa"},
    {"^a{4294967296", "a{4294967296", "a"},
    {"^\\u{000041}$", "A", "B"},
    {"^x]}$", "x]}", "x"},
    {"^[]{0,}x[]?$", "x", "]x"},
    {"^a[^]*b$", "a\n]b", "a"},
    {"^[^\\W.\\p{L}]$", "7", "\xE2\x80\xA8"},
    {"^[^\\D\\p{L}]$", "7", "\xF0\x9F\x98\x80"},
    {"^[\\W\\d]+$", "\xC3\xA9-7", "x"},
    {"^(?<n>\\k<n>+)$", "", "x"}, /* within itself, and repeated, it is empty */
    {"^(?:(x)a|\\1{2}b)$", "b", "a"},
};

static enum weir_pattern_verdict match(const struct weir_pattern *pattern,
    struct weir_pattern_work *work, const char *text, size_t len)
{
    /* PCRE2's compiled code reads whole vectors, aligned, and after (?:)^ the byte before the
     * subject; valgrind wants them initialised. */
    const size_t before = 16;
    char *p = calloc(1, before + len + 32);

    assert_non_null(p);
    memcpy(p + before, text, len);
    uint64_t steps = UINT64_MAX;
    enum weir_pattern_verdict ret =
        weir_pattern_match(pattern, work, (struct weir_str){p + before, len}, &steps);
    free(p);
    return ret;
}

static void patterns_mean_what_ecma_262_says(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_pattern_work *work = weir_pattern_work_new(&err);

    (void)state;
    assert_non_null(work);
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        const struct pattern_case *c = &patterns[i];
        struct weir_pattern *p = weir_pattern_new(weir_str_of(c->pattern), &err);
        if (p == NULL) {
            fail_msg("%s: %s", c->pattern, err.msg);
        }
        if (c->yes != NULL && match(p, work, c->yes, strlen(c->yes)) != WEIR_PATTERN_YES) {
            fail_msg("%s does not match %s", c->pattern, c->yes);
        }
        if (c->no != NULL && match(p, work, c->no, strlen(c->no)) != WEIR_PATTERN_NO) {
            fail_msg("%s matches %s", c->pattern, c->no);
        }
        weir_pattern_free(p);
    }
    weir_pattern_work_free(work);
}

struct refused_case {
    const char *pattern;
    size_t place;
    const char *why; /* NULL: PCRE2's own words */
};

static const struct refused_case refused[] = {
    {"a**", 3, "nothing to repeat"},
    {"a++", 3, "nothing to repeat"}, /* possessive in PCRE2 */
    {"a?+", 3, "nothing to repeat"},
    {"a{2}+", 5, "nothing to repeat"},
    {"a+??", 4, "nothing to repeat"},
    {"(*UCP)\\d", 1, "nothing to repeat"}, /* a verb in PCRE2 */
    {"(*LIMIT_MATCH=1)a", 1, "nothing to repeat"},
    {"a(?i)b", 2, "a group that ECMA-262 has not"},
    {"(?>a)", 1, "a group that ECMA-262 has not"},
    {"(?|a)", 1, "a group that ECMA-262 has not"},
    {"(?R)", 1, "a group that ECMA-262 has not"},
    {"(?#x)", 1, "a group that ECMA-262 has not"},
    {"(?P<n>a)", 1, "a group that ECMA-262 has not"},
    {"(?'n'a)", 1, "a group that ECMA-262 has not"},
    {"\\Aa", 1, "an escape that ECMA-262 has not"},
    {"a\\z", 2, "an escape that ECMA-262 has not"},
    {"\\h", 1, "an escape that ECMA-262 has not"},
    {"\\Qa\\E", 1, "an escape that ECMA-262 has not"},
    {"\\X", 1, "an escape that ECMA-262 has not"},
    {"\\G", 1, "an escape that ECMA-262 has not"},
    {"\\K", 1, "an escape that ECMA-262 has not"},
    {"\\N", 1, "an escape that ECMA-262 has not"},
    {"\\g1", 1, "an escape that ECMA-262 has not"},
    {"\\a", 1, "an escape that ECMA-262 has not"},
    {"\\C", 1, "an escape that ECMA-262 has not"},
    {"\\\xC3\xA9", 1, "an escape that ECMA-262 has not"},
    {"\\01", 1, "octal escapes are not ECMA-262"},
    {"\\u12", 1, "\\u needs four hexadecimal digits"},
    {"\\u{110000}", 1, "a malformed \\u{...}"},
    {"\\u{}", 1, "a malformed \\u{...}"},
    {"\\uD800", 1, "half of a surrogate pair"},
    {"x\\uDC00", 2, "half of a surrogate pair"},
    {"\\u{D800}", 1, "half of a surrogate pair"},
    {"\\x4", 1, "\\x needs two hexadecimal digits"},
    {"\\c1", 1, "\\c needs a letter"},
    {"\\ka", 1, "\\k needs <name>"},
    {"\\pL", 1, "\\p needs {property}"},
    {"\\p{^L}", 1, "a property that ECMA-262 has not"},
    {"[\\1]", 2, "an escape that ECMA-262 has not"},
    {"[\\B]", 2, "\\B within brackets"},
    {"abc\\", 4, "a backslash at the end"},
    {"[abc", 5, "a bracket is not closed"},
    {"\xC3\xA9\xC3\xA9\\", 3, "a backslash at the end"}, /* characters, not bytes */
    {"(a", 3, "missing closing parenthesis"},
    {"a)", 2, "unmatched closing parenthesis"},
    {"*a", 1, "nothing to repeat"},
    {"(?=a)*", 6, "nothing to repeat"},
    {"a|*", 3, "nothing to repeat"},
    {"^*", 2, "nothing to repeat"},
    {"[z-a]", 4, "range out of order in character class"},
    {"[\\u{1F602}-\\u{1F600}]", 12, "range out of order in character class"},
    {"a{2,1}", 2, "numbers out of order in {} quantifier"},
    {"a{10,9}", 2, "numbers out of order in {} quantifier"},
    {"\\p{Nonsense}", 1, "a property that ECMA-262 has not"},
    {"\\p{lu}", 1, "a property that ECMA-262 has not"},
    {"\\p{Greek}", 1, "a property that ECMA-262 has not"},
    {"\\p{Script=}", 1, "a property that ECMA-262 has not"},
    {"\\p{Script=Klingon}", 0, NULL},
    {"(?<=a+)b", 0, NULL},
    {"a{70000}", 0, NULL},
    {"(?<n>a)(?<n>b)", 8, "two groups have the same name"},
    {"(?<>a)", 1, "a malformed name of a group"},
    {"(?<1>a)", 1, "a malformed name of a group"},
    {"(?<a", 1, "a malformed name of a group"},
    {"\\k<m>(?<n>a)", 1, "a back reference to a group that is not there"},
    {"\\2(a)", 1, "a back reference to a group that is not there"},
};

static void what_ecma_262_has_not_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const struct refused_case *c = &refused[i];
        struct weir_err err = {.code = WEIR_OK};
        char want[160];
        struct weir_pattern *p = weir_pattern_new(weir_str_of(c->pattern), &err);
        if (p != NULL) {
            fail_msg("accepted: %s", c->pattern);
        }
        assert_int_equal(err.code, WEIR_E_CONFIG);
        const char *what = c->place > 0 ? "not a regular expression: " : "not supported: ";
        assert_memory_equal(err.msg, what, strlen(what));
        if (c->place > 0) {
            snprintf(
                want, sizeof want, "%s at character %zu", c->why == NULL ? "" : c->why, c->place);
            if (strstr(err.msg, want) == NULL) {
                fail_msg("%s: %s, not %s", c->pattern, err.msg, want);
            }
        }
    }
}

static void groups_and_their_names_have_limits(void **state)
{
    struct weir_buf deep, named;

    (void)state;
    weir_buf_init(&deep, WEIR_PATTERN_MAX_BYTES);
    weir_buf_init(&named, WEIR_PATTERN_MAX_BYTES);
    for (int i = 0; i < WEIR_PATTERN_DEPTH_MAX; i++) {
        assert_int_equal(weir_buf_adds(&deep, "(", NULL), 0);
    }
    for (int i = 0; i < WEIR_PATTERN_NAMES_MAX; i++) {
        assert_int_equal(weir_buf_addf(&named, NULL, "(?<n%d>a)", i), 0);
    }
    for (int more = 0; more < 2; more++) {
        struct weir_err err = {.code = WEIR_OK};
        const size_t depth = deep.len;
        for (size_t i = 0; i < depth; i++) {
            assert_int_equal(weir_buf_adds(&deep, ")", NULL), 0);
        }
        struct weir_pattern *p = weir_pattern_new(weir_str_of(weir_buf_text(&deep, NULL)), &err);
        assert_int_equal(p == NULL, more);
        assert_int_equal(strstr(err.msg, "parentheses are too deeply nested") != NULL, more);
        weir_pattern_free(p);
        err = (struct weir_err){.code = WEIR_OK};
        p = weir_pattern_new(weir_str_of(weir_buf_text(&named, NULL)), &err);
        assert_int_equal(p == NULL, more);
        assert_int_equal(strstr(err.msg, "too many named groups") != NULL, more);
        weir_pattern_free(p);
        deep.len = depth;
        assert_int_equal(weir_buf_adds(&deep, "(", NULL), 0);
        assert_int_equal(weir_buf_adds(&named, "(?<more>a)", NULL), 0);
    }
    weir_buf_fini(&deep);
    weir_buf_fini(&named);
}

/* PCRE2 complains about our translation; the place must be in the source. */
static void places_survive_the_translation(void **state)
{
    struct weir_err err = {.code = WEIR_OK};

    (void)state;
    assert_null(weir_pattern_new(WEIR_STR("\\s\\s..\\S{3}(b"), &err));
    assert_non_null(strstr(err.msg, "at character 14"));
    err.code = WEIR_OK;
    assert_null(weir_pattern_new(WEIR_STR("\\s.[d-c]x"), &err));
    assert_non_null(strstr(err.msg, "at character 7"));
}

static void a_pattern_that_explodes_ends_at_its_limit(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_pattern_work *work = weir_pattern_work_new(&err);
    static const char *const bombs[] = {"^(a+)+$", "^(a|aa)+$", "^(\\w+\\s?)*!$", "(.*.*)*x$"};
    char text[64];

    (void)state;
    assert_non_null(work);
    memset(text, 'a', sizeof text);
    text[sizeof text - 1] = '?';
    for (size_t i = 0; i < sizeof bombs / sizeof bombs[0]; i++) {
        struct weir_pattern *p = weir_pattern_new(weir_str_of(bombs[i]), &err);
        assert_non_null(p);
        enum weir_pattern_verdict v = match(p, work, text, sizeof text);
        if (v != WEIR_PATTERN_LIMIT && v != WEIR_PATTERN_NO) {
            fail_msg("%s", bombs[i]);
        }
        weir_pattern_free(p);
    }
    struct weir_pattern *p = weir_pattern_new(WEIR_STR("^(a+)+$"), &err);
    assert_int_equal(match(p, work, text, sizeof text), WEIR_PATTERN_LIMIT);
    /* and the next match is not the worse for it */
    assert_int_equal(match(p, work, "aaa", 3), WEIR_PATTERN_YES);
    weir_pattern_free(p);
    weir_pattern_work_free(work);
}

/* Deep recursion needs more than the machine's stack gives. */
static void a_long_subject_has_memory_to_backtrack_or_a_limit(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_pattern_work *work = weir_pattern_work_new(&err);
    struct weir_pattern *p = weir_pattern_new(WEIR_STR("^(?:a|b)*$"), &err);
    size_t len = 4 * WEIR_MIB;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    assert_non_null(p);
    memset(text, 'a', len);
    assert_int_equal(match(p, work, text, 1000), WEIR_PATTERN_YES);
    enum weir_pattern_verdict v = match(p, work, text, len);
    assert_true(v == WEIR_PATTERN_YES || v == WEIR_PATTERN_LIMIT);
    weir_pattern_free(p);
    p = weir_pattern_new(WEIR_STR("^[ab]*$"), &err);
    assert_int_equal(match(p, work, text, len), WEIR_PATTERN_YES);
    weir_pattern_free(p);
    weir_pattern_work_free(work);
    free(text);
}

static void a_pattern_has_a_longest_size(void **state)
{
    struct weir_err err = {.code = WEIR_OK};
    size_t len = WEIR_PATTERN_MAX_BYTES + 1;
    char *text = malloc(len);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', len);
    assert_null(weir_pattern_new((struct weir_str){text, len}, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "too long"));
    free(text);
    weir_pattern_free(NULL);
    weir_pattern_work_free(NULL);
}

/* The format takes what `pattern` takes, but for what only PCRE2 has limits for. */
static void the_format_regex_reads_the_same_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        if (!weir_format_regex(weir_str_of(patterns[i].pattern))) {
            fail_msg("refuses %s", patterns[i].pattern);
        }
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        bool wrong = refused[i].why != NULL;
        if (weir_format_regex(weir_str_of(refused[i].pattern)) == wrong) {
            fail_msg("%s: %s", refused[i].pattern, wrong ? "accepted" : "refused");
        }
    }
}

struct chain_case {
    const char *pattern;
    bool chain;
};

static const struct chain_case chains[] = {
    {"^", true},
    {"^$", true},
    {"^ORD\\d+$", true},
    {"^[A-Z]{3}-\\d{4}$", true},
    {"^[a-z][a-z0-9]*", true},
    {"^[A-Za-z0-9_-]{1,64}$", true},
    {"^\\w+@\\w+\\.[a-z]{2,}$", true},
    {"^a?b*c$", true},
    {"^\\$\\^\\{x y\\}$", true},
    {"a", false},       /* anywhere */
    {"^a$b", false},    /* an end that is none */
    {"^a|b$", false},   /* two of them */
    {"^(ab)+$", false}, /* groups */
    {"^.$", false},     /* characters that are not ASCII */
    {"^[^a]$", false},
    {"^\\s$", false},
    {"^\\D$", false},
    {"^\xC3\xA9$", false},
    {"^\\u0041$", false},
    {"^\\bx", false},
    {"^[\\w-x]$", false},
    {"^a+a$", false}, /* what comes next may be this */
    {"^a*b*a$", false},
    {"^[a-f]{1,2}[0-9a-f]$", false},
    {"^a+?b$", false},
    {"^{a}$", false}, /* braces that stand for themselves */
    {"^a{10000}$", false},
    {"^a{1,10000}$", false},
    {"^a{2,x}$", false},
    {"^a{2x}$", false},
};

static void simple_patterns_are_chains(void **state)
{
    struct weir_chain chain;

    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        if (weir_chain_of(weir_str_of(chains[i].pattern), &chain) != chains[i].chain) {
            fail_msg("%s is %s chain", chains[i].pattern, chains[i].chain ? "no" : "a");
        }
    }
}

/* Pieces that make chains, and things that are nearly some. */
static void make_pattern(char *to, size_t size)
{
    static const char *const sets[] = {"a", "b", "\\d", "\\w", "[ab]", "[b-d]", "[0-9_]", "-",
        "\\.", "[-a]", "[a-]", "[\\d.]", "[x\\-z]", "\\/"};
    static const char *const times[] = {"", "", "", "+", "*", "?", "{2}", "{1,}", "{0,2}", "{0}"};
    size_t n = (size_t)snprintf(to, size, "^");

    for (size_t i = rnd(5); i > 0; i--) {
        n += (size_t)snprintf(to + n, size - n, "%s%s", sets[rnd(sizeof sets / sizeof sets[0])],
            times[rnd(sizeof times / sizeof times[0])]);
    }
    snprintf(to + n, size - n, "%s", rnd(3) > 0 ? "$" : "");
}

static void a_chain_matches_what_pcre2_matches(void **state)
{
    static const char bytes[] = "aabbcdx019_-./ \n";
    struct weir_pattern_work *work = weir_pattern_work_new(NULL);
    int matches = 0, chains_n = 0;

    (void)state;
    rnd_seed = 1;
    for (int i = 0; i < 6000; i++) {
        char pattern[200], other[208], subject[12];
        struct weir_chain chain;
        make_pattern(pattern, sizeof pattern);
        if (!weir_chain_of(weir_str_of(pattern), &chain)) {
            continue;
        }
        chains_n++;
        /* the same, with a group at its begin that makes it no chain */
        snprintf(other, sizeof other, "(?:)%s", pattern);
        struct weir_pattern *p = weir_pattern_new(weir_str_of(other), NULL);
        assert_non_null(p);
        for (int k = 0; k < 20; k++) {
            size_t len = rnd(sizeof subject);
            const uint32_t n = rnd(3) == 0 ? 2 : sizeof bytes - 1;
            for (size_t j = 0; j < len; j++) {
                subject[j] = rnd(50) == 0 ? '\x7F' : bytes[rnd(n)];
            }
            bool yes = weir_chain_match(&chain, (struct weir_str){subject, len});
            matches += yes;
            if (match(p, work, subject, len) != (yes ? WEIR_PATTERN_YES : WEIR_PATTERN_NO)) {
                fail_msg("%s and %.*s", pattern, (int)len, subject);
            }
        }
        weir_pattern_free(p);
    }
    assert_true(chains_n > 2000 && matches > 2000);
    weir_pattern_work_free(work);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_mean_what_ecma_262_says),
        cmocka_unit_test(what_ecma_262_has_not_is_refused_with_its_place),
        cmocka_unit_test(the_format_regex_reads_the_same_language),
        cmocka_unit_test(groups_and_their_names_have_limits),
        cmocka_unit_test(places_survive_the_translation),
        cmocka_unit_test(a_pattern_that_explodes_ends_at_its_limit),
        cmocka_unit_test(a_long_subject_has_memory_to_backtrack_or_a_limit),
        cmocka_unit_test(a_pattern_has_a_longest_size),
        cmocka_unit_test(simple_patterns_are_chains),
        cmocka_unit_test(a_chain_matches_what_pcre2_matches),
    };

    return cmocka_run_group_tests_name("schema/pattern", tests, NULL, NULL);
}
