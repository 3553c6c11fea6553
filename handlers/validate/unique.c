#include "core/limits.h"
#include "handlers/validate/keyset.h"
#include "handlers/validate/work.h"
#include "json/canon.h"
#include "schema/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Columns whose values, together, no two rows may share. Every row's key goes into one set
 * (keyset.h), with the number of its columns' list before it; a row whose key is there already has
 * a problem that names the first of them. A key with a value that is absent or null is not
 * compared, as in SQL.
 *
 * A row is compared with those before it. A block that is worked on when all before it are merged
 * compares as it goes; one that is ahead of its turn supposes that none of its keys has been there,
 * and only collects them. When its turn comes, they are added, and if one was there after all, or
 * the memory is used up, the block is worked on again: the rows whose keys were added meanwhile
 * find themselves. So each row is compared with the same keys, however many threads there are.
 *
 * What is wrong with a row otherwise does not matter: an invalid row has its key like any other.
 */
#define LABEL_BYTES 112
#define MESSAGE_BYTES 512

struct key {
    struct weir_str names[WEIR_UNIQUE_MAX];
    size_t columns[WEIR_UNIQUE_MAX]; /* of the header; of JSON none */
    size_t n;
    char *text;                 /* the names' */
    char label[LABEL_BYTES];    /* of its problems: "row", or JSON's one name; else the column's */
    char list[2 * LABEL_BYTES]; /* its names, for people */
};

struct weir_unique {
    struct weir_keyset *seen; /* whose turn it is has it to itself */
    size_t n;
    struct key keys[];
};

void weir_unique_free(struct weir_unique *u)
{
    if (u != NULL) {
        for (size_t i = 0; i < u->n; i++) {
            free(u->keys[i].text);
        }
        weir_keyset_free(u->seen);
        free(u);
    }
}

/* ---- what is to be unique ---- */

static void describe(struct key *k, bool json)
{
    struct weir_text t;

    weir_text_init(&t, k->list, sizeof k->list);
    for (size_t i = 0; i < k->n; i++) {
        weir_text_add(&t, i > 0 ? ", " : "");
        weir_text_shown(&t, k->names[i], LABEL_BYTES - 8);
    }
    weir_text_init(&t, k->label, sizeof k->label);
    if (k->n > 1) {
        weir_text_add(&t, "row");
    } else if (json) { /* as a part of a JSON Pointer */
        weir_text_token(&t, k->names[0], LABEL_BYTES - 8);
        memmove(k->label, k->label + 1, strlen(k->label));
    }
}

/* The names of a record; a weir_csv_read. */
static int on_names(void *ctx, const struct weir_csv_row *row, struct weir_err *err)
{
    struct key *k = ctx;
    size_t len = 0;

    if (row->fields_n > WEIR_UNIQUE_MAX) {
        return weir_err_set(
            err, WEIR_E_CONFIG, "unique: more than %d columns together", WEIR_UNIQUE_MAX);
    }
    for (size_t i = 0; i < row->fields_n; i++) {
        len += row->fields[i].len;
    }
    k->text = malloc(len + 1);
    if (k->text == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "unique: out of memory");
    }
    char *to = k->text;
    for (size_t i = 0; i < row->fields_n; i++) {
        memcpy(to, row->fields[i].p, row->fields[i].len);
        k->names[k->n++] = (struct weir_str){to, row->fields[i].len};
        to += row->fields[i].len;
    }
    return 0;
}

int weir_unique_new(
    const struct weir_validate_options *o, struct weir_unique **ret, struct weir_err *err)
{
    struct weir_csv_reader *reader = NULL;
    struct weir_unique *u = NULL;
    int rc = 0;

    if (o->unique_n == 0) {
        return 0;
    }
    u = calloc(1, sizeof *u + o->unique_n * sizeof u->keys[0]);
    if (u == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "unique: out of memory");
    }
    u->seen = weir_keyset_new(o->unique_memory, err);
    reader = u->seen != NULL ? weir_csv_reader_new(&weir_csv_common, err) : NULL;
    rc = reader != NULL ? 0 : -1;
    while (rc == 0 && u->n < o->unique_n) {
        struct key *k = &u->keys[u->n++];
        const char *text = o->unique[u->n - 1];
        rc = weir_csv_read(reader, (const uint8_t *)text, strlen(text), true, on_names, k, err);
        describe(k, o->input == WEIR_INPUT_NDJSON);
    }
    weir_csv_reader_free(reader);
    if (rc != 0) {
        weir_unique_free(u);
        return -1;
    }
    *ret = u; /* the caller owns it now */
    return 0;
}

static int lacks(struct weir_str name, struct weir_err *err)
{
    char text[LABEL_BYTES];
    struct weir_text t;

    weir_text_init(&t, text, sizeof text);
    weir_text_name(&t, name, LABEL_BYTES - 8);
    return weir_err_set(err, WEIR_E_CONFIG, "unique: the header has no column \"%s\"", text);
}

int weir_unique_header(
    struct weir_unique *u, const struct weir_str *columns, size_t n, struct weir_err *err)
{
    for (size_t i = 0; i < u->n; i++) {
        struct key *k = &u->keys[i];
        for (size_t j = 0; j < k->n; j++) {
            size_t at = 0;
            while (at < n && !weir_str_eq(columns[at], k->names[j])) {
                at++;
            }
            if (at == n) {
                return lacks(k->names[j], err);
            }
            k->columns[j] = at;
        }
    }
    return 0;
}

bool weir_unique_has(const struct weir_unique *u, size_t column)
{
    for (size_t i = 0; u != NULL && i < u->n; i++) {
        for (size_t j = 0; j < u->keys[i].n; j++) {
            if (u->keys[i].columns[j] == column) {
                return true;
            }
        }
    }
    return false;
}

/* ---- rows ---- */

static void tell(struct worker *w, const struct key *k, const struct weir_key_place *first)
{
    const bool column = k->n == 1 && w->job->columns > 0;
    char message[MESSAGE_BYTES];

    snprintf(message, sizeof message,
        "must be unique: row %" PRIu64 " (line %" PRIu64 ") has the same %s", first->row,
        first->line, k->list);
    const struct weir_schema_problem p = {.column = column ? k->columns[0] : SIZE_MAX,
        .label = column ? weir_schema_plan_label(w->job->plan, k->columns[0]) : k->label,
        .pointer = "",
        .keyword = "unique",
        .message = message,
        .whole = k->n > 1};
    weir_problem_add(w, &p);
}

/* Keep a key for when it is the block's turn: the row, the line less the row, its length, its
 * bytes. Too many of them: the block is worked on again then. */
static int keep(struct worker *w, const struct weir_key_place *here, struct weir_err *err)
{
    uint8_t start[3 * WEIR_JSON_CANON_SIZE_BYTES], *end = start;

    end = weir_json_canon_size(end, here->row);
    end = weir_json_canon_size(end, here->line - here->row);
    end = weir_json_canon_size(end, w->key.len);
    const size_t len = (size_t)(end - start);
    if (w->note->keys_lost || len + w->key.len > w->ahead.max - w->ahead.len) {
        w->note->keys_lost = true;
        return 0;
    }
    return weir_buf_add(&w->ahead, start, len, err) != 0
               ? -1
               : weir_buf_add(&w->ahead, w->key.p, w->key.len, err);
}

/* The row's key is made: see whether it is a new one. */
static int compare(struct worker *w, const struct key *k, struct weir_err *err)
{
    const struct weir_key_place here = {w->row, weir_problem_line(w)};
    const struct weir_str key = {(const char *)w->key.p, w->key.len};
    struct weir_key_place first;

    if (!w->in_order) {
        return keep(w, &here, err);
    }
    const int rc = weir_keyset_add(w->job->unique->seen, key, &here, &first, err);
    if (rc == 0 && first.row != here.row) { /* else it was added when this was done before */
        tell(w, k, &first);
    }
    return rc < 0 ? -1 : 0;
}

bool weir_unique_again(struct weir_unique *u, const struct worker *w)
{
    const uint8_t *p = w->ahead.p, *end = p + w->ahead.len;

    if (w->note->keys_lost) {
        return true;
    }
    while (p < end) {
        struct weir_key_place here, first;
        here.row = weir_json_canon_size_read(&p);
        here.line = here.row + weir_json_canon_size_read(&p);
        const size_t len = (size_t)weir_json_canon_size_read(&p);
        if (weir_keyset_add(
                u->seen, (struct weir_str){(const char *)p, len}, &here, &first, NULL) <= 0) {
            return true;
        }
        p += len;
    }
    return false;
}

/* No key: it is too long, or something else is wrong. */
static int no_key(const struct key *k, const struct weir_err *why, struct weir_err *err)
{
    if (why->code == WEIR_E_LIMIT) {
        return weir_err_set(err, WEIR_E_LIMIT, "unique: %s: a key of more than %zu bytes", k->list,
            WEIR_UNIQUE_KEY_MAX_BYTES);
    }
    return weir_err_keep(err, why);
}

/* The key's begin: which one it is. Returns 1, or -1. */
static int begin(struct worker *w, size_t i, struct weir_err *err)
{
    const uint8_t which = (uint8_t)i;

    w->key.len = 0;
    return weir_buf_add(&w->key, &which, 1, err) == 0 ? 1 : -1;
}

/* The key's j-th value, of a row with n cells. Returns as weir_schema_key_cell does. */
static int add_value(
    struct worker *w, const struct key *k, size_t j, size_t n, struct weir_err *err)
{
    const size_t at = k->columns[j];

    if (w->job->options.input == WEIR_INPUT_NDJSON) {
        return weir_schema_key_member(w->check, k->names[j], &w->key, err);
    }
    return at < n ? weir_schema_key_cell(w->check, at, w->cells[at], &w->key, err) : 0;
}

int weir_unique_row(struct worker *w, size_t n, struct weir_err *err)
{
    const struct weir_unique *u = w->job->unique;

    for (size_t i = 0; i < u->n; i++) {
        const struct key *k = &u->keys[i];
        struct weir_err why = {0};
        int rc = begin(w, i, &why);
        for (size_t j = 0; j < k->n && rc > 0; j++) {
            rc = add_value(w, k, j, n, &why);
        }
        if (rc < 0) {
            return no_key(k, &why, err);
        }
        if (rc > 0 && compare(w, k, err) != 0) {
            return -1;
        }
    }
    return 0;
}
