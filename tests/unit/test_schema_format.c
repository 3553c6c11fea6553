/*
 * Is each format the grammar of its RFC?
 */
#include "core/utf8.h"
#include "schema/format.h"

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

static const char *const time_yes[] = {"08:30:06Z", "23:59:60z", "01:29:60+01:30", "15:59:60-08:00",
    "23:20:50.52Z", "08:30:06.283185+00:20", NULL};
static const char *const time_no[] = {"", "8:30:06Z", "24:00:00Z", "23:58:60Z", "12:00:00",
    "12:00:00.Z", "01:02:03+24:00", "01:02:03Z+00:30", "08:30:06 PST", "01:01:01,1111Z",
    "2024-05-12T08:30:06Z", NULL};

static const char *const duration_yes[] = {"P4DT12H30M5S", "P1Y2M3D", "P1Y", "P0D", "PT36H", "P2W",
    "P1DT12H", "PT1M", "P1M", "PT0S", "P1Y2M3DT4H5M6S", "PT10H20M", "P123456789012345678901D",
    NULL};
static const char *const duration_no[] = {"", "P", "PT", "P1DT", "PT1D", "4D", "P2D1Y", "P1D2H",
    "P2S", "P1Y2W", "P1", "P1.5D", "p1d", "-P1D", "P1Y2D", "PT1H2S", "P1W2D", "PT1W", "P1D ",
    "P\xE0\xA7\xA8Y", NULL};

static const char *const hostname_yes[] = {"www.example.com", "a", "1host", "h0st-n4me",
    "LOCALHOST", "xn--4gbwdl.xn--wgbh1c", "XN--BCHER-KVA.example", "1.2.3.4",
    "a12345678901234567890123456789012345678901234567890123456789012.b", NULL};
static const char *const hostname_no[] = {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b",
    "xn--X", "ab--cd", "xn--99999999", "xn--99999a", "xn--", "xn--foo-", "xn--a",
    "b\xC3\xBC"
    "cher.example",
    "a123456789012345678901234567890123456789012345678901234567890123", "http://a", "a:80", NULL};

static const char *const idn_hostname_yes[] = {"b\xC3\xBC"
                                               "cher.example",
    "www.example.com", "\xEC\x8B\xA4\xEB\xA1\x80.\xED\x85\x8C\xEC\x8A\xA4\xED\x8A\xB8",
    "a\xE3\x80\x82"
    "b",
    "a\xEF\xBC\x8E"
    "b",
    "a\xEF\xBD\xA1"
    "b",
    "l\xC2\xB7l", "\xCE\xB1\xCD\xB5\xCE\xB2", "\xD7\x90\xD7\xB3\xD7\x91",
    "\xE3\x83\xBB\xE3\x81\x81", "xn--bcher-kva.example",
    "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8D\xE0\xA4\xB7",
    /* U+200C behind a virama, and between letters that join, with what joins nothing around it */
    "\xE0\xA4\x95\xE0\xA5\x8D\xE2\x80\x8C\xE0\xA4\xB7", "\xD8\xA8\xE2\x80\x8C\xD8\xA8",
    "\xD8\xA8\xD9\x8E\xE2\x80\x8C\xD9\x8E\xD8\xA8", "\xD8\xA8\xD9\xA0\xD9\xA1", NULL};
static const char *const idn_hostname_no[] = {"", "\xE3\x80\x82",
    "B\xC3\xBC"
    "cher",
    "a\xC2\xB7l", "\xCC\x80hello", "\xE1\xAB\xAEhello", "\xCE\xB1\xCD\xB5S",
    "def\xE3\x83\xBB"
    "abc",
    "\xD8\xA8\xD9\xA0\xDB\xB0", "\xE0\xA4\x95\xE2\x80\x8D\xE0\xA4\xB7", "\xF0\x9F\x98\x80.example",
    "\xE2\x80\x8C\xD8\xA8", "\xD8\xA8\xE2\x80\x8C", "\xD8\xA7\xE2\x80\x8C\xD8\xA8",
    "\xD8\xA8\xE2\x80\x8C"
    "b",
    "\xEF\xBD\x81", "\xC3\xBC--\xC3\xBC-", "-\xC3\xBC", "\xEF\xBC\xA1", NULL};

static const char *const idn_email_yes[] = {"joe.bloggs@example.com",
    "\xEC\x8B\xA4\xEB\xA1\x80@\xEC\x8B\xA4\xEB\xA1\x80.\xED\x85\x8C\xEC\x8A\xA4\xED\x8A\xB8",
    "\"j \xC3\xBC\"@b\xC3\xBC"
    "cher.example",
    "j\xC3\xBC@[127.0.0.1]", NULL};
static const char *const idn_email_no[] = {
    "", "2962", "@b", "\xC3\xBC@", "a.@\xC3\xBC", "\xC3\xBC@-b", "\xC3\xBC \xC3\xBC@b", NULL};

static const char *const reference_yes[] = {"", "http://foo.bar/?baz=qux#quux", "//foo.bar/x",
    "/abc", "abc", "#frag", "?q", "a/b:c", "./a:b", "a@b", "%41", "..", NULL};
static const char *const reference_no[] = {"\\\\WINDOWS\\fileshare", "#frag\\ment", "a b", "1a:b",
    ":a", "a%4", "//[::1", "//a:b", "/\xC3\xA9", "%", NULL};

static const char *const iri_yes[] = {
    "http://\xC6\x92\xC3\xB8\xC3\xB8.\xC3\x9F\xC3\xA5r/?\xE2\x88\x82\xC3\xA9\xC5\x93=x#\xCF\x80",
    "http://a/?\xEE\x80\x80", "urn:\xF0\x90\x80\x80", "http://[2001:db8::1]/", "mailto:a@b", NULL};
static const char *const iri_no[] = {"", "/abc", "\xC3\xA2\xCF\x80", "http://a/\xEE\x80\x80",
    "http://a/#\xEE\x80\x80", "http://a/\xC2\x80", "http://a/\xEF\xB7\x90", "http://2001:db8::1",
    "http://a/\xF3\xA0\x80\x81", "http://a b", "http://a/\xEF\xBF\xBE", NULL};

static const char *const iri_reference_yes[] = {
    "", "/\xC3\xA2\xCF\x80", "\xC3\xA2", "#\xC6\x92", "//\xC3\xA5/", NULL};
static const char *const iri_reference_no[] = {
    "\\\\WINDOWS\\fil\xC3\xAB", "#\xC6\x92\\", "\xC3\xA2 ", "\xC3\xA2:b", NULL};

static const char *const template_yes[] = {"", "http://example.com/{term:1}/{term}", "a{?q,lang*}",
    "{+path}/here", "{#x,hello}", "{a.b}", "{%41}", "{x:9999}", "\xC3\xA9{y}", "{|x}", "a%20b",
    NULL};
static const char *const template_no[] = {"{", "}", "{}", "{term", "term}", "{x:0}", "{x:10000}",
    "{x:}", "{a b}", "a b", "{-x}", "{x,}", "{a..b}", "%2", "<a>", "{x*:3}", "{{x}}",
    "a\xEF\xBF\xBF", NULL};

static const char *const pointer_yes[] = {
    "", "/", "/foo/0", "/a~1b", "/m~0n", "//", "/ ", "/\xC3\xA9", NULL};
static const char *const pointer_no[] = {"a", "/foo/bar~", "/~2", "#/", "~0", "0", NULL};

static const char *const relative_yes[] = {
    "1", "0/foo", "2/0/baz/1", "0#", "120/foo", "0+1/a", "1-2#", NULL};
static const char *const relative_no[] = {
    "", "/foo", "-1/foo", "+1/foo", "0##", "01/a", "0a", "1.5", "0+/a", "0+01", "#", NULL};

static const char *const regex_yes[] = {
    "", "([abc])+\\s+$", "^\\S(|(.|\\n)*\\S)$", "\\p{L}", "a{2}", NULL};
static const char *const regex_no[] = {
    "^(abc]", "^\\S(|(.|\\n)*\\S)\\Z", "a**", "\\a", "(?P<x>a)", "[b-a]", NULL};

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
    "http://a@b@c/", "http://a%4/", "http://\xC3\xA4.de/", "http://a/\xE2\x82\xAC", "http://a/ b",
    "http://a\n", "mailto:a b", "http://[fe80::1%25en0]/", NULL};

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
    {"time", time_yes, time_no},
    {"duration", duration_yes, duration_no},
    {"hostname", hostname_yes, hostname_no},
    {"idn-hostname", idn_hostname_yes, idn_hostname_no},
    {"idn-email", idn_email_yes, idn_email_no},
    {"uri-reference", reference_yes, reference_no},
    {"iri", iri_yes, iri_no},
    {"iri-reference", iri_reference_yes, iri_reference_no},
    {"uri-template", template_yes, template_no},
    {"json-pointer", pointer_yes, pointer_no},
    {"relative-json-pointer", relative_yes, relative_no},
    {"regex", regex_yes, regex_no},
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

/* JSON Pointers and regular expressions may have a NUL in them. */
static bool takes_nul(const char *name)
{
    return strstr(name, "pointer") != NULL || strcmp(name, "regex") == 0;
}

/* A NUL is not the end of a text, and never part of a valid one. */
static void a_nul_is_no_part_of_other_formats(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        const struct weir_format *f = weir_format_find(weir_str_of(tables[i].format));
        for (const char *const *p = tables[i].yes; *p != NULL && !takes_nul(f->name); p++) {
            char text[128];
            size_t len = strlen(*p);
            memcpy(text, *p, len + 1);
            assert_false(valid_copy(f->valid, text, len + 1));
            for (size_t k = 0; k < len; k++) {
                if (weir_utf8_cut(*p, len, k) < k) {
                    continue; /* texts are valid UTF-8 */
                }
                valid_copy(f->valid, *p, k); /* no truncation reads on */
                memcpy(text, *p, len);
                text[k] = '\0';
                if (((*p)[k] & 0x80) == 0 && valid_copy(f->valid, text, len)) {
                    fail_msg("%s takes %s with a NUL at %zu", f->name, *p, k);
                }
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

static void names_of_formats_are_exact(void **state)
{
    (void)state;
    assert_null(weir_format_find(WEIR_STR("Date")));
    assert_null(weir_format_find(WEIR_STR("phone")));
    assert_null(weir_format_find(WEIR_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_are_the_grammars_of_their_rfcs),
        cmocka_unit_test(a_nul_is_no_part_of_other_formats),
        cmocka_unit_test(ipv6_addresses_are_those_of_rfc_4291),
        cmocka_unit_test(names_of_formats_are_exact),
    };

    return cmocka_run_group_tests_name("schema/format", tests, NULL, NULL);
}
