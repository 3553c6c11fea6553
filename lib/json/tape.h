#ifndef WEIR_JSON_TAPE_H
#define WEIR_JSON_TAPE_H

#include "core/err.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A strict JSON parser (RFC 8259) into a flat tape: one entry of 16 bytes per value, in the order
 * of the text, each knowing where the next value after it lies. A member of an object is two
 * entries, its name (a string) and its value. Nothing is allocated per value: the tape's memory is
 * kept and used again for the next text.
 *
 *   {"a":[1,2],"b":""}   0 object, 2 members, next 7
 *                        1 string a   2 array, 2 elements, next 5   3 number 1   4 number 2
 *                        5 string b   6 string
 *
 * Strict means: exactly one value with nothing but white space around it; valid UTF-8; no BOM; no
 * control characters in strings; no escape of half a surrogate pair; no name twice in an object
 * (JSON lets it pass, but readers then differ in which value they see, so one of them is hidden);
 * at most WEIR_JSON_DEPTH_MAX arrays and objects within each other; at most WEIR_JSON_VALUES_MAX
 * entries.
 */
enum weir_json_kind {
    WEIR_JSON_NULL,
    WEIR_JSON_FALSE,
    WEIR_JSON_TRUE,
    WEIR_JSON_NUMBER,
    WEIR_JSON_STRING,
    WEIR_JSON_ARRAY,
    WEIR_JSON_OBJECT,
};

struct weir_json_value {
    uint32_t off;  /* where its text begins (a string: after the quote) */
    uint32_t len;  /* string: bytes, decoded; number: bytes; array: elements; object: members */
    uint32_t next; /* index of the entry that follows this value and all within it */
    uint8_t kind;
    uint8_t decoded; /* a string with escapes: off counts in the tape's scratch, not in the text */
    uint16_t unused;
};

struct weir_json_tape {
    struct weir_json_value *v; /* v[0] is the whole text's value */
    size_t n, cap;             /* entries */
    const char *text;          /* what was parsed; borrowed */
    size_t text_len;
    char *scratch; /* decoded strings */
    size_t scratch_len, scratch_cap;
    uint32_t *table; /* names of one large object, while it is checked for duplicates */
    size_t table_cap;
    uint64_t seed[2]; /* of the table's hash, so that nobody can prepare collisions */
};

/* Why a text is not JSON. */
struct weir_json_fault {
    enum weir_code code; /* WEIR_E_DATA, WEIR_E_LIMIT, WEIR_E_NOMEM */
    const char *reason;  /* static, lower case, e.g. "a comma or ] is missing" */
    size_t offset;       /* of the byte that is wrong, from 0; may be the text's length */
};

/** weir_json_tape_init: an empty tape. Allocates nothing. */
void weir_json_tape_init(struct weir_json_tape *tape);

/** weir_json_tape_fini: free its memory. */
void weir_json_tape_fini(struct weir_json_tape *tape);

/** weir_json_tape_trim: give back what is larger than keep_bytes, and forget the text. */
void weir_json_tape_trim(struct weir_json_tape *tape, size_t keep_bytes);

/**
 * weir_json_parse: parse a text, replacing what the tape held.
 *
 * text, len  borrowed: the tape points into it. At most UINT32_MAX / 2 bytes
 * fault      receives the reason on failure
 *
 * Returns 0 with tape->v[0] set, or -1 with *fault set.
 */
int weir_json_parse(
    struct weir_json_tape *tape, const char *text, size_t len, struct weir_json_fault *fault);

/** weir_json_parse_utf8: the same for a text that is known to be valid UTF-8: not checked again. */
int weir_json_parse_utf8(
    struct weir_json_tape *tape, const char *text, size_t len, struct weir_json_fault *fault);

/**
 * A tape may also be put together of pieces of one text: begun, then entry after entry, in the
 * order in which they are to stand.
 *
 * weir_json_begin   an empty tape for that text; borrowed, at most UINT32_MAX / 2 bytes
 * weir_json_put     an entry for the piece of len bytes at `off` of the text: a number, a string
 *                   without escapes, a word; or an array or object whose parts come next, and whose
 *                   `len` and `next` the caller sets when they are there
 * weir_json_append  parse the piece, which is valid UTF-8, as one value
 *
 * The two return the index of the entry, or -1: WEIR_E_NOMEM, WEIR_E_LIMIT for weir_json_put; with
 * *fault set for weir_json_append, its offset counted from the piece's begin. After a failure the
 * tape has no half of a value on it.
 *
 * doubled: each " of the piece stands there twice, as it does between the quotes of a CSV field.
 * The texts of the tape are then what they would be without that, and so is the fault's offset.
 */
void weir_json_begin(struct weir_json_tape *tape, const char *text, size_t len);
int64_t weir_json_put(struct weir_json_tape *tape, enum weir_json_kind kind, size_t off, size_t len,
    struct weir_json_fault *fault);
int64_t weir_json_append(struct weir_json_tape *tape, size_t off, size_t len, bool doubled,
    struct weir_json_fault *fault);

/**
 * weir_json_fault_err: a fault as an error.
 *
 * what  the message's first word, e.g. "schema"
 * text  what was parsed, for the line and the column (in bytes, from 1)
 * code  the error's code, unless it is WEIR_E_NOMEM
 *
 * Always returns -1.
 */
int weir_json_fault_err(const struct weir_json_fault *fault, const char *what, const char *text,
    enum weir_code code, struct weir_err *err);

/** weir_json_text: the bytes of a string (decoded) or a number, valid as long as the tape and text.
 */
static inline struct weir_str weir_json_text(
    const struct weir_json_tape *tape, const struct weir_json_value *v)
{
    return (struct weir_str){(v->decoded ? tape->scratch : tape->text) + v->off, v->len};
}

#endif
