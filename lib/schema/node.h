#ifndef WEIR_SCHEMA_NODE_H
#define WEIR_SCHEMA_NODE_H

#include "json/number.h"
#include "json/tape.h"
#include "schema/arena.h"
#include "schema/format.h"
#include "schema/pattern.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside lib/schema: what a schema is compiled to. A node is one (sub)schema: the types it allows,
 * and a row of instructions, one or two for each keyword that has something to check. Whatever a
 * keyword needs at run time, its message included, is worked out once, when the schema loads. Nodes
 * point to each other and into the schema's own tape; all their memory is the schema's arena.
 *
 * An instruction says which kinds of value it is for; the others it lets pass, as JSON Schema has
 * it. A node's instructions stand in the order of their codes: what is cheap first, other schemas
 * for the same value after that, what depends on these (unevaluated...) last.
 */

enum weir_type {
    WEIR_T_NULL = 1,
    WEIR_T_BOOLEAN = 2,
    WEIR_T_NUMBER = 4,
    WEIR_T_INTEGER = 8,
    WEIR_T_STRING = 16,
    WEIR_T_ARRAY = 32,
    WEIR_T_OBJECT = 64,
    WEIR_T_ANY = 127,
};

enum weir_schema_code {
    WEIR_OP_ENUM,
    WEIR_OP_CONST,
    WEIR_OP_MIN_LENGTH,
    WEIR_OP_MAX_LENGTH,
    WEIR_OP_PATTERN,
    WEIR_OP_FORMAT,
    WEIR_OP_MINIMUM,
    WEIR_OP_MAXIMUM,
    WEIR_OP_ABOVE,     /* exclusiveMinimum */
    WEIR_OP_BELOW,     /* exclusiveMaximum */
    WEIR_OP_MULTIPLE,  /* up to here: of one value by itself */
    WEIR_OP_MIN_PARTS, /* minItems, minProperties */
    WEIR_OP_MAX_PARTS, /* maxItems, maxProperties */
    WEIR_OP_UNIQUE,
    WEIR_OP_ELEMENTS, /* prefixItems, items, additionalItems */
    WEIR_OP_CONTAINS, /* and minContains, maxContains */
    WEIR_OP_MEMBERS,  /* properties, patternProperties, additionalProperties, required */
    WEIR_OP_NAMES,    /* propertyNames */
    WEIR_OP_NEEDS,    /* dependentRequired, arrays in dependencies */
    WEIR_OP_DEPENDENT /* dependentSchemas, schemas in dependencies */,
    WEIR_OP_ALL,
    WEIR_OP_ANY,
    WEIR_OP_ONE,
    WEIR_OP_NOT,
    WEIR_OP_IF, /* and then, else */
    WEIR_OP_UNEVALUATED_ELEMENTS,
    WEIR_OP_UNEVALUATED_MEMBERS,
};

/* A set of enum weir_json_kind. */
#define WEIR_KIND(kind) ((uint8_t)(1U << (kind)))
#define WEIR_KINDS_ALL 0x7FU

struct weir_schema_node;

struct weir_schema_enum {
    const struct weir_str *strings; /* in the order of weir_str_cmp */
    size_t strings_n;
    const struct weir_json_value *const *values; /* all others */
    size_t values_n;
};

struct weir_schema_regex {
    struct weir_pattern *pattern;
    const char *limit_msg; /* when nobody knows whether it matches */
};

struct weir_schema_elements {
    const struct weir_schema_node *const *prefix;
    size_t prefix_n;
    const struct weir_schema_node *rest; /* NULL: any */
};

struct weir_schema_contains {
    const struct weir_schema_node *node;
    size_t min, max; /* SIZE_MAX: no limit */
    const char *max_msg;
    bool evaluates; /* 2020-12: what matches counts as evaluated */
};

struct weir_schema_prop {
    struct weir_str name;
    const struct weir_schema_node *node; /* NULL: anything */
    bool declared;                       /* false: only named by required */
    uint32_t required;                   /* its place in required; UINT32_MAX: it is not */
};

struct weir_schema_by_pattern {
    struct weir_pattern *pattern;
    const struct weir_schema_node *node;
};

struct weir_schema_members {
    const struct weir_schema_prop *props; /* in the schema's order, then those only required */
    const uint32_t *sorted;               /* indexes of props in the order of weir_str_cmp */
    size_t props_n;
    const uint32_t *required; /* indexes of props in the order of required */
    size_t required_n;
    uint32_t required_at;
    const struct weir_schema_by_pattern *patterns;
    size_t patterns_n;
    const struct weir_schema_node *additional; /* NULL: any */
};

/* If the object has that member, it needs those, too; or it is checked by that schema as well. */
struct weir_schema_dependent {
    struct weir_str name;
    const struct weir_str *names;
    size_t names_n;
    const char *message;
    const struct weir_schema_node *node;
};

struct weir_schema_op {
    uint8_t code;  /* enum weir_schema_code */
    uint8_t kinds; /* of value it is for */
    uint32_t at;   /* the keyword's value on the schema's tape; its name stands before it */
    uint32_t n;    /* entries of the arrays below */
    const char *message;
    union {
        const struct weir_schema_enum *set;
        const struct weir_json_value *constant;
        const struct weir_schema_regex *regex;
        const struct weir_format *format;
        const struct weir_number_divisor *divisor;
        const struct weir_number_limit *number;
        size_t limit;
        const struct weir_schema_elements *elements;
        const struct weir_schema_contains *contains;
        const struct weir_schema_members *members;
        const struct weir_schema_dependent *dependents;
        const struct weir_schema_node *node;         /* of the names, not to match */
        const struct weir_schema_node *const *nodes; /* n of them; if: if, then, else or NULL */
        const struct weir_schema_unevaluated *unevaluated;
    };
};

struct weir_schema_unevaluated {
    const struct weir_schema_node *self; /* whose keyword it is */
    const struct weir_schema_node *node; /* for what is left over */
};

struct weir_schema_node {
    uint32_t at;       /* the schema's place on the tape */
    uint32_t types_at; /* of `type`; 0: none */
    uint8_t types;     /* enum weir_type that are allowed; the schema false allows none */
    uint8_t depth;     /* how many nodes for one value lead from here; refs.c */
    uint32_t ops_n;
    const struct weir_schema_op *ops;
    const struct weir_schema_node *ref; /* $ref: checked after this one; NULL: none */
    const char *types_msg;
    struct weir_schema_node *all_next;
};

/* A pattern, on a list so that it can be freed. */
struct weir_schema_kept_pattern {
    struct weir_pattern *pattern;
    struct weir_schema_kept_pattern *next;
};

struct weir_schema {
    char *text;
    struct weir_json_tape tape;
    struct weir_schema_arena arena; /* of all but text, tape and patterns */
    struct weir_schema_node *all;   /* every node */
    struct weir_schema_kept_pattern *patterns;
    size_t nodes_n;
    const struct weir_schema_node *root;
    size_t required_max; /* the longest `required` of all nodes */
};

/** weir_schema_same_name: weir_str_eq without a call for names of 4 to 16 bytes, as most are: their
 *  first and their last bytes. */
static inline bool weir_schema_same_name(struct weir_str a, struct weir_str b)
{
    uint64_t head[2], tail[2];
    uint32_t short_head[2], short_tail[2];

    if (a.len != b.len || a.len < sizeof short_head[0] || a.len > sizeof head) {
        return weir_str_eq(a, b);
    }
    if (a.len < sizeof head[0]) {
        memcpy(&short_head[0], a.p, sizeof short_head[0]);
        memcpy(&short_head[1], b.p, sizeof short_head[0]);
        memcpy(&short_tail[0], a.p + a.len - sizeof short_tail[0], sizeof short_tail[0]);
        memcpy(&short_tail[1], b.p + b.len - sizeof short_tail[0], sizeof short_tail[0]);
        return short_head[0] == short_head[1] && short_tail[0] == short_tail[1];
    }
    memcpy(&head[0], a.p, sizeof head[0]);
    memcpy(&head[1], b.p, sizeof head[0]);
    memcpy(&tail[0], a.p + a.len - sizeof tail[0], sizeof tail[0]);
    memcpy(&tail[1], b.p + b.len - sizeof tail[0], sizeof tail[0]);
    return head[0] == head[1] && tail[0] == tail[1];
}

/** weir_schema_prop_search: the property of that name, or NULL. */
const struct weir_schema_prop *weir_schema_prop_search(
    const struct weir_schema_members *members, struct weir_str name, size_t *next);

/** weir_schema_prop_find: the same. *next is where to look first, and where to look first the next
 *  time: data comes in the order of its schema, as a rule. */
static inline const struct weir_schema_prop *weir_schema_prop_find(
    const struct weir_schema_members *members, struct weir_str name, size_t *next)
{
    if (*next < members->props_n && weir_schema_same_name(members->props[*next].name, name)) {
        return &members->props[(*next)++];
    }
    return weir_schema_prop_search(members, name, next);
}

/** weir_schema_value_types: enum weir_type of a value; a number is WEIR_T_NUMBER, and
 *  WEIR_T_INTEGER too when it is whole. */
unsigned weir_schema_value_types(
    const struct weir_json_tape *tape, const struct weir_json_value *v);

#endif
