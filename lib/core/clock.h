#ifndef WEIR_CORE_CLOCK_H
#define WEIR_CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The two clocks. Only the doors (bootstrap, cli) and the ends read them; everything between gets
 * the time passed in, so that tests choose it.
 */

/** weir_clock_mono_ms: milliseconds of CLOCK_MONOTONIC; for durations and deadlines. */
int64_t weir_clock_mono_ms(void);

/** weir_clock_unix_ms: milliseconds since 1970 by the wall clock; for signatures and logs. */
int64_t weir_clock_unix_ms(void);

/** weir_clock_parse_iso: "2026-11-25T15:00:00.000Z" (ISO 8601; a fraction is passed over, an offset
 *  is understood) as Unix seconds. False, and *unix_s as it was, when it is none. */
bool weir_clock_parse_iso(const char *s, int64_t *unix_s);

#endif
