#ifndef WEIR_CLI_OPTIONS_DOC_H
#define WEIR_CLI_OPTIONS_DOC_H

#include "cli/cli.h"
#include "json/doc.h"

/**
 * weir_cli_parse_doc: read the members of a JSON object as options: what is --ring-bytes 64KiB on
 * the command line is "ring_bytes": "64KiB" or "ring_bytes": 65536 here.
 *
 * opts, opts_n  the table; texts are the document's memory; WEIR_OPT_LIST is no member
 * at            the object; anything else is refused
 * others        members that are somebody else's; ends with NULL
 *
 * Returns 0, or -1 with *err set to WEIR_E_CONFIG and a message that begins with the JSON Pointer:
 * an unknown member, a value that the option cannot have.
 */
int weir_cli_parse_doc(const struct weir_opt *opts, size_t opts_n, const struct weir_doc *at,
    const char *const *others, struct weir_err *err);

#endif
