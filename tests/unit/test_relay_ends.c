/*
 * How does it end when it does not end well: a source that cannot be read any more, answers that
 * nobody takes, a socket that cannot be watched? One relay in this process, clients beside it.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "relay/priv.h"
#include "tests/support/canned_http.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

/* libuv's, unless it is to fail. */
static bool refuse_to_watch;

int uv_poll_init(uv_loop_t *loop, uv_poll_t *handle, int fd)
{
    static int (*libuvs)(uv_loop_t *, uv_poll_t *, int);

    *(void **)&libuvs = dlsym(RTLD_NEXT, "uv_poll_init");
    return refuse_to_watch ? UV_ENOSPC : libuvs(loop, handle, fd);
}

static struct weir_log quiet = {.fd = -1, .level = WEIR_LOG_ERROR};

static const struct weir_relay_source_opts a_source = {
    .name = "live",
    .url = "-",
    .stall_ms = 10000,
    .leaky = {.ring_bytes = 65536, .unit = WEIR_LEAKY_BYTES},
    .clients_max = 1000,
};

static struct weir_relay *relay_new(struct weir_loop *loop,
    const struct weir_relay_source_opts *sources, size_t n, struct weir_err *err)
{
    static struct weir_relay_opts opts;

    opts = (struct weir_relay_opts){
        .listen = "127.0.0.1:0", .sources = sources, .sources_n = n, .log = &quiet};
    return weir_relay_new(loop, &opts, err);
}

static void step(struct weir_loop *loop, int64_t ms)
{
    struct weir_err err = {0};

    if (weir_loop_step(loop, weir_clock_mono_ms() + ms, &err) != 0) {
        fail_msg("%s", err.msg);
    }
}

static const int little = 4096; /* of a socket's buffers */

static int come(const struct weir_relay *relay)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)weir_relay_port(relay)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0); /* the backlog */
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void say(int fd, const char *path)
{
    char text[128];
    int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);

    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
}

static int ask(const struct weir_relay *relay, const char *path)
{
    int fd = come(relay);

    say(fd, path);
    return fd;
}

/* What it is told, to the end of its connection, or as much as ret has room for. */
static size_t told(struct weir_loop *loop, int fd, char *ret, size_t size)
{
    const int64_t until = weir_clock_mono_ms() + 120000;
    size_t n = 0;

    for (;;) {
        ssize_t got = recv(fd, ret + n, size - 1 - n, 0);
        assert_true(got >= 0 || errno == EAGAIN);
        n += got > 0 ? (size_t)got : 0;
        if (got == 0 || n == size - 1) {
            break;
        }
        assert_true(weir_clock_mono_ms() < until);
        step(loop, 10);
    }
    ret[n] = '\0';
    return n;
}

static struct weir_loop *loop_new(void)
{
    struct weir_err err = {0};
    struct weir_loop *loop = weir_loop_new(&err);

    assert_non_null(loop);
    return loop;
}

/* ---- sources ---- */

/* A terminal whose other side has gone gives what was written, and then EIO. */
static int terminal_that_breaks_after(const char *text)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;

    assert_true(master >= 0);
    assert_int_equal(grantpt(master), 0);
    assert_int_equal(unlockpt(master), 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(slave >= 0);
    assert_int_equal(tcgetattr(slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    assert_int_equal(write(slave, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(slave);
    return master;
}

static void a_source_that_cannot_be_read_any_more_is_no_end(void **state)
{
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    char text[1024];
    int in = dup(STDIN_FILENO), terminal = terminal_that_breaks_after("what there is");

    (void)state;
    assert_int_equal(dup2(terminal, STDIN_FILENO), STDIN_FILENO);
    struct weir_relay *relay = relay_new(loop, &a_source, 1, &err);
    assert_non_null(relay);
    assert_false(weir_relay_failed(relay, &err));
    int fd = ask(relay, "/live");
    told(loop, fd, text, sizeof text);
    const char *body = strstr(text, "\r\n\r\n");
    assert_non_null(body);
    assert_string_equal(body + 4, "d\r\nwhat there is\r\n"); /* and no last chunk */
    assert_true(weir_relay_failed(relay, &err));
    assert_int_equal(err.code, WEIR_E_IO);
    assert_int_equal(err.detail, EIO);
    assert_non_null(strstr(err.msg, "live"));
    (void)close(fd);
    weir_relay_free(relay);
    weir_loop_free(loop);
    assert_int_equal(dup2(in, STDIN_FILENO), STDIN_FILENO);
    (void)close(in);
    (void)close(terminal);
}

static void a_source_that_has_vanished_before_anybody_came_is_told(void **state)
{
    char path[] = "/tmp/test_relay_ends.XXXXXX", url[64], text[1024];
    struct weir_relay_source_opts gone = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    int file = mkstemp(path);

    (void)state;
    assert_true(file >= 0);
    (void)close(file);
    (void)snprintf(url, sizeof url, "file:%s", path);
    gone.url = url;
    gone.rate_bytes = 1000;
    struct weir_relay *relay = relay_new(loop, &gone, 1, &err);
    assert_non_null(relay);
    assert_int_equal(unlink(path), 0);
    int fd = ask(relay, "/live");
    told(loop, fd, text, sizeof text);
    assert_non_null(strstr(text, "HTTP/1.1 502 "));
    assert_true(weir_relay_failed(relay, &err));
    assert_int_equal(err.detail, ENOENT);
    (void)close(fd);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

static void stdin_is_one_source(void **state)
{
    struct weir_relay_source_opts two[] = {a_source, a_source};
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};

    (void)state;
    two[1].name = "other";
    assert_null(relay_new(loop, two, 2, &err));
    assert_int_equal(err.code, WEIR_E_CONFIG);
    assert_non_null(strstr(err.msg, "stdin"));
    weir_loop_free(loop);
}

static void a_socket_that_cannot_be_watched_is_an_error(void **state)
{
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};

    (void)state;
    refuse_to_watch = true;
    assert_null(relay_new(loop, &a_source, 1, &err));
    refuse_to_watch = false;
    assert_int_equal(err.code, WEIR_E_IO);
    assert_non_null(strstr(err.msg, "127.0.0.1:0"));
    weir_loop_free(loop);
}

static void all_addresses_are_those_of_ipv6_too(void **state)
{
    struct weir_relay_source_opts push = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    char text[1024];

    (void)state;
    push.url = "push:";
    const struct weir_relay_opts opts = {
        .listen = ":0", .sources = &push, .sources_n = 1, .log = &quiet};
    struct weir_relay *relay = weir_relay_new(loop, &opts, &err);
    assert_non_null(relay);
    const struct sockaddr_in6 to = {.sin6_family = AF_INET6,
        .sin6_port = htons((uint16_t)weir_relay_port(relay)),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ||
                       errno != EADDRNOTAVAIL)) { /* else this machine has none */
        assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
        say(fd, "/metrics");
        told(loop, fd, text, sizeof text);
        assert_memory_equal(text, "HTTP/1.1 200", 12);
    }
    (void)close(fd);
    fd = ask(relay, "/metrics"); /* from 127.0.0.1 */
    told(loop, fd, text, sizeof text);
    assert_memory_equal(text, "HTTP/1.1 200", 12);
    (void)close(fd);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

static void who_is_one_too_many_is_turned_away_and_the_log_says_so(void **state)
{
    struct weir_relay_source_opts push = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    char text[1024];
    int log[2];

    (void)state;
    assert_int_equal(pipe(log), 0);
    struct weir_log to_pipe = {.fd = log[1], .level = WEIR_LOG_WARN};
    push.url = "push:";
    const struct weir_relay_opts opts = {
        .listen = "127.0.0.1:0", .sources = &push, .sources_n = 1, .log = &to_pipe};
    struct weir_relay *relay = weir_relay_new(loop, &opts, &err);
    assert_non_null(relay);
    relay->conns_n = WEIR_RELAY_CONNECTIONS_MAX; /* as if they were there */
    for (int i = 0; i < 2; i++) {
        int fd = come(relay);
        assert_int_equal(told(loop, fd, text, sizeof text), 0);
        (void)close(fd);
    }
    relay->conns_n = 0;
    ssize_t n = read(log[0], text, sizeof text - 1);
    assert_true(n > 0);
    text[n] = '\0';
    assert_non_null(strstr(text, "turned away"));
    weir_relay_free(relay);
    weir_loop_free(loop);
    (void)close(log[0]);
    (void)close(log[1]);
}

/* ---- clients and encoders ---- */

/* Until the newest connection is there, and in that state. */
static struct weir_conn *newest(
    struct weir_loop *loop, const struct weir_relay *relay, enum weir_conn_state state)
{
    const int64_t until = weir_clock_mono_ms() + 120000;

    while (relay->conns == NULL || relay->conns->state != state) {
        assert_true(weir_clock_mono_ms() < until);
        step(loop, 10);
    }
    return relay->conns;
}

/* It is told so much, and then its connection ends, whether it ends its side or not. */
static void expect_told(
    struct weir_loop *loop, const struct weir_relay *relay, int fd, const char *status)
{
    char text[1024];

    told(loop, fd, text, sizeof text);
    assert_memory_equal(text, status, strlen(status));
    struct weir_conn *c = newest(loop, relay, WEIR_CONN_LINGER);
    weir_conn_second(c, c->moved_ms + WEIR_RELAY_LINGER_CLOSE_MS - 1);
    assert_int_equal(c->state, WEIR_CONN_LINGER);
    weir_conn_second(c, c->moved_ms + WEIR_RELAY_LINGER_CLOSE_MS);
    while (relay->conns != NULL) {
        step(loop, 10);
    }
    (void)close(fd);
}

static int put(const struct weir_relay *relay, const char *headers, const char *body)
{
    char text[256];
    int fd = come(relay);
    int n = snprintf(text, sizeof text, "PUT /live HTTP/1.1\r\nAuthorization: Bearer t\r\n%s\r\n%s",
        headers, body);

    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    return fd;
}

static void who_is_still_for_too_long_is_told_or_closed(void **state)
{
    struct weir_relay_source_opts push = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    char text[64];

    (void)state;
    push.url = "push:";
    push.token = "t";
    struct weir_relay *relay = relay_new(loop, &push, 1, &err);
    assert_non_null(relay);
    int fd = come(relay);
    struct weir_conn *c = newest(loop, relay, WEIR_CONN_HEAD);
    weir_conn_second(c, c->moved_ms + WEIR_RELAY_HEAD_MS - 1);
    assert_int_equal(c->state, WEIR_CONN_HEAD);
    weir_conn_second(c, c->moved_ms + WEIR_RELAY_HEAD_MS);
    expect_told(loop, relay, fd, "HTTP/1.1 408");

    fd = ask(relay, "/live"); /* nobody sends */
    c = newest(loop, relay, WEIR_CONN_WAIT);
    weir_conn_second(c, c->moved_ms + WEIR_RELAY_WAIT_MS);
    expect_told(loop, relay, fd, "HTTP/1.1 504");

    fd = put(relay, "Content-Length: 10\r\n", "abc");
    c = newest(loop, relay, WEIR_CONN_PUSH);
    assert_int_equal(relay->sources[0].state, WEIR_SOURCE_LIVE);
    weir_conn_second(c, c->moved_ms + push.stall_ms - 1);
    assert_int_equal(c->state, WEIR_CONN_PUSH);
    weir_conn_second(c, c->moved_ms + push.stall_ms);
    assert_int_equal(relay->sources[0].state, WEIR_SOURCE_CONNECTING);
    assert_int_equal(told(loop, fd, text, sizeof text), 0);
    (void)close(fd);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

static struct weir_relay *relay_for_an_encoder(struct weir_loop *loop, int64_t stall_ms)
{
    static struct weir_relay_source_opts push;
    struct weir_err err = {0};

    push = a_source;
    push.url = "push:";
    push.token = "t";
    push.stall_ms = stall_ms;
    struct weir_relay *relay = relay_new(loop, &push, 1, &err);
    assert_non_null(relay);
    return relay;
}

/* It has sent all of its body, and resets the connection before that was read. */
static void what_an_encoder_sent_before_its_reset_counts(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    struct weir_loop *loop = loop_new();
    struct weir_relay *relay = relay_for_an_encoder(loop, a_source.stall_ms);
    int fd = put(relay, "Content-Length: 10\r\n", "abc");

    (void)state;
    newest(loop, relay, WEIR_CONN_PUSH);
    assert_int_equal(send(fd, "defghij", 7, MSG_NOSIGNAL), 7);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(fd);
    while (relay->conns != NULL) {
        step(loop, 10);
    }
    assert_int_equal(relay->sources[0].breaks, 0);
    assert_int_equal(relay->sources[0].state, WEIR_SOURCE_CONNECTING);

    fd = put(relay, "Content-Length: 10\r\n", "abc"); /* and one whose body is not whole */
    newest(loop, relay, WEIR_CONN_PUSH);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(fd);
    while (relay->conns != NULL) {
        step(loop, 10);
    }
    assert_int_equal(relay->sources[0].breaks, 1);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

/* A client reads lines: one that broke off, or that we read no further, would look like another. */
static void half_a_line_before_a_break_is_not_passed_on(void **state)
{
    static const struct {
        const char *headers, *body;
    } encoders[] = {
        {"Content-Length: 100\r\n", "one\ntw"}, /* breaks off */
        {"Content-Length: 5\r\n", "three"},     /* ends */
        {"Content-Length: 100\r\n", "four\nfi"} /* the relay ends first */
    };
    struct weir_relay_source_opts push = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    char text[1024];
    int fds[3];

    (void)state;
    push.url = "push:";
    push.token = "t";
    push.leaky.unit = WEIR_LEAKY_LINES;
    struct weir_relay *relay = relay_new(loop, &push, 1, &err);
    const struct weir_relay_source *source = &relay->sources[0];
    assert_non_null(relay);
    int client = ask(relay, "/live?age_max=1000");
    newest(loop, relay, WEIR_CONN_WAIT);
    for (size_t i = 0; i < 3; i++) {
        fds[i] = put(relay, encoders[i].headers, encoders[i].body);
        while (source->connects < i + 1 || (i == 1 && source->pusher != NULL)) {
            step(loop, 10);
        }
        if (i == 0) {
            (void)close(fds[i]);
        }
        while (i == 0 && source->pusher != NULL) {
            step(loop, 10);
        }
    }
    weir_relay_drain(relay);
    told(loop, client, text, sizeof text);
    assert_non_null(strstr(text, "one\n"));
    assert_non_null(strstr(text, "three\n"));
    assert_non_null(strstr(text, "four\n"));
    assert_null(strstr(text, "tw"));
    assert_null(strstr(text, "fi"));
    assert_int_equal(source->breaks, 1);
    (void)close(fds[1]);
    (void)close(fds[2]);
    (void)close(client);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

/* The time it took for its head is not its body's. */
static void an_encoder_whose_head_came_late_has_its_time(void **state)
{
    static const char head[] =
        "PUT /live HTTP/1.1\r\nAuthorization: Bearer t\r\nContent-Length: 10\r\n\r\n";
    const int64_t stall_ms = WEIR_RELAY_HEAD_MS / 2;
    struct weir_loop *loop = loop_new();
    struct weir_relay *relay = relay_for_an_encoder(loop, stall_ms);
    int fd = come(relay);
    struct weir_conn *c = newest(loop, relay, WEIR_CONN_HEAD);

    (void)state;
    c->moved_ms -= stall_ms; /* as if it had come so long ago */
    assert_int_equal(send(fd, head, sizeof head - 1, MSG_NOSIGNAL), sizeof head - 1);
    newest(loop, relay, WEIR_CONN_PUSH);
    weir_conn_second(c, weir_clock_mono_ms());
    assert_int_equal(c->state, WEIR_CONN_PUSH);
    (void)close(fd);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

static void a_source_that_has_ended_has_no_clients_and_no_encoder(void **state)
{
    struct weir_relay_source_opts push = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};

    (void)state;
    push.url = "push:";
    push.token = "t";
    struct weir_relay *relay = relay_new(loop, &push, 1, &err);
    assert_non_null(relay);
    expect_told(loop, relay, put(relay, "", ""), "HTTP/1.1 411");
    expect_told(loop, relay, ask(relay, "/status.json?clients=some"), "HTTP/1.1 200");
    weir_source_stop(&relay->sources[0]);
    expect_told(loop, relay, ask(relay, "/live"), "HTTP/1.1 503");
    expect_told(loop, relay, put(relay, "Content-Length: 1\r\n", "a"), "HTTP/1.1 409");
    weir_relay_free(relay);
    weir_loop_free(loop);
}

static void a_source_that_nobody_wants_any_more_is_let_go(void **state)
{
    struct weir_relay_source_opts http = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};

    (void)state;
    http.url = "http://127.0.0.1:1/"; /* nobody listens */
    struct weir_relay *relay = relay_new(loop, &http, 1, &err);
    assert_non_null(relay);
    struct weir_relay_source *source = &relay->sources[0];
    assert_int_equal(source->state, WEIR_SOURCE_IDLE);
    expect_told(loop, relay, ask(relay, "/live"), "HTTP/1.1 502");
    assert_int_equal(source->clients_n, 0);
    weir_source_second(source, source->wanted_ms + WEIR_RELAY_LINGER_MS - 1);
    assert_int_not_equal(source->state, WEIR_SOURCE_IDLE); /* it is tried again */
    weir_source_second(source, source->wanted_ms + WEIR_RELAY_LINGER_MS);
    assert_int_equal(source->state, WEIR_SOURCE_IDLE);
    assert_null(source->http);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

/* A body that is all there has a last line; where nothing tells that it is, half of one may be. */
static void the_last_line_of_a_whole_body_is_one(void **state)
{
#define OK "HTTP/1.1 200 OK\r\n"
    static const struct {
        const char *reply;
        uint64_t units, refused_bytes;
    } cases[] = {
        {OK "Content-Length: 6\r\n\r\none\ntw", 2, 0},
        {OK "Transfer-Encoding: chunked\r\n\r\n6\r\none\ntw\r\n0\r\n\r\n", 2, 0},
        {OK "\r\none\ntw", 1, 2},
        {OK "Content-Length: 9\r\n\r\none\ntw", 1, 2},
        {OK "Transfer-Encoding: chunked\r\n\r\n6\r\none\ntw\r\n", 1, 2},
    };
#undef OK

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct canned_reply reply = {.head = cases[i].reply, .end = CANNED_CLOSE};
        struct canned_http *server = canned_http_new(&reply, 1);
        struct weir_relay_source_opts http = a_source;
        struct weir_loop *loop = loop_new();
        struct weir_err err = {0};
        http.url = canned_http_url(server);
        http.always = true;
        http.leaky.unit = WEIR_LEAKY_LINES;
        struct weir_relay *relay = relay_new(loop, &http, 1, &err);
        assert_non_null(relay);
        const struct weir_relay_source *source = &relay->sources[0];
        while (source->breaks == 0) {
            step(loop, 10);
        }
        assert_int_equal(weir_leaky_counts(source->ring)->units, cases[i].units);
        assert_int_equal(weir_leaky_counts(source->ring)->refused_bytes, cases[i].refused_bytes);
        weir_relay_free(relay);
        weir_loop_free(loop);
        canned_http_free(server);
    }
}

/* ---- answers ---- */

#define CLIENTS 400
#define ASKERS 400

/* As if whoever waits for the rest of an answer had begun with it now: how long it takes here to
 * have many of them is not what is looked at, and under valgrind it is longer than they have. */
static void begin_anew(const struct weir_relay *relay)
{
    for (struct weir_conn *c = relay->conns; c != NULL; c = c->next) {
        if (c->state == WEIR_CONN_REPLY) {
            c->moved_ms = c->answered_ms = weir_clock_mono_ms();
        }
    }
}

static void answers_that_nobody_takes_have_a_ceiling_and_a_time(void **state)
{
    struct weir_relay_source_opts push = a_source;
    struct weir_loop *loop = loop_new();
    struct weir_err err = {0};
    static int clients[CLIENTS], askers[ASKERS];
    static char text[4096];
    struct rlimit limit;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    if (limit.rlim_cur < 2 * (CLIENTS + ASKERS) + 64) {
        skip();
    }
    push.url = "push:";
    struct weir_relay *relay = relay_new(loop, &push, 1, &err);
    assert_non_null(relay);
    weir_source_live(&relay->sources[0], NULL); /* as if an encoder had come */
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = ask(relay, "/live");
    }
    while (relay->sources[0].served < CLIENTS) {
        step(loop, 20);
    }

    /* Each answer is some 100 KiB, of which a socket takes a part. */
    size_t most = 0, n = 0, refused = 0;
    while (n < ASKERS && refused == 0) {
        ssize_t got;

        begin_anew(relay);
        askers[n++] = come(relay);
        while (relay->conns_n < CLIENTS + n) {
            step(loop, 20);
        }
        struct weir_conn *c = relay->conns; /* the newest */
        assert_int_equal(setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
        say(askers[n - 1], "/status.json");
        while ((got = recv(askers[n - 1], text, 12, MSG_PEEK)) < 12) {
            assert_int_not_equal(got, 0);
            step(loop, 20);
        }
        most = relay->reply_bytes > most ? relay->reply_bytes : most;
        assert_true(relay->reply_bytes <= WEIR_RELAY_REPLIES_MAX_BYTES);
        refused = memcmp(text, "HTTP/1.1 503", 12) == 0;
    }
    print_message("%zu answers wait with %zu bytes\n", n - 1, most);
    assert_int_equal(refused, 1);
    assert_true(most > WEIR_RELAY_REPLIES_MAX_BYTES - WEIR_RELAY_STATUS_MAX_BYTES);

    /* Who takes it gets it all. */
    begin_anew(relay);
    while (told(loop, askers[0], text, sizeof text) == sizeof text - 1) {
    }

    /* Who takes a little now and then is cut off all the same. */
    int64_t now_ms = weir_clock_mono_ms();
    for (int late = 0; late < 2; late++) {
        now_ms += late ? WEIR_RELAY_REPLY_MS : 0;
        for (struct weir_conn *c = relay->conns, *next; c != NULL; c = next) {
            next = c->next;
            if (c->state == WEIR_CONN_REPLY) {
                c->moved_ms = now_ms;
                weir_conn_second(c, now_ms);
            }
        }
        assert_int_equal(relay->reply_bytes == 0, late);
    }
    int fd = ask(relay, "/metrics");
    told(loop, fd, text, sizeof text);
    assert_memory_equal(text, "HTTP/1.1 200", 12);
    (void)close(fd);
    for (size_t i = 0; i < n; i++) {
        (void)close(askers[i]);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)close(clients[i]);
    }
    weir_relay_free(relay);
    weir_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_that_cannot_be_read_any_more_is_no_end),
        cmocka_unit_test(a_source_that_has_vanished_before_anybody_came_is_told),
        cmocka_unit_test(stdin_is_one_source),
        cmocka_unit_test(a_socket_that_cannot_be_watched_is_an_error),
        cmocka_unit_test(all_addresses_are_those_of_ipv6_too),
        cmocka_unit_test(who_is_one_too_many_is_turned_away_and_the_log_says_so),
        cmocka_unit_test(who_is_still_for_too_long_is_told_or_closed),
        cmocka_unit_test(what_an_encoder_sent_before_its_reset_counts),
        cmocka_unit_test(half_a_line_before_a_break_is_not_passed_on),
        cmocka_unit_test(an_encoder_whose_head_came_late_has_its_time),
        cmocka_unit_test(a_source_that_has_ended_has_no_clients_and_no_encoder),
        cmocka_unit_test(a_source_that_nobody_wants_any_more_is_let_go),
        cmocka_unit_test(the_last_line_of_a_whole_body_is_one),
        cmocka_unit_test(answers_that_nobody_takes_have_a_ceiling_and_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
