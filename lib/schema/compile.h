#ifndef WEIR_SCHEMA_COMPILE_H
#define WEIR_SCHEMA_COMPILE_H

#include "core/limits.h"
#include "schema/node.h"
#include "schema/schema.h"

/*
 * Inside lib/schema: from the tape of a schema to nodes. $ref is only noted here; refs.c resolves
 * what was noted once all is compiled, so that it may point anywhere and in circles.
 */

/* A schema with a name of its own: the root, and what has an $id. */
struct weir_schema_resource {
    struct weir_str uri; /* absolute as far as the schema tells; without a fragment */
    uint32_t at;
    struct weir_schema_resource *next; /* inner ones come before those around them */
};

struct weir_schema_anchor {
    struct weir_str name;
    const struct weir_schema_resource *in;
    uint32_t at;
    struct weir_schema_anchor *next;
};

struct weir_schema_pending {
    struct weir_schema_node *node;               /* its ref is to be set */
    uint32_t at;                                 /* where the $ref's value stands on the tape */
    const struct weir_schema_resource *resource; /* that it stands in */
    struct weir_schema_pending *next;
};

struct weir_schema_loader {
    struct weir_schema *schema;
    const struct weir_schema_opts *opts;
    bool draft7;
    struct weir_schema_node **map; /* for each entry of the tape: its node, if it has one */
    struct weir_schema_resource *resources, *resource; /* all; the one that is compiled in */
    struct weir_schema_anchor *anchors;
    int names_n; /* of both */
    struct weir_schema_pending *pending;
    struct weir_str odd_formats[WEIR_SCHEMA_ODD_FORMATS_MAX]; /* warned about */
    size_t odd_formats_n;
    struct weir_err *err;
};

/** weir_schema_compile: the node of the schema at that entry, compiled when it is not yet.
 *  NULL with l->err set. */
struct weir_schema_node *weir_schema_compile(struct weir_schema_loader *l, uint32_t at);

/** weir_schema_bad: "schema: <JSON Pointer of at>: ..." as WEIR_E_CONFIG. Always returns -1. */
int weir_schema_bad(struct weir_schema_loader *l, uint32_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/** weir_schema_odd: the same as a warning. */
void weir_schema_odd(struct weir_schema_loader *l, uint32_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * refs.c: who is called what.
 */

/** weir_schema_resource_new: note a resource whose $id (p NULL: none) is seen from that other one.
 *  NULL with l->err set. */
struct weir_schema_resource *weir_schema_resource_new(struct weir_schema_loader *l, uint32_t at,
    const struct weir_schema_resource *from, struct weir_str id);

/** weir_schema_anchor_new: note an anchor in the current resource for the schema at that entry;
 *  at_name is where its name stands. Returns 0, or -1 with l->err set. */
int weir_schema_anchor_new(
    struct weir_schema_loader *l, uint32_t at, uint32_t at_name, struct weir_str name);

/** weir_schema_ref_new: note that node refers on. Returns 0, or -1 with l->err set. */
int weir_schema_ref_new(struct weir_schema_loader *l, struct weir_schema_node *node, uint32_t at);

/** weir_schema_resolve: resolve all that was noted, and see that no value is checked for ever.
 *  Returns 0, or -1 with l->err set. */
int weir_schema_resolve(struct weir_schema_loader *l);

#endif
