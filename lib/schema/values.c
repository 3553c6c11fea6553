#include "schema/keyword.h"

#include "core/limits.h"
#include "json/number.h"
#include "schema/text.h"

#include <stdlib.h>

/*
 * Keywords that speak of one value by itself.
 */

#define MESSAGE_BYTES 256
#define VALUES_BYTES 200 /* of a message, for the values of an enum */
#define COUNT_MAX 1e15   /* beyond anything that is counted */

const char *weir_schema_keep(struct weir_schema_loader *l, const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = weir_schema_alloc(l, n);

    if (p != NULL) {
        memcpy(p, text, n);
    }
    return p;
}

const char *weir_schema_keep_value(
    struct weir_schema_loader *l, const char *before, uint32_t at, const char *after)
{
    char buf[MESSAGE_BYTES];
    struct weir_text t;

    weir_text_init(&t, buf, sizeof buf);
    weir_text_add(&t, before);
    weir_text_value(&t, weir_schema_tape_of(l), weir_schema_value_at(l, at));
    weir_text_add(&t, after);
    return weir_schema_keep(l, buf);
}

int weir_schema_count(struct weir_schema_loader *l, uint32_t at, size_t *ret)
{
    struct weir_str s = weir_schema_text_at(l, at);

    if (weir_schema_value_at(l, at)->kind != WEIR_JSON_NUMBER || !weir_number_is_integer(s) ||
        weir_number_cmp(s, WEIR_STR("0")) < 0) {
        return weir_schema_bad(l, at, "must be a whole number, 0 or more");
    }
    /* The text goes on after the number, with something that is no part of one. */
    double d = strtod(s.p, NULL);
    *ret = d > COUNT_MAX ? SIZE_MAX : (size_t)d;
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
            j->node->types = (uint8_t)(j->node->types | types[i].type);
            return 0;
        }
    }
    return weir_schema_bad(
        j->l, at, "must be one of null, boolean, number, integer, string, array, object");
}

static const char *types_message(struct weir_schema_loader *l, unsigned types)
{
    char buf[MESSAGE_BYTES];
    struct weir_text t;

    weir_text_init(&t, buf, sizeof buf);
    weir_text_add(&t, "must be ");
    weir_text_types(&t, types);
    return weir_schema_keep(l, types == WEIR_T_BOOLEAN ? "must be true or false" : buf);
}

int weir_schema_kw_type(struct weir_schema_job *j, uint32_t at)
{
    const struct weir_json_value *v = weir_schema_value_at(j->l, at);

    j->node->types = 0;
    if (v->kind == WEIR_JSON_ARRAY && v->len > 0) {
        uint32_t item = at + 1;
        for (uint32_t i = 0; i < v->len; i++, item = weir_schema_next(j->l, item)) {
            if (type_named(j, item) == -1) {
                return -1;
            }
        }
    } else if (type_named(j, at) == -1) {
        return -1;
    }
    j->node->types_at = at;
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
         i++, item = weir_schema_next(l, item)) {
        weir_text_add(&t, i > 0 ? ", " : "");
        weir_text_value(&t, weir_schema_tape_of(l), weir_schema_value_at(l, item));
    }
    return weir_schema_keep(l, buf);
}

int weir_schema_kw_enum(struct weir_schema_job *j, uint32_t at)
{
    struct weir_schema_loader *l = j->l;
    uint32_t n = weir_schema_value_at(l, at)->len, item = at + 1;

    if (weir_schema_value_at(l, at)->kind != WEIR_JSON_ARRAY || n == 0) {
        return weir_schema_bad(l, at, "must be an array with at least one value");
    }
    struct weir_schema_enum *set = weir_schema_alloc(l, sizeof *set);
    struct weir_str *strings = weir_schema_alloc(l, n * sizeof *strings);
    const struct weir_json_value **values =
        weir_schema_alloc(l, n * sizeof(const struct weir_json_value *));
    if (set == NULL || strings == NULL || values == NULL) {
        return -1;
    }
    for (uint32_t i = 0; i < n; i++, item = weir_schema_next(l, item)) {
        if (weir_schema_value_at(l, item)->kind == WEIR_JSON_STRING) {
            strings[set->strings_n++] = weir_schema_text_at(l, item);
        } else {
            values[set->values_n++] = weir_schema_value_at(l, item);
        }
    }
    qsort(strings, set->strings_n, sizeof *strings, weir_str_cmp_at);
    set->strings = strings;
    set->values = values;
    struct weir_schema_op *op = weir_schema_op_new(j, WEIR_OP_ENUM, WEIR_KINDS_ALL, at);
    op->set = set;
    op->message = enum_message(l, at);
    return op->message == NULL ? -1 : 0;
}

int weir_schema_kw_const(struct weir_schema_job *j, uint32_t at)
{
    struct weir_schema_op *op = weir_schema_op_new(j, WEIR_OP_CONST, WEIR_KINDS_ALL, at);

    op->constant = weir_schema_value_at(j->l, at);
    op->message = weir_schema_keep_value(j->l, "must be ", at, "");
    return op->message == NULL ? -1 : 0;
}

static int length(
    struct weir_schema_job *j, uint32_t at, enum weir_schema_code code, const char *before)
{
    size_t limit;

    if (weir_schema_count(j->l, at, &limit) == -1) {
        return -1;
    }
    struct weir_schema_op *op = weir_schema_op_new(j, code, WEIR_KIND(WEIR_JSON_STRING), at);
    op->limit = limit;
    op->message =
        weir_schema_keep_value(j->l, before, at, limit == 1 ? " character" : " characters");
    return op->message == NULL ? -1 : 0;
}

int weir_schema_kw_min_length(struct weir_schema_job *j, uint32_t at)
{
    return length(j, at, WEIR_OP_MIN_LENGTH, "must have at least ");
}

int weir_schema_kw_max_length(struct weir_schema_job *j, uint32_t at)
{
    return length(j, at, WEIR_OP_MAX_LENGTH, "must have at most ");
}

struct weir_pattern *weir_schema_pattern_at(
    struct weir_schema_loader *l, uint32_t text, uint32_t at)
{
    struct weir_err why = {.code = WEIR_OK};
    struct weir_schema_kept_pattern *kept = weir_schema_alloc(l, sizeof *kept);

    if (kept == NULL) {
        return NULL;
    }
    kept->pattern = weir_pattern_new(weir_schema_text_at(l, text), &why);
    if (kept->pattern == NULL) {
        if (why.code == WEIR_E_CONFIG) {
            weir_schema_bad(l, at, "%s", why.msg);
        } else {
            weir_err_set(l->err, why.code, "schema: %s", why.msg);
        }
        return NULL;
    }
    kept->next = l->schema->patterns;
    l->schema->patterns = kept;
    if (!weir_schema_arena_charge(&l->schema->arena, weir_pattern_bytes(kept->pattern))) {
        weir_schema_bad(l, at, "with this pattern the schema takes more than %zu bytes of memory",
            (size_t)WEIR_SCHEMA_MEMORY_MAX_BYTES);
        return NULL;
    }
    return kept->pattern;
}

int weir_schema_kw_pattern(struct weir_schema_job *j, uint32_t at)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_STRING, "a regular expression") == -1) {
        return -1;
    }
    struct weir_schema_regex *regex = weir_schema_alloc(j->l, sizeof *regex);
    if (regex == NULL) {
        return -1;
    }
    struct weir_schema_op *op =
        weir_schema_op_new(j, WEIR_OP_PATTERN, WEIR_KIND(WEIR_JSON_STRING), at);
    op->regex = regex;
    op->message = weir_schema_keep_value(j->l, "must match the pattern ", at, "");
    regex->limit_msg =
        weir_schema_keep_value(j->l, "takes too many steps to match with the pattern ", at, "");
    if (op->message == NULL || regex->limit_msg == NULL) {
        return -1;
    }
    regex->pattern = weir_schema_pattern_at(j->l, at, at);
    return regex->pattern == NULL ? -1 : 0;
}

static int bound(
    struct weir_schema_job *j, uint32_t at, enum weir_schema_code code, const char *before)
{
    if (weir_schema_expect(j->l, at, WEIR_JSON_NUMBER, "a number") == -1) {
        return -1;
    }
    struct weir_number_limit *number = weir_schema_alloc(j->l, sizeof *number);
    if (number == NULL) {
        return -1;
    }
    *number = weir_number_limit(weir_schema_text_at(j->l, at));
    struct weir_schema_op *op = weir_schema_op_new(j, code, WEIR_KIND(WEIR_JSON_NUMBER), at);
    op->number = number;
    op->message = weir_schema_keep_value(j->l, before, at, "");
    return op->message == NULL ? -1 : 0;
}

int weir_schema_kw_minimum(struct weir_schema_job *j, uint32_t at)
{
    return bound(j, at, WEIR_OP_MINIMUM, "must be at least ");
}

int weir_schema_kw_maximum(struct weir_schema_job *j, uint32_t at)
{
    return bound(j, at, WEIR_OP_MAXIMUM, "must be at most ");
}

int weir_schema_kw_exclusive_minimum(struct weir_schema_job *j, uint32_t at)
{
    return bound(j, at, WEIR_OP_ABOVE, "must be more than ");
}

int weir_schema_kw_exclusive_maximum(struct weir_schema_job *j, uint32_t at)
{
    return bound(j, at, WEIR_OP_BELOW, "must be less than ");
}

int weir_schema_kw_multiple_of(struct weir_schema_job *j, uint32_t at)
{
    struct weir_schema_loader *l = j->l;
    struct weir_number_divisor *divisor = weir_schema_alloc(l, sizeof *divisor);

    if (divisor == NULL) {
        return -1;
    }
    if (weir_schema_value_at(l, at)->kind != WEIR_JSON_NUMBER ||
        weir_number_cmp(weir_schema_text_at(l, at), WEIR_STR("0")) <= 0) {
        return weir_schema_bad(l, at, "must be a number above 0");
    }
    if (!weir_number_divisor(weir_schema_text_at(l, at), divisor)) {
        return weir_schema_bad(
            l, at, "not supported: more than %d digits", WEIR_NUMBER_DIVISOR_DIGITS);
    }
    struct weir_schema_op *op =
        weir_schema_op_new(j, WEIR_OP_MULTIPLE, WEIR_KIND(WEIR_JSON_NUMBER), at);
    op->divisor = divisor;
    op->message = weir_schema_keep_value(l, "must be a multiple of ", at, "");
    return op->message == NULL ? -1 : 0;
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
    if (j->l->opts->annotate_formats) {
        return 0;
    }
    const struct weir_format *found = weir_format_find(weir_schema_text_at(j->l, at));
    if (found == NULL) {
        odd_format(j->l, at);
        return 0;
    }
    struct weir_schema_op *op =
        weir_schema_op_new(j, WEIR_OP_FORMAT, WEIR_KIND(WEIR_JSON_STRING), at);
    op->format = found;
    op->message = found->message;
    return 0;
}
