/*
 * A source and its clients around a streaming server, in one thread: numbered and time-stamped
 * transport-stream packets are pushed at a rate (PUT), and every client checks what it gets. The
 * stamps travel in the packets, so how far a client is behind the source is read from the clock
 * that wrote them.
 *
 *     relay_load --to PORT --path /live --auth BASIC --rate B --fast N [--slow N --slow-rate B]
 *                [--slow-every MS] [--open N] [--warm S] [--seconds S] [--pid SERVER]
 *                [--samples FILE] [--http11]
 *
 * Fast clients read whatever is there; slow ones take their share every 100 ms. N clients are
 * opened every 5 ms. After the warm-up, for so many seconds, it measures; it prints one JSON
 * object. Linux, loopback.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TS 188
#define TS_HEADER "\x47\x01\x00\x10"
#define STAMP 20       /* 4 bytes of header, number, microseconds */
#define EVERY_US 5000  /* the source writes so often */
#define BUCKET_US 100  /* of an age */
#define BUCKETS 600000 /* a minute */

struct ages {
    uint64_t n, max_us;
    uint32_t *bucket;
    size_t top; /* bucket in use */
};

struct client {
    int fd;
    bool slow, asked, head_done, synced, gone;
    uint8_t head[STAMP];
    unsigned at; /* in a packet, or bytes of "\r\n\r\n" seen */
    int chunk_state;
    uint64_t chunk_left;
    uint64_t next; /* packet, + 1; 0: none yet */
    uint64_t bytes, gaps, missing;
};

static struct {
    int port, fast_n, slow_n, warm_s, seconds, pid, slow_every_ms, open_n;
    const char *path, *auth, *samples;
    int64_t rate, slow_rate;
    bool http11;
} opt = {.path = "/live",
    .auth = "",
    .warm_s = 3,
    .seconds = 20,
    .rate = 500000,
    .slow_every_ms = 100,
    .open_n = 2};

static struct client *clients;
static int clients_n, opened_n, asked_n, epoll_fd, source_fd;
static struct ages fast_all, slow_all, fast_now, slow_now;
static uint8_t scratch[256 * 1024];
static uint8_t *pending; /* of the source */
static size_t pending_len, pending_pos;
static uint64_t made, blocked_us, blocked_max_us, blocked_from_us, broken;
static bool measuring;
static uint64_t got_bytes;

static void die(const char *what)
{
    fprintf(stderr, "relay_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* ---- ages ---- */

static void age_add(struct ages *a, uint64_t us)
{
    size_t b = us / BUCKET_US < BUCKETS ? us / BUCKET_US : BUCKETS - 1;

    a->bucket[b]++;
    a->n++;
    a->max_us = us > a->max_us ? us : a->max_us;
    a->top = b > a->top ? b : a->top;
}

static double age_ms(const struct ages *a, double part)
{
    uint64_t want = (uint64_t)((double)a->n * part), sum = 0;

    for (size_t b = 0; a->n > 0 && b <= a->top; b++) {
        sum += a->bucket[b];
        if (sum >= want) {
            return (double)(b + 1) * BUCKET_US / 1000;
        }
    }
    return 0;
}

static void age_clear(struct ages *a)
{
    memset(a->bucket, 0, (a->top + 1) * sizeof *a->bucket);
    a->n = a->max_us = a->top = 0;
}

/* ---- what a client hears ---- */

static void hear_packet(struct client *c, uint64_t now)
{
    uint64_t number, stamp;

    memcpy(&number, c->head + 4, 8);
    memcpy(&stamp, c->head + 12, 8);
    if (c->head[0] != 0x47 || number + 1 <= c->next || number >= made) {
        broken++;
    } else if (c->next != 0 && number != c->next) {
        c->gaps++;
        c->missing += number - c->next;
    }
    c->next = number + 1;
    if (measuring) {
        age_add(c->slow ? &slow_all : &fast_all, now - stamp);
    }
    age_add(c->slow ? &slow_now : &fast_now, now - stamp);
}

/* Where the first packet begins: not every server knows of packets. */
static size_t skip_to_packet(struct client *c, const uint8_t *p, size_t n)
{
    size_t i = 0;

    while (!c->synced && i < n) {
        c->at = p[i] == (uint8_t)TS_HEADER[c->at] ? c->at + 1 : p[i] == 0x47;
        c->synced = c->at == 4;
        i++;
    }
    if (c->synced && i > 0) {
        memcpy(c->head, TS_HEADER, 4);
    }
    return i;
}

static void hear(struct client *c, const uint8_t *p, size_t n, uint64_t now)
{
    c->bytes += n;
    got_bytes += n;
    if (!c->synced) {
        size_t skip = skip_to_packet(c, p, n);
        p += skip;
        n -= skip;
    }
    while (n > 0) {
        size_t more = c->at < STAMP ? STAMP - c->at : TS - c->at;

        more = more < n ? more : n;
        if (c->at < STAMP) {
            memcpy(c->head + c->at, p, more);
        }
        c->at += (unsigned)more;
        p += more;
        n -= more;
        if (c->at == STAMP) {
            hear_packet(c, now);
        }
        c->at %= TS;
    }
}

/* The body in chunks: a line of hexadecimal, the data, an empty line. */
static void hear_chunks(struct client *c, const uint8_t *p, size_t n, uint64_t now)
{
    while (n > 0) {
        if (c->chunk_state == 2) { /* data */
            size_t more = n < c->chunk_left ? n : (size_t)c->chunk_left;
            hear(c, p, more, now);
            p += more;
            n -= more;
            c->chunk_left -= more;
            c->chunk_state = c->chunk_left == 0 ? 3 : 2;
            continue;
        }
        uint8_t b = *p++;
        n--;
        if (c->chunk_state == 3) { /* the line after it */
            c->chunk_state = b == '\n' ? 0 : 3;
        } else if (b == '\n') {
            c->chunk_state = 2;
        } else if (b != '\r') {
            c->chunk_left = c->chunk_left * 16 + (b <= '9' ? b - 48u : (b | 32) - 'a' + 10u);
        }
    }
}

static void body(struct client *c, const uint8_t *p, size_t n, uint64_t now)
{
    if (opt.http11) {
        hear_chunks(c, p, n, now);
    } else {
        hear(c, p, n, now);
    }
}

/* Read at most n bytes; false when there were less. */
static bool client_read(struct client *c, size_t n)
{
    ssize_t got = recv(c->fd, scratch, n < sizeof scratch ? n : sizeof scratch, 0);

    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (got <= 0) {
        c->gone = true;
        close(c->fd);
        return false;
    }
    uint64_t now = now_us();
    size_t at = 0;
    while (!c->head_done && at < (size_t)got) {
        c->at = scratch[at] == "\r\n\r\n"[c->at] ? c->at + 1 : scratch[at] == '\r';
        c->head_done = c->at == 4;
        c->at %= 4;
        at++;
    }
    body(c, scratch + at, (size_t)got - at, now);
    return (size_t)got == n;
}

/* ---- connections ---- */

static int connect_to(int flags)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)opt.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
    const int on = 1;

    if (fd < 0 ||
        (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)) {
        die("connect");
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void set_nonblocking(int fd)
{
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        die("fcntl");
    }
}

static void say(int fd, const char *text)
{
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) != (ssize_t)strlen(text)) {
        die("send");
    }
}

static void source_open(void)
{
    char text[512];
    char answer[512];

    source_fd = connect_to(0);
    (void)snprintf(text, sizeof text,
        "PUT %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %s\r\nContent-Type: "
        "video/mp2t\r\nExpect: 100-continue\r\nContent-Length: 1000000000000000\r\n\r\n",
        opt.path, opt.auth);
    say(source_fd, text);
    ssize_t n = recv(source_fd, answer, sizeof answer - 1, 0);
    answer[n > 0 ? n : 0] = '\0';
    if (strstr(answer, " 100 ") == NULL && strstr(answer, " 200 ") == NULL) {
        fprintf(stderr, "relay_load: the source is refused: %s\n", answer);
        exit(1);
    }
    set_nonblocking(source_fd);
}

static void source_send(uint64_t now)
{
    while (pending_pos < pending_len) {
        ssize_t n = send(source_fd, pending + pending_pos, pending_len - pending_pos, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            blocked_from_us = blocked_from_us == 0 ? now : blocked_from_us;
            return;
        }
        if (n < 0) {
            die("the source is cut off");
        }
        pending_pos += (size_t)n;
    }
    pending_pos = pending_len = 0;
    if (blocked_from_us != 0) {
        uint64_t us = now_us() - blocked_from_us;
        blocked_us += us;
        blocked_max_us = us > blocked_max_us ? us : blocked_max_us;
        blocked_from_us = 0;
    }
}

/* All packets that are due by now. */
static void source_make(uint64_t begun, uint64_t now)
{
    uint64_t due = (uint64_t)((double)(now - begun) / 1e6 * (double)opt.rate / TS);
    uint8_t packet[TS];

    if (pending_len > 0) {
        return; /* it is behind: what is due is made when it can be sent */
    }
    memset(packet, 0xff, sizeof packet);
    memcpy(packet, TS_HEADER, 4);
    memcpy(packet + 12, &now, 8);
    for (; made < due && pending_len + TS <= (1 << 20); made++) {
        memcpy(packet + 4, &made, 8);
        memcpy(pending + pending_len, packet, TS);
        pending_len += TS;
    }
}

/* A few more clients; a server's backlog may be short. */
static void clients_open(void)
{
    for (int i = 0; i < opt.open_n && opened_n < clients_n; i++) {
        struct client *c = &clients[opened_n];
        struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};

        c->fd = connect_to(SOCK_NONBLOCK);
        c->slow = opened_n++ >= opt.fast_n;
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
            die("epoll");
        }
    }
}

/* It is connected: ask. */
static void client_ask(struct client *c)
{
    char text[256];
    struct epoll_event ev = {.events = c->slow ? 0 : EPOLLIN, .data.ptr = c};

    (void)snprintf(text, sizeof text, "GET %s HTTP/1.%d\r\nHost: localhost\r\n\r\n", opt.path,
        opt.http11 ? 1 : 0);
    say(c->fd, text);
    c->asked = true;
    asked_n++;
    if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, c->fd, &ev) != 0) {
        die("epoll");
    }
}

/* ---- the server ---- */

struct usage {
    double cpu_s, rss_mb;
};

static struct usage server_usage(void)
{
    struct usage u = {0};
    char path[64], line[1024];
    unsigned long user, system;

    (void)snprintf(path, sizeof path, "/proc/%d/stat", opt.pid);
    FILE *f = opt.pid > 0 ? fopen(path, "r") : NULL;
    if (f != NULL && fgets(line, sizeof line, f) != NULL &&
        sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
            &user, &system) == 2) {
        u.cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    }
    if (f != NULL) {
        fclose(f);
    }
    (void)snprintf(path, sizeof path, "/proc/%d/statm", opt.pid);
    f = opt.pid > 0 ? fopen(path, "r") : NULL;
    if (f != NULL && fgets(line, sizeof line, f) != NULL && sscanf(line, "%*u %lu", &user) == 1) {
        u.rss_mb = (double)user * (double)sysconf(_SC_PAGESIZE) / 1e6;
    }
    if (f != NULL) {
        fclose(f);
    }
    return u;
}

/* ---- the run ---- */

static int gone(bool slow)
{
    int n = 0;
    for (int i = 0; i < clients_n; i++) {
        n += clients[i].slow == slow && clients[i].gone;
    }
    return n;
}

static void sample(FILE *to, double t)
{
    struct usage u = server_usage();

    if (to != NULL) {
        fprintf(to, "%.2f %.1f %.1f %.1f %.1f %.1f %d %d %.2f %.1f\n", t, age_ms(&fast_now, 0.5),
            age_ms(&fast_now, 0.99), (double)fast_now.max_us / 1000, age_ms(&slow_now, 0.5),
            (double)slow_now.max_us / 1000, gone(false), gone(true), u.cpu_s, u.rss_mb);
    }
    age_clear(&fast_now);
    age_clear(&slow_now);
}

static void slow_turn(uint64_t now, uint64_t *turn_us)
{
    size_t share = (size_t)(opt.slow_rate * opt.slow_every_ms / 1000);

    if (now < *turn_us) {
        return;
    }
    *turn_us += (uint64_t)opt.slow_every_ms * 1000;
    for (int i = opt.fast_n; i < clients_n; i++) {
        size_t left = share;
        while (clients[i].asked && !clients[i].gone && left > 0) {
            size_t n = left < sizeof scratch ? left : sizeof scratch;
            if (!client_read(&clients[i], n)) {
                break;
            }
            left -= n;
        }
    }
}

static void turn(uint64_t until, uint64_t now)
{
    struct epoll_event ev[256];
    int wait_ms = until > now ? (int)((until - now) / 1000) : 0;
    int n = epoll_wait(epoll_fd, ev, 256, wait_ms);

    for (int i = 0; i < n; i++) {
        struct client *c = ev[i].data.ptr;
        if (!c->asked) {
            client_ask(c);
            continue;
        }
        while (!c->gone && client_read(c, sizeof scratch)) {
        }
    }
}

static double sum(bool slow, char what)
{
    double all = 0;
    for (int i = 0; i < clients_n; i++) {
        const struct client *c = &clients[i];
        if (c->slow == slow) {
            all += what == 'g'   ? (double)c->gaps
                   : what == 'm' ? (double)c->missing
                                 : (double)c->bytes;
        }
    }
    return all;
}

static void run(FILE *samples)
{
    const struct usage alone = server_usage();
    struct usage from = {0};
    uint64_t from_bytes = 0, slow_from_bytes = 0, begun = now_us(), next = begun, slow_next = begun,
             second = begun, measure = UINT64_MAX, end = UINT64_MAX, now = begun;
    struct rusage own;

    while (now < end) {
        if (measure == UINT64_MAX && asked_n == clients_n) {
            measure = now + (uint64_t)opt.warm_s * 1000000;
            end = measure + (uint64_t)opt.seconds * 1000000;
        }
        if (!measuring && now >= measure) {
            measuring = true;
            from = server_usage();
            from_bytes = got_bytes;
            slow_from_bytes = (uint64_t)sum(true, 'b');
            blocked_us = blocked_max_us = 0;
        }
        if (now >= next) {
            source_make(begun, now);
            next += EVERY_US;
            clients_open();
        }
        source_send(now);
        slow_turn(now, &slow_next);
        if (now >= second) {
            sample(samples, (double)(now - begun) / 1e6);
            second += 500000;
        }
        turn(next, now);
        now = now_us();
    }
    struct usage to = server_usage();
    double mb = (double)(got_bytes - from_bytes) / 1e6;
    getrusage(RUSAGE_SELF, &own);
    printf(
        "{\"fast\": %d, \"slow\": %d, \"rate\": %" PRId64 ", \"seconds\": %d, \"mb_sent\": %.1f, "
        "\"cpu_s\": %.2f, \"cpu_ms_per_mb\": %.3f, \"rss_mb\": %.1f, \"rss_alone_mb\": %.1f, "
        "\"fast_p50_ms\": %.1f, "
        "\"fast_p99_ms\": %.1f, \"fast_max_ms\": %.1f, \"fast_gaps\": %.0f, \"fast_gone\": %d, "
        "\"slow_p50_ms\": %.1f, \"slow_p99_ms\": %.1f, \"slow_max_ms\": %.1f, \"slow_gaps\": %.0f, "
        "\"slow_missing\": %.0f, \"slow_gone\": %d, \"slow_mb\": %.1f, \"source_blocked_ms\": "
        "%.1f, "
        "\"source_blocked_max_ms\": %.1f, \"broken\": %" PRIu64 ", \"load_cpu_s\": %.2f}\n",
        opt.fast_n, opt.slow_n, opt.rate, opt.seconds, mb, to.cpu_s - from.cpu_s,
        (to.cpu_s - from.cpu_s) * 1000 / mb, to.rss_mb, alone.rss_mb, age_ms(&fast_all, 0.5),
        age_ms(&fast_all, 0.99), (double)fast_all.max_us / 1000, sum(false, 'g'), gone(false),
        age_ms(&slow_all, 0.5), age_ms(&slow_all, 0.99), (double)slow_all.max_us / 1000,
        sum(true, 'g'), sum(true, 'm'), gone(true),
        (sum(true, 'b') - (double)slow_from_bytes) / 1e6, (double)blocked_us / 1000,
        (double)blocked_max_us / 1000, broken,
        (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
            (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6);
}

static void options(int argc, char **argv)
{
    static const struct option known[] = {{"to", 1, NULL, 't'}, {"path", 1, NULL, 'p'},
        {"auth", 1, NULL, 'a'}, {"rate", 1, NULL, 'r'}, {"fast", 1, NULL, 'f'},
        {"slow", 1, NULL, 's'}, {"slow-rate", 1, NULL, 'S'}, {"warm", 1, NULL, 'w'},
        {"seconds", 1, NULL, 'n'}, {"pid", 1, NULL, 'P'}, {"samples", 1, NULL, 'o'},
        {"slow-every", 1, NULL, 'e'}, {"open", 1, NULL, 'O'}, {"http11", 0, NULL, '1'}, {0}};

    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 't':
            opt.port = (int)strtol(optarg, NULL, 10);
            break;
        case 'p':
            opt.path = optarg;
            break;
        case 'a':
            opt.auth = optarg;
            break;
        case 'r':
            opt.rate = strtoll(optarg, NULL, 10);
            break;
        case 'f':
            opt.fast_n = (int)strtol(optarg, NULL, 10);
            break;
        case 's':
            opt.slow_n = (int)strtol(optarg, NULL, 10);
            break;
        case 'S':
            opt.slow_rate = strtoll(optarg, NULL, 10);
            break;
        case 'w':
            opt.warm_s = (int)strtol(optarg, NULL, 10);
            break;
        case 'n':
            opt.seconds = (int)strtol(optarg, NULL, 10);
            break;
        case 'P':
            opt.pid = (int)strtol(optarg, NULL, 10);
            break;
        case 'o':
            opt.samples = optarg;
            break;
        case 'e':
            opt.slow_every_ms = (int)strtol(optarg, NULL, 10);
            break;
        case 'O':
            opt.open_n = (int)strtol(optarg, NULL, 10);
            break;
        case '1':
            opt.http11 = true;
            break;
        default:
            exit(2);
        }
    }
    clients_n = opt.fast_n + opt.slow_n;
}

int main(int argc, char **argv)
{
    struct ages *all[] = {&fast_all, &slow_all, &fast_now, &slow_now};
    struct rlimit files;

    options(argc, argv);
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        all[i]->bucket = calloc(BUCKETS, sizeof *all[i]->bucket);
    }
    clients = calloc((size_t)clients_n + 1, sizeof *clients);
    pending = malloc(1 << 20);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    FILE *samples = opt.samples != NULL ? fopen(opt.samples, "w") : NULL;
    source_open();
    run(samples);
    if (samples != NULL) {
        fclose(samples);
    }
    return 0;
}
