#ifndef WEIR_HANDLERS_VALIDATE_TALLY_H
#define WEIR_HANDLERS_VALIDATE_TALLY_H

#include "core/buf.h"
#include "core/limits.h"
#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

/*
 * How many problems there were, by column and by keyword: complete, however few of them were
 * described. Names of columns are only kept of what has no header (JSON): up to
 * WEIR_TALLY_NAMES_MAX, those that came first; all others are counted as one, and so is what a
 * worker's own tally of a block has no room for, whatever the other blocks know.
 */
struct weir_tally {
    uint64_t problems;
    uint64_t *columns; /* by the header's order; NULL: none yet */
    size_t columns_n;
    struct weir_tally_names {
        struct weir_tally_table {
            struct weir_tally_name {
                char *name;
                uint64_t n;
            } list[WEIR_TALLY_NAMES_MAX]; /* in the order in which they came */
            /* Open addressing, twice as many, so that a search is short: a place in the list, and
             * 1; 0: free */
            uint16_t slots[2 * WEIR_TALLY_NAMES_MAX];
        } * table;        /* NULL: none yet */
        uint64_t seed[2]; /* names are the data's: nobody knows in advance which collide */
        size_t used;
        uint64_t others;
    } keywords, names;
};

/** weir_tally_init: empty; columns_n counts are made with the first problem. weir_tally_fini:
 * release it. */
void weir_tally_init(struct weir_tally *t, size_t columns_n);
void weir_tally_fini(struct weir_tally *t);

/** weir_tally_count: a problem. Returns 0, or -1 with *err set: WEIR_E_NOMEM. */
int weir_tally_count(
    struct weir_tally *t, const struct weir_schema_problem *problem, struct weir_err *err);

/** weir_tally_add: add what `from` has, and empty that. Returns 0, or -1 with *err set. */
int weir_tally_add(struct weir_tally *t, struct weir_tally *from, struct weir_err *err);

/**
 * weir_tally_json: as members of a JSON object, with a comma before each:
 * ,"problems":3,"keywords":{"type":2,"required":1}. Keywords come by their names' order.
 *
 * labels  of the columns; NULL: leave out ,"columns":[{"name":"id","problems":2}], which has only
 *         those with problems
 *
 * Returns 0, or -1 with *err set (the buffer's, WEIR_E_NOMEM).
 */
int weir_tally_json(const struct weir_tally *t, const char *(*label)(const void *ctx, size_t i),
    const void *ctx, struct weir_buf *to, struct weir_err *err);

#endif
