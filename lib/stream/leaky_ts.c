#include "stream/leaky_ts.h"

#define PID_PAT 0
#define TABLE_PAT 0
#define TABLE_PMT 2

static unsigned pid_at(const uint8_t *p)
{
    return (p[0] & 0x1fu) << 8 | p[1];
}

/* ITU-T H.222.0, table 2-34: the stream types that are video. */
static bool is_video(uint8_t type)
{
    return type == 0x01 || type == 0x02 || type == 0x10 || type == 0x1b || type == 0x24 ||
           type == 0x33 || type == 0x42 || type == 0xd1 || type == 0xea;
}

/* The payload's begin, or WEIR_TS_BYTES when there is none. */
static size_t payload_at(const uint8_t *packet)
{
    size_t at = 4;

    if ((packet[3] & 0x20) != 0) {
        at += 1u + packet[4];
    }
    return (packet[3] & 0x10) != 0 && at < WEIR_TS_BYTES ? at : WEIR_TS_BYTES;
}

/* A section that begins in this packet: its first byte, and in *end what follows its last entry, as
 * far as it lies in the packet. NULL when there is none of that table. */
static const uint8_t *section(const uint8_t *packet, uint8_t table, const uint8_t **end)
{
    size_t at = payload_at(packet);

    if ((packet[1] & 0x40) == 0 || at >= WEIR_TS_BYTES) {
        return NULL;
    }
    at += 1u + packet[at];
    if (at + 12 > WEIR_TS_BYTES || packet[at] != table) {
        return NULL;
    }
    const uint8_t *s = packet + at;
    size_t len = 3u + ((s[1] & 0x0fu) << 8 | s[2]);

    if (len < 12) {
        return NULL;
    }
    *end = s + (len - 4 < WEIR_TS_BYTES - at ? len - 4 : WEIR_TS_BYTES - at); /* without the CRC */
    return s;
}

static void read_pat(struct weir_ts *ts, const uint8_t *packet, uint64_t pos)
{
    const uint8_t *end = NULL, *s = section(packet, TABLE_PAT, &end);

    if (s == NULL) {
        return;
    }
    ts->after_pat = true;
    ts->pat_pos = pos;
    for (const uint8_t *p = s + 8; p + 4 <= end; p += 4) {
        if ((p[0] | p[1]) != 0) { /* 0 is the network's table */
            unsigned pid = pid_at(p + 2);

            if (!ts->has_pmt || ts->pmt_pid != pid) {
                ts->has_pmt = true;
                ts->has_video = false;
                ts->pmt_pid = (uint16_t)pid;
            }
            return;
        }
    }
}

static void read_pmt(struct weir_ts *ts, const uint8_t *packet)
{
    const uint8_t *end = NULL, *s = section(packet, TABLE_PMT, &end);

    if (s == NULL) {
        return;
    }
    ts->has_video = false;
    for (size_t at = 12 + ((s[10] & 0x0fu) << 8 | s[11]); s + at + 5 <= end;) {
        const uint8_t *p = s + at;

        if (is_video(p[0])) {
            ts->has_video = true;
            ts->video_pid = (uint16_t)pid_at(p + 1);
            return;
        }
        at += 5u + ((p[3] & 0x0fu) << 8 | p[4]);
    }
}

bool weir_ts_entry(struct weir_ts *ts, const uint8_t *packet, uint64_t pos, uint64_t *ret)
{
    unsigned pid = pid_at(packet + 1);

    if (pid == PID_PAT) {
        read_pat(ts, packet, pos);
    } else if (ts->has_pmt && pid == ts->pmt_pid) {
        read_pmt(ts, packet);
    }
    bool indicated = (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x40) != 0;
    if (!indicated || (ts->has_video && pid != ts->video_pid)) {
        return false;
    }
    *ret = ts->after_pat ? ts->pat_pos : pos;
    ts->after_pat = false;
    return true;
}
