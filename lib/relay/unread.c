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
#define SHARE_BYTES (64 * WEIR_KIB) /* the first share; of a fast source more: */
#define SHARE_PART 40               /* ... as much as it sends in a second, divided by this */
#define SLOW_PART 10 /* who is held back and has shown no rate is taken to read a tenth of it */
#define LEAST_BYTES (8 * WEIR_KIB) /* the least; this much is never too much */
/* What a window is taken to be until it is known: it begins at half of that on most machines, and
 * opens while the first bytes come, though nobody reads them. */
#define WINDOW_BYTES (128 * WEIR_KIB)
#define SECOND_MS 1000
#define SLOW_MS 300 /* who takes so long for half a share is slow, or pauses */
/* Between two looks for the window at its largest, when it is to stay as it is for BOTTOM_MS; the
 * time between doubles as long as it is the same. */
#define SOUND_MS 4000
#define SOUND_MAX_MS 64000
#define BOTTOM_MS 120
#define SURE_MS 200     /* a measurement of a rate that took so long is no accident */
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

void weir_unread_begin(struct weir_unread *u, int64_t most_ms, uint64_t source_rate, int64_t now_ms)
{
    uint64_t part = source_rate / SHARE_PART, share = part > SHARE_BYTES ? part : SHARE_BYTES;

    *u = (struct weir_unread){
        .most_ms = most_ms,
        .source_rate = source_rate,
        .looked_ms = now_ms,
        .written_ms = now_ms,
        .came_ms = now_ms,
        .since_ms = now_ms,
        .sounded_ms = now_ms - SOUND_MS,
        .sound_ms = SOUND_MS,
        .share = share,
        .limit = share,
        .window_max = WINDOW_BYTES,
        .guessed = true,
    };
}

void weir_unread_source(struct weir_unread *u, uint64_t rate)
{
    u->source_rate = rate;
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

static int64_t time_of(uint64_t bytes, uint64_t rate)
{
    return rate > 0 ? (int64_t)(bytes * 1000 / rate) : 0;
}

/* What a reader of this rate may have unread. A quarter more than the source sends, for who reads
 * as fast as that: some of it is not really unread, but looks so. */
static uint64_t worth(const struct weir_unread *u, uint64_t rate)
{
    uint64_t most = u->source_rate + u->source_rate / 4;

    rate = most > 0 && most < rate ? most : rate;
    return rate * (uint64_t)(u->most_ms + u->rtt_us / 1000) / 1000;
}

/* It has read half of its share: how fast? The next share is twice or half of this one at most,
 * because one time may mean little; a long one means more. */
static void set_share(struct weir_unread *u)
{
    int64_t in_ms = u->half_ms > u->held_ms ? u->half_ms - u->held_ms : 1;
    uint64_t times = in_ms >= SURE_MS ? 4 : 2;

    u->rate = (u->half_read - u->held_read) * 1000 / (uint64_t)in_ms;
    uint64_t share = worth(u, u->rate);

    share = share < times * u->share ? share : times * u->share;
    share = share > u->share / 2 ? share : u->share / 2;
    u->share = share > LEAST_BYTES ? share : LEAST_BYTES;
}

/* Who is not held back has its share looked at every second, so that it may pause. Where it has
 * left nothing unread, it could have read faster. */
static void review_share(struct weir_unread *u, uint64_t unread, int64_t now_ms)
{
    int64_t in_ms = now_ms - u->since_ms;
    uint64_t came = u->read - u->since_read;

    if (in_ms < SECOND_MS) {
        return;
    }
    u->since_ms = now_ms;
    u->since_read = u->read;
    if (came < LEAST_BYTES) {
        return; /* that says little */
    }
    uint64_t rate = came * 1000 / (uint64_t)in_ms, last = u->last_rate;

    u->last_rate = rate;
    rate = rate > last ? rate : last; /* a pause may lie in one of the two */
    uint64_t share = worth(u, rate);

    share = share < 4 * u->share ? share : 4 * u->share;
    share = share > u->share - u->share / 8 ? share : u->share - u->share / 8;
    bool faster = unread < LEAST_BYTES;
    u->share = share > u->share || !faster ? share : u->share;
    u->rate = rate > u->rate || !faster ? rate : u->rate;
}

/* The window is as large as it was the last time: the next time may be later. */
static void sounded(struct weir_unread *u, int64_t now_ms)
{
    bool same = u->window <= u->sounded_window + STEP_BYTES;

    u->sound_ms = !same ? SOUND_MS : u->sound_ms < SOUND_MAX_MS ? 2 * u->sound_ms : SOUND_MAX_MS;
    u->sounded_ms = now_ms;
    u->sounded_window = u->window;
}

static void begin_anew(struct weir_unread *u, int64_t now_ms)
{
    sounded(u, now_ms);
    u->window_max = u->window;
    u->guessed = false;
    u->read = u->acked;
}

/* The window at its largest shows when nothing is left unread, and who is never without something
 * to read never shows it. So from time to time a client is let down to the bottom: until nothing
 * seems to be left, and the window opens no further. */
static bool is_sounded(struct weir_unread *u, int64_t now_ms)
{
    if (now_ms - u->sounded_ms < u->sound_ms) {
        return true;
    }
    if (u->written - u->read > STEP_BYTES || u->window > u->bottom) {
        u->bottom = u->window;
        u->bottom_ms = now_ms;
        return false;
    }
    if (now_ms - u->bottom_ms < BOTTOM_MS) {
        return false;
    }
    sounded(u, now_ms);
    return true;
}

/* Of who is held back, with all that was written at its machine: is there anything unread? True:
 * it may go on. */
static bool is_done(struct weir_unread *u, int64_t now_ms)
{
    if (u->written - u->read <= u->share / 2) {
        if (u->half_ms == 0) {
            u->half_ms = now_ms;
            u->half_read = u->read;
        }
        /* Who reads fast is not to wait for that. */
        if (u->half_ms - u->held_ms < SLOW_MS || is_sounded(u, now_ms)) {
            set_share(u);
            return true;
        }
    }
    if (u->acked < u->written) {
        return false;
    }
    if (u->tested_ms > 0 && now_ms - u->tested_ms >= TESTED_MS &&
        u->acked - u->test_acked >= 2 * STEP_BYTES) {
        bool shows = u->window + STEP_BYTES < u->test_window;
        bool others_read = u->window > u->test_window + STEP_BYTES;

        u->tested_ms = others_read ? 0 : -1; /* it hides in what came of reading something else */
        if (!shows && !others_read) {
            begin_anew(u, now_ms); /* it was read, and so, all before it */
            return true;
        }
    }
    if (now_ms - u->came_ms >= (u->guessed ? FIRST_VAIN_MS : VAIN_MS)) {
        begin_anew(u, now_ms); /* every time with a larger share */
        u->share = u->share / 4 > LEAST_BYTES << u->vain ? u->share / 4 : LEAST_BYTES << u->vain;
        u->vain += u->vain < 4;
        return true;
    }
    return false;
}

void weir_unread_look(
    struct weir_unread *u, const struct weir_unread_tcp *tcp, uint64_t written, int64_t now_ms)
{
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
        review_share(u, unread, now_ms);
    } else if (is_done(u, now_ms)) {
        u->holds = false;
        u->since_ms = now_ms;
        u->since_read = u->read;
    }
    unread = written - u->read;
    u->limit = written + (unread < u->share ? u->share - unread : 0);
    if (!u->holds && u->limit < written + PIECE_BYTES) {
        u->holds = true;
        u->bottom = 0;
        u->half_ms = 0;
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
        u->test_acked = u->acked;
    }
    u->written_ms = now_ms;
}

uint64_t weir_unread_bytes(const struct weir_unread *u, uint64_t written)
{
    return written - u->read;
}

int64_t weir_unread_age_ms(const struct weir_unread *u, uint64_t written)
{
    /* Of who is not held back, what was written since the last look is as good as read. */
    return time_of((u->holds ? written : u->written) - u->read, u->rate);
}

int64_t weir_unread_wait_ms(
    const struct weir_unread *u, uint64_t written, uint64_t n, int64_t age_max_ms)
{
    uint64_t rate = u->rate > 0 || !u->holds ? u->rate : u->source_rate / SLOW_PART;
    int64_t unread_ms = time_of(written - u->read, rate);
    /* The last of them is read so much later than the first, and was made so much later. */
    int64_t more_ms = time_of(n, rate) - time_of(n, u->source_rate);

    unread_ms += more_ms > 0 ? more_ms : 0;
    if (u->rate == 0 && unread_ms > u->most_ms) {
        unread_ms = u->most_ms; /* it is but a guess */
    }
    int64_t ms = age_max_ms - age_max_ms / WEIR_UNREAD_UNSURE - unread_ms;
    return ms > 1 ? ms : 1;
}
