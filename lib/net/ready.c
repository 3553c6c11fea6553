#include "net/ready.h"

#include "core/reason.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct weir_ready {
    uv_poll_t poll; /* on epfd */
    int epfd, fd;
    short events;
};

int weir_ready_new(
    struct weir_loop *loop, int fd, bool write, struct weir_ready **ret, struct weir_err *err)
{
    struct epoll_event event = {.events = write ? EPOLLOUT : EPOLLIN};
    struct weir_ready *r = calloc(1, sizeof *r);
    int rc;

    *ret = NULL;
    if (r == NULL) {
        return weir_err_set(err, WEIR_E_NOMEM, "file: out of memory");
    }
    r->fd = fd;
    r->events = write ? POLLOUT : POLLIN;
    r->epfd = epoll_create1(EPOLL_CLOEXEC);
    if (r->epfd == -1) {
        rc = errno;
    } else if (epoll_ctl(r->epfd, EPOLL_CTL_ADD, fd, &event) != 0) {
        rc = errno;
    } else {
        rc = -uv_poll_init(weir_loop_uv(loop), &r->poll, r->epfd);
    }
    if (rc == 0) {
        r->poll.data = r;
        *ret = r;
        return 0;
    }
    if (r->epfd != -1) {
        close(r->epfd);
    }
    free(r);
    if (rc == EPERM) { /* epoll's word for: is always ready */
        return 0;
    }
    return weir_err_detail(
        err, WEIR_E_IO, rc, "file: descriptor %d cannot be watched: %s", fd, weir_reason(rc));
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    uv_poll_stop(poll); /* waking up is all it is for */
}

bool weir_ready_now(struct weir_ready *r)
{
    if (r == NULL) {
        return true;
    }
    struct pollfd p = {.fd = r->fd, .events = r->events};
    if (poll(&p, 1, 0) > 0) {
        return true;
    }
    uv_poll_start(&r->poll, UV_READABLE, on_ready);
    return false;
}

void weir_ready_free(struct weir_ready *r)
{
    if (r != NULL) {
        weir_loop_close((uv_handle_t *)&r->poll, r);
        close(r->epfd);
    }
}
