#ifndef WEIR_JSON_QUOTE_H
#define WEIR_JSON_QUOTE_H

#include "core/buf.h"
#include "core/err.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Texts as JSON strings. What is not UTF-8 (a key in a message may be anything) becomes U+FFFD, one
 * per byte, so that the document is always valid.
 */

/** weir_json_quote: append a text with its quotes. Returns 0, or -1 with *err set: WEIR_E_LIMIT,
 *  WEIR_E_NOMEM. */
int weir_json_quote(struct weir_buf *to, const char *text, struct weir_err *err);

/** weir_json_quote_long: the same of a text that may be very long: drain, if it is not NULL, is
 * called after each piece. */
int weir_json_quote_long(
    struct weir_buf *to, struct weir_str s, weir_buf_drain *drain, void *ctx, struct weir_err *err);

/** WEIR_JSON_QUOTE_ROOM: what weir_json_quote_at needs at most for len bytes. */
#define WEIR_JSON_QUOTE_ROOM(len) (6 * (len) + 2)

/** weir_json_quote_at: write p[0..len) with its quotes to `to`, which has WEIR_JSON_QUOTE_ROOM(len)
 *  bytes. No NUL. Returns the end of what was written. */
char *weir_json_quote_at(char *to, const char *p, size_t len);

/** weir_json_is_plain: whether p[0..len) stands for itself between two quotes: printable ASCII
 *  without " and \. *quotes, if not NULL, receives how many " there are, which are then allowed. */
bool weir_json_is_plain(const char *p, size_t len, size_t *quotes);

#endif
