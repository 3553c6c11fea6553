#ifndef WEIR_AWS_URI_H
#define WEIR_AWS_URI_H

#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * weir_uri_encode: append s with every byte but A-Z a-z 0-9 - _ . ~ as %XX (upper case).
 *
 * slash  keep '/' too: an object's key is encoded so, once, and the same bytes go on the wire and
 *        into the signature. Signing an encoded path a second time is what other services want;
 *        S3 answers it with a 403.
 *
 * Returns 0, or -1 with *err set as weir_buf_add does. S3: "Create a canonical request", UriEncode.
 */
int weir_uri_encode(struct weir_buf *to, const char *s, bool slash, struct weir_err *err);

#endif
