#ifndef WEIR_SCHEMA_KEYWORD_H
#define WEIR_SCHEMA_KEYWORD_H

#include "schema/compile.h"

/*
 * Inside lib/schema: the keywords that speak of one value (values.c); compile.c has the table of
 * all keywords, and those that lead to other schemas.
 */

/* One schema object while it is compiled. */
struct weir_schema_job {
    struct weir_schema_loader *l;
    struct weir_schema_node *node;
    uint32_t properties, required; /* places of these keywords; 0: not there */
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

/** weir_schema_expect: refuse a keyword whose value is not of that kind: "must be <what>". */
int weir_schema_expect(
    struct weir_schema_loader *l, uint32_t at, enum weir_json_kind kind, const char *what);

/*
 * Each compiles the keyword whose value stands at that entry into job->node. Return 0, or -1 with
 * the loader's err set.
 */
int weir_schema_kw_type(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_enum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_const(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_min_length(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_max_length(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_pattern(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_minimum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_maximum(struct weir_schema_job *j, uint32_t at);
int weir_schema_kw_format(struct weir_schema_job *j, uint32_t at);

#endif
