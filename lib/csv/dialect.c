#include "csv/dialect.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const struct weir_csv_dialect weir_csv_common = WEIR_CSV_COMMON;

static const struct {
    const char *text;
    int mark;
} words[] = {
    {"tab", '\t'},
    {"\\t", '\t'},
    {"comma", ','},
    {"semicolon", ';'},
    {"pipe", '|'},
    {"space", ' '},
    {"none", WEIR_CSV_NONE},
    {"auto", WEIR_CSV_AUTO},
};

int weir_csv_mark(const char *text, bool delimiter, int *ret, struct weir_err *err)
{
    const int other = delimiter ? WEIR_CSV_NONE : WEIR_CSV_AUTO;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (words[i].mark != other && strcmp(text, words[i].text) == 0) {
            *ret = words[i].mark;
            return 0;
        }
    }
    if (text[0] == '\0' || text[1] != '\0' || (text[0] & 0x80) != 0) {
        return weir_err_set(err, WEIR_E_CONFIG,
            "must be one character of ASCII, or tab, comma, semicolon, pipe, space, %s",
            delimiter ? "auto" : "none");
    }
    *ret = (unsigned char)text[0];
    return 0;
}

void weir_csv_mark_text(int mark, char ret[12])
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (mark == words[i].mark && mark != ',' && mark != ';' && mark != '|') {
            snprintf(ret, 12, "%s", words[i].text);
            return;
        }
    }
    snprintf(ret, 12, mark > ' ' && mark < 0x7f ? "%c" : "\\x%02x", (unsigned)mark & 0xff);
}

static int check_mark(const char *name, int mark, struct weir_err *err)
{
    if (mark < 1 || mark > 0x7f || mark == '\n' || mark == '\r') {
        return weir_err_set(err, WEIR_E_CONFIG,
            "%s: must be a byte of ASCII, and neither NUL nor a line end", name);
    }
    return 0;
}

int weir_csv_dialect_check(struct weir_csv_dialect *d, struct weir_err *err)
{
    if (d->escape == d->quote) {
        d->escape = WEIR_CSV_NONE;
    }
    const struct {
        const char *name;
        int mark;
    } marks[] = {{"delimiter", d->delimiter}, {"quote", d->quote}, {"escape", d->escape},
        {"comment", d->comment}};

    for (size_t i = 0; i < 4; i++) {
        const int none = i == 0 ? WEIR_CSV_AUTO : WEIR_CSV_NONE;
        if (marks[i].mark == none) {
            continue;
        }
        if (check_mark(marks[i].name, marks[i].mark, err) != 0) {
            return -1;
        }
        for (size_t k = 0; k < i; k++) {
            if (marks[i].mark == marks[k].mark) {
                return weir_err_set(err, WEIR_E_CONFIG, "%s: must differ from the %s",
                    marks[i].name, marks[k].name);
            }
        }
    }
    if (d->escape != WEIR_CSV_NONE && d->quote == WEIR_CSV_NONE) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "escape: has no meaning without a quote, within which it counts");
    }
    return 0;
}

struct weir_csv_dialect weir_csv_dialect_out(const struct weir_csv_dialect *d)
{
    struct weir_csv_dialect out = *d;

    out.skip_lines = 0;
    for (const char *q = "\"'`"; out.quote == WEIR_CSV_NONE; q++) { /* two of them may be taken */
        out.quote = *q != d->delimiter && *q != d->comment ? *q : WEIR_CSV_NONE;
    }
    return out;
}
