/*
 * Formats and patterns on any text: no read beyond the end, no format that depends on what follows,
 * no pattern without a verdict. The text up to the first line feed is tried as a pattern on the
 * rest.
 */
#include "core/limits.h"
#include "core/utf8.h"
#include "schema/format.h"
#include "schema/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

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
