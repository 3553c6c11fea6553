#ifndef WEIR_SCHEMA_URI_H
#define WEIR_SCHEMA_URI_H

#include "core/str.h"

/*
 * Inside lib/schema: references between schemas (RFC 3986, section 5.2).
 */

/**
 * weir_schema_uri_resolve: what a reference means where that base is in force.
 *
 * base, ref  without fragments. A base that is empty or has no scheme does as well: then the result
 *            has none either
 * out        receives the result; room for base.len + ref.len + 2 bytes
 *
 * Returns its length.
 */
size_t weir_schema_uri_resolve(struct weir_str base, struct weir_str ref, char *out);

#endif
