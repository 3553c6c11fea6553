#include "schema/infer.h"

#include "core/limits.h"
#include "core/utf8.h"
#include "json/hash.h"
#include "schema/check.h"
#include "schema/infer_node.h"

#include <stdlib.h>
#include <string.h>

/*
 * A tree of what was seen, made as it is seen. Members are found by one table for the whole tree.
 *
 * Of a cell it is not known what it is to be read as, so it is read as anything that it can be; the
 * column's types are decided in the end. Should these be a string, every cell is one: so all cells
 * are looked at as texts, too.
 */
#define NODES_FIRST 64
#define ANY_PLAIN (WEIR_T_NUMBER | WEIR_T_BOOLEAN | WEIR_T_NULL)

const char *const weir_infer_formats[WEIR_INFER_FORMATS] = {"date-time", "date", "time", "duration",
    "uuid", "ipv4", "ipv6", "email", "idn-email", "uri", "iri"};
#define FORMAT_URI 9 /* and all behind it */

static int no_memory(struct weir_err *err)
{
    return weir_err_set(err, WEIR_E_NOMEM, "schema: out of memory");
}

/* ---- the tree ---- */

static int64_t add_node(struct weir_schema_infer *f, uint32_t parent, struct weir_err *err)
{
    if (f->nodes_n == f->nodes_cap) {
        const size_t cap = f->nodes_cap > 0 ? f->nodes_cap * 2 : NODES_FIRST;
        struct weir_infer_node *nodes = realloc(f->nodes, cap * sizeof *nodes);
        if (nodes == NULL) {
            return no_memory(err);
        }
        f->nodes = nodes;
        f->nodes_cap = cap;
    }
    f->nodes[f->nodes_n] = (struct weir_infer_node){.parent = parent,
        .depth = f->nodes_n > WEIR_INFER_ROOT ? f->nodes[parent].depth + 1 : 0,
        .columns = 1,
        .formats = (UINT32_C(1) << WEIR_INFER_FORMATS) - 1,
        .choices = f->opts.enum_max > 0 ? 0 : UINT32_MAX,
        .min_chars = SIZE_MAX};
    return (int64_t)f->nodes_n++;
}

static struct weir_str name_of(const struct weir_schema_infer *f, const struct weir_infer_node *n)
{
    return (struct weir_str){(const char *)f->text.p + n->name.off, n->name.len};
}

static size_t slot_of(const struct weir_schema_infer *f, uint32_t parent, struct weir_str name)
{
    const uint64_t h = weir_json_hash(f->seed, name) + parent * UINT64_C(0x9E3779B97F4A7C15);

    return (size_t)(h ^ h >> 32) & (f->table_n - 1);
}

/* The slot that has the member, or where it would go. */
static size_t find(const struct weir_schema_infer *f, uint32_t parent, struct weir_str name)
{
    size_t i = slot_of(f, parent, name);

    for (; f->table[i] != 0; i = (i + 1) & (f->table_n - 1)) {
        const struct weir_infer_node *n = &f->nodes[f->table[i]];
        if (n->parent == parent && weir_str_eq(name_of(f, n), name)) {
            break;
        }
    }
    return i;
}

static int grow_table(struct weir_schema_infer *f, struct weir_err *err)
{
    const size_t n = f->table_n > 0 ? f->table_n * 2 : 4 * NODES_FIRST, old_n = f->table_n;
    uint32_t *table = calloc(n, sizeof *table), *old = f->table;

    if (table == NULL) {
        return no_memory(err);
    }
    f->table = table;
    f->table_n = n;
    for (size_t i = 0; i < old_n; i++) {
        if (old[i] != 0) {
            const struct weir_infer_node *node = &f->nodes[old[i]];
            table[find(f, node->parent, name_of(f, node))] = old[i];
        }
    }
    free(old);
    return 0;
}

/* Keep a text; 0: there is no room, 1: done. */
static int keep_text(struct weir_schema_infer *f, struct weir_str s, struct weir_infer_text *ret,
    struct weir_err *err)
{
    if (s.len > f->text.max - f->text.len) {
        return 0;
    }
    ret->off = (uint32_t)f->text.len;
    ret->len = (uint32_t)s.len;
    return weir_buf_add(&f->text, s.p, s.len, err) == 0 ? 1 : -1;
}

/* The member of that name, which may be a new one; 0: there is no room for it. */
static int64_t member(struct weir_schema_infer *f, uint32_t parent, struct weir_str name,
    size_t members_max, struct weir_err *err)
{
    struct weir_infer_text kept;

    if (f->nodes_n * 2 >= f->table_n && grow_table(f, err) != 0) {
        return -1;
    }
    const size_t slot = find(f, parent, name);
    if (f->table[slot] != 0) {
        return f->table[slot];
    }
    if (f->nodes[parent].n >= members_max || f->nodes_n >= WEIR_INFER_NODES_MAX) {
        return 0;
    }
    int rc = keep_text(f, name, &kept, err);
    const int64_t at = rc > 0 ? add_node(f, parent, err) : rc;
    if (at <= 0) {
        return at;
    }
    struct weir_infer_node *up = &f->nodes[parent];
    f->nodes[at].name = kept;
    f->table[slot] = (uint32_t)at;
    if (up->n++ == 0) {
        up->first = (uint32_t)at;
    } else {
        f->nodes[up->last].next = (uint32_t)at;
    }
    up->last = (uint32_t)at;
    return at;
}

struct weir_schema_infer *weir_schema_infer_new(
    const struct weir_schema_infer_opts *opts, struct weir_err *err)
{
    struct weir_schema_infer *f = calloc(1, sizeof *f);

    if (f == NULL) {
        no_memory(err);
        return NULL;
    }
    f->opts = *opts;
    weir_buf_init(&f->text, WEIR_INFER_TEXT_MAX_BYTES);
    weir_json_tape_init(&f->tape);
    weir_json_hash_seed(f->seed, f);
    for (size_t i = 0; i < WEIR_INFER_FORMATS; i++) {
        f->formats[i] = weir_format_find(weir_str_of(weir_infer_formats[i]));
    }
    if (add_node(f, 0, err) < 0 || add_node(f, 0, err) < 0) {
        weir_schema_infer_free(f);
        return NULL;
    }
    return f;
}

void weir_schema_infer_free(struct weir_schema_infer *f)
{
    if (f != NULL) {
        weir_json_tape_fini(&f->tape);
        weir_buf_fini(&f->text);
        free(f->nodes);
        free(f->table);
        free(f->choices);
        free(f->columns);
        free(f);
    }
}

/* ---- texts and numbers ---- */

/* The formats that are still possible. */
static void see_formats(
    const struct weir_schema_infer *f, struct weir_infer_node *n, struct weir_str s)
{
    for (uint32_t left = n->formats; left != 0; left &= left - 1) {
        const int i = __builtin_ctz(left);
        /* Any word and a colon may be a URI: only what looks like one is taken for it. */
        if ((i >= FORMAT_URI && (s.len == 0 || memmem(s.p, s.len, "://", 3) == NULL)) ||
            !f->formats[i]->valid(s)) {
            n->formats &= ~(UINT32_C(1) << i);
        }
    }
}

/* Room for one node's texts. Returns the first, or -1. */
static int64_t add_choices(struct weir_schema_infer *f, struct weir_err *err)
{
    if (f->choices_n + f->opts.enum_max > f->choices_cap) {
        const size_t cap = 2 * f->choices_cap + NODES_FIRST * f->opts.enum_max;
        struct weir_infer_text *choices = realloc(f->choices, cap * sizeof *choices);
        if (choices == NULL) {
            return no_memory(err);
        }
        f->choices = choices;
        f->choices_cap = cap;
    }
    f->choices_n += f->opts.enum_max;
    return (int64_t)(f->choices_n - f->opts.enum_max);
}

static int see_choice(
    struct weir_schema_infer *f, uint32_t at, struct weir_str s, struct weir_err *err)
{
    struct weir_infer_node *n = &f->nodes[at];

    if (n->choices == UINT32_MAX) {
        return 0;
    }
    if (n->choices_n == 0) {
        const int64_t first = add_choices(f, err);
        if (first < 0) {
            return -1;
        }
        n->choices = (uint32_t)first;
    }
    struct weir_infer_text *choices = f->choices + n->choices;
    for (uint32_t i = 0; i < n->choices_n; i++) {
        if (weir_str_eq(
                (struct weir_str){(const char *)f->text.p + choices[i].off, choices[i].len}, s)) {
            return 0;
        }
    }
    int rc = n->choices_n < f->opts.enum_max && s.len <= WEIR_INFER_ENUM_TEXT_BYTES
                 ? keep_text(f, s, &choices[n->choices_n], err)
                 : 0;
    n->choices_n += rc > 0;
    n->choices = rc > 0 ? n->choices : UINT32_MAX;
    return rc < 0 ? -1 : 0;
}

static int see_text(
    struct weir_schema_infer *f, uint32_t at, struct weir_str s, struct weir_err *err)
{
    struct weir_infer_node *n = &f->nodes[at];

    n->texts++;
    see_formats(f, n, s);
    if (f->opts.ranges) {
        const size_t chars = weir_utf8_count(s.p, s.len);
        n->min_chars = chars < n->min_chars ? chars : n->min_chars;
        n->max_chars = chars > n->max_chars ? chars : n->max_chars;
    }
    return see_choice(f, at, s, err);
}

static void see_bound(struct weir_infer_bound *b, struct weir_str s, int sign)
{
    if (b->len == 0 || sign * weir_number_cmp(s, (struct weir_str){b->text, b->len}) > 0) {
        memcpy(b->text, s.p, s.len);
        b->len = (uint8_t)s.len;
    }
}

static void see_number(
    const struct weir_schema_infer *f, struct weir_infer_node *n, struct weir_str s)
{
    n->types |= weir_number_is_integer(s) ? WEIR_T_INTEGER : WEIR_T_NUMBER;
    if (!f->opts.ranges || n->no_bounds) {
        return;
    }
    n->no_bounds = s.len > WEIR_INFER_NUMBER_BYTES;
    if (!n->no_bounds) {
        see_bound(&n->min, s, -1);
        see_bound(&n->max, s, 1);
    }
}

/* ---- JSON ---- */

static int see_value(struct weir_schema_infer *f, uint32_t at, const struct weir_json_value *v,
    struct weir_err *err);

static int see_array(
    struct weir_schema_infer *f, uint32_t at, const struct weir_json_value *v, struct weir_err *err)
{
    const struct weir_json_value *item = v + 1;

    if (f->nodes[at].items == 0 && v->len > 0 && f->nodes[at].depth < WEIR_INFER_DEPTH_MAX &&
        f->nodes_n < WEIR_INFER_NODES_MAX) {
        const int64_t items = add_node(f, at, err);
        if (items < 0) {
            return -1;
        }
        f->nodes[at].items = (uint32_t)items;
    }
    /* Where there was no room, there never is: elements are described all or not at all. */
    for (uint32_t i = 0; i < v->len && f->nodes[at].items != 0;
         i++, item = f->tape.v + item->next) {
        if (see_value(f, f->nodes[at].items, item, err) != 0) {
            return -1;
        }
    }
    return 0;
}

static int see_object(
    struct weir_schema_infer *f, uint32_t at, const struct weir_json_value *v, struct weir_err *err)
{
    const size_t max = f->nodes[at].depth < WEIR_INFER_DEPTH_MAX ? WEIR_INFER_MEMBERS_MAX : 0;
    const struct weir_json_value *part = v + 1;
    uint32_t guess = f->nodes[at].first; /* members mostly come in the order in which they came */

    f->nodes[at].objects++;
    for (uint32_t i = 0; i < v->len; i++, part = f->tape.v + part[1].next) {
        const struct weir_str name = weir_json_text(&f->tape, part);
        const int64_t to = guess != 0 && weir_str_eq(name_of(f, &f->nodes[guess]), name)
                               ? guess
                               : member(f, at, name, max, err);
        if (to < 0 || (to > 0 && see_value(f, (uint32_t)to, part + 1, err) != 0)) {
            return -1;
        }
        f->nodes[at].more |= to == 0;
        guess = to > 0 ? f->nodes[to].next : guess;
    }
    return 0;
}

static int see_value(
    struct weir_schema_infer *f, uint32_t at, const struct weir_json_value *v, struct weir_err *err)
{
    struct weir_infer_node *n = &f->nodes[at];

    n->count++;
    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
        n->types |= WEIR_T_NULL;
        break;
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        n->types |= WEIR_T_BOOLEAN;
        break;
    case WEIR_JSON_NUMBER:
        see_number(f, n, weir_json_text(&f->tape, v));
        break;
    case WEIR_JSON_STRING:
        n->types |= WEIR_T_STRING;
        return see_text(f, at, weir_json_text(&f->tape, v), err);
    case WEIR_JSON_ARRAY:
        n->types |= WEIR_T_ARRAY;
        return see_array(f, at, v, err);
    case WEIR_JSON_OBJECT:
        n->types |= WEIR_T_OBJECT;
        return see_object(f, at, v, err);
    }
    return 0;
}

int weir_schema_infer_json(
    struct weir_schema_infer *f, struct weir_str text, bool *looked, struct weir_err *err)
{
    struct weir_json_fault fault;

    *looked = weir_json_parse(&f->tape, text.p, text.len, &fault) == 0;
    if (!*looked) {
        return fault.code == WEIR_E_NOMEM ? no_memory(err) : 0;
    }
    f->rows++;
    int rc = see_value(f, WEIR_INFER_ROOT, f->tape.v, err);
    weir_json_tape_trim(&f->tape, WEIR_KEEP_MAX_BYTES);
    return rc;
}

/* ---- cells ---- */

int weir_schema_infer_columns(
    struct weir_schema_infer *f, const struct weir_str *names, size_t n, struct weir_err *err)
{
    f->nodes[WEIR_INFER_ROOT].types = WEIR_T_OBJECT;
    f->columns = calloc(n + 1, sizeof *f->columns);
    if (f->columns == NULL) {
        return no_memory(err);
    }
    f->columns_n = n;
    for (size_t i = 0; i < n; i++) {
        const size_t before = f->nodes_n;
        if (weir_utf8_check(names[i].p, names[i].len) < names[i].len) {
            continue;
        }
        const int64_t at = member(f, WEIR_INFER_ROOT, names[i], SIZE_MAX, err);
        if (at <= 0) {
            return at < 0 ? -1
                          : weir_err_set(err, WEIR_E_LIMIT,
                                "schema: the names of %zu columns are too long for a schema", n);
        }
        f->nodes[at].cells = true;
        f->nodes[at].columns += f->nodes_n == before;
        f->columns[i] = (uint32_t)at;
    }
    return 0;
}

/* A cell that is JSON; 0: it is none, 1: done. */
static int see_json(
    struct weir_schema_infer *f, uint32_t at, struct weir_str cell, struct weir_err *err)
{
    struct weir_json_fault fault;

    if (weir_json_parse_utf8(&f->tape, cell.p, cell.len, &fault) != 0) {
        return fault.code == WEIR_E_NOMEM ? no_memory(err) : 0;
    }
    return see_value(f, at, f->tape.v, err) != 0 ? -1 : 1;
}

static int see_cell(
    struct weir_schema_infer *f, uint32_t at, struct weir_str cell, struct weir_err *err)
{
    const struct weir_schema_cells *how = &f->opts.cells;
    struct weir_infer_node *n = &f->nodes[at];
    int json = 0;

    if (cell.p == weir_schema_null) {
        n->types |= WEIR_T_NULL;
        n->nulls = true;
        n->count++;
        return 0;
    }
    n->no_word |= weir_schema_plain_kind(how, WEIR_T_BOOLEAN, cell) == WEIR_JSON_STRING;
    if (weir_schema_wants_json(WEIR_T_ANY, cell)) {
        json = see_json(f, at, cell, err);
        if (json < 0) {
            return -1;
        }
        n = &f->nodes[at];
    }
    if (json == 0) {
        const enum weir_json_kind kind = weir_schema_plain_kind(how, ANY_PLAIN, cell);
        n->count++;
        if (kind == WEIR_JSON_NUMBER) {
            see_number(f, n, cell);
        } else {
            n->types |= kind == WEIR_JSON_STRING ? WEIR_T_STRING
                        : kind == WEIR_JSON_NULL ? WEIR_T_NULL
                                                 : WEIR_T_BOOLEAN;
        }
    }
    return see_text(f, at, cell, err);
}

int weir_schema_infer_cells(
    struct weir_schema_infer *f, const struct weir_str *cells, bool *looked, struct weir_err *err)
{
    *looked = true;
    for (size_t i = 0; i < f->columns_n && *looked; i++) {
        *looked = weir_utf8_check(cells[i].p, cells[i].len) == cells[i].len;
    }
    for (size_t i = 0; i < f->columns_n && *looked; i++) {
        if (f->columns[i] != 0 && cells[i].p != NULL &&
            see_cell(f, f->columns[i], cells[i], err) != 0) {
            return -1;
        }
    }
    f->rows += *looked;
    f->nodes[WEIR_INFER_ROOT].objects = f->rows;
    weir_json_tape_trim(&f->tape, WEIR_KEEP_MAX_BYTES);
    return 0;
}

/* ---- what it comes to ---- */

unsigned weir_infer_types(const struct weir_infer_node *n)
{
    const unsigned json = WEIR_T_OBJECT | WEIR_T_ARRAY, null = n->nulls ? WEIR_T_NULL : 0;
    unsigned types = n->types;

    if ((types & WEIR_T_NUMBER) != 0) {
        types &= ~(unsigned)WEIR_T_INTEGER; /* which is one */
    }
    if (!n->cells || (types & ~(unsigned)WEIR_T_NULL) == 0) {
        return types;
    }
    if (!n->no_word) {
        return WEIR_T_BOOLEAN | null;
    }
    /* What is more than one thing is a text. */
    const unsigned but_null = types & ~(unsigned)WEIR_T_NULL;
    const bool one = (but_null & (but_null - 1)) == 0 || (but_null & ~json) == 0;
    return one && but_null != WEIR_T_STRING ? types : WEIR_T_STRING | null;
}
