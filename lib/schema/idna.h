#ifndef WEIR_SCHEMA_IDNA_H
#define WEIR_SCHEMA_IDNA_H

#include "core/limits.h"
#include "core/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Inside lib/schema: internationalized domain names (IDNA2008). A label is well formed when its
 * code points are allowed (RFC 5892, with the rules for those that need a context), it does not
 * begin with a mark, has no hyphen at its ends or at both its third and fourth place, and fits 63
 * bytes as an A-label (RFC 3492). Not looked at: whether the text is in normal form NFC, and the
 * rules for labels that are written from right to left (RFC 5893).
 */

/** weir_idna_label: whether an A-label, a U-label or a plain label is well formed. s is valid
 * UTF-8. *a_len receives how long it is as an A-label. */
bool weir_idna_label(struct weir_str s, size_t *a_len);

/** Made by idna_table.py: where the properties of code points change: the first code point << 11 |
 *  what it and those up to the next entry are: 1 allowed, 2 a mark, 4 a virama, joining type << 3,
 *  script << 6. */
extern const uint32_t weir_idna_table[];
extern const size_t weir_idna_table_n;

#endif
