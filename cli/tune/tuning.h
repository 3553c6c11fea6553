#ifndef WEIR_CLI_TUNE_TUNING_H
#define WEIR_CLI_TUNE_TUNING_H

#include "core/buf.h"
#include "core/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The arithmetic of aws-lambda-power-tuning
 * (https://github.com/alexcasalboni/aws-lambda-power-tuning): what runs at several memory sizes
 * come to, which size is best, and the result in its JSON and as the URL of its picture, so that a
 * measurement at a desk reads like one in the cloud. No I/O.
 */

/* Lambda gives a function CPU time by its memory: a whole CPU's at 1,769 MB. */
#define WEIR_TUNE_MB_PER_CPU 1769.0
#define WEIR_TUNE_DISCARD 0.2 /* discardTopBottom: this share of the runs, at each end */

enum weir_tune_arch { WEIR_TUNE_X86_64, WEIR_TUNE_ARM64 };
enum weir_tune_strategy { WEIR_TUNE_COST, WEIR_TUNE_SPEED, WEIR_TUNE_BALANCED };

struct weir_tune_run {
    int64_t init_us; /* 0: the process was there (a warm start) */
    int64_t duration_us;
    int64_t cpu_us; /* of both */
};

enum weir_tune_fate {
    WEIR_TUNE_DONE,
    WEIR_TUNE_OUT_OF_MEMORY,
    WEIR_TUNE_FAILED, /* the other ends; why tells */
};

struct weir_tune_size {
    int64_t memory_mb;
    struct weir_tune_run *runs;
    size_t runs_n, cold_n; /* cold: the first, and those after the process had ended by itself */
    int64_t peak_kib;
    enum weir_tune_fate fate;
    char why[256]; /* unless done */
    /* From weir_tune_sum_up, over runs that are all good. */
    double duration_ms;       /* trimmed mean of duration and init */
    double cost_usd;          /* of one run, by the trimmed mean of what is billed */
    double total_usd;         /* of all runs, none left out */
    double cold_ms, warm_ms;  /* means; 0: there was none */
    double cpu_ms, billed_ms; /* means, billed trimmed */
};

/** weir_tune_price: USD for a GB-second, as the tool has it (2.1e-9 and 1.7e-9 for 128 MB-ms). */
double weir_tune_price(enum weir_tune_arch arch);

/** weir_tune_cpus: the CPU time per time that a function of that memory gets. */
double weir_tune_cpus(int64_t memory_mb);

/**
 * weir_tune_estimate: what a run that was measured without a limit would take with that memory: its
 * CPU time stretched, when that is longer than it took. Of a single thread, that is: work that uses
 * several CPUs is estimated too fast below one.
 */
void weir_tune_estimate(struct weir_tune_run *run, int64_t memory_mb);

/** weir_tune_sum_up: what the size's runs come to; there is one at least. usd_gbs: USD for a
 *  GB-second. */
void weir_tune_sum_up(struct weir_tune_size *size, double usd_gbs);

/** weir_tune_best: the index of the best size that is done; -1: none is. weight: of cost against
 *  duration, 0..1, when balanced. */
int weir_tune_best(
    const struct weir_tune_size *sizes, size_t n, enum weir_tune_strategy strategy, double weight);

/** weir_tune_url: add the picture's address: sizes (int16), ms and USD (float32), little-endian,
 *  each in base64; those done, in their order. Returns 0, or -1 with *err set. */
int weir_tune_url(
    const struct weir_tune_size *sizes, size_t n, struct weir_buf *ret, struct weir_err *err);

/** weir_tune_json: add the result, one line with an LF; best >= 0. Returns 0, or -1 with *err set:
 *  WEIR_E_NOMEM, WEIR_E_LIMIT. */
int weir_tune_json(const struct weir_tune_size *sizes, size_t n, int best, struct weir_buf *ret,
    struct weir_err *err);

#endif
