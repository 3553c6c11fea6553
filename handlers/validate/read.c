#include "handlers/validate/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells ---- */

struct weir_str weir_validate_cell(
    const struct weir_validate_options *o, const struct weir_csv_field *field)
{
    struct weir_str s = {(const char *)field->p, field->len};
    const bool other = field->quoted_empty && o->quoted_empty != WEIR_EMPTY_SAME;

    if (o->trim) {
        s = weir_str_trim(s);
    }
    if (s.len > 0) {
        return s;
    }
    switch (other ? o->quoted_empty : o->empty) {
    case WEIR_EMPTY_NULL:
        return (struct weir_str){weir_schema_null, 0};
    case WEIR_EMPTY_STRING:
        return (struct weir_str){"", 0};
    case WEIR_EMPTY_ABSENT:
    case WEIR_EMPTY_SAME:
        break;
    }
    return (struct weir_str){NULL, 0};
}

struct weir_schema_cells weir_validate_cells(
    const struct weir_validate_options *o, bool empty_is_text)
{
    static const struct {
        const char *yes[6], *no[6]; /* beside true and false */
    } words[] = {
        [WEIR_BOOLEANS_WORDS] = {{NULL}, {NULL}},
        [WEIR_BOOLEANS_DIGITS] = {{"1"}, {"0"}},
        [WEIR_BOOLEANS_YES] = {{"yes"}, {"no"}},
        [WEIR_BOOLEANS_ANY] = {{"1", "yes", "y", "t", "on"}, {"0", "no", "n", "f", "off"}},
    };

    return (struct weir_schema_cells){.empty_is_text = empty_is_text,
        .yes = words[o->booleans].yes,
        .no = words[o->booleans].no,
        .any_case = o->booleans == WEIR_BOOLEANS_ANY};
}

/* ---- names ---- */

static int names_given(
    const char *names, weir_csv_on_row *on_names, void *ctx, struct weir_err *err)
{
    struct weir_csv_reader *reader = weir_csv_reader_new(&weir_csv_common, err);

    if (reader == NULL) {
        return -1;
    }
    int rc = weir_csv_read(reader, (const uint8_t *)names, strlen(names), true, on_names, ctx, err);
    weir_csv_reader_free(reader);
    return rc;
}

/* column_1, column_2, ... */
static int names_numbered(size_t n, weir_csv_on_row *on_names, void *ctx, struct weir_err *err)
{
    const size_t room = sizeof "column_" + 20;
    struct weir_csv_field *names = calloc(n, sizeof *names);
    char *texts = calloc(n, room);
    int rc = -1;

    if (names == NULL || texts == NULL) {
        weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        char *text = texts + i * room;
        names[i] = weir_csv_text(text, (size_t)snprintf(text, room, "column_%zu", i + 1));
    }
    rc = on_names(ctx, &(struct weir_csv_row){.fields = names, .fields_n = n}, err);
out:
    free(names);
    free(texts);
    return rc;
}

int weir_validate_names(const struct weir_validate_options *o, const struct weir_csv_row *first,
    weir_csv_on_row *on_names, void *ctx, struct weir_err *err)
{
    if (o->header != NULL) {
        return names_given(o->header, on_names, ctx, err);
    }
    if (first == NULL) {
        return weir_err_set(err, WEIR_E_DATA, "csv: the input is empty: it has no %s",
            o->no_header ? "row" : "header");
    }
    return o->no_header ? names_numbered(first->fields_n, on_names, ctx, err)
                        : on_names(ctx, first, err);
}
