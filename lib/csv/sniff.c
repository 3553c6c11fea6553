#include "csv/sniff.h"

#include "core/limits.h"

#include <assert.h>
#include <string.h>

/* How well a delimiter fits. */
struct fit {
    size_t fields;        /* of the header */
    size_t same, records; /* of the records those with as many; with the header */
};

static bool ends_line(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* Behind the line that begins at p. */
static const uint8_t *skip_line(const uint8_t *p, const uint8_t *end)
{
    while (p < end && !ends_line(*p)) {
        p++;
    }
    if (p + 1 < end && p[0] == '\r' && p[1] == '\n') {
        p++;
    }
    return p < end ? p + 1 : end;
}

/* Behind the closing quote of a field whose opening one is at p, or NULL: it is not there. */
static const uint8_t *skip_quoted(
    const struct weir_csv_dialect *d, const uint8_t *p, const uint8_t *end)
{
    for (p++; p < end; p++) {
        const bool pair = d->escape == WEIR_CSV_NONE && p + 1 < end && p[1] == d->quote;
        if (*p == d->escape || (*p == d->quote && pair)) {
            p++;
        } else if (*p == d->quote) {
            return p + 1;
        }
    }
    return NULL;
}

/* The fields of the record at *at, which receives what follows it; 0 when it does not end. */
static size_t count_fields(const struct weir_csv_dialect *d, int delimiter, const uint8_t **at,
    const uint8_t *end, bool last)
{
    const uint8_t *p = *at;
    size_t n = 1;
    bool start = true;

    while (p < end && !ends_line(*p)) {
        if (start && *p == d->quote) {
            p = skip_quoted(d, p, end);
            if (p == NULL) {
                return 0;
            }
            start = false;
            continue;
        }
        start = *p == delimiter;
        n += start;
        p++;
    }
    *at = skip_line(p, end);
    return p < end || last ? n : 0;
}

static struct fit fit_of(const struct weir_csv_dialect *d, int delimiter, const uint8_t *p,
    const uint8_t *end, bool last)
{
    struct fit fit = {0};

    while (p < end && fit.records < WEIR_CSV_SNIFF_RECORDS) {
        if (ends_line(*p) || *p == d->comment) {
            p = skip_line(p, end);
            continue;
        }
        size_t n = count_fields(d, delimiter, &p, end, last);
        if (n == 0) {
            break;
        }
        fit.fields = fit.records == 0 ? n : fit.fields;
        fit.same += n == fit.fields;
        fit.records++;
    }
    return fit;
}

static bool is_better(const struct fit *a, const struct fit *b)
{
    if (a->fields < 2 || b->fields < 2) {
        return a->fields >= 2;
    }
    if (a->same * b->records != b->same * a->records) {
        return a->same * b->records > b->same * a->records;
    }
    return a->fields > b->fields;
}

bool weir_csv_sniff(const uint8_t *p, size_t len, bool last, struct weir_csv_dialect *d)
{
    static const char candidates[] = ",;\t|";
    struct fit best = {0};

    assert(d->delimiter == WEIR_CSV_AUTO);
    if (len <= WEIR_CSV_SNIFF_BYTES && !last) {
        return false; /* one byte more tells whether these are all */
    }
    if (len > WEIR_CSV_SNIFF_BYTES) {
        len = WEIR_CSV_SNIFF_BYTES;
        last = false;
    }
    for (const char *c = candidates; *c != '\0'; c++) {
        if (*c == d->quote || *c == d->escape || *c == d->comment) {
            continue;
        }
        const struct fit fit = fit_of(d, *c, p, p + len, last);
        if (d->delimiter == WEIR_CSV_AUTO || is_better(&fit, &best)) {
            d->delimiter = *c;
            best = fit;
        }
    }
    return true;
}
