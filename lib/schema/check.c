#include "schema/check.h"

#include "core/utf8.h"
#include "json/number.h"

#include <stdlib.h>

#define FEW_PROPS 8    /* up to which a search from the front beats halving */
#define STEP_PIECES 16 /* bytes, elements, members that are a step: some cost 1 ns, others 30 */
#define STEP_COMPARES 8

const struct weir_schema_prop *weir_schema_prop_find(
    const struct weir_schema_node *node, struct weir_str name, size_t *next)
{
    const struct weir_schema_prop *props = node->props;
    size_t n = node->props_n;

    /* Data comes in the order of its schema, as a rule. */
    if (*next < n && weir_str_eq(props[*next].name, name)) {
        return &props[(*next)++];
    }
    if (n <= FEW_PROPS) {
        for (size_t i = 0; i < n; i++) {
            if (weir_str_eq(props[i].name, name)) {
                *next = i + 1;
                return &props[i];
            }
        }
        return NULL;
    }
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int d = weir_str_cmp(name, props[node->sorted[middle]].name);
        if (d == 0) {
            *next = node->sorted[middle] + 1;
            return &props[node->sorted[middle]];
        }
        if (d < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return NULL;
}

unsigned weir_schema_value_types(const struct weir_json_tape *tape, const struct weir_json_value *v)
{
    switch ((enum weir_json_kind)v->kind) {
    case WEIR_JSON_NULL:
        return WEIR_T_NULL;
    case WEIR_JSON_FALSE:
    case WEIR_JSON_TRUE:
        return WEIR_T_BOOLEAN;
    case WEIR_JSON_NUMBER:
        return weir_number_is_integer(weir_json_text(tape, v)) ? WEIR_T_NUMBER | WEIR_T_INTEGER
                                                               : WEIR_T_NUMBER;
    case WEIR_JSON_STRING:
        return WEIR_T_STRING;
    case WEIR_JSON_ARRAY:
        return WEIR_T_ARRAY;
    case WEIR_JSON_OBJECT:
        return WEIR_T_OBJECT;
    }
    return 0;
}

bool weir_schema_spent(struct weir_schema_check *c)
{
    if (!c->spent) {
        c->spent = true;
        c->steps = 0;
        weir_schema_report(c, NULL, "takes too many steps to check");
    }
    return false;
}

static bool has_parts(const struct weir_json_value *v)
{
    return v->kind == WEIR_JSON_OBJECT || v->kind == WEIR_JSON_ARRAY;
}

static bool is_const(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v)
{
    return v->kind == node->constant->kind &&
           (!has_parts(v) || weir_schema_spend(c, node->const_cost / STEP_COMPARES)) &&
           weir_json_equal(&c->plan->schema->tape, node->constant, tape, v);
}

static bool in_enum(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v)
{
    if (v->kind == WEIR_JSON_STRING) {
        struct weir_str s = weir_json_text(tape, v);
        return node->strings_n > 0 &&
               bsearch(&s, node->strings, node->strings_n, sizeof s, weir_str_cmp_at) != NULL;
    }
    if (!weir_schema_spend(
            c, (has_parts(v) ? node->values_cost : node->values_n) / STEP_COMPARES)) {
        return false;
    }
    for (size_t i = 0; i < node->values_n; i++) {
        if (weir_json_equal(&c->plan->schema->tape, node->values[i], tape, v)) {
            return true;
        }
    }
    return false;
}

static void check_string(struct weir_schema_check *c, const struct weir_schema_node *node,
    struct weir_str s, const struct weir_schema_place *at)
{
    if (node->length_min > 0 || node->length_max < SIZE_MAX) {
        /* A character has 1 to 4 bytes: counting is only needed in between. */
        bool clear = s.len / 4 >= node->length_min && s.len <= node->length_max;
        size_t n = clear ? 0 : weir_utf8_count(s.p, s.len);
        if (!clear && n < node->length_min) {
            weir_schema_report(c, at, node->length_min_msg);
        }
        if (!clear && n > node->length_max) {
            weir_schema_report(c, at, node->length_max_msg);
        }
    }
    if (node->pattern != NULL) {
        switch (weir_pattern_match(node->pattern, c->work, s, &c->steps)) {
        case WEIR_PATTERN_YES:
            break;
        case WEIR_PATTERN_NO:
            weir_schema_report(c, at, node->pattern_msg);
            break;
        case WEIR_PATTERN_LIMIT:
            weir_schema_report(c, at, node->pattern_limit_msg);
            break;
        case WEIR_PATTERN_SPENT:
            weir_schema_spent(c);
            return;
        }
    }
    if (node->format != NULL && !node->format->valid(s)) {
        weir_schema_report(c, at, node->format->message);
    }
}

static void check_number(struct weir_schema_check *c, const struct weir_schema_node *node,
    struct weir_str s, const struct weir_schema_place *at)
{
    if (node->minimum.p != NULL && weir_number_cmp(s, node->minimum) < 0) {
        weir_schema_report(c, at, node->minimum_msg);
    }
    if (node->maximum.p != NULL && weir_number_cmp(s, node->maximum) > 0) {
        weir_schema_report(c, at, node->maximum_msg);
    }
}

static void check_array(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v,
    const struct weir_schema_place *at)
{
    const struct weir_json_value *item = v + 1;

    if (node->items == NULL) {
        return;
    }
    for (uint32_t i = 0; i < v->len && !c->spent; i++, item = tape->v + item->next) {
        const struct weir_schema_place here = {.up = at, .index = i};
        weir_schema_check_value(c, node->items, tape, item, &here);
    }
}

/* Some required name is not there: look once more, to say which. */
static void report_missing(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v,
    const struct weir_schema_place *at)
{
    const struct weir_json_value *key = v + 1;
    size_t next = 0;

    memset(c->seen, 0, (node->required_n + 63) / 64 * sizeof *c->seen);
    for (uint32_t i = 0; i < v->len; i++, key = tape->v + key[1].next) {
        const struct weir_schema_prop *prop =
            weir_schema_prop_find(node, weir_json_text(tape, key), &next);
        if (prop != NULL && prop->required != UINT32_MAX) {
            c->seen[prop->required / 64] |= UINT64_C(1) << prop->required % 64;
        }
    }
    for (size_t i = 0; i < node->required_n; i++) {
        if ((c->seen[i / 64] >> i % 64 & 1) == 0) {
            const struct weir_schema_place here = {
                .up = at, .name = node->props[node->required[i]].name};
            weir_schema_report(c, &here, "required");
        }
    }
}

static void check_object(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v,
    const struct weir_schema_place *at)
{
    const struct weir_json_value *key = v + 1;
    size_t next = 0, required = 0;

    if (node->props_n == 0 && node->additional == NULL) {
        return;
    }
    for (uint32_t i = 0; i < v->len && !c->spent; i++, key = tape->v + key[1].next) {
        const struct weir_schema_place here = {.up = at, .name = weir_json_text(tape, key)};
        const struct weir_schema_prop *prop = weir_schema_prop_find(node, here.name, &next);
        const struct weir_schema_node *child = node->additional;
        if (prop != NULL) {
            required += prop->required != UINT32_MAX;
            child = prop->node != NULL ? prop->node : child;
        }
        if (child != NULL) {
            weir_schema_check_value(c, child, tape, key + 1, &here);
        }
    }
    /* No name comes twice, so a count is enough to know that all are there. */
    if (required < node->required_n && weir_schema_spend(c, node->required_n / STEP_PIECES)) {
        report_missing(c, node, tape, v, at);
    }
}

static bool type_fits(const struct weir_schema_node *node, const struct weir_json_tape *tape,
    const struct weir_json_value *v)
{
    static const uint8_t types[] = {[WEIR_JSON_NULL] = WEIR_T_NULL,
        [WEIR_JSON_FALSE] = WEIR_T_BOOLEAN,
        [WEIR_JSON_TRUE] = WEIR_T_BOOLEAN,
        [WEIR_JSON_NUMBER] = WEIR_T_NUMBER,
        [WEIR_JSON_STRING] = WEIR_T_STRING,
        [WEIR_JSON_ARRAY] = WEIR_T_ARRAY,
        [WEIR_JSON_OBJECT] = WEIR_T_OBJECT};

    return (node->types & types[v->kind]) != 0 ||
           (v->kind == WEIR_JSON_NUMBER && (node->types & WEIR_T_INTEGER) != 0 &&
               weir_number_is_integer(weir_json_text(tape, v)));
}

void weir_schema_check_value(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_tape *tape, const struct weir_json_value *v,
    const struct weir_schema_place *at)
{
    for (; node != NULL; node = node->ref) {
        if (!weir_schema_spend(c, 1 + v->len / STEP_PIECES)) {
            return;
        }
        if (node->never) {
            weir_schema_report(c, at, "not allowed");
            continue;
        }
        if (node->types != 0 && !type_fits(node, tape, v)) {
            weir_schema_report(c, at, node->types_msg); /* the rest would only repeat it */
            continue;
        }
        if (node->has_enum && !in_enum(c, node, tape, v) && !c->spent) {
            weir_schema_report(c, at, node->enum_msg);
        }
        if (node->constant != NULL && !is_const(c, node, tape, v) && !c->spent) {
            weir_schema_report(c, at, node->const_msg);
        }
        if (v->kind == WEIR_JSON_STRING) {
            check_string(c, node, weir_json_text(tape, v), at);
        } else if (v->kind == WEIR_JSON_NUMBER) {
            check_number(c, node, weir_json_text(tape, v), at);
        } else if (v->kind == WEIR_JSON_OBJECT) {
            check_object(c, node, tape, v, at);
        } else if (v->kind == WEIR_JSON_ARRAY) {
            check_array(c, node, tape, v, at);
        }
    }
}
