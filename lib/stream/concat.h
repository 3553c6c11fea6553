#ifndef WEIR_STREAM_CONCAT_H
#define WEIR_STREAM_CONCAT_H

#include "stream/source.h"
#include "stream/stage.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Many sources in a row as one. They are opened in order, a few before their turn (a request's
 * answer takes its time), and freed after it. For sources that have nothing to undo.
 */
struct weir_concat_ops {
    /** open: make source number i (from 0). Returns 1 with *ret set, 0 when there is none, or -1
     *  with *err set. */
    int (*open)(void *ctx, size_t i, struct weir_stage *ret, struct weir_err *err);

    /** begin: it is source i's turn; `at` bytes have come from all those before it, and none of its
     *  own is handed on yet. Returns 0, or -1 with *err set. */
    int (*begin)(void *ctx, size_t i, uint64_t at, struct weir_err *err);
};

/**
 * weir_concat_new: the source.
 *
 * ops, ctx  borrowed; they outlive the stage
 * ahead     how many sources may be open at a time, 1..WEIR_CONCAT_AHEAD_MAX: source i is opened
 *           after i - ahead is freed
 * info      its read_bytes counts the bytes of all of them; outlives the stage
 *
 * Returns 0 with *ret set, or -1 with *err set: WEIR_E_NOMEM. It fails with the error of the source
 * whose turn it is.
 */
int weir_concat_new(const struct weir_concat_ops *ops, void *ctx, size_t ahead,
    struct weir_source_info *info, struct weir_stage *ret, struct weir_err *err);

#endif
