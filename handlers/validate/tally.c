#include "handlers/validate/tally.h"

#include "json/hash.h"
#include "json/quote.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(WEIR_TALLY_NAMES_MAX <= UINT16_MAX, "a slot tells each place in the list, and 1");

void weir_tally_init(struct weir_tally *t, size_t columns_n)
{
    *t = (struct weir_tally){.columns_n = columns_n};
}

static void empty_names(struct weir_tally_names *names)
{
    for (size_t i = 0; i < names->used; i++) {
        free(names->table->list[i].name);
    }
    if (names->used > 0) {
        memset(names->table->slots, 0, sizeof names->table->slots);
    }
    names->used = 0;
    names->others = 0;
}

void weir_tally_fini(struct weir_tally *t)
{
    empty_names(&t->keywords);
    empty_names(&t->names);
    free(t->keywords.table);
    free(t->names.table);
    free(t->columns);
    *t = (struct weir_tally){0};
}

static int no_memory(struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_NOMEM, "validate: out of memory");
}

static int count_name(
    struct weir_tally_names *names, const char *name, uint64_t n, struct weir_err *err)
{
    if (names->table == NULL) {
        names->table = calloc(1, sizeof *names->table);
        if (names->table == NULL) {
            return no_memory(err);
        }
        weir_json_hash_seed(names->seed, names->table);
    }
    struct weir_tally_table *t = names->table;
    const size_t slots_n = sizeof t->slots / sizeof t->slots[0];
    size_t at = weir_json_hash(names->seed, weir_str_of(name)) % slots_n;

    while (t->slots[at] != 0 && strcmp(t->list[t->slots[at] - 1].name, name) != 0) {
        at = (at + 1) % slots_n;
    }
    if (t->slots[at] == 0 && names->used == WEIR_TALLY_NAMES_MAX) {
        names->others += n;
        return 0;
    }
    if (t->slots[at] == 0) {
        char *own = strdup(name);
        if (own == NULL) {
            return no_memory(err);
        }
        t->list[names->used++] = (struct weir_tally_name){own, 0};
        t->slots[at] = (uint16_t)names->used;
    }
    t->list[t->slots[at] - 1].n += n;
    return 0;
}

static int make_columns(struct weir_tally *t, struct weir_err *err)
{
    if (t->columns == NULL && t->columns_n > 0) {
        t->columns = calloc(t->columns_n, sizeof *t->columns);
        if (t->columns == NULL) {
            return no_memory(err);
        }
    }
    return 0;
}

int weir_tally_count(
    struct weir_tally *t, const struct weir_schema_problem *problem, struct weir_err *err)
{
    t->problems++;
    if (count_name(&t->keywords, problem->keyword, 1, err) != 0) {
        return -1;
    }
    if (problem->column >= t->columns_n) {
        return count_name(&t->names, problem->label, 1, err);
    }
    if (make_columns(t, err) != 0) {
        return -1;
    }
    t->columns[problem->column]++;
    return 0;
}

/* In the order in which they came: which of them find no room any more depends on the data alone.
 */
static int add_names(
    struct weir_tally_names *to, struct weir_tally_names *from, struct weir_err *err)
{
    int rc = 0;

    for (size_t i = 0; i < from->used && rc == 0; i++) {
        rc = count_name(to, from->table->list[i].name, from->table->list[i].n, err);
    }
    to->others += from->others;
    empty_names(from);
    return rc;
}

int weir_tally_add(struct weir_tally *t, struct weir_tally *from, struct weir_err *err)
{
    if (from->problems == 0) {
        return 0;
    }
    t->problems += from->problems;
    from->problems = 0;
    if (from->columns != NULL && make_columns(t, err) != 0) {
        return -1;
    }
    for (size_t i = 0; from->columns != NULL && i < t->columns_n; i++) {
        t->columns[i] += from->columns[i];
        from->columns[i] = 0;
    }
    return add_names(&t->keywords, &from->keywords, err) != 0 ||
                   add_names(&t->names, &from->names, err) != 0
               ? -1
               : 0;
}

/* ---- JSON ---- */

static int compare_names(const void *a, const void *b)
{
    const struct weir_tally_name *const *x = a, *const *y = b;

    return strcmp((*x)->name, (*y)->name);
}

/* The names that were counted, in order; the caller frees *ret. */
static int sorted(
    const struct weir_tally_names *names, const struct weir_tally_name ***ret, struct weir_err *err)
{
    const struct weir_tally_name **list = calloc(names->used + 1, sizeof *list);

    if (list == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < names->used; i++) {
        list[i] = &names->table->list[i];
    }
    qsort(list, names->used, sizeof *list, compare_names);
    *ret = list;
    return 0;
}

static int put_keywords(const struct weir_tally *t, struct weir_buf *to, struct weir_err *err)
{
    const struct weir_tally_name **list;
    int rc = weir_buf_adds(to, ",\"keywords\":{", err);

    if (rc != 0 || sorted(&t->keywords, &list, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < t->keywords.used && rc == 0; i++) {
        rc = weir_buf_adds(to, i > 0 ? "," : "", err) != 0 ||
                     weir_json_quote(to, list[i]->name, err) != 0
                 ? -1
                 : weir_buf_addf(to, err, ":%" PRIu64, list[i]->n);
    }
    free(list);
    return rc == 0 ? weir_buf_adds(to, "}", err) : rc;
}

static int put_column(struct weir_buf *to, const char *name, uint64_t n, struct weir_err *err)
{
    const bool first = to->len > 0 && to->p[to->len - 1] == '[';

    return weir_buf_adds(to, first ? "{\"name\":" : ",{\"name\":", err) != 0 ||
                   weir_json_quote(to, name, err) != 0
               ? -1
               : weir_buf_addf(to, err, ",\"problems\":%" PRIu64 "}", n);
}

static int put_columns(const struct weir_tally *t, const char *(*label)(const void *ctx, size_t i),
    const void *ctx, struct weir_buf *to, struct weir_err *err)
{
    const struct weir_tally_name **list;
    int rc = weir_buf_adds(to, ",\"columns\":[", err);

    for (size_t i = 0; t->columns != NULL && i < t->columns_n && rc == 0; i++) {
        rc = t->columns[i] > 0 ? put_column(to, label(ctx, i), t->columns[i], err) : 0;
    }
    if (rc != 0 || sorted(&t->names, &list, err) != 0) {
        return -1;
    }
    for (size_t i = 0; i < t->names.used && rc == 0; i++) {
        rc = put_column(to, list[i]->name, list[i]->n, err);
    }
    free(list);
    if (rc == 0 && t->names.others > 0) {
        rc = put_column(to, "(others)", t->names.others, err);
    }
    return rc == 0 ? weir_buf_adds(to, "]", err) : rc;
}

int weir_tally_json(const struct weir_tally *t, const char *(*label)(const void *ctx, size_t i),
    const void *ctx, struct weir_buf *to, struct weir_err *err)
{
    if (weir_buf_addf(to, err, ",\"problems\":%" PRIu64, t->problems) != 0 ||
        put_keywords(t, to, err) != 0) {
        return -1;
    }
    return label != NULL ? put_columns(t, label, ctx, to, err) : 0;
}
