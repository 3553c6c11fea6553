#include "cli/httpd.h"

#include "core/limits.h"
#include "core/reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * libmicrohttpd hands out one epoll descriptor in which all its own are; the loop polls that one
 * and calls MHD_run when something is to be done, or when MHD_get_timeout says so. The listening
 * socket is made here, because libmicrohttpd does not say why it could not make one.
 */
struct weir_httpd {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    size_t handles; /* that libuv still knows */
    unsigned port;
    bool resumed; /* libmicrohttpd does not tell its epoll descriptor: it has to be run */
};

static void on_timer(uv_timer_t *timer);

static void run(struct weir_httpd *h)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;

    h->resumed = false;
    (void)MHD_run(h->daemon);
    if (h->resumed) { /* from inside on_request: this turn may have been too early for it */
        (void)uv_timer_start(&h->timer, on_timer, 0, 0);
    } else if (MHD_get_timeout(h->daemon, &wait_ms) == MHD_YES) {
        (void)uv_timer_start(&h->timer, on_timer, wait_ms, 0);
    } else {
        (void)uv_timer_stop(&h->timer);
    }
}

static void on_timer(uv_timer_t *timer)
{
    weir_loop_moved(timer);
    run(timer->data);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

static void on_close(uv_handle_t *handle)
{
    struct weir_httpd *h = handle->data;

    if (--h->handles == 0) {
        free(h);
    }
}

static socklen_t size_of(const struct sockaddr *a)
{
    return a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

/* Returns the socket, or -1 with *err set. */
static int listen_on(const struct sockaddr *address, unsigned *port, struct weir_err *err)
{
    struct sockaddr_storage own = {0};
    socklen_t len = sizeof own;
    int on = 1, e;
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd != -1 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, address, size_of(address)) == 0 && listen(fd, WEIR_HTTPD_BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)&own, &len) == 0) {
        *port = ntohs(own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port
                                                : ((struct sockaddr_in *)&own)->sin_port);
        return fd;
    }
    e = errno;
    if (fd != -1) {
        (void)close(fd);
    }
    (void)weir_err_detail(err,
        e == EADDRINUSE || e == EADDRNOTAVAIL || e == EACCES || e == EAFNOSUPPORT ? WEIR_E_CONFIG
                                                                                  : WEIR_E_IO,
        e, "%s", weir_reason(e));
    return -1;
}

static int start(struct weir_httpd *h, const struct weir_httpd_opts *opts, struct weir_err *err)
{
    int fd = listen_on(opts->address, &h->port, err);

    if (fd == -1) {
        return -1;
    }
    h->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        opts->on_request, opts->ctx, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
        opts->connections_max, MHD_OPTION_CONNECTION_MEMORY_LIMIT, opts->connection_bytes,
        MHD_OPTION_CONNECTION_MEMORY_INCREMENT, opts->connection_bytes,
        MHD_OPTION_CONNECTION_TIMEOUT, opts->idle_s, MHD_OPTION_NOTIFY_COMPLETED,
        opts->on_completed, opts->ctx, MHD_OPTION_END);
    if (h->daemon == NULL) {
        (void)close(fd);
        return weir_err_set(err, WEIR_E_IO, "the HTTP server cannot be started");
    }
    return 0;
}

static int watch(struct weir_httpd *h, struct weir_loop *loop, struct weir_err *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int rc = info != NULL ? uv_poll_init(weir_loop_uv(loop), &h->poll, info->epoll_fd) : UV_EIO;

    if (rc == 0) {
        h->poll.data = h;
        h->handles++;
        (void)uv_timer_init(weir_loop_uv(loop), &h->timer);
        h->timer.data = h;
        h->handles++;
        rc = uv_poll_start(&h->poll, UV_READABLE, on_readable);
    }
    return rc == 0 ? 0
                   : weir_err_detail(err, WEIR_E_IO, -rc, "the HTTP server: %s", weir_reason(-rc));
}

struct weir_httpd *weir_httpd_new(
    struct weir_loop *loop, const struct weir_httpd_opts *opts, struct weir_err *err)
{
    struct weir_httpd *h = calloc(1, sizeof *h);

    if (h == NULL) {
        (void)weir_err_set(err, WEIR_E_NOMEM, "out of memory for the HTTP server");
        return NULL;
    }
    if (start(h, opts, err) != 0 || watch(h, loop, err) != 0) {
        weir_httpd_free(h);
        return NULL;
    }
    return h;
}

unsigned weir_httpd_port(const struct weir_httpd *httpd)
{
    return httpd->port;
}

void weir_httpd_resume(struct weir_httpd *httpd, struct MHD_Connection *connection)
{
    MHD_resume_connection(connection);
    httpd->resumed = true;
    (void)uv_timer_start(&httpd->timer, on_timer, 0, 0);
}

void weir_httpd_free(struct weir_httpd *httpd)
{
    if (httpd == NULL) {
        return;
    }
    if (httpd->handles > 0) {
        (void)uv_poll_stop(&httpd->poll); /* before libmicrohttpd closes the descriptor */
    }
    if (httpd->daemon != NULL) {
        if (httpd->resumed) { /* one that only was told so still counts as suspended */
            (void)MHD_run(httpd->daemon);
        }
        MHD_stop_daemon(httpd->daemon);
    }
    if (httpd->handles == 0) {
        free(httpd);
        return;
    }
    uv_close((uv_handle_t *)&httpd->poll, on_close);
    uv_close((uv_handle_t *)&httpd->timer, on_close);
}
