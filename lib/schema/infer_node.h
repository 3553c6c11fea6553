#ifndef WEIR_SCHEMA_INFER_NODE_H
#define WEIR_SCHEMA_INFER_NODE_H

#include "json/tape.h"
#include "schema/format.h"
#include "schema/infer.h"
#include "schema/node.h"

/*
 * Inside lib/schema: what is known of the values at one place of the sample (a column, a member,
 * the elements of an array). infer.c learns it, infer_write.c says it as a schema. Nodes are told
 * by their index, and texts by where they are in one buffer, since both may move; 0 is none.
 */
#define WEIR_INFER_NUMBER_BYTES 28 /* a number longer than this is no bound that people want */

/* Formats that are looked for, those first that say more. */
#define WEIR_INFER_FORMATS 11
extern const char *const weir_infer_formats[WEIR_INFER_FORMATS];

struct weir_infer_text {
    uint32_t off, len;
};

struct weir_infer_bound {
    uint8_t len; /* 0: none yet */
    char text[WEIR_INFER_NUMBER_BYTES];
};

struct weir_infer_node {
    struct weir_infer_text name; /* of a member or column */
    uint32_t parent, next;       /* the next member of the same parent, in the order of coming */
    uint32_t first, last, n;     /* its members */
    uint32_t items;              /* of its elements */
    uint32_t depth;
    uint32_t columns; /* how many columns it is; of a member 1 */
    bool cells;       /* it is columns: values are cells, which can be read as a string, too */
    bool more;        /* it has members that are not noted */
    unsigned types;   /* enum weir_type: seen, read as what they can be */
    bool no_word;     /* cells: not all of them can be read as a boolean */
    bool nulls;       /* cells: some are null by what the options say of empty ones */
    uint64_t count;   /* values */
    uint64_t objects; /* of these */
    uint64_t texts;   /* strings; of cells all that are no null */
    uint32_t formats; /* bits of weir_infer_formats that all texts have */
    uint32_t choices; /* the first of its texts, each once; UINT32_MAX: too many */
    uint32_t choices_n;
    size_t min_chars, max_chars;
    struct weir_infer_bound min, max;
    bool no_bounds; /* there was a number that is too long for one */
};

struct weir_schema_infer {
    struct weir_schema_infer_opts opts;
    struct weir_infer_node *nodes; /* [0] is none, [1] is the root */
    size_t nodes_n, nodes_cap;
    uint32_t *table; /* nodes by parent and name; twice as many slots as nodes at least */
    size_t table_n;
    uint64_t seed[2];
    const struct weir_format *formats[WEIR_INFER_FORMATS];
    struct weir_buf text;
    struct weir_infer_text *choices; /* pieces of opts.enum_max */
    size_t choices_n, choices_cap;
    uint32_t *columns; /* the node of each; 0: it is not described */
    size_t columns_n;
    uint64_t rows;
    struct weir_json_tape tape;
};

#define WEIR_INFER_ROOT 1

/** weir_infer_types: enum weir_type that the schema is to allow; 0: nothing was seen. */
unsigned weir_infer_types(const struct weir_infer_node *node);

#endif
