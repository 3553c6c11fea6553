#ifndef WEIR_NET_LUMBERJACK_H
#define WEIR_NET_LUMBERJACK_H

#include "core/buf.h"
#include "core/err.h"

#include <stddef.h>
#include <stdint.h>

/*
 * The frames of Lumberjack, version 2, the protocol of Logstash's `beats` input. All numbers are
 * big-endian:
 *
 *     "2W" u32 count             what follows are so many events; then an answer is expected
 *     "2J" u32 seq u32 len JSON  an event; seq counts from 1 in each window
 *     "2C" u32 len zlib          frames, compressed
 *     "2A" u32 seq               the answer: all events up to seq have arrived; 0: still at work
 */

#define WEIR_LUMBERJACK_WINDOW_BYTES 6
#define WEIR_LUMBERJACK_EVENT_BYTES 10 /* before the JSON */

/** weir_lumberjack_window: a window's frame. */
void weir_lumberjack_window(uint8_t to[WEIR_LUMBERJACK_WINDOW_BYTES], uint32_t count);

/** weir_lumberjack_event: what stands before an event's len bytes of JSON. */
void weir_lumberjack_event(uint8_t to[WEIR_LUMBERJACK_EVENT_BYTES], uint32_t seq, uint32_t len);

/** weir_lumberjack_renumber: p[0..len) holds whole events. Returns how many bytes the first n of
 *  them have, and numbers the others from 1 on. */
size_t weir_lumberjack_renumber(uint8_t *p, size_t len, uint32_t n);

/** weir_lumberjack_compress: append the frames p[0..len) as one compressed frame. level: 1..9. 0,
 * or -1 with *err set: WEIR_E_LIMIT, WEIR_E_NOMEM. */
int weir_lumberjack_compress(
    const uint8_t *p, size_t len, int level, struct weir_buf *to, struct weir_err *err);

/* An answer that may come in pieces. Zero it for a new connection. */
struct weir_lumberjack_answer {
    uint8_t bytes[6];
    size_t n;
};

/** weir_lumberjack_answer: take bytes of p[0..len), moving *used, up to the end of one answer. 1
 * with *seq set, 0 when more is needed, -1 when it is none. */
int weir_lumberjack_answer(
    struct weir_lumberjack_answer *a, const uint8_t *p, size_t len, size_t *used, uint32_t *seq);

#endif
