#ifndef WEIR_SCHEMA_COMPILE_H
#define WEIR_SCHEMA_COMPILE_H

#include "schema/node.h"

/*
 * Inside lib/schema: from the tape of a schema to nodes. $ref is only noted here; load.c resolves
 * what was noted once all is compiled, so that it may point anywhere and in circles.
 */
struct weir_schema_pending {
    struct weir_schema_node *node; /* its ref is to be set */
    uint32_t at;                   /* where the $ref's value stands on the tape */
    struct weir_schema_pending *next;
};

#define WEIR_SCHEMA_ODD_FORMATS_MAX 32 /* one warning each; more of them stay unsaid */

struct weir_schema_loader {
    struct weir_schema *schema;
    bool draft7;
    struct weir_str id;            /* the root's $id; p NULL: none */
    struct weir_schema_node **map; /* for each entry of the tape: its node, if it has one */
    struct weir_schema_pending *pending;
    struct weir_str odd_formats[WEIR_SCHEMA_ODD_FORMATS_MAX]; /* warned about */
    size_t odd_formats_n;
    void (*warn)(void *ctx, const char *msg);
    void *ctx;
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

#endif
