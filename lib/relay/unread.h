#ifndef WEIR_RELAY_UNREAD_H
#define WEIR_RELAY_UNREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was written to a client's socket and not yet read by the client: in our kernel's send
 * buffer, on the way, and in the receive buffer of its machine. A client of 50 kB/s that is sent
 * what the kernels take has five seconds in them, and reads data as old as that for ever, however
 * soon the ring lets go of it. So there is a number of bytes that may be unread, its share; when
 * they are, the client is held back until it has read half of them. What that took sets the share
 * anew: as much as it reads in a second or so. Who reads all that there is, but seldom, reads the
 * faster the more it finds, so its share grows until that is enough; hardly beyond what the source
 * sends in that second, which is all that such a reader can want.
 *
 * How far the client has come, TCP knows: what was acknowledged, less what the receive window lacks
 * of its largest. It knows it late: a machine gives memory back when a whole block is read, and
 * tells its window with what it acknowledges. So who is held back gets a small piece now and then,
 * which brings word. And it does not know for certain how large the window is at its largest, so
 * that a client may seem to leave unread what it has read: it then reads these pieces, too, the
 * window stays as it is, and that is its largest.
 *
 * Functions of their arguments; only weir_unread_ask asks the kernel.
 */
struct weir_unread {
    int64_t most_ms;
    uint64_t source_rate; /* bytes a second; 0: not known */
    int64_t looked_ms, written_ms;
    uint64_t written, acked, read; /* at the last look; read: of what was written */
    uint64_t limit;                /* more may be written until then */
    uint64_t share, rate;          /* rate: at which it last read, bytes a second; 0: not known */
    int64_t since_ms;              /* a second's begin, while it is not held back, */
    uint64_t since_read;           /* ... and what it had read then */
    uint64_t last_rate;            /* in the one before */
    uint32_t window, window_max, rtt_us;
    bool guessed;       /* window_max */
    int64_t sounded_ms; /* it was seen at its largest, */
    int64_t sound_ms;   /* ... and is to be so long after that */
    uint32_t sounded_window;
    int64_t bottom_ms; /* it is as it is since then, */
    uint32_t bottom;   /* ... and so large */
    bool holds;        /* and then: */
    int64_t held_ms;
    uint64_t held_read;   /* at that time */
    int64_t half_ms;      /* half of the share was read then, 0: not yet; */
    uint64_t half_read;   /* ... that is, up to here */
    uint64_t held_bytes;  /* the least that was unread since */
    int64_t tested_ms;    /* 0: not yet, -1: with an answer */
    uint32_t test_window; /* before it, */
    uint64_t test_acked;  /* ... and so many bytes */
    int64_t came_ms;      /* the last time that became less */
    unsigned vain;        /* chances it has got since */
};

/* Of an age that data may have, the part (a quarter) that is for what is not known exactly. */
#define WEIR_UNREAD_UNSURE 4

/* What TCP knows about a connection. */
struct weir_unread_tcp {
    uint64_t acked; /* bytes that the peer's machine has */
    uint32_t window, rtt_us;
    bool gone; /* reset, or given up by TCP */
};

/** weir_unread_ask: ask the kernel. False where it does not tell. */
bool weir_unread_ask(int fd, struct weir_unread_tcp *ret);

/** weir_unread_begin: a client whose socket has not taken anything yet; what is unread may be worth
 *  most_ms of its time. source_rate: of what it is sent, bytes a second; 0: not known. */
void weir_unread_begin(
    struct weir_unread *u, int64_t most_ms, uint64_t source_rate, int64_t now_ms);

/** weir_unread_source: that rate has changed. */
void weir_unread_source(struct weir_unread *u, uint64_t rate);

/** weir_unread_due: whether it is time to look, before more is written. */
bool weir_unread_due(const struct weir_unread *u, uint64_t written, int64_t now_ms);

/** weir_unread_look: take in what TCP knows; tcp NULL: it does not tell, then nothing is held back.
 */
void weir_unread_look(
    struct weir_unread *u, const struct weir_unread_tcp *tcp, uint64_t written, int64_t now_ms);

/** weir_unread_room: how many bytes may be written now; 0: hold back. */
size_t weir_unread_room(const struct weir_unread *u, uint64_t written, int64_t now_ms);

/** weir_unread_wrote: something was written. */
void weir_unread_wrote(struct weir_unread *u, int64_t now_ms);

/** weir_unread_bytes: what the client has not read, as far as one can know. */
uint64_t weir_unread_bytes(const struct weir_unread *u, uint64_t written);

/** weir_unread_age_ms: how long the client takes to read these, at the rate at which it reads. */
int64_t weir_unread_age_ms(const struct weir_unread *u, uint64_t written);

/** weir_unread_wait_ms: how long the first of n bytes that are written now may have waited before,
 *  so that none of them is older than age_max_ms when the client reads it; at least 1. */
int64_t weir_unread_wait_ms(
    const struct weir_unread *u, uint64_t written, uint64_t n, int64_t age_max_ms);

#endif
