#ifndef WEIR_CLI_TUNE_CHART_H
#define WEIR_CLI_TUNE_CHART_H

#include "cli/tune/tuning.h"

/* One function's measurements at all sizes. */
struct weir_tune_series {
    const char *name; /* escaped here */
    const struct weir_tune_size *sizes;
    size_t n;
};

/**
 * weir_tune_chart: add an SVG picture: duration (lines) and cost of a run (dashed lines) over
 * memory, all scales logarithmic, so that functions that are ten times apart share it. Sizes that
 * did not end well are crosses at the bottom.
 *
 * Returns 0, or -1 with *err set: WEIR_E_NOMEM, WEIR_E_LIMIT.
 */
int weir_tune_chart(const struct weir_tune_series *series, size_t series_n, struct weir_buf *ret,
    struct weir_err *err);

#endif
