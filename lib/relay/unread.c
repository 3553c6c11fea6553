#include "relay/unread.h"

#include "core/limits.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define LOOK_MS 100                 /* a look takes a microsecond, a client's send some more */
#define HELD_MS 50                  /* between two looks at who is held back, and two pieces; */
#define HELD_FIRST_MS 10            /* ... at first: most have read it by then */
#define PIECE_BYTES 376             /* two packets of a transport stream */
#define SHARE_BYTES (64 * WEIR_KIB) /* the first share */
#define LEAST_BYTES (8 * WEIR_KIB)  /* the least; this much is never too much */
/* What a window is taken to be until it is known: it begins at half of that on most machines, and
 * opens while the first bytes come, though nobody reads them. */
#define WINDOW_BYTES (128 * WEIR_KIB)
#define TEST_MS 400     /* without a word: send as much as shows in the window, if it is not read */
#define TESTED_MS 100   /* and look after that */
#define STEP_BYTES 2048 /* of a window, at most */
/* And then it gets another chance. The first share of a very slow one takes longer to be read. */
#define VAIN_MS 1500
#define FIRST_VAIN_MS 4000
#define STATE_CLOSE 7 /* TCP_CLOSE of netinet/tcp.h, which cannot be had beside linux/tcp.h */

bool weir_unread_ask(int fd, struct weir_unread_tcp *ret)
{
    struct tcp_info info;
    socklen_t len = sizeof info;

    memset(&info, 0, sizeof info);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
        len < offsetof(struct tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd) {
        return false;
    }
    *ret = (struct weir_unread_tcp){
        .acked = info.tcpi_bytes_acked,
        .window = info.tcpi_snd_wnd,
        .rtt_us = info.tcpi_min_rtt,
        .gone = info.tcpi_state == STATE_CLOSE,
    };
    return true;
}

void weir_unread_begin(struct weir_unread *u, int64_t most_ms, int64_t now_ms)
{
    *u = (struct weir_unread){
        .most_ms = most_ms,
        .looked_ms = now_ms,
        .written_ms = now_ms,
        .came_ms = now_ms,
        .share = SHARE_BYTES,
        .limit = SHARE_BYTES,
        .window_max = WINDOW_BYTES,
        .guessed = true,
    };
}

static int64_t held_interval_ms(const struct weir_unread *u, int64_t now_ms)
{
    return now_ms - u->held_ms < HELD_MS ? HELD_FIRST_MS : HELD_MS;
}

bool weir_unread_due(const struct weir_unread *u, uint64_t written, int64_t now_ms)
{
    int64_t ms = now_ms - u->looked_ms;

    return u->holds ? ms >= held_interval_ms(u, now_ms) : ms >= LOOK_MS || written >= u->limit;
}

static void read_on(struct weir_unread *u, const struct weir_unread_tcp *tcp, uint64_t written)
{
    u->written = written;
    u->acked = tcp->acked < written ? tcp->acked : written;
    u->window = tcp->window;
    u->rtt_us = tcp->rtt_us;
    if (tcp->window > u->window_max) {
        u->window_max = tcp->window;
        u->guessed = false;
    }
    uint64_t there = u->acked > u->read ? u->acked - u->read : 0;
    uint64_t left = u->window_max - u->window;

    if (left > there) { /* it shrank by more than what has come: it is another window */
        u->window_max = u->guessed ? u->window_max : u->window + (uint32_t)there;
        left = there;
    }
    u->read += there - left;
}

/* It has read half of its share: how fast? The next share is twice or half of this one at most,
 * because one time may mean little. */
static void set_share(struct weir_unread *u, int64_t now_ms)
{
    int64_t in_ms = now_ms > u->held_ms ? now_ms - u->held_ms : 1;

    u->rate = (u->read - u->held_read) * 1000 / (uint64_t)in_ms;
    uint64_t share = u->rate * (uint64_t)(u->most_ms + u->rtt_us / 1000) / 1000;

    share = share < 2 * u->share ? share : 2 * u->share;
    share = share > u->share / 2 ? share : u->share / 2;
    u->share = share > LEAST_BYTES ? share : LEAST_BYTES;
}

/* Who is not held back reads all that it gets; its share is to be worth as much of its time, so
 * that it may pause. */
static void raise_share(struct weir_unread *u, uint64_t came, int64_t in_ms)
{
    if (in_ms >= LOOK_MS) {
        uint64_t share = came * (uint64_t)u->most_ms / (uint64_t)in_ms;

        share = share < 2 * u->share ? share : 2 * u->share;
        u->share = share > u->share ? share : u->share;
    }
}

static void begin_anew(struct weir_unread *u)
{
    u->window_max = u->window;
    u->guessed = false;
    u->read = u->acked;
}

/* Of who is held back, with all that was written at its machine: is there anything unread? True:
 * it may go on. */
static bool is_done(struct weir_unread *u, int64_t now_ms)
{
    if (u->written - u->read <= u->share / 2) {
        set_share(u, now_ms);
        return true;
    }
    if (u->acked < u->written) {
        return false;
    }
    if (u->tested_ms > 0 && now_ms - u->tested_ms >= TESTED_MS) {
        bool was_read = u->window + STEP_BYTES >= u->test_window;

        u->tested_ms = -1;
        if (was_read) {
            begin_anew(u); /* and so, all before it */
            return true;
        }
    }
    if (now_ms - u->came_ms >= (u->guessed ? FIRST_VAIN_MS : VAIN_MS)) {
        begin_anew(u); /* every time with a larger share */
        u->share = LEAST_BYTES << u->vain;
        u->vain += u->vain < 4;
        return true;
    }
    return false;
}

void weir_unread_look(
    struct weir_unread *u, const struct weir_unread_tcp *tcp, uint64_t written, int64_t now_ms)
{
    int64_t in_ms = now_ms - u->looked_ms;
    uint64_t read_then = u->read;

    u->looked_ms = now_ms;
    if (tcp == NULL) {
        u->written = u->acked = u->read = written;
        u->limit = written + SHARE_BYTES;
        return;
    }
    read_on(u, tcp, written);
    uint64_t unread = written - u->read;
    if (!u->holds || unread + STEP_BYTES <= u->held_bytes) {
        u->came_ms = now_ms;
        u->held_bytes = unread;
        u->vain = unread <= u->share / 2 ? 0 : u->vain;
    }
    if (!u->holds) {
        raise_share(u, u->read - read_then, in_ms);
    } else if (is_done(u, now_ms)) {
        u->holds = false;
    }
    unread = written - u->read;
    u->limit = written + (unread < u->share ? u->share - unread : 0);
    if (!u->holds && u->limit < written + PIECE_BYTES) {
        u->holds = true;
        u->held_ms = now_ms;
        u->held_read = u->read;
        u->held_bytes = unread;
        u->came_ms = now_ms;
        u->tested_ms = 0;
    }
}

static bool tests(const struct weir_unread *u, int64_t now_ms)
{
    return u->tested_ms == 0 && now_ms - u->came_ms >= TEST_MS;
}

size_t weir_unread_room(const struct weir_unread *u, uint64_t written, int64_t now_ms)
{
    if (!u->holds) {
        return u->limit > written ? (size_t)(u->limit - written) : 0;
    }
    /* What is not acknowledged yet will bring word as well as a piece would. */
    if (u->acked < written || now_ms - u->written_ms < held_interval_ms(u, now_ms)) {
        return 0;
    }
    return tests(u, now_ms) ? LEAST_BYTES : PIECE_BYTES;
}

void weir_unread_wrote(struct weir_unread *u, int64_t now_ms)
{
    if (u->holds && tests(u, now_ms)) {
        u->tested_ms = now_ms;
        u->test_window = u->window;
    }
    u->written_ms = now_ms;
}

uint64_t weir_unread_bytes(const struct weir_unread *u, uint64_t written)
{
    return written - u->read;
}

int64_t weir_unread_age_ms(const struct weir_unread *u, uint64_t written)
{
    return u->rate > 0 ? (int64_t)((written - u->read) * 1000 / u->rate) : 0;
}
