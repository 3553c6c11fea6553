#ifndef WEIR_SCHEMA_TEXT_H
#define WEIR_SCHEMA_TEXT_H

#include "core/str.h"
#include "json/tape.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Inside lib/schema, and for who tells problems as it does: short texts for messages, in a buffer
 * of fixed size. What does not fit is cut, on a character's border, and "..." says so. Names and
 * values of a schema or a header go in with control characters and what is not UTF-8 replaced by ?,
 * so that a message stays one line.
 */
struct weir_text {
    char *p; /* always NUL-terminated */
    size_t len, size;
    bool cut;
};

/** weir_text_init: an empty text in buf, size >= 4. */
void weir_text_init(struct weir_text *t, char *buf, size_t size);

/** weir_text_add: a string of ours, as it is. */
void weir_text_add(struct weir_text *t, const char *s);

/** weir_text_name: at most max bytes of somebody's text. */
void weir_text_name(struct weir_text *t, struct weir_str s, size_t max);

/** weir_text_shown: the same, and "" for one that is empty. */
void weir_text_shown(struct weir_text *t, struct weir_str s, size_t max);

/** weir_text_token: "/" and a JSON Pointer's token, ~ and / escaped. */
void weir_text_token(struct weir_text *t, struct weir_str s, size_t max);

/** weir_text_index: "/" and a number. */
void weir_text_index(struct weir_text *t, size_t index);

/** weir_text_pointer: the JSON Pointer of an entry of a tape that is a value, not a name. */
void weir_text_pointer(struct weir_text *t, const struct weir_json_tape *tape, uint32_t at);

/** weir_text_types: enum weir_type in words: "a number or null". */
void weir_text_types(struct weir_text *t, unsigned types);

/** weir_text_value: a value of a schema: a string without its quotes, else its JSON, roughly. */
void weir_text_value(
    struct weir_text *t, const struct weir_json_tape *tape, const struct weir_json_value *v);

#endif
