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
    bool (*valid)(struct weir_str s);
    const char *message; /* "must be ..." */
};

/** weir_format_find: the format of that name; NULL when no specification knows it. Static. */
const struct weir_format *weir_format_find(struct weir_str name);

/*
 * The grammars. s is valid UTF-8. None reads a byte beyond s.len, none allocates.
 */
bool weir_format_date(struct weir_str s);      /* RFC 3339 full-date */
bool weir_format_time(struct weir_str s);      /* RFC 3339 full-time; :60 where UTC is 23:59 */
bool weir_format_date_time(struct weir_str s); /* RFC 3339 date-time */
bool weir_format_duration(struct weir_str s);  /* RFC 3339, appendix A */

bool weir_format_email(struct weir_str s);        /* RFC 5321 Mailbox */
bool weir_format_idn_email(struct weir_str s);    /* the same with RFC 6531 */
bool weir_format_hostname(struct weir_str s);     /* RFC 1123; xn-- as RFC 5890 has it */
bool weir_format_idn_hostname(struct weir_str s); /* RFC 5890 (schema/idna.h) */
bool weir_format_ipv4(struct weir_str s);         /* RFC 2673 dotted quad, no leading zeros */
bool weir_format_ipv6(struct weir_str s);         /* RFC 4291, section 2.2, no zone */

bool weir_format_uri(struct weir_str s);           /* RFC 3986 URI: with a scheme, ASCII */
bool weir_format_uri_reference(struct weir_str s); /* RFC 3986 URI-reference */
bool weir_format_iri(struct weir_str s);           /* RFC 3987 IRI */
bool weir_format_iri_reference(struct weir_str s); /* RFC 3987 IRI-reference */
bool weir_format_uri_template(struct weir_str s);  /* RFC 6570 */

bool weir_format_uuid(struct weir_str s);                  /* RFC 4122, either case */
bool weir_format_json_pointer(struct weir_str s);          /* RFC 6901 */
bool weir_format_relative_json_pointer(struct weir_str s); /* draft-bhutton-...-00 */
bool weir_format_regex(struct weir_str s);                 /* schema/ecma.h */

#endif
