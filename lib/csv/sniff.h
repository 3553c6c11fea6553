#ifndef WEIR_CSV_SNIFF_H
#define WEIR_CSV_SNIFF_H

#include "csv/dialect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * weir_csv_sniff: find out which delimiter a text has: ',', ';', tab or '|'.
 *
 * It is the one by which most of the first records have as many fields as the header (two or more);
 * of several such the one with the most fields, then in the order above. A text that none of them
 * divides has ','. The dialect's quotes and comments count.
 *
 * p, len  the text's beginning, behind a byte order mark and lines to skip; only
 *         WEIR_CSV_SNIFF_BYTES of it are looked at, so that the answer does not depend on the
 *         windows, and nothing before one byte more is there
 * last    nothing follows p[len - 1]
 * d       checked; its delimiter is WEIR_CSV_AUTO, and receives the answer
 *
 * Returns whether there is one: false when more bytes are needed.
 */
bool weir_csv_sniff(const uint8_t *p, size_t len, bool last, struct weir_csv_dialect *d);

#endif
