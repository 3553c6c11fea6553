#ifndef WEIR_SCHEMA_KEYWORD_H
#define WEIR_SCHEMA_KEYWORD_H

#include "schema/compile.h"

/*
 * Inside lib/schema: what compiling a keyword needs. compile.c has the table of all keywords;
 * values.c those that speak of one value by itself, parts.c those of arrays and objects, logic.c
 * those that lead to other schemas for the same value.
 */

/* One schema object while it is compiled. */
struct weir_schema_job {
    struct weir_schema_loader *l;
    struct weir_schema_node *node;
    struct weir_schema_op *ops; /* node->ops, with room for one for each keyword */
    /* Places of keywords that are compiled together; 0: not there */
    uint32_t properties, pattern_properties, additional_properties, required;
    uint32_t prefix_items, items, additional_items;
    uint32_t contains, min_contains, max_contains;
    uint32_t if_, then, else_;
};

static inline const struct weir_json_tape *weir_schema_tape_of(const struct weir_schema_loader *l)
{
    return &l->schema->tape;
}

static inline const struct weir_json_value *weir_schema_value_at(
    const struct weir_schema_loader *l, uint32_t at)
{
    return &l->schema->tape.v[at];
}

static inline struct weir_str weir_schema_text_at(const struct weir_schema_loader *l, uint32_t at)
{
    return weir_json_text(weir_schema_tape_of(l), weir_schema_value_at(l, at));
}

/** weir_schema_next: the entry after the value at that entry. */
static inline uint32_t weir_schema_next(const struct weir_schema_loader *l, uint32_t at)
{
    return weir_schema_value_at(l, at)->next;
}

/** weir_schema_alloc: memory of the schema. NULL with the loader's err set. */
static inline void *weir_schema_alloc(const struct weir_schema_loader *l, size_t n)
{
    return weir_schema_arena_alloc(&l->schema->arena, n, l->err);
}

/** weir_schema_expect: refuse a keyword whose value is not of that kind: "must be <what>". */
int weir_schema_expect(
    struct weir_schema_loader *l, uint32_t at, enum weir_json_kind kind, const char *what);

/** weir_schema_count: a whole number from 0; SIZE_MAX when it is beyond anything. */
int weir_schema_count(struct weir_schema_loader *l, uint32_t at, size_t *ret);

/** weir_schema_keep: a message for rows, kept. NULL with the loader's err set. */
const char *weir_schema_keep(struct weir_schema_loader *l, const char *text);

/** weir_schema_keep_value: "<before><value at that entry><after>", kept. */
const char *weir_schema_keep_value(
    struct weir_schema_loader *l, const char *before, uint32_t at, const char *after);

/** weir_schema_op_new: the node's next instruction, for the keyword whose value stands there. */
struct weir_schema_op *weir_schema_op_new(
    struct weir_schema_job *j, enum weir_schema_code code, uint8_t kinds, uint32_t at);

/** weir_schema_pattern_at: compile the regular expression that stands at entry `text`, a value or a
 *  name; `at` is the place that errors name. NULL with the loader's err set. */
struct weir_pattern *weir_schema_pattern_at(
    struct weir_schema_loader *l, uint32_t text, uint32_t at);

/** weir_schema_nodes_at: compile the schemas of an array, at least one. NULL with err set. */
const struct weir_schema_node *const *weir_schema_nodes_at(
    struct weir_schema_loader *l, uint32_t at, size_t *n);

/*
 * Each compiles the keyword whose value stands at that entry into the job. Return 0, or -1 with the
 * loader's err set.
 */
int weir_schema_kw_type(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_enum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_const(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_min_length(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_max_length(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_pattern(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_minimum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_maximum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_exclusive_minimum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_exclusive_maximum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_multiple_of(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_format(struct weir_schema_job *j, uint32_t at);

int weir_schema_kw_min_items(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_max_items(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_unique_items(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_min_properties(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_max_properties(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_property_names(struct weir_schema_job *j, uint32_t at);

int weir_schema_kw_all_of(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_any_of(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_one_of(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_not(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_dependent_required(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_dependent_schemas(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_dependencies(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_unevaluated_items(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_unevaluated_properties(struct weir_schema_job *j, uint32_t at);

/*
 * What was noted together, compiled when the whole object has been seen. Nothing when it is not
 * there.
 */
int weir_schema_finish_members(struct weir_schema_job *j);
int weir_schema_finish_elements(struct weir_schema_job *j);
int weir_schema_finish_contains(struct weir_schema_job *j);
int weir_schema_finish_if(struct weir_schema_job *j);

#endif
