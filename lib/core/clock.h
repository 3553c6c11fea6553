#ifndef WEIR_CORE_CLOCK_H
#define WEIR_CORE_CLOCK_H

#include <stdint.h>

/*
 * The two clocks. Only the doors (bootstrap, cli) and the ends read them; everything between gets
 * the time passed in, so that tests choose it.
 */

/** weir_clock_mono_ms: milliseconds of CLOCK_MONOTONIC; for durations and deadlines. */
int64_t weir_clock_mono_ms(void);

/** weir_clock_unix_ms: milliseconds since 1970 by the wall clock; for signatures and logs. */
int64_t weir_clock_unix_ms(void);

#endif
