/*
 * Formats and patterns on any text: no read beyond the end, no format that depends on what follows,
 * no pattern without a verdict. Of days and addresses the C library has an opinion: the same. The
 * text up to the first line feed is tried as a pattern on the rest.
 */
#include "core/limits.h"
#include "core/utf8.h"
#include "schema/format.h"
#include "schema/pattern.h"
#include "tests/fuzz/must.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCHEME "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-."

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is(const char *name, struct weir_str s)
{
    return weir_format_find(weir_str_of(name))->valid(s);
}

static bool ascii(struct weir_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < ' ' || s.p[i] > '~') {
            return false;
        }
    }
    return true;
}

/* The day is one that a calendar has: it comes back from seconds as it was. */
static bool is_day(const char *text)
{
    int y, m, d, read = 0;
    const char *digits = "0123456789";

    if (strspn(text, digits) != 4 || strspn(text + 5, digits) != 2 ||
        strspn(text + 8, digits) != 2 || sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &read) != 3 ||
        read != 10 || text[10] != '\0') {
        return false;
    }
    struct tm tm = {.tm_year = y - 1900, .tm_mon = m - 1, .tm_mday = d}, back;
    const time_t t = timegm(&tm);
    return gmtime_r(&t, &back) != NULL && back.tm_year == y - 1900 && back.tm_mon == m - 1 &&
           back.tm_mday == d;
}

static bool is_pointer(const char *p)
{
    if (*p != '/' && *p != '\0') {
        return false;
    }
    for (; (p = strchr(p, '~')) != NULL; p++) {
        if (p[1] != '0' && p[1] != '1') {
            return false;
        }
    }
    return true;
}

/* What other code has an opinion of. */
static void try_others(struct weir_str s)
{
    char text[512];
    unsigned char address[16];

    if (s.len >= sizeof text || (s.len > 0 && memchr(s.p, '\0', s.len) != NULL)) {
        return;
    }
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    must(is("date", s) == (s.len == 10 && is_day(text)));
    must(is("ipv4", s) == (inet_pton(AF_INET, text, address) == 1));
    must(is("ipv6", s) == (inet_pton(AF_INET6, text, address) == 1));
    must(is("json-pointer", s) == is_pointer(text));
    const char *at = strchr(text, '@'), *colon = strchr(text, ':');
    if (is("email", s) && text[0] != '"') {
        must(at > text && at - text <= 64);
        /* A host's name is one of the DNS, too, where -- in a label means something. */
        must(at[1] == '[' || strstr(at, "--") != NULL || is("hostname", weir_str_of(at + 1)));
    }
    if (is("uri", s)) {
        must(colon != NULL && isalpha((unsigned char)text[0]) != 0);
        must(strspn(text, SCHEME) == (size_t)(colon - text) &&
             strpbrk(text, " <>\"{}|\\^`") == NULL);
    }
    must(!is("uri-reference", s) || strchr(text, '#') == strrchr(text, '#'));
}

/* Formats that have others within them, and how long they can be. */
static void try_formats(struct weir_str s)
{
    static const char *const ascii_only[] = {"date", "time", "date-time", "duration", "email",
        "hostname", "ipv4", "ipv6", "uri", "uri-reference", "uuid"};

    for (size_t i = 0; i < sizeof ascii_only / sizeof ascii_only[0]; i++) {
        must(!is(ascii_only[i], s) || ascii(s));
    }
    must(!is("date", s) || s.len == 10);
    must(!is("uuid", s) || s.len == 36);
    must(!is("date-time", s) || (s.len >= 20 && is("date", (struct weir_str){s.p, 10}) &&
                                    is("time", (struct weir_str){s.p + 11, s.len - 11})));
    must(!is("duration", s) || s.p[0] == 'P');
    must(!is("uri", s) || (is("uri-reference", s) && is("iri", s)));
    must(!is("uri-reference", s) || is("iri-reference", s));
    must(!is("iri", s) || is("iri-reference", s));
    must(!is("hostname", s) || (is("idn-hostname", s) && s.len <= 253));
    must(!is("email", s) || memchr(s.p, '@', s.len) != NULL);
    must(!is("ipv4", s) || is("hostname", s));
    (void)is("idn-email", s);
    (void)is("uri-template", s);
    must(!is("json-pointer", s) || s.len == 0 || s.p[0] == '/');
    must(!is("relative-json-pointer", s) || (s.p[0] >= '0' && s.p[0] <= '9'));
    (void)weir_format_find(s);
    try_others(s);
}

static void try_pattern(struct weir_str source, struct weir_str subject)
{
    struct weir_err err = {.code = WEIR_OK};
    struct weir_pattern *pattern = weir_pattern_new(source, &err);

    if (pattern == NULL) {
        must(err.code == WEIR_E_CONFIG && err.msg[0] != '\0');
        return;
    }
    must(weir_format_regex(source));
    struct weir_pattern_work *work = weir_pattern_work_new(&err);
    must(work != NULL);
    uint64_t left = WEIR_ROW_STEPS_MAX, again = left;
    enum weir_pattern_verdict v = weir_pattern_match(pattern, work, subject, &left);
    must(v == weir_pattern_match(pattern, work, subject, &again) && left == again);
    weir_pattern_work_free(work);
    weir_pattern_free(pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data;
    const char *line = size > 0 ? memchr(p, '\n', size) : NULL;

    if (weir_utf8_check(p, size) < size) {
        return 0; /* what is checked is valid UTF-8 */
    }
    try_formats((struct weir_str){p, size});
    if (line != NULL) {
        struct weir_str subject = {line + 1, (size_t)(p + size - line) - 1};
        try_formats(subject);
        try_pattern((struct weir_str){p, (size_t)(line - p)}, subject);
    }
    return 0;
}
