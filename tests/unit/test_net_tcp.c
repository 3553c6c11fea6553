/*
 * Does every line that the sink calls confirmed lie in the receiver's hands, whatever the receiver
 * does? WEIR_FULL=1 runs all the schedules, a part of them is run otherwise.
 */
#include "core/clock.h"
#include "core/limits.h"
#include "net/resolve.h"
#include "net/tcp_conn.h"
#include "net/tcp_pool.h"
#include "net/wake.h"
#include "stream/pipe.h"
#include "tests/support/deaf_port.h"
#include "tests/support/line_sink.h"
#include "tests/support/localhost_pair.h"
#include "tests/support/memory_ends.h"
#include "tests/support/rnd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct weir_loop *loop;

static int setup(void **state)
{
    (void)state;
    loop = weir_loop_new(NULL);
    return loop != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    weir_loop_free(loop);
    return 0;
}

static unsigned times(unsigned full, unsigned some)
{
    const char *s = getenv("WEIR_FULL");

    return s != NULL && strcmp(s, "1") == 0 ? full : some;
}

/* Lines that begin with their numbers; the last one may lack its LF. */
static void make_lines(struct weir_buf *to, size_t n, uint64_t *seed)
{
    static char filler[4096];

    memset(filler, 'x', sizeof filler);
    for (size_t i = 0; i < n; i++) {
        const int len = (int)rnd_of(seed, rnd_of(seed, 100) == 0 ? sizeof filler : 150);
        assert_int_equal(weir_buf_addf(to, NULL, "%zu %.*s\n", i, len, filler), 0);
    }
    to->len -= rnd_of(seed, 2);
}

struct outcome {
    int rc;
    struct weir_err err;
    uint64_t confirmed;
    struct weir_tcp_counts counts;
};

static struct weir_tcp_opts opts_for(const char *port, bool lumberjack)
{
    struct weir_tcp_opts opts = {.connections = 4,
        .connect_ms = 30000,
        .stall_ms = 30000,
        .patience_ms = 300,
        .target = {
            .protocol = lumberjack ? WEIR_TCP_LUMBERJACK : WEIR_TCP_LINES, .host = "127.0.0.1"}};

    (void)snprintf(opts.target.port, sizeof opts.target.port, "%s", port);
    return opts;
}

static struct outcome pump(
    struct weir_tcp_pool *pool, const void *in, size_t len, int64_t deadline_ms)
{
    struct outcome o = {0};
    struct memory_source source = {.in = in, .len = len};
    struct weir_stage stages[2] = {memory_source(&source)};

    assert_int_equal(weir_tcp_sink_new(pool, &o.confirmed, &stages[1], &o.err), 0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, &o.err);
    assert_non_null(pipe);
    weir_pipe_set_deadline(pipe, deadline_ms);
    o.rc = weir_loop_run(loop, pipe, &o.err);
    weir_pipe_free(pipe);
    o.counts = *weir_tcp_pool_counts(pool);
    return o;
}

static struct outcome pump_once(const struct weir_tcp_opts *opts, const void *in, size_t len)
{
    struct weir_tcp_pool *pool = weir_tcp_pool_new(loop, opts, NULL);

    assert_non_null(pool);
    struct outcome o = pump(pool, in, len, weir_clock_mono_ms() + 120000);
    weir_tcp_pool_free(pool);
    return o;
}

/* ---- schedules ---- */

static bool run_schedule(uint64_t seed, size_t lines, bool lumberjack)
{
    const struct line_sink_opts how = {
        .seed = seed, .bad = (unsigned)(seed % 7), .lumberjack = lumberjack, .lines = lines};
    struct line_sink *sink = line_sink_start(&how);
    struct weir_tcp_opts opts = opts_for(line_sink_port(sink), lumberjack);
    struct weir_buf in;
    uint64_t draws = seed;

    weir_buf_init(&in, 64 * WEIR_MIB);
    make_lines(&in, lines, &draws);
    opts.connections = 1 + rnd_of(&draws, 6);
    opts.stall_ms = 100;
    opts.patience_ms = 3000; /* seven bad connections and the pauses between them */
    struct outcome o = pump_once(&opts, in.p, in.len);
    const unsigned *read = line_sink_stop(sink);
    const uint64_t sure = o.rc == 0 ? lines : o.confirmed;
    for (size_t i = 0; i < sure; i++) {
        if (read[i] == 0) {
            fail_msg("seed %llu, %zu lines: line %zu is confirmed and was never read",
                (unsigned long long)seed, lines, i);
        }
    }
    if (o.rc == 0) {
        assert_int_equal(o.confirmed, lines);
        assert_int_equal(o.counts.confirmed, lines);
        assert_true(o.counts.sent >= lines || lumberjack);
    } else {
        assert_int_equal(o.err.code, WEIR_E_NET); /* given up, and not stuck to the deadline */
    }
    weir_buf_fini(&in);
    line_sink_free(sink);
    return o.rc == 0;
}

static void run_schedules(bool lumberjack, unsigned full, unsigned some)
{
    static const size_t sizes[] = {1, 10, 10000};
    const unsigned n = times(full, some);
    unsigned well = 0;

    for (unsigned seed = 0; seed < n; seed++) {
        well += run_schedule(seed, sizes[seed % 3], lumberjack);
    }
    printf("%u of %u schedules ended well\n", well, n);
    assert_true(well > n / 2); /* a receiver that becomes good gets it all */
}

static void what_is_confirmed_was_read_whatever_the_receiver_does(void **state)
{
    (void)state;
    run_schedules(false, 1000, 45);
}

static void lumberjacks_answers_are_believed_and_nothing_else(void **state)
{
    (void)state;
    run_schedules(true, 1000, 45);
}

static void a_single_line_is_never_lost(void **state)
{
    const unsigned n = times(10000, 300);
    const struct line_sink_opts how = {.lines = 1};
    struct line_sink *sink = NULL;
    unsigned read = 0;

    (void)state;
    for (unsigned i = 0; i < n; i++) {
        if (sink == NULL) { /* the sink remembers its connections: a new one now and then */
            sink = line_sink_start(&how);
        }
        const struct weir_tcp_opts opts = opts_for(line_sink_port(sink), false);
        struct outcome o = pump_once(&opts, "0 one\n", 6);
        assert_string_equal(o.err.msg, "");
        assert_int_equal(o.confirmed, 1);
        if (i % 1000 == 999 || i + 1 == n) {
            read += line_sink_stop(sink)[0];
            line_sink_free(sink);
            sink = NULL;
        }
    }
    assert_int_equal(read, n);
}

/* ---- one by one ---- */

static void no_lines_need_no_connection(void **state)
{
    struct weir_tcp_opts opts = opts_for("1", false);
    (void)state;
    struct outcome o = pump_once(&opts, "", 0);
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.counts.created + o.counts.failed, 0);
}

static void nobody_listens_is_an_error_that_says_so(void **state)
{
    char text[8];
    int port, fd = deaf_port(&port);

    (void)state;
    (void)snprintf(text, sizeof text, "%d", port);
    struct weir_tcp_opts opts = opts_for(text, false);
    struct outcome o = pump_once(&opts, "0\n", 2);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, WEIR_E_NET);
    assert_non_null(strstr(o.err.msg, "connection refused"));
    assert_int_equal(o.confirmed, 0);
    assert_true(o.counts.failed >= WEIR_TCP_FAILURES_MIN);
    assert_int_equal(o.counts.errors_n, 1); /* the same one over and over */
    close(fd);
}

/* A listener whose queue is full takes no connection: the kernel drops the SYN. */
struct full_queue {
    int listener, full[3];
    char port[8];
};

/* listener: bound; it is closed with the rest. */
static void full_queue_new(struct full_queue *q, int listener, int port)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;

    *q = (struct full_queue){.listener = listener};
    assert_int_equal(listen(q->listener, 0), 0);
    assert_int_equal(getsockname(q->listener, (struct sockaddr *)&at, &n), 0);
    for (size_t i = 0; i < 3; i++) {
        q->full[i] = socket(at.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(q->full[i], (struct sockaddr *)&at, n);
    }
    (void)snprintf(q->port, sizeof q->port, "%d", port);
}

static void full_queue_free(struct full_queue *q)
{
    for (size_t i = 0; i < 3; i++) {
        close(q->full[i]);
    }
    close(q->listener);
}

static void a_connection_that_never_comes_ends_at_its_timeout(void **state)
{
    struct full_queue queue;
    int port, fd = deaf_port(&port);

    (void)state;
    full_queue_new(&queue, fd, port);
    struct weir_tcp_opts opts = opts_for(queue.port, false);
    opts.connect_ms = 60;
    struct outcome o = pump_once(&opts, "0\n", 2);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, WEIR_E_NET);
    assert_int_equal(o.counts.created, 0);
    full_queue_free(&queue);
}

/* Of the two addresses of localhost the first one never answers. */
static void an_address_that_never_answers_leaves_the_next_one_its_time(void **state)
{
    struct full_queue queue;
    int fd[2];
    const int port = localhost_pair(fd);

    (void)state;
    if (port == 0) {
        skip(); /* a machine without IPv6 */
    }
    full_queue_new(&queue, fd[0], port);
    assert_int_equal(listen(fd[1], 8), 0); /* and nobody accepts */
    struct weir_tcp_opts opts = opts_for(queue.port, false);
    (void)snprintf(opts.target.host, sizeof opts.target.host, "localhost");
    struct outcome o = {0};
    for (int ms = 100; o.counts.sent == 0 && ms < 10000; ms *= 2) { /* time to connect */
        opts.connect_ms = 4 * ms; /* half of it is the first one's */
        struct weir_tcp_pool *pool = weir_tcp_pool_new(loop, &opts, NULL);
        o = pump(pool, "0\n", 2, weir_clock_mono_ms() + 3 * ms);
        assert_int_equal(o.rc, -1); /* the next one is silent, too */
        weir_tcp_pool_free(pool);
    }
    assert_int_equal(o.counts.sent, 1);
    assert_int_equal(o.counts.created, 1);

    /* It is taken as soon as it is there, with an hour left. */
    const int64_t by_ms = weir_clock_mono_ms() + 2 * 3600000;
    const struct weir_tcp_conn_opts to = {
        .host = "localhost", .port = queue.port, .connect_by_mono_ms = by_ms};
    struct weir_tcp_conn *conn = weir_tcp_conn_new(loop, &to, NULL);
    int64_t now_ms = weir_clock_mono_ms();
    int rc;
    assert_non_null(conn);
    while ((rc = weir_tcp_conn_connect(conn, now_ms)) == 0) {
        if (weir_tcp_conn_ask_by(conn) < by_ms) {
            now_ms = weir_tcp_conn_ask_by(conn); /* the first one's time is over */
        } else {
            assert_int_equal(weir_loop_step(loop, INT64_MAX, NULL), 0);
        }
    }
    assert_int_equal(rc, 1);
    weir_tcp_conn_free(conn);
    close(fd[1]);
    full_queue_free(&queue);
}

static void the_deadline_ends_it_with_nothing_confirmed(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    char port[8];

    (void)state;
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 8), 0); /* and nobody accepts */
    assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
    (void)snprintf(port, sizeof port, "%d", ntohs(at.sin_port));
    struct weir_tcp_opts opts = opts_for(port, false);
    struct outcome o = {0};
    for (int64_t ms = 100; o.counts.created == 0 && ms < 60000; ms *= 2) { /* time to connect */
        struct weir_tcp_pool *pool = weir_tcp_pool_new(loop, &opts, NULL);
        o = pump(pool, "0\n", 2, weir_clock_mono_ms() + ms);
        assert_int_equal(o.rc, -1);
        assert_int_equal(o.err.code, WEIR_E_DEADLINE);
        assert_int_equal(o.confirmed, 0);
        weir_tcp_pool_free(pool);
    }
    assert_int_equal(o.counts.created, 1);
    close(listener);
}

static void lumberjack_keeps_its_connection_for_the_next_lines(void **state)
{
    const struct line_sink_opts how = {.lines = 10, .lumberjack = true};
    struct line_sink *sink = line_sink_start(&how);
    struct weir_tcp_opts opts = opts_for(line_sink_port(sink), true);
    struct weir_tcp_pool *pool = weir_tcp_pool_new(loop, &opts, NULL);
    struct outcome o = {0};
    char line[16];

    (void)state;
    for (int i = 0; i < 10; i++) {
        int n = snprintf(line, sizeof line, "%d\n", i);
        o = pump(pool, line, (size_t)n, INT64_MAX);
        assert_int_equal(o.rc, 0);
        assert_int_equal(o.confirmed, 1);
    }
    assert_int_equal(o.counts.created, 1);
    assert_int_equal(o.counts.reused, 9);
    assert_int_equal(o.counts.resent, 0);
    weir_tcp_pool_free(pool);
    const unsigned *read = line_sink_stop(sink);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(read[i], 1);
    }
    line_sink_free(sink);
}

static void addresses_are_read_or_refused(void **state)
{
    static const struct {
        const char *url, *host, *port;
        bool lumberjack, tls;
    } good[] = {{"tcp://h:1", "h", "1", false, false},
        {"tls://a.b:65535", "a.b", "65535", false, true},
        {"lumberjack://10.0.0.1:5044", "10.0.0.1", "5044", true, false},
        {"lumberjack+tls://[::1]:5044", "::1", "5044", true, true}};
    static const char *const bad[] = {"", "h:1", "http://h:1", "tcp://h", "tcp://:1",
        "tcp://h:", "tcp://h:0", "tcp://h:65536", "tcp://h:1x", "tcp://::1:5", "tcp://h/x:1",
        "tcp://h:1/", "tcp://h:-1", "TCP://h:1"};
    struct weir_tcp_target t;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(weir_tcp_target_parse(good[i].url, &t, NULL), 0);
        assert_string_equal(t.host, good[i].host);
        assert_string_equal(t.port, good[i].port);
        assert_int_equal(t.tls, good[i].tls);
        assert_int_equal(t.protocol == WEIR_TCP_LUMBERJACK, good[i].lumberjack);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct weir_err err = {0};
        assert_int_equal(weir_tcp_target_parse(bad[i], &t, &err), -1);
        assert_int_equal(err.code, WEIR_E_CONFIG);
    }
}

/* A listener whose connections the test itself accepts. */
struct listener {
    int fd;
    char port[8];
};

/* receive_bytes: what the peer has room for, about; 0: as it comes. */
static struct listener listener_new(int receive_bytes)
{
    struct listener l = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;

    assert_true(receive_bytes == 0 ||
                setsockopt(l.fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes) == 0);
    assert_int_equal(bind(l.fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(l.fd, 8), 0);
    assert_int_equal(getsockname(l.fd, (struct sockaddr *)&at, &n), 0);
    (void)snprintf(l.port, sizeof l.port, "%u", ntohs(at.sin_port));
    return l;
}

/* A connection to it, and the peer's end. */
static struct weir_tcp_conn *connect_to(const struct listener *l, int *peer)
{
    const struct weir_tcp_conn_opts opts = {
        .host = "127.0.0.1", .port = l->port, .connect_by_mono_ms = weir_clock_mono_ms() + 20000};
    struct weir_err err = {0};
    struct weir_tcp_conn *conn = weir_tcp_conn_new(loop, &opts, &err);
    int rc;

    assert_non_null(conn);
    while ((rc = weir_tcp_conn_connect(conn, weir_clock_mono_ms())) == 0) {
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(rc, 1);
    *peer = accept(l->fd, NULL, NULL);
    assert_int_not_equal(*peer, -1);
    return conn;
}

/* The peer says this, and all of it lies in our kernel when this returns. */
static void say(int peer, const void *p, size_t n)
{
    int left = 1;

    assert_int_equal(send(peer, p, n, MSG_NOSIGNAL), n);
    while (left > 0) {
        assert_int_equal(ioctl(peer, SIOCOUTQ, &left), 0);
        sched_yield();
    }
}

/* The peer closes its direction while our bytes wait for room at it: its FIN confirms nothing, and
 * when it goes without having read them, they are lost. */
static void a_fin_that_comes_before_our_bytes_were_taken_confirms_nothing(void **state)
{
    static const uint8_t bytes[65536];
    const struct listener l = listener_new(4096);
    struct weir_err err = {0};
    int64_t again_ms = INT64_MAX;
    int peer, rc;

    (void)state;
    struct weir_tcp_conn *conn = connect_to(&l, &peer);
    while (weir_tcp_conn_write(conn, bytes, sizeof bytes) > 0) { /* until nobody has room */
    }
    assert_int_equal(weir_tcp_conn_finish(conn), 1);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    while ((rc = weir_tcp_conn_confirm(conn, &again_ms)) == 0 && again_ms == INT64_MAX) {
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(rc, 0); /* its FIN is here, and only time will tell */
    (void)close(peer);       /* a reset, for there are bytes that it has not read */
    struct weir_wake *wake = weir_wake_new(loop, &err);
    assert_non_null(wake);
    while ((rc = weir_tcp_conn_confirm(conn, &again_ms)) == 0) {
        weir_wake_in(wake, again_ms);
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(rc, -1);
    assert_int_equal(weir_tcp_conn_err(conn)->code, WEIR_E_NET);
    weir_wake_free(wake);
    weir_tcp_conn_free(conn);
    (void)close(l.fd);
}

/* The kernel calls a connection that was reset not connected: that is not the reason. */
static void a_reset_before_the_close_is_told_as_one(void **state)
{
    const struct linger at_once = {.l_onoff = 1};
    const struct listener l = listener_new(0);
    struct weir_err err = {0};
    uint8_t byte;
    int peer;

    (void)state;
    struct weir_tcp_conn *conn = connect_to(&l, &peer);
    assert_int_equal(weir_tcp_conn_read(conn, &byte, 1), WEIR_TCP_CONN_WAIT);
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(peer);
    assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0); /* until it is here */
    assert_int_equal(weir_tcp_conn_finish(conn), -1);
    assert_int_equal(weir_tcp_conn_err(conn)->detail, ECONNRESET);
    weir_tcp_conn_free(conn);
    (void)close(l.fd);
}

static void what_is_said_while_a_close_is_waited_for_is_read_a_bound_at_a_time(void **state)
{
    static const uint8_t bytes[3 * WEIR_TCP_READ_BYTES];
    const struct listener l = listener_new(0);
    struct weir_err err = {0};
    struct weir_wake *wake = weir_wake_new(loop, &err);
    int64_t again_ms = INT64_MAX;
    int peer, looks = 0, rc;

    (void)state;
    struct weir_tcp_conn *conn = connect_to(&l, &peer);
    assert_int_equal(weir_tcp_conn_finish(conn), 1);
    say(peer, bytes, sizeof bytes);
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    while ((rc = weir_tcp_conn_confirm(conn, &again_ms)) == 0) {
        looks += again_ms == 0;
        if (again_ms != INT64_MAX) {
            weir_wake_in(wake, again_ms);
        }
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
        again_ms = INT64_MAX;
    }
    assert_int_equal(rc, 1); /* then it is the close that counts */
    assert_int_equal(looks, 3);
    weir_wake_free(wake);
    weir_tcp_conn_free(conn);
    (void)close(peer);
    (void)close(l.fd);
}

static void answers_are_read_a_bound_at_a_time_and_then_go_on_at_once(void **state)
{
    static uint8_t answers[3 * WEIR_TCP_READ_BYTES + 6] = {0};
    const struct listener l = listener_new(0);
    struct weir_tcp_opts opts = opts_for(l.port, true);
    struct memory_source source = {.in = (const uint8_t *)"0\n", .len = 2};
    struct weir_stage stages[2] = {memory_source(&source)};
    uint64_t confirmed = 0;
    struct weir_err err = {0};

    (void)state;
    for (size_t i = 0; i + 6 < sizeof answers; i += 6) { /* and six bytes that are none */
        memcpy(answers + i, "2A", 2);                    /* 0: still at work */
    }
    opts.connections = 1;
    struct weir_tcp_pool *pool = weir_tcp_pool_new(loop, &opts, &err);
    assert_int_equal(weir_tcp_sink_new(pool, &confirmed, &stages[1], &err), 0);
    struct weir_pipe *pipe = weir_pipe_new(0, stages, 2, &err);
    assert_non_null(pipe);
    const struct weir_tcp_counts *counts = weir_tcp_pool_counts(pool);
    while (counts->sent == 0) { /* a turn of the loop each */
        if (weir_pipe_sweep(pipe, 0) == WEIR_PIPE_WAITING && counts->sent == 0) {
            assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
        }
    }
    const int peer = accept(l.fd, NULL, NULL);
    say(peer, answers, sizeof answers);
    for (int turns = 0; turns < 3; turns++) {
        assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_WAITING);
        assert_int_equal(counts->failed, 0); /* what is wrong lies behind all that was read */
        assert_int_equal(weir_loop_step(loop, INT64_MAX, &err), 0);
    }
    assert_int_equal(weir_pipe_sweep(pipe, 0), WEIR_PIPE_WAITING);
    assert_int_equal(counts->failed, 1);
    assert_string_equal(strrchr(counts->errors[0], ':'), ": an answer that is not Lumberjack's");
    weir_pipe_free(pipe);
    weir_tcp_pool_free(pool);
    (void)close(peer);
    (void)close(l.fd);
}

/* Of the answer; 0: err is set. */
static size_t resolve(const char *host, unsigned port, struct weir_err *err)
{
    const struct weir_addresses *list = NULL;
    struct weir_resolve *r = weir_resolve_start(loop, host, port, err);
    int rc;

    assert_non_null(r);
    while ((rc = weir_resolve_answer(r, &list, err)) == 0) {
        assert_int_equal(weir_loop_step(loop, INT64_MAX, NULL), 0);
    }
    assert_int_equal(rc, list != NULL ? 1 : -1);
    const size_t n = list != NULL ? list->n : 0;
    weir_resolve_free(r);
    return n;
}

static void names_are_looked_up_without_stopping_and_may_be_forgotten(void **state)
{
    static const char *const none[] = {"no such name", "name.invalid", "a@localhost", "localhost/a",
        "fe80::1%no-such-link", "1:2:3", ""};
    struct weir_err err = {0};

    (void)state;
    assert_int_not_equal(resolve("localhost", 80, &err), 0);
    assert_int_equal(resolve("127.0.0.1", 80, &err), 1);
    assert_int_equal(resolve("fe80::1%lo", 80, &err), 1);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        err = (struct weir_err){0};
        assert_int_equal(resolve(none[i], 80, &err), 0);
        assert_int_equal(err.code, WEIR_E_NET);
        assert_non_null(strstr(err.msg, none[i]));
    }
    for (int i = 0; i < 20; i++) { /* whoever leaves last frees it */
        weir_resolve_free(weir_resolve_start(loop, "localhost", 80, NULL));
    }
    weir_resolve_free(NULL);
}

static void a_name_is_looked_up_and_nothing_connected(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    struct weir_addresses found;
    size_t loopbacks = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    (void)state;
    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    assert_int_equal(weir_look_up("localhost", ntohs(at.sin_port), &found, NULL), 0);
    for (size_t i = 0; i < found.n; i++) {
        loopbacks += found.at[i].len == sizeof at &&
                     memcmp(&found.at[i].to, &at, offsetof(struct sockaddr_in, sin_zero)) == 0;
    }
    assert_int_equal(loopbacks, 1);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_or_refused),
        cmocka_unit_test(a_fin_that_comes_before_our_bytes_were_taken_confirms_nothing),
        cmocka_unit_test(a_reset_before_the_close_is_told_as_one),
        cmocka_unit_test(what_is_said_while_a_close_is_waited_for_is_read_a_bound_at_a_time),
        cmocka_unit_test(answers_are_read_a_bound_at_a_time_and_then_go_on_at_once),
        cmocka_unit_test(no_lines_need_no_connection),
        cmocka_unit_test(nobody_listens_is_an_error_that_says_so),
        cmocka_unit_test(a_connection_that_never_comes_ends_at_its_timeout),
        cmocka_unit_test(an_address_that_never_answers_leaves_the_next_one_its_time),
        cmocka_unit_test(the_deadline_ends_it_with_nothing_confirmed),
        cmocka_unit_test(lumberjack_keeps_its_connection_for_the_next_lines),
        cmocka_unit_test(names_are_looked_up_without_stopping_and_may_be_forgotten),
        cmocka_unit_test(a_name_is_looked_up_and_nothing_connected),
        cmocka_unit_test(what_is_confirmed_was_read_whatever_the_receiver_does),
        cmocka_unit_test(lumberjacks_answers_are_believed_and_nothing_else),
        cmocka_unit_test(a_single_line_is_never_lost),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
