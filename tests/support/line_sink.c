#include "tests/support/line_sink.h"
#include "tests/support/rnd.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CONNECTIONS_MAX 4096
#define TO_THE_END (-1) /* of poll's wait: the peer's, or the test's */

enum manner {
    GOOD,
    SLOW,       /* small reads, with pauses */
    RESET,      /* after some bytes, by a reset */
    UNREAD,     /* closes in an orderly way, with bytes still to come or unread */
    NEVER,      /* does not read */
    AT_ONCE,    /* closes before anything has come */
    HALF,       /* closes its own direction at once and reads on */
    PARTIAL,    /* Lumberjack: answers for a part, then is gone */
    KEEP_ALIVE, /* Lumberjack: says that it is at work, then answers */
    MANNERS
};

struct connection {
    struct line_sink *sink;
    pthread_t thread;
    int fd;
    uint64_t seed;
    enum manner manner;
};

struct line_sink {
    struct line_sink_opts opts;
    int listener, stop[2];
    char port[8];
    pthread_t thread;
    pthread_mutex_t lock;
    unsigned *read; /* of each line */
    size_t connections_n;
    struct connection connections[CONNECTIONS_MAX];
};

/* Wait for bytes, the peer's going away, or the end of the test (false). */
static bool wait_for(const struct connection *c, short events, int ms)
{
    struct pollfd p[2] = {
        {.fd = c->fd, .events = events}, {.fd = c->sink->stop[0], .events = POLLIN}};

    /* HALF has said goodbye and does its duty all the same: what it was sent before the end of the
     * test it reads. That nobody could tell from a close. */
    return poll(p, c->manner == HALF ? 1 : 2, ms) > 0 && p[1].revents == 0;
}

static void note(struct line_sink *s, const uint8_t *line, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len && line[i] >= '0' && line[i] <= '9'; i++) {
        n = n * 10 + (size_t)(line[i] - '0');
    }
    pthread_mutex_lock(&s->lock);
    if (n < s->opts.lines) {
        s->read[n]++;
    }
    pthread_mutex_unlock(&s->lock);
}

static ptrdiff_t get(struct connection *c, uint8_t *to, size_t n)
{
    if (c->manner == SLOW) {
        n = n < 700 ? n : 1 + rnd_of(&c->seed, 700);
        if (rnd_of(&c->seed, 50) == 0) {
            (void)wait_for(c, 0, 1);
        }
    }
    return wait_for(c, POLLIN, TO_THE_END) ? recv(c->fd, to, n, 0) : -1;
}

static void reset(int fd)
{
    const struct linger now = {.l_onoff = 1};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

/* Lines to the end, or to `most` bytes. */
static void read_lines(struct connection *c, size_t most)
{
    uint8_t bytes[16384], line[64];
    size_t at = 0, in_line = 0;
    ptrdiff_t n;

    while (
        at < most && (n = get(c, bytes, most - at < sizeof bytes ? most - at : sizeof bytes)) > 0) {
        for (ptrdiff_t i = 0; i < n; i++) {
            if (bytes[i] == '\n') {
                note(c->sink, line, in_line < sizeof line ? in_line : sizeof line);
                in_line = 0;
            } else {
                if (in_line < sizeof line) {
                    line[in_line] = bytes[i];
                }
                in_line++;
            }
        }
        at += (size_t)n;
    }
}

static bool get_all(struct connection *c, uint8_t *to, size_t n)
{
    for (size_t at = 0; at < n;) {
        ptrdiff_t got = get(c, to + at, n - at);
        if (got <= 0) {
            return false;
        }
        at += (size_t)got;
    }
    return true;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static bool answer(const struct connection *c, uint32_t seq)
{
    const uint8_t a[6] = {
        '2', 'A', (uint8_t)(seq >> 24), (uint8_t)(seq >> 16), (uint8_t)(seq >> 8), (uint8_t)seq};

    return send(c->fd, a, sizeof a, MSG_NOSIGNAL) == (ssize_t)sizeof a;
}

/* Windows of events to the end, or to `most` events. An event is noted before it is answered for.
 */
static void read_events(struct connection *c, size_t most)
{
    static const size_t room = 1 << 16;
    uint8_t head[10], *json = malloc(room);
    size_t events = 0;

    while (json != NULL && get_all(c, head, 6) && head[0] == '2' && head[1] == 'W') {
        const uint32_t count = u32(head + 2);
        for (uint32_t i = 1; i <= count; i++) {
            if (events++ >= most || !get_all(c, head, 10) || head[0] != '2' || head[1] != 'J' ||
                u32(head + 2) != i || u32(head + 6) > room || !get_all(c, json, u32(head + 6))) {
                goto out;
            }
            note(c->sink, json, u32(head + 6));
            if (c->manner == PARTIAL && rnd_of(&c->seed, 20) == 0 && i < count) {
                (void)answer(c, i);
                if (rnd_of(&c->seed, 4) == 0) {
                    goto out;
                }
            }
            if (c->manner == KEEP_ALIVE && rnd_of(&c->seed, 20) == 0) {
                (void)answer(c, 0);
            }
        }
        if (!answer(c, count)) {
            break;
        }
    }
out:
    free(json);
}

static void read_some(struct connection *c, size_t most)
{
    if (c->sink->opts.lumberjack) {
        read_events(c, most == SIZE_MAX ? most : most / 100);
    } else {
        read_lines(c, most);
    }
}

static void *serve(void *arg)
{
    struct connection *c = arg;

    switch (c->manner) {
    case RESET:
        read_some(c, rnd_of(&c->seed, 300000));
        reset(c->fd);
        break;
    case UNREAD:
        read_some(c, rnd_of(&c->seed, 300000));
        break;
    case NEVER:
        (void)wait_for(c, POLLRDHUP, TO_THE_END);
        break;
    case AT_ONCE:
        break;
    case HALF:
        (void)shutdown(c->fd, SHUT_WR);
        read_some(c, SIZE_MAX);
        break;
    default:
        read_some(c, SIZE_MAX);
        break;
    }
    close(c->fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    struct line_sink *s = arg;
    uint64_t seed = s->opts.seed;
    struct pollfd p[2] = {
        {.fd = s->listener, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};

    while (poll(p, 2, -1) > 0 && p[1].revents == 0 && s->connections_n < CONNECTIONS_MAX) {
        const bool bad = s->connections_n < s->opts.bad;
        if (bad && rnd_of(&seed, 4) == 0) { /* accepts late */
            (void)poll(&p[1], 1, (int)rnd_of(&seed, 20));
        }
        struct connection *c = &s->connections[s->connections_n];
        *c = (struct connection){.sink = s, .fd = accept(s->listener, NULL, NULL)};
        if (c->fd == -1) {
            continue;
        }
        c->seed = rnd_of(&seed, UINT32_MAX);
        c->manner = bad ? (enum manner)rnd_of(&seed, MANNERS) : GOOD;
        if (pthread_create(&c->thread, NULL, serve, c) != 0) {
            close(c->fd);
            continue;
        }
        s->connections_n++;
    }
    return NULL;
}

struct line_sink *line_sink_start(const struct line_sink_opts *opts)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct line_sink *s = calloc(1, sizeof *s);
    socklen_t n = sizeof at;
    const int on = 1;

    assert_non_null(s);
    s->opts = *opts;
    s->read = calloc(opts->lines + 1, sizeof *s->read);
    assert_non_null(s->read);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_not_equal(s->listener, -1);
    (void)setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(s->listener, 64), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
    (void)snprintf(s->port, sizeof s->port, "%d", ntohs(at.sin_port));
    assert_int_equal(pipe(s->stop), 0);
    pthread_mutex_init(&s->lock, NULL);
    assert_int_equal(pthread_create(&s->thread, NULL, accept_all, s), 0);
    return s;
}

const char *line_sink_port(const struct line_sink *s)
{
    return s->port;
}

const unsigned *line_sink_stop(struct line_sink *s)
{
    assert_int_equal(write(s->stop[1], "x", 1), 1);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->connections_n; i++) {
        pthread_join(s->connections[i].thread, NULL);
    }
    close(s->listener);
    close(s->stop[0]);
    close(s->stop[1]);
    pthread_mutex_destroy(&s->lock);
    return s->read;
}

void line_sink_free(struct line_sink *s)
{
    free(s->read);
    free(s);
}
