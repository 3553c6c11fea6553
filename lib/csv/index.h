#ifndef WEIR_CSV_INDEX_H
#define WEIR_CSV_INDEX_H

#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Where fields and rows end, found 64 bytes at a time: a bit for each byte, a running XOR over the
 * quotes for what is inside them, and the positions of the bits that are left (Langdale and Lemire,
 * "Parsing gigabytes of JSON per second", 2019, applied to CSV). One kernel for each kind of
 * machine, of the same meaning; pure functions, any thread.
 *
 * The index is right only where quotes stand just where fields begin and end, doubled ones
 * included, which the splitter tells (csv/split.h).
 */
#define WEIR_CSV_INDEX_WINDOW 4096 /* bytes of a call at most; a multiple of 64 */
/* Positions are written in groups: what is behind the last one is garbage. */
#define WEIR_CSV_INDEX_ROOM (WEIR_CSV_INDEX_WINDOW + 8)

struct weir_csv_index {
    uint8_t delimiter, quote;
    uint64_t inside; /* all ones while a quote is open; 0 at first */
    uint64_t high;   /* not 0: a byte of the last call was not ASCII */
};

/**
 * For the reader: finds delimiters, LF and CR outside quotes.
 *
 * p, len  the next bytes, WEIR_CSV_INDEX_WINDOW at most; a multiple of 64, but for the last call
 * base    the first byte's position
 * ret     WEIR_CSV_INDEX_ROOM entries; receives the positions in order
 *
 * Returns how many there are.
 */
typedef size_t weir_csv_index_fn(
    struct weir_csv_index *ix, const uint8_t *p, size_t len, uint32_t base, uint32_t *ret);

/* Where these bytes stand among 64: bit i is byte i. */
struct weir_csv_masks {
    uint64_t delimiter, quote, lf, cr;
};

/** For the splitter: their masks in `chunks` times 64 bytes at p, whatever is inside quotes. */
typedef void weir_csv_masks_fn(
    const uint8_t *p, size_t chunks, uint8_t delimiter, uint8_t quote, struct weir_csv_masks *ret);

struct weir_csv_kernel {
    const char *name; /* "avx512", "avx2", "sse2", "neon", "c" */
    weir_csv_index_fn *index;
    weir_csv_masks_fn *masks;
};

/** weir_csv_kernels: those that this machine can run, the fastest first; at least one. Returns how
 *  many there are. ret has room for WEIR_CSV_KERNELS. */
#define WEIR_CSV_KERNELS 4
size_t weir_csv_kernels(struct weir_csv_kernel ret[WEIR_CSV_KERNELS]);

/**
 * weir_csv_kernel_pick: the fastest of them, unless WEIR_CSV_KERNEL in the environment names
 * another one, for tests whose result may not depend on the machine.
 *
 * Returns 0, or -1 with *err set: WEIR_E_CONFIG naming the words that this machine takes; *ret is
 * the fastest then.
 */
int weir_csv_kernel_pick(struct weir_csv_kernel *ret, struct weir_err *err);

#endif
