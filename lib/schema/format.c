#include "schema/format.h"

#include "schema/ecma.h"
#include "schema/scan.h"

bool weir_format_uuid(struct weir_str s)
{
    if (s.len != 36) {
        return false;
    }
    for (size_t i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s.p[i] != '-' : !weir_scan_hex(s.p[i])) {
            return false;
        }
    }
    return true;
}

static bool json_pointer(struct weir_scan *c)
{
    if (!weir_scan_end(c) && c->p[c->i] != '/') {
        return false;
    }
    for (; !weir_scan_end(c); c->i++) {
        char next = c->i + 1 < c->len ? c->p[c->i + 1] : '\0';
        if (c->p[c->i] == '~' && next != '0' && next != '1') {
            return false;
        }
    }
    return true;
}

bool weir_format_json_pointer(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    return json_pointer(&c);
}

/* A number without zeros in front. */
static bool whole_number(struct weir_scan *c)
{
    const bool zero = weir_scan_peek(c) == '0';
    const size_t n = weir_scan_digits(c);

    return n == 1 || (n > 1 && !zero);
}

bool weir_format_relative_json_pointer(struct weir_str s)
{
    struct weir_scan c = weir_scan_begin(s);

    if (!whole_number(&c)) {
        return false;
    }
    if ((weir_scan_take(&c, '+') || weir_scan_take(&c, '-')) && !whole_number(&c)) {
        return false;
    }
    return weir_scan_take(&c, '#') ? weir_scan_end(&c) : json_pointer(&c);
}

bool weir_format_regex(struct weir_str s)
{
    struct weir_ecma_fault fault;

    return weir_ecma_translate(s, NULL, 0, NULL, &fault) == 0;
}

const struct weir_format *weir_format_find(struct weir_str name)
{
    static const struct weir_format formats[] = {
        {"date", weir_format_date, "must be a date (YYYY-MM-DD)"},
        {"time", weir_format_time, "must be a time (hh:mm:ssZ)"},
        {"date-time", weir_format_date_time, "must be a date-time (YYYY-MM-DDThh:mm:ssZ)"},
        {"duration", weir_format_duration, "must be a duration (P1DT12H)"},
        {"email", weir_format_email, "must be an e-mail address"},
        {"idn-email", weir_format_idn_email, "must be an e-mail address"},
        {"hostname", weir_format_hostname, "must be a host name"},
        {"idn-hostname", weir_format_idn_hostname, "must be a host name"},
        {"ipv4", weir_format_ipv4, "must be an IPv4 address"},
        {"ipv6", weir_format_ipv6, "must be an IPv6 address"},
        {"uri", weir_format_uri, "must be a URI"},
        {"uri-reference", weir_format_uri_reference, "must be a URI or a relative reference"},
        {"iri", weir_format_iri, "must be an IRI"},
        {"iri-reference", weir_format_iri_reference, "must be an IRI or a relative reference"},
        {"uri-template", weir_format_uri_template, "must be a URI template"},
        {"uuid", weir_format_uuid, "must be a UUID"},
        {"json-pointer", weir_format_json_pointer, "must be a JSON Pointer"},
        {"relative-json-pointer", weir_format_relative_json_pointer,
            "must be a relative JSON Pointer"},
        {"regex", weir_format_regex, "must be a regular expression"},
    };

    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (weir_str_eq(name, weir_str_of(formats[i].name))) {
            return &formats[i];
        }
    }
    return NULL;
}
