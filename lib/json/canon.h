#ifndef WEIR_JSON_CANON_H
#define WEIR_JSON_CANON_H

#include "core/buf.h"
#include "json/tape.h"

/*
 * Values as keys: bytes that are the same for equal values, however they are written, and differ
 * for all others. Numbers are taken at their exact value (1, 1.0 and 10e-1 are one), strings are
 * decoded, the members of an object may stand in any order: it is the equality of weir_json_equal.
 *
 * No key is the beginning of another, so several in a row are the key of all of them together. They
 * are short where that is free: whole numbers of up to 18 digits and UUIDs are packed.
 */

/** weir_json_canon: append the key of a value on a tape. Returns 0, or -1 with *err set (the
 *  buffer's, or WEIR_E_NOMEM), and a part of it appended. */
int weir_json_canon(const struct weir_json_tape *tape, const struct weir_json_value *v,
    struct weir_buf *to, struct weir_err *err);

/** weir_json_canon_string: the same of a string that is on no tape; it may be any bytes. */
int weir_json_canon_string(struct weir_str s, struct weir_buf *to, struct weir_err *err);

/** weir_json_canon_number: the same of a valid number. */
int weir_json_canon_number(struct weir_str s, struct weir_buf *to, struct weir_err *err);

/** weir_json_canon_word: the same of null, true or false. */
int weir_json_canon_word(enum weir_json_kind kind, struct weir_buf *to, struct weir_err *err);

/** weir_json_canon_size: a number in as few bytes as it needs, 1 to WEIR_JSON_CANON_SIZE_BYTES,
 *  the last of them below 128. Returns the end. */
#define WEIR_JSON_CANON_SIZE_BYTES 10
uint8_t *weir_json_canon_size(uint8_t *to, uint64_t n);

/** weir_json_canon_size_read: read it again, and move *from behind it. */
uint64_t weir_json_canon_size_read(const uint8_t **from);

#endif
