#ifndef WEIR_JSON_QUOTE_H
#define WEIR_JSON_QUOTE_H

#include "core/buf.h"
#include "core/err.h"

/**
 * weir_json_quote: append a text as a JSON string, with its quotes.
 *
 * What is not UTF-8 (a key in a message may be anything) becomes U+FFFD, one per byte, so that the
 * document is always valid. Returns 0, or -1 with *err set: WEIR_E_LIMIT, WEIR_E_NOMEM.
 */
int weir_json_quote(struct weir_buf *to, const char *text, struct weir_err *err);

#endif
