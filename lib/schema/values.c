#include "schema/keyword.h"

#include "core/limits.h"
#include "schema/text.h"
#include "json/number.h"

#include <stdlib.h>

#define MESSAGE_BYTES 256
#define VALUES_BYTES 200 /* of a message, for the values of an enum */
#define LENGTH_MAX 1e15  /* beyond any cell */

/* A message for rows, kept in the arena. */
static const char *keep(struct weir_schema_loader *l, const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = weir_schema_arena_alloc(&l->schema->arena, n, l->err);

    if (p != NULL) {
        memcpy(p, text, n);
    }
    return p;
}

/* "<before><value><after>", kept. */
static const char *keep_value(
    struct weir_schema_loader *l, const char *before, uint32_t at, const char *after)
{
    char buf[MESSAGE_BYTES];
    struct weir_text t;

    weir_text_init(&t, buf, sizeof buf);
    weir_text_add(&t, before);
    weir_text_value(&t, weir_schema_tape_of(l), weir_schema_value_at(l, at));
    weir_text_add(&t, after);
    return keep(l, buf);
}

int weir_schema_expect(
    struct weir_schema_loader *l, uint32_t at, enum weir_json_kind kind, const char *what)
{
    if (weir_schema_value_at(l, at)->kind != kind) {
        return weir_schema_bad(l, at, "must be %s", what);
    }
    return 0;
}

/* A length: a whole number from 0. */
static int length(struct weir_schema_loader *l, uint32_t at, size_t *ret)
{
    struct weir_str s = weir_schema_text_at(l, at);

    if (weir_schema_value_at(l, at)->kind != WEIR_JSON_NUMBER || !weir_number_is_integer(s) ||
        weir_number_cmp(s, WEIR_STR("0")) < 0) {
        return weir_schema_bad(l, at, "must be a whole number, 0 or more");
    }
    /* The text goes on after the number, with something that is no part of one. */
    double d = strtod(s.p, NULL);
    *ret = d > LENGTH_MAX ? SIZE_MAX : (size_t)d;
    return 0;
}

static int type_named(struct weir_schema_job *j, uint32_t at)
{
    static const struct {
        const char *name;
        enum weir_type type;
    } types[] = {{"null", WEIR_T_NULL}, {"boolean", WEIR_T_BOOLEAN}, {"number", WEIR_T_NUMBER},
        {"integer", WEIR_T_INTEGER}, {"string", WEIR_T_STRING}, {"array", WEIR_T_ARRAY},
        {"object", WEIR_T_OBJECT}};

    for (size_t i = 0; weir_schema_value_at(j->l, at)->kind == WEIR_JSON_STRING &&
                       i < sizeof types / sizeof types[0];
         i++) {
        if (weir_str_eq(weir_schema_text_at(j->l, at), weir_str_of(types[i].name))) {
            if ((j->node->types & types[i].type) != 0) {
                return weir_schema_bad(j->l, at, "%s comes twice", types[i].name);
            }
            j->node->types |= (uint8_t)types[i].type;
            return 0;
        }
    }
    return weir_schema_bad(
        j->l, at, "must be one of null, boolean, number, integer, string, array, object");
}

static const char *types_message(struct weir_schema_loader *l, unsigned types)
{
    static const char *const names[] = {
        "null", "a boolean", "a number", "an integer", "a string", "an array", "an object"};
    char buf[MESSAGE_BYTES];
    struct weir_text t;
    bool first = true;

    if (types == WEIR_T_BOOLEAN) {
        return keep(l, "must be true or false");
    }
    weir_text_init(&t, buf, sizeof buf);
    weir_text_add(&t, "must be ");
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((types >> i & 1) == 0) {
            continue;
        }
        bool last = types >> (i + 1) == 0;
        weir_text_add(&t, first ? "" : last ? " or " : ", ");
        weir_text_add(&t, names[i]);
        first = false;
    }
    return keep(l, buf);
}

int weir_schema_kw_type(struct weir_schema_job *j, uint32_t at)
{
    const struct weir_json_value *v = weir_schema_value_at(j->l, at);

    if (v->kind == WEIR_JSON_ARRAY && v->len > 0) {
        uint32_t item = at + 1;
        for (uint32_t i = 0; i < v->len; i++, item = weir_schema_value_at(j->l, item)->next) {
            if (type_named(j, item) == -1) {
                return -1;
            }
        }
    } else if (type_named(j, at) == -1) {
        return -1;
    }
    j->node->types_msg = types_message(j->l, j->node->types);
    return j->node->types_msg == NULL ? -1 : 0;
}

static const char *enum_message(struct weir_schema_loader *l, uint32_t at)
{
    char buf[MESSAGE_BYTES];
    struct weir_text t;
    uint32_t item = at + 1;

    weir_text_init(&t, buf, VALUES_BYTES);
    weir_text_add(&t, weir_schema_value_at(l, at)->len == 1 ? "must be " : "must be one of ");
    for (uint32_t i = 0; i < weir_schema_value_at(l, at)->len && !t.cut;
         i++, item = weir_schema_value_at(l, item)->next) {
        weir_text_add(&t, i > 0 ? ", " : "");
        weir_text_value(&t, weir_schema_tape_of(l), weir_schema_value_at(l, item));
    }
    return keep(l, buf);
}

static unsigned hints_of(const struct weir_schema_loader *l, uint32_t at)
{
    unsigned types = weir_schema_value_types(weir_schema_tape_of(l), weir_schema_value_at(l, at));

    return (types & WEIR_T_NUMBER) != 0 ? WEIR_T_NUMBER : types;
}

/* What it may cost to compare a value with the one at that entry, in eighths of a step: each entry
 * once, and in an object each name with each. */
static uint64_t compare_cost(const struct weir_schema_loader *l, uint32_t at)
{
    uint64_t cost = 0;

    for (uint32_t i = at; i < weir_schema_value_at(l, at)->next; i++) {
        const struct weir_json_value *v = weir_schema_value_at(l, i);
        cost += 1 + (v->kind == WEIR_JSON_OBJECT ? (uint64_t)v->len * v->len / 16 : 0);
    }
    return cost;
}

int weir_schema_kw_enum(struct weir_schema_job *j, uint32_t at)
{
    struct weir_schema_loader *l = j->l;
    uint32_t n = weir_schema_value_at(l, at)->len, item = at + 1;

    if (weir_schema_value_at(l, at)->kind != WEIR_JSON_ARRAY || n == 0) {
        return weir_schema_bad(l, at, "must be an array with at least one value");
    }
    struct weir_str *strings =
        weir_schema_arena_alloc(&l->schema->arena, n * sizeof *strings, l->err);
    const struct weir_json_value **values =
        weir_schema_arena_alloc(&l->schema->arena, n * sizeof *values, l->err);
    if (strings == NULL || values == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < n; i++, item = weir_schema_value_at(l, item)->next) {
        if (weir_schema_value_at(l, item)->kind == WEIR_JSON_STRING) {
            strings[j->node->strings_n++] = weir_schema_text_at(l, item);
        } else {
            values[j->node->values_n++] = weir_schema_value_at(l, item);
            j->node->values_cost += compare_cost(l, item);
        }
        j->node->hints |= (uint8_t)hints_of(l, item);
    }
    qsort(strings, j->node->strings_n, sizeof *strings, weir_str_cmp_at);
    j->node->has_enum = true;
    j->node->strings = strings;
    j->node->values = values;
    j->node->enum_msg = enum_message(l, at);
    return j->node->enum_msg == NULL ? -1 : 0;
}

int weir_schema_kw_const(struct weir_schema_job *j, uint32_t at)
{
    j->node->constant = weir_schema_value_at(j->l, at);
    j->node->const_cost = compare_cost(j->l, at);
    j->node->hints |= (uint8_t)hints_of(j->l, at);
    j->node->const_msg = keep_value(j->l, "must be ", at, "");
    return j->node->const_msg == NULL ? -1 : 0;
}

int weir_schema_kw_min_length(struct weir_schema_job *j, uint32_t at)
{
    if (length(j->l, at, &j->node->length_min) == -1) {
        return -1;
    }
    j->node->length_min_msg = keep_value(
        j->l, "must have at least ", at, j->node->length_min == 1 ? " character" : " characters");
    return j->node->length_min_msg == NULL ? -1 : 0;
}

int weir_schema_kw_max_length(struct weir_schema_job *j, uint32_t at)
{
    if (length(j->l, at, &j->node->length_max) == -1) {
        return -1;
    }
    j->node->length_max_msg = keep_value(
        j->l, "must have at most ", at, j->node->length_max == 1 ? " character" : " characters");
    return j->node->length_max_msg == NULL ? -1 : 0;
}

int weir_schema_kw_pattern(struct weir_schema_job *j, uint32_t at)
{
    struct weir_err why = {.code = WEIR_OK};

    if (weir_schema_expect(j->l, at, WEIR_JSON_STRING, "a regular expression") == -1) {
        return -1;
    }
    j->node->pattern = weir_pattern_new(weir_schema_text_at(j->l, at), &why);
    if (j->node->pattern == NULL) {
        return why.code == WEIR_E_CONFIG ? weir_schema_bad(j->l, at, "%s", why.msg)
                                         : weir_err_set(j->l->err, why.code, "schema: %s", why.msg);
    }
    if (!weir_schema_arena_charge(&j->l->schema->arena, weir_pattern_bytes(j->node->pattern))) {
        return weir_schema_bad(j->l, at,
            "with this pattern the schema takes more than %zu bytes of memory",
            (size_t)WEIR_SCHEMA_MEMORY_MAX_BYTES);
    }
    j->node->pattern_msg = keep_value(j->l, "must match the pattern ", at, "");
    j->node->pattern_limit_msg =
        keep_value(j->l, "takes too many steps to match with the pattern ", at, "");
    return j->node->pattern_msg == NULL || j->node->pattern_limit_msg == NULL ? -1 : 0;
}

int weir_schema_kw_minimum(struct weir_schema_job *j, uint32_t at)
{
    j->node->hints |= WEIR_T_NUMBER;
    if (weir_schema_expect(j->l, at, WEIR_JSON_NUMBER, "a number") == -1) {
        return -1;
    }
    j->node->minimum = weir_schema_text_at(j->l, at);
    j->node->minimum_msg = keep_value(j->l, "must be at least ", at, "");
    return j->node->minimum_msg == NULL ? -1 : 0;
}

int weir_schema_kw_maximum(struct weir_schema_job *j, uint32_t at)
{
    j->node->hints |= WEIR_T_NUMBER;
    if (weir_schema_expect(j->l, at, WEIR_JSON_NUMBER, "a number") == -1) {
        return -1;
    }
    j->node->maximum = weir_schema_text_at(j->l, at);
    j->node->maximum_msg = keep_value(j->l, "must be at most ", at, "");
    return j->node->maximum_msg == NULL ? -1 : 0;
}

static void odd_format(struct weir_schema_loader *l, uint32_t at)
{
    struct weir_str name = weir_schema_text_at(l, at);
    char buf[64];
    struct weir_text t;

    for (size_t i = 0; i < l->odd_formats_n; i++) {
        if (weir_str_eq(l->odd_formats[i], name)) {
            return;
        }
    }
    if (l->odd_formats_n == WEIR_SCHEMA_ODD_FORMATS_MAX) {
        return;
    }
    l->odd_formats[l->odd_formats_n++] = name;
    weir_text_init(&t, buf, sizeof buf);
    weir_text_name(&t, name, sizeof buf - 8);
    weir_schema_odd(l, at, "unknown format %s: not checked", buf);
}

int weir_schema_kw_format(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_STRING, "the name of a format") == -1) {
        return -1;
    }
    const struct weir_format *found = weir_format_find(weir_schema_text_at(j->l, at));
    if (found == NULL) {
        odd_format(j->l, at);
        return 0;
    }
    if (found->valid == NULL) {
        return weir_schema_bad(j->l, at, "format %s is not supported yet", found->name);
    }
    j->node->format = found;
    return 0;
}
