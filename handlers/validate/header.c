#include "core/mark.h"
#include "core/utf8.h"
#include "csv/writer.h"
#include "handlers/validate/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The columns are known. What is odd about them is told once, for it would otherwise be said in
 * every row, or nowhere.
 */

#define WARNING_BYTES 512
#define MISSING_NAMED 3

static struct weir_str text_of(const struct weir_csv_field *field)
{
    return (struct weir_str){(const char *)field->p, field->len};
}

/* 1 for "valid" and "errors", N for "valid_N" and "errors_N", 0 for any other name; at most max. */
static size_t number_of(struct weir_str name, size_t max)
{
    static const char *const ours[] = {"valid", "errors"};
    const char *p = NULL, *end = name.p + name.len;
    size_t n = 0;

    for (size_t i = 0; i < sizeof ours / sizeof *ours && p == NULL; i++) {
        const size_t len = strlen(ours[i]);
        p = name.len >= len && memcmp(name.p, ours[i], len) == 0 ? name.p + len : NULL;
    }
    if (p == NULL) {
        return 0;
    }
    if (p == end) {
        return 1;
    }
    if (*p++ != '_' || p == end || *p == '0') {
        return 0;
    }
    for (; p < end && *p >= '0' && *p <= '9' && n <= max; p++) {
        n = n * 10 + (size_t)(*p - '0');
    }
    return p == end && n > 1 && n <= max ? n : 0;
}

/* The first N whose two names are free. Each column takes one, so it is no more than n + 1. 0: no
 * memory. */
static size_t free_number(const struct weir_csv_field *names, size_t n)
{
    bool *taken = calloc(n + 2, sizeof *taken);
    size_t free_one = 1;

    if (taken == NULL) {
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        taken[number_of(text_of(&names[i]), n + 1)] = true;
    }
    while (taken[free_one]) {
        free_one++;
    }
    free(taken);
    return free_one;
}

static int put_line(const struct weir_validate *v, struct weir_buf *to,
    const struct weir_csv_field *names, size_t n, struct weir_err *err)
{
    const uint8_t delimiter = (uint8_t)v->write.delimiter;

    /* A text that begins so would be taken for one with a byte order mark. */
    if (weir_mark_bytes(names->p, names->len) == 0) {
        return weir_csv_put_fields(to, &v->write, names, n, err);
    }
    if (weir_csv_put_quoted(to, &v->write, names->p, names->len, err) != 0) {
        return -1;
    }
    return n == 1 ? 0
           : weir_buf_add(to, &delimiter, 1, err) != 0
               ? -1
               : weir_csv_put_fields(to, &v->write, names + 1, n - 1, err);
}

/* The input's names, then `more` (0 to 2) of ours under names that are free. */
static int put_names(const struct weir_validate *v, struct weir_buf *to,
    const struct weir_csv_field *names, size_t n, size_t more, struct weir_err *err)
{
    struct weir_csv_field *line = calloc(n + 2, sizeof *line);
    const size_t k = free_number(names, n);
    char valid[32] = "valid", errors[32] = "errors";

    if (line == NULL || k == 0) {
        free(line);
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    if (k > 1) {
        snprintf(valid, sizeof valid, "valid_%zu", k);
        snprintf(errors, sizeof errors, "errors_%zu", k);
    }
    memcpy(line, names, n * sizeof *line);
    line[n] = weir_csv_text(valid, strlen(valid));
    line[n + (more > 1)] = weir_csv_text(errors, strlen(errors));
    int rc = put_line(v, to, line, n + more, err);
    free(line);
    return rc == 0 ? weir_buf_add(to, "\n", 1, err) : rc;
}

static int put_header(const struct weir_validate *v, struct worker *w,
    const struct weir_csv_field *names, size_t n, struct weir_err *err)
{
    struct weir_buf *main = w->to[WEIR_OUTLET_MAIN];

    switch (v->options.output) {
    case WEIR_OUTPUT_ANNOTATE:
        return put_names(v, main, names, n, 2, err);
    case WEIR_OUTPUT_SPLIT:
        return put_names(v, main, names, n, 0, err) != 0
                   ? -1
                   : put_names(v, w->to[WEIR_OUTLET_INVALID], names, n, 1, err);
    case WEIR_OUTPUT_REPORT:
        break;
    }
    return weir_problem_head(v, main, err);
}

/* ---- what is odd ---- */

static void warn_missing(const struct weir_validate *v)
{
    char msg[WARNING_BYTES];
    size_t n = 0, len = 0;

    while (weir_schema_plan_missing(v->plan, n) != NULL) {
        n++;
    }
    if (n == 0) {
        return;
    }
    len += (size_t)snprintf(msg, sizeof msg,
        "the header lacks %zu column%s that the schema requires", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n && i < MISSING_NAMED; i++) {
        len += (size_t)snprintf(msg + len, sizeof msg - len, "%s%s", i == 0 ? ": " : ", ",
            weir_schema_plan_missing(v->plan, i));
    }
    snprintf(msg + len, sizeof msg - len, "%s; no row can be valid",
        n > MISSING_NAMED ? " and more" : "");
    v->warn(v->ctx, msg);
}

/* A name and where it stands; sorted by name, then by place. */
struct named {
    struct weir_str name;
    size_t column;
};

static int compare_places(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int d = weir_str_cmp(x->name, y->name);

    return d != 0 ? d : x->column < y->column ? -1 : 1;
}

/* Names of the data are not repeated here: a log is no place for them. */
static int warn_names(const struct weir_validate *v, const struct weir_csv_field *names, size_t n,
    struct weir_err *err)
{
    struct named *places = calloc(n + 1, sizeof *places);
    char msg[WARNING_BYTES];
    size_t empty = 0, not_utf8 = 0;
    const struct named *twice = NULL;

    if (places == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    for (size_t i = n; i-- > 0;) {
        places[i] = (struct named){text_of(&names[i]), i};
        empty = names[i].len == 0 ? i + 1 : empty;
        not_utf8 = weir_utf8_check((const char *)names[i].p, names[i].len) < names[i].len
                       ? i + 1
                       : not_utf8;
    }
    qsort(places, n, sizeof *places, compare_places);
    for (size_t i = 1; i < n && twice == NULL; i++) {
        twice = places[i].name.len > 0 && weir_str_eq(places[i].name, places[i - 1].name)
                    ? &places[i]
                    : NULL;
    }
    if (twice != NULL) {
        snprintf(msg, sizeof msg, "columns %zu and %zu have the same name; both are checked as it",
            twice[-1].column + 1, twice->column + 1);
        v->warn(v->ctx, msg);
    }
    if (empty > 0) {
        snprintf(msg, sizeof msg, "column %zu has no name", empty);
        v->warn(v->ctx, msg);
    }
    if (not_utf8 > 0) {
        snprintf(msg, sizeof msg, "the name of column %zu is not valid UTF-8", not_utf8);
        v->warn(v->ctx, msg);
    }
    free(places);
    return 0;
}

/* A column of JSON is read as it stands between its quotes, and passed on so; unless its values are
 * wanted for a key. */
static int set_raw(struct weir_validate *v, struct weir_err *err)
{
    const bool may = v->read.quote == '"' && !v->write.escape_formulas;

    v->raw = calloc(v->columns, sizeof *v->raw);
    if (v->raw == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    for (size_t i = 0; i < v->columns; i++) {
        v->raw[i] = may && weir_schema_plan_json(v->plan, i) && !weir_unique_has(v->unique, i);
    }
    return 0;
}

/* Whether our own words need no quotes: a delimiter may be a letter of theirs. */
static bool are_plain(const struct weir_csv_dialect *d)
{
    return !weir_csv_needs_quotes(d, (const uint8_t *)"true", 4) &&
           !weir_csv_needs_quotes(d, (const uint8_t *)"false", 5);
}

int weir_validate_header(struct weir_validate *v, struct worker *w,
    const struct weir_csv_field *names, size_t n, struct weir_err *err)
{
    struct weir_str *columns = calloc(n, sizeof *columns);

    if (columns == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        columns[i] = v->options.trim ? weir_str_trim(text_of(&names[i])) : text_of(&names[i]);
    }
    v->columns = n;
    if (v->unique == NULL || weir_unique_header(v->unique, columns, n, err) == 0) {
        v->plan = weir_schema_bind(v->schema, columns, n, err);
    }
    free(columns);
    if (v->plan == NULL) {
        return -1;
    }
    const struct weir_schema_cells cells = weir_validate_cells(&v->options, !v->plain);
    weir_schema_plan_cells(v->plan, &cells);
    v->as_is = !v->write.escape_formulas && are_plain(&v->write);
    if (set_raw(v, err) != 0) {
        return -1;
    }
    if (v->warn != NULL) {
        warn_missing(v);
        if (weir_schema_plan_strange(v->plan)) {
            v->warn(v->ctx,
                "the header has no column that the schema names; is the delimiter right "
                "(delimiter: auto)?");
        }
        if (warn_names(v, names, n, err) != 0) {
            return -1;
        }
    }
    return put_header(v, w, names, n, err);
}
