/*
 * What does a client cost in memory? Three hundred of them on one relay, all in this process: what
 * malloc has given out, before, while they stream, and after they have gone.
 */
#include "core/clock.h"
#include "relay/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENTS 300
#define CLIENT_MAX_BYTES 8192
#define KEPT_MAX_BYTES 32768

static size_t given_out(void)
{
    struct mallinfo2 m = mallinfo2(); /* zeros under a sanitizer */

    return m.uordblks + m.hblkhd;
}

static void step(struct weir_loop *loop)
{
    struct weir_err err = {0};

    if (weir_loop_step(loop, weir_clock_mono_ms() + 20, &err) != 0) {
        fail_msg("%s", err.msg);
    }
}

static struct weir_relay *relay_of_zeros(struct weir_loop *loop)
{
    static const struct weir_relay_source_opts source = {
        .name = "live",
        .url = "file:/dev/zero",
        .rate_bytes = 20000,
        .always = true,
        .stall_ms = 10000,
        .leaky = {.ring_bytes = 65536, .unit = WEIR_LEAKY_BYTES},
        .wish = {.leaky = {.age_max_ms = 2000}},
        .clients_max = CLIENTS,
    };
    static struct weir_log log = {.fd = STDERR_FILENO, .level = WEIR_LOG_ERROR};
    static const struct weir_relay_opts opts = {
        .listen = "127.0.0.1:0", .sources = &source, .sources_n = 1, .log = &log};
    struct weir_err err = {0};
    struct weir_relay *relay = weir_relay_new(loop, &opts, &err);

    if (relay == NULL) {
        fail_msg("%s", err.msg);
    }
    return relay;
}

static int client(int port)
{
    static const char ask[] = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n";
    const struct sockaddr_in to = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0); /* the backlog has room for all */
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(fd, ask, sizeof ask - 1, MSG_NOSIGNAL), sizeof ask - 1);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Until each has got so many bytes. */
static void stream(struct weir_loop *loop, const int fds[CLIENTS], size_t bytes)
{
    static char text[65536];
    size_t got[CLIENTS] = {0};

    for (size_t done = 0; done < CLIENTS;) {
        done = 0;
        step(loop);
        for (size_t i = 0; i < CLIENTS; i++) {
            ssize_t n = recv(fds[i], text, sizeof text, 0);
            assert_true(n > 0 || (n < 0 && errno == EAGAIN));
            got[i] += n > 0 ? (size_t)n : 0;
            done += got[i] >= bytes;
        }
    }
}

static void a_client_takes_few_kibibytes_and_gives_them_back(void **state)
{
    struct weir_err err = {0};
    struct weir_loop *loop = weir_loop_new(&err);
    struct weir_relay *relay;
    int fds[CLIENTS];

    (void)state;
    assert_non_null(loop);
    relay = relay_of_zeros(loop);
    step(loop);
    const size_t alone = given_out();
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = client(weir_relay_port(relay));
    }
    stream(loop, fds, 20000);
    const size_t with_all = given_out();
    print_message("%zu bytes for a client\n", (with_all - alone) / CLIENTS);
    assert_true(with_all - alone <= CLIENTS * CLIENT_MAX_BYTES);
    for (size_t i = 0; i < CLIENTS; i++) {
        (void)close(fds[i]);
    }
    /* libuv keeps its table of descriptors, malloc a few blocks that it does not call free. */
    for (int64_t until = weir_clock_mono_ms() + 60000;
         given_out() > alone + KEPT_MAX_BYTES && weir_clock_mono_ms() < until;) {
        step(loop);
    }
    assert_true(given_out() <= alone + KEPT_MAX_BYTES);
    weir_relay_free(relay);
    weir_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_takes_few_kibibytes_and_gives_them_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
