#include "cli/cli.h"

#include "core/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define SUGGEST_NAME_MAX 32

int weir_cli_exit(const struct weir_err *err)
{
    switch (err->code) {
    case WEIR_OK:
        return WEIR_EXIT_DONE;
    case WEIR_E_CONFIG:
        return WEIR_EXIT_CONFIG;
    case WEIR_E_REMOTE:
        /* An object that is not there is the same mistake as a path that is not there. */
        return err->detail == 404 ? WEIR_EXIT_CONFIG : WEIR_EXIT_FAILED;
    case WEIR_E_CANCEL:
        return err->detail > 0 && err->detail < 64 ? 128 + err->detail : WEIR_EXIT_FAILED;
    default:
        return WEIR_EXIT_FAILED;
    }
}

int weir_cli_fail(const char *verb, const struct weir_err *err)
{
    weir_cli_note(verb, "%s", err->msg);
    return weir_cli_exit(err);
}

int weir_cli_usage(const char *verb, const struct weir_err *err)
{
    if (err->code == WEIR_E_CONFIG) {
        weir_cli_note(verb, "%s (see `weir help %s`)", err->msg, verb);
    } else {
        weir_cli_note(verb, "%s", err->msg);
    }
    return weir_cli_exit(err);
}

void weir_cli_note(const char *verb, const char *fmt, ...)
{
    char head[64];
    va_list ap;

    (void)snprintf(
        head, sizeof head, "weir: %s%s", verb != NULL ? verb : "", verb != NULL ? ": " : "");
    va_start(ap, fmt);
    weir_line_vprint(STDERR_FILENO, head, fmt, ap);
    va_end(ap);
}

/* Edits (insert, delete, replace, swap of neighbours) that lead from a to b. */
static size_t distance(const char *a, size_t an, const char *b, size_t bn)
{
    size_t rows[3][SUGGEST_NAME_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= bn; j++) {
        above[j] = j;
    }
    for (size_t i = 1; i <= an; i++) {
        row[0] = i;
        for (size_t j = 1; j <= bn; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);

            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best) {
                best = before[j - 2] + 1;
            }
            row[j] = best;
        }
        size_t *recycled = before;
        before = above;
        above = row;
        row = recycled;
    }
    return above[bn];
}

const char *weir_cli_suggest(const char *text, const char *const *names)
{
    size_t len = strlen(text), best = SIZE_MAX;
    const char *found = NULL;

    if (len == 0 || len > SUGGEST_NAME_MAX) {
        return NULL;
    }
    for (; *names != NULL; names++) {
        size_t n = strlen(*names);

        if (n > SUGGEST_NAME_MAX) {
            continue;
        }
        size_t d = distance(text, len, *names, n);
        if (len >= 3 && strncmp(text, *names, len) == 0) {
            d = 1; /* the beginning of a name is meant as that name */
        }
        if (d < best) {
            best = d;
            found = *names;
        }
    }
    /* One edit for a short word, a third of a long one: beyond that it is another word. */
    return found != NULL && best <= (len < 4 ? 1 : len / 3 + 1) && best < strlen(found) ? found
                                                                                        : NULL;
}

void weir_cli_bytes_text(uint64_t bytes, char ret[32])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    (void)snprintf(ret, 32, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}
