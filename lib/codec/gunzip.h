#ifndef WEIR_CODEC_GUNZIP_H
#define WEIR_CODEC_GUNZIP_H

#include "stream/stage.h"

#include <stdbool.h>

/**
 * weir_gunzip_new: a stage: gzip (RFC 1952) in, plain bytes out.
 *
 * detect  input that does not start with 1f 8b passes through as it is, the empty one too; else
 *         it must be gzip
 *
 * Any number of members is read as one stream. Zero bytes after a member, to the end, are padding
 * and ignored. Memory is 40 KiB whatever the input claims, for output stops where the window does.
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_NOMEM. The stage fails with WEIR_E_DATA,
 * naming the offset in the compressed input, for: no gzip at all, corrupt data, a checksum or
 * length that does not match, a member that ends too early, bytes after a member that are neither
 * zero nor a member; with WEIR_E_NOMEM.
 */
int weir_gunzip_new(struct weir_stage *ret, bool detect, struct weir_err *err);

#endif
