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

static void ascii_only(struct weir_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        must(s.p[i] >= ' ' && s.p[i] <= '~');
    }
}

static void try_formats(struct weir_str s)
{
    static const char *const names[] = {"date", "date-time", "email", "uri", "uuid", "ipv4"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (weir_format_find(weir_str_of(names[i]))->valid(s)) {
            ascii_only(s);
        }
    }
    if (weir_format_ipv6(s)) {
        ascii_only(s);
    }
    must(!weir_format_date(s) || s.len == 10);
    must(!weir_format_uuid(s) || s.len == 36);
    must(!weir_format_date_time(s) || s.len >= 20);
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

    try_formats((struct weir_str){p, size});
    if (line != NULL && weir_utf8_check(p, size) == size) {
        struct weir_str subject = {line + 1, (size_t)(p + size - line) - 1};
        try_formats(subject);
        try_pattern((struct weir_str){p, (size_t)(line - p)}, subject);
    }
    return 0;
}
