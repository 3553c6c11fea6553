/*
 * Is each format the grammar of its RFC, and is a pattern read as ECMA-262 reads it?
 */
#include "core/limits.h"
#include "core/utf8.h"
#include "schema/format.h"
#include "schema/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct table {
    const char *format;
    const char *const *yes, *const *no; /* end with NULL */
};

static const char *const date_yes[] = {"2024-05-12", "0000-01-01", "9999-12-31", "2024-02-29",
    "2000-02-29", "2023-04-30", "0000-02-29", NULL};
static const char *const date_no[] = {"", "2024-5-12", "2024-13-01", "2024-00-10", "2024-01-00",
    "2024-01-32", "2024-04-31", "2023-02-29", "1900-02-29", "2024-02-30", "24-05-12", "2024/05/12",
    "2024-05-12 ", " 2024-05-12", "2024-05-12T00:00:00Z", "2024-05", "20240512", "+2024-05-12",
    "2024-05-1a", "2024-W01-1", "2024-350", "12024-05-12", "1963-06-1\xE0\xA7\xAA", "-024-05-12",
    NULL};

static const char *const date_time_yes[] = {"2024-05-12T09:00:00Z", "2024-05-12t09:00:00z",
    "1963-06-19T08:30:06.283185Z", "1990-12-31T15:59:50.123-08:00", "1937-01-01T12:00:27.87+00:20",
    "1998-12-31T23:59:60Z", "1998-12-31T15:59:60.123-08:00", "2017-01-01T00:59:60+01:00",
    "2024-05-12T09:00:00-00:00", "2024-05-12T23:59:59+23:59", "2024-05-12T00:00:00.0Z",
    "1985-04-12T23:20:50.52123456789012345678901234567890Z", "2016-12-31T00:14:60-23:45", NULL};
static const char *const date_time_no[] = {"", "2024-05-12", "2024-05-12 09:00:00Z",
    "2024-05-12T09:00:00", "2024-05-12T09:00Z", "2024-05-12T24:00:00Z", "2024-05-12T09:60:00Z",
    "2024-05-12T09:00:61Z", "1998-12-31T23:58:60Z", "1998-12-31T22:59:60Z",
    "2017-01-01T00:59:60+02:00", "2024-05-12T09:00:60-08:00", "2024-05-12T09:00:00.Z",
    "2024-05-12T09:00:00,5Z", "2024-05-12T09:00:00+1:00", "2024-05-12T09:00:00+0100",
    "2024-05-12T09:00:00+24:00", "2024-05-12T09:00:00+01:60", "2024-05-12T09:00:00+01",
    "2024-05-12T09:00:00Z+01:00", "2024-05-12T09:00:00ZZ", "2024-02-30T09:00:00Z",
    "2024-05-12T9:00:00Z", "2024-05-12Z09:00:00Z", "2024-350T01:01:01Z", "06/19/1963 08:30:06 PST",
    "1963-06-1\xE0\xA7\xAAT00:00:00Z",
    "2024-05-12T09:00:00\xE2\x88\x92"
    "01:00",
    "2024-05-12T09:00:00 Z", NULL};

static const char *const email_yes[] = {"joe.bloggs@example.com", "a@b", "te~st@example.com",
    "~test@example.com", "test~@example.com", "\"joe bloggs\"@example.com",
    "\"joe..bloggs\"@example.com", "\"joe@bloggs\"@example.com", "\"\"@example.com",
    "\"a\\\"b\\\\c\"@example.com", "joe.bloggs@[127.0.0.1]", "joe.bloggs@[IPv6:::1]",
    "joe.bloggs@[ipv6:2001:db8::1]", "joe@[x-tag:content]", "te.s.t@example.com",
    "!#$%&'*+-/=?^_`{|}~@example.com", "a@b-c.d", "a@1.2.3.4", "user@localhost",
    "a123456789012345678901234567890123456789012345678901234567890123@x",
    "a@a12345678901234567890123456789012345678901234567890123456789012", NULL};
static const char *const email_no[] = {"", "2962", "@", "a@", "@b", "a", ".test@example.com",
    "test.@example.com", "te..st@example.com", "joe.bloggs@invalid=domain.com",
    "joe.bloggs@[127.0.0.300]", "joe bloggs@example.com", "joe@bloggs@example.com",
    "\"Joe Bloggs\" <joe.bloggs@example.com>", "a@b, c@d", "a@-b.com", "a@b-.com", "a@b..com",
    "a@.com", "a@b.", "a@b_c.com", "\"a\"b@example.com", "\"a@example.com",
    "\"a\"\"b\"@example.com", "\"a\tb\"@example.com", "\"a\\\"@example.com", "a@[", "a@[]", "a@]",
    "a@[1.2.3]", "a@[1.2.3.4", "a@[IPv6:1::2::3]", "a@[IPv6:12345::]", "a@[IPv6:]", "a@[::1]",
    "a@[tag:]", "a@[tag:a b]", "a@[tag:a]b]", "a@[-:x]", "a@[:x]", "a@[1.2.3.4]x",
    "j\xC3\xB6@example.com", "a@ex\xC3\xA4mple.com",
    "a123456789012345678901234567890123456789012345678901234567890123x@x",
    "a@a123456789012345678901234567890123456789012345678901234567890123", "a@b ", " a@b", "a@b\n",
    NULL};

static const char *const uri_yes[] = {"http://foo.bar/?baz=qux#quux", "https://example.com",
    "http://foo.com/blah_(wikipedia)_blah#cite-1", "http://foo.bar/?q=Test%20URL-encoded%20stuff",
    "http://xn--nw2a.xn--j6w193g/", "http://-.~_!$&'()*+,;=:%40:80%2f::::::@example.com",
    "http://223.255.255.254", "ftp://ftp.is.co.za/rfc/rfc1808.txt",
    "ldap://[2001:db8::7]/c=GB?objectClass?one", "mailto:John.Doe@example.com",
    "news:comp.infosystems.www.servers.unix", "tel:+1-816-555-1212",
    "urn:oasis:names:specification:docbook:dtd:xml:4.1.2", "a:", "a:b", "a:/", "a:/b", "a://",
    "file:///etc/hosts", "http://example.com:", "http://example.com:8080/", "http://@example.com",
    "http://[::1]:80/", "http://[v1.a:b]/", "http://[::ffff:1.2.3.4]/", "a+b-c.d1:x",
    "http://a/b?c?d/e#f?/", "data:text/plain;base64,SGVsbG8=", NULL};
static const char *const uri_no[] = {"", "//foo.bar/?baz=qux#quux", "/abc", "abc", "#frag",
    "\\\\WINDOWS\\fileshare", "http:// shouldfail.com", ":// should fail", "bar,baz:foo", "1a:b",
    ":a", "-a:b", "http://ex ample.com", "http://example.com/\"quotes\"", "http://example.com/<a>",
    "http://example.com/{}", "http://example.com/a^b", "http://example.com/`",
    "http://example.com/a|b", "https://example.org/foobar\\.txt", "https://[@example.org/test.txt",
    "http://[::1", "http://[::1]x", "http://[1.2.3.4]/", "http://[v1]/", "http://[vx.a]/",
    "http://[]/", "http://a]b/", "http://example.com:80a/", "http://example.com/%",
    "http://example.com/%1", "http://example.com/%gg", "http://a#b#c", "http://a/[b]",
    "http://a@b@c/", "http://\xC3\xA4.de/", "http://a/\xE2\x82\xAC", "http://a/ b", "http://a\n",
    "mailto:a b", "http://[fe80::1%25en0]/", NULL};

static const char *const uuid_yes[] = {"2EB8AA08-AA98-11EA-B4AA-73B441D16380",
    "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08-AA98-11ea-B4Aa-73B441D16380",
    "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", NULL};
static const char *const uuid_no[] = {"", "2eb8aa08-aa98-11ea-b4aa-73b441d1638",
    "2eb8aa08-aa98-11ea-73b441d16380", "2eb8aa08-aa98-11ea-b4ga-73b441d16380",
    "2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08aa98-11ea-b4aa73b441d16380----",
    "2eb8-aa08-aa98-11ea-b4aa73b44-1d16380", "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}",
    "urn:uuid:2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d16380 ",
    "2eb8aa08_aa98-11ea-b4aa-73b441d16380", NULL};

static const char *const ipv4_yes[] = {
    "192.168.0.1", "0.0.0.0", "255.255.255.255", "127.0.0.1", "1.2.3.4", NULL};
static const char *const ipv4_no[] = {"", "127.0.0.0.1", "256.256.256.256", "127.0", "0x7f000001",
    "2130706433", "087.10.0.1", "87.10.0.01", "1.2.3.", ".1.2.3.4", "1.2.3.4 ", "1.2.3.-4",
    "1.2.3.4/24", "1.2.3.1000", "1..3.4", "1\xE0\xA7\xAA.2.3.4", "00.0.0.0", NULL};

static const struct table tables[] = {
    {"date", date_yes, date_no},
    {"date-time", date_time_yes, date_time_no},
    {"email", email_yes, email_no},
    {"uri", uri_yes, uri_no},
    {"uuid", uuid_yes, uuid_no},
    {"ipv4", ipv4_yes, ipv4_no},
};

/* On an exact copy, so that a read beyond the text is seen. */
static bool valid_copy(bool (*valid)(struct weir_str), const char *text, size_t len)
{
    char *p = malloc(len > 0 ? len : 1);

    assert_non_null(p);
    memcpy(p, text, len);
    bool ret = valid((struct weir_str){p, len});
    free(p);
    return ret;
}

static void formats_are_the_grammars_of_their_rfcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct weir_format *f = weir_format_find(weir_str_of(tables[i].format));
        assert_non_null(f);
        assert_non_null(f->message);
        for (const char *const *p = tables[i].yes; *p != NULL; p++) {
            if (!valid_copy(f->valid, *p, strlen(*p))) {
                fail_msg("%s refuses %s", f->name, *p);
            }
        }
        for (const char *const *p = tables[i].no; *p != NULL; p++) {
            if (valid_copy(f->valid, *p, strlen(*p))) {
                fail_msg("%s takes %s", f->name, *p);
            }
        }
    }
}

/* A NUL is not the end of a text, and never part of a valid one. */
static void a_nul_is_no_part_of_any_format(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct weir_format *f = weir_format_find(weir_str_of(tables[i].format));
        for (const char *const *p = tables[i].yes; *p != NULL; p++) {
            char text[128];
            size_t len = strlen(*p);
            memcpy(text, *p, len + 1);
            assert_false(valid_copy(f->valid, text, len + 1));
            for (size_t k = 0; k < len; k++) {
                memcpy(text, *p, len);
                text[k] = '\0';
                if (valid_copy(f->valid, text, len)) {
                    fail_msg("%s takes %s with a NUL at %zu", f->name, *p, k);
                }
                valid_copy(f->valid, *p, k); /* no truncation reads on */
            }
        }
    }
}

static void ipv6_addresses_are_those_of_rfc_4291(void **state)
{
    static const char *const yes[] = {"::", "::1", "1::", "1::8", "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8", "1:2:3:4::6:7:8", "::ffff:192.168.0.1",
        "1:2:3:4:5:6:1.2.3.4", "64:ff9b::192.0.2.33", "FE80:ABCD::12", "::1.2.3.4", "1::1.2.3.4",
        NULL};
    static const char *const no[] = {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9",
        "12345::", "::laptop", "1::2::3", ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4", "1:2:3:4:1.2.3.4", "::1.2.3.4:5", "::1.2.3", "fe80::1%eth0",
        "fe80::/64", " ::1", "::1 ", "1:2:3:4:5:6:1.2.3.256", "::g", "1:::2", NULL};

    (void)state;
    for (const char *const *p = yes; *p != NULL; p++) {
        if (!valid_copy(weir_format_ipv6, *p, strlen(*p))) {
            fail_msg("refuses %s", *p);
        }
    }
    for (const char *const *p = no; *p != NULL; p++) {
        if (valid_copy(weir_format_ipv6, *p, strlen(*p))) {
            fail_msg("takes %s", *p);
        }
    }
}

static void formats_of_the_specification_are_known_even_when_not_supported(void **state)
{
    static const char *const later[] = {"time", "duration", "idn-email", "hostname", "idn-hostname",
        "uri-reference", "iri", "iri-reference", "uri-template", "json-pointer",
        "relative-json-pointer", "regex"};

    (void)state;
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        const struct weir_format *f = weir_format_find(weir_str_of(later[i]));
        assert_non_null(f);
        assert_null(f->valid);
    }
    assert_null(weir_format_find(WEIR_STR("Date")));
    assert_null(weir_format_find(WEIR_STR("phone")));
    assert_null(weir_format_find(WEIR_STR("")));
}

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
};

static enum weir_pattern_verdict match(const struct weir_pattern *pattern,
    struct weir_pattern_work *work, const char *text, size_t len)
{
    /* PCRE2's compiled code reads whole vectors, aligned; valgrind wants them initialised. */
    char *p = calloc(1, len + 32);

    assert_non_null(p);
    memcpy(p, text, len);
    uint64_t steps = UINT64_MAX;
    enum weir_pattern_verdict ret =
        weir_pattern_match(pattern, work, (struct weir_str){p, len}, &steps);
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
    {"\\p{^L}", 1, "\\p needs {property}"},
    {"[\\1]", 2, "a back reference within brackets"},
    {"[\\B]", 2, "\\B within brackets"},
    {"abc\\", 4, "a backslash at the end"},
    {"[abc", 5, "a bracket is not closed"},
    {"\xC3\xA9\xC3\xA9\\", 3, "a backslash at the end"}, /* characters, not bytes */
    {"(a", 3, NULL},
    {"a)", 2, NULL},
    {"*a", 1, NULL},
    {"[z-a]", 4, NULL},
    {"a{2,1}", 2, NULL},
    {"\\p{Nonsense}", 0, NULL},
    {"(?<=a+)b", 0, NULL},
    {"(?<n>a)(?<n>b)", 0, NULL},
    {"\\2(a)", 0, NULL},
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
        assert_memory_equal(err.msg, "not a regular expression: ", 26);
        if (c->place > 0) {
            snprintf(
                want, sizeof want, "%s at character %zu", c->why == NULL ? "" : c->why, c->place);
            if (strstr(err.msg, want) == NULL) {
                fail_msg("%s: %s, not %s", c->pattern, err.msg, want);
            }
        }
    }
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_the_grammars_of_their_rfcs),
        cmocka_unit_test(a_nul_is_no_part_of_any_format),
        cmocka_unit_test(ipv6_addresses_are_those_of_rfc_4291),
        cmocka_unit_test(formats_of_the_specification_are_known_even_when_not_supported),
        cmocka_unit_test(patterns_mean_what_ecma_262_says),
        cmocka_unit_test(what_ecma_262_has_not_is_refused_with_its_place),
        cmocka_unit_test(places_survive_the_translation),
        cmocka_unit_test(a_pattern_that_explodes_ends_at_its_limit),
        cmocka_unit_test(a_long_subject_has_memory_to_backtrack_or_a_limit),
        cmocka_unit_test(a_pattern_has_a_longest_size),
    };

    return cmocka_run_group_tests_name("schema/format and pattern", tests, NULL, NULL);
}
