#ifndef WEIR_SCHEMA_FORMAT_H
#define WEIR_SCHEMA_FORMAT_H

#include "core/str.h"

#include <stdbool.h>

/*
 * The values of `format`. Each is the grammar of the RFC that JSON Schema names, no more and no
 * less: what is left to taste elsewhere (a top-level domain in an address, a space for the T of a
 * date-time) is what the RFC says.
 */
struct weir_format {
    const char *name;
    bool (*valid)(struct weir_str s); /* NULL: in the specification, not supported yet */
    const char *message;              /* "must be ..." */
};

/** weir_format_find: the format of that name; NULL when no specification knows it. Static. */
const struct weir_format *weir_format_find(struct weir_str name);

/*
 * The grammars. None reads a byte beyond s.len, none allocates.
 */
bool weir_format_date(struct weir_str s);      /* RFC 3339 full-date */
bool weir_format_date_time(struct weir_str s); /* RFC 3339 date-time; :60 where UTC is 23:59 */
bool weir_format_email(struct weir_str s);     /* RFC 5321 Mailbox */
bool weir_format_uri(struct weir_str s);       /* RFC 3986 URI: with a scheme, ASCII */
bool weir_format_uuid(struct weir_str s);      /* RFC 4122, either case */
bool weir_format_ipv4(struct weir_str s);      /* RFC 2673 dotted quad, no leading zeros */
bool weir_format_ipv6(struct weir_str s);      /* RFC 4291, section 2.2, no zone */

#endif
