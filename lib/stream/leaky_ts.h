#ifndef WEIR_STREAM_LEAKY_TS_H
#define WEIR_STREAM_LEAKY_TS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where a decoder can begin in a transport stream (ISO/IEC 13818-1): a packet of the video whose
 * adaptation field has the random_access_indicator. A decoder that has not seen the tables yet does
 * not know that this is video, so what counts is the program association table before it, which the
 * program map follows; multiplexers repeat both several times a second. Of several programs the
 * first one counts; a program without video may be entered at any packet with the indicator.
 *
 * Only tables that lie in one packet are read, which all but those of dozens of programs do.
 */
#define WEIR_TS_BYTES 188
#define WEIR_TS_SYNC 0x47

struct weir_ts {
    bool after_pat;   /* there has been a table, and no point since then; ... */
    uint64_t pat_pos; /* ... where it lay */
    bool has_pmt, has_video;
    uint16_t pmt_pid, video_pid;
};

/**
 * weir_ts_entry: look at the next packet.
 *
 * ts      zeros at first
 * packet  WEIR_TS_BYTES bytes that begin with WEIR_TS_SYNC
 * pos     where it lies
 * ret     receives where a decoder can begin: at the last table, or at this packet when there has
 *         been a point since that table, or there is none
 *
 * Returns whether this packet makes a point.
 */
bool weir_ts_entry(struct weir_ts *ts, const uint8_t *packet, uint64_t pos, uint64_t *ret);

#endif
