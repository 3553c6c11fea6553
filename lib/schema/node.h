#ifndef WEIR_SCHEMA_NODE_H
#define WEIR_SCHEMA_NODE_H

#include "schema/arena.h"
#include "schema/format.h"
#include "schema/pattern.h"
#include "json/tape.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside lib/schema: what a schema is compiled to. A node is one (sub)schema; whatever a keyword
 * needs at run time, its message included, is worked out once, when the schema loads. Nodes point
 * to each other and into the schema's own tape; all their memory is the schema's arena.
 */

enum weir_type {
    WEIR_T_NULL = 1,
    WEIR_T_BOOLEAN = 2,
    WEIR_T_NUMBER = 4,
    WEIR_T_INTEGER = 8,
    WEIR_T_STRING = 16,
    WEIR_T_ARRAY = 32,
    WEIR_T_OBJECT = 64,
};

struct weir_schema_prop {
    struct weir_str name;
    const struct weir_schema_node *node; /* NULL: only named by required */
    uint32_t required;                   /* its place in node->required; UINT32_MAX: it is not */
};

struct weir_schema_node {
    uint32_t at;                        /* the schema's place on the tape */
    const struct weir_schema_node *ref; /* $ref: checked after this one; NULL: none */
    bool never;                         /* the schema false */
    uint8_t types;                      /* enum weir_type; 0: any */
    uint8_t hints;                      /* types that other keywords speak of */
    const char *types_msg;

    /* enum: its strings in the order of weir_str_cmp, and the rest */
    bool has_enum;
    const struct weir_str *strings;
    size_t strings_n;
    const struct weir_json_value *const *values;
    size_t values_n;
    uint64_t values_cost; /* of comparing a value with all of them, in eighths of a step */
    const char *enum_msg;
    const struct weir_json_value *constant; /* NULL: no const */
    uint64_t const_cost;
    const char *const_msg;

    size_t length_min, length_max; /* in characters; SIZE_MAX: no limit */
    const char *length_min_msg, *length_max_msg;
    struct weir_pattern *pattern; /* NULL: none */
    const char *pattern_msg, *pattern_limit_msg;
    const struct weir_format *format; /* NULL: none */

    struct weir_str minimum, maximum; /* p NULL: none */
    const char *minimum_msg, *maximum_msg;

    const struct weir_schema_node *items; /* NULL: any */

    const struct weir_schema_prop *props; /* in the schema's order, then those only required */
    const uint32_t *sorted;               /* indexes of props in the order of weir_str_cmp */
    size_t props_n;
    const uint32_t *required; /* indexes of props in the order of required */
    size_t required_n;
    const struct weir_schema_node *additional; /* additionalProperties; NULL: any */

    uint32_t not_for_rows; /* place of a keyword that a row's own schema may not have; 0: none */
    struct weir_schema_node *all_next;
};

struct weir_schema {
    char *text;
    struct weir_json_tape tape;
    struct weir_schema_arena arena; /* of all but text, tape and patterns */
    struct weir_schema_node *all;   /* every node, for their patterns */
    size_t nodes_n;
    const struct weir_schema_node *root;
    size_t required_max; /* the longest `required` of all nodes */
};

/** weir_schema_prop_find: the property of that name, or NULL. *next is where to look first, and
 *  where to look first the next time. */
const struct weir_schema_prop *weir_schema_prop_find(
    const struct weir_schema_node *node, struct weir_str name, size_t *next);

/** weir_schema_value_types: enum weir_type of a value; a number is WEIR_T_NUMBER, and
 *  WEIR_T_INTEGER too when it is whole. */
unsigned weir_schema_value_types(
    const struct weir_json_tape *tape, const struct weir_json_value *v);

#endif
