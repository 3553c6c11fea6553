#include "schema/check.h"

#include "core/limits.h"
#include "core/utf8.h"
#include "json/value.h"

#include <stdlib.h>

#define FEW_STRINGS 8 /* up to which looking at each beats halving */

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

bool weir_schema_one_of(struct weir_schema_check *c, const struct weir_json_tape *tape,
    const struct weir_json_value *const *values, size_t n, const struct weir_json_value *v)
{
    /* One more than there is: at 0 it was not enough. */
    uint64_t left = (c->steps + 1) * WEIR_STEP_COMPARES;
    bool found = false;

    for (size_t i = 0; i < n && !found && left > 0; i++) {
        found = weir_json_equal_within(tape, values[i], c->on, v, &left);
    }
    if (left == 0) {
        return weir_schema_spent(c);
    }
    c->steps = (left - 1) / WEIR_STEP_COMPARES;
    return found;
}

static bool in_strings(const struct weir_schema_enum *set, struct weir_str s)
{
    if (set->strings_n > FEW_STRINGS) {
        return bsearch(&s, set->strings, set->strings_n, sizeof s, weir_str_cmp_at) != NULL;
    }
    for (size_t i = 0; i < set->strings_n; i++) {
        if (weir_schema_same_name(set->strings[i], s)) {
            return true;
        }
    }
    return false;
}

static bool in_enum(struct weir_schema_check *c, const struct weir_schema_enum *set,
    const struct weir_json_value *v)
{
    return v->kind == WEIR_JSON_STRING
               ? in_strings(set, weir_json_text(c->on, v))
               : weir_schema_one_of(c, &c->plan->schema->tape, set->values, set->values_n, v);
}

/* A character has 1 to 4 bytes: counting is only needed in between. */
static bool long_enough(struct weir_str s, size_t min)
{
    return s.len / 4 >= min || (s.len >= min && weir_utf8_count(s.p, s.len) >= min);
}

static bool short_enough(struct weir_str s, size_t max)
{
    return s.len <= max || (s.len / 4 <= max && weir_utf8_count(s.p, s.len) <= max);
}

static bool run_pattern(struct weir_schema_check *c, const struct weir_schema_op *op,
    struct weir_str s, const struct weir_schema_place *at)
{
    switch (weir_pattern_match(op->regex->pattern, c->work, s, &c->steps)) {
    case WEIR_PATTERN_YES:
        return true;
    case WEIR_PATTERN_NO:
        return weir_schema_fail(c, at, op, op->message);
    case WEIR_PATTERN_LIMIT:
        /* A branch may not turn what nobody knows into a yes. */
        return c->branches > 0 ? weir_schema_spent(c)
                               : weir_schema_fail(c, at, op, op->regex->limit_msg);
    case WEIR_PATTERN_SPENT:
        break;
    }
    return weir_schema_spent(c);
}

bool weir_schema_named(
    struct weir_schema_check *c, const struct weir_pattern *pattern, struct weir_str name)
{
    enum weir_pattern_verdict verdict = weir_pattern_match(pattern, c->work, name, &c->steps);

    if (verdict == WEIR_PATTERN_LIMIT || verdict == WEIR_PATTERN_SPENT) {
        return weir_schema_spent(c);
    }
    return verdict == WEIR_PATTERN_YES;
}

/* A keyword that speaks of one value by itself: codes up to WEIR_OP_MULTIPLE. */
static inline bool run_plain(struct weir_schema_check *c, const struct weir_schema_op *op,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const struct weir_str s = weir_json_text(c->on, v);
    bool holds = true;

    switch ((enum weir_schema_code)op->code) {
    case WEIR_OP_ENUM:
        holds = in_enum(c, op->set, v);
        break;
    case WEIR_OP_CONST:
        holds = weir_schema_one_of(c, &c->plan->schema->tape, &op->constant, 1, v);
        break;
    case WEIR_OP_MIN_LENGTH:
        holds = long_enough(s, op->limit);
        break;
    case WEIR_OP_MAX_LENGTH:
        holds = short_enough(s, op->limit);
        break;
    case WEIR_OP_PATTERN:
        return run_pattern(c, op, s, at);
    case WEIR_OP_FORMAT:
        holds = op->format->valid(s);
        break;
    case WEIR_OP_MINIMUM:
        holds = weir_number_cmp_limit(s, op->number) >= 0;
        break;
    case WEIR_OP_MAXIMUM:
        holds = weir_number_cmp_limit(s, op->number) <= 0;
        break;
    case WEIR_OP_ABOVE:
        holds = weir_number_cmp_limit(s, op->number) > 0;
        break;
    case WEIR_OP_BELOW:
        holds = weir_number_cmp_limit(s, op->number) < 0;
        break;
    case WEIR_OP_MULTIPLE:
        holds = weir_number_is_multiple(s, op->divisor);
        break;
    default:
        break;
    }
    return holds || c->spent ? holds : weir_schema_fail(c, at, op, op->message);
}

bool weir_schema_run_ops(struct weir_schema_check *c, const struct weir_schema_node *node,
    uint32_t but, const struct weir_json_value *v, const struct weir_schema_place *at)
{
    const uint8_t kind = WEIR_KIND(v->kind);
    bool valid = true;

    for (uint32_t i = 0; i < node->ops_n; i++) {
        const struct weir_schema_op *op = &node->ops[i];
        if ((op->kinds & kind) == 0 || op->code == but ||
            (op->code <= WEIR_OP_MULTIPLE ? run_plain(c, op, v, at)
                                          : weir_schema_run_op(c, op, v, at))) {
            continue;
        }
        valid = false;
        if (!c->reporting || c->spent) {
            break;
        }
    }
    return valid;
}

/* What a problem is put down to where the schema is false: the keyword that has it. */
static const char *keyword_of_false(
    const struct weir_schema_check *c, const struct weir_schema_node *node)
{
    static const char *const names[] = {"additionalProperties", "unevaluatedProperties",
        "propertyNames", "additionalItems", "unevaluatedItems", "items"};
    const struct weir_json_tape *tape = &c->plan->schema->tape;

    const bool named = node->at > 0 && tape->v[node->at - 1].kind == WEIR_JSON_STRING;
    for (size_t i = 0; named && i < sizeof names / sizeof names[0]; i++) {
        if (weir_str_eq(weir_json_text(tape, &tape->v[node->at - 1]), weir_str_of(names[i]))) {
            return names[i];
        }
    }
    return "false";
}

/* One node, without what it refers to. */
static bool run_node(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    if (!weir_schema_spend(c, weir_schema_value_steps(v))) {
        return false;
    }
    if (!weir_schema_type_fits(c, node, v)) {
        /* The rest would only repeat it. */
        if (c->reporting && node->types_at != 0) {
            weir_schema_report_at(c, at, node->types_at, node->types_msg);
        } else if (c->reporting) {
            weir_schema_report(c, at, keyword_of_false(c, node), node->types_msg);
        }
        return false;
    }
    return weir_schema_run_ops(c, node, UINT32_MAX, v, at);
}

bool weir_schema_run_all(struct weir_schema_check *c, const struct weir_schema_node *node,
    const struct weir_json_value *v, const struct weir_schema_place *at)
{
    bool valid = true;

    if (c->frames == WEIR_SCHEMA_FRAMES_MAX) {
        return weir_schema_spent(c);
    }
    c->frames++;
    for (; node != NULL && (valid || c->reporting) && !c->spent; node = node->ref) {
        valid = run_node(c, node, v, at) && valid;
    }
    c->frames--;
    return valid;
}
