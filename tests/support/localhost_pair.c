#include "tests/support/localhost_pair.h"

#include "net/look_up.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define TRIES_MAX 100 /* a port that is free at the one address may be taken at the other */

static in_port_t *port_of(struct weir_address *a)
{
    return a->to.ss_family == AF_INET6 ? &((struct sockaddr_in6 *)&a->to)->sin6_port
                                       : &((struct sockaddr_in *)&a->to)->sin_port;
}

/* Returns the socket, or -1 with errno set. The address receives its port. */
static int bound(struct weir_address *a)
{
    int fd = socket(a->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd != -1 && bind(fd, (const struct sockaddr *)&a->to, a->len) != 0) {
        const int e = errno;
        (void)close(fd);
        errno = e;
        return -1;
    }
    if (fd != -1) {
        assert_int_equal(getsockname(fd, (struct sockaddr *)&a->to, &a->len), 0);
    }
    return fd;
}

static bool has_no_such_address(int e)
{
    return e == EAFNOSUPPORT || e == EADDRNOTAVAIL;
}

int localhost_pair(int fd[2])
{
    struct weir_addresses found;

    assert_int_equal(weir_look_up("localhost", 1, &found, NULL), 0);
    for (int tries = 0; found.n >= 2 && tries < TRIES_MAX; tries++) {
        *port_of(&found.at[0]) = 0;
        fd[0] = bound(&found.at[0]);
        if (fd[0] == -1) {
            assert_true(has_no_such_address(errno));
            return 0;
        }
        *port_of(&found.at[1]) = *port_of(&found.at[0]);
        fd[1] = bound(&found.at[1]);
        if (fd[1] != -1) {
            return ntohs(*port_of(&found.at[1]));
        }
        const int e = errno;
        (void)close(fd[0]);
        if (has_no_such_address(e)) {
            return 0;
        }
        assert_int_equal(e, EADDRINUSE);
    }
    assert_true(found.n < 2);
    return 0;
}
